/* The rule of attention. */
#include "op/rules.h"

/* Axes before the last two, which q, k and v must have in common. */
static bool same_batch(const struct tenka_shape *a, const struct tenka_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i + 2 < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static tenka_status check_operands(const struct tenka_call *call, struct tenka_error *err)
{
    const struct tenka_shape *q = &call->in[0].shape, *k = &call->in[1].shape, *v = &call->in[2].shape;
    char text[3][TENKA_SHAPE_TEXT];
    for (uint32_t i = 0; i < call->n_in; i++)
        TENKA_TRY(tenka_rule_dtype(call, err, i, TENKA_F32));
    for (uint32_t i = 0; i < 3; i++)
        TENKA_TRY(tenka_rule_rank(call, err, i, 2, TENKA_MAX_RANK));
    const uint32_t row = q->rank - 2, column = q->rank - 1;
    if (same_batch(q, k) && same_batch(q, v) && q->dim[column] == k->dim[column] && k->dim[row] == v->dim[row])
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_SHAPE, "%s: queries %s, keys %s and values %s do not fit", tenka_rule_name(call),
                      tenka_shape_text(q, text[0]), tenka_shape_text(k, text[1]), tenka_shape_text(v, text[2]));
}

/* Which matrix of the mask each batch sees. */
static bool fill_mask(const struct tenka_call *call, struct tenka_p_attention *p)
{
    const struct tenka_shape *q = &call->in[0].shape, *mask = &call->in[3].shape;
    if (mask->rank < 2 || mask->rank > q->rank || mask->dim[mask->rank - 2] != (uint32_t)p->t ||
        mask->dim[mask->rank - 1] != (uint32_t)p->s)
        return false;
    p->masks = 1;
    for (uint32_t i = 1; i <= mask->rank - 2; i++) {
        const uint32_t size = mask->dim[mask->rank - 2 - i];
        if (size != q->dim[q->rank - 2 - i] && size != 1)
            return false;
        p->stride[4 - i] = size == 1 ? 0 : p->masks;
        p->masks *= (int32_t)size;
    }
    return true;
}

tenka_status tenka_rule_attention(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_attention *p = (void *)call->params;
    const struct tenka_shape *q = &call->in[0].shape;
    char text[TENKA_SHAPE_TEXT], other[TENKA_SHAPE_TEXT];
    TENKA_TRY(check_operands(call, err));
    const uint32_t rank = q->rank;
    *p = (struct tenka_p_attention){
        .batch = tenka_rule_product(q, 0, rank - 2),
        .t = (int32_t)q->dim[rank - 2],
        .s = (int32_t)call->in[1].shape.dim[rank - 2],
        .d = (int32_t)q->dim[rank - 1],
        .dv = (int32_t)call->in[2].shape.dim[rank - 1],
        .lead = {1, 1, 1, 1},
        .causal = p->causal != 0,
    };
    for (uint32_t i = 1; i <= rank - 2; i++)
        p->lead[4 - i] = (int32_t)q->dim[rank - 2 - i];
    if (call->n_in == 4 && !fill_mask(call, p))
        return tenka_fail(err, TENKA_E_SHAPE, "%s: a mask %s does not fit %d rows and %d columns for queries %s",
                          tenka_rule_name(call), tenka_shape_text(&call->in[3].shape, text), p->t, p->s,
                          tenka_shape_text(q, other));
    struct tenka_shape y = *q, sums = *q;
    y.dim[rank - 1] = (uint32_t)p->dv;
    sums.rank = rank - 1;
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, y));
    return tenka_rule_out(call, err, 1, TENKA_F32, sums);
}
