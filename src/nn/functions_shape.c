/* Functions that give the same elements another shape, take some of them, or put several together. */
#include "nn/graph.h"

/* ---- Shapes ---- */

static bool give_integer(struct tenka_value *result, int64_t integer)
{
    *result = (struct tenka_value){.kind = TENKA_VALUE_INT, .integer = integer};
    return true;
}

static bool run_shape(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_value *items;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_function_list(call, shape.rank, &items, result))
        return false;
    for (uint32_t i = 0; i < shape.rank; i++)
        give_integer(&items[i], shape.dim[i]);
    return true;
}

static bool run_size(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (call->arg[1].kind == TENKA_VALUE_NONE)
        return run_shape(call, result);
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    return tenka_function_axis(call, 1, shape.rank, &axis) && give_integer(result, shape.dim[axis]);
}

static bool run_dim(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && give_integer(result, tenka_tensor_shape(x).rank);
}

static bool run_same(const struct tenka_function_call *call, struct tenka_value *result)
{
    *result = call->arg[0];
    return true;
}

/* What PyTorch checks while it runs is checked by the operators here. */
static bool run_nothing(const struct tenka_function_call *call, struct tenka_value *result)
{
    (void)call;
    *result = (struct tenka_value){.kind = TENKA_VALUE_NONE};
    return true;
}

/* A size of -1 is what the others leave. */
static bool run_reshape(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t sizes[TENKA_MAX_RANK], known = 1;
    size_t n, open = TENKA_MAX_RANK;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, sizes, TENKA_MAX_RANK, &n))
        return false;
    const struct tenka_shape from = tenka_tensor_shape(x);
    const int64_t all = (int64_t)tenka_shape_count(&from);
    if (!tenka_function_free_batch(call, sizes, n, (uint64_t)all))
        return false;
    struct tenka_shape to = {.rank = (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        if (sizes[i] < -1 || sizes[i] > INT32_MAX || (sizes[i] == -1 && open < TENKA_MAX_RANK))
            return tenka_function_fail(call, "view: %lld is no size here", (long long)sizes[i]);
        if (sizes[i] == -1)
            open = i;
        else if (sizes[i] > 0 && known > all / sizes[i])
            return tenka_function_fail(call, "view: the new shape has more elements than the tensor, %lld",
                                       (long long)all);
        else
            known *= sizes[i];
    }
    for (size_t i = 0; i < n; i++)
        to.dim[i] = (uint32_t)(i == open && known > 0 ? all / known : sizes[i]);
    return tenka_function_give(result, tenka_reshape(x, to));
}

static bool run_flatten(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t start, end;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const struct tenka_shape from = tenka_tensor_shape(x);
    if (!tenka_function_axis(call, 1, from.rank, &start) || !tenka_function_axis(call, 2, from.rank, &end))
        return false;
    if (end < start)
        return tenka_function_fail(call, "flatten: end_dim comes before start_dim");
    struct tenka_shape to = {.rank = from.rank - (end - start)};
    for (uint32_t i = 0; i < to.rank; i++)
        to.dim[i] = from.dim[i > start ? i + end - start : i];
    for (uint32_t i = start + 1; i <= end; i++)
        to.dim[start] *= from.dim[i];
    return tenka_function_give(result, tenka_reshape(x, to));
}

static bool run_unsqueeze(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const struct tenka_shape from = tenka_tensor_shape(x);
    if (!tenka_function_axis(call, 1, from.rank + 1, &axis))
        return false;
    if (from.rank == TENKA_MAX_RANK)
        return tenka_function_fail(call, "unsqueeze: a tensor has at most %d axes", TENKA_MAX_RANK);
    struct tenka_shape to = {.rank = from.rank + 1};
    for (uint32_t i = 0; i < to.rank; i++)
        to.dim[i] = i == axis ? 1 : from.dim[i > axis ? i - 1 : i];
    return tenka_function_give(result, tenka_reshape(x, to));
}

/* ---- Order ---- */

static bool run_permute(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t dims[TENKA_MAX_RANK];
    uint32_t axes[TENKA_MAX_RANK];
    size_t n;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, dims, TENKA_MAX_RANK, &n))
        return false;
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (n != rank)
        return tenka_function_fail(call, "permute: %zu axes are given of %u", n, rank);
    for (size_t i = 0; i < n; i++) {
        const int64_t axis = dims[i] + (dims[i] < 0 ? rank : 0);
        if (axis < 0 || axis >= rank)
            return tenka_function_fail(call, "permute: %lld is no axis", (long long)dims[i]);
        axes[i] = (uint32_t)axis;
    }
    return tenka_function_give(result, tenka_permute(x, axes));
}

static bool run_transpose(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t a, b;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const uint32_t rank = tenka_tensor_shape(x).rank;
    return tenka_function_axis(call, 1, rank, &a) && tenka_function_axis(call, 2, rank, &b) &&
           tenka_function_give(result, tenka_transpose(x, a, b));
}

/* ---- Indices ---- */

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

/* One index of a tensor: a number takes its axis away. */
static bool index_axis(const struct tenka_function_call *call, const struct tenka_value *index, tenka_tensor *x,
                       uint32_t *axis)
{
    const struct tenka_shape shape = tenka_tensor_shape(*x);
    struct part part = {.step = 1};
    if (index->kind == TENKA_VALUE_NONE)
        return add_axis(call, x, axis);
    if (*axis >= shape.rank)
        return tenka_function_fail(call, "there are more indices than axes");
    const int64_t size = shape.dim[*axis];
    if (index->kind == TENKA_VALUE_TENSOR)
        return index_rows(call, index, x, axis);
    if (index->kind == TENKA_VALUE_INT) {
        part.begin = index->integer + (index->integer < 0 ? size : 0);
        part.end = part.begin + 1;
    } else if (index->kind != TENKA_VALUE_SLICE) {
        return tenka_function_fail(call, "tensors are indexed by whole numbers, slices, None and ...");
    } else if (!read_slice(call, index, size, &part)) {
        return false;
    }
    if (part.begin < 0 || part.end > size || part.end <= part.begin)
        return tenka_function_fail(call, "an index is beyond axis %u, which has %lld elements", *axis, (long long)size);
    *x = take_part(*x, *axis, part);
    if (index->kind == TENKA_VALUE_INT)
        return drop_axis(x, *axis);
    ++*axis;
    return tenka_tensor_valid(*x);
}

/* How many axes an index takes that is not "...". */
static uint32_t takes(const struct tenka_value *index)
{
    return index->kind != TENKA_VALUE_NONE && index->kind != TENKA_VALUE_ELLIPSIS;
}

static bool run_index(const struct tenka_function_call *call, struct tenka_value *result)
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
    return run_index(&of_all, result);
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

/* ---- More shapes ---- */

/* Axes of one element go: all of them, or those that are named. */
static bool run_squeeze(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t dims[TENKA_MAX_RANK];
    size_t n = 0;
    tenka_tensor x;
    const bool all = call->arg[1].kind == TENKA_VALUE_NONE;
    if (!tenka_function_tensor(call, 0, &x) || (!all && !tenka_function_integers(call, 1, dims, TENKA_MAX_RANK, &n)))
        return false;
    const struct tenka_shape from = tenka_tensor_shape(x);
    struct tenka_shape to = {.rank = 0};
    for (uint32_t i = 0; i < from.rank; i++) {
        bool goes = all;
        for (size_t k = 0; k < n; k++)
            goes = goes || dims[k] == i || dims[k] + from.rank == i;
        if (!goes || from.dim[i] != 1)
            to.dim[to.rank++] = from.dim[i];
    }
    return tenka_function_give(result, tenka_reshape(x, to));
}

const struct tenka_function tenka_functions_shape[] = {
    {".shape", "input", run_shape, false},
    {".size aten.sym_size", "input, dim=None", run_size, false},
    {".dim", "input", run_dim, false},
    {".contiguous .float", "input, memory_format=None", run_same, true},
    {"torchvision_models_googlenet_GoogLeNetOutputs torchvision_models_inception_InceptionOutputs", "*outputs",
     run_same, false},
    {"torch._assert", "condition, message", run_nothing, false},
    {".clone torch.clone", "input, memory_format=None", run_same, false},
    {".view .reshape torch.reshape", "input, *shape", run_reshape, true},
    {".flatten torch.flatten", "input, start_dim=0, end_dim=-1", run_flatten, true},
    {".squeeze torch.squeeze", "input, dim=None", run_squeeze, true},
    {".unsqueeze torch.unsqueeze", "input, dim", run_unsqueeze, true},
    {".permute torch.permute", "input, *dims", run_permute, true},
    {".transpose torch.transpose .swapaxes torch.swapaxes", "input, dim0, dim1", run_transpose, true},
    {"[]", "input, index", run_index, true},
    {"aten.index", "input, indices", run_aten_index, true},
    {"aten.slice", "input, dim=0, start=None, end=None, step=1", run_slice, true},
    {NULL, NULL, NULL, false},
};
