/* What a tap of a convolution sees of a plane, place by place. */
#ifndef TENKA_FAST_CONV_VIEWS_H
#define TENKA_FAST_CONV_VIEWS_H

#include "backend/cpu/fast/conv.h"

/* Places first .. end-1 along an axis, of `count`, that a tap at `offset` of the first place sees inside `size`. */
struct span {
    int first, end;
};

static inline struct span seen(int offset, int stride, int size, int count)
{
    const int first = offset < 0 ? div_up(-offset, stride) : 0;
    const int end = offset < size ? (size - 1 - offset) / stride + 1 : 0;
    const struct span s = {first < count ? first : count, end < count ? end : count};
    return (struct span){s.first, s.end < s.first ? s.first : s.end};
}

/* What tap (r, s) sees of a plane. */
struct view {
    int down, right; /* what the first place sees: row and column */
    struct span rows, columns;
    bool whole; /* the plane as it is */
};

static inline struct view view_of(const conv_params *p, int tap)
{
    struct view v = {.down = tap / p->kw * p->dh - p->ph, .right = tap % p->kw * p->dw - p->pw};
    v.rows = seen(v.down, p->sh, p->h, p->oh);
    v.columns = seen(v.right, p->sw, p->w, p->ow);
    v.whole = v.down == 0 && v.right == 0 && p->sh == 1 && p->sw == 1 && p->oh == p->h && p->ow == p->w;
    return v;
}

/* ---- Lanes that a tap sees, of what fits a vector: a whole plane, or a row ---- */

enum { MOST_PICKS = 49 };

/* Of each tap of a kernel, or of each column: the lane of x that a lane of y sees, and the other way; -1: none. */
struct picks {
    bool planes;
    ivec seen[MOST_PICKS], sent[MOST_PICKS];
};

static inline void pick_lane(struct picks *picks, int which, int from, int to)
{
    picks->seen[which][to] = from;
    picks->sent[which][from] = to;
}

static inline void find_picks(const conv_params *p, struct picks *out)
{
    const ivec none = {0};
    for (int t = 0; t < MOST_PICKS; t++)
        out->seen[t] = out->sent[t] = none - 1;
    for (int t = 0; t < (out->planes ? p->kh * p->kw : p->kw); t++) {
        const struct view v = view_of(p, t);
        for (int j = v.columns.first; j < v.columns.end; j++) {
            const int column = j * p->sw + v.right;
            for (int i = v.rows.first; out->planes && i < v.rows.end; i++)
                pick_lane(out, t, (i * p->sh + v.down) * p->w + column, i * p->ow + j);
            if (!out->planes)
                pick_lane(out, t, column, j);
        }
    }
}

/* NULL where rows do not fit a vector. */
static inline const struct picks *choose_picks(const conv_params *p, struct picks *picks)
{
    if (p->w > LANES || p->ow > LANES || p->kw > MOST_PICKS)
        return NULL;
    picks->planes = p->h * p->w <= LANES && p->oh * p->ow <= LANES && p->kh * p->kw <= MOST_PICKS;
    find_picks(p, picks);
    return picks;
}

#endif
