/* Layer by layer: names, output shapes, parameters. */
#include "nn/layer.h"

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
