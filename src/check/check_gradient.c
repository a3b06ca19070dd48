/* Gradients against central differences, through the graph and in double: loss = sum of w y with random w, since under
 * a plain sum the gradient of softmax is zero, and one twice too large would pass. */
#include <math.h>
#include <stdio.h>

#include "check/internal.h"

#define SAMPLES 64 /* elements of an input that are moved */

struct subject {
    tenka_ctx *ctx;
    enum tenka_op op;
    const struct tenka_op_case *c;
    struct tenka_call call;
    tenka_variable *var[TENKA_MAX_IN];  /* of real inputs */
    tenka_variable *grad[TENKA_MAX_IN]; /* of those with a gradient */
    double *value[TENKA_MAX_IN];
    void *raw[TENKA_MAX_IN]; /* integer inputs as their dtype */
    float *w[TENKA_MAX_OUT]; /* weights of the loss, of the outputs' shapes, where they have a gradient */
};

/* An operator with backward passes has a gradient for the inputs that they write; others for all of them. */
static bool differentiable(const struct subject *s, uint32_t k)
{
    if (s->call.in[k].dtype != TENKA_F32)
        return false;
    bool backward = false;
    for (uint32_t i = 0; i < TENKA_MAX_IN; i++)
        backward |= tenka_op_pass_writing(s->op, TENKA_D(i)) != TENKA_KERNEL_COUNT;
    return !backward || tenka_op_pass_writing(s->op, TENKA_D(k)) != TENKA_KERNEL_COUNT;
}

/* The same for outputs: those whose gradients the passes read, or else the first. */
static bool is_weighted(const struct subject *s, uint32_t k)
{
    const uint32_t first = (uint32_t)tenka_ops[s->op].first_kernel;
    uint64_t reads = 0;
    for (uint32_t i = first; i < first + tenka_ops[s->op].n_passes; i++)
        reads |= tenka_passes[i].reads;
    return tenka_mask_has(reads, TENKA_DOUT(k)) || (k == 0 && !tenka_mask_has(reads, TENKA_DOUT(0)));
}

static tenka_tensor trace_loss(struct subject *s)
{
    tenka_tensor in[TENKA_MAX_IN], out[TENKA_MAX_OUT], loss = TENKA_NONE;
    for (uint32_t k = 0; k < s->call.n_in; k++)
        in[k] = s->var[k] != NULL ? tenka_value(s->var[k])
                                  : tenka_input(s->ctx, s->call.in[k].dtype, s->call.in[k].shape, s->raw[k]);
    tenka_trace(s->ctx, s->op, in, s->call.n_in, s->c->params, s->c->params_bytes, s->c->want ? &s->c->shape : NULL,
                s->c->scalars, out);
    for (uint32_t k = 0; k < s->call.n_out; k++) {
        if (s->w[k] == NULL)
            continue;
        const tenka_tensor w = tenka_input(s->ctx, TENKA_F32, s->call.out[k].shape, s->w[k]);
        const tenka_tensor sum = tenka_sum(tenka_mul(w, out[k]), TENKA_ALL_AXES, false);
        loss = k == 0 ? sum : tenka_add(loss, sum);
    }
    return loss;
}

static tenka_status fill_input(struct subject *s, struct tenka_rng *rng, uint32_t k)
{
    const struct tenka_desc *desc = &s->call.in[k];
    const size_t n = (size_t)tenka_shape_count(&desc->shape);
    s->value[k] = tenka_alloc_array(n, sizeof(double));
    s->raw[k] = tenka_alloc_array(n, sizeof(int32_t));
    if (s->value[k] == NULL || s->raw[k] == NULL)
        return tenka_fail_nomem(tenka_ctx_error(s->ctx));
    tenka_check_fill(rng, &s->c->in[k], s->value[k], n);
    for (size_t i = 0; desc->dtype == TENKA_I32 && i < n; i++)
        ((int32_t *)s->raw[k])[i] = (int32_t)s->value[k][i];
    for (size_t i = 0; desc->dtype == TENKA_U8 && i < n; i++)
        ((uint8_t *)s->raw[k])[i] = (uint8_t)s->value[k][i];
    if (desc->dtype != TENKA_F32)
        return TENKA_OK;
    TENKA_TRY(tenka_variable_create(s->ctx, TENKA_F32, desc->shape, NULL, differentiable(s, k), &s->var[k]));
    return tenka_variable_write_f64(s->var[k], s->value[k], n);
}

static tenka_status fill_weights(struct subject *s, struct tenka_rng *rng, uint32_t k)
{
    const size_t n = (size_t)tenka_shape_count(&s->call.out[k].shape);
    s->w[k] = tenka_alloc_array(n, sizeof(*s->w[k]));
    if (s->w[k] == NULL)
        return tenka_fail_nomem(tenka_ctx_error(s->ctx));
    for (size_t i = 0; i < n; i++)
        s->w[k][i] = (float)(2 * tenka_check_uniform(rng) - 1);
    return TENKA_OK;
}

static tenka_status fill(struct subject *s, uint64_t seed)
{
    struct tenka_rng rng;
    tenka_rng_seed(&rng, seed);
    for (uint32_t k = 0; k < s->call.n_in; k++)
        TENKA_TRY(fill_input(s, &rng, k));
    for (uint32_t k = 0; k < s->call.n_out; k++)
        if (is_weighted(s, k))
            TENKA_TRY(fill_weights(s, &rng, k));
    return TENKA_OK;
}

/* One step with tenka_backward; gradients go to s->grad, where there are any. */
static tenka_status run_backward(struct subject *s)
{
    tenka_backward(trace_loss(s));
    for (uint32_t k = 0; k < s->call.n_in; k++) {
        if (s->var[k] == NULL || !differentiable(s, k))
            continue;
        const tenka_tensor g = tenka_grad(s->var[k]);
        if (tenka_tensor_valid(g))
            TENKA_TRY(tenka_keep(g, &s->grad[k]));
    }
    TENKA_TRY(tenka_step_end(s->ctx));
    tenka_zero_grad(s->ctx);
    return TENKA_OK;
}

static tenka_status loss_at(struct subject *s, uint32_t k, size_t i, double x, double *loss)
{
    const size_t n = (size_t)tenka_shape_count(&s->call.in[k].shape);
    const double before = s->value[k][i];
    s->value[k][i] = x;
    tenka_status status = tenka_variable_write_f64(s->var[k], s->value[k], n);
    s->value[k][i] = before;
    TENKA_TRY(status);
    tenka_no_grad_begin(s->ctx);
    status = tenka_item(trace_loss(s), loss);
    tenka_no_grad_end(s->ctx);
    return status;
}

static tenka_status difference(struct subject *s, uint32_t k, size_t i, double *out)
{
    double above, below;
    const double x = s->value[k][i], h = 1e-5 * fmax(1, fabs(x));
    TENKA_TRY(loss_at(s, k, i, x + h, &above));
    TENKA_TRY(loss_at(s, k, i, x - h, &below));
    *out = (above - below) / ((x + h) - (x - h));
    return TENKA_OK;
}

static double largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* Moves elements of input k one by one; the error is taken relative to the largest element of the gradient, too. */
static tenka_status compare_input(struct subject *s, uint32_t k, const double *grad, double *worst, char *text,
                                  size_t bytes)
{
    const size_t n = (size_t)tenka_shape_count(&s->call.in[k].shape), samples = n < SAMPLES ? n : SAMPLES;
    const double scale = largest(grad, n);
    for (size_t j = 0; j < samples; j++) {
        const size_t i = j * n / samples;
        double slope;
        TENKA_TRY(difference(s, k, i, &slope));
        const double bound = 1e-6 * fabs(slope) + 2e-7 * scale + 1e-9, share = fabs(grad[i] - slope) / bound;
        if (share <= *worst)
            continue;
        *worst = isnan(share) ? INFINITY : share;
        snprintf(text, bytes, "gradient of input %u at %zu of %zu is %.12g, but differences say %.12g", k, i, n,
                 tenka_check_shown(grad[i]), tenka_check_shown(slope));
    }
    return tenka_variable_write_f64(s->var[k], s->value[k], n);
}

static tenka_status check_input(struct subject *s, uint32_t k, double *worst, char *text, size_t bytes)
{
    const size_t n = (size_t)tenka_shape_count(&s->call.in[k].shape);
    if (s->grad[k] == NULL) {
        *worst = INFINITY;
        snprintf(text, bytes, "input %u gets no gradient", k);
        return TENKA_OK;
    }
    double *grad = tenka_alloc_array(n, sizeof(*grad));
    if (grad == NULL)
        return tenka_fail_nomem(tenka_ctx_error(s->ctx));
    tenka_status status = tenka_variable_read_f64(s->grad[k], grad, n);
    if (status == TENKA_OK)
        status = compare_input(s, k, grad, worst, text, bytes);
    tenka_free(grad);
    return status;
}

static tenka_status check_case(struct subject *s, uint32_t index, struct tenka_check_report *report)
{
    double worst = 0;
    char text[256] = "", place[128];
    TENKA_TRY(tenka_check_call(s->op, s->c, &s->call, tenka_ctx_error(s->ctx)));
    if (s->call.in[0].dtype != TENKA_F32)
        return TENKA_OK;
    if (report->counting) {
        report->cases++;
        return TENKA_OK;
    }
    snprintf(place, sizeof(place), "gradient of %s, case %u (%s)", tenka_ops[s->op].name, index, s->c->why);
    if (report->progress != NULL && !report->progress(report->user, place))
        return TENKA_END;
    TENKA_TRY(fill(s, tenka_check_seed(s->op, index)));
    TENKA_TRY(run_backward(s));
    for (uint32_t k = 0; k < s->call.n_in; k++)
        if (s->var[k] != NULL && differentiable(s, k))
            TENKA_TRY(check_input(s, k, &worst, text, sizeof(text)));
    tenka_check_note(report, worst, place, text);
    return TENKA_OK;
}

static void finish(struct subject *s)
{
    tenka_step_discard(s->ctx);
    for (uint32_t k = 0; k < TENKA_MAX_IN; k++) {
        tenka_variable_destroy(&s->var[k]);
        tenka_variable_destroy(&s->grad[k]);
        tenka_free(s->value[k]);
        tenka_free(s->raw[k]);
    }
    for (uint32_t k = 0; k < TENKA_MAX_OUT; k++)
        tenka_free(s->w[k]);
}

tenka_status tenka_check_gradients(enum tenka_op op, tenka_ctx *ctx, struct tenka_check_report *report)
{
    const struct tenka_op_case *c = tenka_check_cases(op);
    for (uint32_t i = 0; tenka_check_has_gradient(op) && c[i].why != NULL; i++) {
        struct subject s = {.ctx = ctx, .op = op, .c = &c[i]};
        if ((c[i].flags & TENKA_CASE_NO_GRADIENT) != 0)
            continue;
        const tenka_status status = check_case(&s, i, report);
        finish(&s);
        TENKA_TRY(status);
    }
    return TENKA_OK;
}
