/* Functions that take elements of a tensor by their places, and put others there. */
#include "nn/graph.h"

/* ---- Slices ---- */

static int64_t clamp(int64_t i, int64_t size)
{
    i += i < 0 ? size : 0;
    return i < 0 ? 0 : i > size ? size : i;
}

/* A slice of `size` elements, as Python counts. */
struct part {
    int64_t begin, end, step;
};

static bool read_slice(const struct tenka_function_call *call, const struct tenka_value *slice, int64_t size,
                       struct part *out)
{
    const struct tenka_value *item = slice->items;
    out->begin = item[0].kind == TENKA_VALUE_INT ? clamp(item[0].integer, size) : 0;
    out->end = item[1].kind == TENKA_VALUE_INT ? clamp(item[1].integer, size) : size;
    out->step = item[2].kind == TENKA_VALUE_INT ? item[2].integer : 1;
    return out->step > 0 || tenka_function_fail(call, "the step of a slice is a number from 1 on");
}

static bool index_list(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *list = &call->arg[0], *index = &call->arg[1];
    const int64_t n = (int64_t)list->n_items;
    struct part part;
    if (index->kind == TENKA_VALUE_SLICE) {
        if (!read_slice(call, index, n, &part))
            return false;
        if (part.step != 1)
            return tenka_function_fail(call, "slices of lists have no step here");
        *result = *list;
        result->items += part.begin;
        result->n_items = part.end > part.begin ? (size_t)(part.end - part.begin) : 0;
        return true;
    }
    const int64_t i = index->integer + (index->integer < 0 ? n : 0);
    if (index->kind != TENKA_VALUE_INT || i < 0 || i >= n)
        return tenka_function_fail(call, "the index is none of a list of %lld", (long long)n);
    *result = list->items[i];
    return true;
}

/* Every step-th element from begin on: what the last one lacks to a whole step is taken from the beginning, and cut off
 * again. */
static tenka_tensor take_steps(tenka_tensor x, uint32_t axis, const struct part *part)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    const int64_t size = shape.dim[axis], n = (part->end - part->begin + part->step - 1) / part->step;
    const int64_t all = part->begin + n * part->step;
    uint32_t outer = 1, inner = 1;
    if (all > size) {
        const tenka_tensor whole[] = {x, tenka_slice(x, axis, 0, (uint32_t)(all - size))};
        x = tenka_concat(whole, 2, axis);
    }
    x = tenka_slice(x, axis, (uint32_t)part->begin, (uint32_t)all);
    for (uint32_t i = 0; i < shape.rank; i++)
        if (i != axis)
            *(i < axis ? &outer : &inner) *= shape.dim[i];
    shape.dim[axis] = (uint32_t)n;
    x = tenka_reshape(x, tenka_shape_of(outer * (uint32_t)n, (uint32_t)part->step, inner));
    return tenka_reshape(tenka_slice(x, 1, 0, 1), shape);
}

static tenka_tensor take_part(tenka_tensor x, uint32_t axis, struct part part)
{
    const int64_t size = tenka_tensor_shape(x).dim[axis];
    part.step = part.step < size ? part.step : size;
    if (part.step > 1)
        return take_steps(x, axis, &part);
    return part.end - part.begin < size ? tenka_slice(x, axis, (uint32_t)part.begin, (uint32_t)part.end) : x;
}

/* None makes an axis of one element. */
static bool add_axis(const struct tenka_function_call *call, tenka_tensor *x, uint32_t *axis)
{
    struct tenka_shape shape = tenka_tensor_shape(*x);
    if (shape.rank == TENKA_MAX_RANK)
        return tenka_function_fail(call, "a tensor has at most %d axes", TENKA_MAX_RANK);
    for (uint32_t i = shape.rank++; i > *axis; i--)
        shape.dim[i] = shape.dim[i - 1];
    shape.dim[(*axis)++] = 1;
    *x = tenka_reshape(*x, shape);
    return tenka_tensor_valid(*x);
}

static bool drop_axis(tenka_tensor *x, uint32_t axis)
{
    struct tenka_shape shape = tenka_tensor_shape(*x);
    for (uint32_t i = axis; i + 1 < shape.rank; i++)
        shape.dim[i] = shape.dim[i + 1];
    shape.rank--;
    *x = tenka_reshape(*x, shape);
    return tenka_tensor_valid(*x);
}

/* Whole numbers in a tensor choose rows of the first axis. */
static bool index_rows(const struct tenka_function_call *call, const struct tenka_value *index, tenka_tensor *x,
                       uint32_t *axis)
{
    const struct tenka_shape rows = tenka_tensor_shape(index->tensor), shape = tenka_tensor_shape(*x);
    struct tenka_shape to = rows;
    if (*axis > 0 || tenka_tensor_dtype(index->tensor) != TENKA_I32)
        return tenka_function_fail(call, "a tensor of whole numbers may be the first index alone");
    if (rows.rank + shape.rank - 1 > TENKA_MAX_RANK)
        return tenka_function_fail(call, "a tensor has at most %d axes", TENKA_MAX_RANK);
    for (uint32_t i = 1; i < shape.rank; i++)
        to.dim[to.rank++] = shape.dim[i];
    const uint32_t count = (uint32_t)tenka_shape_count(&rows);
    *x = tenka_reshape(tenka_gather(*x, tenka_reshape(index->tensor, tenka_shape_of(count))), to);
    *axis = rows.rank;
    return tenka_tensor_valid(*x);
}

/* What a number or a slice takes of an axis. */
static bool read_part(const struct tenka_function_call *call, const struct tenka_value *index, uint32_t axis,
                      int64_t size, struct part *out)
{
    *out = (struct part){.step = 1};
    if (index->kind == TENKA_VALUE_INT) {
        out->begin = index->integer + (index->integer < 0 ? size : 0);
        out->end = out->begin + 1;
    } else if (index->kind != TENKA_VALUE_SLICE) {
        return tenka_function_fail(call, "tensors are indexed by whole numbers, slices, None and ...");
    } else if (!read_slice(call, index, size, out)) {
        return false;
    }
    return (out->begin >= 0 && out->end <= size && out->end > out->begin) ||
           tenka_function_fail(call, "an index is beyond axis %u, which has %lld elements", axis, (long long)size);
}

/* One index of a tensor: a number takes its axis away. */
static bool index_axis(const struct tenka_function_call *call, const struct tenka_value *index, tenka_tensor *x,
                       uint32_t *axis)
{
    const struct tenka_shape shape = tenka_tensor_shape(*x);
    struct part part;
    if (index->kind == TENKA_VALUE_NONE)
        return add_axis(call, x, axis);
    if (*axis >= shape.rank)
        return tenka_function_fail(call, "there are more indices than axes");
    if (index->kind == TENKA_VALUE_TENSOR)
        return index_rows(call, index, x, axis);
    if (!read_part(call, index, *axis, shape.dim[*axis], &part))
        return false;
    *x = take_part(*x, *axis, part);
    if (index->kind == TENKA_VALUE_INT)
        return drop_axis(x, *axis);
    ++*axis;
    return tenka_tensor_valid(*x);
}

/* ---- Indices ---- */

/* How many axes an index takes that is not "...". */
static uint32_t takes(const struct tenka_value *index)
{
    return index->kind != TENKA_VALUE_NONE && index->kind != TENKA_VALUE_ELLIPSIS;
}

bool tenka_function_index(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *index = &call->arg[1];
    const bool several = index->kind == TENKA_VALUE_LIST;
    const struct tenka_value *all = several ? index->items : index;
    const size_t n = several ? index->n_items : 1;
    uint32_t axis = 0, behind = 0;
    tenka_tensor x;
    if (call->arg[0].kind == TENKA_VALUE_LIST)
        return index_list(call, result);
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    for (size_t i = 0; i < n; i++) {
        behind = 0;
        for (size_t k = i + 1; k < n; k++)
            behind += takes(&all[k]);
        const uint32_t rank = tenka_tensor_shape(x).rank;
        if (all[i].kind == TENKA_VALUE_ELLIPSIS)
            axis = rank > behind && rank - behind > axis ? rank - behind : axis;
        else if (!index_axis(call, &all[i], &x, &axis))
            return false;
    }
    return tenka_function_give(result, x);
}

/* Among aten's indices None is all of an axis. */
static bool run_aten_index(const struct tenka_function_call *call, struct tenka_value *result)
{
    static const struct tenka_value bounds[3] = {{.kind = TENKA_VALUE_NONE}};
    const struct tenka_value *given = &call->arg[1];
    struct tenka_value arg[2] = {call->arg[0]}, *items;
    struct tenka_function_call of_all = *call;
    if (given->kind != TENKA_VALUE_LIST)
        return tenka_function_fail(call, "index: a list is expected");
    if (!tenka_function_list(call, given->n_items, &items, &arg[1]))
        return false;
    for (size_t i = 0; i < given->n_items; i++)
        items[i] = given->items[i].kind == TENKA_VALUE_NONE
                       ? (struct tenka_value){.kind = TENKA_VALUE_SLICE, .items = bounds, .n_items = 3}
                       : given->items[i];
    of_all.arg = arg;
    return tenka_function_index(&of_all, result);
}

/* input[start:end:step] along an axis. */
static bool run_slice(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value slice = {.kind = TENKA_VALUE_SLICE, .items = call->arg + 2, .n_items = 3};
    uint32_t axis;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis) &&
           index_axis(call, &slice, &x, &axis) && tenka_function_give(result, x);
}

/* ---- Others in their place ---- */

tenka_tensor tenka_function_put_range(tenka_tensor x, uint32_t axis, uint32_t begin, tenka_tensor part)
{
    const uint32_t size = tenka_tensor_shape(x).dim[axis], end = begin + tenka_tensor_shape(part).dim[axis];
    tenka_tensor pieces[3];
    size_t n = 0;
    if (begin > 0)
        pieces[n++] = tenka_slice(x, axis, 0, begin);
    pieces[n++] = part;
    if (end < size)
        pieces[n++] = tenka_slice(x, axis, end, size);
    return n == 1 ? part : tenka_concat(pieces, n, axis);
}

/* Every step-th element from begin on is another: these and what lies behind each, as take_steps finds them. */
static tenka_tensor put_steps(tenka_tensor x, uint32_t axis, const struct part *at, tenka_tensor part)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    const int64_t size = shape.dim[axis], n = (at->end - at->begin + at->step - 1) / at->step;
    const int64_t all = at->begin + n * at->step;
    uint32_t outer = (uint32_t)n, inner = 1;
    tenka_tensor whole = x;
    if (all > size) {
        const tenka_tensor pieces[] = {x, tenka_slice(x, axis, 0, (uint32_t)(all - size))};
        whole = tenka_concat(pieces, 2, axis);
    }
    for (uint32_t i = 0; i < shape.rank; i++)
        if (i != axis)
            *(i < axis ? &outer : &inner) *= shape.dim[i];
    whole = tenka_reshape(tenka_slice(whole, axis, (uint32_t)at->begin, (uint32_t)all),
                          tenka_shape_of(outer, (uint32_t)at->step, inner));
    const tenka_tensor pieces[] = {tenka_reshape(part, tenka_shape_of(outer, 1, inner)),
                                   tenka_slice(whole, 1, 1, (uint32_t)at->step)};
    shape.dim[axis] = (uint32_t)(n * at->step);
    whole = tenka_reshape(tenka_concat(pieces, 2, 1), shape);
    whole = tenka_slice(whole, axis, 0, (uint32_t)((all < size ? all : size) - at->begin));
    return tenka_function_put_range(x, axis, (uint32_t)at->begin, whole);
}

static tenka_tensor put_part(tenka_tensor x, uint32_t axis, struct part at, tenka_tensor part)
{
    const int64_t size = tenka_tensor_shape(x).dim[axis];
    at.step = at.step < size ? at.step : size;
    return at.step > 1 ? put_steps(x, axis, &at, part) : tenka_function_put_range(x, axis, (uint32_t)at.begin, part);
}

/* An axis of which an index takes a part. */
struct cut {
    uint32_t axis;
    struct part part;
};

/* The cuts of indices, each at an axis of its own; None changes the shape alone. */
static bool read_cuts(const struct tenka_function_call *call, const struct tenka_shape *shape, struct cut *cuts,
                      size_t *n_cuts)
{
    const uint32_t rank = shape->rank;
    const struct tenka_value *index = &call->arg[1];
    const bool several = index->kind == TENKA_VALUE_LIST;
    const struct tenka_value *all = several ? index->items : index;
    const size_t n = several ? index->n_items : 1;
    uint32_t axis = 0, behind = 0;
    for (size_t i = 0; i < n; i++)
        behind += takes(&all[i]);
    *n_cuts = 0;
    for (size_t i = 0; i < n; i++) {
        behind -= takes(&all[i]);
        if (all[i].kind == TENKA_VALUE_ELLIPSIS)
            axis = rank > behind && rank - behind > axis ? rank - behind : axis;
        if (!takes(&all[i]))
            continue;
        if (axis >= rank)
            return tenka_function_fail(call, "there are more indices than axes");
        if (!read_part(call, &all[i], axis, shape->dim[axis], &cuts[*n_cuts].part))
            return false;
        cuts[(*n_cuts)++].axis = axis++;
    }
    return true;
}

static bool put_item(const struct tenka_function_call *call, const struct tenka_value *part, struct tenka_value *result)
{
    const struct tenka_value *list = &call->arg[0], *index = &call->arg[1];
    const int64_t n = (int64_t)list->n_items, i = index->integer + (index->integer < 0 ? n : 0);
    struct tenka_value *items;
    if (index->kind != TENKA_VALUE_INT || i < 0 || i >= n)
        return tenka_function_fail(call, "only single items of a list of tensors are changed in place here");
    if (!tenka_function_list(call, list->n_items, &items, result))
        return false;
    memcpy(items, list->items, list->n_items * sizeof(*items));
    items[i] = *part;
    return true;
}

bool tenka_function_put_index(const struct tenka_function_call *call, const struct tenka_value *part,
                              struct tenka_value *result)
{
    struct cut cuts[TENKA_MAX_RANK];
    tenka_tensor x[TENKA_MAX_RANK + 1];
    size_t n;
    if (call->arg[0].kind == TENKA_VALUE_LIST)
        return put_item(call, part, result);
    if (!tenka_function_tensor(call, 0, &x[0]))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x[0]);
    if (!read_cuts(call, &shape, cuts, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        x[i + 1] = take_part(x[i], cuts[i].axis, cuts[i].part);
    tenka_tensor y = tenka_reshape(part->tensor, tenka_tensor_shape(x[n]));
    while (n-- > 0)
        y = put_part(x[n], cuts[n].axis, cuts[n].part, y);
    return tenka_function_give(result, y);
}

static bool put_slice(const struct tenka_function_call *call, const struct tenka_value *part,
                      struct tenka_value *result)
{
    const struct tenka_value slice = {.kind = TENKA_VALUE_SLICE, .items = call->arg + 2, .n_items = 3};
    struct part at;
    uint32_t axis;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && tenka_function_axis(call, 1, tenka_tensor_shape(x).rank, &axis) &&
           read_part(call, &slice, axis, tenka_tensor_shape(x).dim[axis], &at) &&
           tenka_function_give(result, put_part(x, axis, at, part->tensor));
}

const struct tenka_function tenka_functions_index[] = {
    {"[]", "input, index", tenka_function_index, true},
    {"aten.index", "input, indices", run_aten_index, false},
    {"aten.slice", "input, dim=0, start=None, end=None, step=1", run_slice, true},
    {NULL, NULL, NULL, false},
};

const struct tenka_view tenka_views_index[] = {
    {"[]", tenka_function_put_index},
    {"aten.slice", put_slice},
    {NULL, NULL},
};
