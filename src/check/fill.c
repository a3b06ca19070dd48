#include <math.h>

#include "check/internal.h"

uint64_t tenka_check_seed(enum tenka_op op, uint32_t index)
{
    uint32_t seed = index;
    for (const char *c = tenka_ops[op].name; *c; c++)
        seed = seed * 31 + (unsigned char)*c;
    return seed;
}

double tenka_check_uniform(struct tenka_rng *rng)
{
    return tenka_rng_u32(rng) * 0x1p-32;
}

/* Shuffles in place. */
static void shuffle(struct tenka_rng *rng, double *x, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = tenka_rng_u32(rng) % i;
        const double t = x[i - 1];
        x[i - 1] = x[j];
        x[j] = t;
    }
}

static double special(size_t i, double otherwise)
{
    switch (i % 23) {
    case 3: return NAN;
    case 7: return INFINITY;
    case 11: return -INFINITY;
    case 15: return 0.0;
    case 19: return -0.0;
    default: return otherwise;
    }
}

/* Element i of a real input. */
static double real(struct tenka_rng *rng, enum tenka_case_fill fill, double lo, double hi, size_t i, size_t n)
{
    const double x = lo + (hi - lo) * tenka_check_uniform(rng), gap = (hi - lo) / 10;
    switch (fill) {
    case TENKA_FILL_NAN: return i % 7 == 3 ? NAN : x;
    case TENKA_FILL_NAN_LAST: return i == n - 1 ? NAN : x;
    case TENKA_FILL_SPECIAL: return special(i, x);
    case TENKA_FILL_MASKED: return i < n / 3 || i % 2 == 0 ? -INFINITY : x;
    case TENKA_FILL_ZEROS: return i % 3 == 0 ? 0.0 : i % 3 == 1 ? -0.0 : x;
    case TENKA_FILL_TIES: return lo + (hi - lo) * floor(4 * tenka_check_uniform(rng)) / 4;
    case TENKA_FILL_DISTINCT: return lo + (hi - lo) * ((double)i + 0.5) / (double)n;
    case TENKA_FILL_NONZERO: return fabs(x) >= gap ? x : x < 0 ? x - gap : x + gap;
    default: return x;
    }
}

static double integer(struct tenka_rng *rng, const struct tenka_case_input *in, size_t i)
{
    if (in->fill == TENKA_FILL_PERMUTATION)
        return (double)i;
    if (in->fill == TENKA_FILL_OUTSIDE && i % 5 == 2)
        return i % 2 == 0 ? -1 : in->hi + 1;
    return in->lo + floor((in->hi - in->lo + 1) * tenka_check_uniform(rng));
}

void tenka_check_fill(struct tenka_rng *rng, const struct tenka_case_input *in, double *out, size_t n)
{
    const bool given = in->lo != 0 || in->hi != 0;
    const double lo = given ? in->lo : -1, hi = given ? in->hi : 1;
    for (size_t i = 0; i < n; i++)
        out[i] = in->dtype == TENKA_F32 ? (float)real(rng, in->fill, lo, hi, i, n) : integer(rng, in, i);
    if (in->fill == TENKA_FILL_DISTINCT || in->fill == TENKA_FILL_PERMUTATION)
        shuffle(rng, out, n);
}

void tenka_check_encode(enum tenka_dtype dtype, size_t real_bytes, const double *src, void *dst, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (dtype == TENKA_U8)
            ((uint8_t *)dst)[i] = (uint8_t)src[i];
        else if (dtype == TENKA_I32)
            ((int32_t *)dst)[i] = (int32_t)src[i];
        else if (real_bytes == 8)
            ((double *)dst)[i] = src[i];
        else
            ((float *)dst)[i] = (float)src[i];
    }
}

void tenka_check_scalars(enum tenka_op op, const struct tenka_op_case *c, size_t real_bytes, unsigned char *dst)
{
    const char *kinds = tenka_ops[op].scalars;
    for (size_t i = 0; kinds[i] != '\0'; i++) {
        unsigned char *word = dst + i * real_bytes;
        const double x = c->scalars[i];
        const double wide = (float)x;
        const float narrow = (float)x;
        const uint32_t whole = (uint32_t)x;
        if (kinds[i] == 'u')
            memcpy(word, &whole, sizeof(whole));
        else if (real_bytes == 8)
            memcpy(word, &wide, sizeof(wide));
        else
            memcpy(word, &narrow, sizeof(narrow));
    }
}
