/* Max pooling of whole planes, or of whole columns of them, to one row of outputs: adaptive pooling to 1x1, and the
 * maximum along an axis. See backend/cpu/max_pool2d.c; of two equal maxima the first wins, of two NaN the last. */
#include <math.h>

#include "backend/cpu/fast/pool.h"

typedef struct tenka_p_pool2d params;

/* Elements below which threads are not worth starting. */
enum { SMALL = 1 << 15 };

struct winner {
    float value;
    int32_t at;
};

/* Of two that each have won over other places. */
static struct winner winner_of(struct winner a, struct winner b)
{
    if (isnan(a.value) || isnan(b.value))
        return isnan(b.value) && (!isnan(a.value) || b.at > a.at) ? b : a;
    return b.value > a.value || (b.value == a.value && b.at < a.at) ? b : a;
}

static struct winner winner_of_plane(const float *x, int32_t size)
{
    vec best = splat(x[0]);
    ivec places = {0};
    int32_t i = 0;
    for (; i + LANES <= size; i += LANES)
        challenge(&best, &places, load(x + i), lane_numbers() + i);
    struct winner all = {x[0], 0};
    for (int lane = 0; lane < LANES; lane++)
        all = winner_of(all, (struct winner){best[lane], places[lane]});
    for (; i < size; i++)
        all = winner_of(all, (struct winner){x[i], i});
    return all;
}

/* Of `count` columns from x on, the first of which is number `first` of its plane. */
ALWAYS_INLINE void columns(const params *p, const float *x, int32_t first, int count, float *y, int32_t *index)
{
    vec best = load_lanes(x, 0, count);
    ivec places = lane_numbers() + first;
    for (int32_t row = 1; row < p->h; row++)
        challenge(&best, &places, load_lanes(x + (ptrdiff_t)row * p->w, 0, count), lane_numbers() + first + row * p->w);
    store_lanes(y, best, 0, count);
    store_int_lanes(index, places, 0, count);
}

static void pool_planes(const params *p, const float *x, float *y, int32_t *index)
{
    const int32_t plane = p->h * p->w;
#pragma omp parallel for if ((ptrdiff_t)p->nc * plane > SMALL)
    for (int32_t c = 0; c < p->nc; c++) {
        const struct winner winner = winner_of_plane(x + (ptrdiff_t)c * plane, plane);
        y[c] = winner.value;
        index[c] = winner.at;
    }
}

static void pool_columns(const params *p, const float *x, float *y, int32_t *index)
{
    const ptrdiff_t plane = (ptrdiff_t)p->h * p->w;
#pragma omp parallel for collapse(2) if (p->nc * plane > SMALL)
    for (int32_t c = 0; c < p->nc; c++)
        for (int32_t j = 0; j < p->w; j += LANES) {
            const int count = p->w - j < LANES ? p->w - j : LANES;
            const ptrdiff_t at = (ptrdiff_t)c * p->w + j;
            if (count == LANES)
                columns(p, x + c * plane + j, j, LANES, y + at, index + at);
            else
                columns(p, x + c * plane + j, j, count, y + at, index + at);
        }
}

/* Whether a window has all of the rows, or all of the columns. */
static bool has_all_rows(const params *p)
{
    return p->oh == 1 && (p->adaptive != 0 || (p->kh == p->h && p->ph == 0 && p->dh == 1));
}

static bool has_all_columns(const params *p)
{
    return p->ow == 1 && (p->adaptive != 0 || (p->kw == p->w && p->pw == 0 && p->dw == 1));
}

static bool has_one_column(const params *p)
{
    return p->ow == p->w && (p->adaptive != 0 || (p->kw == 1 && p->sw == 1 && p->pw == 0));
}

bool TENKA_FAST(max_pool2d_whole)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    if (!has_all_rows(p) || !(has_all_columns(p) || has_one_column(p)))
        return false;
    (has_all_columns(p) ? pool_planes : pool_columns)(p, f->call->in[0], f->call->out[0], f->call->out[1]);
    return true;
}
