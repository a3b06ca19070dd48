/* y = (x - m) s weight[c] + bias[c] with the mean m, the biased variance v and s = 1 / sqrt(v + eps) of each channel of
 * x [n, c, plane], and the activation of y; eps is scalar 0. Source: Ioffe and Szegedy, "Batch normalization" (2015).
 * dy comes back through the activation first, of which the result y tells.
 *   fwd  x, weight, bias -> y, m, v
 *   dx   x, weight, y or NULL, m, v, dy -> dx = weight s (dy - mean(dy) - xhat mean(dy xhat)), xhat = (x - m) s
 *   dw   x, y or NULL, m, v, dy -> dweight = sum(dy xhat), dbias = sum(dy)
 *   parts  the same in parts, each of neighbouring elements of a channel
 *   apply  x, weight, y or NULL, m, v, dy, dweight, dbias -> dx */
#include "backend/cpu/index.h"
#include "op/tiles.h"

typedef struct tenka_p_channels params;

/* Where plane n of channel c begins. */
static inline ptrdiff_t plane_at(const params *p, int32_t n, int32_t c)
{
    return ((ptrdiff_t)n * p->c + c) * p->plane;
}

static double channel_sum(const params *p, const tenka_real *x, int32_t c)
{
    double sum = 0;
    for (int32_t n = 0; n < p->n; n++)
        sum += TENKA_CPU(sum_span)(x + plane_at(p, n, c), p->plane);
    return sum;
}

/* Sum of (x - m) squared over a channel. */
static double channel_squares(const params *p, const tenka_real *x, double m, int32_t c)
{
    double part[8] = {0}, sum = 0;
    for (int32_t n = 0; n < p->n; n++) {
        const ptrdiff_t at = plane_at(p, n, c);
        for (ptrdiff_t i = 0; i < p->plane; i++) {
            const double d = x[at + i] - m;
            part[i % 8] += d * d;
        }
    }
    for (int j = 0; j < 8; j++)
        sum += part[j];
    return sum;
}

void TENKA_CPU(batch_norm2d_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *weight = a->in[1], *bias = a->in[2];
    tenka_real *y = a->out[0], *mean = a->out[1], *variance = a->out[2];
    const double count = (double)p->n * p->plane, eps = a->scalar[0];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        const double m = channel_sum(p, x, c) / count;
        const double v = channel_squares(p, x, m, c) / count;
        const tenka_real w = weight[c], b = bias[c], mr = (tenka_real)m, s = (tenka_real)(1 / sqrt(v + eps));
        mean[c] = mr;
        variance[c] = (tenka_real)v;
        for (int32_t n = 0; n < p->n; n++) {
            const ptrdiff_t at = plane_at(p, n, c), end = at + p->plane;
            for (ptrdiff_t i = at; i < end; i++)
                y[i] = (x[i] - mr) * s * w + b;
        }
    }
    TENKA_CPU(activate)((enum tenka_act)p->act, y, a->n);
}

/* ---- Gradients ---- */

/* Elements that are taken at a time. */
enum { BLOCK = 512 };

/* dy of n <= BLOCK elements from `at` on, back through the activation that made y: in room, unless there is none. */
static const tenka_real *gradient(const params *p, const tenka_real *y, const tenka_real *dy, ptrdiff_t at, ptrdiff_t n,
                                  tenka_real room[BLOCK])
{
    if (p->act == TENKA_ACT_NONE)
        return dy + at;
    memcpy(room, dy + at, (size_t)n * sizeof(*room));
    TENKA_CPU(activate_back)((enum tenka_act)p->act, y + at, room, (size_t)n);
    return room;
}

/* Elements of a plane from i on that are taken at a time. */
static inline ptrdiff_t block(const params *p, ptrdiff_t i)
{
    return p->plane - i < BLOCK ? p->plane - i : BLOCK;
}

/* Of a channel: the sum of dy, and of that times x - m. */
static void channel_gradients(const params *p, const tenka_real *x, const tenka_real *y, const tenka_real *dy, double m,
                              int32_t c, double *total, double *along)
{
    double part[8] = {0};
    tenka_real room[BLOCK];
    *total = *along = 0;
    for (int32_t n = 0; n < p->n; n++)
        for (ptrdiff_t i = 0, here; i < p->plane; i += here) {
            const ptrdiff_t at = plane_at(p, n, c) + i;
            here = block(p, i);
            const tenka_real *d = gradient(p, y, dy, at, here, room);
            *total += TENKA_CPU(sum_span)(d, here);
            for (ptrdiff_t k = 0; k < here; k++)
                part[k % 8] += (x[at + k] - m) * d[k];
        }
    for (int j = 0; j < 8; j++)
        *along += part[j];
}

/* dx of channel c, of the means over it of dy and of dy xhat. */
static void apply(const struct TENKA_CPU(args) *a, int32_t c, double mean_dy, double mean_along)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *weight = a->in[1], *y = a->in[2], *mean = a->in[3], *variance = a->in[4];
    const tenka_real *dy = a->in[5];
    tenka_real *dx = a->out[0], room[BLOCK];
    const double s = 1 / sqrt(variance[c] + a->scalar[0]);
    const tenka_real m = mean[c], total = (tenka_real)mean_dy, slope = (tenka_real)(s * mean_along);
    const tenka_real factor = (tenka_real)(weight[c] * s);
    for (int32_t n = 0; n < p->n; n++)
        for (ptrdiff_t i = 0, here; i < p->plane; i += here) {
            const ptrdiff_t at = plane_at(p, n, c) + i;
            here = block(p, i);
            const tenka_real *d = gradient(p, y, dy, at, here, room);
            for (ptrdiff_t k = 0; k < here; k++)
                dx[at + k] = factor * (d[k] - total - (x[at + k] - m) * slope);
        }
}

void TENKA_CPU(batch_norm2d_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *y = a->in[2], *mean = a->in[3], *variance = a->in[4], *dy = a->in[5];
    const double count = (double)p->n * p->plane, eps = a->scalar[0];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        double total, along;
        channel_gradients(p, x, y, dy, mean[c], c, &total, &along);
        apply(a, c, total / count, along / sqrt(variance[c] + eps) / count);
    }
}

void TENKA_CPU(batch_norm2d_apply)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *dweight = a->in[6], *dbias = a->in[7];
    const double count = (double)p->n * p->plane;
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++)
        apply(a, c, dbias[c] / count, dweight[c] / count);
}

void TENKA_CPU(batch_norm2d_parts)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *y = a->in[1], *mean = a->in[2], *variance = a->in[3], *dy = a->in[4];
    tenka_real *dw = a->out[0], *db = a->out[1];
    const int64_t count = (int64_t)p->n * p->plane, parts = BN_PARTS(p), length = (int64_t)BN_PART_TERMS(p);
#pragma omp parallel for collapse(2)
    for (int64_t part = 0; part < parts; part++)
        for (int32_t c = 0; c < p->c; c++) {
            double total = 0, along = 0;
            for (int64_t i = part * length; i < (part + 1) * length && i < count; i++) {
                const ptrdiff_t at = plane_at(p, (int32_t)(i / p->plane), c) + i % p->plane;
                tenka_real room[BLOCK];
                const double d = (double)*gradient(p, y, dy, at, 1, room);
                total += d;
                along += d * ((double)x[at] - (double)mean[c]);
            }
            dw[part * p->c + c] = (tenka_real)(along / sqrt(variance[c] + a->scalar[0]));
            db[part * p->c + c] = (tenka_real)total;
        }
}

void TENKA_CPU(batch_norm2d_dw)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *y = a->in[1], *mean = a->in[2], *variance = a->in[3], *dy = a->in[4];
    tenka_real *dw = a->out[0], *db = a->out[1];
    const double eps = a->scalar[0];
#pragma omp parallel for
    for (int32_t c = 0; c < p->c; c++) {
        double total, along;
        channel_gradients(p, x, y, dy, mean[c], c, &total, &along);
        dw[c] = (tenka_real)(along / sqrt(variance[c] + eps));
        db[c] = (tenka_real)total;
    }
}
