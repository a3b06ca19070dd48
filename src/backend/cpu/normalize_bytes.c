/* y = (x / 255 - mean[c]) / std[c] for x [n, c, plane] of bytes: torchvision's ToTensor and Normalize.
 *   fwd  x, mean, std -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(normalize_bytes_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_channels *p = (const void *)a->params;
    const uint8_t *x = a->in[0];
    const tenka_real *mean = a->in[1], *std = a->in[2];
    tenka_real *y = a->out[0];
    const ptrdiff_t planes = (ptrdiff_t)p->n * p->c, plane = p->plane;
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < planes; i++) {
        /* In float in both builds: torchvision normalises in float32, also for a network in float64, and the f64
         * build is compared with such a network. */
        const float m = (float)mean[i % p->c], s = (float)std[i % p->c];
        for (ptrdiff_t k = i * plane; k < (i + 1) * plane; k++)
            y[k] = ((float)x[k] / 255 - m) / s;
    }
}
