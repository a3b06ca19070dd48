/* The fast kernels of one instruction set as a table. */
#include "backend/cpu/fast/kernels.h"

#if defined __AVX512F__
#define NAME "AVX-512"
#elif defined __AVX2__
#define NAME "AVX2"
#else
#define NAME "plain C"
#endif

#define DX_OF_X(name) [TENKA_KERNEL_##name##_dx] = {TENKA_FAST(name##_dx), NULL, false},
#define DX_OF_Y(name) DX_OF_X(name)
#define DX_OF_NEITHER(name) DX_OF_X(name)
#define DX_CONSTANT(name)
#define TENKA_UNARY(name, back, ...) \
    [TENKA_KERNEL_##name##_fwd] = {TENKA_FAST(name##_fwd), NULL, false}, DX_##back(name)
#define TENKA_ACTIVATION(name, back, ...) TENKA_UNARY(name, back, )
#define TENKA_BINARY(name, ...) [TENKA_KERNEL_##name##_fwd] = {TENKA_FAST(name##_fwd), NULL, false},
#define TENKA_UPDATE(name, ...) [TENKA_KERNEL_##name##_fwd] = {TENKA_FAST(name##_fwd), NULL, false},

const struct tenka_fast_table TENKA_FAST(table) =
    {
        .name = NAME,
        .kernels =
            {
#include "shaders/common/elementwise.def"
#include "shaders/common/updates.def"
                [TENKA_KERNEL_attention_fwd] = {TENKA_FAST(attention_fwd), TENKA_FAST(attention_fwd_scratch), false},
                [TENKA_KERNEL_attention_dx] = {TENKA_FAST(attention_dx), TENKA_FAST(attention_dx_scratch), false},
                [TENKA_KERNEL_attention_dmask] = {TENKA_FAST(attention_dmask), TENKA_FAST(attention_dmask_scratch),
                                                  false},
                [TENKA_KERNEL_avg_pool2d_fwd] = {TENKA_FAST(avg_pool2d_fwd), TENKA_FAST(avg_pool2d_fwd_scratch), false},
                [TENKA_KERNEL_avg_pool2d_dx] = {TENKA_FAST(avg_pool2d_dx), TENKA_FAST(avg_pool2d_dx_scratch), false},
                [TENKA_KERNEL_batch_norm2d_fwd] = {TENKA_FAST(batch_norm2d_fwd), NULL, false},
                [TENKA_KERNEL_batch_norm2d_dx] = {TENKA_FAST(batch_norm2d_dx), NULL, false},
                [TENKA_KERNEL_batch_norm2d_dw] = {TENKA_FAST(batch_norm2d_dw), NULL, false},
                [TENKA_KERNEL_chain_fwd] = {TENKA_FAST(chain_fwd), NULL, false},
                [TENKA_KERNEL_conv2d_dx] = {TENKA_FAST(conv2d_dx), TENKA_FAST(conv2d_dx_scratch), true},
                [TENKA_KERNEL_conv2d_dw] = {TENKA_FAST(conv2d_dw), TENKA_FAST(conv2d_dw_scratch), false},
                [TENKA_KERNEL_conv2d_fwd] = {TENKA_FAST(conv2d_fwd), TENKA_FAST(conv2d_fwd_scratch), true},
                [TENKA_KERNEL_conv_transpose2d_fwd] = {TENKA_FAST(conv_transpose2d_fwd), TENKA_FAST(conv2d_dx_scratch),
                                                       false},
                [TENKA_KERNEL_conv_transpose2d_dx] = {TENKA_FAST(conv_transpose2d_dx), TENKA_FAST(conv2d_fwd_scratch),
                                                      false},
                [TENKA_KERNEL_conv_transpose2d_dw] = {TENKA_FAST(conv_transpose2d_dw), TENKA_FAST(conv2d_dw_scratch),
                                                      false},
                [TENKA_KERNEL_layer_norm_fwd] = {TENKA_FAST(layer_norm_fwd), NULL, false},
                [TENKA_KERNEL_layer_norm_dx] = {TENKA_FAST(layer_norm_dx), NULL, false},
                [TENKA_KERNEL_layer_norm_dw] = {TENKA_FAST(layer_norm_dw), TENKA_FAST(layer_norm_dw_scratch), false},
                [TENKA_KERNEL_interpolate_fwd] = {TENKA_FAST(interpolate_fwd),
                                                  TENKA_FAST(interpolate_fwd_scratch), false},
                [TENKA_KERNEL_interpolate_dx] = {TENKA_FAST(interpolate_dx), TENKA_FAST(interpolate_dx_scratch), false},
                [TENKA_KERNEL_linear_fwd] = {TENKA_FAST(linear_fwd), TENKA_FAST(linear_fwd_scratch), true},
                [TENKA_KERNEL_linear_dx] = {TENKA_FAST(linear_dx), TENKA_FAST(linear_dx_scratch), true},
                [TENKA_KERNEL_linear_dw] = {TENKA_FAST(linear_dw), TENKA_FAST(linear_dw_scratch), false},
                [TENKA_KERNEL_linear_backward_fwd] = {TENKA_FAST(linear_backward_fwd),
                                                      TENKA_FAST(linear_backward_fwd_scratch), true},
                [TENKA_KERNEL_matmul_fwd] = {TENKA_FAST(matmul_fwd), TENKA_FAST(matmul_fwd_scratch), false},
                [TENKA_KERNEL_max_pool2d_fwd] = {TENKA_FAST(max_pool2d_fwd), TENKA_FAST(max_pool2d_fwd_scratch), false},
                [TENKA_KERNEL_max_pool2d_dx] = {TENKA_FAST(max_pool2d_dx), NULL, false},
                [TENKA_KERNEL_relu_max_pool2d_fwd] = {TENKA_FAST(relu_max_pool2d_fwd),
                                                      TENKA_FAST(relu_max_pool2d_fwd_scratch), false},
                [TENKA_KERNEL_relu_max_pool2d_dx] = {TENKA_FAST(relu_max_pool2d_dx), NULL, false},
                [TENKA_KERNEL_multiply_add_fwd] = {TENKA_FAST(multiply_add_fwd), NULL, false},
                [TENKA_KERNEL_conv2d_relu_pool_fwd] = {TENKA_FAST(conv2d_relu_pool_fwd),
                                                       TENKA_FAST(conv2d_relu_pool_fwd_scratch), false},
                [TENKA_KERNEL_conv2d_relu_pool_dw] = {TENKA_FAST(conv2d_relu_pool_dw),
                                                      TENKA_FAST(conv2d_relu_pool_dw_scratch), false},
                [TENKA_KERNEL_pad_fwd] = {TENKA_FAST(pad_fwd), TENKA_FAST(pad_fwd_scratch), false},
                [TENKA_KERNEL_pad_dx] = {TENKA_FAST(pad_dx), TENKA_FAST(pad_dx_scratch), false},
                [TENKA_KERNEL_softmax_fwd] = {TENKA_FAST(softmax_fwd), NULL, false},
                [TENKA_KERNEL_softmax_dx] = {TENKA_FAST(softmax_dx), NULL, false},
                [TENKA_KERNEL_log_softmax_fwd] = {TENKA_FAST(log_softmax_fwd), NULL, false},
                [TENKA_KERNEL_log_softmax_dx] = {TENKA_FAST(log_softmax_dx), NULL, false},
                [TENKA_KERNEL_cross_entropy_fwd] = {TENKA_FAST(cross_entropy_fwd), NULL, false},
                [TENKA_KERNEL_cross_entropy_dx] = {TENKA_FAST(cross_entropy_dx), NULL, false},
                [TENKA_KERNEL_sum_fwd] = {TENKA_FAST(sum_fwd), NULL, false},
            },
};
