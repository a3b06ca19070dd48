/* LANES vectors as a square. */
#ifndef TENKA_FAST_TRANSPOSE_H
#define TENKA_FAST_TRANSPOSE_H

#include "backend/cpu/fast/vec.h"

/* Lane l of the rows i and i + s after their s x s blocks beside the diagonal were swapped; s: 1, 2, 4, ... */
#define FIRST(l, s) ((l) & (s) ? LANES + (l) - (s) : (l))
#define SECOND(l, s) ((l) & (s) ? LANES + (l) : (l) + (s))
#define FOUR(f, l, s) f(l, s), f(l + 1, s), f(l + 2, s), f(l + 3, s)
#if TENKA_LANES == 16
#define ALL(f, s) FOUR(f, 0, s), FOUR(f, 4, s), FOUR(f, 8, s), FOUR(f, 12, s)
#elif TENKA_LANES == 8
#define ALL(f, s) FOUR(f, 0, s), FOUR(f, 4, s)
#else
#define ALL(f, s) FOUR(f, 0, s)
#endif
#define SWAP_BLOCKS(rows, s)                                               \
    UNROLL                                                                 \
    for (int i = 0; i < LANES; i++)                                        \
        if ((i & (s)) == 0) {                                              \
            const vec a = rows[i], b = rows[i | (s)];                      \
            rows[i] = __builtin_shufflevector(a, b, ALL(FIRST, s));        \
            rows[i | (s)] = __builtin_shufflevector(a, b, ALL(SECOND, s)); \
        }

ALWAYS_INLINE void transpose(vec rows[LANES])
{
    SWAP_BLOCKS(rows, 1)
    SWAP_BLOCKS(rows, 2)
#if TENKA_LANES >= 8
    SWAP_BLOCKS(rows, 4)
#endif
#if TENKA_LANES == 16
    SWAP_BLOCKS(rows, 8)
#endif
}

#endif
