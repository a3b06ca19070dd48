/* The updates of optimizers: the formulas of shaders/common/updates.h on vectors. Compiled without fused multiply-adds, as
 * the plain loops are, whose bits these are; see backend/cpu/updates.c. */
#include "backend/cpu/fast/elementwise.h"
#include "backend/cpu/fast/kernels.h"

enum { SPAN = 4096, MOST_STATES = 3, MOST_NUMBERS = 16 };

struct updated {
    vec w, states[MOST_STATES];
};

#define UPDATE(name)                                                                                   \
    ALWAYS_INLINE struct updated name##_update(vec w, vec g, UNUSED vec a, UNUSED vec b, UNUSED vec c, \
                                               const vec *number, UNUSED int32_t states, UNUSED int32_t how)
#define NUMBER(i) number[i]
#define STATES states
#define HOW how
#define RESULT(w, ...)      \
    return (struct updated) \
    {                       \
        w,                  \
        {                   \
            __VA_ARGS__     \
        }                   \
    }

#include "shaders/common/updates.h"

/* LANES elements, or the `rest` of fewer. */
ALWAYS_INLINE vec load_rest(const float *p, int rest)
{
    return rest == LANES ? load(p) : load_lanes(p, 0, rest);
}

ALWAYS_INLINE void store_rest(float *p, vec v, int rest)
{
    if (rest == LANES)
        store(p, v);
    else
        store_lanes(p, v, 0, rest);
}

/* What is the same for all elements of a call. */
struct update {
    const float *w, *g, *in[MOST_STATES];
    float *w_out, *out[MOST_STATES];
    vec sign, decay, factor, number[MOST_NUMBERS];
    int32_t how;
};

typedef struct updated formula(vec w, vec g, vec a, vec b, vec c, const vec *number, int32_t states, int32_t how);

ALWAYS_INLINE void update_at(const struct update *u, formula *run, int states, size_t i, int rest)
{
    const vec none = {0}, w = load_rest(u->w + i, rest);
    const vec g = directed_gradient(w, load_rest(u->g + i, rest), u->sign, u->decay);
    vec state[MOST_STATES];
    UNROLL
    for (int k = 0; k < MOST_STATES; k++)
        state[k] = k < states ? load_rest(u->in[k] + i, rest) : none;
    const struct updated new = run(w * u->factor, g, state[0], state[1], state[2], u->number, states, u->how);
    store_rest(u->w_out + i, new.w, rest);
    UNROLL
    for (int k = 0; k < states; k++)
        store_rest(u->out[k] + i, new.states[k], rest);
}

ALWAYS_INLINE void update_span(const struct update *shared, formula *run, int states, size_t from, size_t end)
{
    const struct update u = *shared; /* which no store changes */
    size_t i = from;
    for (; i + LANES <= end; i += LANES)
        update_at(&u, run, states, i, LANES);
    if (i < end)
        update_at(&u, run, states, i, (int)(end - i));
}

static struct update update_of(const struct tenka_fast_call *f, int numbers)
{
    const struct tenka_cpu_call *call = f->call;
    const struct tenka_p_update *p = (const void *)call->params;
    const float *scalar = call->scalars;
    struct update u = {.w = call->in[0], .g = call->in[1], .w_out = call->out[0], .how = p->how};
    for (int k = 0; k < MOST_STATES; k++) {
        u.in[k] = call->in[2 + k];
        u.out[k] = call->out[1 + k];
    }
    u.sign = splat(scalar[0]);
    u.decay = splat(scalar[1]);
    u.factor = splat(scalar[2]);
    for (int k = 0; k < numbers; k++)
        u.number[k] = splat(scalar[3 + k]);
    return u;
}

#define PRAGMA(text) _Pragma(#text)
#define FOR_SPANS(name, count, n)                   \
    PRAGMA(omp parallel for if ((n) > 4 * SPAN))    \
    for (size_t from = 0; from < (n); from += SPAN) \
    update_span(&u, name##_update, count, from, (n)-from < SPAN ? (n) : from + SPAN)

/* How many states there are is a constant, so that the compiler drops what only others need. */
#define TENKA_UPDATE(name, most, letters, ...)                          \
    bool TENKA_FAST(name##_fwd)(const struct tenka_fast_call *f)        \
    {                                                                   \
        const struct tenka_p_update *p = (const void *)f->call->params; \
        const struct update u = update_of(f, (int)sizeof(letters) - 1); \
        if (p->states == 0)                                             \
            FOR_SPANS(name, 0, f->n);                                   \
        else if (p->states == 1)                                        \
            FOR_SPANS(name, 1, f->n);                                   \
        else if (p->states == 2)                                        \
            FOR_SPANS(name, 2, f->n);                                   \
        else                                                            \
            FOR_SPANS(name, 3, f->n);                                   \
        return true;                                                    \
    }
#include "shaders/common/updates.def"
