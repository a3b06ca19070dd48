/* Max pooling, of max(x, 0) too; see backend/cpu/max_pool2d.c and relu_max_pool2d.c. Windows of 2x2 side by side, which
 * most networks have, go by vectors of outputs; others by vectors too, of rows that are copied with their padding.
 * Windows of whole planes or columns are max_pool2d_whole.c's; other adaptive ones are left to the reference. */
#include <math.h>

#include "backend/cpu/fast/pool.h"

typedef struct tenka_p_pool2d params;

/* Elements below which threads are not worth starting. */
enum { SMALL = 1 << 15 };

/* ---- 2x2 ---- */

/* Windows of 2x2 side by side, none of which reaches outside. */
static bool is_pairs(const params *p)
{
    return p->adaptive == 0 && p->kh == 2 && p->kw == 2 && p->sh == 2 && p->sw == 2 && p->ph == 0 && p->pw == 0 &&
           p->dh == 1 && p->dw == 1 && p->oh <= p->h / 2 && p->ow <= p->w / 2;
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

/* Rows of input that the windows of a row of outputs span. Their copies are in a thread's scratch memory, row r in place
 * r % span, so that each row of a plane is copied once. */
static ptrdiff_t span(const params *p)
{
    return (ptrdiff_t)(p->kh - 1) * p->dh + 1;
}

/* Floats of a copy: -infinity, p->pw of them, the row, then -infinity, so far as vectors of outputs reach. */
static size_t copy_width(const params *p)
{
    const size_t vectors = ((size_t)p->ow + LANES - 1) / LANES;
    return vectors * LANES * (size_t)p->sw + (size_t)(p->kw - 1) * (size_t)p->dw + 2 * LANES;
}

static size_t thread_width(const params *p)
{
    return (size_t)span(p) * copy_width(p);
}

/* In front of the copies: for each output of a row the first column that its window has; -1: it has none. */
static size_t first_columns(const params *p)
{
    return ((size_t)p->ow + LANES - 1) / LANES * LANES;
}

static bool is_copied(const params *p)
{
    return p->adaptive == 0 && !is_pairs(p);
}

static size_t scratch_bytes(const params *p, int threads)
{
    return is_copied(p) ? (first_columns(p) + (size_t)threads * thread_width(p)) * sizeof(float) : 0;
}

size_t TENKA_FAST(max_pool2d_fwd_scratch)(const int32_t *p, int threads)
{
    return scratch_bytes((const void *)p, threads);
}

size_t TENKA_FAST(relu_max_pool2d_fwd_scratch)(const int32_t *p, int threads)
{
    return scratch_bytes((const void *)p, threads);
}

/* The first place that is no padding of a window that begins at `from`. */
static ptrdiff_t first_place(ptrdiff_t from, ptrdiff_t dilation)
{
    return from < 0 ? from + (-from + dilation - 1) / dilation * dilation : from;
}

/* What is the same for all rows, and the padding of the copies. */
static void prepare(const params *p, int threads, int32_t *first, float *copies)
{
    for (int32_t j = 0; j < (int32_t)first_columns(p); j++) {
        const ptrdiff_t column = first_place((ptrdiff_t)j * p->sw - p->pw, p->dw);
        first[j] = column < p->w ? (int32_t)column : -1;
    }
    for (size_t i = 0; i < (size_t)threads * thread_width(p); i++)
        copies[i] = -(float)INFINITY;
}

static void copy_row(const params *p, bool relu, const float *x, float *copy)
{
    const ptrdiff_t room = (ptrdiff_t)copy_width(p) - p->pw, inside = p->w < room ? p->w : room;
    ptrdiff_t i = 0;
    for (; i + LANES <= inside; i += LANES)
        store(copy + p->pw + i, maybe_relu(relu, load(x + i)));
    if (i < inside)
        store_lanes(copy + p->pw + i, maybe_relu(relu, load_lanes(x + i, 0, (int)(inside - i))), 0, (int)(inside - i));
}

/* A row of outputs, whose windows have rows from `top` on, but none from `end` on. The padding never wins. */
ALWAYS_INLINE void copied_row(const params *p, int kw, ptrdiff_t sw, ptrdiff_t dw, const float *copies, ptrdiff_t top,
                              ptrdiff_t end, const int32_t *first, float *y, int32_t *index)
{
    const size_t width = copy_width(p);
    for (int32_t j = 0; j < p->ow; j += LANES) {
        const int count = p->ow - j < LANES ? p->ow - j : LANES;
        const ivec left = (int32_t)sw * (lane_numbers() + j) - p->pw;
        vec best = splat(-(float)INFINITY);
        const ivec column = load_int_lanes(first + j, 0, LANES), none = column < (top < end ? 0 : INT32_MAX);
        ivec winner = (column + (int32_t)(top * p->w)) | none;
        for (ptrdiff_t row = top; row < end; row += p->dh) {
            const float *at = copies + (size_t)(row % span(p)) * width + j * sw;
            for (int s = 0; s < kw; s++)
                challenge(&best, &winner, load_tap(at, sw, s * dw), left + (int32_t)(s * dw + row * p->w));
        }
        store_lanes(y + j, best, 0, count);
        store_int_lanes(index + j, winner, 0, count);
    }
}

/* The common windows are named so that each becomes a loop of its own. */
ALWAYS_INLINE void named_row(const params *p, const float *copies, ptrdiff_t top, ptrdiff_t end, const int32_t *first,
                             float *y, int32_t *index)
{
    if (p->kw == 3 && p->sw == 2 && p->dw == 1)
        copied_row(p, 3, 2, 1, copies, top, end, first, y, index);
    else if (p->kw == 3 && p->sw == 1 && p->dw == 1)
        copied_row(p, 3, 1, 1, copies, top, end, first, y, index);
    else if (p->kw == 2 && p->sw == 2 && p->dw == 1)
        copied_row(p, 2, 2, 1, copies, top, end, first, y, index);
    else
        copied_row(p, p->kw, p->sw, p->dw, copies, top, end, first, y, index);
}

static void copied_plane(const params *p, bool relu, const float *x, const int32_t *first, float *copies, float *y,
                         int32_t *index)
{
    ptrdiff_t copied = 0; /* rows that were copied, or that nobody sees any more */
    for (int32_t i = 0; i < p->oh; i++) {
        const ptrdiff_t from = (ptrdiff_t)i * p->sh - p->ph, top = first_place(from, p->dh);
        const ptrdiff_t end = from + span(p) < p->h ? from + span(p) : p->h;
        for (copied = copied < from ? from : copied; copied < end; copied++)
            copy_row(p, relu, x + copied * p->w, copies + (size_t)(copied % span(p)) * copy_width(p));
        named_row(p, copies, top, end, first, y + (ptrdiff_t)i * p->ow, index + (ptrdiff_t)i * p->ow);
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

static void pairs_plane(const params *p, bool relu, const float *x, float *y, int32_t *index)
{
    for (int32_t i = 0; i < p->oh; i++)
        pairs_row(p, relu, x, i, y + (ptrdiff_t)i * p->ow, index + (ptrdiff_t)i * p->ow);
}

static bool forward(const struct tenka_fast_call *f, bool relu)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0], *copies = (float *)f->scratch + first_columns(p);
    int32_t *index = f->call->out[1], *first = f->scratch;
    const ptrdiff_t plane = (ptrdiff_t)p->h * p->w, outputs = (ptrdiff_t)p->oh * p->ow;
    const bool pairs = is_pairs(p);
    if (!pairs && !is_copied(p))
        return false;
    if (!pairs)
        prepare(p, f->threads, first, copies);
#pragma omp parallel for if (p->nc * plane > SMALL)
    for (int32_t c = 0; c < p->nc; c++)
        if (pairs)
            pairs_plane(p, relu, x + c * plane, y + c * outputs, index + c * outputs);
        else
            copied_plane(p, relu, x + c * plane, first, copies + (size_t)thread_index() * thread_width(p),
                         y + c * outputs, index + c * outputs);
    return true;
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
    return TENKA_FAST(max_pool2d_whole)(f) || forward(f, false);
}

bool TENKA_FAST(max_pool2d_dx)(const struct tenka_fast_call *f)
{
    backward((const void *)f->call->params, NULL, f->call->in[0], f->call->in[1], f->call->out[0]);
    return true;
}

bool TENKA_FAST(relu_max_pool2d_fwd)(const struct tenka_fast_call *f)
{
    return forward(f, true);
}

bool TENKA_FAST(relu_max_pool2d_dx)(const struct tenka_fast_call *f)
{
    backward((const void *)f->call->params, f->call->in[0], f->call->in[1], f->call->in[2], f->call->out[0]);
    return true;
}
