/* The code of a network's text becomes a graph: each name in it is looked up once. */
#include <math.h>
#include <stdio.h>

#include "nn/export.h"

/* ---- Expressions ---- */

tenka_status tenka_bind_make(struct tenka_binder *b, enum tenka_code_kind kind, size_t n_args, struct tenka_code **out)
{
    struct tenka_code *code = *out = tenka_py_alloc(&b->r, sizeof(*code));
    if (code == NULL)
        return TENKA_E_NOMEM;
    code->kind = kind;
    code->n_args = n_args;
    code->args = n_args > 0 ? tenka_py_alloc(&b->r, n_args * sizeof(*code->args)) : NULL;
    return n_args == 0 || code->args != NULL ? TENKA_OK : TENKA_E_NOMEM;
}

static tenka_status constant(struct tenka_binder *b, struct tenka_value value, const struct tenka_code **out)
{
    struct tenka_code *code;
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_CONSTANT, 0, &code));
    code->value = value;
    *out = code;
    return TENKA_OK;
}

static tenka_status bind_list(struct tenka_binder *b, enum tenka_code_kind kind, const struct tenka_py *first,
                              size_t room, const struct tenka_code **out)
{
    struct tenka_code *code;
    const size_t n = tenka_py_count(first);
    TENKA_TRY(tenka_bind_make(b, kind, n > room ? n : room, &code));
    for (size_t i = 0; first != NULL; first = first->next)
        TENKA_TRY(tenka_bind(b, first, &code->args[i++]));
    for (size_t i = n; i < room; i++)
        TENKA_TRY(constant(b, (struct tenka_value){.kind = TENKA_VALUE_NONE}, &code->args[i]));
    *out = code;
    return TENKA_OK;
}

/* slice(end), slice(begin, end) or slice(begin, end, step) */
static tenka_status bind_slice(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const struct tenka_py *first = e->child->next, none = {.kind = TENKA_PY_NONE, .next = first};
    if (tenka_py_count(first) == 0 || tenka_py_count(first) > 3)
        return tenka_py_fail(&b->r, e->at, "slice takes one to three numbers");
    return bind_list(b, TENKA_CODE_SLICE, tenka_py_count(first) == 1 ? &none : first, 3, out);
}

static tenka_status fail_function(struct tenka_binder *b, const struct tenka_py *e, const char *name)
{
    char buf[200];
    const char *near = tenka_function_nearest(name, buf, sizeof(buf)), *shown = name[0] == '.' ? name + 1 : name;
    const char *what = name[0] == '.' ? "method" : "function";
    return near != NULL ? tenka_py_fail(&b->r, e->at, "Tenka has no %s %.100s; do you mean %s?", what, shown,
                                        near + (near[0] == '.'))
                        : tenka_py_fail(&b->r, e->at, "Tenka has no %s %.100s", what, shown);
}

/* ---- Calls of functions ---- */

struct arguments {
    const struct tenka_py_parameter *parameters;
    const struct tenka_code **args;
    size_t n;
    const char *name; /* of the function, for sentences */
};

/* The parameters of a function, as its row writes them. */
static tenka_status read_parameters(struct tenka_binder *b, const char *text, struct arguments *a)
{
    struct tenka_py_reader r = {.err = b->r.err, .what = a->name, .text = text, .at = text, .arena = b->r.arena};
    TENKA_TRY(tenka_py_read_parameters(&r, &a->parameters));
    for (const struct tenka_py_parameter *p = a->parameters; p != NULL; p = p->next)
        a->n++;
    return TENKA_OK;
}

/* All that are left go to a parameter with a star, as a list, or as the one list that they are. */
static tenka_status bind_rest(struct tenka_binder *b, const struct tenka_py *first, const struct tenka_code **out)
{
    const bool one = first != NULL && first->next == NULL &&
                     (first->kind == TENKA_PY_LIST || first->kind == TENKA_PY_TUPLE || first->kind == TENKA_PY_NAME);
    return one ? tenka_bind(b, first, out) : bind_list(b, TENKA_CODE_LIST, first, 0, out);
}

static tenka_status bind_keyword(struct tenka_binder *b, const struct arguments *a, const struct tenka_py *e)
{
    size_t i = 0;
    for (const struct tenka_py_parameter *p = a->parameters; p != NULL; p = p->next, i++)
        if (strcmp(p->name + (p->name[0] == '*'), e->word) == 0)
            return a->args[i] == NULL ? tenka_bind(b, e->child, &a->args[i])
                                      : tenka_py_fail(&b->r, e->at, "%s has two values for %s", a->name, e->word);
    return tenka_py_fail(&b->r, e->at, "%s has no argument %s", a->name, e->word);
}

static tenka_status bind_given(struct tenka_binder *b, const struct arguments *a, const struct tenka_py *e, size_t i)
{
    const struct tenka_py_parameter *p = a->parameters;
    for (size_t k = 0; k < i && p != NULL; k++)
        p = p->next;
    for (; e != NULL && e->kind != TENKA_PY_KEYWORD; e = e->next, p = p->next) {
        if (p == NULL)
            return tenka_py_fail(&b->r, e->at, "%s takes %zu arguments", a->name, a->n);
        if (p->name[0] == '*')
            return bind_rest(b, e, &a->args[a->n - 1]);
        TENKA_TRY(tenka_bind(b, e, &a->args[i++]));
    }
    for (; e != NULL; e = e->next)
        TENKA_TRY(e->kind == TENKA_PY_KEYWORD ? bind_keyword(b, a, e)
                                              : tenka_py_fail(&b->r, e->at,
                                                              "an argument without a name comes after "
                                                              "those with one"));
    return TENKA_OK;
}

static bool is_true(const struct tenka_code *code)
{
    return code->kind == TENKA_CODE_CONSTANT && code->value.kind == TENKA_VALUE_BOOL && code->value.integer != 0;
}

/* Whether a layer has been made with inplace=True. */
static bool is_in_place(const tenka_module *m)
{
    for (size_t i = 0; i < m->type->n_args; i++)
        if (strcmp(m->type->args[i].name, "inplace") == 0)
            return tenka_arg_is(&m->values, i);
    return false;
}

static tenka_status bind_fallbacks(struct tenka_binder *b, const struct arguments *a, const struct tenka_py *at)
{
    size_t i = 0;
    for (const struct tenka_py_parameter *p = a->parameters; p != NULL; p = p->next, i++) {
        if (a->args[i] != NULL)
            continue;
        if (p->fallback == NULL)
            return tenka_py_fail(&b->r, at->at, "%s: the argument %s is missing", a->name, p->name);
        TENKA_TRY(tenka_bind(b, p->fallback, &a->args[i]));
    }
    return TENKA_OK;
}

/* first: an argument that stands before the others, as a method's tensor; NULL: none */
static tenka_status bind_function(struct tenka_binder *b, const struct tenka_py *e, const char *name,
                                  const struct tenka_code *first, const struct tenka_py *given,
                                  const struct tenka_code **out)
{
    const struct tenka_found_function found = tenka_function_find(name);
    const struct tenka_function *f = found.function;
    struct arguments a = {.name = name[0] == '.' ? name + 1 : name};
    struct tenka_code *code;
    if (f == NULL)
        return fail_function(b, e, name);
    TENKA_TRY(read_parameters(b, f->parameters, &a));
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_FUNCTION, a.n, &code));
    code->function = f;
    code->put = found.put;
    code->in_place = found.in_place;
    a.args = code->args;
    if (first != NULL)
        a.args[0] = first;
    TENKA_TRY(bind_given(b, &a, given, first != NULL));
    TENKA_TRY(bind_fallbacks(b, &a, e));
    size_t i = 0;
    for (const struct tenka_py_parameter *p = a.parameters; p != NULL; p = p->next, i++)
        code->in_place = code->in_place || (strcmp(p->name, "inplace") == 0 && is_true(a.args[i]));
    *out = code;
    return TENKA_OK;
}

/* A layer that takes more than a tensor: one argument for each of its parameters. */
static tenka_status bind_values(struct tenka_binder *b, const struct tenka_py *e, tenka_module *child,
                                const struct tenka_code **out)
{
    struct arguments a = {.name = child->type->name};
    struct tenka_code *code;
    TENKA_TRY(read_parameters(b, child->type->parameters, &a));
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_CHILD, a.n, &code));
    code->child = child;
    a.args = code->args;
    *out = code;
    TENKA_TRY(bind_given(b, &a, e->child->next, 0));
    return bind_fallbacks(b, &a, e);
}

static tenka_status bind_child(struct tenka_binder *b, const struct tenka_py *e, const char *path,
                               const struct tenka_code **out)
{
    struct tenka_code *code;
    tenka_module *child = tenka_bind_module_at(b, path);
    if (child == NULL)
        return tenka_py_fail(&b->r, e->at, "the network has no layer %s", path);
    if (child->type->parameters != NULL)
        return bind_values(b, e, child, out);
    if (tenka_py_count(e->child->next) != 1 || e->child->next->kind == TENKA_PY_KEYWORD)
        return tenka_py_fail(&b->r, e->at, "layer %s takes one tensor", path);
    if (child->type->container && child->class_name != NULL)
        return tenka_py_fail(&b->r, e->at, "the text does not show what forward does in %s, a %.60s", path,
                             child->class_name);
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_CHILD, 1, &code));
    code->child = child;
    code->in_place = is_in_place(child);
    *out = code;
    return tenka_bind(b, e->child->next, &code->args[0]);
}

/* A call of aten's that is a layer's forward. */
static tenka_status bind_layer(struct tenka_binder *b, const struct tenka_py *call, tenka_module *layer, size_t input,
                               const struct tenka_code **out)
{
    const struct tenka_py *x = call->child->next;
    struct tenka_code *code;
    while (input-- > 0)
        x = x->next;
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_CHILD, 1, &code));
    code->child = layer;
    *out = code;
    return tenka_bind(b, x, &code->args[0]);
}

static tenka_status bind_call(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const struct tenka_py *callee = e->child;
    char name[1024];
    size_t input;
    tenka_module *layer = b->graph->export != NULL ? tenka_export_layer(b, e, &input) : NULL;
    if (layer != NULL)
        return bind_layer(b, e, layer, input, out);
    if (tenka_bind_is_path(b, callee, name, sizeof(name)))
        return bind_child(b, e, name, out);
    if (tenka_bind_is_global(b, callee, name, sizeof(name)))
        return strcmp(name, "slice") == 0 ? bind_slice(b, e, out)
                                          : bind_function(b, callee, name, NULL, callee->next, out);
    if (callee->kind != TENKA_PY_ATTRIBUTE)
        return tenka_py_fail(&b->r, callee->at, "only layers, functions and methods can be called");
    const struct tenka_code *object;
    TENKA_TRY(tenka_bind(b, callee->child, &object));
    snprintf(name, sizeof(name), ".%.1000s", callee->word);
    return bind_function(b, callee, name, object, callee->next, out);
}

/* torch.float32 and its like are of use to PyTorch alone. */
static bool is_torch(struct tenka_binder *b, const struct tenka_py *e)
{
    return e->child->kind == TENKA_PY_NAME && strcmp(e->child->word, "torch") == 0 &&
           tenka_bind_slot_of(b, "torch") == TENKA_NO_SLOT;
}

/* A parameter or a buffer, or an attribute of a value. */
static tenka_status bind_attribute(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const struct tenka_code *object;
    struct tenka_code *code;
    char name[1024];
    if (tenka_bind_is_path(b, e, name, sizeof(name))) {
        TENKA_TRY(tenka_bind_make(b, TENKA_CODE_STATE, 0, &code));
        *out = code;
        return tenka_bind_state(b, e->at, name, &code->state);
    }
    if (is_torch(b, e))
        return constant(b, (struct tenka_value){.kind = TENKA_VALUE_WORD, .word = e->word}, out);
    TENKA_TRY(tenka_bind(b, e->child, &object));
    snprintf(name, sizeof(name), ".%.1000s", e->word);
    return bind_function(b, e, name, object, NULL, out);
}

static tenka_status bind_name(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    struct tenka_code *code;
    uint32_t slot = tenka_bind_slot_of(b, e->word);
    if (slot == TENKA_NO_SLOT && strcmp(e->word, "Ellipsis") == 0)
        return constant(b, (struct tenka_value){.kind = TENKA_VALUE_ELLIPSIS}, out);
    if (slot == TENKA_NO_SLOT && strcmp(e->word, "inf") == 0)
        return constant(b, (struct tenka_value){.kind = TENKA_VALUE_FLOAT, .number = INFINITY}, out);
    if (slot == TENKA_NO_SLOT && b->graph->export != NULL && tenka_export_find(b->graph->export, e->word) != NULL) {
        TENKA_TRY(tenka_bind_make(b, TENKA_CODE_STATE, 0, &code));
        *out = code;
        return tenka_bind_state(b, e->at, tenka_export_find(b->graph->export, e->word)->target, &code->state);
    }
    if (slot == TENKA_NO_SLOT)
        return tenka_py_fail(&b->r, e->at, "no line before gives %.100s a value", e->word);
    TENKA_TRY(tenka_bind_read(b, slot, &slot));
    if (slot == TENKA_NO_SLOT)
        return tenka_py_fail(&b->r, e->at,
                             "a line before changes the memory of %.100s in place, by another name, which is not "
                             "followed here",
                             e->word);
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_SLOT, 0, &code));
    code->slot = slot;
    *out = code;
    return TENKA_OK;
}

/* The layer of which the code is the result, if its text could say that it gives the indices of its maxima too, and says
 * nothing of them; else NULL. */
static const tenka_module *without_indices(const struct tenka_binder *b, const struct tenka_code *code)
{
    const tenka_module *m = code->kind == TENKA_CODE_SLOT ? b->memory[code->slot].giver : code->child;
    for (size_t i = 0; m != NULL && i < m->type->n_args; i++)
        if (strcmp(m->type->args[i].name, "return_indices") == 0)
            return m->values.arg[i].given ? NULL : m;
    return NULL;
}

/* x[0, 1] is an element, and x[[0, 1]] are rows, which nobody chooses here. print does not show return_indices, without
 * which a number would take an image of the batch. */
static tenka_status bind_subscript(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const struct tenka_py *index = e->child->next;
    if (index->kind == TENKA_PY_LIST)
        return tenka_py_fail(&b->r, index->at, "a list is no index here; make it a buffer of whole numbers");
    TENKA_TRY(bind_function(b, e, "[]", NULL, e->child, out));
    const bool number = index->kind == TENKA_PY_INT ||
                        (index->kind == TENKA_PY_UNARY && index->child->kind == TENKA_PY_INT);
    const tenka_module *m = number ? without_indices(b, (*out)->args[0]) : NULL;
    if (m == NULL)
        return TENKA_OK;
    return tenka_py_fail(&b->r, e->at,
                         "print does not show whether layer %.200s (%s) gives indices too, or this is an image of its "
                         "batch: write return_indices=True, or False, into its parentheses",
                         m->path, tenka_module_class(m));
}

/* A number with a sign is a number. */
static tenka_status bind_unary(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const bool minus = e->word[0] == '-';
    if (e->child->kind == TENKA_PY_INT)
        return constant(
            b, (struct tenka_value){.kind = TENKA_VALUE_INT, .integer = minus ? -e->child->integer : e->child->integer},
            out);
    return bind_function(b, e, minus ? "neg" : "pos", NULL, e->child, out);
}

/* A dict is taken for its values, in their order. */
static tenka_status bind_dict(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    struct tenka_code *code;
    size_t i = 0;
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_LIST, tenka_py_count(e->child) / 2, &code));
    for (const struct tenka_py *key = e->child; key != NULL && key->next != NULL; key = key->next->next)
        TENKA_TRY(tenka_bind(b, key->next, &code->args[i++]));
    *out = code;
    return TENKA_OK;
}

tenka_status tenka_bind(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    switch (e->kind) {
    case TENKA_PY_ABSENT:
    case TENKA_PY_NONE: return constant(b, (struct tenka_value){.kind = TENKA_VALUE_NONE}, out);
    case TENKA_PY_FALSE: return constant(b, (struct tenka_value){.kind = TENKA_VALUE_BOOL}, out);
    case TENKA_PY_TRUE: return constant(b, (struct tenka_value){.kind = TENKA_VALUE_BOOL, .integer = 1}, out);
    case TENKA_PY_INT: return constant(b, (struct tenka_value){.kind = TENKA_VALUE_INT, .integer = e->integer}, out);
    case TENKA_PY_FLOAT: return constant(b, (struct tenka_value){.kind = TENKA_VALUE_FLOAT, .number = e->number}, out);
    case TENKA_PY_STRING: return constant(b, (struct tenka_value){.kind = TENKA_VALUE_WORD, .word = e->word}, out);
    case TENKA_PY_NAME: return bind_name(b, e, out);
    case TENKA_PY_LIST:
    case TENKA_PY_TUPLE: return bind_list(b, TENKA_CODE_LIST, e->child, 0, out);
    case TENKA_PY_DICT: return bind_dict(b, e, out);
    case TENKA_PY_SLICE: return bind_list(b, TENKA_CODE_SLICE, e->child, 3, out);
    case TENKA_PY_SUBSCRIPT: return bind_subscript(b, e, out);
    case TENKA_PY_ATTRIBUTE: return bind_attribute(b, e, out);
    case TENKA_PY_CALL: return bind_call(b, e, out);
    case TENKA_PY_UNARY: return bind_unary(b, e, out);
    case TENKA_PY_BINARY: return bind_function(b, e, e->word, NULL, e->child, out);
    default: return tenka_py_fail(&b->r, e->at, "this has no meaning here");
    }
}
