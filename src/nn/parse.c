/* Networks from text, as print(model) writes them or as people type them:
 *
 *   layers    = { layer | "," }
 *   layer     = [ "(" name ")" ":" [ count "x" ] ] class "(" ( arguments | layers ) ")"
 *   arguments = [ argument { "," argument } ]
 *   argument  = [ name "=" ] value
 *   value     = number | "(" number "," number ")" | "[" number "," number "]" | True | False | None | word | 'word'
 *
 * A class may be written nn.Conv2d or torch.nn.Conv2d. The name of a counted layer is a range: "(0-2): 3 x ReLU()" is
 * how newer versions of PyTorch print a ModuleList of equal layers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/layer.h"

/* More than a network within the limits of layer.h is printed with. */
#define MAX_TEXT (8 * 1024 * 1024)
#define MAX_NAME TENKA_MAX_LAYER_NAME

struct parser {
    tenka_ctx *ctx;
    struct tenka_error *err;
    const char *text, *at;
    int depth, layers;
    uint64_t elements, max_elements;
};

/* ---- Reporting ---- */

static void place(const struct parser *p, const char *at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (const char *c = p->text; c < at; c++) {
        *column = *c == '\n' ? 1 : *column + !tenka_utf8_continues(*c);
        *line += *c == '\n';
    }
}

static tenka_status fail_at(const struct parser *p, const char *at, const char *sentence)
{
    size_t line, column;
    place(p, at, &line, &column);
    return tenka_fail(p->err, TENKA_E_FORMAT, "network text, line %zu, column %zu: %s", line, column, sentence);
}

/* Says what stands at p->at instead of what was expected. */
static tenka_status fail_expected(const struct parser *p, const char *expected)
{
    char sentence[400];
    const unsigned char c = (unsigned char)*p->at;
    if (c == '\0')
        snprintf(sentence, sizeof(sentence), "expected %.300s, but the text ends", expected);
    else if (c < 0x20 || c >= 0x7F)
        snprintf(sentence, sizeof(sentence), "expected %.300s, found the byte 0x%02x", expected, c);
    else
        snprintf(sentence, sizeof(sentence), "expected %.300s, found '%c'", expected, c);
    return fail_at(p, p->at, sentence);
}

/* What went wrong while a layer was made, with the place of the layer; device and memory troubles have none. */
static tenka_status fail_layer(const struct parser *p, const char *at, tenka_status status)
{
    if (status != TENKA_E_INVALID && status != TENKA_E_SHAPE)
        return status;
    const struct tenka_error last = *p->err;
    return fail_at(p, at, last.text);
}

/* ---- Words ---- */

/* Names in Python may have any letter; those beyond ASCII begin with a high byte. */
static bool is_letter(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static void skip_space(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

static tenka_status expect(struct parser *p, char c, const char *expected)
{
    skip_space(p);
    if (*p->at != c)
        return fail_expected(p, expected);
    p->at++;
    skip_space(p);
    return TENKA_OK;
}

static tenka_status copy_word(struct parser *p, size_t length, char word[MAX_NAME])
{
    if (length >= MAX_NAME)
        return fail_at(p, p->at, "this name is too long");
    memcpy(word, p->at, length);
    word[length] = '\0';
    p->at += length;
    return TENKA_OK;
}

static tenka_status read_word(struct parser *p, const char *expected, char word[MAX_NAME])
{
    size_t length = 0;
    if (!is_letter(*p->at))
        return fail_expected(p, expected);
    while (is_word(p->at[length]))
        length++;
    return copy_word(p, length, word);
}

static tenka_status read_class(struct parser *p, char word[MAX_NAME])
{
    if (strncmp(p->at, "torch.", 6) == 0)
        p->at += 6;
    if (strncmp(p->at, "nn.", 3) == 0)
        p->at += 3;
    return read_word(p, "a layer, such as Linear(784, 10)", word);
}

/* "(name): " before a layer; name is "" when there is none. */
static tenka_status read_child_name(struct parser *p, char name[MAX_NAME])
{
    name[0] = '\0';
    if (*p->at != '(')
        return TENKA_OK;
    p->at++;
    const size_t length = strcspn(p->at, "().\t\r\n");
    if (length == 0)
        return fail_expected(p, "a layer's name in parentheses");
    TENKA_TRY(copy_word(p, length, name));
    TENKA_TRY(expect(p, ')', "')' after the layer's name"));
    return expect(p, ':', "':' after the layer's name");
}

/* ---- Arguments ---- */

static tenka_status read_number(struct parser *p, const struct tenka_layer_arg *arg, double *out)
{
    char sentence[200];
    const size_t length = tenka_number_read(p->at, out);
    const bool whole = arg->kind != TENKA_ARG_FLOAT;
    if (length == 0) {
        snprintf(sentence, sizeof(sentence), "a %snumber for %s", whole ? "whole " : "", arg->name);
        return fail_expected(p, sentence);
    }
    /* Conversions to integers are safe only below. */
    if (whole && (*out != floor(*out) || fabs(*out) > INT32_MAX)) {
        snprintf(sentence, sizeof(sentence), "%s must be a whole number of at most %d", arg->name, INT32_MAX);
        return fail_at(p, p->at, sentence);
    }
    p->at += length;
    return TENKA_OK;
}

/* After the opening bracket, up to the closing one. */
static tenka_status read_pair(struct parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    value->pair = true;
    value->list = *p->at++ == '[';
    skip_space(p);
    TENKA_TRY(read_number(p, arg, &value->value[0]));
    TENKA_TRY(expect(p, ',', "',' and a second number"));
    TENKA_TRY(read_number(p, arg, &value->value[1]));
    skip_space(p);
    if (*p->at == ',')
        p->at++;
    return value->list ? expect(p, ']', "']' after the second number") : expect(p, ')', "')' after the second number");
}

/* A word, which may stand in quotes. */
static tenka_status read_quoted(struct parser *p, const char *expected, char word[MAX_NAME])
{
    const char quote = *p->at == '\'' || *p->at == '"' ? *p->at : '\0';
    p->at += quote != '\0';
    TENKA_TRY(read_word(p, expected, word));
    if (quote != '\0' && *p->at++ != quote) {
        p->at--;
        return fail_expected(p, "the closing quote");
    }
    return TENKA_OK;
}

static tenka_status read_padding(struct parser *p, struct tenka_arg_value *value)
{
    char word[MAX_NAME];
    const char *const start = p->at;
    TENKA_TRY(read_quoted(p, "a number, 'same' or 'valid' for padding", word));
    value->word = strcmp(word, "same") == 0 ? "same" : strcmp(word, "valid") == 0 ? "valid" : NULL;
    p->at = value->word != NULL ? p->at : start;
    return value->word != NULL ? TENKA_OK : fail_expected(p, "a number, 'same' or 'valid' for padding");
}

static tenka_status read_word_value(struct parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    char word[MAX_NAME], expected[100];
    const char *const start = p->at, *const other = strchr(arg->word, '|');
    const size_t length = strcspn(arg->word, "|");
    if (other != NULL)
        snprintf(expected, sizeof(expected), "'%.*s' or '%s' for %s", (int)length, arg->word, other + 1, arg->name);
    else
        snprintf(expected, sizeof(expected), "a word");
    TENKA_TRY(read_quoted(p, expected, word));
    value->value[0] = value->value[1] = strlen(word) != length || memcmp(word, arg->word, length) != 0;
    if (value->value[0] == 0 || other == NULL || strcmp(word, other + 1) == 0)
        return TENKA_OK;
    p->at = start;
    return fail_expected(p, expected);
}

static tenka_status read_bool(struct parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    char word[MAX_NAME], expected[100];
    const char *const start = p->at;
    snprintf(expected, sizeof(expected), "True or False for %s", arg->name);
    TENKA_TRY(read_word(p, expected, word));
    const bool yes = strcmp(word, "True") == 0;
    if (!yes && strcmp(word, "False") != 0) {
        p->at = start;
        return fail_expected(p, expected);
    }
    value->value[0] = value->value[1] = yes;
    return TENKA_OK;
}

static tenka_status read_value(struct parser *p, const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    value->given = true;
    if (strncmp(p->at, "None", 4) == 0 && !is_word(p->at[4])) {
        p->at += 4;
        value->none = true;
        return TENKA_OK;
    }
    if (arg->kind == TENKA_ARG_WORD)
        return read_word_value(p, arg, value);
    if (arg->kind == TENKA_ARG_BOOL)
        return read_bool(p, arg, value);
    const bool pair = arg->kind == TENKA_ARG_PAIR || arg->kind == TENKA_ARG_PADDING;
    if (pair && (*p->at == '(' || *p->at == '['))
        return read_pair(p, arg, value);
    if (arg->kind == TENKA_ARG_PADDING && (is_letter(*p->at) || *p->at == '\'' || *p->at == '"'))
        return read_padding(p, value);
    const char *const start = p->at;
    TENKA_TRY(read_number(p, arg, &value->value[0]));
    value->integer = memchr(start, '.', (size_t)(p->at - start)) == NULL && value->value[0] == floor(value->value[0]) &&
                     memchr(start, 'e', (size_t)(p->at - start)) == NULL && fabs(value->value[0]) < 1e15;
    value->value[1] = value->value[0];
    return TENKA_OK;
}

/* The keyword before a "=", or "" when a value stands here. */
static tenka_status read_keyword(struct parser *p, char word[MAX_NAME])
{
    const char *const start = p->at;
    word[0] = '\0';
    if (!is_letter(*p->at))
        return TENKA_OK;
    TENKA_TRY(read_word(p, "an argument", word));
    skip_space(p);
    if (*p->at == '=') {
        p->at++;
        skip_space(p);
        return TENKA_OK;
    }
    p->at = start;
    word[0] = '\0';
    return TENKA_OK;
}

static tenka_status fail_argument(struct parser *p, const char *at, const struct tenka_layer_type *type,
                                  const char *what, const char *word)
{
    char sentence[600];
    size_t used = (size_t)snprintf(sentence, sizeof(sentence), "%s %s%.40s; %s", type->name, what, word,
                                   type->n_args > 0 ? "its arguments are " : "it has no arguments");
    for (size_t i = 0; i < type->n_args && used < sizeof(sentence); i++)
        used +=
            (size_t)snprintf(sentence + used, sizeof(sentence) - used, "%s%s", i > 0 ? ", " : "", type->args[i].name);
    return fail_at(p, at, sentence);
}

static tenka_status find_argument(struct parser *p, const char *at, const struct tenka_layer_type *type,
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
        return fail_at(p, at, "an argument without a name follows one with a name");
    return position < type->n_args ? TENKA_OK : fail_argument(p, at, type, "has too many arguments", "");
}

/* Arguments up to the closing parenthesis, which stays. */
static tenka_status read_arguments(struct parser *p, const struct tenka_layer_type *type,
                                   struct tenka_layer_values *values)
{
    size_t position = 0, index;
    while (*p->at != ')') {
        char word[MAX_NAME];
        const char *const start = p->at;
        if (*p->at == '\0')
            return fail_expected(p, "an argument or ')'");
        TENKA_TRY(read_keyword(p, word));
        TENKA_TRY(find_argument(p, start, type, word, position, &index));
        if (values->arg[index].given)
            return fail_argument(p, start, type, "is given twice the argument ", type->args[index].name);
        TENKA_TRY(read_value(p, &type->args[index], &values->arg[index]));
        position = word[0] != '\0' ? SIZE_MAX : position + 1;
        skip_space(p);
        if (*p->at != ')')
            TENKA_TRY(expect(p, ',', "',' or ')'"));
    }
    return TENKA_OK;
}

/* ---- Layers ---- */

static tenka_status read_layers(struct parser *p, tenka_module *container);

static tenka_status make_layer(struct parser *p, const char *at, const struct tenka_layer_type *type,
                               struct tenka_layer_values *values, tenka_module **out)
{
    tenka_status status = tenka_layer_complete(p->err, type, values);
    if (status != TENKA_OK)
        return fail_layer(p, at, status);
    const uint64_t elements = type->elements != NULL ? type->elements(values) : 0;
    if (elements > p->max_elements - p->elements)
        return fail_at(p, at, "the network has more parameters than the file has room for");
    p->elements += elements;
    status = tenka_layer_make(p->ctx, type, values, out);
    return status == TENKA_OK ? TENKA_OK : fail_layer(p, at, status);
}

/* Where a layer belongs. */
struct place {
    tenka_module *container; /* NULL: nowhere yet */
    const char *name;        /* "": its index */
    const char *at;          /* in the text */
};

/* The layer is the container's from now on, also on failure. */
static tenka_status put(const struct parser *p, const struct place *place, tenka_module *layer)
{
    if (place->container == NULL)
        return TENKA_OK;
    const tenka_status status =
        tenka_nn_append(place->container, place->name[0] != '\0' ? place->name : NULL, layer);
    return status == TENKA_OK ? TENKA_OK : fail_layer(p, place->at, status);
}

static tenka_status read_leaf(struct parser *p, const struct place *place, const char *at,
                              const struct tenka_layer_type *type, tenka_module **out)
{
    struct tenka_layer_values values = {0};
    TENKA_TRY(read_arguments(p, type, &values));
    TENKA_TRY(expect(p, ')', "')'"));
    TENKA_TRY(make_layer(p, at, type, &values, out));
    return put(p, place, *out);
}

/* The container finds its place before its children come, so that each of them is named once. */
static tenka_status read_container(struct parser *p, const struct place *place, const char *class_name,
                                   tenka_module **out)
{
    if (p->depth >= TENKA_MAX_NESTING)
        return fail_at(p, p->at, "layers are nested too deeply");
    TENKA_TRY(tenka_container_make(p->ctx, class_name, out));
    TENKA_TRY(put(p, place, *out));
    p->depth++;
    tenka_status status = read_layers(p, *out);
    if (status == TENKA_OK)
        status = expect(p, ')', "a layer or ')'");
    p->depth--;
    if (status != TENKA_OK && place->container == NULL)
        tenka_module_destroy(out);
    return status;
}

/* Whether layers follow, and not arguments: "(name): ...", "Class(" or "nn.Class(". */
static bool layers_follow(const struct parser *p)
{
    size_t n = 0;
    if (*p->at == '(')
        return true;
    while (is_word(p->at[n]) || p->at[n] == '.')
        n++;
    return n > 0 && is_letter(*p->at) && p->at[n] == '(';
}

/* PyTorch's other containers, which are known when they are empty too. */
static bool is_empty_list(const struct parser *p, const char *class_name)
{
    return *p->at == ')' && (strcmp(class_name, "ModuleList") == 0 || strcmp(class_name, "ModuleDict") == 0);
}

static tenka_status fail_unknown(const struct parser *p, const char *at, const char *class_name)
{
    char names[700], sentence[800];
    const char *const nearest = tenka_layer_nearest(class_name);
    if (nearest != NULL)
        snprintf(sentence, sizeof(sentence), "%.60s is no known layer; the nearest is %s", class_name, nearest);
    else
        snprintf(sentence, sizeof(sentence), "%.60s is no known layer; known are %s", class_name,
                 tenka_layer_names(names, sizeof(names)));
    return fail_at(p, at, sentence);
}

/* On failure *out is the container's, or there is none. */
static tenka_status read_layer(struct parser *p, const struct place *place, tenka_module **out)
{
    char class_name[MAX_NAME];
    const char *const start = p->at;
    /* One may hold all others. */
    if (++p->layers > TENKA_MAX_LAYERS + 1)
        return fail_at(p, p->at, "there are too many layers");
    TENKA_TRY(read_class(p, class_name));
    TENKA_TRY(expect(p, '(', "'(' after the layer's class"));
    const struct tenka_layer_type *const type = tenka_layer_find(class_name);
    if (type != NULL && !type->container)
        return read_leaf(p, place, start, type, out);
    if (type == NULL && !layers_follow(p) && !is_empty_list(p, class_name))
        return fail_unknown(p, start, class_name);
    if (type == NULL)
        tenka_say(tenka_ctx_log(p->ctx), TENKA_LOG_DEBUG, "network text: %s is taken for a Sequential", class_name);
    return read_container(p, place, class_name, out);
}

static void skip_separators(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n,");
}

static tenka_status read_child(struct parser *p, tenka_module *container, const char *name)
{
    const struct place place = {.container = container, .name = name, .at = p->at};
    tenka_module *child;
    return read_layer(p, &place, &child);
}

/* Whether "3 x " stands here, which is then left behind. */
static bool read_count(struct parser *p, unsigned long *count)
{
    const size_t digits = strspn(p->at, "0123456789"), space = strspn(p->at + digits, " ");
    if (digits == 0 || digits > 6 || p->at[digits + space] != 'x' || p->at[digits + space + 1] != ' ')
        return false;
    *count = strtoul(p->at, NULL, 10);
    p->at += digits + space + 1;
    skip_space(p);
    return true;
}

/* The same layer count times, named by the numbers of a range such as "0-2". */
static tenka_status read_children(struct parser *p, tenka_module *container, const char *at, const char *range,
                                  unsigned long count)
{
    unsigned long first = 0, last = 0;
    int length = 0;
    if (sscanf(range, "%6lu-%6lu%n", &first, &last, &length) != 2 || range[length] != '\0' || last < first ||
        last - first + 1 != count)
        return fail_at(p, at, "expected as many numbers in the name's range as layers are counted");
    const char *const body = p->at;
    for (unsigned long i = first; i <= last; i++) {
        char name[24];
        snprintf(name, sizeof(name), "%lu", i);
        p->at = body;
        TENKA_TRY(read_child(p, container, name));
    }
    return TENKA_OK;
}

/* Layers up to the end of the text or a closing parenthesis, which stays. */
static tenka_status read_layers(struct parser *p, tenka_module *container)
{
    for (skip_separators(p); *p->at != '\0' && *p->at != ')'; skip_separators(p)) {
        char name[MAX_NAME];
        unsigned long count;
        const char *const start = p->at;
        TENKA_TRY(read_child_name(p, name));
        if (name[0] != '\0' && read_count(p, &count))
            TENKA_TRY(read_children(p, container, start, name, count));
        else
            TENKA_TRY(read_child(p, container, name));
    }
    return TENKA_OK;
}

/* One layer without a name is the network itself; anything else becomes the children of a Sequential. */
static tenka_status read_network(struct parser *p, tenka_module **out)
{
    const char *const start = p->at;
    char name[MAX_NAME];
    const struct place nowhere = {.container = NULL};
    tenka_module *first = NULL;
    TENKA_TRY(read_child_name(p, name));
    TENKA_TRY(read_layer(p, &nowhere, &first));
    skip_separators(p);
    if (name[0] == '\0' && *p->at == '\0') {
        *out = first;
        return TENKA_OK;
    }
    tenka_status status = tenka_container_make(p->ctx, NULL, out);
    if (status != TENKA_OK) {
        tenka_module_destroy(&first);
        return status;
    }
    const struct place root = {.container = *out, .name = name, .at = start};
    TENKA_TRY(put(p, &root, first));
    TENKA_TRY(read_layers(p, *out));
    return *p->at == '\0' ? TENKA_OK : fail_expected(p, "a layer or the end");
}

static tenka_status check_characters(const struct parser *p)
{
    size_t length;
    for (const char *c = p->text; *c != '\0'; c += length) {
        length = tenka_utf8_length(c);
        if (length == 0)
            return fail_at(p, c, "expected text in UTF-8, found a byte that is none");
    }
    return TENKA_OK;
}

tenka_status tenka_nn_parse_limited(tenka_ctx *ctx, const char *text, uint64_t max_elements, tenka_module **out)
{
    struct parser p = {.ctx = ctx, .err = tenka_ctx_error(ctx), .text = text, .at = text, .max_elements = max_elements};
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    *out = NULL;
    if (strlen(text) > MAX_TEXT)
        return tenka_fail(p.err, TENKA_E_FORMAT, "network text: %zu bytes are too many; the limit is %d", strlen(text),
                          MAX_TEXT);
    TENKA_TRY(check_characters(&p));
    skip_separators(&p);
    const tenka_status status = read_network(&p, out);
    if (status != TENKA_OK) {
        tenka_module_destroy(out);
        *tenka_ctx_rng(ctx) = before;
    }
    return status;
}

tenka_status tenka_nn_parse(tenka_ctx *ctx, const char *text, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    if (text == NULL || out == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID, "nn_parse: text or out is NULL");
    TENKA_TRY(tenka_nn_parse_limited(ctx, text, UINT64_MAX, out));
    tenka_module_warn_of_classes(*out);
    return TENKA_OK;
}

const char *tenka_nn_reference_text(void)
{
    return "Net(\n"
           "  (base_net): Sequential(\n"
           "    (0): Conv2d(1, 20, kernel_size=(5, 5), stride=(1, 1))\n"
           "    (1): ReLU()\n"
           "    (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"
           "    (3): Conv2d(20, 40, kernel_size=(5, 5), stride=(1, 1))\n"
           "    (4): ReLU()\n"
           "  )\n"
           "  (classfier): Sequential(\n"
           "    (0): Linear(in_features=2560, out_features=100, bias=True)\n"
           "    (1): ReLU()\n"
           "    (2): Linear(in_features=100, out_features=10, bias=True)\n"
           "    (3): LogSoftmax(dim=1)\n"
           "  )\n"
           ")";
}
