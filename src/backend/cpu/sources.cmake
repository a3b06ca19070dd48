set(cpu_sources # once
    src/backend/cpu/cpu.c
    src/backend/cpu/fast/isa.c)
set(cpu_kernel_sources # for each precision, with the operators' kernels
    src/backend/cpu/elementwise.c
    src/backend/cpu/table.c
    src/backend/cpu/updates.c)
set(cpu_fast_sources # for each instruction set
    src/backend/cpu/fast/attention.c
    src/backend/cpu/fast/avg_pool2d.c
    src/backend/cpu/fast/batch_norm2d.c
    src/backend/cpu/fast/chain.c
    src/backend/cpu/fast/conv2d_dw.c
    src/backend/cpu/fast/conv2d_dx.c
    src/backend/cpu/fast/conv2d_fwd.c
    src/backend/cpu/fast/conv2d_gather.c
    src/backend/cpu/fast/conv_copies.c
    src/backend/cpu/fast/conv_depthwise.c
    src/backend/cpu/fast/conv_lanes.c
    src/backend/cpu/fast/conv_lowered.c
    src/backend/cpu/fast/conv_planes.c
    src/backend/cpu/fast/conv_transpose2d.c
    src/backend/cpu/fast/conv_pool.c
    src/backend/cpu/fast/conv_rows.c
    src/backend/cpu/fast/conv_rows_dw.c
    src/backend/cpu/fast/elementwise.c
    src/backend/cpu/fast/gemm.c
    src/backend/cpu/fast/gemm_dots.c
    src/backend/cpu/fast/gemm_tiles.c
    src/backend/cpu/fast/interpolate.c
    src/backend/cpu/fast/interpolate_double.c
    src/backend/cpu/fast/layer_norm.c
    src/backend/cpu/fast/linear.c
    src/backend/cpu/fast/matmul.c
    src/backend/cpu/fast/max_pool2d.c
    src/backend/cpu/fast/max_pool2d_whole.c
    src/backend/cpu/fast/multiply_add.c
    src/backend/cpu/fast/pad.c
    src/backend/cpu/fast/softmax.c
    src/backend/cpu/fast/sum.c
    src/backend/cpu/fast/table.c
    src/backend/cpu/fast/tiles.c
    src/backend/cpu/fast/updates.c
    src/backend/cpu/fast/winograd.c)
set(cpu_half_sources # of them, those that serve half vectors as well
    src/backend/cpu/fast/conv_rows.c
    src/backend/cpu/fast/conv_rows_dw.c
    src/backend/cpu/fast/pad.c)
