/* Layers of one elementwise operator, made from the rows of elementwise.def: forward calls it with the layer's first
 * arguments as its numbers. */
#include <float.h>

#include "nn/layer.h"

/* What a row says of its arguments. */
#define FLOAT(name, fallback) {#name, TENKA_ARG_FLOAT, 0, fallback, -DBL_MAX, DBL_MAX, NULL},
/* Whose fallback is written as a whole number. */
#define WHOLE(name, fallback) {#name, TENKA_ARG_FLOAT, TENKA_ARG_WHOLE, fallback, -DBL_MAX, DBL_MAX, NULL},
#define BARE(name, fallback) {#name, TENKA_ARG_FLOAT, TENKA_ARG_BARE, fallback, -DBL_MAX, DBL_MAX, NULL},
#define BARE_FROM_0(name, fallback) {#name, TENKA_ARG_FLOAT, TENKA_ARG_BARE, fallback, 0, DBL_MAX, NULL},
#define REQUIRED(name) {#name, TENKA_ARG_FLOAT, TENKA_ARG_REQUIRED, 0, -DBL_MAX, DBL_MAX, NULL},
/* A wish about memory; the plan decides that. UNSEEN: print(model) is silent about it. */
#define INPLACE {"inplace", TENKA_ARG_BOOL, TENKA_ARG_QUIET, 0, 0, 1, NULL},
#define INPLACE_UNSEEN {"inplace", TENKA_ARG_BOOL, TENKA_ARG_UNSEEN, 0, 0, 1, NULL},
#define NO_ARGUMENTS

#define NUMBERS_0(m)
#define NUMBERS_1(m) , (m)->values.arg[0].value[0]
#define NUMBERS_2(m) , (m)->values.arg[0].value[0], (m)->values.arg[1].value[0]

/* One argument more than there are, for a table may not be empty. */
#define LAYER(op, count, layer, ...)                                    \
    static const struct tenka_layer_arg op##_args[] = {__VA_ARGS__{0}}; \
    static tenka_tensor op##_forward(tenka_module *m, tenka_tensor x)   \
    {                                                                   \
        (void)m;                                                        \
        return tenka_##op(x NUMBERS_##count(m));                        \
    }                                                                   \
    const struct tenka_layer_type tenka_layer_##op = {                  \
        .name = #layer,                                                 \
        .args = op##_args,                                              \
        .n_args = sizeof(op##_args) / sizeof(op##_args[0]) - 1,         \
        .forward = op##_forward,                                        \
    };

#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, back, count, numbers, range, wide, layer, arguments) LAYER(name, count, layer, arguments)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"

/* ---- One layer of two operators ---- */

static const struct tenka_layer_arg gelu_args[] = {
    {"approximate", TENKA_ARG_WORD, 0, 0, 0, 0, "none|tanh"},
};

static tenka_tensor gelu_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_arg_is(&m->values, 0) ? tenka_gelu_tanh(x) : tenka_gelu(x);
}

const struct tenka_layer_type tenka_layer_gelu = {
    .name = "GELU",
    .args = gelu_args,
    .n_args = 1,
    .forward = gelu_forward,
};

/* ---- Functions ---- */

static tenka_status make(tenka_ctx *ctx, const struct tenka_layer_type *type, tenka_module **out)
{
    return ctx != NULL ? tenka_layer_make(ctx, type, &(struct tenka_layer_values){0}, out) : TENKA_E_INVALID;
}

tenka_status tenka_nn_relu(tenka_ctx *ctx, tenka_module **out)
{
    return make(ctx, &tenka_layer_relu, out);
}

tenka_status tenka_nn_tanh(tenka_ctx *ctx, tenka_module **out)
{
    return make(ctx, &tenka_layer_tanh, out);
}
