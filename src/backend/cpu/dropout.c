/* y = 0 with probability p, else x / (1 - p), elementwise. Element i is dropped when u < p, u being the upper 24 bits
 * of word i % 4 of Philox4x32-10 at counter {i / 4, 0, 0, 0} under the key, times 2^-24. Scalars: p, key (low, high).
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
 *   fwd  x -> y
 *   dx   dy -> dx: the same, the mask is drawn anew */
#include "backend/cpu/index.h"

/* Four random words for a counter whose upper words are 0. */
static inline void philox(uint32_t counter, uint32_t low, uint32_t high, uint32_t word[4])
{
    word[0] = counter;
    word[1] = word[2] = word[3] = 0;
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)word[0] * 0xD2511F53u, b = (uint64_t)word[2] * 0xCD9E8D57u;
        word[0] = (uint32_t)(b >> 32) ^ word[1] ^ low;
        word[2] = (uint32_t)(a >> 32) ^ word[3] ^ high;
        word[1] = (uint32_t)b;
        word[3] = (uint32_t)a;
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
}

static void drop(const struct TENKA_CPU(args) *a)
{
    const tenka_real *x = a->in[0], p = a->scalar[0], keep = 1 - p;
    const uint32_t low = TENKA_CPU(scalar_u32)(a, 1), high = TENKA_CPU(scalar_u32)(a, 2);
    tenka_real *y = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for if (n > TENKA_CPU_SMALL)
    for (size_t block = 0; block < (n + 3) / 4; block++) {
        uint32_t word[4];
        philox((uint32_t)block, low, high, word);
        for (size_t i = 4 * block; i < n && i < 4 * block + 4; i++) {
            /* In float in both builds, so that they agree on the mask. u < 1, so p = 1 drops everything. */
            const float u = (float)(word[i % 4] >> 8) * 0x1p-24f;
            y[i] = u < (float)p ? 0 : x[i] / keep;
        }
    }
}

void TENKA_CPU(dropout_fwd)(const struct TENKA_CPU(args) *a)
{
    drop(a);
}

void TENKA_CPU(dropout_dx)(const struct TENKA_CPU(args) *a)
{
    drop(a);
}
