/* Gradients that are made of other operators. Each returns the gradient of one input for the gradient dout of the
 * output. */
#include <math.h>

#include "plan/planner.h"

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
        g = unary(call, TENKA_OP_sum, g, &params, sizeof(params), NULL);
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

/* An operator of two inputs; NONE of NONE. */
static uint32_t binary(const struct tenka_grad_call *call, enum tenka_op op, uint32_t a, uint32_t b)
{
    if (a == TENKA_NONE_ID || b == TENKA_NONE_ID)
        return TENKA_NONE_ID;
    return tenka_planner_call(call->p, op, (const uint32_t[]){a, b}, 2, NULL, 0, NULL, NULL);
}

/* The gradient g of an input before that was repeated. */
static uint32_t sum_to_input(const struct tenka_grad_call *call, uint32_t g, uint32_t input)
{
    return g == TENKA_NONE_ID ? g : sum_to(call, g, desc_of(call, call->in[input])->shape);
}

static uint32_t fill(const struct tenka_grad_call *call, struct tenka_shape shape, double x)
{
    return tenka_planner_call(call->p, TENKA_OP_fill, NULL, 0, NULL, 0, &shape, &x);
}

uint32_t tenka_grad_mul(const struct tenka_grad_call *call, uint32_t input)
{
    return sum_to_input(call, binary(call, TENKA_OP_mul, call->dout, call->in[1 - input]), input);
}

/* y = a / b: da = dout / b and db = -dout ((a / b) / b) */
uint32_t tenka_grad_div(const struct tenka_grad_call *call, uint32_t input)
{
    const uint32_t a = call->in[0], b = call->in[1];
    if (input == 0)
        return sum_to_input(call, binary(call, TENKA_OP_div, call->dout, b), 0);
    const uint32_t slope = binary(call, TENKA_OP_div, binary(call, TENKA_OP_div, a, b), b);
    const uint32_t g = sum_to_input(call, binary(call, TENKA_OP_mul, call->dout, slope), 1);
    return g == TENKA_NONE_ID ? g : scale_by(call, g, -1);
}

/* All of dout where the input wins, half where both are equal, and, of what compares with nothing, all to both. */
static uint32_t grad_extreme(const struct tenka_grad_call *call, enum tenka_op loses, uint32_t input)
{
    const uint32_t mine = call->in[input], other = call->in[1 - input];
    const uint32_t equal = binary(call, TENKA_OP_eq, mine, other);
    const uint32_t all = binary(call, TENKA_OP_keep_unless, equal, call->dout);
    const uint32_t shared = binary(call, TENKA_OP_keep_where, equal, call->dout);
    const uint32_t half = shared == TENKA_NONE_ID ? shared : scale_by(call, shared, 0.5);
    const uint32_t lost = binary(call, loses, mine, other);
    return sum_to_input(call, binary(call, TENKA_OP_keep_unless, lost, binary(call, TENKA_OP_add, all, half)), input);
}

uint32_t tenka_grad_maximum(const struct tenka_grad_call *call, uint32_t input)
{
    return grad_extreme(call, TENKA_OP_lt, input);
}

uint32_t tenka_grad_minimum(const struct tenka_grad_call *call, uint32_t input)
{
    return grad_extreme(call, TENKA_OP_gt, input);
}

/* y = a^b: da = dout b a^(b - 1), but 0 where b is 0; db = dout y log(a), but 0 where a is 0 and b is not negative */
uint32_t tenka_grad_pow(const struct tenka_grad_call *call, uint32_t input)
{
    const struct tenka_shape scalar = {0};
    const uint32_t a = call->in[0], b = call->in[1], y = call->p->map[call->entry->first_value];
    if (input == 0) {
        const uint32_t less = binary(call, TENKA_OP_sub, b, fill(call, scalar, 1));
        const uint32_t slope = binary(call, TENKA_OP_mul, b, binary(call, TENKA_OP_pow, a, less));
        const uint32_t g = binary(call, TENKA_OP_mul, call->dout, slope);
        return sum_to_input(call, binary(call, TENKA_OP_keep_where, b, g), 0);
    }
    const uint32_t zero = fill(call, scalar, 0);
    const uint32_t flat =
        binary(call, TENKA_OP_keep_where, binary(call, TENKA_OP_eq, a, zero), binary(call, TENKA_OP_ge, b, zero));
    const uint32_t slope = binary(call, TENKA_OP_mul, y, unary(call, TENKA_OP_log, a, NULL, 0, NULL));
    const uint32_t g = binary(call, TENKA_OP_mul, call->dout, slope);
    return sum_to_input(call, binary(call, TENKA_OP_keep_unless, flat, g), 1);
}

/* y = b where a says so: a step in a, and db = dout there. */
uint32_t tenka_grad_keep(const struct tenka_grad_call *call, uint32_t input)
{
    if (input == 0)
        return fill(call, desc_of(call, call->in[0])->shape, 0);
    return sum_to_input(call, binary(call, (enum tenka_op)call->entry->op, call->in[0], call->dout), 1);
}

/* y = a where a > 0, else b a: da = dout or b dout, and db = dout min(a, 0) */
uint32_t tenka_grad_leaky(const struct tenka_grad_call *call, uint32_t input)
{
    const uint32_t a = call->in[0], b = call->in[1];
    const double to_zero[] = {-INFINITY, 0};
    const uint32_t slope = input == 0 ? binary(call, TENKA_OP_leaky_slope, a, b)
                                      : tenka_planner_call(call->p, TENKA_OP_clamp, &a, 1, NULL, 0, NULL, to_zero);
    return sum_to_input(call, binary(call, TENKA_OP_mul, call->dout, slope), input);
}

uint32_t tenka_grad_reshape(const struct tenka_grad_call *call, uint32_t input)
{
    return reshape(call, call->dout, desc_of(call, call->in[input])->shape);
}

/* y = expand(x) / divide: dx = sum over the repeated axes / divide */
uint32_t tenka_grad_expand(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_strided params;
    memcpy(&params, call->entry->params, sizeof(params));
    const uint32_t g = sum_to(call, call->dout, desc_of(call, call->in[input])->shape);
    return params.divide > 1 && g != TENKA_NONE_ID ? scale_by(call, g, 1.0 / params.divide) : g;
}

/* The inverse permutation. The forward call's axes are found by the strides that its rule computed. */
uint32_t tenka_grad_permute(const struct tenka_grad_call *call, uint32_t input)
{
    const struct tenka_shape shape = desc_of(call, call->in[input])->shape;
    struct tenka_p_strided forward, inverse = {0};
    memcpy(&forward, call->entry->params, sizeof(forward));
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
    return unary(call, TENKA_OP_permute, call->dout, &inverse, sizeof(inverse), NULL);
}

/* dx = dout repeated over the summed axes; / their count when the sum was a mean */
uint32_t tenka_grad_sum(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_sum sum;
    memcpy(&sum, call->entry->params, sizeof(sum));
    const struct tenka_shape shape = desc_of(call, call->in[input])->shape;
    struct tenka_shape kept = shape;
    for (uint32_t i = 0; i < shape.rank; i++)
        if ((uint32_t)sum.axes >> i & 1)
            kept.dim[i] = 1;
    const uint32_t g = reshape(call, call->dout, kept);
    const struct tenka_p_strided expand = {.divide = sum.mean ? sum.reduce_n : 1};
    return g == TENKA_NONE_ID ? g : unary(call, TENKA_OP_expand, g, &expand, sizeof(expand), &shape);
}

/* C = A' B'. With D the gradient of C: dA' = D B'^T and dB' = A'^T D, or the transposes of these products. */
uint32_t tenka_grad_matmul(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_matmul p;
    memcpy(&p, call->entry->params, sizeof(p));
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
    return tenka_planner_call(call->p, TENKA_OP_matmul, operands, 2, &q, sizeof(q), NULL, NULL);
}

/* What was put into the whole gets its part of the gradient; what it was put over, the whole of it: nobody looks at the
 * gradient of what is overwritten. */
uint32_t tenka_grad_put(const struct tenka_grad_call *call, uint32_t input)
{
    struct tenka_p_part p;
    memcpy(&p, call->entry->params, sizeof(p));
    return input == 0 ? call->dout : unary(call, TENKA_OP_slice, call->dout, &p, sizeof(p), NULL);
}
