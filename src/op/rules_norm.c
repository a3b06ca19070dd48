/* Shape rules of normalisations whose statistics are of a row: LayerNorm and GroupNorm. */
#include "op/rules.h"

/* Rows of the last axes, of whose shape weight and bias are. */
static tenka_status fill_axes(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_layer_norm *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    char text[TENKA_SHAPE_TEXT], wanted_text[TENKA_SHAPE_TEXT];
    if (p->axes < 0 || (uint32_t)p->axes > x->rank)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: the input has shape %s, which has no last %d axes",
                          tenka_rule_name(call), tenka_shape_text(x, text), p->axes);
    const uint32_t first = x->rank - (uint32_t)p->axes;
    const struct tenka_shape wanted = tenka_shape_make((size_t)p->axes, x->dim + first);
    for (uint32_t i = 1; i < call->n_in; i++) {
        TENKA_TRY(tenka_rule_dtype(call, err, i, TENKA_F32));
        if (!tenka_shape_equal(&call->in[i].shape, &wanted))
            return tenka_fail(err, TENKA_E_SHAPE, "%s: the %s has shape %s, but must have that of the last axes, %s",
                              tenka_rule_name(call), i == 1 ? "weight" : "bias",
                              tenka_shape_text(&call->in[i].shape, text), tenka_shape_text(&wanted, wanted_text));
    }
    p->groups = 1;
    p->outer = tenka_rule_product(x, 0, first);
    p->per = tenka_rule_product(x, first, x->rank);
    p->plane = 1;
    return TENKA_OK;
}

/* Rows of some neighbouring channels of an image. */
static tenka_status fill_groups(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_layer_norm *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    char text[TENKA_SHAPE_TEXT];
    if (x->rank < 2)
        return tenka_fail(err, TENKA_E_SHAPE,
                          "%s: the input has shape %s, but must have an axis of channels, [N, C, ...]",
                          tenka_rule_name(call), tenka_shape_text(x, text));
    if (p->groups < 1 || x->dim[1] % (uint32_t)p->groups != 0)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: %u channels cannot be divided into %d groups", tenka_rule_name(call),
                          x->dim[1], p->groups);
    for (uint32_t i = 1; i < call->n_in; i++)
        TENKA_TRY(tenka_rule_vector(call, err, i, i == 1 ? "weight" : "bias", x->dim[1]));
    p->outer = (int32_t)x->dim[0] * p->groups;
    p->per = (int32_t)x->dim[1] / p->groups;
    p->plane = tenka_rule_product(x, 2, x->rank);
    return TENKA_OK;
}

tenka_status tenka_rule_layer_norm(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_layer_norm *p = (void *)call->params;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(p->axes != 0 ? fill_axes(call, err) : fill_groups(call, err));
    p->len = p->per * p->plane;
    p->inner = 1;
    p->weight = call->n_in > 1;
    p->bias = call->n_in > 2;
    const struct tenka_shape rows = {1, {(uint32_t)p->outer}};
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, call->in[0].shape));
    TENKA_TRY(tenka_rule_out(call, err, 1, TENKA_F32, rows));
    return tenka_rule_out(call, err, 2, TENKA_F32, rows);
}
