/* Sums over axes; see backend/cpu/sum.c and struct tenka_p_sum. Where the last axis is kept, a vector of neighbouring
 * sums goes through the terms; where it is summed, its elements go through a few vectors. SHORT_SUM terms are added in
 * float, their sums in double. */
#include <stddef.h>

#include "backend/cpu/fast/kernels.h"

typedef struct tenka_p_sum params;

enum { SHORT_SUM = 64, CHAINS = 4 };
/* Elements below which threads are not worth starting. */
enum { SMALL = 1 << 15 };

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

/* ---- The last axis is kept ---- */

/* Adds x[t * step + j], t < n, to lane j < width. */
static void add_column(double lane[LANES], const float *x, ptrdiff_t step, ptrdiff_t n, int width)
{
    for (ptrdiff_t t = 0; t < n;) {
        vec sum = {0};
        for (const ptrdiff_t end = n - t < SHORT_SUM ? n : t + SHORT_SUM; t < end; t++)
            sum += width == LANES ? load(x + t * step) : load_lanes(x + t * step, 0, width);
        add_lanes(lane, sum);
    }
}

static void sum_columns(const params *p, const float *x, float *y, int width, double divide)
{
    double lane[LANES] = {0};
    for (int32_t i = 0; i < p->rdim[0]; i++)
        for (int32_t j = 0; j < p->rdim[1]; j++)
            add_column(lane, x + (ptrdiff_t)i * p->rstride[0] + (ptrdiff_t)j * p->rstride[1], p->rstride[2], p->rdim[2],
                       width);
    for (int j = 0; j < width; j++)
        y[j] = (float)(lane[j] / divide);
}

/* ---- The last axis is summed ---- */

static double sum_span(const float *x, ptrdiff_t n)
{
    double lane[LANES] = {0}, sum = 0;
    ptrdiff_t i = 0;
    while (n - i >= CHAINS * LANES) {
        vec part[CHAINS] = {{0}};
        for (int k = 0; k < SHORT_SUM && n - i >= CHAINS * LANES; k++, i += CHAINS * LANES) {
            UNROLL
            for (int c = 0; c < CHAINS; c++)
                part[c] += load(x + i + c * LANES);
        }
        add_lanes(lane, (part[0] + part[1]) + (part[2] + part[3]));
    }
    for (; i < n; i++)
        sum += (double)x[i];
    for (int l = 0; l < LANES && n >= CHAINS * LANES; l++)
        sum += lane[l];
    return sum;
}

static double sum_rows(const params *p, const float *x)
{
    double sum = 0;
    for (int32_t i = 0; i < p->rdim[0]; i++)
        for (int32_t j = 0; j < p->rdim[1]; j++)
            sum += sum_span(x + (ptrdiff_t)i * p->rstride[0] + (ptrdiff_t)j * p->rstride[1], p->rdim[2]);
    return sum;
}

bool TENKA_FAST(sum_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    const int32_t last = p->kdim[2], vectors = (last + LANES - 1) / LANES, rows = p->keep_n / last;
    const double divide = p->mean ? p->reduce_n : 1;
    const bool threads = (int64_t)p->keep_n * p->reduce_n > SMALL;
    if (p->rstride[2] == 1) {
#pragma omp parallel for if (threads)
        for (int32_t k = 0; k < p->keep_n; k++)
            y[k] = (float)(sum_rows(p, x + offset_of(k, p->kdim, p->kstride)) / divide);
        return true;
    }
    if (p->kstride[2] != 1)
        return false;
#pragma omp parallel for if (threads)
    for (int32_t i = 0; i < rows * vectors; i++) {
        const int32_t j = i % vectors * LANES, k = i / vectors * last + j;
        sum_columns(p, x + offset_of(k, p->kdim, p->kstride), y + k, last - j < LANES ? last - j : LANES, divide);
    }
    return true;
}
