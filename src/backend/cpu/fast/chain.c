/* Chains of elementwise operators on vectors, a block of elements at a time; see backend/cpu/chain.c. */
#include "backend/cpu/fast/elementwise.h"
#include "backend/cpu/fast/kernels.h"
#include "op/chain.h"

/* Elements of a block, and, in blocks, fewer than threads are worth starting for. */
enum { BLOCK = 512, FEW = 32 };

/* One step on a block of whole vectors; x: input arg of a step that takes one, else anything. Noinline: each step is
 * then compiled once. */
static __attribute__((noinline)) void step(float *v, int32_t op, const float *x, const float *numbers)
{
    const vec first = splat(numbers[0]), second = splat(numbers[1]);
    switch (op) {
#define STEP(code, result)                              \
    case code:                                          \
        for (int i = 0; i < BLOCK; i += LANES) {        \
            const vec w = load(v + i), z = load(x + i); \
            (void)z;                                    \
            store(v + i, result);                       \
        }                                               \
        break;
#define BACK_STEP_OF_X(name) STEP(TENKA_CHAIN_##name##_back, name##_back(z, w, first, second))
#define BACK_STEP_OF_Y(name) BACK_STEP_OF_X(name)
#define BACK_STEP_OF_NEITHER(name) STEP(TENKA_CHAIN_##name##_back, name##_back(w, w, first, second))
#define BACK_STEP_CONSTANT(name)
#define TENKA_UNARY(name, back, ...)                         \
    STEP(TENKA_CHAIN_##name, name##_value(w, first, second)) \
    BACK_STEP_##back(name)
#define TENKA_ACTIVATION(name, back, ...) TENKA_UNARY(name, back, )
#define TENKA_BINARY(name, ...)                  \
    STEP(TENKA_CHAIN_##name, name##_value(w, z)) \
    STEP(TENKA_CHAIN_##name##_turned, name##_value(z, w))
#include "shaders/common/elementwise.def"
    default: break;
    }
}

/* Elements from .. of x, in place when the block is whole. */
static const float *block_of(const float *x, size_t from, size_t n, float room[BLOCK])
{
    if (n == BLOCK)
        return x + from;
    memcpy(room, x + from, n * sizeof(*room));
    return room;
}

bool TENKA_FAST(chain_fwd)(const struct tenka_fast_call *f)
{
    const struct tenka_p_chain *p = (const void *)f->call->params;
    float *y = f->call->out[0];
#pragma omp parallel for if (f->n > FEW * BLOCK)
    for (size_t from = 0; from < f->n; from += BLOCK) {
        const size_t n = f->n - from < BLOCK ? f->n - from : BLOCK;
        float v[BLOCK] = {0}, room[BLOCK] = {0};
        memcpy(v, (const float *)f->call->in[0] + from, n * sizeof(*v));
        for (int32_t s = 0; s < p->steps; s++) {
            const float *x = tenka_chain_steps[p->op[s]].takes_input ? f->call->in[p->arg[s]] : NULL;
            step(v, p->op[s], x ? block_of(x, from, n, room) : v, f->call->scalars);
        }
        memcpy(y + from, v, n * sizeof(*v));
    }
    return true;
}
