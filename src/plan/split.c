/* Gradients in parts. A pass that makes a gradient of few elements from many terms keeps few workgroups busy. Where the
 * device runs more, the operator's pass for parts takes its place, and sum_parts adds up what that leaves: the same sums
 * in the same order. Those nodes come just before the first that touches one of their results, all of them together, so
 * that a device can run them as one, and so can what follows, such as the updates; or before the parts that wait for them
 * take too much memory. */
#include "plan/planner.h"

#define MOST_WAITING ((size_t)32 << 20) /* bytes */

/* What is to be added up. */
struct sum {
    uint32_t parts, total; /* values */
    const struct tenka_plan_node *from;
};

struct splitter {
    struct tenka_planner *p;
    struct tenka_plan_node *nodes; /* the new list */
    size_t n_nodes, nodes_capacity;
    struct sum *sums; /* that are still to be made */
    size_t n_sums, sums_capacity;
    bool *pending; /* of each storage: that the results of sums lie in it */
    size_t n_storages;
    size_t waiting; /* bytes of their parts */
};

static void append(struct splitter *s, const struct tenka_plan_node *node)
{
    if (tenka_grow(&s->nodes, &s->nodes_capacity, s->n_nodes, sizeof(*s->nodes)))
        s->nodes[s->n_nodes++] = *node;
    else
        s->p->failed = true;
}

static void make_sums(struct splitter *s)
{
    for (size_t i = 0; i < s->n_sums; i++) {
        struct tenka_plan_node node = *s->sums[i].from;
        node.kernel = TENKA_KERNEL_sum_parts_fwd;
        node.n_in = node.n_out = 1;
        node.in[0] = s->sums[i].parts;
        node.out[0] = s->sums[i].total;
        memset(node.params, 0, sizeof(node.params));
        append(s, &node);
    }
    memset(s->pending, 0, s->n_storages * sizeof(*s->pending));
    s->n_sums = 0;
    s->waiting = 0;
}

static bool is_pending(const struct splitter *s, uint32_t value)
{
    return value != TENKA_NONE_ID && s->pending[s->p->values[value].storage];
}

static bool touches_sums(const struct splitter *s, const struct tenka_plan_node *node)
{
    bool touches = false;
    for (uint32_t k = 0; k < node->n_in; k++)
        touches |= is_pending(s, node->in[k]);
    for (uint32_t k = 0; k < node->n_out; k++)
        touches |= is_pending(s, node->out[k]);
    return touches;
}

/* The pass that makes in parts what node makes whole, if the device wants it; else TENKA_KERNEL_COUNT. */
static enum tenka_kernel parts_pass(const struct splitter *s, const struct tenka_plan_node *node)
{
    const struct tenka_plan_target *target = s->p->target;
    const enum tenka_kernel kernel = tenka_parts_pass(node->kernel);
    const bool wanted = kernel != TENKA_KERNEL_COUNT &&
                        tenka_op_parts(tenka_passes[node->kernel].op, node->params) > 1 &&
                        target->fuses(target->device, kernel, node->params);
    return wanted ? kernel : TENKA_KERNEL_COUNT;
}

static uint32_t parts_value(struct splitter *s, const struct tenka_plan_node *node, uint32_t total)
{
    const uint32_t parts = tenka_op_parts(tenka_passes[node->kernel].op, node->params);
    const struct tenka_desc desc = tenka_parts_desc(&s->p->values[total].desc, parts);
    return tenka_planner_new_value(s->p, &desc);
}

/* Gradients of inputs are the last of a pass's operands, and so are parts: both kinds have the same order. */
static void split(struct splitter *s, const struct tenka_plan_node *node, enum tenka_kernel kernel)
{
    struct tenka_plan_node parts = *node;
    parts.kernel = kernel;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const uint32_t total = node->out[k];
        if (total == TENKA_NONE_ID || s->p->failed)
            continue;
        parts.out[k] = parts_value(s, node, total);
        if (parts.out[k] == TENKA_NONE_ID || !tenka_grow(&s->sums, &s->sums_capacity, s->n_sums, sizeof(*s->sums))) {
            s->p->failed = true;
            return;
        }
        s->sums[s->n_sums++] = (struct sum){parts.out[k], total, node};
        s->pending[s->p->values[total].storage] = true;
        s->waiting += tenka_planner_bytes(s->p, &s->p->values[parts.out[k]].desc);
    }
    append(s, &parts);
}

static void split_all(struct splitter *s)
{
    for (size_t i = 0; i < s->p->n_nodes && !s->p->failed; i++) {
        const struct tenka_plan_node *node = &s->p->nodes[i];
        if (touches_sums(s, node) || s->waiting > MOST_WAITING)
            make_sums(s);
        const enum tenka_kernel kernel = parts_pass(s, node);
        if (kernel == TENKA_KERNEL_COUNT)
            append(s, node);
        else
            split(s, node, kernel);
    }
    make_sums(s);
}

tenka_status tenka_planner_split(struct tenka_planner *p)
{
    struct splitter s = {.p = p, .n_storages = p->n_storages};
    s.pending = tenka_alloc_array(p->n_storages + 1, sizeof(*s.pending));
    if (s.pending == NULL)
        return tenka_fail_nomem(p->err);
    split_all(&s);
    tenka_free(p->nodes);
    p->nodes = s.nodes;
    p->n_nodes = s.n_nodes;
    p->nodes_capacity = s.nodes_capacity;
    tenka_free(s.sums);
    tenka_free(s.pending);
    return p->failed ? tenka_fail_nomem(p->err) : TENKA_OK;
}
