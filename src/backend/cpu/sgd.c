/* One step of stochastic gradient descent, elementwise, as torch.optim.SGD:
 *   g += weight_decay p    b = momentum b + (1 - dampening) g    g = nesterov ? g + momentum b : b    p -= lr g
 * Without momentum there is no b. Scalars: lr, momentum, 1 - dampening, weight_decay.
 *   fwd  p, g, b or NULL -> p, b (with momentum) */
#include "backend/cpu/index.h"

static void plain(const struct TENKA_CPU(args) *a)
{
    const tenka_real *p = a->in[0], *g = a->in[1], lr = a->scalar[0], decay = a->scalar[3];
    tenka_real *new_p = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++) {
        const tenka_real grad = decay != 0 ? g[i] + decay * p[i] : g[i];
        new_p[i] = p[i] - lr * grad;
    }
}

static void with_momentum(const struct TENKA_CPU(args) *a, bool nesterov)
{
    const tenka_real *p = a->in[0], *g = a->in[1], *b = a->in[2];
    const tenka_real lr = a->scalar[0], momentum = a->scalar[1], rest = a->scalar[2], decay = a->scalar[3];
    tenka_real *new_p = a->out[0], *new_b = a->out[1];
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++) {
        const tenka_real grad = decay != 0 ? g[i] + decay * p[i] : g[i];
        const tenka_real bi = momentum * b[i] + rest * grad;
        /* before anything is stored: either result may lie where p does */
        const tenka_real pi = p[i] - lr * (nesterov ? grad + momentum * bi : bi);
        new_p[i] = pi;
        new_b[i] = bi;
    }
}

void TENKA_CPU(sgd_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_sgd *p = (const void *)a->params;
    if (p->momentum)
        with_momentum(a, p->nesterov);
    else
        plain(a);
}
