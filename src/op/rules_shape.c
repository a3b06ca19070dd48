/* Rules of operators that move elements. */
#include "op/rules.h"

tenka_status tenka_rule_reshape(struct tenka_call *call, struct tenka_error *err)
{
    char text[TENKA_SHAPE_TEXT], wanted_text[TENKA_SHAPE_TEXT];
    const struct tenka_shape *x = &call->in[0].shape, wanted = call->out[0].shape;
    TENKA_TRY(tenka_rule_out(call, err, 0, call->in[0].dtype, wanted));
    if (tenka_shape_count(x) != tenka_shape_count(&wanted))
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %s has %llu elements, but %s has %llu", tenka_rule_name(call),
                          tenka_shape_text(x, text), (unsigned long long)tenka_shape_count(x),
                          tenka_shape_text(&wanted, wanted_text), (unsigned long long)tenka_shape_count(&wanted));
    return TENKA_OK;
}

/* The result's sizes, aligned at the end. */
static void fill_dim(struct tenka_p_strided *p, const struct tenka_shape *out)
{
    const uint32_t lead = TENKA_MAX_RANK - out->rank;
    for (uint32_t i = 0; i < TENKA_MAX_RANK; i++)
        p->dim[i] = i < lead ? 1 : (int32_t)out->dim[i - lead];
}

tenka_status tenka_rule_expand(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_strided *p = (void *)call->params;
    char text[TENKA_SHAPE_TEXT], wanted_text[TENKA_SHAPE_TEXT];
    const struct tenka_shape *x = &call->in[0].shape, wanted = call->out[0].shape;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, wanted));
    if (p->divide < 1)
        return tenka_fail(err, TENKA_E_INVALID, "%s: the divisor %d is not positive", tenka_rule_name(call), p->divide);
    bool fits = x->rank <= wanted.rank;
    for (uint32_t i = 0; fits && i < x->rank; i++)
        fits = x->dim[i] == 1 || x->dim[i] == wanted.dim[i + wanted.rank - x->rank];
    if (!fits)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %s cannot be repeated to %s: only axes of size 1 repeat",
                          tenka_rule_name(call), tenka_shape_text(x, text), tenka_shape_text(&wanted, wanted_text));
    fill_dim(p, &wanted);
    tenka_rule_strides(x, p->stride);
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->dim[i] == 1)
            p->stride[TENKA_MAX_RANK - x->rank + i] = 0;
    return TENKA_OK;
}

tenka_status tenka_rule_permute(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_strided *p = (void *)call->params;
    char text[TENKA_SHAPE_TEXT];
    const struct tenka_shape *x = &call->in[0].shape;
    const uint32_t lead = TENKA_MAX_RANK - x->rank;
    struct tenka_shape out = {.rank = x->rank};
    int32_t of_x[TENKA_MAX_RANK], stride[TENKA_MAX_RANK] = {0};
    uint32_t seen = 0;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    tenka_rule_strides(x, of_x);
    for (uint32_t i = 0; i < x->rank; i++) {
        const int32_t axis = p->dim[i];
        if (axis < 0 || (uint32_t)axis >= x->rank || (seen >> axis & 1) != 0)
            return tenka_fail(err, TENKA_E_INVALID, "%s: axis %d is beyond the %u axes of %s, or named twice",
                              tenka_rule_name(call), axis, x->rank, tenka_shape_text(x, text));
        seen |= 1u << axis;
        out.dim[i] = x->dim[axis];
        stride[lead + i] = of_x[lead + (uint32_t)axis];
    }
    fill_dim(p, &out);
    memcpy(p->stride, stride, sizeof(stride));
    p->divide = 1;
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}

static tenka_status check_axis(const struct tenka_call *call, struct tenka_error *err, int32_t axis)
{
    char text[TENKA_SHAPE_TEXT];
    const struct tenka_shape *x = &call->in[0].shape;
    if (axis >= 0 && (uint32_t)axis < x->rank)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_SHAPE, "%s: there is no axis %d in %s", tenka_rule_name(call), axis,
                      tenka_shape_text(x, text));
}

/* The rows of whole along axis, and where in them elements from .. to - 1 of that axis are. */
static void fill_part(struct tenka_p_part *p, const struct tenka_shape *whole)
{
    const uint32_t axis = (uint32_t)p->axis;
    const int32_t inner = tenka_rule_product(whole, axis + 1, whole->rank);
    p->outer = tenka_rule_product(whole, 0, axis);
    p->whole = (int32_t)whole->dim[axis] * inner;
    p->begin = p->from * inner;
    p->part = (p->to - p->from) * inner;
}

tenka_status tenka_rule_slice(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_part *p = (void *)call->params;
    struct tenka_shape out = call->in[0].shape;
    char text[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(check_axis(call, err, p->axis));
    if (p->from < 0 || p->from >= p->to || (uint32_t)p->to > out.dim[p->axis])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: elements %d to %d of axis %d are beyond the shape %s, or none",
                          tenka_rule_name(call), p->from, p->to - 1, p->axis, tenka_shape_text(&out, text));
    fill_part(p, &out);
    out.dim[p->axis] = (uint32_t)(p->to - p->from);
    return tenka_rule_out(call, err, 0, TENKA_F32, out);
}

tenka_status tenka_rule_put(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_part *p = (void *)call->params;
    const struct tenka_shape *whole = &call->in[0].shape, *part = &call->in[1].shape;
    char text[TENKA_SHAPE_TEXT], part_text[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_F32));
    TENKA_TRY(check_axis(call, err, p->axis));
    bool fits = whole->rank == part->rank;
    for (uint32_t i = 0; fits && i < whole->rank; i++)
        fits = (int32_t)i == p->axis || whole->dim[i] == part->dim[i];
    if (!fits || p->from < 0 || (uint64_t)p->from + part->dim[p->axis] > whole->dim[p->axis])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %s does not fit at %d of axis %d into %s", tenka_rule_name(call),
                          tenka_shape_text(part, part_text), p->from, p->axis, tenka_shape_text(whole, text));
    p->to = p->from + (int32_t)part->dim[p->axis];
    fill_part(p, whole);
    return tenka_rule_out(call, err, 0, TENKA_F32, *whole);
}

tenka_status tenka_rule_gather(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_gather *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape, *index = &call->in[1].shape;
    char text[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_I32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 1, TENKA_MAX_RANK));
    TENKA_TRY(tenka_rule_rank(call, err, 1, 1, 1));
    const int64_t rows = p->rows != 0 ? p->rows : (int64_t)index->dim[0];
    if (rows < 1 || rows > index->dim[0])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %lld rows are asked for, but the index has shape %s",
                          tenka_rule_name(call), (long long)rows, tenka_shape_text(index, text));
    const int32_t src_rows = (int32_t)x->dim[0];
    *p = (struct tenka_p_gather){
        .rows = (int32_t)rows,
        .row = tenka_rule_product(x, 1, x->rank),
        .src_rows = src_rows,
        .u8 = call->in[0].dtype == TENKA_U8,
        .piece_first = 0,
        .piece_rows = src_rows,
    };
    struct tenka_shape out = *x;
    out.dim[0] = (uint32_t)rows;
    return tenka_rule_out(call, err, 0, call->in[0].dtype, out);
}

/* (images, labels, order, mean, std); the caller gives the rows. */
tenka_status tenka_rule_load_batch(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_load_batch *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape, *labels = &call->in[1].shape, *order = &call->in[2].shape;
    char text[TENKA_SHAPE_TEXT], other[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_U8));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_I32));
    TENKA_TRY(tenka_rule_dtype(call, err, 2, TENKA_I32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 2, TENKA_MAX_RANK));
    TENKA_TRY(tenka_rule_rank(call, err, 2, 1, 1));
    if (labels->rank != 1 || labels->dim[0] != x->dim[0])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: images %s and labels %s must be equally many", tenka_rule_name(call),
                          tenka_shape_text(x, text), tenka_shape_text(labels, other));
    TENKA_TRY(tenka_rule_vector(call, err, 3, "mean", x->dim[1]));
    TENKA_TRY(tenka_rule_vector(call, err, 4, "standard deviation", x->dim[1]));
    if (p->rows < 1 || (uint32_t)p->rows > order->dim[0])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %d rows are asked for, but the order has shape %s",
                          tenka_rule_name(call), p->rows, tenka_shape_text(order, text));
    p->c = (int32_t)x->dim[1];
    p->plane = tenka_rule_product(x, 2, x->rank);
    p->src_rows = (int32_t)x->dim[0];
    struct tenka_shape out = *x;
    out.dim[0] = (uint32_t)p->rows;
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, out));
    return tenka_rule_out(call, err, 1, TENKA_I32, (struct tenka_shape){1, {(uint32_t)p->rows}});
}

/* (x, partner) */
tenka_status tenka_rule_mix_samples(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_mix *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape, *partner = &call->in[1].shape;
    char text[TENKA_SHAPE_TEXT], other[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_I32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 1, TENKA_MAX_RANK));
    if (partner->rank != 1 || partner->dim[0] != x->dim[0])
        return tenka_fail(err, TENKA_E_SHAPE, "%s: samples %s and partners %s must be equally many",
                          tenka_rule_name(call), tenka_shape_text(x, text), tenka_shape_text(partner, other));
    *p = (struct tenka_p_mix){
        .rows = (int32_t)x->dim[0],
        .planes = x->rank > 3 ? tenka_rule_product(x, 1, x->rank - 2) : 1,
        .height = x->rank > 2 ? (int32_t)x->dim[x->rank - 2] : 1,
        .width = x->rank > 1 ? (int32_t)x->dim[x->rank - 1] : 1,
    };
    return tenka_rule_out(call, err, 0, TENKA_F32, *x);
}

tenka_status tenka_rule_one_hot(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_classes *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_I32));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 1, 1));
    if (p->c < 1)
        return tenka_fail(err, TENKA_E_INVALID, "%s: there are no %d classes", tenka_rule_name(call), p->c);
    p->n = (int32_t)x->dim[0];
    return tenka_rule_out(call, err, 0, TENKA_F32, tenka_shape_of(x->dim[0], (uint32_t)p->c));
}
