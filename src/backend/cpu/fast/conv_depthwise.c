/* Depthwise convolutions: of each channel a kernel of its own. There is nothing to multiply as matrices, and all that
 * counts is to read little. Three ways:
 *
 *   rows    vectors along the rows of a plane, a few of which are summed at a time, so that what a kernel row reads of
 *           the image serves several results
 *   planes  planes that about fill a vector: each tap picks its lanes (conv_planes.c)
 *   lanes   other small planes: LANES channels beside each other, a vector for each place (conv_lanes.c) */
#include "backend/cpu/fast/conv.h"

enum {
    MOST_SIDE = 8,   /* of a kernel */
    RESULT_ROWS = 4, /* that are summed at a time */
    IMAGES = 64,     /* whose sums are added up before they are added to the others' */
};

static bool by_rows(const conv_params *p)
{
    return p->kh <= MOST_SIDE && p->kw <= MOST_SIDE && p->dh == 1 && p->dw == 1 && p->sh == p->sw && p->sh <= 2 &&
           p->ph < p->kh && p->pw < p->kw;
}

bool TENKA_FAST(is_depthwise)(const conv_params *p)
{
    return p->groups > 1 && p->groups == p->c && p->o == p->c && TENKA_FAST(conv_serves)(p) &&
           (TENKA_FAST(conv_in_lanes)(p) || by_rows(p));
}

/* ---- Vectors of a row ---- */

/* Where LANES columns, one or two apart, lie in a row; those outside are read as 0. */
struct window {
    ptrdiff_t at;
    lane_mask lanes, more; /* of the first vector and, when columns are two apart, of the second */
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

ALWAYS_INLINE vec load_window(const float *row, const struct window *w, int stride)
{
    const vec low = load_masked(row + w->at, w->lanes);
    return stride == 1 ? low : even_lanes(low, load_masked(row + w->at + LANES, w->more));
}

/* A plane's pass. */
struct job {
    const float *x, *w, *mask, *dy;
    float bias;
    bool relu;
    float *y;
    vec *sums; /* of dw, a vector for each tap */
};

typedef void plane_function(const conv_params *p, const struct job *job);

/* ---- Forward ---- */

/* Columns from `column` on of the row of y at `row`. */
ALWAYS_INLINE void put(const struct job *f, ptrdiff_t row, int column, int width, vec v)
{
    const ptrdiff_t at = row + column;
    const int count = width - column < LANES ? width - column : LANES;
    if (f->relu)
        v = select(v < (vec){0}, (vec){0}, v);
    if (f->mask != NULL)
        v = select(load_lanes(f->mask + at, 0, count) <= (vec){0}, (vec){0}, v);
    store_lanes(f->y + at, v, 0, count);
}

/* RESULT_ROWS rows from i on. */
ALWAYS_INLINE void convolve_rows(const conv_params *p, const struct job *f, const struct window *windows, int i, int j,
                                 int kh, int kw, int stride)
{
    vec sum[RESULT_ROWS];
    UNROLL
    for (int t = 0; t < RESULT_ROWS; t++)
        sum[t] = splat(f->bias);
    UNROLL
    for (int u = 0; u < (RESULT_ROWS - 1) * stride + kh; u++) {
        const int y = i * stride - p->ph + u;
        if (y < 0 || y >= p->h)
            continue;
        UNROLL
        for (int s = 0; s < kw; s++) {
            const vec x = load_window(f->x + (ptrdiff_t)y * p->w, &windows[s], stride);
            UNROLL
            for (int t = 0; t < RESULT_ROWS; t++) {
                const int r = u - t * stride;
                if (r >= 0 && r < kh)
                    sum[t] += x * f->w[r * kw + s];
            }
        }
    }
    UNROLL
    for (int t = 0; t < RESULT_ROWS; t++)
        if (i + t < p->oh)
            put(f, (ptrdiff_t)(i + t) * p->ow, j, p->ow, sum[t]);
}

ALWAYS_INLINE void convolve(const conv_params *p, const struct job *f, int kh, int kw, int stride)
{
    struct window windows[MOST_SIDE];
    for (int j = 0; j < p->ow; j += LANES) {
        for (int s = 0; s < kw; s++)
            windows[s] = window_at((ptrdiff_t)j * stride + s - p->pw, p->w, stride * LANES);
        for (int i = 0; i < p->oh; i += RESULT_ROWS)
            convolve_rows(p, f, windows, i, j, kh, kw, stride);
    }
}

/* ---- dx of strides of two: of each column of dx, those of the kernel that meet it ---- */

/* 2 * LANES columns of row y, from column 2 * first on. odd: whether the padding is. */
ALWAYS_INLINE void spread_row(const conv_params *p, const struct job *f, const struct window *windows, int y, int first,
                              int kh, int kw, int odd)
{
    vec sum[2] = {{0}, {0}};
    UNROLL
    for (int r = 0; r < kh; r++) {
        const int i = y + p->ph - r;
        if (i < 0 || i % 2 != 0 || i / 2 >= p->oh)
            continue;
        const float *row = f->dy + (ptrdiff_t)(i / 2) * p->ow;
        UNROLL
        for (int s = 0; s < kw; s++)
            sum[(s + odd) % 2] += load_masked(row + windows[s].at, windows[s].lanes) * f->w[r * kw + s];
    }
    put(f, (ptrdiff_t)y * p->w, 2 * first, p->w, interleave_low(sum[0], sum[1]));
    if (2 * first + LANES < p->w)
        put(f, (ptrdiff_t)y * p->w, 2 * first + LANES, p->w, interleave_high(sum[0], sum[1]));
}

ALWAYS_INLINE void spread(const conv_params *p, const struct job *f, int kh, int kw, int odd)
{
    struct window windows[MOST_SIDE];
    for (int first = 0; 2 * first < p->w; first += LANES) {
        for (int s = 0; s < kw; s++)
            windows[s] = window_at(first + ((s + odd) % 2 + p->pw - s) / 2, p->ow, LANES);
        for (int y = 0; y < p->h; y++)
            spread_row(p, f, windows, y, first, kh, kw, odd);
    }
}

/* ---- dw ---- */

/* Adds `rows` rows of dy from i on to the sums of kernel rows r .. r+kernel_rows-1. */
ALWAYS_INLINE void collect_rows(const conv_params *p, const struct job *f, const struct window *windows,
                                const struct window *own, int i, int rows, int r, int kernel_rows, int kw, int stride,
                                vec sum[MOST_SIDE][MOST_SIDE])
{
    vec d[RESULT_ROWS];
    UNROLL
    for (int t = 0; t < rows; t++)
        d[t] = load_masked(f->dy + (ptrdiff_t)(i + t) * p->ow + own->at, own->lanes);
    UNROLL
    for (int u = 0; u < (rows - 1) * stride + kernel_rows; u++) {
        const int y = i * stride - p->ph + r + u;
        if (y < 0 || y >= p->h)
            continue;
        UNROLL
        for (int s = 0; s < kw; s++) {
            const vec x = load_window(f->x + (ptrdiff_t)y * p->w, &windows[s], stride);
            UNROLL
            for (int t = 0; t < rows; t++) {
                const int k = u - t * stride;
                if (k >= 0 && k < kernel_rows)
                    sum[k][s] += d[t] * x;
            }
        }
    }
}

ALWAYS_INLINE void collect(const conv_params *p, const struct job *f, int kh, int kw, int stride, int kernel_rows,
                           int rows)
{
    struct window windows[MOST_SIDE];
    for (int j = 0; j < p->ow; j += LANES) {
        const struct window own = window_at(j, p->ow, LANES);
        const ptrdiff_t most = stride * (p->ow - j < LANES ? p->ow - j : LANES);
        for (int s = 0; s < kw; s++)
            windows[s] = window_at((ptrdiff_t)j * stride + s - p->pw, p->w, most);
        for (int r = 0; r < kh; r += kernel_rows) {
            vec sum[MOST_SIDE][MOST_SIDE];
            UNROLL
            for (int k = 0; k < kernel_rows; k++)
                UNROLL
            for (int s = 0; s < kw; s++)
                sum[k][s] = (vec){0};
            int i = 0;
            for (; i + rows <= p->oh; i += rows)
                collect_rows(p, f, windows, &own, i, rows, r, kernel_rows, kw, stride, sum);
            for (; i < p->oh; i++)
                collect_rows(p, f, windows, &own, i, 1, r, kernel_rows, kw, stride, sum);
            UNROLL
            for (int k = 0; k < kernel_rows; k++)
                UNROLL
            for (int s = 0; s < kw; s++)
                if (r + k < kh)
                    f->sums[(r + k) * kw + s] += sum[k][s];
        }
    }
}

/* ---- Kernels of their size ---- */

#define SIZES(X) X(3, 1, 3, 4) X(3, 2, 3, 2) X(5, 1, 5, 2) X(5, 2, 5, 1) X(7, 1, 2, 4) X(7, 2, 2, 2)
#define FUNCTIONS(side, stride, kernel_rows, rows)                                    \
    static void convolve_##side##_##stride(const conv_params *p, const struct job *f) \
    {                                                                                 \
        convolve(p, f, side, side, stride);                                           \
    }                                                                                 \
    static void collect_##side##_##stride(const conv_params *p, const struct job *f)  \
    {                                                                                 \
        collect(p, f, side, side, stride, kernel_rows, rows);                         \
    }
SIZES(FUNCTIONS)

static void convolve_any(const conv_params *p, const struct job *f)
{
    convolve(p, f, p->kh, p->kw, p->sw);
}

static void collect_any(const conv_params *p, const struct job *f)
{
    collect(p, f, p->kh, p->kw, p->sw, 1, 1);
}

static plane_function *convolve_of(const conv_params *p)
{
#define CHOOSE(side, stride, ...)                          \
    if (p->kh == side && p->kw == side && p->sw == stride) \
        return convolve_##side##_##stride;
    SIZES(CHOOSE)
#undef CHOOSE
    return convolve_any;
}

static plane_function *collect_of(const conv_params *p)
{
#define CHOOSE(side, stride, ...)                          \
    if (p->kh == side && p->kw == side && p->sw == stride) \
        return collect_##side##_##stride;
    SIZES(CHOOSE)
#undef CHOOSE
    return collect_any;
}

#define SIDES(X) X(3, 0) X(3, 1) X(5, 0) X(5, 1) X(7, 0) X(7, 1)
#define FUNCTION(side, odd)                                                      \
    static void spread_##side##_##odd(const conv_params *p, const struct job *f) \
    {                                                                            \
        spread(p, f, side, side, odd);                                           \
    }
SIDES(FUNCTION)

static void spread_any(const conv_params *p, const struct job *f)
{
    spread(p, f, p->kh, p->kw, p->pw % 2);
}

static plane_function *spread_of(const conv_params *p)
{
#define CHOOSE(side, odd)                                     \
    if (p->kh == side && p->kw == side && p->pw % 2 == (odd)) \
        return spread_##side##_##odd;
    SIDES(CHOOSE)
#undef CHOOSE
    return spread_any;
}

/* ---- The kernels ---- */

bool TENKA_FAST(conv2d_fwd_depthwise)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    const conv_params *p = (const void *)c->params;
    if (TENKA_FAST(conv_in_planes)(p))
        return TENKA_FAST(conv2d_fwd_planes)(call);
    if (TENKA_FAST(conv_in_lanes)(p))
        return TENKA_FAST(conv2d_fwd_lanes)(call);
    plane_function *const run = convolve_of(p);
    const float *bias = c->in[2];
#pragma omp parallel for num_threads(call->threads)
    for (ptrdiff_t i = 0; i < (ptrdiff_t)p->n * p->c; i++) {
        const struct job job = {
            .x = (const float *)c->in[0] + i * p->h * p->w,
            .w = (const float *)c->in[1] + i % p->c * p->kh * p->kw,
            .bias = bias != NULL ? bias[i % p->c] : 0,
            .relu = p->act == TENKA_ACT_relu,
            .y = (float *)c->out[0] + i * p->oh * p->ow,
        };
        run(p, &job);
    }
    return true;
}

/* The convolution that makes dx of dy where there are no strides, with the kernel turned round. */
static conv_params turned(const conv_params *p)
{
    conv_params t = *p;
    t.h = p->oh;
    t.w = p->ow;
    t.oh = p->h;
    t.ow = p->w;
    t.ph = p->kh - 1 - p->ph;
    t.pw = p->kw - 1 - p->pw;
    return t;
}

bool TENKA_FAST(conv2d_dx_depthwise)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    const conv_params *p = (const void *)c->params, t = turned(p);
    if (TENKA_FAST(conv_in_planes)(p))
        return TENKA_FAST(conv2d_dx_planes)(call);
    if (TENKA_FAST(conv_in_lanes)(p))
        return TENKA_FAST(conv2d_dx_lanes)(call);
    const bool turns = p->sw == 1;
    plane_function *const run = turns ? convolve_of(&t) : spread_of(p);
    const int taps = p->kh * p->kw;
#pragma omp parallel for num_threads(call->threads)
    for (ptrdiff_t i = 0; i < (ptrdiff_t)p->n * p->c; i++) {
        const float *w = (const float *)c->in[1] + i % p->c * taps, *dy = (const float *)c->in[2] + i * p->oh * p->ow;
        float kernel[MOST_SIDE * MOST_SIDE];
        for (int k = 0; k < taps; k++)
            kernel[k] = w[turns ? taps - 1 - k : k];
        const struct job job = {
            .x = dy,
            .dy = dy,
            .w = kernel,
            .mask = c->in[0] != NULL ? (const float *)c->in[0] + i * p->h * p->w : NULL,
            .y = (float *)c->out[0] + i * p->h * p->w,
        };
        run(turns ? &t : p, &job);
    }
    return true;
}

static float sum_plane(const float *dy, int n)
{
    vec sum = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        sum += load(dy + i);
    return sum_lanes(sum + load_lanes(dy + i, 0, n - i));
}

/* Adds the sums of the lanes of n vectors to n totals, whole vectors of them. */
static inline void add_lane_sums(const vec *sums, int n, float *totals)
{
    for (int i = 0; i < n; i += LANES)
        store(totals + i, load(totals + i) + lane_sums(sums + i, n - i));
}

static void weights_of_channel(const struct tenka_cpu_call *call, plane_function *run, int c)
{
    const conv_params *p = (const void *)call->params;
    const int taps = p->kh * p->kw;
    float total[MOST_SIDE * MOST_SIDE + LANES] = {0};
    double bias = 0;
    float *dw = (float *)call->out[0] + (ptrdiff_t)c * taps, *db = call->out[1];
    for (int first = 0; first < p->n; first += IMAGES) {
        vec sums[MOST_SIDE * MOST_SIDE];
        memset(sums, 0, (size_t)taps * sizeof(*sums));
        for (int n = first; n < p->n && n < first + IMAGES; n++) {
            const ptrdiff_t i = (ptrdiff_t)n * p->c + c;
            const struct job job = {
                .x = (const float *)call->in[0] + i * p->h * p->w,
                .dy = (const float *)call->in[1] + i * p->oh * p->ow,
                .sums = sums,
            };
            run(p, &job);
            if (db != NULL)
                bias += (double)sum_plane(job.dy, p->oh * p->ow);
        }
        add_lane_sums(sums, taps, total);
    }
    memcpy(dw, total, (size_t)taps * sizeof(*dw));
    if (db != NULL)
        db[c] = (float)bias;
}

bool TENKA_FAST(conv2d_dw_depthwise)(const struct tenka_fast_call *call)
{
    const conv_params *p = (const void *)call->call->params;
    if (TENKA_FAST(conv_in_lanes)(p))
        return TENKA_FAST(conv2d_dw_lanes)(call);
    plane_function *const run = collect_of(p);
#pragma omp parallel for num_threads(call->threads)
    for (int c = 0; c < p->c; c++)
        weights_of_channel(call->call, run, c);
    return true;
}

size_t TENKA_FAST(conv_depthwise_scratch)(const conv_params *p)
{
    return TENKA_FAST(conv_in_lanes)(p) ? TENKA_FAST(conv_lanes_scratch)() : 0;
}
