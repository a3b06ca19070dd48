/* Planes that are made twice as high and as wide, as most are: what an element becomes is then the same everywhere, so
 * that rows are taken in whole vectors and without the tables of interpolate.c.
 *
 *   nearest  y has each element of x twice, and each row, so that planes are but rows that follow each other
 *   linear   y[2k] = x[k-1] / 4 + x[k] 3/4, y[2k+1] = x[k] 3/4 + x[k+1] / 4; beyond its ends x goes on as it ends. Back
 *            likewise: dx[k] = (dy[2k] + dy[2k+1]) 3/4 + (dy[2k-1] + dy[2k+2]) / 4
 *
 * Linear rows are those of one vector. */
#include "backend/cpu/fast/interpolate.h"

typedef struct tenka_p_interpolate params;

enum {
    SMALL = 1 << 15, /* elements below which threads are not worth starting */
    ROWS = 64,       /* of x that a thread takes at a time */
};

bool TENKA_FAST(doubles)(const params *p, const float *scales)
{
    const bool linear = p->mode == TENKA_BETWEEN_LINEAR;
    return p->oh == 2 * p->h && p->ow == 2 * p->w && scales[0] == 0.5f && scales[1] == 0.5f &&
           p->mode != TENKA_BETWEEN_CORNERS && (!linear || p->w <= LANES);
}

/* Of two vectors of a row of which so many elements are left: the lanes that there are. */
struct lanes {
    lane_mask low, high;
};

static int clamp_lanes(ptrdiff_t n)
{
    return n < 0 ? 0 : n < LANES ? (int)n : LANES;
}

static struct lanes lanes_of(ptrdiff_t elements)
{
    return (struct lanes){mask_lanes(0, clamp_lanes(elements)), mask_lanes(0, clamp_lanes(elements - LANES))};
}

static ptrdiff_t fewer(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* What of a row does not fill a vector, or the last one that it fills. */
static ptrdiff_t rest_of(ptrdiff_t width)
{
    return (width - 1) % LANES + 1;
}

/* ---- Forward ---- */

/* The elements of v twice, in two rows of y; of the second vector nothing where it is not `wide`. */
ALWAYS_INLINE void put_twice(vec v, float *y, ptrdiff_t width, const struct lanes *lanes, bool wide)
{
    store_masked(y, interleave_low(v, v), lanes->low);
    store_masked(y + width, interleave_low(v, v), lanes->low);
    if (!wide)
        return;
    store_masked(y + LANES, interleave_high(v, v), lanes->high);
    store_masked(y + LANES + width, interleave_high(v, v), lanes->high);
}

ALWAYS_INLINE void repeat_rows(ptrdiff_t w, const float *x, ptrdiff_t rows, float *y, bool wide)
{
    const ptrdiff_t rest = rest_of(w), whole = w - rest;
    const struct lanes all = lanes_of(2 * LANES), last = lanes_of(2 * rest);
    const lane_mask there = mask_lanes(0, (int)rest);
    for (; rows > 0; rows--, x += w, y += 4 * w) {
        for (ptrdiff_t j = 0; j < whole; j += LANES)
            put_twice(load(x + j), y + 2 * j, 2 * w, &all, true);
        put_twice(load_masked(x + whole, there), y + 2 * whole, 2 * w, &last, wide);
    }
}

/* A row of y between its own columns. */
struct mixed {
    vec low, high;
};

/* before, behind: the neighbours of each lane. */
ALWAYS_INLINE struct mixed mix_row(vec x, ivec before, ivec behind)
{
    const vec own = x * 0.75f;
    const vec even = shuffle_lanes(x, before) * 0.25f + own, odd = shuffle_lanes(x, behind) * 0.25f + own;
    return (struct mixed){interleave_low(even, odd), interleave_high(even, odd)};
}

ALWAYS_INLINE void put_mixed(vec near, vec far, float *y, lane_mask lanes)
{
    store_masked(y, near * 0.75f + far * 0.25f, lanes);
}

ALWAYS_INLINE void mix_plane(const params *p, const float *x, float *y, bool wide)
{
    const ptrdiff_t w = p->w;
    const struct lanes lanes = lanes_of((int)(2 * w));
    const lane_mask there = mask_lanes(0, (int)w);
    const ivec lane = lane_numbers(), before = lane - 1 - (lane < 1), behind = lane + 1 + (lane >= (int)w - 1);
    struct mixed row = mix_row(load_masked(x, there), before, behind), above = row;
    for (int k = 1; k <= p->h; k++, y += 4 * w) {
        const struct mixed below = k < p->h ? mix_row(load_masked(x + k * w, there), before, behind) : row;
        put_mixed(row.low, above.low, y, lanes.low);
        put_mixed(row.low, below.low, y + 2 * w, lanes.low);
        if (wide) {
            put_mixed(row.high, above.high, y + LANES, lanes.high);
            put_mixed(row.high, below.high, y + 2 * w + LANES, lanes.high);
        }
        above = row;
        row = below;
    }
}

static void mix_planes(const params *p, const float *x, float *y)
{
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w;
#pragma omp parallel for if (p->nc * in * 4 > SMALL)
    for (int32_t i = 0; i < p->nc; i++)
        if (2 * p->w > LANES)
            mix_plane(p, x + i * in, y + i * in * 4, true);
        else
            mix_plane(p, x + i * in, y + i * in * 4, false);
}

void TENKA_FAST(double_fwd)(const params *p, const float *x, float *y)
{
    const ptrdiff_t rows = (ptrdiff_t)p->nc * p->h, w = p->w;
    if (p->mode == TENKA_BETWEEN_LINEAR) {
        mix_planes(p, x, y);
        return;
    }
#pragma omp parallel for if (rows * w * 4 > SMALL)
    for (ptrdiff_t r = 0; r < rows; r += ROWS)
        if (2 * rest_of(w) > LANES)
            repeat_rows(w, x + r * w, fewer(rows - r, ROWS), y + r * w * 4, true);
        else
            repeat_rows(w, x + r * w, fewer(rows - r, ROWS), y + r * w * 4, false);
}

/* ---- Backward: rows of dy that belong to one of dx are added, and then the columns of two vectors of such sums ---- */

/* Where the elements of a vector of dx find theirs in two of sums: those of a row, or, where a vector has room for them,
 * of two rows. */
struct columns {
    ivec even, odd, before, behind;
};

static struct columns columns_of(int w)
{
    struct columns c;
    for (int i = 0; i < LANES; i++) {
        const int second = 2 * w <= LANES && i >= w, base = second ? LANES : 0, j = second ? i - w : i;
        c.even[i] = (base + 2 * j) % (2 * LANES);
        c.odd[i] = (base + 2 * j + 1) % (2 * LANES);
        c.before[i] = (base + (j > 0 ? 2 * j - 1 : 0)) % (2 * LANES);
        c.behind[i] = (base + (j < w - 1 ? 2 * j + 2 : 2 * w - 1)) % (2 * LANES);
    }
    return c;
}

ALWAYS_INLINE vec add_columns(const struct columns *c, vec a, vec b, bool linear)
{
    const vec own = pick_both(a, b, c->even) + pick_both(a, b, c->odd);
    if (!linear)
        return own;
    return own * 0.75f + (pick_both(a, b, c->before) + pick_both(a, b, c->behind)) * 0.25f;
}

/* Sums of rows of dy, from the first to the last; of linear ones, two rows that were read are kept. */
struct sums {
    const float *dy; /* the next */
    vec before, even;
};

ALWAYS_INLINE struct sums begin_sums(const float *dy, ptrdiff_t width, lane_mask lanes, bool linear)
{
    if (!linear)
        return (struct sums){.dy = dy};
    const vec first = load_masked(dy, lanes);
    return (struct sums){dy + width, first, first};
}

/* last: there are no rows behind those of this one. */
ALWAYS_INLINE vec next_sum(struct sums *s, ptrdiff_t width, lane_mask lanes, bool last, bool linear)
{
    const float *dy = s->dy;
    s->dy += 2 * width;
    if (!linear)
        return load_masked(dy, lanes) + load_masked(dy + width, lanes);
    const vec odd = load_masked(dy, lanes), behind = last ? odd : load_masked(dy + width, lanes);
    const vec sum = (s->even + odd) * 0.75f + (s->before + behind) * 0.25f;
    s->before = odd;
    s->even = behind;
    return sum;
}

/* Rows of dx of which a vector has two. */
ALWAYS_INLINE void add_two_rows(ptrdiff_t w, const struct columns *c, const float *dy, ptrdiff_t rows, float *dx,
                                bool linear)
{
    const lane_mask lanes = mask_lanes(0, (int)(2 * w)), one = mask_lanes(0, (int)w);
    struct sums sums = begin_sums(dy, 2 * w, lanes, linear);
    for (; rows >= 2; rows -= 2, dx += 2 * w) {
        const vec a = next_sum(&sums, 2 * w, lanes, false, linear);
        const vec b = next_sum(&sums, 2 * w, lanes, rows == 2, linear);
        store_masked(dx, add_columns(c, a, b, linear), lanes);
    }
    if (rows > 0) {
        const vec a = next_sum(&sums, 2 * w, lanes, true, linear);
        store_masked(dx, add_columns(c, a, a, linear), one);
    }
}

/* Those of which it has one. */
ALWAYS_INLINE void add_single_rows(ptrdiff_t w, const struct columns *c, const float *dy, ptrdiff_t rows, float *dx,
                                   bool linear)
{
    const struct lanes lanes = lanes_of(2 * w);
    const lane_mask own = mask_lanes(0, (int)w);
    struct sums low = begin_sums(dy, 2 * w, lanes.low, linear);
    struct sums high = begin_sums(dy + LANES, 2 * w, lanes.high, linear);
    for (; rows > 0; rows--, dx += w) {
        const vec a = next_sum(&low, 2 * w, lanes.low, rows == 1, linear);
        const vec b = next_sum(&high, 2 * w, lanes.high, rows == 1, linear);
        store_masked(dx, add_columns(c, a, b, linear), own);
    }
}

/* Those that have more than a vector. */
ALWAYS_INLINE vec add_four(const float *dy, ptrdiff_t width, const struct lanes *lanes)
{
    const vec a = load_masked(dy, lanes->low) + load_masked(dy + width, lanes->low);
    const vec b = load_masked(dy + LANES, lanes->high) + load_masked(dy + LANES + width, lanes->high);
    return even_lanes(a, b) + odd_lanes(a, b);
}

static void add_long_rows(ptrdiff_t w, const float *dy, ptrdiff_t rows, float *dx)
{
    const ptrdiff_t rest = rest_of(w), whole = w - rest;
    const struct lanes all = lanes_of(2 * LANES), last = lanes_of(2 * rest);
    const lane_mask own = mask_lanes(0, (int)rest);
    for (; rows > 0; rows--, dy += 4 * w, dx += w) {
        for (ptrdiff_t j = 0; j < whole; j += LANES)
            store(dx + j, add_four(dy + 2 * j, 2 * w, &all));
        store_masked(dx + whole, add_four(dy + 2 * whole, 2 * w, &last), own);
    }
}

static void unmix_planes(const params *p, const struct columns *c, const float *dy, float *dx)
{
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w;
#pragma omp parallel for if (p->nc * in * 4 > SMALL)
    for (int32_t i = 0; i < p->nc; i++)
        if (2 * p->w <= LANES)
            add_two_rows(p->w, c, dy + i * in * 4, p->h, dx + i * in, true);
        else
            add_single_rows(p->w, c, dy + i * in * 4, p->h, dx + i * in, true);
}

void TENKA_FAST(double_dx)(const params *p, const float *dy, float *dx)
{
    const ptrdiff_t rows = (ptrdiff_t)p->nc * p->h, w = p->w;
    const struct columns c = columns_of(p->w < LANES ? p->w : LANES);
    if (p->mode == TENKA_BETWEEN_LINEAR) {
        unmix_planes(p, &c, dy, dx);
        return;
    }
#pragma omp parallel for if (rows * w * 4 > SMALL)
    for (ptrdiff_t r = 0; r < rows; r += ROWS)
        if (w > LANES)
            add_long_rows(w, dy + r * w * 4, fewer(rows - r, ROWS), dx + r * w);
        else if (2 * w <= LANES)
            add_two_rows(w, &c, dy + r * w * 4, fewer(rows - r, ROWS), dx + r * w, false);
        else
            add_single_rows(w, &c, dy + r * w * 4, fewer(rows - r, ROWS), dx + r * w, false);
}
