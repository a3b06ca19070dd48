/* Reads a network's code, line by line. */
#include "nn/export.h"

/* ---- Lines ---- */

/* Whose memory the value of an expression shares: its own, or that of a name. */
static const struct tenka_code *shared(const struct tenka_code *code)
{
    while ((code->kind == TENKA_CODE_FUNCTION && code->function->view) ||
           (code->kind == TENKA_CODE_CHILD && code->child->type->view))
        code = code->args[0];
    return code;
}

/* Whether numbers, slices, None and ... are all that an index has, as whose result PyTorch gives a view. */
static bool is_part(const struct tenka_code *index)
{
    bool plain = index->kind == TENKA_CODE_LIST;
    for (size_t i = 0; i < index->n_args && plain; i++)
        plain = index->args[i]->kind == TENKA_CODE_CONSTANT || index->args[i]->kind == TENKA_CODE_SLICE;
    return plain || index->kind == TENKA_CODE_CONSTANT || index->kind == TENKA_CODE_SLICE;
}

/* Whether a call gives a view of a value that has a name, and not a copy. */
static bool is_view(const struct tenka_code *code)
{
    return code->kind == TENKA_CODE_FUNCTION && code->put != NULL && code->args[0]->kind == TENKA_CODE_SLOT &&
           (code->put != tenka_function_put_index || is_part(code->args[1]));
}

/* The value of a view shares the memory of what it is a view of; the result of a layer is known for one. A view in place,
 * such as x.unsqueeze_(0), is what x means from then on, and a call that writes makes another value of x. */
static tenka_status note_memory(struct tenka_binder *b, const struct tenka_code *code, const uint32_t *slots, size_t n)
{
    const bool writes = code->in_place && !is_view(code);
    const struct tenka_code *owner = writes ? code : shared(code);
    if (n == 1)
        b->memory[slots[0]].giver = code->child;
    for (size_t i = 0; i < n; i++) {
        b->memory[slots[i]].state = owner->kind == TENKA_CODE_STATE;
        if (owner->kind == TENKA_CODE_SLOT)
            tenka_bind_share(b, slots[i], owner->slot, is_view(code) && n == 1 ? code : NULL);
    }
    if (code->in_place && is_view(code))
        tenka_bind_rename(b, owner->slot, slots[0]);
    return writes && code->args[0]->kind == TENKA_CODE_SLOT ? tenka_bind_write(b, code->args[0]->slot, slots[0])
                                                            : TENKA_OK;
}

/* Whether a call in place writes into what the network keeps, which PyTorch would find changed in the next step. */
static bool changes_state(const struct tenka_binder *b, const struct tenka_code *code)
{
    const struct tenka_code *owner = code->in_place ? shared(code->args[0]) : NULL;
    return owner != NULL && (owner->kind == TENKA_CODE_STATE ||
                             (owner->kind == TENKA_CODE_SLOT && b->memory[b->memory[owner->slot].owner].state));
}

/* Whether a call works in place within an expression, on what has no name or for who takes the result at once. */
static bool changes_inside(const struct tenka_code *code)
{
    for (size_t i = 0; i < code->n_args; i++)
        if (code->args[i]->in_place || changes_inside(code->args[i]))
            return true;
    return code->in_place && code->args[0]->kind != TENKA_CODE_SLOT && shared(code->args[0])->kind == TENKA_CODE_SLOT;
}

/* Whether a call that nobody gives a name works in place, going by its own. */
static bool changes_unnamed(const struct tenka_py *value)
{
    const char *name = value->kind == TENKA_PY_CALL && value->child->kind == TENKA_PY_ATTRIBUTE ? value->child->word
                                                                                                : "";
    const size_t length = strlen(name);
    return (length > 1 && name[length - 1] == '_' && name[length - 2] != '_') || strcmp(name, "setitem") == 0;
}

static tenka_status fail_changes(struct tenka_binder *b, const struct tenka_py *at)
{
    return tenka_py_fail(&b->r, at->at,
                         "a call that works in place is followed only in a line of its own, as torch.fx prints it: "
                         "relu_ = x.relu_()");
}

/* "x = None" forgets x, which is of use to Python alone. */
static bool forgets(const struct tenka_py_line *line)
{
    return line->value->kind == TENKA_PY_NONE && line->targets != NULL && line->targets->kind == TENKA_PY_NAME;
}

/* BatchNorm's layer counts its batches itself. */
static bool counts_batches(const struct tenka_binder *b, const struct tenka_py_line *line)
{
    static const char counter[] = "num_batches_tracked";
    const struct tenka_py *call = line->value, *first = call->kind == TENKA_PY_CALL ? call->child->next : NULL;
    if (b->graph->export == NULL || first == NULL || first->kind != TENKA_PY_NAME)
        return false;
    const struct tenka_export_entry *e = tenka_export_find(b->graph->export, first->word);
    const size_t length = e != NULL && e->target != NULL ? strlen(e->target) : 0;
    return length >= sizeof(counter) - 1 && strcmp(e->target + length - (sizeof(counter) - 1), counter) == 0;
}

static tenka_status bind_targets(struct tenka_binder *b, const struct tenka_py *target, struct tenka_code_line *line)
{
    const bool tuple = target->kind == TENKA_PY_TUPLE, named = target->kind != TENKA_PY_SUBSCRIPT;
    const struct tenka_py *name = tuple ? target->child : target;
    const size_t n = tuple ? tenka_py_count(target->child) : 1;
    uint32_t *slots = tenka_py_alloc(&b->r, n * sizeof(*slots));
    if (slots == NULL)
        return TENKA_E_NOMEM;
    for (size_t i = 0; i < n; i++, name = name->next)
        TENKA_TRY(named ? tenka_bind_add_name(b, name->word, &slots[i]) : tenka_bind_add_slot(b, &slots[i]));
    line->slots = slots;
    line->n_slots = tuple ? n : 1;
    return TENKA_OK;
}

/* Places come in the order of the text. */
static uint32_t line_of(struct tenka_binder *b, const char *at)
{
    for (; b->counted < at; b->counted++)
        b->lines += *b->counted == '\n';
    return b->lines;
}

/* x[index] = value is operator.setitem(x, index, value). */
static tenka_status bind_value(struct tenka_binder *b, const struct tenka_py_line *line, const struct tenka_code **out)
{
    if (line->targets->kind != TENKA_PY_SUBSCRIPT)
        return tenka_bind(b, line->value, out);
    const struct tenka_py *x = line->targets->child;
    struct tenka_py value = *line->value, index = *x->next, object = *x;
    struct tenka_py name = {.kind = TENKA_PY_NAME, .at = x->at, .word = "operator.setitem", .next = &object};
    const struct tenka_py call = {.kind = TENKA_PY_CALL, .at = x->at, .child = &name};
    object.next = &index;
    index.next = &value;
    value.next = NULL;
    return tenka_bind(b, &call, out);
}

static tenka_status bind_line(struct tenka_binder *b, const struct tenka_py_line *from)
{
    struct tenka_code_line line = {0};
    b->line = line_of(b, from->targets != NULL ? from->targets->at : from->value->at);
    if (from->targets == NULL) /* a value that nobody uses, such as torch._assert(...) */
        return changes_unnamed(from->value) ? fail_changes(b, from->value) : TENKA_OK;
    if (from->targets->next != NULL)
        return tenka_py_fail(&b->r, from->targets->at, "only None is assigned to several names at once");
    TENKA_TRY(bind_value(b, from, &line.value));
    if (changes_inside(line.value))
        return fail_changes(b, from->value);
    if (changes_state(b, line.value))
        return tenka_py_fail(&b->r, from->value->at,
                             "this changes a parameter or a buffer in place, which is not followed here");
    if (line.value->kind == TENKA_CODE_SLOT && from->targets->kind == TENKA_PY_NAME)
        return tenka_bind_name_slot(b, from->targets->word, line.value->slot);
    TENKA_TRY(bind_targets(b, from->targets, &line));
    TENKA_TRY(tenka_bind_add_line(b, line.value, line.slots, line.n_slots));
    return note_memory(b, line.value, line.slots, line.n_slots);
}

/* Parameters behind self are inputs. */
static tenka_status bind_inputs(struct tenka_binder *b)
{
    const struct tenka_py_parameter *p = b->graph->source.parameters;
    uint32_t slot;
    if (p == NULL)
        return tenka_py_fail(&b->r, b->r.at, "forward has no parameter self");
    b->self = p->name;
    for (p = p->next; p != NULL; p = p->next)
        if (b->graph->export == NULL || strcmp(tenka_export_find(b->graph->export, p->name)->kind, "USER_INPUT") == 0)
            TENKA_TRY(tenka_bind_add_name(b, p->name, &slot));
    b->graph->inputs = b->graph->n_slots;
    return b->graph->inputs > 0 && b->graph->inputs <= TENKA_MAX_FORWARD
               ? TENKA_OK
               : tenka_py_fail(&b->r, b->r.at, "forward takes %u tensors; networks of 1 to %d are run",
                               b->graph->inputs, TENKA_MAX_FORWARD);
}

static tenka_status bind_all(struct tenka_binder *b)
{
    TENKA_TRY(bind_inputs(b));
    for (const struct tenka_py_line *line = b->graph->source.lines; line != NULL; line = line->next)
        if (!forgets(line) && !counts_batches(b, line))
            TENKA_TRY(bind_line(b, line));
    b->line = line_of(b, b->graph->source.result->at);
    TENKA_TRY(tenka_bind(b, b->graph->source.result, &b->graph->result));
    return changes_inside(b->graph->result) ? fail_changes(b, b->graph->source.result) : TENKA_OK;
}

/* ---- Reading ---- */

static tenka_status read_all(struct tenka_binder *b, uint64_t max_elements)
{
    const bool exported = tenka_export_is(b->r.at);
    if (exported)
        TENKA_TRY(tenka_export_read_head(b));
    TENKA_TRY(tenka_py_read_function(&b->r, &b->graph->source));
    if (exported) {
        TENKA_TRY(tenka_export_read_table(b));
        b->graph->export->room = max_elements;
        TENKA_TRY(tenka_export_make(b));
    }
    TENKA_TRY(bind_all(b));
    tenka_py_skip_lines(&b->r);
    return *b->r.at == '\0' ? TENKA_OK : tenka_py_fail_expected(&b->r, "the end of the text");
}

tenka_status tenka_graph_read(tenka_module *module, const char *text, const char *at, uint64_t max_elements)
{
    struct tenka_graph *g = tenka_alloc(sizeof(*g));
    struct tenka_binder *b = tenka_alloc(sizeof(*b));
    tenka_status status = TENKA_E_NOMEM;
    if (g == NULL || b == NULL) {
        tenka_fail_nomem(tenka_ctx_error(module->ctx));
    } else {
        *b = (struct tenka_binder){.root = module, .graph = g, .counted = text, .lines = 1};
        b->r = (struct tenka_py_reader){
            .err = tenka_ctx_error(module->ctx), .what = "network text", .text = text, .at = at, .arena = &g->arena};
        memset(b->newest, 0xff, sizeof(b->newest));
        status = read_all(b, max_elements);
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
    tenka_free(g->states);
    tenka_free(g);
}
