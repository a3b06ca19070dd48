/* Modules: their parts, their state, their end. */
#include "nn/graph.h"

const char *tenka_module_class(const tenka_module *module)
{
    return module->class_name != NULL ? module->class_name : module->type->name;
}

tenka_ctx *tenka_module_ctx(const tenka_module *module)
{
    return module->ctx;
}

void tenka_module_destroy(tenka_module **module)
{
    if (module == NULL || *module == NULL)
        return;
    tenka_module *const m = *module;
    if (m->custom.destroy != NULL)
        m->custom.destroy(m->user);
    for (size_t i = 0; i < m->n_children; i++)
        tenka_module_destroy(&m->children[i]);
    tenka_layer_drop_state(m, 0);
    tenka_free(m->state);
    tenka_graph_free(&m->graph);
    tenka_free(m->children);
    tenka_free(m->by_name);
    tenka_free(m->class_name);
    tenka_free(m->extra);
    tenka_free(m->name);
    tenka_free(m->path);
    tenka_free(m);
    *module = NULL;
}

/* ---- State ---- */

/* A module's path is stored from the root on; how much of it is left out below another module, with the dot. */
static size_t skip_of(const tenka_module *module)
{
    const size_t own = strlen(module->path);
    return own > 0 ? own + 1 : 0;
}

static size_t list_state(tenka_module *module, size_t skip, struct tenka_state_entry *out, size_t max, size_t n)
{
    if (module->type->settle != NULL)
        module->type->settle(module);
    for (size_t i = 0; i < module->n_state; i++, n++) {
        const struct tenka_layer_state *const state = &module->state[i];
        if (n < max)
            out[n] = (struct tenka_state_entry){state->path + skip, state->var, state->number, state->parameter,
                                                !state->parameter && module->fixed};
    }
    for (size_t i = 0; i < module->n_children; i++)
        n = list_state(module->children[i], skip, out, max, n);
    return n;
}

size_t tenka_module_state(tenka_module *module, struct tenka_state_entry *out, size_t max)
{
    return list_state(module, skip_of(module), out, out != NULL ? max : 0, 0);
}

tenka_module *tenka_module_at(tenka_module *module, const char *path, size_t length)
{
    for (const char *end = path + length; module != NULL && path < end;) {
        char name[TENKA_MAX_LAYER_NAME];
        const size_t most = (size_t)(end - path), own = strcspn(path, "."), n = own < most ? own : most;
        if (n >= sizeof(name))
            return NULL;
        memcpy(name, path, n);
        name[n] = '\0';
        module = tenka_module_child(module, name);
        path += n + (n < most);
    }
    return module;
}

tenka_variable *tenka_module_find(tenka_module *module, const char *name)
{
    const char *dot = strrchr(name, '.');
    const tenka_module *owner = tenka_module_at(module, name, dot != NULL ? (size_t)(dot - name) : 0);
    return owner != NULL ? tenka_layer_variable(owner, dot != NULL ? dot + 1 : name) : NULL;
}

static size_t list_parts(const tenka_module *module, size_t skip, struct tenka_module_part *out, size_t max, size_t n)
{
    const bool leaf = module->n_children == 0;
    struct tenka_module_part part = {
        .path = strlen(module->path) >= skip ? module->path + skip : "",
        .class_name = tenka_module_class(module),
        .n_state = module->n_state,
        .result = module->result,
        .n_result = leaf ? module->n_result : 0,
    };
    if (n < max)
        out[n] = part;
    n++;
    for (size_t i = 0; i < module->n_children; i++)
        n = list_parts(module->children[i], skip, out, max, n);
    if (leaf || !tenka_module_is_custom(module))
        return n;
    part.n_state = 0;
    part.n_result = module->n_result;
    if (n < max)
        out[n] = part;
    return n + 1;
}

size_t tenka_module_parts(const tenka_module *module, struct tenka_module_part *out, size_t max)
{
    return list_parts(module, skip_of(module), out, out != NULL ? max : 0, 0);
}

uint64_t tenka_module_parameter_count(tenka_module *module)
{
    uint64_t count = 0;
    for (size_t i = 0; i < module->n_state; i++) {
        if (!module->state[i].parameter)
            continue;
        const struct tenka_shape shape = tenka_variable_shape(module->state[i].var);
        count += tenka_shape_count(&shape);
    }
    for (size_t i = 0; i < module->n_children; i++)
        count += tenka_module_parameter_count(module->children[i]);
    return count;
}

void tenka_module_train(tenka_module *module, bool training)
{
    module->training = training && !module->fixed;
    for (size_t i = 0; i < module->n_children; i++)
        tenka_module_train(module->children[i], training);
}

bool tenka_module_is_training(const tenka_module *module)
{
    return module->training;
}
