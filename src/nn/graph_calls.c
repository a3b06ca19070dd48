/* What forward calls, and which calls made what others are given: values say who made their tensor. */
#include <stdio.h>

#include "nn/graph.h"

static bool fail_memory(const tenka_module *root)
{
    tenka_trace_fail(root->ctx, TENKA_E_NOMEM, "out of memory for the calls of forward");
    return false;
}

/* ---- What is given: tensors, and those of lists; of lists in lists no function takes any ---- */

static uint32_t maker_in(const struct tenka_value *values, size_t n, tenka_tensor tensor)
{
    for (size_t i = 0; i < n; i++)
        if (values[i].kind == TENKA_VALUE_TENSOR && values[i].tensor.slot == tensor.slot &&
            values[i].tensor.generation == tensor.generation)
            return values[i].maker;
    return TENKA_MADE_BY_NOBODY;
}

/* Who made a tensor that is among the arguments. */
static uint32_t maker_of(const struct tenka_value *args, size_t n, tenka_tensor tensor)
{
    uint32_t maker = maker_in(args, n, tensor);
    for (size_t i = 0; i < n && maker == TENKA_MADE_BY_NOBODY; i++)
        maker = maker_in(args[i].items, args[i].n_items, tensor);
    return maker;
}

/* Adds who made a tensor, unless he is there. */
static void add_maker(const struct tenka_value *v, struct tenka_graph_call *call)
{
    const uint32_t number = v->maker - TENKA_MADE_BY_INPUT;
    size_t k = 0;
    if (v->kind != TENKA_VALUE_TENSOR || v->maker == TENKA_MADE_BY_NOBODY)
        return;
    while (k < call->n_inputs && call->inputs[k] != number)
        k++;
    call->inputs[k] = number;
    call->n_inputs = k == call->n_inputs ? k + 1 : call->n_inputs;
}

static bool list_makers(tenka_module *root, const struct tenka_value *args, struct tenka_graph_call *call)
{
    const size_t n = call->code->n_args;
    size_t most = n;
    for (size_t i = 0; i < n; i++)
        most += args[i].n_items;
    call->inputs = tenka_arena_alloc(&root->graph->run, (most + 1) * sizeof(*call->inputs));
    if (call->inputs == NULL)
        return fail_memory(root);
    for (size_t i = 0; i < n; i++) {
        add_maker(&args[i], call);
        for (size_t k = 0; k < args[i].n_items; k++)
            add_maker(&args[i].items[k], call);
    }
    return true;
}

/* ---- What is made ---- */

/* Of a call that has computed, whose lists nobody else has yet. */
static bool mark(tenka_module *root, uint32_t maker, struct tenka_value *v)
{
    v->maker = maker;
    if (v->n_items == 0)
        return true;
    struct tenka_value *items = tenka_arena_alloc(&root->graph->run, v->n_items * sizeof(*items));
    if (items == NULL)
        return fail_memory(root);
    memcpy(items, v->items, v->n_items * sizeof(*items));
    v->items = items;
    for (size_t i = 0; i < v->n_items; i++)
        if (!mark(root, maker, &items[i]))
            return false;
    return true;
}

/* Of a call that has not, and may have given on a tensor. */
static void hand_on(const struct tenka_value *args, size_t n, struct tenka_value *v)
{
    if (v->kind == TENKA_VALUE_TENSOR && v->maker == TENKA_MADE_BY_NOBODY)
        v->maker = maker_of(args, n, v->tensor);
}

static bool note(tenka_module *root, struct tenka_graph_call call, const struct tenka_value *args)
{
    struct tenka_graph_calls *calls = root->graph->calls;
    if (!list_makers(root, args, &call))
        return false;
    if (!tenka_grow(&calls->items, &calls->capacity, calls->n, sizeof(*calls->items)))
        return fail_memory(root);
    calls->items[calls->n++] = call;
    return true;
}

bool tenka_graph_note(tenka_module *root, const struct tenka_code *code, const struct tenka_value *args, size_t before,
                      struct tenka_value *result)
{
    const struct tenka_graph_calls *calls = root->graph->calls;
    struct tenka_graph_call call = {.code = code};
    if (calls == NULL)
        return true;
    if (code->kind != TENKA_CODE_CHILD && tenka_step_calls(root->ctx) == before) {
        hand_on(args, code->n_args, result);
        return true;
    }
    const struct tenka_value *first = result->n_items > 0 ? result->items : result;
    if (first->kind == TENKA_VALUE_TENSOR)
        call.output = tenka_tensor_shape(first->tensor);
    call.multiply_adds = tenka_step_multiply_adds(root->ctx, before);
    return note(root, call, args) && mark(root, TENKA_MADE_BY_INPUT + (uint32_t)calls->n, result);
}
