/* Datasets of CSV files. */
#include <math.h>
#include <stdio.h>

#include "core/os.h"
#include "data/arrays.h"
#include "data/dataset.h"
#include "data/table.h"
#include "graph/graph.h"

#define MAX_FILE_BYTES (UINT64_C(1) << 32)

/* A file that is being read into arrays. */
struct load {
    struct tenka_error *err;
    struct tenka_csv csv;
    struct tenka_table table;
    size_t *where, cells; /* of each column of the table in the file; in each of its rows */
    size_t rows, inputs, targets;
    bool classes;      /* the target is one of classes */
    bool inputs_alone; /* columns of targets may be missing, and are not read */
    double *x, *y;     /* of all rows; y NULL: classes */
    int32_t *labels;
};

/* ---- Cells into numbers ---- */

static tenka_status fail_unknown(const struct load *l, const struct tenka_table_column *column, const char *cell)
{
    return tenka_table_fail(&l->csv, column->name,
                            "'%.60s' is none of the %zu texts that are known of it, such as '%.60s'", cell,
                            column->count, column->categories[0]);
}

static tenka_status find_category(const struct load *l, const struct tenka_table_column *column, const char *cell,
                                  size_t *out)
{
    *out = tenka_table_find(column, cell);
    if (*out != SIZE_MAX)
        return TENKA_OK;
    return tenka_table_lacks(cell) ? tenka_table_fail(&l->csv, column->name, "the value is missing")
                                   : fail_unknown(l, column, cell);
}

static tenka_status read_number(const struct load *l, const struct tenka_table_column *column, const char *cell,
                                double *out)
{
    if (!tenka_table_number(cell, out))
        return tenka_table_lacks(cell) ? tenka_table_fail(&l->csv, column->name, "the value is missing")
                                       : tenka_table_fail(&l->csv, column->name, "'%.60s' is no finite number", cell);
    *out = (*out - column->mean) / column->std;
    return TENKA_OK;
}

static tenka_status read_label(const struct load *l, const struct tenka_table_column *column, const char *cell,
                               int32_t *out)
{
    double x;
    size_t category;
    if (column->kind == TENKA_TABLE_CATEGORY) {
        TENKA_TRY(find_category(l, column, cell, &category));
        *out = (int32_t)category;
        return TENKA_OK;
    }
    TENKA_TRY(read_number(l, column, cell, &x));
    if (x < 0 || x > INT32_MAX || x != floor(x))
        return tenka_table_fail(&l->csv, column->name, "'%.60s' is no class: these are whole numbers from 0 on", cell);
    *out = (int32_t)x;
    return TENKA_OK;
}

/* At *x the numbers of a cell, behind which it then is. */
static tenka_status read_cell(const struct load *l, const struct tenka_table_column *column, const char *cell,
                              double **x)
{
    size_t category;
    if (column->kind != TENKA_TABLE_CATEGORY)
        return read_number(l, column, cell, (*x)++);
    TENKA_TRY(find_category(l, column, cell, &category));
    (*x)[category] = 1;
    *x += column->count;
    return TENKA_OK;
}

static tenka_status read_row(struct load *l, size_t row)
{
    double *x = l->x + row * l->inputs, *y = l->y != NULL ? l->y + row * l->targets : NULL;
    for (size_t i = 0; i < l->table.count; i++) {
        const struct tenka_table_column *const column = &l->table.columns[i];
        if (column->target && l->inputs_alone)
            continue;
        const char *const cell = l->csv.cells[l->where[i]];
        if (!column->target)
            TENKA_TRY(read_cell(l, column, cell, &x));
        else if (l->classes)
            TENKA_TRY(read_label(l, column, cell, &l->labels[row]));
        else
            TENKA_TRY(read_cell(l, column, cell, &y));
    }
    return TENKA_OK;
}

/* ---- The arrays ---- */

static tenka_status count_rows(struct load *l)
{
    bool more;
    TENKA_TRY(tenka_table_locate(&l->csv, &l->table, l->where, &l->cells));
    for (size_t i = 0; i < l->table.count; i++)
        if (l->where[i] == SIZE_MAX && !(l->inputs_alone && l->table.columns[i].target))
            return tenka_fail(l->err, TENKA_E_INVALID,
                              "%s: there is no column '%.100s', which the table that it is to be read like had",
                              l->csv.name, l->table.columns[i].name);
    TENKA_TRY(tenka_table_next(&l->csv, l->cells, &more));
    while (more) {
        l->rows++;
        TENKA_TRY(tenka_table_next(&l->csv, l->cells, &more));
    }
    return l->rows > 0 ? TENKA_OK
                       : tenka_fail(l->err, TENKA_E_FORMAT, "%s: there are no lines below the first", l->csv.name);
}

static tenka_status make_room(struct load *l)
{
    for (size_t i = 0; i < l->table.count; i++) {
        const struct tenka_table_column *const column = &l->table.columns[i];
        *(column->target ? &l->targets : &l->inputs) += column->target ? 1 : tenka_table_width(column);
        l->classes = l->classes || (column->target && column->kind != TENKA_TABLE_NUMBER);
    }
    if (l->inputs == 0 || (l->classes && l->targets > 1))
        return tenka_fail(l->err, TENKA_E_FORMAT, "the description of the table has %s",
                          l->inputs == 0 ? "no inputs" : "several targets, of which one is no number");
    if (l->rows > TENKA_MAX_ELEMENTS / (l->inputs > l->targets ? l->inputs : l->targets))
        return tenka_fail(l->err, TENKA_E_INVALID, "%s: %zu lines of %zu numbers are more than %u", l->csv.name,
                          l->rows, l->inputs, TENKA_MAX_ELEMENTS);
    l->x = tenka_alloc_array(l->rows * l->inputs, sizeof(l->x[0]));
    if (l->classes)
        l->labels = tenka_alloc_array(l->rows, sizeof(l->labels[0]));
    else
        l->y = tenka_alloc_array(l->rows * l->targets, sizeof(l->y[0]));
    return l->x != NULL && (l->y != NULL || l->labels != NULL) ? TENKA_OK : tenka_fail_nomem(l->err);
}

static tenka_status read_rows(struct load *l)
{
    bool more;
    l->where = tenka_alloc_array(l->table.count, sizeof(l->where[0]));
    if (l->where == NULL)
        return tenka_fail_nomem(l->err);
    TENKA_TRY(count_rows(l));
    TENKA_TRY(make_room(l));
    TENKA_TRY(tenka_table_locate(&l->csv, &l->table, l->where, &l->cells));
    for (size_t row = 0; row < l->rows; row++) {
        TENKA_TRY(tenka_table_next(&l->csv, l->cells, &more));
        TENKA_TRY(read_row(l, row));
    }
    return TENKA_OK;
}

static void finish(struct load *l)
{
    tenka_csv_finish(&l->csv);
    tenka_table_finish(&l->table);
    tenka_free(l->where);
    tenka_free(l->x);
    tenka_free(l->y);
    tenka_free(l->labels);
}

/* ---- The dataset ---- */

/* Classes that are texts have them as their names. */
static tenka_status name_classes(const struct load *l, tenka_dataset *data)
{
    const struct tenka_table_column *const target = &l->table.columns[l->table.count - 1];
    if (!l->classes || target->kind != TENKA_TABLE_CATEGORY)
        return TENKA_OK;
    /* The first file has all of them; another one may lack the last. */
    TENKA_TRY(tenka_dataset_set_classes(data, (uint32_t)target->count));
    return tenka_dataset_set_class_names(data, (const char *const *)target->categories, target->count);
}

/* Rounded to floats large numbers with small deviations would lose them before they are standardised. */
static tenka_status keep_exact(struct load *l, tenka_dataset *data)
{
    struct tenka_column *const exact = tenka_dataset_exact(data);
    *exact = *tenka_dataset_input(data);
    exact->bytes = l->inputs * sizeof(double);
    exact->data = l->x;
    l->x = NULL;
    if (exact->data != NULL)
        return TENKA_OK;
    exact->data = tenka_alloc_array(l->rows, exact->bytes); /* the input has the doubles itself */
    if (exact->data == NULL)
        return tenka_fail_nomem(l->err);
    memcpy(exact->data, tenka_dataset_input(data)->data, l->rows * exact->bytes);
    return TENKA_OK;
}

static tenka_status make(tenka_ctx *ctx, struct load *l, tenka_dataset **out)
{
    tenka_array x = {(char *)l->csv.name, TENKA_NPY_F64, tenka_shape_of((uint32_t)l->rows, (uint32_t)l->inputs),
                     l->rows * l->inputs, (unsigned char *)l->x};
    tenka_array y = {(char *)l->csv.name, TENKA_NPY_F64, tenka_shape_of((uint32_t)l->rows, (uint32_t)l->targets),
                     l->rows * l->targets, (unsigned char *)l->y};
    if (l->classes) {
        y.type = TENKA_NPY_I32;
        y.shape = tenka_shape_of((uint32_t)l->rows);
        y.bytes = (unsigned char *)l->labels;
    }
    tenka_status status = tenka_arrays_make(ctx, &x, &y, out);
    /* What was not taken over is still the arrays'. */
    l->x = (double *)x.bytes;
    if (status == TENKA_OK)
        status = keep_exact(l, *out);
    l->y = l->classes ? NULL : (double *)y.bytes;
    l->labels = l->classes ? (int32_t *)y.bytes : NULL;
    if (status == TENKA_OK)
        status = name_classes(l, *out);
    char *const table = status == TENKA_OK ? tenka_table_write(&l->table) : NULL;
    if (status == TENKA_OK && table == NULL)
        status = tenka_fail_nomem(l->err);
    if (status == TENKA_OK)
        tenka_dataset_take_table(*out, table);
    return status;
}

static tenka_status read_text(struct load *l, const char *path, const struct tenka_csv_params *params, void **text)
{
    uint64_t bytes;
    TENKA_TRY(tenka_os_read_file(l->err, path, MAX_FILE_BYTES, text, &bytes));
    tenka_csv_begin(&l->csv, l->err, path, *text, (size_t)bytes);
    TENKA_TRY(params->table != NULL ? tenka_table_read(l->err, params->table, &l->table)
                                    : tenka_table_learn(&l->csv, params, &l->table));
    return read_rows(l);
}

tenka_status tenka_dataset_load_csv(tenka_ctx *ctx, const char *path, const struct tenka_csv_params *params,
                                    tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct load l = {.err = tenka_ctx_error(ctx)};
    struct tenka_csv_params own = TENKA_CSV_DEFAULTS;
    void *text = NULL;
    if (path == NULL)
        return tenka_fail(l.err, TENKA_E_INVALID, "dataset: the file is NULL");
    TENKA_TRY(tenka_take_params(l.err, "csv", "TENKA_CSV_DEFAULTS", &own, params));
    if (own.table == NULL && own.n_targets == 0)
        return tenka_fail(l.err, TENKA_E_INVALID, "%s: which columns are the targets is not said", path);
    tenka_status status = read_text(&l, path, &own, &text);
    if (status == TENKA_OK)
        status = make(ctx, &l, out);
    finish(&l);
    tenka_free(text);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}

tenka_status tenka_array_read_csv(tenka_ctx *ctx, const char *path, const char *table, tenka_array **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct load l = {.err = tenka_ctx_error(ctx), .inputs_alone = true};
    const struct tenka_csv_params params = {.table = table};
    void *text = NULL;
    if (path == NULL || table == NULL)
        return tenka_fail(l.err, TENKA_E_INVALID, "array: the file or the table is NULL");
    tenka_status status = read_text(&l, path, &params, &text);
    tenka_array *const array = status == TENKA_OK ? tenka_alloc(sizeof(*array)) : NULL;
    char *const name = status == TENKA_OK ? tenka_strdup(path) : NULL;
    if (status == TENKA_OK && (array == NULL || name == NULL)) {
        tenka_free(array);
        tenka_free(name);
        status = tenka_fail_nomem(l.err);
    }
    if (status == TENKA_OK) {
        *array = (tenka_array){name, TENKA_NPY_F64, tenka_shape_of((uint32_t)l.rows, (uint32_t)l.inputs),
                               l.rows * l.inputs, (unsigned char *)l.x};
        l.x = NULL;
        *out = array;
    }
    finish(&l);
    tenka_free(text);
    return status;
}

/* ---- Standardising ---- */

/* Of one number in all samples: sums of what is left beside the first value, so that large means lose no digits. */
static void measure(const double *x, size_t count, size_t each, double *mean, double *std)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i * each] - x[0];
    *mean = x[0] + sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (x[i * each] - *mean) * (x[i * each] - *mean);
    const double deviation = sqrt(squares / (double)count);
    *std = deviation > 0 && isfinite(deviation) ? deviation : 1;
}

static void apply(tenka_dataset *data, size_t each, size_t at, double mean, double std)
{
    struct tenka_column *const column = tenka_dataset_column(data, true);
    const double *const exact = tenka_dataset_exact(data)->data;
    for (size_t i = 0; i < tenka_dataset_count(data); i++)
        tenka_column_set_real(column, i * each + at, (exact[i * each + at] - mean) / std);
}

static void apply_to_targets(tenka_dataset *data, size_t each, size_t at, double mean, double std)
{
    struct tenka_column *const column = tenka_dataset_column(data, false);
    for (size_t i = at; i < tenka_dataset_count(data) * each; i += each)
        tenka_column_set_real(column, i, (tenka_column_real(column, i) - mean) / std);
}

/* Targets that are numbers, which are all of a table's where one is. Memory: for one of them at a time. */
static tenka_status standardize_targets(struct tenka_error *err, tenka_dataset *dataset, tenka_dataset *other,
                                        struct tenka_table *table)
{
    const struct tenka_column *const column = tenka_dataset_column(dataset, false);
    const size_t each = (size_t)tenka_shape_count(&column->shape), count = tenka_dataset_count(dataset);
    double *const values = tenka_alloc_array(count, sizeof(*values));
    size_t at = 0;
    if (values == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < table->count; i++) {
        struct tenka_table_column *const target = &table->columns[i];
        if (!target->target || target->kind != TENKA_TABLE_NUMBER)
            continue;
        for (size_t k = 0; k < count; k++)
            values[k] = tenka_column_real(column, k * each + at);
        measure(values, count, 1, &target->mean, &target->std);
        apply_to_targets(dataset, each, at, target->mean, target->std);
        if (other != NULL)
            apply_to_targets(other, each, at, target->mean, target->std);
        at++;
    }
    tenka_free(values);
    return TENKA_OK;
}

static void standardize(tenka_dataset *dataset, tenka_dataset *other, struct tenka_table *table)
{
    const double *const exact = tenka_dataset_exact(dataset)->data;
    const size_t each = (size_t)tenka_shape_count(&tenka_dataset_input(dataset)->shape);
    size_t at = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct tenka_table_column *const column = &table->columns[i];
        if (column->target)
            continue;
        if (column->kind == TENKA_TABLE_NUMBER) {
            measure(exact + at, tenka_dataset_count(dataset), each, &column->mean, &column->std);
            apply(dataset, each, at, column->mean, column->std);
            if (other != NULL)
                apply(other, each, at, column->mean, column->std);
        }
        at += tenka_table_width(column);
    }
}

static bool is_standardized(const struct tenka_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].mean != 0 || table->columns[i].std != 1)
            return true;
    return false;
}

static tenka_status check_standardize(struct tenka_error *err, const tenka_dataset *dataset, const tenka_dataset *other)
{
    if (tenka_dataset_table(dataset) == NULL ||
        (other != NULL &&
         (tenka_dataset_table(other) == NULL || strcmp(tenka_dataset_table(dataset), tenka_dataset_table(other)) != 0)))
        return tenka_fail(err, TENKA_E_INVALID, "dataset: only tables with the same columns are standardised");
    if (tenka_dataset_is_held(dataset) || (other != NULL && tenka_dataset_is_held(other)))
        return tenka_fail(err, TENKA_E_INVALID, "dataset: a loader has its samples already, as they were");
    return TENKA_OK;
}

tenka_status tenka_dataset_standardize(tenka_dataset *dataset, tenka_dataset *other, bool targets)
{
    if (dataset == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    struct tenka_table table;
    char *text = NULL, *copy = NULL;
    TENKA_TRY(check_standardize(err, dataset, other));
    tenka_status status = tenka_table_read(err, tenka_dataset_table(dataset), &table);
    if (status == TENKA_OK && is_standardized(&table))
        status = tenka_fail(err, TENKA_E_INVALID, "dataset: the table is standardised already");
    if (status == TENKA_OK && targets)
        status = standardize_targets(err, dataset, other, &table);
    if (status == TENKA_OK) {
        standardize(dataset, other, &table);
        text = tenka_table_write(&table);
        copy = text != NULL && other != NULL ? tenka_strdup(text) : NULL;
        if (text == NULL || (other != NULL && copy == NULL))
            status = tenka_fail_nomem(err);
    }
    tenka_table_finish(&table);
    if (status != TENKA_OK) {
        tenka_free(text);
        tenka_free(copy);
        return status;
    }
    tenka_dataset_take_table(dataset, text);
    if (other != NULL)
        tenka_dataset_take_table(other, copy);
    return TENKA_OK;
}

/* The target of that number; NULL: there is none. finish is due of what was read. */
static const struct tenka_table_column *find_target(const char *table, size_t index, struct tenka_table *read)
{
    struct tenka_error unheard;
    if (tenka_table_read(&unheard, table, read) == TENKA_OK)
        for (size_t i = 0; i < read->count; i++)
            if (read->columns[i].target && index-- == 0)
                return &read->columns[i];
    return NULL;
}

bool tenka_table_target(const char *table, size_t index, char *out, size_t size)
{
    struct tenka_table read;
    const struct tenka_table_column *const target = find_target(table, index, &read);
    if (target != NULL)
        snprintf(out, size, "%s", target->name);
    tenka_table_finish(&read);
    return target != NULL;
}

bool tenka_table_scale(const char *table, size_t index, double *mean, double *std)
{
    struct tenka_table read;
    const struct tenka_table_column *const target = find_target(table, index, &read);
    const bool scaled = target != NULL && target->kind == TENKA_TABLE_NUMBER && (target->mean != 0 || target->std != 1);
    *mean = scaled ? target->mean : 0;
    *std = scaled ? target->std : 1;
    tenka_table_finish(&read);
    return scaled;
}
