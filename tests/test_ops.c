/* Every operator's cases on a device: kernels against the 64-bit CPU kernels, on cpu-f64 gradients too.
 *   test_ops [cpu|cpu-f64|vulkan] [OPERATOR] [--large] [--variants] */
#include "support.h"

#include "check/check.h"

static struct {
    tenka_ctx *ctx, *reference;
    const char *only;
    bool large, variants;
} run;

/* The state is a row of tenka_ops. */
static void test_op(void **state)
{
    const struct tenka_op_info *const info = *state;
    const enum tenka_op op = (enum tenka_op)(info - tenka_ops);
    struct tenka_check_report report = {.large = run.large, .variants = run.variants};
    must(run.ctx, tenka_check_op(op, run.ctx, tenka_ctx_device(run.reference), &report));
    must(run.ctx, tenka_synchronize(run.ctx)); /* messages of the validation layer */
    printf("    %u cases, %u skipped; worst error takes %.2g of its bound: %s\n", report.cases, report.skipped,
           report.worst, report.worst_where);
    if (report.failed > 0)
        fail_msg("%u of %u failed; the first: %s", report.failed, report.cases, report.failure);
    if (report.cases == 0)
        fail_msg("nothing was checked");
}

static int test_target(const struct target *target)
{
    struct CMUnitTest tests[TENKA_OP_COUNT] = {{0}};
    static const struct target reference = {.backend = TENKA_BACKEND_CPU_F64, .label = "cpu-f64"};
    size_t count = 0;
    run.ctx = open_target(target);
    run.reference = open_target(&reference);
    for (size_t op = 0; op < TENKA_OP_COUNT; op++) {
        /* without kernels there is nothing but the gradient */
        const bool has_gradient = tenka_check_has_gradient((enum tenka_op)op) &&
                                  target->backend == TENKA_BACKEND_CPU_F64;
        const bool has_work = tenka_ops[op].n_passes > 0 || has_gradient;
        if (!has_work || (run.only && strcmp(run.only, tenka_ops[op].name) != 0))
            continue;
        tests[count].name = tenka_ops[op].name;
        tests[count].test_func = test_op;
        tests[count++].initial_state = (void *)(uintptr_t)&tenka_ops[op];
    }
    printf("%s\n", tenka_ctx_device_name(run.ctx));
    const int failed = count > 0 ? _cmocka_run_group_tests(target->label, tests, count, NULL, NULL) : 1;
    tenka_ctx_destroy(&run.reference);
    tenka_ctx_destroy(&run.ctx);
    return failed;
}

int main(int argc, char **argv)
{
    static struct target targets[MAX_DEVICES];
    const char *name = "cpu";
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--large") == 0)
            run.large = true;
        else if (strcmp(argv[i], "--variants") == 0)
            run.variants = true;
        else if (i == 1)
            name = argv[i];
        else
            run.only = argv[i];
    }
    const size_t count = find_targets(name, targets);
    if (count == 0)
        return no_target(name);
    for (size_t t = 0; t < count; t++)
        failed += test_target(&targets[t]);
    return failed != 0;
}
