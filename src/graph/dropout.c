/* Dropout of more than single elements, made of dropout and arithmetic. */
#include <math.h>

#include "graph/internal.h"

/* A number as a tensor that is broadcast. */
static tenka_tensor number(tenka_ctx *ctx, double value)
{
    return tenka_trace(ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &(struct tenka_shape){0}, &value, NULL);
}

/* Ones, of which dropout leaves some. */
static tenka_tensor ones(tenka_ctx *ctx, struct tenka_shape shape)
{
    return tenka_trace(ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &shape, &(double){1}, NULL);
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
    const tenka_tensor moved =
        tenka_add(tenka_scale(tenka_sub(kept, number(x.ctx, 1)), alpha * a), number(x.ctx, alpha * a * p));
    return tenka_add(tenka_mul(x, tenka_scale(kept, a)), moved);
}
