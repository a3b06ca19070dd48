/* y = max(batch_norm2d(x), 0); NaN stays NaN. The gradients know the ReLU's mask from y.
 *   fwd  x, weight, bias -> y, m, v
 *   dx   x, weight, y, m, v, dy -> dx
 *   dw   x, y, m, v, dy -> dweight, dbias */
#include "backend/cpu/index.h"

typedef struct tenka_p_channels params;

/* What the ReLU sends back at one place. */
static inline double masked(const tenka_real *y, const tenka_real *dy, ptrdiff_t i)
{
    return y[i] <= 0 ? 0 : (double)dy[i];
}

/* Of one channel: the sum of what the ReLU sends back, and of that times x - m. */
static void channel_sums(const params *p, const tenka_real *x, const tenka_real *y, const tenka_real *dy, double m,
                         int32_t c, double *total, double *along)
{
    *total = *along = 0;
    for (int32_t n = 0; n < p->n; n++) {
        const ptrdiff_t at = ((ptrdiff_t)n * p->c + c) * p->plane;
        for (ptrdiff_t i = at; i < at + p->plane; i++) {
            *total += masked(y, dy, i);
            *along += masked(y, dy, i) * (x[i] - m);
        }
    }
}

void TENKA_CPU(batch_norm2d_relu_fwd)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) relu = *a;
    relu.in[0] = a->out[0];
    TENKA_CPU(batch_norm2d_fwd)(a);
    TENKA_CPU(relu_fwd)(&relu);
}

void TENKA_CPU(batch_norm2d_relu_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *weight = a->in[1], *y = a->in[2], *mean = a->in[3], *variance = a->in[4];
    const tenka_real *dy = a->in[5];
    tenka_real *dx = a->out[0];
    const double count = (double)p->n * p->plane, eps = a->scalar[0];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        double total, along;
        channel_sums(p, x, y, dy, mean[c], c, &total, &along);
        const double s = 1 / sqrt(variance[c] + eps), slope = s * s * along / count;
        for (int32_t n = 0; n < p->n; n++) {
            const ptrdiff_t at = ((ptrdiff_t)n * p->c + c) * p->plane;
            for (ptrdiff_t i = at; i < at + p->plane; i++)
                dx[i] = (tenka_real)(weight[c] * s * (masked(y, dy, i) - total / count - (x[i] - mean[c]) * slope));
        }
    }
}

void TENKA_CPU(batch_norm2d_relu_dw)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *y = a->in[1], *mean = a->in[2], *variance = a->in[3], *dy = a->in[4];
    tenka_real *dw = a->out[0], *db = a->out[1];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        double total, along;
        channel_sums(p, x, y, dy, mean[c], c, &total, &along);
        dw[c] = (tenka_real)(along / sqrt(variance[c] + (double)a->scalar[0]));
        db[c] = (tenka_real)total;
    }
}
