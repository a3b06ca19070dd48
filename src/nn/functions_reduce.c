/* Functions that sum up: means, products of matrices, pooling. */
#include "nn/graph.h"

/* ---- Over axes ---- */

static bool axes_of(const struct tenka_function_call *call, size_t arg, uint32_t rank, uint32_t *axes)
{
    int64_t dims[TENKA_MAX_RANK];
    size_t n;
    *axes = TENKA_ALL_AXES;
    if (call->arg[arg].kind == TENKA_VALUE_NONE)
        return true;
    if (!tenka_function_integers(call, arg, dims, TENKA_MAX_RANK, &n))
        return false;
    *axes = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t axis = dims[i] + (dims[i] < 0 ? rank : 0);
        if (axis < 0 || axis >= rank)
            return tenka_function_fail(call, "dim %lld is no axis of a tensor with %u", (long long)dims[i], rank);
        *axes |= 1u << axis;
    }
    return true;
}

static bool reduce(const struct tenka_function_call *call, struct tenka_value *result,
                   tenka_tensor (*run)(tenka_tensor x, uint32_t axes, bool keepdim))
{
    uint32_t axes;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && axes_of(call, 1, tenka_tensor_shape(x).rank, &axes) &&
           tenka_function_give(result, run(x, axes, call->arg[2].integer != 0));
}

static bool run_mean(const struct tenka_function_call *call, struct tenka_value *result)
{
    return reduce(call, result, tenka_mean);
}

static bool run_sum(const struct tenka_function_call *call, struct tenka_value *result)
{
    return reduce(call, result, tenka_sum);
}

static bool along(const struct tenka_function_call *call, struct tenka_value *result,
                  tenka_tensor (*run)(tenka_tensor x, uint32_t dim))
{
    uint32_t axis;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis) &&
           tenka_function_give(result, run(x, axis));
}

static bool run_softmax(const struct tenka_function_call *call, struct tenka_value *result)
{
    return along(call, result, tenka_softmax);
}

static bool run_log_softmax(const struct tenka_function_call *call, struct tenka_value *result)
{
    return along(call, result, tenka_log_softmax);
}

/* ---- Pooling ---- */

static bool run_adaptive_avg_pool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t size[2];
    size_t n;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, size, 2, &n))
        return false;
    const int64_t height = size[0], width = size[n > 1];
    if (height < 1 || width < 1 || height > INT32_MAX || width > INT32_MAX)
        return tenka_function_fail(call, "adaptive_avg_pool2d: sizes from 1 on are expected");
    return tenka_function_give(result, tenka_adaptive_avg_pool2d(x, (uint32_t)height, (uint32_t)width));
}

/* Sizes of a window, for both axes or one for each. */
static bool pair_of(const struct tenka_function_call *call, size_t arg, uint32_t out[2])
{
    int64_t size[2];
    size_t n;
    if (!tenka_function_integers(call, arg, size, 2, &n))
        return false;
    for (size_t axis = 0; axis < 2; axis++) {
        const int64_t value = size[axis < n ? axis : 0];
        if (value < 0 || value > INT32_MAX)
            return tenka_function_fail(call, "argument %zu is no size of a window", arg + 1);
        out[axis] = (uint32_t)value;
    }
    return true;
}

static bool run_max_pool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    tenka_tensor x;
    const bool stride = call->arg[2].kind != TENKA_VALUE_NONE;
    if (!tenka_function_tensor(call, 0, &x) || !pair_of(call, 1, params.kernel) ||
        (stride && !pair_of(call, 2, params.stride)) || !pair_of(call, 3, params.padding) ||
        !pair_of(call, 4, params.dilation))
        return false;
    if (call->arg[6].integer != 0)
        return tenka_function_fail(call, "max_pool2d: return_indices=True is not known");
    params.ceil_mode = call->arg[5].integer != 0;
    return tenka_function_give(result, tenka_max_pool2d(x, &params));
}

static bool run_avg_pool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_avg_pool2d_params params = TENKA_AVG_POOL2D_DEFAULTS;
    tenka_tensor x;
    const bool stride = call->arg[2].kind != TENKA_VALUE_NONE;
    if (!tenka_function_tensor(call, 0, &x) || !pair_of(call, 1, params.kernel) ||
        (stride && !pair_of(call, 2, params.stride)) || !pair_of(call, 3, params.padding))
        return false;
    if (call->arg[6].kind != TENKA_VALUE_NONE)
        return tenka_function_fail(call, "avg_pool2d: divisor_override is not known");
    params.ceil_mode = call->arg[4].integer != 0;
    params.no_count_of_padding = call->arg[5].integer == 0;
    return tenka_function_give(result, tenka_avg_pool2d(x, &params));
}

#define AVG_POOL                                                                            \
    "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, " \
    "divisor_override=None"
#define POOL "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"

const struct tenka_function tenka_functions_reduce[] = {
    {".mean torch.mean", "input, dim=None, keepdim=False", run_mean, false},
    {".sum torch.sum", "input, dim=None, keepdim=False", run_sum, false},
    {".softmax torch.softmax torch.nn.functional.softmax", "input, dim, _stacklevel=3, dtype=None", run_softmax, false},
    {".log_softmax torch.log_softmax torch.nn.functional.log_softmax", "input, dim, _stacklevel=3, dtype=None",
     run_log_softmax, false},
    {"torch.nn.functional.adaptive_avg_pool2d", "input, output_size", run_adaptive_avg_pool2d, false},
    {"torch.nn.functional.max_pool2d torch.max_pool2d", POOL, run_max_pool2d, false},
    {"torch._C._nn.avg_pool2d torch.nn.functional.avg_pool2d", AVG_POOL, run_avg_pool2d, false},
    {NULL, NULL, NULL, false},
};
