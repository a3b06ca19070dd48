/* Elementwise operators. Made by tools/elementwise of shaders/common/elementwise.def: change that.
 *
 * Each element of the result is made of the elements of the inputs at its place. Tensors are F32, of any shape;
 * numbers are data: changing one makes no new plan. Two inputs are broadcast as NumPy does it: axes are aligned
 * at the end, and an axis of size 1 is repeated; E_SHAPE when they do not fit. Where nothing else is said, values
 * and gradients are those of the functions of PyTorch by these names, at 0, the infinities and NaN too, and
 * operators of two inputs are differentiable. Accuracy: relative 1e-5 at worst, on every backend; results below
 * the smallest normal number, 1.2e-38, may be 0. */
#ifndef TENKA_ELEMENTWISE_H
#define TENKA_ELEMENTWISE_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Activations ---------------------------------------------------------------------------- */

/* y = max(x, 0); NaN stays NaN, -0 stays -0; the gradient at 0 is 0. Differentiable. */
TENKA_API tenka_tensor tenka_relu(tenka_tensor x);
/* y = tanh(x). Accuracy: relative 1e-6. Differentiable. */
TENKA_API tenka_tensor tenka_tanh(tenka_tensor x);
/* y = 1 / (1 + exp(-x)). Differentiable. */
TENKA_API tenka_tensor tenka_sigmoid(tenka_tensor x);
/* y = x sigmoid(x), also called swish; NaN at -infinity. Differentiable. */
TENKA_API tenka_tensor tenka_silu(tenka_tensor x);
/* y = x Phi(x) with the normal distribution's Phi, (1 + erf(x / sqrt(2))) / 2; NaN at -infinity. Differentiable. */
TENKA_API tenka_tensor tenka_gelu(tenka_tensor x);
/* gelu with Phi(x) taken for (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. Differentiable. */
TENKA_API tenka_tensor tenka_gelu_tanh(tenka_tensor x);
/* y = x where x > 0, else alpha (exp(x) - 1). Differentiable. */
TENKA_API tenka_tensor tenka_elu(tenka_tensor x, double alpha);
/* y = s x where x > 0, else s alpha (exp(x) - 1), with s = 1.0507... and alpha = 1.6732... of Klambauer et al.,
 * "Self-normalizing neural networks" (2017). Differentiable. */
TENKA_API tenka_tensor tenka_selu(tenka_tensor x);
/* y = x where x > 0, else alpha (exp(x / alpha) - 1). Differentiable. */
TENKA_API tenka_tensor tenka_celu(tenka_tensor x, double alpha);
/* y = x where x > 0, else negative_slope x. Differentiable. */
TENKA_API tenka_tensor tenka_leaky_relu(tenka_tensor x, double negative_slope);
/* y = x within 0 .. 6, else the nearer end, where the gradient is 0. Differentiable. */
TENKA_API tenka_tensor tenka_relu6(tenka_tensor x);
/* y = x within min_val .. max_val, else the nearer end, where the gradient is 0. Differentiable. */
TENKA_API tenka_tensor tenka_hardtanh(tenka_tensor x, double min_val, double max_val);
/* y = x relu6(x + 3) / 6; NaN at -infinity. Differentiable. */
TENKA_API tenka_tensor tenka_hardswish(tenka_tensor x);
/* y = relu6(x + 3) / 6. Differentiable. */
TENKA_API tenka_tensor tenka_hardsigmoid(tenka_tensor x);
/* y = log(1 + exp(beta x)) / beta, and x where beta x > threshold. Differentiable. */
TENKA_API tenka_tensor tenka_softplus(tenka_tensor x, double beta, double threshold);
/* y = x / (1 + |x|); NaN at the infinities. Differentiable. */
TENKA_API tenka_tensor tenka_softsign(tenka_tensor x);
/* y = x tanh(log(1 + exp(x))). Differentiable. */
TENKA_API tenka_tensor tenka_mish(tenka_tensor x);
/* y = log(sigmoid(x)). Differentiable. */
TENKA_API tenka_tensor tenka_logsigmoid(tenka_tensor x);
/* y = 0 within -lambd .. lambd, ends included, else x. Differentiable. */
TENKA_API tenka_tensor tenka_hardshrink(tenka_tensor x, double lambd);
/* y = 0 within -lambd .. lambd, ends included, else x moved towards 0 by lambd. Differentiable. */
TENKA_API tenka_tensor tenka_softshrink(tenka_tensor x, double lambd);
/* y = x - tanh(x), accurate near 0 too; 0 of -0. Differentiable. */
TENKA_API tenka_tensor tenka_tanhshrink(tenka_tensor x);
/* y = x where x > threshold, else value. Differentiable. */
TENKA_API tenka_tensor tenka_threshold(tenka_tensor x, double threshold, double value);

/* ---- Functions ------------------------------------------------------------------------------ */

/* y = sqrt(x); NaN below 0. Differentiable. */
TENKA_API tenka_tensor tenka_sqrt(tenka_tensor x);
/* y = 1 / sqrt(x); NaN below 0, infinite at 0. Differentiable. */
TENKA_API tenka_tensor tenka_rsqrt(tenka_tensor x);
/* y = factor x. The factor is data: changing it makes no new plan. Differentiable. */
TENKA_API tenka_tensor tenka_scale(tenka_tensor x, double factor);
/* y = exp(x). Differentiable. */
TENKA_API tenka_tensor tenka_exp(tenka_tensor x);
/* y = log(x), the natural logarithm; NaN below 0. Differentiable. */
TENKA_API tenka_tensor tenka_log(tenka_tensor x);
/* y = log(1 + x), accurate near 0 too. Differentiable. */
TENKA_API tenka_tensor tenka_log1p(tenka_tensor x);
/* y = exp(x) - 1, accurate near 0 too. Differentiable. */
TENKA_API tenka_tensor tenka_expm1(tenka_tensor x);
/* y = sin(x) of x in radians, however large. Differentiable. */
TENKA_API tenka_tensor tenka_sin(tenka_tensor x);
/* y = cos(x). Differentiable. */
TENKA_API tenka_tensor tenka_cos(tenka_tensor x);
/* y = erf(x) = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. Differentiable. */
TENKA_API tenka_tensor tenka_erf(tenka_tensor x);
/* y = |x|; the gradient at 0 is 0. Differentiable. */
TENKA_API tenka_tensor tenka_abs(tenka_tensor x);
/* y = x^2. Differentiable. */
TENKA_API tenka_tensor tenka_square(tenka_tensor x);
/* y = 1 / x. Differentiable. */
TENKA_API tenka_tensor tenka_reciprocal(tenka_tensor x);
/* y = x^exponent, as C's pow: 1 where the exponent is 0, NaN where x < 0 and the exponent is not whole; sqrt(x) where
 * the exponent is 1/2. Differentiable. */
TENKA_API tenka_tensor tenka_pow_scalar(tenka_tensor x, double exponent);
/* y = x within least .. most, else the nearer end; the gradient is 0 beyond the ends, 1 on them. Differentiable. */
TENKA_API tenka_tensor tenka_clamp(tenka_tensor x, double least, double most);
/* y = 1, 0 or -1, as x is above, at or below 0; 0 of NaN. No gradient. */
TENKA_API tenka_tensor tenka_sign(tenka_tensor x);
/* y = the nearest whole number that is not above x; not below x; of both the nearer, or the even one between two. No
 * gradients. */
TENKA_API tenka_tensor tenka_floor(tenka_tensor x);
TENKA_API tenka_tensor tenka_ceil(tenka_tensor x);
TENKA_API tenka_tensor tenka_round(tenka_tensor x);

/* ---- Two inputs ----------------------------------------------------------------------------- */

/* Sum, difference, product and quotient. */
TENKA_API tenka_tensor tenka_add(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_sub(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_mul(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_div(tenka_tensor a, tenka_tensor b);
/* The larger and the smaller; NaN where one of both is NaN. Equals get half of the gradient each. */
TENKA_API tenka_tensor tenka_maximum(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_minimum(tenka_tensor a, tenka_tensor b);
/* a^b, as C's pow. The gradient of a is 0 where b is 0, that of b where a is 0 and b is not negative. */
TENKA_API tenka_tensor tenka_pow(tenka_tensor a, tenka_tensor b);
/* 1 where a < b, a <= b, a > b, a >= b, a = b, or a is not b; else 0. Of NaN only the last is true. No gradients. */
TENKA_API tenka_tensor tenka_lt(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_le(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_gt(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_ge(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_eq(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_ne(tenka_tensor a, tenka_tensor b);
/* b where a is not 0 (NaN is not), or where a is 0; else -0, which any number can be added to and stays as it is: the
 * halves of tenka_where. a has no gradient. */
TENKA_API tenka_tensor tenka_keep_where(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_keep_unless(tenka_tensor a, tenka_tensor b);
/* a where a > 0, else b a: tenka_prelu's y with a slope for each element. leaky_slope: that slope, 1 or b, which nothing
 * is differentiated through. */
TENKA_API tenka_tensor tenka_leaky(tenka_tensor a, tenka_tensor b);
TENKA_API tenka_tensor tenka_leaky_slope(tenka_tensor a, tenka_tensor b);

#ifdef __cplusplus
}
#endif
#endif
