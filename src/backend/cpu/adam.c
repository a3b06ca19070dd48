/* One step of Adam, or of AdamW when decoupled; elementwise. Sources: Kingma and Ba, "Adam" (2015); Loshchilov and
 * Hutter, "Decoupled weight decay regularization" (2019); operations in the order of PyTorch 1.13's single-tensor form.
 *   g += weight_decay p (Adam)    p *= decay_factor (AdamW)
 *   m = beta1 m + (1 - beta1) g    v = beta2 v + (1 - beta2) g g
 *   p -= step_size m / (sqrt(v) / sqrt(bias_correction2) + eps)
 * Scalars: step_size = lr / bias_correction1, beta1, 1 - beta1, beta2, 1 - beta2, eps, sqrt(bias_correction2),
 * weight_decay, decay_factor = 1 - lr weight_decay.
 *   fwd  p, g, m, v -> p, m, v */
#include "backend/cpu/index.h"

void TENKA_CPU(adam_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_adam *params = (const void *)a->params;
    const tenka_real *p = a->in[0], *g = a->in[1], *m = a->in[2], *v = a->in[3], *s = a->scalar;
    tenka_real *new_p = a->out[0], *new_m = a->out[1], *new_v = a->out[2];
    const tenka_real step_size = s[0], beta1 = s[1], rest1 = s[2], beta2 = s[3], rest2 = s[4], eps = s[5], root = s[6];
    const tenka_real decay = params->decoupled ? 0 : s[7], factor = params->decoupled ? s[8] : 1;
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++) {
        /* decay 0 is a case of its own: 0 * p is NaN where p has overflowed */
        const tenka_real grad = decay != 0 ? g[i] + decay * p[i] : g[i];
        const tenka_real mi = m[i] * beta1 + rest1 * grad, vi = v[i] * beta2 + rest2 * grad * grad;
        /* before anything is stored: any of the results may lie where p does */
        const tenka_real pi = p[i] * factor - step_size * mi / (sqrt(vi) / root + eps);
        new_p[i] = pi;
        new_m[i] = mi;
        new_v[i] = vi;
    }
}
