/* Every operator's cases on the CPU: with three threads the bits are those of one. */
#include "support.h"

#include "check/check.h"

static tenka_ctx *one, *three;

static tenka_ctx *open_with(int threads)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_CPU;
    params.threads = threads;
    if (tenka_ctx_create(&params, &ctx) != TENKA_OK)
        fail_msg("%s", tenka_last_error(NULL));
    return ctx;
}

/* The state is a row of tenka_ops. */
static void test_op(void **state)
{
    const struct tenka_op_info *const info = *state;
    struct tenka_check_report report = {.exact = true};
    must(three, tenka_check_kernels((enum tenka_op)(info - tenka_ops), tenka_ctx_device(three), tenka_ctx_device(one),
                                    &report));
    if (report.failed > 0)
        fail_msg("%u of %u failed; the first: %s", report.failed, report.cases, report.failure);
}

int main(void)
{
    struct CMUnitTest tests[TENKA_OP_COUNT] = {{0}};
    size_t count = 0;
    one = open_with(1);
    three = open_with(3);
    for (size_t op = 0; op < TENKA_OP_COUNT; op++) {
        if (tenka_ops[op].n_passes == 0)
            continue;
        tests[count].name = tenka_ops[op].name;
        tests[count].test_func = test_op;
        tests[count++].initial_state = (void *)(uintptr_t)&tenka_ops[op];
    }
    const int failed = _cmocka_run_group_tests("threads", tests, count, NULL, NULL);
    tenka_ctx_destroy(&three);
    tenka_ctx_destroy(&one);
    return failed != 0;
}
