/* y[i] = x[index[offset + i]], whole rows; offset is scalar 0. An index outside x gives a row of zeros.
 *   fwd  x (any dtype), index -> y
 *   dx   index, dy -> dx[k] = sum of dy[i] over index[offset + i] == k, in the order of i */
#include "backend/cpu/index.h"

typedef struct tenka_p_gather params;

void TENKA_CPU(gather_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const size_t bytes = tenka_dtype_bytes(a->in_desc[0].dtype, (size_t)p->row, sizeof(tenka_real));
    const unsigned char *x = a->in[0];
    const int32_t *index = (const int32_t *)a->in[1] + TENKA_CPU(scalar_u32)(a, 0);
    unsigned char *y = a->out[0];
    for (size_t i = 0; i < (size_t)p->rows; i++) {
        if (index[i] >= 0 && index[i] < p->src_rows)
            memcpy(y + i * bytes, x + (size_t)index[i] * bytes, bytes);
        else
            memset(y + i * bytes, 0, bytes);
    }
}

void TENKA_CPU(gather_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const int32_t *index = (const int32_t *)a->in[0] + TENKA_CPU(scalar_u32)(a, 0);
    const tenka_real *dy = a->in[1];
    tenka_real *dx = a->out[0];
    const ptrdiff_t row = p->row;
    memset(dx, 0, a->n * sizeof(*dx));
    for (int32_t i = 0; i < p->rows; i++) {
        if (index[i] < 0 || index[i] >= p->src_rows)
            continue;
        for (ptrdiff_t j = 0; j < row; j++)
            dx[index[i] * row + j] += dy[i * row + j];
    }
}
