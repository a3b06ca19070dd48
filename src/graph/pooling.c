/* Means of windows, made of other operators. */
#include "graph/internal.h"

/* ---- Windows of one size ---- */

/* Windows side by side that leave nothing over: two more axes, over which the mean is taken. */
static tenka_tensor average_tiles(tenka_tensor x, const uint32_t kernel[2])
{
    const struct tenka_shape s = tenka_tensor_shape(x);
    const struct tenka_shape tiles =
        tenka_shape_of(s.dim[0], s.dim[1], s.dim[2] / kernel[0], kernel[0], s.dim[3] / kernel[1], kernel[1]);
    return tenka_mean(tenka_reshape(x, tiles), 1u << 3 | 1u << 5, false);
}

/* A tensor of ones, for which a number is kept. */
static tenka_tensor ones(tenka_ctx *ctx, struct tenka_shape shape)
{
    const float one = 1;
    return tenka_expand(tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 1, 1, 1), &one), shape);
}

/* The sums of windows, a convolution of each channel with ones. */
static tenka_tensor sum_windows(tenka_tensor x, const struct tenka_avg_pool2d_params *p)
{
    const uint32_t channels = tenka_tensor_shape(x).dim[1];
    struct tenka_conv2d_params conv = TENKA_CONV2D_DEFAULTS;
    memcpy(conv.stride, p->stride, sizeof(conv.stride));
    memcpy(conv.padding, p->padding, sizeof(conv.padding));
    conv.groups = channels;
    return tenka_conv2d(x, ones(x.ctx, tenka_shape_of(channels, 1, p->kernel[0], p->kernel[1])), TENKA_NONE, &conv);
}

/* Over how many elements each window has that are not padding. */
static tenka_tensor average_counted(tenka_tensor x, const struct tenka_avg_pool2d_params *p)
{
    const struct tenka_shape s = tenka_tensor_shape(x);
    return tenka_div(sum_windows(x, p), sum_windows(ones(x.ctx, tenka_shape_of(1, 1, s.dim[2], s.dim[3])), p));
}

static bool is_tiled(const struct tenka_shape *s, const struct tenka_avg_pool2d_params *p)
{
    for (size_t axis = 0; axis < 2; axis++)
        if (p->padding[axis] != 0 || p->stride[axis] != p->kernel[axis] || s->dim[2 + axis] % p->kernel[axis] != 0)
            return false;
    return true;
}

/* Also fills in the strides that were left out. */
static bool check_windows(tenka_tensor x, struct tenka_avg_pool2d_params *p)
{
    const struct tenka_shape s = tenka_tensor_shape(x);
    for (uint32_t axis = 0; axis < 2; axis++) {
        const uint64_t size = s.dim[2 + axis] + 2 * (uint64_t)p->padding[axis], kernel = p->kernel[axis];
        p->stride[axis] = p->stride[axis] != 0 ? p->stride[axis] : p->kernel[axis];
        if (s.rank != 4 || kernel == 0 || kernel > size || p->padding[axis] > kernel / 2)
            tenka_trace_fail(x.ctx, TENKA_E_SHAPE,
                             "avg_pool2d: a window of %u x %u, padded by %u x %u, does not fit the input", p->kernel[0],
                             p->kernel[1], p->padding[0], p->padding[1]);
        else if (p->ceil_mode && (size - kernel) % p->stride[axis] != 0)
            tenka_trace_fail(x.ctx, TENKA_E_SHAPE,
                             "avg_pool2d: ceil_mode is not known where windows go beyond the end");
        else
            continue;
        return false;
    }
    return true;
}

tenka_tensor tenka_avg_pool2d(tenka_tensor x, const struct tenka_avg_pool2d_params *params)
{
    struct tenka_avg_pool2d_params p = TENKA_AVG_POOL2D_DEFAULTS;
    struct tenka_error err = {0};
    if (!tenka_tensor_valid(x))
        return tenka_relu(x); /* which notes what is wrong with it */
    if (tenka_take_params(&err, "avg_pool2d", "TENKA_AVG_POOL2D_DEFAULTS", &p, params) != TENKA_OK)
        return tenka_trace_fail(x.ctx, err.status, "%s", err.text);
    const struct tenka_shape s = tenka_tensor_shape(x);
    if (!check_windows(x, &p))
        return tenka_inert(x.ctx);
    if (is_tiled(&s, &p))
        return average_tiles(x, p.kernel);
    return p.no_count_of_padding ? average_counted(x, &p)
                                 : tenka_scale(sum_windows(x, &p), 1.0 / ((double)p.kernel[0] * p.kernel[1]));
}

/* ---- Windows of sizes that fit ---- */

/* The means of windows of equal size, side by side. */
static tenka_tensor pool_whole(tenka_tensor x, uint32_t axis, uint32_t size)
{
    struct tenka_shape parts = tenka_tensor_shape(x);
    for (uint32_t i = parts.rank; i > axis; i--)
        parts.dim[i] = parts.dim[i - 1];
    parts.dim[axis + 1] /= size;
    parts.dim[axis] = size;
    parts.rank++;
    return tenka_mean(tenka_reshape(x, parts), 1u << (axis + 1), false);
}

/* Each window is an operator of its own. */
#define MOST_WINDOWS 4096

/* Window by window, since they may overlap. */
static tenka_tensor pool_each(tenka_tensor x, uint32_t axis, uint32_t size)
{
    const uint64_t n = tenka_tensor_shape(x).dim[axis];
    if (size > MOST_WINDOWS)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE,
                                "adaptive_avg_pool2d: %u windows of an axis of %u are more than %d", size, (uint32_t)n,
                                MOST_WINDOWS);
    tenka_tensor *windows = tenka_alloc_array(size, sizeof(*windows)), y;
    if (windows == NULL)
        return tenka_trace_fail(x.ctx, TENKA_E_NOMEM, "out of memory for %u windows", size);
    for (uint64_t i = 0; i < size; i++) {
        const uint32_t begin = (uint32_t)(i * n / size), end = (uint32_t)(((i + 1) * n + size - 1) / size);
        windows[i] = tenka_mean(tenka_slice(x, axis, begin, end), 1u << axis, true);
    }
    y = tenka_concat(windows, size, axis);
    tenka_free(windows);
    return y;
}

static tenka_tensor pool_axis(tenka_tensor x, uint32_t axis, uint32_t size)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x) || shape.dim[axis] == size)
        return x;
    const bool whole = shape.dim[axis] % size == 0 && shape.rank < TENKA_MAX_RANK;
    return whole ? pool_whole(x, axis, size) : pool_each(x, axis, size);
}

tenka_tensor tenka_adaptive_avg_pool2d(tenka_tensor x, uint32_t height, uint32_t width)
{
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (!tenka_tensor_valid(x))
        return tenka_relu(x); /* which notes what is wrong with it */
    if (rank < 2 || height == 0 || width == 0)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE,
                                "adaptive_avg_pool2d: %u x %u windows over the last two of %u axes are none", height,
                                width, rank);
    if (height == 1 && width == 1)
        return tenka_mean(x, 3u << (rank - 2), true);
    return pool_axis(pool_axis(x, rank - 2, height), rank - 1, width);
}
