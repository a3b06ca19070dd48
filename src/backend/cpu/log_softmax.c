/* y = x - log(sum(exp(x))) along the middle axis of x [outer, len, inner].
 *   fwd  x -> y
 *   dx   y, dy -> dx = dy - exp(y) sum(dy) */
#include "backend/cpu/index.h"

typedef struct tenka_p_axis params;

/* Elements of one line lie `inner` apart. */
static void line_fwd(const params *p, const tenka_real *x, tenka_real *y)
{
    const ptrdiff_t step = p->inner, end = p->len * step;
    tenka_real largest = x[0];
    double sum = 0;
    for (ptrdiff_t i = step; i < end; i += step)
        largest = x[i] > largest ? x[i] : largest;
    /* exp() only ever sees a value <= 0, so it cannot overflow */
    for (ptrdiff_t i = 0; i < end; i += step)
        sum += exp(x[i] - largest);
    for (ptrdiff_t i = 0; i < end; i += step)
        y[i] = (tenka_real)(x[i] - largest - log(sum));
}

static void line_dx(const params *p, const tenka_real *y, const tenka_real *dy, tenka_real *dx)
{
    const ptrdiff_t step = p->inner, end = p->len * step;
    double sum = 0;
    for (ptrdiff_t i = 0; i < end; i += step)
        sum += dy[i];
    for (ptrdiff_t i = 0; i < end; i += step)
        dx[i] = (tenka_real)(dy[i] - exp(y[i]) * sum);
}

void TENKA_CPU(log_softmax_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    const ptrdiff_t lines = (ptrdiff_t)p->outer * p->inner, block = (ptrdiff_t)p->len * p->inner;
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < lines; i++) {
        const ptrdiff_t at = i / p->inner * block + i % p->inner;
        line_fwd(p, x + at, y + at);
    }
}

void TENKA_CPU(log_softmax_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *y = a->in[0], *dy = a->in[1];
    tenka_real *dx = a->out[0];
    const ptrdiff_t lines = (ptrdiff_t)p->outer * p->inner, block = (ptrdiff_t)p->len * p->inner;
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < lines; i++) {
        const ptrdiff_t at = i / p->inner * block + i % p->inner;
        line_dx(p, y + at, dy + at, dx + at);
    }
}
