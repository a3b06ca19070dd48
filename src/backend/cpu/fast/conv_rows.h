/* Depthwise convolutions by rows: what the columns of a kernel see of them. A vector has LANES columns of a row of
 * results. */
#ifndef TENKA_FAST_CONV_ROWS_H
#define TENKA_FAST_CONV_ROWS_H

#include "backend/cpu/fast/conv.h"

enum {
    MOST_SIDE = 8,             /* of a kernel */
    MOST_HELD = REGISTERS - 7, /* weights that stay in registers */
    IMAGES = 64,               /* whose sums are added up before they are added to the others' */
};

/* Which of 2 * LANES columns of a row are inside; the others are read as 0. */
struct window {
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
    return (struct window){lanes_of(at, 0, end), lanes_of(at + LANES, 0, end)};
}

/* Windows of a vector of results: one a column of the kernel, each a column further than the one before, then its own.
 * Those of a row are the same for all planes of a call. */
enum { WINDOWS = MOST_SIDE + 1 };

/* Those of one vector, in variables that nothing else can change. */
struct view {
    int column; /* the vector's first */
    struct window windows[WINDOWS];
};

ALWAYS_INLINE struct view view_at(const struct window *windows, int column, int count)
{
    struct view v = {.column = column};
    UNROLL
    for (int s = 0; s < count; s++)
        v.windows[s] = windows[(ptrdiff_t)(column / LANES) * WINDOWS + s];
    return v;
}

static inline void fill_windows(const conv_params *p, struct window *windows)
{
    for (int j = 0; j < p->ow; j += LANES, windows += WINDOWS) {
        const ptrdiff_t most = p->sw * (p->ow - j < LANES ? p->ow - j : LANES);
        for (int s = 0; s < p->kw; s++)
            windows[s] = window_at((ptrdiff_t)j * p->sw + s - p->pw, p->w, most);
        windows[p->kw] = window_at(j, p->ow, LANES);
    }
}

/* A pass over planes of one channel, which lie next_... of their kind apart. */
struct job {
    const struct window *windows;
    const float *x, *w, *mask, *dy;
    float bias;
    bool relu;
    float *y;
    vec *sums; /* of dw, a vector for each tap */
    int images;
    ptrdiff_t next_x, next_y;
};

typedef void plane_function(const conv_params *p, const struct job *job);

/* Columns of a row of x, from what the first column of the kernel sees on, and the vectors of them that strides of two
 * take theirs of. */
struct seen {
    const float *at;
    vec a, b;
};

/* What kernel column s sees, when the columns before it have seen theirs. */
ALWAYS_INLINE vec see(const struct view *f, struct seen *seen, int s, int stride)
{
    const struct window *w = &f->windows[s];
    if (stride == 1)
        return load_masked(seen->at + s, w->lanes);
    if (s % 2 != 0)
        return odd_lanes(seen->a, seen->b);
    seen->a = load_masked(seen->at + s, w->lanes);
    seen->b = load_masked(seen->at + s + LANES, w->more);
    return even_lanes(seen->a, seen->b);
}

/* What the first column of the kernel sees of row y of x. */
ALWAYS_INLINE struct seen see_row(const conv_params *p, const struct view *f, const float *x, ptrdiff_t y, int stride)
{
    return (struct seen){.at = x + y * p->w + (ptrdiff_t)f->column * stride - p->pw};
}

/* Whether row y is there. */
ALWAYS_INLINE bool is_inside(const conv_params *p, int y)
{
    return (unsigned)y < (unsigned)p->h;
}

#endif
