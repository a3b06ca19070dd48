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
    size_t *lacking; /* numbers of x that are to be filled in */
    size_t n_lacking, lacking_capacity;
    struct tenka_csv_counts counts;
};

/* ---- Cells into numbers ---- */

static tenka_status fail_unknown(const struct load *l, const struct tenka_table_column *column, const char *cell)
{
    return tenka_table_fail(&l->csv, column->name,
                            "'%.60s' is none of the %zu texts that are known of it, such as '%.60s'", cell,
                            column->count, column->categories[0]);
}

/* The table that the file is read like lets nothing be missing. */
static tenka_status fail_missing(const struct load *l, const struct tenka_table_column *column, const char *cell)
{
    return tenka_table_fail(&l->csv, column->name,
                            "the value is missing%s%s%s, and training was without --missing; put it in, or take the "
                            "line out, or train with --missing drop or mean, which holds for all that is read later",
                            cell[0] != '\0' ? " ('" : "", cell, cell[0] != '\0' ? "')" : "");
}

static tenka_status find_category(const struct load *l, const struct tenka_table_column *column, const char *cell,
                                  size_t *out)
{
    *out = tenka_table_find(column, cell);
    if (*out != SIZE_MAX)
        return TENKA_OK;
    return tenka_table_lacks(cell) ? fail_missing(l, column, cell) : fail_unknown(l, column, cell);
}

static tenka_status read_number(const struct load *l, const struct tenka_table_column *column, const char *cell,
                                double *out)
{
    if (!tenka_table_number(cell, out))
        return tenka_table_lacks(cell) ? fail_missing(l, column, cell)
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

/* A cell that is missing: filled in, or noted as what is to be. */
static tenka_status fill_cell(struct load *l, const struct tenka_table_column *column, double **x)
{
    const size_t width = tenka_table_width(column), at = (size_t)(*x - l->x);
    for (size_t i = 0; i < width && !l->table.filled; i++) {
        if (!tenka_grow(&l->lacking, &l->lacking_capacity, l->n_lacking, sizeof(l->lacking[0])))
            return tenka_fail_nomem(l->err);
        l->lacking[l->n_lacking++] = at + i;
    }
    if (l->table.filled && column->kind == TENKA_TABLE_CATEGORY)
        (*x)[column->fill_category] = 1;
    else if (l->table.filled)
        **x = (column->fill - column->mean) / column->std;
    *x += width;
    l->counts.cells++;
    return TENKA_OK;
}

/* At *x the numbers of a cell, behind which it then is. */
static tenka_status read_cell(struct load *l, const struct tenka_table_column *column, const char *cell, double **x)
{
    const bool fills = l->table.missing == TENKA_CSV_MISSING_MEAN && (l->table.filled || !l->inputs_alone);
    size_t category;
    if (fills && !column->target && tenka_table_lacks(cell))
        return fill_cell(l, column, x);
    if (column->kind != TENKA_TABLE_CATEGORY)
        return read_number(l, column, cell, (*x)++);
    TENKA_TRY(find_category(l, column, cell, &category));
    (*x)[category] = 1;
    *x += column->count;
    return TENKA_OK;
}

/* Whether the row is left out; not where answers are wanted of all. */
static bool leaves_out(struct load *l)
{
    return !l->inputs_alone && tenka_table_leaves_out(&l->table, &l->csv, l->where);
}

/* Whether a row has no answer for what it lacks. */
static bool is_unanswered(const struct load *l)
{
    if (l->inputs_alone && l->table.missing == TENKA_CSV_MISSING_DROP)
        for (size_t i = 0; i < l->table.count; i++)
            if (!l->table.columns[i].target && tenka_table_lacks(l->csv.cells[l->where[i]]))
                return true;
    return false;
}

static tenka_status read_row(struct load *l, size_t row)
{
    double *x = l->x + row * l->inputs, *y = l->y != NULL ? l->y + row * l->targets : NULL;
    const bool unanswered = is_unanswered(l);
    for (size_t i = 0; i < l->inputs && unanswered; i++)
        x[i] = NAN;
    l->counts.lines += unanswered;
    if (unanswered)
        return TENKA_OK;
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
        const bool left_out = leaves_out(l);
        l->rows += !left_out;
        l->counts.lines += left_out;
        TENKA_TRY(tenka_table_next(&l->csv, l->cells, &more));
    }
    return l->rows > 0 ? TENKA_OK : tenka_table_fail_empty(&l->csv, &l->table);
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
    for (size_t row = 0; row < l->rows;) {
        TENKA_TRY(tenka_table_next(&l->csv, l->cells, &more));
        if (!leaves_out(l))
            TENKA_TRY(read_row(l, row++));
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
    tenka_free(l->lacking);
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

/* Rounded to floats large numbers with small deviations would lose them before they are standardised. values: taken
 * over, and `each` of a sample; NULL: the column has the doubles itself. */
static tenka_status keep_exact(tenka_dataset *data, bool input, size_t each, double **values)
{
    struct tenka_column *const exact = tenka_dataset_exact(data, input);
    *exact = *tenka_dataset_column(data, input);
    exact->bytes = each * sizeof(double);
    exact->data = *values;
    *values = NULL;
    if (exact->data != NULL)
        return TENKA_OK;
    exact->data = tenka_alloc_array(tenka_dataset_count(data), exact->bytes);
    if (exact->data == NULL)
        return tenka_fail_nomem(tenka_ctx_error(tenka_dataset_ctx(data)));
    memcpy(exact->data, tenka_dataset_column(data, input)->data, tenka_dataset_count(data) * exact->bytes);
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
    l->y = l->classes ? NULL : (double *)y.bytes;
    l->labels = l->classes ? (int32_t *)y.bytes : NULL;
    if (status == TENKA_OK)
        status = keep_exact(*out, true, l->inputs, &l->x);
    for (size_t i = 0; i < l->n_lacking && status == TENKA_OK; i++)
        ((double *)tenka_dataset_exact(*out, true)->data)[l->lacking[i]] = NAN;
    if (status == TENKA_OK && !l->classes)
        status = keep_exact(*out, false, l->targets, &l->y);
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
    if (status == TENKA_OK && own.counts != NULL)
        *own.counts = l.counts;
    finish(&l);
    tenka_free(text);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}

tenka_status tenka_array_read_csv(tenka_ctx *ctx, const char *path, const char *table, struct tenka_csv_counts *counts,
                                  tenka_array **out)
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
        if (counts != NULL)
            *counts = l.counts;
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

static void apply(tenka_dataset *data, bool input, size_t each, size_t at, const struct tenka_table_column *by)
{
    struct tenka_column *const column = tenka_dataset_column(data, input);
    const double *const exact = tenka_dataset_exact(data, input)->data;
    for (size_t i = at; i < tenka_dataset_count(data) * each; i += each)
        tenka_column_set_real(column, i, (exact[i] - by->mean) / by->std);
}

/* The inputs, or the targets. like NULL: by what dataset has. */
static void standardize(tenka_dataset *dataset, tenka_dataset *other, bool input, struct tenka_table *table,
                        const struct tenka_table *like)
{
    const double *const exact = tenka_dataset_exact(dataset, input)->data;
    const size_t each = (size_t)tenka_shape_count(&tenka_dataset_column(dataset, input)->shape);
    size_t at = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct tenka_table_column *const column = &table->columns[i];
        if (column->target == input)
            continue;
        if (column->kind == TENKA_TABLE_NUMBER) {
            if (like == NULL)
                measure(exact + at, tenka_dataset_count(dataset), each, &column->mean, &column->std);
            else
                column->mean = like->columns[i].mean, column->std = like->columns[i].std;
            apply(dataset, input, each, at, column);
            if (other != NULL)
                apply(other, input, each, at, column);
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

static bool is_same_column(const struct tenka_table_column *a, const struct tenka_table_column *b)
{
    if (strcmp(a->name, b->name) != 0 || a->target != b->target || a->kind != b->kind || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->categories[i], b->categories[i]) != 0)
            return false;
    return true;
}

static bool has_same_columns(const struct tenka_table *a, const struct tenka_table *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = is_same_column(&a->columns[i], &b->columns[i]);
    return same;
}

bool tenka_table_standardizes(const char *like, const char *table)
{
    struct tenka_error unheard;
    struct tenka_table a, b = {.count = 0};
    const bool found = tenka_table_read(&unheard, like, &a) == TENKA_OK &&
                       tenka_table_read(&unheard, table, &b) == TENKA_OK && has_same_columns(&a, &b) &&
                       is_standardized(&a);
    tenka_table_finish(&a);
    tenka_table_finish(&b);
    return found;
}

/* The descriptions of the table and of the one that it is to be like. */
static tenka_status read_tables(struct tenka_error *err, const tenka_dataset *dataset, const char *like,
                                struct tenka_table *table, struct tenka_table *other)
{
    TENKA_TRY(tenka_table_read(err, tenka_dataset_table(dataset), table));
    if (is_standardized(table))
        return tenka_fail(err, TENKA_E_INVALID, "dataset: the table is standardised already");
    if (table->missing == TENKA_CSV_MISSING_MEAN && !table->filled)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: the table's missing values are not filled in yet");
    if (like == NULL)
        return TENKA_OK;
    TENKA_TRY(tenka_table_read(err, like, other));
    return has_same_columns(table, other)
               ? TENKA_OK
               : tenka_fail(err, TENKA_E_INVALID, "dataset: the table to be standardised like has other columns");
}

/* The description, and a copy of it where there is another dataset. */
static tenka_status write_table(struct tenka_error *err, const struct tenka_table *table, bool copied, char *text[2])
{
    text[0] = tenka_table_write(table);
    text[1] = copied && text[0] != NULL ? tenka_strdup(text[0]) : NULL;
    if (text[0] != NULL && (!copied || text[1] != NULL))
        return TENKA_OK;
    tenka_free(text[0]);
    return tenka_fail_nomem(err);
}

tenka_status tenka_dataset_standardize(tenka_dataset *dataset, tenka_dataset *other, bool targets, const char *like)
{
    if (dataset == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    struct tenka_table table = {.count = 0}, taken = {.count = 0};
    char *text[2];
    TENKA_TRY(check_standardize(err, dataset, other));
    tenka_status status = read_tables(err, dataset, like, &table, &taken);
    if (status == TENKA_OK) {
        standardize(dataset, other, true, &table, like != NULL ? &taken : NULL);
        if (targets)
            standardize(dataset, other, false, &table, like != NULL ? &taken : NULL);
        status = write_table(err, &table, other != NULL, text);
    }
    tenka_table_finish(&table);
    tenka_table_finish(&taken);
    if (status != TENKA_OK)
        return status;
    tenka_dataset_take_table(dataset, text[0]);
    if (other != NULL)
        tenka_dataset_take_table(other, text[1]);
    return TENKA_OK;
}

bool tenka_table_target(const char *table, size_t index, char *out, size_t size)
{
    struct tenka_error unheard;
    struct tenka_table read;
    bool found = false;
    if (tenka_table_read(&unheard, table, &read) == TENKA_OK)
        for (size_t i = 0; i < read.count && !found; i++)
            if (read.columns[i].target && index-- == 0) {
                snprintf(out, size, "%s", read.columns[i].name);
                found = true;
            }
    tenka_table_finish(&read);
    return found;
}

bool tenka_table_scale(const char *table, size_t count, double *mean, double *std)
{
    struct tenka_error unheard;
    struct tenka_table read;
    bool scaled = false;
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        mean[i] = 0, std[i] = 1;
    if (tenka_table_read(&unheard, table, &read) == TENKA_OK)
        for (size_t i = 0; i < read.count && at < count; i++) {
            if (!read.columns[i].target)
                continue;
            mean[at] = read.columns[i].mean;
            std[at] = read.columns[i].std;
            scaled = scaled || mean[at] != 0 || std[at] != 1;
            at++;
        }
    tenka_table_finish(&read);
    return scaled;
}
