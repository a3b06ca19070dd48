/* Modules as a tree: containers, names, state, forward. */
#include <stdio.h>

#include "nn/layer.h"

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
    for (size_t i = 0; i < m->n_children; i++)
        tenka_module_destroy(&m->children[i]);
    for (size_t i = 0; i < m->n_state; i++) {
        tenka_variable_destroy(&m->state[i].var);
        tenka_free(m->state[i].path);
    }
    tenka_free(m->children);
    tenka_free(m->class_name);
    tenka_free(m->name);
    tenka_free(m->path);
    tenka_free(m);
    *module = NULL;
}

/* ---- Containers ---- */

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

static char *join(const char *path, const char *name)
{
    return path[0] != '\0' ? tenka_sprintf("%s.%s", path, name) : tenka_strdup(name);
}

/* Gives a subtree the names that its new place asks for. */
static bool name_state(tenka_module *module)
{
    for (size_t i = 0; i < module->n_state; i++) {
        struct tenka_layer_state *const state = &module->state[i];
        char *const path = join(module->path, state->name);
        if (path == NULL || (state->var != NULL && tenka_variable_set_name(state->var, path) != TENKA_OK)) {
            tenka_free(path);
            return false;
        }
        tenka_free(state->path);
        state->path = path;
    }
    return true;
}

static bool name_subtree(tenka_module *module)
{
    char *const path = join(module->parent->path, module->name);
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
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return length > 0 && length < TENKA_MAX_LAYER_NAME && strpbrk(name, "().") == NULL && tenka_is_utf8(name);
}

static tenka_status check_name(struct tenka_error *err, const tenka_module *container, const char *name)
{
    if (!is_name(name))
        return tenka_fail(err, TENKA_E_INVALID,
                          "append: a layer's name must have 1 to %d bytes of UTF-8 text, without dots, parentheses and "
                          "control characters",
                          TENKA_MAX_LAYER_NAME - 1);
    for (size_t i = 0; i < container->n_children; i++) {
        if (strcmp(container->children[i]->name, name) == 0)
            return tenka_fail(err, TENKA_E_INVALID, "append: there is already a child named \"%.60s\"", name);
    }
    return TENKA_OK;
}

static tenka_status check_append(const tenka_module *container, const tenka_module *child)
{
    struct tenka_error *const err = tenka_ctx_error(child->ctx);
    if (container == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "append: there is no container");
    if (!container->type->container)
        return tenka_fail(err, TENKA_E_INVALID, "append: %s is no container", container->type->name);
    if (container->ctx != child->ctx)
        return tenka_fail(err, TENKA_E_INVALID, "append: container and child are of two contexts");
    if (depth(container) + height(child) > TENKA_MAX_NESTING)
        return tenka_fail(err, TENKA_E_INVALID, "append: modules are nested more than %d deep", TENKA_MAX_NESTING);
    if (root_of(container)->n_below + child->n_below + 1 > TENKA_MAX_LAYERS)
        return tenka_fail(err, TENKA_E_INVALID, "append: there are too many layers; a network has at most %d",
                          TENKA_MAX_LAYERS);
    return TENKA_OK;
}

/* The child is named and not yet in the container. */
static tenka_status check_paths(const tenka_module *container, const tenka_module *child)
{
    if (root_of(container)->path_bytes + child->path_bytes <= TENKA_MAX_PATHS)
        return TENKA_OK;
    return tenka_fail(tenka_ctx_error(child->ctx), TENKA_E_INVALID,
                      "append: the names of the layers, each with its containers', have more than %d bytes in all; use "
                      "shorter names",
                      TENKA_MAX_PATHS);
}

static void add_child(tenka_module *container, tenka_module *child)
{
    container->children[container->n_children++] = child;
    for (tenka_module *m = container; m != NULL; m = m->parent) {
        m->n_below += child->n_below + 1;
        m->path_bytes += child->path_bytes;
    }
}

static tenka_status append(tenka_module *container, const char *name, tenka_module *child)
{
    TENKA_TRY(check_append(container, child));
    struct tenka_error *const err = tenka_ctx_error(child->ctx);
    char index[24];
    snprintf(index, sizeof(index), "%zu", container->n_children);
    name = name != NULL ? name : index;
    TENKA_TRY(check_name(err, container, name));
    if (!tenka_grow(&container->children, &container->capacity, container->n_children, sizeof(tenka_module *)))
        return tenka_fail_nomem(err);
    child->name = tenka_strdup(name);
    child->parent = container;
    if (child->name == NULL || !name_subtree(child))
        return tenka_fail_nomem(err);
    TENKA_TRY(check_paths(container, child));
    add_child(container, child);
    return TENKA_OK;
}

/* A constructor has failed; its sentence is worth more than ours. */
static tenka_status no_child(const tenka_module *container)
{
    if (container == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(container->ctx);
    const struct tenka_error last = *err;
    return tenka_fail(err, TENKA_E_INVALID, "append: there is no child%s%.900s%s", last.status != TENKA_OK ? " (" : "",
                      last.status != TENKA_OK ? last.text : "", last.status != TENKA_OK ? ")" : "");
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
            out[n] = (struct tenka_state_entry){state->path + skip, state->var, state->number, state->parameter};
    }
    for (size_t i = 0; i < module->n_children; i++)
        n = list_state(module->children[i], skip, out, max, n);
    return n;
}

size_t tenka_module_state(tenka_module *module, struct tenka_state_entry *out, size_t max)
{
    return list_state(module, skip_of(module), out, out != NULL ? max : 0, 0);
}

static tenka_variable *find(tenka_module *module, size_t skip, const char *name)
{
    for (size_t i = 0; i < module->n_state; i++) {
        if (strcmp(module->state[i].path + skip, name) == 0)
            return module->state[i].var;
    }
    tenka_variable *var = NULL;
    for (size_t i = 0; i < module->n_children && var == NULL; i++)
        var = find(module->children[i], skip, name);
    return var;
}

tenka_variable *tenka_module_find(tenka_module *module, const char *name)
{
    return find(module, skip_of(module), name);
}

static size_t list_parts(const tenka_module *module, size_t skip, struct tenka_module_part *out, size_t max, size_t n)
{
    if (n < max)
        out[n] = (struct tenka_module_part){
            .path = strlen(module->path) >= skip ? module->path + skip : "",
            .class_name = tenka_module_class(module),
            .n_state = module->n_state,
            .result = module->n_children == 0 ? module->result : TENKA_NONE,
        };
    n++;
    for (size_t i = 0; i < module->n_children; i++)
        n = list_parts(module->children[i], skip, out, max, n);
    return n;
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
    module->training = training;
    for (size_t i = 0; i < module->n_children; i++)
        tenka_module_train(module->children[i], training);
}

/* ---- Running ---- */

bool tenka_layer_is_checked(const tenka_module *m)
{
    for (; m != NULL; m = m->parent)
        if (m->checking)
            return true;
    return false;
}

tenka_tensor tenka_layer_run(tenka_module *module, tenka_tensor x)
{
    if (module->type->container && !module->ran)
        module->ran = !tenka_layer_is_checked(module);
    const char *const caller = tenka_trace_layer(module->ctx, module->layer);
    const tenka_tensor y = module->type->forward(module, x);
    tenka_trace_layer(module->ctx, caller);
    module->output = tenka_tensor_shape(y);
    module->result = y;
    if (module->type->container || tenka_tensor_valid(y) || !tenka_tensor_valid(x))
        return y;
    char where[256];
    if (module->path[0] != '\0')
        snprintf(where, sizeof(where), "layer %.200s (%s)", module->path, module->type->name);
    else
        snprintf(where, sizeof(where), "layer %s", module->type->name);
    tenka_trace_blame(module->ctx, where);
    return y;
}

tenka_tensor tenka_forward(tenka_module *module, tenka_tensor x)
{
    if (module == NULL)
        return x.ctx != NULL ? tenka_trace_fail(x.ctx, TENKA_E_INVALID, "forward: there is no module") : TENKA_NONE;
    if (module->parent != NULL)
        module->parent->bypassed = true;
    return tenka_layer_run(module, x);
}

tenka_tensor tenka_forward_unseen(tenka_module *module, tenka_tensor x)
{
    module->checking = true;
    const tenka_tensor y = tenka_layer_run(module, x);
    module->checking = false;
    return y;
}

tenka_status tenka_module_check(tenka_module *module, struct tenka_shape input, struct tenka_shape *output)
{
    tenka_ctx *const ctx = module->ctx;
    if (tenka_step_is_open(ctx))
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "module_check: a step is open; end or discard it first");
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    tenka_no_grad_begin(ctx);
    const tenka_tensor y = tenka_forward_unseen(module, tenka_trace_placeholder(ctx, TENKA_F32, input));
    tenka_status status = TENKA_OK;
    if (!tenka_tensor_valid(y))
        status = tenka_step_end(ctx); /* reports the mistake, and runs nothing */
    else if (output != NULL)
        *output = tenka_tensor_shape(y);
    tenka_step_discard(ctx);
    tenka_no_grad_end(ctx);
    /* Dropout has drawn a key for nothing. */
    *tenka_ctx_rng(ctx) = before;
    return status;
}

/* ---- Printing ---- */

static void print(const tenka_module *module, size_t indent, struct tenka_text *text)
{
    tenka_text_add(text, "%s(", tenka_module_class(module));
    tenka_layer_print(module, text);
    for (size_t i = 0; i < module->n_children; i++) {
        tenka_text_add(text, "\n%*s(%s): ", (int)(indent + 2), "", module->children[i]->name);
        print(module->children[i], indent + 2, text);
    }
    if (module->n_children > 0)
        tenka_text_add(text, "\n%*s", (int)indent, "");
    tenka_text_add(text, ")");
}

char *tenka_module_text(const tenka_module *module)
{
    struct tenka_text text = {0};
    print(module, 0, &text);
    if (!text.failed)
        return text.text;
    tenka_free(text.text);
    return NULL;
}

void tenka_text_free(char *text)
{
    tenka_free(text);
}
