/* Normalisation of rows; see backend/cpu/layer_norm.c. A row is one segment whose weights vary with its elements, or,
 * where channels have planes, a segment a channel, of one weight each. Sums of SPAN elements in float are added in
 * double. */
#include <math.h>

#include "backend/cpu/fast/kernels.h"

typedef struct tenka_p_layer_norm params;

enum {
    SMALL = 1 << 13, /* elements of which threads are not worth starting */
    SPAN = 4096,     /* elements that are added in float */
    CHAINS = 4,      /* running sums beside each other, as an addition takes some cycles */
    ROWS = 4,        /* of which a weight's gradient is added at a time */
    PART_ROWS = 64,  /* of which it is a part, at least */
    PARTS = 16,      /* at most */
    BLOCK = 1024,    /* of its elements that a thread takes at a time */
    CHANNELS = 16,   /* whose weights' gradients are summed together, at most */
    SHORT = 1024,    /* elements of a row of which ROWS are taken together forwards */
    SHORT_BACK = 256 /* and backwards: what is read and written then stays in the nearest cache */
};

/* ---- Sums ---- */

/* What is summed of an element: x - m, its square, or g and g (x - m). */
enum term { DISTANCE, SQUARE, GRADIENT };

ALWAYS_INLINE void add_terms(enum term term, vec x, vec minus, vec g, vec *sum, vec *along)
{
    const vec d = x + minus;
    if (term == DISTANCE)
        *sum += d;
    if (term == SQUARE)
        *sum += d * d;
    if (term == GRADIENT) {
        *sum += g;
        *along += g * d;
    }
}

/* g of the elements from i on: dy times the weights w, if there are any. */
ALWAYS_INLINE vec gradient_at(const float *dy, const float *w, ptrdiff_t i)
{
    return w != NULL ? load(dy + i) * load(w + i) : load(dy + i);
}

/* The sums of n <= SPAN elements in each lane; dy and w for GRADIENT alone, and w may be NULL. */
ALWAYS_INLINE void sum_lanes_of(enum term term, const float *x, float mean, const float *dy, const float *w,
                                ptrdiff_t n, vec *sum, vec *along)
{
    const vec minus = splat(-mean), none = {0};
    vec s[CHAINS], a[CHAINS];
    UNROLL
    for (int c = 0; c < CHAINS; c++)
        s[c] = a[c] = none;
    ptrdiff_t i = 0;
    for (const ptrdiff_t whole = n - n % (CHAINS * LANES); i < whole; i += CHAINS * LANES) {
        UNROLL
        for (int c = 0; c < CHAINS; c++)
            add_terms(term, load(x + i + c * LANES), minus, term == GRADIENT ? gradient_at(dy, w, i + c * LANES) : none,
                      &s[c], &a[c]);
    }
    for (; i + LANES <= n; i += LANES)
        add_terms(term, load(x + i), minus, term == GRADIENT ? gradient_at(dy, w, i) : none, &s[0], &a[0]);
    if (i < n) {
        const int rest = (int)(n - i);
        const ivec there = lane_numbers() < rest;
        vec g = term == GRADIENT ? load_lanes(dy + i, 0, rest) : none, value = none, product = none;
        if (term == GRADIENT && w != NULL)
            g *= load_lanes(w + i, 0, rest);
        add_terms(term, load_lanes(x + i, 0, rest), minus, g, &value, &product);
        s[1] += select(there, value, none);
        a[1] += select(there, product, none);
    }
    *sum = (s[0] + s[1]) + (s[2] + s[3]);
    *along = (a[0] + a[1]) + (a[2] + a[3]);
}

/* The same of ROWS rows, n elements apart: sum[r] and along[r]. Lanes of several rows are added together. */
ALWAYS_INLINE void sum_rows(enum term term, const float *x, const float *mean, const float *dy, const float *w,
                            ptrdiff_t n, float sum[ROWS], float along[ROWS])
{
    vec lanes[2 * ROWS];
    UNROLL
    for (int r = 0; r < ROWS; r++)
        sum_lanes_of(term, x + r * n, mean[r], term == GRADIENT ? dy + r * n : NULL, w, n, &lanes[r], &lanes[ROWS + r]);
    if (LANES >= 2 * ROWS && term == GRADIENT) {
        const vec sums = lane_sums(lanes, 2 * ROWS);
        for (int r = 0; r < ROWS; r++) {
            sum[r] = sums[r];
            along[r] = sums[ROWS + r];
        }
        return;
    }
    const vec sums = lane_sums(lanes, ROWS);
    for (int r = 0; r < ROWS; r++)
        sum[r] = sums[r];
    if (term != GRADIENT)
        return;
    const vec products = lane_sums(lanes + ROWS, ROWS);
    for (int r = 0; r < ROWS; r++)
        along[r] = products[r];
}

ALWAYS_INLINE double sum_row(enum term term, const float *x, float mean, const float *dy, const float *w, ptrdiff_t n,
                             double *along)
{
    double sum = 0, product = 0;
    for (ptrdiff_t i = 0; i < n; i += SPAN) {
        const ptrdiff_t length = n - i < SPAN ? n - i : SPAN;
        vec lanes[2];
        sum_lanes_of(term, x + i, mean, term == GRADIENT ? dy + i : NULL, w != NULL ? w + i : NULL, length, &lanes[0],
                     &lanes[1]);
        const vec sums = lane_sums(lanes, term == GRADIENT ? 2 : 1);
        sum += (double)sums[0];
        product += term == GRADIENT ? (double)sums[1] : 0;
    }
    if (term == GRADIENT)
        *along = product;
    return sum;
}

/* ---- Forward ---- */

/* 1 / sqrt(v + eps) from the mean of the squares around a rounded mean. */
static inline float scale_of(double squares, double exact, float mean, float eps)
{
    const double off = exact - (double)mean, v = squares - off * off;
    return (float)(1 / sqrt((v > 0 || isnan(v) ? v : 0) + (double)eps));
}

/* Sums in float lose digits to what their terms have in common, so the mean is a distance from the first element. */
static inline float guess_of(const float *x)
{
    return isfinite(x[0]) ? x[0] : 0;
}

static void find_moments(const float *x, ptrdiff_t n, float eps, float *mean, float *scale)
{
    const float guess = guess_of(x);
    const double exact = (double)guess + sum_row(DISTANCE, x, guess, NULL, NULL, n, NULL) / (double)n;
    *mean = (float)exact;
    *scale = scale_of(sum_row(SQUARE, x, *mean, NULL, NULL, n, NULL) / (double)n, exact, *mean, eps);
}

/* The same of ROWS rows of at most SPAN elements. */
static void find_row_moments(const float *x, ptrdiff_t n, float eps, float *mean, float *scale)
{
    float guess[ROWS], sum[ROWS];
    double exact[ROWS];
    for (int r = 0; r < ROWS; r++)
        guess[r] = guess_of(x + r * n);
    sum_rows(DISTANCE, x, guess, NULL, NULL, n, sum, NULL);
    for (int r = 0; r < ROWS; r++) {
        exact[r] = (double)guess[r] + (double)sum[r] / (double)n;
        mean[r] = (float)exact[r];
    }
    sum_rows(SQUARE, x, mean, NULL, NULL, n, sum, NULL);
    for (int r = 0; r < ROWS; r++)
        scale[r] = scale_of((double)sum[r] / (double)n, exact[r], mean[r], eps);
}

/* A segment whose weights vary. */
static void apply_varying(const float *x, float *y, const float *w, const float *b, ptrdiff_t n, float m, float s)
{
    const vec minus = splat(-m), scale = splat(s);
    ptrdiff_t i = 0;
    if (b != NULL)
        for (; i + LANES <= n; i += LANES)
            store(y + i, (load(x + i) + minus) * scale * load(w + i) + load(b + i));
    for (; i + LANES <= n; i += LANES)
        store(y + i, (load(x + i) + minus) * scale * load(w + i));
    for (; i < n; i++)
        y[i] = (x[i] - m) * s * w[i] + (b != NULL ? b[i] : 0);
}

/* A segment of one weight. */
static void apply_even(const float *x, float *y, float w, float b, ptrdiff_t n, float m, float s)
{
    const vec minus = splat(-m), gain = splat(s * w), bias = splat(b);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(y + i, (load(x + i) + minus) * gain + bias);
    if (i < n) {
        const lane_mask rest = mask_lanes(0, (int)(n - i));
        store_masked(y + i, (load_masked(x + i, rest) + minus) * gain + bias, rest);
    }
}

static void apply_row(const params *p, const float *x, float *y, const float *w, const float *b, float m, float s)
{
    if (w == NULL) {
        apply_even(x, y, 1, 0, p->len, m, s);
    } else if (p->plane == 1) {
        apply_varying(x, y, w, b, p->len, m, s);
    } else {
        for (ptrdiff_t c = 0; c < p->per; c++)
            apply_even(x + c * p->plane, y + c * p->plane, w[c], b != NULL ? b[c] : 0, p->plane, m, s);
    }
}

/* Weights or biases of a row's first channel on; NULL: there are none. */
static const float *of_row(const params *p, const float *channels, ptrdiff_t row)
{
    return channels != NULL ? channels + row % p->groups * p->per : NULL;
}

bool TENKA_FAST(layer_norm_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0], *eps = f->call->scalars;
    float *y = f->call->out[0], *mean = f->call->out[1], *scale = f->call->out[2];
    const ptrdiff_t n = p->len;
    const ptrdiff_t whole = n <= SHORT ? p->outer - p->outer % ROWS : 0;
#pragma omp parallel if (f->n > SMALL)
    {
#pragma omp for
        for (ptrdiff_t row = 0; row < whole; row += ROWS) {
            find_row_moments(x + row * n, n, eps[0], &mean[row], &scale[row]);
            for (ptrdiff_t r = row; r < row + ROWS; r++)
                apply_row(p, x + r * n, y + r * n, of_row(p, f->call->in[1], r), of_row(p, f->call->in[2], r), mean[r],
                          scale[r]);
        }
#pragma omp for
        for (ptrdiff_t row = whole; row < p->outer; row++) {
            find_moments(x + row * n, n, eps[0], &mean[row], &scale[row]);
            apply_row(p, x + row * n, y + row * n, of_row(p, f->call->in[1], row), of_row(p, f->call->in[2], row),
                      mean[row], scale[row]);
        }
    }
    return true;
}

/* ---- The input's gradient ---- */

/* dx = factor dy - total - (x - m) along, where w is not NULL with factor * w instead of factor. */
ALWAYS_INLINE void apply_slope(const float *x, const float *dy, const float *w, float *dx, ptrdiff_t n, float m,
                               float factor, float total, float along)
{
    const vec minus = splat(-m), scale = splat(factor), base = splat(total), slope = splat(along);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(dx + i, gradient_at(dy, w, i) * scale - base - (load(x + i) + minus) * slope);
    if (i < n) {
        const lane_mask rest = mask_lanes(0, (int)(n - i));
        const vec d = load_masked(dy + i, rest), g = w != NULL ? d * load_masked(w + i, rest) : d;
        store_masked(dx + i, g * scale - base - (load_masked(x + i, rest) + minus) * slope, rest);
    }
}

static void dx_varying(const float *x, const float *dy, const float *w, float *dx, ptrdiff_t n, float m, float s)
{
    double along, total = sum_row(GRADIENT, x, m, dy, w, n, &along);
    const double mean = (double)s / (double)n;
    apply_slope(x, dy, w, dx, n, m, s, (float)(total * mean), (float)(along * mean * s * s));
}

static void dx_even(const float *x, const float *dy, float *dx, ptrdiff_t n, float m, float s)
{
    double along, total = sum_row(GRADIENT, x, m, dy, NULL, n, &along);
    const double mean = (double)s / (double)n;
    apply_slope(x, dy, NULL, dx, n, m, s, (float)(total * mean), (float)(along * mean * s * s));
}

/* ROWS rows of at most SPAN elements whose weights vary, or, w being NULL, are 1. */
static void dx_rows(const float *x, const float *dy, const float *w, float *dx, ptrdiff_t n, const float *mean,
                    const float *scale)
{
    float total[ROWS], along[ROWS];
    if (w != NULL)
        sum_rows(GRADIENT, x, mean, dy, w, n, total, along);
    else
        sum_rows(GRADIENT, x, mean, dy, NULL, n, total, along);
    for (int r = 0; r < ROWS; r++) {
        const double s = (double)scale[r], part = s / (double)n;
        const float base = (float)((double)total[r] * part), slope = (float)((double)along[r] * part * s * s);
        if (w != NULL)
            apply_slope(x + r * n, dy + r * n, w, dx + r * n, n, mean[r], scale[r], base, slope);
        else
            apply_slope(x + r * n, dy + r * n, NULL, dx + r * n, n, mean[r], scale[r], base, slope);
    }
}

/* The sums of g, that is dy times each channel's weight, and of g (x - m) of `channels` planes, of at most SPAN elements
 * together: lanes are added to each other once. */
static double sum_planes(const float *x, float m, const float *dy, const float *w, ptrdiff_t plane, ptrdiff_t channels,
                         double *along)
{
    vec lanes[2] = {{0}, {0}};
    for (ptrdiff_t c = 0; c < channels; c++) {
        vec sum, product;
        sum_lanes_of(GRADIENT, x + c * plane, m, dy + c * plane, NULL, plane, &sum, &product);
        lanes[0] += sum * w[c];
        lanes[1] += product * w[c];
    }
    const vec sums = lane_sums(lanes, 2);
    *along = (double)sums[1];
    return (double)sums[0];
}

static void dx_planes(const params *p, const float *x, const float *dy, const float *w, float *dx, float m, float s)
{
    const ptrdiff_t plane = p->plane, most = plane < SPAN ? SPAN / plane : 1;
    const double mean = (double)s / (double)p->len;
    double total = 0, along = 0;
    for (ptrdiff_t c = 0; c < p->per; c += most) {
        const ptrdiff_t channels = p->per - c < most ? p->per - c : most;
        double part;
        if (plane <= SPAN)
            total += sum_planes(x + c * plane, m, dy + c * plane, w + c, plane, channels, &part);
        else
            total += (double)w[c] * sum_row(GRADIENT, x + c * plane, m, dy + c * plane, NULL, plane, &part);
        along += plane <= SPAN ? part : (double)w[c] * part;
    }
    for (ptrdiff_t c = 0; c < p->per; c++)
        apply_slope(x + c * plane, dy + c * plane, NULL, dx + c * plane, plane, m, s * w[c], (float)(total * mean),
                    (float)(along * mean * s * s));
}

static void dx_row(const params *p, const struct tenka_cpu_call *call, ptrdiff_t row)
{
    const float *x = call->in[0], *mean = call->in[2], *scale = call->in[3], *dy = call->in[4];
    const float *const w = of_row(p, call->in[1], row);
    const ptrdiff_t n = p->len, at = row * n;
    float *dx = call->out[0];
    if (w == NULL)
        dx_even(x + at, dy + at, dx + at, n, mean[row], scale[row]);
    else if (p->plane == 1)
        dx_varying(x + at, dy + at, w, dx + at, n, mean[row], scale[row]);
    else
        dx_planes(p, x + at, dy + at, w, dx + at, mean[row], scale[row]);
}

bool TENKA_FAST(layer_norm_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0], *w = f->call->in[1], *mean = f->call->in[2], *scale = f->call->in[3];
    const float *dy = f->call->in[4];
    float *dx = f->call->out[0];
    const ptrdiff_t n = p->len;
    const bool alike = w == NULL || (p->plane == 1 && p->groups == 1);
    const ptrdiff_t whole = alike && n <= SHORT_BACK ? p->outer - p->outer % ROWS : 0;
#pragma omp parallel if (f->n > SMALL)
    {
#pragma omp for
        for (ptrdiff_t row = 0; row < whole; row += ROWS)
            dx_rows(x + row * n, dy + row * n, w, dx + row * n, n, mean + row, scale + row);
#pragma omp for
        for (ptrdiff_t row = whole; row < p->outer; row++)
            dx_row(p, f->call, row);
    }
    return true;
}

/* ---- The weights' gradient: channels of planes ---- */

/* The sums of a channel's dy and dy xhat: in each lane of about SPAN elements, and of those before. */
struct channel {
    vec sum, along;
    ptrdiff_t elements;
    double db, dw;
};

static void add_lanes(struct channel *f)
{
    const vec lanes[2] = {f->sum, f->along}, sums = lane_sums(lanes, 2);
    f->db += (double)sums[0];
    f->dw += (double)sums[1];
    f->sum = f->along = (vec){0};
    f->elements = 0;
}

/* The sums of GRADIENT in each lane of n elements, `whole` vectors and a part of one. */
ALWAYS_INLINE void sum_few_lanes(int whole, const float *x, float mean, const float *dy, ptrdiff_t n, vec *sum,
                                 vec *along)
{
    const vec minus = splat(-mean), none = {0};
    const int rest = (int)(n - whole * LANES);
    const lane_mask there = mask_lanes(0, rest);
    const vec d = select(lane_numbers() < rest, load_masked(x + whole * LANES, there) + minus, none);
    *sum = load_masked(dy + whole * LANES, there);
    *along = *sum * d;
    UNROLL
    for (int i = 0; i < whole; i++)
        add_terms(GRADIENT, load(x + i * LANES), minus, load(dy + i * LANES), sum, along);
}

static void sum_segment(const float *x, float mean, const float *dy, ptrdiff_t n, vec *sum, vec *along)
{
    switch (n / LANES) {
    case 0: sum_few_lanes(0, x, mean, dy, n, sum, along); break;
    case 1: sum_few_lanes(1, x, mean, dy, n, sum, along); break;
    case 2: sum_few_lanes(2, x, mean, dy, n, sum, along); break;
    case 3: sum_few_lanes(3, x, mean, dy, n, sum, along); break;
    default: sum_lanes_of(GRADIENT, x, mean, dy, NULL, n, sum, along);
    }
}

static void add_segment(struct channel *f, const float *x, const float *dy, ptrdiff_t n, float mean, float scale)
{
    for (ptrdiff_t i = 0; i < n; i += SPAN) {
        const ptrdiff_t length = n - i < SPAN ? n - i : SPAN;
        vec sum, along;
        sum_segment(x + i, mean, dy + i, length, &sum, &along);
        f->sum += sum;
        f->along += along * scale;
        f->elements += length;
        if (f->elements >= SPAN)
            add_lanes(f);
    }
}

/* The sums of `count` channels from `first` on, whose planes lie one after the other in each image. */
static void sum_channels(const params *p, const struct tenka_cpu_call *call, ptrdiff_t first, ptrdiff_t count,
                         struct channel *sums)
{
    const float *x = call->in[0], *mean = call->in[1], *scale = call->in[2], *dy = call->in[3];
    memset(sums, 0, (size_t)count * sizeof(*sums));
    for (ptrdiff_t image = 0; image < p->outer; image += p->groups) {
        ptrdiff_t row = image + first / p->per, left = p->per - first % p->per;
        ptrdiff_t at = (image * p->per + first) * p->plane;
        for (ptrdiff_t k = 0; k < count; k++, at += p->plane) {
            add_segment(&sums[k], x + at, dy + at, p->plane, mean[row], scale[row]);
            if (--left == 0) {
                row++;
                left = p->per;
            }
        }
    }
    for (ptrdiff_t k = 0; k < count; k++)
        add_lanes(&sums[k]);
}

/* Channels that are taken together, since short planes that lie apart come slowly from memory. */
static ptrdiff_t channels_together(const params *p)
{
    const ptrdiff_t fit = SPAN / p->plane;
    return fit < 1 ? 1 : fit < CHANNELS ? fit : CHANNELS;
}

static void dw_planes(const params *p, const struct tenka_fast_call *f)
{
    float *dweight = f->call->out[0], *dbias = f->call->out[1];
    const ptrdiff_t channels = (ptrdiff_t)p->groups * p->per, together = channels_together(p);
#pragma omp parallel for if ((size_t)p->outer * (size_t)p->len > SMALL)
    for (ptrdiff_t first = 0; first < channels; first += together) {
        const ptrdiff_t count = channels - first < together ? channels - first : together;
        struct channel sums[CHANNELS];
        sum_channels(p, f->call, first, count, sums);
        for (ptrdiff_t k = 0; k < count; k++) {
            dweight[first + k] = (float)sums[k].dw;
            if (dbias != NULL)
                dbias[first + k] = (float)sums[k].db;
        }
    }
}

/* ---- The weights' gradient: every row has all channels ---- */

/* Adds the gradients of `rows` rows of n elements, of which `width` are meant, to those in dw and db. */
ALWAYS_INLINE void add_rows(int rows, const float *x, const float *dy, const float *mean, const float *scale,
                            ptrdiff_t n, ptrdiff_t width, float *dw, float *db)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= width; i += LANES) {
        vec w = load(dw + i), b = load(db + i);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const vec d = load(dy + r * n + i);
            w += d * ((load(x + r * n + i) - splat(mean[r])) * splat(scale[r]));
            b += d;
        }
        store(dw + i, w);
        store(db + i, b);
    }
    for (; i < width; i++)
        for (int r = 0; r < rows; r++) {
            dw[i] += dy[r * n + i] * ((x[r * n + i] - mean[r]) * scale[r]);
            db[i] += dy[r * n + i];
        }
}

static ptrdiff_t parts_of(const params *p)
{
    return p->outer < PARTS * PART_ROWS ? (p->outer + PART_ROWS - 1) / PART_ROWS : PARTS;
}

/* The gradients of elements `from` on of one part of the rows, in dw and db. */
static void add_part(const params *p, const struct tenka_cpu_call *call, ptrdiff_t part, ptrdiff_t from, float *dw,
                     float *db)
{
    const float *x = call->in[0], *mean = call->in[1], *scale = call->in[2], *dy = call->in[3];
    const ptrdiff_t n = p->len, width = n - from < BLOCK ? n - from : BLOCK, parts = parts_of(p);
    const ptrdiff_t end = (part + 1) * p->outer / parts;
    memset(dw, 0, (size_t)width * sizeof(*dw));
    memset(db, 0, (size_t)width * sizeof(*db));
    ptrdiff_t row = part * p->outer / parts;
    for (; row + ROWS <= end; row += ROWS)
        add_rows(ROWS, x + row * n + from, dy + row * n + from, mean + row, scale + row, n, width, dw, db);
    for (; row < end; row++)
        add_rows(1, x + row * n + from, dy + row * n + from, mean + row, scale + row, n, width, dw, db);
}

static void dw_rows(const params *p, const struct tenka_fast_call *f)
{
    const ptrdiff_t n = p->len, parts = parts_of(p), blocks = (n + BLOCK - 1) / BLOCK;
    float *const scratch = f->scratch, *dweight = f->call->out[0], *dbias = f->call->out[1];
#pragma omp parallel for if ((size_t)p->outer * (size_t)p->len > SMALL)
    for (ptrdiff_t k = 0; k < parts * blocks; k++) {
        const ptrdiff_t part = k / blocks, from = k % blocks * BLOCK;
        add_part(p, f->call, part, from, scratch + 2 * part * n + from, scratch + (2 * part + 1) * n + from);
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        double dw = 0, db = 0;
        for (ptrdiff_t part = 0; part < parts; part++) {
            dw += (double)scratch[2 * part * n + i];
            db += (double)scratch[(2 * part + 1) * n + i];
        }
        dweight[i] = (float)dw;
        if (dbias != NULL)
            dbias[i] = (float)db;
    }
}

size_t TENKA_FAST(layer_norm_dw_scratch)(const int32_t *params_, int threads)
{
    const params *p = (const void *)params_;
    (void)threads;
    return p->plane == 1 && p->groups == 1 ? 2 * (size_t)parts_of(p) * (size_t)p->len * sizeof(float) : 0;
}

bool TENKA_FAST(layer_norm_dw)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    if (p->plane == 1 && p->groups == 1)
        dw_rows(p, f);
    else
        dw_planes(p, f);
    return true;
}
