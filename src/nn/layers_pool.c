/* Layers that pool, beside MaxPool2d, AvgPool2d and AdaptiveAvgPool2d: along one axis, and the largest of windows that
 * fit. */
#include <math.h>

#include "nn/window.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIZE_RANGE 1, INT32_MAX

/* ---- One axis ---- */

/* x [..., L] as planes [..., 1, L]. */
static tenka_tensor as_planes(tenka_tensor x)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x) || shape.rank < 2 || shape.rank == TENKA_MAX_RANK)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "expected an input of 2 or 3 axes, found one of %u", shape.rank);
    shape.dim[shape.rank] = shape.dim[shape.rank - 1];
    shape.dim[shape.rank - 1] = 1;
    shape.rank++;
    return tenka_reshape(x, shape);
}

static tenka_tensor as_rows(tenka_tensor x)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x))
        return x;
    shape.dim[shape.rank - 2] = shape.dim[shape.rank - 1];
    shape.rank--;
    return tenka_reshape(x, shape);
}

tenka_tensor tenka_max_pool1d(tenka_tensor x, const struct tenka_pool2d_params *params)
{
    return as_rows(tenka_max_pool2d(as_planes(x), params));
}

tenka_tensor tenka_avg_pool1d(tenka_tensor x, const struct tenka_avg_pool2d_params *params)
{
    return as_rows(tenka_avg_pool2d(as_planes(x), params));
}

tenka_tensor tenka_adaptive_avg_pool1d(tenka_tensor x, uint32_t size)
{
    return as_rows(tenka_adaptive_avg_pool2d(as_planes(x), 1, size));
}

tenka_tensor tenka_adaptive_max_pool1d(tenka_tensor x, uint32_t size)
{
    return as_rows(tenka_adaptive_max_pool2d(as_planes(x), 1, size, NULL));
}

tenka_tensor tenka_interpolate1d(tenka_tensor x, const struct tenka_interpolate_params *params)
{
    return as_rows(tenka_interpolate(as_planes(x), params));
}

/* ---- MaxPool1d, AvgPool1d ---- */

enum { KERNEL, STRIDE, PADDING, DILATION, RETURN_INDICES, CEIL_MODE };
enum { AVG_CEIL_MODE = DILATION, AVG_COUNT };

static const struct tenka_layer_arg max_pool1d_args[] = {
    [KERNEL] = {"kernel_size", TENKA_ARG_LIST, TENKA_ARG_REQUIRED, 0, SIZE_RANGE, NULL},
    [STRIDE] = {"stride", TENKA_ARG_LIST, TENKA_ARG_NONE, NAN, SIZE_RANGE, NULL},
    [PADDING] = {"padding", TENKA_ARG_LIST, 0, 0, 0, INT32_MAX, NULL},
    [DILATION] = {"dilation", TENKA_ARG_LIST, 0, 1, SIZE_RANGE, NULL},
    [RETURN_INDICES] = {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
    [CEIL_MODE] = {"ceil_mode", TENKA_ARG_BOOL, 0, 0, 0, 1, NULL},
};

static const struct tenka_layer_arg avg_pool1d_args[] = {
    [KERNEL] = {"kernel_size", TENKA_ARG_LIST, TENKA_ARG_REQUIRED | TENKA_ARG_PAIRED, 0, SIZE_RANGE, NULL},
    [STRIDE] = {"stride", TENKA_ARG_LIST, TENKA_ARG_NONE | TENKA_ARG_PAIRED, NAN, SIZE_RANGE, NULL},
    [PADDING] = {"padding", TENKA_ARG_LIST, TENKA_ARG_PAIRED, 0, 0, INT32_MAX, NULL},
    [AVG_CEIL_MODE] = {"ceil_mode", TENKA_ARG_BOOL, TENKA_ARG_QUIET, 0, 0, 1, NULL},
    [AVG_COUNT] = {"count_include_pad", TENKA_ARG_BOOL, TENKA_ARG_QUIET, 1, 0, 1, NULL},
};

/* One number for each of those arguments, and at most half a kernel of padding. */
static tenka_status check_1d(struct tenka_error *err, const char *layer, struct tenka_layer_values *v, size_t n)
{
    if (v->arg[STRIDE].none)
        v->arg[STRIDE] = v->arg[KERNEL];
    for (size_t i = 0; i < n; i++)
        if (v->arg[i].n != 1)
            return tenka_fail(err, TENKA_E_INVALID, "%s: one axis takes one number, not %u", layer, v->arg[i].n);
    if (tenka_arg_u32(v, PADDING, 0) > tenka_arg_u32(v, KERNEL, 0) / 2)
        return tenka_fail(err, TENKA_E_INVALID, "%s: padding is %u, but must be at most half the kernel of %u", layer,
                          tenka_arg_u32(v, PADDING, 0), tenka_arg_u32(v, KERNEL, 0));
    return TENKA_OK;
}

static tenka_status max_pool1d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    return check_1d(err, "MaxPool1d", v, DILATION + 1);
}

static tenka_status avg_pool1d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    return check_1d(err, "AvgPool1d", v, PADDING + 1);
}

static tenka_tensor max_pool1d_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    params.kernel[0] = params.stride[0] = 1;
    params.kernel[1] = tenka_arg_u32(&m->values, KERNEL, 0);
    params.stride[1] = tenka_arg_u32(&m->values, STRIDE, 0);
    params.padding[1] = tenka_arg_u32(&m->values, PADDING, 0);
    params.dilation[1] = tenka_arg_u32(&m->values, DILATION, 0);
    params.ceil_mode = tenka_arg_is(&m->values, CEIL_MODE);
    return tenka_tensor_valid(x) ? tenka_max_pool1d(x, &params) : x;
}

static tenka_tensor avg_pool1d_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_avg_pool2d_params params = TENKA_AVG_POOL2D_DEFAULTS;
    params.kernel[0] = params.stride[0] = 1;
    params.kernel[1] = tenka_arg_u32(&m->values, KERNEL, 0);
    params.stride[1] = tenka_arg_u32(&m->values, STRIDE, 0);
    params.padding[1] = tenka_arg_u32(&m->values, PADDING, 0);
    params.ceil_mode = tenka_arg_is(&m->values, AVG_CEIL_MODE);
    params.no_count_of_padding = !tenka_arg_is(&m->values, AVG_COUNT);
    return tenka_tensor_valid(x) ? tenka_avg_pool1d(x, &params) : x;
}

const struct tenka_layer_type tenka_layer_max_pool1d = {
    .name = "MaxPool1d",
    .args = max_pool1d_args,
    .n_args = COUNT(max_pool1d_args),
    .check = max_pool1d_check,
    .forward = max_pool1d_forward,
};

const struct tenka_layer_type tenka_layer_avg_pool1d = {
    .name = "AvgPool1d",
    .args = avg_pool1d_args,
    .n_args = COUNT(avg_pool1d_args),
    .check = avg_pool1d_check,
    .forward = avg_pool1d_forward,
};

/* ---- Windows that fit ---- */

static const struct tenka_layer_arg adaptive_avg_pool1d_args[] = {
    {"output_size", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, SIZE_RANGE, NULL},
};

static const struct tenka_layer_arg adaptive_max_pool1d_args[] = {
    {"output_size", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, SIZE_RANGE, NULL},
    {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
};

static const struct tenka_layer_arg adaptive_max_pool2d_args[] = {
    {"output_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED, 0, SIZE_RANGE, NULL},
    {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
};

static tenka_tensor adaptive_avg_pool1d_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_tensor_valid(x) ? tenka_adaptive_avg_pool1d(x, tenka_arg_u32(&m->values, 0, 0)) : x;
}

static tenka_tensor adaptive_max_pool1d_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_tensor_valid(x) ? tenka_adaptive_max_pool1d(x, tenka_arg_u32(&m->values, 0, 0)) : x;
}

static tenka_tensor adaptive_max_pool2d_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_adaptive_max_pool2d(x, tenka_arg_u32(&m->values, 0, 0), tenka_arg_u32(&m->values, 0, 1), NULL);
}

const struct tenka_layer_type tenka_layer_adaptive_avg_pool1d = {
    .name = "AdaptiveAvgPool1d",
    .args = adaptive_avg_pool1d_args,
    .n_args = COUNT(adaptive_avg_pool1d_args),
    .forward = adaptive_avg_pool1d_forward,
};

const struct tenka_layer_type tenka_layer_adaptive_max_pool1d = {
    .name = "AdaptiveMaxPool1d",
    .args = adaptive_max_pool1d_args,
    .n_args = COUNT(adaptive_max_pool1d_args),
    .forward = adaptive_max_pool1d_forward,
};

const struct tenka_layer_type tenka_layer_adaptive_max_pool2d = {
    .name = "AdaptiveMaxPool2d",
    .args = adaptive_max_pool2d_args,
    .n_args = COUNT(adaptive_max_pool2d_args),
    .forward = adaptive_max_pool2d_forward,
};
