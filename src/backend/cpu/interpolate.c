/* y at row i and column j is x at row i * scalar[0] and column j * scalar[1], as enum tenka_between says. Source:
 * torch.nn.functional.interpolate, which finds the nearest element with float for all dtypes.
 *   fwd  x -> y
 *   dx   dy -> dx: each dy goes to the elements that y is made of, by its shares of them */
#include "backend/cpu/kernel.h"

typedef struct tenka_p_interpolate params;

/* Of an element of y along an axis: two elements of x, and its share of the second. */
struct between {
    ptrdiff_t first, second;
    tenka_real share;
};

static struct between nearest(tenka_real i, ptrdiff_t size, tenka_real scale)
{
    const ptrdiff_t at = (ptrdiff_t)floorf((float)i * (float)scale);
    return (struct between){at < size ? at : size - 1, at < size ? at : size - 1, 0};
}

static struct between between(const params *p, int32_t i, ptrdiff_t size, tenka_real scale)
{
    if (p->mode == TENKA_BETWEEN_NEAREST)
        return nearest((tenka_real)i, size, scale);
    if (p->mode == TENKA_BETWEEN_NEAREST_EXACT)
        return nearest((tenka_real)i + (tenka_real)0.5, size, scale);
    const bool corners = p->mode == TENKA_BETWEEN_CORNERS;
    const tenka_real half = (tenka_real)0.5,
                     at = corners ? (tenka_real)i * scale : ((tenka_real)i + half) * scale - half;
    const ptrdiff_t floor_at = at > 0 ? (ptrdiff_t)at : 0, first = floor_at < size ? floor_at : size - 1;
    const tenka_real share = at > 0 ? at - (tenka_real)first : 0;
    return (struct between){first, first + 1 < size ? first + 1 : first, share < 1 ? share : 1};
}

void TENKA_CPU(interpolate_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++)
        for (int32_t i = 0; i < p->oh; i++) {
            const struct between row = between(p, i, p->h, a->scalar[0]);
            const tenka_real *above = x + c * in + row.first * p->w, *below = x + c * in + row.second * p->w;
            for (int32_t j = 0; j < p->ow; j++) {
                const struct between column = between(p, j, p->w, a->scalar[1]);
                const tenka_real s = column.share, t = row.share;
                const ptrdiff_t at = c * out + (ptrdiff_t)i * p->ow + j;
                if (p->mode == TENKA_BETWEEN_NEAREST || p->mode == TENKA_BETWEEN_NEAREST_EXACT)
                    y[at] = above[column.first];
                else
                    y[at] = (1 - t) * ((1 - s) * above[column.first] + s * above[column.second]) +
                            t * ((1 - s) * below[column.first] + s * below[column.second]);
            }
        }
}

void TENKA_CPU(interpolate_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *dy = a->in[0];
    tenka_real *dx = a->out[0];
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++) {
        memset(dx + c * in, 0, (size_t)in * sizeof(*dx));
        for (int32_t i = 0; i < p->oh; i++) {
            const struct between row = between(p, i, p->h, a->scalar[0]);
            tenka_real *above = dx + c * in + row.first * p->w, *below = dx + c * in + row.second * p->w;
            for (int32_t j = 0; j < p->ow; j++) {
                const struct between column = between(p, j, p->w, a->scalar[1]);
                const tenka_real d = dy[c * out + (ptrdiff_t)i * p->ow + j], s = column.share, t = row.share;
                above[column.first] += (1 - t) * (1 - s) * d;
                above[column.second] += (1 - t) * s * d;
                below[column.first] += t * (1 - s) * d;
                below[column.second] += t * s * d;
            }
        }
    }
}
