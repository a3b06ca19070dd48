#include "data/csv.h"

#define MARK "\xEF\xBB\xBF"

void tenka_csv_rewind(struct tenka_csv *csv)
{
    const size_t mark = strlen(MARK);
    const bool marked = (size_t)(csv->end - csv->text) >= mark && memcmp(csv->text, MARK, mark) == 0;
    csv->at = csv->text + (marked ? mark : 0);
    csv->next_line = 1;
    csv->count = 0;
}

/* A comma wins, then what programs write where the comma is the decimal point. */
static char find_separator(const struct tenka_csv *csv)
{
    const char *const newline = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
    const size_t length = (size_t)((newline != NULL ? newline : csv->end) - csv->at);
    const char *const others = ";\t";
    char found = ',';
    for (size_t i = 0; i < 2 && memchr(csv->at, found, length) == NULL; i++)
        found = others[i];
    return memchr(csv->at, found, length) != NULL ? found : ',';
}

void tenka_csv_begin(struct tenka_csv *csv, struct tenka_error *err, const char *name, const char *text, size_t bytes)
{
    *csv = (struct tenka_csv){.err = err, .name = name, .text = text, .end = text + bytes};
    tenka_csv_rewind(csv);
    csv->separator = find_separator(csv);
}

void tenka_csv_finish(struct tenka_csv *csv)
{
    tenka_free(csv->cells);
    tenka_free(csv->room);
    csv->cells = NULL;
    csv->room = NULL;
}

/* ---- Cells ---- */

static bool is_blank(char c, char separator)
{
    return c != separator && (c == ' ' || c == '\t');
}

static bool ends_line(const struct tenka_csv *csv)
{
    return csv->at == csv->end || *csv->at == '\n' || *csv->at == '\r';
}

static bool ends_cell(const struct tenka_csv *csv)
{
    return ends_line(csv) || *csv->at == csv->separator;
}

static void skip_blanks(struct tenka_csv *csv)
{
    while (csv->at < csv->end && is_blank(*csv->at, csv->separator))
        csv->at++;
}

/* Goes behind the end of a line, which may be \n, \r\n or \r. */
static void skip_line_end(struct tenka_csv *csv)
{
    if (csv->at == csv->end)
        return;
    if (*csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end && *csv->at == '\n')
        csv->at++;
    csv->next_line++;
}

/* Begins behind a quote; *to goes on behind what is written. */
static tenka_status read_quoted(struct tenka_csv *csv, char **to)
{
    const uint32_t line = csv->next_line;
    for (; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"' && (csv->at + 1 == csv->end || csv->at[1] != '"'))
            break;
        csv->at += *csv->at == '"';
        csv->next_line += *csv->at == '\n';
        *(*to)++ = *csv->at;
    }
    if (csv->at == csv->end)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: the quotes that begin in line %u do not end", csv->name, line);
    csv->at++;
    skip_blanks(csv);
    return ends_cell(csv)
               ? TENKA_OK
               : tenka_fail(csv->err, TENKA_E_FORMAT,
                            "%s: line %u has text behind quotes that have ended; quotes in a text are doubled",
                            csv->name, csv->next_line);
}

static void read_plain(struct tenka_csv *csv, char **to)
{
    char *const begin = *to;
    while (!ends_cell(csv))
        *(*to)++ = *csv->at++;
    while (*to > begin && is_blank((*to)[-1], csv->separator))
        (*to)--;
}

static tenka_status read_cell(struct tenka_csv *csv, char **to)
{
    if (!tenka_grow(&csv->cells, &csv->capacity, csv->count, sizeof(csv->cells[0])))
        return tenka_fail_nomem(csv->err);
    char *const begin = csv->cells[csv->count++] = *to;
    skip_blanks(csv);
    if (csv->at < csv->end && *csv->at == '"') {
        csv->at++;
        TENKA_TRY(read_quoted(csv, to));
    } else {
        read_plain(csv, to);
    }
    const bool zero = memchr(begin, '\0', (size_t)(*to - begin)) != NULL;
    *(*to)++ = '\0';
    if (zero || !tenka_is_utf8(begin))
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: line %u, column %zu is no UTF-8 text%s", csv->name, csv->line,
                          csv->count, zero ? ", but has a zero byte" : "; save the file as UTF-8");
    return TENKA_OK;
}

/* ---- Rows ---- */

/* Bytes of the row that begins here, or more, and its cells' ends. */
static size_t row_room(const struct tenka_csv *csv)
{
    bool quoted = false;
    const char *c = csv->at;
    for (; c < csv->end && (quoted || (*c != '\n' && *c != '\r')); c++)
        quoted = quoted != (*c == '"');
    return 2 * (size_t)(c - csv->at) + 2;
}

static tenka_status make_room(struct tenka_csv *csv)
{
    const size_t bytes = row_room(csv);
    if (bytes <= csv->room_bytes)
        return TENKA_OK;
    char *const room = tenka_realloc_array(csv->room, bytes, 2);
    if (room == NULL)
        return tenka_fail_nomem(csv->err);
    csv->room = room;
    csv->room_bytes = 2 * bytes;
    return TENKA_OK;
}

tenka_status tenka_csv_next(struct tenka_csv *csv, bool *more)
{
    csv->count = 0;
    *more = false;
    for (skip_blanks(csv); csv->at < csv->end && ends_line(csv); skip_blanks(csv))
        skip_line_end(csv);
    if (csv->at == csv->end)
        return TENKA_OK;
    *more = true;
    csv->line = csv->next_line;
    TENKA_TRY(make_room(csv));
    char *to = csv->room;
    TENKA_TRY(read_cell(csv, &to));
    while (!ends_line(csv)) {
        csv->at++;
        TENKA_TRY(read_cell(csv, &to));
    }
    skip_line_end(csv);
    return TENKA_OK;
}

/* ---- Writing ---- */

void tenka_csv_add(struct tenka_text *text, bool first, const char *cell)
{
    const size_t length = strlen(cell);
    const bool plain = length > 0 && strcspn(cell, "\",\r\n\t ;") == length;
    tenka_text_add(text, plain ? "%s" : "%s\"", first ? "" : ",");
    for (const char *c = cell; *c != '\0';) {
        const size_t piece = strcspn(c, "\"");
        tenka_text_add(text, "%.*s%s", (int)piece, c, c[piece] == '"' ? "\"\"" : "");
        c += piece + (c[piece] == '"');
    }
    if (!plain)
        tenka_text_add(text, "\"");
}
