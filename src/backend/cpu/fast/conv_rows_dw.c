/* dw of depthwise convolutions by rows (conv_rows.h): a vector of sums for each weight, over the images. */
#include "backend/cpu/fast/conv_rows.h"

enum { MOST_VECTORS = 4 }; /* of dy that are taken at a time */

/* The planes of an image. */
struct planes_of_image {
    const float *x, *dy;
};

/* Adds vectors of rows of dy, from row i on, to the sums of kernel rows r .. r+kernel_rows-1. */
ALWAYS_INLINE void collect_rows(const conv_params *p, const struct view *view, struct planes_of_image f, int i,
                                int vectors, int r, int kernel_rows, int kw, int stride, vec sum[MOST_SIDE][MOST_SIDE])
{
    const float *from = f.dy + (ptrdiff_t)i * p->ow + view->column;
    vec d[MOST_VECTORS];
    UNROLL
    for (int t = 0; t < vectors; t++)
        d[t] = load_masked(from + (ptrdiff_t)t * p->ow, view->windows[kw].lanes);
    UNROLL
    for (int u = 0; u < (vectors - 1) * stride + kernel_rows; u++) {
        const int y = i * stride - p->ph + r + u;
        if (!is_inside(p, y))
            continue;
        struct seen seen = see_row(p, view, f.x, y, stride);
        UNROLL
        for (int s = 0; s < kw; s++) {
            const vec x = see(view, &seen, s, stride);
            UNROLL
            for (int t = 0; t < vectors; t++) {
                const int k = u - t * stride;
                if (k >= 0 && k < kernel_rows)
                    sum[k][s] += d[t] * x;
            }
        }
    }
}

/* The same of all rows of an image. */
ALWAYS_INLINE void collect_image(const conv_params *p, const struct view *view, struct planes_of_image f, int r,
                                 int kernel_rows, int kw, int stride, int vectors, vec sum[MOST_SIDE][MOST_SIDE])
{
    int i = 0;
    for (; i + vectors <= p->oh; i += vectors)
        collect_rows(p, view, f, i, vectors, r, kernel_rows, kw, stride, sum);
    for (; i < p->oh; i++)
        collect_rows(p, view, f, i, 1, r, kernel_rows, kw, stride, sum);
}

ALWAYS_INLINE void collect(const conv_params *params, const struct job *f, int kh, int kw, int stride, int kernel_rows,
                           int vectors)
{
    const conv_params copy = *params, *const p = &copy; /* which no store changes */
    for (int j = 0; j < p->ow; j += LANES) {
        const struct view view = view_at(f->windows, j, kw + 1);
        for (int r = 0; r < kh; r += kernel_rows) {
            vec sum[MOST_SIDE][MOST_SIDE];
            UNROLL
            for (int k = 0; k < kernel_rows; k++)
                UNROLL
            for (int s = 0; s < kw; s++)
                sum[k][s] = (vec){0};
            for (int n = 0; n < f->images; n++) {
                const struct planes_of_image image = {f->x + n * f->next_x, f->dy + n * f->next_y};
                collect_image(p, &view, image, r, kernel_rows, kw, stride, vectors, sum);
            }
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

/* Sides and strides; for dw: kernel rows and vectors of dy that are taken at a time. */
#define SIZES(X) X(3, 1, 3, 4) X(3, 2, 3, 2) X(5, 1, 5, 2) X(5, 2, 5, 1) X(7, 1, 2, 4) X(7, 2, 2, 2)
#define FUNCTION(side, stride, kernel_rows, vectors)                                   \
    static void collect_##side##_##stride(const conv_params *p, const struct job *job) \
    {                                                                                  \
        collect(p, job, side, side, stride, kernel_rows, vectors);                     \
    }
SIZES(FUNCTION)

static void collect_any(const conv_params *p, const struct job *f)
{
    collect(p, f, p->kh, p->kw, p->sw, 1, 1);
}

static plane_function *collect_of(const conv_params *p)
{
#define CHOOSE(side, stride, kernel_rows, vectors)         \
    if (p->kh == side && p->kw == side && p->sw == stride) \
        return collect_##side##_##stride;
    SIZES(CHOOSE)
#undef CHOOSE
    return collect_any;
}

/* ---- The kernel ---- */

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

static void weights_of_channel(const struct tenka_cpu_call *call, const struct window *windows, plane_function *run,
                               int c)
{
    const conv_params *p = (const void *)call->params;
    const int taps = p->kh * p->kw;
    float total[MOST_SIDE * MOST_SIDE + LANES] = {0};
    double bias = 0;
    float *dw = (float *)call->out[0] + (ptrdiff_t)c * taps, *db = call->out[1];
    struct job job = {
        .windows = windows, .next_x = (ptrdiff_t)p->c * p->h * p->w, .next_y = (ptrdiff_t)p->c * p->oh * p->ow};
    for (int first = 0; first < p->n; first += IMAGES) {
        vec sums[MOST_SIDE * MOST_SIDE];
        memset(sums, 0, (size_t)taps * sizeof(*sums));
        const ptrdiff_t i = (ptrdiff_t)first * p->c + c;
        job.x = (const float *)call->in[0] + i * p->h * p->w;
        job.dy = (const float *)call->in[1] + i * p->oh * p->ow;
        job.sums = sums;
        job.images = p->n - first < IMAGES ? p->n - first : IMAGES;
        run(p, &job);
        for (int n = 0; n < job.images && db != NULL; n++)
            bias += (double)sum_plane(job.dy + n * job.next_y, p->oh * p->ow);
        add_lane_sums(sums, taps, total);
    }
    memcpy(dw, total, (size_t)taps * sizeof(*dw));
    if (db != NULL)
        db[c] = (float)bias;
}

bool TENKA_FAST(conv2d_dw_rows)(const struct tenka_fast_call *call)
{
    const conv_params *p = (const void *)call->call->params;
    plane_function *const run = collect_of(p);
    fill_windows(p, call->scratch);
#pragma omp parallel for num_threads(call->threads)
    for (int c = 0; c < p->c; c++)
        weights_of_channel(call->call, call->scratch, run, c);
    return true;
}
