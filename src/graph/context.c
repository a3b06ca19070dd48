/* Contexts: a device, its plans and the step being traced. */
#include "graph/internal.h"

#include <stdio.h>

#include "core/os.h"

/* The sentence of the last call that failed without a context to keep it, such as tenka_ctx_create. */
static _Thread_local struct tenka_error create_error;

tenka_status tenka_devices(struct tenka_device_info *out, size_t max, size_t *count)
{
    return tenka_device_list(&create_error, out, max, count);
}

static tenka_status check_params(const struct tenka_ctx_params *p)
{
    if (p->backend > TENKA_BACKEND_CPU_F64)
        return tenka_fail(&create_error, TENKA_E_INVALID, "context: %d is no backend", (int)p->backend);
    if (p->dropout_mask > TENKA_DROPOUT_PHILOX)
        return tenka_fail(&create_error, TENKA_E_INVALID, "context: %d is no way to draw dropout's masks",
                          (int)p->dropout_mask);
    if (p->tune > TENKA_TUNE_ON)
        return tenka_fail(&create_error, TENKA_E_INVALID, "context: %d is no way to tune", (int)p->tune);
    if (p->threads < 0)
        return tenka_fail(&create_error, TENKA_E_INVALID, "context: %d threads; 0 lets OpenMP choose", p->threads);
    return TENKA_OK;
}

static tenka_status open_context(const struct tenka_ctx_params *p, tenka_ctx *ctx)
{
    ctx->log = (struct tenka_log){p->log, p->log_user, p->progress, p->progress_user};
    ctx->generation = 1;
    tenka_rng_seed(&ctx->rng, p->seed);
    const tenka_status s = tenka_device_open(p, &ctx->err, &ctx->log, &ctx->backend, &ctx->dev);
    if (s == TENKA_OK)
        tenka_device_limits(ctx->dev, &ctx->limits);
    ctx->torch_masks = p->dropout_mask == TENKA_DROPOUT_TORCH ||
                       (p->dropout_mask == TENKA_DROPOUT_AUTO && ctx->backend != TENKA_BACKEND_VULKAN);
    return s;
}

tenka_status tenka_ctx_create(const struct tenka_ctx_params *params, tenka_ctx **out)
{
    struct tenka_ctx_params own = TENKA_CTX_DEFAULTS;
    const struct tenka_ctx_params *const p = &own;
    if (out == NULL)
        return tenka_fail(&create_error, TENKA_E_INVALID, "context: out is NULL");
    *out = NULL;
    TENKA_TRY(tenka_take_params(&create_error, "context", "TENKA_CTX_DEFAULTS", &own, params));
    TENKA_TRY(check_params(p));
    tenka_ctx *ctx = tenka_alloc(sizeof(*ctx));
    if (ctx == NULL)
        return tenka_fail_nomem(&create_error);
    const tenka_status s = open_context(p, ctx);
    if (s != TENKA_OK) {
        create_error = ctx->err;
        tenka_ctx_destroy(&ctx);
    }
    *out = ctx;
    return s;
}

static void destroy_blocks(tenka_ctx *ctx, struct tenka_blocks *blocks)
{
    for (size_t i = 0; i < TENKA_MAX_BLOCKS; i++)
        if (blocks->buffer[i] != NULL)
            tenka_buffer_destroy(ctx->dev, &blocks->buffer[i]);
}

void tenka_ctx_destroy(tenka_ctx **ctx)
{
    if (ctx == NULL || *ctx == NULL)
        return;
    tenka_ctx *c = *ctx;
    *ctx = NULL;
    if (c->dev != NULL) {
        tenka_device_wait(c->dev);
        tenka_cache_finish(c);
        destroy_blocks(c, &c->arena);
        destroy_blocks(c, &c->spill);
    }
    tenka_device_close(&c->dev);
    tenka_free(c->entries);
    tenka_free(c->values);
    tenka_free(c->assignments);
    tenka_free(c->scalars);
    tenka_free(c->inputs);
    tenka_free(c->spilled);
    tenka_free(c->marks);
    for (size_t i = 0; i < c->n_names; i++)
        tenka_free(c->names[i]);
    tenka_free(c->names);
    tenka_free(c);
}

const char *tenka_last_error(const tenka_ctx *ctx)
{
    return ctx != NULL ? ctx->err.text : create_error.text;
}

tenka_status tenka_last_status(const tenka_ctx *ctx)
{
    return ctx != NULL ? ctx->err.status : create_error.status;
}

const char *tenka_ctx_device_name(const tenka_ctx *ctx)
{
    return tenka_device_name(ctx->dev);
}

enum tenka_backend tenka_ctx_backend(const tenka_ctx *ctx)
{
    return ctx->backend;
}

void tenka_manual_seed(tenka_ctx *ctx, uint64_t seed)
{
    tenka_rng_seed(&ctx->rng, seed);
}

tenka_status tenka_synchronize(tenka_ctx *ctx)
{
    const double begin = ctx->open ? tenka_host_note(ctx, TENKA_HOST_TRACE, ctx->traced_since) : tenka_host_now(ctx);
    const tenka_status s = tenka_device_wait(ctx->dev);
    ctx->traced_since = tenka_host_note(ctx, TENKA_HOST_WAIT, begin);
    return s;
}

void tenka_ctx_stats(const tenka_ctx *ctx, struct tenka_ctx_stats *out)
{
    const bool ran = ctx->previous != NULL && ctx->previous->program != NULL;
    const struct tenka_ctx_stats own = {
        .size = sizeof(own),
        .steps = ctx->steps,
        .plans_made = ctx->plans_made,
        .plans_cached = ctx->n_plans,
        .device_bytes = ctx->dev->bytes,
        .device_objects = ctx->dev->objects,
        .host_allocations = tenka_alloc_count(),
        .dispatches = ran ? tenka_program_dispatches(ctx->dev, ctx->previous->program) : 0,
    };
    tenka_give_result(NULL, "stats", "sizeof", out, &own);
}

uint64_t tenka_ctx_step_memory(const tenka_ctx *ctx)
{
    uint64_t blocks = 0;
    for (size_t i = 0; i < TENKA_MAX_BLOCKS; i++) {
        blocks += ctx->arena.buffer[i] != NULL ? tenka_buffer_size(ctx->arena.buffer[i]) : 0;
        blocks += ctx->spill.buffer[i] != NULL ? tenka_buffer_size(ctx->spill.buffer[i]) : 0;
    }
    if (tenka_device_borrows(ctx->dev)) {
        const uint64_t more = tenka_os_free_memory();
        return more > 0 ? more + blocks : 0;
    }
    const uint64_t variables = ctx->dev->bytes - blocks, all = ctx->limits.memory;
    return all > variables ? all - variables : all > 0;
}

struct tenka_rng *tenka_ctx_rng(tenka_ctx *ctx)
{
    return &ctx->rng;
}

bool tenka_ctx_torch_masks(const tenka_ctx *ctx)
{
    return ctx->torch_masks;
}

struct tenka_error *tenka_ctx_error(tenka_ctx *ctx)
{
    return ctx != NULL ? &ctx->err : &create_error;
}

const struct tenka_log *tenka_ctx_log(const tenka_ctx *ctx)
{
    return &ctx->log;
}

tenka_device *tenka_ctx_device(tenka_ctx *ctx)
{
    return ctx->dev;
}

void tenka_ctx_visit_plans(tenka_ctx *ctx, tenka_plan_visitor visit, void *user)
{
    for (size_t i = 0; i < ctx->n_plans; i++)
        if (ctx->plans[i]->program != NULL)
            visit(user, &ctx->plans[i]->step.plan, ctx->plans[i]->program);
}
