/* y[i, j] = bias[j] + sum over t of x[i, t] weight[j, t], for x [m, k], weight [n, k], y [m, n], and the activation of
 * that.
 *   fwd  x, weight, bias or NULL -> y
 *   dx   x or NULL, weight, dy -> dx = dy weight, back through the activation whose output x is
 *   dw   x, dy -> dweight = dy' x, dbias (the column sums of dy) or NULL */
#include "backend/cpu/index.h"
#include "backend/cpu/tile.h"

typedef struct tenka_p_linear params;

/* Sum of a[i] b[i] in double. Eight running sums in a fixed order, so that the loop vectorises. */
static double dot(const tenka_real *a, const tenka_real *b, ptrdiff_t n)
{
    double part[TILE] = {0}, total = 0;
    ptrdiff_t i = 0;
    for (; i + TILE <= n; i += TILE)
        for (int j = 0; j < TILE; j++)
            part[j] += (double)a[i + j] * b[i + j];
    for (; i < n; i++)
        total += (double)a[i] * b[i];
    for (int j = 0; j < TILE; j++)
        total += part[j];
    return total;
}

/* out[t] = sum over i < count of factor[i * next] * rows[i * width + t], for t < width */
static void combine(tenka_real *out, const tenka_real *factor, ptrdiff_t next, const tenka_real *rows, int32_t count,
                    int32_t width)
{
    for (int32_t first = 0; first < width; first = step_to(first, TILE, width)) {
        const int32_t here = min_i32(TILE, width - first);
        double sum[TILE] = {0};
        for (ptrdiff_t i = 0; i < count; i++) {
            const tenka_real *row = rows + i * width + first;
            for (int t = 0; t < here; t++)
                sum[t] += (double)factor[i * next] * row[t];
        }
        for (int t = 0; t < here; t++)
            out[first + t] = (tenka_real)sum[t];
    }
}

void TENKA_CPU(linear_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *weight = a->in[1], *bias = a->in[2];
    tenka_real *y = a->out[0];
#pragma omp parallel for if ((int64_t)p->m * p->n * p->k > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < p->m; i++)
        for (ptrdiff_t j = 0; j < p->n; j++)
            y[i * p->n + j] = (tenka_real)(dot(x + i * p->k, weight + j * p->k, p->k) + (bias ? bias[j] : 0));
    TENKA_CPU(activate)((enum tenka_act)p->act, y, a->n);
}

void TENKA_CPU(linear_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *weight = a->in[1], *dy = a->in[2];
    tenka_real *dx = a->out[0];
#pragma omp parallel for if ((int64_t)p->m * p->n * p->k > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < p->m; i++)
        combine(dx + i * p->k, dy + i * p->n, 1, weight, p->n, p->k);
    TENKA_CPU(activate_back)((enum tenka_act)p->before, a->in[0], dx, a->n);
}

void TENKA_CPU(linear_dw)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *dy = a->in[1];
    tenka_real *dw = a->out[0], *db = a->out[1];
#pragma omp parallel for if ((int64_t)p->m * p->n * p->k > TENKA_CPU_SMALL)
    for (ptrdiff_t j = 0; j < p->n; j++) {
        combine(dw + j * p->k, dy + j, p->n, x, p->m, p->k);
        double sum = 0;
        for (ptrdiff_t i = 0; db && i < p->m; i++)
            sum += dy[i * p->n + j];
        if (db)
            db[j] = (tenka_real)sum;
    }
}
