/* The record, entry by entry, as nodes. */
#include "plan/planner.h"

static void expand_op(struct tenka_planner *p, const struct tenka_entry *entry)
{
    struct tenka_call call = {.op = (enum tenka_op)entry->op, .n_in = entry->n_in, .n_out = entry->n_out};
    uint32_t in[TENKA_MAX_IN], out[TENKA_MAX_OUT];
    for (uint32_t k = 0; k < entry->n_in; k++)
        in[k] = p->map[entry->in[k]];
    memcpy(call.params, entry->params, sizeof(call.params));
    memcpy(call.out, entry->out, sizeof(call.out));
    const struct tenka_scalar_ref scalar = {entry->first_scalar, false};
    if (tenka_planner_forward(p, &call, in, scalar, out) == TENKA_NONE_ID)
        return;
    for (uint32_t k = 0; k < entry->n_out; k++)
        p->map[entry->first_value + k] = out[k];
}

/* ---- Leaves: a hash table of their storages, by place ---- */

static bool same_place(const struct tenka_place *a, const struct tenka_place *b)
{
    return a->kind == b->kind && a->var == b->var && a->block == b->block && a->offset == b->offset;
}

/* The table's slot that has the leaf at that place, or would have it. */
static uint32_t *leaf_slot(const struct tenka_planner *p, const struct tenka_place *place)
{
    uint64_t hash = (place->var != NULL ? place->var->id : 0) + ((uint64_t)place->block << 40) + place->offset;
    hash = (hash ^ (hash >> 29)) * 0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio: neighbours part */
    size_t i = (size_t)(hash >> 32) & (p->leaves_capacity - 1);
    while (p->leaves[i] != TENKA_NONE_ID && !same_place(&p->storages[p->leaves[i]].place, place))
        i = (i + 1) & (p->leaves_capacity - 1);
    return &p->leaves[i];
}

/* Room for one more, half of the table staying free. */
static bool grow_leaves(struct tenka_planner *p)
{
    const size_t before = p->leaves_capacity;
    uint32_t *old = p->leaves;
    if (2 * (p->n_leaves + 1) <= before)
        return true;
    const size_t capacity = before > 0 ? 2 * before : 32;
    uint32_t *grown = tenka_alloc_array(capacity, sizeof(*grown));
    if (grown == NULL)
        return false;
    memset(grown, 0xff, capacity * sizeof(*grown)); /* NONE */
    p->leaves = grown;
    p->leaves_capacity = capacity;
    for (size_t i = 0; i < before; i++)
        if (old[i] != TENKA_NONE_ID)
            *leaf_slot(p, &p->storages[old[i]].place) = old[i];
    tenka_free(old);
    return true;
}

/* The storage of a variable's buffer, of an input or of a spilled value; each has one. */
static uint32_t leaf_storage(struct tenka_planner *p, const struct tenka_place *place, size_t bytes)
{
    if (!grow_leaves(p)) {
        p->failed = true;
        return TENKA_NONE_ID;
    }
    uint32_t *slot = leaf_slot(p, place);
    if (*slot != TENKA_NONE_ID)
        return *slot;
    p->n_leaves++;
    *slot = tenka_planner_storage(p, &(struct tenka_storage){.place = *place, .bytes = bytes, .writer = TENKA_NONE_ID});
    return *slot;
}

static void expand_leaf(struct tenka_planner *p, uint32_t value, const struct tenka_place *place)
{
    const struct tenka_desc *desc = &p->record->values[value].desc;
    p->map[value] = tenka_planner_value(p, desc, leaf_storage(p, place, tenka_planner_bytes(p, desc)));
}

static void expand_variable(struct tenka_planner *p, uint32_t value)
{
    const struct tenka_place place = {.kind = TENKA_PLACE_VARIABLE, .var = p->record->values[value].var};
    expand_leaf(p, value, &place);
}

static void expand_input(struct tenka_planner *p, const struct tenka_entry *entry)
{
    const size_t offset = tenka_align(p->input_bytes, TENKA_OPERAND_ALIGN);
    p->input_bytes = offset + tenka_planner_bytes(p, &entry->out[0]);
    if (p->map[entry->first_value] == TENKA_NONE_ID)
        expand_leaf(p, entry->first_value, &(struct tenka_place){.kind = TENKA_PLACE_INPUT, .offset = offset});
}

/* ---- Entries ---- */

/* Values that a flush computed are leaves of the rest. */
static void expand_spilled(struct tenka_planner *p)
{
    for (uint32_t v = 0; v < p->record->n_spilled && !p->failed; v++)
        if (p->record->spilled[v].kind != TENKA_PLACE_NONE)
            expand_leaf(p, v, &p->record->spilled[v]);
}

static tenka_status expand_entry(struct tenka_planner *p, const struct tenka_entry *entry, bool done)
{
    if (entry->kind == TENKA_ENTRY_INPUT)
        expand_input(p, entry);
    else if (done)
        return TENKA_OK;
    else if (entry->kind == TENKA_ENTRY_VARIABLE && entry->n_in == 1)
        p->map[entry->first_value] = p->map[entry->in[0]];
    else if (entry->kind == TENKA_ENTRY_VARIABLE)
        expand_variable(p, entry->first_value);
    else if (entry->kind == TENKA_ENTRY_OP)
        expand_op(p, entry);
    else if (entry->kind == TENKA_ENTRY_BACKWARD)
        return tenka_planner_backward(p, entry);
    return TENKA_OK;
}

tenka_status tenka_planner_expand(struct tenka_planner *p)
{
    const struct tenka_record *record = p->record;
    p->err->status = TENKA_OK;
    p->last_backward = TENKA_NONE_ID;
    for (size_t i = 0; i < record->n_entries; i++)
        if (record->entries[i].kind == TENKA_ENTRY_BACKWARD)
            p->last_backward = (uint32_t)i;
    expand_spilled(p);
    for (size_t i = 0; i < record->n_entries && !p->failed; i++) {
        p->entry = p->owner = (uint32_t)i;
        TENKA_TRY(expand_entry(p, &record->entries[i], i < record->flushed));
    }
    if (!p->failed)
        return TENKA_OK;
    return p->err->status != TENKA_OK ? p->err->status : tenka_fail_nomem(p->err);
}
