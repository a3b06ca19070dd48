/* Conv2d and Linear: layers whose weights are drawn. */
#include <math.h>

#include "nn/layer.h"

/* kaiming_uniform_(weight, a=sqrt(5)), computed as torch.nn.init does, so that the bits are the same. */
static double weight_bound(uint64_t fan_in)
{
    const double slope = sqrt(5.0), gain = sqrt(2.0 / (1 + slope * slope));
    return sqrt(3.0) * (gain / sqrt((double)fan_in));
}

tenka_status tenka_layer_draw(tenka_module *module, struct tenka_shape weight, uint64_t fan_in, uint32_t out, bool bias)
{
    TENKA_TRY(tenka_layer_add_uniform(module, "weight", weight, weight_bound(fan_in)));
    if (!bias)
        return TENKA_OK;
    return tenka_layer_add_uniform(module, "bias", tenka_shape_of(out), 1 / sqrt((double)fan_in));
}

/* ---- Conv2d ---- */

enum { IN, OUT, KERNEL, STRIDE, PADDING, DILATION, GROUPS, BIAS, PADDING_MODE };

static const struct tenka_layer_arg conv2d_args[] = {
    [IN] = {"in_channels", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL},
    [OUT] = {"out_channels", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL},
    [KERNEL] = {"kernel_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED | TENKA_ARG_PAIRED, 0, 1, INT32_MAX, NULL},
    [STRIDE] = {"stride", TENKA_ARG_PAIR, TENKA_ARG_PAIRED, 1, 1, INT32_MAX, NULL},
    [PADDING] = {"padding", TENKA_ARG_PADDING, TENKA_ARG_PAIRED | TENKA_ARG_QUIET, 0, 0, INT32_MAX, NULL},
    [DILATION] = {"dilation", TENKA_ARG_PAIR, TENKA_ARG_PAIRED | TENKA_ARG_QUIET, 1, 1, INT32_MAX, NULL},
    [GROUPS] = {"groups", TENKA_ARG_INT, TENKA_ARG_QUIET, 1, 1, INT32_MAX, NULL},
    [BIAS] = {"bias", TENKA_ARG_BOOL, TENKA_ARG_QUIET, 1, 0, 1, NULL},
    [PADDING_MODE] = {"padding_mode", TENKA_ARG_WORD, TENKA_ARG_QUIET | TENKA_ARG_PLAIN, 0, 0, 0,
                      "zeros|reflect|replicate|circular"}, /* in the order of enum tenka_pad_mode */
};

/* padding='same' and 'valid' as numbers: those before. Source: torch.nn.Conv2d, where an odd sum puts one more row or
 * column at the end. */
static tenka_status resolve_padding(struct tenka_error *err, struct tenka_layer_values *v)
{
    struct tenka_arg_value *const padding = &v->arg[PADDING];
    for (size_t axis = 0; axis < 2 && padding->word != NULL; axis++) {
        const bool same = strcmp(padding->word, "same") == 0;
        const double total = same ? v->arg[DILATION].value[axis] * (v->arg[KERNEL].value[axis] - 1) : 0;
        if (same && v->arg[STRIDE].value[axis] != 1)
            return tenka_fail(err, TENKA_E_INVALID, "Conv2d: padding='same' needs a stride of 1");
        if (total > INT32_MAX)
            return tenka_fail(err, TENKA_E_INVALID, "Conv2d: padding='same' would pad by %.0f", total);
        padding->value[axis] = floor(total / 2);
    }
    return TENKA_OK;
}

/* How many rows or columns of padding there are at the end. */
static uint32_t padding_behind(const struct tenka_layer_values *v, size_t axis)
{
    const struct tenka_arg_value *const padding = &v->arg[PADDING];
    const double total = v->arg[DILATION].value[axis] * (v->arg[KERNEL].value[axis] - 1);
    const bool same = padding->word != NULL && strcmp(padding->word, "same") == 0;
    return (uint32_t)(same ? total - padding->value[axis] : padding->value[axis]);
}

/* The padding that the convolution cannot do itself, after which it has none: of other modes than zeros, and 'same' where
 * the two sides differ. */
static tenka_tensor pad_images(tenka_module *m, tenka_tensor x, struct tenka_conv2d_params *params)
{
    const struct tenka_layer_values *const v = &m->values;
    const enum tenka_pad_mode mode = (enum tenka_pad_mode)tenka_arg_u32(v, PADDING_MODE, 0);
    int32_t pad[4];
    bool differ = false;
    for (uint32_t axis = 0; axis < 2; axis++) {
        const uint32_t behind = padding_behind(v, axis);
        pad[2 - 2 * axis] = (int32_t)params->padding[axis];
        pad[3 - 2 * axis] = (int32_t)behind;
        differ = differ || behind != params->padding[axis];
    }
    if (mode == TENKA_PAD_CONSTANT && !differ)
        return x;
    params->padding[0] = params->padding[1] = 0;
    return tenka_pad(x, pad, 4, mode, 0);
}

static tenka_status conv2d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    const uint32_t in = tenka_arg_u32(v, IN, 0), out = tenka_arg_u32(v, OUT, 0), groups = tenka_arg_u32(v, GROUPS, 0);
    if (in % groups != 0 || out % groups != 0)
        return tenka_fail(err, TENKA_E_INVALID,
                          "Conv2d: in_channels (%u) and out_channels (%u) must be multiples of groups (%u)", in, out,
                          groups);
    return resolve_padding(err, v);
}

static uint64_t conv2d_fan_in(const struct tenka_layer_values *v)
{
    const uint64_t channels = tenka_arg_u32(v, IN, 0) / tenka_arg_u32(v, GROUPS, 0);
    return tenka_product(channels, tenka_product(tenka_arg_u32(v, KERNEL, 0), tenka_arg_u32(v, KERNEL, 1)));
}

static uint64_t conv2d_elements(const struct tenka_layer_values *v)
{
    return tenka_product(conv2d_fan_in(v), tenka_arg_u32(v, OUT, 0));
}

static tenka_status conv2d_init(tenka_module *m)
{
    const struct tenka_layer_values *const v = &m->values;
    const struct tenka_shape weight = tenka_shape_of(tenka_arg_u32(v, OUT, 0),
                                                     tenka_arg_u32(v, IN, 0) / tenka_arg_u32(v, GROUPS, 0),
                                                     tenka_arg_u32(v, KERNEL, 0), tenka_arg_u32(v, KERNEL, 1));
    return tenka_layer_draw(m, weight, conv2d_fan_in(v), tenka_arg_u32(v, OUT, 0), tenka_arg_is(v, BIAS));
}

static tenka_tensor conv2d_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_conv2d_params params = TENKA_CONV2D_DEFAULTS;
    const uint32_t channels = tenka_arg_u32(&m->values, IN, 0);
    if (!tenka_layer_has_channels(x, channels))
        return tenka_layer_fail_channels(m, "in_channels", channels, x);
    for (size_t axis = 0; axis < 2; axis++) {
        params.stride[axis] = tenka_arg_u32(&m->values, STRIDE, axis);
        params.padding[axis] = tenka_arg_u32(&m->values, PADDING, axis);
        params.dilation[axis] = tenka_arg_u32(&m->values, DILATION, axis);
    }
    params.groups = tenka_arg_u32(&m->values, GROUPS, 0);
    x = pad_images(m, x, &params);
    return tenka_conv2d(x, tenka_layer_value(m, "weight"), tenka_layer_value(m, "bias"), &params);
}

const struct tenka_layer_type tenka_layer_conv2d = {
    .name = "Conv2d",
    .args = conv2d_args,
    .n_args = sizeof(conv2d_args) / sizeof(conv2d_args[0]),
    .check = conv2d_check,
    .elements = conv2d_elements,
    .init = conv2d_init,
    .forward = conv2d_forward,
};

tenka_status tenka_nn_conv2d(tenka_ctx *ctx, uint32_t in_channels, uint32_t out_channels, uint32_t kernel_height,
                             uint32_t kernel_width, const struct tenka_conv2d_params *params, bool bias,
                             tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    struct tenka_conv2d_params own = TENKA_CONV2D_DEFAULTS;
    const struct tenka_conv2d_params *const p = &own;
    TENKA_TRY(tenka_take_params(tenka_ctx_error(ctx), "Conv2d", "TENKA_CONV2D_DEFAULTS", &own, params));
    struct tenka_layer_values values = {0};
    values.arg[IN] = tenka_arg_of(in_channels);
    values.arg[OUT] = tenka_arg_of(out_channels);
    values.arg[KERNEL] = tenka_arg_pair((const uint32_t[]){kernel_height, kernel_width});
    values.arg[STRIDE] = tenka_arg_pair(p->stride);
    values.arg[PADDING] = tenka_arg_pair(p->padding);
    values.arg[DILATION] = tenka_arg_pair(p->dilation);
    values.arg[GROUPS] = tenka_arg_of(p->groups);
    values.arg[BIAS] = tenka_arg_of(bias);
    return tenka_layer_make(ctx, &tenka_layer_conv2d, &values, out);
}

/* ---- Linear ---- */

enum { IN_FEATURES, OUT_FEATURES, LINEAR_BIAS };

static const struct tenka_layer_arg linear_args[] = {
    [IN_FEATURES] = {"in_features", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [OUT_FEATURES] = {"out_features", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [LINEAR_BIAS] = {"bias", TENKA_ARG_BOOL, 0, 1, 0, 1, NULL},
};

static uint64_t linear_elements(const struct tenka_layer_values *v)
{
    return tenka_product(tenka_arg_u32(v, IN_FEATURES, 0), tenka_arg_u32(v, OUT_FEATURES, 0));
}

static tenka_status linear_init(tenka_module *m)
{
    const uint32_t in = tenka_arg_u32(&m->values, IN_FEATURES, 0), out = tenka_arg_u32(&m->values, OUT_FEATURES, 0);
    return tenka_layer_draw(m, tenka_shape_of(out, in), in, out, tenka_arg_is(&m->values, LINEAR_BIAS));
}

/* What a view() between two printed containers does, which print(model) does not show. */
static tenka_tensor flatten_images(tenka_module *m, tenka_tensor x)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x) || shape.rank != 4)
        return x;
    const uint32_t in = tenka_arg_u32(&m->values, IN_FEATURES, 0);
    /* A last axis that fits is PyTorch's own meaning of a Linear on rank 4. */
    if (shape.dim[3] == in || tenka_product(tenka_product(shape.dim[1], shape.dim[2]), shape.dim[3]) != in)
        return x;
    if (!m->told)
        tenka_say(tenka_ctx_log(m->ctx), TENKA_LOG_DEBUG, "layer %s (Linear): flattens its input of %u x %u x %u to %u",
                  m->path, shape.dim[1], shape.dim[2], shape.dim[3], in);
    m->told = true;
    return tenka_flatten(x, 1);
}

/* In the words of the layer, which say more than those of the product behind it. */
static tenka_tensor fail_features(tenka_module *m, const struct tenka_shape *shape)
{
    char text[TENKA_SHAPE_TEXT];
    uint64_t features = 1;
    for (uint32_t i = 1; i < shape->rank; i++)
        features = tenka_product(features, shape->dim[i]);
    return tenka_trace_fail(
        m->ctx, TENKA_E_SHAPE, "expected in_features=%u numbers, found an input of shape %s: %llu for each image",
        tenka_arg_u32(&m->values, IN_FEATURES, 0), tenka_shape_text(shape, text), (unsigned long long)features);
}

static tenka_tensor linear_forward(tenka_module *m, tenka_tensor x)
{
    x = flatten_images(m, x);
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (tenka_tensor_valid(x) && shape.rank > 0 &&
        shape.dim[shape.rank - 1] != tenka_arg_u32(&m->values, IN_FEATURES, 0))
        return fail_features(m, &shape);
    return tenka_linear(x, tenka_layer_value(m, "weight"), tenka_layer_value(m, "bias"));
}

const struct tenka_layer_type tenka_layer_linear = {
    .name = "Linear",
    .args = linear_args,
    .n_args = sizeof(linear_args) / sizeof(linear_args[0]),
    .elements = linear_elements,
    .init = linear_init,
    .forward = linear_forward,
};

tenka_status tenka_nn_linear(tenka_ctx *ctx, uint32_t in_features, uint32_t out_features, bool bias, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    struct tenka_layer_values values = {0};
    values.arg[IN_FEATURES] = tenka_arg_of(in_features);
    values.arg[OUT_FEATURES] = tenka_arg_of(out_features);
    values.arg[LINEAR_BIAS] = tenka_arg_of(bias);
    return tenka_layer_make(ctx, &tenka_layer_linear, &values, out);
}
