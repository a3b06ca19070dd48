/* Timing changes nothing but the time: profiled steps, ceilings, chosen shapes.
 *   test_profile [cpu|cpu-f64|vulkan] */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <time.h>

#define BATCH 4
#define MAX_KERNELS 64
#define STEPS 3

struct training {
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_optimizer *opt;
};

static void begin(struct training *t, const struct target *target)
{
    t->ctx = open_target(target);
    must(t->ctx, tenka_nn_parse(t->ctx, "Conv2d(1,4,3) ReLU() Flatten() Linear(64,3)", &t->net));
    must(t->ctx, tenka_adam_create(t->ctx, t->net, NULL, &t->opt));
}

static void end(struct training *t)
{
    tenka_optimizer_destroy(&t->opt);
    tenka_module_destroy(&t->net);
    tenka_ctx_destroy(&t->ctx);
}

static double step(struct training *t)
{
    float x[BATCH * 36];
    const int32_t y[BATCH] = {0, 1, 2, 1};
    double loss;
    for (int i = 0; i < BATCH * 36; i++)
        x[i] = (float)(i * 7 % 29) / 29;
    const tenka_tensor input = tenka_input(t->ctx, TENKA_F32, tenka_shape_of(BATCH, 1, 6, 6), x);
    const tenka_tensor target = tenka_input(t->ctx, TENKA_I32, tenka_shape_of(BATCH), y);
    const tenka_tensor out = tenka_forward(t->net, input);
    assert_null(tenka_profile_layer(t->ctx, "the loss"));
    const tenka_tensor value = tenka_cross_entropy(out, target);
    assert_string_equal(tenka_profile_layer(t->ctx, NULL), "the loss");
    must(t->ctx, tenka_synchronize(t->ctx)); /* in the middle: a wait of its own among the host's work */
    tenka_backward(value);
    must(t->ctx, tenka_optimizer_step(t->opt));
    must(t->ctx, tenka_item(value, &loss));
    return loss;
}

static uint64_t dispatches(tenka_ctx *ctx)
{
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_ctx_stats(ctx, &stats);
    return stats.dispatches;
}

static void check_kernels(const struct tenka_kernel_time *kernels, size_t count)
{
    uint64_t flops = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(isfinite(kernels[i].seconds) && kernels[i].seconds >= 0 && kernels[i].seconds < 60);
        assert_true(kernels[i].bytes > 0);
        assert_non_null(kernels[i].kernel);
        assert_true(kernels[i].shapes[0] != '\0');
        flops += kernels[i].flops;
    }
    /* forward and weights of the convolution: 4 images, 4 x 4 x 4 places, 9 terms; all three of the linear layer */
    assert_int_equal(flops, 2 * 2 * BATCH * 64 * 9 + 3 * 2 * BATCH * 64 * 3);
}

static void test_same_losses(void **state)
{
    struct training plain, timed;
    struct tenka_kernel_time kernels[MAX_KERNELS];
    size_t count = 0;
    begin(&plain, *state);
    begin(&timed, *state);
    assert_true(step(&plain) == step(&timed)); /* programs that are not timed are given up, and made anew afterwards */
    must(timed.ctx, tenka_profile_begin(timed.ctx));
    for (int i = 0; i < STEPS; i++) {
        assert_true(step(&plain) == step(&timed));
        must(timed.ctx, tenka_profile_kernels(timed.ctx, kernels, MAX_KERNELS, &count));
        assert_true(count > 0 && count <= MAX_KERNELS);
        assert_true(count <= dispatches(timed.ctx)); /* a kernel may take several */
        check_kernels(kernels, count);
    }
    must(timed.ctx, tenka_profile_kernels(timed.ctx, NULL, 0, &count));
    assert_true(count > 0);
    must(timed.ctx, tenka_profile_end(timed.ctx));
    assert_true(step(&plain) == step(&timed));
    end(&plain);
    end(&timed);
}

static void test_misuse(void **state)
{
    struct training t;
    struct tenka_kernel_time kernel;
    size_t count = 1;
    begin(&t, *state);
    assert_int_equal(tenka_profile_kernels(t.ctx, &kernel, 1, &count), TENKA_E_INVALID);
    assert_int_equal(count, 0);
    assert_int_equal(tenka_profile_end(t.ctx), TENKA_E_INVALID);
    step(&t);
    assert_int_equal(tenka_profile_kernels(t.ctx, &kernel, 1, &count), TENKA_E_INVALID);
    must(t.ctx, tenka_profile_begin(t.ctx));
    must(t.ctx, tenka_profile_begin(t.ctx));
    must(t.ctx, tenka_profile_end(t.ctx));
    step(&t);
    must(t.ctx, tenka_profile_kernels(t.ctx, &kernel, 1, &count));
    assert_true(count > 1);
    const float x = 1;
    tenka_relu(tenka_input(t.ctx, TENKA_F32, tenka_shape_of(1), &x));
    assert_int_equal(tenka_profile_begin(t.ctx), TENKA_E_INVALID);
    assert_int_equal(tenka_profile_end(t.ctx), TENKA_E_INVALID);
    tenka_step_discard(t.ctx);
    must(t.ctx, tenka_profile_end(t.ctx));
    end(&t);
}

static void check_order(const struct tenka_dispatch *d, size_t count, double begin, double end)
{
    /* The clocks of device and host agree to within 10 ms even where the machine is busy while they are compared. */
    double at = begin - 0.01;
    for (size_t i = 0; i < count; i++) {
        assert_true(d[i].begin >= at && d[i].end >= d[i].begin);
        at = d[i].end;
        if (i > 0)
            assert_true(d[i].phase >= d[i - 1].phase);
    }
    assert_true(at <= end + 0.01);
}

static void check_host(tenka_ctx *ctx, double begin, double end)
{
    struct tenka_host_time host[16];
    unsigned seen = 0;
    size_t count;
    must(ctx, tenka_profile_host(ctx, host, 16, &count));
    assert_true(count >= 4 && count <= 16);
    for (size_t i = 0; i < count; i++) {
        seen |= 1u << host[i].work;
        assert_true(host[i].begin >= begin && host[i].end >= host[i].begin && host[i].end <= end);
        begin = host[i].end;
    }
    assert_int_equal(seen, 15);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Whether some dispatch of that phase computes that layer (alone or with others). */
static bool has(const struct tenka_dispatch *d, size_t count, enum tenka_phase phase, const char *layer)
{
    for (size_t i = 0; i < count; i++)
        if (d[i].phase == phase && strstr(d[i].layer, layer))
            return true;
    return false;
}

static void test_dispatches(void **state)
{
    struct training t;
    struct tenka_dispatch d[MAX_KERNELS];
    size_t count;
    uint64_t flops = 0;
    begin(&t, *state);
    assert_int_equal(tenka_profile_dispatches(t.ctx, d, MAX_KERNELS, &count), TENKA_E_INVALID);
    must(t.ctx, tenka_profile_begin_in_place(t.ctx));
    assert_int_equal(tenka_profile_begin(t.ctx), TENKA_E_INVALID);
    for (int i = 0; i < STEPS; i++) {
        const double before = now();
        step(&t);
        const double after = now();
        must(t.ctx, tenka_profile_dispatches(t.ctx, d, MAX_KERNELS, &count));
        assert_int_equal(count, dispatches(t.ctx));
        check_order(d, count, before, after);
        check_host(t.ctx, before, after);
    }
    for (size_t i = 0; i < count; i++)
        flops += d[i].flops;
    assert_int_equal(flops, 2 * 2 * BATCH * 64 * 9 + 3 * 2 * BATCH * 64 * 3);
    assert_true(has(d, count, TENKA_PHASE_FORWARD, "0") && has(d, count, TENKA_PHASE_FORWARD, "3"));
    assert_true(has(d, count, TENKA_PHASE_FORWARD, "1")); /* the ReLU, fused or not */
    assert_true(has(d, count, TENKA_PHASE_BACKWARD, "0") && has(d, count, TENKA_PHASE_BACKWARD, "3"));
    assert_true(has(d, count, TENKA_PHASE_UPDATE, "0") && has(d, count, TENKA_PHASE_UPDATE, "3"));
    assert_true(has(d, count, TENKA_PHASE_FORWARD, "the loss") && has(d, count, TENKA_PHASE_BACKWARD, "the loss"));
    assert_false(has(d, count, TENKA_PHASE_UPDATE, "1")); /* it has nothing to update */
    assert_true(tenka_profile_clock(t.ctx)[0] != '\0');
    must(t.ctx, tenka_profile_end(t.ctx));
    end(&t);
}

/* Names are no part of a plan's key: a step is planned once, whoever calls. */
static void test_names_are_no_structure(void **state)
{
    struct training t;
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_module *outer;
    begin(&t, *state);
    step(&t);
    must(t.ctx, tenka_nn_sequential(t.ctx, &outer));
    tenka_module *inner = t.net;
    must(t.ctx, tenka_nn_append(outer, "body", inner));
    step(&t);
    tenka_ctx_stats(t.ctx, &stats);
    assert_int_equal(stats.plans_made, 1);
    t.net = outer;
    end(&t);
}

static void test_long_name(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_dispatch d;
    char name[201] = "";
    size_t count;
    const float x = 1;
    memset(name, 'n', sizeof(name) - 1);
    must(ctx, tenka_profile_begin_in_place(ctx));
    tenka_profile_layer(ctx, name);
    tenka_relu(tenka_input(ctx, TENKA_F32, tenka_shape_of(1), &x));
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_profile_dispatches(ctx, &d, 1, &count));
    assert_int_equal(count, 1);
    assert_true(strlen(d.layer) > 50 && strncmp(d.layer, name, strlen(d.layer)) == 0);
    must(ctx, tenka_profile_end(ctx));
    tenka_ctx_destroy(&ctx);
}

static void test_capture_misuse(void **state)
{
    struct training t;
    begin(&t, *state);
    assert_int_equal(tenka_capture_end(t.ctx, "x.rdc"), TENKA_E_INVALID);
    const float x = 1;
    tenka_relu(tenka_input(t.ctx, TENKA_F32, tenka_shape_of(1), &x));
    assert_int_equal(tenka_capture_begin(t.ctx), TENKA_E_INVALID);
    tenka_step_discard(t.ctx);
    assert_int_equal(tenka_capture_check(t.ctx), TENKA_E_UNSUPPORTED);
    assert_int_equal(tenka_capture_begin(t.ctx), TENKA_E_UNSUPPORTED); /* RenderDoc is not loaded into tests */
    assert_true(strstr(tenka_last_error(t.ctx), "RenderDoc") || strstr(tenka_last_error(t.ctx), "renderdoc"));
    assert_int_equal(tenka_capture_end(t.ctx, "x.rdc"), TENKA_E_INVALID);
    step(&t);
    end(&t);
}

static void test_ceilings(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_ceilings wrong = {0}, c = TENKA_CEILINGS_DEFAULTS;
    assert_int_equal(tenka_bench_ceilings(ctx, 0.01, &wrong), TENKA_E_INVALID);
    must(ctx, tenka_bench_ceilings(ctx, 0.01, &c));
    assert_true(c.flops > 1e6 && c.bytes > 1e6 && c.submit_seconds > 0);
    tenka_ctx_destroy(&ctx);
}

/* Each operator has a case; what is small runs. */
static void test_cases(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_kernel_time kernels[TENKA_BENCH_MAX_PASSES];
    struct tenka_bench_case c;
    size_t count = 0, i = 0;
    for (; tenka_bench_case(i, &c); i++) {
        assert_true(c.op && c.what);
        if (!c.from_tests)
            continue;
        must(ctx, tenka_bench_run(ctx, i, 0, kernels, &count));
        assert_true(count > 0 && count <= TENKA_BENCH_MAX_PASSES);
        assert_int_equal(strncmp(kernels[0].kernel, c.op, strlen(c.op)), 0);
        for (size_t k = 0; k < count; k++)
            assert_true(kernels[k].best <= kernels[k].seconds && isfinite(kernels[k].seconds));
    }
    assert_int_equal(tenka_bench_run(ctx, i, 0, kernels, &count), TENKA_E_INVALID);
    assert_int_equal(count, 0);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_losses), cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_dispatches),  cmocka_unit_test(test_names_are_no_structure),
        cmocka_unit_test(test_long_name),   cmocka_unit_test(test_capture_misuse),
        cmocka_unit_test(test_ceilings),    cmocka_unit_test(test_cases),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
