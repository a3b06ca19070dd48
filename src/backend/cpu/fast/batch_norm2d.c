/* Batch normalisation; see backend/cpu/batch_norm2d.c. A thread takes a few neighbouring channels at a time and goes
 * through their planes image by image. A sum over a channel is, for each lane of a vector, a double to which the sum of
 * one span of a plane is added at a time; then the lanes are added. Where planes are small, vectors reach over several
 * of them: each place is summed over images, then the places of a channel are. */
#include <math.h>

#include "backend/cpu/fast/kernels.h"

typedef struct tenka_p_channels params;

enum {
    NEIGHBOURS = 1024,   /* elements of an image that a thread takes at a time, when planes are small */
    MOST_CHANNELS = 32,  /* and as many channels at most */
    LARGE_PLANE = 256,   /* elements; the processor fetches small ones ahead by itself */
    SMALL_PLANE = 64,    /* elements; up to here, the planes of neighbours are one row of places */
    PLACES = NEIGHBOURS, /* of such a row, at most */
    FEW_IMAGES = 64,     /* whose places are added in float */
    SMALL = 1 << 14,     /* elements of which threads are not worth starting */
    SPAN = 4096,         /* elements of a plane that are added in float */
    CACHE_LINE = 16,     /* elements */
    GROWTH = 16,         /* of how many times the images a mean is a guess for */
    CHAINS = 4           /* running sums beside each other, as an addition takes some cycles */
};

/* Channels, or images, from .. end-1. */
struct range {
    int32_t from, end;
};

typedef double sums[LANES];

static double total(const double lane[LANES])
{
    double part[LANES];
    memcpy(part, lane, sizeof(part));
    UNROLL
    for (int half = LANES / 2; half > 0; half /= 2) {
        UNROLL
        for (int i = 0; i < half; i++)
            part[i] += part[i + half];
    }
    return part[0];
}

static void add_lanes(double lane[LANES], vec v)
{
    float part[LANES];
    memcpy(part, &v, sizeof(part));
    for (int i = 0; i < LANES; i++)
        lane[i] += (double)part[i];
}

/* ---- Sums of one span ---- */

/* What is summed of an element: x - m, its square, or dy and dy (x - m). */
enum term { DISTANCE, SQUARE, GRADIENT };

/* minus: -m, since an addition takes its term from memory on x86. */
ALWAYS_INLINE void add_terms(enum term term, vec x, vec minus, vec dy, vec *sum, vec *along)
{
    if (term == DISTANCE) {
        *sum += x + minus;
    } else if (term == SQUARE) {
        const vec d = x + minus;
        *sum += d * d;
    } else {
        *sum += dy;
        *along += dy * (x + minus);
    }
}

/* Adds n elements to the lanes of sum and along; dy and along are used for GRADIENT alone. What a thread reads for the
 * first time is asked for in time: the same place of the next image, `ahead` elements on. */
ALWAYS_INLINE void add_span(enum term term, const float *x, float mean, const float *dy, ptrdiff_t n, sums sum,
                            sums along, ptrdiff_t ahead)
{
    vec s[CHAINS], a[CHAINS];
    const vec minus = splat(-mean), none = {0};
    UNROLL
    for (int c = 0; c < CHAINS; c++)
        s[c] = a[c] = none;
    ptrdiff_t i = 0;
    for (const ptrdiff_t whole = n - n % (CHAINS * LANES); i < whole; i += CHAINS * LANES) {
        UNROLL
        for (int c = 0; c < CHAINS; c++) {
            const bool line = c * LANES % CACHE_LINE == 0;
            if (line && term != SQUARE)
                __builtin_prefetch(x + i + c * LANES + ahead);
            if (line && term == GRADIENT)
                __builtin_prefetch(dy + i + c * LANES + ahead);
            add_terms(term, load(x + i + c * LANES), minus, term == GRADIENT ? load(dy + i + c * LANES) : none, &s[c],
                      &a[c]);
        }
    }
    for (; i + LANES <= n; i += LANES)
        add_terms(term, load(x + i), minus, term == GRADIENT ? load(dy + i) : none, &s[0], &a[0]);
    if (i < n) {
        const int rest = (int)(n - i);
        const ivec there = lane_numbers() < rest;
        vec value = none, gradient = none;
        add_terms(term, load_lanes(x + i, 0, rest), minus, term == GRADIENT ? load_lanes(dy + i, 0, rest) : none,
                  &value, &gradient);
        s[1] += select(there, value, none);
        a[1] += select(there, gradient, none);
    }
    add_lanes(sum, (s[0] + s[1]) + (s[2] + s[3]));
    if (term == GRADIENT)
        add_lanes(along, (a[0] + a[1]) + (a[2] + a[3]));
}

/* ---- Channels ---- */

/* Where plane n of channel c begins. */
static inline ptrdiff_t plane_at(const params *p, int32_t n, int32_t c)
{
    return ((ptrdiff_t)n * p->c + c) * p->plane;
}

static inline double count_of(const params *p)
{
    return (double)p->n * p->plane;
}

/* ---- Small planes: the channels of r as a row of places ---- */

static bool is_small(const params *p)
{
    return p->plane <= SMALL_PLANE;
}

static inline ptrdiff_t places_of(const params *p, struct range r)
{
    return (ptrdiff_t)(r.end - r.from) * p->plane;
}

static inline int lanes_left(ptrdiff_t places, ptrdiff_t i)
{
    return places - i < LANES ? (int)(places - i) : LANES;
}

/* The number of each channel at each of its places, and 0 in what lacks of the last vector. */
static void spread(const params *p, struct range r, const float *numbers, float *out)
{
    for (int32_t k = 0; k < r.end - r.from; k++)
        for (ptrdiff_t i = 0; i < p->plane; i++)
            *out++ = numbers[k];
    memset(out, 0, LANES * sizeof(*out));
}

/* Adds the sums of places to those of their channels. */
static void add_places(const params *p, struct range r, const float *places, sums sum[])
{
    for (ptrdiff_t i = 0; i < p->plane; i++)
        for (int32_t k = 0; k < r.end - r.from; k++)
            sum[k][0] += (double)places[k * p->plane + i];
}

/* Images from .. end-1, of which there are few, at LANES places from i on. */
ALWAYS_INLINE void sum_places(enum term term, const params *p, struct range images, struct range r, const float *x,
                              vec minus, const float *dy, ptrdiff_t i, vec *sum, vec *along)
{
    const int lanes = lanes_left(places_of(p, r), i);
    const lane_mask mask = mask_lanes(0, lanes);
    *sum = *along = (vec){0};
    for (int32_t n = images.from; n < images.end; n++) {
        const ptrdiff_t at = plane_at(p, n, r.from) + i;
        if (lanes == LANES)
            add_terms(term, load(x + at), minus, term == GRADIENT ? load(dy + at) : minus, sum, along);
        else
            add_terms(term, load_masked(x + at, mask), minus, term == GRADIENT ? load_masked(dy + at, mask) : minus,
                      sum, along);
    }
}

/* As sum_images(). */
ALWAYS_INLINE void sum_small(enum term term, const params *p, struct range images, struct range r, const float *x,
                             const float *mean, const float *dy, sums sum[], sums along[])
{
    float means[PLACES + LANES], place[PLACES + LANES], place_along[PLACES + LANES];
    const ptrdiff_t places = places_of(p, r);
    spread(p, r, mean + r.from, means);
    for (struct range few = {images.from, 0}; few.from < images.end; few.from = few.end) {
        few.end = images.end - few.from < FEW_IMAGES ? images.end : few.from + FEW_IMAGES;
        for (ptrdiff_t i = 0; i < places; i += LANES) {
            vec s, a;
            sum_places(term, p, few, r, x, -load(means + i), dy, i, &s, &a);
            store(place + i, s);
            store(place_along + i, a);
        }
        add_places(p, r, place, sum);
        if (term == GRADIENT)
            add_places(p, r, place_along, along);
    }
}

/* Sums over the channels of r of some images; sum[k] and along[k] are of channel r.from + k. mean: of every channel. */
ALWAYS_INLINE void sum_images(enum term term, const params *p, struct range images, struct range r, const float *x,
                              const float *mean, const float *dy, sums sum[], sums along[])
{
    const ptrdiff_t ahead = p->plane < LARGE_PLANE ? 0 : (ptrdiff_t)p->c * p->plane;
    memset(sum, 0, (size_t)(r.end - r.from) * sizeof(*sum));
    if (term == GRADIENT)
        memset(along, 0, (size_t)(r.end - r.from) * sizeof(*along));
    if (is_small(p)) {
        sum_small(term, p, images, r, x, mean, dy, sum, along);
        return;
    }
    for (int32_t n = images.from; n < images.end; n++)
        for (int32_t c = r.from; c < r.end; c++)
            for (ptrdiff_t i = 0; i < p->plane; i += SPAN) {
                const ptrdiff_t at = plane_at(p, n, c) + i, length = p->plane - i < SPAN ? p->plane - i : SPAN;
                const int32_t k = c - r.from;
                add_span(term, x + at, mean[c], term == GRADIENT ? dy + at : NULL, length, sum[k],
                         term == GRADIENT ? along[k] : NULL, ahead);
            }
}

/* The same of all images. */
ALWAYS_INLINE void sum_channels(enum term term, const params *p, struct range r, const float *x, const float *mean,
                                const float *dy, sums sum[], sums along[])
{
    sum_images(term, p, (struct range){0, p->n}, r, x, mean, dy, sum, along);
}

/* Channels that one thread takes at a time. */
static int32_t range_size(const params *p, int threads)
{
    const int32_t neighbours = p->plane >= NEIGHBOURS ? 1 : NEIGHBOURS / p->plane;
    const int32_t share = (p->c + threads - 1) / threads;
    const int32_t size = neighbours < share ? neighbours : share;
    return size < MOST_CHANNELS ? size : MOST_CHANNELS;
}

static struct range range_from(const params *p, int32_t from, int32_t size)
{
    return (struct range){from, p->c - from < size ? p->c : from + size};
}

/* ---- Forward ---- */

/* The images after i that are summed together: GROWTH times those until then. */
static struct range images_after(const params *p, struct range i)
{
    return (struct range){i.end, p->n / GROWTH < i.end ? p->n : GROWTH * i.end};
}

/* From which distances can be taken. */
static float guess_of(double mean)
{
    return isfinite(mean) ? (float)mean : 0;
}

/* Sums in float lose digits to what all their terms have in common. So distances from a guess are added up: from the
 * first element, then from the mean of the images so far, each time of a multiple of them. */
static void find_means(const params *p, struct range r, const float *x, float *mean, double exact[])
{
    sums sum[MOST_CHANNELS];
    double all[MOST_CHANNELS] = {0};
    for (int32_t c = r.from; c < r.end; c++)
        exact[c - r.from] = (double)x[plane_at(p, 0, c)];
    for (struct range i = {0, 1}; i.from < p->n; i = images_after(p, i)) {
        for (int32_t c = r.from; c < r.end; c++)
            mean[c] = guess_of(exact[c - r.from]);
        sum_images(DISTANCE, p, i, r, x, mean, NULL, sum, NULL);
        for (int32_t c = r.from, k = 0; c < r.end; c++, k++) {
            all[k] += total(sum[k]) + (double)mean[c] * (i.end - i.from) * p->plane;
            exact[k] = all[k] / ((double)i.end * p->plane);
        }
    }
    for (int32_t c = r.from; c < r.end; c++)
        mean[c] = (float)exact[c - r.from];
}

static void find_moments(const params *p, struct range r, const float *x, float *mean, float *variance)
{
    sums sum[MOST_CHANNELS];
    double exact[MOST_CHANNELS];
    find_means(p, r, x, mean, exact);
    sum_channels(SQUARE, p, r, x, mean, NULL, sum, NULL);
    for (int32_t c = r.from; c < r.end; c++) {
        const double off = exact[c - r.from] - mean[c]; /* the squares are around the rounded mean */
        const double v = total(sum[c - r.from]) / count_of(p) - off * off;
        variance[c] = v > 0 || isnan(v) ? (float)v : 0;
    }
}

/* normalize() of small planes. */
static void normalize_small(const params *p, struct range r, const struct tenka_cpu_call *call, const float gain[])
{
    float means[PLACES + LANES], gains[PLACES + LANES], biases[PLACES + LANES];
    const ptrdiff_t places = places_of(p, r);
    spread(p, r, (const float *)call->out[1] + r.from, means);
    spread(p, r, gain, gains);
    spread(p, r, (const float *)call->in[2] + r.from, biases);
    for (int32_t n = 0; n < p->n; n++) {
        const float *x = (const float *)call->in[0] + plane_at(p, n, r.from);
        float *y = (float *)call->out[0] + plane_at(p, n, r.from);
        for (ptrdiff_t i = 0; i < places; i += LANES) {
            const int lanes = lanes_left(places, i);
            const vec v = load_lanes(x + i, 0, lanes);
            store_lanes(y + i, (v - load(means + i)) * load(gains + i) + load(biases + i), 0, lanes);
        }
    }
}

static void normalize(const params *p, struct range r, const struct tenka_cpu_call *call, const float gain[])
{
    if (is_small(p)) {
        normalize_small(p, r, call, gain);
        return;
    }
    const float *x = call->in[0], *bias = call->in[2], *mean = call->out[1];
    float *y = call->out[0];
    for (int32_t n = 0; n < p->n; n++)
        for (int32_t c = r.from; c < r.end; c++) {
            const float m = mean[c], b = bias[c], g = gain[c - r.from];
            const ptrdiff_t at = plane_at(p, n, c);
            for (ptrdiff_t i = at; i < at + p->plane; i++)
                y[i] = (x[i] - m) * g + b;
        }
}

bool TENKA_FAST(batch_norm2d_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *weight = f->call->in[1], *eps = f->call->scalars;
    float *mean = f->call->out[1], *variance = f->call->out[2];
    const int32_t size = range_size(p, f->threads);
#pragma omp parallel for if (count_of(p) * p->c > SMALL)
    for (int32_t from = 0; from < p->c; from += size) {
        const struct range r = range_from(p, from, size);
        float gain[MOST_CHANNELS];
        find_moments(p, r, f->call->in[0], mean, variance);
        for (int32_t c = r.from; c < r.end; c++)
            gain[c - r.from] = (float)(weight[c] / sqrt((double)variance[c] + eps[0]));
        normalize(p, r, f->call, gain);
    }
    return true;
}

/* ---- Gradients ---- */

/* Of one channel: dx = factor (dy - mean_dy - (x - m) slope). */
struct slope {
    float factor, mean_dy, slope;
};

static void find_slopes(const params *p, struct range r, const struct tenka_cpu_call *call, struct slope out[])
{
    const float *weight = call->in[1], *variance = call->in[4], *eps = call->scalars;
    sums sum[MOST_CHANNELS], along[MOST_CHANNELS];
    sum_channels(GRADIENT, p, r, call->in[0], call->in[3], call->in[5], sum, along);
    for (int32_t c = r.from, k = 0; c < r.end; c++, k++) {
        const double s = 1 / sqrt((double)variance[c] + eps[0]);
        out[k].factor = (float)(weight[c] * s);
        out[k].mean_dy = (float)(total(sum[k]) / count_of(p));
        out[k].slope = (float)(s * s * total(along[k]) / count_of(p));
    }
}

/* apply_slopes() of small planes. */
static void apply_small(const params *p, struct range r, const struct tenka_cpu_call *call, const struct slope slope[])
{
    float number[3][MOST_CHANNELS], factors[PLACES + LANES], means_dy[PLACES + LANES], slopes[PLACES + LANES];
    float means[PLACES + LANES];
    const ptrdiff_t places = places_of(p, r);
    for (int32_t k = 0; k < r.end - r.from; k++) {
        number[0][k] = slope[k].factor;
        number[1][k] = slope[k].mean_dy;
        number[2][k] = slope[k].slope;
    }
    spread(p, r, number[0], factors);
    spread(p, r, number[1], means_dy);
    spread(p, r, number[2], slopes);
    spread(p, r, (const float *)call->in[3] + r.from, means);
    for (int32_t n = 0; n < p->n; n++) {
        const ptrdiff_t at = plane_at(p, n, r.from);
        const float *x = (const float *)call->in[0] + at, *dy = (const float *)call->in[5] + at;
        float *dx = (float *)call->out[0] + at;
        for (ptrdiff_t i = 0; i < places; i += LANES) {
            const int lanes = lanes_left(places, i);
            const vec along = (load_lanes(x + i, 0, lanes) - load(means + i)) * load(slopes + i);
            store_lanes(dx + i, load(factors + i) * (load_lanes(dy + i, 0, lanes) - load(means_dy + i) - along), 0,
                        lanes);
        }
    }
}

static void apply_slopes(const params *p, struct range r, const struct tenka_cpu_call *call, const struct slope slope[])
{
    if (is_small(p)) {
        apply_small(p, r, call, slope);
        return;
    }
    const float *x = call->in[0], *mean = call->in[3], *dy = call->in[5];
    float *dx = call->out[0];
    for (int32_t n = 0; n < p->n; n++)
        for (int32_t c = r.from; c < r.end; c++) {
            const struct slope s = slope[c - r.from];
            const float m = mean[c];
            const ptrdiff_t at = plane_at(p, n, c);
            for (ptrdiff_t i = at; i < at + p->plane; i++)
                dx[i] = s.factor * (dy[i] - s.mean_dy - (x[i] - m) * s.slope);
        }
}

bool TENKA_FAST(batch_norm2d_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const int32_t size = range_size(p, f->threads);
#pragma omp parallel for if (count_of(p) * p->c > SMALL)
    for (int32_t from = 0; from < p->c; from += size) {
        const struct range r = range_from(p, from, size);
        struct slope slope[MOST_CHANNELS];
        find_slopes(p, r, f->call, slope);
        apply_slopes(p, r, f->call, slope);
    }
    return true;
}

bool TENKA_FAST(batch_norm2d_dw)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *variance = f->call->in[3], *eps = f->call->scalars;
    float *dw = f->call->out[0], *db = f->call->out[1];
    const int32_t size = range_size(p, f->threads);
#pragma omp parallel for if (count_of(p) * p->c > SMALL)
    for (int32_t from = 0; from < p->c; from += size) {
        const struct range r = range_from(p, from, size);
        sums sum[MOST_CHANNELS], along[MOST_CHANNELS];
        sum_channels(GRADIENT, p, r, f->call->in[0], f->call->in[2], f->call->in[4], sum, along);
        for (int32_t c = r.from, k = 0; c < r.end; c++, k++) {
            dw[c] = (float)(total(along[k]) / sqrt((double)variance[c] + eps[0]));
            db[c] = (float)total(sum[k]);
        }
    }
    return true;
}
