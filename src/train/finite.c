/* Where the numbers of a step stop being finite. */
#include <math.h>

#include "graph/graph.h"
#include "nn/module.h"
#include "tenka/train.h"

struct look {
    tenka_ctx *ctx;
    struct tenka_error *err;
    struct tenka_module_part *parts;
    size_t n_parts;
    struct tenka_state_entry *state; /* the parts', one part after the other */
    tenka_tensor *grads;             /* of each entry; inert: it has none */
    size_t n_state;
    struct tenka_nonfinite *out;
};

/* ---- The quick test of each step ---- */

/* 0, or NaN when an element of a gradient is not finite: 0 times it is NaN then. Inert where there are no gradients.
 * Traced before anything is run, so that one run computes it all. */
static tenka_tensor mark_gradients(struct look *l)
{
    tenka_tensor total = TENKA_NONE;
    tenka_no_grad_begin(l->ctx);
    for (size_t i = 0; i < l->n_state; i++) {
        l->grads[i] = l->state[i].var != NULL ? tenka_grad(l->state[i].var) : TENKA_NONE;
        if (!tenka_tensor_valid(l->grads[i]))
            continue;
        const tenka_tensor mark = tenka_sum(tenka_scale(l->grads[i], 0), TENKA_ALL_AXES, false);
        total = tenka_tensor_valid(total) ? tenka_add(total, mark) : mark;
    }
    tenka_no_grad_end(l->ctx);
    return total;
}

/* Whether the step is good; the loss is in l->out. */
static tenka_status test_step(struct look *l, tenka_tensor loss, bool *good)
{
    double mark = 0;
    const tenka_tensor marks = mark_gradients(l);
    const bool marked = tenka_tensor_valid(marks);
    TENKA_TRY(tenka_step_flush(l->ctx));
    TENKA_TRY(tenka_item(loss, &l->out->loss));
    if (marked)
        TENKA_TRY(tenka_item(marks, &mark));
    *good = isfinite(l->out->loss) && isfinite(mark);
    return TENKA_OK;
}

/* ---- The search ---- */

static uint64_t count_bad(const float *values, size_t count)
{
    uint64_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += !isfinite(values[i]);
    return bad;
}

/* Of a variable, or of a tensor when var is NULL. */
static tenka_status count_in(const struct look *l, tenka_variable *var, tenka_tensor t, uint64_t *bad,
                             uint64_t *elements)
{
    const struct tenka_shape shape = var != NULL ? tenka_variable_shape(var) : tenka_tensor_shape(t);
    const size_t count = (size_t)tenka_shape_count(&shape);
    float *const values = tenka_alloc_array(count, sizeof(float));
    *elements = count;
    if (values == NULL)
        return tenka_fail_nomem(l->err);
    const size_t bytes = count * sizeof(float);
    const tenka_status status = var != NULL ? tenka_variable_read(var, values, bytes) : tenka_read(t, values, bytes);
    if (status == TENKA_OK)
        *bad = count_bad(values, count);
    tenka_free(values);
    return status;
}

/* The entry's name in its layer. */
static const char *name_in(const struct tenka_module_part *part, const struct tenka_state_entry *entry)
{
    const size_t path = strlen(part->path);
    return entry->name + (path > 0 ? path + 1 : 0);
}

/* Fills the result when the tensor, or the entry's variable where t is inert, has a bad element. */
static tenka_status look_at(const struct look *l, enum tenka_nonfinite_kind kind, const struct tenka_module_part *part,
                            const struct tenka_state_entry *entry, tenka_tensor t)
{
    struct tenka_nonfinite *const out = l->out;
    uint64_t bad = 0, elements = 0;
    TENKA_TRY(count_in(l, tenka_tensor_valid(t) ? NULL : entry->var, t, &bad, &elements));
    if (bad == 0)
        return TENKA_OK;
    out->kind = kind;
    out->layer = part->path;
    out->class_name = part->class_name;
    out->name = entry != NULL ? name_in(part, entry) : "";
    out->bad = bad;
    out->elements = elements;
    return TENKA_OK;
}

static bool is_real(tenka_tensor t)
{
    return tenka_tensor_valid(t) && tenka_tensor_dtype(t) == TENKA_F32;
}

/* Each part's variables, then what it gave. */
static tenka_status look_forward(const struct look *l)
{
    const struct tenka_state_entry *entry = l->state;
    for (size_t i = 0; i < l->n_parts; i++) {
        const struct tenka_module_part *const part = &l->parts[i];
        for (size_t k = 0; k < part->n_state && l->out->kind == TENKA_FINITE; k++, entry++)
            if (entry->var != NULL && tenka_variable_dtype(entry->var) == TENKA_F32)
                TENKA_TRY(look_at(l, TENKA_NONFINITE_PARAMETER, part, entry, TENKA_NONE));
        for (size_t k = 0; k < part->n_result && l->out->kind == TENKA_FINITE; k++)
            if (is_real(part->result[k]))
                TENKA_TRY(look_at(l, TENKA_NONFINITE_OUTPUT, part, NULL, part->result[k]));
    }
    return TENKA_OK;
}

/* Gradients come from the end. */
static tenka_status look_backward(const struct look *l)
{
    size_t at = l->n_state;
    for (size_t i = l->n_parts; i-- > 0;)
        for (size_t k = 0; k < l->parts[i].n_state && l->out->kind == TENKA_FINITE; k++)
            if (tenka_tensor_valid(l->grads[--at]))
                TENKA_TRY(look_at(l, TENKA_NONFINITE_GRADIENT, &l->parts[i], &l->state[at], l->grads[at]));
    return TENKA_OK;
}

static tenka_status look(struct look *l, tenka_tensor loss)
{
    bool good = false;
    TENKA_TRY(test_step(l, loss, &good));
    if (good)
        return TENKA_OK;
    TENKA_TRY(look_forward(l));
    if (l->out->kind != TENKA_FINITE)
        return TENKA_OK;
    if (isfinite(l->out->loss))
        return look_backward(l);
    l->out->kind = TENKA_NONFINITE_LOSS;
    l->out->bad = l->out->elements = 1;
    return TENKA_OK;
}

/* The lists of parts and state; what was made is freed with look_finish. */
static bool look_init(struct look *l, tenka_module *net)
{
    l->n_parts = tenka_module_parts(net, NULL, 0);
    l->n_state = tenka_module_state(net, NULL, 0);
    l->parts = tenka_alloc_array(l->n_parts, sizeof(l->parts[0]));
    l->state = tenka_alloc_array(l->n_state + 1, sizeof(l->state[0]));
    l->grads = tenka_alloc_array(l->n_state + 1, sizeof(l->grads[0]));
    if (l->parts == NULL || l->state == NULL || l->grads == NULL)
        return false;
    tenka_module_parts(net, l->parts, l->n_parts);
    tenka_module_state(net, l->state, l->n_state);
    return true;
}

static void look_finish(struct look *l)
{
    tenka_free(l->parts);
    tenka_free(l->state);
    tenka_free(l->grads);
}

tenka_status tenka_check_finite(tenka_module *net, tenka_tensor loss, struct tenka_nonfinite *out)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    tenka_ctx *const ctx = tenka_module_ctx(net);
    struct look l = {.ctx = ctx, .err = tenka_ctx_error(ctx), .out = out};
    if (out == NULL || out->size != sizeof(*out))
        return tenka_fail(l.err, TENKA_E_INVALID,
                          "check_finite: out is missing or its size is wrong; begin with TENKA_NONFINITE_DEFAULTS");
    if (loss.ctx != l.ctx || !tenka_step_is_open(l.ctx))
        return tenka_fail(l.err, TENKA_E_INVALID,
                          "check_finite: the loss is no tensor of an open step of the "
                          "network's context; call it between tenka_backward and the update");
    *out = (struct tenka_nonfinite){.size = sizeof(*out), .layer = "", .class_name = "", .name = ""};
    const tenka_status status = look_init(&l, net) ? look(&l, loss) : tenka_fail_nomem(l.err);
    look_finish(&l);
    return status;
}
