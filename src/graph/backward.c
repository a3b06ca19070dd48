/* Gradients as the user sees them: backward calls, gathering, clipping. */
#include "graph/internal.h"

/* Appends the BACKWARD entry: one output for each variable that loss depends on. */
static tenka_status trace_backward(tenka_ctx *ctx, uint32_t loss, const uint8_t *mark)
{
    struct tenka_entry *entry = tenka_trace_entry(ctx, TENKA_ENTRY_BACKWARD);
    if (entry == NULL)
        return TENKA_E_NOMEM;
    entry->n_in = 1;
    entry->in[0] = loss;
    for (uint32_t v = 0; v <= loss; v++) {
        if (!mark[v] || ctx->values[v].var == NULL || ctx->entries[ctx->values[v].entry].kind != TENKA_ENTRY_VARIABLE)
            continue;
        const struct tenka_desc desc = ctx->values[v].desc;
        const uint32_t slot = tenka_trace_value(ctx, &desc);
        if (slot == UINT32_MAX)
            return TENKA_E_NOMEM;
        ctx->values[slot].var = ctx->values[v].var;
    }
    tenka_trace_commit(ctx);
    return TENKA_OK;
}

/* Adds gradient value g of this step to what var has gathered. */
static void gather_gradient(tenka_variable *var, uint32_t g)
{
    tenka_ctx *ctx = var->ctx;
    tenka_tensor sum = {ctx, g, ctx->generation};
    if (var->grad_step == ctx->generation) {
        const tenka_tensor before = {ctx, var->grad, ctx->generation};
        sum = tenka_add(before, sum);
    } else if (var->has_stored_grad) {
        sum = tenka_add(tenka_value(var->stored_grad), sum);
    }
    var->grad_step = ctx->generation;
    var->grad = sum.slot;
}

void tenka_backward(tenka_tensor loss)
{
    tenka_ctx *ctx = loss.ctx;
    if (ctx == NULL || !tenka_trace_input(ctx, loss, "backward"))
        return;
    const struct tenka_log_value *value = &ctx->values[loss.slot];
    char text[TENKA_SHAPE_TEXT];
    if (tenka_shape_count(&value->desc.shape) != 1 || value->desc.dtype != TENKA_F32) {
        tenka_trace_fail(ctx, TENKA_E_SHAPE, "backward: the loss must be one f32 number, not %s %s; reduce it first",
                         tenka_dtype_name(value->desc.dtype), tenka_shape_text(&value->desc.shape, text));
        return;
    }
    if (!value->requires_grad) {
        tenka_trace_fail(ctx, TENKA_E_INVALID, "backward: the loss depends on no variable that requires a gradient");
        return;
    }
    if (!tenka_grow_marks(ctx)) {
        tenka_trace_fail(ctx, TENKA_E_NOMEM, "out of memory while tracing a backward pass");
        return;
    }
    tenka_mark_gradient_path(ctx->entries, ctx->values, loss.slot, ctx->marks);
    const uint32_t first = (uint32_t)ctx->n_values;
    if (trace_backward(ctx, loss.slot, ctx->marks) != TENKA_OK)
        return;
    const uint32_t end = (uint32_t)ctx->n_values;
    for (uint32_t g = first; g < end; g++)
        gather_gradient(tenka_variable_of(ctx->values[g].var), g);
}

tenka_tensor tenka_detach(tenka_tensor x)
{
    if (x.ctx == NULL)
        return tenka_reshape(x, (struct tenka_shape){0});
    tenka_no_grad_begin(x.ctx);
    const tenka_tensor y = tenka_reshape(x, tenka_tensor_shape(x));
    tenka_no_grad_end(x.ctx);
    return y;
}

bool tenka_grow_marks(tenka_ctx *ctx)
{
    if (ctx->marks_capacity >= ctx->n_values)
        return true;
    uint8_t *grown = tenka_realloc_array(ctx->marks, ctx->values_capacity, 1);
    if (grown == NULL)
        return false;
    ctx->marks = grown;
    ctx->marks_capacity = ctx->values_capacity;
    return true;
}

tenka_tensor tenka_grad(tenka_variable *var)
{
    if (var == NULL)
        return tenka_inert(NULL);
    tenka_ctx *ctx = var->ctx;
    tenka_tensor grad;
    if (var->grad_step == ctx->generation && ctx->open)
        grad = (tenka_tensor){ctx, var->grad, ctx->generation};
    else if (var->has_stored_grad)
        grad = tenka_value(var->stored_grad);
    else
        return tenka_inert(ctx);
    /* A view of its own: what nobody consumes can be read after the step. */
    return tenka_reshape(grad, var->head.desc.shape);
}

bool tenka_variable_clear_grad(tenka_variable *var)
{
    const bool stored = var->has_stored_grad;
    var->grad_step = 0;
    var->has_stored_grad = false;
    return stored;
}

void tenka_variable_restore_grad(tenka_variable *var)
{
    var->has_stored_grad = true;
}

void tenka_zero_grad(tenka_ctx *ctx)
{
    for (tenka_variable *var = ctx->variables; var != NULL; var = var->next)
        tenka_variable_clear_grad(var);
}

tenka_tensor tenka_add_squares(tenka_tensor total, tenka_variable *var)
{
    const tenka_tensor g = tenka_grad(var);
    if (!tenka_tensor_valid(g))
        return total;
    const tenka_tensor squares = tenka_sum(tenka_mul(g, g), TENKA_ALL_AXES, false);
    return tenka_tensor_valid(total) ? tenka_add(total, squares) : squares;
}

static tenka_tensor sum_of_squares(tenka_ctx *ctx, tenka_variable *const *vars, size_t count)
{
    tenka_tensor total = tenka_inert(ctx);
    for (size_t i = 0; i < count; i++)
        total = tenka_add_squares(total, vars[i]);
    if (!tenka_tensor_valid(total))
        total = tenka_trace(ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &(struct tenka_shape){0}, &(double){0}, NULL);
    return total;
}

static void replace_gradient(tenka_variable *var, tenka_tensor g)
{
    var->grad = g.slot;
    var->grad_step = var->ctx->generation;
}

tenka_tensor tenka_clip_grad_norm(tenka_ctx *ctx, tenka_variable *const *vars, size_t count, double max_norm)
{
    if (!(max_norm >= 0))
        return tenka_trace_fail(ctx, TENKA_E_INVALID, "clip_grad_norm: max_norm is %g; it must be 0 or more", max_norm);
    tenka_no_grad_begin(ctx);
    const tenka_tensor norm = tenka_sqrt(sum_of_squares(ctx, vars, count));
    const tenka_tensor coefficient =
        tenka_trace(ctx, TENKA_OP_clip_coefficient, &norm, 1, NULL, 0, NULL, &max_norm, NULL);
    for (size_t i = 0; i < count; i++) {
        const tenka_tensor g = tenka_grad(vars[i]);
        if (tenka_tensor_valid(g))
            replace_gradient(vars[i], tenka_mul(g, coefficient));
    }
    tenka_no_grad_end(ctx);
    /* A view, so that the norm counts as consumed by nobody and can be read. */
    return tenka_reshape(norm, (struct tenka_shape){0});
}

void tenka_clip_grad_value(tenka_ctx *ctx, tenka_variable *const *vars, size_t count, double limit)
{
    if (!(limit >= 0)) {
        tenka_trace_fail(ctx, TENKA_E_INVALID, "clip_grad_value: limit is %g; it must be 0 or more", limit);
        return;
    }
    tenka_no_grad_begin(ctx);
    for (size_t i = 0; i < count; i++) {
        const tenka_tensor g = tenka_grad(vars[i]);
        if (tenka_tensor_valid(g))
            replace_gradient(vars[i], tenka_clamp(g, -limit, limit));
    }
    tenka_no_grad_end(ctx);
}
