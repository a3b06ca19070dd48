/* y has before[k] elements more than x before axis k, and after[k] behind it; fewer where that is negative. What they are
 * says the mode.
 *   fwd  x -> y
 *   dx   dy -> dx: each dy goes to the element that y has there, if it is one */
#include "backend/cpu/index.h"
#include "backend/cpu/padding.h"

typedef struct tenka_p_pad params;

static void fill_row(const params *p, const tenka_real *x, tenka_real value, tenka_real *y)
{
    ptrdiff_t from, end;
    tenka_pad_middle(p, &from, &end);
    for (ptrdiff_t i = 0; i < from; i++)
        y[i] = p->mode == TENKA_PADDING_CONSTANT ? value : x[tenka_pad_source(p, 5, i)];
    memcpy(y + from, x + from - p->before[5], (size_t)(end - from) * sizeof(*y));
    for (ptrdiff_t i = end; i < tenka_padded(p, 5); i++)
        y[i] = p->mode == TENKA_PADDING_CONSTANT ? value : x[tenka_pad_source(p, 5, i)];
}

static void add_row(const params *p, const tenka_real *dy, tenka_real *restrict dx)
{
    ptrdiff_t from, end;
    tenka_pad_middle(p, &from, &end);
    for (ptrdiff_t i = 0; i < from && p->mode != TENKA_PADDING_CONSTANT; i++)
        dx[tenka_pad_source(p, 5, i)] += dy[i];
    for (ptrdiff_t i = from; i < end; i++)
        dx[i - p->before[5]] += dy[i];
    for (ptrdiff_t i = end; i < tenka_padded(p, 5) && p->mode != TENKA_PADDING_CONSTANT; i++)
        dx[tenka_pad_source(p, 5, i)] += dy[i];
}

void TENKA_CPU(pad_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    const ptrdiff_t each = tenka_pad_rows(p), all = tenka_pad_blocks(p) * each, width = tenka_padded(p, 5);
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < all; i++) {
        const ptrdiff_t from = tenka_pad_row(p, i % each);
        if (from >= 0)
            fill_row(p, x + i / each * tenka_pad_size(p) + from, a->scalar[0], y + i * width);
        else
            for (ptrdiff_t k = 0; k < width; k++)
                y[i * width + k] = a->scalar[0];
    }
}

/* The same where no other element of y comes from dx: with a constant around x. */
static void set_row(const params *p, const tenka_real *dy, tenka_real *dx)
{
    ptrdiff_t from, end;
    tenka_pad_middle(p, &from, &end);
    memcpy(dx + from - p->before[5], dy + from, (size_t)(end - from) * sizeof(*dx));
}

void TENKA_CPU(pad_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *dy = a->in[0];
    tenka_real *dx = a->out[0];
    const ptrdiff_t each = tenka_pad_rows(p), size = tenka_pad_size(p), width = tenka_padded(p, 5);
    const bool adds = p->mode != TENKA_PADDING_CONSTANT, clears = adds || tenka_pad_cuts(p);
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t block = 0; block < tenka_pad_blocks(p); block++) {
        if (clears)
            memset(dx + block * size, 0, (size_t)size * sizeof(*dx));
        for (ptrdiff_t row = 0; row < each; row++) {
            const ptrdiff_t from = tenka_pad_row(p, row);
            if (from >= 0 && adds)
                add_row(p, dy + (block * each + row) * width, dx + block * size + from);
            else if (from >= 0)
                set_row(p, dy + (block * each + row) * width, dx + block * size + from);
        }
    }
}
