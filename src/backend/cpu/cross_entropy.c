/* The negative log-likelihood of log_softmax(x) along the rows of x [n, c], reduced as nll_loss does.
 *   fwd  x, target -> y, logp = log_softmax(x)
 *   dx   target, logp, dy -> dx = (exp(logp) - 1 at the target) dy, / n for the mean; 0 where the target is no class */
#include "backend/cpu/index.h"

typedef struct tenka_p_nll params;

void TENKA_CPU(cross_entropy_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const struct tenka_p_axis axis = {.outer = p->n, .len = p->c, .inner = 1, .dim = 1};
    struct TENKA_CPU(args) log_softmax = *a, nll = *a;
    log_softmax.params = (const int32_t *)&axis;
    log_softmax.n = (size_t)p->n * (size_t)p->c;
    log_softmax.out[0] = a->out[1];
    nll.in[0] = a->out[1];
    TENKA_CPU(log_softmax_fwd)(&log_softmax);
    TENKA_CPU(nll_loss_fwd)(&nll);
}

void TENKA_CPU(cross_entropy_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const int32_t *target = a->in[0];
    const tenka_real *logp = a->in[1], *dy = a->in[2];
    tenka_real *dx = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < p->n; i++) {
        const bool counts = target[i] >= 0 && target[i] < p->c;
        const tenka_real all = p->reduction == TENKA_REDUCTION_NONE ? dy[i] : dy[0];
        const tenka_real d = p->reduction == TENKA_REDUCTION_MEAN ? all / (tenka_real)p->n : all;
        for (int32_t j = 0; j < p->c; j++) {
            const tenka_real y = exp(logp[i * p->c + j]);
            dx[i * p->c + j] = counts ? (y - (j == target[i])) * d : y * 0;
        }
    }
}
