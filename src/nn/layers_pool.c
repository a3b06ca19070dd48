/* Layers that pool, beside MaxPool2d, AvgPool2d and AdaptiveAvgPool2d: along one axis, the largest of windows that fit,
 * and back. */
#include <math.h>

#include "nn/graph.h"
#include "nn/window.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIZE_RANGE 1, INT32_MAX

/* ---- One axis ---- */

/* x [..., L] as planes [..., 1, L]. */
static tenka_tensor as_planes(tenka_tensor x)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x))
        return x;
    if (shape.rank < 2 || shape.rank == TENKA_MAX_RANK)
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

tenka_tensor tenka_max_pool1d(tenka_tensor x, const struct tenka_pool2d_params *params, tenka_tensor *indices)
{
    if (indices == NULL)
        return as_rows(tenka_max_pool2d(as_planes(x), params));
    const tenka_tensor y = tenka_max_pool2d_with_indices(as_planes(x), params, indices);
    *indices = as_rows(*indices);
    return as_rows(y);
}

tenka_tensor tenka_avg_pool1d(tenka_tensor x, const struct tenka_avg_pool2d_params *params)
{
    return as_rows(tenka_avg_pool2d(as_planes(x), params));
}

tenka_tensor tenka_adaptive_avg_pool1d(tenka_tensor x, uint32_t size)
{
    return as_rows(tenka_adaptive_avg_pool2d(as_planes(x), 1, size));
}

tenka_tensor tenka_adaptive_max_pool1d(tenka_tensor x, uint32_t size, tenka_tensor *indices)
{
    const tenka_tensor y = tenka_adaptive_max_pool2d(as_planes(x), 1, size, indices);
    if (indices != NULL)
        *indices = as_rows(*indices);
    return as_rows(y);
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
    [RETURN_INDICES] = {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_LATER, 0, 0, 1, NULL},
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

static uint32_t max_pool1d_gives(const struct tenka_layer_values *v)
{
    return tenka_arg_is(v, RETURN_INDICES) ? 2 : 1;
}

static void max_pool1d_forward(tenka_module *m, const tenka_tensor *in, tenka_tensor *out)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    params.kernel[0] = params.stride[0] = 1;
    params.kernel[1] = tenka_arg_u32(&m->values, KERNEL, 0);
    params.stride[1] = tenka_arg_u32(&m->values, STRIDE, 0);
    params.padding[1] = tenka_arg_u32(&m->values, PADDING, 0);
    params.dilation[1] = tenka_arg_u32(&m->values, DILATION, 0);
    params.ceil_mode = tenka_arg_is(&m->values, CEIL_MODE);
    out[0] = tenka_max_pool1d(in[0], &params, tenka_arg_is(&m->values, RETURN_INDICES) ? &out[1] : NULL);
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
    .forward_n = max_pool1d_forward,
    .gives = max_pool1d_gives,
};

const struct tenka_layer_type tenka_layer_avg_pool1d = {
    .name = "AvgPool1d",
    .args = avg_pool1d_args,
    .n_args = COUNT(avg_pool1d_args),
    .check = avg_pool1d_check,
    .forward = avg_pool1d_forward,
};

/* ---- Windows that fit ---- */

enum { SIZE, ADAPTIVE_INDICES };

static const struct tenka_layer_arg adaptive_avg_pool1d_args[] = {
    {"output_size", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, SIZE_RANGE, NULL},
};

static const struct tenka_layer_arg adaptive_max_pool1d_args[] = {
    [SIZE] = {"output_size", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, SIZE_RANGE, NULL},
    [ADAPTIVE_INDICES] = {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_LATER, 0, 0, 1, NULL},
};

static const struct tenka_layer_arg adaptive_max_pool2d_args[] = {
    [SIZE] = {"output_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED, 0, SIZE_RANGE, NULL},
    [ADAPTIVE_INDICES] = {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_LATER, 0, 0, 1, NULL},
};

static tenka_tensor adaptive_avg_pool1d_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_tensor_valid(x) ? tenka_adaptive_avg_pool1d(x, tenka_arg_u32(&m->values, 0, 0)) : x;
}

static uint32_t adaptive_max_pool_gives(const struct tenka_layer_values *v)
{
    return tenka_arg_is(v, ADAPTIVE_INDICES) ? 2 : 1;
}

static void adaptive_max_pool1d_forward(tenka_module *m, const tenka_tensor *in, tenka_tensor *out)
{
    out[0] = tenka_adaptive_max_pool1d(in[0], tenka_arg_u32(&m->values, SIZE, 0),
                                       tenka_arg_is(&m->values, ADAPTIVE_INDICES) ? &out[1] : NULL);
}

static void adaptive_max_pool2d_forward(tenka_module *m, const tenka_tensor *in, tenka_tensor *out)
{
    out[0] = tenka_adaptive_max_pool2d(in[0], tenka_arg_u32(&m->values, SIZE, 0), tenka_arg_u32(&m->values, SIZE, 1),
                                       tenka_arg_is(&m->values, ADAPTIVE_INDICES) ? &out[1] : NULL);
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
    .forward_n = adaptive_max_pool1d_forward,
    .gives = adaptive_max_pool_gives,
};

const struct tenka_layer_type tenka_layer_adaptive_max_pool2d = {
    .name = "AdaptiveMaxPool2d",
    .args = adaptive_max_pool2d_args,
    .n_args = COUNT(adaptive_max_pool2d_args),
    .forward_n = adaptive_max_pool2d_forward,
    .gives = adaptive_max_pool_gives,
};

/* ---- MaxUnpool2d ---- */

static const struct tenka_layer_arg max_unpool2d_args[] = {
    [KERNEL] = {"kernel_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED | TENKA_ARG_PAIRED, 0, SIZE_RANGE, NULL},
    [STRIDE] = {"stride", TENKA_ARG_PAIR, TENKA_ARG_NONE | TENKA_ARG_PAIRED, NAN, SIZE_RANGE, NULL},
    [PADDING] = {"padding", TENKA_ARG_PAIR, TENKA_ARG_PAIRED, 0, 0, INT32_MAX, NULL},
};

static tenka_status max_unpool2d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    (void)err;
    if (v->arg[STRIDE].none)
        v->arg[STRIDE] = v->arg[KERNEL];
    return TENKA_OK;
}

uint32_t tenka_unpooled_size(uint32_t size, uint32_t kernel, uint32_t stride, uint32_t padding)
{
    const uint64_t all = (size - (uint64_t)1) * stride + kernel, less = 2 * (uint64_t)padding;
    return all > less && all - less <= INT32_MAX ? (uint32_t)(all - less) : 0;
}

/* The sides of the planes that the layer makes of x where nobody says them; of what is no plane 0. */
static void unpooled_sides(const tenka_module *m, tenka_tensor x, uint32_t size[2])
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const struct tenka_layer_values *const v = &m->values;
    size[0] = size[1] = 0;
    for (uint32_t axis = 0; axis < 2 && shape.rank >= 2; axis++)
        size[axis] = tenka_unpooled_size(shape.dim[shape.rank - 2 + axis], tenka_arg_u32(v, KERNEL, axis),
                                         tenka_arg_u32(v, STRIDE, axis), tenka_arg_u32(v, PADDING, axis));
}

static void max_unpool2d_forward(tenka_module *m, const tenka_tensor *in, tenka_tensor *out)
{
    uint32_t size[2];
    unpooled_sides(m, in[0], size);
    out[0] = tenka_max_unpool2d(in[0], in[1], size[0], size[1]);
}

/* With output_size the result is sized by the call: nothing of the layer is asked. */
static bool max_unpool2d_run(tenka_module *m, const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor in[2], y;
    uint32_t size[2];
    if (!tenka_function_tensor(call, 0, &in[0]) || !tenka_function_tensor(call, 1, &in[1]))
        return false;
    if (call->arg[2].kind == TENKA_VALUE_NONE) {
        tenka_layer_run_n(m, in, 2, &y, 1);
        return tenka_function_give(result, y);
    }
    return tenka_function_plane_size(call, 2, size) &&
           tenka_function_give(result, tenka_max_unpool2d(in[0], in[1], size[0], size[1]));
}

const struct tenka_layer_type tenka_layer_max_unpool2d = {
    .name = "MaxUnpool2d",
    .args = max_unpool2d_args,
    .n_args = COUNT(max_unpool2d_args),
    .check = max_unpool2d_check,
    .forward_n = max_unpool2d_forward,
    .takes = 2,
    .parameters = "input, indices, output_size=None",
    .run = max_unpool2d_run,
};
