/* Transposed convolution by the kernels of conv2d; see backend/cpu/conv_transpose2d.c. */
#include "backend/cpu/fast/kernels.h"

/* Runs a kernel of conv2d on these operands. */
static bool run(const struct tenka_fast_call *f, bool (*kernel)(const struct tenka_fast_call *f), const void *first,
                const void *second, const void *third)
{
    struct tenka_cpu_call call = *f->call;
    struct tenka_fast_call conv = *f;
    call.in[0] = first;
    call.in[1] = second;
    call.in[2] = third;
    call.out[1] = NULL;
    conv.call = &call;
    return kernel(&conv);
}

bool TENKA_FAST(conv_transpose2d_fwd)(const struct tenka_fast_call *f)
{
    return run(f, TENKA_FAST(conv2d_dx), NULL, f->call->in[1], f->call->in[0]);
}

bool TENKA_FAST(conv_transpose2d_dx)(const struct tenka_fast_call *f)
{
    return run(f, TENKA_FAST(conv2d_fwd), f->call->in[1], f->call->in[0], NULL);
}

bool TENKA_FAST(conv_transpose2d_dw)(const struct tenka_fast_call *f)
{
    return run(f, TENKA_FAST(conv2d_dw), f->call->in[1], f->call->in[0], NULL);
}
