/* Elementary functions of vectors, to a few units in the last place: those of shaders/common/elementary.h. NaN gives
 * NaN. */
#ifndef TENKA_FAST_ELEMENTARY_H
#define TENKA_FAST_ELEMENTARY_H

#include <math.h>
#include <stdbool.h>

#include "backend/cpu/fast/vec.h"

/* The nearest whole number, where |x| < 2^22. */
ALWAYS_INLINE vec nearest(vec x)
{
    const vec magic = splat(0x1.8p23f); /* its last digit is worth 1 */
    return (x + magic) - magic;
}

ALWAYS_INLINE vec absolute(vec x)
{
    return (vec)((ivec)x & INT32_MAX);
}

/* x within least .. most; NaN stays: of two that do not compare, the instructions give the second. */
ALWAYS_INLINE vec limit(vec x, vec least, vec most)
{
#if defined __AVX512F__
    return (vec)_mm512_min_ps((__m512)most, _mm512_max_ps((__m512)least, (__m512)x));
#elif defined __AVX2__
    return (vec)_mm256_min_ps((__m256)most, _mm256_max_ps((__m256)least, (__m256)x));
#else
    return select(x < least, least, select(x > most, most, x));
#endif
}

/* A function of C on each lane. */
#define BY_LANES(name, function)        \
    ALWAYS_INLINE vec name(vec x)       \
    {                                   \
        vec y;                          \
        UNROLL                          \
        for (int i = 0; i < LANES; i++) \
            y[i] = function(x[i]);      \
        return y;                       \
    }

/* NaN below 0. */
BY_LANES(square_root, __builtin_sqrtf)
BY_LANES(round_down, __builtin_floorf)
BY_LANES(ceiling, __builtin_ceilf)
BY_LANES(round_even, __builtin_nearbyintf)

/* ---- The language of shaders/common/elementary.h and elementwise.h ---- */

#define FN ALWAYS_INLINE vec
#define FN_INTEGER ALWAYS_INLINE ivec
#define REAL vec
#define LOCAL REAL
#define INTEGER ivec
#define TRUTH ivec
#define R(c) splat((float)(c))
#define W(c) ((ivec){0} + (c))
#define LESS(a, b) ((a) < (b))
#define MORE(a, b) ((a) > (b))
#define AT_MOST(a, b) ((a) <= (b))
#define AT_LEAST(a, b) ((a) >= (b))
#define EQUAL(a, b) ((a) == (b))
#define BOTH(c, d) ((c) & (d))
#define EITHER(c, d) ((c) | (d))
#define NOT(c) (~(c))
#define SELECT(c, a, b) select(c, a, b)
#define PICK(c, i, j) (((i) & (c)) | ((j) & ~(c)))
#define BITS(x) ((ivec)(x))
#define OF_BITS(i) ((vec)(i))
#define TO_INTEGER(x) __builtin_convertvector(x, ivec)
#define TO_REAL(i) __builtin_convertvector(i, vec)
#define NEAREST(x) nearest(x)
#define ABS(x) absolute(x)
#define CEIL(x) ceiling(x)
#define COS(x) sine(x, 1)
#define ERF(x) erf_of(x)
#define EXP(x) exp_of(x)
#define EXPM1(x) expm1_of(x)
#define FLOOR(x) round_down(x)
#define LIMIT(x, a, b) limit(x, a, b)
#define LOG(x) log_of(x)
#define LOG1P(x) log1p_of(x)
#define NORMAL_TAIL(x, bell) normal_tail(x, bell)
#define POW(x, y) pow_of(x, y)
#define ROUND(x) round_even(x)
#define SIN(x) sine(x, 0)
#define SQRT(x) square_root(x)
#define TANH(x) tanh_of(x)

#ifdef __AVX512F__
#define TIMES_POWER(y, n) (vec) _mm512_scalef_ps((__m512)(y), (__m512)(n))
#endif

#include "shaders/common/elementary.h"

/* Whether a comparison is true in any lane. */
ALWAYS_INLINE bool any_lane(ivec mask)
{
#if defined __AVX512F__
    return _mm512_movepi32_mask((__m512i)mask) != 0;
#elif defined __AVX2__
    return _mm256_movemask_ps((__m256)mask) != 0;
#else
    int32_t any = 0;
    for (int i = 0; i < LANES; i++)
        any |= mask[i];
    return any != 0;
#endif
}

/* Lanes that are far away, which are few, by C's functions. */
static __attribute__((noinline, unused)) vec sine_by_lanes(vec x, vec y, int32_t quarter)
{
    for (int i = 0; i < LANES; i++)
        if (!(fabsf(x[i]) < (float)SINE_NEAR))
            y[i] = quarter == 0 ? sinf(x[i]) : cosf(x[i]);
    return y;
}

/* sin(x + quarter pi / 2) */
ALWAYS_INLINE vec sine(vec x, int32_t quarter)
{
    const vec n = sine_quarters(x), y = sine_in(sine_rest(x, n), TO_INTEGER(n) + quarter);
    return any_lane(~(absolute(x) < splat((float)SINE_NEAR))) ? sine_by_lanes(x, y, quarter) : y;
}

/* exp(x) that is 0 where it would be subnormal: such numbers take some processors a hundred times as long as others. */
ALWAYS_INLINE vec exponential(vec x)
{
    const ivec none = x < splat(-87.33f);
    return select(none, (vec){0}, exp_of(select(none, (vec){0}, x)));
}

#endif
