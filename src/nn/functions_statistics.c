/* Functions that find the largest elements along axes, or how far elements lie from their mean; and tensors that are
 * made of numbers. */
#include <math.h>

#include "nn/graph.h"

/* ---- Arguments ---- */

/* Whether the dtype that is asked for is the one that there is anyway. */
bool tenka_function_is_real(const struct tenka_function_call *call, size_t arg)
{
    const struct tenka_value *const dtype = &call->arg[arg];
    if (dtype->kind == TENKA_VALUE_NONE)
        return true;
    if (dtype->kind == TENKA_VALUE_WORD && (strcmp(dtype->word, "float32") == 0 || strcmp(dtype->word, "float") == 0))
        return true;
    return tenka_function_fail(call, "dtype is %s; only torch.float32 is known here",
                               dtype->kind == TENKA_VALUE_WORD ? dtype->word : "none");
}

static tenka_tensor keep_axes(tenka_tensor reduced, struct tenka_shape from, uint32_t axes, bool keepdim)
{
    struct tenka_shape to = {.rank = 0};
    for (uint32_t i = 0; i < from.rank; i++)
        if (keepdim || (axes & (1u << i)) == 0)
            to.dim[to.rank++] = (axes & (1u << i)) != 0 ? 1 : from.dim[i];
    return tenka_reshape(reduced, to);
}

/* ---- Largest elements ---- */

/* Along the axes from `first` to before `end`, which stay, with one element each. */
static tenka_tensor largest_along(tenka_tensor x, uint32_t first, uint32_t end)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    uint32_t outer = 1, length = 1, inner = 1;
    for (uint32_t i = 0; i < shape.rank; i++) {
        *(i < first ? &outer : i < end ? &length : &inner) *= shape.dim[i];
        shape.dim[i] = i >= first && i < end ? 1 : shape.dim[i];
    }
    struct tenka_pool2d_params columns = TENKA_POOL2D_DEFAULTS;
    columns.kernel[0] = columns.stride[0] = length;
    columns.kernel[1] = columns.stride[1] = 1;
    const tenka_tensor planes = tenka_reshape(x, tenka_shape_of(outer, length, inner));
    return tenka_reshape(tenka_max_pool2d(planes, &columns), shape);
}

static tenka_tensor largest_over(tenka_tensor x, uint32_t axes)
{
    const uint32_t rank = tenka_tensor_shape(x).rank;
    for (uint32_t first = 0, end; first < rank; first = end + 1) {
        for (end = first; end < rank && (axes & (1u << end)) != 0; end++)
            ;
        x = end > first ? largest_along(x, first, end) : x;
    }
    return x;
}

/* So many equal numbers as a tensor has can be added when each is so much smaller. */
#define LESS 0x1p-32

/* The largest element over axes, which stay. Its gradient is shared by all that are as large, as torch.amax has it: it
 * goes through a mean over them, of which rounding is taken away again. */
static tenka_tensor largest(tenka_tensor x, uint32_t axes)
{
    if (!tenka_trace_has_gradient(x))
        return largest_over(x, axes);
    tenka_no_grad_begin(x.ctx);
    const tenka_tensor most = largest_over(x, axes), mask = tenka_eq(x, most);
    const tenka_tensor count = tenka_scale(tenka_sum(mask, axes, true), LESS);
    tenka_no_grad_end(x.ctx);
    const tenka_tensor sum = tenka_sum(tenka_keep_where(mask, tenka_scale(x, LESS)), axes, true);
    const tenka_tensor mean = tenka_div(sum, count);
    tenka_no_grad_begin(x.ctx);
    const tenka_tensor rounding = tenka_keep_unless(tenka_eq(mean, most), tenka_sub(most, mean));
    tenka_no_grad_end(x.ctx);
    return tenka_add(mean, rounding);
}

static bool give_largest(const struct tenka_function_call *call, double sign, uint32_t axes, bool keepdim,
                         struct tenka_value *result)
{
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    axes = axes == TENKA_ALL_AXES ? (1u << shape.rank) - 1 : axes;
    const tenka_tensor y = tenka_scale(largest(tenka_scale(x, sign), axes), sign);
    return tenka_function_give(result, keep_axes(y, shape, axes, keepdim));
}

static bool extreme(const struct tenka_function_call *call, double sign, struct tenka_value *result)
{
    uint32_t axes;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && tenka_function_axes(call, 1, tenka_tensor_shape(x).rank, &axes) &&
           give_largest(call, sign, axes, call->arg[2].integer != 0, result);
}

static bool run_amax(const struct tenka_function_call *call, struct tenka_value *result)
{
    return extreme(call, 1, result);
}

static bool run_amin(const struct tenka_function_call *call, struct tenka_value *result)
{
    return extreme(call, -1, result);
}

/* Along one axis, with the places: the gradient is that of the first. */
static bool with_places(const struct tenka_function_call *call, double sign, struct tenka_value *result)
{
    const bool keepdim = call->arg[2].integer != 0;
    struct tenka_value *items;
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis) ||
        !tenka_function_list(call, 2, &items, result))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    x = sign < 0 ? tenka_scale(x, sign) : x;
    const tenka_tensor y = largest_along(x, axis, axis + 1);
    return tenka_function_give(&items[0], keep_axes(sign < 0 ? tenka_scale(y, sign) : y, shape, 1u << axis, keepdim)) &&
           tenka_function_give(&items[1], keep_axes(tenka_argmax(x, axis), shape, 1u << axis, keepdim));
}

/* torch.max(x), torch.max(x, dim) or torch.max(x, other) */
static bool run_max(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor a, b;
    if (call->arg[1].kind == TENKA_VALUE_TENSOR)
        return tenka_function_operands(call, &a, &b) && tenka_function_give(result, tenka_maximum(a, b));
    return call->arg[1].kind == TENKA_VALUE_NONE ? give_largest(call, 1, TENKA_ALL_AXES, false, result)
                                                 : with_places(call, 1, result);
}

static bool run_min(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor a, b;
    if (call->arg[1].kind == TENKA_VALUE_TENSOR)
        return tenka_function_operands(call, &a, &b) && tenka_function_give(result, tenka_minimum(a, b));
    return call->arg[1].kind == TENKA_VALUE_NONE ? give_largest(call, -1, TENKA_ALL_AXES, false, result)
                                                 : with_places(call, -1, result);
}

/* What max and min give has names. */
static bool item_of(const struct tenka_function_call *call, size_t i, struct tenka_value *result)
{
    const struct tenka_value *const pair = &call->arg[0];
    if (pair->kind != TENKA_VALUE_LIST || pair->n_items != 2)
        return tenka_function_fail(call, "values and indices are of what max(dim) and min(dim) give");
    *result = pair->items[i];
    return true;
}

static bool run_values(const struct tenka_function_call *call, struct tenka_value *result)
{
    return item_of(call, 0, result);
}

static bool run_indices(const struct tenka_function_call *call, struct tenka_value *result)
{
    return item_of(call, 1, result);
}

/* ---- Variance ---- */

/* torch.var(x, unbiased), torch.var(x, dim, unbiased, keepdim) or torch.var(x, dim, correction=, keepdim=) */
enum { DIM = 1, UNBIASED, KEEPDIM, CORRECTION };

static bool correction_of(const struct tenka_function_call *call, double *out)
{
    const struct tenka_value *const given = &call->arg[CORRECTION];
    const struct tenka_value *const unbiased = &call->arg[call->arg[DIM].kind == TENKA_VALUE_BOOL ? DIM : UNBIASED];
    *out = unbiased->kind == TENKA_VALUE_BOOL ? (double)unbiased->integer : 1;
    if (unbiased->kind != TENKA_VALUE_BOOL && unbiased->kind != TENKA_VALUE_NONE)
        return tenka_function_fail(call, "unbiased is True or False, and a correction has its name before it");
    if (given->kind == TENKA_VALUE_NONE)
        return true;
    *out = tenka_value_number(given);
    return tenka_value_is_number(given) || tenka_function_fail(call, "correction is no number");
}

/* Both over the same axes. */
static bool variance_of(const struct tenka_function_call *call, tenka_tensor *variance, tenka_tensor *mean)
{
    const bool keepdim = call->arg[KEEPDIM].integer != 0;
    uint32_t axes = TENKA_ALL_AXES;
    double correction, count = 1;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !correction_of(call, &correction))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (call->arg[DIM].kind != TENKA_VALUE_BOOL && !tenka_function_axes(call, DIM, shape.rank, &axes))
        return false;
    axes = axes == TENKA_ALL_AXES ? (1u << shape.rank) - 1 : axes;
    for (uint32_t i = 0; i < shape.rank; i++)
        count *= (axes & (1u << i)) != 0 ? shape.dim[i] : 1;
    *mean = tenka_mean(x, axes, true);
    const tenka_tensor sum = tenka_sum(tenka_square(tenka_sub(x, *mean)), axes, true);
    *variance = keep_axes(tenka_scale(sum, 1 / fmax(count - correction, 0)), shape, axes, keepdim);
    *mean = keep_axes(*mean, shape, axes, keepdim);
    return tenka_tensor_valid(*variance) && tenka_tensor_valid(*mean);
}

/* The square root of sums of squares. Where it is 0 it has no gradient, as PyTorch's standard deviation and its norm. */
static tenka_tensor root(const struct tenka_function_call *call, tenka_tensor squares)
{
    const tenka_tensor none = tenka_eq(squares, tenka_function_full(call, 0));
    return tenka_keep_unless(none, tenka_sqrt(tenka_where(none, tenka_function_full(call, 1), squares)));
}

static bool run_var(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor variance, mean;
    return variance_of(call, &variance, &mean) && tenka_function_give(result, variance);
}

static bool run_std(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor variance, mean;
    return variance_of(call, &variance, &mean) && tenka_function_give(result, root(call, variance));
}

static bool run_var_mean(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_value *items;
    tenka_tensor variance, mean;
    return variance_of(call, &variance, &mean) && tenka_function_list(call, 2, &items, result) &&
           tenka_function_give(&items[0], variance) && tenka_function_give(&items[1], mean);
}

static bool run_std_mean(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_value *items;
    tenka_tensor variance, mean;
    return variance_of(call, &variance, &mean) && tenka_function_list(call, 2, &items, result) &&
           tenka_function_give(&items[0], root(call, variance)) && tenka_function_give(&items[1], mean);
}

/* 'fro' is what PyTorch calls it where nothing is said. */
static bool run_norm(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *order = &call->arg[1];
    const bool word = order->kind == TENKA_VALUE_WORD && strcmp(order->word, "fro") == 0;
    uint32_t axes;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axes(call, 2, tenka_tensor_shape(x).rank, &axes) ||
        !tenka_function_is_real(call, 4))
        return false;
    if (!word && (!tenka_value_is_number(order) || tenka_value_number(order) != 2))
        return tenka_function_fail(call, "norm: only that of squares, 2, is known");
    return tenka_function_give(result, root(call, tenka_sum(tenka_mul(x, x), axes, call->arg[3].integer != 0)));
}

/* ---- Made of numbers ---- */

/* What a float holds exactly, so that the largest of running numbers is one. */
#define MAX_RUNNING (1 << 24)

/* torch.int64 and the like are I32 here. whole: what it is where nothing is said. */
static bool is_whole(const struct tenka_function_call *call, size_t arg, bool whole, bool *out)
{
    static const char *const names[] = {"int64", "long", "int32", "int"};
    const struct tenka_value *const dtype = &call->arg[arg];
    *out = dtype->kind == TENKA_VALUE_NONE ? whole : false;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (dtype->kind == TENKA_VALUE_WORD && strcmp(dtype->word, names[i]) == 0)
            *out = true;
    return *out || tenka_function_is_real(call, arg);
}

/* n numbers from first on, one step from each to the next; whole ones as I32. */
static tenka_tensor running(const struct tenka_function_call *call, uint32_t n, double first, double step, bool whole)
{
    int32_t *const out = tenka_arena_alloc(call->arena, n * sizeof(*out)); /* as large as a float */
    float *const reals = (float *)(void *)out;
    if (out == NULL)
        return tenka_trace_fail(call->ctx, TENKA_E_NOMEM, "out of memory for %u numbers", n);
    for (uint32_t i = 0; i < n; i++)
        if (whole)
            out[i] = (int32_t)(first + i * step);
        else
            reals[i] = (float)(first + i * step);
    return tenka_input(call->ctx, whole ? TENKA_I32 : TENKA_F32, tenka_shape_of(n), out);
}

/* One number at all places. */
static bool give_filled(const struct tenka_function_call *call, struct tenka_shape shape, double number, bool whole,
                        struct tenka_value *result)
{
    const uint64_t count = tenka_shape_count(&shape);
    if (!whole)
        return tenka_function_give(result, tenka_function_filled(call, shape, number));
    if (count > MAX_RUNNING || !(fabs(number) <= INT32_MAX))
        return tenka_function_fail(call, "so many whole numbers, or such large ones, are not made");
    return tenka_function_give(result, tenka_reshape(running(call, (uint32_t)count, number, 0, true), shape));
}

/* The same of the sizes in an argument. dtype: its argument */
static bool give_full(const struct tenka_function_call *call, size_t sizes, double number, size_t dtype, bool whole,
                      struct tenka_value *result)
{
    struct tenka_shape shape;
    if (tenka_value_is_number(&call->arg[dtype]))
        return tenka_function_fail(call, "several sizes are written in parentheses of their own: (2, 3)");
    return is_whole(call, dtype, whole, &whole) && tenka_function_sizes(call, sizes, &shape) &&
           give_filled(call, shape, number, whole, result);
}

static bool run_zeros(const struct tenka_function_call *call, struct tenka_value *result)
{
    return give_full(call, 0, 0, 1, false, result);
}

static bool run_ones(const struct tenka_function_call *call, struct tenka_value *result)
{
    return give_full(call, 0, 1, 1, false, result);
}

static bool run_full(const struct tenka_function_call *call, struct tenka_value *result)
{
    if (!tenka_value_is_number(&call->arg[1]))
        return tenka_function_fail(call, "full: a number is expected");
    return give_full(call, 0, tenka_value_number(&call->arg[1]), 2, call->arg[1].kind == TENKA_VALUE_INT, result);
}

/* As a tensor, the first argument, is. */
static bool is_like_whole(const struct tenka_function_call *call, bool *whole)
{
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    *whole = tenka_tensor_dtype(x) == TENKA_I32;
    return true;
}

static bool run_new_zeros(const struct tenka_function_call *call, struct tenka_value *result)
{
    bool whole;
    return is_like_whole(call, &whole) && give_full(call, 1, 0, 2, whole, result);
}

static bool run_new_ones(const struct tenka_function_call *call, struct tenka_value *result)
{
    bool whole;
    return is_like_whole(call, &whole) && give_full(call, 1, 1, 2, whole, result);
}

static bool run_new_full(const struct tenka_function_call *call, struct tenka_value *result)
{
    bool whole;
    if (!tenka_value_is_number(&call->arg[2]))
        return tenka_function_fail(call, "new_full: a number is expected");
    return is_like_whole(call, &whole) && give_full(call, 1, tenka_value_number(&call->arg[2]), 3, whole, result);
}

static bool give_like(const struct tenka_function_call *call, double number, size_t dtype, struct tenka_value *result)
{
    bool whole;
    return is_like_whole(call, &whole) && is_whole(call, dtype, whole, &whole) &&
           give_filled(call, tenka_tensor_shape(call->arg[0].tensor), number, whole, result);
}

static bool run_zeros_like(const struct tenka_function_call *call, struct tenka_value *result)
{
    return give_like(call, 0, 1, result);
}

static bool run_ones_like(const struct tenka_function_call *call, struct tenka_value *result)
{
    return give_like(call, 1, 1, result);
}

/* arange(end) or arange(start, end, step) */
static bool run_arange(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value zero = {.kind = TENKA_VALUE_INT};
    const bool alone = call->arg[1].kind == TENKA_VALUE_NONE;
    const struct tenka_value *const part[] = {alone ? &zero : &call->arg[0], &call->arg[alone ? 0 : 1], &call->arg[2]};
    bool whole = true;
    for (size_t i = 0; i < 3; i++) {
        if (!tenka_value_is_number(part[i]))
            return tenka_function_fail(call, "arange: numbers are expected");
        whole = whole && part[i]->kind == TENKA_VALUE_INT;
    }
    const double first = tenka_value_number(part[0]), step = tenka_value_number(part[2]);
    const double count = ceil((tenka_value_number(part[1]) - first) / step);
    if (!is_whole(call, 3, whole, &whole))
        return false;
    if (!(count >= 1 && count <= MAX_RUNNING && fabs(first) <= MAX_RUNNING && fabs(first + count * step) <= INT32_MAX))
        return tenka_function_fail(call, "arange: there are no such numbers, or too many");
    return tenka_function_give(result, running(call, (uint32_t)count, first, step, whole));
}

#define OVER "input, dim=None, keepdim=False"
#define VARIANCE "input, dim=None, unbiased=None, keepdim=False, correction=None"
#define NORM "dim=None, keepdim=False, dtype=None"
#define KIND "dtype=None, layout=None, device=None, pin_memory=None, requires_grad=False"

const struct tenka_function tenka_functions_statistics[] = {
    {"torch.amax .amax", OVER, run_amax, false},
    {"torch.amin .amin", OVER, run_amin, false},
    {"torch.max .max", OVER, run_max, false},
    {"torch.min .min", OVER, run_min, false},
    {".values", "pair", run_values, false},
    {".indices", "pair", run_indices, false},
    {"torch.var .var", VARIANCE, run_var, false},
    {"torch.std .std", VARIANCE, run_std, false},
    {"torch.var_mean", VARIANCE, run_var_mean, false},
    {"torch.std_mean", VARIANCE, run_std_mean, false},
    {"torch.linalg.vector_norm torch._C._linalg.linalg_vector_norm aten.linalg_vector_norm", "input, ord=2, " NORM,
     run_norm, false},
    {"torch.norm .norm torch.functional.norm", "input, p='fro', " NORM, run_norm, false},
    {"torch.zeros", "size, " KIND, run_zeros, false},
    {"torch.ones", "size, " KIND, run_ones, false},
    {"torch.full", "size, fill_value, " KIND, run_full, false},
    {".new_zeros", "input, size, " KIND, run_new_zeros, false},
    {".new_ones", "input, size, " KIND, run_new_ones, false},
    {".new_full", "input, size, fill_value, " KIND, run_new_full, false},
    {"torch.zeros_like", "input, " KIND ", memory_format=None", run_zeros_like, false},
    {"torch.ones_like", "input, " KIND ", memory_format=None", run_ones_like, false},
    {"torch.arange", "start, end=None, step=1, " KIND, run_arange, false},
    {NULL, NULL, NULL, false},
};
