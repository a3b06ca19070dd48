/* Runs a graph: one line after the other, on values. */
#include <stdio.h>

#include "nn/export.h"

struct frame {
    tenka_module *root;
    struct tenka_graph *graph;
    struct tenka_value *slots;
    uint32_t example, batch; /* as in struct tenka_function_call */
};

static bool evaluate(const struct frame *f, const struct tenka_code *code, struct tenka_value *out);

static bool fail_memory(const struct frame *f)
{
    tenka_trace_fail(f->root->ctx, TENKA_E_NOMEM, "out of memory for the values of forward");
    return false;
}

static bool evaluate_args(const struct frame *f, const struct tenka_code *code, struct tenka_value **out)
{
    *out = tenka_arena_alloc(&f->graph->run, (code->n_args + 1) * sizeof(**out));
    if (*out == NULL)
        return fail_memory(f);
    for (size_t i = 0; i < code->n_args; i++)
        if (!evaluate(f, code->args[i], &(*out)[i]))
            return false;
    return true;
}

static bool evaluate_list(const struct frame *f, const struct tenka_code *code, struct tenka_value *out)
{
    struct tenka_value *items;
    if (!evaluate_args(f, code, &items))
        return false;
    const bool slice = code->kind == TENKA_CODE_SLICE;
    *out = (struct tenka_value){
        .kind = slice ? TENKA_VALUE_SLICE : TENKA_VALUE_LIST, .items = items, .n_items = code->n_args};
    return true;
}

static bool read_state(const struct frame *f, const struct tenka_graph_state *s, struct tenka_value *out)
{
    if (s->var != NULL && (!s->unset || tenka_layer_is_checked(f->root)))
        return tenka_function_give(out, tenka_value(s->var));
    tenka_trace_fail(f->root->ctx, TENKA_E_INVALID,
                     "the text does not show the %s of %.200s; load a state_dict that has it",
                     s->unset ? "numbers" : "shape", s->path);
    return false;
}

static struct tenka_function_call call_of(const struct frame *f, const struct tenka_value *args)
{
    return (struct tenka_function_call){.ctx = f->root->ctx,
                                        .arg = args,
                                        .arena = &f->graph->run,
                                        .training = f->root->training,
                                        .example = f->example,
                                        .batch = f->batch};
}

/* A layer that gives several tensors, as a tuple. */
static bool run_several(const struct tenka_function_call *call, tenka_module *child, tenka_tensor x, uint32_t n,
                        struct tenka_value *out)
{
    tenka_tensor y[TENKA_MAX_FORWARD];
    struct tenka_value *items;
    tenka_layer_run_n(child, &x, 1, y, n);
    if (!tenka_function_list(call, n, &items, out))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!tenka_function_give(&items[i], y[i]))
            return false;
    return true;
}

static bool run_child(const struct frame *f, const struct tenka_code *code, const struct tenka_value *args,
                      struct tenka_value *out)
{
    const struct tenka_function_call call = call_of(f, args);
    if (code->child->type->run != NULL)
        return code->child->type->run(code->child, &call, out);
    if (args[0].kind != TENKA_VALUE_TENSOR) {
        tenka_trace_fail(f->root->ctx, TENKA_E_INVALID, "layer %s is given what is no tensor", code->child->path);
        return false;
    }
    const uint32_t gives = tenka_layer_gives(code->child);
    if (gives > 1)
        return run_several(&call, code->child, args[0].tensor, gives, out);
    return tenka_function_give(out, tenka_layer_run(code->child, args[0].tensor));
}

/* What is written must have the shape of what is there. */
static bool keeps_shape(const struct frame *f, const struct tenka_value *before, const struct tenka_value *after)
{
    const bool tensors = before->kind == TENKA_VALUE_TENSOR && after->kind == TENKA_VALUE_TENSOR;
    const struct tenka_shape none = {.rank = 0}, a = tensors ? tenka_tensor_shape(before->tensor) : none;
    const struct tenka_shape b = tensors ? tenka_tensor_shape(after->tensor) : none;
    if (tensors && tenka_shape_equal(&a, &b))
        return true;
    tenka_trace_fail(f->root->ctx, TENKA_E_INVALID, "a call in place gives what is no tensor of the same shape");
    return false;
}

static bool run_function(const struct frame *f, const struct tenka_code *code, const struct tenka_value *args,
                         struct tenka_value *out)
{
    const struct tenka_function_call call = call_of(f, args);
    const bool put = code->kind == TENKA_CODE_PUT;
    *out = (struct tenka_value){0};
    if (put ? !code->put(&call, &args[code->n_args - 1], out) : !code->function->run(&call, out))
        return false;
    out->truths = put || code->in_place ? args[0].truths : out->truths || (code->function->view && args[0].truths);
    return put || !code->in_place || code->put != NULL || keeps_shape(f, &args[0], out);
}

static bool run_call(const struct frame *f, const struct tenka_code *code, struct tenka_value *out)
{
    struct tenka_value *args;
    if (!evaluate_args(f, code, &args))
        return false;
    const size_t before = tenka_step_calls(f->root->ctx);
    const bool child = code->kind == TENKA_CODE_CHILD;
    return (child ? run_child(f, code, args, out) : run_function(f, code, args, out)) &&
           tenka_graph_note(f->root, code, args, before, out);
}

static bool evaluate(const struct frame *f, const struct tenka_code *code, struct tenka_value *out)
{
    switch (code->kind) {
    case TENKA_CODE_CONSTANT: *out = code->value; return true;
    case TENKA_CODE_SLOT: *out = f->slots[code->slot]; return true;
    case TENKA_CODE_STATE: return read_state(f, code->state, out);
    case TENKA_CODE_LIST:
    case TENKA_CODE_SLICE: return evaluate_list(f, code, out);
    case TENKA_CODE_CHILD:
    case TENKA_CODE_FUNCTION:
    case TENKA_CODE_PUT: return run_call(f, code, out);
    }
    return false;
}

static bool run_line(const struct frame *f, const struct tenka_code_line *line)
{
    struct tenka_value value;
    if (!evaluate(f, line->value, &value))
        return false;
    if (line->n_slots == 1) {
        f->slots[line->slots[0]] = value;
        return true;
    }
    if (value.kind != TENKA_VALUE_LIST || value.n_items != line->n_slots) {
        tenka_trace_fail(f->root->ctx, TENKA_E_INVALID, "%zu names are given %zu values", line->n_slots,
                         value.kind == TENKA_VALUE_LIST ? value.n_items : 1);
        return false;
    }
    for (size_t i = 0; i < line->n_slots; i++)
        f->slots[line->slots[i]] = value.items[i];
    return true;
}

/* A mistake in a layer says so itself. */
static bool blame(const struct frame *f, uint32_t number)
{
    char where[80];
    snprintf(where, sizeof(where), "forward, line %u of the network's text", number);
    tenka_trace_blame(f->root->ctx, where);
    return false;
}

/* The tensors of a result, also of tuples in tuples; None is none. */
static bool give_results(const struct frame *f, const struct tenka_value *result, tenka_tensor *out, size_t *n)
{
    if (result->kind == TENKA_VALUE_LIST) {
        for (size_t i = 0; i < result->n_items; i++)
            if (!give_results(f, &result->items[i], out, n))
                return false;
        return true;
    }
    if (result->kind == TENKA_VALUE_NONE)
        return true;
    if (result->kind != TENKA_VALUE_TENSOR)
        tenka_trace_fail(f->root->ctx, TENKA_E_INVALID, "forward returns what is no tensor");
    else if (*n == TENKA_MAX_FORWARD)
        tenka_trace_fail(f->root->ctx, TENKA_E_INVALID, "forward returns more than %d tensors", TENKA_MAX_FORWARD);
    else
        out[(*n)++] = result->tensor;
    return result->kind == TENKA_VALUE_TENSOR && *n <= TENKA_MAX_FORWARD;
}

static bool run(const struct frame *f, tenka_tensor *out, size_t *n)
{
    const struct tenka_graph *g = f->graph;
    struct tenka_value result;
    for (size_t i = 0; i < g->n_lines; i++)
        if (!run_line(f, &g->lines[i]))
            return blame(f, g->lines[i].number);
    if (!evaluate(f, g->result, &result) || !give_results(f, &result, out, n))
        return false;
    if (*n == 0)
        tenka_trace_fail(f->root->ctx, TENKA_E_INVALID, "forward returns no tensor");
    return *n > 0;
}

void tenka_graph_run(tenka_module *module, const tenka_tensor *in, tenka_tensor out[TENKA_MAX_FORWARD], size_t *n)
{
    struct tenka_graph *g = module->graph;
    struct frame f = {.root = module, .graph = g};
    tenka_arena_reset(&g->run);
    *n = 0;
    f.slots = tenka_arena_alloc(&g->run, (g->n_slots + 1) * sizeof(*f.slots));
    if (f.slots == NULL) {
        tenka_trace_fail(module->ctx, TENKA_E_NOMEM, "out of memory for the values of forward");
        return;
    }
    const struct tenka_shape first = tenka_tensor_shape(in[0]);
    f.batch = first.rank > 0 ? first.dim[0] : 1;
    f.example = g->export != NULL && g->export->batch > 0 ? g->export->batch : f.batch;
    for (uint32_t i = 0; i < g->inputs; i++)
        f.slots[i] = (struct tenka_value){.kind = TENKA_VALUE_TENSOR, .tensor = in[i], .maker = TENKA_MADE_BY_INPUT};
    if (!run(&f, out, n))
        *n = 0;
}
