/* Rows of CSV files: RFC 4180, with commas, semicolons or tabs. */
#ifndef TENKA_DATA_CSV_H
#define TENKA_DATA_CSV_H

#include "python/text.h"

struct tenka_csv {
    struct tenka_error *err;
    const char *name; /* of the file, for sentences */
    const char *text, *at, *end;
    char separator;
    uint32_t next_line;
    /* The row that was read last, until the next one is. */
    uint32_t line; /* where it begins in the file, from 1 on */
    char **cells;  /* without quotes, and without blanks around those that have none */
    size_t count, capacity;
    char *room; /* holds the cells */
    size_t room_bytes;
};

/* Begins with a text, which must stay; a mark of UTF-8 is passed over. The separator is what the first line has. */
void tenka_csv_begin(struct tenka_csv *csv, struct tenka_error *err, const char *name, const char *text, size_t bytes);
/* The next row that is not empty; *more is false behind the last one. Errors: E_FORMAT (quotes that do not end, or that
 * text follows; a zero byte; text that is no UTF-8), E_NOMEM. */
tenka_status tenka_csv_next(struct tenka_csv *csv, bool *more);
/* Once more from the first row on. */
void tenka_csv_rewind(struct tenka_csv *csv);
void tenka_csv_finish(struct tenka_csv *csv);

/* Adds a cell with a comma before it, unless it is the first of a row. */
void tenka_csv_add(struct tenka_text *text, bool first, const char *cell);

#endif
