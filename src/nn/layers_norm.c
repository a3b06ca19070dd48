/* LayerNorm, GroupNorm and LocalResponseNorm: normalisations that keep nothing. */
#include <float.h>

#include "nn/layer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- LayerNorm, and torchvision's LayerNorm2d: the same of an image's channels ---- */

enum { SHAPE, EPS, AFFINE, BIAS };

static const struct tenka_layer_arg layer_norm_args[] = {
    [SHAPE] = {"normalized_shape", TENKA_ARG_LIST, TENKA_ARG_REQUIRED | TENKA_ARG_BARE | TENKA_ARG_PAIRED, 0, 1,
               INT32_MAX, NULL},
    [EPS] = {"eps", TENKA_ARG_FLOAT, 0, 1e-5, 0, DBL_MAX, NULL},
    [AFFINE] = {"elementwise_affine", TENKA_ARG_BOOL, 0, 1, 0, 1, NULL},
    [BIAS] = {"bias", TENKA_ARG_BOOL, TENKA_ARG_LATER, 1, 0, 1, NULL},
};

static tenka_status layer_norm_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    if (v->arg[SHAPE].n == 0)
        return tenka_fail(err, TENKA_E_INVALID, "LayerNorm: normalized_shape has no axis, but must have one at least");
    v->arg[SHAPE].list = false; /* PyTorch keeps a tuple of whatever it is given */
    return TENKA_OK;
}

static tenka_status layer_norm2d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    TENKA_TRY(layer_norm_check(err, v));
    if (v->arg[SHAPE].n != 1)
        return tenka_fail(err, TENKA_E_INVALID, "LayerNorm2d: normalized_shape has %u axes, but must have one",
                          v->arg[SHAPE].n);
    return TENKA_OK;
}

static uint64_t layer_norm_elements(const struct tenka_layer_values *v)
{
    uint64_t count = tenka_arg_is(v, AFFINE) ? 1 + (uint64_t)tenka_arg_is(v, BIAS) : 0;
    for (uint32_t i = 0; i < v->arg[SHAPE].n; i++)
        count = tenka_product(count, tenka_arg_u32(v, SHAPE, i));
    return count;
}

static struct tenka_shape normalized_shape(const struct tenka_layer_values *v)
{
    struct tenka_shape shape = {.rank = v->arg[SHAPE].n};
    for (uint32_t i = 0; i < shape.rank; i++)
        shape.dim[i] = tenka_arg_u32(v, SHAPE, i);
    return shape;
}

static tenka_status layer_norm_init(tenka_module *m)
{
    const struct tenka_shape shape = normalized_shape(&m->values);
    if (!tenka_arg_is(&m->values, AFFINE))
        return TENKA_OK;
    TENKA_TRY(tenka_layer_add_equal(m, "weight", shape, 1, true));
    return tenka_arg_is(&m->values, BIAS) ? tenka_layer_add_equal(m, "bias", shape, 0, true) : TENKA_OK;
}

static tenka_tensor layer_norm_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_shape shape = tenka_tensor_shape(x), wanted = normalized_shape(&m->values);
    char text[TENKA_SHAPE_TEXT], wanted_text[TENKA_SHAPE_TEXT];
    if (!tenka_tensor_valid(x))
        return x;
    bool fits = shape.rank >= wanted.rank;
    for (uint32_t i = 0; fits && i < wanted.rank; i++)
        fits = shape.dim[shape.rank - wanted.rank + i] == wanted.dim[i];
    if (!fits)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE,
                                "expected an input whose last axes are %s, found one of shape %s",
                                tenka_shape_text(&wanted, wanted_text), tenka_shape_text(&shape, text));
    return tenka_layer_norm(x, wanted.rank, tenka_layer_value(m, "weight"), tenka_layer_value(m, "bias"),
                            m->values.arg[EPS].value[0]);
}

static tenka_tensor layer_norm2d_forward(tenka_module *m, tenka_tensor x)
{
    const uint32_t channels = tenka_arg_u32(&m->values, SHAPE, 0);
    if (!tenka_layer_has_channels(x, channels))
        return tenka_layer_fail_channels(m, "normalized_shape", channels, x);
    const tenka_tensor y = layer_norm_forward(m, tenka_permute(x, (const uint32_t[]){0, 2, 3, 1}));
    return tenka_permute(y, (const uint32_t[]){0, 3, 1, 2});
}

const struct tenka_layer_type tenka_layer_layer_norm = {
    .name = "LayerNorm",
    .args = layer_norm_args,
    .n_args = COUNT(layer_norm_args),
    .check = layer_norm_check,
    .elements = layer_norm_elements,
    .init = layer_norm_init,
    .forward = layer_norm_forward,
};
const struct tenka_layer_type tenka_layer_layer_norm2d = {
    .name = "LayerNorm2d",
    .args = layer_norm_args,
    .n_args = COUNT(layer_norm_args),
    .check = layer_norm2d_check,
    .elements = layer_norm_elements,
    .init = layer_norm_init,
    .forward = layer_norm2d_forward,
};

/* ---- GroupNorm ---- */

enum { GROUPS, CHANNELS, GROUP_EPS, GROUP_AFFINE, GROUP_BIAS };

static const struct tenka_layer_arg group_norm_args[] = {
    [GROUPS] = {"num_groups", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL},
    [CHANNELS] = {"num_channels", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL},
    [GROUP_EPS] = {"eps", TENKA_ARG_FLOAT, 0, 1e-5, 0, DBL_MAX, NULL},
    [GROUP_AFFINE] = {"affine", TENKA_ARG_BOOL, 0, 1, 0, 1, NULL},
    [GROUP_BIAS] = {"bias", TENKA_ARG_BOOL, TENKA_ARG_LATER, 1, 0, 1, NULL},
};

static tenka_status group_norm_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    const uint32_t groups = tenka_arg_u32(v, GROUPS, 0), channels = tenka_arg_u32(v, CHANNELS, 0);
    if (channels % groups == 0)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID, "GroupNorm: num_channels (%u) must be a multiple of num_groups (%u)",
                      channels, groups);
}

static uint64_t group_norm_elements(const struct tenka_layer_values *v)
{
    const uint64_t vectors = tenka_arg_is(v, GROUP_AFFINE) ? 1 + (uint64_t)tenka_arg_is(v, GROUP_BIAS) : 0;
    return vectors * tenka_arg_u32(v, CHANNELS, 0);
}

static tenka_status group_norm_init(tenka_module *m)
{
    const struct tenka_shape shape = tenka_shape_of(tenka_arg_u32(&m->values, CHANNELS, 0));
    if (!tenka_arg_is(&m->values, GROUP_AFFINE))
        return TENKA_OK;
    TENKA_TRY(tenka_layer_add_equal(m, "weight", shape, 1, true));
    return tenka_arg_is(&m->values, GROUP_BIAS) ? tenka_layer_add_equal(m, "bias", shape, 0, true) : TENKA_OK;
}

static tenka_tensor group_norm_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const uint32_t channels = tenka_arg_u32(&m->values, CHANNELS, 0);
    char text[TENKA_SHAPE_TEXT];
    if (!tenka_tensor_valid(x))
        return x;
    if (shape.rank < 2 || shape.dim[1] != channels)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "expected num_channels=%u channels, found an input of shape %s",
                                channels, tenka_shape_text(&shape, text));
    return tenka_group_norm(x, tenka_arg_u32(&m->values, GROUPS, 0), tenka_layer_value(m, "weight"),
                            tenka_layer_value(m, "bias"), m->values.arg[GROUP_EPS].value[0]);
}

const struct tenka_layer_type tenka_layer_group_norm = {
    .name = "GroupNorm",
    .args = group_norm_args,
    .n_args = COUNT(group_norm_args),
    .check = group_norm_check,
    .elements = group_norm_elements,
    .init = group_norm_init,
    .forward = group_norm_forward,
};

/* ---- LocalResponseNorm ---- */

static const struct tenka_layer_arg local_response_norm_args[] = {
    {"size", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, TENKA_MAX_LOCAL_RESPONSE, NULL},
    {"alpha", TENKA_ARG_FLOAT, 0, 1e-4, -DBL_MAX, DBL_MAX, NULL},
    {"beta", TENKA_ARG_FLOAT, 0, 0.75, -DBL_MAX, DBL_MAX, NULL},
    {"k", TENKA_ARG_FLOAT, 0, 1, -DBL_MAX, DBL_MAX, NULL},
};

static tenka_tensor local_response_norm_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_arg_value *const arg = m->values.arg;
    return tenka_local_response_norm(x, tenka_arg_u32(&m->values, 0, 0), arg[1].value[0], arg[2].value[0],
                                     arg[3].value[0]);
}

const struct tenka_layer_type tenka_layer_local_response_norm = {
    .name = "LocalResponseNorm",
    .args = local_response_norm_args,
    .n_args = COUNT(local_response_norm_args),
    .forward = local_response_norm_forward,
};
