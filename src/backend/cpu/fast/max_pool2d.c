/* Max pooling, of max(x, 0) too; see backend/cpu/max_pool2d.c and relu_max_pool2d.c. Windows of 2x2 side by side, which
 * most networks have, go by vectors of outputs; others are for the loops of a row of outputs, tap by tap. */
#include <math.h>

#include "backend/cpu/fast/pool.h"

typedef struct tenka_p_pool2d params;

/* Elements below which threads are not worth starting. */
enum { SMALL = 1 << 15 };

/* ---- 2x2 ---- */

/* Windows of 2x2 side by side, none of which reaches outside. */
static bool is_pairs(const params *p)
{
    return p->kh == 2 && p->kw == 2 && p->sh == 2 && p->sw == 2 && p->ph == 0 && p->pw == 0 && p->dh == 1 &&
           p->dw == 1 && p->oh <= p->h / 2 && p->ow <= p->w / 2;
}

/* The left and the right elements of `count` pairs from p on. */
ALWAYS_INLINE void load_pairs(const float *p, int count, vec *left, vec *right)
{
    vec a, b;
    if (count == LANES) {
        a = load(p);
        b = load(p + LANES);
    } else {
        a = load_lanes(p, 0, 2 * count < LANES ? 2 * count : LANES);
        b = 2 * count > LANES ? load_lanes(p + LANES, 0, 2 * count - LANES) : (vec){0};
    }
    *left = even_lanes(a, b);
    *right = odd_lanes(a, b);
}

ALWAYS_INLINE void store_pairs(float *p, int count, vec left, vec right)
{
    const vec a = interleave_low(left, right);
    const vec b = interleave_high(left, right);
    if (count == LANES) {
        store(p, a);
        store(p + LANES, b);
    } else {
        store_lanes(p, a, 0, 2 * count < LANES ? 2 * count : LANES);
        if (2 * count > LANES)
            store_lanes(p + LANES, b, 0, 2 * count - LANES);
    }
}

ALWAYS_INLINE vec maybe_relu(bool relu, vec v)
{
    return relu ? select(v < (vec){0}, (vec){0}, v) : v;
}

/* Row i of one plane's outputs. */
ALWAYS_INLINE void pairs_row(const params *p, bool relu, const float *x, int32_t i, float *y, int32_t *index)
{
    const int32_t first = 2 * i * p->w;
    for (int32_t j = 0; j < p->ow; j += LANES) {
        const int count = p->ow - j < LANES ? p->ow - j : LANES;
        const ivec where = 2 * lane_numbers() + first + 2 * j;
        vec v[4];
        load_pairs(x + first + 2 * j, count, &v[0], &v[1]);
        load_pairs(x + first + p->w + 2 * j, count, &v[2], &v[3]);
        vec best = maybe_relu(relu, v[0]);
        ivec winner = where;
        challenge(&best, &winner, maybe_relu(relu, v[1]), where + 1);
        challenge(&best, &winner, maybe_relu(relu, v[2]), where + p->w);
        challenge(&best, &winner, maybe_relu(relu, v[3]), where + p->w + 1);
        store_lanes(y + j, best, 0, count);
        store_int_lanes(index + j, winner, 0, count);
    }
}

/* Row i of one plane's outputs: what it sends back. y NULL: whatever y is. */
ALWAYS_INLINE void pairs_row_dx(const params *p, const float *y, const int32_t *index, const float *dy, int32_t i,
                                float *dx)
{
    const int32_t first = 2 * i * p->w;
    for (int32_t j = 0; j < p->ow; j += LANES) {
        const int count = p->ow - j < LANES ? p->ow - j : LANES;
        const ivec where = 2 * lane_numbers() + first + 2 * j, winner = load_int_lanes(index + j, 0, count);
        vec d = load_lanes(dy + j, 0, count), v[4];
        if (y != NULL)
            d = select(load_lanes(y + j, 0, count) <= (vec){0}, (vec){0}, d);
        v[0] = select(winner == where, d, (vec){0});
        v[1] = select(winner == where + 1, d, (vec){0});
        v[2] = select(winner == where + p->w, d, (vec){0});
        v[3] = select(winner == where + p->w + 1, d, (vec){0});
        store_pairs(dx + first + 2 * j, count, v[0], v[1]);
        store_pairs(dx + first + p->w + 2 * j, count, v[2], v[3]);
    }
}

static void pairs_plane_dx(const params *p, const float *y, const int32_t *index, const float *dy, float *dx)
{
    for (int32_t i = 0; i < p->oh; i++)
        pairs_row_dx(p, y != NULL ? y + (ptrdiff_t)i * p->ow : NULL, index + (ptrdiff_t)i * p->ow,
                     dy + (ptrdiff_t)i * p->ow, i, dx);
    /* Columns and rows that no window sees. */
    for (int32_t i = 0; i < 2 * p->oh && 2 * p->ow < p->w; i++)
        memset(dx + (ptrdiff_t)i * p->w + 2 * p->ow, 0, (size_t)(p->w - 2 * p->ow) * sizeof(*dx));
    memset(dx + (ptrdiff_t)2 * p->oh * p->w, 0, (size_t)(p->h - 2 * p->oh) * (size_t)p->w * sizeof(*dx));
}

/* ---- Other windows ---- */

/* Outputs j whose tap at column j step + shift is inside the row: from .. end-1. */
static void inside(int32_t width, int32_t outputs, int32_t step, ptrdiff_t shift, int32_t *from, int32_t *end)
{
    const ptrdiff_t first = shift >= 0 ? 0 : (-shift + step - 1) / step;
    const ptrdiff_t last = width - 1 - shift < 0 ? -1 : (width - 1 - shift) / step;
    *from = first < outputs ? (int32_t)first : outputs;
    *end = last < outputs - 1 ? (int32_t)last + 1 : outputs;
}

/* One tap of the windows from .. end-1 of a row; x: the row of the tap, moved by its shift, whose first element is at
 * `where`. */
ALWAYS_INLINE void tap(bool relu, const float *restrict x, ptrdiff_t step, int32_t where, int32_t from, int32_t end,
                       float *restrict y, int32_t *restrict index)
{
    for (ptrdiff_t j = from; j < end; j++) {
        const float v = x[j * step], value = relu && v < 0 ? 0 : v;
        const bool wins = (value > y[j]) | (value != value) | (index[j] < 0);
        y[j] = wins ? value : y[j];
        index[j] = wins ? where + (int32_t)(j * step) : index[j];
    }
}

ALWAYS_INLINE void row(const params *p, bool relu, const float *x, int32_t i, float *y, int32_t *index)
{
    for (int32_t j = 0; j < p->ow; j++) {
        y[j] = -(float)INFINITY;
        index[j] = -1;
    }
    for (int32_t r = 0; r < p->kh; r++) {
        const ptrdiff_t at = (ptrdiff_t)i * p->sh - p->ph + (ptrdiff_t)r * p->dh;
        for (int32_t s = 0; s < p->kw && at >= 0 && at < p->h; s++) {
            const ptrdiff_t shift = (ptrdiff_t)s * p->dw - p->pw, where = at * p->w + shift;
            int32_t from, end;
            inside(p->w, p->ow, p->sw, shift, &from, &end);
            /* The common steps are named so that each becomes its own vectorised loop. */
            if (p->sw == 1)
                tap(relu, x + where, 1, (int32_t)where, from, end, y, index);
            else if (p->sw == 2)
                tap(relu, x + where, 2, (int32_t)where, from, end, y, index);
            else
                tap(relu, x + where, p->sw, (int32_t)where, from, end, y, index);
        }
    }
}

static void plane_dx(const params *p, const float *y, const int32_t *index, const float *dy, float *dx)
{
    const ptrdiff_t outputs = (ptrdiff_t)p->oh * p->ow;
    memset(dx, 0, (size_t)p->h * (size_t)p->w * sizeof(*dx));
    for (ptrdiff_t i = 0; i < outputs; i++)
        if (index[i] >= 0 && !(y != NULL && y[i] <= 0))
            dx[index[i]] += dy[i];
}

/* ---- Passes ---- */

ALWAYS_INLINE void forward(const struct tenka_fast_call *f, bool relu)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    int32_t *index = f->call->out[1];
    const ptrdiff_t plane = (ptrdiff_t)p->h * p->w;
    const bool pairs = is_pairs(p);
#pragma omp parallel for if (p->nc * plane > SMALL)
    for (int32_t c = 0; c < p->nc; c++)
        for (int32_t i = 0; i < p->oh; i++) {
            const ptrdiff_t at = ((ptrdiff_t)c * p->oh + i) * p->ow;
            if (pairs)
                pairs_row(p, relu, x + c * plane, i, y + at, index + at);
            else
                row(p, relu, x + c * plane, i, y + at, index + at);
        }
}

/* y NULL: each dy counts, whatever y is. */
static void backward(const params *p, const float *y, const int32_t *index, const float *dy, float *dx)
{
    const ptrdiff_t plane = (ptrdiff_t)p->h * p->w, outputs = (ptrdiff_t)p->oh * p->ow;
    const bool pairs = is_pairs(p);
#pragma omp parallel for if (p->nc * plane > SMALL)
    for (int32_t c = 0; c < p->nc; c++) {
        const ptrdiff_t at = c * outputs;
        const float *maxima = y ? y + at : NULL;
        if (pairs)
            pairs_plane_dx(p, maxima, index + at, dy + at, dx + c * plane);
        else
            plane_dx(p, maxima, index + at, dy + at, dx + c * plane);
    }
}

bool TENKA_FAST(max_pool2d_fwd)(const struct tenka_fast_call *f)
{
    forward(f, false);
    return true;
}

bool TENKA_FAST(max_pool2d_dx)(const struct tenka_fast_call *f)
{
    backward((const void *)f->call->params, NULL, f->call->in[0], f->call->in[1], f->call->out[0]);
    return true;
}

bool TENKA_FAST(relu_max_pool2d_fwd)(const struct tenka_fast_call *f)
{
    forward(f, true);
    return true;
}

bool TENKA_FAST(relu_max_pool2d_dx)(const struct tenka_fast_call *f)
{
    backward((const void *)f->call->params, f->call->in[0], f->call->in[1], f->call->in[2], f->call->out[0]);
    return true;
}
