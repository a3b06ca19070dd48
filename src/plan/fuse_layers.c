/* Layers, pooling and losses that become one kernel with their neighbours. */
#include "plan/fuse_engine.h"

/* ---- Pooling ---- */

/* The gradient of max_pool2d(relu(x)) by x: the ReLU's mask at a winner is that of the maximum, so that its output need
 * not outlive the forward pass. */
bool tenka_fuse_relu_max_pool2d_dx(struct tenka_fuser *f, struct tenka_plan_node *relu)
{
    struct tenka_plan_node *dx =
        tenka_fuse_private_maker(f, tenka_node_value(relu, TENKA_DOUT(0)), TENKA_KERNEL_max_pool2d_dx);
    const struct tenka_plan_node *pool =
        dx != NULL ? tenka_fuse_maker(f, tenka_node_value(dx, TENKA_OUT(1)), TENKA_KERNEL_max_pool2d_fwd) : NULL;
    if (pool == NULL || !tenka_fuse_steady(f, dx, relu) ||
        !tenka_fuse_same(f, tenka_node_value(pool, TENKA_IN(0)), tenka_node_value(relu, TENKA_OUT(0))))
        return false;
    struct tenka_plan_node node =
        tenka_fuse_merged(relu, TENKA_KERNEL_relu_max_pool2d_dx, dx->params, sizeof(dx->params));
    tenka_fuse_take(&node, dx, TENKA_OUTS | TENKA_DOUTS);
    tenka_fuse_set(&node, TENKA_OUT(0), tenka_node_value(pool, TENKA_OUT(0)));
    tenka_fuse_take(&node, relu, TENKA_DS);
    return tenka_fuse_place(f, &node, relu, dx);
}

bool tenka_fuse_relu_max_pool2d(struct tenka_fuser *f, struct tenka_plan_node *pool)
{
    struct tenka_plan_node *relu =
        tenka_fuse_private_maker(f, tenka_node_value(pool, TENKA_IN(0)), TENKA_KERNEL_relu_fwd);
    if (relu == NULL || !tenka_fuse_steady(f, relu, pool))
        return false;
    struct tenka_plan_node node =
        tenka_fuse_merged(pool, TENKA_KERNEL_relu_max_pool2d_fwd, pool->params, sizeof(pool->params));
    tenka_fuse_take(&node, relu, TENKA_INS);
    tenka_fuse_take(&node, pool, TENKA_OUTS);
    return tenka_fuse_place(f, &node, pool, relu);
}

/* Windows that tile the output of a convolution; false: they overlap, skip or leave it, or it was reshaped between. */
static bool pool_params(const struct tenka_fuser *f, const struct tenka_plan_node *conv,
                        const struct tenka_plan_node *pool, uint32_t between, struct tenka_p_conv2d_pool *out)
{
    struct tenka_p_pool2d p;
    memcpy(&out->conv, conv->params, sizeof(out->conv));
    memcpy(&p, pool->params, sizeof(p));
    out->pool_oh = p.oh;
    out->pool_ow = p.ow;
    out->pool_kh = p.kh;
    out->pool_kw = p.kw;
    out->pool_sh = p.sh;
    out->pool_sw = p.sw;
    const struct tenka_shape *shape = tenka_fuse_shape(f, between);
    const bool whole = shape->rank == 4 && shape->dim[1] == (uint32_t)out->conv.o && p.h == out->conv.oh &&
                       p.w == out->conv.ow;
    return whole && p.adaptive == 0 && p.ph == 0 && p.pw == 0 && p.dh == 1 && p.dw == 1 && p.sh >= p.kh &&
           p.sw >= p.kw && (int64_t)(p.oh - 1) * p.sh + p.kh <= p.h && (int64_t)(p.ow - 1) * p.sw + p.kw <= p.w;
}

bool tenka_fuse_conv2d_relu_pool(struct tenka_fuser *f, struct tenka_plan_node *pool)
{
    struct tenka_p_conv2d_pool params;
    const uint32_t between = tenka_node_value(pool, TENKA_IN(0));
    struct tenka_plan_node *conv = tenka_fuse_private_maker(f, between, TENKA_KERNEL_conv2d_fwd);
    if (conv == NULL || tenka_kernel_act(conv->kernel, conv->params) != TENKA_ACT_relu ||
        !pool_params(f, conv, pool, between, &params) || !tenka_fuse_steady(f, conv, pool))
        return false;
    struct tenka_plan_node node = tenka_fuse_merged(pool, TENKA_KERNEL_conv2d_relu_pool_fwd, &params, sizeof(params));
    tenka_fuse_take(&node, conv, TENKA_INS);
    tenka_fuse_take(&node, pool, TENKA_OUTS);
    return tenka_fuse_place(f, &node, pool, conv);
}

/* The weights' gradient of a convolution whose output's gradient nobody else wants. */
bool tenka_fuse_conv2d_relu_pool_dw(struct tenka_fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_p_conv2d_pool params;
    const uint32_t between = tenka_node_value(dw, TENKA_DOUT(0));
    struct tenka_plan_node *pool = tenka_fuse_private_maker(f, between, TENKA_KERNEL_relu_max_pool2d_dx);
    if (pool == NULL || !pool_params(f, dw, pool, between, &params) || !tenka_fuse_steady(f, pool, dw))
        return false;
    struct tenka_plan_node node = tenka_fuse_merged(dw, TENKA_KERNEL_conv2d_relu_pool_dw, &params, sizeof(params));
    tenka_fuse_take(&node, dw, TENKA_INS | TENKA_DS);
    tenka_fuse_take(&node, pool, TENKA_OUTS | TENKA_DOUTS);
    return tenka_fuse_place(f, &node, dw, pool);
}

/* ---- Linear layers, backwards ---- */

static bool same_layer(const struct tenka_p_linear *a, const struct tenka_p_linear *b)
{
    return a->m == b->m && a->n == b->n && a->k == b->k && a->bias == b->bias;
}

/* Whether dx goes back through no activation, or through the one that made the x of dw, too. */
static bool same_input(const struct tenka_fuser *f, const struct tenka_plan_node *dx, const struct tenka_plan_node *dw)
{
    return tenka_kernel_act(dx->kernel, dx->params) == TENKA_ACT_NONE ||
           tenka_fuse_same(f, tenka_node_value(dx, TENKA_IN(0)), tenka_node_value(dw, TENKA_IN(0)));
}

/* The gradient of the input of the layer whose weights' gradient dw is, or NULL. */
static struct tenka_plan_node *linear_dx_of(struct tenka_fuser *f, const struct tenka_plan_node *dw)
{
    const uint32_t dout = tenka_node_value(dw, TENKA_DOUT(0));
    struct tenka_plan_node *dx;
    uint32_t at = 0;
    while ((dx = tenka_fuse_next_back(f, dout, &at)) != NULL)
        if (dx->kernel == TENKA_KERNEL_linear_dx && tenka_fuse_same(f, tenka_node_value(dx, TENKA_DOUT(0)), dout) &&
            same_layer((const void *)dx->params, (const void *)dw->params) && same_input(f, dx, dw))
            return dx;
    return NULL;
}

bool tenka_fuse_linear_backward(struct tenka_fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_plan_node *dx = linear_dx_of(f, dw);
    if (dx == NULL)
        return false;
    struct tenka_plan_node *first = dx < dw ? dx : dw, *second = dx < dw ? dw : dx;
    if (!tenka_fuse_steady(f, second, first))
        return false;
    struct tenka_plan_node node =
        tenka_fuse_merged(dw, TENKA_KERNEL_linear_backward_fwd, dx->params, sizeof(dx->params));
    tenka_fuse_set(&node, TENKA_IN(0), tenka_node_value(dw, TENKA_IN(0)));
    tenka_fuse_set(&node, TENKA_IN(1), tenka_node_value(dx, TENKA_IN(1)));
    tenka_fuse_set(&node, TENKA_IN(2), tenka_node_value(dw, TENKA_DOUT(0)));
    tenka_fuse_set(&node, TENKA_OUT(0), tenka_node_value(dx, TENKA_D(0)));
    tenka_fuse_set(&node, TENKA_OUT(1), tenka_node_value(dw, TENKA_D(1)));
    tenka_fuse_set(&node, TENKA_OUT(2), tenka_node_value(dw, TENKA_D(2)));
    return tenka_fuse_place(f, &node, first, second);
}

/* ---- Losses ---- */

static bool along_rows(const struct tenka_plan_node *softmax, const struct tenka_plan_node *nll)
{
    struct tenka_p_axis axis;
    struct tenka_p_nll loss;
    memcpy(&axis, softmax->params, sizeof(axis));
    memcpy(&loss, nll->params, sizeof(loss));
    return axis.inner == 1 && axis.outer == loss.n && axis.len == loss.c;
}

/* Where the log-probabilities stand, since others may read them too. */
bool tenka_fuse_cross_entropy(struct tenka_fuser *f, struct tenka_plan_node *nll)
{
    struct tenka_plan_node *softmax =
        tenka_fuse_maker(f, tenka_node_value(nll, TENKA_IN(0)), TENKA_KERNEL_log_softmax_fwd);
    if (softmax == NULL || !along_rows(softmax, nll))
        return false;
    struct tenka_plan_node node =
        tenka_fuse_merged(nll, TENKA_KERNEL_cross_entropy_fwd, nll->params, sizeof(nll->params));
    tenka_fuse_take(&node, nll, TENKA_INS | TENKA_OUTS);
    tenka_fuse_take(&node, softmax, TENKA_INS);
    tenka_fuse_set(&node, TENKA_OUT(1), tenka_node_value(softmax, TENKA_OUT(0)));
    /* What must be there early: the classes. */
    const uint32_t writer = f->last_writer[tenka_fuse_storage(f, tenka_node_value(nll, TENKA_IN(1)))];
    const size_t at = (size_t)(softmax - f->p->nodes);
    if ((writer != TENKA_NONE_ID && writer >= at) ||
        tenka_fuse_variable(f, tenka_node_value(nll, TENKA_OUT(0))) != NULL ||
        tenka_fuse_changes_between(f, at, (size_t)(nll - f->p->nodes), nll))
        return false;
    return tenka_fuse_place(f, &node, softmax, nll);
}

bool tenka_fuse_cross_entropy_dx(struct tenka_fuser *f, struct tenka_plan_node *softmax)
{
    struct tenka_plan_node *nll =
        tenka_fuse_private_maker(f, tenka_node_value(softmax, TENKA_DOUT(0)), TENKA_KERNEL_nll_loss_dx);
    if (nll == NULL || !along_rows(softmax, nll) || !tenka_fuse_steady(f, nll, softmax))
        return false;
    struct tenka_plan_node node =
        tenka_fuse_merged(softmax, TENKA_KERNEL_cross_entropy_dx, nll->params, sizeof(nll->params));
    tenka_fuse_take(&node, nll, TENKA_INS | TENKA_DOUTS);
    tenka_fuse_set(&node, TENKA_OUT(1), tenka_node_value(softmax, TENKA_OUT(0)));
    tenka_fuse_take(&node, softmax, TENKA_DS);
    return tenka_fuse_place(f, &node, softmax, nll);
}
