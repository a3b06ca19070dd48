/* Functions that make each element of the element at its place and of numbers, and of elements of several tensors. */
#include <math.h>

#include "nn/graph.h"

static bool read_numbers(const struct tenka_function_call *call, size_t first, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        if (!tenka_value_is_number(&call->arg[first + i]))
            return tenka_function_fail(call, "argument %zu is no number", first + i + 1);
        out[i] = tenka_value_number(&call->arg[first + i]);
    }
    return true;
}

/* ---- Of one tensor ---- */

#define OF_1(name)                                                                             \
    static bool run_##name(const struct tenka_function_call *call, struct tenka_value *result) \
    {                                                                                          \
        double n[1];                                                                           \
        tenka_tensor x;                                                                        \
        return tenka_function_tensor(call, 0, &x) && read_numbers(call, 1, 1, n) &&            \
               tenka_function_give(result, tenka_##name(x, n[0]));                             \
    }
#define OF_2(name)                                                                             \
    static bool run_##name(const struct tenka_function_call *call, struct tenka_value *result) \
    {                                                                                          \
        double n[2];                                                                           \
        tenka_tensor x;                                                                        \
        return tenka_function_tensor(call, 0, &x) && read_numbers(call, 1, 2, n) &&            \
               tenka_function_give(result, tenka_##name(x, n[0], n[1]));                       \
    }

OF_1(elu)
OF_1(celu)
OF_1(leaky_relu)
OF_1(hardshrink)
OF_1(softshrink)
OF_2(hardtanh)
OF_2(softplus)
OF_2(threshold)

static bool run_gelu(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *approximate = &call->arg[1];
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const bool none = approximate->kind == TENKA_VALUE_WORD && strcmp(approximate->word, "none") == 0;
    if (!none && (approximate->kind != TENKA_VALUE_WORD || strcmp(approximate->word, "tanh") != 0))
        return tenka_function_fail(call, "gelu: 'none' or 'tanh' is expected for approximate");
    return tenka_function_give(result, none ? tenka_gelu(x) : tenka_gelu_tanh(x));
}

/* None is no bound. */
static bool bound(const struct tenka_function_call *call, size_t arg, double none, double *out)
{
    *out = none;
    return call->arg[arg].kind == TENKA_VALUE_NONE || read_numbers(call, arg, 1, out);
}

static bool run_clamp(const struct tenka_function_call *call, struct tenka_value *result)
{
    double least, most;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && bound(call, 1, -INFINITY, &least) && bound(call, 2, INFINITY, &most) &&
           tenka_function_give(result, tenka_clamp(x, least, most));
}

static bool run_clamp_max(const struct tenka_function_call *call, struct tenka_value *result)
{
    double most;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && read_numbers(call, 1, 1, &most) &&
           tenka_function_give(result, tenka_clamp(x, -INFINITY, most));
}

/* ---- Of two ---- */

static bool run_pow(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *x = &call->arg[0], *exponent = &call->arg[1];
    tenka_tensor a, b;
    if (tenka_value_is_number(x) && tenka_value_is_number(exponent)) {
        const double power = pow(tenka_value_number(x), tenka_value_number(exponent));
        const bool whole = x->kind == TENKA_VALUE_INT && exponent->kind == TENKA_VALUE_INT && exponent->integer >= 0;
        return tenka_function_give_number(call, whole, power, result);
    }
    if (tenka_value_is_number(exponent))
        return tenka_function_tensor(call, 0, &a) &&
               tenka_function_give(result, tenka_pow_scalar(a, tenka_value_number(exponent)));
    return tenka_function_operands(call, &a, &b) && tenka_function_give(result, tenka_pow(a, b));
}

#define OF_TENSORS(name)                                                                                 \
    static bool run_##name(const struct tenka_function_call *call, struct tenka_value *result)           \
    {                                                                                                    \
        tenka_tensor a, b;                                                                               \
        return tenka_function_operands(call, &a, &b) && tenka_function_give(result, tenka_##name(a, b)); \
    }
OF_TENSORS(maximum)
OF_TENSORS(minimum)

/* ---- Comparisons: of sizes, which forward asserts, and of tensors ---- */

static bool give_truths(struct tenka_value *result, tenka_tensor tensor)
{
    const bool good = tenka_function_give(result, tensor);
    result->truths = true;
    return good;
}

#define COMPARE(name, symbol)                                                                          \
    static bool run_##name(const struct tenka_function_call *call, struct tenka_value *result)         \
    {                                                                                                  \
        const struct tenka_value *a = &call->arg[0], *b = &call->arg[1];                               \
        tenka_tensor x, y;                                                                             \
        if (!tenka_value_is_number(a) || !tenka_value_is_number(b))                                    \
            return tenka_function_operands(call, &x, &y) && give_truths(result, tenka_##name(x, y));   \
        *result = (struct tenka_value){.kind = TENKA_VALUE_BOOL,                                       \
                                       .integer = tenka_value_number(a) symbol tenka_value_number(b)}; \
        return true;                                                                                   \
    }
COMPARE(eq, ==)
COMPARE(ne, !=)
COMPARE(lt, <)
COMPARE(le, <=)
COMPARE(gt, >)
COMPARE(ge, >=)

/* Where the mask is 1, the number; elsewhere the tensor. */
static bool run_masked_fill(const struct tenka_function_call *call, struct tenka_value *result)
{
    double value;
    tenka_tensor x, mask;
    return tenka_function_tensor(call, 0, &x) && tenka_function_tensor(call, 1, &mask) &&
           read_numbers(call, 2, 1, &value) &&
           tenka_function_give(result, tenka_where(mask, tenka_function_full(call, value), x));
}

static bool run_where(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_function_call two = {
        .ctx = call->ctx, .arena = call->arena, .arg = call->arg + 1, .training = call->training};
    tenka_tensor condition, a, b;
    return tenka_function_tensor(call, 0, &condition) && tenka_function_operands(&two, &a, &b) &&
           tenka_function_give(result, tenka_where(condition, a, b));
}

#define F "torch.nn.functional."

const struct tenka_function tenka_functions_numbers[] = {
    {F "elu", "input, alpha=1.0, inplace=False", run_elu, false},
    {F "celu torch.celu", "input, alpha=1.0, inplace=False", run_celu, false},
    {F "leaky_relu torch._C._nn.leaky_relu", "input, negative_slope=0.01, inplace=False", run_leaky_relu, false},
    {F "hardshrink torch.hardshrink", "input, lambd=0.5", run_hardshrink, false},
    {F "softshrink torch._C._nn.softshrink", "input, lambd=0.5", run_softshrink, false},
    {F "hardtanh torch._C._nn.hardtanh", "input, min_val=-1.0, max_val=1.0, inplace=False", run_hardtanh, false},
    {F "softplus torch._C._nn.softplus", "input, beta=1, threshold=20", run_softplus, false},
    {F "threshold torch.threshold", "input, threshold, value, inplace=False", run_threshold, false},
    {F "gelu torch._C._nn.gelu", "input, approximate='none'", run_gelu, false},
    {"torch.clamp .clamp torch.clip .clip", "input, min=None, max=None", run_clamp, false},
    {"torch.clamp_min .clamp_min", "input, min, max=None", run_clamp, false},
    {"torch.clamp_max .clamp_max", "input, max", run_clamp_max, false},
    {"** torch.pow .pow", "input, exponent", run_pow, false},
    {"torch.maximum .maximum", "input, other", run_maximum, false},
    {"torch.minimum .minimum", "input, other", run_minimum, false},
    {"== torch.eq .eq", "input, other", run_eq, false},
    {"!= torch.ne .ne", "input, other", run_ne, false},
    {"< torch.lt .lt", "input, other", run_lt, false},
    {"<= torch.le .le", "input, other", run_le, false},
    {"> torch.gt .gt", "input, other", run_gt, false},
    {">= torch.ge .ge", "input, other", run_ge, false},
    {".masked_fill torch.masked_fill", "input, mask, value", run_masked_fill, false},
    {"torch.where", "condition, input, other", run_where, false},
    {NULL, NULL, NULL, false},
};
