/* Activations that their neighbours take over. */
#include "plan/fuse.h"

/* relu(layer(x)) */
static bool layer_relu(struct tenka_fuser *f, struct tenka_plan_node *relu, enum tenka_kernel layer_kernel,
                       enum tenka_kernel kernel)
{
    struct tenka_plan_node *layer = tenka_fuse_private_maker(f, tenka_node_value(relu, TENKA_IN(0)), layer_kernel);
    if (!layer || !tenka_fuse_steady(f, layer, relu))
        return false;
    struct tenka_plan_node node = tenka_fuse_merged(relu, kernel, layer->params, sizeof layer->params);
    tenka_fuse_take(&node, layer, TENKA_INS);
    tenka_fuse_take(&node, relu, TENKA_OUTS);
    return tenka_fuse_place(f, &node, relu, layer, NULL);
}

bool tenka_fuse_conv2d_relu(struct tenka_fuser *f, struct tenka_plan_node *relu)
{
    return layer_relu(f, relu, TENKA_KERNEL_conv2d_fwd, TENKA_KERNEL_conv2d_relu_fwd);
}

bool tenka_fuse_linear_relu(struct tenka_fuser *f, struct tenka_plan_node *relu)
{
    return layer_relu(f, relu, TENKA_KERNEL_linear_fwd, TENKA_KERNEL_linear_relu_fwd);
}

/* The gradient of conv2d(relu(z)) by z. */
bool tenka_fuse_conv2d_dx_relu(struct tenka_fuser *f, struct tenka_plan_node *relu)
{
    struct tenka_plan_node *dx =
        tenka_fuse_private_maker(f, tenka_node_value(relu, TENKA_DOUT(0)), TENKA_KERNEL_conv2d_dx);
    if (!dx || !tenka_fuse_steady(f, dx, relu))
        return false;
    struct tenka_plan_node node =
        tenka_fuse_merged(relu, TENKA_KERNEL_conv2d_dx_relu_fwd, dx->params, sizeof dx->params);
    tenka_fuse_set(&node, TENKA_IN(0), tenka_node_value(dx, TENKA_IN(1)));
    tenka_fuse_set(&node, TENKA_IN(1), tenka_node_value(dx, TENKA_DOUT(0)));
    tenka_fuse_set(&node, TENKA_IN(2), tenka_node_value(relu, TENKA_OUT(0)));
    tenka_fuse_set(&node, TENKA_OUT(0), tenka_node_value(relu, TENKA_D(0)));
    return tenka_fuse_place(f, &node, relu, dx, NULL);
}

/* Where the normalisation stands, since others read its mean and variance. */
bool tenka_fuse_batch_norm2d_relu(struct tenka_fuser *f, struct tenka_plan_node *relu)
{
    struct tenka_plan_node *norm =
        tenka_fuse_private_maker(f, tenka_node_value(relu, TENKA_IN(0)), TENKA_KERNEL_batch_norm2d_fwd);
    if (!norm || tenka_fuse_variable(f, tenka_node_value(relu, TENKA_OUT(0))))
        return false;
    struct tenka_plan_node node =
        tenka_fuse_merged(norm, TENKA_KERNEL_batch_norm2d_relu_fwd, norm->params, sizeof norm->params);
    tenka_fuse_take(&node, norm, TENKA_INS | TENKA_OUTS);
    tenka_fuse_take(&node, relu, TENKA_OUTS);
    return tenka_fuse_place(f, &node, norm, relu, NULL);
}

/* ---- The gradients of a normalisation and its ReLU ---- */

/* The normalisation's gradient by x that goes with that by its weights, or NULL. */
static struct tenka_plan_node *dx_beside(const struct tenka_fuser *f, const struct tenka_plan_node *dw)
{
    struct tenka_plan_node *dx = NULL;
    for (uint32_t i = 0; i < f->p->n_nodes; i++) {
        struct tenka_plan_node *other = &f->p->nodes[i];
        if (other->kernel == TENKA_KERNEL_batch_norm2d_dx &&
            tenka_node_value(other, TENKA_DOUT(0)) == tenka_node_value(dw, TENKA_DOUT(0)) &&
            tenka_node_value(other, TENKA_IN(0)) == tenka_node_value(dw, TENKA_IN(0)))
            dx = other;
    }
    return dx;
}

/* A gradient pass of the normalisation that takes the ReLU's mask itself. */
static struct tenka_plan_node with_mask(const struct tenka_plan_node *pass, enum tenka_kernel kernel,
                                        const struct tenka_plan_node *relu)
{
    struct tenka_plan_node node = tenka_fuse_merged(pass, kernel, pass->params, sizeof pass->params);
    tenka_fuse_take(&node, pass, TENKA_INS | TENKA_OUTS | TENKA_DS);
    tenka_fuse_take(&node, relu, TENKA_OUTS | TENKA_DOUTS);
    return node;
}

/* The gradients of a normalisation take the ReLU's mask themselves, when nobody else reads what the ReLU sends. */
bool tenka_fuse_batch_norm2d_relu_back(struct tenka_fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_plan_node *relu = tenka_fuse_maker(f, tenka_node_value(dw, TENKA_DOUT(0)), TENKA_KERNEL_relu_dx);
    struct tenka_plan_node *dx = relu ? dx_beside(f, dw) : NULL, to_x = {.kernel = TENKA_GONE};
    if (!relu || !tenka_fuse_is_private(f, tenka_node_value(relu, TENKA_D(0)), dx ? 2 : 1) ||
        !tenka_fuse_steady(f, relu, dw) || (dx && !tenka_fuse_steady(f, relu, dx)))
        return false;
    const struct tenka_plan_node to_w = with_mask(dw, TENKA_KERNEL_batch_norm2d_relu_dw, relu);
    if (dx)
        to_x = with_mask(dx, TENKA_KERNEL_batch_norm2d_relu_dx, relu);
    if (dx && !tenka_fuse_wanted(f, to_x.kernel, to_x.params))
        return false;
    if (!tenka_fuse_place(f, &to_w, dw, relu, NULL))
        return false;
    if (dx)
        tenka_fuse_put(f, dx, &to_x);
    return true;
}
