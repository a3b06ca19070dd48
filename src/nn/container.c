/* Containers: children, their names, and the limits that keep a network printable. */
#include <stdio.h>

#include "nn/graph.h"

static tenka_tensor sequential_forward(tenka_module *module, tenka_tensor x)
{
    for (size_t i = 0; i < module->n_children; i++)
        x = tenka_layer_run(module->children[i], x);
    return x;
}

const struct tenka_layer_type tenka_layer_sequential = {
    .name = "Sequential", .container = true, .forward = sequential_forward};

tenka_status tenka_nn_sequential(tenka_ctx *ctx, tenka_module **out)
{
    return ctx != NULL && out != NULL ? tenka_container_make(ctx, NULL, out) : TENKA_E_INVALID;
}

static size_t height(const tenka_module *module)
{
    size_t most = 0;
    for (size_t i = 0; i < module->n_children; i++) {
        const size_t below = height(module->children[i]);
        most = below > most ? below : most;
    }
    return most + 1;
}

static size_t depth(const tenka_module *module)
{
    size_t n = 0;
    for (; module != NULL; module = module->parent)
        n++;
    return n;
}

static const tenka_module *root_of(const tenka_module *module)
{
    while (module->parent != NULL)
        module = module->parent;
    return module;
}

/* ---- Children by their names ---- */

uint32_t tenka_name_hash(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

/* The place of a name: that of the child that has it, or the free one that it would get. */
static uint32_t *place_of(const tenka_module *module, const char *name)
{
    size_t i = tenka_name_hash(name) & (module->n_by_name - 1);
    while (module->by_name[i] != 0 && strcmp(module->children[module->by_name[i] - 1]->name, name) != 0)
        i = (i + 1) & (module->n_by_name - 1);
    return &module->by_name[i];
}

tenka_module *tenka_module_child(const tenka_module *module, const char *name)
{
    const uint32_t number = module->n_by_name > 0 ? *place_of(module, name) : 0;
    return number > 0 ? module->children[number - 1] : NULL;
}

/* Room for one child more, with half of the places free. */
static bool make_room(tenka_module *module)
{
    if (module->n_by_name > 2 * module->n_children)
        return true;
    const size_t n = module->n_by_name > 0 ? 2 * module->n_by_name : 8;
    uint32_t *const by_name = tenka_alloc_array(n, sizeof(*by_name));
    if (by_name == NULL)
        return false;
    tenka_free(module->by_name);
    module->by_name = by_name;
    module->n_by_name = n;
    for (size_t i = 0; i < module->n_children; i++)
        *place_of(module, module->children[i]->name) = (uint32_t)i + 1;
    return true;
}

/* ---- Paths ---- */

char *tenka_path_join(const char *path, const char *name)
{
    return path[0] != '\0' ? tenka_sprintf("%s.%s", path, name) : tenka_strdup(name);
}

/* Gives a subtree the names that its new place asks for. */
static bool name_state(tenka_module *module)
{
    for (size_t i = 0; i < module->n_state; i++) {
        struct tenka_layer_state *const state = &module->state[i];
        char *const path = tenka_path_join(module->path, state->name);
        if (path == NULL || (state->var != NULL && tenka_variable_set_name(state->var, path) != TENKA_OK)) {
            tenka_free(path);
            return false;
        }
        state->name = path + strlen(path) - strlen(state->name);
        tenka_free(state->path);
        state->path = path;
        module->path_bytes += tenka_module_is_custom(module) ? strlen(path) : 0;
    }
    return true;
}

static bool name_subtree(tenka_module *module)
{
    char *const path = tenka_path_join(module->parent->path, module->name);
    if (path == NULL)
        return false;
    tenka_free(module->path);
    module->path = path;
    module->layer = tenka_trace_name(module->ctx, path);
    module->path_bytes = strlen(path);
    bool named = module->layer != NULL && name_state(module);
    for (size_t i = 0; i < module->n_children && named; i++) {
        named = name_subtree(module->children[i]);
        module->path_bytes += module->children[i]->path_bytes;
    }
    return named;
}

/* Whether the text of a network can have the name in it, and a file a tensor of that name. */
static bool is_name(const char *name)
{
    const size_t length = strlen(name);
    return length > 0 && length < TENKA_MAX_LAYER_NAME && strpbrk(name, "().") == NULL && tenka_is_plain(name);
}

tenka_status tenka_module_check_name(const tenka_module *module, const char *function, const char *name)
{
    struct tenka_error *const err = tenka_ctx_error(module->ctx);
    if (!is_name(name))
        return tenka_fail(err, TENKA_E_INVALID,
                          "%s: a name must have 1 to %d bytes of UTF-8 text, without dots, parentheses and control "
                          "characters",
                          function, TENKA_MAX_LAYER_NAME - 1);
    if (tenka_module_child(module, name) != NULL)
        return tenka_fail(err, TENKA_E_INVALID, "%s: there is already a child named \"%.60s\"", function, name);
    for (size_t i = 0; i < module->n_state; i++) {
        if (strcmp(module->state[i].name, name) == 0)
            return tenka_fail(err, TENKA_E_INVALID, "%s: there is already a parameter or buffer named \"%.60s\"",
                              function, name);
    }
    return TENKA_OK;
}

tenka_status tenka_module_check_room(const tenka_module *module, const char *function, size_t layers, size_t bytes)
{
    const tenka_module *const root = root_of(module);
    struct tenka_error *const err = tenka_ctx_error(module->ctx);
    if (root->n_below + layers > TENKA_MAX_LAYERS)
        return tenka_fail(err, TENKA_E_INVALID, "%s: there are too many layers; a network has at most %d", function,
                          TENKA_MAX_LAYERS);
    if (root->path_bytes + bytes > TENKA_MAX_PATHS)
        return tenka_fail(err, TENKA_E_INVALID,
                          "%s: the names of the layers, each with its containers', have more than %d bytes in all; use "
                          "shorter names",
                          function, TENKA_MAX_PATHS);
    return TENKA_OK;
}

void tenka_module_grew(tenka_module *module, size_t layers, size_t bytes)
{
    for (tenka_module *m = module; m != NULL; m = m->parent) {
        m->n_below += layers;
        m->path_bytes += bytes;
    }
}

static tenka_status check_append(const tenka_module *container, const tenka_module *child)
{
    struct tenka_error *const err = tenka_ctx_error(child->ctx);
    if (container == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "append: there is no container");
    /* Of a type with arguments, what its text shows is all. */
    if (!container->type->container || (container->type->complete != NULL && container->n_state > 0))
        return tenka_fail(err, TENKA_E_INVALID, "append: %s is no container", tenka_module_class(container));
    if (container->ctx != child->ctx)
        return tenka_fail(err, TENKA_E_INVALID, "append: container and child are of two contexts");
    if (depth(container) + height(child) > TENKA_MAX_NESTING)
        return tenka_fail(err, TENKA_E_INVALID, "append: modules are nested more than %d deep", TENKA_MAX_NESTING);
    return tenka_module_check_room(container, "append", child->n_below + 1, 0);
}

static tenka_status append(tenka_module *container, const char *name, tenka_module *child)
{
    TENKA_TRY(check_append(container, child));
    struct tenka_error *const err = tenka_ctx_error(child->ctx);
    char index[24];
    snprintf(index, sizeof(index), "%zu", container->n_children);
    name = name != NULL ? name : index;
    TENKA_TRY(tenka_module_check_name(container, "append", name));
    if (!tenka_grow(&container->children, &container->capacity, container->n_children, sizeof(tenka_module *)) ||
        !make_room(container))
        return tenka_fail_nomem(err);
    child->name = tenka_strdup(name);
    child->parent = container;
    if (child->name == NULL || !name_subtree(child))
        return tenka_fail_nomem(err);
    TENKA_TRY(tenka_module_check_room(container, "append", child->n_below + 1, child->path_bytes));
    *place_of(container, name) = (uint32_t)container->n_children + 1;
    container->children[container->n_children++] = child;
    tenka_module_grew(container, child->n_below + 1, child->path_bytes);
    return TENKA_OK;
}

/* Most likely a constructor has failed just before, whose sentence is worth more than ours. */
static tenka_status no_child(const tenka_module *container)
{
    if (container == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(container->ctx);
    const struct tenka_error last = *err;
    return tenka_fail(err, TENKA_E_INVALID, "append: there is no child%s%.900s",
                      last.status != TENKA_OK ? "; the last call that failed said: " : "",
                      last.status != TENKA_OK ? last.text : "");
}

tenka_status tenka_nn_append(tenka_module *container, const char *name, tenka_module *child)
{
    if (child == NULL)
        return no_child(container);
    const tenka_module *const root = container != NULL ? root_of(container) : NULL;
    /* These children have an owner already, which the failure must not take from them. */
    if (child->parent != NULL || child == root)
        return tenka_fail(tenka_ctx_error(child->ctx), TENKA_E_INVALID,
                          "append: the child is part of a container already");
    const tenka_status status = append(container, name, child);
    if (status != TENKA_OK)
        tenka_module_destroy(&child);
    return status;
}
