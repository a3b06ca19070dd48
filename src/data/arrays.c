/* Datasets of NumPy's arrays. */
#include "data/arrays.h"

#include <math.h>

#include "graph/graph.h"

/* What torch.nn.CrossEntropyLoss takes for no class unless it is told another one. */
#define IGNORED (-100)

/* What a dataset has of a sample of the array. */
static struct tenka_desc sample_of(const tenka_array *array, enum tenka_dtype dtype)
{
    return (struct tenka_desc){dtype, tenka_shape_make(array->shape.rank - 1, array->shape.dim + 1)};
}

static tenka_status check(struct tenka_error *err, const tenka_array *x, const tenka_array *y)
{
    if (x->shape.rank == 0 || y->shape.rank == 0)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: expected samples along a first axis, found a single number",
                          x->shape.rank == 0 ? x->name : y->name);
    if (x->shape.dim[0] != y->shape.dim[0])
        return tenka_fail(err, TENKA_E_SHAPE,
                          "%s has %u samples, but %s has %u targets: their first axes must be of one length", x->name,
                          x->shape.dim[0], y->name, y->shape.dim[0]);
    return TENKA_OK;
}

/* The array's own memory where it is that already. */
static tenka_status fill_reals(struct tenka_error *err, tenka_array *array, bool doubles, void **out)
{
    if (array->type == (doubles ? TENKA_NPY_F64 : TENKA_NPY_F32)) {
        *out = array->bytes;
        array->bytes = NULL;
        return TENKA_OK;
    }
    *out = tenka_alloc_array(array->count, doubles ? sizeof(double) : sizeof(float));
    if (*out == NULL)
        return tenka_fail_nomem(err);
    if (doubles)
        tenka_array_doubles(array, 0, array->count, *out);
    else
        tenka_array_floats(array, 0, array->count, *out);
    return TENKA_OK;
}

/* Of what is no number a loss is none. */
static tenka_status check_reals(struct tenka_error *err, const tenka_array *array, const struct tenka_column *column)
{
    const size_t each = array->count / array->shape.dim[0];
    for (size_t i = 0; i < array->count && !tenka_array_is_whole(array); i++)
        if (!isfinite(tenka_column_real(column, i)))
            return tenka_fail(err, TENKA_E_INVALID,
                              "%s: sample %zu has a number that is not finite; take the sample out, or put another "
                              "number in, as numpy.nan_to_num does",
                              array->name, i / each);
    return TENKA_OK;
}

/* What does not fit is what no class is, so that it is found when they are counted. */
static tenka_status fill_classes(struct tenka_error *err, const tenka_array *array, void **out)
{
    int32_t *const classes = *out = tenka_alloc_array(array->count, sizeof(int32_t));
    if (classes == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < array->count; i++) {
        const int64_t value = tenka_npy_whole(array, i);
        classes[i] = value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
    }
    return TENKA_OK;
}

/* Takes the memory of the arrays where it can. */
static tenka_status make(tenka_ctx *ctx, tenka_array *x, tenka_array *y, tenka_dataset **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const bool doubles = tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64;
    const bool classes = tenka_array_is_whole(y);
    TENKA_TRY(check(err, x, y));
    const struct tenka_desc input = sample_of(x, TENKA_F32), target = sample_of(y, classes ? TENKA_I32 : TENKA_F32);
    TENKA_TRY(tenka_dataset_make(ctx, x->shape.dim[0], &input, &target, out));
    struct tenka_column *const inputs = tenka_dataset_column(*out, true);
    struct tenka_column *const targets = tenka_dataset_column(*out, false);
    TENKA_TRY(fill_reals(err, x, doubles, &inputs->data));
    TENKA_TRY(check_reals(err, x, inputs));
    if (!classes) {
        TENKA_TRY(fill_reals(err, y, doubles, &targets->data));
        return check_reals(err, y, targets);
    }
    TENKA_TRY(fill_classes(err, y, &targets->data));
    tenka_dataset_pass_over(*out, IGNORED);
    return tenka_dataset_count_classes(*out, y->name);
}

tenka_status tenka_arrays_make(tenka_ctx *ctx, tenka_array *input, tenka_array *target, tenka_dataset **out)
{
    const tenka_status status = make(ctx, input, target, out);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}

/* A copy, so that the memory stays the original's. */
static tenka_status copy(struct tenka_error *err, const tenka_array *from, tenka_array *to)
{
    const size_t bytes = tenka_npy_bytes(from);
    *to = *from;
    to->bytes = tenka_alloc(bytes);
    if (to->bytes == NULL)
        return tenka_fail_nomem(err);
    memcpy(to->bytes, from->bytes, bytes);
    return TENKA_OK;
}

tenka_status tenka_dataset_from_arrays(tenka_ctx *ctx, const tenka_array *input, const tenka_array *target,
                                       tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    tenka_array x = {.bytes = NULL}, y = {.bytes = NULL};
    if (input == NULL || target == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: an array is NULL");
    tenka_status status = copy(err, input, &x);
    if (status == TENKA_OK)
        status = copy(err, target, &y);
    if (status == TENKA_OK)
        status = tenka_arrays_make(ctx, &x, &y, out);
    tenka_free(x.bytes);
    tenka_free(y.bytes);
    return status;
}

/* names: of the arrays in archives; NULL: each path is a file of one. Both or neither must be there. */
static tenka_status load(tenka_ctx *ctx, const char *const paths[2], const char *const names[2], tenka_dataset **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    tenka_array *x = NULL, *y = NULL;
    tenka_status status = tenka_array_read(ctx, paths[0], names != NULL ? names[0] : NULL, &x);
    if (status == TENKA_OK)
        status = tenka_array_read(ctx, paths[1], names != NULL ? names[1] : NULL, &y);
    if (status == TENKA_OK && names != NULL && (x != NULL) != (y != NULL))
        status = tenka_fail(err, TENKA_E_FORMAT, "%s: it has the array %s, but none that is called %s", paths[0],
                            names[x == NULL], names[x != NULL]);
    if (status == TENKA_OK && x != NULL)
        status = tenka_arrays_make(ctx, x, y, out);
    tenka_array_destroy(&x);
    tenka_array_destroy(&y);
    return status;
}

tenka_status tenka_dataset_load_npy(tenka_ctx *ctx, const char *input, const char *target, tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    if (input == NULL || target == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID, "dataset: the file of an array is NULL");
    return load(ctx, (const char *const[2]){input, target}, NULL, out);
}

tenka_status tenka_dataset_load_npz(tenka_ctx *ctx, const char *path, const char *half, tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: the archive is NULL");
    char *const x = tenka_sprintf("x%s%s", half != NULL ? "_" : "", half != NULL ? half : "");
    char *const y = tenka_sprintf("y%s%s", half != NULL ? "_" : "", half != NULL ? half : "");
    const tenka_status status = x != NULL && y != NULL
                                    ? load(ctx, (const char *const[2]){path, path}, (const char *const[2]){x, y}, out)
                                    : tenka_fail_nomem(err);
    tenka_free(x);
    tenka_free(y);
    return status;
}
