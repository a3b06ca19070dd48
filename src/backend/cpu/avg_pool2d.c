/* y[c, i, j] = the sum of x[c] over a window (cpu/windows.h), padding taken as 0, divided by p->divisor or by how many of
 * its places count.
 *   fwd  x -> y
 *   dx   dy -> dx: each dy is divided likewise and goes to all of its window */
#include "backend/cpu/kernel.h"
#include "backend/cpu/windows.h"

typedef struct tenka_p_avg_pool2d params;

struct window {
    struct tenka_places rows, columns; /* that are not padding */
    double divisor;
};

static struct window window_of(const params *p, int32_t i, int32_t j)
{
    const struct tenka_places rows = tenka_avg_rows(p, i), columns = tenka_avg_columns(p, j);
    const ptrdiff_t counted = tenka_counted(p, rows, p->h, p->ph) * tenka_counted(p, columns, p->w, p->pw);
    return (struct window){tenka_inside(rows, p->h), tenka_inside(columns, p->w),
                           (double)(p->divisor != 0 ? p->divisor : counted)};
}

static tenka_real mean(const params *p, const tenka_real *x, int32_t i, int32_t j)
{
    const struct window w = window_of(p, i, j);
    double sum = 0;
    for (ptrdiff_t row = w.rows.from; row < w.rows.end; row++)
        for (ptrdiff_t column = w.columns.from; column < w.columns.end; column++)
            sum += x[row * p->w + column];
    return (tenka_real)(sum / w.divisor);
}

static void spread(const params *p, tenka_real dy, int32_t i, int32_t j, tenka_real *dx)
{
    const struct window w = window_of(p, i, j);
    for (ptrdiff_t row = w.rows.from; row < w.rows.end; row++)
        for (ptrdiff_t column = w.columns.from; column < w.columns.end; column++)
            dx[row * p->w + column] += (tenka_real)(dy / w.divisor);
}

void TENKA_CPU(avg_pool2d_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++)
        for (int32_t i = 0; i < p->oh; i++)
            for (int32_t j = 0; j < p->ow; j++)
                y[c * out + (ptrdiff_t)i * p->ow + j] = mean(p, x + c * in, i, j);
}

void TENKA_CPU(avg_pool2d_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *dy = a->in[0];
    tenka_real *dx = a->out[0];
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++) {
        memset(dx + c * in, 0, (size_t)in * sizeof(*dx));
        for (int32_t i = 0; i < p->oh; i++)
            for (int32_t j = 0; j < p->ow; j++)
                spread(p, dy[c * out + (ptrdiff_t)i * p->ow + j], i, j, dx + c * in);
    }
}
