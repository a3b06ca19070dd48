/* Layer by layer, and call by call: names, output shapes, parameters, multiply-adds. */
#include <stdio.h>

#include "nn/graph.h"

static void count_state(const tenka_module *module, struct tenka_layer_info *info)
{
    for (size_t i = 0; i < module->n_state; i++) {
        const struct tenka_layer_state *const state = &module->state[i];
        if (state->var == NULL)
            continue;
        const struct tenka_shape shape = tenka_variable_shape(state->var);
        const uint64_t count = tenka_shape_count(&shape);
        if (!state->parameter)
            info->buffers += count;
        else
            info->parameters += count;
        if (state->parameter && tenka_variable_requires_grad(state->var))
            info->trainable += count;
    }
}

static size_t list_layers(const tenka_module *module, size_t skip, uint32_t depth, struct tenka_layer_info *out,
                          size_t max, size_t n)
{
    if (n < max) {
        out[n] = (struct tenka_layer_info){
            .path = strlen(module->path) >= skip ? module->path + skip : "",
            .name = depth > 0 ? module->name : "",
            .class_name = tenka_module_class(module),
            .depth = depth,
            .container = module->type->container && (!tenka_module_is_custom(module) || module->n_children > 0),
            .output = module->output,
            .multiply_adds = module->multiply_adds,
        };
        count_state(module, &out[n]);
    }
    n++;
    for (size_t i = 0; i < module->n_children; i++)
        n = list_layers(module->children[i], skip, depth + 1, out, max, n);
    return n;
}

tenka_status tenka_module_layers(tenka_module *module, struct tenka_shape input, struct tenka_layer_info *out,
                                 size_t max, size_t *count)
{
    if (module == NULL)
        return TENKA_E_INVALID;
    if (count == NULL)
        return tenka_fail(tenka_ctx_error(module->ctx), TENKA_E_INVALID, "module_layers: count is NULL");
    TENKA_TRY(tenka_module_check(module, input, NULL));
    /* Names are stored from the root on; this module's own part of them, and its dot, is left out. */
    const size_t own = strlen(module->path);
    *count = list_layers(module, own > 0 ? own + 1 : 0, 0, out, out != NULL ? max : 0, 0);
    return TENKA_OK;
}

/* ---- Calls ---- */

static void forget_listed(tenka_module *module)
{
    module->listed = false;
    for (size_t i = 0; module->graph != NULL && i < module->graph->n_states; i++)
        module->graph->states[i]->listed = false;
    for (size_t i = 0; i < module->n_children; i++)
        forget_listed(module->children[i]);
}

/* Elements of the parameters of a layer and of all below it, but for those that were counted before. */
static uint64_t new_parameters(tenka_module *module)
{
    struct tenka_layer_info own = {0};
    if (!module->listed)
        count_state(module, &own);
    module->listed = true;
    for (size_t i = 0; i < module->n_children; i++)
        own.parameters += new_parameters(module->children[i]);
    return own.parameters;
}

static bool is_parameter(const struct tenka_graph_state *state)
{
    return state->var != NULL && tenka_variable_requires_grad(state->var);
}

/* The same of what code names that a function is given, itself or in lists. */
static uint64_t new_named(const struct tenka_code *code)
{
    uint64_t count = 0;
    for (size_t i = 0; i < code->n_args; i++) {
        struct tenka_graph_state *state = code->args[i]->kind == TENKA_CODE_STATE ? code->args[i]->state : NULL;
        if (code->args[i]->kind == TENKA_CODE_LIST)
            count += new_named(code->args[i]);
        if (state == NULL || state->listed || !is_parameter(state))
            continue;
        const struct tenka_shape shape = tenka_variable_shape(state->var);
        count += tenka_shape_count(&shape);
        state->listed = true;
    }
    return count;
}

/* Of the names of a function the first; what puts a slice back is PyTorch's slice_scatter. */
static struct tenka_call_info describe(const struct tenka_graph_call *call)
{
    struct tenka_call_info info = {.output = call->output,
                                   .multiply_adds = call->multiply_adds,
                                   .inputs = call->inputs,
                                   .n_inputs = call->n_inputs};
    tenka_module *const child = call->code->child;
    if (child != NULL) {
        info.path = child->path;
        info.class_name = tenka_module_class(child);
        info.parameters = new_parameters(child);
        return info;
    }
    const char *name = call->code->function->names + (call->code->function->names[0] == '.');
    snprintf(info.function, sizeof(info.function), "%.*s%s", (int)strcspn(name, " "), name,
             call->code->kind == TENKA_CODE_PUT ? "_scatter" : "");
    info.parameters = new_named(call->code);
    return info;
}

tenka_status tenka_module_calls(tenka_module *module, struct tenka_shape input, struct tenka_call_info *out, size_t max,
                                size_t *count)
{
    if (module == NULL)
        return TENKA_E_INVALID;
    if (count == NULL)
        return tenka_fail(tenka_ctx_error(module->ctx), TENKA_E_INVALID, "module_calls: count is NULL");
    struct tenka_graph_calls calls = {0};
    if (module->graph != NULL)
        module->graph->calls = &calls;
    const tenka_status status = tenka_module_check(module, input, NULL);
    if (module->graph != NULL)
        module->graph->calls = NULL;
    forget_listed(module);
    for (size_t i = 0; status == TENKA_OK && out != NULL && i < calls.n && i < max; i++)
        out[i] = describe(&calls.items[i]);
    *count = status == TENKA_OK ? calls.n : 0;
    tenka_free(calls.items);
    return status;
}
