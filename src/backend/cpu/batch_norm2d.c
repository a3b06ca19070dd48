/* y = (x - m) s weight[c] + bias[c] with the mean m, the biased variance v and s = 1 / sqrt(v + eps) of each channel of
 * x [n, c, plane]; eps is scalar 0. Source: Ioffe and Szegedy, "Batch normalization" (2015).
 *   fwd  x, weight, bias -> y, m, v
 *   dx   x, weight, m, v, dy -> dx = weight s (dy - mean(dy) - xhat mean(dy xhat)), xhat = (x - m) s
 *   dw   x, m, v, dy -> dweight = sum(dy xhat), dbias = sum(dy) */
#include "backend/cpu/index.h"

typedef struct tenka_p_channels params;

/* Where plane n of channel c begins. */
static inline ptrdiff_t plane_at(const params *p, int32_t n, int32_t c)
{
    return ((ptrdiff_t)n * p->c + c) * p->plane;
}

static double channel_sum(const params *p, const tenka_real *x, int32_t c)
{
    double sum = 0;
    for (int32_t n = 0; n < p->n; n++)
        sum += TENKA_CPU(sum_span)(x + plane_at(p, n, c), p->plane);
    return sum;
}

/* Sum of (x - m) other over a channel; other NULL: of (x - m) squared. */
static double channel_product(const params *p, const tenka_real *x, double m, const tenka_real *other, int32_t c)
{
    double part[8] = {0}, sum = 0;
    for (int32_t n = 0; n < p->n; n++) {
        const ptrdiff_t at = plane_at(p, n, c);
        for (ptrdiff_t i = 0; i < p->plane; i++) {
            const double d = x[at + i] - m;
            part[i % 8] += d * (other ? other[at + i] : d);
        }
    }
    for (int j = 0; j < 8; j++)
        sum += part[j];
    return sum;
}

void TENKA_CPU(batch_norm2d_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *weight = a->in[1], *bias = a->in[2];
    tenka_real *y = a->out[0], *mean = a->out[1], *variance = a->out[2];
    const double count = (double)p->n * p->plane, eps = a->scalar[0];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        const double m = channel_sum(p, x, c) / count;
        const double v = channel_product(p, x, m, NULL, c) / count;
        const tenka_real w = weight[c], b = bias[c], mr = (tenka_real)m, s = (tenka_real)(1 / sqrt(v + eps));
        mean[c] = mr;
        variance[c] = (tenka_real)v;
        for (int32_t n = 0; n < p->n; n++) {
            const ptrdiff_t at = plane_at(p, n, c), end = at + p->plane;
            for (ptrdiff_t i = at; i < end; i++)
                y[i] = (x[i] - mr) * s * w + b;
        }
    }
}

void TENKA_CPU(batch_norm2d_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *weight = a->in[1], *mean = a->in[2], *variance = a->in[3], *dy = a->in[4];
    tenka_real *dx = a->out[0];
    const double count = (double)p->n * p->plane, eps = a->scalar[0];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        const double s = 1 / sqrt(variance[c] + eps), product = channel_product(p, x, mean[c], dy, c);
        const tenka_real m = mean[c], mean_dy = (tenka_real)(channel_sum(p, dy, c) / count);
        const tenka_real slope = (tenka_real)(s * s * product / count), factor = (tenka_real)(weight[c] * s);
        for (int32_t n = 0; n < p->n; n++) {
            const ptrdiff_t at = plane_at(p, n, c), end = at + p->plane;
            for (ptrdiff_t i = at; i < end; i++)
                dx[i] = factor * (dy[i] - mean_dy - (x[i] - m) * slope);
        }
    }
}

void TENKA_CPU(batch_norm2d_dw)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *mean = a->in[1], *variance = a->in[2], *dy = a->in[3];
    tenka_real *dw = a->out[0], *db = a->out[1];
    const double eps = a->scalar[0];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        dw[c] = (tenka_real)(channel_product(p, x, mean[c], dy, c) / sqrt(variance[c] + eps));
        db[c] = (tenka_real)channel_sum(p, dy, c);
    }
}
