/* Convolutions beside Conv2d: Conv1d, ConvTranspose1d, ConvTranspose2d. A signal [N, C, L] is an image of one row. */
#include <math.h>

#include "nn/layer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static tenka_status check_groups(struct tenka_error *err, const char *name, uint32_t in, uint32_t out, uint32_t groups)
{
    if (in % groups == 0 && out % groups == 0)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID,
                      "%s: in_channels (%u) and out_channels (%u) must be multiples of groups (%u)", name, in, out,
                      groups);
}

/* A signal as an image, or inert: it is none of that many channels. */
static tenka_tensor as_image(tenka_module *m, tenka_tensor x, uint32_t channels)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    char text[TENKA_SHAPE_TEXT];
    if (!tenka_tensor_valid(x))
        return x;
    if (shape.rank != 3 || shape.dim[1] != channels)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "expected a signal [N, %u, L], found an input of shape %s",
                                channels, tenka_shape_text(&shape, text));
    return tenka_reshape(x, tenka_shape_of(shape.dim[0], channels, 1, shape.dim[2]));
}

static tenka_tensor as_signal(tenka_tensor y)
{
    const struct tenka_shape shape = tenka_tensor_shape(y);
    return tenka_tensor_valid(y) ? tenka_reshape(y, tenka_shape_of(shape.dim[0], shape.dim[1], shape.dim[3])) : y;
}

/* The weight [.., .., K] of signals as that of images. */
static tenka_tensor image_weight(const tenka_module *m)
{
    const tenka_tensor weight = tenka_layer_value(m, "weight");
    const struct tenka_shape shape = tenka_tensor_shape(weight);
    return tenka_reshape(weight, tenka_shape_of(shape.dim[0], shape.dim[1], 1, shape.dim[2]));
}

#define CHANNELS(name)                                                                  \
    {                                                                                   \
        name, TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL \
    }
#define KERNEL_SIZE(axes)                                                               \
    {                                                                                   \
        "kernel_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED | axes, 0, 1, INT32_MAX, NULL \
    }
#define EVERYWHERE(name, axes, fallback)                                \
    {                                                                   \
        name, TENKA_ARG_PAIR, axes, fallback, fallback, INT32_MAX, NULL \
    }

/* ---- Conv1d ---- */

enum { IN, OUT, KERNEL, STRIDE, PADDING, DILATION, GROUPS, BIAS, PADDING_MODE };
enum { ONE = TENKA_ARG_SINGLE | TENKA_ARG_PAIRED, TWO = TENKA_ARG_PAIRED };

static const struct tenka_layer_arg conv1d_args[] = {
    [IN] = CHANNELS("in_channels"),
    [OUT] = CHANNELS("out_channels"),
    [KERNEL] = KERNEL_SIZE(ONE),
    [STRIDE] = EVERYWHERE("stride", ONE, 1),
    [PADDING] = {"padding", TENKA_ARG_PADDING, ONE | TENKA_ARG_QUIET, 0, 0, INT32_MAX, NULL},
    [DILATION] = EVERYWHERE("dilation", ONE | TENKA_ARG_QUIET, 1),
    [GROUPS] = {"groups", TENKA_ARG_INT, TENKA_ARG_QUIET, 1, 1, INT32_MAX, NULL},
    [BIAS] = {"bias", TENKA_ARG_BOOL, TENKA_ARG_QUIET, 1, 0, 1, NULL},
    [PADDING_MODE] = {"padding_mode", TENKA_ARG_WORD, TENKA_ARG_FIXED, 0, 0, 0, "zeros"},
};

static tenka_status conv1d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    struct tenka_arg_value *const padding = &v->arg[PADDING];
    const bool same = padding->word != NULL && strcmp(padding->word, "same") == 0;
    const double total = same ? v->arg[DILATION].value[0] * (v->arg[KERNEL].value[0] - 1) : 0;
    TENKA_TRY(
        check_groups(err, "Conv1d", tenka_arg_u32(v, IN, 0), tenka_arg_u32(v, OUT, 0), tenka_arg_u32(v, GROUPS, 0)));
    if (padding->word == NULL)
        return TENKA_OK;
    if (same && v->arg[STRIDE].value[0] != 1)
        return tenka_fail(err, TENKA_E_INVALID, "Conv1d: padding='same' needs a stride of 1");
    if (fmod(total, 2) != 0 || total > INT32_MAX)
        return tenka_fail(err, TENKA_E_INVALID,
                          "Conv1d: padding='same' is supported only where dilation * (kernel_size - 1) is even, but it "
                          "is %.0f",
                          total);
    padding->value[0] = total / 2;
    return TENKA_OK;
}

static uint64_t conv1d_fan_in(const struct tenka_layer_values *v)
{
    return tenka_product(tenka_arg_u32(v, IN, 0) / tenka_arg_u32(v, GROUPS, 0), tenka_arg_u32(v, KERNEL, 0));
}

static uint64_t conv1d_elements(const struct tenka_layer_values *v)
{
    return tenka_product(conv1d_fan_in(v), tenka_arg_u32(v, OUT, 0));
}

static tenka_status conv1d_init(tenka_module *m)
{
    const struct tenka_layer_values *const v = &m->values;
    const uint32_t out = tenka_arg_u32(v, OUT, 0);
    const struct tenka_shape weight =
        tenka_shape_of(out, tenka_arg_u32(v, IN, 0) / tenka_arg_u32(v, GROUPS, 0), tenka_arg_u32(v, KERNEL, 0));
    return tenka_layer_draw(m, weight, conv1d_fan_in(v), out, tenka_arg_is(v, BIAS));
}

static tenka_tensor conv1d_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_layer_values *const v = &m->values;
    struct tenka_conv2d_params params = TENKA_CONV2D_DEFAULTS;
    params.stride[1] = tenka_arg_u32(v, STRIDE, 0);
    params.padding[1] = tenka_arg_u32(v, PADDING, 0);
    params.dilation[1] = tenka_arg_u32(v, DILATION, 0);
    params.groups = tenka_arg_u32(v, GROUPS, 0);
    const tenka_tensor image = as_image(m, x, tenka_arg_u32(v, IN, 0));
    return as_signal(tenka_conv2d(image, image_weight(m), tenka_layer_value(m, "bias"), &params));
}

const struct tenka_layer_type tenka_layer_conv1d = {
    .name = "Conv1d",
    .args = conv1d_args,
    .n_args = COUNT(conv1d_args),
    .check = conv1d_check,
    .elements = conv1d_elements,
    .init = conv1d_init,
    .forward = conv1d_forward,
};

/* ---- ConvTranspose1d and ConvTranspose2d ---- */

/* In the order of PyTorch's arguments; it shows them in another. */
enum { T_IN, T_OUT, T_KERNEL, T_STRIDE, T_PADDING, T_MORE, T_GROUPS, T_BIAS, T_DILATION, T_PADDING_MODE };

static const uint8_t transpose_shown[] = {T_IN,       T_OUT,  T_KERNEL, T_STRIDE, T_PADDING,
                                          T_DILATION, T_MORE, T_GROUPS, T_BIAS,   T_PADDING_MODE};

#define TRANSPOSE_ARGS(axes)                                                                                         \
    {                                                                                                                \
        [T_IN] = CHANNELS("in_channels"), [T_OUT] = CHANNELS("out_channels"), [T_KERNEL] = KERNEL_SIZE(axes),        \
        [T_STRIDE] = EVERYWHERE("stride", axes, 1), [T_PADDING] = EVERYWHERE("padding", axes | TENKA_ARG_QUIET, 0),  \
        [T_MORE] = EVERYWHERE("output_padding", axes | TENKA_ARG_QUIET, 0),                                          \
        [T_GROUPS] = {"groups", TENKA_ARG_INT, TENKA_ARG_QUIET, 1, 1, INT32_MAX, NULL}, [T_BIAS] = {"bias",          \
                                                                                                    TENKA_ARG_BOOL,  \
                                                                                                    TENKA_ARG_QUIET, \
                                                                                                    1,               \
                                                                                                    0,               \
                                                                                                    1,               \
                                                                                                    NULL},           \
        [T_DILATION] = EVERYWHERE("dilation", axes | TENKA_ARG_QUIET, 1), [T_PADDING_MODE] = {"padding_mode",        \
                                                                                              TENKA_ARG_WORD,        \
                                                                                              TENKA_ARG_FIXED,       \
                                                                                              0,                     \
                                                                                              0,                     \
                                                                                              0,                     \
                                                                                              "zeros"},              \
    }
static const struct tenka_layer_arg transpose1d_args[] = TRANSPOSE_ARGS(ONE), transpose2d_args[] = TRANSPOSE_ARGS(TWO);

static tenka_status transpose_check(struct tenka_error *err, const char *name, const struct tenka_layer_values *v)
{
    TENKA_TRY(
        check_groups(err, name, tenka_arg_u32(v, T_IN, 0), tenka_arg_u32(v, T_OUT, 0), tenka_arg_u32(v, T_GROUPS, 0)));
    for (size_t axis = 0; axis < 2; axis++) {
        const double more = v->arg[T_MORE].value[axis];
        if (more >= v->arg[T_STRIDE].value[axis] && more >= v->arg[T_DILATION].value[axis])
            return tenka_fail(err, TENKA_E_INVALID,
                              "%s: output_padding is %.0f, but must be less than the stride or the dilation", name,
                              more);
    }
    return TENKA_OK;
}

static tenka_status transpose1d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    return transpose_check(err, "ConvTranspose1d", v);
}

static tenka_status transpose2d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    return transpose_check(err, "ConvTranspose2d", v);
}

/* Weight [in, out / groups, K...], of which torch.nn.init takes axis 1 and what follows for the inputs. */
static struct tenka_shape transpose_weight(const tenka_module *m)
{
    const struct tenka_layer_values *const v = &m->values;
    const bool signals = m->type == &tenka_layer_conv_transpose1d;
    return tenka_shape_make(signals ? 3 : 4,
                            (const uint32_t[]){tenka_arg_u32(v, T_IN, 0),
                                               tenka_arg_u32(v, T_OUT, 0) / tenka_arg_u32(v, T_GROUPS, 0),
                                               tenka_arg_u32(v, T_KERNEL, 0), tenka_arg_u32(v, T_KERNEL, 1)});
}

static uint64_t transpose1d_elements(const struct tenka_layer_values *v)
{
    return tenka_product(
        tenka_product(tenka_arg_u32(v, T_OUT, 0) / tenka_arg_u32(v, T_GROUPS, 0), tenka_arg_u32(v, T_KERNEL, 0)),
        tenka_arg_u32(v, T_IN, 0));
}

static uint64_t transpose2d_elements(const struct tenka_layer_values *v)
{
    return tenka_product(transpose1d_elements(v), tenka_arg_u32(v, T_KERNEL, 1));
}

static tenka_status transpose_init(tenka_module *m)
{
    const struct tenka_shape weight = transpose_weight(m);
    uint64_t fan_in = 1;
    for (uint32_t i = 1; i < weight.rank; i++)
        fan_in = tenka_product(fan_in, weight.dim[i]);
    return tenka_layer_draw(m, weight, fan_in, tenka_arg_u32(&m->values, T_OUT, 0), tenka_arg_is(&m->values, T_BIAS));
}

/* What the arguments say of the axes from first on: of signals of the last, else of both. */
static struct tenka_conv_transpose2d_params transpose_params(const struct tenka_layer_values *v, size_t first)
{
    struct tenka_conv_transpose2d_params params = TENKA_CONV_TRANSPOSE2D_DEFAULTS;
    for (size_t axis = first; axis < 2; axis++) {
        params.stride[axis] = tenka_arg_u32(v, T_STRIDE, axis);
        params.padding[axis] = tenka_arg_u32(v, T_PADDING, axis);
        params.output_padding[axis] = tenka_arg_u32(v, T_MORE, axis);
        params.dilation[axis] = tenka_arg_u32(v, T_DILATION, axis);
    }
    params.groups = tenka_arg_u32(v, T_GROUPS, 0);
    return params;
}

static tenka_tensor transpose1d_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_conv_transpose2d_params params = transpose_params(&m->values, 1);
    const tenka_tensor image = as_image(m, x, tenka_arg_u32(&m->values, T_IN, 0));
    return as_signal(tenka_conv_transpose2d(image, image_weight(m), tenka_layer_value(m, "bias"), &params));
}

static tenka_tensor transpose2d_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_conv_transpose2d_params params = transpose_params(&m->values, 0);
    const uint32_t channels = tenka_arg_u32(&m->values, T_IN, 0);
    if (!tenka_layer_has_channels(x, channels))
        return tenka_layer_fail_channels(m, "in_channels", channels, x);
    return tenka_conv_transpose2d(x, tenka_layer_value(m, "weight"), tenka_layer_value(m, "bias"), &params);
}

const struct tenka_layer_type tenka_layer_conv_transpose1d = {
    .name = "ConvTranspose1d",
    .args = transpose1d_args,
    .n_args = COUNT(transpose1d_args),
    .shown = transpose_shown,
    .check = transpose1d_check,
    .elements = transpose1d_elements,
    .init = transpose_init,
    .forward = transpose1d_forward,
};
const struct tenka_layer_type tenka_layer_conv_transpose2d = {
    .name = "ConvTranspose2d",
    .args = transpose2d_args,
    .n_args = COUNT(transpose2d_args),
    .shown = transpose_shown,
    .check = transpose2d_check,
    .elements = transpose2d_elements,
    .init = transpose_init,
    .forward = transpose2d_forward,
};
