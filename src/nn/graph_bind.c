/* The code of a network's text becomes a graph: each name in it is looked up once. */
#include <stdio.h>

#include "nn/graph.h"

/* A name and its slot; the newest come last. */
struct name {
    const char *name;
    uint32_t slot;
    uint32_t before; /* the name with this hash before it */
};

/* A value as PyTorch has it. */
struct memory {
    uint32_t owner; /* the slot of the value whose memory it shares, or its own */
    bool changed;   /* by a call that worked in place on another value in that memory */
};

#define HASHES 1024
#define NO_NAME UINT32_MAX

struct binder {
    struct tenka_py_reader r;
    tenka_module *root;
    struct tenka_graph *graph;
    const char *self;
    struct name *names;
    size_t n_names, capacity;
    struct memory *memory; /* of each slot */
    size_t memory_capacity;
    uint32_t newest[HASHES];
    const char *counted; /* up to here in the text, there have been so many lines */
    uint32_t lines;
};

/* ---- Names ---- */

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash % HASHES;
}

/* NO_NAME: there is none. */
static uint32_t slot_of(const struct binder *b, const char *name)
{
    uint32_t i = b->newest[hash_of(name)];
    while (i != NO_NAME && strcmp(b->names[i].name, name) != 0)
        i = b->names[i].before;
    return i == NO_NAME ? NO_NAME : b->names[i].slot;
}

/* The name means the slot's value from now on. */
static tenka_status name_slot(struct binder *b, const char *name, uint32_t slot)
{
    uint32_t *newest = &b->newest[hash_of(name)];
    if (!tenka_grow(&b->names, &b->capacity, b->n_names, sizeof(*b->names)))
        return tenka_fail_nomem(b->r.err);
    b->names[b->n_names] = (struct name){name, slot, *newest};
    *newest = (uint32_t)b->n_names++;
    return TENKA_OK;
}

/* The name means a value that is not yet there. */
static tenka_status add_name(struct binder *b, const char *name, uint32_t *slot)
{
    if (!tenka_grow(&b->memory, &b->memory_capacity, b->graph->n_slots, sizeof(*b->memory)))
        return tenka_fail_nomem(b->r.err);
    *slot = b->graph->n_slots++;
    b->memory[*slot] = (struct memory){.owner = *slot};
    return name_slot(b, name, *slot);
}

/* A call has changed a value in place and given it as another: names of the one become names of the other, and what
 * shares its memory has another content, too. */
static void change_in_place(struct binder *b, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < b->n_names; i++)
        if (b->names[i].slot == from)
            b->names[i].slot = to;
    for (uint32_t k = 0; k < to; k++)
        if (b->memory[k].owner == b->memory[from].owner)
            b->memory[k].changed = true;
}

/* The value of a view shares the memory of what it is a view of. */
static void note_memory(struct binder *b, const struct tenka_code *code, const uint32_t *slots, size_t n)
{
    const bool view = code->kind == TENKA_CODE_FUNCTION && code->function->view;
    for (size_t i = 0; i < n && view && code->args[0]->kind == TENKA_CODE_SLOT; i++)
        b->memory[slots[i]].owner = b->memory[code->args[0]->slot].owner;
}

/* ---- Paths ---- */

/* Whether an expression is self, a module below it, or what a module has: self.layer1, getattr(self.layer1, "0").bn.
 * Its path is written into buf, "" of self. */
static bool is_path(const struct binder *b, const struct tenka_py *e, char *buf, size_t bytes)
{
    const struct tenka_py *object = e->child, *name = e->child != NULL ? e->child->next : NULL;
    const char *word = e->word;
    if (e->kind == TENKA_PY_NAME) {
        buf[0] = '\0';
        return strcmp(e->word, b->self) == 0;
    }
    if (e->kind == TENKA_PY_CALL && object->kind == TENKA_PY_NAME && strcmp(object->word, "getattr") == 0 &&
        name != NULL && name->next != NULL && name->next->kind == TENKA_PY_STRING) {
        word = name->next->word;
        object = name;
    } else if (e->kind != TENKA_PY_ATTRIBUTE) {
        return false;
    }
    if (!is_path(b, object, buf, bytes))
        return false;
    const size_t length = strlen(buf);
    return (size_t)snprintf(buf + length, bytes - length, "%s%s", length > 0 ? "." : "", word) < bytes - length;
}

static tenka_module *module_at(const struct binder *b, const char *path)
{
    tenka_module *m = b->root;
    while (m != NULL && *path != '\0') {
        char name[TENKA_MAX_LAYER_NAME];
        const size_t length = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        m = tenka_module_child(m, name);
        path += length + (path[length] == '.');
    }
    return m;
}

/* "torch.nn.functional.relu" of attributes of a name that is no value here. */
static bool is_global(const struct binder *b, const struct tenka_py *e, char *buf, size_t bytes)
{
    if (e->kind == TENKA_PY_NAME)
        return slot_of(b, e->word) == NO_NAME && (size_t)snprintf(buf, bytes, "%s", e->word) < bytes;
    if (e->kind != TENKA_PY_ATTRIBUTE || !is_global(b, e->child, buf, bytes))
        return false;
    const size_t length = strlen(buf);
    return (size_t)snprintf(buf + length, bytes - length, ".%s", e->word) < bytes - length;
}

/* ---- Expressions ---- */

static tenka_status bind(struct binder *b, const struct tenka_py *e, const struct tenka_code **out);

static tenka_status make(struct binder *b, enum tenka_code_kind kind, size_t n_args, struct tenka_code **out)
{
    struct tenka_code *code = *out = tenka_py_alloc(&b->r, sizeof(*code));
    if (code == NULL)
        return TENKA_E_NOMEM;
    code->kind = kind;
    code->n_args = n_args;
    code->args = n_args > 0 ? tenka_py_alloc(&b->r, n_args * sizeof(*code->args)) : NULL;
    return n_args == 0 || code->args != NULL ? TENKA_OK : TENKA_E_NOMEM;
}

static tenka_status constant(struct binder *b, struct tenka_value value, const struct tenka_code **out)
{
    struct tenka_code *code;
    TENKA_TRY(make(b, TENKA_CODE_CONSTANT, 0, &code));
    code->value = value;
    *out = code;
    return TENKA_OK;
}

static size_t count(const struct tenka_py *e)
{
    size_t n = 0;
    for (; e != NULL; e = e->next)
        n++;
    return n;
}

static tenka_status bind_list(struct binder *b, enum tenka_code_kind kind, const struct tenka_py *first, size_t room,
                              const struct tenka_code **out)
{
    struct tenka_code *code;
    const size_t n = count(first);
    TENKA_TRY(make(b, kind, n > room ? n : room, &code));
    for (size_t i = 0; first != NULL; first = first->next)
        TENKA_TRY(bind(b, first, &code->args[i++]));
    for (size_t i = n; i < room; i++)
        TENKA_TRY(constant(b, (struct tenka_value){.kind = TENKA_VALUE_NONE}, &code->args[i]));
    *out = code;
    return TENKA_OK;
}

/* slice(end), slice(begin, end) or slice(begin, end, step) */
static tenka_status bind_slice(struct binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const struct tenka_py *first = e->child->next, none = {.kind = TENKA_PY_NONE, .next = first};
    if (count(first) == 0 || count(first) > 3)
        return tenka_py_fail(&b->r, e->at, "slice takes one to three numbers");
    return bind_list(b, TENKA_CODE_SLICE, count(first) == 1 ? &none : first, 3, out);
}

static tenka_status fail_function(struct binder *b, const struct tenka_py *e, const char *name)
{
    char buf[200];
    const char *near = tenka_function_nearest(name, buf, sizeof(buf)), *shown = name[0] == '.' ? name + 1 : name;
    const char *what = name[0] == '.' ? "method" : "function";
    return near != NULL ? tenka_py_fail(&b->r, e->at, "Tenka has no %s %.100s; do you mean %s?", what, shown,
                                        near + (near[0] == '.'))
                        : tenka_py_fail(&b->r, e->at, "Tenka has no %s %.100s", what, shown);
}

/* ---- Calls of functions ---- */

/* The parameters of a function, as its row writes them. */
static tenka_status read_parameters(struct binder *b, const struct tenka_function *f,
                                    const struct tenka_py_parameter **out)
{
    struct tenka_py_reader r = {
        .err = b->r.err, .what = f->names, .text = f->parameters, .at = f->parameters, .arena = b->r.arena};
    return tenka_py_read_parameters(&r, out);
}

struct arguments {
    const struct tenka_py_parameter *parameters;
    const struct tenka_code **args;
    size_t n;
    const char *name; /* of the function, for sentences */
};

/* All that are left go to a parameter with a star, as a list, or as the one list that they are. */
static tenka_status bind_rest(struct binder *b, const struct tenka_py *first, const struct tenka_code **out)
{
    const bool one = first != NULL && first->next == NULL &&
                     (first->kind == TENKA_PY_LIST || first->kind == TENKA_PY_TUPLE || first->kind == TENKA_PY_NAME);
    return one ? bind(b, first, out) : bind_list(b, TENKA_CODE_LIST, first, 0, out);
}

static tenka_status bind_keyword(struct binder *b, const struct arguments *a, const struct tenka_py *e)
{
    size_t i = 0;
    for (const struct tenka_py_parameter *p = a->parameters; p != NULL; p = p->next, i++)
        if (strcmp(p->name + (p->name[0] == '*'), e->word) == 0)
            return a->args[i] == NULL ? bind(b, e->child, &a->args[i])
                                      : tenka_py_fail(&b->r, e->at, "%s has two values for %s", a->name, e->word);
    return tenka_py_fail(&b->r, e->at, "%s has no argument %s", a->name, e->word);
}

static tenka_status bind_given(struct binder *b, const struct arguments *a, const struct tenka_py *e, size_t i)
{
    const struct tenka_py_parameter *p = a->parameters;
    for (size_t k = 0; k < i && p != NULL; k++)
        p = p->next;
    for (; e != NULL && e->kind != TENKA_PY_KEYWORD; e = e->next, p = p->next) {
        if (p == NULL)
            return tenka_py_fail(&b->r, e->at, "%s takes %zu arguments", a->name, a->n);
        if (p->name[0] == '*')
            return bind_rest(b, e, &a->args[a->n - 1]);
        TENKA_TRY(bind(b, e, &a->args[i++]));
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

static tenka_status bind_fallbacks(struct binder *b, const struct arguments *a, const struct tenka_py *at)
{
    size_t i = 0;
    for (const struct tenka_py_parameter *p = a->parameters; p != NULL; p = p->next, i++) {
        if (a->args[i] != NULL)
            continue;
        if (p->fallback == NULL)
            return tenka_py_fail(&b->r, at->at, "%s: the argument %s is missing", a->name, p->name);
        TENKA_TRY(bind(b, p->fallback, &a->args[i]));
    }
    return TENKA_OK;
}

/* first: an argument that stands before the others, as a method's tensor; NULL: none */
static tenka_status bind_function(struct binder *b, const struct tenka_py *e, const char *name,
                                  const struct tenka_code *first, const struct tenka_py *given,
                                  const struct tenka_code **out)
{
    const struct tenka_function *f = tenka_function_find(name);
    struct arguments a = {.name = name[0] == '.' ? name + 1 : name};
    struct tenka_code *code;
    if (f == NULL)
        return fail_function(b, e, name);
    TENKA_TRY(read_parameters(b, f, &a.parameters));
    for (const struct tenka_py_parameter *p = a.parameters; p != NULL; p = p->next)
        a.n++;
    TENKA_TRY(make(b, TENKA_CODE_FUNCTION, a.n, &code));
    code->function = f;
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

static tenka_status bind_child(struct binder *b, const struct tenka_py *e, const char *path,
                               const struct tenka_code **out)
{
    struct tenka_code *code;
    tenka_module *child = module_at(b, path);
    if (child == NULL)
        return tenka_py_fail(&b->r, e->at, "the network has no layer %s", path);
    if (count(e->child->next) != 1 || e->child->next->kind == TENKA_PY_KEYWORD)
        return tenka_py_fail(&b->r, e->at, "layer %s takes one tensor", path);
    if (child->type->container && child->class_name != NULL)
        return tenka_py_fail(&b->r, e->at, "the text does not show what forward does in %s, a %.60s", path,
                             child->class_name);
    TENKA_TRY(make(b, TENKA_CODE_CHILD, 1, &code));
    code->child = child;
    code->in_place = is_in_place(child);
    *out = code;
    return bind(b, e->child->next, &code->args[0]);
}

static tenka_status bind_call(struct binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const struct tenka_py *callee = e->child;
    char name[1024];
    if (is_path(b, callee, name, sizeof(name)))
        return bind_child(b, e, name, out);
    if (is_global(b, callee, name, sizeof(name)))
        return strcmp(name, "slice") == 0 ? bind_slice(b, e, out)
                                          : bind_function(b, callee, name, NULL, callee->next, out);
    if (callee->kind != TENKA_PY_ATTRIBUTE)
        return tenka_py_fail(&b->r, callee->at, "only layers, functions and methods can be called");
    const struct tenka_code *object;
    TENKA_TRY(bind(b, callee->child, &object));
    snprintf(name, sizeof(name), ".%.1000s", callee->word);
    return bind_function(b, callee, name, object, callee->next, out);
}

/* A parameter or a buffer, or an attribute of a value. */
static tenka_status bind_attribute(struct binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    const struct tenka_code *object;
    struct tenka_code *code;
    char name[1024];
    if (is_path(b, e, name, sizeof(name))) {
        tenka_variable *var = tenka_module_find(b->root, name);
        if (var == NULL)
            return tenka_py_fail(&b->r, e->at, "the network has no parameter or buffer %s", name);
        TENKA_TRY(make(b, TENKA_CODE_STATE, 0, &code));
        code->var = var;
        *out = code;
        return TENKA_OK;
    }
    TENKA_TRY(bind(b, e->child, &object));
    snprintf(name, sizeof(name), ".%.1000s", e->word);
    return bind_function(b, e, name, object, NULL, out);
}

static tenka_status bind_name(struct binder *b, const struct tenka_py *e, const struct tenka_code **out)
{
    struct tenka_code *code;
    const uint32_t slot = slot_of(b, e->word);
    if (slot == NO_NAME)
        return tenka_py_fail(&b->r, e->at, "no line before gives %.100s a value", e->word);
    if (b->memory[slot].changed)
        return tenka_py_fail(&b->r, e->at,
                             "a line before changes the memory of %.100s in place, by another name, which is not "
                             "followed here",
                             e->word);
    TENKA_TRY(make(b, TENKA_CODE_SLOT, 0, &code));
    code->slot = slot;
    *out = code;
    return TENKA_OK;
}

static tenka_status bind(struct binder *b, const struct tenka_py *e, const struct tenka_code **out)
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
    case TENKA_PY_SLICE: return bind_list(b, TENKA_CODE_SLICE, e->child, 3, out);
    case TENKA_PY_SUBSCRIPT: return bind_function(b, e, "[]", NULL, e->child, out);
    case TENKA_PY_ATTRIBUTE: return bind_attribute(b, e, out);
    case TENKA_PY_CALL: return bind_call(b, e, out);
    case TENKA_PY_UNARY: return bind_function(b, e, e->word[0] == '-' ? "neg" : "pos", NULL, e->child, out);
    case TENKA_PY_BINARY: return bind_function(b, e, e->word, NULL, e->child, out);
    default: return tenka_py_fail(&b->r, e->at, "this has no meaning here");
    }
}

/* ---- Lines ---- */

/* "x = None" forgets x, which is of use to Python alone. */
static bool forgets(const struct binder *b, const struct tenka_py_line *line)
{
    return line->value->kind == TENKA_PY_NONE && line->targets != NULL && line->targets->kind == TENKA_PY_NAME &&
           slot_of(b, line->targets->word) != NO_NAME;
}

static tenka_status bind_targets(struct binder *b, const struct tenka_py *target, struct tenka_code_line *line)
{
    const bool tuple = target->kind == TENKA_PY_TUPLE;
    const struct tenka_py *name = tuple ? target->child : target;
    const size_t n = tuple ? count(target->child) : 1;
    uint32_t *slots = tenka_py_alloc(&b->r, n * sizeof(*slots));
    if (slots == NULL)
        return TENKA_E_NOMEM;
    for (size_t i = 0; i < n; i++, name = name->next)
        TENKA_TRY(add_name(b, name->word, &slots[i]));
    line->slots = slots;
    line->n_slots = tuple ? n : 1;
    return TENKA_OK;
}

/* Places come in the order of the text. */
static uint32_t line_of(struct binder *b, const char *at)
{
    for (; b->counted < at; b->counted++)
        b->lines += *b->counted == '\n';
    return b->lines;
}

static tenka_status bind_line(struct binder *b, const struct tenka_py_line *from)
{
    struct tenka_graph *g = b->graph;
    struct tenka_code_line line = {0};
    if (from->targets == NULL)
        return TENKA_OK; /* a value that nobody uses, such as torch._assert(...) */
    if (from->targets->next != NULL)
        return tenka_py_fail(&b->r, from->targets->at, "only None is assigned to several names at once");
    TENKA_TRY(bind(b, from->value, &line.value));
    if (line.value->kind == TENKA_CODE_SLOT && from->targets->kind == TENKA_PY_NAME)
        return name_slot(b, from->targets->word, line.value->slot);
    TENKA_TRY(bind_targets(b, from->targets, &line));
    line.number = line_of(b, from->targets->at);
    note_memory(b, line.value, line.slots, line.n_slots);
    if (line.value->in_place && line.value->args[0]->kind == TENKA_CODE_SLOT)
        change_in_place(b, line.value->args[0]->slot, line.slots[0]);
    if (!tenka_grow(&g->lines, &g->capacity, g->n_lines, sizeof(*g->lines)))
        return tenka_fail_nomem(b->r.err);
    g->lines[g->n_lines++] = line;
    return TENKA_OK;
}

/* Parameters behind self are inputs. */
static tenka_status bind_inputs(struct binder *b)
{
    const struct tenka_py_parameter *p = b->graph->source.parameters;
    uint32_t slot;
    if (p == NULL)
        return tenka_py_fail(&b->r, b->r.at, "forward has no parameter self");
    b->self = p->name;
    for (p = p->next; p != NULL; p = p->next)
        TENKA_TRY(add_name(b, p->name, &slot));
    b->graph->inputs = b->graph->n_slots;
    return b->graph->inputs == 1
               ? TENKA_OK
               : tenka_py_fail(&b->r, b->r.at, "forward takes %u tensors; networks of one are run", b->graph->inputs);
}

static tenka_status bind_all(struct binder *b)
{
    TENKA_TRY(bind_inputs(b));
    for (const struct tenka_py_line *line = b->graph->source.lines; line != NULL; line = line->next)
        if (!forgets(b, line))
            TENKA_TRY(bind_line(b, line));
    return bind(b, b->graph->source.result, &b->graph->result);
}

/* ---- Reading ---- */

static tenka_status read_all(struct binder *b)
{
    TENKA_TRY(tenka_py_read_function(&b->r, &b->graph->source));
    TENKA_TRY(bind_all(b));
    tenka_py_skip_lines(&b->r);
    return *b->r.at == '\0' ? TENKA_OK : tenka_py_fail_expected(&b->r, "the end of the text");
}

tenka_status tenka_graph_read(tenka_module *module, const char *text, const char *at)
{
    struct tenka_graph *g = tenka_alloc(sizeof(*g));
    struct binder *b = tenka_alloc(sizeof(*b));
    tenka_status status = TENKA_E_NOMEM;
    if (g == NULL || b == NULL) {
        tenka_fail_nomem(tenka_ctx_error(module->ctx));
    } else {
        *b = (struct binder){.root = module, .graph = g, .counted = text, .lines = 1};
        b->r = (struct tenka_py_reader){
            .err = tenka_ctx_error(module->ctx), .what = "network text", .text = text, .at = at, .arena = &g->arena};
        memset(b->newest, 0xff, sizeof(b->newest));
        status = read_all(b);
        tenka_free(b->names);
        tenka_free(b->memory);
    }
    tenka_free(b);
    if (status != TENKA_OK)
        tenka_graph_free(&g);
    module->graph = g;
    return status;
}

void tenka_graph_free(struct tenka_graph **graph)
{
    struct tenka_graph *g = *graph;
    *graph = NULL;
    if (g == NULL)
        return;
    tenka_arena_finish(&g->arena);
    tenka_arena_finish(&g->run);
    tenka_free(g->lines);
    tenka_free(g);
}
