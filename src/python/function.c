/* Straight-line functions: lines that assign, and a last one that returns. */
#include "python/python.h"

/* "*name" is called so. */
static tenka_status read_parameter(struct tenka_py_reader *r, struct tenka_py_parameter *p)
{
    if (*r->at == '*')
        TENKA_TRY(tenka_py_word(r, 1 + tenka_py_name_length(r->at + 1), &p->name));
    else
        TENKA_TRY(tenka_py_name(r, "a parameter", &p->name));
    if (*r->at == ':') {
        TENKA_TRY(tenka_py_expect(r, ":", "':'"));
        TENKA_TRY(tenka_py_read_inside(r, &p->annotation));
    }
    if (*r->at != '=')
        return TENKA_OK;
    TENKA_TRY(tenka_py_expect(r, "=", "'='"));
    return tenka_py_read_inside(r, &p->fallback);
}

tenka_status tenka_py_read_parameters(struct tenka_py_reader *r, const struct tenka_py_parameter **out)
{
    while (*r->at != ')' && *r->at != '\0') {
        struct tenka_py_parameter *p = tenka_py_alloc(r, sizeof(*p));
        if (p == NULL)
            return TENKA_E_NOMEM;
        TENKA_TRY(read_parameter(r, p));
        *out = p;
        out = &p->next;
        if (*r->at != ',')
            return TENKA_OK;
        TENKA_TRY(tenka_py_expect(r, ",", "','"));
    }
    return TENKA_OK;
}

static tenka_status read_head(struct tenka_py_reader *r, struct tenka_py_function *f)
{
    TENKA_TRY(tenka_py_expect(r, "def", "'def'"));
    TENKA_TRY(tenka_py_name(r, "the function's name", &f->name));
    r->brackets = 1;
    TENKA_TRY(tenka_py_expect(r, "(", "'('"));
    TENKA_TRY(tenka_py_read_parameters(r, &f->parameters));
    r->brackets = 0;
    TENKA_TRY(tenka_py_expect(r, ")", "',' or ')'"));
    if (tenka_py_is(r, "->")) {
        TENKA_TRY(tenka_py_expect(r, "->", "'->'"));
        TENKA_TRY(tenka_py_read(r, &f->annotation));
    }
    return tenka_py_expect(r, ":", "':'");
}

/* ---- Lines ---- */

/* The values between "=", the last of which is assigned to all others. */
static tenka_status read_assignments(struct tenka_py_reader *r, struct tenka_py_line *line)
{
    const struct tenka_py **end = &line->targets;
    const struct tenka_py *e;
    TENKA_TRY(tenka_py_read_values(r, &e));
    if (*r->at == ':') {
        TENKA_TRY(tenka_py_expect(r, ":", "':'"));
        TENKA_TRY(tenka_py_read(r, &line->annotation));
        if (*r->at != '=')
            return tenka_py_fail_expected(r, "'=' behind the annotation");
    }
    while (*r->at == '=') {
        if (line->annotation != NULL && line->targets != NULL)
            return tenka_py_fail(r, r->at, "a name with an annotation is assigned alone");
        struct tenka_py *target = tenka_py_alloc(r, sizeof(*target));
        if (target == NULL)
            return TENKA_E_NOMEM;
        *target = *e;
        target->next = NULL;
        *end = target;
        end = &target->next;
        TENKA_TRY(tenka_py_expect(r, "=", "'='"));
        TENKA_TRY(tenka_py_read_values(r, &e));
    }
    line->value = e;
    return TENKA_OK;
}

/* Names, and tuples of names. */
static bool is_target(const struct tenka_py *e)
{
    bool names = e->kind == TENKA_PY_TUPLE && e->child != NULL;
    for (const struct tenka_py *c = e->child; c != NULL && names; c = c->next)
        names = c->kind == TENKA_PY_NAME;
    return names || e->kind == TENKA_PY_NAME;
}

/* x[0] = 1 assigns to nothing else. */
static tenka_status check_targets(const struct tenka_py_reader *r, const struct tenka_py_line *line)
{
    const struct tenka_py *first = line->targets;
    if (first != NULL && first->kind == TENKA_PY_SUBSCRIPT && first->next == NULL && line->annotation == NULL)
        return TENKA_OK;
    for (const struct tenka_py *target = first; target != NULL; target = target->next)
        if (!is_target(target))
            return tenka_py_fail(r, target->at, "only names can be assigned to");
    return TENKA_OK;
}

static tenka_status end_line(struct tenka_py_reader *r)
{
    if (*r->at != ';' && *r->at != '\n' && *r->at != '\0')
        return tenka_py_fail_expected(r, "the line's end");
    r->at += *r->at == ';';
    tenka_py_skip_lines(r);
    return TENKA_OK;
}

static tenka_status read_line(struct tenka_py_reader *r, struct tenka_py_line *line)
{
    TENKA_TRY(read_assignments(r, line));
    TENKA_TRY(check_targets(r, line));
    return end_line(r);
}

static tenka_status read_lines(struct tenka_py_reader *r, const char *last, const struct tenka_py_line **out)
{
    tenka_py_skip_lines(r);
    while (!tenka_py_is(r, last)) {
        if (*r->at == '\0')
            return tenka_py_fail_expected(r, strcmp(last, "def") == 0 ? "'def'" : "'return'");
        struct tenka_py_line *line = tenka_py_alloc(r, sizeof(*line));
        if (line == NULL)
            return TENKA_E_NOMEM;
        TENKA_TRY(read_line(r, line));
        *out = line;
        out = &line->next;
    }
    return TENKA_OK;
}

tenka_status tenka_py_read_function(struct tenka_py_reader *r, struct tenka_py_function *out)
{
    *out = (struct tenka_py_function){0};
    r->brackets = 0;
    TENKA_TRY(read_lines(r, "def", &out->before));
    TENKA_TRY(read_head(r, out));
    TENKA_TRY(read_lines(r, "return", &out->lines));
    TENKA_TRY(tenka_py_expect(r, "return", "'return'"));
    TENKA_TRY(tenka_py_read_values(r, &out->result));
    return end_line(r);
}
