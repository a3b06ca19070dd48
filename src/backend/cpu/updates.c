/* The updates of optimizers: the formulas of shaders/common/updates.h in loops. Scalars: the gradient's sign, the decay
 * that is added to the gradient, the factor of the parameter, then the row's numbers.
 *   fwd  w, g, states -> w, states; any of the results may lie where an input does */
#include "backend/cpu/elementwise.h"
#include "backend/cpu/index.h"

struct TENKA_CPU(updated) {
    tenka_real w, a, b, c;
};

#define UPDATE(name)                                                                                                   \
    static inline struct TENKA_CPU(updated) name##_update(REAL w, REAL g, UNUSED REAL a, UNUSED REAL b, UNUSED REAL c, \
                                                          const REAL *number, UNUSED int32_t states,                   \
                                                          UNUSED int32_t how)
#define NUMBER(i) number[i]
#define STATES states
#define HOW how
#define RESULT(...)                    \
    return (struct TENKA_CPU(updated)) \
    {                                  \
        __VA_ARGS__                    \
    }

#include "shaders/common/updates.h"

#define PRAGMA(text) _Pragma(#text)

/* a, b, c: the states' elements; keep: stores the new ones. How many there are is a constant, so that the compiler drops
 * what only others need. */
#define LOOP(name, states, a, b, c, keep)                                                                     \
    PRAGMA(omp parallel for simd if (parallel : n > TENKA_CPU_SMALL))                                         \
    for (size_t i = 0; i < n; i++) {                                                                          \
        const tenka_real grad = directed_gradient(w[i], g[i], sign, decay);                                   \
        const struct TENKA_CPU(updated) u = name##_update(w[i] * factor, grad, a, b, c, number, states, how); \
        w_out[i] = u.w;                                                                                       \
        keep;                                                                                                 \
    }

/* The numbers are copied, so that the compiler knows that no store changes them. */
#define UPDATE_FWD(name, letters)                                                                                  \
    void TENKA_CPU(name##_fwd)(const struct TENKA_CPU(args) *args)                                                 \
    {                                                                                                              \
        const struct tenka_p_update *p = (const void *)args->params;                                               \
        const tenka_real *w = args->in[0], *g = args->in[1], *a = args->in[2], *b = args->in[3], *c = args->in[4]; \
        tenka_real *w_out = args->out[0], *a_out = args->out[1], *b_out = args->out[2], *c_out = args->out[3];     \
        const tenka_real sign = args->scalar[0], decay = args->scalar[1], factor = args->scalar[2];                \
        const int32_t how = p->how;                                                                                \
        const size_t n = args->n;                                                                                  \
        tenka_real number[sizeof(letters) - 1];                                                                    \
        memcpy(number, args->scalar + 3, sizeof(number));                                                          \
        if (p->states == 0)                                                                                        \
            LOOP(name, 0, 0, 0, 0, (void)0)                                                                        \
        else if (p->states == 1)                                                                                   \
            LOOP(name, 1, a[i], 0, 0, a_out[i] = u.a)                                                              \
        else if (p->states == 2)                                                                                   \
            LOOP(name, 2, a[i], b[i], 0, (a_out[i] = u.a, b_out[i] = u.b))                                         \
        else                                                                                                       \
            LOOP(name, 3, a[i], b[i], c[i], (a_out[i] = u.a, b_out[i] = u.b, c_out[i] = u.c))                      \
    }

#define TENKA_UPDATE(name, states, letters, ...) UPDATE_FWD(name, letters)
#include "shaders/common/updates.def"
