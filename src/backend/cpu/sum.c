/* y[k] = sum over r of x[kept(k) + reduced(r)], divided by the number of r when mean; see params.h.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

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

static double sum_one(const struct tenka_p_sum *p, const tenka_real *x)
{
    const ptrdiff_t n = p->rdim[2], step = p->rstride[2];
    double sum = 0;
    for (int32_t i = 0; i < p->rdim[0]; i++)
        for (int32_t j = 0; j < p->rdim[1]; j++) {
            const tenka_real *row = x + (ptrdiff_t)i * p->rstride[0] + (ptrdiff_t)j * p->rstride[1];
            if (step == 1)
                sum += TENKA_CPU(sum_span)(row, n);
            else
                for (ptrdiff_t k = 0; k < n; k++)
                    sum += row[k * step];
        }
    return sum;
}

void TENKA_CPU(sum_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_sum *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
#pragma omp parallel for if ((int64_t)p->keep_n * p->reduce_n > TENKA_CPU_SMALL)
    for (int32_t k = 0; k < p->keep_n; k++) {
        const double sum = sum_one(p, x + offset_of(k, p->kdim, p->kstride));
        y[k] = (tenka_real)(p->mean ? sum / p->reduce_n : sum);
    }
}
