/* Values that a table lacks are filled in: NaN among its inputs with all their digits, 0 among those that are read. */
#include <math.h>

#include "data/dataset.h"
#include "data/table.h"
#include "graph/graph.h"

/* Where a column's numbers are in a dataset. */
struct place {
    tenka_dataset *data;
    size_t each, at; /* numbers of a sample; of those the column's first */
};

static double *exact_of(const struct place *p)
{
    return tenka_dataset_exact(p->data, true)->data;
}

/* The sum is of what is left beside the first value, so that large means lose no digits. */
static bool find_mean(const struct place *p, double *mean)
{
    const double *const x = exact_of(p);
    double first = NAN, sum = 0;
    size_t count = 0;
    for (size_t i = p->at; i < tenka_dataset_count(p->data) * p->each; i += p->each) {
        if (isnan(x[i]))
            continue;
        first = count++ == 0 ? x[i] : first;
        sum += x[i] - first;
    }
    *mean = first + sum / (double)count;
    return isfinite(*mean);
}

/* A category that is missing is NaN in all its numbers. */
static bool find_category(const struct place *p, size_t categories, size_t *most)
{
    const double *const x = exact_of(p);
    double best = 0;
    for (size_t k = 0; k < categories; k++) {
        double count = 0;
        for (size_t i = p->at + k; i < tenka_dataset_count(p->data) * p->each; i += p->each)
            count += isnan(x[i]) ? 0 : x[i];
        *most = count > best ? k : *most;
        best = count > best ? count : best;
    }
    return best > 0;
}

static bool find(const struct place *p, struct tenka_table_column *column)
{
    return column->kind == TENKA_TABLE_CATEGORY ? find_category(p, column->count, &column->fill_category)
                                                : find_mean(p, &column->fill);
}

static void apply(const struct place *p, const struct tenka_table_column *column)
{
    struct tenka_column *const input = tenka_dataset_column(p->data, true);
    double *const exact = exact_of(p);
    for (size_t i = p->at; i < tenka_dataset_count(p->data) * p->each; i += p->each)
        for (size_t k = 0; k < tenka_table_width(column); k++) {
            if (!isnan(exact[i + k]))
                continue;
            exact[i + k] = column->kind == TENKA_TABLE_CATEGORY ? (k == column->fill_category ? 1 : 0) : column->fill;
            tenka_column_set_real(input, i + k, exact[i + k]);
        }
}

/* What is filled in, of all columns; no number is changed yet. */
static tenka_status find_all(struct tenka_error *err, tenka_dataset *dataset, struct tenka_table *table)
{
    struct place here = {dataset, (size_t)tenka_shape_count(&tenka_dataset_column(dataset, true)->shape), 0};
    for (size_t i = 0; i < table->count; i++) {
        struct tenka_table_column *const column = &table->columns[i];
        if (column->target)
            continue;
        if (!find(&here, column))
            return tenka_fail(err, TENKA_E_FORMAT,
                              "dataset: no training sample has a value in the column '%.100s'; leave it out",
                              column->name);
        here.at += tenka_table_width(column);
    }
    table->filled = true;
    return TENKA_OK;
}

/* text: taken over, what data's table is then. */
static void apply_all(tenka_dataset *data, const struct tenka_table *table, char *text)
{
    struct place here = {data, (size_t)tenka_shape_count(&tenka_dataset_column(data, true)->shape), 0};
    for (size_t i = 0; i < table->count; i++) {
        if (table->columns[i].target)
            continue;
        apply(&here, &table->columns[i]);
        here.at += tenka_table_width(&table->columns[i]);
    }
    tenka_dataset_take_table(data, text);
}

/* Nothing can fail any more when the first number is changed. */
static tenka_status fill(struct tenka_error *err, tenka_dataset *dataset, tenka_dataset *other,
                         struct tenka_table *table)
{
    TENKA_TRY(find_all(err, dataset, table));
    char *const text = tenka_table_write(table), *const others = other != NULL ? tenka_table_write(table) : NULL;
    if (text == NULL || (other != NULL && others == NULL)) {
        tenka_free(text);
        tenka_free(others);
        return tenka_fail_nomem(err);
    }
    apply_all(dataset, table, text);
    if (other != NULL)
        apply_all(other, table, others);
    return TENKA_OK;
}

static tenka_status check(struct tenka_error *err, const tenka_dataset *dataset, const tenka_dataset *other,
                          struct tenka_table *table)
{
    const char *const text = tenka_dataset_table(dataset);
    if (text == NULL ||
        (other != NULL && (tenka_dataset_table(other) == NULL || strcmp(text, tenka_dataset_table(other)) != 0)))
        return tenka_fail(err, TENKA_E_INVALID, "dataset: only tables with the same columns are filled in");
    if (tenka_dataset_is_held(dataset) || (other != NULL && tenka_dataset_is_held(other)))
        return tenka_fail(err, TENKA_E_INVALID, "dataset: a loader has its samples already, as they were");
    TENKA_TRY(tenka_table_read(err, text, table));
    return table->missing == TENKA_CSV_MISSING_MEAN && !table->filled
               ? TENKA_OK
               : tenka_fail(err, TENKA_E_INVALID,
                            "dataset: the table was not loaded so that missing values are to be filled in");
}

tenka_status tenka_dataset_fill(tenka_dataset *dataset, tenka_dataset *other)
{
    if (dataset == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    struct tenka_table table = {.count = 0};
    tenka_status status = check(err, dataset, other, &table);
    if (status == TENKA_OK)
        status = fill(err, dataset, other, &table);
    tenka_table_finish(&table);
    return status;
}

enum tenka_csv_missing tenka_table_missing(const char *text)
{
    struct tenka_error unheard;
    struct tenka_table table = {.count = 0};
    const bool read = text != NULL && tenka_table_read(&unheard, text, &table) == TENKA_OK;
    const enum tenka_csv_missing missing = read ? table.missing : TENKA_CSV_MISSING_ERROR;
    tenka_table_finish(&table);
    return missing;
}
