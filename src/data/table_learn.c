/* What the columns of a CSV file are: learnt from its cells. */
#include <math.h>
#include <stdio.h>

#include "data/table.h"

/* Whole numbers are taken for classes where there are at most so many. */
#define MAX_WHOLE 100u

/* What the cells of a column have been so far. */
struct seen {
    size_t numbers, others, commas; /* commas: of the others, those that are numbers but for a comma */
    uint32_t other_line;            /* of the first that is no number */
    char other[40];                 /* its begin */
    bool whole;                     /* all numbers are, from 0 to MAX_WHOLE - 1 */
    bool value[MAX_WHOLE];
};

/* ---- Cells ---- */

tenka_status tenka_table_fail(const struct tenka_csv *csv, const char *column, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: line %u, column '%.100s': %s", csv->name, csv->line, column, text);
}

bool tenka_table_lacks(const char *text)
{
    static const char *const words[] = {"", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "?"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

bool tenka_table_leaves_out(const struct tenka_table *table, const struct tenka_csv *csv, const size_t *where)
{
    for (size_t i = 0; i < table->count && table->missing != TENKA_CSV_MISSING_ERROR; i++)
        if ((table->missing == TENKA_CSV_MISSING_DROP || table->columns[i].target) && where[i] != SIZE_MAX &&
            tenka_table_lacks(csv->cells[where[i]]))
            return true;
    return false;
}

/* Numbers of up to 15 digits and small exponents are exact products or quotients of doubles: W. D. Clinger, "How to
 * Read Floating Point Numbers Accurately", 1990. */
static size_t read_short(const char *text, double *out)
{
    static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    uint64_t digits = 0;
    size_t count = 0, places = 0, at = text[0] == '-';
    for (bool point = false; count < 16; at++) {
        if (text[at] == '.' && !point) {
            point = true;
        } else if (text[at] >= '0' && text[at] <= '9') {
            digits = 10 * digits + (uint64_t)(text[at] - '0');
            count++;
            places += point;
        } else {
            break;
        }
    }
    if (count == 0 || count > 15 || text[at] != '\0')
        return 0;
    *out = (double)digits / tens[places] * (text[0] == '-' ? -1 : 1);
    return at;
}

bool tenka_table_number(const char *text, double *out)
{
    if (read_short(text, out) > 0)
        return true;
    text += text[0] == '+' && text[1] != '-';
    const size_t length = tenka_number_read(text, out);
    return length > 0 && text[length] == '\0' && isfinite(*out);
}

/* ---- The header ---- */

static tenka_status fail_header(const struct tenka_csv *csv, const char *why)
{
    return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: the first line must name the columns, but %s", csv->name, why);
}

static tenka_status check_header(const struct tenka_csv *csv)
{
    char text[256];
    size_t numbers = 0;
    double x;
    if (csv->count > TENKA_TABLE_MAX_COLUMNS)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: there are more than %u columns", csv->name,
                          TENKA_TABLE_MAX_COLUMNS);
    for (size_t i = 0; i < csv->count; i++) {
        numbers += tenka_table_number(csv->cells[i], &x);
        if (csv->cells[i][0] == '\0' && i > 0) {
            snprintf(text, sizeof(text), "column %zu has no name", i + 1);
            return fail_header(csv, text);
        }
        for (size_t k = 0; k < i; k++)
            if (strcmp(csv->cells[i], csv->cells[k]) == 0) {
                snprintf(text, sizeof(text), "two columns are called '%.100s'", csv->cells[i]);
                return fail_header(csv, text);
            }
    }
    return numbers == csv->count ? fail_header(csv, "has numbers alone") : TENKA_OK;
}

static tenka_status read_header(struct tenka_csv *csv)
{
    bool more;
    tenka_csv_rewind(csv);
    TENKA_TRY(tenka_csv_next(csv, &more));
    if (!more)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: the file is empty", csv->name);
    return check_header(csv);
}

static size_t find_cell(const struct tenka_csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->count; i++)
        if (strcmp(csv->cells[i], name) == 0)
            return i;
    return SIZE_MAX;
}

tenka_status tenka_table_locate(struct tenka_csv *csv, const struct tenka_table *table, size_t *where, size_t *cells)
{
    TENKA_TRY(read_header(csv));
    *cells = csv->count;
    for (size_t i = 0; i < table->count; i++)
        where[i] = find_cell(csv, table->columns[i].name);
    return TENKA_OK;
}

tenka_status tenka_table_next(struct tenka_csv *csv, size_t cells, bool *more)
{
    TENKA_TRY(tenka_csv_next(csv, more));
    if (!*more || csv->count == cells)
        return TENKA_OK;
    return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: line %u has %zu cell%s, but the first line names %zu column%s",
                      csv->name, csv->line, csv->count, csv->count == 1 ? "" : "s", cells, cells == 1 ? "" : "s");
}

tenka_status tenka_table_fail_empty(const struct tenka_csv *csv, const struct tenka_table *table)
{
    return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: there are no lines below the first%s", csv->name,
                      table->missing != TENKA_CSV_MISSING_ERROR ? ", or all of them lack a value" : "");
}

/* ---- Which columns ---- */

/* "; it has age, city and 12 others" */
static tenka_status fail_column(const struct tenka_csv *csv, const char *name)
{
    char names[400] = "";
    size_t length = 0;
    for (size_t i = 0; i < csv->count && length < sizeof(names); i++)
        length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s", i > 0 ? ", " : "", csv->cells[i]);
    return tenka_fail(csv->err, TENKA_E_INVALID, "%s: there is no column '%.100s'; it has %s%s", csv->name, name, names,
                      length < sizeof(names) ? "" : " ...");
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    size_t i = 0;
    while (i < count && strcmp(name, names[i]) != 0)
        i++;
    return i < count;
}

/* A first column without a name is a counter of lines, as pandas writes it. */
static bool is_input(const char *name, const struct tenka_csv_params *p)
{
    return name[0] != '\0' && !is_among(name, p->targets, p->n_targets) && !is_among(name, p->without, p->n_without);
}

static tenka_status choose_columns(const struct tenka_csv *csv, const struct tenka_csv_params *p,
                                   struct tenka_table *out)
{
    for (size_t i = 0; i < p->n_targets; i++)
        if (find_cell(csv, p->targets[i]) == SIZE_MAX)
            return fail_column(csv, p->targets[i]);
    for (size_t i = 0; i < p->n_without; i++)
        if (find_cell(csv, p->without[i]) == SIZE_MAX)
            return fail_column(csv, p->without[i]);
    for (size_t i = 0; i < csv->count; i++)
        if (is_input(csv->cells[i], p))
            TENKA_TRY(tenka_table_add(csv->err, out, csv->cells[i], false, TENKA_TABLE_NUMBER));
    if (out->count == 0)
        return tenka_fail(csv->err, TENKA_E_INVALID, "%s: no column is left for the input", csv->name);
    for (size_t i = 0; i < p->n_targets; i++)
        TENKA_TRY(tenka_table_add(csv->err, out, p->targets[i], true, TENKA_TABLE_NUMBER));
    return TENKA_OK;
}

/* ---- What they are ---- */

/* 3,5 for 3.5; or 1,000. */
static bool has_decimal_comma(const char *cell)
{
    char text[40];
    const char *const comma = strchr(cell, ',');
    double x;
    if (comma == NULL || strlen(cell) >= sizeof(text))
        return false;
    strcpy(text, cell);
    text[comma - cell] = '.';
    return tenka_table_number(text, &x);
}

static tenka_status fail_missing(const struct tenka_csv *csv, const char *column, const char *cell)
{
    return tenka_table_fail(csv, column,
                            "the value is missing%s%s%s; put it in, or take the line out, as --missing drop does, or "
                            "have the column's mean put in by --missing mean",
                            cell[0] != '\0' ? " ('" : "", cell, cell[0] != '\0' ? "')" : "");
}

/* A cell that is not missing. */
static tenka_status see(const struct tenka_csv *csv, const char *cell, struct seen *s)
{
    double x;
    if (!tenka_table_number(cell, &x)) {
        s->commas += has_decimal_comma(cell);
        if (s->others++ == 0) {
            s->other_line = csv->line;
            snprintf(s->other, sizeof(s->other), "%.32s%s", cell, strlen(cell) > 32 ? "..." : "");
        }
        return TENKA_OK;
    }
    s->whole = (s->numbers++ == 0 || s->whole) && x >= 0 && x < MAX_WHOLE && x == floor(x);
    if (s->whole)
        s->value[(size_t)x] = true;
    return TENKA_OK;
}

/* Whether the numbers are 0, 1, ... without a gap. */
static bool are_classes(const struct seen *s)
{
    size_t count = 0;
    while (count < MAX_WHOLE && s->value[count])
        count++;
    for (size_t i = count; i < MAX_WHOLE; i++)
        if (s->value[i])
            return false;
    return s->whole && count > 1;
}

static tenka_status decide(struct tenka_csv *csv, const struct tenka_csv_params *p, const struct seen *s,
                           struct tenka_table_column *column)
{
    if (s->others + s->numbers == 0)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: the column '%.100s' has no values; leave it out", csv->name,
                          column->name);
    if (s->others > 0 && s->commas == s->others) {
        csv->line = s->other_line;
        return tenka_table_fail(csv, column->name,
                                "'%s' is no number: write it with a point and without commas, or leave the column out",
                                s->other);
    }
    if (s->numbers == 0 || (s->others > 0 && s->numbers < s->others)) {
        column->kind = TENKA_TABLE_CATEGORY;
    } else if (s->others > 0) {
        csv->line = s->other_line;
        return tenka_table_fail(csv, column->name, "'%s' is no number, as the column has in %zu other line%s", s->other,
                                s->numbers, s->numbers == 1 ? "" : "s");
    } else if (column->target && p->n_targets == 1) {
        const bool classes = p->kind == TENKA_CSV_CLASSES || (p->kind == TENKA_CSV_AUTO && are_classes(s));
        column->kind = classes ? TENKA_TABLE_CLASSES : TENKA_TABLE_NUMBER;
    }
    if (column->target && column->kind == TENKA_TABLE_CATEGORY && (p->n_targets > 1 || p->kind == TENKA_CSV_NUMBERS))
        return tenka_fail(
            csv->err, TENKA_E_INVALID, "%s: the column '%.100s' has texts, and %s", csv->name, column->name,
            p->n_targets > 1 ? "of several targets each must be a number" : "the loss takes targets that are numbers");
    return TENKA_OK;
}

static tenka_status see_all(struct tenka_csv *csv, const struct tenka_table *table, const size_t *where, size_t cells,
                            struct seen *seen)
{
    bool more;
    size_t rows = 0;
    TENKA_TRY(tenka_table_next(csv, cells, &more));
    while (more) {
        const bool left_out = tenka_table_leaves_out(table, csv, where);
        for (size_t i = 0; i < table->count && !left_out; i++) {
            const char *const cell = csv->cells[where[i]];
            const bool lacks = tenka_table_lacks(cell);
            if (lacks && table->missing == TENKA_CSV_MISSING_ERROR)
                return fail_missing(csv, table->columns[i].name, cell);
            TENKA_TRY(lacks ? TENKA_OK : see(csv, cell, &seen[i]));
        }
        rows += !left_out;
        TENKA_TRY(tenka_table_next(csv, cells, &more));
    }
    return rows > 0 ? TENKA_OK : tenka_table_fail_empty(csv, table);
}

static tenka_status gather_categories(struct tenka_csv *csv, struct tenka_table *table, const size_t *where,
                                      size_t cells)
{
    bool more;
    TENKA_TRY(read_header(csv));
    TENKA_TRY(tenka_table_next(csv, cells, &more));
    while (more) {
        const bool left_out = tenka_table_leaves_out(table, csv, where);
        for (size_t i = 0; i < table->count && !left_out; i++) {
            struct tenka_table_column *const column = &table->columns[i];
            if (column->kind != TENKA_TABLE_CATEGORY || tenka_table_lacks(csv->cells[where[i]]))
                continue;
            TENKA_TRY(tenka_table_add_category(csv->err, column, csv->cells[where[i]]));
            if (column->count > tenka_table_most(column))
                return tenka_table_fail(csv, column->name,
                                        "these are more than %zu different texts, too many for categories%s",
                                        column->count - 1, column->target ? "" : "; leave the column out of the input");
        }
        TENKA_TRY(tenka_table_next(csv, cells, &more));
    }
    return TENKA_OK;
}

tenka_status tenka_table_learn(struct tenka_csv *csv, const struct tenka_csv_params *params, struct tenka_table *out)
{
    *out = (struct tenka_table){.missing = params->missing};
    TENKA_TRY(read_header(csv));
    TENKA_TRY(choose_columns(csv, params, out));
    size_t cells;
    size_t *const where = tenka_alloc_array(out->count, sizeof(where[0]));
    struct seen *const seen = tenka_alloc_array(out->count, sizeof(seen[0]));
    tenka_status status = where != NULL && seen != NULL ? TENKA_OK : tenka_fail_nomem(csv->err);
    if (status == TENKA_OK)
        status = tenka_table_locate(csv, out, where, &cells);
    if (status == TENKA_OK)
        status = see_all(csv, out, where, cells, seen);
    for (size_t i = 0; i < out->count && status == TENKA_OK; i++)
        status = decide(csv, params, &seen[i], &out->columns[i]);
    if (status == TENKA_OK)
        status = gather_categories(csv, out, where, cells);
    tenka_free(where);
    tenka_free(seen);
    return status;
}
