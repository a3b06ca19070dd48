/* Rows between others; see backend/cpu/pad.c. Which row of x a row of y has is looked up: it is the same for all blocks.
 * Gradients of what has elements of x more than once are left to the loops. */
#include "backend/cpu/fast/kernels.h"
#include "backend/cpu/padding.h"

typedef struct tenka_p_pad params;

enum {
    SMALL = 1 << 14,     /* elements of which threads are not worth starting */
    MOST_ROWS = 1 << 16, /* of a block */
    MOST_VECTORS = 8,    /* of a row that is taken by them */
};

size_t TENKA_FAST(pad_fwd_scratch)(const int32_t *params_, int threads)
{
    const ptrdiff_t rows = tenka_pad_rows((const void *)params_);
    (void)threads;
    return rows <= MOST_ROWS ? (size_t)rows * sizeof(ptrdiff_t) : 0;
}

static void find_rows(const params *p, ptrdiff_t *at)
{
    for (ptrdiff_t row = 0; row < tenka_pad_rows(p); row++)
        at[row] = tenka_pad_row(p, row);
}

/* Where y has a constant beside x: what of each vector of a row is x's, what is y's, and the constant elsewhere. */
struct row {
    int vectors;
    ptrdiff_t before;
    lane_mask inside[MOST_VECTORS], there[MOST_VECTORS];
    vec around[MOST_VECTORS];
};

static int clamp_lanes(ptrdiff_t n)
{
    return n < 0 ? 0 : n < LANES ? (int)n : LANES;
}

static struct row row_of(const params *p, float value)
{
    const ptrdiff_t width = tenka_padded(p, 5);
    struct row r = {.vectors = (int)((width + LANES - 1) / LANES), .before = p->before[5]};
    ptrdiff_t from, end;
    tenka_pad_middle(p, &from, &end);
    for (ptrdiff_t i = 0; i < r.vectors && i < MOST_VECTORS; i++) {
        const int first = clamp_lanes(from - i * LANES), last = clamp_lanes(end - i * LANES);
        const ivec lane = lane_numbers();
        r.there[i] = mask_lanes(0, clamp_lanes(width - i * LANES));
        r.inside[i] = first < last ? mask_lanes(first, last) : mask_lanes(0, 0);
        r.around[i] = select((lane >= first) & (lane < last), (vec){0}, splat(value));
    }
    return r;
}

ALWAYS_INLINE void surround(const struct row *r, const float *x, float *y)
{
    for (int i = 0; i < r->vectors; i++) {
        const vec v = load_masked(x - r->before + i * LANES, r->inside[i]);
        store_masked(y + i * LANES, (vec)((ivec)v | (ivec)r->around[i]), r->there[i]);
    }
}

/* What is read or written twice is so with the same values. */
ALWAYS_INLINE void copy(const float *from, ptrdiff_t n, float *to)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(to + i, load(from + i));
    if (i < n && n >= LANES)
        store(to + n - LANES, load(from + n - LANES));
    else if (i < n)
        store_lanes(to, load_lanes(from, 0, (int)n), 0, (int)n);
}

static void repeat(float value, ptrdiff_t n, float *to)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(to + i, splat(value));
    if (i < n)
        store_lanes(to + i, splat(value), 0, (int)(n - i));
}

/* Elements from .. end-1 of a row of y, which do not lie in its middle; x is its row of x. */
static void fill_edge(const params *p, const float *x, float value, ptrdiff_t from, ptrdiff_t end, float *y)
{
    for (ptrdiff_t i = from; i < end; i++)
        y[i] = p->mode == TENKA_PADDING_CONSTANT ? value : x[tenka_pad_source(p, 5, i)];
}

static void fill_row(const params *p, const float *x, float value, float *y)
{
    ptrdiff_t from, end;
    tenka_pad_middle(p, &from, &end);
    fill_edge(p, x, value, 0, from, y);
    copy(x + from - p->before[5], end - from, y + from);
    fill_edge(p, x, value, end, tenka_padded(p, 5), y);
}

bool TENKA_FAST(pad_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0], value = *(const float *)f->call->scalars;
    float *y = f->call->out[0];
    const ptrdiff_t blocks = tenka_pad_blocks(p), rows = tenka_pad_rows(p), size = tenka_pad_size(p);
    const ptrdiff_t width = tenka_padded(p, 5), *const at = f->scratch;
    const struct row shape = row_of(p, value);
    const bool surrounds = p->mode == TENKA_PADDING_CONSTANT && shape.vectors <= MOST_VECTORS;
    if (rows > MOST_ROWS)
        return false;
    find_rows(p, f->scratch);
#pragma omp parallel for collapse(2) if (f->n > SMALL)
    for (ptrdiff_t block = 0; block < blocks; block++)
        for (ptrdiff_t row = 0; row < rows; row++) {
            float *to = y + (block * rows + row) * width;
            if (at[row] < 0)
                repeat(value, width, to);
            else if (surrounds)
                surround(&shape, x + block * size + at[row], to);
            else
                fill_row(p, x + block * size + at[row], value, to);
        }
    return true;
}

size_t TENKA_FAST(pad_dx_scratch)(const int32_t *params_, int threads)
{
    return TENKA_FAST(pad_fwd_scratch)(params_, threads);
}

bool TENKA_FAST(pad_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *dy = f->call->in[0];
    float *dx = f->call->out[0];
    const ptrdiff_t blocks = tenka_pad_blocks(p), rows = tenka_pad_rows(p), size = tenka_pad_size(p);
    const ptrdiff_t width = tenka_padded(p, 5), *const at = f->scratch;
    if (p->mode != TENKA_PADDING_CONSTANT || tenka_pad_cuts(p) || rows > MOST_ROWS)
        return false;
    find_rows(p, f->scratch);
#pragma omp parallel for collapse(2) if (f->n > SMALL)
    for (ptrdiff_t block = 0; block < blocks; block++)
        for (ptrdiff_t row = 0; row < rows; row++)
            if (at[row] >= 0)
                copy(dy + (block * rows + row) * width + p->before[5], p->dim[5], dx + block * size + at[row]);
    return true;
}
