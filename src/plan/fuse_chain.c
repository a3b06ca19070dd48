/* Chains of elementwise operators, of whatever neighbours there are: one kernel whose parameters are its steps. */
#include "plan/fuse_engine.h"
#include "op/chain.h"

#define NONE TENKA_NONE_ID

/* The step that node is when v comes to it as its read number `through`; TENKA_CHAIN_OPS: it can be none. */
static enum tenka_chain_op as_step(const struct tenka_plan_node *node, uint32_t through)
{
    struct tenka_p_broadcast broadcast;
    memcpy(&broadcast, node->params, sizeof(broadcast));
    const bool binary = tenka_passes[node->kernel].reads == (TENKA_INS & 3);
    if (binary && (!broadcast.same || node->in[0] == node->in[1]))
        return TENKA_CHAIN_OPS;
    return tenka_chain_step_of(node->kernel, through);
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

/* Adds node, whose read number `through` is v, to the end of a chain; false: it does not fit. *numbered: whether a step
 * of the chain takes numbers. */
static bool append_step(struct tenka_plan_node *chain, const struct tenka_plan_node *node, uint32_t through,
                        bool *numbered)
{
    struct tenka_p_chain *p = (void *)chain->params;
    const enum tenka_chain_op op = as_step(node, through);
    if (p->steps == TENKA_CHAIN_STEPS || op == TENKA_CHAIN_OPS || (tenka_chain_steps[op].numbers > 0 && *numbered))
        return false;
    const uint32_t arg = tenka_chain_steps[op].takes_input ? chain_input(chain, node->in[1 - through]) : 0;
    if (arg == NONE)
        return false;
    if (tenka_chain_steps[op].numbers > 0) {
        chain->scalar = node->scalar;
        chain->constant = node->constant;
        *numbered = true;
    }
    p->op[p->steps] = (int32_t)op;
    p->arg[p->steps++] = (int32_t)arg;
    return true;
}

static bool has_numbers(const struct tenka_plan_node *chain)
{
    const struct tenka_p_chain *p = (const void *)chain->params;
    bool numbered = false;
    for (int32_t i = 0; i < p->steps; i++)
        numbered |= tenka_chain_steps[p->op[i]].numbers > 0;
    return numbered;
}

/* `first`, a chain or an operator that may begin one, as a chain. */
static bool begin_chain(const struct tenka_plan_node *first, struct tenka_plan_node *chain, bool *numbered)
{
    *chain = *first;
    *numbered = first->kernel == TENKA_KERNEL_chain_fwd && has_numbers(first);
    if (first->kernel == TENKA_KERNEL_chain_fwd)
        return true;
    const struct tenka_p_chain none = {0};
    /* A gradient pass goes on from the gradient, which it reads last. */
    const uint32_t through = as_step(first, 0) != TENKA_CHAIN_OPS ? 0 : 1;
    *chain = tenka_fuse_merged(first, TENKA_KERNEL_chain_fwd, &none, sizeof(none));
    chain->in[0] = first->in[through];
    return append_step(chain, first, through, numbered);
}

/* A chain reads two numbers, whoever takes them: what follows a step's own must be there. */
static void put_numbers(struct tenka_fuser *f, struct tenka_plan_node *chain, bool numbered)
{
    const struct tenka_scalar_ref ref = tenka_planner_constants(f->p, (const double[]){0, 0}, 2);
    if (numbered)
        return;
    chain->scalar = ref.index;
    chain->constant = true;
}

/* The node that makes input `through` of node and may be merged into it; NULL: none. */
static struct tenka_plan_node *chain_before(const struct tenka_fuser *f, const struct tenka_plan_node *node,
                                            uint32_t through)
{
    const uint32_t value = node->in[through];
    const uint32_t writer =
        value == NONE || !tenka_planner_is_whole(f->p, value) ? NONE : f->last_writer[tenka_fuse_storage(f, value)];
    struct tenka_plan_node *before = writer == NONE ? NULL : &f->p->nodes[writer];
    if (before == NULL || !tenka_fuse_is_private(f, value, 1) || !tenka_fuse_steady(f, before, node))
        return NULL;
    const struct tenka_shape *made = tenka_fuse_shape(f, before->out[0]), *goal = tenka_fuse_shape(f, node->out[0]);
    return tenka_shape_count(made) == tenka_shape_count(goal) ? before : NULL;
}

bool tenka_fuse_chain(struct tenka_fuser *f, struct tenka_plan_node *node)
{
    for (uint32_t through = 0; through < node->n_in; through++) {
        struct tenka_plan_node *before = chain_before(f, node, through), made;
        bool numbered;
        if (before == NULL || !begin_chain(before, &made, &numbered) || !append_step(&made, node, through, &numbered))
            continue;
        if (before->kernel != TENKA_KERNEL_chain_fwd || numbered != has_numbers(before))
            put_numbers(f, &made, numbered);
        made.entry = node->entry;
        made.out[0] = node->out[0];
        return !f->p->failed && tenka_fuse_place(f, &made, node, before);
    }
    return false;
}
