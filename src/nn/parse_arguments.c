/* A layer's arguments from the text, by the table of its type. */
#include <math.h>
#include <stdio.h>

#include "nn/parser.h"

static tenka_status read_number(struct tenka_parser *p, const struct tenka_layer_arg *arg, double *out)
{
    char sentence[200];
    const size_t length = tenka_number_read(p->at, out);
    const bool whole = arg->kind != TENKA_ARG_FLOAT && arg->kind != TENKA_ARG_FLOATS;
    if (length == 0) {
        snprintf(sentence, sizeof(sentence), "a %snumber for %s", whole ? "whole " : "", arg->name);
        return tenka_parse_fail_expected(p, sentence);
    }
    /* Conversions to integers are safe only below. */
    if (whole && (*out != floor(*out) || fabs(*out) > INT32_MAX)) {
        snprintf(sentence, sizeof(sentence), "%s must be a whole number of at most %d", arg->name, INT32_MAX);
        return tenka_parse_fail(p, p->at, sentence);
    }
    p->at += length;
    return TENKA_OK;
}

/* After the opening bracket, up to the closing one. */
static tenka_status read_pair(struct tenka_parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    value->pair = true;
    value->list = *p->at++ == '[';
    tenka_parse_skip_space(p);
    TENKA_TRY(read_number(p, arg, &value->value[0]));
    value->value[1] = value->value[0];
    if ((arg->flags & TENKA_ARG_SINGLE) == 0) {
        TENKA_TRY(tenka_parse_expect(p, ',', "',' and a second number"));
        TENKA_TRY(read_number(p, arg, &value->value[1]));
    }
    tenka_parse_skip_space(p);
    if (*p->at == ',')
        p->at++;
    const bool single = (arg->flags & TENKA_ARG_SINGLE) != 0;
    return value->list ? tenka_parse_expect(p, ']', single ? "']' after the number" : "']' after the second number")
                       : tenka_parse_expect(p, ')', single ? "')' after the number" : "')' after the second number");
}

static tenka_status read_list(struct tenka_parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    const char end = *p->at == '[' ? ']' : ')';
    value->pair = true;
    value->list = *p->at++ == '[';
    for (tenka_parse_skip_space(p); *p->at != end;) {
        char sentence[100];
        if (value->n == TENKA_MAX_ARG_NUMBERS)
            return tenka_parse_fail(p, p->at, "these are more numbers than a tensor has axes");
        TENKA_TRY(read_number(p, arg, &value->value[value->n++]));
        tenka_parse_skip_space(p);
        snprintf(sentence, sizeof(sentence), "',' or '%c' after the number", end);
        if (*p->at != end)
            TENKA_TRY(tenka_parse_expect(p, ',', sentence));
    }
    p->at++;
    return TENKA_OK;
}

/* A word, which may stand in quotes. */
static tenka_status read_quoted(struct tenka_parser *p, const char *expected, char word[TENKA_MAX_LAYER_NAME])
{
    const char quote = *p->at == '\'' || *p->at == '"' ? *p->at : '\0';
    p->at += quote != '\0';
    TENKA_TRY(tenka_parse_word(p, expected, word));
    if (quote != '\0' && *p->at++ != quote) {
        p->at--;
        return tenka_parse_fail_expected(p, "the closing quote");
    }
    return TENKA_OK;
}

static tenka_status read_padding(struct tenka_parser *p, struct tenka_arg_value *value)
{
    char word[TENKA_MAX_LAYER_NAME];
    const char *const start = p->at;
    TENKA_TRY(read_quoted(p, "a number, 'same' or 'valid' for padding", word));
    value->word = strcmp(word, "same") == 0 ? "same" : strcmp(word, "valid") == 0 ? "valid" : NULL;
    p->at = value->word != NULL ? p->at : start;
    return value->word != NULL ? TENKA_OK : tenka_parse_fail_expected(p, "a number, 'same' or 'valid' for padding");
}

/* "'none' or 'tanh' for approximate", of the words that an argument may be. */
static void words_text(const struct tenka_layer_arg *arg, char *text, size_t bytes)
{
    size_t used = 0;
    for (const char *word = arg->word; used < bytes;) {
        const size_t length = strcspn(word, "|");
        const char *const before = word == arg->word ? "" : strchr(word, '|') != NULL ? ", " : " or ";
        used += (size_t)snprintf(text + used, bytes - used, "%s'%.*s'", before, (int)length, word);
        if (word[length] == '\0')
            break;
        word += length + 1;
    }
    if (used < bytes)
        snprintf(text + used, bytes - used, " for %s", arg->name);
}

static tenka_status read_word_value(struct tenka_parser *p, const struct tenka_layer_arg *arg,
                                    struct tenka_arg_value *value)
{
    char word[TENKA_MAX_LAYER_NAME], expected[200];
    const char *const start = p->at;
    value->plain = tenka_parse_is_letter(*p->at);
    words_text(arg, expected, sizeof(expected));
    TENKA_TRY(read_quoted(p, expected, word));
    const char *known = arg->word;
    for (size_t place = 0; *known != '\0'; place++) {
        const size_t length = strcspn(known, "|");
        value->value[0] = value->value[1] = (double)place;
        if (strlen(word) == length && memcmp(word, known, length) == 0)
            return TENKA_OK;
        known += length + (known[length] == '|');
    }
    value->value[0] = value->value[1] = 1;
    if ((arg->flags & TENKA_ARG_FIXED) != 0) /* the check says what is supported */
        return TENKA_OK;
    p->at = start;
    return tenka_parse_fail_expected(p, expected);
}

static tenka_status read_bool(struct tenka_parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    char word[TENKA_MAX_LAYER_NAME], expected[100];
    const char *const start = p->at;
    snprintf(expected, sizeof(expected), "True or False for %s", arg->name);
    TENKA_TRY(tenka_parse_word(p, expected, word));
    const bool yes = strcmp(word, "True") == 0;
    if (!yes && strcmp(word, "False") != 0) {
        p->at = start;
        return tenka_parse_fail_expected(p, expected);
    }
    value->value[0] = value->value[1] = yes;
    return TENKA_OK;
}

static tenka_status read_value(struct tenka_parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    value->given = true;
    if (strncmp(p->at, "None", 4) == 0 && !tenka_parse_is_word(p->at[4])) {
        p->at += 4;
        value->none = true;
        return TENKA_OK;
    }
    if (arg->kind == TENKA_ARG_WORD)
        return read_word_value(p, arg, value);
    if (arg->kind == TENKA_ARG_BOOL)
        return read_bool(p, arg, value);
    const bool pair = arg->kind == TENKA_ARG_PAIR || arg->kind == TENKA_ARG_PADDING || arg->kind == TENKA_ARG_FLOATS;
    if (pair && (*p->at == '(' || *p->at == '['))
        return read_pair(p, arg, value);
    if (arg->kind == TENKA_ARG_LIST && (*p->at == '(' || *p->at == '['))
        return read_list(p, arg, value);
    if (arg->kind == TENKA_ARG_PADDING && (tenka_parse_is_letter(*p->at) || *p->at == '\'' || *p->at == '"'))
        return read_padding(p, value);
    const char *const start = p->at;
    TENKA_TRY(read_number(p, arg, &value->value[0]));
    value->integer = memchr(start, '.', (size_t)(p->at - start)) == NULL && value->value[0] == floor(value->value[0]) &&
                     memchr(start, 'e', (size_t)(p->at - start)) == NULL && fabs(value->value[0]) < 1e15;
    value->value[1] = value->value[0];
    value->n = 1;
    return TENKA_OK;
}

/* The keyword before a "=", or "" when a value stands here. */
static tenka_status read_keyword(struct tenka_parser *p, char word[TENKA_MAX_LAYER_NAME])
{
    const char *const start = p->at;
    word[0] = '\0';
    if (!tenka_parse_is_letter(*p->at))
        return TENKA_OK;
    TENKA_TRY(tenka_parse_word(p, "an argument", word));
    tenka_parse_skip_space(p);
    if (*p->at == '=') {
        p->at++;
        tenka_parse_skip_space(p);
        return TENKA_OK;
    }
    p->at = start;
    word[0] = '\0';
    return TENKA_OK;
}

static tenka_status fail_argument(struct tenka_parser *p, const char *at, const struct tenka_layer_type *type,
                                  const char *what, const char *word)
{
    char sentence[600];
    size_t used = (size_t)snprintf(sentence, sizeof(sentence), "%s %s%.40s; %s", type->name, what, word,
                                   type->n_args > 0 ? "its arguments are " : "it has no arguments");
    for (size_t i = 0; i < type->n_args && used < sizeof(sentence); i++)
        used +=
            (size_t)snprintf(sentence + used, sizeof(sentence) - used, "%s%s", i > 0 ? ", " : "", type->args[i].name);
    return tenka_parse_fail(p, at, sentence);
}

static tenka_status find_argument(struct tenka_parser *p, const char *at, const struct tenka_layer_type *type,
                                  const char *word, size_t position, size_t *out)
{
    *out = position;
    if (word[0] != '\0') {
        for (*out = 0; *out < type->n_args; (*out)++) {
            if (strcmp(type->args[*out].name, word) == 0)
                return TENKA_OK;
        }
        return fail_argument(p, at, type, "has no argument ", word);
    }
    if (position == SIZE_MAX)
        return tenka_parse_fail(p, at, "an argument without a name follows one with a name");
    return position < type->n_args ? TENKA_OK : fail_argument(p, at, type, "has too many arguments", "");
}

tenka_status tenka_parse_arguments(struct tenka_parser *p, const struct tenka_layer_type *type,
                                   struct tenka_layer_values *values)
{
    size_t position = 0, index;
    while (*p->at != ')' && !(type->complete != NULL && *p->at == '(')) {
        char word[TENKA_MAX_LAYER_NAME];
        const char *const start = p->at;
        if (*p->at == '\0')
            return tenka_parse_fail_expected(p, "an argument or ')'");
        TENKA_TRY(read_keyword(p, word));
        TENKA_TRY(find_argument(p, start, type, word, position, &index));
        if (values->arg[index].given)
            return fail_argument(p, start, type, "is given twice the argument ", type->args[index].name);
        TENKA_TRY(read_value(p, &type->args[index], &values->arg[index]));
        position = word[0] != '\0' ? SIZE_MAX : position + 1;
        tenka_parse_skip_space(p);
        if (*p->at != ')' && !(type->complete != NULL && *p->at == '('))
            TENKA_TRY(tenka_parse_expect(p, ',', "',' or ')'"));
    }
    return TENKA_OK;
}
