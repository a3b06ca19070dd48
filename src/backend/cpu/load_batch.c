/* A batch out of a dataset of bytes: image order[offset + i], normalised, and its label; offset is scalar 0. An index
 * that is no image gives zeros and the label -1.
 *   fwd  images [src_rows, c, plane], labels, order, mean, std -> x = (image / 255 - mean[c]) / std[c], target */
#include "backend/cpu/index.h"

void TENKA_CPU(load_batch_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_load_batch *p = (const void *)a->params;
    const uint8_t *images = a->in[0];
    const int32_t *labels = a->in[1], *order = (const int32_t *)a->in[2] + TENKA_CPU(scalar_u32)(a, 0);
    const tenka_real *mean = a->in[3], *std = a->in[4];
    tenka_real *x = a->out[0];
    int32_t *target = a->out[1];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < p->rows; i++) {
        const bool there = order[i] >= 0 && order[i] < p->src_rows;
        target[i] = there ? labels[order[i]] : -1;
        for (ptrdiff_t c = 0; c < p->c; c++) {
            /* In float in both builds, as normalize_bytes.c explains. */
            const float m = (float)mean[c], s = (float)std[c];
            const uint8_t *from = images + (there ? order[i] * (ptrdiff_t)p->c + c : 0) * p->plane;
            tenka_real *to = x + (i * p->c + c) * p->plane;
            for (ptrdiff_t k = 0; k < p->plane; k++)
                to[k] = there ? ((float)from[k] / 255 - m) / s : 0;
        }
    }
}
