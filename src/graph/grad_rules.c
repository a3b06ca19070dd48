/* Gradients that are made of other operators. Each returns the gradient of one input for the gradient dout of the
 * output. */
#include "graph/planner.h"

static const struct tenka_desc *desc_of(const struct tenka_grad_call *call, uint32_t value)
{
    return &call->p->values[value].desc;
}

static uint32_t unary(const struct tenka_grad_call *call, enum tenka_op op, uint32_t x, const void *params,
                      size_t bytes, const struct tenka_shape *shape)
{
    return tenka_planner_call(call->p, op, &x, 1, params, bytes, shape, NULL);
}

static uint32_t reshape(const struct tenka_grad_call *call, uint32_t x, struct tenka_shape shape)
{
    return unary(call, TENKA_OP_reshape, x, NULL, 0, &shape);
}

/* Undoes broadcasting: sums g over the axes in which an input of that shape was repeated. */
static uint32_t sum_to(const struct tenka_grad_call *call, uint32_t g, struct tenka_shape shape)
{
    const struct tenka_shape from = desc_of(call, g)->shape;
    if (tenka_shape_equal(&from, &shape))
        return g;
    struct tenka_p_sum params = {.keepdim = 1};
    const uint32_t extra = from.rank - shape.rank;
    for (uint32_t i = 0; i < from.rank; i++)
        if (i < extra || shape.dim[i - extra] != from.dim[i])
            params.axes |= 1 << i;
    if (params.axes)
        g = unary(call, TENKA_OP_sum, g, &params, sizeof params, NULL);
    return g == TENKA_NONE_ID ? g : reshape(call, g, shape);
}

uint32_t tenka_grad_add(const struct tenka_grad_call *call, uint32_t input)
{
    return sum_to(call, call->dout, desc_of(call, call->in[input])->shape);
}

/* y = factor * x with a factor of the plan's own */
static uint32_t scale_by(const struct tenka_grad_call *call, uint32_t x, double factor)
{
    return tenka_planner_call(call->p, TENKA_OP_scale, &x, 1, NULL, 0, NULL, &factor);
}

uint32_t tenka_grad_sub(const struct tenka_grad_call *call, uint32_t input)
{
    const uint32_t g = sum_to(call, call->dout, desc_of(call, call->in[input])->shape);
    return input == 0 || g == TENKA_NONE_ID ? g : scale_by(call, g, -1);
}

uint32_t tenka_grad_mul(const struct tenka_grad_call *call, uint32_t input)
{
    const uint32_t operands[2] = {call->dout, call->in[1 - input]};
    const uint32_t g = tenka_planner_call(call->p, TENKA_OP_mul, operands, 2, NULL, 0, NULL, NULL);
    return g == TENKA_NONE_ID ? g : sum_to(call, g, desc_of(call, call->in[input])->shape);
}

uint32_t tenka_grad_reshape(const struct tenka_grad_call *call, uint32_t input)
{
    return reshape(call, call->dout, desc_of(call, call->in[input])->shape);
}

/* y = expand(x) / divide: dx = sum over the repeated axes / divide */
uint32_t tenka_grad_expand(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_strided params;
    memcpy(&params, call->entry->params, sizeof params);
    const uint32_t g = sum_to(call, call->dout, desc_of(call, call->in[input])->shape);
    return params.divide > 1 && g != TENKA_NONE_ID ? scale_by(call, g, 1.0 / params.divide) : g;
}

/* The inverse permutation. The forward call's axes are found by the strides that its rule computed. */
uint32_t tenka_grad_permute(const struct tenka_grad_call *call, uint32_t input)
{
    const struct tenka_shape shape = desc_of(call, call->in[input])->shape;
    struct tenka_p_strided forward, inverse = {0};
    memcpy(&forward, call->entry->params, sizeof forward);
    const uint32_t pad = TENKA_MAX_RANK - shape.rank;
    bool taken[TENKA_MAX_RANK] = {false};
    for (uint32_t axis = 0; axis < shape.rank; axis++) {
        int32_t stride = 1;
        for (uint32_t k = axis + 1; k < shape.rank; k++)
            stride *= (int32_t)shape.dim[k];
        for (uint32_t i = 0; i < shape.rank; i++) {
            if (taken[i] || forward.stride[pad + i] != stride || forward.dim[pad + i] != (int32_t)shape.dim[axis])
                continue;
            inverse.dim[axis] = (int32_t)i;
            taken[i] = true;
            break;
        }
    }
    return unary(call, TENKA_OP_permute, call->dout, &inverse, sizeof inverse, NULL);
}

/* dx = dout repeated over the summed axes; / their count when the sum was a mean */
uint32_t tenka_grad_sum(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_sum sum;
    memcpy(&sum, call->entry->params, sizeof sum);
    const struct tenka_shape shape = desc_of(call, call->in[input])->shape;
    struct tenka_shape kept = shape;
    for (uint32_t i = 0; i < shape.rank; i++)
        if ((uint32_t)sum.axes >> i & 1)
            kept.dim[i] = 1;
    const uint32_t g = reshape(call, call->dout, kept);
    const struct tenka_p_strided expand = {.divide = sum.mean ? sum.reduce_n : 1};
    return g == TENKA_NONE_ID ? g : unary(call, TENKA_OP_expand, g, &expand, sizeof expand, &shape);
}

/* C = A' B'. With D the gradient of C: dA' = D B'^T and dB' = A'^T D, or the transposes of these products. */
uint32_t tenka_grad_matmul(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_matmul p;
    memcpy(&p, call->entry->params, sizeof p);
    const uint32_t a = call->in[0], b = call->in[1], d = call->dout;
    uint32_t operands[2];
    struct tenka_p_matmul q = {0};
    if (input == 0 && !p.trans_a) {
        operands[0] = d, operands[1] = b, q.trans_b = !p.trans_b;
    } else if (input == 0) {
        operands[0] = b, operands[1] = d, q.trans_a = p.trans_b, q.trans_b = 1;
    } else if (!p.trans_b) {
        operands[0] = a, operands[1] = d, q.trans_a = !p.trans_a;
    } else {
        operands[0] = d, operands[1] = a, q.trans_a = 1, q.trans_b = p.trans_a;
    }
    return tenka_planner_call(call->p, TENKA_OP_matmul, operands, 2, &q, sizeof q, NULL, NULL);
}

/* What was put into the whole gets its part of the gradient; what it was put over, the whole of it: nobody looks at the
 * gradient of what is overwritten. */
uint32_t tenka_grad_put(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_part p;
    memcpy(&p, call->entry->params, sizeof p);
    return input == 0 ? call->dout : unary(call, TENKA_OP_slice, call->dout, &p, sizeof p, NULL);
}
