/* A tensor larger than a binding is gathered from in pieces: small tensors on a device that pretends to bind little.
 *   test_pieces [vulkan] */
#include "support.h"

#include "backend/vulkan/hazard.h"
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
    must(ctx, tenka_read(y, got, sizeof got));
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

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather_in_pieces),
        cmocka_unit_test(test_cases_in_pieces),
        cmocka_unit_test(test_too_large),
    };
    char *vulkan[] = {argv[0], "vulkan"};
    RUN_ON_TARGETS(argc > 1 ? argc : 2, argc > 1 ? argv : vulkan, tests);
}
