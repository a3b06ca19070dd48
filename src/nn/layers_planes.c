/* Layers that put the elements of planes elsewhere: Upsample and its relatives, padding, shuffles, Unflatten. */
#include <float.h>
#include <math.h>

#include "nn/window.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Upsample ---- */

enum { SIZE, SCALE_FACTOR, MODE, ALIGN_CORNERS, RECOMPUTE };
enum { NEAREST, LINEAR, BILINEAR };

#define SIZES                                                                             \
    {                                                                                     \
        "size", TENKA_ARG_PAIR, TENKA_ARG_NONE | TENKA_ARG_QUIET, NAN, 1, INT32_MAX, NULL \
    }
#define SCALES                                                                                          \
    {                                                                                                   \
        "scale_factor", TENKA_ARG_FLOATS, TENKA_ARG_NONE | TENKA_ARG_QUIET, NAN, DBL_MIN, DBL_MAX, NULL \
    }

/* Corners and recomputing are not in the text of PyTorch. */
static const struct tenka_layer_arg upsample_args[] = {
    [SIZE] = SIZES,
    [SCALE_FACTOR] = SCALES,
    [MODE] = {"mode", TENKA_ARG_WORD, TENKA_ARG_QUOTED_SINCE_2, 0, 0, 0, "nearest|linear|bilinear"},
    [ALIGN_CORNERS] = {"align_corners", TENKA_ARG_BOOL, TENKA_ARG_NONE | TENKA_ARG_QUIET, NAN, 0, 1, NULL},
    [RECOMPUTE] = {"recompute_scale_factor", TENKA_ARG_BOOL, TENKA_ARG_NONE | TENKA_ARG_QUIET, NAN, 0, 1, NULL},
};

/* Of the classes whose mode follows from their name; the text has it all the same. */
static const struct tenka_layer_arg nearest_args[] = {
    [SIZE] = SIZES,
    [SCALE_FACTOR] = SCALES,
    [MODE] = {"mode", TENKA_ARG_WORD, TENKA_ARG_QUOTED_SINCE_2, 0, 0, 0, "nearest"},
};
static const struct tenka_layer_arg bilinear_args[] = {
    [SIZE] = SIZES,
    [SCALE_FACTOR] = SCALES,
    [MODE] = {"mode", TENKA_ARG_WORD, TENKA_ARG_QUOTED_SINCE_2, 0, 0, 0, "bilinear"},
};

static tenka_status check_size(struct tenka_error *err, struct tenka_layer_values *v)
{
    if (v->arg[SIZE].none != v->arg[SCALE_FACTOR].none)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID, "Upsample: one of size and scale_factor is needed, and not both");
}

static tenka_status upsample_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    if (tenka_arg_is(v, ALIGN_CORNERS) && v->arg[MODE].value[0] == NEAREST)
        return tenka_fail(err, TENKA_E_INVALID, "Upsample: align_corners is for linear and bilinear");
    return check_size(err, v);
}

static struct tenka_interpolate_params resize_params(const struct tenka_layer_values *v)
{
    struct tenka_interpolate_params params = TENKA_INTERPOLATE_DEFAULTS;
    for (size_t axis = 0; axis < 2; axis++)
        if (v->arg[SIZE].none)
            params.scale_factor[axis] = v->arg[SCALE_FACTOR].value[axis];
        else
            params.output[axis] = tenka_arg_u32(v, SIZE, axis);
    return params;
}

/* Of one axis where there are three, and where the mode is that of one. */
static tenka_tensor resize(tenka_module *m, tenka_tensor x, struct tenka_interpolate_params *params, bool one, bool two)
{
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (!tenka_tensor_valid(x))
        return x;
    if (!(rank == 4 && two) && !(rank == 3 && one))
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "an input of %u axes does not suit the mode", rank);
    if (rank == 4)
        return tenka_interpolate(x, params);
    params->output[0] = 1;
    params->scale_factor[0] = 0;
    return tenka_interpolate1d(x, params);
}

static tenka_tensor upsample_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_interpolate_params params = resize_params(&m->values);
    const double mode = m->values.arg[MODE].value[0];
    params.mode = mode == NEAREST ? TENKA_INTERPOLATE_NEAREST : TENKA_INTERPOLATE_LINEAR;
    params.align_corners = tenka_arg_is(&m->values, ALIGN_CORNERS);
    params.recompute_scale_factor = tenka_arg_is(&m->values, RECOMPUTE);
    return resize(m, x, &params, mode != BILINEAR, mode != LINEAR);
}

static tenka_tensor nearest_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_interpolate_params params = resize_params(&m->values);
    return resize(m, x, &params, false, true);
}

static tenka_tensor bilinear_forward(tenka_module *m, tenka_tensor x)
{
    struct tenka_interpolate_params params = resize_params(&m->values);
    params.mode = TENKA_INTERPOLATE_LINEAR;
    params.align_corners = true;
    return resize(m, x, &params, false, true);
}

const struct tenka_layer_type tenka_layer_upsample = {
    .name = "Upsample",
    .args = upsample_args,
    .n_args = COUNT(upsample_args),
    .check = upsample_check,
    .forward = upsample_forward,
};
const struct tenka_layer_type tenka_layer_upsampling_nearest2d = {
    .name = "UpsamplingNearest2d",
    .args = nearest_args,
    .n_args = COUNT(nearest_args),
    .check = check_size,
    .forward = nearest_forward,
};
const struct tenka_layer_type tenka_layer_upsampling_bilinear2d = {
    .name = "UpsamplingBilinear2d",
    .args = bilinear_args,
    .n_args = COUNT(bilinear_args),
    .check = check_size,
    .forward = bilinear_forward,
};

/* ---- Padding ---- */

/* One number for all sides, or two for each of so many axes, the last first. PyTorch keeps a tuple. */
static tenka_status check_sides(struct tenka_error *err, struct tenka_layer_values *v, const char *layer, uint32_t axes)
{
    struct tenka_arg_value *const padding = &v->arg[0];
    for (; padding->n < 2 * axes && !padding->pair; padding->n++)
        padding->value[padding->n] = padding->value[0];
    padding->pair = true;
    padding->list = false;
    if (padding->n == 2 * axes)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID, "%s: padding has %u numbers, but needs one, or %u", layer, padding->n,
                      2 * axes);
}

static tenka_tensor pad_sides(tenka_module *m, tenka_tensor x, uint32_t axes, enum tenka_pad_mode mode, double value)
{
    const struct tenka_arg_value *const padding = &m->values.arg[0];
    const uint32_t rank = tenka_tensor_shape(x).rank;
    int32_t pad[TENKA_MAX_ARG_NUMBERS];
    for (uint32_t i = 0; i < padding->n; i++)
        pad[i] = (int32_t)padding->value[i];
    if (tenka_tensor_valid(x) && mode != TENKA_PAD_CONSTANT && rank != axes + 1 && rank != axes + 2)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "expected an input of %u or %u axes, found one of %u", axes + 1,
                                axes + 2, rank);
    return tenka_pad(x, pad, padding->n, mode, value);
}

static tenka_tensor pad_value(tenka_module *m, tenka_tensor x, uint32_t axes)
{
    return pad_sides(m, x, axes, TENKA_PAD_CONSTANT, m->values.arg[1].value[0]);
}

static const struct tenka_layer_arg sides_args[] = {
    {"padding", TENKA_ARG_LIST, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, -INT32_MAX, INT32_MAX, NULL},
};
static const struct tenka_layer_arg value_args[] = {
    {"padding", TENKA_ARG_LIST, TENKA_ARG_REQUIRED, 0, -INT32_MAX, INT32_MAX, NULL},
    {"value", TENKA_ARG_FLOAT, TENKA_ARG_REQUIRED, 0, -DBL_MAX, DBL_MAX, NULL},
};

#define PADDING(layer, class, axes, table, run)                                              \
    static tenka_status layer##_check(struct tenka_error *err, struct tenka_layer_values *v) \
    {                                                                                        \
        return check_sides(err, v, class, axes);                                             \
    }                                                                                        \
    static tenka_tensor layer##_forward(tenka_module *m, tenka_tensor x)                     \
    {                                                                                        \
        return run;                                                                          \
    }                                                                                        \
    const struct tenka_layer_type tenka_layer_##layer = {                                    \
        .name = class,                                                                       \
        .args = table,                                                                       \
        .n_args = COUNT(table),                                                              \
        .check = layer##_check,                                                              \
        .forward = layer##_forward,                                                          \
    };
#define SIDES(layer, class, axes, mode) \
    PADDING(layer, class, axes, sides_args, pad_sides(m, x, axes, TENKA_PAD_##mode, 0))

PADDING(constant_pad1d, "ConstantPad1d", 1, value_args, pad_value(m, x, 1))
PADDING(constant_pad2d, "ConstantPad2d", 2, value_args, pad_value(m, x, 2))
PADDING(constant_pad3d, "ConstantPad3d", 3, value_args, pad_value(m, x, 3))
SIDES(zero_pad1d, "ZeroPad1d", 1, CONSTANT)
SIDES(zero_pad2d, "ZeroPad2d", 2, CONSTANT)
SIDES(zero_pad3d, "ZeroPad3d", 3, CONSTANT)
SIDES(reflection_pad1d, "ReflectionPad1d", 1, REFLECT)
SIDES(reflection_pad2d, "ReflectionPad2d", 2, REFLECT)
SIDES(reflection_pad3d, "ReflectionPad3d", 3, REFLECT)
SIDES(replication_pad1d, "ReplicationPad1d", 1, REPLICATE)
SIDES(replication_pad2d, "ReplicationPad2d", 2, REPLICATE)
SIDES(replication_pad3d, "ReplicationPad3d", 3, REPLICATE)
SIDES(circular_pad1d, "CircularPad1d", 1, CIRCULAR)
SIDES(circular_pad2d, "CircularPad2d", 2, CIRCULAR)
SIDES(circular_pad3d, "CircularPad3d", 3, CIRCULAR)

/* ---- Shuffles ---- */

/* x as [outer, C / blocks, b, b, H, W] or [outer, C, H / b, b, W / b, b], of which axes are put in another order. */
static tenka_tensor regroup(tenka_tensor x, struct tenka_shape parts, const uint32_t axes[6], struct tenka_shape out)
{
    return tenka_reshape(tenka_permute(tenka_reshape(x, parts), axes), out);
}

static tenka_tensor fail_factor(tenka_tensor x, const char *what, uint32_t factor)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    char text[TENKA_SHAPE_TEXT];
    return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "an input of shape %s has no %s that are multiples of %u",
                            tenka_shape_text(&shape, text), what, factor);
}

static uint32_t outer_of(const struct tenka_shape *shape)
{
    uint32_t outer = 1;
    for (uint32_t i = 0; i + 3 < shape->rank; i++)
        outer *= shape->dim[i];
    return outer;
}

tenka_tensor tenka_pixel_shuffle(tenka_tensor x, uint32_t factor)
{
    struct tenka_shape out = tenka_tensor_shape(x);
    const uint64_t block = (uint64_t)factor * factor;
    if (!tenka_tensor_valid(x))
        return x;
    if (out.rank < 3 || out.dim[out.rank - 3] % block != 0)
        return fail_factor(x, "channels", (uint32_t)block);
    uint32_t *const dim = out.dim + out.rank - 3;
    const struct tenka_shape parts = {6, {outer_of(&out), dim[0] / (uint32_t)block, factor, factor, dim[1], dim[2]}};
    dim[0] /= (uint32_t)block;
    dim[1] *= factor;
    dim[2] *= factor;
    return regroup(x, parts, (const uint32_t[]){0, 1, 4, 2, 5, 3}, out);
}

tenka_tensor tenka_pixel_unshuffle(tenka_tensor x, uint32_t factor)
{
    struct tenka_shape out = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x))
        return x;
    if (out.rank < 3 || out.dim[out.rank - 2] % factor != 0 || out.dim[out.rank - 1] % factor != 0)
        return fail_factor(x, "sides", factor);
    uint32_t *const dim = out.dim + out.rank - 3;
    const struct tenka_shape parts = {6, {outer_of(&out), dim[0], dim[1] / factor, factor, dim[2] / factor, factor}};
    dim[0] *= factor * factor;
    dim[1] /= factor;
    dim[2] /= factor;
    return regroup(x, parts, (const uint32_t[]){0, 1, 3, 5, 2, 4}, out);
}

tenka_tensor tenka_channel_shuffle(tenka_tensor x, uint32_t groups)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    uint32_t plane = 1;
    if (!tenka_tensor_valid(x))
        return x;
    if (shape.rank < 3 || shape.dim[1] % groups != 0)
        return fail_factor(x, "channels", groups);
    for (uint32_t i = 2; i < shape.rank; i++)
        plane *= shape.dim[i];
    const struct tenka_shape parts = {4, {shape.dim[0], groups, shape.dim[1] / groups, plane}};
    return tenka_reshape(tenka_permute(tenka_reshape(x, parts), (const uint32_t[]){0, 2, 1, 3}), shape);
}

#define FACTOR(layer, class, argument, most)                             \
    static const struct tenka_layer_arg layer##_args[] = {               \
        {argument, TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, 1, most, NULL}, \
    };                                                                   \
    static tenka_tensor layer##_forward(tenka_module *m, tenka_tensor x) \
    {                                                                    \
        return tenka_##layer(x, tenka_arg_u32(&m->values, 0, 0));        \
    }                                                                    \
    const struct tenka_layer_type tenka_layer_##layer = {                \
        .name = class,                                                   \
        .args = layer##_args,                                            \
        .n_args = COUNT(layer##_args),                                   \
        .forward = layer##_forward,                                      \
    };

FACTOR(pixel_shuffle, "PixelShuffle", "upscale_factor", 32767)
FACTOR(pixel_unshuffle, "PixelUnshuffle", "downscale_factor", 32767)
FACTOR(channel_shuffle, "ChannelShuffle", "groups", INT32_MAX)

/* ---- Unflatten ---- */

enum { DIM, UNFLATTENED_SIZE };

static const struct tenka_layer_arg unflatten_args[] = {
    [DIM] = {"dim", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, -TENKA_MAX_RANK, TENKA_MAX_RANK - 1, NULL},
    [UNFLATTENED_SIZE] = {"unflattened_size", TENKA_ARG_LIST, TENKA_ARG_REQUIRED | TENKA_ARG_PAIRED, 0, -1, INT32_MAX,
                          NULL},
};

/* The size that stands for -1, of which there may be one; 0: they do not fit. */
static int64_t open_size(int64_t whole, const int64_t *sizes, size_t n)
{
    int64_t known = 1;
    size_t open = 0;
    for (size_t i = 0; i < n; i++) {
        open += sizes[i] == -1;
        if (sizes[i] == -1)
            continue;
        if (sizes[i] < 1 || known > whole / sizes[i])
            return 0;
        known *= sizes[i];
    }
    return whole % known == 0 && (open == 1 || (open == 0 && whole == known)) ? whole / known : 0;
}

tenka_tensor tenka_unflatten(tenka_tensor x, int64_t axis, const int64_t *sizes, size_t n)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const int64_t at = axis + (axis < 0 ? shape.rank : 0);
    if (!tenka_tensor_valid(x))
        return x;
    if (at < 0 || at >= shape.rank)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "there is no axis %lld in an input of %u", (long long)axis,
                                shape.rank);
    const int64_t open = open_size(shape.dim[at], sizes, n);
    if (open == 0 || shape.rank - 1 + n > TENKA_MAX_RANK)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "an axis of %u cannot be divided into the %zu given",
                                shape.dim[at], n);
    struct tenka_shape out = {.rank = (uint32_t)(shape.rank - 1 + n)};
    for (size_t i = 0; i < out.rank; i++)
        if (i < (size_t)at || i >= (size_t)at + n)
            out.dim[i] = shape.dim[i < (size_t)at ? i : i + 1 - n];
        else
            out.dim[i] = (uint32_t)(sizes[i - (size_t)at] == -1 ? open : sizes[i - (size_t)at]);
    return tenka_reshape(x, out);
}

static tenka_tensor unflatten_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_arg_value *const size = &m->values.arg[UNFLATTENED_SIZE];
    int64_t sizes[TENKA_MAX_ARG_NUMBERS];
    for (uint32_t i = 0; i < size->n; i++)
        sizes[i] = (int64_t)size->value[i];
    return tenka_unflatten(x, (int64_t)m->values.arg[DIM].value[0], sizes, size->n);
}

const struct tenka_layer_type tenka_layer_unflatten = {
    .name = "Unflatten",
    .args = unflatten_args,
    .n_args = COUNT(unflatten_args),
    .view = true,
    .forward = unflatten_forward,
};
