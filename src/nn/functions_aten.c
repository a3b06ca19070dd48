/* What torch.export shows and no user of PyTorch writes: sizes, checks, and how layers draw. */
#include "nn/graph.h"

/* A checked or a described thing that nobody computes with. */
static bool run_nothing(const struct tenka_function_call *call, struct tenka_value *result)
{
    (void)call;
    *result = (struct tenka_value){.kind = TENKA_VALUE_NONE};
    return true;
}

/* Room that a draw will fill: ones, of which dropout leaves some. */
static bool run_empty(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_shape shape;
    return tenka_function_sizes(call, 0, &shape) && tenka_function_give(result, tenka_function_filled(call, shape, 1));
}

/* scale * (x, or alpha * (exp(x) - 1) below 0), in which form SELU is written where it is taken apart. */
static bool run_elu(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *arg = call->arg;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    for (size_t i = 1; i <= 3; i++)
        if (!tenka_value_is_number(&arg[i]))
            return tenka_function_fail(call, "argument %zu is no number", i + 1);
    if (tenka_value_number(&arg[3]) != 1)
        return tenka_function_fail(call, "elu: only input_scale=1 is known");
    const tenka_tensor y = tenka_elu(x, tenka_value_number(&arg[1]));
    const double scale = tenka_value_number(&arg[2]);
    return tenka_function_give(result, scale == 1 ? y : tenka_scale(y, scale));
}

/* Ones and zeros while training, as stochastic_depth draws them; what it does with the mask, a division by p, then
 * leaves in evaluation what there was. Of x the shape alone counts. */
static bool run_bernoulli(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *p = &call->arg[1];
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    if (!tenka_value_is_number(p) || tenka_value_number(p) < 0 || tenka_value_number(p) > 1)
        return tenka_function_fail(call, "bernoulli: a probability is expected");
    const double keep = tenka_value_number(p);
    x = tenka_function_filled(call, tenka_tensor_shape(x), 1);
    return tenka_function_give(result, tenka_scale(call->training ? tenka_dropout(x, 1 - keep) : x, keep));
}

const struct tenka_function tenka_functions_aten[] = {
    {"aten._assert_tensor_metadata", "a, size=None, stride=None, dtype=None, device=None, layout=None", run_nothing,
     false},
    {"aten._assert_scalar aten.sym_constrain_range_for_size aten.sym_constrain_range", "size, min=None, max=None",
     run_nothing, false},
    {"device", "type, index=None", run_nothing, false},
    {"aten.empty", "size, dtype=None, layout=None, device=None, pin_memory=None, memory_format=None", run_empty, false},
    {"aten.elu torch._C._nn.elu", "input, alpha=1.0, scale=1.0, input_scale=1.0", run_elu, false},
    {"aten.bernoulli", "input, p, generator=None", run_bernoulli, false},
    {NULL, NULL, NULL, false},
};
