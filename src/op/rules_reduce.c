/* Rules of reductions, losses and normalisations. */
#include "op/rules.h"

/* ---- Sums ---- */

/* Moves count entries to the end of three and puts 1s (sizes) or 0s (strides) before them. */
static void align_end(int32_t entry[3], uint32_t count, int32_t before)
{
    for (uint32_t i = 3; i-- > 0;)
        entry[i] = i >= 3 - count ? entry[i - (3 - count)] : before;
}

/* Neighbouring axes of one kind become one. Kinds then alternate, so six axes make at most three of each. */
static void merge_axes(const struct tenka_shape *x, uint32_t axes, struct tenka_p_sum *p)
{
    uint32_t kept = 0, reduced = 0;
    int last = -1; /* kind of the axis before: 1 reduced, 0 kept */
    for (uint32_t i = 0; i < x->rank; i++) {
        const int kind = (int)(axes >> i & 1);
        const int32_t size = (int32_t)x->dim[i], stride = tenka_rule_product(x, i + 1, x->rank);
        uint32_t *count = kind != 0 ? &reduced : &kept;
        int32_t *dim = kind != 0 ? p->rdim : p->kdim, *strides = kind != 0 ? p->rstride : p->kstride;
        if (size == 1)
            continue;
        if (kind != last)
            dim[(*count)++] = 1;
        dim[*count - 1] *= size;
        strides[*count - 1] = stride;
        last = kind;
    }
    align_end(p->kdim, kept, 1);
    align_end(p->kstride, kept, 0);
    align_end(p->rdim, reduced, 1);
    align_end(p->rstride, reduced, 0);
}

tenka_status tenka_rule_sum(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_sum *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    char text[TENKA_SHAPE_TEXT];
    const uint32_t all = (1u << x->rank) - 1;
    const uint32_t axes = (uint32_t)p->axes == TENKA_ALL_AXES ? all : (uint32_t)p->axes;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    if ((axes & ~all) != 0 || (axes == 0 && all != 0))
        return tenka_fail(err, TENKA_E_INVALID, "%s: the set of axes 0x%x names none, or one beyond the %u of %s",
                          tenka_rule_name(call), axes, x->rank, tenka_shape_text(x, text));
    *p = (struct tenka_p_sum){.mean = p->mean != 0, .keepdim = p->keepdim != 0, .axes = (int32_t)axes};
    struct tenka_shape out = {0};
    p->keep_n = p->reduce_n = 1;
    for (uint32_t i = 0; i < x->rank; i++) {
        const bool reduce = (axes >> i & 1) != 0;
        *(reduce ? &p->reduce_n : &p->keep_n) *= (int32_t)x->dim[i];
        if (!reduce || p->keepdim != 0)
            out.dim[out.rank++] = reduce ? 1 : x->dim[i];
    }
    merge_axes(x, axes, p);
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}

/* ---- Along one axis ---- */

static tenka_status fill_axis(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_axis *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    char text[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 1, TENKA_MAX_RANK));
    if (p->dim < 0 || (uint32_t)p->dim >= x->rank)
        return tenka_fail(err, TENKA_E_INVALID, "%s: axis %d is beyond the %u axes of %s", tenka_rule_name(call),
                          p->dim, x->rank, tenka_shape_text(x, text));
    const uint32_t dim = (uint32_t)p->dim;
    p->outer = tenka_rule_product(x, 0, dim);
    p->len = (int32_t)x->dim[dim];
    p->inner = tenka_rule_product(x, dim + 1, x->rank);
    return TENKA_OK;
}

tenka_status tenka_rule_axis(struct tenka_call *call, struct tenka_error *err)
{
    TENKA_TRY(fill_axis(call, err));
    return tenka_rule_out(call, err, 0, TENKA_F32, call->in[0].shape);
}

tenka_status tenka_rule_argmax(struct tenka_call *call, struct tenka_error *err)
{
    TENKA_TRY(fill_axis(call, err));
    const struct tenka_p_axis *p = (const void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    struct tenka_shape out = {0};
    for (uint32_t i = 0; i < x->rank; i++)
        if (i != (uint32_t)p->dim)
            out.dim[out.rank++] = x->dim[i];
    return tenka_rule_out(call, err, 0, TENKA_I32, out);
}

/* ---- Losses and counts ---- */

tenka_status tenka_rule_nll_loss(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_nll *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape, *target = &call->in[1].shape;
    char text_x[TENKA_SHAPE_TEXT], text_target[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_I32));
    if (x->rank != 2 || target->rank != 1 || target->dim[0] != x->dim[0])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: log-probabilities %s and targets %s must be [N, C] and [N]",
                          tenka_rule_name(call), tenka_shape_text(x, text_x), tenka_shape_text(target, text_target));
    if (p->reduction < TENKA_REDUCTION_MEAN || p->reduction > TENKA_REDUCTION_NONE)
        return tenka_fail(err, TENKA_E_INVALID, "%s: reduction %d is none of mean, sum and none", tenka_rule_name(call),
                          p->reduction);
    p->n = (int32_t)x->dim[0];
    p->c = (int32_t)x->dim[1];
    const struct tenka_shape scalar = {0};
    return tenka_rule_out(call, err, 0, TENKA_F32, p->reduction == TENKA_REDUCTION_NONE ? *target : scalar);
}

/* The loss, and the log-probabilities that its gradient needs. */
tenka_status tenka_rule_cross_entropy(struct tenka_call *call, struct tenka_error *err)
{
    TENKA_TRY(tenka_rule_nll_loss(call, err));
    return tenka_rule_out(call, err, 1, TENKA_F32, call->in[0].shape);
}

tenka_status tenka_rule_equal_count(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_channels *p = (void *)call->params;
    const struct tenka_shape *a = &call->in[0].shape, *b = &call->in[1].shape;
    char text_a[TENKA_SHAPE_TEXT], text_b[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_I32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_I32));
    if (!tenka_shape_equal(a, b))
        return tenka_fail(err, TENKA_E_SHAPE, "%s: shapes %s and %s differ", tenka_rule_name(call),
                          tenka_shape_text(a, text_a), tenka_shape_text(b, text_b));
    *p = (struct tenka_p_channels){.n = tenka_rule_product(a, 0, a->rank), .c = 1, .plane = 1};
    return tenka_rule_out(call, err, 0, TENKA_F32, (struct tenka_shape){0});
}

/* ---- Batch normalisation ---- */

/* x is [N, C, ...]; weight and bias are [C]. */
static tenka_status fill_channels(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_channels *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    char text[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    if (x->rank < 2)
        return tenka_fail(err, TENKA_E_SHAPE,
                          "%s: the input has shape %s, but must have an axis of channels, [N, C, ...]",
                          tenka_rule_name(call), tenka_shape_text(x, text));
    TENKA_TRY(tenka_rule_vector(call, err, 1, "weight", x->dim[1]));
    TENKA_TRY(tenka_rule_vector(call, err, 2, "bias", x->dim[1]));
    p->n = (int32_t)x->dim[0];
    p->c = (int32_t)x->dim[1];
    p->plane = tenka_rule_product(x, 2, x->rank);
    return tenka_rule_out(call, err, 0, TENKA_F32, *x);
}

tenka_status tenka_rule_batch_norm2d(struct tenka_call *call, struct tenka_error *err)
{
    TENKA_TRY(fill_channels(call, err));
    const struct tenka_p_channels *p = (const void *)call->params;
    const struct tenka_shape channels = {1, {(uint32_t)p->c}};
    char text[TENKA_SHAPE_TEXT];
    if (p->n == 1 && p->plane == 1)
        return tenka_fail(err, TENKA_E_SHAPE,
                          "%s: training needs more than one value for each channel, but the input "
                          "has shape %s",
                          tenka_rule_name(call), tenka_shape_text(&call->in[0].shape, text));
    TENKA_TRY(tenka_rule_out(call, err, 1, TENKA_F32, channels));
    return tenka_rule_out(call, err, 2, TENKA_F32, channels);
}

tenka_status tenka_rule_batch_norm2d_eval(struct tenka_call *call, struct tenka_error *err)
{
    TENKA_TRY(fill_channels(call, err));
    const uint32_t channels = call->in[0].shape.dim[1];
    TENKA_TRY(tenka_rule_vector(call, err, 3, "running mean", channels));
    return tenka_rule_vector(call, err, 4, "running variance", channels);
}

/* What the passes for parts leave: the parts along the first axis. */
tenka_status tenka_rule_sum_parts(struct tenka_call *call, struct tenka_error *err)
{
    const struct tenka_shape *x = &call->in[0].shape;
    struct tenka_shape out = {.rank = x->rank - 1};
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 1, TENKA_MAX_RANK));
    if (x->dim[0] > TENKA_MOST_PARTS)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %u parts are more than %d", tenka_rule_name(call), x->dim[0],
                          TENKA_MOST_PARTS);
    memcpy(out.dim, x->dim + 1, out.rank * sizeof(*out.dim));
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}
