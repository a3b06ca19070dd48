/* The columns of datasets: bytes in memory, or samples that a reader makes. */
#include "data/dataset.h"

void tenka_column_finish(struct tenka_column *column)
{
    if (column->reader.user != NULL)
        column->reader.free(column->reader.user);
    tenka_free(column->data);
}

tenka_status tenka_column_read(const struct tenka_column *column, struct tenka_error *err, size_t sample,
                               uint64_t epoch, void *dst)
{
    if (column->data == NULL)
        return column->reader.read(column->reader.user, err, (uint32_t)sample, epoch, dst);
    memcpy(dst, (const char *)column->data + sample * column->bytes, column->bytes);
    return TENKA_OK;
}

static size_t count_moved(const bool *moved, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += moved[i];
    return sum;
}

static void copy_rows(const struct tenka_column *column, const bool *moved, size_t count, char *to)
{
    for (size_t i = 0; i < count; i++)
        if (moved[i]) {
            memcpy(to, (const char *)column->data + i * column->bytes, column->bytes);
            to += column->bytes;
        }
}

tenka_status tenka_column_divide(struct tenka_column *column, struct tenka_error *err, const bool *moved, size_t count,
                                 struct tenka_column *rest)
{
    *rest = *column;
    rest->data = NULL;
    rest->reader.user = NULL;
    if (column->data == NULL)
        return column->reader.divide(column->reader.user, err, moved, &rest->reader.user);
    const size_t bytes = count_moved(moved, count) * column->bytes;
    rest->data = tenka_alloc(tenka_align(bytes, sizeof(uint32_t)));
    if (rest->data == NULL)
        return tenka_fail_nomem(err);
    copy_rows(column, moved, count, rest->data);
    return TENKA_OK;
}

void tenka_column_close_gaps(struct tenka_column *column, const bool *moved, size_t count)
{
    char *const data = column->data;
    size_t stay = 0;
    for (size_t i = 0; i < count && data != NULL; i++)
        if (!moved[i])
            memmove(data + stay++ * column->bytes, data + i * column->bytes, column->bytes);
}

/* As the devices have them that the dataset is for. */
static bool has_doubles(const struct tenka_column *column)
{
    return column->bytes / sizeof(double) == (size_t)tenka_shape_count(&column->shape);
}

double tenka_column_real(const struct tenka_column *column, size_t at)
{
    return has_doubles(column) ? ((const double *)column->data)[at] : ((const float *)column->data)[at];
}

void tenka_column_set_real(struct tenka_column *column, size_t at, double value)
{
    if (has_doubles(column))
        ((double *)column->data)[at] = value;
    else
        ((float *)column->data)[at] = (float)value;
}
