/* The front of the harness: cases, calls, reports. */
#include "check/check.h"

#include <stdio.h>

#include "check/internal.h"

static const struct tenka_op_case *const cases[TENKA_OP_COUNT] = {
#define TENKA_OP(name, ...) tenka_cases_##name,
#define TENKA_PASS(...)
#include "op/ops.def"
};

/* How ops.def says that an operator gets its gradient. */
static const char *const gradients[TENKA_OP_COUNT] = {
#define TENKA_OP(name, body, min_in, max_in, outs, params, scalars, rule, grad) #grad,
#define TENKA_PASS(...)
#include "op/ops.def"
};

const struct tenka_op_case *tenka_check_cases(enum tenka_op op)
{
    return cases[op];
}

bool tenka_check_has_gradient(enum tenka_op op)
{
    return strcmp(gradients[op], "none") != 0;
}

tenka_status tenka_check_call(enum tenka_op op, const struct tenka_op_case *c, struct tenka_call *call,
                              struct tenka_error *err)
{
    *call = (struct tenka_call){.op = op};
    while (call->n_in < TENKA_MAX_IN && c->in[call->n_in].given) {
        call->in[call->n_in].dtype = c->in[call->n_in].dtype;
        call->in[call->n_in].shape = c->in[call->n_in].shape;
        call->n_in++;
    }
    if (c->params != NULL)
        memcpy(call->params, c->params, c->params_bytes);
    if (c->want)
        call->out[0].shape = c->shape;
    TENKA_TRY(tenka_op_infer(call, err));
    tenka_call_describe_parts(call);
    return TENKA_OK;
}

void tenka_check_note(struct tenka_check_report *report, double share, const char *where, const char *sentence)
{
    report->cases++;
    if (!(share <= report->worst)) {
        report->worst = share;
        snprintf(report->worst_where, sizeof(report->worst_where), "%s", where);
    }
    if (share <= 1)
        return;
    if (report->failed++ == 0)
        snprintf(report->failure, sizeof(report->failure), "%s: %s", where, sentence);
}

tenka_status tenka_check_op(enum tenka_op op, tenka_ctx *ctx, tenka_device *reference,
                            struct tenka_check_report *report)
{
    TENKA_TRY(tenka_check_kernels(op, tenka_ctx_device(ctx), reference, report));
    return tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64 ? tenka_check_gradients(op, ctx, report) : TENKA_OK;
}
