/* Elementwise operators: the formulas of shaders/common/elementwise.h on vectors. See backend/cpu/elementwise.c. */
#include "backend/cpu/fast/elementwise.h"
#include "backend/cpu/fast/kernels.h"
#include "backend/cpu/index.h"

/* Elements that one thread takes at a time. */
enum { SPAN = 4096 };

#define PRAGMA(text) _Pragma(#text)

/* ---- One input ---- */

/* Runs body on vectors of n elements, the last ones by lanes: v and d are loaded before the store, for the output may be
 * an input. */
#define FOR_SPANS(y, v_at, d_at, n, result)                                                     \
    PRAGMA(omp parallel for if ((n) > 4 * SPAN))                                                \
    for (size_t from = 0; from < (n); from += SPAN) {                                           \
        const size_t end = (n)-from < SPAN ? (n) : from + SPAN;                                 \
        size_t i = from;                                                                        \
        for (; i + LANES <= end; i += LANES) {                                                  \
            const vec v = load((v_at) + i), d = load((d_at) + i);                               \
            (void)d;                                                                            \
            store((y) + i, result);                                                             \
        }                                                                                       \
        if (i < end) {                                                                          \
            const int rest = (int)(end - i);                                                    \
            const vec v = load_lanes((v_at) + i, 0, rest), d = load_lanes((d_at) + i, 0, rest); \
            (void)d;                                                                            \
            store_lanes((y) + i, result, 0, rest);                                              \
        }                                                                                       \
    }

#define NUMBERS(count)                 \
    const float *s = f->call->scalars; \
    const vec first = splat((count) > 0 ? s[0] : 0), second = splat((count) > 1 ? s[1] : 0)

#define UNARY_FWD(name, count)                                   \
    bool TENKA_FAST(name##_fwd)(const struct tenka_fast_call *f) \
    {                                                            \
        const float *x = f->call->in[0];                         \
        float *y = f->call->out[0];                              \
        const size_t n = f->n;                                   \
        NUMBERS(count);                                          \
        FOR_SPANS(y, x, x, n, name##_value(v, first, second))    \
        return true;                                             \
    }
#define UNARY_DX(name, count, dy_at)                               \
    bool TENKA_FAST(name##_dx)(const struct tenka_fast_call *f)    \
    {                                                              \
        const float *x = f->call->in[0], *dy = f->call->in[dy_at]; \
        float *dx = f->call->out[0];                               \
        const size_t n = f->n;                                     \
        NUMBERS(count);                                            \
        FOR_SPANS(dx, x, dy, n, name##_back(v, d, first, second))  \
        return true;                                               \
    }
#define DX_OF_X(name, count) UNARY_DX(name, count, 1)
#define DX_OF_Y(name, count) UNARY_DX(name, count, 1)
#define DX_OF_NEITHER(name, count) UNARY_DX(name, count, 0)
#define DX_CONSTANT(name, count)

#define TENKA_UNARY(name, back, count, ...) UNARY_FWD(name, count) DX_##back(name, count)
#define TENKA_ACTIVATION(name, back, count, ...) UNARY_FWD(name, count) DX_##back(name, count)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"

/* ---- Two inputs ---- */

/* One or LANES elements: step 0 repeats the first. */
ALWAYS_INLINE vec load_step(const float *p, ptrdiff_t step, int rest)
{
    return step == 0 ? splat(*p) : rest == LANES ? load(p) : load_lanes(p, 0, rest);
}

/* Elements from .. end-1 of a row. */
#define BINARY_ROW(name)                                                                                               \
    ALWAYS_INLINE void name##_row(float *y, const float *a, ptrdiff_t step_a, const float *b, ptrdiff_t step_b,        \
                                  ptrdiff_t from, ptrdiff_t end)                                                       \
    {                                                                                                                  \
        ptrdiff_t i = from;                                                                                            \
        for (; i + LANES <= end; i += LANES)                                                                           \
            store(y + i,                                                                                               \
                  name##_value(load_step(a + i * step_a, step_a, LANES), load_step(b + i * step_b, step_b, LANES)));   \
        const int rest = (int)(end - i);                                                                               \
        if (rest > 0)                                                                                                  \
            store_lanes(                                                                                               \
                y + i, name##_value(load_step(a + i * step_a, step_a, rest), load_step(b + i * step_b, step_b, rest)), \
                0, rest);                                                                                              \
    }
#define BINARY_FWD(name)                                                                                     \
    BINARY_ROW(name)                                                                                         \
    bool TENKA_FAST(name##_fwd)(const struct tenka_fast_call *f)                                             \
    {                                                                                                        \
        const struct tenka_p_broadcast *p = (const void *)f->call->params;                                   \
        struct TENKA_CPU(grid) g;                                                                            \
        TENKA_CPU(grid_init)(&g, p->dim, p->sa, p->sb);                                                      \
        const ptrdiff_t n = g.dim[5], step_a = g.stride[0][5], step_b = g.stride[1][5];                      \
        const ptrdiff_t spans = (n + SPAN - 1) / SPAN;                                                       \
        if (step_a > 1 || step_b > 1)                                                                        \
            return false;                                                                                    \
        PRAGMA(omp parallel for if (f->n > 4 * SPAN))                                                        \
        for (ptrdiff_t t = 0; t < g.rows * spans; t++) {                                                     \
            const ptrdiff_t r = t / spans, from = t % spans * SPAN, end = n - from < SPAN ? n : from + SPAN; \
            float *y = (float *)f->call->out[0] + r * n;                                                     \
            const float *a = (const float *)f->call->in[0] + TENKA_CPU(grid_row)(&g, 0, r);                  \
            const float *b = (const float *)f->call->in[1] + TENKA_CPU(grid_row)(&g, 1, r);                  \
            if (step_a == 1 && step_b == 1)                                                                  \
                name##_row(y, a, 1, b, 1, from, end);                                                        \
            else                                                                                             \
                name##_row(y, a, step_a, b, step_b, from, end);                                              \
        }                                                                                                    \
        return true;                                                                                         \
    }

#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(...)
#define TENKA_BINARY(name, ...) BINARY_FWD(name)
#include "shaders/common/elementwise.def"
