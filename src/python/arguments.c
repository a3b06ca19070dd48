#include "python/arguments.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

/* Source: V. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals" (1966). */
size_t tenka_py_distance(const char *a, const char *b)
{
    size_t row[TENKA_PY_NEAR + 1];
    const size_t n = strlen(b);
    if (n > TENKA_PY_NEAR || strlen(a) > TENKA_PY_NEAR)
        return SIZE_MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t before = row[0]++;
        for (size_t k = 0; k < n; k++) {
            const size_t above = row[k + 1];
            const size_t changed = before + (tolower((unsigned char)a[i]) != tolower((unsigned char)b[k]));
            const size_t moved = (above < row[k] ? above : row[k]) + 1;
            row[k + 1] = changed < moved ? changed : moved;
            before = above;
        }
    }
    return row[n];
}

/* What is being read. */
struct binder {
    struct tenka_py_reader r;
    const struct tenka_py_class *classes;
    size_t n_classes;
    const struct tenka_py_class *of;
};

/* ---- Sentences ---- */

static tenka_status fail_class(const struct binder *b, const struct tenka_py *at, const char *name)
{
    char list[600];
    size_t used = 0, best = strlen(name) < 4 ? 2 : strlen(name) / 4 + 1;
    const char *near = NULL;
    list[0] = '\0';
    for (size_t i = 0; i < b->n_classes && used < sizeof(list); i++) {
        const size_t distance = tenka_py_distance(name, b->classes[i].name);
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", b->classes[i].name);
        near = distance < best ? b->classes[i].name : near;
        best = distance < best ? distance : best;
    }
    return near != NULL
               ? tenka_py_fail(&b->r, at->at, "there is no %s %.60s; do you mean %s?", b->r.what, name, near)
               : tenka_py_fail(&b->r, at->at, "there is no %s %.60s; those that are known: %s", b->r.what, name, list);
}

static tenka_status fail_argument(const struct binder *b, const struct tenka_py *at, const char *name)
{
    char list[400];
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; i < b->of->n_args && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", b->of->args[i].name);
    return tenka_py_fail(&b->r, at->at, "%s has no argument %.60s; it has %s", b->of->name, name, list);
}

static tenka_status fail_value(const struct binder *b, const struct tenka_py *at, const struct tenka_py_arg *arg,
                               const char *expected)
{
    return tenka_py_fail(&b->r, at->at, "%s: %s must be %s", b->of->name, arg->name, expected);
}

/* ---- Values ---- */

bool tenka_py_evaluate(const struct tenka_py *e, double *out)
{
    double a, b;
    if (e->kind == TENKA_PY_INT || e->kind == TENKA_PY_FLOAT) {
        *out = e->kind == TENKA_PY_INT ? (double)e->integer : e->number;
        return true;
    }
    if (e->kind == TENKA_PY_UNARY && tenka_py_evaluate(e->child, &a)) {
        *out = e->word[0] == '-' ? -a : a;
        return true;
    }
    if (e->kind != TENKA_PY_BINARY || !tenka_py_evaluate(e->child, &a) || !tenka_py_evaluate(e->child->next, &b))
        return false;
    if (strcmp(e->word, "**") == 0)
        *out = pow(a, b);
    else if (strcmp(e->word, "*") == 0 || strcmp(e->word, "/") == 0)
        *out = e->word[0] == '*' ? a * b : a / b;
    else if (strcmp(e->word, "+") == 0 || strcmp(e->word, "-") == 0)
        *out = e->word[0] == '+' ? a + b : a - b;
    else
        return false;
    return true;
}

static tenka_status take_number(const struct binder *b, const struct tenka_py *e, const struct tenka_py_arg *arg,
                                double *out)
{
    char expected[160], least[TENKA_NUMBER_TEXT], most[TENKA_NUMBER_TEXT];
    const bool whole = arg->kind == TENKA_PY_ARG_WHOLE || (arg->flags & TENKA_PY_ARG_INTEGERS) != 0;
    if (tenka_py_evaluate(e, out) && *out >= arg->least && *out <= arg->most && !(whole && *out != floor(*out)))
        return TENKA_OK;
    const char *const noun = whole ? "a whole number" : "a number";
    if (arg->least > -DBL_MAX && arg->most < DBL_MAX)
        snprintf(expected, sizeof(expected), "%s from %s to %s", noun, tenka_number_text(arg->least, least),
                 tenka_number_text(arg->most, most));
    else if (arg->least > -DBL_MAX)
        snprintf(expected, sizeof(expected), "%s of at least %s", noun, tenka_number_text(arg->least, least));
    else
        snprintf(expected, sizeof(expected), "%s", noun);
    return fail_value(b, e, arg, expected);
}

/* The index of a word among an argument's words. Whether it is one of them. */
static bool find_word(const struct tenka_py_arg *arg, const char *word, bool capitals, double *out)
{
    size_t index = 0;
    for (const char *at = arg->words; *at != '\0'; index++) {
        const size_t length = strcspn(at, "|");
        bool same = strlen(word) == length;
        for (size_t i = 0; i < length && same; i++)
            same = (capitals ? tolower((unsigned char)word[i]) : word[i]) == at[i];
        *out = (double)index;
        if (same)
            return true;
        at += length + (at[length] == '|');
    }
    return false;
}

static bool is_word(const struct tenka_py *e)
{
    return e->kind == TENKA_PY_STRING || e->kind == TENKA_PY_NAME;
}

static tenka_status take_word(const struct binder *b, const struct tenka_py *e, const struct tenka_py_arg *arg,
                              double *out)
{
    char expected[160];
    const bool member = arg->kind == TENKA_PY_ARG_MEMBER;
    if ((is_word(e) || (member && e->kind == TENKA_PY_ATTRIBUTE)) && find_word(arg, e->word, member, out))
        return TENKA_OK;
    if (member && e->kind == TENKA_PY_INT && e->integer >= 0 && (double)e->integer <= arg->most) {
        *out = (double)e->integer;
        return TENKA_OK;
    }
    snprintf(expected, sizeof(expected), "one of %s", arg->words);
    for (char *bar = expected; (bar = strchr(bar, '|')) != NULL;)
        *bar = '/';
    return fail_value(b, e, arg, expected);
}

static tenka_status take_pair(const struct binder *b, const struct tenka_py *e, const struct tenka_py_arg *arg,
                              double out[2])
{
    const bool list = e->kind == TENKA_PY_TUPLE || e->kind == TENKA_PY_LIST;
    const struct tenka_py *const first = list ? e->child : NULL;
    if (first == NULL || first->next == NULL || first->next->next != NULL)
        return fail_value(b, e, arg, "two numbers, such as (0.9, 0.999)");
    TENKA_TRY(take_number(b, first, arg, &out[0]));
    return take_number(b, first->next, arg, &out[1]);
}

/* "a number or a tuple of 1 or 3 of them or 'random'" of "0|1|3|random". */
static void say_numbers(const struct tenka_py_arg *arg, char *out, size_t room)
{
    const char *const noun = (arg->flags & TENKA_PY_ARG_INTEGERS) != 0 ? "whole number" : "number";
    size_t used = 0;
    bool tuple = false;
    for (const char *at = arg->words; *at != '\0' && used < room;) {
        const size_t length = strcspn(at, "|");
        const bool word = *at < '0' || *at > '9';
        const char *const or = used > 0 ? " or " : "";
        if (*at == '0')
            used += (size_t)snprintf(out, room, "a %s", noun);
        else
            used += (size_t)snprintf(out + used, room - used,
                                     word    ? "%s'%.*s'"
                                     : tuple ? "%s%.*s"
                                             : "%sa tuple of %.*s",
                                     or, (int)length, at);
        tuple = tuple || (*at != '0' && !word);
        at += length + (at[length] == '|');
    }
}

static tenka_status take_numbers(const struct binder *b, const struct tenka_py *e, const struct tenka_py_arg *arg,
                                 double *out, int *count)
{
    char expected[160], digit[2];
    double index;
    const bool list = e->kind == TENKA_PY_TUPLE || e->kind == TENKA_PY_LIST;
    const size_t n = list ? tenka_py_count(e->child) : 0;
    if (is_word(e) && !isdigit((unsigned char)e->word[0]) && find_word(arg, e->word, false, out)) {
        *count = TENKA_PY_A_WORD;
        return TENKA_OK;
    }
    snprintf(digit, sizeof(digit), "%zu", n <= TENKA_PY_MAX_NUMBERS ? n : 9);
    if ((list && n == 0) || !find_word(arg, digit, false, &index) || (!list && !tenka_py_evaluate(e, out))) {
        say_numbers(arg, expected, sizeof(expected));
        return fail_value(b, e, arg, expected);
    }
    *count = (int)n;
    if (!list)
        return take_number(b, e, arg, out);
    for (const struct tenka_py *each = e->child; each != NULL; each = each->next)
        TENKA_TRY(take_number(b, each, arg, out++));
    return TENKA_OK;
}

static tenka_status take_flag(const struct binder *b, const struct tenka_py *e, const struct tenka_py_arg *arg,
                              double *out)
{
    *out = e->kind == TENKA_PY_TRUE;
    return e->kind == TENKA_PY_TRUE || e->kind == TENKA_PY_FALSE ? TENKA_OK : fail_value(b, e, arg, "True or False");
}

static tenka_status take_value(const struct binder *b, size_t index, const struct tenka_py *e,
                               struct tenka_py_call *call)
{
    const struct tenka_py_arg *const arg = &b->of->args[index];
    double *const out = call->arg[index];
    call->tree[index] = e;
    if (e->kind == TENKA_PY_NONE && (isnan(arg->fallback[0]) || (arg->flags & TENKA_PY_ARG_NONE) != 0)) {
        out[0] = out[1] = NAN;
        call->count[index] = TENKA_PY_NO_NUMBERS;
        return TENKA_OK;
    }
    switch (arg->kind) {
    case TENKA_PY_ARG_REAL:
    case TENKA_PY_ARG_WHOLE: return take_number(b, e, arg, &out[0]);
    case TENKA_PY_ARG_FLAG: return take_flag(b, e, arg, &out[0]);
    case TENKA_PY_ARG_WORD:
    case TENKA_PY_ARG_MEMBER: return take_word(b, e, arg, &out[0]);
    case TENKA_PY_ARG_PAIR: return take_pair(b, e, arg, out);
    case TENKA_PY_ARG_NUMBERS: return take_numbers(b, e, arg, out, &call->count[index]);
    case TENKA_PY_ARG_TREE:
    case TENKA_PY_ARG_ANY: break;
    }
    return TENKA_OK;
}

static const char *fallback_text(const struct tenka_py_arg *arg, char buf[TENKA_NUMBER_TEXT])
{
    if (isnan(arg->fallback[0]))
        return "None";
    if (arg->kind == TENKA_PY_ARG_FLAG)
        return arg->fallback[0] != 0 ? "True" : "False";
    return tenka_number_text(arg->fallback[0], buf);
}

/* ---- Arguments ---- */

/* e: the value */
static tenka_status take(const struct binder *b, size_t index, const struct tenka_py *at, const struct tenka_py *e,
                         struct tenka_py_call *out)
{
    const struct tenka_py_arg *const arg = &b->of->args[index];
    char text[TENKA_NUMBER_TEXT];
    if (out->given[index])
        return tenka_py_fail(&b->r, at->at, "%s: %s is given twice", b->of->name, arg->name);
    out->given[index] = true;
    if ((arg->flags & TENKA_PY_ARG_FIXED) != 0 && isnan(arg->fallback[0]) && e->kind != TENKA_PY_NONE)
        return tenka_py_fail(&b->r, e->at, "%s: only %s=None is supported", b->of->name, arg->name);
    TENKA_TRY(take_value(b, index, e, out));
    if ((arg->flags & TENKA_PY_ARG_FIXED) != 0 && !isnan(arg->fallback[0]) && out->arg[index][0] != arg->fallback[0])
        return tenka_py_fail(&b->r, e->at, "%s: only %s=%s is supported", b->of->name, arg->name,
                             fallback_text(arg, text));
    return TENKA_OK;
}

static tenka_status take_keyword(const struct binder *b, const struct tenka_py *e, struct tenka_py_call *out)
{
    for (size_t i = 0; i < b->of->n_args; i++)
        if (strcmp(b->of->args[i].name, e->word) == 0)
            return take(b, i, e, e->child, out);
    return fail_argument(b, e, e->word);
}

/* Whether an argument in the first place is what somebody else provides: model.parameters(), and no number, nor the name
 * of an argument whose value was forgotten. */
static bool is_passed(const struct binder *b, const struct tenka_py *e)
{
    for (size_t i = 0; i < b->of->n_args && e->kind == TENKA_PY_NAME; i++)
        if (strcmp(b->of->args[i].name, e->word) == 0)
            return false;
    return e->kind == TENKA_PY_NAME || e->kind == TENKA_PY_ATTRIBUTE || e->kind == TENKA_PY_CALL;
}

static tenka_status take_all(const struct binder *b, const struct tenka_py *first, struct tenka_py_call *out)
{
    size_t place = 0, passed = b->of->passed;
    for (const struct tenka_py *e = first; e != NULL; e = e->next) {
        if (e->kind == TENKA_PY_KEYWORD) {
            TENKA_TRY(take_keyword(b, e, out));
            continue;
        }
        if (passed > 0 && is_passed(b, e)) {
            passed--;
            continue;
        }
        if (place == b->of->n_args || (b->of->args[place].flags & TENKA_PY_ARG_KEYWORD) != 0)
            return tenka_py_fail(&b->r, e->at, "%s takes no %zu arguments without their names", b->of->name, place + 1);
        TENKA_TRY(take(b, place++, e, e, out));
    }
    return TENKA_OK;
}

static tenka_status complete(const struct binder *b, const struct tenka_py *call, struct tenka_py_call *out)
{
    for (size_t i = 0; i < b->of->n_args; i++) {
        const struct tenka_py_arg *const arg = &b->of->args[i];
        if (out->given[i])
            continue;
        if ((arg->flags & TENKA_PY_ARG_REQUIRED) != 0)
            return tenka_py_fail(&b->r, call->at, "%s: the argument %s is missing", b->of->name, arg->name);
        memcpy(out->arg[i], arg->fallback, sizeof(arg->fallback));
        out->count[i] = isnan(arg->fallback[0]) ? TENKA_PY_NO_NUMBERS : isnan(arg->fallback[1]) ? 0 : 2;
    }
    return TENKA_OK;
}

tenka_status tenka_py_take_call(const struct tenka_py_reader *r, const struct tenka_py *call,
                                const struct tenka_py_class *classes, size_t n_classes, struct tenka_py_call *out)
{
    struct binder b = {.r = *r, .classes = classes, .n_classes = n_classes};
    const struct tenka_py *const name = call->kind == TENKA_PY_CALL ? call->child : call;
    *out = (struct tenka_py_call){0};
    if (name->kind != TENKA_PY_NAME && name->kind != TENKA_PY_ATTRIBUTE)
        return tenka_py_fail(r, call->at, "expected a call of a class, such as %s()", classes[0].name);
    for (size_t i = 0; i < n_classes && b.of == NULL; i++)
        if (strcmp(classes[i].name, name->word) == 0) {
            out->which = i;
            b.of = &classes[i];
        }
    if (b.of == NULL)
        return fail_class(&b, name, name->word);
    if (call->kind != TENKA_PY_CALL)
        return tenka_py_fail(r, call->at, "expected '(' behind %s", b.of->name);
    TENKA_TRY(take_all(&b, name->next, out));
    return complete(&b, call, out);
}

tenka_status tenka_py_read_whole(struct tenka_py_reader *r, const struct tenka_py **out)
{
    tenka_py_skip_lines(r);
    TENKA_TRY(tenka_py_read(r, out));
    tenka_py_skip_lines(r);
    return *r->at == '\0' ? TENKA_OK : tenka_py_fail_expected(r, "the end of the text");
}

tenka_status tenka_py_read_call(struct tenka_error *err, const char *what, const char *text,
                                const struct tenka_py_class *classes, size_t n_classes, struct tenka_py_call *out)
{
    struct tenka_arena arena = {0};
    struct tenka_py_reader r = {.err = err, .what = what, .text = text, .at = text, .arena = &arena};
    const struct tenka_py *call;
    tenka_status status = tenka_py_read_whole(&r, &call);
    if (status == TENKA_OK)
        status = tenka_py_take_call(&r, call, classes, n_classes, out);
    tenka_arena_finish(&arena);
    return status;
}
