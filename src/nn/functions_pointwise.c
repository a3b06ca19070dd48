/* Functions that make each element of the elements at its place, and arithmetic with numbers. */
#include <math.h>

#include "nn/graph.h"

/* ---- Operators between tensors and numbers ---- */

static bool are_numbers(const struct tenka_function_call *call)
{
    return tenka_value_is_number(&call->arg[0]) && tenka_value_is_number(&call->arg[1]);
}

static bool are_whole(const struct tenka_function_call *call)
{
    return call->arg[0].kind == TENKA_VALUE_INT && call->arg[1].kind == TENKA_VALUE_INT;
}

#define BINARY(name, symbol)                                                                                           \
    static bool run_##name(const struct tenka_function_call *call, struct tenka_value *result)                         \
    {                                                                                                                  \
        const struct tenka_value *arg = call->arg;                                                                     \
        tenka_tensor a, b;                                                                                             \
        if (arg[0].truths && arg[1].truths)                                                                            \
            return tenka_function_fail(call, "True and False are no numbers that are added; multiply by 1.0");         \
        if (are_numbers(call))                                                                                         \
            return tenka_function_give_number(call, are_whole(call),                                                   \
                                              tenka_value_number(&arg[0]) symbol tenka_value_number(&arg[1]), result); \
        return tenka_function_operands(call, &a, &b) && tenka_function_give(result, tenka_##name(a, b));               \
    }
BINARY(add, +)
BINARY(sub, -)

/* A tensor times a number is scaled: a number costs no memory. */
static bool run_mul(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *arg = call->arg;
    tenka_tensor a, b;
    if (are_numbers(call))
        return tenka_function_give_number(call, are_whole(call),
                                          tenka_value_number(&arg[0]) * tenka_value_number(&arg[1]), result);
    if (tenka_value_is_number(&arg[1]) && arg[0].kind == TENKA_VALUE_TENSOR)
        return tenka_function_give(result, tenka_scale(arg[0].tensor, tenka_value_number(&arg[1])));
    if (tenka_value_is_number(&arg[0]) && arg[1].kind == TENKA_VALUE_TENSOR)
        return tenka_function_give(result, tenka_scale(arg[1].tensor, tenka_value_number(&arg[0])));
    return tenka_function_operands(call, &a, &b) && tenka_function_give(result, tenka_mul(a, b));
}

static bool run_div(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor a, b;
    if (are_numbers(call))
        return tenka_function_give_number(
            call, false, tenka_value_number(&call->arg[0]) / tenka_value_number(&call->arg[1]), result);
    return tenka_function_operands(call, &a, &b) && tenka_function_give(result, tenka_div(a, b));
}

static bool run_floordiv(const struct tenka_function_call *call, struct tenka_value *result)
{
    if (!are_whole(call) || call->arg[1].integer == 0)
        return tenka_function_fail(call, "// divides whole numbers by others than 0");
    return tenka_function_give_number(call, true, floor((double)call->arg[0].integer / (double)call->arg[1].integer),
                                      result);
}

static bool run_neg(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *x = &call->arg[0];
    if (tenka_value_is_number(x))
        return tenka_function_give_number(call, x->kind == TENKA_VALUE_INT, -tenka_value_number(x), result);
    tenka_tensor t;
    return tenka_function_tensor(call, 0, &t) && tenka_function_give(result, tenka_scale(t, -1));
}

/* ---- Functions without numbers, one for each row of elementwise.def ---- */

#define RUN_0(name)                                                                                \
    static bool run_##name(const struct tenka_function_call *call, struct tenka_value *result)     \
    {                                                                                              \
        tenka_tensor x;                                                                            \
        return tenka_function_tensor(call, 0, &x) && tenka_function_give(result, tenka_##name(x)); \
    }
#define RUN_1(name)
#define RUN_2(name)
#define TENKA_UNARY(name, back, count, ...) RUN_##count(name)
#define TENKA_ACTIVATION(name, back, count, ...) RUN_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"

static bool run_dropout(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *p = &call->arg[1], *training = &call->arg[2];
    const bool active = call->training && (training->kind != TENKA_VALUE_BOOL || training->integer != 0);
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    if (!tenka_value_is_number(p))
        return tenka_function_fail(call, "dropout: a probability is expected");
    return tenka_function_give(result, active ? tenka_dropout(x, tenka_value_number(p)) : x);
}

/* As torchvision's: whole images of a batch, or none of it, are left out. */
static bool run_stochastic_depth(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *p = &call->arg[1], *mode = &call->arg[2], *training = &call->arg[3];
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    if (!tenka_value_is_number(p) || tenka_value_number(p) < 0 || tenka_value_number(p) > 1 ||
        mode->kind != TENKA_VALUE_WORD)
        return tenka_function_fail(call, "stochastic_depth: a probability and 'batch' or 'row' are expected");
    const bool active = call->training && (training->kind != TENKA_VALUE_BOOL || training->integer != 0);
    const uint32_t axes = strcmp(mode->word, "row") == 0;
    return tenka_function_give(result, active ? tenka_dropout_parts(x, tenka_value_number(p), axes) : x);
}

#define ROW_0(name) \
    {"torch." #name " ." #name " torch.nn.functional." #name, "input, inplace=False", run_##name, false},
#define ROW_1(name)
#define ROW_2(name)
const struct tenka_function tenka_functions_pointwise[] = {
    {"+ torch.add .add", "input, other", run_add, false},
    {"- torch.sub .sub", "input, other", run_sub, false},
    {"* torch.mul .mul", "input, other", run_mul, false},
    {"/ torch.div .div", "input, other", run_div, false},
    {"//", "input, other", run_floordiv, false},
    {"neg torch.neg .neg", "input", run_neg, false},
    {"torch.nn.functional.dropout", "input, p=0.5, training=True, inplace=False", run_dropout, true},
    {"torchvision_ops_stochastic_depth_stochastic_depth", "input, p, mode, training=True", run_stochastic_depth, true},
#define TENKA_UNARY(name, back, count, ...) ROW_##count(name)
#define TENKA_ACTIVATION(name, back, count, ...) ROW_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    {NULL, NULL, NULL, false},
};
