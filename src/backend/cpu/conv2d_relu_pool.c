/* y = max_pool2d(max(conv2d(x, weight, bias), 0)) by windows that do not overlap. Nothing but y and the winners is
 * stored: the convolution is computed where a window looks.
 *   fwd  x, weight, bias or NULL -> y, index (row * ow + column of the winner in the convolution's plane)
 *   dw   x, y, index, dy -> dweight, dbias or NULL: dy counts at its winner, unless y <= 0
 *   parts  the same in parts, each of some rows of the convolution */
#include "backend/cpu/conv_parts.h"
#include "backend/cpu/kernel.h"

typedef struct tenka_p_conv2d_pool params;

/* Element of image x at row i sh - ph + r dh and the column likewise, 0 in the padding. */
static inline double tap(const struct tenka_p_conv2d *p, const tenka_real *plane, int32_t i, int32_t j, int32_t r,
                         int32_t s)
{
    const ptrdiff_t row = (ptrdiff_t)i * p->sh - p->ph + (ptrdiff_t)r * p->dh;
    const ptrdiff_t column = (ptrdiff_t)j * p->sw - p->pw + (ptrdiff_t)s * p->dw;
    return row >= 0 && row < p->h && column >= 0 && column < p->w ? (double)plane[row * p->w + column] : 0;
}

/* max(conv2d, 0) of one image at channel o, row i, column j. */
static tenka_real point(const struct tenka_p_conv2d *p, const tenka_real *x, const tenka_real *weight,
                        const tenka_real *bias, int32_t o, int32_t i, int32_t j)
{
    const int32_t cg = p->c / p->groups, first = o / (p->o / p->groups) * cg;
    const tenka_real *w = weight + (ptrdiff_t)o * cg * p->kh * p->kw;
    double sum = bias != NULL ? (double)bias[o] : 0;
    for (int32_t c = 0; c < cg; c++)
        for (int32_t r = 0; r < p->kh; r++)
            for (int32_t s = 0; s < p->kw; s++)
                sum += *w++ * tap(p, x + (ptrdiff_t)(first + c) * p->h * p->w, i, j, r, s);
    return (tenka_real)(sum < 0 ? 0 : sum);
}

static void window(const params *p, const struct TENKA_CPU(args) *a, ptrdiff_t at)
{
    const struct tenka_p_conv2d *conv = &p->conv;
    const tenka_real *x = a->in[0], *weight = a->in[1], *bias = a->in[2];
    const int32_t j = (int32_t)(at % p->pool_ow), i = (int32_t)(at / p->pool_ow % p->pool_oh);
    const ptrdiff_t plane = at / ((ptrdiff_t)p->pool_ow * p->pool_oh), image = plane / conv->o;
    tenka_real best = 0;
    int32_t winner = -1;
    x += image * conv->c * conv->h * conv->w;
    for (int32_t row = i * p->pool_sh; row < i * p->pool_sh + p->pool_kh; row++)
        for (int32_t column = j * p->pool_sw; column < j * p->pool_sw + p->pool_kw; column++) {
            const tenka_real value = point(conv, x, weight, bias, (int32_t)(plane % conv->o), row, column);
            if (winner >= 0 && !(value > best) && !isnan(value))
                continue;
            best = value;
            winner = row * conv->ow + column;
        }
    ((tenka_real *)a->out[0])[at] = best;
    ((int32_t *)a->out[1])[at] = winner;
}

void TENKA_CPU(conv2d_relu_pool_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
#pragma omp parallel for
    for (ptrdiff_t at = 0; at < (ptrdiff_t)a->n; at++)
        window(p, a, at);
}

/* What channel o's maxima of all images send to its bias; or, times what they saw there, to its weight (c, r, s): in
 * parts, to whose sums it is added. */
static void gather(const params *p, const struct TENKA_CPU(args) *a, int32_t o, const int32_t *weight, uint32_t parts,
                   double *sum)
{
    const struct tenka_p_conv2d *conv = &p->conv;
    const tenka_real *x = a->in[0], *y = a->in[1], *dy = a->in[3];
    const int32_t *index = a->in[2];
    const ptrdiff_t plane = (ptrdiff_t)p->pool_oh * p->pool_ow, pixels = (ptrdiff_t)conv->h * conv->w;
    for (int32_t n = 0; n < conv->n; n++)
        for (ptrdiff_t at = ((ptrdiff_t)n * conv->o + o) * plane, end = at + plane; at < end; at++) {
            const double d = y[at] <= 0 ? 0 : (double)dy[at];
            const tenka_real *from = weight != NULL ? x + ((ptrdiff_t)n * conv->c + weight[0]) * pixels : NULL;
            sum[tenka_conv_part_of(conv, parts, (int64_t)n * conv->oh + index[at] / conv->ow)] +=
                weight != NULL ? d * tap(conv, from, index[at] / conv->ow, index[at] % conv->ow, weight[1], weight[2])
                               : d;
        }
}

/* The gradients in so many parts, each of which begins behind the one before. */
static void gradients(const struct TENKA_CPU(args) *a, uint32_t parts)
{
    const params *p = (const void *)a->params;
    const struct tenka_p_conv2d *conv = &p->conv;
    const int32_t taps = conv->kh * conv->kw, weights = conv->c / conv->groups * taps;
    const ptrdiff_t next = (ptrdiff_t)conv->o * weights;
    tenka_real *dweight = a->out[0], *dbias = a->out[1];
#pragma omp parallel for
    for (int32_t o = 0; o < conv->o; o++) {
        const int32_t first = o / (conv->o / conv->groups) * (conv->c / conv->groups);
        for (int32_t k = 0; k < weights + (dbias != NULL); k++) {
            const int32_t weight[] = {first + k / taps, k % taps / conv->kw, k % conv->kw};
            double sum[TENKA_MOST_PARTS] = {0};
            gather(p, a, o, k < weights ? weight : NULL, parts, sum);
            for (uint32_t i = 0; i < parts; i++)
                *(k < weights ? &dweight[i * next + (ptrdiff_t)o * weights + k] : &dbias[(ptrdiff_t)i * conv->o + o]) =
                    (tenka_real)sum[i];
        }
    }
}

void TENKA_CPU(conv2d_relu_pool_dw)(const struct TENKA_CPU(args) *a)
{
    gradients(a, 1);
}

void TENKA_CPU(conv2d_relu_pool_parts)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    gradients(a, tenka_conv_dw_parts(&p->conv));
}
