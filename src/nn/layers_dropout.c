/* Dropout, of elements and of more than those. */
#include "nn/layer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { P, OTHER };

static const struct tenka_layer_arg dropout_args[] = {
    [P] = {"p", TENKA_ARG_FLOAT, 0, 0.5, 0, 1, NULL},
    [OTHER] = {"inplace", TENKA_ARG_BOOL, 0, 0, 0, 1, NULL},
};

static double probability(const tenka_module *m)
{
    return m->values.arg[P].value[0];
}

static tenka_tensor dropout_forward(tenka_module *m, tenka_tensor x)
{
    return m->training ? tenka_dropout(x, probability(m)) : x;
}

static tenka_tensor alpha_dropout_forward(tenka_module *m, tenka_tensor x)
{
    return m->training ? tenka_alpha_dropout(x, probability(m)) : x;
}

/* Of signals [N, C, L]; and [C, L], one of them. */
static tenka_tensor dropout1d_forward(tenka_module *m, tenka_tensor x)
{
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (tenka_tensor_valid(x) && rank != 2 && rank != 3)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "expected an input of 2 or 3 axes, found %u", rank);
    return m->training ? tenka_dropout_parts(x, probability(m), rank - 1) : x;
}

static tenka_tensor dropout2d_forward(tenka_module *m, tenka_tensor x)
{
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (tenka_tensor_valid(x) && rank != 3 && rank != 4)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "expected an input of 3 or 4 axes, found %u", rank);
    return m->training ? tenka_dropout_parts(x, probability(m), 2) : x;
}

#define DROPOUT(class_name, run)                                                                              \
    {                                                                                                         \
        .name = class_name, .args = dropout_args, .n_args = COUNT(dropout_args), .view = true, .forward = run \
    }
const struct tenka_layer_type tenka_layer_dropout = DROPOUT("Dropout", dropout_forward);
const struct tenka_layer_type tenka_layer_dropout1d = DROPOUT("Dropout1d", dropout1d_forward);
const struct tenka_layer_type tenka_layer_dropout2d = DROPOUT("Dropout2d", dropout2d_forward);
const struct tenka_layer_type tenka_layer_alpha_dropout = DROPOUT("AlphaDropout", alpha_dropout_forward);

tenka_status tenka_nn_dropout(tenka_ctx *ctx, double p, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    const struct tenka_layer_values values = {.arg = {tenka_arg_of(p)}};
    return tenka_layer_make(ctx, &tenka_layer_dropout, &values, out);
}

/* ---- torchvision's StochasticDepth ---- */

static const struct tenka_layer_arg stochastic_depth_args[] = {
    [P] = {"p", TENKA_ARG_FLOAT, TENKA_ARG_REQUIRED, 0, 0, 1, NULL},
    [OTHER] = {"mode", TENKA_ARG_WORD, TENKA_ARG_REQUIRED | TENKA_ARG_PLAIN, 0, 0, 0, "row|batch"},
};

static tenka_tensor stochastic_depth_forward(tenka_module *m, tenka_tensor x)
{
    const bool batch = tenka_arg_is(&m->values, OTHER);
    return m->training ? tenka_dropout_parts(x, probability(m), batch ? 0 : 1) : x;
}

const struct tenka_layer_type tenka_layer_stochastic_depth = {
    .name = "StochasticDepth",
    .args = stochastic_depth_args,
    .n_args = COUNT(stochastic_depth_args),
    .view = true,
    .forward = stochastic_depth_forward,
};
