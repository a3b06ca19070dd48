/* Sums over axes; see backend/cpu/sum.c and struct tenka_p_sum. Where the last axis is kept, a vector of neighbouring
 * sums goes through the terms; where it is summed, its elements go through a few vectors. SHORT_SUM terms are added in
 * float, their sums in double. */
#include <stddef.h>

#include "backend/cpu/fast/kernels.h"

typedef struct tenka_p_sum params;

enum {
    SMALL = 1 << 15,                   /* elements below which threads are not worth starting */
    CHAINS = 4,                        /* running sums beside each other, as an addition takes some cycles */
    SHORT_SUM = 64,                    /* terms of each */
    SPAN = SHORT_SUM * CHAINS * LANES, /* elements of a row that are added in float */
    COLUMNS = 8,                       /* vectors of columns that are taken at a time */
    WIDE = COLUMNS * LANES,
};

/* Offset of k, written in the mixed base dim (last digit fastest), times stride. */
static ptrdiff_t offset_of(int32_t k, const int32_t dim[3], const int32_t stride[3])
{
    ptrdiff_t offset = 0;
    for (int i = 2; i >= 0; i--) {
        offset += (ptrdiff_t)(k % dim[i]) * stride[i];
        k /= dim[i];
    }
    return offset;
}

static void add_lanes(double lane[LANES], vec v)
{
    float part[LANES];
    memcpy(part, &v, sizeof(part));
    for (int i = 0; i < LANES; i++)
        lane[i] += (double)part[i];
}

/* ---- The last axis is kept: `vectors` of neighbouring sums, of which the last has so many lanes ---- */

/* sum += n terms, `step` apart. */
ALWAYS_INLINE void add_terms(vec sum[COLUMNS], const float *x, ptrdiff_t step, ptrdiff_t n, int vectors,
                             lane_mask lanes)
{
    for (ptrdiff_t t = 0; t < n; t++, x += step) {
        UNROLL
        for (int c = 0; c < vectors; c++)
            sum[c] += c < vectors - 1 ? load(x + c * LANES) : load_masked(x + c * LANES, lanes);
    }
}

/* Few terms, which float adds. */
ALWAYS_INLINE void sum_few(const params *p, const float *x, float *y, int vectors, lane_mask lanes, float divide)
{
    vec sum[COLUMNS];
    UNROLL
    for (int c = 0; c < vectors; c++)
        sum[c] = (vec){0};
    for (int32_t i = 0; i < p->rdim[0]; i++)
        for (int32_t j = 0; j < p->rdim[1]; j++)
            add_terms(sum, x + (ptrdiff_t)i * p->rstride[0] + (ptrdiff_t)j * p->rstride[1], p->rstride[2], p->rdim[2],
                      vectors, lanes);
    UNROLL
    for (int c = 0; c < vectors; c++)
        store_masked(y + c * LANES, sum[c] / splat(divide), c < vectors - 1 ? mask_lanes(0, LANES) : lanes);
}

/* Any number of them. */
ALWAYS_INLINE void sum_many(const params *p, const float *x, float *y, int vectors, int width, double divide)
{
    const lane_mask lanes = mask_lanes(0, width - (vectors - 1) * LANES);
    double total[COLUMNS][LANES] = {{0}};
    for (int32_t i = 0; i < p->rdim[0]; i++)
        for (int32_t j = 0; j < p->rdim[1]; j++) {
            const float *from = x + (ptrdiff_t)i * p->rstride[0] + (ptrdiff_t)j * p->rstride[1];
            for (ptrdiff_t t = 0; t < p->rdim[2]; t += SHORT_SUM) {
                const ptrdiff_t n = p->rdim[2] - t < SHORT_SUM ? p->rdim[2] - t : SHORT_SUM;
                vec sum[COLUMNS];
                UNROLL
                for (int c = 0; c < vectors; c++)
                    sum[c] = (vec){0};
                add_terms(sum, from + t * p->rstride[2], p->rstride[2], n, vectors, lanes);
                UNROLL
                for (int c = 0; c < vectors; c++)
                    add_lanes(total[c], sum[c]);
            }
        }
    for (int k = 0; k < width; k++)
        y[k] = (float)(total[k / LANES][k % LANES] / divide);
}

/* One vector, or COLUMNS. */
static void sum_columns(const params *p, const float *x, float *y, int width, double divide)
{
    if (p->reduce_n <= SHORT_SUM && width <= LANES)
        sum_few(p, x, y, 1, mask_lanes(0, width), (float)divide);
    else if (p->reduce_n <= SHORT_SUM)
        sum_few(p, x, y, COLUMNS, mask_lanes(0, LANES), (float)divide);
    else if (width <= LANES)
        sum_many(p, x, y, 1, width, divide);
    else
        sum_many(p, x, y, COLUMNS, width, divide);
}

/* width <= WIDE */
static void sum_wide(const params *p, const float *x, float *y, int width, double divide)
{
    if (width == WIDE) {
        sum_columns(p, x, y, WIDE, divide);
        return;
    }
    for (int j = 0; j < width; j += LANES)
        sum_columns(p, x + j, y + j, width - j < LANES ? width - j : LANES, divide);
}

/* ---- The last axis is summed ---- */

/* The sums in each lane of n <= SPAN elements. */
static vec sum_span(const float *x, ptrdiff_t n)
{
    vec part[CHAINS] = {{0}};
    ptrdiff_t i = 0;
    for (; n - i >= CHAINS * LANES; i += CHAINS * LANES) {
        UNROLL
        for (int c = 0; c < CHAINS; c++)
            part[c] += load(x + i + c * LANES);
    }
    for (; n - i >= LANES; i += LANES)
        part[0] += load(x + i);
    part[1] += load_lanes(x + i, 0, (int)(n - i));
    return (part[0] + part[1]) + (part[2] + part[3]);
}

/* Of any number of elements. */
static double sum_row(const params *p, const float *x)
{
    double lane[LANES] = {0}, total = 0;
    vec sum = {0};
    ptrdiff_t terms = 0, n = p->rdim[2];
    for (int32_t i = 0; i < p->rdim[0]; i++)
        for (int32_t j = 0; j < p->rdim[1]; j++)
            for (ptrdiff_t t = 0; t < n; t += SPAN) {
                const ptrdiff_t length = n - t < SPAN ? n - t : SPAN;
                sum += sum_span(x + (ptrdiff_t)i * p->rstride[0] + (ptrdiff_t)j * p->rstride[1] + t, length);
                terms += length / (CHAINS * LANES) + 1;
                if (terms >= SHORT_SUM) {
                    add_lanes(lane, sum);
                    sum = (vec){0};
                    terms = 0;
                }
            }
    add_lanes(lane, sum);
    for (int l = 0; l < LANES; l++)
        total += lane[l];
    return total;
}

/* Up to LANES rows, which are `next` apart: those of one short span have their lanes added together. */
static void sum_rows(const params *p, const float *x, ptrdiff_t next, float *y, int rows, double divide)
{
    vec sums[LANES];
    if (p->rdim[0] * p->rdim[1] > 1 || p->rdim[2] > SPAN) {
        for (int k = 0; k < rows; k++)
            y[k] = (float)(sum_row(p, x + k * next) / divide);
        return;
    }
    const ptrdiff_t n = p->rdim[2];
    const lane_mask lanes = mask_lanes(0, n < LANES ? (int)n : LANES);
    for (int k = 0; k < rows && n <= LANES; k++)
        sums[k] = load_masked(x + k * next, lanes);
    for (int k = 0; k < rows && n > LANES; k++)
        sums[k] = sum_span(x + k * next, n);
    for (int k = rows; k < LANES; k++)
        sums[k] = (vec){0};
    store_lanes(y, lane_sums(sums, LANES) / splat((float)divide), 0, rows);
}

/* ---- The kernel ---- */

bool TENKA_FAST(sum_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    const bool in_rows = p->rstride[2] == 1;
    const int32_t last = p->kdim[2], width = in_rows ? LANES : WIDE, parts = (last + width - 1) / width;
    const double divide = p->mean ? p->reduce_n : 1;
    if (!in_rows && p->kstride[2] != 1)
        return false;
#pragma omp parallel for if ((int64_t)p->keep_n * p->reduce_n > SMALL)
    for (int32_t i = 0; i < p->keep_n / last * parts; i++) {
        const int32_t j = i % parts * width, k = i / parts * last + j, n = last - j < width ? last - j : width;
        const float *from = x + offset_of(k, p->kdim, p->kstride);
        if (in_rows)
            sum_rows(p, from, p->kstride[2], y + k, n, divide);
        else
            sum_wide(p, from, y + k, n, divide);
    }
    return true;
}
