/* Parts of a network by the names of its state: what is frozen, and what begins anew. */
#include "nn/layer.h"

#define MAX_LISTED 12 /* names in a sentence */

/* Whether all of a pattern, in which '*' is any text, is all of name[length]. */
static bool is_like(const char *pattern, const char *name, size_t length)
{
    const char *star = NULL;
    size_t at = 0, from = 0;
    while (at < length) {
        if (*pattern == '*') {
            star = ++pattern;
            from = at;
        } else if (*pattern == name[at] && *pattern != '\0') {
            pattern++;
            at++;
        } else if (star != NULL) {
            pattern = star;
            at = ++from;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* Whether it is the name, or that of a module which it is in. */
static bool covers(const char *pattern, const char *name)
{
    for (size_t length = strcspn(name, ".");; length += 1 + strcspn(name + length + 1, ".")) {
        if (is_like(pattern, name, length))
            return true;
        if (name[length] == '\0')
            return false;
    }
}

static bool has_statistics(const tenka_module *module)
{
    bool has = false;
    for (size_t i = 0; i < module->n_state; i++)
        has = has || strcmp(module->state[i].name, "running_mean") == 0;
    return has;
}

/* What is done to a part of the state that a pattern covers. */
struct visit {
    const char *pattern;
    size_t skip, count; /* count: how many entries were covered */
    void *user;
    tenka_status (*see)(struct visit *v, tenka_module *module, const bool *covered);
};

static tenka_status visit(struct visit *v, tenka_module *module)
{
    bool any = false;
    bool *const covered = tenka_alloc_array(module->n_state + 1, sizeof(covered[0]));
    if (covered == NULL)
        return tenka_fail_nomem(tenka_ctx_error(module->ctx));
    for (size_t i = 0; i < module->n_state; i++) {
        covered[i] = covers(v->pattern, module->state[i].path + v->skip);
        v->count += covered[i];
        any = any || covered[i];
    }
    tenka_status status = any ? v->see(v, module, covered) : TENKA_OK;
    tenka_free(covered);
    for (size_t i = 0; i < module->n_children && status == TENKA_OK; i++)
        status = visit(v, module->children[i]);
    return status;
}

static tenka_status fail_pattern(const tenka_module *module, const char *pattern)
{
    struct tenka_text names = {0};
    for (size_t i = 0; i < module->n_children && i < MAX_LISTED; i++)
        tenka_text_add(&names, "%s%.40s", i > 0 ? ", " : "", module->children[i]->name);
    if (module->n_children > MAX_LISTED)
        tenka_text_add(&names, " and %zu more", module->n_children - MAX_LISTED);
    const tenka_status status =
        tenka_fail(tenka_ctx_error(module->ctx), TENKA_E_INVALID,
                   "'%.100s' names no part of the network: it takes the name of a layer or of a tensor in it, such as "
                   "conv1 or conv1.weight, with * for any text; the network has %s",
                   pattern, names.text != NULL ? names.text : "one layer alone, whose tensors are weight and the like");
    tenka_free(names.text);
    return status;
}

/* Fails where the pattern covers nothing. count may be NULL. */
static tenka_status visit_all(struct visit *v, const char *function, tenka_module *module, size_t *count)
{
    struct tenka_error *const err = tenka_ctx_error(module->ctx);
    if (count != NULL)
        *count = 0;
    if (v->pattern == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "%s: the pattern is NULL", function);
    if (tenka_step_is_open(module->ctx))
        return tenka_fail(err, TENKA_E_INVALID, "%s: a step is open; end or discard it first", function);
    v->skip = module->path[0] != '\0' ? strlen(module->path) + 1 : 0;
    TENKA_TRY(visit(v, module));
    if (count != NULL)
        *count = v->count;
    return v->count > 0 ? TENKA_OK : fail_pattern(module, v->pattern);
}

/* ---- Freezing ---- */

static tenka_status see_frozen(struct visit *v, tenka_module *module, const bool *covered)
{
    const bool frozen = *(const bool *)v->user;
    for (size_t i = 0; i < module->n_state; i++) {
        if (!covered[i])
            continue;
        if (module->state[i].parameter)
            tenka_variable_set_requires_grad(module->state[i].var, !frozen);
        if (strcmp(module->state[i].name, "running_mean") == 0)
            module->frozen = frozen;
    }
    return TENKA_OK;
}

tenka_status tenka_module_freeze(tenka_module *module, const char *pattern, bool frozen, size_t *count)
{
    if (module == NULL)
        return TENKA_E_INVALID;
    struct visit v = {.pattern = pattern, .user = &frozen, .see = see_frozen};
    return visit_all(&v, "module_freeze", module, count);
}

void tenka_module_fix_statistics(tenka_module *module, bool fixed)
{
    module->fixed = fixed && module->frozen && has_statistics(module);
    module->training = module->training && !module->fixed;
    for (size_t i = 0; i < module->n_children; i++)
        tenka_module_fix_statistics(module->children[i], fixed);
}

/* ---- Beginning anew ---- */

static tenka_status copy_values(tenka_variable *from, tenka_variable *to)
{
    const struct tenka_shape shape = tenka_variable_shape(from);
    const size_t count = (size_t)tenka_shape_count(&shape);
    double *const values = tenka_alloc_array(count, sizeof(values[0]));
    if (values == NULL)
        return tenka_fail_nomem(tenka_ctx_error(tenka_variable_ctx(from)));
    tenka_status status = tenka_variable_read_f64(from, values, count);
    if (status == TENKA_OK)
        status = tenka_variable_write_f64(to, values, count);
    tenka_free(values);
    return status;
}

/* From a new layer of the same kind, which has drawn as PyTorch's reset_parameters does. */
static tenka_status see_reset(struct visit *v, tenka_module *module, const bool *covered)
{
    tenka_module *twin;
    (void)v;
    if (module->type->init == NULL)
        return tenka_fail(tenka_ctx_error(module->ctx), TENKA_E_INVALID,
                          "module_reset: layer %s (%s) cannot begin anew: only a program knows how it began",
                          module->path, tenka_module_class(module));
    tenka_status status = tenka_layer_make(module->ctx, module->type, &module->values, &twin);
    for (size_t i = 0; i < module->n_state && status == TENKA_OK; i++) {
        if (covered[i] && module->state[i].number != NULL)
            *module->state[i].number = 0;
        else if (covered[i])
            status = copy_values(twin->state[i].var, module->state[i].var);
    }
    tenka_module_destroy(&twin);
    return status;
}

tenka_status tenka_module_reset(tenka_module *module, const char *pattern, size_t *count)
{
    if (module == NULL)
        return TENKA_E_INVALID;
    struct visit v = {.pattern = pattern, .see = see_reset};
    return visit_all(&v, "module_reset", module, count);
}

/* ---- Listing ---- */

struct listing {
    tenka_variable **out;
    size_t max, count;
};

static void list(struct listing *l, tenka_variable *var)
{
    if (l->count < l->max)
        l->out[l->count] = var;
    l->count++;
}

static tenka_status see_listed(struct visit *v, tenka_module *module, const bool *covered)
{
    for (size_t i = 0; i < module->n_state; i++)
        if (covered[i] && module->state[i].parameter)
            list(v->user, module->state[i].var);
    return TENKA_OK;
}

/* "bias", "in_proj_bias", "bias_k" */
static bool is_bias(const char *name)
{
    const size_t length = strlen(name);
    return strncmp(name, "bias", 4) == 0 || (length > 5 && strcmp(name + length - 5, "_bias") == 0);
}

static void list_undecayed(struct listing *l, tenka_module *module)
{
    const bool norm = strstr(tenka_module_class(module), "Norm") != NULL;
    for (size_t i = 0; i < module->n_state; i++)
        if (module->state[i].parameter && (norm || is_bias(module->state[i].name)))
            list(l, module->state[i].var);
    for (size_t i = 0; i < module->n_children; i++)
        list_undecayed(l, module->children[i]);
}

tenka_status tenka_module_parameters(tenka_module *module, const char *pattern, tenka_variable **out, size_t max,
                                     size_t *count)
{
    struct listing l = {.out = out, .max = max};
    struct visit v = {.pattern = pattern, .user = &l, .see = see_listed};
    *count = 0;
    if (module == NULL)
        return TENKA_E_INVALID;
    if (pattern != NULL)
        TENKA_TRY(visit_all(&v, "module_parameters", module, NULL));
    else
        list_undecayed(&l, module);
    *count = l.count;
    return TENKA_OK;
}

/* ---- Initialising ---- */

struct filling {
    tenka_status (*fill)(void *user, tenka_variable *var, const char *name);
    void *user;
};

static tenka_status see_filled(struct visit *v, tenka_module *module, const bool *covered)
{
    const struct filling *const f = v->user;
    for (size_t i = 0; i < module->n_state; i++)
        if (covered[i] && module->state[i].parameter)
            TENKA_TRY(f->fill(f->user, module->state[i].var, module->state[i].path + v->skip));
    return TENKA_OK;
}

tenka_status tenka_module_fill(tenka_module *module, const char *pattern,
                               tenka_status (*fill)(void *user, tenka_variable *var, const char *name), void *user)
{
    struct filling filling = {fill, user};
    struct visit v = {.pattern = pattern, .user = &filling, .see = see_filled};
    return visit_all(&v, "module_init", module, NULL);
}
