/* Chains of elementwise operators, of whatever neighbours there are: one kernel whose parameters are its steps. */
#include "graph/fuse.h"

#define NONE TENKA_NONE_ID

/* One of them as a step of a chain, on the value that its input `through` has; false: it is none. */
static bool as_step(const struct tenka_plan_node *node, uint32_t through, enum tenka_chain_op *op)
{
    struct tenka_p_broadcast broadcast;
    memcpy(&broadcast, node->params, sizeof broadcast);
    const bool binary = node->kernel == TENKA_KERNEL_add_fwd || node->kernel == TENKA_KERNEL_sub_fwd ||
                        node->kernel == TENKA_KERNEL_mul_fwd;
    if (binary && (!broadcast.same || node->in[0] == node->in[1]))
        return false;
    switch ((int)node->kernel) {
    case TENKA_KERNEL_relu_fwd: *op = TENKA_CHAIN_RELU; return true;
    case TENKA_KERNEL_tanh_fwd: *op = TENKA_CHAIN_TANH; return true;
    case TENKA_KERNEL_scale_fwd: *op = TENKA_CHAIN_SCALE; return true;
    case TENKA_KERNEL_add_fwd: *op = TENKA_CHAIN_ADD; return true;
    case TENKA_KERNEL_sub_fwd: *op = through == 0 ? TENKA_CHAIN_SUB : TENKA_CHAIN_SUB_FROM; return true;
    case TENKA_KERNEL_mul_fwd: *op = TENKA_CHAIN_MUL; return true;
    case TENKA_KERNEL_relu_dx: *op = TENKA_CHAIN_RELU_BACK; return through == 1;
    default: return false;
    }
}

/* The input of node that value becomes in a chain, which has room for it; NONE: it has none. */
static uint32_t chain_input(struct tenka_plan_node *chain, uint32_t value)
{
    for (uint32_t k = 0; k < TENKA_CHAIN_INPUTS; k++) {
        if (chain->in[k] == NONE)
            chain->in[k] = value;
        if (chain->in[k] == value)
            return k;
    }
    return NONE;
}

/* Adds node, which goes on from its input `through`, to the end of a chain; false: it does not fit. */
static bool append_step(struct tenka_plan_node *chain, const struct tenka_plan_node *node, uint32_t through,
                        bool *scaled)
{
    struct tenka_p_chain *p = (void *)chain->params;
    enum tenka_chain_op op;
    if (p->steps == TENKA_CHAIN_STEPS || !as_step(node, through, &op) || (op == TENKA_CHAIN_SCALE && *scaled))
        return false;
    const uint32_t arg = op >= TENKA_CHAIN_ADD ? chain_input(chain, node->in[1 - through]) : 0;
    if (arg == NONE)
        return false;
    if (op == TENKA_CHAIN_SCALE) {
        chain->scalar = node->scalar;
        chain->constant = node->constant;
        *scaled = true;
    }
    p->op[p->steps] = (int32_t)op;
    p->arg[p->steps++] = (int32_t)arg;
    return true;
}

static bool has_scale(const struct tenka_plan_node *chain)
{
    const struct tenka_p_chain *p = (const void *)chain->params;
    bool scaled = false;
    for (int32_t i = 0; i < p->steps; i++)
        scaled |= p->op[i] == TENKA_CHAIN_SCALE;
    return scaled;
}

/* `first`, a chain or an operator that may begin one, as a chain. */
static bool begin_chain(const struct tenka_plan_node *first, struct tenka_plan_node *chain, bool *scaled)
{
    *chain = *first;
    *scaled = first->kernel == TENKA_KERNEL_chain_fwd && has_scale(first);
    if (first->kernel == TENKA_KERNEL_chain_fwd)
        return true;
    const struct tenka_p_chain none = {0};
    const uint32_t through = first->kernel == TENKA_KERNEL_relu_dx;
    *chain = tenka_fuse_merged(first, TENKA_KERNEL_chain_fwd, &none, sizeof none);
    chain->in[0] = first->in[through];
    return append_step(chain, first, through, scaled);
}

/* The node that makes input `through` of node and may be merged into it; NULL: none. */
static struct tenka_plan_node *chain_before(const struct tenka_fuser *f, const struct tenka_plan_node *node, uint32_t through)
{
    const uint32_t writer = node->in[through] == NONE ? NONE : f->writer[tenka_fuse_storage(f, node->in[through])];
    struct tenka_plan_node *before = writer == NONE ? NULL : &f->p->nodes[writer];
    return before && tenka_fuse_is_private(f, node->in[through], 1) && tenka_fuse_steady(f, before, node) &&
                   tenka_shape_count(tenka_fuse_shape(f, before->out[0])) == tenka_shape_count(tenka_fuse_shape(f, node->out[0]))
               ? before
               : NULL;
}

bool tenka_fuse_chain(struct tenka_fuser *f, struct tenka_plan_node *node)
{
    for (uint32_t through = 0; through < node->n_in; through++) {
        struct tenka_plan_node *before = chain_before(f, node, through), made;
        bool scaled;
        if (!before || !begin_chain(before, &made, &scaled) || !append_step(&made, node, through, &scaled))
            continue;
        if (!scaled && !made.constant) { /* the scalar is not read, but must be there */
            made.scalar = tenka_planner_constants(f->p, &(double){1}, 1).index;
            made.constant = true;
        }
        made.entry = node->entry;
        made.out[0] = node->out[0];
        return !f->p->failed && tenka_fuse_place(f, &made, node, before, NULL);
    }
    return false;
}

