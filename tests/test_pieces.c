/* A tensor larger than a binding is gathered from in pieces, and fewer nodes share a dispatch: small tensors on a
 * device that pretends to bind little.
 *   test_pieces [vulkan] */
#include "support.h"

#include "backend/vulkan/hazard.h"
#include "backend/vulkan/testing.h"
#include "check/check.h"

#define ROWS 1000
#define ROW 15 /* bytes: no whole words */
#define BATCH 64

static void test_gather_in_pieces(void **state)
{
    static uint8_t data[ROWS * ROW], got[BATCH * ROW];
    int32_t index[BATCH];
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *var;
    for (int i = 0; i < ROWS * ROW; i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    for (int i = 0; i < BATCH; i++)
        index[i] = (i * 397 + 5) % ROWS;
    index[7] = -1;
    index[8] = ROWS;
    tenka_vulkan_limit_operand(tenka_ctx_device(ctx), 4096);
    must(ctx, tenka_variable_create(ctx, TENKA_U8, tenka_shape_of(ROWS, ROW), data, false, &var));
    tenka_no_grad_begin(ctx);
    const tenka_tensor y = tenka_gather(tenka_value(var), tenka_input(ctx, TENKA_I32, tenka_shape_of(BATCH), index));
    must(ctx, tenka_read(y, got, sizeof(got)));
    tenka_no_grad_end(ctx);
    for (int i = 0; i < BATCH; i++)
        for (int k = 0; k < ROW; k++)
            if (got[i * ROW + k] != (i == 7 || i == 8 ? 0 : data[index[i] * ROW + k]))
                fail_msg("byte %d of row %d is %d", k, i, got[i * ROW + k]);
    tenka_variable_destroy(&var);
    tenka_ctx_destroy(&ctx);
}

/* The cases of gather, cut into pieces of at most 256 bytes wherever their tensors are larger. */
static void test_cases_in_pieces(void **state)
{
    static const struct target f64 = {.backend = TENKA_BACKEND_CPU_F64, .label = "cpu-f64"};
    tenka_ctx *ctx = open_target(*state), *reference = open_target(&f64);
    struct tenka_check_report report = {0};
    tenka_vulkan_limit_operand(tenka_ctx_device(ctx), 512);
    must(ctx, tenka_check_kernels(TENKA_OP_gather, tenka_ctx_device(ctx), tenka_ctx_device(reference), &report));
    if (report.failed > 0)
        fail_msg("%u of %u: %s", report.failed, report.cases, report.failure);
    printf("    %u cases, %u skipped since another operand is too large\n", report.cases, report.skipped);
    tenka_ctx_destroy(&reference);
    tenka_ctx_destroy(&ctx);
}

/* Other operators refuse what they cannot bind, with a sentence. */
static void test_too_large(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *var;
    double value;
    tenka_vulkan_limit_operand(tenka_ctx_device(ctx), 4096);
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(2000), NULL, false, &var));
    tenka_no_grad_begin(ctx);
    assert_int_equal(tenka_item(tenka_sum(tenka_value(var), TENKA_ALL_AXES, false), &value), TENKA_E_UNSUPPORTED);
    tenka_no_grad_end(ctx);
    assert_non_null(strstr(tenka_last_error(ctx), "8000"));
    tenka_variable_destroy(&var);
    tenka_ctx_destroy(&ctx);
}

/* ---- Jobs: nodes that share a dispatch as far as one binding holds the operands of all ---- */

struct updates {
    size_t dispatches, nodes;
};

static void count_updates(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    struct updates *updates = user;
    size_t n;
    const struct tenka_vk_step *steps = tenka_vulkan_program_steps(program, &n);
    for (size_t i = 0; i < n; i++)
        if (steps[i].kind == TENKA_VK_DISPATCH && plan->nodes[steps[i].node].kernel == TENKA_KERNEL_adam_fwd) {
            updates->dispatches++;
            updates->nodes += steps[i].jobs;
        }
}

static void train(const struct target *target, size_t limit, struct updates *updates, double losses[5])
{
    static const int32_t y[4] = {0, 1, 2, 0};
    static float x[4 * 36];
    tenka_ctx *ctx = open_target(target);
    tenka_module *net;
    tenka_optimizer *opt;
    for (int i = 0; i < 4 * 36; i++)
        x[i] = (float)(i * 7 % 29) / 29;
    if (limit)
        tenka_vulkan_limit_operand(tenka_ctx_device(ctx), limit);
    must(ctx, tenka_nn_parse(ctx, "Flatten() Linear(36,20) ReLU() Linear(20,20) ReLU() Linear(20,3)", &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    for (int i = 0; i < 5; i++) {
        const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(4, 1, 6, 6), x);
        const tenka_tensor loss =
            tenka_cross_entropy(tenka_forward(net, input), tenka_input(ctx, TENKA_I32, tenka_shape_of(4), y));
        tenka_backward(loss);
        must(ctx, tenka_optimizer_step(opt));
        must(ctx, tenka_item(loss, &losses[i]));
    }
    *updates = (struct updates){0};
    tenka_ctx_visit_plans(ctx, count_updates, updates);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Six parameters, the largest of 2880 bytes, in one dispatch, or in several where a binding holds but some. */
static void test_jobs_that_do_not_fit(void **state)
{
    static const size_t limits[] = {8192, 2880};
    struct updates all, some;
    double losses[5], same[5];
    train(*state, 0, &all, losses);
    assert_int_equal(all.dispatches, 1);
    assert_int_equal(all.nodes, 6);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        train(*state, limits[i], &some, same);
        printf("    %zu dispatches where a binding holds %zu bytes\n", some.dispatches, limits[i]);
        assert_true(some.dispatches > 1);
        assert_int_equal(some.nodes, 6);
        assert_memory_equal(same, losses, sizeof(losses));
    }
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather_in_pieces),
        cmocka_unit_test(test_cases_in_pieces),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_jobs_that_do_not_fit),
    };
    char *vulkan[] = {argv[0], "vulkan"};
    RUN_ON_TARGETS(argc > 1 ? argc : 2, argc > 1 ? argv : vulkan, tests);
}
