/* What a plan leaves behind: readable tensors and the new contents of variables. A variable's last version is written
 * in place when nobody reads the old one after it, else copied at the end. */
#include "plan/planner.h"

#include <stdlib.h>

static struct tenka_storage *storage_of(struct tenka_planner *p, uint32_t value)
{
    return &p->storages[p->values[value].storage];
}

/* ---- Which variables are assigned ---- */

static int by_variable(const void *a, const void *b)
{
    const struct tenka_assigned *x = a, *y = b;
    if (x->var->id != y->var->id)
        return x->var->id < y->var->id ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* Sorted by variable and entry: of each variable the last one stays. */
static size_t drop_earlier(struct tenka_assigned *sorted, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || sorted[i].var != sorted[i + 1].var)
            sorted[kept++] = sorted[i];
    return kept;
}

tenka_status tenka_planner_list_assigned(struct tenka_planner *p)
{
    const struct tenka_record *record = p->record;
    p->assigned = tenka_alloc_array(record->n_assignments + 1, sizeof(*p->assigned));
    if (p->assigned == NULL)
        return tenka_fail_nomem(p->err);
    for (size_t i = 0; i < record->n_assignments; i++) {
        const struct tenka_assignment *made = &record->assignments[i];
        if (made->entry >= record->flushed)
            p->assigned[p->n_assigned++] = (struct tenka_assigned){
                .var = made->var, .entry = made->entry, .last_reader = TENKA_NONE_ID, .storage = TENKA_NONE_ID};
    }
    qsort(p->assigned, p->n_assigned, sizeof(*p->assigned), by_variable);
    p->n_assigned = drop_earlier(p->assigned, p->n_assigned);
    return TENKA_OK;
}

struct tenka_assigned *tenka_planner_assigned(const struct tenka_planner *p, const struct tenka_variable_head *var)
{
    size_t from = 0, to = p->n_assigned;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (p->assigned[middle].var->id < var->id)
            from = middle + 1;
        else
            to = middle;
    }
    return from < p->n_assigned && p->assigned[from].var == var ? &p->assigned[from] : NULL;
}

/* ---- Copies ---- */

static uint32_t append_copy(struct tenka_planner *p, uint32_t value, uint32_t to)
{
    struct tenka_named_values named = tenka_named_none();
    named.value[TENKA_IN(0)] = value;
    named.value[TENKA_OUT(0)] = to;
    struct tenka_call call = {.op = TENKA_OP_copy, .n_in = 1, .in = {p->values[value].desc}};
    if (tenka_op_infer(&call, p->err) != TENKA_OK || to == TENKA_NONE_ID) {
        p->failed = true;
        return TENKA_NONE_ID;
    }
    p->entry = (uint32_t)p->record->n_entries - 1;
    p->owner = TENKA_NONE_ID;
    tenka_planner_node(p, TENKA_KERNEL_copy_fwd, &named, call.params, (struct tenka_scalar_ref){0, true});
    return to;
}

static uint32_t copy_to_new(struct tenka_planner *p, uint32_t value)
{
    const struct tenka_desc desc = p->values[value].desc;
    return append_copy(p, value, tenka_planner_new_value(p, &desc));
}

static tenka_status result(const struct tenka_planner *p)
{
    return p->failed ? tenka_fail_nomem(p->err) : TENKA_OK;
}

/* ---- Outputs ---- */

/* Which log values must be readable after the plan. */
static void find_roots(struct tenka_planner *p)
{
    const struct tenka_record *record = p->record;
    for (size_t v = 0; v < record->n_values; v++) {
        const struct tenka_log_value *value = &record->values[v];
        p->root[v] = p->flush ||
                     (record->entries[value->entry].kind == TENKA_ENTRY_OP && value->out == 0 && value->uses == 0);
    }
    for (size_t i = 0; i < record->n_entries; i++) {
        const struct tenka_entry *const entry = &record->entries[i];
        if (entry->kind == TENKA_ENTRY_BACKWARD || entry->kind == TENKA_ENTRY_READ ||
            (entry->kind == TENKA_ENTRY_GIVE && record->values[entry->in[0]].uses == 0))
            p->root[entry->in[0]] = true;
    }
}

/* Readable tensors get memory that lasts: what lies in the input bytes, or in a variable that changes, is copied. */
tenka_status tenka_planner_outputs(struct tenka_planner *p)
{
    find_roots(p);
    const size_t n = p->record->n_values;
    for (size_t v = 0; v < n && !p->failed; v++) {
        if (!p->root[v] || p->map[v] == TENKA_NONE_ID)
            continue;
        const struct tenka_place place = storage_of(p, p->map[v])->place;
        if (place.kind == TENKA_PLACE_INPUT ||
            (place.kind == TENKA_PLACE_VARIABLE && tenka_planner_assigned(p, place.var) != NULL))
            p->map[v] = copy_to_new(p, p->map[v]);
        if (!p->failed)
            storage_of(p, p->map[v])->keep = true;
    }
    return result(p);
}

/* ---- Assignment ---- */

static bool reads_in_place(const struct tenka_planner *p, const struct tenka_plan_node *node, uint32_t read,
                           uint32_t storage)
{
    if (!(tenka_passes[node->kernel].flags & TENKA_PASS_INPLACE))
        return false;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const uint32_t out = node->out[k];
        if (out != TENKA_NONE_ID && p->values[out].storage == storage)
            return tenka_shape_count(&p->values[out].desc.shape) ==
                   tenka_shape_count(&p->values[node->in[read]].desc.shape);
    }
    return false;
}

/* Notes which node is the last to read each variable's old content. */
static void find_last_readers(struct tenka_planner *p)
{
    for (uint32_t i = 0; i < p->n_nodes; i++)
        for (uint32_t k = 0; k < p->nodes[i].n_in; k++) {
            const uint32_t value = p->nodes[i].in[k];
            const struct tenka_place *place = value == TENKA_NONE_ID ? NULL : &storage_of(p, value)->place;
            struct tenka_assigned *assigned =
                place != NULL && place->kind == TENKA_PLACE_VARIABLE ? tenka_planner_assigned(p, place->var) : NULL;
            if (assigned != NULL)
                assigned->last_reader = i;
        }
}

static bool holds_old_content(const struct tenka_storage *s, const struct tenka_variable_head *var)
{
    return s->place.kind == TENKA_PLACE_VARIABLE && s->place.var == var;
}

/* Whether storage may lie in the variable's buffer: its writer comes after every reader of the old content, or is the
 * last of them and overwrites what it reads as it goes. */
static bool can_overwrite(struct tenka_planner *p, uint32_t storage, const struct tenka_assigned *assigned)
{
    const struct tenka_storage *new = &p->storages[storage];
    if (new->writer == TENKA_NONE_ID || new->place.kind == TENKA_PLACE_VARIABLE)
        return false;
    if (assigned->last_reader == TENKA_NONE_ID || assigned->last_reader < new->writer)
        return true;
    const struct tenka_plan_node *node = &p->nodes[new->writer];
    for (uint32_t k = 0; k < node->n_in && assigned->last_reader == new->writer; k++)
        if (node->in[k] != TENKA_NONE_ID && holds_old_content(storage_of(p, node->in[k]), assigned->var) &&
            !reads_in_place(p, node, k, storage))
            return false;
    return assigned->last_reader == new->writer;
}

static uint32_t variable_value(struct tenka_planner *p, struct tenka_assigned *assigned)
{
    const struct tenka_storage storage = {
        .place = {.kind = TENKA_PLACE_VARIABLE, .var = assigned->var},
        .bytes = tenka_planner_bytes(p, &assigned->var->desc),
        .writer = TENKA_NONE_ID,
        .keep = true,
    };
    assigned->storage = tenka_planner_storage(p, &storage);
    return tenka_planner_value(p, &assigned->var->desc, assigned->storage);
}

/* What assignment number i assigns for good: NULL when a later one has the same variable. */
static struct tenka_assigned *final_assignment(const struct tenka_planner *p, size_t i)
{
    const struct tenka_assignment *made = &p->record->assignments[i];
    struct tenka_assigned *assigned = tenka_planner_assigned(p, made->var);
    return assigned != NULL && assigned->entry == made->entry ? assigned : NULL;
}

/* The value that each assignment must copy into its variable; NONE: nothing to do. What lies in another variable's
 * buffer is first copied elsewhere: that buffer may be overwritten before its turn comes. */
static void find_pending(struct tenka_planner *p, uint32_t *pending)
{
    for (size_t i = 0; i < p->record->n_assignments && !p->failed; i++) {
        pending[i] = TENKA_NONE_ID;
        const struct tenka_assigned *assigned = final_assignment(p, i);
        if (assigned == NULL)
            continue;
        const uint32_t value = p->map[p->record->entries[assigned->entry].in[0]];
        const struct tenka_storage *storage = storage_of(p, value);
        if (holds_old_content(storage, assigned->var))
            continue; /* assigned to itself */
        pending[i] = storage->place.kind == TENKA_PLACE_VARIABLE ? copy_to_new(p, value) : value;
    }
}

/* Pending values that can lie in their variable's buffer from the start. */
static void write_in_place(struct tenka_planner *p, uint32_t *pending)
{
    find_last_readers(p);
    for (size_t i = 0; i < p->record->n_assignments; i++) {
        if (pending[i] == TENKA_NONE_ID)
            continue;
        struct tenka_assigned *assigned = final_assignment(p, i);
        const uint32_t at = p->values[pending[i]].storage;
        if (!tenka_planner_is_whole(p, pending[i]) || !can_overwrite(p, at, assigned))
            continue;
        p->storages[at].place = (struct tenka_place){.kind = TENKA_PLACE_VARIABLE, .var = assigned->var};
        p->storages[at].keep = true;
        assigned->storage = at;
        pending[i] = TENKA_NONE_ID;
    }
}

/* In rounds, so that every old content is read before any variable is written: a swap of two variables, a copy of a
 * variable that is taken before its update. */
tenka_status tenka_planner_assigns(struct tenka_planner *p)
{
    const size_t n = p->record->n_assignments;
    uint32_t *pending = tenka_alloc_array(n + 1, sizeof(*pending));
    if (pending == NULL)
        return tenka_fail_nomem(p->err);
    find_pending(p, pending);
    if (!p->failed)
        write_in_place(p, pending);
    for (size_t i = 0; i < n && !p->failed; i++)
        if (pending[i] != TENKA_NONE_ID)
            append_copy(p, pending[i], variable_value(p, final_assignment(p, i)));
    tenka_free(pending);
    return result(p);
}
