/* Rules of windows, which convolution and pooling share, of pooling, and of planes that are made larger. */
#include "op/rules.h"

tenka_status tenka_rule_window(const struct tenka_call *call, struct tenka_error *err, const struct tenka_window *w)
{
    if (w->kernel < 1 || w->stride < 1 || w->padding < 0 || w->dilation < 1)
        return tenka_fail(err, TENKA_E_INVALID,
                          "%s: %s: kernel %lld, stride %lld and dilation %lld must be at least 1, "
                          "and padding %lld at least 0",
                          tenka_rule_name(call), w->axis, (long long)w->kernel, (long long)w->stride,
                          (long long)w->dilation, (long long)w->padding);
    /* Kernels compute coordinates in 32 bits. No product below leaves 64. */
    const int64_t reach = w->dilation * (w->kernel - 1) + 1, padded = w->in + 2 * w->padding;
    if (reach > INT32_MAX || padded > INT32_MAX || padded + w->stride + reach > INT32_MAX)
        return tenka_fail(err, TENKA_E_INVALID,
                          "%s: %s: kernel %lld, stride %lld, padding %lld and dilation %lld are "
                          "too large",
                          tenka_rule_name(call), w->axis, (long long)w->kernel, (long long)w->stride,
                          (long long)w->padding, (long long)w->dilation);
    return TENKA_OK;
}

/* How many windows fit; 0: none. */
static int64_t windows(const struct tenka_window *w, bool ceil_mode)
{
    const int64_t room = w->in + 2 * w->padding - w->dilation * (w->kernel - 1) - 1 + (ceil_mode ? w->stride - 1 : 0);
    if (room < 0)
        return 0;
    const int64_t count = room / w->stride + 1;
    /* PyTorch: the last window must begin inside the input or the padding on the left. */
    return ceil_mode && (count - 1) * w->stride >= w->in + w->padding ? count - 1 : count;
}

tenka_status tenka_rule_windows(const struct tenka_call *call, struct tenka_error *err, const struct tenka_window *w,
                                bool ceil_mode, int32_t *out)
{
    TENKA_TRY(tenka_rule_window(call, err, w));
    const int64_t count = windows(w, ceil_mode);
    if (count < 1)
        return tenka_fail(err, TENKA_E_SHAPE,
                          "%s: %s: a kernel of %lld with dilation %lld does not fit into an input of "
                          "%lld with padding %lld",
                          tenka_rule_name(call), w->axis, (long long)w->kernel, (long long)w->dilation,
                          (long long)w->in, (long long)w->padding);
    *out = (int32_t)count;
    return TENKA_OK;
}

/* ---- Pooling ---- */

static tenka_status check_pool_padding(const struct tenka_call *call, struct tenka_error *err, int32_t kh, int32_t kw,
                                       int32_t ph, int32_t pw)
{
    if (ph <= kh / 2 && pw <= kw / 2 && (int64_t)kh * kw <= INT32_MAX)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID, "%s: padding [%d, %d] must be at most half of the kernel [%d, %d]",
                      tenka_rule_name(call), ph, pw, kh, kw);
}

/* Kernels compute (i + 1) * size in 32 bits. */
static tenka_status check_fitting(const struct tenka_call *call, struct tenka_error *err, int32_t size, int32_t windows)
{
    if (windows < 1)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %d windows of an axis are none", tenka_rule_name(call), windows);
    if (((int64_t)size + 1) * ((int64_t)windows + 1) <= INT32_MAX)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_SHAPE, "%s: %d windows of an axis of %d are more than kernels can count",
                      tenka_rule_name(call), windows, size);
}

/* The output's shape: that of x but for the last two axes. */
static struct tenka_shape pooled(const struct tenka_shape *x, int32_t oh, int32_t ow)
{
    struct tenka_shape out = *x;
    out.dim[out.rank - 2] = (uint32_t)oh;
    out.dim[out.rank - 1] = (uint32_t)ow;
    return out;
}

tenka_status tenka_rule_max_pool2d(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_pool2d *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 2, TENKA_MAX_RANK));
    p->nc = tenka_rule_product(x, 0, x->rank - 2);
    p->h = (int32_t)x->dim[x->rank - 2];
    p->w = (int32_t)x->dim[x->rank - 1];
    if (p->adaptive != 0) {
        p->dh = p->dw = 1;
        TENKA_TRY(check_fitting(call, err, p->h, p->oh));
        TENKA_TRY(check_fitting(call, err, p->w, p->ow));
    } else {
        TENKA_TRY(check_pool_padding(call, err, p->kh, p->kw, p->ph, p->pw));
        p->sh = p->sh != 0 ? p->sh : p->kh;
        p->sw = p->sw != 0 ? p->sw : p->kw;
        p->ceil_mode = p->ceil_mode != 0;
        const struct tenka_window height = {"height", p->h, p->kh, p->sh, p->ph, p->dh};
        const struct tenka_window width = {"width", p->w, p->kw, p->sw, p->pw, p->dw};
        TENKA_TRY(tenka_rule_windows(call, err, &height, p->ceil_mode != 0, &p->oh));
        TENKA_TRY(tenka_rule_windows(call, err, &width, p->ceil_mode != 0, &p->ow));
    }
    const struct tenka_shape out = pooled(x, p->oh, p->ow);
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, out));
    return tenka_rule_out(call, err, 1, TENKA_I32, out);
}

/* The windows of max_pool2d. */
tenka_status tenka_rule_avg_pool2d(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_avg_pool2d *p = (void *)call->params;
    struct tenka_call windows = {.op = call->op, .n_in = 1, .in = {call->in[0]}};
    struct tenka_p_pool2d *w = (void *)windows.params;
    *w = (struct tenka_p_pool2d){
        .oh = p->oh,
        .ow = p->ow,
        .kh = p->kh,
        .kw = p->kw,
        .sh = p->sh,
        .sw = p->sw,
        .ph = p->ph,
        .pw = p->pw,
        .dh = 1,
        .dw = 1,
        .ceil_mode = p->ceil_mode,
        .adaptive = p->adaptive,
    };
    TENKA_TRY(tenka_rule_max_pool2d(&windows, err));
    if (p->divisor < 0)
        return tenka_fail(err, TENKA_E_INVALID, "%s: sums cannot be divided by %d", tenka_rule_name(call), p->divisor);
    p->nc = w->nc;
    p->h = w->h;
    p->w = w->w;
    p->oh = w->oh;
    p->ow = w->ow;
    p->sh = w->sh;
    p->sw = w->sw;
    p->ceil_mode = w->ceil_mode;
    p->uncounted = p->uncounted != 0;
    return tenka_rule_out(call, err, 0, TENKA_F32, windows.out[0].shape);
}

tenka_status tenka_rule_max_unpool2d(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_unpool2d *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape, *index = &call->in[1].shape;
    char text[TENKA_SHAPE_TEXT], text_x[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_I32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 2, TENKA_MAX_RANK));
    if (!tenka_shape_equal(x, index))
        return tenka_fail(err, TENKA_E_SHAPE, "%s: indices of shape %s are not those of %s", tenka_rule_name(call),
                          tenka_shape_text(index, text), tenka_shape_text(x, text_x));
    if (p->h < 1 || p->w < 1)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: an output of %d x %d is none", tenka_rule_name(call), p->h, p->w);
    p->nc = tenka_rule_product(x, 0, x->rank - 2);
    p->oh = (int32_t)x->dim[x->rank - 2];
    p->ow = (int32_t)x->dim[x->rank - 1];
    return tenka_rule_out(call, err, 0, TENKA_F32, pooled(x, p->h, p->w));
}

/* ---- Between elements ---- */

tenka_status tenka_rule_interpolate(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_interpolate *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 2, TENKA_MAX_RANK));
    if (p->mode < 0 || p->mode >= TENKA_BETWEEN_COUNT)
        return tenka_fail(err, TENKA_E_INVALID, "%s: %d is no mode", tenka_rule_name(call), p->mode);
    if (p->oh < 1 || p->ow < 1)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: an output of %d x %d is none", tenka_rule_name(call), p->oh, p->ow);
    p->nc = tenka_rule_product(x, 0, x->rank - 2);
    p->h = (int32_t)x->dim[x->rank - 2];
    p->w = (int32_t)x->dim[x->rank - 1];
    return tenka_rule_out(call, err, 0, TENKA_F32, pooled(x, p->oh, p->ow));
}

/* ---- Padding ---- */

/* What y has along an axis of x; below 1: an error. Reflection leaves out the end itself. */
static tenka_status check_padded(const struct tenka_call *call, struct tenka_error *err, const struct tenka_p_pad *p,
                                 uint32_t k, int64_t *size)
{
    static const char *const names[] = {"constant", "reflect", "replicate", "circular"};
    const int64_t dim = p->dim[k], before = p->before[k], after = p->after[k];
    const int64_t most = p->mode == TENKA_PADDING_REFLECT    ? dim - 1
                         : p->mode == TENKA_PADDING_CIRCULAR ? dim
                                                             : INT32_MAX;
    *size = dim + before + after;
    if (*size < 1 || *size > INT32_MAX || before <= -dim || after <= -dim)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %lld elements before an axis of %lld and %lld behind it leave %lld",
                          tenka_rule_name(call), (long long)before, (long long)dim, (long long)after, (long long)*size);
    if (before > most || after > most)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: an axis of %lld has no %lld elements to %s", tenka_rule_name(call),
                          (long long)dim, (long long)(before > most ? before : after), names[p->mode]);
    return TENKA_OK;
}

tenka_status tenka_rule_pad(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_pad *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    const uint32_t lead = TENKA_MAX_RANK - x->rank;
    struct tenka_shape out = *x;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    if (p->mode < 0 || p->mode >= TENKA_PADDING_COUNT)
        return tenka_fail(err, TENKA_E_INVALID, "%s: %d is no mode", tenka_rule_name(call), p->mode);
    p->first = TENKA_MAX_RANK;
    for (uint32_t k = TENKA_MAX_RANK; k-- > 0;) {
        const bool padded = p->before[k] != 0 || p->after[k] != 0;
        int64_t size;
        p->dim[k] = k < lead ? 1 : (int32_t)x->dim[k - lead];
        if (padded && (k < lead || (k < TENKA_MAX_RANK - 3 && p->mode != TENKA_PADDING_CONSTANT)))
            return tenka_fail(err, TENKA_E_SHAPE, "%s: a tensor of %u axes cannot be padded at the %u. from the end",
                              tenka_rule_name(call), x->rank, TENKA_MAX_RANK - k);
        TENKA_TRY(check_padded(call, err, p, k, &size));
        if (k >= lead)
            out.dim[k - lead] = (uint32_t)size;
        p->first = padded ? (int32_t)k : p->first;
    }
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}
