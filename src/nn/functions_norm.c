/* Functions of torch.nn.functional that normalise, and those that leave out. */
#include "nn/graph.h"

static bool optional(const struct tenka_function_call *call, size_t arg, tenka_tensor *out)
{
    *out = TENKA_NONE;
    return call->arg[arg].kind == TENKA_VALUE_NONE || tenka_function_tensor(call, arg, out);
}

static bool number(const struct tenka_function_call *call, size_t arg, double *out)
{
    *out = tenka_value_number(&call->arg[arg]);
    return tenka_value_is_number(&call->arg[arg]) || tenka_function_fail(call, "argument %zu is no number", arg + 1);
}

/* The weight and the bias from that argument on, and x. */
static bool affine(const struct tenka_function_call *call, size_t arg, tenka_tensor out[3])
{
    return tenka_function_tensor(call, 0, &out[0]) && optional(call, arg, &out[1]) && optional(call, arg + 1, &out[2]);
}

static bool run_layer_norm(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t wanted[TENKA_MAX_RANK];
    size_t axes;
    tenka_tensor in[3];
    double eps;
    if (!affine(call, 2, in) || !tenka_function_integers(call, 1, wanted, TENKA_MAX_RANK, &axes) ||
        !number(call, 4, &eps))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(in[0]);
    for (size_t i = 0; i < axes; i++)
        if (axes > shape.rank || wanted[i] != shape.dim[shape.rank - axes + i])
            return tenka_function_fail(call, "layer_norm: normalized_shape is not that of the last axes of the input");
    return tenka_function_give(result, tenka_layer_norm(in[0], (uint32_t)axes, in[1], in[2], eps));
}

static bool run_group_norm(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *groups = &call->arg[1];
    tenka_tensor in[3];
    double eps;
    if (!affine(call, 2, in) || !number(call, 4, &eps))
        return false;
    if (groups->kind != TENKA_VALUE_INT || groups->integer < 1 || groups->integer > INT32_MAX)
        return tenka_function_fail(call, "group_norm: a number of groups from 1 on is expected");
    return tenka_function_give(result, tenka_group_norm(in[0], (uint32_t)groups->integer, in[1], in[2], eps));
}

/* A running statistic, which the function changes. */
static bool statistic(const struct tenka_function_call *call, size_t arg, tenka_variable **out)
{
    tenka_tensor value;
    if (!optional(call, arg, &value))
        return false;
    *out = tenka_tensor_variable(value);
    return value.ctx == NULL || *out != NULL ||
           tenka_function_fail(call, "argument %zu must be a buffer of the network, which is written", arg + 1);
}

/* x, then running_mean and running_var from argument `kept` on, weight and bias from `given` on, training or
 * use_input_stats, momentum, eps. What is said of training follows the network's mode; without running statistics the
 * input's own are always used. */
static bool run_with_statistics(const struct tenka_function_call *call, struct tenka_value *result, size_t kept,
                                size_t given,
                                tenka_tensor (*run)(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                                    tenka_variable *mean, tenka_variable *var, bool training,
                                                    double momentum, double eps))
{
    tenka_variable *mean, *var;
    tenka_tensor in[3];
    double momentum, eps;
    if (!affine(call, given, in) || !statistic(call, kept, &mean) || !statistic(call, kept + 1, &var) ||
        !number(call, 6, &momentum) || !number(call, 7, &eps))
        return false;
    const bool own = mean == NULL && var == NULL;
    return tenka_function_give(result, run(in[0], in[1], in[2], mean, var, call->training || own, momentum, eps));
}

static bool run_batch_norm(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_with_statistics(call, result, 1, 3, tenka_batch_norm2d);
}

static bool run_instance_norm(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_with_statistics(call, result, 1, 3, tenka_instance_norm);
}

/* torch's own functions, which torch.nn.functional's call and aten's are, take the weights first. */
static bool run_batch_norm_weights_first(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_with_statistics(call, result, 3, 1, tenka_batch_norm2d);
}

static bool run_instance_norm_weights_first(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_with_statistics(call, result, 3, 1, tenka_instance_norm);
}

static bool run_local_response_norm(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *size = &call->arg[1];
    tenka_tensor x;
    double alpha, beta, k;
    if (!tenka_function_tensor(call, 0, &x) || !number(call, 2, &alpha) || !number(call, 3, &beta) ||
        !number(call, 4, &k))
        return false;
    if (size->kind != TENKA_VALUE_INT || size->integer < 1 || size->integer > TENKA_MAX_LOCAL_RESPONSE)
        return tenka_function_fail(call, "local_response_norm: a size from 1 to %d is expected",
                                   TENKA_MAX_LOCAL_RESPONSE);
    return tenka_function_give(result, tenka_local_response_norm(x, (uint32_t)size->integer, alpha, beta, k));
}

/* ---- Dropout: x, p, training ---- */

/* Whether something is left out: where the network is trained and the code does not say False. */
static bool begin_dropout(const struct tenka_function_call *call, tenka_tensor *x, double *p, bool *active)
{
    const struct tenka_value *training = &call->arg[2];
    if (!tenka_function_tensor(call, 0, x) || !number(call, 1, p))
        return false;
    if (!(*p >= 0 && *p <= 1))
        return tenka_function_fail(call, "a probability is from 0 to 1");
    *active = call->training && (training->kind != TENKA_VALUE_BOOL || training->integer != 0);
    return true;
}

static bool run_alpha_dropout(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x;
    double p;
    bool active;
    return begin_dropout(call, &x, &p, &active) && tenka_function_give(result, active ? tenka_alpha_dropout(x, p) : x);
}

static bool run_dropout1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x;
    double p;
    bool active;
    if (!begin_dropout(call, &x, &p, &active))
        return false;
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (rank != 2 && rank != 3)
        return tenka_function_fail(call, "dropout1d: a tensor of 2 or 3 axes is expected, not of %u", rank);
    return tenka_function_give(result, active ? tenka_dropout_parts(x, p, rank - 1) : x);
}

static bool run_dropout2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x;
    double p;
    bool active;
    if (!begin_dropout(call, &x, &p, &active))
        return false;
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (rank < 2)
        return tenka_function_fail(call, "dropout2d: a tensor of 2 axes at least is expected, not of %u", rank);
    return tenka_function_give(result, active ? tenka_dropout_parts(x, p, 2) : x);
}

#define STATISTICS(flag) \
    "input, running_mean=None, running_var=None, weight=None, bias=None, " flag "=True, momentum=0.1, eps=1e-05"

#define WEIGHTS_FIRST(flag) \
    "input, weight, bias, running_mean, running_var, " flag ", momentum, eps, cudnn_enabled=True"

const struct tenka_function tenka_functions_norm[] = {
    {"torch.nn.functional.layer_norm torch.layer_norm",
     "input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True", run_layer_norm, false},
    {"torch.nn.functional.group_norm torch.group_norm",
     "input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True", run_group_norm, false},
    {"torch.batch_norm", WEIGHTS_FIRST("training"), run_batch_norm_weights_first, false},
    {"torch.instance_norm", WEIGHTS_FIRST("use_input_stats"), run_instance_norm_weights_first, false},
    {"torch.nn.functional.batch_norm", STATISTICS("training"), run_batch_norm, false},
    {"torch.nn.functional.instance_norm", STATISTICS("use_input_stats"), run_instance_norm, false},
    {"torch.nn.functional.local_response_norm", "input, size, alpha=0.0001, beta=0.75, k=1.0", run_local_response_norm,
     false},
    {"torch.nn.functional.alpha_dropout", "input, p=0.5, training=False, inplace=False", run_alpha_dropout, true},
    {"torch.nn.functional.dropout1d", "input, p=0.5, training=True, inplace=False", run_dropout1d, true},
    {"torch.nn.functional.dropout2d", "input, p=0.5, training=True, inplace=False", run_dropout2d, true},
    {NULL, NULL, NULL, false},
};
