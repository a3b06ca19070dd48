/* Functions that write into the tensor that they are given, whose result is what it holds then. */
#include "nn/graph.h"

/* A number, or a tensor, in all places of a shape. */
static bool filled(const struct tenka_function_call *call, const struct tenka_value *value, struct tenka_shape shape,
                   tenka_tensor *out)
{
    const struct tenka_shape own = value->kind == TENKA_VALUE_TENSOR ? tenka_tensor_shape(value->tensor) : shape;
    if (value->kind == TENKA_VALUE_TENSOR)
        *out = tenka_shape_equal(&own, &shape) ? value->tensor : tenka_expand(value->tensor, shape);
    else if (tenka_value_is_number(value) || value->kind == TENKA_VALUE_BOOL)
        *out = tenka_function_filled(
            call, shape, value->kind == TENKA_VALUE_BOOL ? (double)value->integer : tenka_value_number(value));
    else
        return tenka_function_fail(call, "what is written is neither a tensor nor a number");
    return tenka_tensor_valid(*out);
}

static bool write_all(const struct tenka_function_call *call, const struct tenka_value *value,
                      struct tenka_value *result)
{
    tenka_tensor x, y;
    return tenka_function_tensor(call, 0, &x) && filled(call, value, tenka_tensor_shape(x), &y) &&
           tenka_function_give(result, y);
}

static bool run_copy(const struct tenka_function_call *call, struct tenka_value *result)
{
    return write_all(call, &call->arg[1], result);
}

static bool run_zero(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value zero = {.kind = TENKA_VALUE_INT};
    return write_all(call, &zero, result);
}

/* input[index] = value */
static bool run_set_item(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_value part;
    tenka_tensor y;
    if (!tenka_function_index(call, &part))
        return false;
    if (part.kind != TENKA_VALUE_TENSOR)
        return tenka_function_fail(call, "only what is in a tensor can be set");
    if (!filled(call, &call->arg[2], tenka_tensor_shape(part.tensor), &y) || !tenka_function_give(&part, y))
        return false;
    return tenka_function_put_index(call, &part, result);
}

const struct tenka_function tenka_functions_write[] = {
    {".fill_ torch.fill_", "input, value", run_copy, false},
    {".zero_ torch.zero_", "input", run_zero, false},
    {".copy_", "input, src, non_blocking=False", run_copy, false},
    {"operator.setitem", "input, index, value", run_set_item, false},
    {NULL, NULL, NULL, false},
};
