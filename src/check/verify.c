/* The front of `tenka verify`: which checks there are, and running one. */
#include "check/verify.h"

#include <stdio.h>

#include "core/os.h"

static const struct {
    const char *name, *what;
    tenka_status (*run)(tenka_ctx *ctx, struct tenka_check_report *report);
} step_checks[] = {
    {"training_step", "loss and parameters after a training step, against the CPU in double precision",
     tenka_verify_training_step},
    {"repeatability", "the same training step again and again gives the same bits", tenka_verify_repeatability},
    {"order", "a barrier between any two recorded kernels that depend on each other", tenka_verify_order},
};
#define STEP_CHECKS (sizeof step_checks / sizeof *step_checks)

/* Operator number index of those with kernels; *index counts down past them. */
static bool find_op(size_t *index, enum tenka_op *out)
{
    for (uint32_t op = 0; op < TENKA_OP_COUNT; op++) {
        if (tenka_ops[op].n_passes == 0)
            continue;
        if (*index == 0) {
            *out = (enum tenka_op)op;
            return true;
        }
        --*index;
    }
    return false;
}

bool tenka_verify_check(size_t index, struct tenka_verify_check *out)
{
    enum tenka_op op;
    if (find_op(&index, &op)) {
        *out = (struct tenka_verify_check){
            tenka_ops[op].name, "its kernels against the CPU in double precision", true};
        return true;
    }
    if (index >= STEP_CHECKS)
        return false;
    *out = (struct tenka_verify_check){step_checks[index].name, step_checks[index].what, false};
    return true;
}

tenka_status tenka_verify_reference(tenka_ctx *ctx, tenka_ctx **out)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = TENKA_BACKEND_CPU_F64;
    const tenka_status status = tenka_ctx_create(&params, out);
    return status == TENKA_OK ? TENKA_OK : tenka_fail(tenka_ctx_error(ctx), status, "%s", tenka_last_error(NULL));
}

static tenka_status run_op(tenka_ctx *ctx, enum tenka_op op, struct tenka_check_report *report)
{
    tenka_ctx *reference;
    TENKA_TRY(tenka_verify_reference(ctx, &reference));
    const tenka_status status = tenka_check_op(op, ctx, tenka_ctx_device(reference), report);
    if (status != TENKA_OK && status != TENKA_END && tenka_last_error(ctx)[0] == '\0')
        tenka_fail(tenka_ctx_error(ctx), status, "the reference: %s", tenka_last_error(reference));
    tenka_ctx_destroy(&reference);
    return status;
}

/* A device that cannot run the step, or records nothing, computes nothing wrong either. */
static tenka_status run_step_check(tenka_ctx *ctx, size_t index, struct tenka_check_report *report)
{
    const tenka_status status = step_checks[index].run(ctx, report);
    if (status != TENKA_E_UNSUPPORTED)
        return status;
    report->skipped++;
    snprintf(report->skip, sizeof report->skip, "%s", tenka_last_error(ctx));
    return TENKA_OK;
}

static tenka_status check_arguments(tenka_ctx *ctx, size_t index)
{
    struct tenka_error *err = tenka_ctx_error(ctx);
    struct tenka_verify_check check;
    if (!tenka_verify_check(index, &check))
        return tenka_fail(err, TENKA_E_INVALID, "verify: there is no check %zu", index);
    if (tenka_step_is_open(ctx))
        return tenka_fail(err, TENKA_E_INVALID, "verify: a step is open; end or discard it first");
    return TENKA_OK;
}

static void tell(const struct tenka_check_report *report, double seconds, struct tenka_verify_result *out)
{
    *out = (struct tenka_verify_result){
        .size = sizeof *out,
        .cases = report->cases,
        .failed = report->failed,
        .skipped = report->skipped,
        .worst = report->worst,
        .seconds = seconds,
    };
    snprintf(out->worst_where, sizeof out->worst_where, "%s", report->worst_where);
    snprintf(out->failure, sizeof out->failure, "%s", report->failure);
    snprintf(out->skip_reason, sizeof out->skip_reason, "%s", report->skip);
}

tenka_status tenka_verify_run(tenka_ctx *ctx, size_t index, const struct tenka_verify_params *params,
                              struct tenka_verify_result *out)
{
    struct tenka_verify_params own = TENKA_VERIFY_DEFAULTS;
    struct tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
    struct tenka_error *err = tenka_ctx_error(ctx);
    TENKA_TRY(tenka_take_params(err, "verify", "TENKA_VERIFY_DEFAULTS", &own, params));
    TENKA_TRY(tenka_give_result(err, "verify: the result's", "TENKA_VERIFY_RESULT_DEFAULTS", out, &result));
    TENKA_TRY(check_arguments(ctx, index));
    struct tenka_check_report report = {
        .large = own.large, .variants = own.variants, .progress = own.progress, .user = own.user};
    const uint64_t begin = tenka_os_now();
    enum tenka_op op;
    *err = (struct tenka_error){0};
    tenka_status status = find_op(&index, &op) ? run_op(ctx, op, &report) : run_step_check(ctx, index, &report);
    if (status == TENKA_OK)
        status = tenka_synchronize(ctx); /* what the validation layer has to say */
    tell(&report, 1e-9 * (double)(tenka_os_now() - begin), &result);
    tenka_give_result(NULL, "verify", "", out, &result);
    return status;
}
