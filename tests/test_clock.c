/* Kernels' times lie on the host's clock, whether or not the driver helps to compare the two.
 *   test_clock [vulkan] */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <time.h>

#include "backend/vulkan/testing.h"
#include "graph/graph.h"

#define MAX_DISPATCHES 8
#define SIDE 400

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* How far the clocks may differ, in seconds, as is said. */
static double error_said(tenka_ctx *ctx)
{
    const char *at = strstr(tenka_profile_clock(ctx), "within ");
    assert_non_null(at);
    return 1e-6 * (strtod(at + strlen("within "), NULL) + 0.1);
}

/* A product of matrices, submitted after a while and waited for: its kernels ran between the two moments. */
static void check_step(tenka_ctx *ctx, const float *x)
{
    struct tenka_dispatch d[MAX_DISPATCHES];
    size_t count;
    const tenka_tensor a = tenka_input(ctx, TENKA_F32, tenka_shape_of(SIDE, SIDE), x);
    tenka_matmul(a, a, false, false);
    const double begin = now();
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_synchronize(ctx));
    const double end = now();
    must(ctx, tenka_profile_dispatches(ctx, d, MAX_DISPATCHES, &count));
    assert_true(count >= 1 && count <= MAX_DISPATCHES);
    const double error = error_said(ctx);
    assert_true(error < 1);
    if (d[0].begin < begin - error || d[count - 1].end > end + error)
        fail_msg("ran from %.6f to %.6f s of a step of %.6f s; %s", d[0].begin - begin, d[count - 1].end - begin,
                 end - begin, tenka_profile_clock(ctx));
    assert_true(d[count - 1].end > d[0].begin);
}

static void test_both_ways(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    float *x = calloc(SIDE * SIDE, sizeof(*x));
    assert_non_null(x);
    must(ctx, tenka_profile_begin_in_place(ctx));
    for (int i = 0; i < 3; i++)
        check_step(ctx, x);
    tenka_vulkan_bracket_clock(tenka_ctx_device(ctx));
    for (int i = 0; i < 3; i++)
        check_step(ctx, x);
    assert_non_null(strstr(tenka_profile_clock(ctx), "submissions"));
    must(ctx, tenka_profile_end(ctx));
    free(x);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ways)};
    RUN_ON_TARGETS(argc, argv, tests);
}
