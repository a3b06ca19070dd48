/* Variables: storage that lives across steps. */
#include "graph/internal.h"

static size_t variable_bytes(const tenka_variable *var)
{
    return tenka_desc_bytes(var->ctx, &var->head.desc);
}

uint64_t tenka_variable_bytes(const tenka_variable *var)
{
    return tenka_align(variable_bytes(var), sizeof(uint32_t));
}

static void link_variable(tenka_variable *var)
{
    tenka_ctx *ctx = var->ctx;
    var->head.id = ++ctx->next_id;
    var->next = ctx->variables;
    var->link = &ctx->variables;
    if (var->next != NULL)
        var->next->link = &var->next;
    ctx->variables = var;
}

/* Checks what the user gave and makes the empty variable; its buffer comes after. */
static tenka_status variable_new(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, bool requires_grad,
                                 tenka_variable **out)
{
    TENKA_TRY(tenka_shape_check(&ctx->err, "variable", &shape));
    if (dtype > TENKA_U8)
        return tenka_fail(&ctx->err, TENKA_E_INVALID, "variable: %d is no dtype", (int)dtype);
    if (requires_grad && dtype != TENKA_F32)
        return tenka_fail(&ctx->err, TENKA_E_INVALID, "variable: only f32 variables can require gradients, not %s",
                          tenka_dtype_name(dtype));
    tenka_variable *var = tenka_alloc(sizeof(*var));
    if (var == NULL)
        return tenka_fail_nomem(&ctx->err);
    var->ctx = ctx;
    var->head.desc = (struct tenka_desc){dtype, tenka_shape_make(shape.rank, shape.dim)};
    var->requires_grad = requires_grad;
    link_variable(var);
    *out = var;
    return TENKA_OK;
}

static tenka_status make_buffer(tenka_variable *var)
{
    tenka_ctx *ctx = var->ctx;
    const size_t bytes = variable_bytes(var);
    if (ctx->sizing == 0)
        return tenka_buffer_create(ctx->dev, bytes, "variable", &var->buffer);
    if (bytes <= ctx->limits.max_buffer)
        return TENKA_OK;
    return tenka_fail(&ctx->err, TENKA_E_UNSUPPORTED,
                      "a variable of %zu bytes is larger than the %zu that a buffer of this device can have", bytes,
                      ctx->limits.max_buffer);
}

tenka_status tenka_variable_create(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, const void *data,
                                   bool requires_grad, tenka_variable **out)
{
    if (out == NULL)
        return ctx != NULL ? tenka_fail(&ctx->err, TENKA_E_INVALID, "variable: out is NULL") : TENKA_E_INVALID;
    *out = NULL;
    if (ctx == NULL)
        return TENKA_E_INVALID;
    tenka_variable *var;
    TENKA_TRY(variable_new(ctx, dtype, shape, requires_grad, &var));
    tenka_status s = make_buffer(var);
    if (s == TENKA_OK && data != NULL)
        s = tenka_variable_write(var, data, tenka_dtype_bytes(dtype, (size_t)tenka_shape_count(&shape), sizeof(float)));
    if (s != TENKA_OK)
        tenka_variable_destroy(&var);
    *out = var;
    return s;
}

tenka_status tenka_variable_borrow(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, const void *memory,
                                   tenka_variable **out)
{
    tenka_variable *var;
    *out = NULL;
    TENKA_TRY(variable_new(ctx, dtype, shape, false, &var));
    const tenka_status s = tenka_buffer_borrow(ctx->dev, memory, variable_bytes(var), &var->buffer);
    if (s != TENKA_OK)
        tenka_variable_destroy(&var);
    *out = var;
    return s;
}

void tenka_variable_destroy(tenka_variable **var)
{
    if (var == NULL || *var == NULL)
        return;
    tenka_variable *v = *var;
    tenka_ctx *ctx = v->ctx;
    *var = NULL;
    tenka_variable_destroy(&v->stored_grad);
    if (v->leaf_step == ctx->generation || v->current_step == ctx->generation)
        tenka_step_discard(ctx);
    tenka_cache_drop_variable(ctx, v);
    *v->link = v->next;
    if (v->next != NULL)
        v->next->link = v->link;
    tenka_buffer_destroy(ctx->dev, &v->buffer);
    tenka_free(v->head.name);
    tenka_free(v);
}

bool tenka_variable_got(const tenka_variable *var, uint32_t step)
{
    return var->current_step == step && var->lost_step != step;
}

struct tenka_shape tenka_variable_shape(const tenka_variable *var)
{
    return var->head.desc.shape;
}

enum tenka_dtype tenka_variable_dtype(const tenka_variable *var)
{
    return var->head.desc.dtype;
}

tenka_ctx *tenka_variable_ctx(const tenka_variable *var)
{
    return var->ctx;
}

bool tenka_variable_requires_grad(const tenka_variable *var)
{
    return var->requires_grad;
}

void tenka_variable_set_requires_grad(tenka_variable *var, bool requires_grad)
{
    if (var->head.desc.dtype == TENKA_F32)
        var->requires_grad = requires_grad;
}

tenka_status tenka_variable_set_name(tenka_variable *var, const char *name)
{
    char *copy = tenka_strdup(name);
    if (copy == NULL)
        return tenka_fail_nomem(&var->ctx->err);
    tenka_free(var->head.name);
    var->head.name = copy;
    return TENKA_OK;
}

const char *tenka_variable_name(const tenka_variable *var)
{
    return var->head.name != NULL ? var->head.name : "(unnamed)";
}

/* ---- Content ---- */

static bool used_by_open_step(const tenka_variable *var)
{
    const tenka_ctx *ctx = var->ctx;
    return ctx->open && (var->leaf_step == ctx->generation || var->current_step == ctx->generation);
}

void tenka_sizing_begin(tenka_ctx *ctx)
{
    ctx->sizing++;
}

void tenka_sizing_end(tenka_ctx *ctx)
{
    if (ctx->sizing > 0)
        ctx->sizing--;
}

bool tenka_is_sizing(const tenka_ctx *ctx)
{
    return ctx->sizing > 0;
}

/* A write must find the variable unused by the open step; a read sees what the open step assigned. */
static tenka_status before_write(tenka_variable *var)
{
    if (!used_by_open_step(var)) {
        var->written_after = var->ctx->readable_generation;
        return TENKA_OK;
    }
    return tenka_fail(&var->ctx->err, TENKA_E_INVALID,
                      "variable %s: the open step uses it; end the step (tenka_step_end) before writing",
                      tenka_variable_name(var));
}

static tenka_status before_read(tenka_variable *var)
{
    tenka_ctx *ctx = var->ctx;
    if (var->buffer == NULL)
        return tenka_fail(&ctx->err, TENKA_E_INVALID,
                          "variable %s: it has no content, since it was made after tenka_sizing_begin",
                          tenka_variable_name(var));
    TENKA_TRY(tenka_take_mistake(ctx));
    if (!ctx->open || var->current_step != ctx->generation)
        return TENKA_OK;
    return tenka_step_for_read(ctx, var->current, var->assigned_at >= ctx->flushed, NULL);
}

static tenka_status check_size(tenka_variable *var, const char *verb, size_t have, size_t want, const char *unit)
{
    if (have == want)
        return TENKA_OK;
    return tenka_fail(&var->ctx->err, TENKA_E_INVALID, "%s variable %s: it has %zu %s, not %zu", verb,
                      tenka_variable_name(var), want, unit, have);
}

static size_t host_bytes(const tenka_variable *var)
{
    return tenka_dtype_bytes(var->head.desc.dtype, (size_t)tenka_shape_count(&var->head.desc.shape), sizeof(float));
}

static bool converts(const tenka_variable *var, size_t host_real)
{
    return var->head.desc.dtype == TENKA_F32 && var->ctx->limits.real_bytes != host_real;
}

/* count reals between float (4 bytes) and double (8 bytes) */
static void convert(void *dst, size_t dst_real, const void *src, size_t src_real, size_t count)
{
    const float *f = src;
    const double *d = src;
    for (size_t i = 0; i < count; i++) {
        const double x = src_real == sizeof(float) ? (double)f[i] : d[i];
        if (dst_real == sizeof(float))
            ((float *)dst)[i] = (float)x;
        else
            ((double *)dst)[i] = x;
    }
}

static tenka_status write_reals(tenka_variable *var, const void *src, size_t host_real)
{
    tenka_ctx *ctx = var->ctx;
    const size_t count = (size_t)tenka_shape_count(&var->head.desc.shape);
    void *copy = tenka_alloc_array(count, ctx->limits.real_bytes);
    if (copy == NULL)
        return tenka_fail_nomem(&ctx->err);
    convert(copy, ctx->limits.real_bytes, src, host_real, count);
    const tenka_status s = tenka_buffer_write(ctx->dev, var->buffer, 0, copy, variable_bytes(var));
    tenka_free(copy);
    return s;
}

static tenka_status read_reals(tenka_variable *var, void *dst, size_t host_real)
{
    tenka_ctx *ctx = var->ctx;
    const size_t count = (size_t)tenka_shape_count(&var->head.desc.shape);
    void *copy = tenka_alloc_array(count, ctx->limits.real_bytes);
    if (copy == NULL)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = tenka_buffer_read(ctx->dev, var->buffer, 0, copy, variable_bytes(var));
    if (s == TENKA_OK)
        convert(dst, host_real, copy, ctx->limits.real_bytes, count);
    tenka_free(copy);
    return s;
}

tenka_status tenka_variable_write(tenka_variable *var, const void *src, size_t bytes)
{
    TENKA_TRY(check_size(var, "writing", bytes, host_bytes(var), "bytes"));
    TENKA_TRY(before_write(var));
    if (var->buffer == NULL)
        return TENKA_OK; /* made for its shape only */
    if (converts(var, sizeof(float)))
        return write_reals(var, src, sizeof(float));
    return tenka_buffer_write(var->ctx->dev, var->buffer, 0, src, bytes);
}

tenka_status tenka_variable_read(tenka_variable *var, void *dst, size_t bytes)
{
    TENKA_TRY(check_size(var, "reading", bytes, host_bytes(var), "bytes"));
    TENKA_TRY(before_read(var));
    if (converts(var, sizeof(float)))
        return read_reals(var, dst, sizeof(float));
    return tenka_buffer_read(var->ctx->dev, var->buffer, 0, dst, bytes);
}

static tenka_status check_f64(tenka_variable *var, const char *verb, size_t count)
{
    if (var->head.desc.dtype != TENKA_F32)
        return tenka_fail(&var->ctx->err, TENKA_E_INVALID, "%s variable %s as double: it is %s", verb,
                          tenka_variable_name(var), tenka_dtype_name(var->head.desc.dtype));
    return check_size(var, verb, count, (size_t)tenka_shape_count(&var->head.desc.shape), "elements");
}

tenka_status tenka_variable_write_f64(tenka_variable *var, const double *src, size_t count)
{
    TENKA_TRY(check_f64(var, "writing", count));
    TENKA_TRY(before_write(var));
    return var->buffer != NULL ? write_reals(var, src, sizeof(double)) : TENKA_OK;
}

tenka_status tenka_variable_read_f64(tenka_variable *var, double *dst, size_t count)
{
    TENKA_TRY(check_f64(var, "reading", count));
    TENKA_TRY(before_read(var));
    return read_reals(var, dst, sizeof(double));
}

static tenka_status exchange(tenka_variable *a, tenka_variable *b, void *of_a, void *of_b)
{
    tenka_device *const dev = a->ctx->dev;
    const size_t bytes = variable_bytes(a);
    TENKA_TRY(tenka_buffer_read(dev, a->buffer, 0, of_a, bytes));
    TENKA_TRY(tenka_buffer_read(dev, b->buffer, 0, of_b, bytes));
    TENKA_TRY(tenka_buffer_write(dev, a->buffer, 0, of_b, bytes));
    return tenka_buffer_write(dev, b->buffer, 0, of_a, bytes);
}

tenka_status tenka_variable_exchange(tenka_variable *a, tenka_variable *b)
{
    const size_t bytes = variable_bytes(a);
    TENKA_TRY(before_write(a));
    TENKA_TRY(before_write(b));
    if (a->buffer == NULL || b->buffer == NULL)
        return TENKA_OK; /* made for their shapes only */
    unsigned char *const both = tenka_alloc_array(bytes, 2);
    if (both == NULL)
        return tenka_fail_nomem(&a->ctx->err);
    const tenka_status status = exchange(a, b, both, both + bytes);
    tenka_free(both);
    return status;
}

/* ---- Keeping ---- */

tenka_status tenka_keep(tenka_tensor t, tenka_variable **var)
{
    if (t.ctx == NULL || var == NULL)
        return TENKA_E_INVALID;
    if (!tenka_trace_input(t.ctx, t, "keep"))
        return tenka_take_mistake(t.ctx);
    const struct tenka_desc desc = t.ctx->values[t.slot].desc;
    const bool made = *var == NULL;
    if (made)
        TENKA_TRY(tenka_variable_create(t.ctx, desc.dtype, desc.shape, NULL, false, var));
    else if ((*var)->ctx != t.ctx)
        return tenka_fail(&t.ctx->err, TENKA_E_INVALID,
                          "keep: the tensor and the variable belong to different contexts");
    tenka_assign(*var, t);
    const tenka_status s = tenka_take_mistake(t.ctx);
    if (s != TENKA_OK && made)
        tenka_variable_destroy(var);
    return s;
}

tenka_variable *tenka_tensor_variable(tenka_tensor t)
{
    if (!tenka_tensor_valid(t))
        return NULL;
    const struct tenka_log_value *const value = &t.ctx->values[t.slot];
    const bool whole = t.ctx->entries[value->entry].kind == TENKA_ENTRY_VARIABLE;
    return whole ? tenka_variable_of(value->var) : NULL;
}
