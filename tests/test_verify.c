/* What tenka_verify_run promises beside right verdicts, for which see test_verify.sh.
 *   test_verify [cpu|cpu-f64|vulkan] */
#include "support.h"

#include "graph/graph.h"
#if TENKA_VULKAN
#include "backend/vulkan/testing.h"
#endif

static size_t find_check(const char *name)
{
    struct tenka_verify_check check;
    size_t index = 0;
    while (tenka_verify_check(index, &check)) {
        if (strcmp(check.name, name) == 0)
            return index;
        index++;
    }
    fail_msg("there is no check %s", name);
    return index;
}

static void test_arguments(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
    const struct tenka_verify_params no_size = {.large = false};
    struct tenka_verify_check check;
    size_t count = 0;
    while (tenka_verify_check(count, &check))
        count++;
    assert_int_equal(tenka_verify_run(ctx, count, NULL, &result), TENKA_E_INVALID);
    uint32_t cases = 1;
    assert_int_equal(tenka_verify_count(ctx, count, NULL, &cases), TENKA_E_INVALID);
    assert_int_equal(cases, 0);
    assert_int_equal(tenka_verify_count(ctx, 0, &no_size, &cases), TENKA_E_INVALID);
    assert_int_equal(tenka_verify_run(ctx, 0, &no_size, &result), TENKA_E_INVALID);
    const float x = 1;
    tenka_input(ctx, TENKA_F32, tenka_shape_of(1), &x);
    assert_int_equal(tenka_verify_run(ctx, 0, NULL, &result), TENKA_E_INVALID);
    assert_non_null(strstr(tenka_last_error(ctx), "a step is open"));
    tenka_step_discard(ctx);
    result.size = 0;
    assert_int_equal(tenka_verify_run(ctx, 0, NULL, &result), TENKA_E_INVALID);
    tenka_ctx_destroy(&ctx);
}

/* The user is the number of cases that are still let through. */
static bool let_through(void *user, const char *what)
{
    int *left = user;
    assert_non_null(strstr(what, "sum"));
    return (*left)-- > 0;
}

static void test_stop(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_verify_params params = TENKA_VERIFY_DEFAULTS;
    struct tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
    int left = 2;
    params.progress = let_through;
    params.user = &left;
    assert_int_equal(tenka_verify_run(ctx, find_check("sum"), &params, &result), TENKA_END);
    assert_int_equal(result.cases, 2);
    assert_int_equal(result.failed, 0);
    tenka_ctx_destroy(&ctx);
}

/* What was counted before, and what is told while it runs. */
struct told {
    const struct tenka_verify_result *result;
    uint32_t calls, last;
};

static bool count_told(void *user, const char *what)
{
    struct told *told = user;
    const uint32_t done = told->result->cases + told->result->skipped;
    assert_true(what[0] != '\0');
    assert_true(done >= told->last);
    assert_true(done >= told->calls++); /* each call is a case or several */
    told->last = done;
    return true;
}

/* Also with the variants of a kernel, and with the cases that take seconds. */
static void test_count(void **state)
{
    static const char *const names[] = {"relu", "sum", "linear", "adam", "softmax", "order"};
    const struct target *const target = *state;
    tenka_ctx *ctx = open_target(target);
    for (size_t i = 0; i < 2 * sizeof(names) / sizeof(names[0]); i++) {
        struct tenka_verify_params params = TENKA_VERIFY_DEFAULTS;
        struct tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
        struct told told = {.result = &result};
        uint32_t cases;
        params.progress = count_told;
        params.user = &told;
        params.variants = i % 2 == 1;
        params.large = i % 2 == 1 && strcmp(names[i / 2], "relu") == 0;
        if (target->backend == TENKA_BACKEND_VULKAN && i / 2 >= 2)
            break; /* kernels take long to compile */
        must(ctx, tenka_verify_count(ctx, find_check(names[i / 2]), &params, &cases));
        must(ctx, tenka_verify_run(ctx, find_check(names[i / 2]), &params, &result));
        if (target->backend == TENKA_BACKEND_VULKAN && params.variants)
            assert_true(cases >= result.cases + result.skipped); /* a device may turn variants down */
        else
            assert_int_equal(cases, result.cases + result.skipped);
        assert_true(told.calls > 0);
    }
    tenka_ctx_destroy(&ctx);
}

/* What is drawn afterwards is what would have been drawn. */
static void test_generator(void **state)
{
    const struct target *const target = *state;
    static const char text[] = "Linear(3, 2) ReLU()";
    float drawn[2][6];
    if (target->backend == TENKA_BACKEND_VULKAN)
        skip(); /* of the graph alone, and the step's kernels take long to compile */
    for (int verified = 0; verified < 2; verified++) {
        tenka_ctx *ctx = open_target(target);
        tenka_module *net;
        struct tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
        tenka_manual_seed(ctx, 7);
        if (verified == 1)
            must(ctx, tenka_verify_run(ctx, find_check("training_step"), NULL, &result));
        assert_int_equal(result.cases, verified == 1 ? 17 : 0);
        assert_int_equal(result.failed, 0);
        must(ctx, tenka_nn_parse(ctx, text, &net));
        must(ctx, tenka_variable_read(tenka_module_find(net, "0.weight"), drawn[verified], sizeof(drawn[0])));
        tenka_module_destroy(&net);
        tenka_ctx_destroy(&ctx);
    }
    assert_memory_equal(drawn[0], drawn[1], sizeof(drawn[0]));
}

/* A device that cannot bind more than a few numbers is none that computes wrong. */
static void test_skipped(void **state)
{
#if TENKA_VULKAN
    const struct target *const target = *state;
    struct tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
    if (target->backend != TENKA_BACKEND_VULKAN)
        skip();
    tenka_ctx *ctx = open_target(target);
    tenka_vulkan_limit_operand(tenka_ctx_device(ctx), 64);
    must(ctx, tenka_verify_run(ctx, find_check("sum"), NULL, &result));
    assert_true(result.cases > 0);
    assert_true(result.skipped > 0);
    assert_int_equal(result.failed, 0);
    assert_non_null(strstr(result.skip_reason, "sum_fwd, case 2 (one less than a workgroup): "));
    printf("    %u skipped; the first: %s\n", result.skipped, result.skip_reason);
    tenka_ctx_destroy(&ctx);
#else
    (void)state;
    skip();
#endif
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_arguments), cmocka_unit_test(test_stop),
                                 cmocka_unit_test(test_count), cmocka_unit_test(test_generator),
                                 cmocka_unit_test(test_skipped)};
    RUN_ON_TARGETS(argc, argv, tests);
}
