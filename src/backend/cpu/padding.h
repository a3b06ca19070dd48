/* What lies where in a tensor that was padded or cut. */
#ifndef TENKA_CPU_PADDING_H
#define TENKA_CPU_PADDING_H

#include <stdbool.h>
#include <stddef.h>

#include "op/params.h"

static inline ptrdiff_t tenka_padded(const struct tenka_p_pad *p, int k)
{
    return (ptrdiff_t)p->dim[k] + p->before[k] + p->after[k];
}

/* Which element of axis k of x is at a place of y; -1: none. */
static inline ptrdiff_t tenka_pad_source(const struct tenka_p_pad *p, int k, ptrdiff_t place)
{
    const ptrdiff_t at = place - p->before[k], last = p->dim[k] - 1;
    if (at >= 0 && at <= last)
        return at;
    switch (p->mode) {
    case TENKA_PADDING_REFLECT: return at < 0 ? -at : 2 * last - at;
    case TENKA_PADDING_REPLICATE: return at < 0 ? 0 : last;
    case TENKA_PADDING_CIRCULAR: return at < 0 ? at + last + 1 : at - last - 1;
    default: return -1;
    }
}

/* The first axis that a block has: those before it are only counted, and the last one is a row. */
static inline int tenka_pad_axis(const struct tenka_p_pad *p)
{
    return p->first < 5 ? p->first : 5;
}

/* Blocks, and rows in each. */
static inline ptrdiff_t tenka_pad_blocks(const struct tenka_p_pad *p)
{
    ptrdiff_t n = 1;
    for (int k = 0; k < tenka_pad_axis(p); k++)
        n *= p->dim[k];
    return n;
}

static inline ptrdiff_t tenka_pad_rows(const struct tenka_p_pad *p)
{
    ptrdiff_t n = 1;
    for (int k = tenka_pad_axis(p); k < 5; k++)
        n *= tenka_padded(p, k);
    return n;
}

static inline ptrdiff_t tenka_pad_size(const struct tenka_p_pad *p)
{
    ptrdiff_t n = 1;
    for (int k = tenka_pad_axis(p); k < 6; k++)
        n *= p->dim[k];
    return n;
}

/* Where the row of x begins, in its block, that is row `row` of y's block; -1: none. */
static inline ptrdiff_t tenka_pad_row(const struct tenka_p_pad *p, ptrdiff_t row)
{
    ptrdiff_t at = 0, stride = p->dim[5];
    if (tenka_pad_axis(p) == 4) {
        at = tenka_pad_source(p, 4, row);
        return at < 0 ? -1 : at * stride;
    }
    for (int k = 4; k >= tenka_pad_axis(p); k--) {
        const ptrdiff_t from = tenka_pad_source(p, k, row % tenka_padded(p, k));
        if (from < 0)
            return -1;
        row /= tenka_padded(p, k);
        at += from * stride;
        stride *= p->dim[k];
    }
    return at;
}

/* The places of a row of y that have elements of x at their own: from .. end - 1. */
static inline void tenka_pad_middle(const struct tenka_p_pad *p, ptrdiff_t *from, ptrdiff_t *end)
{
    *from = p->before[5] > 0 ? p->before[5] : 0;
    *end = p->after[5] > 0 ? tenka_padded(p, 5) - p->after[5] : tenka_padded(p, 5);
}

/* Whether some of x is not in y. */
static inline bool tenka_pad_cuts(const struct tenka_p_pad *p)
{
    bool any = false;
    for (int k = tenka_pad_axis(p); k < 6; k++)
        any |= p->before[k] < 0 || p->after[k] < 0;
    return any;
}

#endif
