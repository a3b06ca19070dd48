#include "data/table.h"

#include <math.h>

#include "data/csv.h"
#include "graph/graph.h"

static const char *const kinds[] = {
    [TENKA_TABLE_NUMBER] = "number", [TENKA_TABLE_CATEGORY] = "category", [TENKA_TABLE_CLASSES] = "classes"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

tenka_status tenka_table_add(struct tenka_error *err, struct tenka_table *table, const char *name, bool target,
                             enum tenka_table_kind kind)
{
    char *const copy = tenka_strdup(name);
    if (copy == NULL || !tenka_grow(&table->columns, &table->capacity, table->count, sizeof(table->columns[0]))) {
        tenka_free(copy);
        return tenka_fail_nomem(err);
    }
    table->columns[table->count++] =
        (struct tenka_table_column){.name = copy, .target = target, .kind = kind, .std = 1};
    return TENKA_OK;
}

/* Where a category stands, or belongs. */
static size_t find_place(const struct tenka_table_column *column, const char *text)
{
    size_t low = 0, high = column->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(column->categories[middle], text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t tenka_table_find(const struct tenka_table_column *column, const char *text)
{
    const size_t at = find_place(column, text);
    return at < column->count && strcmp(column->categories[at], text) == 0 ? at : SIZE_MAX;
}

tenka_status tenka_table_add_category(struct tenka_error *err, struct tenka_table_column *column, const char *text)
{
    const size_t at = find_place(column, text);
    if (at < column->count && strcmp(column->categories[at], text) == 0)
        return TENKA_OK;
    char *const copy = tenka_strdup(text);
    if (copy == NULL || !tenka_grow(&column->categories, &column->capacity, column->count, sizeof(char *))) {
        tenka_free(copy);
        return tenka_fail_nomem(err);
    }
    memmove(column->categories + at + 1, column->categories + at, (column->count - at) * sizeof(char *));
    column->categories[at] = copy;
    column->count++;
    return TENKA_OK;
}

size_t tenka_table_most(const struct tenka_table_column *column)
{
    return column->target ? 10000 : 1000;
}

size_t tenka_table_width(const struct tenka_table_column *column)
{
    return column->kind == TENKA_TABLE_CATEGORY ? column->count : 1;
}

void tenka_table_finish(struct tenka_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct tenka_table_column *const column = &table->columns[i];
        for (size_t k = 0; k < column->count; k++)
            tenka_free(column->categories[k]);
        tenka_free(column->categories);
        tenka_free(column->name);
    }
    tenka_free(table->columns);
    *table = (struct tenka_table){.count = 0};
}

/* ---- As text ---- */

static void write_column(struct tenka_text *text, const struct tenka_table_column *column)
{
    char number[TENKA_NUMBER_TEXT];
    tenka_csv_add(text, true, column->target ? "target" : "input");
    tenka_csv_add(text, false, column->name);
    tenka_csv_add(text, false, kinds[column->kind]);
    if (column->kind == TENKA_TABLE_NUMBER) {
        tenka_csv_add(text, false, tenka_number_text(column->mean, number));
        tenka_csv_add(text, false, tenka_number_text(column->std, number));
    }
    for (size_t i = 0; i < column->count; i++)
        tenka_csv_add(text, false, column->categories[i]);
    tenka_text_add(text, "\n");
}

static void write_missing(struct tenka_text *text, const struct tenka_table *table)
{
    char number[TENKA_NUMBER_TEXT];
    if (table->missing == TENKA_CSV_MISSING_ERROR)
        return;
    tenka_csv_add(text, true, "missing");
    tenka_csv_add(text, false, table->missing == TENKA_CSV_MISSING_DROP ? "drop" : "mean");
    for (size_t i = 0; i < table->count && table->filled; i++) {
        const struct tenka_table_column *const column = &table->columns[i];
        if (!column->target)
            tenka_csv_add(text, false,
                          column->kind == TENKA_TABLE_CATEGORY ? column->categories[column->fill_category]
                                                               : tenka_number_text(column->fill, number));
    }
    tenka_text_add(text, "\n");
}

char *tenka_table_write(const struct tenka_table *table)
{
    struct tenka_text text = {0};
    for (size_t i = 0; i < table->count; i++)
        write_column(&text, &table->columns[i]);
    write_missing(&text, table);
    if (!text.failed)
        return text.text;
    tenka_free(text.text);
    return NULL;
}

static bool read_number(const char *text, double *out)
{
    const size_t length = tenka_number_read(text, out);
    return length > 0 && text[length] == '\0' && isfinite(*out);
}

static tenka_status fail_text(const struct tenka_csv *csv)
{
    return tenka_fail(csv->err, TENKA_E_FORMAT,
                      "%s: line %u: expected input or target, a name, a kind, and what belongs to it", csv->name,
                      csv->line);
}

/* Texts in their order, none of them twice. */
static tenka_status read_categories(const struct tenka_csv *csv, struct tenka_table_column *column)
{
    const size_t most = tenka_table_most(column);
    if (csv->count - 3 > most)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: line %u has more than %zu categories", csv->name, csv->line,
                          most);
    for (size_t i = 3; i < csv->count; i++) {
        if (i > 3 && strcmp(csv->cells[i - 1], csv->cells[i]) >= 0)
            return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: line %u: the category '%.100s' is twice or out of order",
                              csv->name, csv->line, csv->cells[i]);
        TENKA_TRY(tenka_table_add_category(csv->err, column, csv->cells[i]));
    }
    return column->count > 0 ? TENKA_OK : fail_text(csv);
}

/* What each input is filled in by. */
static bool read_fills(const struct tenka_csv *csv, struct tenka_table *out)
{
    size_t cell = 2;
    for (size_t i = 0; i < out->count; i++) {
        struct tenka_table_column *const column = &out->columns[i];
        if (column->target)
            continue;
        if (cell == csv->count)
            return false;
        if (column->kind == TENKA_TABLE_CATEGORY)
            column->fill_category = tenka_table_find(column, csv->cells[cell]);
        else if (!read_number(csv->cells[cell], &column->fill))
            return false;
        if (column->fill_category == SIZE_MAX)
            return false;
        cell++;
    }
    return cell == csv->count;
}

static tenka_status read_missing(const struct tenka_csv *csv, struct tenka_table *out)
{
    const bool drop = csv->count == 2 && strcmp(csv->cells[1], "drop") == 0;
    const bool mean = csv->count >= 2 && strcmp(csv->cells[1], "mean") == 0;
    out->missing = drop ? TENKA_CSV_MISSING_DROP : TENKA_CSV_MISSING_MEAN;
    out->filled = mean && csv->count > 2;
    return drop || (mean && (!out->filled || read_fills(csv, out)))
               ? TENKA_OK
               : tenka_fail(csv->err, TENKA_E_FORMAT,
                            "%s: line %u: expected missing, drop or mean, and what each input is filled in by",
                            csv->name, csv->line);
}

static tenka_status read_column(const struct tenka_csv *csv, struct tenka_table *out)
{
    size_t kind = 0;
    if (out->missing != TENKA_CSV_MISSING_ERROR)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: line %u stands behind the last one", csv->name, csv->line);
    if (strcmp(csv->cells[0], "missing") == 0)
        return read_missing(csv, out);
    if (out->count == TENKA_TABLE_MAX_COLUMNS)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: there are more than %u columns", csv->name,
                          TENKA_TABLE_MAX_COLUMNS);
    while (csv->count >= 3 && kind < KINDS && strcmp(csv->cells[2], kinds[kind]) != 0)
        kind++;
    if (csv->count < 3 || kind == KINDS)
        return fail_text(csv);
    const bool target = strcmp(csv->cells[0], "target") == 0;
    if (!target && strcmp(csv->cells[0], "input") != 0)
        return fail_text(csv);
    TENKA_TRY(tenka_table_add(csv->err, out, csv->cells[1], target, (enum tenka_table_kind)kind));
    struct tenka_table_column *const column = &out->columns[out->count - 1];
    if (kind == TENKA_TABLE_NUMBER)
        return csv->count == 5 && read_number(csv->cells[3], &column->mean) &&
                       read_number(csv->cells[4], &column->std) && column->std > 0
                   ? TENKA_OK
                   : fail_text(csv);
    if (kind == TENKA_TABLE_CATEGORY)
        return read_categories(csv, column);
    return csv->count == 3 ? TENKA_OK : fail_text(csv);
}

tenka_status tenka_table_read(struct tenka_error *err, const char *text, struct tenka_table *out)
{
    struct tenka_csv csv;
    bool more = true;
    *out = (struct tenka_table){.count = 0};
    tenka_csv_begin(&csv, err, "the description of the table", text, strlen(text));
    csv.separator = ',';
    tenka_status status = tenka_csv_next(&csv, &more);
    while (status == TENKA_OK && more) {
        status = read_column(&csv, out);
        if (status == TENKA_OK)
            status = tenka_csv_next(&csv, &more);
    }
    tenka_csv_finish(&csv);
    return status;
}
