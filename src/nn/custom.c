/* Modules whose forward is a program's code, with children, parameters and buffers of their own. */
#include <math.h>
#include <stdlib.h>

#include "nn/parser.h"

const struct tenka_layer_type tenka_layer_custom = {.name = "a custom module", .container = true};

bool tenka_module_is_custom(const tenka_module *module)
{
    return module->type == &tenka_layer_custom;
}

/* ---- Making ---- */

/* A class as Python has them, so that the text around it can be read. */
static bool is_class_name(const char *name)
{
    size_t length = 0;
    if (!tenka_parse_is_letter(name[0]) || !tenka_is_utf8(name))
        return false;
    while (tenka_parse_is_word(name[length]))
        length++;
    return name[length] == '\0' && length < TENKA_MAX_LAYER_NAME;
}

static bool is_extra(const char *text)
{
    return strlen(text) < TENKA_MAX_LAYER_NAME && tenka_is_plain(text);
}

static tenka_status check(struct tenka_error *err, const char *class_name, const struct tenka_custom_params *params)
{
    if (class_name == NULL || !is_class_name(class_name))
        return tenka_fail(err, TENKA_E_INVALID,
                          "nn_custom: the name of the class must be 1 to %d bytes of letters, digits and _, and begin "
                          "with no digit",
                          TENKA_MAX_LAYER_NAME - 1);
    if (tenka_layer_find(class_name) != NULL)
        return tenka_fail(err, TENKA_E_INVALID, "nn_custom: %s is a layer that there is already; choose another name",
                          class_name);
    if (params->forward == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "nn_custom: %s has no forward; set it in the params", class_name);
    if (params->inputs > TENKA_MAX_FORWARD || params->outputs > TENKA_MAX_FORWARD)
        return tenka_fail(err, TENKA_E_INVALID, "nn_custom: %s has %u inputs and %u outputs, but there are at most %d",
                          class_name, params->inputs, params->outputs, TENKA_MAX_FORWARD);
    if (params->extra != NULL && !is_extra(params->extra))
        return tenka_fail(err, TENKA_E_INVALID,
                          "nn_custom: what %s shows in print must have at most %d bytes of UTF-8 text without control "
                          "characters",
                          class_name, TENKA_MAX_LAYER_NAME - 1);
    return TENKA_OK;
}

static tenka_status make(tenka_ctx *ctx, const char *class_name, const struct tenka_custom_params *params,
                         tenka_module **out)
{
    TENKA_TRY(tenka_module_make(ctx, &tenka_layer_custom, class_name, out));
    (*out)->custom = *params;
    (*out)->custom.destroy = NULL; /* until there is nothing left that can fail: user is the caller's so far */
    (*out)->custom.extra = (*out)->extra = tenka_strdup(params->extra != NULL ? params->extra : "");
    if ((*out)->extra != NULL)
        return TENKA_OK;
    tenka_module_destroy(out);
    return tenka_fail_nomem(tenka_ctx_error(ctx));
}

tenka_status tenka_nn_custom(tenka_ctx *ctx, const char *class_name, const struct tenka_custom_params *params,
                             void *user, tenka_module **out)
{
    if (out != NULL)
        *out = NULL;
    if (ctx == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_custom_params own = TENKA_CUSTOM_DEFAULTS;
    if (params == NULL || out == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "nn_custom: params, which have the forward, or out are NULL");
    TENKA_TRY(tenka_take_params(err, "nn_custom", "TENKA_CUSTOM_DEFAULTS", &own, params));
    TENKA_TRY(check(err, class_name, &own));
    TENKA_TRY(make(ctx, class_name, &own, out));
    (*out)->custom.destroy = own.destroy;
    (*out)->user = user;
    return TENKA_OK;
}

/* ---- Parameters and buffers ---- */

static tenka_status check_state(const tenka_module *module, const char *function, const char *name,
                                const struct tenka_shape *shape, const void *out)
{
    struct tenka_error *const err = tenka_ctx_error(module->ctx);
    if (!tenka_module_is_custom(module))
        return tenka_fail(err, TENKA_E_INVALID, "%s: %s takes none; only modules of tenka_nn_custom do", function,
                          tenka_module_class(module));
    if (name == NULL || out == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "%s: name or out is NULL", function);
    TENKA_TRY(tenka_module_check_name(module, function, name));
    TENKA_TRY(tenka_shape_check(err, name, shape));
    return tenka_module_check_room(module, function, 1, strlen(module->path) + 1 + strlen(name));
}

/* The last entry of the state, which has just been added, counts as the network's from now on. */
static tenka_status keep_state(tenka_module *module, tenka_status added, size_t before, tenka_variable **out)
{
    if (added != TENKA_OK) {
        tenka_layer_drop_state(module, before);
        return added;
    }
    tenka_module_grew(module, 1, strlen(module->state[before].path));
    *out = module->state[before].var;
    return TENKA_OK;
}

static tenka_status check_range(struct tenka_error *err, const char *function, double low, double high)
{
    if (isfinite(low) && isfinite(high) && low <= high && isfinite((float)low) && isfinite((float)high))
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID,
                      "%s: elements cannot begin between %g and %g; both must be finite floats, "
                      "and the first one not the larger",
                      function, low, high);
}

/* Of low, or drawn where high is another number. */
static tenka_status add(tenka_module *module, const char *name, struct tenka_shape shape, double low, double high,
                        bool parameter)
{
    const size_t count = (size_t)tenka_shape_count(&shape);
    if (tenka_is_sizing(module->ctx) || (low == 0 && high == 0))
        return tenka_layer_add_state(module, name, shape, NULL, parameter);
    float *const data = tenka_alloc_array(count, sizeof(float));
    if (data == NULL)
        return tenka_fail_nomem(tenka_ctx_error(module->ctx));
    for (size_t i = 0; i < count; i++)
        data[i] = (float)low;
    if (low != high)
        tenka_rng_uniform(tenka_ctx_rng(module->ctx), data, count, low, high);
    const tenka_status status = tenka_layer_add_state(module, name, shape, data, parameter);
    tenka_free(data);
    return status;
}

static tenka_status add_checked(tenka_module *module, const char *function, const char *name, struct tenka_shape shape,
                                double low, double high, bool parameter, tenka_variable **out)
{
    if (out != NULL)
        *out = NULL;
    if (module == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(module->ctx);
    TENKA_TRY(check_state(module, function, name, &shape, out));
    TENKA_TRY(check_range(err, function, low, high));
    const struct tenka_rng drawn = *tenka_ctx_rng(module->ctx);
    const size_t before = module->n_state;
    const tenka_status status = keep_state(module, add(module, name, shape, low, high, parameter), before, out);
    if (status != TENKA_OK)
        *tenka_ctx_rng(module->ctx) = drawn;
    return status;
}

tenka_status tenka_nn_add_parameter(tenka_module *module, const char *name, struct tenka_shape shape, double low,
                                    double high, tenka_variable **out)
{
    return add_checked(module, "add_parameter", name, shape, low, high, true, out);
}

tenka_status tenka_nn_add_buffer(tenka_module *module, const char *name, struct tenka_shape shape, double value,
                                 tenka_variable **out)
{
    return add_checked(module, "add_buffer", name, shape, value, value, false, out);
}

/* ---- Classes of a network ---- */

static size_t list_classes(const tenka_module *module, const char **out, size_t n)
{
    if (tenka_module_is_custom(module))
        out[n++] = module->class_name;
    for (size_t i = 0; i < module->n_children; i++)
        n = list_classes(module->children[i], out, n);
    return n;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

tenka_status tenka_module_custom_classes(const tenka_module *module, const char ***out, size_t *count)
{
    size_t unique = 0;
    *out = tenka_alloc_array(module->n_below + 1, sizeof((*out)[0]));
    if (*out == NULL)
        return tenka_fail_nomem(tenka_ctx_error(module->ctx));
    const size_t n = list_classes(module, *out, 0);
    qsort(*out, n, sizeof((*out)[0]), by_name);
    for (size_t i = 0; i < n; i++)
        if (unique == 0 || strcmp((*out)[unique - 1], (*out)[i]) != 0)
            (*out)[unique++] = (*out)[i];
    *count = unique;
    return TENKA_OK;
}
