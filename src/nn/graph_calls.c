/* What forward calls, and which calls made what others are given: values say who made their tensor. */
#include <stdio.h>

#include "nn/graph.h"

static bool fail_memory(const tenka_module *root)
{
    tenka_trace_fail(root->ctx, TENKA_E_NOMEM, "out of memory for the calls of forward");
    return false;
}

/* Who made a tensor that is among the arguments, itself or in lists. */
static uint32_t maker_of(const struct tenka_value *args, size_t n, tenka_tensor tensor)
{
    uint32_t maker = TENKA_MADE_BY_NOBODY;
    for (size_t i = 0; i < n && maker == TENKA_MADE_BY_NOBODY; i++) {
        if (args[i].kind == TENKA_VALUE_TENSOR && args[i].tensor.slot == tensor.slot &&
            args[i].tensor.generation == tensor.generation)
            maker = args[i].maker;
        else if (args[i].n_items > 0)
            maker = maker_of(args[i].items, args[i].n_items, tensor);
    }
    return maker;
}

struct made {
    tenka_module *root;
    uint32_t maker; /* TENKA_MADE_BY_NOBODY: the tensors are those of the arguments */
    const struct tenka_value *args;
    size_t n_args;
};

/* Writes into a result who made it. Its list may be an argument's, and is copied. */
static bool mark(const struct made *m, struct tenka_value *v)
{
    if (v->kind == TENKA_VALUE_TENSOR && m->maker != TENKA_MADE_BY_NOBODY)
        v->maker = m->maker;
    else if (v->kind == TENKA_VALUE_TENSOR && v->maker == TENKA_MADE_BY_NOBODY)
        v->maker = maker_of(m->args, m->n_args, v->tensor);
    if (v->n_items == 0)
        return true;
    struct tenka_value *items = tenka_arena_alloc(&m->root->graph->run, v->n_items * sizeof(*items));
    if (items == NULL)
        return fail_memory(m->root);
    memcpy(items, v->items, v->n_items * sizeof(*items));
    v->items = items;
    for (size_t i = 0; i < v->n_items; i++)
        if (!mark(m, &items[i]))
            return false;
    return true;
}

static size_t count_tensors(const struct tenka_value *args, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += args[i].kind == TENKA_VALUE_TENSOR ? 1 : count_tensors(args[i].items, args[i].n_items);
    return count;
}

/* Adds who made the tensors, each once. */
static void list_makers(const struct tenka_value *args, size_t n, struct tenka_graph_call *call)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t number = args[i].maker - TENKA_MADE_BY_INPUT;
        size_t k = 0;
        list_makers(args[i].items, args[i].n_items, call);
        if (args[i].kind != TENKA_VALUE_TENSOR || args[i].maker == TENKA_MADE_BY_NOBODY)
            continue;
        while (k < call->n_inputs && call->inputs[k] != number)
            k++;
        call->inputs[k] = number;
        call->n_inputs = k == call->n_inputs ? k + 1 : call->n_inputs;
    }
}

static bool note(tenka_module *root, struct tenka_graph_call call, const struct tenka_value *args)
{
    struct tenka_graph_calls *calls = root->graph->calls;
    const size_t n = call.code->n_args;
    call.inputs = tenka_arena_alloc(&root->graph->run, (count_tensors(args, n) + 1) * sizeof(*call.inputs));
    if (call.inputs == NULL || !tenka_grow(&calls->items, &calls->capacity, calls->n, sizeof(*calls->items)))
        return fail_memory(root);
    list_makers(args, n, &call);
    calls->items[calls->n++] = call;
    return true;
}

bool tenka_graph_note(tenka_module *root, const struct tenka_code *code, const struct tenka_value *args, size_t before,
                      struct tenka_value *result)
{
    const struct tenka_graph_calls *calls = root->graph->calls;
    struct made made = {.root = root, .maker = TENKA_MADE_BY_NOBODY, .args = args, .n_args = code->n_args};
    if (calls == NULL)
        return true;
    if (code->kind == TENKA_CODE_CHILD || tenka_step_calls(root->ctx) > before) {
        const struct tenka_value *first = result->n_items > 0 ? result->items : result;
        const struct tenka_shape shape = first->kind == TENKA_VALUE_TENSOR ? tenka_tensor_shape(first->tensor)
                                                                           : (struct tenka_shape){0};
        if (!note(root,
                  (struct tenka_graph_call){
                      .code = code, .output = shape, .multiply_adds = tenka_step_multiply_adds(root->ctx, before)},
                  args))
            return false;
        made.maker = TENKA_MADE_BY_INPUT + (uint32_t)calls->n;
    }
    return mark(&made, result);
}
