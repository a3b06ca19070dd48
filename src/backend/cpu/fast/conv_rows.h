/* Depthwise convolutions by rows: what the columns of a kernel see of them. A vector has LANES columns of a row of
 * results, or, where these are short, two rows of them. */
#ifndef TENKA_FAST_CONV_DEPTHWISE_H
#define TENKA_FAST_CONV_DEPTHWISE_H

#include "backend/cpu/fast/conv.h"

enum {
    MOST_SIDE = 8,             /* of a kernel */
    MOST_HELD = REGISTERS - 7, /* weights that stay in registers */
    RESULT_ROWS = 4,           /* vectors of results that are summed at a time */
    IMAGES = 64,               /* whose sums are added up before they are added to the others' */
};

/* Where 2 * LANES columns of a row lie; those outside are read as 0. */
struct window {
    ptrdiff_t at;
    lane_mask lanes, more; /* of the first vector and of the second */
};

/* Of the vector at `at`, columns from .. end-1. */
static inline lane_mask lanes_of(ptrdiff_t at, ptrdiff_t from, ptrdiff_t end)
{
    const ptrdiff_t first = from - at < 0 ? 0 : from - at, last = end - at < LANES ? end - at : LANES;
    return first < last ? mask_lanes((int)first, (int)last) : mask_lanes(0, 0);
}

/* No more than `most` columns are read. */
static inline struct window window_at(ptrdiff_t at, int width, ptrdiff_t most)
{
    const ptrdiff_t end = at + most < width ? at + most : width;
    return (struct window){at, lanes_of(at, 0, end), lanes_of(at + LANES, 0, end)};
}

/* What is the same for all planes of a call. A vector has LANES columns of a row of results, or two short rows. */
struct sight {
    struct window *windows; /* for each vector of a row of results: one a column of the kernel, then its own */
    struct lane_picks picks[MOST_SIDE]; /* of two rows: what a column of the kernel sees of the rows that they see */
    lane_mask row, one, both;           /* of two rows: a row that they see; one row of results, and both */
};

/* Windows of a vector of results. */
enum { WINDOWS = MOST_SIDE + 1 };

/* What of it a vector of results needs, in variables that nothing else can change. */
struct view {
    struct window windows[WINDOWS];
    struct lane_picks picks[MOST_SIDE];
    lane_mask row, one, both;
};

ALWAYS_INLINE struct view view_at(const struct sight *f, int column, int windows, int together)
{
    struct view v = {.row = f->row, .one = f->one, .both = f->both};
    UNROLL
    for (int s = 0; s < windows; s++)
        if (together == 1)
            v.windows[s] = f->windows[(ptrdiff_t)(column / LANES) * WINDOWS + s];
        else if (s < windows - 1)
            v.picks[s] = f->picks[s];
    return v;
}

/* In vectors of fewer lanes only rows so short fit that conv_lanes.c serves most of their planes. */
static inline bool sees_two_rows(const conv_params *p)
{
    return LANES == 16 && 2 * p->ow <= LANES && p->w <= LANES;
}

static inline void fill_picks(const conv_params *p, struct sight *out)
{
    out->row = mask_lanes(0, p->w);
    out->one = mask_lanes(0, p->ow);
    out->both = mask_lanes(0, 2 * p->ow);
    for (int s = 0; s < p->kw; s++) {
        ivec at;
        for (int i = 0; i < LANES; i++) {
            const int second = i >= p->ow, column = (i - second * p->ow) * p->sw + s - p->pw;
            const bool inside = i < 2 * p->ow && column >= 0 && column < p->w;
            at[i] = inside ? column + second * LANES : -1;
        }
        out->picks[s] = lane_picks(at);
    }
}

static inline void fill_sight(const conv_params *p, struct window *windows, struct sight *out)
{
    *out = (struct sight){.windows = windows};
    if (sees_two_rows(p)) {
        fill_picks(p, out);
        return;
    }
    for (int j = 0; j < p->ow; j += LANES, windows += WINDOWS) {
        const ptrdiff_t most = p->sw * (p->ow - j < LANES ? p->ow - j : LANES);
        for (int s = 0; s < p->kw; s++)
            windows[s] = window_at((ptrdiff_t)j * p->sw + s - p->pw, p->w, most);
        windows[p->kw] = window_at(j, p->ow, LANES);
    }
}

/* A plane's pass, or that of a channel's planes. */
struct job {
    const struct sight *sight;
    const float *x, *w, *mask, *dy;
    float bias;
    bool relu;
    float *y;
    vec *sums; /* of dw, a vector for each tap */
    int images;
    ptrdiff_t next_x, next_dy; /* from image to image */
};

typedef void plane_function(const conv_params *p, const struct job *job);

/* Vectors of what is seen: of a row, or of two. */
struct seen {
    const float *row;
    vec a, b;
};

/* Row y of x: the first that kernel row meets. both: of two rows, the second one counts. */
ALWAYS_INLINE struct seen see_row(const conv_params *p, const struct view *f, const float *x, int y, int stride,
                                  int together, bool both)
{
    struct seen seen = {.row = x + (ptrdiff_t)y * p->w};
    const lane_mask none = mask_lanes(0, 0);
    if (together == 2) {
        seen.a = load_masked(seen.row, y >= 0 ? f->row : none);
        seen.b = load_masked(seen.row + stride * p->w, both && y + stride < p->h ? f->row : none);
    }
    return seen;
}

/* What kernel column s sees, when the columns before it have seen theirs. */
ALWAYS_INLINE vec see(const struct view *f, struct seen *seen, int s, int stride, int together)
{
    if (together == 2)
        return shuffle_both(seen->a, seen->b, f->picks[s]);
    const struct window *w = &f->windows[s];
    if (stride == 1)
        return load_masked(seen->row + w->at, w->lanes);
    if (s % 2 != 0)
        return odd_lanes(seen->a, seen->b);
    seen->a = load_masked(seen->row + w->at, w->lanes);
    seen->b = load_masked(seen->row + w->at + LANES, w->more);
    return even_lanes(seen->a, seen->b);
}

/* Whether rows y and, of two, y + stride lie outside. */
ALWAYS_INLINE bool is_outside(const conv_params *p, int y, int stride, int together)
{
    return y >= p->h || y + (together - 1) * stride < 0;
}

#endif
