/* y = (x - mean[c]) invstd weight[c] + bias[c], invstd = 1 / sqrt(var[c] + eps), with given statistics; x
 * [n, c, plane], eps is scalar 0.
 *   fwd  x, weight, bias, mean, var -> y
 *   dx   weight, var, dy -> dx = dy weight invstd
 *   dw   x, mean, var, dy -> dweight = sum(dy (x - mean) invstd), dbias = sum(dy) */
#include "backend/cpu/index.h"

typedef struct tenka_p_channels params;

void TENKA_CPU(batch_norm2d_eval_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *weight = a->in[1], *bias = a->in[2], *mean = a->in[3], *var = a->in[4];
    tenka_real *y = a->out[0];
    const ptrdiff_t planes = (ptrdiff_t)p->n * p->c, plane = p->plane;
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t k = 0; k < planes; k++) {
        const ptrdiff_t c = k % p->c;
        const tenka_real factor = weight[c] / sqrt(var[c] + a->scalar[0]), m = mean[c], b = bias[c];
        for (ptrdiff_t i = k * plane; i < (k + 1) * plane; i++)
            y[i] = (x[i] - m) * factor + b;
    }
}

void TENKA_CPU(batch_norm2d_eval_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *weight = a->in[0], *var = a->in[1], *dy = a->in[2];
    tenka_real *dx = a->out[0];
    const ptrdiff_t planes = (ptrdiff_t)p->n * p->c, plane = p->plane;
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t k = 0; k < planes; k++) {
        const ptrdiff_t c = k % p->c;
        const tenka_real factor = weight[c] / sqrt(var[c] + a->scalar[0]);
        for (ptrdiff_t i = k * plane; i < (k + 1) * plane; i++)
            dx[i] = dy[i] * factor;
    }
}

void TENKA_CPU(batch_norm2d_eval_dw)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *mean = a->in[1], *var = a->in[2], *dy = a->in[3];
    tenka_real *dw = a->out[0], *db = a->out[1];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        double sum = 0, total = 0;
        for (int32_t n = 0; n < p->n; n++) {
            const ptrdiff_t at = ((ptrdiff_t)n * p->c + c) * p->plane;
            for (ptrdiff_t i = at; i < at + p->plane; i++)
                sum += ((double)x[i] - mean[c]) * dy[i];
            total += TENKA_CPU(sum_span)(dy + at, p->plane);
        }
        dw[c] = (tenka_real)(sum / sqrt((double)var[c] + a->scalar[0]));
        db[c] = (tenka_real)total;
    }
}
