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

static void generate(struct tenka_rng *rng)
{
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t y = (rng->state[i] & 0x80000000u) | (rng->state[(i + 1) % N] & 0x7FFFFFFFu);
        rng->state[i] = rng->state[(i + M) % N] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908B0DFu : 0);
    }
    rng->next = 0;
}

uint32_t tenka_rng_u32(struct tenka_rng *rng)
{
    if (rng->next >= N)
        generate(rng);
    uint32_t y = rng->state[rng->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
}

uint64_t tenka_rng_u63(struct tenka_rng *rng)
{
    const uint64_t high = tenka_rng_u32(rng);
    return (high << 32 | tenka_rng_u32(rng)) & INT64_MAX;
}

double tenka_rng_unit(struct tenka_rng *rng)
{
    const uint64_t high = tenka_rng_u32(rng);
    return (double)((high << 32 | tenka_rng_u32(rng)) & 0x1FFFFFFFFFFFFFu) * 0x1p-53;
}

void tenka_rng_uniform(struct tenka_rng *rng, float *out, size_t n, double lo, double hi)
{
    /* PyTorch rounds both ends and their difference to float, then computes in double. */
    const float first = (float)lo, last = (float)hi;
    const float width = last - first;
    for (size_t i = 0; i < n; i++) {
        const double x = (tenka_rng_u32(rng) & 0xFFFFFFu) * 0x1p-24;
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
        const size_t j = i + tenka_rng_u32(&rng) % (n - i);
        const int32_t swapped = out[i];
        out[i] = out[j];
        out[j] = swapped;
    }
}
