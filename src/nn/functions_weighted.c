/* Functions of torch.nn.functional that are given weights: convolutions, products, tables; and gates. */
#include "nn/graph.h"

static bool optional(const struct tenka_function_call *call, size_t arg, tenka_tensor *out)
{
    *out = TENKA_NONE;
    return call->arg[arg].kind == TENKA_VALUE_NONE || tenka_function_tensor(call, arg, out);
}

/* x, a weight and a bias or none: the first three arguments. */
static bool operands(const struct tenka_function_call *call, tenka_tensor out[3])
{
    return tenka_function_tensor(call, 0, &out[0]) && tenka_function_tensor(call, 1, &out[1]) &&
           optional(call, 2, &out[2]);
}

/* A number for all of the last `axes` axes of two, or one for each; of signals the last one's alone. */
static bool sizes(const struct tenka_function_call *call, size_t arg, size_t axes, uint32_t out[2])
{
    int64_t given[2];
    size_t n;
    if (!tenka_function_integers(call, arg, given, axes, &n))
        return false;
    for (size_t i = 0; i < axes; i++) {
        const int64_t value = given[i < n ? i : 0];
        if (value < 0 || value > INT32_MAX)
            return tenka_function_fail(call, "argument %zu is no number of places", arg + 1);
        out[2 - axes + i] = (uint32_t)value;
    }
    return true;
}

static bool groups_of(const struct tenka_function_call *call, size_t arg, uint32_t *out)
{
    const struct tenka_value *groups = &call->arg[arg];
    if (groups->kind != TENKA_VALUE_INT || groups->integer < 1 || groups->integer > INT32_MAX)
        return tenka_function_fail(call, "groups must be a number from 1 on");
    *out = (uint32_t)groups->integer;
    return true;
}

/* Signals and their weights as images of one row. */
static bool as_images(const struct tenka_function_call *call, tenka_tensor in[3])
{
    for (size_t i = 0; i < 2; i++) {
        const struct tenka_shape shape = tenka_tensor_shape(in[i]);
        if (shape.rank != 3)
            return tenka_function_fail(call, "signals [N, C, L] and a weight of 3 axes are expected");
        in[i] = tenka_reshape(in[i], tenka_shape_of(shape.dim[0], shape.dim[1], 1, shape.dim[2]));
    }
    return true;
}

static bool give_signal(struct tenka_value *result, tenka_tensor y)
{
    const struct tenka_shape shape = tenka_tensor_shape(y);
    return tenka_function_give(
        result, tenka_tensor_valid(y) ? tenka_reshape(y, tenka_shape_of(shape.dim[0], shape.dim[1], shape.dim[3])) : y);
}

/* 'valid', 'same' where it is the same number of places on both sides, or numbers. */
static bool padding_of(const struct tenka_function_call *call, size_t axes, const struct tenka_conv2d_params *params,
                       tenka_tensor weight, uint32_t out[2])
{
    const struct tenka_value *padding = &call->arg[4];
    const struct tenka_shape kernel = tenka_tensor_shape(weight);
    if (padding->kind != TENKA_VALUE_WORD)
        return sizes(call, 4, axes, out);
    if (strcmp(padding->word, "valid") == 0)
        return true;
    for (size_t axis = 0; axis < 2 && kernel.rank == 4; axis++) {
        const uint64_t total = (uint64_t)params->dilation[axis] * (kernel.dim[2 + axis] - 1);
        if (strcmp(padding->word, "same") != 0 || params->stride[axis] != 1 || total % 2 != 0 || total > INT32_MAX)
            return tenka_function_fail(call,
                                       "padding must be numbers, 'valid', or 'same' with a stride of 1 and an even "
                                       "number of places");
        out[axis] = (uint32_t)(total / 2);
    }
    return true;
}

static bool conv(const struct tenka_function_call *call, size_t axes, tenka_tensor in[3], tenka_tensor *y)
{
    struct tenka_conv2d_params params = TENKA_CONV2D_DEFAULTS;
    if (!operands(call, in) || (axes == 1 && !as_images(call, in)) || !sizes(call, 3, axes, params.stride) ||
        !sizes(call, 5, axes, params.dilation) || !groups_of(call, 6, &params.groups) ||
        !padding_of(call, axes, &params, in[1], params.padding))
        return false;
    *y = tenka_conv2d(in[0], in[1], in[2], &params);
    return true;
}

static bool run_conv1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor in[3], y;
    return conv(call, 1, in, &y) && give_signal(result, y);
}

static bool run_conv2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor in[3], y;
    return conv(call, 2, in, &y) && tenka_function_give(result, y);
}

static bool conv_transpose(const struct tenka_function_call *call, size_t axes, tenka_tensor in[3], tenka_tensor *y)
{
    struct tenka_conv_transpose2d_params params = TENKA_CONV_TRANSPOSE2D_DEFAULTS;
    if (!operands(call, in) || (axes == 1 && !as_images(call, in)) || !sizes(call, 3, axes, params.stride) ||
        !sizes(call, 4, axes, params.padding) || !sizes(call, 5, axes, params.output_padding) ||
        !groups_of(call, 6, &params.groups) || !sizes(call, 7, axes, params.dilation))
        return false;
    *y = tenka_conv_transpose2d(in[0], in[1], in[2], &params);
    return true;
}

static bool run_conv_transpose1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor in[3], y;
    return conv_transpose(call, 1, in, &y) && give_signal(result, y);
}

static bool run_conv_transpose2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor in[3], y;
    return conv_transpose(call, 2, in, &y) && tenka_function_give(result, y);
}

static bool run_linear(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor in[3];
    return operands(call, in) && tenka_function_give(result, tenka_linear(in[0], in[1], in[2]));
}

static bool run_prelu(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x, weight;
    return tenka_function_tensor(call, 0, &x) && tenka_function_tensor(call, 1, &weight) &&
           tenka_function_give(result, tenka_prelu(x, weight));
}

static bool run_glu(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis) &&
           tenka_function_give(result, tenka_glu(x, axis));
}

#define CONV "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1"
#define CONV_TRANSPOSE "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1"

const struct tenka_function tenka_functions_weighted[] = {
    {"torch.conv1d torch.nn.functional.conv1d", CONV, run_conv1d, false},
    {"torch.conv2d torch.nn.functional.conv2d", CONV, run_conv2d, false},
    {"torch.conv_transpose1d torch.nn.functional.conv_transpose1d", CONV_TRANSPOSE, run_conv_transpose1d, false},
    {"torch.conv_transpose2d torch.nn.functional.conv_transpose2d", CONV_TRANSPOSE, run_conv_transpose2d, false},
    {"torch._C._nn.linear torch.nn.functional.linear", "input, weight, bias=None", run_linear, false},
    {"torch.prelu torch.nn.functional.prelu .prelu", "input, weight", run_prelu, false},
    {"torch.nn.functional.glu torch._C._nn.glu", "input, dim=-1", run_glu, false},
    {NULL, NULL, NULL, false},
};
