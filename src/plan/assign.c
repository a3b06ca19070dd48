/* What a plan leaves behind: readable tensors and the new contents of variables. A variable's last version is written
 * in place when nobody reads the old one after it, else copied at the end. */
#include "plan/planner.h"

static struct tenka_storage *storage_of(struct tenka_planner *p, uint32_t value)
{
    return &p->storages[p->values[value].storage];
}

/* The variable that entry i assigns for good: no later entry does. NULL: none. */
static struct tenka_variable_head *final_assign(const struct tenka_record *record, size_t i)
{
    struct tenka_variable_head *var = NULL;
    for (size_t k = 0; k < record->n_assignments; k++) {
        const struct tenka_assignment *a = &record->assignments[k];
        if (a->entry == i && i >= record->flushed)
            var = a->var;
        else if (a->entry > i && a->var == var)
            return NULL;
    }
    return var;
}

bool tenka_planner_changes(const struct tenka_planner *p, const struct tenka_variable_head *var)
{
    for (size_t k = 0; k < p->record->n_assignments; k++)
        if (p->record->assignments[k].var == var && p->record->assignments[k].entry >= p->record->flushed)
            return true;
    return false;
}

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

/* Which log values must be readable after the plan. */
static void find_roots(struct tenka_planner *p)
{
    const struct tenka_record *record = p->record;
    for (size_t v = 0; v < record->n_values; v++) {
        const struct tenka_log_value *value = &record->values[v];
        p->root[v] =
            p->flush || (record->entries[value->entry].kind == TENKA_ENTRY_OP && value->out == 0 && value->uses == 0);
    }
    for (size_t i = 0; i < record->n_entries; i++)
        if (record->entries[i].kind == TENKA_ENTRY_BACKWARD || record->entries[i].kind == TENKA_ENTRY_READ)
            p->root[record->entries[i].in[0]] = true;
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
            (place.kind == TENKA_PLACE_VARIABLE && tenka_planner_changes(p, place.var)))
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

/* Whether storage may lie in var's buffer: its writer comes after every reader of the old content. */
static bool can_overwrite(const struct tenka_planner *p, uint32_t storage, const struct tenka_variable_head *var)
{
    const struct tenka_storage *new = &p->storages[storage];
    if (new->writer == TENKA_NONE_ID || new->place.kind == TENKA_PLACE_VARIABLE)
        return false;
    for (uint32_t i = new->writer; i < p->n_nodes; i++) {
        const struct tenka_plan_node *node = &p->nodes[i];
        for (uint32_t k = 0; k < node->n_in; k++) {
            if (node->in[k] == TENKA_NONE_ID)
                continue;
            const struct tenka_storage *read = &p->storages[p->values[node->in[k]].storage];
            const bool old = read->place.kind == TENKA_PLACE_VARIABLE && read->place.var == var;
            if (old && (i > new->writer || !reads_in_place(p, node, k, storage)))
                return false;
        }
    }
    return true;
}

/* A storage that holds var's old content keeps its place; only then the new one may be named after it. */
static bool old_content(const struct tenka_storage *s, const struct tenka_variable_head *var)
{
    return s->place.kind == TENKA_PLACE_VARIABLE && s->place.var == var;
}

static uint32_t variable_value(struct tenka_planner *p, struct tenka_variable_head *var)
{
    const struct tenka_storage storage = {
        .place = {.kind = TENKA_PLACE_VARIABLE, .var = var},
        .bytes = tenka_planner_bytes(p, &var->desc),
        .writer = TENKA_NONE_ID,
        .keep = true,
    };
    return tenka_planner_value(p, &var->desc, tenka_planner_storage(p, &storage));
}

/* The value that each final assignment must copy into its variable; NONE: nothing to do. What lies in a variable's
 * buffer is first copied elsewhere: the buffer may be overwritten before its turn comes. */
static void find_pending(struct tenka_planner *p, uint32_t *pending)
{
    const struct tenka_record *record = p->record;
    for (size_t i = 0; i < record->n_entries && !p->failed; i++) {
        pending[i] = TENKA_NONE_ID;
        const struct tenka_variable_head *var = final_assign(p->record, i);
        if (!var)
            continue;
        const uint32_t value = p->map[record->entries[i].in[0]];
        const struct tenka_storage *storage = storage_of(p, value);
        if (old_content(storage, var))
            continue; /* assigned to itself */
        pending[i] = storage->place.kind == TENKA_PLACE_VARIABLE ? copy_to_new(p, value) : value;
    }
}

/* Pending values that can lie in their variable's buffer from the start. */
static void write_in_place(struct tenka_planner *p, uint32_t *pending)
{
    for (size_t i = 0; i < p->record->n_entries; i++) {
        if (pending[i] == TENKA_NONE_ID)
            continue;
        struct tenka_variable_head *var = final_assign(p->record, i);
        if (!tenka_planner_is_whole(p, pending[i]) || !can_overwrite(p, p->values[pending[i]].storage, var))
            continue;
        struct tenka_storage *storage = storage_of(p, pending[i]);
        storage->place = (struct tenka_place){.kind = TENKA_PLACE_VARIABLE, .var = var};
        storage->keep = true;
        pending[i] = TENKA_NONE_ID;
    }
}

/* In rounds, so that every old content is read before any variable is written: a swap of two variables, a copy of a
 * variable that is taken before its update. */
tenka_status tenka_planner_assigns(struct tenka_planner *p)
{
    const struct tenka_record *record = p->record;
    const size_t n = record->n_entries;
    uint32_t *pending = tenka_alloc_array(n + 1, sizeof *pending);
    if (!pending)
        return tenka_fail_nomem(p->err);
    find_pending(p, pending);
    if (!p->failed)
        write_in_place(p, pending);
    for (size_t i = 0; i < n && !p->failed; i++)
        if (pending[i] != TENKA_NONE_ID)
            append_copy(p, pending[i], variable_value(p, final_assign(record, i)));
    tenka_free(pending);
    return result(p);
}
