/* Transposed convolution: what conv2d.c, of whose parameters and shapes these are, makes of dy is y here.
 *   fwd  x, weight -> y
 *   dx   weight, dy -> dx
 *   dw   x, dy -> dweight
 *   parts  the same in parts */
#include "backend/cpu/kernel.h"

void TENKA_CPU(conv_transpose2d_fwd)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) conv = *a;
    conv.in[0] = NULL;
    conv.in[2] = a->in[0];
    TENKA_CPU(conv2d_dx)(&conv);
}

void TENKA_CPU(conv_transpose2d_dx)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) conv = *a;
    conv.in[0] = a->in[1];
    conv.in[1] = a->in[0];
    conv.in[2] = NULL;
    TENKA_CPU(conv2d_fwd)(&conv);
}

/* What conv2d's pass for the weights is given. */
static struct TENKA_CPU(args) swapped(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) conv = *a;
    conv.in[0] = a->in[1];
    conv.in[1] = a->in[0];
    conv.out[1] = NULL;
    return conv;
}

void TENKA_CPU(conv_transpose2d_dw)(const struct TENKA_CPU(args) *a)
{
    const struct TENKA_CPU(args) conv = swapped(a);
    TENKA_CPU(conv2d_dw)(&conv);
}

void TENKA_CPU(conv_transpose2d_parts)(const struct TENKA_CPU(args) *a)
{
    const struct TENKA_CPU(args) conv = swapped(a);
    TENKA_CPU(conv2d_parts)(&conv);
}
