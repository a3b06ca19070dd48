/* The plans of a context: found by the call log, the least recently used one leaves. */
#include "graph/internal.h"

/* FNV-1a over the log's words. Source: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_log(const tenka_ctx *ctx)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < ctx->n_entries; i++) {
        uint32_t words[sizeof(struct tenka_entry) / sizeof(uint32_t)];
        memcpy(words, &ctx->entries[i], sizeof(words));
        for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
            hash = (hash ^ words[k]) * 0x100000001b3u;
    }
    return hash;
}

/* Guesses the plan of the step (or of its part after a flush) that begins: the one that came after the last. */
void tenka_cache_expect(tenka_ctx *ctx)
{
    ctx->expected = ctx->previous != NULL ? ctx->previous->follower : NULL;
    ctx->matching =
        ctx->expected != NULL && ctx->expected->n_key >= ctx->n_entries &&
        (ctx->n_entries == 0 || memcmp(ctx->expected->key, ctx->entries, ctx->n_entries * sizeof(*ctx->entries)) == 0);
}

static void forget(tenka_ctx *ctx, size_t i)
{
    struct tenka_kept_plan *gone = ctx->plans[i];
    ctx->plans[i] = ctx->plans[--ctx->n_plans];
    for (size_t k = 0; k < ctx->n_plans; k++)
        if (ctx->plans[k]->follower == gone)
            ctx->plans[k]->follower = NULL;
    if (ctx->previous == gone)
        ctx->previous = NULL;
    if (ctx->expected == gone) {
        ctx->expected = NULL;
        ctx->matching = false;
    }
    if (ctx->readable == gone) {
        ctx->readable = NULL;
        ctx->readable_generation = 0;
    }
    tenka_plan_free(ctx, gone);
}

static void evict_oldest(tenka_ctx *ctx)
{
    size_t oldest = 0;
    for (size_t i = 1; i < ctx->n_plans; i++)
        if (ctx->plans[i]->last_use < ctx->plans[oldest]->last_use)
            oldest = i;
    forget(ctx, oldest);
}

#define MISSES_WARNED 32

static void count_miss(tenka_ctx *ctx)
{
    if (++ctx->misses_in_a_row < MISSES_WARNED || ctx->warned_misses)
        return;
    ctx->warned_misses = true;
    tenka_say(&ctx->log, TENKA_LOG_WARNING,
              "the last %d steps all differed in structure, so each was planned anew, which is slow; "
              "keep shapes and the order of operators the same from step to step",
              MISSES_WARNED);
}

static struct tenka_kept_plan *look_up(tenka_ctx *ctx, uint64_t hash)
{
    for (size_t i = 0; i < ctx->n_plans; i++) {
        struct tenka_kept_plan *plan = ctx->plans[i];
        if (plan->hash == hash && plan->n_key == ctx->n_entries &&
            memcmp(plan->key, ctx->entries, plan->n_key * sizeof(*plan->key)) == 0)
            return plan;
    }
    return NULL;
}

tenka_status tenka_cache_find(tenka_ctx *ctx, struct tenka_kept_plan **out)
{
    struct tenka_kept_plan *plan = NULL;
    uint64_t hash = 0;
    if (ctx->matching && ctx->expected->n_key == ctx->n_entries) {
        plan = ctx->expected;
    } else {
        hash = hash_log(ctx);
        plan = look_up(ctx, hash);
    }
    if (plan != NULL) {
        ctx->misses_in_a_row = 0;
    } else {
        TENKA_TRY(tenka_plan_build(ctx, &plan));
        plan->hash = hash;
        if (ctx->n_plans == TENKA_MAX_PLANS)
            evict_oldest(ctx);
        ctx->plans[ctx->n_plans++] = plan;
        ctx->plans_made++;
        count_miss(ctx);
    }
    plan->last_use = ++ctx->clock;
    *out = plan;
    return TENKA_OK;
}

void tenka_cache_drop_variable(tenka_ctx *ctx, const tenka_variable *var)
{
    for (size_t i = ctx->n_plans; i-- > 0;) {
        bool used = false;
        for (size_t k = 0; k < ctx->plans[i]->n_key && !used; k++) {
            const struct tenka_entry *entry = &ctx->plans[i]->key[k];
            uint64_t id;
            memcpy(&id, entry->params, sizeof(id));
            used = id == var->head.id && (entry->kind == TENKA_ENTRY_VARIABLE || entry->kind == TENKA_ENTRY_ASSIGN);
        }
        if (used)
            forget(ctx, i);
    }
}

void tenka_cache_finish(tenka_ctx *ctx)
{
    while (ctx->n_plans > 0)
        forget(ctx, ctx->n_plans - 1);
}

/* ---- Making a plan ready to run ---- */

void tenka_cache_drop_programs(tenka_ctx *ctx)
{
    for (size_t i = 0; i < ctx->n_plans; i++)
        tenka_program_destroy(ctx->dev, &ctx->plans[i]->program);
}

/* A larger block takes the place of one that is too small; programs recorded with the old one are given up. */
static tenka_status grow_block(tenka_ctx *ctx, size_t block, size_t bytes)
{
    TENKA_TRY(tenka_device_wait(ctx->dev));
    tenka_cache_drop_programs(ctx);
    ctx->readable_generation = 0;
    if (ctx->arena.buffer[block] != NULL)
        tenka_buffer_destroy(ctx->dev, &ctx->arena.buffer[block]);
    return tenka_buffer_create(ctx->dev, bytes, "arena", &ctx->arena.buffer[block]);
}

static tenka_status grow_arena(tenka_ctx *ctx, const struct tenka_step_plan *plan)
{
    for (size_t b = 0; b < plan->n_blocks; b++) {
        const tenka_buffer *buffer = ctx->arena.buffer[b];
        if (plan->block_bytes[b] > 0 && (buffer == NULL || tenka_buffer_size(buffer) < plan->block_bytes[b]))
            TENKA_TRY(grow_block(ctx, b, plan->block_bytes[b]));
    }
    return TENKA_OK;
}

static void aim_operand(tenka_ctx *ctx, const struct tenka_place *place, struct tenka_operand *operand)
{
    operand->buffer = tenka_place_buffer(ctx, place);
    operand->name = place->kind == TENKA_PLACE_VARIABLE ? tenka_variable_name(tenka_variable_of(place->var)) : NULL;
}

tenka_status tenka_cache_ready(tenka_ctx *ctx, struct tenka_kept_plan *plan)
{
    if (plan->program != NULL || plan->step.plan.n_nodes == 0)
        return TENKA_OK;
    TENKA_TRY(grow_arena(ctx, &plan->step));
    for (size_t v = 0; v < plan->step.plan.n_operands; v++)
        aim_operand(ctx, &plan->step.places[v], &plan->step.operands[v]);
    plan->step.plan.timing = ctx->profiling > 0 ? ctx->timing : TENKA_TIMING_NONE;
    return tenka_program_prepare(ctx->dev, &plan->step.plan, &plan->program);
}
