/* Inputs that are whole numbers, as an Embedding looks them up. */
#include <float.h>
#include <math.h>

#include "data/dataset.h"
#include "graph/graph.h"

/* The whole number that a real one is; false: it is none, or its neighbours are not known apart. */
static bool to_whole(const struct tenka_column *column, size_t i, int32_t *out)
{
    const bool doubles = column->bytes / sizeof(double) == (size_t)tenka_shape_count(&column->shape);
    const double most = doubles ? INT32_MAX : 1 << FLT_MANT_DIG, x = tenka_column_real(column, i);
    const bool good = fabs(x) <= most && x == floor(x);
    *out = good ? (int32_t)x : 0;
    return good;
}

tenka_status tenka_dataset_set_input_whole(tenka_dataset *dataset)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    struct tenka_column *const column = tenka_dataset_column(dataset, true);
    const size_t each = (size_t)tenka_shape_count(&column->shape), count = tenka_dataset_count(dataset) * each;
    if (column->dtype == TENKA_I32)
        return TENKA_OK;
    if (column->dtype != TENKA_F32 || column->data == NULL || tenka_dataset_is_held(dataset))
        return tenka_fail(err, TENKA_E_INVALID, "dataset: %s",
                          column->dtype != TENKA_F32 || column->data == NULL
                              ? "its inputs are images, and no whole numbers"
                              : "a loader has its inputs already");
    int32_t *const whole = tenka_alloc_array(count, sizeof(whole[0]));
    if (whole == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < count; i++)
        if (!to_whole(column, i, &whole[i])) {
            tenka_free(whole);
            return tenka_fail(err, TENKA_E_INVALID,
                              "dataset: the network looks whole numbers up, but sample %zu has another one, or one "
                              "that is too large",
                              i / each);
        }
    tenka_free(column->data);
    column->data = whole;
    column->dtype = TENKA_I32;
    column->bytes = each * sizeof(whole[0]);
    return TENKA_OK;
}
