/* y has before[k] elements more than x before axis k, and after[k] behind it; fewer where that is negative. What they are
 * says the mode.
 *   fwd  x -> y
 *   dx   dy -> dx: each dy goes to the element that y has there, if it is one */
#include "backend/cpu/index.h"

typedef struct tenka_p_pad params;

static ptrdiff_t padded(const params *p, int k)
{
    return (ptrdiff_t)p->dim[k] + p->before[k] + p->after[k];
}

/* Which element of axis k of x is at a place of y; -1: none. */
static ptrdiff_t source(const params *p, int k, ptrdiff_t place)
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
static int first_axis(const params *p)
{
    return p->first < 5 ? p->first : 5;
}

/* Blocks, and rows in each. */
static ptrdiff_t blocks(const params *p)
{
    ptrdiff_t n = 1;
    for (int k = 0; k < first_axis(p); k++)
        n *= p->dim[k];
    return n;
}

static ptrdiff_t rows(const params *p)
{
    ptrdiff_t n = 1;
    for (int k = first_axis(p); k < 5; k++)
        n *= padded(p, k);
    return n;
}

static ptrdiff_t block_size(const params *p)
{
    ptrdiff_t n = 1;
    for (int k = first_axis(p); k < 6; k++)
        n *= p->dim[k];
    return n;
}

/* Where the row of x begins, in its block, that is row `row` of y's block; -1: none. */
static ptrdiff_t source_row(const params *p, ptrdiff_t row)
{
    ptrdiff_t at = 0, stride = p->dim[5];
    if (first_axis(p) == 4) {
        at = source(p, 4, row);
        return at < 0 ? -1 : at * stride;
    }
    for (int k = 4; k >= first_axis(p); k--) {
        const ptrdiff_t from = source(p, k, row % padded(p, k));
        if (from < 0)
            return -1;
        row /= padded(p, k);
        at += from * stride;
        stride *= p->dim[k];
    }
    return at;
}

/* The places of a row of y that have elements of x at their own: from .. end - 1. */
static void middle(const params *p, ptrdiff_t *from, ptrdiff_t *end)
{
    *from = p->before[5] > 0 ? p->before[5] : 0;
    *end = p->after[5] > 0 ? padded(p, 5) - p->after[5] : padded(p, 5);
}

static void fill_row(const params *p, const tenka_real *x, tenka_real value, tenka_real *y)
{
    ptrdiff_t from, end;
    middle(p, &from, &end);
    for (ptrdiff_t i = 0; i < from; i++)
        y[i] = p->mode == TENKA_PADDING_CONSTANT ? value : x[source(p, 5, i)];
    memcpy(y + from, x + from - p->before[5], (size_t)(end - from) * sizeof(*y));
    for (ptrdiff_t i = end; i < padded(p, 5); i++)
        y[i] = p->mode == TENKA_PADDING_CONSTANT ? value : x[source(p, 5, i)];
}

static void add_row(const params *p, const tenka_real *dy, tenka_real *restrict dx)
{
    ptrdiff_t from, end;
    middle(p, &from, &end);
    for (ptrdiff_t i = 0; i < from && p->mode != TENKA_PADDING_CONSTANT; i++)
        dx[source(p, 5, i)] += dy[i];
    for (ptrdiff_t i = from; i < end; i++)
        dx[i - p->before[5]] += dy[i];
    for (ptrdiff_t i = end; i < padded(p, 5) && p->mode != TENKA_PADDING_CONSTANT; i++)
        dx[source(p, 5, i)] += dy[i];
}

void TENKA_CPU(pad_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    const ptrdiff_t each = rows(p), all = blocks(p) * each, width = padded(p, 5);
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < all; i++) {
        const ptrdiff_t from = source_row(p, i % each);
        if (from >= 0)
            fill_row(p, x + i / each * block_size(p) + from, a->scalar[0], y + i * width);
        else
            for (ptrdiff_t k = 0; k < width; k++)
                y[i * width + k] = a->scalar[0];
    }
}

/* The same where no other element of y comes from dx: with a constant around x. */
static void set_row(const params *p, const tenka_real *dy, tenka_real *dx)
{
    ptrdiff_t from, end;
    middle(p, &from, &end);
    memcpy(dx + from - p->before[5], dy + from, (size_t)(end - from) * sizeof(*dx));
}

/* Whether some of x is not in y. */
static bool cuts(const params *p)
{
    bool any = false;
    for (int k = first_axis(p); k < 6; k++)
        any |= p->before[k] < 0 || p->after[k] < 0;
    return any;
}

void TENKA_CPU(pad_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *dy = a->in[0];
    tenka_real *dx = a->out[0];
    const ptrdiff_t each = rows(p), size = block_size(p), width = padded(p, 5);
    const bool adds = p->mode != TENKA_PADDING_CONSTANT, clears = adds || cuts(p);
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t block = 0; block < blocks(p); block++) {
        if (clears)
            memset(dx + block * size, 0, (size_t)size * sizeof(*dx));
        for (ptrdiff_t row = 0; row < each; row++) {
            const ptrdiff_t from = source_row(p, row);
            if (from >= 0 && adds)
                add_row(p, dy + (block * each + row) * width, dx + block * size + from);
            else if (from >= 0)
                set_row(p, dy + (block * each + row) * width, dx + block * size + from);
        }
    }
}
