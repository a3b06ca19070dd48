/* Code as torch.fx prints it. */
#include "python/python.h"

/* ---- Expressions ---- */

static void print_list(struct tenka_text *out, const struct tenka_py *first)
{
    for (const struct tenka_py *e = first; e != NULL; e = e->next) {
        tenka_py_print(out, e);
        tenka_text_add(out, "%s", e->next != NULL ? ", " : "");
    }
}

static void print_between(struct tenka_text *out, const char *open, const struct tenka_py *first, const char *close)
{
    tenka_text_add(out, "%s", open);
    print_list(out, first);
    tenka_text_add(out, "%s", close);
}

static void print_tuple(struct tenka_text *out, const struct tenka_py *e)
{
    const bool one = e->child != NULL && e->child->next == NULL;
    print_between(out, e->bare ? "" : "(", e->child, one ? "," : "");
    tenka_text_add(out, "%s", e->bare ? "" : ")");
}

static void print_dict(struct tenka_text *out, const struct tenka_py *e)
{
    tenka_text_add(out, "{");
    for (const struct tenka_py *key = e->child; key != NULL; key = key->next->next) {
        tenka_py_print(out, key);
        tenka_text_add(out, ": ");
        tenka_py_print(out, key->next);
        tenka_text_add(out, "%s", key->next->next != NULL ? ", " : "");
    }
    tenka_text_add(out, "}");
}

/* begin:end:step */
static void print_slice(struct tenka_text *out, const struct tenka_py *e)
{
    for (const struct tenka_py *bound = e->child; bound != NULL; bound = bound->next) {
        tenka_py_print(out, bound);
        tenka_text_add(out, "%s", bound->next != NULL ? ":" : "");
    }
}

/* How strongly an expression holds together. */
static int strength(const struct tenka_py *e)
{
    if (e->kind == TENKA_PY_BINARY && strpbrk(e->word, "=<>") != NULL)
        return 0;
    if (e->kind == TENKA_PY_UNARY)
        return 3;
    if (e->kind == TENKA_PY_INT || e->kind == TENKA_PY_FLOAT)
        return 5; /* whose point would be the attribute's */
    if (e->kind != TENKA_PY_BINARY)
        return 6;
    return strcmp(e->word, "**") == 0 ? 4 : strcmp(e->word, "+") == 0 || strcmp(e->word, "-") == 0 ? 1 : 2;
}

/* In parentheses if it would fall apart where `least` is needed. */
static void print_operand(struct tenka_text *out, const struct tenka_py *e, int least)
{
    const bool weak = strength(e) < least;
    tenka_text_add(out, "%s", weak ? "(" : "");
    tenka_py_print(out, e);
    tenka_text_add(out, "%s", weak ? ")" : "");
}

/* Powers group from the right, all others from the left. */
static void print_binary(struct tenka_text *out, const struct tenka_py *e)
{
    const int own = strength(e);
    const bool power = own == 4;
    print_operand(out, e->child, power ? 5 : own);
    tenka_text_add(out, " %s ", e->word);
    print_operand(out, e->child->next, power ? 3 : own + 1);
}

/* Of Dict[str,torch.Tensor]: types, and not indices. */
static bool is_types(const struct tenka_py *e)
{
    return e->kind == TENKA_PY_TUPLE && e->bare &&
           (e->child->kind == TENKA_PY_NAME || e->child->kind == TENKA_PY_ATTRIBUTE);
}

static void print_subscript(struct tenka_text *out, const struct tenka_py *e)
{
    const struct tenka_py *index = e->child->next;
    const bool types = is_types(index);
    print_operand(out, e->child, 5);
    tenka_text_add(out, "[");
    for (const struct tenka_py *type = types ? index->child : NULL; type != NULL; type = type->next) {
        tenka_py_print(out, type);
        tenka_text_add(out, "%s", type->next != NULL ? "," : "");
    }
    if (!types)
        tenka_py_print(out, index);
    tenka_text_add(out, "]");
}

void tenka_py_print(struct tenka_text *out, const struct tenka_py *e)
{
    switch (e->kind) {
    case TENKA_PY_ABSENT: break;
    case TENKA_PY_NONE: tenka_text_add(out, "None"); break;
    case TENKA_PY_FALSE: tenka_text_add(out, "False"); break;
    case TENKA_PY_TRUE: tenka_text_add(out, "True"); break;
    case TENKA_PY_INT:
    case TENKA_PY_FLOAT:
    case TENKA_PY_NAME: tenka_text_add(out, "%s", e->word); break;
    case TENKA_PY_STRING: tenka_text_add(out, "%c%s%c", e->quote, e->word, e->quote); break;
    case TENKA_PY_KEYWORD:
        tenka_text_add(out, "%s = ", e->word);
        tenka_py_print(out, e->child);
        break;
    case TENKA_PY_ATTRIBUTE:
        print_operand(out, e->child, 6);
        tenka_text_add(out, ".%s", e->word);
        break;
    case TENKA_PY_CALL:
        print_operand(out, e->child, 5);
        print_between(out, "(", e->child->next, ")");
        break;
    case TENKA_PY_SUBSCRIPT: print_subscript(out, e); break;
    case TENKA_PY_SLICE: print_slice(out, e); break;
    case TENKA_PY_TUPLE: print_tuple(out, e); break;
    case TENKA_PY_LIST: print_between(out, "[", e->child, "]"); break;
    case TENKA_PY_DICT: print_dict(out, e); break;
    case TENKA_PY_UNARY:
        tenka_text_add(out, "%s", e->word);
        print_operand(out, e->child, 3);
        break;
    case TENKA_PY_BINARY: print_binary(out, e); break;
    }
}

/* ---- Functions ---- */

static void print_parameters(struct tenka_text *out, const struct tenka_py_parameter *p)
{
    for (; p != NULL; p = p->next) {
        tenka_text_add(out, "%s", p->name);
        if (p->annotation != NULL) {
            tenka_text_add(out, p->annotation->kind == TENKA_PY_STRING ? ": " : " : ");
            tenka_py_print(out, p->annotation);
        }
        if (p->fallback != NULL) {
            tenka_text_add(out, " = ");
            tenka_py_print(out, p->fallback);
        }
        tenka_text_add(out, "%s", p->next != NULL ? ", " : "");
    }
}

static void print_line(struct tenka_text *out, const struct tenka_py_line *line)
{
    for (const struct tenka_py *target = line->targets; target != NULL; target = target->next) {
        tenka_py_print(out, target);
        if (line->annotation != NULL) {
            tenka_text_add(out, ": ");
            tenka_py_print(out, line->annotation);
        }
        tenka_text_add(out, " = ");
    }
    tenka_py_print(out, line->value);
}

/* Whether torch.fx writes a line behind the one before: what forgets values, and a name for what has been set. */
static bool is_behind(const struct tenka_py_line *before, const struct tenka_py_line *line)
{
    const bool set = before->targets != NULL && before->targets->kind == TENKA_PY_SUBSCRIPT;
    return line != NULL && line->targets != NULL &&
           (line->value->kind == TENKA_PY_NONE || (set && line->value->kind == TENKA_PY_NAME));
}

void tenka_py_print_function(struct tenka_text *out, const struct tenka_py_function *f, int indent)
{
    for (const struct tenka_py_line *line = f->before; line != NULL; line = line->next) {
        print_line(out, line);
        tenka_text_add(out, "%s", line->next != NULL ? "\n" : "\n\n");
    }
    tenka_text_add(out, "def %s(", f->name);
    print_parameters(out, f->parameters);
    tenka_text_add(out, ")");
    if (f->annotation != NULL) {
        tenka_text_add(out, " -> ");
        tenka_py_print(out, f->annotation);
    }
    tenka_text_add(out, ":\n%*s", indent + 4, "");
    for (const struct tenka_py_line *line = f->lines; line != NULL; line = line->next) {
        print_line(out, line);
        if (is_behind(line, line->next))
            tenka_text_add(out, ";  ");
        else
            tenka_text_add(out, "\n%*s", indent + 4, "");
    }
    tenka_text_add(out, "return ");
    tenka_py_print(out, f->result);
}
