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

#endif
