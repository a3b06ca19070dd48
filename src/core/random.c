/* The generator is MT19937: Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
 * pseudo-random number generator", ACM TOMACS 8 (1998). */
#include "core/core.h"

#define N 624
#define M 397

void tenka_rng_seed(struct tenka_rng *rng, uint64_t seed)
{
    rng->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < N; i++)
        rng->state[i] = 1812433253u * (rng->state[i - 1] ^ (rng->state[i - 1] >> 30)) + i;
    rng->next = N;
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
