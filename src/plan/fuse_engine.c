/* What the rules of fusion stand on: who writes and reads which memory, and how two nodes become one. */
#include "plan/fuse_engine.h"

#define NONE TENKA_NONE_ID

uint32_t tenka_fuse_storage(const struct tenka_fuser *f, uint32_t value)
{
    return value == NONE ? NONE : f->p->values[value].storage;
}

bool tenka_fuse_same(const struct tenka_fuser *f, uint32_t a, uint32_t b)
{
    return a != NONE && b != NONE && tenka_fuse_storage(f, a) == tenka_fuse_storage(f, b) &&
           f->p->values[a].offset == f->p->values[b].offset;
}

const struct tenka_shape *tenka_fuse_shape(const struct tenka_fuser *f, uint32_t value)
{
    return &f->p->values[value].desc.shape;
}

/* ---- Counting ---- */

/* The last node that writes a storage; NONE: there is none. */
static uint32_t find_writer(const struct tenka_fuser *f, uint32_t storage)
{
    for (uint32_t i = (uint32_t)f->p->n_nodes; i-- > 0;) {
        const struct tenka_plan_node *node = &f->p->nodes[i];
        for (uint32_t k = 0; node->kernel != TENKA_GONE && k < node->n_out; k++)
            if (tenka_fuse_storage(f, node->out[k]) == storage)
                return i;
    }
    return NONE;
}

/* The gradient from which a pass goes back to that of its first input; NONE: that is not what the node does. */
static uint32_t goes_back_from(const struct tenka_plan_node *node)
{
    const bool back = node->kernel != TENKA_GONE && tenka_mask_has(tenka_passes[node->kernel].reads, TENKA_DOUT(0)) &&
                      tenka_mask_has(tenka_passes[node->kernel].writes, TENKA_D(0));
    return back ? tenka_node_value(node, TENKA_DOUT(0)) : NONE;
}

static void add_back(struct tenka_fuser *f, uint32_t node, uint32_t dout)
{
    uint32_t *first = &f->first_back[tenka_fuse_storage(f, dout)];
    if (!tenka_grow(&f->backs, &f->backs_capacity, f->n_backs, sizeof(*f->backs))) {
        f->p->failed = true;
        return;
    }
    f->backs[f->n_backs] = (struct tenka_fuse_back){node, *first};
    *first = (uint32_t)f->n_backs++;
}

/* Counts what a node reads and writes where it stands. */
static void count(struct tenka_fuser *f, const struct tenka_plan_node *node)
{
    const uint32_t at = (uint32_t)(node - f->p->nodes);
    if (goes_back_from(node) != NONE)
        add_back(f, at, goes_back_from(node));
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != NONE)
            f->readers[tenka_fuse_storage(f, node->in[k])]++;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const uint32_t storage = tenka_fuse_storage(f, node->out[k]);
        if (storage == NONE)
            continue;
        if (f->last_writer[storage] == NONE || f->last_writer[storage] < at)
            f->last_writer[storage] = at;
        f->writers[storage]++;
    }
}

void tenka_fuse_drop(struct tenka_fuser *f, struct tenka_plan_node *node)
{
    const uint32_t at = (uint32_t)(node - f->p->nodes);
    node->kernel = TENKA_GONE;
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != NONE)
            f->readers[tenka_fuse_storage(f, node->in[k])]--;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const uint32_t storage = tenka_fuse_storage(f, node->out[k]);
        if (storage == NONE)
            continue;
        f->writers[storage]--;
        if (f->last_writer[storage] == at)
            f->last_writer[storage] = f->writers[storage] > 0 ? find_writer(f, storage) : NONE;
    }
}

void tenka_fuse_put(struct tenka_fuser *f, struct tenka_plan_node *at, const struct tenka_plan_node *node)
{
    tenka_fuse_drop(f, at);
    *at = *node;
    count(f, at);
}

bool tenka_fuse_init(struct tenka_fuser *f, struct tenka_planner *p)
{
    const size_t n = p->n_storages + 1;
    *f = (struct tenka_fuser){.p = p};
    f->last_writer = tenka_alloc_array(n, sizeof(*f->last_writer));
    f->writers = tenka_alloc_array(n, sizeof(*f->writers));
    f->readers = tenka_alloc_array(n, sizeof(*f->readers));
    f->first_back = tenka_alloc_array(n, sizeof(*f->first_back));
    if (f->last_writer == NULL || f->writers == NULL || f->readers == NULL || f->first_back == NULL)
        return false;
    for (size_t s = 0; s < n; s++)
        f->last_writer[s] = f->first_back[s] = NONE;
    for (size_t i = p->n_nodes; i-- > 0;) /* a pass is put before those that are counted: lists are in order */
        count(f, &p->nodes[i]);
    return !p->failed;
}

void tenka_fuse_finish(struct tenka_fuser *f)
{
    tenka_free(f->last_writer);
    tenka_free(f->writers);
    tenka_free(f->readers);
    tenka_free(f->first_back);
    tenka_free(f->backs);
}

/* ---- What a rule asks ---- */

struct tenka_plan_node *tenka_fuse_writer(const struct tenka_fuser *f, uint32_t value)
{
    const uint32_t i =
        value == NONE || !tenka_planner_is_whole(f->p, value) ? NONE : f->last_writer[tenka_fuse_storage(f, value)];
    return i != NONE ? &f->p->nodes[i] : NULL;
}

struct tenka_plan_node *tenka_fuse_maker(const struct tenka_fuser *f, uint32_t value, enum tenka_kernel kernel)
{
    struct tenka_plan_node *node = tenka_fuse_writer(f, value);
    return node != NULL && node->kernel == kernel ? node : NULL;
}

struct tenka_plan_node *tenka_fuse_next_back(struct tenka_fuser *f, uint32_t dout, uint32_t *at)
{
    const uint32_t storage = tenka_fuse_storage(f, dout);
    uint32_t *link = *at == 0 ? &f->first_back[storage] : &f->backs[*at - 1].next;
    /* What has become something else leaves the list, so that nobody looks at it twice. */
    while (*link != NONE && tenka_fuse_storage(f, goes_back_from(&f->p->nodes[f->backs[*link].node])) != storage)
        *link = f->backs[*link].next;
    if (*link == NONE)
        return NULL;
    *at = *link + 1;
    return &f->p->nodes[f->backs[*link].node];
}

bool tenka_fuse_is_private(const struct tenka_fuser *f, uint32_t value, uint32_t readers)
{
    const uint32_t storage = tenka_fuse_storage(f, value);
    const struct tenka_storage *s = &f->p->storages[storage];
    return !s->keep && s->place.kind == TENKA_PLACE_ARENA && f->readers[storage] == readers;
}

struct tenka_plan_node *tenka_fuse_private_maker(const struct tenka_fuser *f, uint32_t value, enum tenka_kernel kernel)
{
    struct tenka_plan_node *node = tenka_fuse_maker(f, value, kernel);
    return node != NULL && tenka_fuse_is_private(f, value, 1) ? node : NULL;
}

const struct tenka_variable_head *tenka_fuse_variable(const struct tenka_fuser *f, uint32_t value)
{
    const struct tenka_place *place = value == NONE ? NULL : &f->p->storages[tenka_fuse_storage(f, value)].place;
    return place != NULL && place->kind == TENKA_PLACE_VARIABLE ? place->var : NULL;
}

/* Whether a node between two places writes a storage. */
static bool is_written_between(const struct tenka_fuser *f, uint32_t storage, size_t first, size_t last)
{
    if (f->writers[storage] <= 1)
        return f->last_writer[storage] != NONE && f->last_writer[storage] > first && f->last_writer[storage] < last;
    for (size_t i = first + 1; i < last; i++)
        for (uint32_t k = 0; f->p->nodes[i].kernel != TENKA_GONE && k < f->p->nodes[i].n_out; k++)
            if (tenka_fuse_storage(f, f->p->nodes[i].out[k]) == storage)
                return true;
    return false;
}

bool tenka_fuse_changes_between(const struct tenka_fuser *f, size_t first, size_t last,
                                const struct tenka_plan_node *node)
{
    for (uint32_t r = 0; r < node->n_in; r++) {
        const struct tenka_variable_head *var = tenka_fuse_variable(f, node->in[r]);
        const struct tenka_assigned *assigned = var != NULL ? tenka_planner_assigned(f->p, var) : NULL;
        if (assigned != NULL && assigned->storage != NONE && is_written_between(f, assigned->storage, first, last))
            return true;
    }
    return false;
}

bool tenka_fuse_steady(const struct tenka_fuser *f, const struct tenka_plan_node *from,
                       const struct tenka_plan_node *to)
{
    const size_t a = (size_t)(from - f->p->nodes), b = (size_t)(to - f->p->nodes);
    for (uint32_t k = 0; k < from->n_in; k++) {
        const uint32_t writer = from->in[k] == NONE ? NONE : f->last_writer[tenka_fuse_storage(f, from->in[k])];
        if (writer != NONE && writer >= b)
            return false;
    }
    for (uint32_t k = 0; a > b && k < from->n_out; k++)
        if (tenka_fuse_variable(f, from->out[k]) != NULL)
            return false;
    return !tenka_fuse_changes_between(f, a < b ? a : b, a < b ? b : a, from);
}

struct tenka_plan_node tenka_fuse_merged(const struct tenka_plan_node *like, enum tenka_kernel kernel,
                                         const void *params, size_t bytes)
{
    struct tenka_plan_node node = {
        .kernel = kernel, .scalar = like->scalar, .constant = like->constant, .entry = like->entry};
    memcpy(node.params, params, bytes);
    node.n_in = tenka_mask_count(tenka_passes[kernel].reads);
    node.n_out = tenka_mask_count(tenka_passes[kernel].writes);
    for (uint32_t k = 0; k < node.n_in; k++)
        node.in[k] = NONE;
    for (uint32_t k = 0; k < node.n_out; k++)
        node.out[k] = NONE;
    return node;
}

static uint64_t operands_of(const struct tenka_plan_node *node)
{
    return tenka_passes[node->kernel].reads | tenka_passes[node->kernel].writes;
}

void tenka_fuse_set(struct tenka_plan_node *node, uint32_t operand, uint32_t value)
{
    *tenka_node_place(node, operand) = value;
}

void tenka_fuse_take(struct tenka_plan_node *node, const struct tenka_plan_node *from, uint64_t mask)
{
    const uint64_t both = mask & operands_of(node) & operands_of(from);
    for (uint32_t i = 0; i < TENKA_OPERANDS; i++)
        if (tenka_mask_has(both, i))
            tenka_fuse_set(node, i, tenka_node_value(from, i));
}

bool tenka_fuse_wanted(const struct tenka_fuser *f, enum tenka_kernel kernel, const int32_t *params)
{
    const struct tenka_plan_target *target = f->p->target;
    return target->fuses(target->device, kernel, params);
}

/* Whether node would write a variable that it reads elsewhere than at the same place. */
static bool overwrites(const struct tenka_fuser *f, const struct tenka_plan_node *node)
{
    const bool inplace = (tenka_passes[node->kernel].flags & TENKA_PASS_INPLACE) != 0;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const struct tenka_variable_head *var = tenka_fuse_variable(f, node->out[k]);
        for (uint32_t r = 0; var != NULL && r < node->n_in; r++)
            if (tenka_fuse_variable(f, node->in[r]) == var && !inplace)
                return true;
    }
    return false;
}

void tenka_fuse_join_owners(struct tenka_plan_node *node, const struct tenka_plan_node *from)
{
    for (uint32_t i = 0; i < from->n_owners; i++) {
        uint32_t at = 0;
        while (at < node->n_owners && node->owners[at] < from->owners[i])
            at++;
        if (at == TENKA_MAX_OWNERS || (at < node->n_owners && node->owners[at] == from->owners[i]))
            continue;
        node->n_owners += node->n_owners < TENKA_MAX_OWNERS;
        memmove(node->owners + at + 1, node->owners + at, (node->n_owners - at - 1) * sizeof(*node->owners));
        node->owners[at] = from->owners[i];
    }
}

bool tenka_fuse_place(struct tenka_fuser *f, const struct tenka_plan_node *node, struct tenka_plan_node *at,
                      struct tenka_plan_node *other)
{
    if (overwrites(f, node) || !tenka_fuse_wanted(f, node->kernel, node->params))
        return false;
    struct tenka_plan_node whole = *node;
    whole.n_owners = 0;
    whole.phase = at->phase;
    tenka_fuse_join_owners(&whole, at);
    tenka_fuse_join_owners(&whole, other);
    tenka_fuse_drop(f, other);
    tenka_fuse_put(f, at, &whole);
    return true;
}
