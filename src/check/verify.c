/* The front of `tenka verify`: which checks there are, and running one. */
#include "check/verify.h"

#include <stdio.h>

#include "core/os.h"

static const struct {
    const char *name, *what;
    tenka_status (*run)(tenka_ctx *ctx, struct tenka_check_report *report);
    uint32_t cases;
} step_checks[] = {
    {"training_step", "loss and parameters after a training step, against the CPU in double precision",
     tenka_verify_training_step, 1 + 2 * TENKA_VERIFY_PARAMETERS},
    {"repeatability", "the same training step again and again gives the same bits", tenka_verify_repeatability,
     TENKA_VERIFY_REPEATS},
    {"order", "a barrier between any two recorded kernels that depend on each other", tenka_verify_order, 1},
};
#define STEP_CHECKS (sizeof(step_checks) / sizeof(*step_checks))

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
        *out = (struct tenka_verify_check){tenka_ops[op].name, "its kernels against the CPU in double precision", true};
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
    snprintf(report->skip, sizeof(report->skip), "%s", tenka_last_error(ctx));
    return TENKA_OK;
}

static tenka_status check_arguments(tenka_ctx *ctx, size_t index, const struct tenka_verify_params *params,
                                    size_t out_size)
{
    struct tenka_error *err = tenka_ctx_error(ctx);
    struct tenka_verify_check check;
    if (params->size != sizeof(*params) || out_size != sizeof(struct tenka_verify_result))
        return tenka_fail(err, TENKA_E_INVALID,
                          "verify: a size is not set; begin with TENKA_VERIFY_DEFAULTS and "
                          "TENKA_VERIFY_RESULT_DEFAULTS");
    if (!tenka_verify_check(index, &check))
        return tenka_fail(err, TENKA_E_INVALID, "verify: there is no check %zu", index);
    if (tenka_step_is_open(ctx))
        return tenka_fail(err, TENKA_E_INVALID, "verify: a step is open; end or discard it first");
    return TENKA_OK;
}

/* A run, whose result is told of before each case. */
struct run {
    const struct tenka_verify_params *params;
    struct tenka_check_report report;
    struct tenka_verify_result *out;
    uint64_t begin;
};

static void tell(const struct run *run)
{
    const struct tenka_check_report *report = &run->report;
    struct tenka_verify_result *out = run->out;
    *out = (struct tenka_verify_result){
        .size = sizeof(*out),
        .cases = report->cases,
        .failed = report->failed,
        .skipped = report->skipped,
        .worst = report->worst,
        .seconds = 1e-9 * (double)(tenka_os_now() - run->begin),
    };
    snprintf(out->worst_where, sizeof(out->worst_where), "%s", report->worst_where);
    snprintf(out->failure, sizeof(out->failure), "%s", report->failure);
    snprintf(out->skip_reason, sizeof(out->skip_reason), "%s", report->skip);
}

static bool tell_and_ask(void *user, const char *where)
{
    struct run *run = user;
    tell(run);
    return run->params->progress == NULL || run->params->progress(run->params->user, where);
}

tenka_status tenka_verify_run(tenka_ctx *ctx, size_t index, const struct tenka_verify_params *params,
                              struct tenka_verify_result *out)
{
    const struct tenka_verify_params defaults = TENKA_VERIFY_DEFAULTS, *p = params != NULL ? params : &defaults;
    TENKA_TRY(check_arguments(ctx, index, p, out->size));
    struct run run = {.params = p, .out = out, .begin = tenka_os_now()};
    run.report =
        (struct tenka_check_report){.large = p->large, .variants = p->variants, .progress = tell_and_ask, .user = &run};
    struct tenka_error *err = tenka_ctx_error(ctx);
    enum tenka_op op;
    *err = (struct tenka_error){0};
    tenka_status status = find_op(&index, &op) ? run_op(ctx, op, &run.report) : run_step_check(ctx, index, &run.report);
    if (status == TENKA_OK)
        status = tenka_synchronize(ctx); /* what the validation layer has to say */
    tell(&run);
    return status;
}

tenka_status tenka_verify_count(tenka_ctx *ctx, size_t index, const struct tenka_verify_params *params, uint32_t *cases)
{
    const struct tenka_verify_params defaults = TENKA_VERIFY_DEFAULTS, *p = params != NULL ? params : &defaults;
    struct tenka_check_report report = {.large = p->large, .variants = p->variants, .counting = true};
    enum tenka_op op;
    *cases = 0;
    TENKA_TRY(check_arguments(ctx, index, p, sizeof(struct tenka_verify_result)));
    if (!find_op(&index, &op)) {
        *cases = step_checks[index].cases;
        return TENKA_OK;
    }
    const tenka_status status = tenka_check_op(op, ctx, NULL, &report);
    *cases = report.cases;
    return status;
}
