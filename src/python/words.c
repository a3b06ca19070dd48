/* What all of Python's text is made of: spaces, names, and what is said where something else was expected. */
#include <stdarg.h>
#include <stdio.h>

#include "python/python.h"

/* ---- Failures ---- */

static void place(const struct tenka_py_reader *r, const char *at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (const char *c = r->text; c < at; c++) {
        *column = *c == '\n' ? 1 : *column + !tenka_utf8_continues(*c);
        *line += *c == '\n';
    }
}

tenka_status tenka_py_fail(const struct tenka_py_reader *r, const char *at, const char *format, ...)
{
    char sentence[900];
    size_t line, column;
    va_list list;
    va_start(list, format);
    vsnprintf(sentence, sizeof(sentence), format, list);
    va_end(list);
    place(r, at, &line, &column);
    return tenka_fail(r->err, TENKA_E_FORMAT, "%s, line %zu, column %zu: %s", r->what, line, column, sentence);
}

tenka_status tenka_py_fail_expected(const struct tenka_py_reader *r, const char *expected)
{
    const unsigned char c = (unsigned char)*r->at;
    const size_t length = tenka_py_name_length(r->at);
    if (c == '\0')
        return tenka_py_fail(r, r->at, "expected %s, but the text ends", expected);
    if (c == '\n' || c == '\r')
        return tenka_py_fail(r, r->at, "expected %s, but the line ends", expected);
    if (length > 0)
        return tenka_py_fail(r, r->at, "expected %s, found '%.*s'", expected, length < 60 ? (int)length : 60, r->at);
    if (c < 0x20 || c >= 0x7F)
        return tenka_py_fail(r, r->at, "expected %s, found the byte 0x%02x", expected, c);
    return tenka_py_fail(r, r->at, "expected %s, found '%c'", expected, c);
}

/* ---- Spaces ---- */

static void skip(struct tenka_py_reader *r, bool newlines)
{
    for (;;) {
        r->at += strspn(r->at, newlines ? " \t\r\n" : " \t\r");
        if (*r->at == '#')
            r->at += strcspn(r->at, "\n");
        else if (r->at[0] == '\\' && r->at[1] == '\n')
            r->at += 2;
        else
            return;
    }
}

void tenka_py_skip(struct tenka_py_reader *r)
{
    skip(r, r->brackets > 0);
}

void tenka_py_skip_lines(struct tenka_py_reader *r)
{
    skip(r, true);
}

/* ---- Words ---- */

/* Names in Python may have any letter; those beyond ASCII begin with a high byte. */
static bool is_letter(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t tenka_py_name_length(const char *at)
{
    size_t length = 0;
    if (!is_letter(*at))
        return 0;
    while (is_letter(at[length]) || (at[length] >= '0' && at[length] <= '9'))
        length++;
    return length;
}

bool tenka_py_is(struct tenka_py_reader *r, const char *piece)
{
    const size_t length = strlen(piece);
    const bool word = tenka_py_name_length(piece) == length;
    return strncmp(r->at, piece, length) == 0 && !(word && tenka_py_name_length(r->at) != length);
}

tenka_status tenka_py_expect(struct tenka_py_reader *r, const char *piece, const char *expected)
{
    if (!tenka_py_is(r, piece))
        return tenka_py_fail_expected(r, expected);
    r->at += strlen(piece);
    tenka_py_skip(r);
    return TENKA_OK;
}

void *tenka_py_alloc(struct tenka_py_reader *r, size_t bytes)
{
    void *memory = tenka_arena_alloc(r->arena, bytes);
    if (memory == NULL)
        tenka_fail_nomem(r->err);
    return memory;
}

tenka_status tenka_py_word(struct tenka_py_reader *r, size_t length, const char **out)
{
    char *word = tenka_py_alloc(r, length + 1);
    if (word == NULL)
        return TENKA_E_NOMEM;
    memcpy(word, r->at, length);
    *out = word;
    r->at += length;
    tenka_py_skip(r);
    return TENKA_OK;
}

tenka_status tenka_py_name(struct tenka_py_reader *r, const char *expected, const char **out)
{
    const size_t length = tenka_py_name_length(r->at);
    return length > 0 ? tenka_py_word(r, length, out) : tenka_py_fail_expected(r, expected);
}
