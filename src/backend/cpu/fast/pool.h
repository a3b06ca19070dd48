/* Shared by the kernels that pool. */
#ifndef TENKA_FAST_POOL_H
#define TENKA_FAST_POOL_H

#include "backend/cpu/fast/kernels.h"

/* value at the place `where` becomes the winner if it is above *best, or NaN: the first maximum wins, NaN over all. */
ALWAYS_INLINE void challenge(vec *best, ivec *winner, vec value, ivec where)
{
    const ivec wins = (value > *best) | (value != value);
    *best = select(wins, value, *best);
    *winner = (where & wins) | (*winner & ~wins);
}

/* A tap of the LANES windows that begin at p, `step` apart. */
ALWAYS_INLINE vec load_tap(const float *p, ptrdiff_t step, ptrdiff_t tap)
{
    if (step == 1)
        return load(p + tap);
    if (step == 2 && tap % 2 == 0)
        return even_lanes(load(p + tap), load(p + tap + LANES));
    if (step == 2)
        return odd_lanes(load(p + tap - 1), load(p + tap - 1 + LANES));
    vec v;
    for (int i = 0; i < LANES; i++)
        v[i] = p[i * step + tap];
    return v;
}

#endif
