/* Functions that sum up: means, products of matrices. */
#include "nn/graph.h"

/* ---- Over axes ---- */

bool tenka_function_axes(const struct tenka_function_call *call, size_t arg, uint32_t rank, uint32_t *axes)
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
    return tenka_function_tensor(call, 0, &x) && tenka_function_axes(call, 1, tenka_tensor_shape(x).rank, &axes) &&
           tenka_function_is_real(call, 3) && tenka_function_give(result, run(x, axes, call->arg[2].integer != 0));
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
           tenka_function_is_real(call, 3) && tenka_function_give(result, run(x, axis));
}

static bool run_softmax(const struct tenka_function_call *call, struct tenka_value *result)
{
    return along(call, result, tenka_softmax);
}

static bool run_log_softmax(const struct tenka_function_call *call, struct tenka_value *result)
{
    return along(call, result, tenka_log_softmax);
}

const struct tenka_function tenka_functions_reduce[] = {
    {".mean torch.mean", "input, dim=None, keepdim=False, dtype=None", run_mean, false},
    {".sum torch.sum", "input, dim=None, keepdim=False, dtype=None", run_sum, false},
    {".softmax torch.softmax torch.nn.functional.softmax", "input, dim, _stacklevel=3, dtype=None", run_softmax, false},
    {".log_softmax torch.log_softmax torch.nn.functional.log_softmax", "input, dim, _stacklevel=3, dtype=None",
     run_log_softmax, false},
    {NULL, NULL, NULL, false},
};
