/* Rules of matrix products and convolution. */
#include "op/rules.h"

tenka_status tenka_rule_matmul(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_matmul *p = (void *)call->params;
    const struct tenka_shape *a = &call->in[0].shape, *b = &call->in[1].shape;
    char text_a[TENKA_SHAPE_TEXT], text_b[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_F32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 2, 3));
    if (a->rank != b->rank || (a->rank == 3 && a->dim[0] != b->dim[0]))
        return tenka_fail(err, TENKA_E_SHAPE, "%s: shapes %s and %s must both be matrices, or equally many of them",
                          tenka_rule_name(call), tenka_shape_text(a, text_a), tenka_shape_text(b, text_b));
    const uint32_t *da = a->dim + a->rank - 2, *db = b->dim + b->rank - 2;
    const bool ta = p->trans_a != 0, tb = p->trans_b != 0;
    if (da[ta ? 0 : 1] != db[tb ? 1 : 0])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: inner sizes %u and %u differ: %s%s times %s%s",
                          tenka_rule_name(call), da[ta ? 0 : 1], db[tb ? 1 : 0], tenka_shape_text(a, text_a),
                          ta ? " transposed" : "", tenka_shape_text(b, text_b), tb ? " transposed" : "");
    *p = (struct tenka_p_matmul){
        .batch = a->rank == 3 ? (int32_t)a->dim[0] : 1,
        .m = (int32_t)da[ta ? 1 : 0],
        .n = (int32_t)db[tb ? 0 : 1],
        .k = (int32_t)da[ta ? 0 : 1],
        .trans_a = ta,
        .trans_b = tb,
    };
    struct tenka_shape out = *a;
    out.dim[out.rank - 2] = (uint32_t)p->m;
    out.dim[out.rank - 1] = (uint32_t)p->n;
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}

tenka_status tenka_rule_linear(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_linear *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape, *weight = &call->in[1].shape;
    char text_x[TENKA_SHAPE_TEXT], text_w[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_F32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 2, 2));
    TENKA_TRY(tenka_rule_rank(call, err, 1, 2, 2));
    if (x->dim[1] != weight->dim[1])
        return tenka_fail(err, TENKA_E_SHAPE,
                          "%s: an input of shape %s has %u features, but a weight of shape %s "
                          "takes %u",
                          tenka_rule_name(call), tenka_shape_text(x, text_x), x->dim[1],
                          tenka_shape_text(weight, text_w), weight->dim[1]);
    if (call->n_in == 3)
        TENKA_TRY(tenka_rule_vector(call, err, 2, "bias", weight->dim[0]));
    *p = (struct tenka_p_linear){
        .m = (int32_t)x->dim[0],
        .n = (int32_t)weight->dim[0],
        .k = (int32_t)x->dim[1],
        .bias = call->n_in == 3,
        .act = p->act,
        .before = p->before,
    };
    const struct tenka_shape out = {2, {x->dim[0], weight->dim[0]}};
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}

/* E_INVALID or E_SHAPE unless input i is F32 of that shape. */
static tenka_status check_same(const struct tenka_call *call, struct tenka_error *err, uint32_t i,
                               const struct tenka_shape *shape)
{
    char text[TENKA_SHAPE_TEXT], wanted[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, i, TENKA_F32));
    if (tenka_shape_equal(&call->in[i].shape, shape))
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_SHAPE, "%s: tensor %u has shape %s, but must have %s", tenka_rule_name(call), i + 1,
                      tenka_shape_text(&call->in[i].shape, text), tenka_shape_text(shape, wanted));
}

/* (x, weight, dy): the gradients of a linear layer; the caller says whether there is a bias. */
tenka_status tenka_rule_linear_backward(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_linear *p = (void *)call->params;
    struct tenka_call forward = {.op = call->op, .n_in = 2, .in = {call->in[0], call->in[1]}};
    TENKA_TRY(tenka_rule_linear(&forward, err));
    TENKA_TRY(check_same(call, err, 2, &forward.out[0].shape));
    const struct tenka_p_linear given = *p;
    memcpy(p, forward.params, sizeof(*p));
    const bool bias = given.bias != 0;
    p->bias = bias;
    p->before = given.before;
    call->n_out = bias ? 3 : 2;
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, call->in[0].shape));
    TENKA_TRY(tenka_rule_out(call, err, 1, TENKA_F32, call->in[1].shape));
    const struct tenka_shape biases = {1, {(uint32_t)p->n}};
    return tenka_rule_out(call, err, 2, TENKA_F32, biases);
}

/* ---- conv2d ---- */

static tenka_status check_conv_channels(const struct tenka_call *call, struct tenka_error *err, int32_t groups)
{
    const struct tenka_shape *x = &call->in[0].shape, *weight = &call->in[1].shape;
    char text_x[TENKA_SHAPE_TEXT], text_w[TENKA_SHAPE_TEXT];
    const uint32_t g = (uint32_t)groups;
    if (groups < 1)
        return tenka_fail(err, TENKA_E_INVALID, "%s: groups %d must be at least 1", tenka_rule_name(call), groups);
    if (x->dim[1] % g != 0 || weight->dim[0] % g != 0)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %u input and %u output channels cannot be divided into %d groups",
                          tenka_rule_name(call), x->dim[1], weight->dim[0], groups);
    const uint64_t takes = (uint64_t)weight->dim[1] * g;
    if (takes != x->dim[1])
        return tenka_fail(
            err, TENKA_E_SHAPE,
            "%s: an input of shape %s has %u channel%s, but a weight of shape %s takes %llu in %u group%s",
            tenka_rule_name(call), tenka_shape_text(x, text_x), x->dim[1], x->dim[1] == 1 ? "" : "s",
            tenka_shape_text(weight, text_w), (unsigned long long)takes, g, g == 1 ? "" : "s");
    return TENKA_OK;
}

tenka_status tenka_rule_conv2d(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_conv2d *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape, *weight = &call->in[1].shape;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_F32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 4, 4));
    TENKA_TRY(tenka_rule_rank(call, err, 1, 4, 4));
    TENKA_TRY(check_conv_channels(call, err, p->groups));
    if (call->n_in == 3)
        TENKA_TRY(tenka_rule_vector(call, err, 2, "bias", weight->dim[0]));
    p->n = (int32_t)x->dim[0];
    p->c = (int32_t)x->dim[1];
    p->h = (int32_t)x->dim[2];
    p->w = (int32_t)x->dim[3];
    p->o = (int32_t)weight->dim[0];
    p->kh = (int32_t)weight->dim[2];
    p->kw = (int32_t)weight->dim[3];
    p->bias = call->n_in == 3;
    const struct tenka_window height = {"height", p->h, p->kh, p->sh, p->ph, p->dh};
    const struct tenka_window width = {"width", p->w, p->kw, p->sw, p->pw, p->dw};
    TENKA_TRY(tenka_rule_windows(call, err, &height, false, &p->oh));
    TENKA_TRY(tenka_rule_windows(call, err, &width, false, &p->ow));
    const struct tenka_shape out = {4, {x->dim[0], weight->dim[0], (uint32_t)p->oh, (uint32_t)p->ow}};
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}

/* Rows or columns of what a transposed convolution makes of w->in: w's `in` becomes that. */
static tenka_status spread_windows(const struct tenka_call *call, struct tenka_error *err, struct tenka_window *w,
                                   int64_t extra)
{
    TENKA_TRY(tenka_rule_window(call, err, w));
    if (extra < 0 || (extra >= w->stride && extra >= w->dilation))
        return tenka_fail(err, TENKA_E_INVALID,
                          "%s: %s: an output padding of %lld must be less than the stride %lld or the dilation %lld",
                          tenka_rule_name(call), w->axis, (long long)extra, (long long)w->stride,
                          (long long)w->dilation);
    const int64_t size = (w->in - 1) * w->stride - 2 * w->padding + w->dilation * (w->kernel - 1) + extra + 1;
    if (size < 1 || size > INT32_MAX)
        return tenka_fail(err, TENKA_E_SHAPE,
                          "%s: %s: an input of %lld, kernel %lld, stride %lld and padding %lld give an output of %lld",
                          tenka_rule_name(call), w->axis, (long long)w->in, (long long)w->kernel, (long long)w->stride,
                          (long long)w->padding, (long long)size);
    w->in = size;
    return tenka_rule_window(call, err, w);
}

static tenka_status check_transposed_channels(const struct tenka_call *call, struct tenka_error *err, int32_t groups)
{
    const struct tenka_shape *x = &call->in[0].shape, *weight = &call->in[1].shape;
    char text_x[TENKA_SHAPE_TEXT], text_w[TENKA_SHAPE_TEXT];
    if (groups >= 1 && x->dim[1] == weight->dim[0] && x->dim[1] % (uint32_t)groups == 0)
        return TENKA_OK;
    return tenka_fail(
        err, TENKA_E_SHAPE,
        "%s: an input of shape %s and a weight of shape %s in %d groups: the channels of the input must be "
        "axis 0 of the weight and a multiple of the groups",
        tenka_rule_name(call), tenka_shape_text(x, text_x), tenka_shape_text(weight, text_w), groups);
}

tenka_status tenka_rule_conv_transpose2d(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_conv_transpose2d *p = (void *)call->params;
    struct tenka_p_conv2d *c = &p->conv;
    const struct tenka_shape *x = &call->in[0].shape, *weight = &call->in[1].shape;
    for (uint32_t i = 0; i < 2; i++) {
        TENKA_TRY(tenka_rule_dtype(call, err, i, TENKA_F32));
        TENKA_TRY(tenka_rule_rank(call, err, i, 4, 4));
    }
    TENKA_TRY(check_transposed_channels(call, err, c->groups));
    struct tenka_window height = {"height", x->dim[2], weight->dim[2], c->sh, c->ph, c->dh};
    struct tenka_window width = {"width", x->dim[3], weight->dim[3], c->sw, c->pw, c->dw};
    TENKA_TRY(spread_windows(call, err, &height, p->extra_h));
    TENKA_TRY(spread_windows(call, err, &width, p->extra_w));
    c->n = (int32_t)x->dim[0];
    c->o = (int32_t)x->dim[1];
    c->oh = (int32_t)x->dim[2];
    c->ow = (int32_t)x->dim[3];
    c->kh = (int32_t)weight->dim[2];
    c->kw = (int32_t)weight->dim[3];
    c->h = (int32_t)height.in;
    c->w = (int32_t)width.in;
    const uint64_t channels = (uint64_t)weight->dim[1] * (uint32_t)c->groups;
    const struct tenka_shape out = {
        4, {x->dim[0], channels > INT32_MAX ? 0 : (uint32_t)channels, (uint32_t)c->h, (uint32_t)c->w}};
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, out));
    c->c = (int32_t)out.dim[1];
    return TENKA_OK;
}

/* ---- Fused convolutions ---- */

tenka_status tenka_rule_conv2d_relu_pool(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_conv2d_pool *p = (void *)call->params;
    TENKA_TRY(tenka_rule_conv2d(call, err));
    struct tenka_call pool = {.op = call->op, .n_in = 1, .in = {call->out[0]}};
    struct tenka_p_pool2d *window = (void *)pool.params;
    *window = (struct tenka_p_pool2d){
        .kh = p->pool_kh,
        .kw = p->pool_kw,
        .sh = p->pool_sh,
        .sw = p->pool_sw,
        .dh = 1,
        .dw = 1,
    };
    TENKA_TRY(tenka_rule_max_pool2d(&pool, err));
    if (window->sh < window->kh || window->sw < window->kw)
        return tenka_fail(err, TENKA_E_INVALID, "%s: windows of [%d, %d] with strides [%d, %d] overlap",
                          tenka_rule_name(call), window->kh, window->kw, window->sh, window->sw);
    p->pool_oh = window->oh;
    p->pool_ow = window->ow;
    call->out[0] = pool.out[0];
    call->out[1] = pool.out[1];
    return TENKA_OK;
}
