/* Elementary functions of vectors, to a few units in the last place. NaN gives NaN. The polynomials are those of
 * Cephes' expf and tanhf. Source: S. L. Moshier, "Methods and programs for mathematical functions" (1989). */
#ifndef TENKA_FAST_ELEMENTARY_H
#define TENKA_FAST_ELEMENTARY_H

#include "backend/cpu/fast/vec.h"

/* The nearest whole number, where |x| < 2^22. */
ALWAYS_INLINE vec nearest(vec x)
{
    const vec magic = splat(0x1.8p23f); /* its last digit is worth 1 */
    return (x + magic) - magic;
}

/* 2^n for whole n from -126 to 127 */
ALWAYS_INLINE vec power_of_two(ivec n)
{
    return (vec)((n + 127) << 23);
}

/* Infinity above 88.7, 0 below -87.3: subnormal numbers take some processors a hundred times as long as others. */
ALWAYS_INLINE vec exponential(vec x)
{
    const ivec none = x < splat(-87.33f);
    x = select(x > splat(89), splat(89), select(none, (vec){0}, x));
    const vec n = nearest(x * splat(1.44269504f)); /* log2(e) */
    /* ln(2) in two parts: n times the first is exact */
    const vec r = x - n * splat(0.693359375f) - n * splat(-2.12194440e-4f);
    vec y = splat(1.9875691500e-4f);
    y = y * r + splat(1.3981999507e-3f);
    y = y * r + splat(8.3334519073e-3f);
    y = y * r + splat(4.1665795894e-2f);
    y = y * r + splat(1.6666665459e-1f);
    y = y * r + splat(5.0000001201e-1f);
    y = y * r * r + r + splat(1);
    /* The power in two factors, as it may leave float's range where the product does not. */
    const ivec whole = __builtin_convertvector(n, ivec), half = whole >> 1;
    return select(none, (vec){0}, y * power_of_two(half) * power_of_two(whole - half));
}

ALWAYS_INLINE vec hyperbolic_tangent(vec x)
{
    const ivec sign = (ivec)x & INT32_MIN;
    const vec size = (vec)((ivec)x & INT32_MAX), square = x * x;
    vec small = splat(-5.70498872745e-3f);
    small = small * square + splat(2.06390887954e-2f);
    small = small * square + splat(-5.37397155531e-2f);
    small = small * square + splat(1.33314422036e-1f);
    small = small * square + splat(-3.33332819422e-1f);
    small = small * square * x + x;
    const vec large = splat(1) - splat(2) / (exponential(size + size) + splat(1));
    return (vec)((ivec)select(size < splat(0.625f), small, large) | sign); /* small is 0 where x is -0 */
}

/* NaN below 0. */
ALWAYS_INLINE vec square_root(vec x)
{
    vec y;
    UNROLL
    for (int i = 0; i < LANES; i++)
        y[i] = __builtin_sqrtf(x[i]);
    return y;
}

#endif
