/* Layers without weights: Identity, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, Flatten, Softmax, LogSoftmax. */
#include <float.h>
#include <math.h>

#include "nn/layer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static tenka_status make_plain(tenka_ctx *ctx, const struct tenka_layer_type *type, tenka_module **out)
{
    return ctx != NULL ? tenka_layer_make(ctx, type, &(struct tenka_layer_values){0}, out) : TENKA_E_INVALID;
}

/* ---- Identity ---- */

static tenka_tensor identity_forward(tenka_module *m, tenka_tensor x)
{
    (void)m;
    return x;
}

const struct tenka_layer_type tenka_layer_identity = {.name = "Identity", .view = true, .forward = identity_forward};

tenka_status tenka_nn_identity(tenka_ctx *ctx, tenka_module **out)
{
    return make_plain(ctx, &tenka_layer_identity, out);
}

/* ---- MaxPool2d ---- */

enum { KERNEL, STRIDE, PADDING, DILATION, RETURN_INDICES, CEIL_MODE };

static const struct tenka_layer_arg max_pool2d_args[] = {
    [KERNEL] = {"kernel_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [STRIDE] = {"stride", TENKA_ARG_PAIR, TENKA_ARG_NONE, NAN, 1, INT32_MAX, NULL},
    [PADDING] = {"padding", TENKA_ARG_PAIR, 0, 0, 0, INT32_MAX, NULL},
    [DILATION] = {"dilation", TENKA_ARG_PAIR, 0, 1, 1, INT32_MAX, NULL},
    [RETURN_INDICES] = {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_LATER, 0, 0, 1, NULL},
    [CEIL_MODE] = {"ceil_mode", TENKA_ARG_BOOL, 0, 0, 0, 1, NULL},
};

static tenka_status max_pool2d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    if (v->arg[STRIDE].none)
        v->arg[STRIDE] = v->arg[KERNEL];
    for (size_t axis = 0; axis < 2; axis++) {
        const uint32_t padding = tenka_arg_u32(v, PADDING, axis), kernel = tenka_arg_u32(v, KERNEL, axis);
        if (padding > kernel / 2)
            return tenka_fail(err, TENKA_E_INVALID,
                              "MaxPool2d: padding is %u, but must be at most half the kernel of %u", padding, kernel);
    }
    return TENKA_OK;
}

static uint32_t max_pool2d_gives(const struct tenka_layer_values *v)
{
    return tenka_arg_is(v, RETURN_INDICES) ? 2 : 1;
}

static void max_pool2d_forward(tenka_module *m, const tenka_tensor *in, tenka_tensor *out)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    for (size_t axis = 0; axis < 2; axis++) {
        params.kernel[axis] = tenka_arg_u32(&m->values, KERNEL, axis);
        params.stride[axis] = tenka_arg_u32(&m->values, STRIDE, axis);
        params.padding[axis] = tenka_arg_u32(&m->values, PADDING, axis);
        params.dilation[axis] = tenka_arg_u32(&m->values, DILATION, axis);
    }
    params.ceil_mode = m->values.arg[CEIL_MODE].value[0] != 0;
    out[0] = tenka_arg_is(&m->values, RETURN_INDICES) ? tenka_max_pool2d_with_indices(in[0], &params, &out[1])
                                                      : tenka_max_pool2d(in[0], &params);
}

const struct tenka_layer_type tenka_layer_max_pool2d = {
    .name = "MaxPool2d",
    .args = max_pool2d_args,
    .n_args = COUNT(max_pool2d_args),
    .check = max_pool2d_check,
    .forward_n = max_pool2d_forward,
    .gives = max_pool2d_gives,
};

tenka_status tenka_nn_max_pool2d(tenka_ctx *ctx, const struct tenka_pool2d_params *params, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    if (params == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "MaxPool2d: params are missing, which say the kernel's size");
    struct tenka_pool2d_params own = TENKA_POOL2D_DEFAULTS;
    TENKA_TRY(tenka_take_params(tenka_ctx_error(ctx), "MaxPool2d", "TENKA_POOL2D_DEFAULTS", &own, params));
    struct tenka_layer_values values = {0};
    uint32_t stride[2];
    for (size_t axis = 0; axis < 2; axis++)
        stride[axis] = own.stride[axis] != 0 ? own.stride[axis] : own.kernel[axis];
    values.arg[KERNEL] = tenka_arg_pair(own.kernel);
    values.arg[STRIDE] = tenka_arg_pair(stride);
    values.arg[PADDING] = tenka_arg_pair(own.padding);
    values.arg[DILATION] = tenka_arg_pair(own.dilation);
    values.arg[CEIL_MODE] = tenka_arg_of(own.ceil_mode);
    return tenka_layer_make(ctx, &tenka_layer_max_pool2d, &values, out);
}

/* ---- AvgPool2d ---- */

enum { AVG_KERNEL, AVG_STRIDE, AVG_PADDING, AVG_CEIL_MODE, AVG_COUNT, AVG_DIVISOR };

static const struct tenka_layer_arg avg_pool2d_args[] = {
    [AVG_KERNEL] = {"kernel_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [AVG_STRIDE] = {"stride", TENKA_ARG_PAIR, TENKA_ARG_NONE, NAN, 1, INT32_MAX, NULL},
    [AVG_PADDING] = {"padding", TENKA_ARG_PAIR, 0, 0, 0, INT32_MAX, NULL},
    [AVG_CEIL_MODE] = {"ceil_mode", TENKA_ARG_BOOL, TENKA_ARG_QUIET, 0, 0, 1, NULL},
    [AVG_COUNT] = {"count_include_pad", TENKA_ARG_BOOL, TENKA_ARG_QUIET, 1, 0, 1, NULL},
    [AVG_DIVISOR] = {"divisor_override", TENKA_ARG_INT, TENKA_ARG_NONE | TENKA_ARG_QUIET, NAN, 1, INT32_MAX, NULL},
};

static tenka_status avg_pool2d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    (void)err;
    if (v->arg[AVG_STRIDE].none)
        v->arg[AVG_STRIDE] = v->arg[AVG_KERNEL];
    return TENKA_OK;
}

static tenka_tensor avg_pool2d_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_avg_pool2d_params params = TENKA_AVG_POOL2D_DEFAULTS;
    for (size_t axis = 0; axis < 2; axis++) {
        params.kernel[axis] = tenka_arg_u32(&m->values, AVG_KERNEL, axis);
        params.stride[axis] = tenka_arg_u32(&m->values, AVG_STRIDE, axis);
        params.padding[axis] = tenka_arg_u32(&m->values, AVG_PADDING, axis);
    }
    params.ceil_mode = tenka_arg_is(&m->values, AVG_CEIL_MODE);
    params.no_count_of_padding = !tenka_arg_is(&m->values, AVG_COUNT);
    params.divisor = tenka_arg_u32(&m->values, AVG_DIVISOR, 0);
    return tenka_avg_pool2d(x, &params);
}

const struct tenka_layer_type tenka_layer_avg_pool2d = {
    .name = "AvgPool2d",
    .args = avg_pool2d_args,
    .n_args = COUNT(avg_pool2d_args),
    .check = avg_pool2d_check,
    .forward = avg_pool2d_forward,
};

/* ---- AdaptiveAvgPool2d ---- */

static const struct tenka_layer_arg adaptive_avg_pool2d_args[] = {
    {"output_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
};

static tenka_tensor adaptive_avg_pool2d_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_adaptive_avg_pool2d(x, tenka_arg_u32(&m->values, 0, 0), tenka_arg_u32(&m->values, 0, 1));
}

const struct tenka_layer_type tenka_layer_adaptive_avg_pool2d = {
    .name = "AdaptiveAvgPool2d",
    .args = adaptive_avg_pool2d_args,
    .n_args = COUNT(adaptive_avg_pool2d_args),
    .forward = adaptive_avg_pool2d_forward,
};

/* ---- Flatten ---- */

enum { START_DIM, END_DIM };

#define DIM_RANGE -TENKA_MAX_RANK, TENKA_MAX_RANK - 1

static const struct tenka_layer_arg flatten_args[] = {
    [START_DIM] = {"start_dim", TENKA_ARG_INT, 0, 1, DIM_RANGE, NULL},
    [END_DIM] = {"end_dim", TENKA_ARG_INT, 0, -1, DIM_RANGE, NULL},
};

/* The axis that dim means in a tensor of that rank; below 0 or at least rank when there is none. */
static int axis_of(double dim, uint32_t rank)
{
    return (int)dim + (dim < 0 ? (int)rank : 0);
}

static tenka_tensor flatten_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    const double start_dim = m->values.arg[START_DIM].value[0], end_dim = m->values.arg[END_DIM].value[0];
    const int rank = (int)shape.rank, start = axis_of(start_dim, shape.rank), end = axis_of(end_dim, shape.rank);
    if (!tenka_tensor_valid(x))
        return x;
    if (start < 0 || end >= rank || start > end)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE,
                                "there are no axes from start_dim=%.0f to end_dim=%.0f in an input of %d axes",
                                start_dim, end_dim, rank);
    for (int i = start + 1; i <= end; i++)
        shape.dim[start] *= shape.dim[i];
    for (int i = end + 1; i < rank; i++)
        shape.dim[start + i - end] = shape.dim[i];
    return tenka_reshape(x, tenka_shape_make((size_t)(rank - (end - start)), shape.dim));
}

const struct tenka_layer_type tenka_layer_flatten = {
    .name = "Flatten",
    .args = flatten_args,
    .n_args = COUNT(flatten_args),
    .view = true,
    .forward = flatten_forward,
};

tenka_status tenka_nn_flatten(tenka_ctx *ctx, tenka_module **out)
{
    return make_plain(ctx, &tenka_layer_flatten, out);
}

/* ---- Softmax and LogSoftmax ---- */

static const struct tenka_layer_arg softmax_args[] = {
    {"dim", TENKA_ARG_INT, TENKA_ARG_NONE, NAN, DIM_RANGE, NULL},
};

static tenka_tensor along_dim(tenka_module *m, tenka_tensor x, tenka_tensor (*op)(tenka_tensor x, uint32_t dim))
{
    const struct tenka_arg_value *const dim = &m->values.arg[0];
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (!tenka_tensor_valid(x))
        return x;
    /* dim=None. Source: torch.nn.functional._get_softmax_dim. */
    const int fallback = rank == 0 || rank == 1 || rank == 3 ? 0 : 1;
    const int axis = dim->none ? fallback : axis_of(dim->value[0], rank);
    if (axis < 0 || axis >= (int)rank)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "dim is %.0f, but the input has %u axes", dim->value[0], rank);
    return op(x, (uint32_t)axis);
}

static tenka_tensor softmax_forward(tenka_module *m, tenka_tensor x)
{
    return along_dim(m, x, tenka_softmax);
}

static tenka_tensor log_softmax_forward(tenka_module *m, tenka_tensor x)
{
    return along_dim(m, x, tenka_log_softmax);
}

const struct tenka_layer_type tenka_layer_softmax = {
    .name = "Softmax", .args = softmax_args, .n_args = COUNT(softmax_args), .forward = softmax_forward};
const struct tenka_layer_type tenka_layer_log_softmax = {
    .name = "LogSoftmax", .args = softmax_args, .n_args = COUNT(softmax_args), .forward = log_softmax_forward};

static tenka_status make_softmax(tenka_ctx *ctx, const struct tenka_layer_type *type, uint32_t dim, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    const struct tenka_layer_values values = {.arg = {tenka_arg_of(dim)}};
    return tenka_layer_make(ctx, type, &values, out);
}

tenka_status tenka_nn_softmax(tenka_ctx *ctx, uint32_t dim, tenka_module **out)
{
    return make_softmax(ctx, &tenka_layer_softmax, dim, out);
}

tenka_status tenka_nn_log_softmax(tenka_ctx *ctx, uint32_t dim, tenka_module **out)
{
    return make_softmax(ctx, &tenka_layer_log_softmax, dim, out);
}
