/* Ending steps, running them, reading what they left. */
#include "graph/internal.h"

/* A real as the device's word. */
static void put_real(const tenka_ctx *ctx, unsigned char *at, double value)
{
    if (ctx->limits.real_bytes == sizeof(float))
        memcpy(at, &(float){(float)value}, sizeof(float));
    else
        memcpy(at, &value, sizeof(value));
}

/* Appends the scalars to the input bytes, as the device's words. */
static tenka_status encode_scalars(tenka_ctx *ctx, const struct tenka_step_plan *plan)
{
    const size_t word = ctx->limits.real_bytes;
    const size_t words = plan->n_log_scalars + plan->n_constants;
    const size_t end = plan->input_bytes + words * word;
    if (ctx->inputs == NULL || end > ctx->inputs_capacity) {
        unsigned char *grown = tenka_realloc_array(ctx->inputs, 2 * end, 1);
        if (grown == NULL)
            return tenka_fail_nomem(&ctx->err);
        ctx->inputs = grown;
        ctx->inputs_capacity = 2 * end;
    }
    if (end > ctx->inputs_bytes)
        memset(ctx->inputs + ctx->inputs_bytes, 0, end - ctx->inputs_bytes);
    unsigned char *at = ctx->inputs + plan->input_bytes;
    for (size_t k = 0; k < plan->n_log_scalars; k++, at += word) {
        /* No kind: a word that only fills up to where the constants begin. */
        if (plan->scalar_kinds[k] == 'u')
            memcpy(at, &(uint32_t){(uint32_t)ctx->scalars[k]}, sizeof(uint32_t));
        else if (plan->scalar_kinds[k] != '\0')
            put_real(ctx, at, ctx->scalars[k]);
    }
    for (size_t k = 0; k < plan->n_constants; k++, at += word)
        put_real(ctx, at, plan->constants[k]);
    return TENKA_OK;
}

/* Finds or makes the log's plan and submits it. */
static tenka_status run_log(tenka_ctx *ctx, struct tenka_kept_plan **out)
{
    struct tenka_kept_plan *plan;
    if (ctx->placeholder)
        return tenka_fail(&ctx->err, TENKA_E_INVALID,
                          "a step that only checks shapes cannot run: discard it (tenka_step_discard)");
    if (ctx->flushed > 0 && ctx->flushed == ctx->n_entries) {
        *out = ctx->previous; /* nothing came after the flush; its plan would be found and run again */
        return TENKA_OK;
    }
    double now = tenka_host_note(ctx, TENKA_HOST_TRACE, ctx->traced_since);
    TENKA_TRY(tenka_cache_find(ctx, &plan));
    TENKA_TRY(tenka_cache_ready(ctx, plan));
    now = tenka_host_note(ctx, TENKA_HOST_PLAN, now);
    if (plan->step.plan.n_nodes > 0) {
        TENKA_TRY(encode_scalars(ctx, &plan->step));
        TENKA_TRY(tenka_program_submit(ctx->dev, plan->program, ctx->inputs));
        ctx->steps++;
    }
    ctx->traced_since = tenka_host_note(ctx, TENKA_HOST_SUBMIT, now);
    if (ctx->previous != NULL)
        ctx->previous->follower = plan;
    ctx->previous = plan;
    *out = plan;
    return TENKA_OK;
}

tenka_status tenka_step_measure(tenka_ctx *ctx, struct tenka_step_bytes *out)
{
    *out = (struct tenka_step_bytes){0};
    TENKA_TRY(tenka_take_mistake(ctx));
    if (!ctx->open)
        return TENKA_OK;
    struct tenka_kept_plan *plan;
    const tenka_status s = tenka_plan_build(ctx, &plan);
    tenka_step_discard(ctx);
    TENKA_TRY(s);
    for (size_t b = 0; b < plan->step.n_blocks; b++)
        out->temporaries += plan->step.block_bytes[b];
    out->inputs = plan->step.plan.input_bytes;
    out->runs = tenka_plan_check_sizes(ctx->dev, &plan->step.plan);
    tenka_plan_free(ctx, plan);
    return TENKA_OK;
}

/* Gradients that no optimizer took go into variables, so that the next step can add to them. */
static tenka_status store_gradients(tenka_ctx *ctx)
{
    for (tenka_variable *var = ctx->variables; var != NULL; var = var->next) {
        if (var->grad_step != ctx->generation)
            continue;
        TENKA_TRY(tenka_keep((tenka_tensor){ctx, var->grad, ctx->generation}, &var->stored_grad));
    }
    return TENKA_OK;
}

/* After the step has run: a step that failed leaves what was stored before. */
static void mark_stored_gradients(tenka_ctx *ctx)
{
    for (tenka_variable *var = ctx->variables; var != NULL; var = var->next)
        var->has_stored_grad |= var->grad_step == ctx->generation;
}

tenka_status tenka_step_end(tenka_ctx *ctx)
{
    TENKA_TRY(tenka_take_mistake(ctx));
    if (!ctx->open) {
        tenka_step_tell(ctx, true);
        return TENKA_OK;
    }
    struct tenka_kept_plan *plan;
    tenka_status s = store_gradients(ctx);
    if (s == TENKA_OK)
        s = run_log(ctx, &plan);
    if (s == TENKA_OK)
        mark_stored_gradients(ctx);
    if (s != TENKA_OK) {
        tenka_step_abandon(ctx);
        return s;
    }
    const uint32_t generation = ctx->generation;
    tenka_step_close(ctx);
    ctx->readable_generation = generation;
    ctx->readable = plan;
    tenka_step_tell(ctx, true);
    return TENKA_OK;
}

/* The values of what was run become leaves of the rest. */
tenka_status tenka_step_flush(tenka_ctx *ctx)
{
    TENKA_TRY(tenka_take_mistake(ctx));
    if (tenka_trace_entry(ctx, TENKA_ENTRY_FLUSH) == NULL)
        return tenka_take_mistake(ctx);
    tenka_trace_commit(ctx);
    struct tenka_kept_plan *plan;
    tenka_status s = run_log(ctx, &plan);
    while (s == TENKA_OK && ctx->n_spilled < ctx->n_values)
        if (!tenka_grow(&ctx->spilled, &ctx->spilled_capacity, ctx->n_spilled++, sizeof(*ctx->spilled)))
            s = tenka_fail_nomem(&ctx->err);
    if (s != TENKA_OK) {
        tenka_step_abandon(ctx);
        return s;
    }
    memcpy(ctx->spilled, plan->step.where, ctx->n_values * sizeof(*ctx->spilled));
    memcpy(ctx->spill_used, plan->step.spill_bytes, sizeof(ctx->spill_used));
    ctx->flushed = ctx->n_entries;
    tenka_cache_expect(ctx);
    tenka_step_tell(ctx, true);
    return TENKA_OK;
}

static void warn_flush(tenka_ctx *ctx)
{
    if (ctx->warned_flush)
        return;
    ctx->warned_flush = true;
    tenka_say(&ctx->log, TENKA_LOG_WARNING,
              "a tensor is read in the middle of a step: the step runs in two parts and the device is waited for; "
              "read after tenka_optimizer_step or tenka_step_end, or between tenka_no_grad_begin and _end");
}

/* Makes value readable now: ends the step outside gradients, else runs the step so far. unassigned: also when value was
 * computed before, for a variable it was assigned to since. */
tenka_status tenka_step_for_read(tenka_ctx *ctx, uint32_t value, bool unassigned, struct tenka_place *where)
{
    struct tenka_place place = {0};
    if (ctx->no_grad > 0 && !ctx->has_grad) {
        struct tenka_entry *entry = tenka_trace_entry(ctx, TENKA_ENTRY_READ);
        if (entry == NULL)
            return tenka_take_mistake(ctx);
        entry->n_in = 1;
        entry->in[0] = value;
        tenka_trace_commit(ctx);
        TENKA_TRY(tenka_step_end(ctx));
        place = ctx->readable->step.where[value];
    } else {
        if (unassigned || value >= ctx->n_spilled || ctx->spilled[value].kind == TENKA_PLACE_NONE) {
            warn_flush(ctx);
            TENKA_TRY(tenka_step_flush(ctx));
        }
        place = ctx->spilled[value];
    }
    if (where != NULL)
        *where = place;
    return TENKA_OK;
}

/* ---- Reading ---- */

struct source {
    struct tenka_place place;
    struct tenka_desc desc;
};

static tenka_status not_readable(tenka_ctx *ctx)
{
    return tenka_fail(
        &ctx->err, TENKA_E_INVALID,
        "read: the tensor's step has ended and its memory was given to others, or a variable of it was destroyed; "
        "read it before the next step's first operator, or tenka_keep it in its own step");
}

/* A tensor of the step before may lie in a variable, which the program may have written since. */
static tenka_status check_unwritten(tenka_ctx *ctx, const struct tenka_place *place)
{
    const tenka_variable *var = place->kind == TENKA_PLACE_VARIABLE ? tenka_variable_of(place->var) : NULL;
    if (var == NULL || var->written_after != ctx->readable_generation)
        return TENKA_OK;
    return tenka_fail(&ctx->err, TENKA_E_INVALID,
                      "read: the tensor lies in variable %s, which was written since; read it before that, or "
                      "tenka_keep it in its own step",
                      tenka_variable_name(var));
}

static tenka_status find_source(tenka_tensor t, struct source *src)
{
    tenka_ctx *ctx = t.ctx;
    const struct tenka_step_plan *last = ctx->readable != NULL ? &ctx->readable->step : NULL;
    if (last != NULL && ctx->readable_generation != 0 && t.generation == ctx->readable_generation &&
        t.slot < last->n_where) {
        src->place = last->where[t.slot];
        src->desc = last->descs[t.slot];
        TENKA_TRY(check_unwritten(ctx, &src->place));
    } else {
        TENKA_TRY(tenka_take_mistake(ctx));
        if (!tenka_tensor_valid(t))
            return not_readable(ctx);
        src->desc = ctx->values[t.slot].desc;
        TENKA_TRY(tenka_step_for_read(ctx, t.slot, false, &src->place));
    }
    if (src->place.kind == TENKA_PLACE_NONE)
        return tenka_fail(&ctx->err, TENKA_E_INVALID,
                          "read: the tensor was consumed by other operators and its memory reused; "
                          "tenka_keep it in its step to read it afterwards");
    return TENKA_OK;
}

static tenka_status read_source(tenka_ctx *ctx, const struct source *src, void *dst)
{
    const double begin = tenka_host_now(ctx);
    const tenka_status s = tenka_buffer_read(ctx->dev, tenka_place_buffer(ctx, &src->place), src->place.offset, dst,
                                             tenka_desc_bytes(ctx, &src->desc));
    ctx->traced_since = tenka_host_note(ctx, TENKA_HOST_WAIT, begin);
    return s;
}

/* The f64 device's reals, converted to float. */
static tenka_status read_converted(tenka_ctx *ctx, const struct source *src, float *dst)
{
    const size_t count = (size_t)tenka_shape_count(&src->desc.shape);
    double *wide = tenka_alloc_array(count, sizeof(*wide));
    if (wide == NULL)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = read_source(ctx, src, wide);
    for (size_t i = 0; s == TENKA_OK && i < count; i++)
        dst[i] = (float)wide[i];
    tenka_free(wide);
    return s;
}

tenka_status tenka_readable(tenka_tensor t, struct tenka_desc *out)
{
    struct source src;
    TENKA_TRY(find_source(t, &src));
    *out = src.desc;
    return TENKA_OK;
}

tenka_status tenka_read(tenka_tensor t, void *dst, size_t bytes)
{
    if (t.ctx == NULL || dst == NULL)
        return TENKA_E_INVALID;
    struct source src;
    TENKA_TRY(find_source(t, &src));
    const size_t want = tenka_dtype_bytes(src.desc.dtype, (size_t)tenka_shape_count(&src.desc.shape), sizeof(float));
    if (bytes != want)
        return tenka_fail(&t.ctx->err, TENKA_E_INVALID, "read: the tensor has %zu bytes, not %zu", want, bytes);
    if (src.desc.dtype == TENKA_F32 && t.ctx->limits.real_bytes == sizeof(double))
        return read_converted(t.ctx, &src, dst);
    return read_source(t.ctx, &src, dst);
}

tenka_status tenka_item(tenka_tensor t, double *out)
{
    if (t.ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    struct source src;
    TENKA_TRY(find_source(t, &src));
    if (tenka_shape_count(&src.desc.shape) != 1)
        return tenka_fail(&t.ctx->err, TENKA_E_INVALID, "item: the tensor has %llu elements, not 1",
                          (unsigned long long)tenka_shape_count(&src.desc.shape));
    union {
        float f;
        double d;
        int32_t i;
        uint8_t u;
    } word = {0};
    TENKA_TRY(read_source(t.ctx, &src, &word));
    if (src.desc.dtype == TENKA_I32)
        *out = word.i;
    else if (src.desc.dtype == TENKA_U8)
        *out = word.u;
    else
        *out = t.ctx->limits.real_bytes == sizeof(double) ? word.d : (double)word.f;
    return TENKA_OK;
}
