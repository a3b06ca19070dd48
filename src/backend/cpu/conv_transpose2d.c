/* Transposed convolution: what conv2d.c, of whose parameters and shapes these are, makes of dy is y here.
 *   fwd  x, weight -> y
 *   dx   weight, dy -> dx
 *   dw   x, dy -> dweight */
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

void TENKA_CPU(conv_transpose2d_dw)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) conv = *a;
    conv.in[0] = a->in[1];
    conv.in[1] = a->in[0];
    conv.out[1] = NULL;
    TENKA_CPU(conv2d_dw)(&conv);
}
