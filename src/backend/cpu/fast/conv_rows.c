/* Depthwise convolutions by rows (conv_rows.h), forward and dx: a few rows of results are summed at a time, so that what
 * a kernel row reads of the image serves several of them. */
#include "backend/cpu/fast/conv_rows.h"

/* Rows of results that are summed at a time, and images: two of them where kernels are large, so that sums are long, and
 * strides or small planes leave fewer rows to each. */
enum { FEW_ROWS = 4, MOST_ROWS = 7, MOST_IMAGES = 2 };

/* ---- Forward ---- */

/* v is what is at y + at, in those lanes. */
ALWAYS_INLINE void put(const struct job *f, ptrdiff_t at, vec v, lane_mask lanes)
{
    if (f->relu)
        v = select(v < (vec){0}, (vec){0}, v);
    if (f->mask != NULL)
        v = select(load_masked(f->mask + at, lanes) <= (vec){0}, (vec){0}, v);
    store_masked(f->y + at, v, lanes);
}

/* The next image's plane. */
ALWAYS_INLINE void go_on(struct job *f)
{
    f->x += f->next_x;
    f->y += f->next_y;
    f->mask = f->mask != NULL ? f->mask + f->next_y : NULL;
}

/* Whether weights stay in registers, beside so many sums. */
ALWAYS_INLINE bool holds(int taps, int sums)
{
    return taps <= MOST_HELD && taps + sums <= REGISTERS;
}

ALWAYS_INLINE void hold_weights(const float *w, int taps, int sums, vec *held)
{
    const int most = holds(taps, sums) ? taps : 0;
    UNROLL
    for (int t = 0; t < most; t++)
        held[t] = splat(w[t]);
}

ALWAYS_INLINE vec weight_of(const float *w, int taps, int sums, const vec *held, int t)
{
    return holds(taps, sums) ? held[t] : splat(w[t]);
}

/* `rows` rows of results, from i on, of so many images: additions to one sum wait for each other, those to the sums of
 * two images do not. */
ALWAYS_INLINE void convolve_rows(const conv_params *p, const struct job *f, const vec *held, const struct view *view,
                                 int i, int kh, int kw, int stride, int rows, int images)
{
    vec sum[MOST_IMAGES][MOST_ROWS];
    UNROLL
    for (int t = 0; t < rows * images; t++)
        sum[t / rows][t % rows] = splat(f->bias);
    UNROLL
    for (int u = 0; u < (rows - 1) * stride + kh; u++) {
        const int y = i * stride - p->ph + u;
        if (!is_inside(p, y))
            continue;
        struct seen seen[MOST_IMAGES];
        UNROLL
        for (int n = 0; n < images; n++)
            seen[n] = see_row(p, view, f->x + n * f->next_x, y, stride);
        UNROLL
        for (int s = 0; s < kw; s++) {
            vec x[MOST_IMAGES];
            UNROLL
            for (int n = 0; n < images; n++)
                x[n] = see(view, &seen[n], s, stride);
            UNROLL
            for (int t = 0; t < rows; t++) {
                const int r = u - t * stride, meeting = r >= 0 && r < kh ? images : 0;
                UNROLL
                for (int n = 0; n < meeting; n++)
                    sum[n][t] += x[n] * weight_of(f->w, kh * kw, rows * images, held, r * kw + s);
            }
        }
    }
    UNROLL
    for (int n = 0; n < images; n++)
        UNROLL
    for (int t = 0; t < rows; t++)
        if (i + t < p->oh)
            put(f, n * f->next_y + (ptrdiff_t)(i + t) * p->ow + view->column, sum[n][t], view->windows[kw].lanes);
}

/* The next so many images. */
ALWAYS_INLINE void convolve_images(const conv_params *p, struct job *f, int kh, int kw, int stride, int rows,
                                   int images)
{
    vec held[MOST_HELD];
    hold_weights(f->w, kh * kw, rows * images, held);
    for (; f->images >= images; f->images -= images) {
        for (int j = 0; j < p->ow; j += LANES) {
            const struct view view = view_at(f->windows, j, kw + 1);
            for (int i = 0; i < p->oh; i += rows)
                convolve_rows(p, f, held, &view, i, kh, kw, stride, rows, images);
        }
        for (int n = 0; n < images; n++)
            go_on(f);
    }
}

/* Parameters and job are copied, so that the compiler knows that no store changes them. */
ALWAYS_INLINE void convolve(const conv_params *params, const struct job *job, int kh, int kw, int stride, int rows)
{
    const conv_params p = *params;
    struct job f = *job;
    if (rows == MOST_ROWS && kh > 3 && (stride > 1 || p.oh <= MOST_ROWS))
        convolve_images(&p, &f, kh, kw, stride, rows, MOST_IMAGES);
    convolve_images(&p, &f, kh, kw, stride, rows, 1);
}

/* ---- dx of strides of two: of each row and column of dx, those of the kernel that meet it ---- */

/* Row or column 2 t + e of dx and number e + odd - 2 a of the kernel meet in t + half of the padding + a of dy; odd says
 * whether the padding is. These are the least and the largest a. */
ALWAYS_INLINE int least_meeting(int side, int odd)
{
    return -((side - 1 - odd) / 2);
}

ALWAYS_INLINE int last_meeting(int odd)
{
    return odd;
}

/* Windows of dy for 2 * LANES columns of dx: one for each meeting, then dx's own. */
static void fill_spread(const conv_params *p, struct window *windows)
{
    const int odd = p->pw % 2, least = least_meeting(p->kw, odd), last = last_meeting(odd);
    for (int first = 0; 2 * first < p->w; first += LANES, windows += WINDOWS) {
        for (int b = least; b <= last; b++)
            windows[b - least] = window_at(first + p->pw / 2 + b, p->ow, LANES);
        windows[last + 1 - least] = window_at(2 * first, p->w, 2 * LANES);
    }
}

/* Columns of two rows of dx, 2 t and the next. odd_h, odd_w: whether the padding is. */
ALWAYS_INLINE void spread_rows(const conv_params *p, const struct job *f, const vec *held, const struct view *view,
                               int t, int kh, int kw, int odd_h, int odd_w)
{
    const int least = least_meeting(kw, odd_w), last = last_meeting(odd_w);
    vec sum[2][2] = {{{0}, {0}}, {{0}, {0}}};
    UNROLL
    for (int a = least_meeting(kh, odd_h); a <= last_meeting(odd_h); a++) {
        const int i = t + p->ph / 2 + a;
        if (i < 0 || i >= p->oh)
            continue;
        UNROLL
        for (int b = least; b <= last; b++) {
            const float *at = f->x + (ptrdiff_t)i * p->ow + view->column + p->pw / 2 + b;
            const vec dy = load_masked(at, view->windows[b - least].lanes);
            UNROLL
            for (int e = 0; e < 4; e++) {
                const int r = e / 2 + odd_h - 2 * a, s = e % 2 + odd_w - 2 * b;
                if (r >= 0 && r < kh && s >= 0 && s < kw)
                    sum[e / 2][e % 2] += dy * weight_of(f->w, kh * kw, 4, held, r * kw + s);
            }
        }
    }
    const struct window *own = &view->windows[last + 1 - least];
    UNROLL
    for (int e = 0; e < 2; e++) {
        const ptrdiff_t at = (ptrdiff_t)(2 * t + e) * p->w + 2 * view->column;
        if (2 * t + e == p->h)
            break;
        put(f, at, interleave_low(sum[e][0], sum[e][1]), own->lanes);
        if (2 * view->column + LANES < p->w)
            put(f, at + LANES, interleave_high(sum[e][0], sum[e][1]), own->more);
    }
}

ALWAYS_INLINE void spread(const conv_params *params, const struct job *job, int kh, int kw, int odd_h, int odd_w)
{
    const conv_params p = *params;
    struct job f = *job;
    vec held[MOST_HELD];
    hold_weights(f.w, kh * kw, 4, held);
    const int windows = last_meeting(odd_w) - least_meeting(kw, odd_w) + 2;
    for (int n = 0; n < f.images; n++, go_on(&f))
        for (int first = 0; 2 * first < p.w; first += LANES) {
            const struct view view = view_at(f.windows, first, windows);
            for (int t = 0; 2 * t < p.h; t++)
                spread_rows(&p, &f, held, &view, t, kh, kw, odd_h, odd_w);
        }
}

/* ---- Kernels of their size ---- */

#define SIZES(X, rows) X(3, 1, rows) X(3, 2, rows) X(5, 1, rows) X(5, 2, rows) X(7, 1, rows) X(7, 2, rows)
#define FUNCTION(side, stride, rows)                                                             \
    static void convolve_##side##_##stride##_##rows(const conv_params *p, const struct job *job) \
    {                                                                                            \
        convolve(p, job, side, side, stride, rows);                                              \
    }
SIZES(FUNCTION, 4)
SIZES(FUNCTION, 7)
#undef FUNCTION

static void convolve_any(const conv_params *p, const struct job *f)
{
    convolve(p, f, p->kh, p->kw, p->sw, FEW_ROWS);
}

/* As many rows at a time as registers hold, where no more rows are summed in vain than by fewer. */
static bool suits_most(const conv_params *p)
{
    return REGISTERS == 32 && div_up(p->oh, MOST_ROWS) * MOST_ROWS <= div_up(p->oh, FEW_ROWS) * FEW_ROWS;
}

static plane_function *convolve_of(const conv_params *p)
{
#define CHOOSE(side, stride, rows)                         \
    if (p->kh == side && p->kw == side && p->sw == stride) \
        return convolve_##side##_##stride##_##rows;
    if (suits_most(p)) {
        SIZES(CHOOSE, 7)
    }
    SIZES(CHOOSE, 4)
#undef CHOOSE
    return convolve_any;
}

#define SIDES(X) X(3, 0) X(3, 1) X(5, 0) X(5, 1) X(7, 0) X(7, 1)
#define FUNCTION(side, odd)                                                      \
    static void spread_##side##_##odd(const conv_params *p, const struct job *f) \
    {                                                                            \
        spread(p, f, side, side, odd, odd);                                      \
    }
SIDES(FUNCTION)

static void spread_any(const conv_params *p, const struct job *f)
{
    spread(p, f, p->kh, p->kw, p->ph % 2, p->pw % 2);
}

static plane_function *spread_of(const conv_params *p)
{
#define CHOOSE(side, odd)                                                           \
    if (p->kh == side && p->kw == side && p->pw % 2 == (odd) && p->ph % 2 == (odd)) \
        return spread_##side##_##odd;
    SIDES(CHOOSE)
#undef CHOOSE
    return spread_any;
}

/* ---- The kernels ---- */

/* Planes of a channel that are taken one after the other, so that weights and masks are loaded once. */
static int images_of(const conv_params *p, int threads)
{
    return p->c < threads ? 1 : p->n;
}

bool TENKA_FAST(conv2d_fwd_rows)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    const conv_params *p = (const void *)c->params;
    plane_function *const run = convolve_of(p);
    const float *bias = c->in[2];
    const int images = images_of(p, call->threads);
    fill_windows(p, call->scratch);
#pragma omp parallel for num_threads(call->threads)
    for (ptrdiff_t i = 0; i < (ptrdiff_t)p->n / images * p->c; i++) {
        const struct job job = {
            .windows = call->scratch,
            .x = (const float *)c->in[0] + i * p->h * p->w,
            .w = (const float *)c->in[1] + i % p->c * p->kh * p->kw,
            .bias = bias != NULL ? bias[i % p->c] : 0,
            .relu = p->act == TENKA_ACT_relu,
            .y = (float *)c->out[0] + i * p->oh * p->ow,
            .images = images,
            .next_x = (ptrdiff_t)p->c * p->h * p->w,
            .next_y = (ptrdiff_t)p->c * p->oh * p->ow,
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

bool TENKA_FAST(conv2d_dx_rows)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    const conv_params *p = (const void *)c->params, t = turned(p);
    const bool turns = p->sw == 1;
    const int images = images_of(p, call->threads);
    plane_function *const run = turns ? convolve_of(&t) : spread_of(p);
    const int taps = p->kh * p->kw;
    if (turns)
        fill_windows(&t, call->scratch);
    else
        fill_spread(p, call->scratch);
#pragma omp parallel for num_threads(call->threads)
    for (ptrdiff_t i = 0; i < (ptrdiff_t)p->n / images * p->c; i++) {
        const float *w = (const float *)c->in[1] + i % p->c * taps, *dy = (const float *)c->in[2] + i * p->oh * p->ow;
        float kernel[MOST_SIDE * MOST_SIDE];
        for (int k = 0; k < taps; k++)
            kernel[k] = w[turns ? taps - 1 - k : k];
        const struct job job = {
            .windows = call->scratch,
            .x = dy,
            .w = kernel,
            .mask = c->in[0] != NULL ? (const float *)c->in[0] + i * p->h * p->w : NULL,
            .y = (float *)c->out[0] + i * p->h * p->w,
            .images = images,
            .next_x = (ptrdiff_t)p->c * p->oh * p->ow,
            .next_y = (ptrdiff_t)p->c * p->h * p->w,
        };
        run(turns ? &t : p, &job);
    }
    return true;
}

size_t TENKA_FAST(conv_rows_scratch)(const conv_params *p)
{
    const int columns = p->w > p->ow ? p->w : p->ow;
    return (size_t)div_up(columns, LANES) * WINDOWS * sizeof(struct window);
}
