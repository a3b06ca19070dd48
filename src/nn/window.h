/* What layers and functions share that pool, pad, and make planes larger. */
#ifndef TENKA_NN_WINDOW_H
#define TENKA_NN_WINDOW_H

#include "nn/layer.h"

/* layers_pool.c: along the last axis of x [N, C, L] or [C, L]; of the params' two axes the second counts, and the first
 * is 1. indices: where the largest elements come from, or NULL. E_SHAPE when x has not so many axes. */
tenka_tensor tenka_max_pool1d(tenka_tensor x, const struct tenka_pool2d_params *params, tenka_tensor *indices);
tenka_tensor tenka_avg_pool1d(tenka_tensor x, const struct tenka_avg_pool2d_params *params);
tenka_tensor tenka_adaptive_avg_pool1d(tenka_tensor x, uint32_t size);
tenka_tensor tenka_adaptive_max_pool1d(tenka_tensor x, uint32_t size, tenka_tensor *indices);
tenka_tensor tenka_interpolate1d(tenka_tensor x, const struct tenka_interpolate_params *params);
/* The side that pooling had, but for what it left out; 0: none. Source: torch.nn.functional._unpool_output_size. */
uint32_t tenka_unpooled_size(uint32_t size, uint32_t kernel, uint32_t stride, uint32_t padding);

/* layers_planes.c: blocks of factor x factor channels as pixels, and back. x: [..., C, H, W]. E_SHAPE when the factor does
 * not divide the channels, or the sides. */
tenka_tensor tenka_pixel_shuffle(tenka_tensor x, uint32_t factor);
tenka_tensor tenka_pixel_unshuffle(tenka_tensor x, uint32_t factor);
/* Channels of x [N, C, ...] by groups, of each group the first, of each the second, and so on. */
tenka_tensor tenka_channel_shuffle(tenka_tensor x, uint32_t groups);
/* One axis as several, of which one may be -1: what the others leave. E_SHAPE when they do not fit. */
tenka_tensor tenka_unflatten(tenka_tensor x, int64_t axis, const int64_t *sizes, size_t n);

#endif
