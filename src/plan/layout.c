/* Which nodes are needed, how long their results live, and where those lie that a flush spills. */
#include "plan/planner.h"

/* ---- Dead nodes ---- */

static struct tenka_storage *storage_of(struct tenka_planner *p, uint32_t value)
{
    return value == TENKA_NONE_ID ? NULL : &p->storages[p->values[value].storage];
}

static bool writes_needed(struct tenka_planner *p, const struct tenka_plan_node *node)
{
    bool needed = false;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const struct tenka_storage *s = storage_of(p, node->out[k]);
        needed |= s != NULL && s->needed;
    }
    return needed;
}

/* Goes backwards: what a needed node reads is needed. */
void tenka_planner_drop_dead(struct tenka_planner *p)
{
    size_t kept = p->n_nodes;
    for (size_t s = 0; s < p->n_storages; s++)
        p->storages[s].needed = p->storages[s].keep;
    for (size_t i = p->n_nodes; i-- > 0;) {
        const struct tenka_plan_node *node = &p->nodes[i];
        if (!writes_needed(p, node))
            continue;
        for (uint32_t k = 0; k < node->n_in; k++)
            if (node->in[k] != TENKA_NONE_ID)
                storage_of(p, node->in[k])->needed = true;
        p->nodes[--kept] = *node;
    }
    p->n_nodes -= kept;
    if (p->n_nodes > 0) /* without nodes there may be no array */
        memmove(p->nodes, p->nodes + kept, p->n_nodes * sizeof(*p->nodes));
}

/* ---- Lifetimes ---- */

/* Whether a device may run node i and the one behind it as one: then neither may take the other's memory. */
static bool joins_next(const struct tenka_planner *p, uint32_t i)
{
    const uint32_t flags = tenka_passes[p->nodes[i].kernel].flags;
    return i + 1 < p->n_nodes && p->nodes[i].kernel == p->nodes[i + 1].kernel && (flags & TENKA_PASS_JOBS) != 0 &&
           (flags & TENKA_PASS_INPLACE) == 0;
}

/* What a node reads and writes is there from node first on until node last, or longer. */
static void live(struct tenka_planner *p, const struct tenka_plan_node *node, uint32_t first, uint32_t last)
{
    for (uint32_t k = 0; k < node->n_out; k++) {
        struct tenka_storage *s = storage_of(p, node->out[k]);
        if (s != NULL && s->writer == TENKA_NONE_ID)
            s->writer = first;
        if (s != NULL)
            s->last = last;
    }
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != TENKA_NONE_ID)
            storage_of(p, node->in[k])->last = last;
}

static void find_lifetimes(struct tenka_planner *p)
{
    for (size_t s = 0; s < p->n_storages; s++) {
        p->storages[s].writer = TENKA_NONE_ID;
        p->storages[s].last = 0;
    }
    for (uint32_t first = 0, end; first < p->n_nodes; first = end) {
        for (end = first + 1; joins_next(p, end - 1);)
            end++;
        for (uint32_t i = first; i < end; i++)
            live(p, &p->nodes[i], first, end - 1);
    }
    for (size_t s = 0; s < p->n_storages; s++)
        if (p->storages[s].keep)
            p->storages[s].last = (uint32_t)p->n_nodes;
}

/* ---- Spilled values ---- */

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
    return tenka_planner_too_large(p, bytes);
}

tenka_status tenka_planner_layout(struct tenka_planner *p, struct tenka_step_plan *plan)
{
    find_lifetimes(p);
    memcpy(plan->spill_bytes, p->target->spill_used, sizeof(plan->spill_bytes));
    memcpy(plan->spill_size, p->target->spill_size, sizeof(plan->spill_size));
    for (uint32_t s = 0; s < p->n_storages; s++)
        if (p->storages[s].writer != TENKA_NONE_ID && p->storages[s].place.kind == TENKA_PLACE_SPILL)
            TENKA_TRY(place_in_spill(p, plan, &p->storages[s]));
    return tenka_planner_lay_arena(p, plan);
}
