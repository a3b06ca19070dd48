/* Layers without drawn weights: ReLU, MaxPool2d, Flatten, LogSoftmax, BatchNorm2d, Dropout. */
#include <float.h>
#include <math.h>

#include "nn/layer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *bool_text(const struct tenka_arg_value *value)
{
    return value->value[0] != 0 ? "True" : "False";
}

/* ---- ReLU ---- */

static const struct tenka_layer_arg relu_args[] = {
    {"inplace", TENKA_ARG_BOOL, 0, 0, 0, 1, NULL}, /* a wish about memory; the plan decides that */
};

static tenka_tensor relu_forward(tenka_module *m, tenka_tensor x)
{
    (void)m;
    return tenka_relu(x);
}

static void relu_print(const tenka_module *m, struct tenka_text *text)
{
    if (m->values.arg[0].value[0] != 0)
        tenka_text_add(text, "inplace=True");
}

const struct tenka_layer_type tenka_layer_relu = {
    .name = "ReLU", .args = relu_args, .n_args = COUNT(relu_args), .forward = relu_forward, .print = relu_print};

tenka_status tenka_nn_relu(tenka_ctx *ctx, tenka_module **out)
{
    return ctx != NULL ? tenka_layer_make(ctx, &tenka_layer_relu, &(struct tenka_layer_values){0}, out)
                       : TENKA_E_INVALID;
}

/* ---- MaxPool2d ---- */

enum { KERNEL, STRIDE, PADDING, DILATION, RETURN_INDICES, CEIL_MODE };

static const struct tenka_layer_arg max_pool2d_args[] = {
    [KERNEL] = {"kernel_size", TENKA_ARG_PAIR, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [STRIDE] = {"stride", TENKA_ARG_PAIR, TENKA_ARG_NONE, NAN, 1, INT32_MAX, NULL},
    [PADDING] = {"padding", TENKA_ARG_PAIR, 0, 0, 0, INT32_MAX, NULL},
    [DILATION] = {"dilation", TENKA_ARG_PAIR, 0, 1, 1, INT32_MAX, NULL},
    [RETURN_INDICES] = {"return_indices", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
    [CEIL_MODE] = {"ceil_mode", TENKA_ARG_BOOL, 0, 0, 0, 1, NULL},
};

static tenka_status max_pool2d_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    if (v->arg[STRIDE].none)
        v->arg[STRIDE] = v->arg[KERNEL];
    for (size_t axis = 0; axis < 2; axis++) {
        const uint32_t padding = tenka_arg_u32(v, PADDING, axis), kernel = tenka_arg_u32(v, KERNEL, axis);
        if (padding > kernel / 2)
            return tenka_fail(err, TENKA_E_INVALID,
                              "MaxPool2d: padding is %u, but must be at most half the kernel of %u", padding, kernel);
    }
    return TENKA_OK;
}

static tenka_tensor max_pool2d_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    for (size_t axis = 0; axis < 2; axis++) {
        params.kernel[axis] = tenka_arg_u32(&m->values, KERNEL, axis);
        params.stride[axis] = tenka_arg_u32(&m->values, STRIDE, axis);
        params.padding[axis] = tenka_arg_u32(&m->values, PADDING, axis);
        params.dilation[axis] = tenka_arg_u32(&m->values, DILATION, axis);
    }
    params.ceil_mode = m->values.arg[CEIL_MODE].value[0] != 0;
    return tenka_max_pool2d(x, &params);
}

static void add_pool_pair(struct tenka_text *text, const tenka_module *m, size_t arg)
{
    const struct tenka_arg_value *const value = &m->values.arg[arg];
    const char *const name = max_pool2d_args[arg].name;
    if (value->pair)
        tenka_text_add(text, "%s=(%.0f, %.0f), ", name, value->value[0], value->value[1]);
    else
        tenka_text_add(text, "%s=%.0f, ", name, value->value[0]);
}

static void max_pool2d_print(const tenka_module *m, struct tenka_text *text)
{
    for (size_t arg = KERNEL; arg <= DILATION; arg++)
        add_pool_pair(text, m, arg);
    tenka_text_add(text, "ceil_mode=%s", bool_text(&m->values.arg[CEIL_MODE]));
}

const struct tenka_layer_type tenka_layer_max_pool2d = {
    .name = "MaxPool2d",
    .args = max_pool2d_args,
    .n_args = COUNT(max_pool2d_args),
    .check = max_pool2d_check,
    .forward = max_pool2d_forward,
    .print = max_pool2d_print,
};

tenka_status tenka_nn_max_pool2d(tenka_ctx *ctx, const struct tenka_pool2d_params *params, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    if (params == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "MaxPool2d: params are missing, which say the kernel's size");
    if (params->size != sizeof(*params))
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "MaxPool2d: params.size is %zu, not %zu; begin with TENKA_POOL2D_DEFAULTS", params->size,
                          sizeof(*params));
    struct tenka_layer_values values = {0};
    uint32_t stride[2];
    for (size_t axis = 0; axis < 2; axis++)
        stride[axis] = params->stride[axis] != 0 ? params->stride[axis] : params->kernel[axis];
    values.arg[KERNEL] = tenka_arg_pair(params->kernel);
    values.arg[STRIDE] = tenka_arg_pair(stride);
    values.arg[PADDING] = tenka_arg_pair(params->padding);
    values.arg[DILATION] = tenka_arg_pair(params->dilation);
    values.arg[CEIL_MODE] = tenka_arg_of(params->ceil_mode);
    return tenka_layer_make(ctx, &tenka_layer_max_pool2d, &values, out);
}

/* ---- Flatten ---- */

static const struct tenka_layer_arg flatten_args[] = {
    {"start_dim", TENKA_ARG_INT, 0, 1, 0, TENKA_MAX_RANK - 1, NULL},
    {"end_dim", TENKA_ARG_INT, TENKA_ARG_FIXED, -1, -1, -1, NULL},
};

static tenka_tensor flatten_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_flatten(x, tenka_arg_u32(&m->values, 0, 0));
}

static void flatten_print(const tenka_module *m, struct tenka_text *text)
{
    tenka_text_add(text, "start_dim=%.0f, end_dim=-1", m->values.arg[0].value[0]);
}

const struct tenka_layer_type tenka_layer_flatten = {.name = "Flatten",
                                                     .args = flatten_args,
                                                     .n_args = COUNT(flatten_args),
                                                     .forward = flatten_forward,
                                                     .print = flatten_print};

tenka_status tenka_nn_flatten(tenka_ctx *ctx, tenka_module **out)
{
    return ctx != NULL ? tenka_layer_make(ctx, &tenka_layer_flatten, &(struct tenka_layer_values){0}, out)
                       : TENKA_E_INVALID;
}

/* ---- LogSoftmax ---- */

static const struct tenka_layer_arg log_softmax_args[] = {
    {"dim", TENKA_ARG_INT, TENKA_ARG_NONE, NAN, -TENKA_MAX_RANK, TENKA_MAX_RANK - 1, NULL},
};

static tenka_tensor log_softmax_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_arg_value *const dim = &m->values.arg[0];
    const double from_end = dim->value[0] < 0 ? tenka_tensor_shape(x).rank : 0;
    if (!tenka_tensor_valid(x))
        return x;
    if (dim->value[0] + from_end < 0)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "LogSoftmax: dim is %.0f, but the input has %.0f axes",
                                dim->value[0], from_end);
    return tenka_log_softmax(x, dim->none ? 1 : (uint32_t)(dim->value[0] + from_end));
}

static void log_softmax_print(const tenka_module *m, struct tenka_text *text)
{
    if (m->values.arg[0].none)
        tenka_text_add(text, "dim=None");
    else
        tenka_text_add(text, "dim=%.0f", m->values.arg[0].value[0]);
}

const struct tenka_layer_type tenka_layer_log_softmax = {.name = "LogSoftmax",
                                                         .args = log_softmax_args,
                                                         .n_args = COUNT(log_softmax_args),
                                                         .forward = log_softmax_forward,
                                                         .print = log_softmax_print};

tenka_status tenka_nn_log_softmax(tenka_ctx *ctx, uint32_t dim, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    const struct tenka_layer_values values = {.arg = {tenka_arg_of(dim)}};
    return tenka_layer_make(ctx, &tenka_layer_log_softmax, &values, out);
}

/* ---- BatchNorm2d ---- */

enum { FEATURES, EPS, MOMENTUM, AFFINE, TRACK };
enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

static const struct tenka_layer_arg batch_norm2d_args[] = {
    [FEATURES] = {"num_features", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [EPS] = {"eps", TENKA_ARG_FLOAT, 0, 1e-5, 0, DBL_MAX, NULL},
    [MOMENTUM] = {"momentum", TENKA_ARG_FLOAT, 0, 0.1, 0, 1, NULL},
    [AFFINE] = {"affine", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 1, 0, 1, NULL},
    [TRACK] = {"track_running_stats", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 1, 0, 1, NULL},
};

static uint64_t batch_norm2d_elements(const struct tenka_layer_values *v)
{
    return 4 * (uint64_t)tenka_arg_u32(v, FEATURES, 0);
}

static tenka_status batch_norm2d_init(tenka_module *m)
{
    const struct tenka_shape shape = tenka_shape_of(tenka_arg_u32(&m->values, FEATURES, 0));
    float *const ones = tenka_alloc_array(shape.dim[0], sizeof(float));
    if (ones == NULL)
        return tenka_fail_nomem(tenka_ctx_error(m->ctx));
    for (size_t i = 0; i < shape.dim[0]; i++)
        ones[i] = 1;
    tenka_status status = tenka_layer_add_state(m, "weight", shape, ones, true);
    if (status == TENKA_OK)
        status = tenka_layer_add_state(m, "bias", shape, NULL, true);
    if (status == TENKA_OK)
        status = tenka_layer_add_state(m, "running_mean", shape, NULL, false);
    if (status == TENKA_OK)
        status = tenka_layer_add_state(m, "running_var", shape, ones, false);
    tenka_free(ones);
    return status;
}

static bool is_checked(const tenka_module *m)
{
    for (; m != NULL; m = m->parent)
        if (m->checking)
            return true;
    return false;
}

static tenka_tensor batch_norm2d_forward(tenka_module *m, tenka_tensor x)
{
    if (m->training && tenka_tensor_valid(x) && !is_checked(m))
        m->batches++;
    return tenka_batch_norm2d(x, tenka_value(m->state[WEIGHT].var), tenka_value(m->state[BIAS].var),
                              m->state[RUNNING_MEAN].var, m->state[RUNNING_VAR].var, m->training,
                              m->values.arg[MOMENTUM].value[0], m->values.arg[EPS].value[0]);
}

static void batch_norm2d_print(const tenka_module *m, struct tenka_text *text)
{
    const struct tenka_arg_value *const arg = m->values.arg;
    char eps[TENKA_NUMBER_TEXT], momentum[TENKA_NUMBER_TEXT];
    tenka_text_add(text, "%.0f, eps=%s, momentum=%s, affine=%s, track_running_stats=%s", arg[FEATURES].value[0],
                   tenka_number_text(arg[EPS].value[0], eps), tenka_number_text(arg[MOMENTUM].value[0], momentum),
                   bool_text(&arg[AFFINE]), bool_text(&arg[TRACK]));
}

const struct tenka_layer_type tenka_layer_batch_norm2d = {
    .name = "BatchNorm2d",
    .args = batch_norm2d_args,
    .n_args = COUNT(batch_norm2d_args),
    .elements = batch_norm2d_elements,
    .init = batch_norm2d_init,
    .forward = batch_norm2d_forward,
    .print = batch_norm2d_print,
};

tenka_status tenka_nn_batch_norm2d(tenka_ctx *ctx, uint32_t num_features, double eps, double momentum,
                                   tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    struct tenka_layer_values values = {0};
    values.arg[FEATURES] = tenka_arg_of(num_features);
    values.arg[EPS] = tenka_arg_of(eps);
    values.arg[MOMENTUM] = tenka_arg_of(momentum);
    return tenka_layer_make(ctx, &tenka_layer_batch_norm2d, &values, out);
}

/* ---- Dropout ---- */

static const struct tenka_layer_arg dropout_args[] = {
    {"p", TENKA_ARG_FLOAT, 0, 0.5, 0, 1, NULL},
    {"inplace", TENKA_ARG_BOOL, 0, 0, 0, 1, NULL},
};

static tenka_tensor dropout_forward(tenka_module *m, tenka_tensor x)
{
    return m->training ? tenka_dropout(x, m->values.arg[0].value[0]) : x;
}

static void dropout_print(const tenka_module *m, struct tenka_text *text)
{
    char p[TENKA_NUMBER_TEXT];
    tenka_text_add(text, "p=%s, inplace=%s", tenka_number_text(m->values.arg[0].value[0], p),
                   bool_text(&m->values.arg[1]));
}

const struct tenka_layer_type tenka_layer_dropout = {.name = "Dropout",
                                                     .args = dropout_args,
                                                     .n_args = COUNT(dropout_args),
                                                     .forward = dropout_forward,
                                                     .print = dropout_print};

tenka_status tenka_nn_dropout(tenka_ctx *ctx, double p, tenka_module **out)
{
    if (ctx == NULL)
        return TENKA_E_INVALID;
    const struct tenka_layer_values values = {.arg = {tenka_arg_of(p)}};
    return tenka_layer_make(ctx, &tenka_layer_dropout, &values, out);
}
