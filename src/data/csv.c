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

static bool ends_line(const struct tenka_csv *csv, const char *c)
{
    return c == csv->end || *c == '\n' || *c == '\r';
}

static bool ends_cell(const struct tenka_csv *csv, const char *c)
{
    return ends_line(csv, c) || *c == csv->separator;
}

static const char *behind_blanks(const struct tenka_csv *csv, const char *c)
{
    while (c < csv->end && is_blank(*c, csv->separator))
        c++;
    return c;
}

/* Quotes open a cell, and are text anywhere else. */
static bool opens_quotes(const struct tenka_csv *csv, const char *c)
{
    return c < csv->end && *c == '"';
}

/* The quote that ends a text which begins at c; csv->end: none does. Doubled ones belong to the text. */
static const char *quotes_end(const struct tenka_csv *csv, const char *c)
{
    while (c < csv->end && (*c != '"' || (c + 1 < csv->end && c[1] == '"')))
        c += *c == '"' ? 2 : 1;
    return c;
}

static const char *plain_end(const struct tenka_csv *csv, const char *c)
{
    while (!ends_cell(csv, c))
        c++;
    return c;
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
    const char *const end = quotes_end(csv, csv->at);
    for (; csv->at < end; csv->at++) {
        csv->at += *csv->at == '"';
        csv->next_line += *csv->at == '\n';
        *(*to)++ = *csv->at;
    }
    if (csv->at == csv->end)
        return tenka_fail(csv->err, TENKA_E_FORMAT, "%s: the quotes that begin in line %u do not end", csv->name, line);
    csv->at = behind_blanks(csv, end + 1);
    return ends_cell(csv, csv->at)
               ? TENKA_OK
               : tenka_fail(csv->err, TENKA_E_FORMAT,
                            "%s: line %u has text behind quotes that have ended; quotes in a text are doubled",
                            csv->name, csv->next_line);
}

static void read_plain(struct tenka_csv *csv, char **to)
{
    char *const begin = *to;
    const char *const end = plain_end(csv, csv->at);
    while (csv->at < end)
        *(*to)++ = *csv->at++;
    while (*to > begin && is_blank((*to)[-1], csv->separator))
        (*to)--;
}

static tenka_status read_cell(struct tenka_csv *csv, char **to)
{
    if (!tenka_grow(&csv->cells, &csv->capacity, csv->count, sizeof(csv->cells[0])))
        return tenka_fail_nomem(csv->err);
    char *const begin = csv->cells[csv->count++] = *to;
    csv->at = behind_blanks(csv, csv->at);
    if (opens_quotes(csv, csv->at)) {
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

static const char *cell_end(const struct tenka_csv *csv, const char *c)
{
    c = behind_blanks(csv, c);
    if (opens_quotes(csv, c))
        c = quotes_end(csv, c + 1);
    return plain_end(csv, c);
}

/* What the cells of the row that begins here need: one byte behind each stands in place of its separator. */
static size_t row_room(const struct tenka_csv *csv)
{
    const char *c = cell_end(csv, csv->at);
    while (!ends_line(csv, c))
        c = cell_end(csv, c + 1);
    return (size_t)(c - csv->at) + 1;
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
    csv->at = behind_blanks(csv, csv->at);
    while (csv->at < csv->end && ends_line(csv, csv->at)) {
        skip_line_end(csv);
        csv->at = behind_blanks(csv, csv->at);
    }
    if (csv->at == csv->end)
        return TENKA_OK;
    *more = true;
    csv->line = csv->next_line;
    TENKA_TRY(make_room(csv));
    char *to = csv->room;
    TENKA_TRY(read_cell(csv, &to));
    while (!ends_line(csv, csv->at)) {
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
