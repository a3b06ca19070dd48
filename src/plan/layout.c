/* Dead nodes and memory: which nodes are needed, and where their results lie. */
#include "plan/planner.h"

/* ---- Dead nodes ---- */

static bool writes_needed(const struct tenka_planner *p, const struct tenka_plan_node *node)
{
    for (uint32_t k = 0; k < node->n_out; k++)
        if (node->out[k] != TENKA_NONE_ID && p->storages[p->values[node->out[k]].storage].keep)
            return true;
    return false;
}

/* Walks backwards; storage.last serves as "somebody reads it" until the layout fills it. */
void tenka_planner_drop_dead(struct tenka_planner *p)
{
    for (size_t s = 0; s < p->n_storages; s++)
        p->storages[s].last = p->storages[s].keep;
    size_t kept = p->n_nodes;
    for (size_t i = p->n_nodes; i-- > 0;) {
        const struct tenka_plan_node node = p->nodes[i];
        bool needed = writes_needed(p, &node);
        for (uint32_t k = 0; k < node.n_out; k++)
            needed |= node.out[k] != TENKA_NONE_ID && p->storages[p->values[node.out[k]].storage].last;
        if (!needed)
            continue;
        for (uint32_t k = 0; k < node.n_in; k++)
            if (node.in[k] != TENKA_NONE_ID)
                p->storages[p->values[node.in[k]].storage].last = 1;
        p->nodes[--kept] = node;
    }
    p->n_nodes -= kept;
    if (p->n_nodes > 0) /* without nodes there may be no array */
        memmove(p->nodes, p->nodes + kept, p->n_nodes * sizeof *p->nodes);
}

/* ---- Lifetimes ---- */

static void find_lifetimes(struct tenka_planner *p)
{
    for (size_t s = 0; s < p->n_storages; s++) {
        p->storages[s].writer = TENKA_NONE_ID;
        p->storages[s].last = 0;
    }
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        const struct tenka_plan_node *node = &p->nodes[i];
        for (uint32_t k = 0; k < node->n_out; k++) {
            if (node->out[k] == TENKA_NONE_ID)
                continue;
            struct tenka_storage *s = &p->storages[p->values[node->out[k]].storage];
            if (s->writer == TENKA_NONE_ID)
                s->writer = i;
            s->last = i;
        }
        for (uint32_t k = 0; k < node->n_in; k++)
            if (node->in[k] != TENKA_NONE_ID)
                p->storages[p->values[node->in[k]].storage].last = i;
    }
    for (size_t s = 0; s < p->n_storages; s++)
        if (p->storages[s].keep)
            p->storages[s].last = (uint32_t)p->n_nodes;
}

/* ---- Placing ---- */

/* Blocks stay below this where a step fits into such, so that no single huge allocation is asked for. */
#define BLOCK_LIMIT ((size_t)1 << 30)

static bool overlap(const struct tenka_storage *a, const struct tenka_storage *b)
{
    return a->writer <= b->last && b->writer <= a->last;
}

/* The lowest offset in a block where s fits beside everything placed that lives at the same time. */
static size_t lowest_gap(const struct tenka_planner *p, const uint32_t *placed, size_t n_placed,
                         const struct tenka_storage *s, uint32_t block)
{
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < n_placed; i++) {
            const struct tenka_storage *other = &p->storages[placed[i]];
            const size_t end = other->place.offset + tenka_align(other->bytes, TENKA_OPERAND_ALIGN);
            if (other->place.block != block || !overlap(s, other) || offset >= end ||
                other->place.offset >= offset + tenka_align(s->bytes, TENKA_OPERAND_ALIGN))
                continue;
            offset = end;
            moved = true;
        }
    }
    return offset;
}

static tenka_status too_large(struct tenka_planner *p, size_t bytes)
{
    const size_t limit = p->target->max_buffer;
    if (bytes > limit)
        return tenka_fail(p->err, TENKA_E_NOMEM, "this step has a tensor of %zu MiB, but the largest buffer of "
                          "this device has %zu MiB; use a smaller batch or network", bytes >> 20, limit >> 20);
    return tenka_fail(p->err, TENKA_E_NOMEM,
                      "this step needs more temporary memory than %d buffers of %zu MiB, the largest of this device; "
                      "use a smaller batch or network", TENKA_MAX_BLOCKS, limit >> 20);
}

static tenka_status place_in_arena(struct tenka_planner *p, struct tenka_step_plan *plan, struct tenka_storage *s,
                                   const uint32_t *placed, size_t n_placed, size_t limit)
{
    const size_t bytes = tenka_align(s->bytes, TENKA_OPERAND_ALIGN);
    for (uint32_t block = 0; block < TENKA_MAX_BLOCKS && bytes <= limit; block++) {
        const size_t offset = lowest_gap(p, placed, n_placed, s, block);
        if (offset + bytes > limit)
            continue;
        s->place.block = block;
        s->place.offset = offset;
        if (plan->block_bytes[block] < offset + bytes)
            plan->block_bytes[block] = offset + bytes;
        if (plan->n_blocks <= block)
            plan->n_blocks = block + 1;
        return TENKA_OK;
    }
    return too_large(p, bytes);
}

#define SPILL_BLOCK ((size_t)32 << 20)

/* Bytes of a block that is made for a value of so many. */
static size_t new_block(const struct tenka_planner *p, size_t bytes)
{
    const size_t usual = SPILL_BLOCK < p->target->max_buffer ? SPILL_BLOCK : p->target->max_buffer;
    return bytes > usual ? bytes : usual;
}

/* Spilled values stay until the step ends: they are laid one behind the other. */
static tenka_status place_in_spill(struct tenka_planner *p, struct tenka_step_plan *plan, struct tenka_storage *s)
{
    const size_t bytes = tenka_align(s->bytes, TENKA_OPERAND_ALIGN);
    for (uint32_t block = 0; block < TENKA_MAX_BLOCKS && bytes <= p->target->max_buffer; block++) {
        if (plan->spill_size[block] == 0)
            plan->spill_size[block] = new_block(p, bytes);
        if (plan->spill_bytes[block] + bytes > plan->spill_size[block])
            continue;
        s->place.block = block;
        s->place.offset = plan->spill_bytes[block];
        plan->spill_bytes[block] += bytes;
        return TENKA_OK;
    }
    return too_large(p, bytes);
}

/* Lays out the temporary memory in blocks of at most limit bytes. */
static tenka_status lay_out(struct tenka_planner *p, struct tenka_step_plan *plan, size_t limit, uint32_t *placed)
{
    size_t n_placed = 0;
    plan->n_blocks = 0;
    memset(plan->block_bytes, 0, sizeof plan->block_bytes);
    for (uint32_t s = 0; s < p->n_storages; s++) {
        struct tenka_storage *storage = &p->storages[s];
        /* Without a writer: a leaf, or dead. */
        if (storage->writer == TENKA_NONE_ID || storage->place.kind != TENKA_PLACE_ARENA)
            continue;
        TENKA_TRY(place_in_arena(p, plan, storage, placed, n_placed, limit));
        placed[n_placed++] = s;
    }
    return TENKA_OK;
}

/* Blocks are as large as they have to be: up to BLOCK_LIMIT, else up to twice that, and so on to the device's limit. */
static tenka_status lay_out_arena(struct tenka_planner *p, struct tenka_step_plan *plan)
{
    const size_t most = p->target->max_buffer;
    uint32_t *placed = tenka_alloc_array(p->n_storages + 1, sizeof *placed);
    if (!placed)
        return tenka_fail_nomem(p->err);
    size_t limit = most < BLOCK_LIMIT ? most : BLOCK_LIMIT;
    tenka_status status = lay_out(p, plan, limit, placed);
    while (status == TENKA_E_NOMEM && limit < most) {
        limit = limit < most / 2 ? 2 * limit : most;
        status = lay_out(p, plan, limit, placed);
    }
    tenka_free(placed);
    return status;
}

tenka_status tenka_planner_layout(struct tenka_planner *p, struct tenka_step_plan *plan)
{
    find_lifetimes(p);
    memcpy(plan->spill_bytes, p->target->spill_used, sizeof plan->spill_bytes);
    memcpy(plan->spill_size, p->target->spill_size, sizeof plan->spill_size);
    for (uint32_t s = 0; s < p->n_storages; s++)
        if (p->storages[s].writer != TENKA_NONE_ID && p->storages[s].place.kind == TENKA_PLACE_SPILL)
            TENKA_TRY(place_in_spill(p, plan, &p->storages[s]));
    return lay_out_arena(p, plan);
}
