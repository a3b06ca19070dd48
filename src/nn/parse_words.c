/* What all of a network's text is made of: words, names, and what is said where something else was expected. */
#include <stdio.h>

#include "nn/parser.h"

static void place(const struct tenka_parser *p, const char *at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (const char *c = p->text; c < at; c++) {
        *column = *c == '\n' ? 1 : *column + !tenka_utf8_continues(*c);
        *line += *c == '\n';
    }
}

tenka_status tenka_parse_fail(const struct tenka_parser *p, const char *at, const char *sentence)
{
    size_t line, column;
    place(p, at, &line, &column);
    return tenka_fail(p->err, TENKA_E_FORMAT, "network text, line %zu, column %zu: %s", line, column, sentence);
}

tenka_status tenka_parse_fail_expected(const struct tenka_parser *p, const char *expected)
{
    char sentence[400];
    const unsigned char c = (unsigned char)*p->at;
    if (c == '\0')
        snprintf(sentence, sizeof(sentence), "expected %.300s, but the text ends", expected);
    else if (c < 0x20 || c >= 0x7F)
        snprintf(sentence, sizeof(sentence), "expected %.300s, found the byte 0x%02x", expected, c);
    else
        snprintf(sentence, sizeof(sentence), "expected %.300s, found '%c'", expected, c);
    return tenka_parse_fail(p, p->at, sentence);
}

tenka_status tenka_parse_expect(struct tenka_parser *p, char c, const char *expected)
{
    tenka_parse_skip_space(p);
    if (*p->at != c)
        return tenka_parse_fail_expected(p, expected);
    p->at++;
    tenka_parse_skip_space(p);
    return TENKA_OK;
}

static tenka_status copy_word(struct tenka_parser *p, size_t length, char word[TENKA_MAX_LAYER_NAME])
{
    if (length >= TENKA_MAX_LAYER_NAME)
        return tenka_parse_fail(p, p->at, "this name is too long");
    memcpy(word, p->at, length);
    word[length] = '\0';
    p->at += length;
    return TENKA_OK;
}

tenka_status tenka_parse_word(struct tenka_parser *p, const char *expected, char word[TENKA_MAX_LAYER_NAME])
{
    size_t length = 0;
    if (!tenka_parse_is_letter(*p->at))
        return tenka_parse_fail_expected(p, expected);
    while (tenka_parse_is_word(p->at[length]))
        length++;
    return copy_word(p, length, word);
}

tenka_status tenka_parse_class(struct tenka_parser *p, char word[TENKA_MAX_LAYER_NAME])
{
    if (strncmp(p->at, "torch.", 6) == 0)
        p->at += 6;
    if (strncmp(p->at, "nn.", 3) == 0)
        p->at += 3;
    return tenka_parse_word(p, "a layer, such as Linear(784, 10)", word);
}

tenka_status tenka_parse_child_name(struct tenka_parser *p, char name[TENKA_MAX_LAYER_NAME])
{
    name[0] = '\0';
    if (*p->at != '(')
        return TENKA_OK;
    p->at++;
    const size_t length = strcspn(p->at, "().\t\r\n");
    if (length == 0)
        return tenka_parse_fail_expected(p, "a layer's name in parentheses");
    TENKA_TRY(copy_word(p, length, name));
    TENKA_TRY(tenka_parse_expect(p, ')', "')' after the layer's name"));
    return tenka_parse_expect(p, ':', "':' after the layer's name");
}
