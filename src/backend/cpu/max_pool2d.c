/* y[c, i, j] = largest x[c, i sh - ph + r dh, j sw - pw + s dw] over the window r < kh, s < kw, padding left out; the
 * first maximum wins, NaN wins over all. Adaptive windows: cpu/windows.h.
 *   fwd  x -> y, index (row * w + column of the winner within its plane, int32)
 *   dx   index, dy -> dx: each dy goes to its winner */
#include "backend/cpu/index.h"
#include "backend/cpu/windows.h"

typedef struct tenka_p_pool2d params;

static void window(const params *p, const tenka_real *x, int32_t i, int32_t j, tenka_real *y, int32_t *index)
{
    const struct tenka_places rows = tenka_max_rows(p, i), columns = tenka_max_columns(p, j);
    tenka_real best = -(tenka_real)INFINITY;
    ptrdiff_t at = -1;
    for (ptrdiff_t row = rows.from; row < rows.end; row += p->dh) {
        if (row < 0 || row >= p->h)
            continue;
        for (ptrdiff_t column = columns.from; column < columns.end; column += p->dw) {
            if (column < 0 || column >= p->w)
                continue;
            const tenka_real value = x[row * p->w + column];
            /* at < 0: a window of -inf alone has a winner too */
            if (at < 0 || value > best || isnan(value)) {
                best = value;
                at = row * p->w + column;
            }
        }
    }
    *y = best;
    *index = (int32_t)at;
}

void TENKA_CPU(max_pool2d_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
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

void TENKA_CPU(max_pool2d_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const int32_t *index = a->in[0];
    const tenka_real *dy = a->in[1];
    tenka_real *dx = a->out[0];
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++) {
        memset(dx + c * in, 0, (size_t)in * sizeof(*dx));
        for (ptrdiff_t i = c * out; i < (c + 1) * out; i++)
            if (index[i] >= 0)
                dx[c * in + index[i]] += dy[i];
    }
}
