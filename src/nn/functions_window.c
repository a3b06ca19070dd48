/* Functions of windows and planes: pooling, interpolation, padding, shuffles. */
#include "nn/graph.h"
#include "nn/window.h"

/* ---- Arguments ---- */

static bool is_none(const struct tenka_function_call *call, size_t arg)
{
    return call->arg[arg].kind == TENKA_VALUE_NONE;
}

/* Neither None nor the empty list by which torch.export says the same. */
static bool is_given(const struct tenka_function_call *call, size_t arg)
{
    return !is_none(call, arg) && !(call->arg[arg].kind == TENKA_VALUE_LIST && call->arg[arg].n_items == 0);
}

static bool is_true(const struct tenka_function_call *call, size_t arg)
{
    return call->arg[arg].integer != 0;
}

/* Sizes from `least` on along so many axes: one for all, or one for each. Of one axis the first stays as it is. */
static bool sizes_of(const struct tenka_function_call *call, size_t arg, size_t axes, int64_t least, uint32_t out[2])
{
    int64_t size[2];
    size_t n;
    if (!tenka_function_integers(call, arg, size, axes, &n))
        return false;
    for (size_t i = 0; i < axes; i++) {
        const int64_t value = size[i < n ? i : 0];
        if (value < least || value > INT32_MAX)
            return tenka_function_fail(call, "argument %zu is no size of a window", arg + 1);
        out[2 - axes + i] = (uint32_t)value;
    }
    return true;
}

/* ---- Largest elements ---- */

static bool give_with_indices(const struct tenka_function_call *call, tenka_tensor y, tenka_tensor indices,
                              struct tenka_value *result)
{
    struct tenka_value *items;
    return tenka_function_list(call, 2, &items, result) && tenka_function_give(&items[0], y) &&
           tenka_function_give(&items[1], indices);
}

static bool max_params(const struct tenka_function_call *call, size_t axes, struct tenka_pool2d_params *params)
{
    params->kernel[0] = params->stride[0] = axes == 1;
    params->ceil_mode = is_true(call, 5);
    return sizes_of(call, 1, axes, 1, params->kernel) &&
           (!is_given(call, 2) || sizes_of(call, 2, axes, 1, params->stride)) &&
           sizes_of(call, 3, axes, 0, params->padding) && sizes_of(call, 4, axes, 1, params->dilation);
}

static bool run_max_pool2d_with_indices(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    tenka_tensor x, indices;
    if (!tenka_function_tensor(call, 0, &x) || !max_params(call, 2, &params))
        return false;
    const tenka_tensor y = tenka_max_pool2d_with_indices(x, &params, &indices);
    return give_with_indices(call, y, indices, result);
}

static bool run_max_pool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    tenka_tensor x;
    if (is_true(call, 6))
        return run_max_pool2d_with_indices(call, result);
    return tenka_function_tensor(call, 0, &x) && max_params(call, 2, &params) &&
           tenka_function_give(result, tenka_max_pool2d(x, &params));
}

static bool max_pool1d(const struct tenka_function_call *call, bool with_indices, struct tenka_value *result)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    tenka_tensor x, indices;
    if (!tenka_function_tensor(call, 0, &x) || !max_params(call, 1, &params))
        return false;
    const tenka_tensor y = tenka_max_pool1d(x, &params, with_indices ? &indices : NULL);
    return with_indices ? give_with_indices(call, y, indices, result) : tenka_function_give(result, y);
}

static bool run_max_pool1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    return max_pool1d(call, is_true(call, 6), result);
}

static bool run_max_pool1d_with_indices(const struct tenka_function_call *call, struct tenka_value *result)
{
    return max_pool1d(call, true, result);
}

static bool run_adaptive_max_pool2d_with_indices(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x, indices;
    uint32_t size[2];
    if (!tenka_function_tensor(call, 0, &x) || !sizes_of(call, 1, 2, 1, size))
        return false;
    const tenka_tensor y = tenka_adaptive_max_pool2d(x, size[0], size[1], &indices);
    return give_with_indices(call, y, indices, result);
}

static bool run_adaptive_max_pool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    if (!run_adaptive_max_pool2d_with_indices(call, result))
        return false;
    if (!is_true(call, 2))
        *result = result->items[0];
    return true;
}

static bool adaptive_max_pool1d(const struct tenka_function_call *call, bool with_indices, struct tenka_value *result)
{
    tenka_tensor x, indices;
    uint32_t size[2];
    if (!tenka_function_tensor(call, 0, &x) || !sizes_of(call, 1, 1, 1, size))
        return false;
    const tenka_tensor y = tenka_adaptive_max_pool1d(x, size[1], with_indices ? &indices : NULL);
    return with_indices ? give_with_indices(call, y, indices, result) : tenka_function_give(result, y);
}

static bool run_adaptive_max_pool1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    return adaptive_max_pool1d(call, is_true(call, 2), result);
}

static bool run_adaptive_max_pool1d_with_indices(const struct tenka_function_call *call, struct tenka_value *result)
{
    return adaptive_max_pool1d(call, true, result);
}

bool tenka_function_plane_size(const struct tenka_function_call *call, size_t arg, uint32_t size[2])
{
    int64_t wanted[TENKA_MAX_RANK];
    size_t n;
    if (!tenka_function_integers(call, arg, wanted, TENKA_MAX_RANK, &n))
        return false;
    for (size_t axis = 0; axis < 2 && n >= 2; axis++) {
        const int64_t value = wanted[n - 2 + axis];
        size[axis] = value > 0 && value <= INT32_MAX ? (uint32_t)value : 0;
    }
    return n >= 2 || tenka_function_fail(call, "max_unpool2d: output_size needs two numbers");
}

static bool run_max_unpool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t kernel[2], stride[2], padding[2], size[2];
    tenka_tensor x, indices;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_tensor(call, 1, &indices) ||
        !sizes_of(call, 2, 2, 1, kernel) || !sizes_of(call, is_none(call, 3) ? 2 : 3, 2, 1, stride) ||
        !sizes_of(call, 4, 2, 0, padding))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (shape.rank < 2)
        return tenka_function_fail(call, "max_unpool2d: planes are expected");
    for (uint32_t axis = 0; axis < 2; axis++)
        size[axis] = tenka_unpooled_size(shape.dim[shape.rank - 2 + axis], kernel[axis], stride[axis], padding[axis]);
    return (!is_given(call, 5) || tenka_function_plane_size(call, 5, size)) &&
           tenka_function_give(result, tenka_max_unpool2d(x, indices, size[0], size[1]));
}

static bool run_aten_max_unpool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x, indices;
    uint32_t size[2];
    return tenka_function_tensor(call, 0, &x) && tenka_function_tensor(call, 1, &indices) &&
           sizes_of(call, 2, 2, 1, size) &&
           tenka_function_give(result, tenka_max_unpool2d(x, indices, size[0], size[1]));
}

/* ---- Means ---- */

static bool avg_params(const struct tenka_function_call *call, size_t axes, struct tenka_avg_pool2d_params *params)
{
    params->kernel[0] = params->stride[0] = axes == 1;
    params->ceil_mode = is_true(call, 4);
    params->no_count_of_padding = !is_true(call, 5);
    return sizes_of(call, 1, axes, 1, params->kernel) &&
           (!is_given(call, 2) || sizes_of(call, 2, axes, 1, params->stride)) &&
           sizes_of(call, 3, axes, 0, params->padding);
}

static bool run_avg_pool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_avg_pool2d_params params = TENKA_AVG_POOL2D_DEFAULTS;
    uint32_t divisor[2] = {0, 0};
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !avg_params(call, 2, &params) ||
        (!is_none(call, 6) && !sizes_of(call, 6, 1, 1, divisor)))
        return false;
    params.divisor = divisor[1];
    return tenka_function_give(result, tenka_avg_pool2d(x, &params));
}

static bool run_avg_pool1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct tenka_avg_pool2d_params params = TENKA_AVG_POOL2D_DEFAULTS;
    tenka_tensor x;
    return tenka_function_tensor(call, 0, &x) && avg_params(call, 1, &params) &&
           tenka_function_give(result, tenka_avg_pool1d(x, &params));
}

static bool run_adaptive_avg_pool2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x;
    uint32_t size[2];
    return tenka_function_tensor(call, 0, &x) && sizes_of(call, 1, 2, 1, size) &&
           tenka_function_give(result, tenka_adaptive_avg_pool2d(x, size[0], size[1]));
}

static bool run_adaptive_avg_pool1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x;
    uint32_t size[2];
    return tenka_function_tensor(call, 0, &x) && sizes_of(call, 1, 1, 1, size) &&
           tenka_function_give(result, tenka_adaptive_avg_pool1d(x, size[1]));
}

/* ---- Interpolation ---- */

/* Numbers above 0 for so many axes, one for all or one for each. */
static bool scales_of(const struct tenka_function_call *call, size_t arg, size_t axes, double out[2])
{
    const struct tenka_value *value = &call->arg[arg];
    const bool list = value->kind == TENKA_VALUE_LIST;
    if (list && value->n_items != axes)
        return tenka_function_fail(call, "%zu scale factors are given for %zu axes", value->n_items, axes);
    for (size_t i = 0; i < axes; i++) {
        const struct tenka_value *item = list ? &value->items[i] : value;
        if (!tenka_value_is_number(item) || !(tenka_value_number(item) > 0))
            return tenka_function_fail(call, "a scale factor is expected, a number above 0");
        out[2 - axes + i] = tenka_value_number(item);
    }
    return true;
}

/* size and scale_factor, one of which may be None; of one axis the other gets one row. */
static bool resize_params(const struct tenka_function_call *call, size_t axes, size_t size, size_t scale,
                          struct tenka_interpolate_params *params)
{
    params->output[0] = axes == 1;
    if (!is_none(call, size))
        return sizes_of(call, size, axes, 1, params->output);
    if (!is_none(call, scale))
        return scales_of(call, scale, axes, params->scale_factor);
    return tenka_function_fail(call, "interpolate: either size or scale_factor is needed");
}

static bool resize(const struct tenka_function_call *call, tenka_tensor x, size_t axes,
                   const struct tenka_interpolate_params *params, struct tenka_value *result)
{
    if (tenka_tensor_shape(x).rank != axes + 2)
        return tenka_function_fail(call, "interpolate: a tensor of %zu axes is expected, not of %u", axes + 2,
                                   tenka_tensor_shape(x).rank);
    return tenka_function_give(result, axes == 1 ? tenka_interpolate1d(x, params) : tenka_interpolate(x, params));
}

/* mode="area" is a mean of windows that fit. */
static bool give_area(tenka_tensor x, const struct tenka_interpolate_params *params, struct tenka_value *result)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    uint32_t size[2];
    for (size_t axis = 0; axis < 2; axis++) {
        const double scaled = shape.dim[2 + axis] * params->scale_factor[axis];
        size[axis] = params->output[axis] != 0 ? params->output[axis] : scaled < INT32_MAX ? (uint32_t)scaled : 0;
    }
    return tenka_function_give(result, tenka_adaptive_avg_pool2d(x, size[0], size[1]));
}

static bool run_interpolate(const struct tenka_function_call *call, struct tenka_value *result)
{
    static const struct {
        const char *name;
        size_t axes; /* 0: one or two */
        enum tenka_interpolate_mode mode;
    } modes[] = {
        {"nearest", 0, TENKA_INTERPOLATE_NEAREST}, {"nearest-exact", 0, TENKA_INTERPOLATE_NEAREST_EXACT},
        {"linear", 1, TENKA_INTERPOLATE_LINEAR},   {"bilinear", 2, TENKA_INTERPOLATE_LINEAR},
        {"area", 2, TENKA_INTERPOLATE_NEAREST},
    };
    struct tenka_interpolate_params params = TENKA_INTERPOLATE_DEFAULTS;
    const char *const mode = call->arg[3].kind == TENKA_VALUE_WORD ? call->arg[3].word : "";
    tenka_tensor x;
    size_t i = 0;
    while (i < sizeof(modes) / sizeof(*modes) && strcmp(modes[i].name, mode) != 0)
        i++;
    if (i == sizeof(modes) / sizeof(*modes))
        return tenka_function_fail(call,
                                   "interpolate: the modes are nearest, nearest-exact, linear, bilinear and area");
    if (is_true(call, 6))
        return tenka_function_fail(call, "interpolate: antialias=True is not known");
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    const size_t axes = modes[i].axes != 0 ? modes[i].axes : tenka_tensor_shape(x).rank == 3 ? 1 : 2;
    params.mode = modes[i].mode;
    params.align_corners = is_true(call, 4);
    params.recompute_scale_factor = is_true(call, 5);
    if (!resize_params(call, axes, 1, 2, &params))
        return false;
    const bool area = strcmp(mode, "area") == 0 && tenka_tensor_shape(x).rank == 4;
    return area ? give_area(x, &params, result) : resize(call, x, axes, &params, result);
}

/* Of torch.export: a list of scale factors, or one for each axis, or None where the size says all. */
static bool run_aten(const struct tenka_function_call *call, struct tenka_value *result, size_t axes, size_t scale,
                     enum tenka_interpolate_mode mode, bool corners)
{
    struct tenka_interpolate_params params = TENKA_INTERPOLATE_DEFAULTS;
    tenka_tensor x;
    params.mode = mode;
    params.align_corners = corners;
    if (!tenka_function_tensor(call, 0, &x) || !resize_params(call, axes, 1, scale, &params))
        return false;
    for (size_t axis = 0; axis < axes && !is_none(call, 1) && tenka_value_is_number(&call->arg[scale + axis]); axis++) {
        if (tenka_value_number(&call->arg[scale + axis]) * tenka_tensor_shape(x).dim[2 + axis] < 1)
            return tenka_function_fail(call, "interpolate: a scale factor is too small");
        params.scale_factor[2 - axes + axis] = tenka_value_number(&call->arg[scale + axis]);
        params.output[2 - axes + axis] = 0;
    }
    return resize(call, x, axes, &params, result);
}

static bool run_upsample_nearest1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_aten(call, result, 1, 2, TENKA_INTERPOLATE_NEAREST, false);
}

static bool run_upsample_nearest2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_aten(call, result, 2, 2, TENKA_INTERPOLATE_NEAREST, false);
}

static bool run_upsample_linear1d(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_aten(call, result, 1, 3, TENKA_INTERPOLATE_LINEAR, is_true(call, 2));
}

static bool run_upsample_bilinear2d(const struct tenka_function_call *call, struct tenka_value *result)
{
    return run_aten(call, result, 2, 3, TENKA_INTERPOLATE_LINEAR, is_true(call, 2));
}

/* ---- Padding ---- */

static bool pad(const struct tenka_function_call *call, enum tenka_pad_mode mode, const struct tenka_value *value,
                struct tenka_value *result)
{
    int64_t numbers[2 * TENKA_MAX_RANK];
    int32_t sides[2 * TENKA_MAX_RANK];
    size_t n;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_integers(call, 1, numbers, 2 * TENKA_MAX_RANK, &n))
        return false;
    if (value->kind != TENKA_VALUE_NONE && !tenka_value_is_number(value))
        return tenka_function_fail(call, "pad: the value is no number");
    for (size_t i = 0; i < n; i++) {
        if (numbers[i] < -INT32_MAX || numbers[i] > INT32_MAX)
            return tenka_function_fail(call, "pad: %lld is too much", (long long)numbers[i]);
        sides[i] = (int32_t)numbers[i];
    }
    return tenka_function_give(
        result, tenka_pad(x, sides, n, mode, value->kind == TENKA_VALUE_NONE ? 0 : tenka_value_number(value)));
}

static bool run_pad(const struct tenka_function_call *call, struct tenka_value *result)
{
    static const char *const modes[] = {"constant", "reflect", "replicate", "circular"};
    const char *const mode = call->arg[2].kind == TENKA_VALUE_WORD ? call->arg[2].word : "";
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
        if (strcmp(mode, modes[i]) == 0)
            return pad(call, (enum tenka_pad_mode)i, &call->arg[3], result);
    return tenka_function_fail(call, "pad: the modes are constant, reflect, replicate and circular");
}

static bool run_constant_pad(const struct tenka_function_call *call, struct tenka_value *result)
{
    return pad(call, TENKA_PAD_CONSTANT, &call->arg[2], result);
}

static bool run_reflection_pad(const struct tenka_function_call *call, struct tenka_value *result)
{
    return pad(call, TENKA_PAD_REFLECT, &(const struct tenka_value){.kind = TENKA_VALUE_NONE}, result);
}

static bool run_replication_pad(const struct tenka_function_call *call, struct tenka_value *result)
{
    return pad(call, TENKA_PAD_REPLICATE, &(const struct tenka_value){.kind = TENKA_VALUE_NONE}, result);
}

/* ---- Shuffles ---- */

static bool shuffle(const struct tenka_function_call *call, struct tenka_value *result, int64_t most,
                    tenka_tensor (*run)(tenka_tensor x, uint32_t factor))
{
    tenka_tensor x;
    uint32_t factor[2];
    if (!tenka_function_tensor(call, 0, &x) || !sizes_of(call, 1, 1, 1, factor))
        return false;
    return factor[1] <= most ? tenka_function_give(result, run(x, factor[1]))
                             : tenka_function_fail(call, "a factor of %u is too large", factor[1]);
}

static bool run_pixel_shuffle(const struct tenka_function_call *call, struct tenka_value *result)
{
    return shuffle(call, result, INT16_MAX, tenka_pixel_shuffle);
}

static bool run_pixel_unshuffle(const struct tenka_function_call *call, struct tenka_value *result)
{
    return shuffle(call, result, INT16_MAX, tenka_pixel_unshuffle);
}

static bool run_channel_shuffle(const struct tenka_function_call *call, struct tenka_value *result)
{
    return shuffle(call, result, INT32_MAX, tenka_channel_shuffle);
}

static bool run_unflatten(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t sizes[TENKA_MAX_RANK];
    size_t n;
    tenka_tensor x;
    if (call->arg[1].kind != TENKA_VALUE_INT)
        return tenka_function_fail(call, "unflatten: dim is no axis");
    return tenka_function_tensor(call, 0, &x) && tenka_function_integers(call, 2, sizes, TENKA_MAX_RANK, &n) &&
           tenka_function_give(result, tenka_unflatten(x, call->arg[1].integer, sizes, n));
}

#define MAX_POOL "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"
#define ADAPTIVE_MAX_POOL "input, output_size, return_indices=False"
#define AVG_POOL1D "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True"
#define AVG_POOL AVG_POOL1D ", divisor_override=None"
#define RESIZE                                                                                               \
    "input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, " \
    "antialias=False"

const struct tenka_function tenka_functions_window[] = {
    {"torch.nn.functional.max_pool2d torch.max_pool2d", MAX_POOL, run_max_pool2d, false},
    {"torch.nn.functional.max_pool2d_with_indices torch._C._nn.max_pool2d_with_indices", MAX_POOL,
     run_max_pool2d_with_indices, false},
    {"torch.nn.functional.max_pool1d torch.max_pool1d", MAX_POOL, run_max_pool1d, false},
    {"torch.nn.functional.max_pool1d_with_indices torch.max_pool1d_with_indices", MAX_POOL, run_max_pool1d_with_indices,
     false},
    {"torch.nn.functional.adaptive_max_pool2d", ADAPTIVE_MAX_POOL, run_adaptive_max_pool2d, false},
    {"aten.adaptive_max_pool2d torch.nn.functional.adaptive_max_pool2d_with_indices", ADAPTIVE_MAX_POOL,
     run_adaptive_max_pool2d_with_indices, false},
    {"torch.nn.functional.adaptive_max_pool1d", ADAPTIVE_MAX_POOL, run_adaptive_max_pool1d, false},
    {"aten.adaptive_max_pool1d torch.nn.functional.adaptive_max_pool1d_with_indices", ADAPTIVE_MAX_POOL,
     run_adaptive_max_pool1d_with_indices, false},
    {"torch.nn.functional.max_unpool2d", "input, indices, kernel_size, stride=None, padding=0, output_size=None",
     run_max_unpool2d, false},
    {"aten.max_unpool2d", "input, indices, output_size", run_aten_max_unpool2d, false},
    {"torch._C._nn.avg_pool2d torch.nn.functional.avg_pool2d", AVG_POOL, run_avg_pool2d, false},
    {"torch.avg_pool1d torch.nn.functional.avg_pool1d", AVG_POOL1D, run_avg_pool1d, false},
    {"torch.nn.functional.adaptive_avg_pool2d torch._C._nn.adaptive_avg_pool2d", "input, output_size",
     run_adaptive_avg_pool2d, false},
    {"torch.nn.functional.adaptive_avg_pool1d torch.adaptive_avg_pool1d", "input, output_size", run_adaptive_avg_pool1d,
     false},
    {"torch.nn.functional.interpolate torch.nn.functional.upsample", RESIZE, run_interpolate, false},
    {"aten.upsample_nearest1d", "input, output_size, scales=None", run_upsample_nearest1d, false},
    {"aten.upsample_nearest2d", "input, output_size, scales_h=None, scales_w=None", run_upsample_nearest2d, false},
    {"aten.upsample_linear1d", "input, output_size, align_corners, scales=None", run_upsample_linear1d, false},
    {"aten.upsample_bilinear2d", "input, output_size, align_corners, scales_h=None, scales_w=None",
     run_upsample_bilinear2d, false},
    {"torch._C._nn.pad torch.nn.functional.pad", "input, pad, mode='constant', value=None", run_pad, false},
    {"torch.constant_pad_nd", "input, pad, value=0", run_constant_pad, false},
    {"aten.reflection_pad1d aten.reflection_pad2d aten.reflection_pad3d", "input, padding", run_reflection_pad, false},
    {"aten.replication_pad1d aten.replication_pad2d aten.replication_pad3d", "input, padding", run_replication_pad,
     false},
    {"torch.pixel_shuffle torch.nn.functional.pixel_shuffle", "input, upscale_factor", run_pixel_shuffle, false},
    {"torch.pixel_unshuffle torch.nn.functional.pixel_unshuffle", "input, downscale_factor", run_pixel_unshuffle,
     false},
    {"torch.channel_shuffle torch.nn.functional.channel_shuffle", "input, groups", run_channel_shuffle, false},
    {".unflatten torch.unflatten", "input, dim, sizes", run_unflatten, true},
    {NULL, NULL, NULL, false},
};
