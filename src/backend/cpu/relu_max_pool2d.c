/* y = max_pool2d(max(x, 0)). An element of x is above 0 where the maxima that it is are: the gradient needs y alone.
 *   fwd  x -> y, index as max_pool2d's
 *   dx   y, index, dy -> dx: each dy goes to its winner, unless y <= 0 */
#include "backend/cpu/kernel.h"
#include "backend/cpu/windows.h"

/* The winner of max(x, 0): the first place where that is largest, which need not be the first largest x. */
static void window(const struct tenka_p_pool2d *p, const tenka_real *x, int32_t i, int32_t j, tenka_real *y,
                   int32_t *index)
{
    const struct tenka_places rows = tenka_max_rows(p, i), columns = tenka_max_columns(p, j);
    *y = -(tenka_real)INFINITY;
    *index = -1;
    for (ptrdiff_t row = rows.from; row < rows.end; row += p->dh) {
        for (ptrdiff_t column = columns.from; column < columns.end && row >= 0 && row < p->h; column += p->dw) {
            if (column < 0 || column >= p->w)
                continue;
            const tenka_real v = x[row * p->w + column], value = v < 0 ? 0 : v;
            if (*index < 0 || value > *y || isnan(value)) {
                *y = value;
                *index = (int32_t)(row * p->w + column);
            }
        }
    }
}

void TENKA_CPU(relu_max_pool2d_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_pool2d *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    int32_t *index = a->out[1];
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++)
        for (int32_t i = 0; i < p->oh; i++)
            for (int32_t j = 0; j < p->ow; j++) {
                const ptrdiff_t at = ((ptrdiff_t)c * p->oh + i) * p->ow + j;
                window(p, x + (ptrdiff_t)c * p->h * p->w, i, j, &y[at], &index[at]);
            }
}

void TENKA_CPU(relu_max_pool2d_dx)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_pool2d *p = (const void *)a->params;
    const tenka_real *y = a->in[0], *dy = a->in[2];
    const int32_t *index = a->in[1];
    tenka_real *dx = a->out[0];
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++) {
        memset(dx + c * in, 0, (size_t)in * sizeof(*dx));
        for (ptrdiff_t i = c * out; i < (c + 1) * out; i++)
            if (index[i] >= 0 && !(y[i] <= 0))
                dx[c * in + index[i]] += dy[i];
    }
}
