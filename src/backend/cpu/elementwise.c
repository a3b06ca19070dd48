/* Elementwise operators: the formulas of shaders/common/elementwise.h in loops.
 *   unary   fwd  x -> y
 *           dx   x or y (where the row says so), dy -> dx
 *   binary  fwd  a, b -> y, with broadcasting */
#include "backend/cpu/elementwise.h"
#include "backend/cpu/index.h"

#define PRAGMA(text) _Pragma(#text)

/* ---- One input ---- */

#define UNARY_FWD(name, count)                                                \
    void TENKA_CPU(name##_fwd)(const struct TENKA_CPU(args) *a)               \
    {                                                                         \
        const tenka_real *x = a->in[0], first = count > 0 ? a->scalar[0] : 0; \
        const tenka_real second = count > 1 ? a->scalar[1] : 0;               \
        tenka_real *y = a->out[0];                                            \
        const size_t n = a->n;                                                \
        PRAGMA(omp parallel for simd if (parallel : n > TENKA_CPU_SMALL))     \
        for (size_t i = 0; i < n; i++)                                        \
            y[i] = name##_value(x[i], first, second);                         \
    }

/* v and dy are read in any case, so that the loop vectorises; NONE: there is no v, and dy stands in for it. */
#define UNARY_DX(name, count, dy_at)                                                              \
    void TENKA_CPU(name##_dx)(const struct TENKA_CPU(args) *a)                                    \
    {                                                                                             \
        const tenka_real *v = a->in[0], *dy = a->in[dy_at], first = count > 0 ? a->scalar[0] : 0; \
        const tenka_real second = count > 1 ? a->scalar[1] : 0;                                   \
        tenka_real *dx = a->out[0];                                                               \
        const size_t n = a->n;                                                                    \
        PRAGMA(omp parallel for simd if (parallel : n > TENKA_CPU_SMALL))                         \
        for (size_t i = 0; i < n; i++)                                                            \
            dx[i] = name##_back(v[i], dy[i], first, second);                                      \
    }

#define DX_OF_X(name, count) UNARY_DX(name, count, 1)
#define DX_OF_Y(name, count) UNARY_DX(name, count, 1)
#define DX_OF_NEITHER(name, count) UNARY_DX(name, count, 0)
#define DX_CONSTANT(name, count)

#define TENKA_UNARY(name, back, count, ...) UNARY_FWD(name, count) DX_##back(name, count)
#define TENKA_ACTIVATION(name, back, count, ...) UNARY_FWD(name, count) DX_##back(name, count)
#define TENKA_BINARY(name, ...)
#include "shaders/common/elementwise.def"

/* ---- Two inputs ---- */

/* The common steps are named so that each becomes its own vectorised loop. */
#define BINARY_FWD(name)                                                                                     \
    static inline void name##_row(tenka_real *y, const tenka_real *a, ptrdiff_t step_a, const tenka_real *b, \
                                  ptrdiff_t step_b, ptrdiff_t n)                                             \
    {                                                                                                        \
        PRAGMA(omp simd)                                                                                     \
        for (ptrdiff_t i = 0; i < n; i++)                                                                    \
            y[i] = name##_value(a[i * step_a], b[i * step_b]);                                               \
    }                                                                                                        \
    void TENKA_CPU(name##_fwd)(const struct TENKA_CPU(args) *args)                                           \
    {                                                                                                        \
        const struct tenka_p_broadcast *p = (const void *)args->params;                                      \
        struct TENKA_CPU(grid) g;                                                                            \
        TENKA_CPU(grid_init)(&g, p->dim, p->sa, p->sb);                                                      \
        const ptrdiff_t n = g.dim[5], step_a = g.stride[0][5], step_b = g.stride[1][5];                      \
        PRAGMA(omp parallel for if (args->n > TENKA_CPU_SMALL))                                              \
        for (ptrdiff_t r = 0; r < g.rows; r++) {                                                             \
            tenka_real *y = (tenka_real *)args->out[0] + r * n;                                              \
            const tenka_real *a = (const tenka_real *)args->in[0] + TENKA_CPU(grid_row)(&g, 0, r);           \
            const tenka_real *b = (const tenka_real *)args->in[1] + TENKA_CPU(grid_row)(&g, 1, r);           \
            if (step_a == 1 && step_b == 1)                                                                  \
                name##_row(y, a, 1, b, 1, n);                                                                \
            else if (step_a == 1 && step_b == 0)                                                             \
                name##_row(y, a, 1, b, 0, n);                                                                \
            else if (step_a == 0 && step_b == 1)                                                             \
                name##_row(y, a, 0, b, 1, n);                                                                \
            else                                                                                             \
                name##_row(y, a, step_a, b, step_b, n);                                                      \
        }                                                                                                    \
    }

#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(...)
#define TENKA_BINARY(name, ...) BINARY_FWD(name)
#include "shaders/common/elementwise.def"

/* ---- Activations of other kernels ---- */

#define ACT_0(name)                                                       \
    case TENKA_ACT_##name:                                                \
        PRAGMA(omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)) \
        for (size_t i = 0; i < n; i++)                                    \
            y[i] = name##_value(y[i], 0, 0);                              \
        break;
#define ACT_1(name)
#define ACT_2(name)
void TENKA_CPU(activate)(enum tenka_act act, tenka_real *y, size_t n)
{
    switch (act) {
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, back, count, ...) ACT_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    default: break;
    }
}

#define BACK_OF_Y_0(name)                                                 \
    case TENKA_ACT_##name:                                                \
        PRAGMA(omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)) \
        for (size_t i = 0; i < n; i++)                                    \
            d[i] = name##_back(y[i], d[i], 0, 0);                         \
        break;
#define BACK_OF_X_0(name)
#define BACK_OF_X_1(name)
#define BACK_OF_X_2(name)
void TENKA_CPU(activate_back)(enum tenka_act act, const tenka_real *y, tenka_real *d, size_t n)
{
    switch (act) {
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, back, count, ...) BACK_##back##_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    default: break;
    }
}
