/* Elementwise operators one after the other, on a block of elements at a time; see struct tenka_p_chain.
 *   fwd  in0, in1, in2, in3 (all but the first optional) -> y */
#include "backend/cpu/elementwise.h"
#include "backend/cpu/index.h"
#include "op/chain.h"

enum { BLOCK = 512 };

/* One step on a block; x: input arg of a step that takes one, else anything. */
static void step(tenka_real *v, int32_t op, const tenka_real *x, const tenka_real *numbers, size_t n)
{
    const tenka_real first = numbers[0], second = numbers[1];
    switch (op) {
#define STEP(code, result)             \
    case code:                         \
        for (size_t i = 0; i < n; i++) \
            v[i] = result;             \
        break;
#define BACK_STEP_OF_X(name) STEP(TENKA_CHAIN_##name##_back, name##_back(x[i], v[i], first, second))
#define BACK_STEP_OF_Y(name) BACK_STEP_OF_X(name)
#define BACK_STEP_OF_NEITHER(name) STEP(TENKA_CHAIN_##name##_back, name##_back(v[i], v[i], first, second))
#define BACK_STEP_CONSTANT(name)
#define TENKA_UNARY(name, back, ...)                            \
    STEP(TENKA_CHAIN_##name, name##_value(v[i], first, second)) \
    BACK_STEP_##back(name)
#define TENKA_ACTIVATION(name, back, ...) TENKA_UNARY(name, back, )
#define TENKA_BINARY(name, ...)                        \
    STEP(TENKA_CHAIN_##name, name##_value(v[i], x[i])) \
    STEP(TENKA_CHAIN_##name##_turned, name##_value(x[i], v[i]))
#include "shaders/common/elementwise.def"
    default: break;
    }
}

void TENKA_CPU(chain_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_chain *p = (const void *)a->params;
    tenka_real *y = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (size_t from = 0; from < a->n; from += BLOCK) {
        const size_t n = a->n - from < BLOCK ? a->n - from : BLOCK;
        tenka_real v[BLOCK];
        memcpy(v, (const tenka_real *)a->in[0] + from, n * sizeof(*v));
        for (int32_t s = 0; s < p->steps; s++) {
            const tenka_real *x = tenka_chain_steps[p->op[s]].takes_input ? a->in[p->arg[s]] : NULL;
            step(v, p->op[s], x ? x + from : v, a->scalar, n);
        }
        memcpy(y + from, v, n * sizeof(*v));
    }
}
