/* What the columns of a table are to a network: numbers, or categories of which each is an input of its own. */
#ifndef TENKA_DATA_TABLE_H
#define TENKA_DATA_TABLE_H

#include "data/csv.h"
#include "tenka/data.h"

#define TENKA_TABLE_MAX_COLUMNS 10000u

enum tenka_table_kind {
    TENKA_TABLE_NUMBER,
    TENKA_TABLE_CATEGORY, /* texts */
    TENKA_TABLE_CLASSES,  /* a target of whole numbers from 0 on */
};

struct tenka_table_column {
    char *name;
    bool target;
    enum tenka_table_kind kind;
    double mean, std;  /* what a number is standardised by: (x - mean) / std */
    char **categories; /* in the order of their texts */
    size_t count, capacity;
    /* Of an input, where missing values are filled in: by that number, or category. */
    double fill;
    size_t fill_category;
};

/* Inputs in their order, and targets in theirs. */
struct tenka_table {
    struct tenka_table_column *columns;
    size_t count, capacity;
    enum tenka_csv_missing missing;
    bool filled; /* the columns say by what */
};

/* Adds a column. Errors: E_NOMEM. */
tenka_status tenka_table_add(struct tenka_error *err, struct tenka_table *table, const char *name, bool target,
                             enum tenka_table_kind kind);
/* Adds a category, unless it is there, in its place. Errors: E_NOMEM. */
tenka_status tenka_table_add_category(struct tenka_error *err, struct tenka_table_column *column, const char *text);
/* Categories that a column may have. Each of an input is a number of it; more of them are names of single lines. */
size_t tenka_table_most(const struct tenka_table_column *column);
/* Which category the text is; SIZE_MAX: none. */
size_t tenka_table_find(const struct tenka_table_column *column, const char *text);
/* Numbers that a column becomes. */
size_t tenka_table_width(const struct tenka_table_column *column);
void tenka_table_finish(struct tenka_table *table);

/* As text, a row of CSV a column: input or target, name, kind, then mean and deviation, or the categories. Where
 * something is done about missing values, a last row has that: missing, drop; or missing, mean, and what each input is
 * filled in by. NULL: no memory. */
char *tenka_table_write(const struct tenka_table *table);
/* Errors: E_FORMAT (something else than what is written; more columns or categories than can be learnt), E_NOMEM;
 * finish is due in any case. */
tenka_status tenka_table_read(struct tenka_error *err, const char *text, struct tenka_table *out);

/* ---- table_learn.c: what a file's cells say of its columns ---- */

/* Errors: E_INVALID (no such column; a target of several that is no number), E_FORMAT (the header; a value that is
 * missing, or no number in a column of numbers; rows of another length; too many categories), E_NOMEM; finish is due in
 * any case. */
tenka_status tenka_table_learn(struct tenka_csv *csv, const struct tenka_csv_params *params, struct tenka_table *out);
/* Reads the header and says where each of the table's columns is in the file; SIZE_MAX: nowhere. header: cells of the
 * file. Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_table_locate(struct tenka_csv *csv, const struct tenka_table *table, size_t *where, size_t *cells);
/* The next row, which must have so many cells. */
tenka_status tenka_table_next(struct tenka_csv *csv, size_t cells, bool *more);
/* E_FORMAT: no row is left. */
tenka_status tenka_table_fail_empty(const struct tenka_csv *csv, const struct tenka_table *table);
/* A number, quicker than tenka_number_read. */
bool tenka_table_number(const char *text, double *out);
/* Whether a cell says that its value is not known. */
bool tenka_table_lacks(const char *text);
/* Whether the row that was read last is left out for what it lacks. where: of tenka_table_locate. */
bool tenka_table_leaves_out(const struct tenka_table *table, const struct tenka_csv *csv, const size_t *where);
/* The sentence about a cell: "FILE: line 7, column 'age': ..." as E_FORMAT. */
tenka_status tenka_table_fail(const struct tenka_csv *csv, const char *column, const char *format, ...)
    TENKA_PRINTF(3, 4);

#endif
