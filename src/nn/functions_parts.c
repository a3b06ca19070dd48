/* Functions that take tensors apart and put them together again. */
#include <stdio.h>

#include "nn/graph.h"

/* ---- Several into one ---- */

/* The tensors of an argument that is a list of them. */
static bool tensors_of(const struct tenka_function_call *call, const char *function, tenka_tensor **out, size_t *n)
{
    const struct tenka_value *list = &call->arg[0];
    if (list->kind != TENKA_VALUE_LIST || list->n_items == 0)
        return tenka_function_fail(call, "%s: a list of tensors is expected", function);
    *n = list->n_items;
    *out = tenka_arena_alloc(call->arena, *n * sizeof(**out));
    if (*out == NULL)
        return tenka_function_fail(call, "out of memory");
    for (size_t i = 0; i < *n; i++) {
        if (list->items[i].kind != TENKA_VALUE_TENSOR)
            return tenka_function_fail(call, "%s: item %zu is no tensor", function, i);
        (*out)[i] = list->items[i].tensor;
    }
    return true;
}

static tenka_tensor join(const tenka_tensor *x, size_t n, uint32_t axis)
{
    return n == 1 ? x[0] : tenka_concat(x, n, axis);
}

static bool run_cat(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor *x;
    size_t n;
    return tensors_of(call, "cat", &x, &n) && tenka_function_axis(call, 1, tenka_tensor_shape(x[0]).rank, &axis) &&
           tenka_function_give(result, join(x, n, axis));
}

/* The shape with an axis more. */
static struct tenka_shape with_axis(struct tenka_shape from, uint32_t axis, uint32_t size)
{
    struct tenka_shape to = {.rank = from.rank + 1};
    for (uint32_t i = 0; i < to.rank; i++)
        to.dim[i] = i == axis ? size : from.dim[i > axis ? i - 1 : i];
    return to;
}

static struct tenka_shape without_axis(struct tenka_shape shape, uint32_t axis)
{
    for (uint32_t i = axis; i + 1 < shape.rank; i++)
        shape.dim[i] = shape.dim[i + 1];
    shape.rank--;
    return shape;
}

static bool run_stack(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor *x;
    size_t n;
    if (!tensors_of(call, "stack", &x, &n))
        return false;
    const struct tenka_shape from = tenka_tensor_shape(x[0]);
    if (!tenka_function_axis(call, 1, from.rank + 1, &axis))
        return false;
    if (from.rank == TENKA_MAX_RANK)
        return tenka_function_fail(call, "stack: a tensor has at most %d axes", TENKA_MAX_RANK);
    for (size_t i = 0; i < n; i++) {
        const struct tenka_shape shape = tenka_tensor_shape(x[i]);
        if (!tenka_shape_equal(&shape, &from))
            return tenka_function_fail(call, "stack: tensors of one shape are expected");
        x[i] = tenka_reshape(x[i], with_axis(from, axis, 1));
    }
    return tenka_function_give(result, join(x, n, axis));
}

/* ---- One into several ---- */

/* Items of the given lengths, one after the other along an axis. */
static bool cut(const struct tenka_function_call *call, tenka_tensor x, uint32_t axis, const int64_t *lengths, size_t n,
                struct tenka_value *result)
{
    struct tenka_value *items;
    int64_t begin = 0;
    if (!tenka_function_list(call, n, &items, result))
        return false;
    for (size_t i = 0; i < n; begin += lengths[i++])
        if (!tenka_function_give(&items[i], tenka_slice(x, axis, (uint32_t)begin, (uint32_t)(begin + lengths[i]))))
            return false;
    return true;
}

/* Pieces of one size, the last of which may be smaller. */
static bool cut_evenly(const struct tenka_function_call *call, tenka_tensor x, uint32_t axis, int64_t size,
                       struct tenka_value *result)
{
    const int64_t all = tenka_tensor_shape(x).dim[axis];
    size = size < all ? size : all;
    const size_t n = (size_t)((all + size - 1) / size);
    int64_t *lengths = tenka_arena_alloc(call->arena, n * sizeof(*lengths));
    if (lengths == NULL)
        return tenka_function_fail(call, "out of memory");
    for (size_t i = 0; i < n; i++)
        lengths[i] = i + 1 < n ? size : all - (int64_t)i * size;
    return cut(call, x, axis, lengths, n, result);
}

/* As torch.chunk: at most as many as were asked for. */
static bool run_chunk(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const int64_t chunks = call->arg[1].integer;
    if (!tenka_function_axis(call, 2, shape.rank, &axis))
        return false;
    if (call->arg[1].kind != TENKA_VALUE_INT || chunks < 1)
        return tenka_function_fail(call, "chunk: a number of chunks from 1 on is expected");
    const int64_t all = shape.dim[axis];
    return cut_evenly(call, x, axis, chunks > all ? 1 : (all + chunks - 1) / chunks, result);
}

/* As torch.split: pieces of one size, or of those that a list gives. */
static bool run_split(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *sizes = &call->arg[1];
    int64_t *lengths, sum = 0;
    uint32_t axis;
    tenka_tensor x;
    size_t n;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axis(call, 2, tenka_tensor_shape(x).rank, &axis))
        return false;
    if (sizes->kind == TENKA_VALUE_INT)
        return sizes->integer > 0 ? cut_evenly(call, x, axis, sizes->integer, result)
                                  : tenka_function_fail(call, "split: a size from 1 on is expected");
    lengths = tenka_arena_alloc(call->arena, (sizes->n_items + 1) * sizeof(*lengths));
    if (lengths == NULL)
        return tenka_function_fail(call, "out of memory");
    if (!tenka_function_integers(call, 1, lengths, sizes->n_items + 1, &n))
        return false;
    const int64_t all = tenka_tensor_shape(x).dim[axis];
    for (size_t i = 0; i < n; sum += lengths[i++])
        if (lengths[i] < 1 || lengths[i] > all - sum)
            return tenka_function_fail(call, "split: the sizes are no parts of %lld elements", (long long)all);
    return sum == all ? cut(call, x, axis, lengths, n, result)
                      : tenka_function_fail(call, "split: the sizes add up to %lld of %lld elements", (long long)sum,
                                            (long long)all);
}

static bool run_unbind(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis) ||
        !cut_evenly(call, x, axis, 1, result))
        return false;
    struct tenka_value *items = (struct tenka_value *)(uintptr_t)result->items;
    for (size_t i = 0; i < result->n_items; i++)
        if (!tenka_function_give(&items[i], tenka_reshape(items[i].tensor, without_axis(tenka_tensor_shape(x), axis))))
            return false;
    return true;
}

/* ---- A part ---- */

static bool run_narrow(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis))
        return false;
    const int64_t size = tenka_tensor_shape(x).dim[axis], length = call->arg[3].integer;
    const int64_t begin = call->arg[2].integer + (call->arg[2].integer < 0 ? size : 0);
    if (call->arg[2].kind != TENKA_VALUE_INT || call->arg[3].kind != TENKA_VALUE_INT || begin < 0 || begin >= size ||
        length < 1 || length > size - begin)
        return tenka_function_fail(call, "narrow: there are no such elements along an axis of %lld", (long long)size);
    return tenka_function_give(result, tenka_narrow(x, axis, (uint32_t)begin, (uint32_t)length));
}

static bool run_select(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const int64_t size = shape.dim[axis], index = call->arg[2].integer + (call->arg[2].integer < 0 ? size : 0);
    if (call->arg[2].kind != TENKA_VALUE_INT || index < 0 || index >= size)
        return tenka_function_fail(call, "select: the index is beyond an axis of %lld", (long long)size);
    return tenka_function_give(
        result, tenka_reshape(tenka_slice(x, axis, (uint32_t)index, (uint32_t)index + 1), without_axis(shape, axis)));
}

/* ---- Another order ---- */

tenka_tensor tenka_function_roll(tenka_tensor x, uint32_t axis, int64_t shift)
{
    const int64_t size = tenka_tensor_shape(x).dim[axis], by = ((shift % size) + size) % size;
    if (by == 0)
        return x;
    const tenka_tensor parts[] = {tenka_slice(x, axis, (uint32_t)(size - by), (uint32_t)size),
                                  tenka_slice(x, axis, 0, (uint32_t)(size - by))};
    return tenka_concat(parts, 2, axis);
}

/* Without dims the elements move in the order in which they lie. */
static bool run_roll(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t shifts[TENKA_MAX_RANK], dims[TENKA_MAX_RANK];
    size_t n, n_dims;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, shifts, TENKA_MAX_RANK, &n))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (call->arg[2].kind == TENKA_VALUE_NONE) {
        if (n != 1)
            return tenka_function_fail(call, "roll: without dims one shift is expected");
        const tenka_tensor flat = tenka_reshape(x, tenka_shape_of((uint32_t)tenka_shape_count(&shape)));
        return tenka_function_give(result, tenka_reshape(tenka_function_roll(flat, 0, shifts[0]), shape));
    }
    if (!tenka_function_integers(call, 2, dims, TENKA_MAX_RANK, &n_dims))
        return false;
    if (n != n_dims)
        return tenka_function_fail(call, "roll: %zu shifts are given for %zu dims", n, n_dims);
    for (size_t i = 0; i < n && tenka_tensor_valid(x); i++) {
        const int64_t axis = dims[i] + (dims[i] < 0 ? shape.rank : 0);
        if (axis < 0 || axis >= shape.rank)
            return tenka_function_fail(call, "roll: %lld is no axis", (long long)dims[i]);
        x = tenka_function_roll(x, (uint32_t)axis, shifts[i]);
    }
    return tenka_function_give(result, x);
}

/* The rows of the first axis from the last to the first. */
static tenka_tensor flip_rows(tenka_tensor x, int32_t *index)
{
    const uint32_t rows = tenka_tensor_shape(x).dim[0];
    for (uint32_t i = 0; i < rows; i++)
        index[i] = (int32_t)(rows - 1 - i);
    return tenka_gather(x, tenka_input(x.ctx, TENKA_I32, tenka_shape_of(rows), index));
}

static bool run_flip(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t dims[TENKA_MAX_RANK];
    size_t n;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, dims, TENKA_MAX_RANK, &n))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    for (size_t i = 0; i < n && tenka_tensor_valid(x); i++) {
        const int64_t axis = dims[i] + (dims[i] < 0 ? shape.rank : 0);
        if (axis < 0 || axis >= shape.rank)
            return tenka_function_fail(call, "flip: %lld is no axis", (long long)dims[i]);
        int32_t *index = tenka_arena_alloc(call->arena, shape.dim[axis] * sizeof(*index));
        if (index == NULL)
            return tenka_function_fail(call, "out of memory");
        x = flip_rows(axis > 0 ? tenka_transpose(x, 0, (uint32_t)axis) : x, index);
        x = axis > 0 ? tenka_transpose(x, 0, (uint32_t)axis) : x;
    }
    return tenka_function_give(result, x);
}

/* ---- Repeated ---- */

/* The sizes that an argument gives, of which those before x's own axes are new, and -1 stands for x's. */
static bool run_expand(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t sizes[TENKA_MAX_RANK];
    struct tenka_shape to, from;
    tenka_tensor x;
    size_t n;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, sizes, TENKA_MAX_RANK, &n))
        return false;
    from = tenka_tensor_shape(x);
    if (!tenka_function_free_batch(call, sizes, n, 0))
        return false;
    if (n < from.rank)
        return tenka_function_fail(call, "expand: %zu sizes are given for %u axes", n, from.rank);
    to = (struct tenka_shape){.rank = (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        const bool own = i + from.rank >= n;
        const int64_t size = sizes[i] == -1 && own ? from.dim[i + from.rank - n] : sizes[i];
        if (size < 1 || size > INT32_MAX)
            return tenka_function_fail(call, "expand: %lld is no size here", (long long)sizes[i]);
        to.dim[i] = (uint32_t)size;
    }
    return tenka_function_give(result, tenka_shape_equal(&to, &from) ? x : tenka_expand(x, to));
}

static bool run_expand_as(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x, other;
    return tenka_function_tensor(call, 0, &x) && tenka_function_tensor(call, 1, &other) &&
           tenka_function_give(result, tenka_expand(x, tenka_tensor_shape(other)));
}

/* The axis, with all behind it, so many times after itself. */
static tenka_tensor repeat_axis(tenka_tensor x, uint32_t axis, uint32_t times)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    uint32_t outer = 1, inner = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        *(i < axis ? &outer : &inner) *= shape.dim[i];
    shape.dim[axis] *= times;
    const tenka_tensor apart = tenka_reshape(x, tenka_shape_of(outer, 1, inner));
    return tenka_reshape(tenka_expand(apart, tenka_shape_of(outer, times, inner)), shape);
}

static bool run_repeat(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t times[TENKA_MAX_RANK];
    tenka_tensor x;
    size_t n;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, times, TENKA_MAX_RANK, &n))
        return false;
    struct tenka_shape shape = tenka_tensor_shape(x);
    if (n < shape.rank)
        return tenka_function_fail(call, "repeat: %zu numbers are given for %u axes", n, shape.rank);
    while (shape.rank < n)
        shape = with_axis(shape, 0, 1);
    x = tenka_reshape(x, shape);
    uint64_t count = tenka_shape_count(&shape);
    for (uint32_t i = 0; i < n && tenka_tensor_valid(x); i++) {
        if (times[i] < 1 || (uint64_t)times[i] > UINT32_MAX / count)
            return tenka_function_fail(call, "repeat: %lld times is none or too many", (long long)times[i]);
        count *= (uint64_t)times[i];
        x = times[i] > 1 ? repeat_axis(x, i, (uint32_t)times[i]) : x;
    }
    return tenka_function_give(result, x);
}

const struct tenka_function tenka_functions_parts[] = {
    {"torch.cat torch.concat", "tensors, dim=0", run_cat, false},
    {"torch.stack", "tensors, dim=0", run_stack, false},
    {".chunk torch.chunk", "input, chunks, dim=0", run_chunk, true},
    {".split torch.split torch.functional.split .split_with_sizes torch.split_with_sizes",
     "input, split_size_or_sections, dim=0", run_split, true},
    {".unbind torch.unbind", "input, dim=0", run_unbind, true},
    {".narrow torch.narrow", "input, dim, start, length", run_narrow, true},
    {".select torch.select", "input, dim, index", run_select, true},
    {".roll torch.roll", "input, shifts, dims=None", run_roll, false},
    {".flip torch.flip", "input, *dims", run_flip, false},
    {".expand", "input, *size", run_expand, true},
    {".expand_as", "input, other", run_expand_as, true},
    {".repeat", "input, *repeats", run_repeat, false},
    {NULL, NULL, NULL, false},
};

/* ---- Parts that are written ---- */

/* An argument that has been checked when the part was taken. */
static uint32_t place_of(const struct tenka_function_call *call, size_t arg, uint32_t size)
{
    const int64_t place = call->arg[arg].integer;
    return (uint32_t)(place + (place < 0 ? size : 0));
}

static bool put_narrow(const struct tenka_function_call *call, const struct tenka_value *part,
                       struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis) &&
           tenka_function_give(result, tenka_function_put_range(
                                           x, axis, place_of(call, 2, tenka_tensor_shape(x).dim[axis]), part->tensor));
}

static bool put_select(const struct tenka_function_call *call, const struct tenka_value *part,
                       struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis))
        return false;
    struct tenka_shape shape = tenka_tensor_shape(x);
    const uint32_t place = place_of(call, 2, shape.dim[axis]);
    shape.dim[axis] = 1;
    return tenka_function_give(result, tenka_function_put_range(x, axis, place, tenka_reshape(part->tensor, shape)));
}

/* The pieces of a tensor, one after the other along the axis that an argument names; those of unbind, which has it as its
 * second, lack that axis. */
static bool put_pieces(const struct tenka_function_call *call, size_t dim, const struct tenka_value *part,
                       struct tenka_value *result)
{
    tenka_tensor x, *pieces;
    struct tenka_function_call of_part = *call;
    uint32_t axis;
    size_t n;
    of_part.arg = part;
    if (!tenka_function_tensor(call, 0, &x) || !tensors_of(&of_part, "split", &pieces, &n) ||
        !tenka_function_axis(call, dim, tenka_tensor_shape(x).rank, &axis))
        return false;
    struct tenka_shape shape = tenka_tensor_shape(x);
    shape.dim[axis] = 1;
    for (size_t i = 0; i < n && dim == 1; i++)
        pieces[i] = tenka_reshape(pieces[i], shape);
    return tenka_function_give(result, join(pieces, n, axis));
}

static bool put_split(const struct tenka_function_call *call, const struct tenka_value *part,
                      struct tenka_value *result)
{
    return put_pieces(call, 2, part, result);
}

static bool put_unbind(const struct tenka_function_call *call, const struct tenka_value *part,
                       struct tenka_value *result)
{
    return put_pieces(call, 1, part, result);
}

const struct tenka_view tenka_views_parts[] = {
    {".chunk torch.chunk .split torch.split torch.functional.split .split_with_sizes torch.split_with_sizes",
     put_split},
    {".unbind torch.unbind", put_unbind},
    {".narrow torch.narrow", put_narrow},
    {".select torch.select", put_select},
    {NULL, NULL},
};
