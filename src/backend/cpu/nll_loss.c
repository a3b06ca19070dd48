/* y = -x[i, target[i]], reduced over the n rows of x [n, c] by mean, by sum or not at all. A target outside
 * 0 .. c-1 makes its loss NaN and its gradient 0.
 *   fwd  x, target -> y
 *   dx   target, dy -> dx = -dy / n (mean) or -dy at the targets, 0 elsewhere */
#include "backend/cpu/index.h"

typedef struct tenka_p_nll params;

static inline bool in_range(const params *p, int32_t target)
{
    return target >= 0 && target < p->c;
}

void TENKA_CPU(nll_loss_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    const int32_t *target = a->in[1];
    tenka_real *y = a->out[0];
    double sum = 0;
    for (int32_t i = 0; i < p->n; i++) {
        const tenka_real loss = in_range(p, target[i]) ? -x[(ptrdiff_t)i * p->c + target[i]] : (tenka_real)NAN;
        if (p->reduction == TENKA_REDUCTION_NONE)
            y[i] = loss;
        sum += loss;
    }
    if (p->reduction != TENKA_REDUCTION_NONE)
        y[0] = (tenka_real)(p->reduction == TENKA_REDUCTION_MEAN ? sum / p->n : sum);
}

void TENKA_CPU(nll_loss_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const int32_t *target = a->in[0];
    const tenka_real *dy = a->in[1];
    tenka_real *dx = a->out[0];
    memset(dx, 0, a->n * sizeof(*dx));
    for (int32_t i = 0; i < p->n; i++) {
        const tenka_real d = p->reduction == TENKA_REDUCTION_NONE ? dy[i] : dy[0];
        if (in_range(p, target[i]))
            dx[(ptrdiff_t)i * p->c + target[i]] = p->reduction == TENKA_REDUCTION_MEAN ? -d / (tenka_real)p->n : -d;
    }
}
