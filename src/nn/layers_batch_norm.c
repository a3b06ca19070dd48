/* BatchNorm1d, BatchNorm2d, InstanceNorm1d and InstanceNorm2d: normalisations that may keep running statistics. */
#include <float.h>
#include <math.h>

#include "nn/layer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- What they share ---- */

enum { FEATURES, EPS, MOMENTUM, AFFINE, TRACK, BIAS };
static const uint8_t shown[] = {FEATURES, EPS, MOMENTUM, AFFINE, BIAS, TRACK};

#define ARGS(kept)                                                                                                \
    {                                                                                                             \
        [FEATURES] = {"num_features", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL}, \
        [EPS] = {"eps", TENKA_ARG_FLOAT, 0, 1e-5, 0, DBL_MAX, NULL}, [MOMENTUM] = {"momentum",                    \
                                                                                   TENKA_ARG_FLOAT,               \
                                                                                   TENKA_ARG_NONE,                \
                                                                                   0.1,                           \
                                                                                   0,                             \
                                                                                   1,                             \
                                                                                   NULL},                         \
        [AFFINE] = {"affine", TENKA_ARG_BOOL, 0, kept, 0, 1, NULL}, [TRACK] = {"track_running_stats",             \
                                                                               TENKA_ARG_BOOL,                    \
                                                                               0,                                 \
                                                                               kept,                              \
                                                                               0,                                 \
                                                                               1,                                 \
                                                                               NULL},                             \
        [BIAS] = {"bias", TENKA_ARG_BOOL, TENKA_ARG_LATER, 1, 0, 1, NULL}, /* of PyTorch 2.15 on */               \
    }
static const struct tenka_layer_arg batch_args[] = ARGS(1), instance_args[] = ARGS(0);

static bool has_bias(const struct tenka_layer_values *v)
{
    return tenka_arg_is(v, AFFINE) && tenka_arg_is(v, BIAS);
}

static uint64_t elements(const struct tenka_layer_values *v)
{
    const uint64_t vectors = (uint64_t)tenka_arg_is(v, AFFINE) + has_bias(v) + 2 * (uint64_t)tenka_arg_is(v, TRACK);
    return vectors * tenka_arg_u32(v, FEATURES, 0);
}

/* In the order of the state_dict: weight, bias, running_mean, running_var, num_batches_tracked, as far as there are
 * any. */
static tenka_status init(tenka_module *m)
{
    const struct tenka_shape shape = tenka_shape_of(tenka_arg_u32(&m->values, FEATURES, 0));
    if (tenka_arg_is(&m->values, AFFINE))
        TENKA_TRY(tenka_layer_add_equal(m, "weight", shape, 1, true));
    if (has_bias(&m->values))
        TENKA_TRY(tenka_layer_add_equal(m, "bias", shape, 0, true));
    if (!tenka_arg_is(&m->values, TRACK))
        return TENKA_OK;
    TENKA_TRY(tenka_layer_add_equal(m, "running_mean", shape, 0, false));
    TENKA_TRY(tenka_layer_add_equal(m, "running_var", shape, 1, false));
    return tenka_layer_add_number(m, "num_batches_tracked", &m->batches);
}

/* Whether x is of one of two ranks and has the layer's channels, or is inert; else the layer says so. */
static bool fits(tenka_module *m, tenka_tensor x, uint32_t rank, uint32_t other)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const uint32_t channels = tenka_arg_u32(&m->values, FEATURES, 0);
    char text[TENKA_SHAPE_TEXT];
    if (!tenka_tensor_valid(x))
        return false;
    if ((shape.rank == rank || shape.rank == other) && shape.dim[1] == channels)
        return true;
    if (rank == 4)
        tenka_layer_fail_channels(m, "num_features", channels, x);
    else
        tenka_trace_fail(m->ctx, TENKA_E_SHAPE,
                         "expected num_features=%u channels in %u or %u axes, found an input of %s", channels, other,
                         rank, tenka_shape_text(&shape, text));
    return false;
}

/* ---- Batch normalisation ---- */

/* Takes back what was counted in a step that was not run. */
static void settle_count(tenka_module *m)
{
    if (m->counted == 0 || m->counted_step == tenka_step_number(m->ctx))
        return;
    if (!tenka_variable_got(tenka_layer_variable(m, "running_mean"), m->counted_step))
        m->batches -= m->counted;
    m->counted = 0;
}

static void count_batch(tenka_module *m)
{
    m->batches++;
    m->counted++;
    m->counted_step = tenka_step_number(m->ctx);
}

/* Without one, what is kept is the mean of all batches so far. */
static double momentum_of(const tenka_module *m)
{
    const struct tenka_arg_value *const momentum = &m->values.arg[MOMENTUM];
    return !momentum->none ? momentum->value[0] : m->batches > 0 ? 1 / (double)m->batches : 1;
}

static tenka_tensor batch_norm(tenka_module *m, tenka_tensor x, uint32_t rank, uint32_t other)
{
    const bool track = tenka_arg_is(&m->values, TRACK);
    if (!fits(m, x, rank, other))
        return TENKA_NONE;
    settle_count(m); /* also where nothing is counted: the statistics may be assigned again */
    if (m->training && track && !tenka_layer_is_checked(m))
        count_batch(m);
    return tenka_batch_norm2d(x, tenka_layer_value(m, "weight"), tenka_layer_value(m, "bias"),
                              tenka_layer_variable(m, "running_mean"), tenka_layer_variable(m, "running_var"),
                              m->training || !track, momentum_of(m), m->values.arg[EPS].value[0]);
}

static tenka_tensor batch_norm1d_forward(tenka_module *m, tenka_tensor x)
{
    return batch_norm(m, x, 3, 2);
}

static tenka_tensor batch_norm2d_forward(tenka_module *m, tenka_tensor x)
{
    return batch_norm(m, x, 4, 4);
}

#define BATCH_NORM(class_name, run)                                                                                \
    {                                                                                                              \
        .name = class_name, .args = batch_args, .n_args = COUNT(batch_args), .shown = shown, .elements = elements, \
        .init = init, .forward = run, .settle = settle_count,                                                      \
    }
const struct tenka_layer_type tenka_layer_batch_norm1d = BATCH_NORM("BatchNorm1d", batch_norm1d_forward);
const struct tenka_layer_type tenka_layer_batch_norm2d = BATCH_NORM("BatchNorm2d", batch_norm2d_forward);

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

/* ---- Instance normalisation: in PyTorch its num_batches_tracked stays 0 ---- */

static tenka_tensor instance_norm(tenka_module *m, tenka_tensor x, uint32_t rank)
{
    const struct tenka_arg_value *const momentum = &m->values.arg[MOMENTUM];
    if (!fits(m, x, rank, rank))
        return TENKA_NONE;
    return tenka_instance_norm(x, tenka_layer_value(m, "weight"), tenka_layer_value(m, "bias"),
                               tenka_layer_variable(m, "running_mean"), tenka_layer_variable(m, "running_var"),
                               m->training || !tenka_arg_is(&m->values, TRACK), momentum->none ? 0 : momentum->value[0],
                               m->values.arg[EPS].value[0]);
}

static tenka_tensor instance_norm1d_forward(tenka_module *m, tenka_tensor x)
{
    return instance_norm(m, x, 3);
}

static tenka_tensor instance_norm2d_forward(tenka_module *m, tenka_tensor x)
{
    return instance_norm(m, x, 4);
}

#define INSTANCE_NORM(class_name, run)                                                             \
    {                                                                                              \
        .name = class_name, .args = instance_args, .n_args = COUNT(instance_args), .shown = shown, \
        .elements = elements, .init = init, .forward = run,                                        \
    }
const struct tenka_layer_type tenka_layer_instance_norm1d = INSTANCE_NORM("InstanceNorm1d", instance_norm1d_forward);
const struct tenka_layer_type tenka_layer_instance_norm2d = INSTANCE_NORM("InstanceNorm2d", instance_norm2d_forward);
