/* softmax and log_softmax along the last axis, their gradients, and cross_entropy; see the files of these names in
 * backend/cpu/. A row is read in vectors whose lanes beyond its end count as -infinity, or 0 where sums of products are
 * taken; sums of SPAN elements in float are added in double. Other axes are for the reference loops. */
#include <math.h>

#include "backend/cpu/fast/elementary.h"
#include "backend/cpu/fast/kernels.h"

enum { SPAN = 1024 };
/* Elements below which threads are not worth starting. */
enum { SMALL = 1 << 12 };

static inline int lanes_at(ptrdiff_t i, ptrdiff_t n)
{
    return n - i < LANES ? (int)(n - i) : LANES;
}

/* Elements i .. of a row of n, `beyond` in the lanes beyond its end. */
ALWAYS_INLINE vec load_row(const float *x, ptrdiff_t i, ptrdiff_t n, vec beyond)
{
    const int count = lanes_at(i, n);
    return count == LANES ? load(x + i) : select(lane_numbers() < count, load_lanes(x + i, 0, count), beyond);
}

ALWAYS_INLINE void store_row(float *y, ptrdiff_t i, ptrdiff_t n, vec v)
{
    const int count = lanes_at(i, n);
    if (count == LANES)
        store(y + i, v);
    else
        store_lanes(y + i, v, 0, count);
}

/* NaN is left out: the sum of the row shows it. */
static float largest(const float *x, ptrdiff_t n)
{
    const vec none = splat(-INFINITY);
    vec best = none;
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const vec v = load_row(x, i, n, none);
        best = select(v > best, v, best);
    }
    float most[LANES];
    memcpy(most, &best, sizeof(most));
    UNROLL
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            most[i] = most[i + half] > most[i] ? most[i + half] : most[i];
    return most[0];
}

/* What is summed over a row: exp(x - shift), x, or x other */
enum term { EXPONENTIAL, VALUE, PRODUCT };

ALWAYS_INLINE double sum_row(enum term term, const float *x, float shift, const float *other, ptrdiff_t n)
{
    const vec beyond = term == EXPONENTIAL ? splat(-INFINITY) : (vec){0};
    double sum = 0;
    for (ptrdiff_t i = 0; i < n;) {
        vec part = {0};
        for (const ptrdiff_t end = n - i < SPAN ? n : i + SPAN; i < end; i += LANES) {
            const vec v = load_row(x, i, n, beyond);
            part += term == EXPONENTIAL ? exponential(v - splat(shift))
                    : term == PRODUCT   ? v * load_row(other, i, n, (vec){0})
                                        : v;
        }
        sum += (double)sum_lanes(part);
    }
    return sum;
}

/* ---- Rows ---- */

static void log_softmax(const float *x, float *y, ptrdiff_t n)
{
    const float most = largest(x, n);
    const vec shift = splat(most), rest = splat((float)log(sum_row(EXPONENTIAL, x, most, NULL, n)));
    for (ptrdiff_t i = 0; i < n; i += LANES)
        store_row(y, i, n, load_row(x, i, n, (vec){0}) - shift - rest);
}

static void log_softmax_dx(const float *y, const float *dy, float *dx, ptrdiff_t n)
{
    const vec sum = splat((float)sum_row(VALUE, dy, 0, NULL, n));
    for (ptrdiff_t i = 0; i < n; i += LANES)
        store_row(dx, i, n, load_row(dy, i, n, (vec){0}) - exponential(load_row(y, i, n, (vec){0})) * sum);
}

static void softmax(const float *x, float *y, ptrdiff_t n)
{
    const float most = largest(x, n);
    const vec shift = splat(most), factor = splat((float)(1 / sum_row(EXPONENTIAL, x, most, NULL, n)));
    for (ptrdiff_t i = 0; i < n; i += LANES)
        store_row(y, i, n, exponential(load_row(x, i, n, (vec){0}) - shift) * factor);
}

static void softmax_dx(const float *y, const float *dy, float *dx, ptrdiff_t n)
{
    const vec sum = splat((float)sum_row(PRODUCT, y, 0, dy, n));
    for (ptrdiff_t i = 0; i < n; i += LANES)
        store_row(dx, i, n, load_row(y, i, n, (vec){0}) * (load_row(dy, i, n, (vec){0}) - sum));
}

/* ---- Passes of softmax and log_softmax ---- */

typedef void forward_row(const float *x, float *y, ptrdiff_t n);
typedef void backward_row(const float *y, const float *dy, float *dx, ptrdiff_t n);

static bool forward(const struct tenka_fast_call *f, forward_row *row)
{
    const struct tenka_p_axis *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    const ptrdiff_t n = p->len;
    if (p->inner != 1)
        return false;
#pragma omp parallel for if (f->n > SMALL)
    for (ptrdiff_t i = 0; i < p->outer; i++)
        row(x + i * n, y + i * n, n);
    return true;
}

static bool backward(const struct tenka_fast_call *f, backward_row *row)
{
    const struct tenka_p_axis *p = (const void *)f->call->params;
    const float *y = f->call->in[0], *dy = f->call->in[1];
    float *dx = f->call->out[0];
    const ptrdiff_t n = p->len;
    if (p->inner != 1)
        return false;
#pragma omp parallel for if (f->n > SMALL)
    for (ptrdiff_t i = 0; i < p->outer; i++)
        row(y + i * n, dy + i * n, dx + i * n, n);
    return true;
}

bool TENKA_FAST(softmax_fwd)(const struct tenka_fast_call *f)
{
    return forward(f, softmax);
}

bool TENKA_FAST(softmax_dx)(const struct tenka_fast_call *f)
{
    return backward(f, softmax_dx);
}

bool TENKA_FAST(log_softmax_fwd)(const struct tenka_fast_call *f)
{
    return forward(f, log_softmax);
}

bool TENKA_FAST(log_softmax_dx)(const struct tenka_fast_call *f)
{
    return backward(f, log_softmax_dx);
}

/* ---- Cross entropy ---- */

typedef struct tenka_p_nll losses;

static inline bool in_range(const losses *p, int32_t target)
{
    return target >= 0 && target < p->c;
}

/* As nll_loss. */
static void reduce_losses(const losses *p, const float *logp, const int32_t *target, float *y)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < p->n; i++) {
        const float loss = in_range(p, target[i]) ? -logp[i * p->c + target[i]] : NAN;
        if (p->reduction == TENKA_REDUCTION_NONE)
            y[i] = loss;
        sum += (double)loss;
    }
    if (p->reduction != TENKA_REDUCTION_NONE)
        y[0] = (float)(p->reduction == TENKA_REDUCTION_MEAN ? sum / p->n : sum);
}

bool TENKA_FAST(cross_entropy_fwd)(const struct tenka_fast_call *f)
{
    const losses *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *logp = f->call->out[1];
    const ptrdiff_t n = p->n, c = p->c;
#pragma omp parallel for if (n * c > SMALL)
    for (ptrdiff_t i = 0; i < n; i++)
        log_softmax(x + i * c, logp + i * c, c);
    reduce_losses(p, logp, f->call->in[1], f->call->out[0]);
    return true;
}

/* d: what the row's loss sends back; target < 0: nothing, but NaN stays. */
static void cross_entropy_row_dx(const float *logp, int32_t target, float d, float *dx, ptrdiff_t c)
{
    const vec factor = splat(target < 0 ? 0 : d);
    for (ptrdiff_t i = 0; i < c; i += LANES)
        store_row(dx, i, c, exponential(load_row(logp, i, c, (vec){0})) * factor);
    if (target >= 0)
        dx[target] = (expf(logp[target]) - 1) * d;
}

bool TENKA_FAST(cross_entropy_dx)(const struct tenka_fast_call *f)
{
    const losses *p = (const void *)f->call->params;
    const int32_t *target = f->call->in[0];
    const float *logp = f->call->in[1], *dy = f->call->in[2];
    float *dx = f->call->out[0];
    const ptrdiff_t n = p->n, c = p->c;
#pragma omp parallel for if (n * c > SMALL)
    for (ptrdiff_t i = 0; i < n; i++) {
        const float all = p->reduction == TENKA_REDUCTION_NONE ? dy[i] : dy[0];
        const float d = p->reduction == TENKA_REDUCTION_MEAN ? all / (float)n : all;
        cross_entropy_row_dx(logp + i * c, in_range(p, target[i]) ? target[i] : -1, d, dx + i * c, c);
    }
    return true;
}
