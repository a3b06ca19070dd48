/* Activations that their neighbours take over, as a constant: see TENKA_ACTIVATES in ops.def. */
#include "plan/fuse_engine.h"

/* Whether a pass has room for an activation: it applies one and no second. */
static bool has_room(const struct tenka_plan_node *pass)
{
    return pass != NULL && tenka_kernel_act(pass->kernel, pass->params) == TENKA_ACT_NONE;
}

/* ---- Forward ---- */

/* act(layer(x)), where the activation stands. */
static bool layer_activation(struct tenka_fuser *f, struct tenka_plan_node *act, enum tenka_kernel kernel)
{
    struct tenka_plan_node *layer = tenka_fuse_private_maker(f, tenka_node_value(act, TENKA_IN(0)), kernel);
    if (!has_room(layer) || !tenka_fuse_steady(f, layer, act))
        return false;
    struct tenka_plan_node node = tenka_fuse_merged(act, kernel, layer->params, sizeof(layer->params));
    tenka_kernel_set_act(kernel, node.params, tenka_act_of(act->kernel));
    tenka_fuse_take(&node, layer, TENKA_INS);
    tenka_fuse_take(&node, act, TENKA_OUTS);
    return tenka_fuse_place(f, &node, act, layer);
}

bool tenka_fuse_layer_activation(struct tenka_fuser *f, struct tenka_plan_node *act)
{
    return tenka_act_of(act->kernel) != TENKA_ACT_NONE &&
           (layer_activation(f, act, TENKA_KERNEL_conv2d_fwd) || layer_activation(f, act, TENKA_KERNEL_linear_fwd));
}

/* Where the normalisation stands, since others read its mean and variance. */
bool tenka_fuse_norm_activation(struct tenka_fuser *f, struct tenka_plan_node *act)
{
    if (tenka_act_of(act->kernel) == TENKA_ACT_NONE)
        return false;
    struct tenka_plan_node *norm =
        tenka_fuse_private_maker(f, tenka_node_value(act, TENKA_IN(0)), TENKA_KERNEL_batch_norm2d_fwd);
    if (!has_room(norm) || tenka_fuse_variable(f, tenka_node_value(act, TENKA_OUT(0))) != NULL)
        return false;
    struct tenka_plan_node node = *norm;
    tenka_kernel_set_act(node.kernel, node.params, tenka_act_of(act->kernel));
    tenka_fuse_take(&node, act, TENKA_OUTS);
    return tenka_fuse_place(f, &node, norm, act);
}

/* ---- Backward ---- */

/* The gradient of layer(act(z)) by z, where the activation's stands. */
static bool layer_activation_back(struct tenka_fuser *f, struct tenka_plan_node *act, enum tenka_kernel kernel)
{
    struct tenka_plan_node *dx = tenka_fuse_private_maker(f, tenka_node_value(act, TENKA_DOUT(0)), kernel);
    if (!has_room(dx) || !tenka_fuse_steady(f, dx, act))
        return false;
    struct tenka_plan_node node = tenka_fuse_merged(act, kernel, dx->params, sizeof(dx->params));
    tenka_kernel_set_act(kernel, node.params, tenka_act_back_of(act->kernel));
    tenka_fuse_take(&node, dx, TENKA_INS | TENKA_DOUTS);
    tenka_fuse_set(&node, TENKA_IN(0), tenka_node_value(act, TENKA_OUT(0)));
    tenka_fuse_take(&node, act, TENKA_DS);
    return tenka_fuse_place(f, &node, act, dx);
}

bool tenka_fuse_layer_activation_back(struct tenka_fuser *f, struct tenka_plan_node *act)
{
    return tenka_act_back_of(act->kernel) != TENKA_ACT_NONE && (layer_activation_back(f, act, TENKA_KERNEL_conv2d_dx) ||
                                                                layer_activation_back(f, act, TENKA_KERNEL_linear_dx));
}

/* ---- The gradients of a normalisation and its activation ---- */

/* The normalisation's gradient by x that goes with that by its weights, or NULL. */
static struct tenka_plan_node *dx_beside(struct tenka_fuser *f, const struct tenka_plan_node *dw)
{
    const uint32_t dout = tenka_node_value(dw, TENKA_DOUT(0));
    struct tenka_plan_node *dx;
    uint32_t at = 0;
    while ((dx = tenka_fuse_next_back(f, dout, &at)) != NULL)
        if (dx->kernel == TENKA_KERNEL_batch_norm2d_dx && tenka_node_value(dx, TENKA_DOUT(0)) == dout &&
            tenka_node_value(dx, TENKA_IN(0)) == tenka_node_value(dw, TENKA_IN(0)))
            return dx;
    return NULL;
}

/* A gradient pass of the normalisation that goes back through the activation itself. */
static struct tenka_plan_node through(const struct tenka_plan_node *pass, const struct tenka_plan_node *act)
{
    struct tenka_plan_node node = *pass;
    tenka_kernel_set_act(node.kernel, node.params, tenka_act_back_of(act->kernel));
    tenka_fuse_take(&node, act, TENKA_OUTS | TENKA_DOUTS);
    tenka_fuse_join_owners(&node, act);
    return node;
}

/* The node that makes the gradient that a normalisation begins with, where that is an activation's, or NULL. */
static struct tenka_plan_node *activation_behind(const struct tenka_fuser *f, const struct tenka_plan_node *dw)
{
    const uint32_t value = tenka_node_value(dw, TENKA_DOUT(0));
    struct tenka_plan_node *act = tenka_fuse_writer(f, value);
    return act != NULL && tenka_act_back_of(act->kernel) != TENKA_ACT_NONE ? act : NULL;
}

/* The gradients of a normalisation go back through its activation themselves, when nobody else reads what that sends. */
bool tenka_fuse_norm_activation_back(struct tenka_fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_plan_node *act = activation_behind(f, dw);
    struct tenka_plan_node *dx = act != NULL ? dx_beside(f, dw) : NULL, to_x = {.kernel = TENKA_GONE};
    if (act == NULL || !has_room(dw) || (dx != NULL && !has_room(dx)) ||
        !tenka_fuse_is_private(f, tenka_node_value(act, TENKA_D(0)), dx != NULL ? 2 : 1) ||
        !tenka_fuse_steady(f, act, dw) || (dx != NULL && !tenka_fuse_steady(f, act, dx)))
        return false;
    const struct tenka_plan_node to_w = through(dw, act);
    if (dx != NULL)
        to_x = through(dx, act);
    if (dx != NULL && !tenka_fuse_wanted(f, to_x.kernel, to_x.params))
        return false;
    if (!tenka_fuse_place(f, &to_w, dw, act))
        return false;
    if (dx != NULL)
        tenka_fuse_put(f, dx, &to_x);
    return true;
}

/* Whether nothing runs between two nodes, of which the first stands before the second. */
static bool are_neighbours(const struct tenka_plan_node *first, const struct tenka_plan_node *second)
{
    while (++first < second)
        if (first->kernel != TENKA_GONE)
            return false;
    return first == second;
}

/* The gradient of what was normalised takes the sums that those of weight and bias are, instead of making them again;
 * unless these are written where the weight still lies. */
bool tenka_fuse_norm_sums(struct tenka_fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_plan_node *dx = dx_beside(f, dw);
    if (dx == NULL || (!are_neighbours(dw, dx) && !are_neighbours(dx, dw)) ||
        tenka_kernel_act(dx->kernel, dx->params) != tenka_kernel_act(dw->kernel, dw->params) ||
        (dx < dw && !tenka_fuse_steady(f, dw, dx)))
        return false;
    struct tenka_plan_node sums = *dw, *second = dx > dw ? dx : dw;
    struct tenka_plan_node node =
        tenka_fuse_merged(dx, TENKA_KERNEL_batch_norm2d_apply, dx->params, sizeof(dx->params));
    tenka_fuse_take(&node, dx, TENKA_INS | TENKA_OUTS | TENKA_DOUTS | TENKA_DS);
    tenka_fuse_set(&node, TENKA_D(1), tenka_node_value(dw, TENKA_D(1)));
    tenka_fuse_set(&node, TENKA_D(2), tenka_node_value(dw, TENKA_D(2)));
    node.phase = dx->phase;
    tenka_fuse_join_owners(&node, dx);
    if (!tenka_fuse_wanted(f, node.kernel, node.params))
        return false;
    tenka_fuse_put(f, dx < dw ? dx : dw, &sums);
    tenka_fuse_put(f, second, &node);
    return true;
}
