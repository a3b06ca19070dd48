/* The generator is MT19937: Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
 * pseudo-random number generator", ACM TOMACS 8 (1998). */
#include <math.h>

#include "core/core.h"

#define N 624
#define M 397

void tenka_rng_seed(struct tenka_rng *rng, uint64_t seed)
{
    rng->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < N; i++)
        rng->state[i] = 1812433253u * (rng->state[i - 1] ^ (rng->state[i - 1] >> 30)) + i;
    rng->next = N;
    rng->has_normal = false;
}

static inline uint32_t twist(uint32_t high, uint32_t low, uint32_t far)
{
    const uint32_t y = (high & 0x80000000u) | (low & 0x7FFFFFFFu);
    return far ^ (y >> 1) ^ (-(y & 1) & 0x9908B0DFu);
}

/* In two loops and a rest, instead of one that counts modulo N, so that they vectorise. */
static void generate(struct tenka_rng *rng)
{
    uint32_t *const s = rng->state;
    for (uint32_t i = 0; i < N - M; i++)
        s[i] = twist(s[i], s[i + 1], s[i + M]);
    for (uint32_t i = N - M; i < N - 1; i++)
        s[i] = twist(s[i], s[i + 1], s[i + M - N]);
    s[N - 1] = twist(s[N - 1], s[0], s[M - 1]);
    rng->next = 0;
}

static inline uint32_t next(struct tenka_rng *rng)
{
    if (rng->next >= N)
        generate(rng);
    uint32_t y = rng->state[rng->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
}

uint32_t tenka_rng_u32(struct tenka_rng *rng)
{
    return next(rng);
}

uint64_t tenka_rng_u63(struct tenka_rng *rng)
{
    const uint64_t high = tenka_rng_u32(rng);
    return (high << 32 | tenka_rng_u32(rng)) & INT64_MAX;
}

void tenka_rng_units(struct tenka_rng *rng, double *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t high = next(rng);
        out[i] = (double)((high << 32 | next(rng)) & 0x1FFFFFFFFFFFFFu) * 0x1p-53;
    }
}

void tenka_rng_uniform(struct tenka_rng *rng, float *out, size_t n, double lo, double hi)
{
    /* PyTorch rounds both ends and their difference to float, then computes in double. */
    const float first = (float)lo, last = (float)hi;
    const float width = last - first;
    for (size_t i = 0; i < n; i++) {
        const double x = (next(rng) & 0xFFFFFFu) * 0x1p-24;
        out[i] = (float)(x * (double)width + (double)first);
    }
}

#define PAIRS 8
#define TWO_PI 6.283185307179586476925286766559

/* Source: Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958), as ATen's normal_fill_16 takes
 * pairs: element i and i + 8 of 16 uniform ones. */
static void normal_16(float *x, float mean, float std)
{
    for (size_t i = 0; i < PAIRS; i++) {
        const float radius = sqrtf(-2 * logf(1 - x[i])), angle = (float)TWO_PI * x[i + PAIRS];
        x[i] = radius * cosf(angle) * std + mean;
        x[i + PAIRS] = radius * sinf(angle) * std + mean;
    }
}

static double next_normal(struct tenka_rng *rng)
{
    double u[2];
    rng->has_normal = !rng->has_normal;
    if (!rng->has_normal)
        return rng->normal;
    tenka_rng_units(rng, u, 2);
    const double radius = sqrt(-2 * log1p(-u[1]));
    rng->normal = radius * sin(TWO_PI * u[0]);
    return radius * cos(TWO_PI * u[0]);
}

void tenka_rng_normal(struct tenka_rng *rng, float *out, size_t n, double mean, double std)
{
    if (n < 2 * PAIRS) {
        for (size_t i = 0; i < n; i++)
            out[i] = (float)(next_normal(rng) * std + mean);
        return;
    }
    tenka_rng_uniform(rng, out, n, 0, 1);
    for (size_t i = 0; i + 2 * PAIRS <= n; i += 2 * PAIRS)
        normal_16(out + i, (float)mean, (float)std);
    if (n % (2 * PAIRS) == 0)
        return;
    /* The last ones are drawn again, so that there are 16 of them. */
    tenka_rng_uniform(rng, out + n - 2 * PAIRS, 2 * PAIRS, 0, 1);
    normal_16(out + n - 2 * PAIRS, (float)mean, (float)std);
}

void tenka_rng_permutation(uint64_t seed, int32_t *out, size_t n)
{
    struct tenka_rng rng;
    tenka_rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++)
        out[i] = (int32_t)i;
    for (size_t i = 0; i + 1 < n; i++) {
        const size_t j = i + next(&rng) % (n - i);
        const int32_t swapped = out[i];
        out[i] = out[j];
        out[j] = swapped;
    }
}
