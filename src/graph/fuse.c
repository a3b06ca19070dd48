/* Fusion: neighbouring nodes become one, where the device has a kernel for both. It comes after gradients and dead
 * nodes, so it sees what will run and needs to know nothing about differentiation. Two nodes fuse when what the first
 * hands to the second is seen by nobody else. The merged node stands where one of the two stood; what it reads or
 * writes there must mean the same (see steady).
 *
 * A new pair is a rule, in fuse_<...>.c, and a line in the table at the end. */
#include "graph/fuse.h"

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

void tenka_fuse_count_uses(struct tenka_fuser *f)
{
    const struct tenka_planner *p = f->p;
    for (size_t s = 0; s < p->n_storages; s++) {
        f->writer[s] = NONE;
        f->readers[s] = 0;
    }
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        const struct tenka_plan_node *node = &p->nodes[i];
        for (uint32_t k = 0; node->kernel != TENKA_GONE && k < node->n_in; k++)
            if (node->in[k] != NONE)
                f->readers[tenka_fuse_storage(f, node->in[k])]++;
        for (uint32_t k = 0; node->kernel != TENKA_GONE && k < node->n_out; k++)
            if (node->out[k] != NONE)
                f->writer[tenka_fuse_storage(f, node->out[k])] = i;
    }
}

struct tenka_plan_node *tenka_fuse_writer(const struct tenka_fuser *f, uint32_t value)
{
    const uint32_t i = value == NONE || !tenka_planner_is_whole(f->p, value) ? NONE
                                                                            : f->writer[tenka_fuse_storage(f, value)];
    return i != NONE ? &f->p->nodes[i] : NULL;
}

struct tenka_plan_node *tenka_fuse_maker(const struct tenka_fuser *f, uint32_t value, enum tenka_kernel kernel)
{
    struct tenka_plan_node *node = tenka_fuse_writer(f, value);
    return node && node->kernel == kernel ? node : NULL;
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
    return node && tenka_fuse_is_private(f, value, 1) ? node : NULL;
}

const tenka_variable *tenka_fuse_variable(const struct tenka_fuser *f, uint32_t value)
{
    const struct tenka_place *place = value == NONE ? NULL : &f->p->storages[tenka_fuse_storage(f, value)].place;
    return place && place->kind == TENKA_PLACE_VARIABLE ? place->var : NULL;
}

bool tenka_fuse_changes_between(const struct tenka_fuser *f, size_t first, size_t last, const struct tenka_plan_node *node)
{
    for (size_t i = first + 1; i < last; i++)
        for (uint32_t k = 0; f->p->nodes[i].kernel != TENKA_GONE && k < f->p->nodes[i].n_out; k++) {
            const tenka_variable *var = tenka_fuse_variable(f, f->p->nodes[i].out[k]);
            for (uint32_t r = 0; var && r < node->n_in; r++)
                if (tenka_fuse_variable(f, node->in[r]) == var)
                    return true;
        }
    return false;
}

bool tenka_fuse_steady(const struct tenka_fuser *f, const struct tenka_plan_node *from, const struct tenka_plan_node *to)
{
    const size_t a = (size_t)(from - f->p->nodes), b = (size_t)(to - f->p->nodes);
    for (uint32_t k = 0; k < from->n_in; k++) {
        const uint32_t writer = from->in[k] == NONE ? NONE : f->writer[tenka_fuse_storage(f, from->in[k])];
        if (writer != NONE && writer >= b)
            return false;
    }
    for (uint32_t k = 0; a > b && k < from->n_out; k++)
        if (tenka_fuse_variable(f, from->out[k]))
            return false;
    return !tenka_fuse_changes_between(f, a < b ? a : b, a < b ? b : a, from);
}

struct tenka_plan_node tenka_fuse_merged(const struct tenka_plan_node *like, enum tenka_kernel kernel, const void *params,
                                     size_t bytes)
{
    struct tenka_plan_node node = {.kernel = kernel, .scalar = like->scalar, .constant = like->constant,
                                   .entry = like->entry};
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

/* Whether node would write a variable that it reads elsewhere than at the same place. */
static bool overwrites(const struct tenka_fuser *f, const struct tenka_plan_node *node)
{
    const bool inplace = (tenka_passes[node->kernel].flags & TENKA_PASS_INPLACE) != 0;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const tenka_variable *var = tenka_fuse_variable(f, node->out[k]);
        for (uint32_t r = 0; var && r < node->n_in; r++)
            if (tenka_fuse_variable(f, node->in[r]) == var && !inplace)
                return true;
    }
    return false;
}

/* Adds the owners of `from` to those of node, in order and each once. */
static void join_owners(struct tenka_plan_node *node, const struct tenka_plan_node *from)
{
    for (uint32_t i = 0; i < from->n_owners; i++) {
        uint32_t at = 0;
        while (at < node->n_owners && node->owners[at] < from->owners[i])
            at++;
        if (at == TENKA_MAX_OWNERS || (at < node->n_owners && node->owners[at] == from->owners[i]))
            continue;
        node->n_owners += node->n_owners < TENKA_MAX_OWNERS;
        memmove(node->owners + at + 1, node->owners + at, (node->n_owners - at - 1) * sizeof *node->owners);
        node->owners[at] = from->owners[i];
    }
}

bool tenka_fuse_place(struct tenka_fuser *f, const struct tenka_plan_node *node, struct tenka_plan_node *at,
                      struct tenka_plan_node *other)
{
    if (overwrites(f, node) || !tenka_device_fuses(f->p->ctx->dev, node->kernel, node->params))
        return false;
    struct tenka_plan_node whole = *node;
    whole.n_owners = 0;
    whole.phase = at->phase;
    join_owners(&whole, at);
    join_owners(&whole, other);
    other->kernel = TENKA_GONE;
    *at = whole;
    tenka_fuse_count_uses(f);
    return true;
}

/* ---- Constants ---- */

/* One number that the plan itself knows, such as the 1 that gradients begin with, is sent with the scalars. */
static bool constant(struct tenka_fuser *f, struct tenka_plan_node *fill)
{
    struct tenka_planner *p = f->p;
    const uint32_t out = tenka_node_value(fill, TENKA_OUT(0));
    struct tenka_storage *s = &p->storages[tenka_fuse_storage(f, out)];
    if (!fill->constant || tenka_shape_count(tenka_fuse_shape(f, out)) != 1 || s->keep ||
        s->place.kind != TENKA_PLACE_ARENA)
        return false;
    const double value = p->constants[fill->scalar];
    while (p->n_constants % TENKA_OPERAND_WORDS != 0 && !p->failed)
        tenka_planner_constants(p, &(double){0}, 1);
    const struct tenka_scalar_ref word = tenka_planner_constants(p, &value, 1);
    if (p->failed)
        return false;
    s->place.kind = TENKA_PLACE_INPUT;
    s->constant = word.index + 1;
    fill->kernel = TENKA_GONE;
    tenka_fuse_count_uses(f);
    return true;
}

/* ---- The table ---- */

/* In this order over the whole plan: later rules build on what earlier ones made. */
#define ANY TENKA_KERNEL_COUNT
static const struct {
    enum tenka_kernel kernel; /* of the node that the rule is shown */
    tenka_fuse_rule apply;
} rules[] = {
    {TENKA_KERNEL_relu_dx, tenka_fuse_relu_max_pool2d_dx},
    {ANY, tenka_fuse_layer_activation},
    {TENKA_KERNEL_max_pool2d_fwd, tenka_fuse_conv2d_relu_pool},
    {TENKA_KERNEL_max_pool2d_fwd, tenka_fuse_relu_max_pool2d},
    {ANY, tenka_fuse_norm_activation},
    {TENKA_KERNEL_batch_norm2d_dw, tenka_fuse_norm_activation_back},
    {TENKA_KERNEL_conv2d_dw, tenka_fuse_conv2d_relu_pool_dw},
    {ANY, tenka_fuse_layer_activation_back},
    {TENKA_KERNEL_linear_dw, tenka_fuse_linear_backward},
    {TENKA_KERNEL_nll_loss_fwd, tenka_fuse_cross_entropy},
    {TENKA_KERNEL_log_softmax_dx, tenka_fuse_cross_entropy_dx},
    {TENKA_KERNEL_fill_fwd, constant},
    {ANY, tenka_fuse_chain},
};

static void drop_gone(struct tenka_planner *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_nodes; i++)
        if (p->nodes[i].kernel != TENKA_GONE)
            p->nodes[kept++] = p->nodes[i];
    p->n_nodes = kept;
}

tenka_status tenka_planner_fuse(struct tenka_planner *p)
{
    struct tenka_fuser f = {.p = p};
    f.writer = tenka_alloc_array(p->n_storages + 1, sizeof *f.writer);
    f.readers = tenka_alloc_array(p->n_storages + 1, sizeof *f.readers);
    if (f.writer && f.readers) {
        tenka_fuse_count_uses(&f);
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
            for (size_t i = 0; i < p->n_nodes; i++)
                if (p->nodes[i].kernel != TENKA_GONE && (rules[r].kernel == ANY || p->nodes[i].kernel == rules[r].kernel))
                    rules[r].apply(&f, &p->nodes[i]);
        drop_gone(p);
    }
    const bool failed = !f.writer || !f.readers || p->failed;
    tenka_free(f.writer);
    tenka_free(f.readers);
    return failed ? tenka_fail_nomem(&p->ctx->err) : TENKA_OK;
}
