/* Where the numbers of a step stop being finite. */
#include <math.h>

#include "nn/layer.h"
#include "tenka/train.h"

/* A parameter or buffer of a layer, in the order in which layers run. */
struct item {
    const tenka_module *layer;
    const struct tenka_layer_state *state;
    tenka_tensor grad; /* inert: it has none */
};

struct look {
    tenka_ctx *ctx;
    struct tenka_error *err;
    const tenka_module *net;
    struct item *items;
    size_t n_items;
    struct tenka_nonfinite *out;
};

/* ---- The quick test of each step ---- */

static size_t list_items(const tenka_module *module, struct item *out, size_t n)
{
    for (size_t i = 0; i < module->n_state; i++)
        out[n++] = (struct item){.layer = module, .state = &module->state[i]};
    for (size_t i = 0; i < module->n_children; i++)
        n = list_items(module->children[i], out, n);
    return n;
}

/* 0, or NaN when an element of a gradient is not finite: 0 times it is NaN then. Inert where there are no gradients.
 * Traced before anything is run, so that one run computes it all. */
static tenka_tensor mark_gradients(struct look *l)
{
    tenka_tensor total = TENKA_NONE;
    tenka_no_grad_begin(l->ctx);
    for (size_t i = 0; i < l->n_items; i++) {
        tenka_tensor *const grad = &l->items[i].grad;
        *grad = tenka_grad(l->items[i].state->var);
        if (!tenka_tensor_valid(*grad))
            continue;
        const tenka_tensor mark = tenka_sum(tenka_scale(*grad, 0), TENKA_ALL_AXES, false);
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

/* Fills the result when the variable, or the tensor, has a bad element. */
static tenka_status look_at(const struct look *l, enum tenka_nonfinite_kind kind, const tenka_module *layer,
                            const struct tenka_layer_state *state, tenka_tensor t)
{
    struct tenka_nonfinite *const out = l->out;
    uint64_t bad = 0, elements = 0;
    tenka_variable *const var = kind == TENKA_NONFINITE_PARAMETER ? state->var : NULL;
    TENKA_TRY(count_in(l, var, t, &bad, &elements));
    if (bad == 0)
        return TENKA_OK;
    const size_t own = strlen(l->net->path), skip = own > 0 ? own + 1 : 0;
    out->kind = kind;
    out->layer = strlen(layer->path) >= skip ? layer->path + skip : "";
    out->class_name = tenka_module_class(layer);
    out->name = state != NULL ? state->name : "";
    out->bad = bad;
    out->elements = elements;
    return TENKA_OK;
}

/* A layer's state, then its children or, where there are none, its output. */
static tenka_status look_forward(const struct look *l, const tenka_module *module)
{
    for (size_t i = 0; i < module->n_state && l->out->kind == TENKA_FINITE; i++)
        TENKA_TRY(look_at(l, TENKA_NONFINITE_PARAMETER, module, &module->state[i], TENKA_NONE));
    for (size_t i = 0; i < module->n_children && l->out->kind == TENKA_FINITE; i++)
        TENKA_TRY(look_forward(l, module->children[i]));
    const bool ran = module->n_children == 0 && tenka_tensor_valid(module->result);
    if (l->out->kind != TENKA_FINITE || !ran)
        return TENKA_OK;
    return look_at(l, TENKA_NONFINITE_OUTPUT, module, NULL, module->result);
}

/* Gradients come from the end. */
static tenka_status look_backward(const struct look *l)
{
    for (size_t i = l->n_items; i-- > 0 && l->out->kind == TENKA_FINITE;) {
        const struct item *const item = &l->items[i];
        if (tenka_tensor_valid(item->grad))
            TENKA_TRY(look_at(l, TENKA_NONFINITE_GRADIENT, item->layer, item->state, item->grad));
    }
    return TENKA_OK;
}

static tenka_status look(struct look *l, tenka_tensor loss)
{
    bool good = false;
    TENKA_TRY(test_step(l, loss, &good));
    if (good)
        return TENKA_OK;
    TENKA_TRY(look_forward(l, l->net));
    if (l->out->kind != TENKA_FINITE)
        return TENKA_OK;
    if (isfinite(l->out->loss))
        return look_backward(l);
    l->out->kind = TENKA_NONFINITE_LOSS;
    l->out->bad = l->out->elements = 1;
    return TENKA_OK;
}

tenka_status tenka_check_finite(tenka_module *net, tenka_tensor loss, struct tenka_nonfinite *out)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    struct look l = {.ctx = net->ctx, .err = tenka_ctx_error(net->ctx), .net = net, .out = out};
    if (out == NULL || out->size != sizeof(*out))
        return tenka_fail(l.err, TENKA_E_INVALID,
                          "check_finite: out is missing or its size is wrong; begin with TENKA_NONFINITE_DEFAULTS");
    if (loss.ctx != l.ctx || !tenka_step_is_open(l.ctx))
        return tenka_fail(l.err, TENKA_E_INVALID, "check_finite: the loss is no tensor of an open step of the "
                          "network's context; call it between tenka_backward and the update");
    *out = (struct tenka_nonfinite){.size = sizeof(*out), .layer = "", .class_name = "", .name = ""};
    const size_t n = tenka_module_state(net, NULL, 0);
    l.items = tenka_alloc_array(n + 1, sizeof(l.items[0]));
    if (l.items == NULL)
        return tenka_fail_nomem(l.err);
    l.n_items = list_items(net, l.items, 0);
    const tenka_status status = look(&l, loss);
    tenka_free(l.items);
    return status;
}
