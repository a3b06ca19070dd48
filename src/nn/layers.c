/* The list of layers, and what all of them share: arguments, making, state. */
#include <assert.h>
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "nn/layer.h"
#include "python/arguments.h"

static const struct tenka_layer_type *const types[] = {
    &tenka_layer_conv2d,
    &tenka_layer_linear,
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, ...) &tenka_layer_##name,
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    &tenka_layer_gelu,
    &tenka_layer_flatten,
    &tenka_layer_softmax,
    &tenka_layer_log_softmax,
    &tenka_layer_max_pool2d,
    &tenka_layer_avg_pool2d,
    &tenka_layer_adaptive_avg_pool2d,
    &tenka_layer_dropout,
    &tenka_layer_identity,
    &tenka_layer_batch_norm2d,
    &tenka_layer_conv1d,
    &tenka_layer_conv_transpose1d,
    &tenka_layer_conv_transpose2d,
    &tenka_layer_prelu,
    &tenka_layer_glu,
    &tenka_layer_dropout1d,
    &tenka_layer_dropout2d,
    &tenka_layer_alpha_dropout,
    &tenka_layer_stochastic_depth,
    &tenka_layer_batch_norm1d,
    &tenka_layer_instance_norm1d,
    &tenka_layer_instance_norm2d,
    &tenka_layer_layer_norm,
    &tenka_layer_layer_norm2d,
    &tenka_layer_group_norm,
    &tenka_layer_local_response_norm,
    &tenka_layer_multihead_attention,
    &tenka_layer_attention_linear,
    &tenka_layer_embedding,
#define LISTED(name) &tenka_layer_##name,
    TENKA_WINDOW_LAYERS(LISTED)
#undef LISTED
        & tenka_layer_sequential,
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

const struct tenka_layer_type *tenka_layer_find(const char *name)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        if (strcmp(types[i]->name, name) == 0)
            return types[i];
    }
    return NULL;
}

const char *tenka_layer_names(char *buf, size_t bytes)
{
    const size_t room = bytes - sizeof(", and 10000 more");
    size_t used = 0, i = 0;
    buf[0] = '\0';
    for (; i < N_TYPES && used + strlen(types[i]->name) + 2 < room; i++)
        used += (size_t)snprintf(buf + used, bytes - used, "%s%s", i > 0 ? ", " : "", types[i]->name);
    if (i < N_TYPES)
        snprintf(buf + used, bytes - used, ", and %zu more", N_TYPES - i);
    return buf;
}

/* Whether two names may be one with a slip of the finger: Conv1d is another layer than Conv2d, and PReLU than ReLU. */
static bool are_alike(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    if (tolower((unsigned char)a[0]) != tolower((unsigned char)b[0]))
        return false;
    for (a = strpbrk(a, digits), b = strpbrk(b, digits); a != NULL && b != NULL && *a == *b;) {
        a = strpbrk(a + 1, digits);
        b = strpbrk(b + 1, digits);
    }
    return a == NULL && b == NULL;
}

const char *tenka_layer_mistyped(const char *name)
{
    const char *meant = NULL;
    size_t below = strlen(name) / 4 + 1; /* so many changes or more are no slip */
    for (size_t i = 0; i < N_TYPES; i++) {
        assert(strlen(types[i]->name) <= TENKA_PY_NEAR);
        const size_t changes = are_alike(name, types[i]->name) ? tenka_py_distance(name, types[i]->name) : below;
        if (changes >= below)
            continue;
        meant = types[i]->name;
        below = changes;
    }
    return meant;
}

/* ---- Arguments ---- */

static void put_default(const struct tenka_layer_arg *arg, struct tenka_arg_value *value)
{
    if (value->given)
        return;
    value->none = isnan(arg->fallback);
    value->pair = false;
    value->integer = (arg->flags & TENKA_ARG_WHOLE) != 0;
    value->n = 1;
    value->value[0] = value->value[1] = value->none ? 0 : arg->fallback;
}

static tenka_status check_number(struct tenka_error *err, const struct tenka_layer_type *type,
                                 const struct tenka_layer_arg *arg, double x)
{
    char text[TENKA_NUMBER_TEXT], least[TENKA_NUMBER_TEXT], most[TENKA_NUMBER_TEXT];
    const bool whole = arg->kind == TENKA_ARG_INT || arg->kind == TENKA_ARG_PAIR || arg->kind == TENKA_ARG_PADDING ||
                       arg->kind == TENKA_ARG_LIST;
    if (whole && !(x == floor(x)))
        return tenka_fail(err, TENKA_E_INVALID, "%s: %s is %s, but must be a whole number", type->name, arg->name,
                          tenka_number_text(x, text));
    if (x >= arg->least && x <= arg->most)
        return TENKA_OK;
    if (whole)
        return tenka_fail(err, TENKA_E_INVALID, "%s: %s is %.0f, but must be from %.0f to %.0f", type->name, arg->name,
                          x, arg->least, arg->most);
    if (arg->most == DBL_MAX && isfinite(x))
        return tenka_fail(err, TENKA_E_INVALID, "%s: %s is %s, but must be at least %s", type->name, arg->name,
                          tenka_number_text(x, text), tenka_number_text(arg->least, least));
    return tenka_fail(err, TENKA_E_INVALID, "%s: %s is %s, but must be from %s to %s", type->name, arg->name,
                      tenka_number_text(x, text), tenka_number_text(arg->least, least),
                      tenka_number_text(arg->most, most));
}

static const char *fallback_text(const struct tenka_layer_arg *arg, char buf[TENKA_NUMBER_TEXT])
{
    if (isnan(arg->fallback))
        return "None";
    if (arg->kind == TENKA_ARG_WORD)
        return arg->word;
    if (arg->kind == TENKA_ARG_BOOL)
        return arg->fallback != 0 ? "True" : "False";
    if (arg->kind == TENKA_ARG_FLOAT || arg->kind == TENKA_ARG_FLOATS)
        return tenka_number_text(arg->fallback, buf);
    snprintf(buf, TENKA_NUMBER_TEXT, "%.0f", arg->fallback);
    return buf;
}

static tenka_status check_value(struct tenka_error *err, const struct tenka_layer_type *type,
                                const struct tenka_layer_arg *arg, const struct tenka_arg_value *value)
{
    char text[TENKA_NUMBER_TEXT];
    if (value->none)
        return (arg->flags & TENKA_ARG_NONE) != 0
                   ? TENKA_OK
                   : tenka_fail(err, TENKA_E_INVALID, "%s: %s=None is not supported", type->name, arg->name);
    if ((arg->flags & TENKA_ARG_FIXED) != 0 && (value->value[0] != arg->fallback || value->value[1] != arg->fallback))
        return tenka_fail(err, TENKA_E_INVALID, "%s: only %s=%s is supported", type->name, arg->name,
                          fallback_text(arg, text));
    if (arg->kind == TENKA_ARG_BOOL || arg->kind == TENKA_ARG_WORD || value->word != NULL)
        return TENKA_OK;
    for (uint32_t i = 0; i < (arg->kind == TENKA_ARG_LIST ? value->n : 2); i++)
        TENKA_TRY(check_number(err, type, arg, value->value[i]));
    return TENKA_OK;
}

tenka_status tenka_layer_complete(struct tenka_error *err, const struct tenka_layer_type *type,
                                  struct tenka_layer_values *values)
{
    for (size_t i = 0; i < type->n_args; i++) {
        const struct tenka_layer_arg *const arg = &type->args[i];
        if (!values->arg[i].given && (arg->flags & TENKA_ARG_REQUIRED) != 0)
            return tenka_fail(err, TENKA_E_INVALID, "%s: the argument %s is missing", type->name, arg->name);
        put_default(arg, &values->arg[i]);
        TENKA_TRY(check_value(err, type, arg, &values->arg[i]));
    }
    return type->check != NULL ? type->check(err, values) : TENKA_OK;
}

bool tenka_layer_has_channels(tenka_tensor x, uint32_t channels)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    return !tenka_tensor_valid(x) || (shape.rank == 4 && shape.dim[1] == channels);
}

tenka_tensor tenka_layer_fail_channels(tenka_module *module, const char *argument, uint32_t channels, tenka_tensor x)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    char text[TENKA_SHAPE_TEXT];
    if (shape.rank != 4)
        return tenka_trace_fail(module->ctx, TENKA_E_SHAPE, "expected an input of 4 axes, found one of shape %s",
                                tenka_shape_text(&shape, text));
    return tenka_trace_fail(module->ctx, TENKA_E_SHAPE, "expected %s=%u, found %u channel%s of %u x %u", argument,
                            channels, shape.dim[1], shape.dim[1] == 1 ? "" : "s", shape.dim[2], shape.dim[3]);
}

/* ---- Making ---- */

tenka_status tenka_module_make(tenka_ctx *ctx, const struct tenka_layer_type *type, const char *class_name,
                               tenka_module **out)
{
    tenka_module *module = tenka_alloc(sizeof(*module));
    *out = NULL;
    if (module == NULL)
        return tenka_fail_nomem(tenka_ctx_error(ctx));
    module->type = type;
    module->ctx = ctx;
    module->training = true;
    module->path = tenka_strdup("");
    module->class_name = class_name != NULL ? tenka_strdup(class_name) : NULL;
    if (module->path == NULL || (module->class_name == NULL && class_name != NULL)) {
        tenka_module_destroy(&module);
        return tenka_fail_nomem(tenka_ctx_error(ctx));
    }
    *out = module;
    return TENKA_OK;
}

tenka_status tenka_layer_make(tenka_ctx *ctx, const struct tenka_layer_type *type,
                              const struct tenka_layer_values *values, tenka_module **out)
{
    if (out == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID, "%s: no place for the result", type->name);
    *out = NULL;
    struct tenka_layer_values complete = *values;
    TENKA_TRY(tenka_layer_complete(tenka_ctx_error(ctx), type, &complete));
    TENKA_TRY(tenka_module_make(ctx, type, NULL, out));
    (*out)->values = complete;
    const tenka_status status = type->init != NULL ? type->init(*out) : TENKA_OK;
    if (status != TENKA_OK)
        tenka_module_destroy(out);
    return status;
}

tenka_status tenka_container_make(tenka_ctx *ctx, const char *class_name, tenka_module **out)
{
    const bool plain = class_name == NULL || strcmp(class_name, tenka_layer_sequential.name) == 0;
    return tenka_module_make(ctx, &tenka_layer_sequential, plain ? NULL : class_name, out);
}

static tenka_status add_state(tenka_module *module, const char *name, struct tenka_layer_state **out)
{
    char *const path = tenka_path_join(module->path, name);
    if (path == NULL ||
        !tenka_grow(&module->state, &module->state_capacity, module->n_state, sizeof(module->state[0]))) {
        tenka_free(path);
        return tenka_fail_nomem(tenka_ctx_error(module->ctx));
    }
    *out = &module->state[module->n_state++];
    **out = (struct tenka_layer_state){.path = path, .name = path + strlen(path) - strlen(name)};
    return TENKA_OK;
}

void tenka_layer_drop_state(tenka_module *module, size_t count)
{
    while (module->n_state > count) {
        struct tenka_layer_state *const state = &module->state[--module->n_state];
        tenka_variable_destroy(&state->var);
        tenka_free(state->path);
    }
}

tenka_status tenka_layer_add_state_of(tenka_module *module, const char *name, enum tenka_dtype dtype,
                                      struct tenka_shape shape, const void *data, bool parameter)
{
    struct tenka_layer_state *state;
    TENKA_TRY(add_state(module, name, &state));
    state->parameter = parameter;
    TENKA_TRY(tenka_variable_create(module->ctx, dtype, shape, data, parameter, &state->var));
    return tenka_variable_set_name(state->var, state->path);
}

tenka_status tenka_layer_add_state(tenka_module *module, const char *name, struct tenka_shape shape, const float *data,
                                   bool parameter)
{
    return tenka_layer_add_state_of(module, name, TENKA_F32, shape, data, parameter);
}

tenka_status tenka_layer_add_number(tenka_module *module, const char *name, uint64_t *number)
{
    struct tenka_layer_state *state;
    TENKA_TRY(add_state(module, name, &state));
    state->number = number;
    return TENKA_OK;
}

tenka_status tenka_layer_add_equal(tenka_module *module, const char *name, struct tenka_shape shape, float number,
                                   bool parameter)
{
    TENKA_TRY(tenka_shape_check(tenka_ctx_error(module->ctx), name, &shape));
    if (tenka_is_sizing(module->ctx) || number == 0)
        return tenka_layer_add_state(module, name, shape, NULL, parameter);
    const size_t count = (size_t)tenka_shape_count(&shape);
    float *const data = tenka_alloc_array(count, sizeof(float));
    if (data == NULL)
        return tenka_fail_nomem(tenka_ctx_error(module->ctx));
    for (size_t i = 0; i < count; i++)
        data[i] = number;
    const tenka_status status = tenka_layer_add_state(module, name, shape, data, parameter);
    tenka_free(data);
    return status;
}

tenka_variable *tenka_layer_variable(const tenka_module *module, const char *name)
{
    for (size_t i = 0; i < module->n_state; i++)
        if (strcmp(module->state[i].name, name) == 0)
            return module->state[i].var;
    return NULL;
}

tenka_tensor tenka_layer_value(const tenka_module *module, const char *name)
{
    tenka_variable *const var = tenka_layer_variable(module, name);
    return var != NULL ? tenka_value(var) : TENKA_NONE;
}

tenka_status tenka_layer_add_uniform(tenka_module *module, const char *name, struct tenka_shape shape, double bound)
{
    struct tenka_error *const err = tenka_ctx_error(module->ctx);
    TENKA_TRY(tenka_shape_check(err, name, &shape));
    const size_t count = (size_t)tenka_shape_count(&shape);
    if (tenka_is_sizing(module->ctx))
        return tenka_layer_add_state(module, name, shape, NULL, true);
    float *const data = tenka_alloc_array(count, sizeof(float));
    if (data == NULL)
        return tenka_fail_nomem(err);
    tenka_rng_uniform(tenka_ctx_rng(module->ctx), data, count, -bound, bound);
    const tenka_status status = tenka_layer_add_state(module, name, shape, data, true);
    tenka_free(data);
    return status;
}
