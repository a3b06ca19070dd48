/* y = (x - m) s weight + bias with the mean m, the biased variance v and s = 1 / sqrt(v + eps) of each row of x
 * [outer, len]; eps is scalar 0, and params.h says which weight an element has. Sources: Ba, Kiros and Hinton, "Layer
 * normalization" (2016); Wu and He, "Group normalization" (2018).
 *   fwd  x, weight or NULL, bias or NULL -> y, m, s
 *   dx   x, weight or NULL, m, s, dy -> dx = s (g - mean(g) - xhat mean(g xhat)), g = dy weight, xhat = (x - m) s
 *   dw   x, m, s, dy -> dweight = sum(dy xhat), dbias or NULL = sum(dy) */
#include "backend/cpu/index.h"

typedef struct tenka_p_layer_norm params;

/* The first channel of a row. */
static inline ptrdiff_t row_channel(const params *p, ptrdiff_t row)
{
    return row % p->groups * p->per;
}

static double sum_squares(const tenka_real *x, double m, ptrdiff_t n)
{
    double part[8] = {0}, sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double d = x[i] - m;
        part[i % 8] += d * d;
    }
    for (int j = 0; j < 8; j++)
        sum += part[j];
    return sum;
}

void TENKA_CPU(layer_norm_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *const all = a->in[0], *const weight = a->in[1], *const bias = a->in[2];
    tenka_real *const mean = a->out[1], *const scale = a->out[2];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t row = 0; row < p->outer; row++) {
        const tenka_real *const x = all + row * p->len;
        tenka_real *const y = (tenka_real *)a->out[0] + row * p->len;
        const double m = TENKA_CPU(sum_span)(x, p->len) / p->len, v = sum_squares(x, m, p->len) / p->len;
        const tenka_real mr = (tenka_real)m, s = (tenka_real)(1 / sqrt(v + a->scalar[0]));
        const ptrdiff_t first = row_channel(p, row);
        mean[row] = mr;
        scale[row] = s;
        for (ptrdiff_t i = 0; i < p->len; i++) {
            const ptrdiff_t c = first + i / p->plane;
            y[i] = (x[i] - mr) * s * (weight != NULL ? weight[c] : 1) + (bias != NULL ? bias[c] : 0);
        }
    }
}

void TENKA_CPU(layer_norm_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *const weight = a->in[1], *const mean = a->in[2], *const scale = a->in[3];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t row = 0; row < p->outer; row++) {
        const tenka_real *const x = (const tenka_real *)a->in[0] + row * p->len;
        const tenka_real *const dy = (const tenka_real *)a->in[4] + row * p->len;
        tenka_real *const dx = (tenka_real *)a->out[0] + row * p->len;
        const double m = mean[row], s = scale[row];
        const ptrdiff_t first = row_channel(p, row);
        double total = 0, along = 0;
        for (ptrdiff_t i = 0; i < p->len; i++) {
            const double g = (double)dy[i] * (weight != NULL ? weight[first + i / p->plane] : 1);
            total += g;
            along += g * (x[i] - m);
        }
        total /= p->len;
        along *= s * s / p->len;
        for (ptrdiff_t i = 0; i < p->len; i++) {
            const double g = (double)dy[i] * (weight != NULL ? weight[first + i / p->plane] : 1);
            dx[i] = (tenka_real)(s * (g - total - (x[i] - m) * along));
        }
    }
}

void TENKA_CPU(layer_norm_dw)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *const x = a->in[0], *const mean = a->in[1], *const scale = a->in[2], *const dy = a->in[3];
    tenka_real *const dweight = a->out[0], *const dbias = a->out[1];
#pragma omp parallel for
    for (int32_t c = 0; c < p->groups * p->per; c++) {
        double total = 0, along = 0;
        for (ptrdiff_t row = c / p->per; row < p->outer; row += p->groups) {
            const ptrdiff_t begin = row * p->len + (ptrdiff_t)(c % p->per) * p->plane;
            for (ptrdiff_t i = begin; i < begin + p->plane; i++) {
                total += dy[i];
                along += (double)dy[i] * ((double)x[i] - mean[row]) * scale[row];
            }
        }
        dweight[c] = (tenka_real)along;
        if (dbias != NULL)
            dbias[c] = (tenka_real)total;
    }
}
