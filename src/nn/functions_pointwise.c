/* Functions that make each element of the elements at its place, and arithmetic with numbers. */
#include <math.h>

#include "nn/graph.h"

/* ---- Operators between tensors and numbers ---- */

static bool is_number(const struct tenka_value *v)
{
    return v->kind == TENKA_VALUE_INT || v->kind == TENKA_VALUE_FLOAT;
}

static double number_of(const struct tenka_value *v)
{
    return v->kind == TENKA_VALUE_INT ? (double)v->integer : v->number;
}

static bool give_number(const struct tenka_function_call *call, struct tenka_value *result, bool whole, double number)
{
    const bool fits = fabs(number) < 9e15;
    *result = (struct tenka_value){.kind = whole ? TENKA_VALUE_INT : TENKA_VALUE_FLOAT,
                                   .integer = whole && fits ? (int64_t)number : 0,
                                   .number = number};
    return !whole || fits || tenka_function_fail(call, "a whole number is too large");
}

/* A number as a tensor of one element that is broadcast. */
static tenka_tensor full(const struct tenka_function_call *call, double number)
{
    const float value = (float)number;
    return tenka_input(call->ctx, TENKA_F32, tenka_shape_of(1), &value);
}

static bool operands(const struct tenka_function_call *call, tenka_tensor *a, tenka_tensor *b)
{
    const struct tenka_value *arg = call->arg;
    for (size_t i = 0; i < 2; i++)
        if (arg[i].kind != TENKA_VALUE_TENSOR && !is_number(&arg[i]))
            return tenka_function_fail(call, "an operand is neither a tensor nor a number");
    *a = arg[0].kind == TENKA_VALUE_TENSOR ? arg[0].tensor : full(call, number_of(&arg[0]));
    *b = arg[1].kind == TENKA_VALUE_TENSOR ? arg[1].tensor : full(call, number_of(&arg[1]));
    return true;
}

static bool are_numbers(const struct tenka_function_call *call)
{
    return is_number(&call->arg[0]) && is_number(&call->arg[1]);
}

static bool are_whole(const struct tenka_function_call *call)
{
    return call->arg[0].kind == TENKA_VALUE_INT && call->arg[1].kind == TENKA_VALUE_INT;
}

#define BINARY(name, symbol)                                                                                 \
    static bool run_##name(const struct tenka_function_call *call, struct tenka_value *result)               \
    {                                                                                                        \
        const struct tenka_value *arg = call->arg;                                                           \
        tenka_tensor a, b;                                                                                   \
        if (are_numbers(call))                                                                               \
            return give_number(call, result, are_whole(call), number_of(&arg[0]) symbol number_of(&arg[1])); \
        return operands(call, &a, &b) && tenka_function_give(result, tenka_##name(a, b));                    \
    }
BINARY(add, +)
BINARY(sub, -)

/* A tensor times a number is scaled: a number costs no memory. */
static bool run_mul(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *arg = call->arg;
    tenka_tensor a, b;
    if (are_numbers(call))
        return give_number(call, result, are_whole(call), number_of(&arg[0]) * number_of(&arg[1]));
    if (is_number(&arg[1]) && arg[0].kind == TENKA_VALUE_TENSOR)
        return tenka_function_give(result, tenka_scale(arg[0].tensor, number_of(&arg[1])));
    if (is_number(&arg[0]) && arg[1].kind == TENKA_VALUE_TENSOR)
        return tenka_function_give(result, tenka_scale(arg[1].tensor, number_of(&arg[0])));
    return operands(call, &a, &b) && tenka_function_give(result, tenka_mul(a, b));
}

static bool run_div(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor a, b;
    if (are_numbers(call))
        return give_number(call, result, false, number_of(&call->arg[0]) / number_of(&call->arg[1]));
    return operands(call, &a, &b) && tenka_function_give(result, tenka_div(a, b));
}

static bool run_floordiv(const struct tenka_function_call *call, struct tenka_value *result)
{
    if (!are_whole(call) || call->arg[1].integer == 0)
        return tenka_function_fail(call, "// divides whole numbers by others than 0");
    return give_number(call, result, true, floor((double)call->arg[0].integer / (double)call->arg[1].integer));
}

static bool run_neg(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *x = &call->arg[0];
    if (is_number(x))
        return give_number(call, result, x->kind == TENKA_VALUE_INT, -number_of(x));
    tenka_tensor t;
    return tenka_function_tensor(call, 0, &t) && tenka_function_give(result, tenka_scale(t, -1));
}

/* ---- Comparisons of sizes, which forward asserts ---- */

static bool compare(const struct tenka_function_call *call, struct tenka_value *result, bool less, bool equal,
                    bool more)
{
    if (!is_number(&call->arg[0]) || !is_number(&call->arg[1]))
        return tenka_function_fail(call, "only numbers are compared here");
    const double a = number_of(&call->arg[0]), b = number_of(&call->arg[1]);
    *result = (struct tenka_value){.kind = TENKA_VALUE_BOOL, .integer = a < b ? less : a > b ? more : equal};
    return true;
}

static bool run_eq(const struct tenka_function_call *call, struct tenka_value *result)
{
    return compare(call, result, false, true, false);
}

static bool run_ne(const struct tenka_function_call *call, struct tenka_value *result)
{
    return compare(call, result, true, false, true);
}

static bool run_lt(const struct tenka_function_call *call, struct tenka_value *result)
{
    return compare(call, result, true, false, false);
}

static bool run_le(const struct tenka_function_call *call, struct tenka_value *result)
{
    return compare(call, result, true, true, false);
}

static bool run_gt(const struct tenka_function_call *call, struct tenka_value *result)
{
    return compare(call, result, false, false, true);
}

static bool run_ge(const struct tenka_function_call *call, struct tenka_value *result)
{
    return compare(call, result, false, true, true);
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
    if (!is_number(p))
        return tenka_function_fail(call, "dropout: a probability is expected");
    return tenka_function_give(result, active ? tenka_dropout(x, number_of(p)) : x);
}

/* As torchvision's: whole images of a batch, or none of it, are left out. */
static bool run_stochastic_depth(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *p = &call->arg[1], *mode = &call->arg[2], *training = &call->arg[3];
    const float one = 1;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    if (!is_number(p) || number_of(p) < 0 || number_of(p) > 1 || mode->kind != TENKA_VALUE_WORD)
        return tenka_function_fail(call, "stochastic_depth: a probability and 'batch' or 'row' are expected");
    if (!call->training || (training->kind == TENKA_VALUE_BOOL && training->integer == 0) || number_of(p) == 0)
        return tenka_function_give(result, x);
    struct tenka_shape rows = tenka_tensor_shape(x);
    for (uint32_t i = strcmp(mode->word, "row") == 0; i < rows.rank; i++)
        rows.dim[i] = 1;
    const tenka_tensor ones =
        tenka_expand(tenka_reshape(tenka_input(call->ctx, TENKA_F32, tenka_shape_of(1), &one),
                                   (struct tenka_shape){.rank = rows.rank, .dim = {1, 1, 1, 1, 1, 1}}),
                     rows);
    return tenka_function_give(result, tenka_mul(x, tenka_dropout(ones, number_of(p))));
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
    {"==", "input, other", run_eq, false},
    {"!=", "input, other", run_ne, false},
    {"<", "input, other", run_lt, false},
    {"<=", "input, other", run_le, false},
    {">", "input, other", run_gt, false},
    {">=", "input, other", run_ge, false},
    {"neg torch.neg .neg", "input", run_neg, false},
    {"torch.nn.functional.dropout", "input, p=0.5, training=True, inplace=False", run_dropout, false},
    {"torchvision_ops_stochastic_depth_stochastic_depth", "input, p, mode, training=True", run_stochastic_depth, false},
#define TENKA_UNARY(name, back, count, ...) ROW_##count(name)
#define TENKA_ACTIVATION(name, back, count, ...) ROW_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    {NULL, NULL, NULL, false},
};
