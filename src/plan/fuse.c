/* Fusion: neighbouring nodes become one, where the device has a kernel for both. It comes after gradients and dead
 * nodes, so it sees what will run and needs to know nothing about differentiation. Two nodes fuse when nobody else
 * reads what the first hands to the second. The merged node takes the place of one of the two, where what it reads and
 * writes must be the same as at the place of the other (tenka_fuse_steady).
 *
 * A new pair is a rule, in fuse_<...>.c, and a line in the table below. */
#include "plan/fuse_engine.h"

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
    {TENKA_KERNEL_batch_norm2d_dw, tenka_fuse_norm_sums},
    {TENKA_KERNEL_conv2d_dw, tenka_fuse_conv2d_relu_pool_dw},
    {ANY, tenka_fuse_layer_activation_back},
    {TENKA_KERNEL_linear_dw, tenka_fuse_linear_backward},
    {TENKA_KERNEL_nll_loss_fwd, tenka_fuse_cross_entropy},
    {TENKA_KERNEL_log_softmax_dx, tenka_fuse_cross_entropy_dx},
    {TENKA_KERNEL_fill_fwd, tenka_fuse_constant},
    {ANY, tenka_fuse_chain},
};

static bool suits(enum tenka_kernel kernel, const struct tenka_plan_node *node)
{
    return node->kernel != TENKA_GONE && (kernel == ANY || node->kernel == kernel);
}

static void drop_gone(struct tenka_planner *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_nodes; i++)
        if (p->nodes[i].kernel != TENKA_GONE)
            p->nodes[kept++] = p->nodes[i];
    p->n_nodes = kept;
}

static void apply_rules(struct tenka_fuser *f)
{
    for (size_t r = 0; r < sizeof(rules) / sizeof(*rules); r++)
        for (size_t i = 0; i < f->p->n_nodes; i++)
            if (suits(rules[r].kernel, &f->p->nodes[i]))
                rules[r].apply(f, &f->p->nodes[i]);
}

tenka_status tenka_planner_fuse(struct tenka_planner *p)
{
    struct tenka_fuser f;
    const bool counted = tenka_fuse_init(&f, p);
    if (counted) {
        apply_rules(&f);
        drop_gone(p);
    }
    tenka_fuse_finish(&f);
    return !counted || p->failed ? tenka_fail_nomem(p->err) : TENKA_OK;
}
