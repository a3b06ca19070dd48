/* A class of the tests of custom modules: y = x + scale * body(x), which counts how often it was trained. */
#ifndef TENKA_TESTS_CUSTOM_H
#define TENKA_TESTS_CUSTOM_H

#include "support.h"

static inline void scaled_forward(void *user, tenka_module *module, const tenka_tensor *in, size_t n_in,
                                  tenka_tensor *out, size_t n_out)
{
    tenka_variable *const seen = tenka_module_find(module, "seen");
    (void)user, (void)n_in, (void)n_out;
    if (tenka_module_is_training(module))
        tenka_assign(seen, tenka_add(tenka_value(seen), tenka_add(tenka_value(seen), tenka_value(seen))));
    const tenka_tensor f = tenka_forward(tenka_module_child(module, "body"), in[0]);
    out[0] = tenka_add(in[0], tenka_mul(f, tenka_value(tenka_module_find(module, "scale"))));
}

static inline void count_destroyed(void *user)
{
    ++*(int *)user;
}

/* destroyed, which may be NULL, counts how often one was. The body is made from text. The scale has size elements. */
static inline tenka_status make_scaled(tenka_ctx *ctx, const char *class_name, const char *body, uint32_t size,
                                       int *destroyed, tenka_module **out)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *child;
    tenka_variable *var;
    params.forward = scaled_forward;
    params.destroy = destroyed != NULL ? count_destroyed : NULL;
    params.extra = "begin=0.5";
    tenka_status status = tenka_nn_custom(ctx, class_name, &params, destroyed, out);
    if (status == TENKA_OK)
        status = tenka_nn_add_parameter(*out, "scale", tenka_shape_of(size), 0.5, 0.5, &var);
    if (status == TENKA_OK)
        status = tenka_nn_add_buffer(*out, "seen", tenka_shape_of(1), 1, &var);
    if (status == TENKA_OK)
        status = tenka_nn_parse(ctx, body, &child);
    if (status == TENKA_OK)
        status = tenka_nn_append(*out, "body", child);
    if (status != TENKA_OK)
        tenka_module_destroy(out);
    return status;
}

/* Sequential(Linear, Outer((a): Scaled, (b): Scaled), Linear): custom modules in each other and in containers. */
static inline void outer_forward(void *user, tenka_module *module, const tenka_tensor *in, size_t n_in,
                                 tenka_tensor *out, size_t n_out)
{
    (void)user, (void)n_in, (void)n_out;
    const tenka_tensor a = tenka_forward(tenka_module_child(module, "a"), in[0]);
    out[0] = tenka_add(a, tenka_forward(tenka_module_child(module, "b"), a));
}

static inline tenka_status append_scaled(tenka_module *outer, const char *name, const char *class_name, uint32_t size)
{
    tenka_module *inner = NULL;
    make_scaled(tenka_module_ctx(outer), class_name, "Sequential(Linear(4, 4) ReLU())", size, NULL, &inner);
    return tenka_nn_append(outer, name, inner);
}

static inline tenka_status make_outer(tenka_ctx *ctx, const char *class_name, uint32_t size, tenka_module **out)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *outer, *layer;
    params.forward = outer_forward;
    *out = NULL;
    tenka_status status = tenka_nn_parse(ctx, "Linear(4, 4) Identity()", out);
    if (status == TENKA_OK)
        status = tenka_nn_custom(ctx, "Outer", &params, NULL, &outer);
    if (status == TENKA_OK)
        status = tenka_nn_append(*out, NULL, outer);
    if (status == TENKA_OK)
        status = append_scaled(outer, "a", class_name, size);
    if (status == TENKA_OK)
        status = append_scaled(outer, "b", class_name, size);
    if (status == TENKA_OK)
        status = tenka_nn_parse(ctx, "Linear(4, 2)", &layer);
    if (status == TENKA_OK)
        status = tenka_nn_append(*out, NULL, layer);
    if (status != TENKA_OK)
        tenka_module_destroy(out);
    return status;
}

#endif
