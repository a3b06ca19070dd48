/* The call log: operators append to it, nothing is computed. */
#include "graph/internal.h"

#include <stdio.h>

#define INERT_SLOT UINT32_MAX

tenka_tensor tenka_inert(tenka_ctx *ctx)
{
    return (tenka_tensor){ctx, INERT_SLOT, ctx != NULL ? ctx->generation : 0};
}

tenka_tensor tenka_trace_fail(tenka_ctx *ctx, tenka_status status, const char *format, ...)
{
    if (ctx == NULL)
        return tenka_inert(NULL);
    if (ctx->mistake.status == TENKA_OK) {
        va_list args;
        va_start(args, format);
        vsnprintf(ctx->mistake.text, sizeof(ctx->mistake.text), format, args);
        va_end(args);
        ctx->mistake.status = status;
        ctx->blamed = false;
    }
    return tenka_inert(ctx);
}

void tenka_trace_blame(tenka_ctx *ctx, const char *where)
{
    if (ctx->mistake.status == TENKA_OK || ctx->blamed)
        return;
    const struct tenka_error cause = ctx->mistake;
    tenka_fail(&ctx->mistake, cause.status, "%s: %s", where, cause.text);
    ctx->blamed = true;
}

tenka_status tenka_take_mistake(tenka_ctx *ctx)
{
    if (ctx->mistake.status == TENKA_OK)
        return TENKA_OK;
    ctx->err = ctx->mistake;
    tenka_step_discard(ctx);
    return ctx->err.status;
}

void tenka_trace_quiet(tenka_ctx *ctx, bool quiet)
{
    ctx->quiet = quiet;
}

const char *tenka_trace_name(tenka_ctx *ctx, const char *name)
{
    for (size_t i = 0; i < ctx->n_names; i++)
        if (strcmp(ctx->names[i], name) == 0)
            return ctx->names[i];
    char *copy = tenka_strdup(name);
    if (copy == NULL || !tenka_grow(&ctx->names, &ctx->names_capacity, ctx->n_names, sizeof(*ctx->names))) {
        tenka_free(copy);
        return NULL;
    }
    return ctx->names[ctx->n_names++] = copy;
}

const char *tenka_trace_layer(tenka_ctx *ctx, const char *name)
{
    const char *before = ctx->layer;
    ctx->layer = name;
    return before;
}

uint32_t tenka_step_number(const tenka_ctx *ctx)
{
    return ctx->generation;
}

bool tenka_step_is_open(const tenka_ctx *ctx)
{
    return ctx->open;
}

size_t tenka_step_calls(const tenka_ctx *ctx)
{
    return ctx->open ? ctx->n_entries : 0;
}

uint64_t tenka_step_multiply_adds(const tenka_ctx *ctx, size_t from)
{
    uint64_t flops = 0;
    for (size_t i = from; i < tenka_step_calls(ctx); i++) {
        const struct tenka_entry *entry = &ctx->entries[i];
        const enum tenka_kernel forward = entry->kind == TENKA_ENTRY_OP
                                              ? tenka_op_pass_writing((enum tenka_op)entry->op, TENKA_OUT(0))
                                              : TENKA_KERNEL_COUNT;
        if (forward != TENKA_KERNEL_COUNT)
            flops += tenka_kernel_flops(forward, entry->params, tenka_shape_count(&entry->out[0].shape));
    }
    return flops / 2;
}

void tenka_step_begin(tenka_ctx *ctx)
{
    if (!ctx->quiet)
        ctx->readable_generation = 0;
    if (ctx->open)
        return;
    ctx->open = true;
    ctx->has_grad = false;
    ctx->n_entries = ctx->n_values = ctx->n_assignments = ctx->n_scalars = ctx->n_spilled = 0;
    ctx->inputs_bytes = ctx->unlimited_bytes = 0;
    ctx->has_masks = false;
    ctx->flushed = 0;
    memset(ctx->spill_used, 0, sizeof(ctx->spill_used));
    tenka_host_begin_step(ctx);
    tenka_cache_expect(ctx);
}

/* Ends the tracing of a step: its handles are of the past from now on. */
void tenka_step_close(tenka_ctx *ctx)
{
    ctx->open = false;
    ctx->placeholder = false;
    ctx->mistake.status = TENKA_OK;
    if (++ctx->generation == 0) /* 0 says "in no step" */
        ctx->generation = 1;
}

void tenka_step_abandon(tenka_ctx *ctx)
{
    /* What was assigned before a flush is there, and stays. */
    for (tenka_variable *var = ctx->variables; var != NULL; var = var->next)
        if (var->current_step == ctx->generation && var->assigned_at >= ctx->flushed)
            var->lost_step = ctx->generation;
    tenka_step_close(ctx);
    tenka_step_tell(ctx, false);
}

void tenka_step_discard(tenka_ctx *ctx)
{
    if (ctx->open || ctx->mistake.status != TENKA_OK)
        tenka_step_abandon(ctx);
    else
        tenka_step_tell(ctx, false);
}

void tenka_step_watch(tenka_ctx *ctx, struct tenka_step_watcher *watcher)
{
    if (watcher->watches)
        return;
    watcher->watches = true;
    watcher->next = ctx->watchers;
    ctx->watchers = watcher;
}

void tenka_step_unwatch(tenka_ctx *ctx, struct tenka_step_watcher *watcher)
{
    struct tenka_step_watcher **at = &ctx->watchers;
    while (*at != NULL && *at != watcher)
        at = &(*at)->next;
    if (*at != NULL)
        *at = watcher->next;
    watcher->watches = false;
}

void tenka_step_tell(tenka_ctx *ctx, bool ran)
{
    while (ctx->watchers != NULL) {
        struct tenka_step_watcher *const watcher = ctx->watchers;
        tenka_step_unwatch(ctx, watcher);
        watcher->ended(watcher, ran);
    }
}

struct tenka_entry *tenka_trace_entry(tenka_ctx *ctx, enum tenka_entry_kind kind)
{
    tenka_step_begin(ctx);
    if (!tenka_grow(&ctx->entries, &ctx->entries_capacity, ctx->n_entries, sizeof(*ctx->entries))) {
        tenka_trace_fail(ctx, TENKA_E_NOMEM, "out of memory while tracing a step of %zu calls", ctx->n_entries);
        return NULL;
    }
    struct tenka_entry *entry = &ctx->entries[ctx->n_entries];
    memset(entry, 0, sizeof(*entry));
    entry->kind = (uint8_t)kind;
    entry->first_value = (uint32_t)ctx->n_values;
    entry->first_scalar = (uint32_t)ctx->n_scalars;
    return entry;
}

void tenka_trace_commit(tenka_ctx *ctx)
{
    const size_t i = ctx->n_entries++;
    if (ctx->matching)
        ctx->matching = i < ctx->expected->n_key &&
                        memcmp(&ctx->entries[i], &ctx->expected->key[i], sizeof(ctx->entries[i])) == 0;
}

uint32_t tenka_trace_value(tenka_ctx *ctx, const struct tenka_desc *desc)
{
    if (!tenka_grow(&ctx->values, &ctx->values_capacity, ctx->n_values, sizeof(*ctx->values))) {
        tenka_trace_fail(ctx, TENKA_E_NOMEM, "out of memory while tracing a step of %zu values", ctx->n_values);
        return INERT_SLOT;
    }
    struct tenka_entry *entry = &ctx->entries[ctx->n_entries];
    struct tenka_log_value *value = &ctx->values[ctx->n_values];
    *value = (struct tenka_log_value){
        .entry = (uint32_t)ctx->n_entries, .out = entry->n_values++, .desc = *desc, .layer = ctx->layer};
    return (uint32_t)ctx->n_values++;
}

bool tenka_tensor_valid(tenka_tensor t)
{
    return t.ctx != NULL && t.slot != INERT_SLOT && t.ctx->open && t.generation == t.ctx->generation &&
           t.slot < t.ctx->n_values;
}

bool tenka_trace_has_gradient(tenka_tensor t)
{
    return tenka_tensor_valid(t) && t.ctx->no_grad == 0 && t.ctx->values[t.slot].requires_grad;
}

struct tenka_shape tenka_tensor_shape(tenka_tensor t)
{
    return tenka_tensor_valid(t) ? t.ctx->values[t.slot].desc.shape : (struct tenka_shape){0};
}

enum tenka_dtype tenka_tensor_dtype(tenka_tensor t)
{
    return tenka_tensor_valid(t) ? t.ctx->values[t.slot].desc.dtype : TENKA_F32;
}

bool tenka_trace_input(tenka_ctx *ctx, tenka_tensor t, const char *what)
{
    if (tenka_tensor_valid(t) && t.ctx == ctx)
        return true;
    if (t.ctx != NULL && t.ctx != ctx)
        tenka_trace_fail(ctx, TENKA_E_INVALID, "%s: the tensors belong to different contexts", what);
    else if (t.ctx == NULL)
        tenka_trace_fail(ctx, TENKA_E_INVALID,
                         "%s: a tensor is missing (TENKA_NONE), as tenka_value gives it of a variable that is NULL: a "
                         "parameter was asked for by a name that none has, or was never made",
                         what);
    else if (t.slot != INERT_SLOT)
        tenka_trace_fail(ctx, TENKA_E_INVALID,
                         "%s: a tensor of an ended step was used; tenka_keep it in its step to use it later", what);
    else
        tenka_trace_fail(ctx, TENKA_E_INVALID, "%s: the tensor comes from a call that failed before", what);
    return false;
}

/* Fills the structural part of an entry from an inferred call. */
static bool fill_entry(tenka_ctx *ctx, struct tenka_entry *entry, const struct tenka_call *call, const tenka_tensor *in)
{
    bool requires_grad = false;
    for (uint32_t k = 0; k < call->n_in; k++) {
        entry->in[k] = in[k].slot;
        struct tenka_log_value *value = &ctx->values[in[k].slot];
        value->uses++;
        requires_grad |= value->requires_grad && tenka_op_differentiable(call->op, k);
    }
    entry->op = (uint8_t)call->op;
    entry->n_in = (uint8_t)call->n_in;
    entry->n_out = (uint8_t)call->n_out;
    entry->requires_grad = requires_grad && ctx->no_grad == 0;
    memcpy(entry->params, call->params, sizeof(entry->params));
    for (uint32_t k = 0; k < call->n_out; k++)
        entry->out[k] = call->out[k];
    return entry->requires_grad;
}

static bool add_scalars(tenka_ctx *ctx, const double *scalars, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (!tenka_grow(&ctx->scalars, &ctx->scalars_capacity, ctx->n_scalars, sizeof(*ctx->scalars)))
            return false;
        ctx->scalars[ctx->n_scalars++] = scalars[k];
    }
    return true;
}

static tenka_tensor append_call(tenka_ctx *ctx, const struct tenka_call *call, const tenka_tensor *in,
                                const double *scalars, tenka_tensor *out)
{
    struct tenka_entry *entry = tenka_trace_entry(ctx, TENKA_ENTRY_OP);
    if (entry == NULL)
        return tenka_inert(ctx);
    if (!add_scalars(ctx, scalars, tenka_ops[call->op].n_scalars))
        return tenka_trace_fail(ctx, TENKA_E_NOMEM, "out of memory while tracing a step");
    const bool requires_grad = fill_entry(ctx, entry, call, in);
    ctx->has_grad |= requires_grad;
    tenka_tensor first = tenka_inert(ctx);
    for (uint32_t k = 0; k < call->n_out; k++) {
        const uint32_t slot = tenka_trace_value(ctx, &call->out[k]);
        if (slot == INERT_SLOT)
            return tenka_inert(ctx);
        ctx->values[slot].requires_grad = requires_grad && tenka_op_output_differentiable(call->op, k);
        const tenka_tensor t = {ctx, slot, ctx->generation};
        if (k == 0)
            first = t;
        if (out != NULL)
            out[k] = t;
    }
    tenka_trace_commit(ctx);
    return first;
}

tenka_tensor tenka_trace(tenka_ctx *ctx, enum tenka_op op, const tenka_tensor *in, size_t n_in, const void *params,
                         size_t params_bytes, const struct tenka_shape *shape, const double *scalars, tenka_tensor *out)
{
    for (size_t k = 0; k < n_in && ctx == NULL; k++)
        ctx = in[k].ctx; /* the first tensor may be the one that is missing */
    if (ctx == NULL)
        return tenka_inert(NULL);
    struct tenka_call call = {.op = op, .n_in = (uint32_t)n_in};
    for (uint32_t k = 0; out != NULL && k < tenka_ops[op].n_out; k++)
        out[k] = tenka_inert(ctx);
    for (size_t k = 0; k < n_in; k++) {
        if (!tenka_trace_input(ctx, in[k], tenka_ops[op].name))
            return tenka_inert(ctx);
        call.in[k] = ctx->values[in[k].slot].desc;
    }
    if (params != NULL)
        memcpy(call.params, params, params_bytes);
    if (shape != NULL && shape->rank <= TENKA_MAX_RANK)
        call.out[0].shape = tenka_shape_make(shape->rank, shape->dim);
    else if (shape != NULL)
        return tenka_trace_fail(ctx, TENKA_E_SHAPE, "%s: rank %u is more than %d", tenka_ops[op].name, shape->rank,
                                TENKA_MAX_RANK);
    struct tenka_error err = {0};
    if (tenka_op_infer(&call, &err) != TENKA_OK)
        return tenka_trace_fail(ctx, err.status, "%s", err.text);
    return append_call(ctx, &call, in, scalars, out);
}

void tenka_trace_give(tenka_tensor t)
{
    struct tenka_entry *const entry = tenka_tensor_valid(t) ? tenka_trace_entry(t.ctx, TENKA_ENTRY_GIVE) : NULL;
    if (entry == NULL)
        return;
    entry->n_in = 1;
    entry->in[0] = t.slot;
    tenka_trace_commit(t.ctx);
}

/* ---- Leaves and assignment ---- */

static tenka_tensor leaf(tenka_ctx *ctx, const struct tenka_desc *desc)
{
    const uint32_t slot = tenka_trace_value(ctx, desc);
    if (slot == INERT_SLOT)
        return tenka_inert(ctx);
    return (tenka_tensor){ctx, slot, ctx->generation};
}

static void put_id(struct tenka_entry *entry, const tenka_variable *var)
{
    memcpy(entry->params, &var->head.id, sizeof(var->head.id));
}

/* assigned: the value that var got in this step; NULL: its content at the begin of the step. */
static tenka_tensor trace_leaf(tenka_variable *var, const uint32_t *assigned)
{
    tenka_ctx *ctx = var->ctx;
    struct tenka_entry *entry = tenka_trace_entry(ctx, TENKA_ENTRY_VARIABLE);
    if (entry == NULL)
        return tenka_inert(ctx);
    put_id(entry, var);
    if (assigned != NULL) {
        entry->n_in = 1;
        entry->in[0] = *assigned;
    }
    entry->requires_grad = var->requires_grad;
    entry->out[0] = var->head.desc;
    ctx->placeholder |= var->buffer == NULL;
    const tenka_tensor t = leaf(ctx, &var->head.desc);
    if (t.slot == INERT_SLOT)
        return t;
    ctx->values[t.slot].requires_grad = var->requires_grad;
    ctx->values[t.slot].var = &var->head;
    if (assigned != NULL) {
        var->current = t.slot;
    } else {
        var->leaf_step = ctx->generation;
        var->leaf = t.slot;
    }
    tenka_trace_commit(ctx);
    return t;
}

/* What var was assigned is a leaf of its own, since assignment is not differentiable. */
static tenka_tensor assigned_leaf(tenka_variable *var)
{
    const tenka_ctx *ctx = var->ctx;
    const struct tenka_log_value *value = &ctx->values[var->current];
    if (value->var == &var->head && ctx->entries[value->entry].kind == TENKA_ENTRY_VARIABLE)
        return (tenka_tensor){var->ctx, var->current, ctx->generation};
    return trace_leaf(var, &(uint32_t){var->current});
}

tenka_tensor tenka_value(tenka_variable *var)
{
    if (var == NULL)
        return tenka_inert(NULL);
    tenka_ctx *ctx = var->ctx;
    tenka_step_begin(ctx);
    if (var->current_step == ctx->generation)
        return assigned_leaf(var);
    if (var->leaf_step == ctx->generation)
        return (tenka_tensor){ctx, var->leaf, ctx->generation};
    return trace_leaf(var, NULL);
}

void tenka_assign(tenka_variable *var, tenka_tensor value)
{
    if (var == NULL || !tenka_trace_input(var->ctx, value, "assign"))
        return;
    tenka_ctx *ctx = var->ctx;
    const struct tenka_desc *desc = &ctx->values[value.slot].desc;
    if (desc->dtype != var->head.desc.dtype || !tenka_shape_equal(&desc->shape, &var->head.desc.shape)) {
        char want[TENKA_SHAPE_TEXT], have[TENKA_SHAPE_TEXT];
        tenka_trace_fail(ctx, TENKA_E_SHAPE, "assign: the variable %s is %s %s, the value is %s %s",
                         tenka_variable_name(var), tenka_dtype_name(var->head.desc.dtype),
                         tenka_shape_text(&var->head.desc.shape, want), tenka_dtype_name(desc->dtype),
                         tenka_shape_text(&desc->shape, have));
        return;
    }
    struct tenka_entry *entry = tenka_trace_entry(ctx, TENKA_ENTRY_ASSIGN);
    if (entry == NULL)
        return;
    if (!tenka_grow(&ctx->assignments, &ctx->assignments_capacity, ctx->n_assignments, sizeof(*ctx->assignments))) {
        tenka_trace_fail(ctx, TENKA_E_NOMEM, "out of memory while tracing a step of %zu calls", ctx->n_entries);
        return;
    }
    ctx->assignments[ctx->n_assignments++] =
        (struct tenka_assignment){.entry = (uint32_t)ctx->n_entries, .var = &var->head};
    put_id(entry, var);
    entry->n_in = 1;
    entry->in[0] = value.slot;
    ctx->values[value.slot].uses++;
    ctx->placeholder |= var->buffer == NULL;
    var->current_step = ctx->generation;
    var->current = value.slot;
    var->assigned_at = ctx->n_entries;
    tenka_trace_commit(ctx);
}

/* ---- Inputs ---- */

#define MAX_INPUT_BYTES ((size_t)64 << 20)

static bool reserve_input(tenka_ctx *ctx, size_t bytes)
{
    const size_t end = tenka_align(ctx->inputs_bytes, TENKA_OPERAND_ALIGN) + bytes;
    if (end - ctx->unlimited_bytes > MAX_INPUT_BYTES) {
        tenka_trace_fail(ctx, TENKA_E_INVALID,
                         "input: the inputs of one step%s take %zu bytes, more than the %zu allowed; "
                         "keep large data in a variable%s",
                         ctx->has_masks ? " (with PyTorch's dropout masks)" : "", end - ctx->unlimited_bytes,
                         MAX_INPUT_BYTES, ctx->has_masks ? " and draw dropout's masks by Philox" : "");
        return false;
    }
    while (ctx->inputs_capacity < end) {
        const size_t capacity = ctx->inputs_capacity ? 2 * ctx->inputs_capacity : 4096;
        unsigned char *grown = tenka_realloc_array(ctx->inputs, capacity, 1);
        if (grown == NULL) {
            tenka_trace_fail(ctx, TENKA_E_NOMEM, "out of memory for %zu bytes of inputs", capacity);
            return false;
        }
        ctx->inputs = grown;
        ctx->inputs_capacity = capacity;
    }
    return true;
}

static void copy_real(tenka_ctx *ctx, unsigned char *dst, const float *src, size_t count)
{
    if (ctx->limits.real_bytes == sizeof(float)) {
        memcpy(dst, src, count * sizeof(float));
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(dst + i * sizeof(double), &(double){(double)src[i]}, sizeof(double));
}

/* An input with room for its bytes at *room; room NULL: a placeholder, which takes none. */
static tenka_tensor trace_room(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, void **room)
{
    struct tenka_error err = {0};
    if (tenka_shape_check(&err, "input", &shape) != TENKA_OK)
        return tenka_trace_fail(ctx, err.status, "%s", err.text);
    if (dtype > TENKA_U8)
        return tenka_trace_fail(ctx, TENKA_E_INVALID, "input: %d is no dtype", (int)dtype);
    const struct tenka_desc desc[] = {{dtype, tenka_shape_make(shape.rank, shape.dim)}};
    struct tenka_entry *entry = tenka_trace_entry(ctx, TENKA_ENTRY_INPUT);
    const size_t bytes = room != NULL ? tenka_desc_bytes(ctx, desc) : 0;
    if (entry == NULL || !reserve_input(ctx, bytes))
        return tenka_inert(ctx);
    const size_t offset = tenka_align(ctx->inputs_bytes, TENKA_OPERAND_ALIGN);
    ctx->inputs_bytes = offset + bytes;
    entry->out[0] = *desc;
    const tenka_tensor t = leaf(ctx, desc);
    if (t.slot != INERT_SLOT)
        tenka_trace_commit(ctx);
    if (room != NULL)
        *room = ctx->inputs + offset;
    return t;
}

tenka_tensor tenka_input(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, const void *data)
{
    if (ctx == NULL)
        return tenka_inert(NULL);
    if (data == NULL)
        return tenka_trace_fail(ctx, TENKA_E_INVALID, "input: data is NULL");
    void *room;
    const tenka_tensor t = trace_room(ctx, dtype, shape, &room);
    const size_t count = (size_t)tenka_shape_count(&shape);
    if (tenka_tensor_valid(t) && dtype == TENKA_F32)
        copy_real(ctx, room, data, count);
    else if (tenka_tensor_valid(t))
        memcpy(room, data, tenka_dtype_bytes(dtype, count, 0));
    return t;
}

tenka_tensor tenka_trace_input_room(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, void **room)
{
    *room = NULL;
    if (ctx->placeholder)
        return trace_room(ctx, dtype, shape, NULL);
    tenka_step_begin(ctx); /* which begins to count */
    const size_t before = ctx->inputs_bytes;
    /* On the CPU the bytes are nothing but host memory; on a GPU each recording has a copy of them. */
    if (ctx->backend != TENKA_BACKEND_VULKAN)
        ctx->unlimited_bytes += tenka_align(before, TENKA_OPERAND_ALIGN) - before +
                                tenka_desc_bytes(ctx, &(struct tenka_desc){dtype, shape});
    return trace_room(ctx, dtype, shape, room);
}

tenka_tensor tenka_trace_placeholder(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape)
{
    const tenka_tensor t = trace_room(ctx, dtype, shape, NULL);
    ctx->placeholder = true;
    return t;
}

void tenka_no_grad_begin(tenka_ctx *ctx)
{
    ctx->no_grad++;
}

void tenka_no_grad_end(tenka_ctx *ctx)
{
    if (ctx->no_grad > 0)
        ctx->no_grad--;
}
