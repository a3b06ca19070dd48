/* Expressions:
 *
 *   value   = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=") sum }
 *   sum     = product { ("+" | "-") product }
 *   product = sign { ("*" | "/" | "//" | "%" | "@") sign }
 *   sign    = [ "-" | "+" ] power
 *   power   = primary [ "**" sign ]
 *   primary = atom { "." name | "(" arguments ")" | "[" index "]" }
 *   atom    = name | number | string | True | False | None | "(" list ")" | "[" list "]" | "{" pairs "}"
 *
 * Conditions, lambdas and comprehensions do not occur in what PyTorch prints. */
#include <errno.h>
#include <stdlib.h>

#include "python/python.h"

/* Expressions in expressions, and operators in a row. */
#define MOST_DEPTH 200
/* Levels of a tree, which rows in parentheses and in rows add up to: who goes through it calls itself at each. */
#define MOST_HEIGHT (2 * MOST_DEPTH)

static tenka_status read_value(struct tenka_py_reader *r, const struct tenka_py **out);

static tenka_status fail_deep(const struct tenka_py_reader *r)
{
    return tenka_py_fail(r, r->at, "this expression is nested too deeply");
}

static struct tenka_py *make(struct tenka_py_reader *r, enum tenka_py_kind kind, const char *at)
{
    struct tenka_py *e = tenka_py_alloc(r, sizeof(*e));
    if (e != NULL)
        *e = (struct tenka_py){.kind = kind, .at = at};
    return e;
}

/* Children as they are found. */
struct children {
    const struct tenka_py *first;
    const struct tenka_py **end;
    int height; /* of the highest */
};

static void adopt(struct tenka_py *up, const struct children *list)
{
    up->child = list->first;
    up->height = list->height + 1;
}

/* An expression has one parent, who links it: copies stand in other places. */
static tenka_status add(struct tenka_py_reader *r, struct children *list, const struct tenka_py *e)
{
    if (e->height > MOST_HEIGHT)
        return fail_deep(r);
    struct tenka_py *copy = make(r, e->kind, e->at);
    if (copy == NULL)
        return TENKA_E_NOMEM;
    *copy = *e;
    copy->next = NULL;
    if (list->first == NULL)
        list->first = copy;
    else
        *list->end = copy;
    list->end = &copy->next;
    list->height = e->height > list->height ? e->height : list->height;
    return TENKA_OK;
}

/* ---- Lists of expressions ---- */

static tenka_status open(struct tenka_py_reader *r)
{
    r->at++;
    r->brackets++;
    tenka_py_skip(r);
    return TENKA_OK;
}

static tenka_status close(struct tenka_py_reader *r, const char *bracket, const char *expected)
{
    if (*r->at != *bracket)
        return tenka_py_fail_expected(r, expected);
    r->brackets--;
    return tenka_py_expect(r, bracket, expected);
}

/* What read finds, separated by commas, up to the bracket, which stays. *comma: there was one. */
static tenka_status read_list(struct tenka_py_reader *r, char bracket, struct children *list, bool *comma,
                              tenka_status (*read)(struct tenka_py_reader *r, struct children *list))
{
    *comma = false;
    while (*r->at != bracket) {
        TENKA_TRY(read(r, list));
        if (*r->at != ',')
            break;
        *comma = true;
        TENKA_TRY(tenka_py_expect(r, ",", "','"));
    }
    return TENKA_OK;
}

static tenka_status read_element(struct tenka_py_reader *r, struct children *list)
{
    const struct tenka_py *e;
    TENKA_TRY(read_value(r, &e));
    return add(r, list, e);
}

static tenka_status read_pair(struct tenka_py_reader *r, struct children *list)
{
    TENKA_TRY(read_element(r, list));
    TENKA_TRY(tenka_py_expect(r, ":", "':' after the key"));
    return read_element(r, list);
}

/* Whether "name =" follows, and not "name ==". */
static bool keyword_follows(const struct tenka_py_reader *r)
{
    const char *at = r->at + tenka_py_name_length(r->at);
    if (at == r->at)
        return false;
    at += strspn(at, " \t\r\n");
    return at[0] == '=' && at[1] != '=';
}

static tenka_status read_argument(struct tenka_py_reader *r, struct children *list)
{
    struct tenka_py *e = make(r, TENKA_PY_KEYWORD, r->at);
    if (e == NULL)
        return TENKA_E_NOMEM;
    if (!keyword_follows(r))
        return read_element(r, list);
    TENKA_TRY(tenka_py_name(r, "an argument", &e->word));
    TENKA_TRY(tenka_py_expect(r, "=", "'='"));
    TENKA_TRY(read_value(r, &e->child));
    e->height = e->child->height + 1;
    return add(r, list, e);
}

static tenka_status add_absent(struct tenka_py_reader *r, struct children *list)
{
    const struct tenka_py *e = make(r, TENKA_PY_ABSENT, r->at);
    return e != NULL ? add(r, list, e) : TENKA_E_NOMEM;
}

/* An index, or begin:end:step, of which each may be left out. */
static tenka_status read_index(struct tenka_py_reader *r, struct children *list)
{
    struct tenka_py *slice = make(r, TENKA_PY_SLICE, r->at);
    struct children bounds = {0};
    int colons = 0;
    if (slice == NULL)
        return TENKA_E_NOMEM;
    for (;;) {
        const bool none = *r->at == ':' || *r->at == ']' || *r->at == ',';
        TENKA_TRY(none ? add_absent(r, &bounds) : read_element(r, &bounds));
        if (*r->at != ':' || colons == 2)
            break;
        colons++;
        TENKA_TRY(tenka_py_expect(r, ":", "':'"));
    }
    adopt(slice, &bounds);
    if (colons > 0)
        return add(r, list, slice);
    return bounds.first->kind == TENKA_PY_ABSENT ? tenka_py_fail_expected(r, "an index") : add(r, list, bounds.first);
}

/* ---- Atoms ---- */

static tenka_status read_string(struct tenka_py_reader *r, struct tenka_py *e)
{
    const char quote = *r->at++, ends[] = {quote, '\\', '\n', '\0'};
    const size_t length = strcspn(r->at, ends);
    e->kind = TENKA_PY_STRING;
    e->quote = quote;
    if (r->at[length] != quote)
        return tenka_py_fail(r, r->at + length, "%s",
                             r->at[length] == '\\' ? "strings with \\ are not read" : "the string does not end");
    TENKA_TRY(tenka_py_word(r, length, &e->word));
    r->at = e->at + length + 2;
    tenka_py_skip(r);
    return TENKA_OK;
}

/* Digits, and what makes a number a float. */
static tenka_status read_number(struct tenka_py_reader *r, struct tenka_py *e)
{
    const size_t length = tenka_number_read(r->at, &e->number), digits = strspn(r->at, "0123456789");
    if (length == 0)
        return tenka_py_fail_expected(r, "a value");
    e->kind = digits == length ? TENKA_PY_INT : TENKA_PY_FLOAT;
    if (tenka_py_name_length(r->at + length) > 0)
        return tenka_py_fail(r, r->at + length, "a name begins in a number");
    errno = 0;
    e->integer = e->kind == TENKA_PY_INT ? strtoll(r->at, NULL, 10) : 0;
    if (errno == ERANGE)
        return tenka_py_fail(r, r->at, "this number is too large");
    return tenka_py_word(r, length, &e->word);
}

static tenka_status read_name(struct tenka_py_reader *r, struct tenka_py *e)
{
    static const struct {
        const char *word;
        enum tenka_py_kind kind;
    } constants[] = {{"None", TENKA_PY_NONE}, {"True", TENKA_PY_TRUE}, {"False", TENKA_PY_FALSE}};
    TENKA_TRY(tenka_py_name(r, "a value", &e->word));
    e->kind = TENKA_PY_NAME;
    for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++)
        if (strcmp(e->word, constants[i].word) == 0)
            e->kind = constants[i].kind;
    return TENKA_OK;
}

/* A value in parentheses, or a tuple. */
static tenka_status read_parentheses(struct tenka_py_reader *r, struct tenka_py *e)
{
    struct children list = {0};
    bool comma;
    TENKA_TRY(open(r));
    TENKA_TRY(read_list(r, ')', &list, &comma, read_element));
    TENKA_TRY(close(r, ")", "',' or ')'"));
    if (list.first != NULL && !comma)
        *e = *list.first;
    else
        *e = (struct tenka_py){.kind = TENKA_PY_TUPLE, .at = e->at, .child = list.first, .height = list.height + 1};
    return TENKA_OK;
}

static tenka_status read_bracketed(struct tenka_py_reader *r, struct tenka_py *e)
{
    const bool dict = *r->at == '{';
    struct children list = {0};
    bool comma;
    TENKA_TRY(open(r));
    TENKA_TRY(read_list(r, dict ? '}' : ']', &list, &comma, dict ? read_pair : read_element));
    e->kind = dict ? TENKA_PY_DICT : TENKA_PY_LIST;
    adopt(e, &list);
    return close(r, dict ? "}" : "]", dict ? "',' or '}'" : "',' or ']'");
}

static tenka_status read_atom(struct tenka_py_reader *r, const struct tenka_py **out)
{
    struct tenka_py *e = make(r, TENKA_PY_NONE, r->at);
    const char c = *r->at;
    if (e == NULL)
        return TENKA_E_NOMEM;
    *out = e;
    if (c == '(')
        return read_parentheses(r, e);
    if (c == '[' || c == '{')
        return read_bracketed(r, e);
    if (c == '\'' || c == '"')
        return read_string(r, e);
    return tenka_py_name_length(r->at) > 0 ? read_name(r, e) : read_number(r, e);
}

/* ---- What follows an atom ---- */

/* The parent, of a kind, of *e as its first child. */
static tenka_status wrap(struct tenka_py_reader *r, enum tenka_py_kind kind, const struct tenka_py *e,
                         struct children *list, struct tenka_py **out)
{
    *out = make(r, kind, e->at);
    return *out != NULL ? add(r, list, e) : TENKA_E_NOMEM;
}

static tenka_status read_attribute(struct tenka_py_reader *r, const struct tenka_py **e)
{
    struct children list = {0};
    struct tenka_py *up;
    TENKA_TRY(wrap(r, TENKA_PY_ATTRIBUTE, *e, &list, &up));
    TENKA_TRY(tenka_py_expect(r, ".", "'.'"));
    TENKA_TRY(tenka_py_name(r, "an attribute's name", &up->word));
    adopt(up, &list);
    *e = up;
    return TENKA_OK;
}

static tenka_status read_call(struct tenka_py_reader *r, const struct tenka_py **e)
{
    struct children list = {0};
    struct tenka_py *up;
    bool comma;
    TENKA_TRY(wrap(r, TENKA_PY_CALL, *e, &list, &up));
    TENKA_TRY(open(r));
    TENKA_TRY(read_list(r, ')', &list, &comma, read_argument));
    adopt(up, &list);
    *e = up;
    return close(r, ")", "',' or ')'");
}

static tenka_status read_subscript(struct tenka_py_reader *r, const struct tenka_py **e)
{
    struct children list = {0}, index = {0};
    struct tenka_py *up, *tuple = make(r, TENKA_PY_TUPLE, r->at + 1);
    bool comma;
    if (tuple == NULL)
        return TENKA_E_NOMEM;
    TENKA_TRY(wrap(r, TENKA_PY_SUBSCRIPT, *e, &list, &up));
    TENKA_TRY(open(r));
    TENKA_TRY(read_list(r, ']', &index, &comma, read_index));
    if (index.first == NULL)
        return tenka_py_fail_expected(r, "an index");
    adopt(tuple, &index);
    tuple->bare = true;
    TENKA_TRY(add(r, &list, comma ? tuple : index.first));
    adopt(up, &list);
    *e = up;
    return close(r, "]", "',' or ']'");
}

static tenka_status read_primary(struct tenka_py_reader *r, const struct tenka_py **out)
{
    TENKA_TRY(read_atom(r, out));
    for (int i = 0; i < MOST_DEPTH; i++) {
        switch (*r->at) {
        case '.': TENKA_TRY(read_attribute(r, out)); break;
        case '(': TENKA_TRY(read_call(r, out)); break;
        case '[': TENKA_TRY(read_subscript(r, out)); break;
        default: return TENKA_OK;
        }
    }
    return fail_deep(r);
}

/* ---- Operators ---- */

/* The operator that stands there, of a list that has longer ones first; NULL: none. */
static const char *operator_of(struct tenka_py_reader *r, const char *const *list)
{
    for (; *list != NULL; list++)
        if (tenka_py_is(r, *list))
            return *list;
    return NULL;
}

static tenka_status read_right(struct tenka_py_reader *r, const char *word, const struct tenka_py **left,
                               tenka_status (*read)(struct tenka_py_reader *r, const struct tenka_py **out))
{
    struct children list = {0};
    const struct tenka_py *right;
    struct tenka_py *up;
    TENKA_TRY(wrap(r, TENKA_PY_BINARY, *left, &list, &up));
    TENKA_TRY(tenka_py_expect(r, word, "an operator"));
    TENKA_TRY(read(r, &right));
    TENKA_TRY(add(r, &list, right));
    up->word = word;
    adopt(up, &list);
    *left = up;
    return TENKA_OK;
}

static tenka_status read_sign(struct tenka_py_reader *r, const struct tenka_py **out);

static tenka_status read_power(struct tenka_py_reader *r, const struct tenka_py **out)
{
    TENKA_TRY(read_primary(r, out));
    return tenka_py_is(r, "**") ? read_right(r, "**", out, read_sign) : TENKA_OK;
}

static tenka_status read_unary(struct tenka_py_reader *r, const char *word, const struct tenka_py **out)
{
    struct tenka_py *up = make(r, TENKA_PY_UNARY, r->at);
    if (up == NULL)
        return TENKA_E_NOMEM;
    up->word = word;
    TENKA_TRY(tenka_py_expect(r, word, "a sign"));
    *out = up;
    TENKA_TRY(read_sign(r, &up->child));
    up->height = up->child->height + 1;
    return TENKA_OK;
}

static tenka_status read_sign(struct tenka_py_reader *r, const struct tenka_py **out)
{
    static const char *const signs[] = {"-", "+", NULL};
    const char *word = operator_of(r, signs);
    if (++r->depth > MOST_DEPTH)
        return fail_deep(r);
    TENKA_TRY(word != NULL ? read_unary(r, word, out) : read_power(r, out));
    r->depth--;
    return TENKA_OK;
}

static tenka_status read_row(struct tenka_py_reader *r, const char *const *operators, const struct tenka_py **out,
                             tenka_status (*read)(struct tenka_py_reader *r, const struct tenka_py **out))
{
    const char *word;
    TENKA_TRY(read(r, out));
    for (int i = 0; (word = operator_of(r, operators)) != NULL; i++) {
        if (i == MOST_DEPTH)
            return fail_deep(r);
        TENKA_TRY(read_right(r, word, out, read));
    }
    return TENKA_OK;
}

static tenka_status read_product(struct tenka_py_reader *r, const struct tenka_py **out)
{
    static const char *const operators[] = {"//", "*", "/", "%", "@", NULL};
    return read_row(r, operators, out, read_sign);
}

static tenka_status read_sum(struct tenka_py_reader *r, const struct tenka_py **out)
{
    static const char *const operators[] = {"+", "-", NULL};
    return read_row(r, operators, out, read_product);
}

static tenka_status read_value(struct tenka_py_reader *r, const struct tenka_py **out)
{
    static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">", NULL};
    if (++r->depth > MOST_DEPTH)
        return fail_deep(r);
    TENKA_TRY(read_row(r, operators, out, read_sum));
    r->depth--;
    return TENKA_OK;
}

tenka_status tenka_py_read(struct tenka_py_reader *r, const struct tenka_py **out)
{
    r->depth = r->brackets = 0;
    tenka_py_skip(r);
    return read_value(r, out);
}

tenka_status tenka_py_read_inside(struct tenka_py_reader *r, const struct tenka_py **out)
{
    r->depth = 0;
    return read_value(r, out);
}

tenka_status tenka_py_read_values(struct tenka_py_reader *r, const struct tenka_py **out)
{
    struct children list = {0};
    struct tenka_py *tuple = make(r, TENKA_PY_TUPLE, r->at);
    if (tuple == NULL)
        return TENKA_E_NOMEM;
    TENKA_TRY(tenka_py_read(r, out));
    if (*r->at != ',')
        return TENKA_OK;
    TENKA_TRY(add(r, &list, *out));
    while (*r->at == ',') {
        TENKA_TRY(tenka_py_expect(r, ",", "','"));
        if (*r->at == '=' || *r->at == '\n' || *r->at == '\0')
            break;
        TENKA_TRY(read_element(r, &list));
    }
    adopt(tuple, &list);
    tuple->bare = true;
    *out = tuple;
    return TENKA_OK;
}
