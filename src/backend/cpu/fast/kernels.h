/* The fast kernels of one instruction set. */
#ifndef TENKA_FAST_KERNELS_H
#define TENKA_FAST_KERNELS_H

#ifdef _OPENMP
#include <omp.h>
#endif

#include "backend/cpu/fast/fast.h"
#include "backend/cpu/fast/vec.h"

/* Number of the calling thread within a parallel region, from 0 on. */
static inline int thread_index(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* A kernel, and the scratch memory that it asks for. */
#define TENKA_FAST_KERNEL(name)                             \
    bool TENKA_FAST(name)(const struct tenka_fast_call *f); \
    size_t TENKA_FAST(name##_scratch)(const int32_t *params, int threads)

/* attention.c */
TENKA_FAST_KERNEL(attention_fwd);
TENKA_FAST_KERNEL(attention_dx);
TENKA_FAST_KERNEL(attention_dmask);

/* avg_pool2d.c */
TENKA_FAST_KERNEL(avg_pool2d_fwd);
TENKA_FAST_KERNEL(avg_pool2d_dx);

/* batch_norm2d.c */
bool TENKA_FAST(batch_norm2d_fwd)(const struct tenka_fast_call *f);
bool TENKA_FAST(batch_norm2d_dx)(const struct tenka_fast_call *f);
bool TENKA_FAST(batch_norm2d_dw)(const struct tenka_fast_call *f);

/* chain.c */
bool TENKA_FAST(chain_fwd)(const struct tenka_fast_call *f);

/* conv_transpose2d.c, whose scratch memory is that of conv2d */
bool TENKA_FAST(conv_transpose2d_fwd)(const struct tenka_fast_call *f);
bool TENKA_FAST(conv_transpose2d_dx)(const struct tenka_fast_call *f);
bool TENKA_FAST(conv_transpose2d_dw)(const struct tenka_fast_call *f);

/* elementwise.c */
#define DX_OF_X(name) bool TENKA_FAST(name##_dx)(const struct tenka_fast_call *f);
#define DX_OF_Y(name) DX_OF_X(name)
#define DX_OF_NEITHER(name) DX_OF_X(name)
#define DX_CONSTANT(name)
#define TENKA_UNARY(name, back, ...)                              \
    bool TENKA_FAST(name##_fwd)(const struct tenka_fast_call *f); \
    DX_##back(name)
#define TENKA_ACTIVATION(name, back, ...) TENKA_UNARY(name, back, )
#define TENKA_BINARY(name, ...) bool TENKA_FAST(name##_fwd)(const struct tenka_fast_call *f);
#include "shaders/common/elementwise.def"
#undef DX_OF_X
#undef DX_OF_Y
#undef DX_OF_NEITHER
#undef DX_CONSTANT

/* updates.c */
#define TENKA_UPDATE(name, ...) bool TENKA_FAST(name##_fwd)(const struct tenka_fast_call *f);
#include "shaders/common/updates.def"

/* conv2d_fwd.c, conv2d_dx.c, conv2d_dw.c */
TENKA_FAST_KERNEL(conv2d_fwd);
TENKA_FAST_KERNEL(conv2d_dx);
TENKA_FAST_KERNEL(conv2d_dw);
TENKA_FAST_KERNEL(conv2d_relu_pool_fwd);
TENKA_FAST_KERNEL(conv2d_relu_pool_dw);

/* interpolate.c */
TENKA_FAST_KERNEL(interpolate_fwd);
TENKA_FAST_KERNEL(interpolate_dx);

/* layer_norm.c */
bool TENKA_FAST(layer_norm_fwd)(const struct tenka_fast_call *f);
bool TENKA_FAST(layer_norm_dx)(const struct tenka_fast_call *f);
TENKA_FAST_KERNEL(layer_norm_dw);

/* linear.c, matmul.c: products of matrices */
TENKA_FAST_KERNEL(linear_fwd);
TENKA_FAST_KERNEL(linear_dx);
TENKA_FAST_KERNEL(linear_dw);
TENKA_FAST_KERNEL(linear_backward_fwd);
TENKA_FAST_KERNEL(matmul_fwd);

/* max_pool2d.c */
TENKA_FAST_KERNEL(max_pool2d_fwd);
bool TENKA_FAST(max_pool2d_dx)(const struct tenka_fast_call *f);
TENKA_FAST_KERNEL(relu_max_pool2d_fwd);
bool TENKA_FAST(relu_max_pool2d_dx)(const struct tenka_fast_call *f);

/* max_pool2d_whole.c. false: the windows are others. */
bool TENKA_FAST(max_pool2d_whole)(const struct tenka_fast_call *f);

/* multiply_add.c */
bool TENKA_FAST(multiply_add_fwd)(const struct tenka_fast_call *f);

/* pad.c, of which there are half vectors as well */
TENKA_FAST_KERNEL(pad_fwd);
TENKA_FAST_KERNEL(pad_dx);
bool TENKA_HALF(pad_fwd)(const struct tenka_fast_call *f);
bool TENKA_HALF(pad_dx)(const struct tenka_fast_call *f);

/* softmax.c */
bool TENKA_FAST(softmax_fwd)(const struct tenka_fast_call *f);
bool TENKA_FAST(softmax_dx)(const struct tenka_fast_call *f);
bool TENKA_FAST(log_softmax_fwd)(const struct tenka_fast_call *f);
bool TENKA_FAST(log_softmax_dx)(const struct tenka_fast_call *f);
bool TENKA_FAST(cross_entropy_fwd)(const struct tenka_fast_call *f);
bool TENKA_FAST(cross_entropy_dx)(const struct tenka_fast_call *f);

/* sum.c */
bool TENKA_FAST(sum_fwd)(const struct tenka_fast_call *f);

#endif
