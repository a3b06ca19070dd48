/* Elementwise operators one after the other, on a block of elements at a time; see struct tenka_p_chain.
 *   fwd  in0, in1, in2, in3 (all but the first optional) -> y */
#include "backend/cpu/index.h"

enum { BLOCK = 512 };

static void step(tenka_real *v, enum tenka_chain_op op, const tenka_real *x, tenka_real factor, size_t n)
{
    for (size_t i = 0; op == TENKA_CHAIN_RELU && i < n; i++)
        v[i] = v[i] <= 0 ? 0 : v[i];
    for (size_t i = 0; op == TENKA_CHAIN_TANH && i < n; i++)
        v[i] = tanh(v[i]);
    for (size_t i = 0; op == TENKA_CHAIN_SCALE && i < n; i++)
        v[i] *= factor;
    for (size_t i = 0; op == TENKA_CHAIN_ADD && i < n; i++)
        v[i] += x[i];
    for (size_t i = 0; op == TENKA_CHAIN_SUB && i < n; i++)
        v[i] -= x[i];
    for (size_t i = 0; op == TENKA_CHAIN_SUB_FROM && i < n; i++)
        v[i] = x[i] - v[i];
    for (size_t i = 0; op == TENKA_CHAIN_MUL && i < n; i++)
        v[i] *= x[i];
    for (size_t i = 0; op == TENKA_CHAIN_RELU_BACK && i < n; i++)
        v[i] = x[i] <= 0 ? 0 : v[i];
}

void TENKA_CPU(chain_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_chain *p = (const void *)a->params;
    tenka_real *y = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (size_t from = 0; from < a->n; from += BLOCK) {
        const size_t n = a->n - from < BLOCK ? a->n - from : BLOCK;
        tenka_real v[BLOCK];
        memcpy(v, (const tenka_real *)a->in[0] + from, n * sizeof *v);
        for (int32_t s = 0; s < p->steps; s++) {
            const tenka_real *x = p->op[s] < TENKA_CHAIN_ADD ? NULL : a->in[p->arg[s]];
            step(v, (enum tenka_chain_op)p->op[s], x ? x + from : NULL, a->scalar[0], n);
        }
        memcpy(y + from, v, n * sizeof *v);
    }
}
