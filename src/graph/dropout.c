/* Dropout of more than single elements, made of dropout and arithmetic. */
#include <math.h>

#include "graph/internal.h"

/* A number as a tensor that is broadcast. */
static tenka_tensor number(tenka_ctx *ctx, double value)
{
    const float rounded = (float)value;
    return tenka_input(ctx, TENKA_F32, (struct tenka_shape){0}, &rounded);
}

/* Ones, of which dropout leaves some. */
static tenka_tensor ones(tenka_ctx *ctx, struct tenka_shape shape)
{
    const struct tenka_shape wide = {.rank = shape.rank, .dim = {1, 1, 1, 1, 1, 1}};
    return tenka_expand(tenka_reshape(number(ctx, 1), tenka_shape_make(wide.rank, wide.dim)), shape);
}

tenka_tensor tenka_dropout_parts(tenka_tensor x, double p, uint32_t axes)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x) || p == 0)
        return x;
    for (uint32_t i = axes; i < shape.rank; i++)
        shape.dim[i] = 1;
    return tenka_mul(x, tenka_dropout(ones(x.ctx, shape), p));
}

/* Source: torch.nn.functional.alpha_dropout. What is left out becomes the least value of SELU, and all is moved and
 * scaled so that mean and variance stay: x m a + (m - 1) alpha a + alpha a p, with 1 or 0 as m. */
tenka_tensor tenka_alpha_dropout(tenka_tensor x, double p)
{
    const double alpha = 1.7580993408473766, a = 1 / sqrt((alpha * alpha * p + 1) * (1 - p));
    if (!tenka_tensor_valid(x) || p == 0)
        return x;
    if (p == 1)
        return tenka_scale(x, 0);
    const tenka_tensor kept = tenka_gt(tenka_dropout(ones(x.ctx, tenka_tensor_shape(x)), p), number(x.ctx, 0));
    const tenka_tensor moved = tenka_add(tenka_scale(tenka_sub(kept, number(x.ctx, 1)), alpha * a),
                                         number(x.ctx, alpha * a * p));
    return tenka_add(tenka_mul(x, tenka_scale(kept, a)), moved);
}
