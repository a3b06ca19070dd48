/* y = 0 with probability p, else x / (1 - p), elementwise. Element i is dropped when u < p, u being the upper 24 bits
 * of word i % 4 of Philox4x32-10 at counter {i / 4, 0, 0, 0} under the key, times 2^-24. Scalars: p, key (low, high).
 *   fwd  x -> y
 *   dx   dy -> dx: the same, the mask is drawn anew */
#include "backend/cpu/index.h"
#include "core/philox.h"

static void drop(const struct TENKA_CPU(args) *a)
{
    const tenka_real *x = a->in[0], p = a->scalar[0], keep = 1 - p;
    const uint32_t low = TENKA_CPU(scalar_u32)(a, 1), high = TENKA_CPU(scalar_u32)(a, 2);
    tenka_real *y = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for if (n > TENKA_CPU_SMALL)
    for (size_t block = 0; block < (n + 3) / 4; block++) {
        uint32_t word[4] = {(uint32_t)block};
        tenka_philox(word, low, high);
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
