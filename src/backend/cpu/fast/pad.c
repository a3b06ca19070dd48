/* Rows between others; see backend/cpu/pad.c. Which row of x a row of y has is looked up: it is the same for all blocks.
 * Gradients of a constant around what is cut elsewhere are left to the loops. */
#include "backend/cpu/fast/kernels.h"
#include "backend/cpu/padding.h"

typedef struct tenka_p_pad params;

enum {
    SMALL = 1 << 14,     /* elements of which threads are not worth starting */
    MOST_ROWS = 1 << 16, /* of a block */
    ROWS = 64,           /* of them that a thread takes at a time */
    MOST_VECTORS = 4,    /* of a short row */
    MOST_TERMS = 3,      /* of an element of dx, where rows are folded as vectors */
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

static int clamp_lanes(ptrdiff_t n)
{
    return n < 0 ? 0 : n < LANES ? (int)n : LANES;
}

/* Whether rows are taken in vectors of half the lanes: where the last one of all lanes would be half empty or more. */
static bool suits_half(ptrdiff_t width)
{
    return LANES == 16 && width < 2 * LANES && (width - 1) % LANES < LANES / 2;
}

/* ---- Short rows, of a few vectors that are made alike for all rows ---- */

/* How a row of y is made of its row of x: what of each vector is there, and what of it is x's and lies where it does;
 * the constant elsewhere. Or, where x is not longer than a vector, the lanes of x that it is made of. */
struct row {
    int vectors;
    ptrdiff_t before;
    lane_mask inside[MOST_VECTORS], there[MOST_VECTORS];
    vec around[MOST_VECTORS];
    ivec sources[MOST_VECTORS];
};

static bool is_short(const params *p)
{
    return tenka_padded(p, 5) <= MOST_VECTORS * LANES && (p->mode == TENKA_PADDING_CONSTANT || p->dim[5] <= LANES);
}

static struct row row_of(const params *p, float value)
{
    const ptrdiff_t width = tenka_padded(p, 5);
    struct row r = {.vectors = (int)((width + LANES - 1) / LANES), .before = p->before[5]};
    ptrdiff_t from, end;
    tenka_pad_middle(p, &from, &end);
    for (ptrdiff_t i = 0; i < r.vectors; i++) {
        const int first = clamp_lanes(from - i * LANES), last = clamp_lanes(end - i * LANES);
        const ivec lane = lane_numbers();
        r.there[i] = mask_lanes(0, clamp_lanes(width - i * LANES));
        r.inside[i] = first < last ? mask_lanes(first, last) : mask_lanes(0, 0);
        r.around[i] = select((lane >= first) & (lane < last), (vec){0}, splat(value));
        for (ptrdiff_t k = 0; k < LANES; k++)
            r.sources[i][k] = i * LANES + k < width ? (int32_t)tenka_pad_source(p, 5, i * LANES + k) : 0;
    }
    return r;
}

/* A block: x's row at[i] at each row i of y, or the constant. */
ALWAYS_INLINE void fill_rows(const params *p, const struct row *row, const ptrdiff_t *at, ptrdiff_t rows, float value,
                             const float *x, float *y, int vectors, bool picks)
{
    const struct row r = *row; /* which no store changes */
    const ptrdiff_t width = tenka_padded(p, 5);
    const lane_mask whole = mask_lanes(0, clamp_lanes(p->dim[5]));
    for (ptrdiff_t i = 0; i < rows; i++, y += width) {
        const ptrdiff_t from = at[i];
        UNROLL
        for (int k = 0; k < vectors; k++) {
            vec v = splat(value);
            if (from >= 0 && picks)
                v = shuffle_lanes(load_masked(x + from, whole), r.sources[k]);
            else if (from >= 0)
                v = (vec)((ivec)load_masked(x + from - r.before + k * LANES, r.inside[k]) | (ivec)r.around[k]);
            store_masked(y + k * LANES, v, r.there[k]);
        }
    }
}

static void fill_short(const params *p, const struct row *r, const ptrdiff_t *at, ptrdiff_t rows, float value,
                       const float *x, float *y)
{
    const bool picks = p->mode != TENKA_PADDING_CONSTANT;
    switch (r->vectors + (picks ? MOST_VECTORS : 0)) {
    case 1: fill_rows(p, r, at, rows, value, x, y, 1, false); break;
    case 2: fill_rows(p, r, at, rows, value, x, y, 2, false); break;
    case 3: fill_rows(p, r, at, rows, value, x, y, 3, false); break;
    case 4: fill_rows(p, r, at, rows, value, x, y, 4, false); break;
    case MOST_VECTORS + 1: fill_rows(p, r, at, rows, value, x, y, 1, true); break;
    default: fill_rows(p, r, at, rows, value, x, y, r->vectors, true);
    }
}

/* dx of such a block around which there is a constant. */
ALWAYS_INLINE void take_rows(const params *p, const ptrdiff_t *at, ptrdiff_t rows, const float *dy, float *dx,
                             int vectors)
{
    const ptrdiff_t width = tenka_padded(p, 5);
    const lane_mask last = mask_lanes(0, clamp_lanes(p->dim[5] - (vectors - 1) * LANES));
    dy += p->before[5];
    for (ptrdiff_t i = 0; i < rows; i++, dy += width) {
        const ptrdiff_t to = at[i];
        if (to < 0)
            continue;
        UNROLL
        for (int k = 0; k < vectors - 1; k++)
            store(dx + to + k * LANES, load(dy + k * LANES));
        store_masked(dx + to + (vectors - 1) * LANES, load_masked(dy + (vectors - 1) * LANES, last), last);
    }
}

static void take_short(const params *p, const ptrdiff_t *at, ptrdiff_t rows, const float *dy, float *dx)
{
    switch ((p->dim[5] + LANES - 1) / LANES) {
    case 1: take_rows(p, at, rows, dy, dx, 1); break;
    case 2: take_rows(p, at, rows, dy, dx, 2); break;
    case 3: take_rows(p, at, rows, dy, dx, 3); break;
    default: take_rows(p, at, rows, dy, dx, 4);
    }
}

/* ---- Long rows ---- */

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

static void fill_long(const params *p, const ptrdiff_t *at, ptrdiff_t rows, float value, const float *x, float *y)
{
    const ptrdiff_t width = tenka_padded(p, 5);
    for (ptrdiff_t i = 0; i < rows; i++, y += width)
        if (at[i] < 0)
            repeat(value, width, y);
        else
            fill_row(p, x + at[i], value, y);
}

static void take_long(const params *p, const ptrdiff_t *at, ptrdiff_t rows, const float *dy, float *dx)
{
    const ptrdiff_t width = tenka_padded(p, 5);
    for (ptrdiff_t i = 0; i < rows; i++, dy += width)
        if (at[i] >= 0)
            copy(dy + p->before[5], p->dim[5], dx + at[i]);
}

/* ---- Gradients of what has elements of x more than once: rows of dy are folded, and added to dx ---- */

/* Where in two vectors of a row of dy the terms of each element of a row of dx lie, of which some have fewer. */
struct fold {
    int terms;
    ivec at[MOST_TERMS], there[MOST_TERMS];
};

static struct fold fold_of(const params *p)
{
    struct fold f = {.terms = 0};
    int32_t count[LANES] = {0};
    for (ptrdiff_t i = 0; i < tenka_padded(p, 5); i++) {
        const ptrdiff_t column = tenka_pad_source(p, 5, i);
        const int32_t term = count[column]++;
        f.terms = term < f.terms ? f.terms : term + 1;
        if (term >= MOST_TERMS)
            continue;
        f.at[term][column] = (int32_t)i;
        f.there[term][column] = -1;
    }
    return f;
}

/* Of each row of x the first row of dy that belongs to it, and of each of those the next; -1: there is none. */
struct chains {
    ptrdiff_t *first, *next;
};

static ptrdiff_t rows_of_x(const params *p)
{
    return tenka_pad_size(p) / p->dim[5];
}

static struct chains find_chains(const params *p, ptrdiff_t *at)
{
    const ptrdiff_t rows = tenka_pad_rows(p);
    const struct chains c = {.next = at, .first = at + rows};
    find_rows(p, at);
    for (ptrdiff_t k = 0; k < rows_of_x(p); k++)
        c.first[k] = -1;
    for (ptrdiff_t i = rows - 1; i >= 0; i--) {
        ptrdiff_t *const first = &c.first[at[i] / p->dim[5]];
        c.next[i] = *first;
        *first = i;
    }
    return c;
}

ALWAYS_INLINE void fold_rows(const params *p, const struct fold *fold, const struct chains *chains, const float *dy,
                             float *dx, int terms)
{
    const struct fold f = *fold; /* which no store changes, nor these */
    const struct chains c = *chains;
    const ptrdiff_t width = tenka_padded(p, 5), n = p->dim[5], rows = rows_of_x(p);
    const lane_mask low = mask_lanes(0, clamp_lanes(width)), high = mask_lanes(0, clamp_lanes(width - LANES));
    const lane_mask own = mask_lanes(0, clamp_lanes(n));
    for (ptrdiff_t k = 0; k < rows; k++) {
        vec a = {0}, b = {0}, sum = {0};
        for (ptrdiff_t i = c.first[k]; i >= 0; i = c.next[i]) {
            a += load_masked(dy + i * width, low);
            b += load_masked(dy + i * width + LANES, high);
        }
        UNROLL
        for (int t = 0; t < terms; t++)
            sum += select(f.there[t], pick_both(a, b, f.at[t]), (vec){0});
        store_masked(dx + k * n, sum, own);
    }
}

/* dx += a row of dy */
static void fold_row(const params *p, const float *dy, float *dx)
{
    const ptrdiff_t width = tenka_padded(p, 5), before = p->before[5];
    ptrdiff_t from, end;
    tenka_pad_middle(p, &from, &end);
    ptrdiff_t k = from;
    for (; k + LANES <= end; k += LANES)
        store(dx + k - before, load(dx + k - before) + load(dy + k));
    for (; k < end; k++)
        dx[k - before] += dy[k];
    for (k = 0; k < from; k++)
        dx[tenka_pad_source(p, 5, k)] += dy[k];
    for (k = end; k < width; k++)
        dx[tenka_pad_source(p, 5, k)] += dy[k];
}

static void fold_long(const params *p, const struct chains *c, const float *dy, float *dx)
{
    for (ptrdiff_t k = 0; k < rows_of_x(p); k++, dx += p->dim[5]) {
        memset(dx, 0, (size_t)p->dim[5] * sizeof(*dx));
        for (ptrdiff_t i = c->first[k]; i >= 0; i = c->next[i])
            fold_row(p, dy + i * tenka_padded(p, 5), dx);
    }
}

static void fold_block(const params *p, const struct fold *fold, const struct chains *c, const float *dy, float *dx)
{
    switch (fold->terms) {
    case 1: fold_rows(p, fold, c, dy, dx, 1); break;
    case 2: fold_rows(p, fold, c, dy, dx, 2); break;
    case 3: fold_rows(p, fold, c, dy, dx, 3); break;
    default: fold_long(p, c, dy, dx);
    }
}

static void fold_blocks(const params *p, const struct tenka_fast_call *f)
{
    const float *dy = f->call->in[0];
    float *dx = f->call->out[0];
    const ptrdiff_t size = tenka_pad_size(p), padded = tenka_pad_rows(p) * tenka_padded(p, 5);
    const bool in_vectors = p->dim[5] <= LANES && tenka_padded(p, 5) <= 2 * LANES;
    const struct fold fold = in_vectors ? fold_of(p) : (struct fold){0};
    const struct chains chains = find_chains(p, f->scratch);
#pragma omp parallel for if (f->n > SMALL)
    for (ptrdiff_t block = 0; block < tenka_pad_blocks(p); block++)
        fold_block(p, &fold, &chains, dy + block * padded, dx + block * size);
}

/* ---- The kernels: a thread takes some rows of a block at a time, or all ---- */

static ptrdiff_t fewer(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

bool TENKA_FAST(pad_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0], value = *(const float *)f->call->scalars;
    float *y = f->call->out[0];
    const ptrdiff_t blocks = tenka_pad_blocks(p), rows = tenka_pad_rows(p), size = tenka_pad_size(p);
    const ptrdiff_t width = tenka_padded(p, 5), *const at = f->scratch;
    if (rows > MOST_ROWS)
        return false;
    if (suits_half(width))
        return TENKA_HALF(pad_fwd)(f);
    const bool in_short = is_short(p);
    const struct row shape = in_short ? row_of(p, value) : (struct row){0};
    find_rows(p, f->scratch);
#pragma omp parallel for collapse(2) if (f->n > SMALL)
    for (ptrdiff_t block = 0; block < blocks; block++)
        for (ptrdiff_t row = 0; row < rows; row += ROWS) {
            float *to = y + (block * rows + row) * width;
            if (in_short)
                fill_short(p, &shape, at + row, fewer(rows - row, ROWS), value, x + block * size, to);
            else
                fill_long(p, at + row, fewer(rows - row, ROWS), value, x + block * size, to);
        }
    return true;
}

/* Of a block's rows of dy and of dx. */
size_t TENKA_FAST(pad_dx_scratch)(const int32_t *params_, int threads)
{
    const size_t of_dy = TENKA_FAST(pad_fwd_scratch)(params_, threads);
    return of_dy > 0 ? of_dy + (size_t)rows_of_x((const void *)params_) * sizeof(ptrdiff_t) : 0;
}

bool TENKA_FAST(pad_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *dy = f->call->in[0];
    float *dx = f->call->out[0];
    const ptrdiff_t blocks = tenka_pad_blocks(p), rows = tenka_pad_rows(p), size = tenka_pad_size(p);
    const ptrdiff_t width = tenka_padded(p, 5), *const at = f->scratch;
    if ((p->mode == TENKA_PADDING_CONSTANT && tenka_pad_cuts(p)) || rows > MOST_ROWS)
        return false;
    if (suits_half(p->dim[5]))
        return TENKA_HALF(pad_dx)(f);
    if (p->mode != TENKA_PADDING_CONSTANT) {
        fold_blocks(p, f);
        return true;
    }
    find_rows(p, f->scratch);
#pragma omp parallel for collapse(2) if (f->n > SMALL)
    for (ptrdiff_t block = 0; block < blocks; block++)
        for (ptrdiff_t row = 0; row < rows; row += ROWS) {
            const float *from = dy + (block * rows + row) * width;
            if (p->dim[5] <= MOST_VECTORS * LANES)
                take_short(p, at + row, fewer(rows - row, ROWS), from, dx + block * size);
            else
                take_long(p, at + row, fewer(rows - row, ROWS), from, dx + block * size);
        }
    return true;
}
