/* Pooling. */
#include "graph/internal.h"

/* The caller's params into own; false: a mistake, which was reported. */
static bool take(tenka_tensor x, const char *name, const char *defaults, void *own, const void *given)
{
    struct tenka_error err = {0};
    if (given == NULL)
        tenka_fail(&err, TENKA_E_INVALID, "%s: params are missing, which say the kernel's size", name);
    else if (tenka_take_params(&err, name, defaults, own, given) == TENKA_OK)
        return true;
    tenka_trace_fail(x.ctx, err.status, "%s", err.text);
    return false;
}

/* Whether the sizes are such that kernels can count with them; false: a mistake, which was reported. */
static bool fit(tenka_tensor x, const char *name, const uint32_t *sizes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sizes[i] > INT32_MAX) {
            tenka_trace_fail(x.ctx, TENKA_E_INVALID, "%s: a parameter is larger than 2147483647", name);
            return false;
        }
    return true;
}

/* ---- Largest elements ---- */

static tenka_tensor trace_max(tenka_tensor x, const struct tenka_p_pool2d *params, tenka_tensor *indices)
{
    tenka_tensor out[TENKA_MAX_OUT];
    const tenka_tensor y = tenka_trace(x.ctx, TENKA_OP_max_pool2d, &x, 1, params, sizeof(*params), NULL, NULL, out);
    if (indices == NULL)
        return y;
    *indices = tenka_tensor_valid(y) ? out[1] : y;
    tenka_trace_give(*indices);
    return y;
}

tenka_tensor tenka_max_pool2d_with_indices(tenka_tensor x, const struct tenka_pool2d_params *params,
                                           tenka_tensor *indices)
{
    struct tenka_pool2d_params own = TENKA_POOL2D_DEFAULTS;
    const struct tenka_pool2d_params *const c = &own;
    if (indices != NULL)
        *indices = tenka_inert(x.ctx);
    if (!take(x, "max_pool2d", "TENKA_POOL2D_DEFAULTS", &own, params) || !fit(x, "max_pool2d", c->kernel, 2) ||
        !fit(x, "max_pool2d", c->stride, 2) || !fit(x, "max_pool2d", c->padding, 2) ||
        !fit(x, "max_pool2d", c->dilation, 2))
        return tenka_inert(x.ctx);
    const struct tenka_p_pool2d p = {
        .kh = (int32_t)c->kernel[0],
        .kw = (int32_t)c->kernel[1],
        .sh = (int32_t)c->stride[0],
        .sw = (int32_t)c->stride[1],
        .ph = (int32_t)c->padding[0],
        .pw = (int32_t)c->padding[1],
        .dh = (int32_t)c->dilation[0],
        .dw = (int32_t)c->dilation[1],
        .ceil_mode = c->ceil_mode,
    };
    return trace_max(x, &p, indices);
}

tenka_tensor tenka_max_pool2d(tenka_tensor x, const struct tenka_pool2d_params *params)
{
    return tenka_max_pool2d_with_indices(x, params, NULL);
}

tenka_tensor tenka_adaptive_max_pool2d(tenka_tensor x, uint32_t height, uint32_t width, tenka_tensor *indices)
{
    const struct tenka_p_pool2d p = {.oh = (int32_t)height, .ow = (int32_t)width, .adaptive = 1};
    if (indices != NULL)
        *indices = tenka_inert(x.ctx);
    if (!fit(x, "adaptive_max_pool2d", (const uint32_t[]){height, width}, 2))
        return tenka_inert(x.ctx);
    return trace_max(x, &p, indices);
}

/* ---- Means ---- */

/* Whether there is one window, which has all elements. */
static bool is_whole(const struct tenka_shape *s, const struct tenka_avg_pool2d_params *p)
{
    for (size_t axis = 0; axis < 2; axis++)
        if (s->rank < 2 || p->padding[axis] != 0 || p->kernel[axis] != s->dim[s->rank - 2 + axis])
            return false;
    return p->divisor == 0;
}

/* The mean over the last two axes. */
static tenka_tensor mean_whole(tenka_tensor x)
{
    return tenka_mean(x, 3u << (tenka_tensor_shape(x).rank - 2), true);
}

static tenka_tensor trace_mean(tenka_tensor x, const struct tenka_p_avg_pool2d *params)
{
    return tenka_trace(x.ctx, TENKA_OP_avg_pool2d, &x, 1, params, sizeof(*params), NULL, NULL, NULL);
}

tenka_tensor tenka_avg_pool2d(tenka_tensor x, const struct tenka_avg_pool2d_params *params)
{
    struct tenka_avg_pool2d_params own = TENKA_AVG_POOL2D_DEFAULTS;
    const struct tenka_avg_pool2d_params *const c = &own;
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (!take(x, "avg_pool2d", "TENKA_AVG_POOL2D_DEFAULTS", &own, params) || !fit(x, "avg_pool2d", c->kernel, 2) ||
        !fit(x, "avg_pool2d", c->stride, 2) || !fit(x, "avg_pool2d", c->padding, 2) ||
        !fit(x, "avg_pool2d", &c->divisor, 1))
        return tenka_inert(x.ctx);
    if (is_whole(&shape, c))
        return mean_whole(x);
    const struct tenka_p_avg_pool2d p = {
        .kh = (int32_t)c->kernel[0],
        .kw = (int32_t)c->kernel[1],
        .sh = (int32_t)c->stride[0],
        .sw = (int32_t)c->stride[1],
        .ph = (int32_t)c->padding[0],
        .pw = (int32_t)c->padding[1],
        .ceil_mode = c->ceil_mode,
        .uncounted = c->no_count_of_padding,
        .divisor = (int32_t)c->divisor,
    };
    return trace_mean(x, &p);
}

tenka_tensor tenka_adaptive_avg_pool2d(tenka_tensor x, uint32_t height, uint32_t width)
{
    const struct tenka_p_avg_pool2d p = {.oh = (int32_t)height, .ow = (int32_t)width, .adaptive = 1};
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (!fit(x, "adaptive_avg_pool2d", (const uint32_t[]){height, width}, 2))
        return tenka_inert(x.ctx);
    if (height == 1 && width == 1 && shape.rank >= 2)
        return mean_whole(x);
    const bool same = shape.rank >= 2 && shape.dim[shape.rank - 2] == height && shape.dim[shape.rank - 1] == width;
    return same ? x : trace_mean(x, &p);
}

/* ---- Back again ---- */

tenka_tensor tenka_max_unpool2d(tenka_tensor x, tenka_tensor indices, uint32_t height, uint32_t width)
{
    const struct tenka_p_unpool2d p = {.h = (int32_t)height, .w = (int32_t)width};
    if (!fit(x, "max_unpool2d", (const uint32_t[]){height, width}, 2))
        return tenka_inert(x.ctx);
    return tenka_trace(x.ctx, TENKA_OP_max_unpool2d, (const tenka_tensor[]){x, indices}, 2, &p, sizeof(p), NULL, NULL,
                       NULL);
}
