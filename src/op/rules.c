/* What rules share, and the rules of elementwise operators. */
#include "op/rules.h"
#include "op/chain.h"

#include <stdio.h>

const char *tenka_rule_name(const struct tenka_call *call)
{
    return tenka_ops[call->op].name;
}

tenka_status tenka_rule_dtype(const struct tenka_call *call, struct tenka_error *err, uint32_t i,
                              enum tenka_dtype dtype)
{
    if (call->in[i].dtype == dtype)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID, "%s: tensor %u is %s, but must be %s", tenka_rule_name(call), i + 1,
                      tenka_dtype_name(call->in[i].dtype), tenka_dtype_name(dtype));
}

tenka_status tenka_rule_rank(const struct tenka_call *call, struct tenka_error *err, uint32_t i, uint32_t lo,
                             uint32_t hi)
{
    char text[TENKA_SHAPE_TEXT], wanted[32];
    const uint32_t rank = call->in[i].shape.rank;
    if (rank >= lo && rank <= hi)
        return TENKA_OK;
    snprintf(wanted, sizeof(wanted), lo == hi ? "%u" : "%u to %u", lo, hi);
    return tenka_fail(err, TENKA_E_SHAPE, "%s: tensor %u has shape %s with %u axes, but must have %s",
                      tenka_rule_name(call), i + 1, tenka_shape_text(&call->in[i].shape, text), rank, wanted);
}

tenka_status tenka_rule_vector(const struct tenka_call *call, struct tenka_error *err, uint32_t i, const char *what,
                               uint32_t count)
{
    char text[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_rule_dtype(call, err, i, TENKA_F32));
    const struct tenka_shape *shape = &call->in[i].shape;
    if (shape->rank == 1 && shape->dim[0] == count)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_SHAPE, "%s: the %s has shape %s, but must be [%u], one for each channel",
                      tenka_rule_name(call), what, tenka_shape_text(shape, text), count);
}

tenka_status tenka_rule_out(struct tenka_call *call, struct tenka_error *err, uint32_t i, enum tenka_dtype dtype,
                            struct tenka_shape shape)
{
    if (tenka_shape_check(err, "", &shape) != TENKA_OK) {
        char what[64]; /* written on a failure alone, since rules run in every step */
        snprintf(what, sizeof(what), "%s: its result", tenka_rule_name(call));
        return tenka_shape_check(err, what, &shape);
    }
    for (uint32_t k = shape.rank; k < TENKA_MAX_RANK; k++)
        shape.dim[k] = 0;
    call->out[i] = (struct tenka_desc){dtype, shape};
    return TENKA_OK;
}

int32_t tenka_rule_product(const struct tenka_shape *shape, uint32_t from, uint32_t to)
{
    uint32_t product = 1;
    for (uint32_t i = from; i < to; i++)
        product *= shape->dim[i];
    return (int32_t)product;
}

void tenka_rule_strides(const struct tenka_shape *shape, int32_t stride[TENKA_MAX_RANK])
{
    const uint32_t lead = TENKA_MAX_RANK - shape->rank;
    for (uint32_t i = 0; i < lead; i++)
        stride[i] = 0;
    for (uint32_t i = 0; i < shape->rank; i++)
        stride[lead + i] = tenka_rule_product(shape, i + 1, shape->rank);
}

/* ---- Elementwise operators ---- */

static tenka_status same_as_first(const struct tenka_call *call, struct tenka_error *err)
{
    char text[TENKA_SHAPE_TEXT], first[TENKA_SHAPE_TEXT];
    for (uint32_t i = 0; i < call->n_in; i++) {
        TENKA_TRY(tenka_rule_dtype(call, err, i, TENKA_F32));
        if (!tenka_shape_equal(&call->in[i].shape, &call->in[0].shape))
            return tenka_fail(err, TENKA_E_SHAPE, "%s: tensor %u has shape %s, but the first has %s",
                              tenka_rule_name(call), i + 1, tenka_shape_text(&call->in[i].shape, text),
                              tenka_shape_text(&call->in[0].shape, first));
    }
    return TENKA_OK;
}

tenka_status tenka_rule_same_shape(struct tenka_call *call, struct tenka_error *err)
{
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    return tenka_rule_out(call, err, 0, TENKA_F32, call->in[0].shape);
}

tenka_status tenka_rule_preset(struct tenka_call *call, struct tenka_error *err)
{
    if (call->out[0].dtype != TENKA_F32)
        return tenka_fail(err, TENKA_E_INVALID, "%s: makes f32 tensors only, not %s", tenka_rule_name(call),
                          tenka_dtype_name(call->out[0].dtype));
    return tenka_rule_out(call, err, 0, TENKA_F32, call->out[0].shape);
}

tenka_status tenka_rule_copy(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_words *p = (void *)call->params;
    const uint64_t count = tenka_shape_count(&call->in[0].shape);
    p->words = (int32_t)(call->in[0].dtype == TENKA_U8 ? (count + 3) / 4 : count);
    return tenka_rule_out(call, err, 0, call->in[0].dtype, call->in[0].shape);
}

/* Size of axis i of six when a shape's axes are aligned at the end. */
static uint32_t size_at(const struct tenka_shape *shape, uint32_t i)
{
    const uint32_t lead = TENKA_MAX_RANK - shape->rank;
    return i < lead ? 1 : shape->dim[i - lead];
}

static tenka_status broadcast_shape(const struct tenka_call *call, struct tenka_error *err, struct tenka_shape *out)
{
    const struct tenka_shape *a = &call->in[0].shape, *b = &call->in[1].shape;
    char text_a[TENKA_SHAPE_TEXT], text_b[TENKA_SHAPE_TEXT];
    *out = (struct tenka_shape){.rank = a->rank > b->rank ? a->rank : b->rank};
    for (uint32_t i = TENKA_MAX_RANK - out->rank; i < TENKA_MAX_RANK; i++) {
        const uint32_t size_a = size_at(a, i), size_b = size_at(b, i);
        if (size_a != size_b && size_a != 1 && size_b != 1)
            return tenka_fail(err, TENKA_E_SHAPE,
                              "%s: shapes %s and %s cannot be broadcast: sizes %u and %u of an "
                              "axis differ and neither is 1",
                              tenka_rule_name(call), tenka_shape_text(a, text_a), tenka_shape_text(b, text_b), size_a,
                              size_b);
        out->dim[i - (TENKA_MAX_RANK - out->rank)] = size_a > size_b ? size_a : size_b;
    }
    return TENKA_OK;
}

tenka_status tenka_rule_broadcast(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_broadcast *p = (void *)call->params;
    const struct tenka_shape *a = &call->in[0].shape, *b = &call->in[1].shape;
    struct tenka_shape out;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_F32));
    TENKA_TRY(tenka_rule_dtype(call, err, 1, TENKA_F32));
    TENKA_TRY(broadcast_shape(call, err, &out));
    TENKA_TRY(tenka_rule_out(call, err, 0, TENKA_F32, out));
    tenka_rule_strides(a, p->sa);
    tenka_rule_strides(b, p->sb);
    for (uint32_t i = 0; i < TENKA_MAX_RANK; i++) {
        p->dim[i] = (int32_t)size_at(&out, i);
        if (size_at(a, i) == 1)
            p->sa[i] = 0;
        if (size_at(b, i) == 1)
            p->sb[i] = 0;
    }
    p->same = tenka_shape_equal(a, b);
    return TENKA_OK;
}

tenka_status tenka_rule_normalize_bytes(struct tenka_call *call, struct tenka_error *err)
{
    struct tenka_p_channels *p = (void *)call->params;
    const struct tenka_shape *x = &call->in[0].shape;
    TENKA_TRY(tenka_rule_dtype(call, err, 0, TENKA_U8));
    TENKA_TRY(tenka_rule_rank(call, err, 0, 2, TENKA_MAX_RANK));
    TENKA_TRY(tenka_rule_vector(call, err, 1, "mean", x->dim[1]));
    TENKA_TRY(tenka_rule_vector(call, err, 2, "standard deviation", x->dim[1]));
    *p = (struct tenka_p_channels){
        .n = (int32_t)x->dim[0], .c = (int32_t)x->dim[1], .plane = tenka_rule_product(x, 2, x->rank)};
    return tenka_rule_out(call, err, 0, TENKA_F32, *x);
}

tenka_status tenka_rule_chain(struct tenka_call *call, struct tenka_error *err)
{
    const struct tenka_p_chain *p = (const void *)call->params;
    TENKA_TRY(same_as_first(call, err));
    if (p->steps < 1 || p->steps > TENKA_CHAIN_STEPS)
        return tenka_fail(err, TENKA_E_INVALID, "%s: %d steps, but 1 to %d are possible", tenka_rule_name(call),
                          p->steps, TENKA_CHAIN_STEPS);
    for (int32_t i = 0; i < p->steps; i++)
        if (p->op[i] < 0 || p->op[i] >= TENKA_CHAIN_OPS ||
            (tenka_chain_steps[p->op[i]].takes_input && (p->arg[i] < 0 || (uint32_t)p->arg[i] >= call->n_in)))
            return tenka_fail(err, TENKA_E_INVALID, "%s: step %d, operation %d with input %d, is none",
                              tenka_rule_name(call), i, p->op[i], p->arg[i]);
    return tenka_rule_out(call, err, 0, TENKA_F32, call->in[0].shape);
}

/* ---- Updates: of parameters, of running statistics ---- */

tenka_status tenka_rule_like_first(struct tenka_call *call, struct tenka_error *err)
{
    TENKA_TRY(same_as_first(call, err));
    for (uint32_t i = 0; i < call->n_out; i++)
        TENKA_TRY(tenka_rule_out(call, err, i, TENKA_F32, call->in[0].shape));
    return TENKA_OK;
}

tenka_status tenka_rule_update(struct tenka_call *call, struct tenka_error *err)
{
    const struct tenka_p_update *p = (const void *)call->params;
    if (p->states < 0 || call->n_in != 2 + (uint32_t)p->states)
        return tenka_fail(err, TENKA_E_INVALID, "%s: %d tensors of state, but %u are given", tenka_rule_name(call),
                          p->states, call->n_in - 2);
    call->n_out = call->n_in - 1;
    return tenka_rule_like_first(call, err);
}
