/* y[i] = own x[i] + other x[partner[i]] within a rectangle of each plane, x[i] around it; where own is 0, x[partner[i]]
 * is copied. The scalars are own, other, left, top, right, bottom. A partner that is no sample gives NaN.
 *   fwd  x [rows, planes, height, width], partner -> y */
#include "backend/cpu/index.h"

/* Elements of a line within the rectangle. */
static void TENKA_CPU(mix_line)(const tenka_real *x, const tenka_real *with, tenka_real own, tenka_real other,
                                tenka_real *y, ptrdiff_t count)
{
    if (with == NULL)
        for (ptrdiff_t k = 0; k < count; k++)
            y[k] = (tenka_real)NAN;
    else if (own == 0)
        memcpy(y, with, (size_t)count * sizeof(*y));
    else
        for (ptrdiff_t k = 0; k < count; k++)
            y[k] = with[k] * other + x[k] * own;
}

void TENKA_CPU(mix_samples_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_mix *p = (const void *)a->params;
    const tenka_real *x = a->in[0], own = a->scalar[0], other = a->scalar[1];
    const int32_t *partner = a->in[1];
    const ptrdiff_t left = TENKA_CPU(scalar_u32)(a, 2), top = TENKA_CPU(scalar_u32)(a, 3);
    const ptrdiff_t right = TENKA_CPU(scalar_u32)(a, 4), bottom = TENKA_CPU(scalar_u32)(a, 5);
    const ptrdiff_t per_row = (ptrdiff_t)p->planes * p->height, lines = p->rows * per_row, width = p->width;
    tenka_real *y = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t line = 0; line < lines; line++) {
        const ptrdiff_t row = line / per_row, at = line % p->height, from = line * width;
        const ptrdiff_t with = (partner[row] * per_row + line % per_row) * width;
        const bool there = partner[row] >= 0 && partner[row] < p->rows, within = at >= top && at < bottom;
        const ptrdiff_t first = within && left < right ? left : width, end = first < width ? right : width;
        memcpy(y + from, x + from, (size_t)first * sizeof(*y));
        TENKA_CPU(mix_line)(x + from + first, there ? x + with + first : NULL, own, other, y + from + first,
                            end - first);
        memcpy(y + from + end, x + from + end, (size_t)(width - end) * sizeof(*y));
    }
}
