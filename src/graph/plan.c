/* The plan of what was traced: planning with the context's log and device, and the memory that the plan asks for. */
#include "graph/internal.h"

size_t tenka_desc_bytes(const tenka_ctx *ctx, const struct tenka_desc *desc)
{
    return tenka_dtype_bytes(desc->dtype, (size_t)tenka_shape_count(&desc->shape), ctx->limits.real_bytes);
}

tenka_buffer *tenka_place_buffer(tenka_ctx *ctx, const struct tenka_place *place)
{
    switch (place->kind) {
    case TENKA_PLACE_ARENA: return ctx->arena.buffer[place->block];
    case TENKA_PLACE_SPILL: return ctx->spill.buffer[place->block];
    case TENKA_PLACE_VARIABLE: return tenka_variable_of(place->var)->buffer;
    case TENKA_PLACE_NONE:
    case TENKA_PLACE_INPUT: break;
    }
    return NULL;
}

static struct tenka_record record_of(const tenka_ctx *ctx)
{
    return (struct tenka_record){
        .entries = ctx->entries,
        .n_entries = ctx->n_entries,
        .values = ctx->values,
        .n_values = ctx->n_values,
        .assignments = ctx->assignments,
        .n_assignments = ctx->n_assignments,
        .n_scalars = ctx->n_scalars,
        .flushed = ctx->flushed,
        .spilled = ctx->spilled,
        .n_spilled = ctx->n_spilled,
    };
}

static bool device_fuses(const void *device, enum tenka_kernel kernel, const int32_t *params)
{
    return tenka_device_fuses(device, kernel, params);
}

static struct tenka_plan_target target_of(const tenka_ctx *ctx)
{
    struct tenka_plan_target target = {
        .real_bytes = ctx->limits.real_bytes,
        .max_buffer = ctx->limits.max_buffer,
        .fuses = device_fuses,
        .device = ctx->dev,
    };
    memcpy(target.spill_used, ctx->spill_used, sizeof(target.spill_used));
    for (size_t b = 0; b < TENKA_MAX_BLOCKS; b++)
        target.spill_size[b] = ctx->spill.buffer[b] != NULL ? tenka_buffer_size(ctx->spill.buffer[b]) : 0;
    return target;
}

static tenka_status make_spill_blocks(tenka_ctx *ctx, const struct tenka_step_plan *plan)
{
    for (size_t b = 0; b < TENKA_MAX_BLOCKS; b++)
        if (plan->spill_size[b] > 0 && ctx->spill.buffer[b] == NULL)
            TENKA_TRY(tenka_buffer_create(ctx->dev, plan->spill_size[b], "spill", &ctx->spill.buffer[b]));
    return TENKA_OK;
}

static tenka_status copy_key(tenka_ctx *ctx, struct tenka_kept_plan *plan)
{
    plan->key = tenka_alloc_array(ctx->n_entries + 1, sizeof(*plan->key));
    if (plan->key == NULL)
        return tenka_fail_nomem(&ctx->err);
    plan->n_key = ctx->n_entries;
    memcpy(plan->key, ctx->entries, ctx->n_entries * sizeof(*plan->key));
    return TENKA_OK;
}

static tenka_status fill_plan(tenka_ctx *ctx, struct tenka_kept_plan *plan)
{
    const struct tenka_record record = record_of(ctx);
    const struct tenka_plan_target target = target_of(ctx);
    TENKA_TRY(copy_key(ctx, plan));
    TENKA_TRY(tenka_plan_step(&record, &target, &ctx->err, &plan->step));
    return make_spill_blocks(ctx, &plan->step);
}

tenka_status tenka_plan_build(tenka_ctx *ctx, struct tenka_kept_plan **out)
{
    *out = NULL;
    struct tenka_kept_plan *plan = tenka_alloc(sizeof(*plan));
    if (plan == NULL)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = fill_plan(ctx, plan);
    if (s != TENKA_OK) {
        tenka_plan_free(ctx, plan);
        return s;
    }
    *out = plan;
    return TENKA_OK;
}

void tenka_plan_free(tenka_ctx *ctx, struct tenka_kept_plan *plan)
{
    tenka_program_destroy(ctx->dev, &plan->program);
    tenka_step_plan_finish(&plan->step);
    tenka_free(plan->key);
    tenka_free(plan);
}
