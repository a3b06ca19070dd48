/* The register tile of the hot loops: BLOCK rows that share a loaded vector of TILE neighbours. */
#ifndef TENKA_CPU_TILE_H
#define TENKA_CPU_TILE_H

#include "backend/cpu/kernel.h"

enum { TILE = 8, BLOCK = 4 };

/* Running sums are kept in tenka_real for at most about this many terms, then added to a double. */
enum { SHORT_SUM = 256 };

struct TENKA_CPU(tile) {
    tenka_real v[BLOCK][TILE];
};

static inline int32_t min_i32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* from + step, but not past end: tensors may end at 2^31 - 1, where the plain sum overflows. */
static inline int32_t step_to(int32_t from, int32_t step, int32_t end)
{
    return end - from > step ? from + step : end;
}

/* t[b][j] += w[b] * x[j] */
static inline void TENKA_CPU(tile_add)(struct TENKA_CPU(tile) *t, const tenka_real w[BLOCK], const tenka_real x[TILE])
{
    for (int b = 0; b < BLOCK; b++)
        for (int j = 0; j < TILE; j++)
            t->v[b][j] += w[b] * x[j];
}

/* total += t, t = 0 */
static inline void TENKA_CPU(tile_flush)(double total[BLOCK][TILE], struct TENKA_CPU(tile) *t)
{
    for (int b = 0; b < BLOCK; b++)
        for (int j = 0; j < TILE; j++) {
            total[b][j] += t->v[b][j];
            t->v[b][j] = 0;
        }
}

#endif
