/* Functions that give the same elements another shape, take some of them, or put several together. */
#include "nn/graph.h"

/* ---- Shapes ---- */

static bool give_integer(struct tenka_value *result, int64_t integer)
{
    *result = (struct tenka_value){.kind = TENKA_VALUE_INT, .integer = integer};
    return true;
}

static bool give_list(const struct tenka_function_call *call, struct tenka_value *result, size_t n,
                      struct tenka_value **items)
{
    *items = tenka_arena_alloc(call->arena, (n + 1) * sizeof(**items));
    if (*items == NULL) {
        tenka_trace_fail(call->ctx, TENKA_E_NOMEM, "out of memory for a list of %zu", n);
        return false;
    }
    *result = (struct tenka_value){.kind = TENKA_VALUE_LIST, .items = *items, .n_items = n};
    return true;
}

static bool run_shape(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_value *items;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (!give_list(call, result, shape.rank, &items))
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

/* ---- Parts ---- */

static bool run_cat(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *list = &call->arg[0];
    uint32_t axis;
    if (list->kind != TENKA_VALUE_LIST || list->n_items == 0)
        return tenka_function_fail(call, "cat: a list of tensors is expected");
    tenka_tensor *x = tenka_arena_alloc(call->arena, list->n_items * sizeof(*x));
    if (x == NULL)
        return tenka_function_fail(call, "out of memory");
    for (size_t i = 0; i < list->n_items; i++) {
        if (list->items[i].kind != TENKA_VALUE_TENSOR)
            return tenka_function_fail(call, "cat: item %zu is no tensor", i);
        x[i] = list->items[i].tensor;
    }
    return tenka_function_axis(call, 1, tenka_tensor_shape(x[0]).rank, &axis) &&
           tenka_function_give(result, list->n_items == 1 ? x[0] : tenka_concat(x, list->n_items, axis));
}

/* As torch.chunk: pieces of one size, the last of which may be smaller, at most as many as were asked for. */
static bool run_chunk(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_value *items;
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
    const int64_t all = shape.dim[axis], size = (all + chunks - 1) / chunks;
    const size_t n = (size_t)((all + size - 1) / size);
    if (!give_list(call, result, n, &items))
        return false;
    for (size_t i = 0; i < n; i++) {
        const int64_t end = (int64_t)(i + 1) * size;
        if (!tenka_function_give(
                &items[i], tenka_slice(x, axis, (uint32_t)((int64_t)i * size), (uint32_t)(end < all ? end : all))))
            return false;
    }
    return true;
}

/* ---- Indices ---- */

static int64_t clamp(int64_t i, int64_t size)
{
    i += i < 0 ? size : 0;
    return i < 0 ? 0 : i > size ? size : i;
}

/* begin and end of a slice of `size` elements, as Python counts; false: it has a step. */
static bool bounds(const struct tenka_value *slice, int64_t size, int64_t *begin, int64_t *end)
{
    const struct tenka_value *item = slice->items;
    *begin = item[0].kind == TENKA_VALUE_INT ? clamp(item[0].integer, size) : 0;
    *end = item[1].kind == TENKA_VALUE_INT ? clamp(item[1].integer, size) : size;
    return item[2].kind == TENKA_VALUE_NONE || (item[2].kind == TENKA_VALUE_INT && item[2].integer == 1);
}

static bool index_list(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *list = &call->arg[0], *index = &call->arg[1];
    const int64_t n = (int64_t)list->n_items;
    int64_t begin, end;
    if (index->kind == TENKA_VALUE_SLICE) {
        if (!bounds(index, n, &begin, &end))
            return tenka_function_fail(call, "slices with a step are not known");
        *result = *list;
        result->items += begin;
        result->n_items = end > begin ? (size_t)(end - begin) : 0;
        return true;
    }
    const int64_t i = index->integer + (index->integer < 0 ? n : 0);
    if (index->kind != TENKA_VALUE_INT || i < 0 || i >= n)
        return tenka_function_fail(call, "the index is none of a list of %lld", (long long)n);
    *result = list->items[i];
    return true;
}

/* One index of a tensor: a number takes its axis away. */
static bool index_axis(const struct tenka_function_call *call, const struct tenka_value *index, tenka_tensor *x,
                       uint32_t *axis)
{
    struct tenka_shape shape = tenka_tensor_shape(*x);
    if (*axis >= shape.rank)
        return tenka_function_fail(call, "there are more indices than axes");
    const int64_t size = shape.dim[*axis];
    int64_t begin, end;
    if (index->kind == TENKA_VALUE_INT) {
        begin = index->integer + (index->integer < 0 ? size : 0);
        end = begin + 1;
    } else if (index->kind != TENKA_VALUE_SLICE || !bounds(index, size, &begin, &end)) {
        return tenka_function_fail(call, "tensors are indexed by whole numbers and by slices without a step");
    }
    if (begin < 0 || end > size || end <= begin)
        return tenka_function_fail(call, "an index is beyond axis %u, which has %lld elements", *axis, (long long)size);
    if (end - begin < size)
        *x = tenka_slice(*x, *axis, (uint32_t)begin, (uint32_t)end);
    if (index->kind == TENKA_VALUE_SLICE) {
        ++*axis;
        return tenka_tensor_valid(*x);
    }
    for (uint32_t i = *axis; i + 1 < shape.rank; i++)
        shape.dim[i] = shape.dim[i + 1];
    shape.rank--;
    *x = tenka_reshape(*x, shape);
    return tenka_tensor_valid(*x);
}

static bool run_index(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *index = &call->arg[1];
    const bool several = index->kind == TENKA_VALUE_LIST;
    uint32_t axis = 0;
    tenka_tensor x;
    if (call->arg[0].kind == TENKA_VALUE_LIST)
        return index_list(call, result);
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    for (size_t i = 0; i < (several ? index->n_items : 1); i++)
        if (!index_axis(call, several ? &index->items[i] : index, &x, &axis))
            return false;
    return tenka_function_give(result, x);
}

const struct tenka_function tenka_functions_shape[] = {
    {".shape", "input", run_shape, false},
    {".size", "input, dim=None", run_size, false},
    {".dim", "input", run_dim, false},
    {".contiguous", "input", run_same, true},
    {".clone torch.clone", "input", run_same, false},
    {".view .reshape torch.reshape", "input, *shape", run_reshape, true},
    {".flatten torch.flatten", "input, start_dim=0, end_dim=-1", run_flatten, true},
    {".unsqueeze torch.unsqueeze", "input, dim", run_unsqueeze, true},
    {".permute torch.permute", "input, *dims", run_permute, true},
    {".transpose torch.transpose", "input, dim0, dim1", run_transpose, true},
    {"torch.cat torch.concat", "tensors, dim=0", run_cat, false},
    {".chunk torch.chunk", "input, chunks, dim=0", run_chunk, true},
    {"[]", "input, index", run_index, true},
    {NULL, NULL, NULL, false},
};
