/* Elementwise operators of one input: the formulas of shaders/common/elementwise.h on vectors. See
 * backend/cpu/elementwise.c. */
#include "backend/cpu/fast/elementary.h"
#include "backend/cpu/fast/kernels.h"

#define FN ALWAYS_INLINE vec
#define REAL vec
#define R(c) splat((float)(c))
#define LESS(a, b) ((a) < (b))
#define MORE(a, b) ((a) > (b))
#define AT_MOST(a, b) ((a) <= (b))
#define AT_LEAST(a, b) ((a) >= (b))
#define EQUAL(a, b) ((a) == (b))
#define SELECT(c, a, b) select(c, a, b)
#define SQRT(x) square_root(x)
#define TANH(x) hyperbolic_tangent(x)

#define UNUSED __attribute__((unused))
#define VALUE(name) FN UNUSED name##_value(vec x, UNUSED vec no_first, UNUSED vec no_second)
#define VALUE_1(name, first) FN UNUSED name##_value(vec x, vec first, UNUSED vec no_second)
#define VALUE_2(name, first, second) FN UNUSED name##_value(vec x, vec first, vec second)
#define BACK(name) FN UNUSED name##_back(UNUSED vec v, vec dy, UNUSED vec no_first, UNUSED vec no_second)
#define BACK_1(name, first) FN UNUSED name##_back(UNUSED vec v, vec dy, vec first, UNUSED vec no_second)
#define BACK_2(name, first, second) FN UNUSED name##_back(UNUSED vec v, vec dy, vec first, vec second)
#define VALUE_OF_TWO(name) FN UNUSED name##_value(vec a, vec b)

#include "shaders/common/elementwise.h"

/* Elements that one thread takes at a time. */
enum { SPAN = 4096 };

#define PRAGMA(text) _Pragma(#text)

/* Runs body on vectors of n elements, the last ones by lanes: v and d are loaded before the store, for the output may be
 * an input. */
#define FOR_SPANS(y, v_at, d_at, n, result)                                                                  \
    PRAGMA(omp parallel for if ((n) > 4 * SPAN))                                                             \
    for (size_t from = 0; from < (n); from += SPAN) {                                                        \
        const size_t end = (n) - from < SPAN ? (n) : from + SPAN;                                            \
        size_t i = from;                                                                                     \
        for (; i + LANES <= end; i += LANES) {                                                               \
            const vec v = load((v_at) + i), d = load((d_at) + i);                                            \
            (void)d;                                                                                         \
            store((y) + i, result);                                                                          \
        }                                                                                                    \
        if (i < end) {                                                                                       \
            const int rest = (int)(end - i);                                                                 \
            const vec v = load_lanes((v_at) + i, 0, rest), d = load_lanes((d_at) + i, 0, rest);              \
            (void)d;                                                                                         \
            store_lanes((y) + i, result, 0, rest);                                                           \
        }                                                                                                    \
    }

#define NUMBERS(count)                                                                                       \
    const float *s = f->call->scalars;                                                                       \
    const vec first = splat((count) > 0 ? s[0] : 0), second = splat((count) > 1 ? s[1] : 0)

#define UNARY_FWD(name, count)                                                                               \
    bool TENKA_FAST(name##_fwd)(const struct tenka_fast_call *f)                                             \
    {                                                                                                        \
        const float *x = f->call->in[0];                                                                     \
        float *y = f->call->out[0];                                                                          \
        const size_t n = f->n;                                                                               \
        NUMBERS(count);                                                                                      \
        FOR_SPANS(y, x, x, n, name##_value(v, first, second))                                                \
        return true;                                                                                         \
    }
#define UNARY_DX(name, count, dy_at)                                                                         \
    bool TENKA_FAST(name##_dx)(const struct tenka_fast_call *f)                                              \
    {                                                                                                        \
        const float *x = f->call->in[0], *dy = f->call->in[dy_at];                                           \
        float *dx = f->call->out[0];                                                                         \
        const size_t n = f->n;                                                                               \
        NUMBERS(count);                                                                                      \
        FOR_SPANS(dx, x, dy, n, name##_back(v, d, first, second))                                            \
        return true;                                                                                         \
    }
#define DX_OF_X(name, count) UNARY_DX(name, count, 1)
#define DX_OF_Y(name, count) UNARY_DX(name, count, 1)
#define DX_OF_NEITHER(name, count) UNARY_DX(name, count, 0)
#define DX_CONSTANT(name, count)

#define TENKA_UNARY(name, back, count, ...) UNARY_FWD(name, count) DX_##back(name, count)
#define TENKA_ACTIVATION(name, back, count, ...) UNARY_FWD(name, count) DX_##back(name, count)
#define TENKA_BINARY(name, grad)
#include "shaders/common/elementwise.def"
