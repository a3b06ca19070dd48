/* Functions that give the same elements another shape or another order. */
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

/* The axes that the second argument names, all of them in another order. */
static bool read_axes(const struct tenka_function_call *call, uint32_t rank, uint32_t *axes)
{
    int64_t dims[TENKA_MAX_RANK];
    size_t n;
    if (!tenka_function_integers(call, 1, dims, TENKA_MAX_RANK, &n))
        return false;
    if (n != rank)
        return tenka_function_fail(call, "permute: %zu axes are given of %u", n, rank);
    for (size_t i = 0; i < n; i++) {
        const int64_t axis = dims[i] + (dims[i] < 0 ? rank : 0);
        if (axis < 0 || axis >= rank)
            return tenka_function_fail(call, "permute: %lld is no axis", (long long)dims[i]);
        axes[i] = (uint32_t)axis;
    }
    return true;
}

static bool run_permute(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axes[TENKA_MAX_RANK];
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && read_axes(call, tenka_tensor_shape(x).rank, axes) &&
           tenka_function_give(result, tenka_permute(x, axes));
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
    {"aten.alias", "input", run_same, true},
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
    {NULL, NULL, NULL, false},
};

/* ---- Views that are written ---- */

/* The elements are the same, in the same order. */
static bool put_reshape(const struct tenka_function_call *call, const struct tenka_value *part,
                        struct tenka_value *result)
{
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) &&
           tenka_function_give(result, tenka_reshape(part->tensor, tenka_tensor_shape(x)));
}

static bool put_permute(const struct tenka_function_call *call, const struct tenka_value *part,
                        struct tenka_value *result)
{
    uint32_t axes[TENKA_MAX_RANK], back[TENKA_MAX_RANK] = {0};
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !read_axes(call, tenka_tensor_shape(x).rank, axes))
        return false;
    for (uint32_t i = 0; i < tenka_tensor_shape(x).rank; i++)
        back[axes[i]] = i;
    return tenka_function_give(result, tenka_permute(part->tensor, back));
}

static bool put_transpose(const struct tenka_function_call *call, const struct tenka_value *part,
                          struct tenka_value *result)
{
    const struct tenka_value arg[] = {*part, call->arg[1], call->arg[2]};
    struct tenka_function_call of_part = *call;
    of_part.arg = arg;
    return run_transpose(&of_part, result);
}

/* What reshape, flatten and contiguous give may be a copy. */
const struct tenka_view tenka_views_shape[] = {
    {".view aten.alias .squeeze torch.squeeze .unsqueeze torch.unsqueeze", put_reshape},
    {".permute torch.permute", put_permute},
    {".transpose torch.transpose .swapaxes torch.swapaxes", put_transpose},
    {NULL, NULL},
};
