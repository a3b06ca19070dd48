/* How convolutions are cut into tiles: what shaders/common/conv_tile.glsl computes from its constants and parameters,
 * for planning. */
#ifndef TENKA_OP_CONV_TILES_H
#define TENKA_OP_CONV_TILES_H

#include "op/variant.h"

/* A convolution as its kernel sees it: sums over windows of a source. Backward, the source is dy and the sums are dx;
 * pooled, there is a sum for each window of maxima, which covers pool_h x pool_w pixels. */
struct tenka_conv {
    int32_t n, groups, source_channels, sum_channels; /* channels of a group */
    int32_t sums_h, sums_w;                           /* of a phase */
    int32_t phases;                                   /* backward with strides: sums that are seen by the same taps */
    int32_t kh, kw, taps_h, taps_w;                   /* taps that see a pixel: all but backward with strides */
    int32_t step_h, step_w, reach_h, reach_w;         /* in the source: from pixel to pixel, from tap to tap */
    int32_t pool_h, pool_w, pool_step_h, pool_step_w;
};

struct tenka_conv tenka_conv_fwd(const struct tenka_p_conv2d *p);
struct tenka_conv tenka_conv_dx(const struct tenka_p_conv2d *p);
struct tenka_conv tenka_conv_pool(const struct tenka_p_conv2d_pool *p);

/* Workgroups, loop iterations of an invocation for one of them, and bytes of shared memory; UINT32_MAX: what one
 * channel needs does not fit into what the variant stages. */
uint64_t tenka_conv_groups(const struct tenka_variant *v, struct tenka_conv c);
uint64_t tenka_conv_loops(const struct tenka_variant *v, struct tenka_conv c);
uint32_t tenka_conv_shared(const struct tenka_variant *v, struct tenka_conv c);

/* Pixels a stride apart are seen by the same taps, of which neighbours lie so many apart. */
int32_t tenka_conv_tap_step(int32_t stride, int32_t dilation);

/* FLAGS of conv_tile.glsl. first: column of the source that the first tap sees from the first pixel */
#define CONV_FLAGS(first, source_w, padded, sums_w)                    \
    (((first)&3) | ((source_w) % 4 == 0) << 2 | ((padded) != 0) << 3 | \
     ((sums_w) % 8 == 0   ? 3                                          \
      : (sums_w) % 4 == 0 ? 2                                          \
      : (sums_w) % 2 == 0 ? 1                                          \
                          : 0)                                         \
         << 4)
/* LINE of conv_tile.glsl. */
int32_t tenka_conv_line(int32_t sums_w, int32_t source_w, int32_t left);
/* Columns of padding that the first pixel's window sees, backward without strides. */
#define CONV_DX_LEFT(p) (((p)->kw - 1) * (p)->dw - (p)->pw)
/* The constants of the shape, from TENKA_SHAPE_CONSTANT on. */
#define CONV_FWD_CONSTANTS(p, sums_w)                                                                              \
    (p)->kh, (p)->kw, (p)->sh, (p)->sw, (p)->dh, (p)->dw, CONV_FLAGS(-(p)->pw, (p)->w, (p)->ph | (p)->pw, sums_w), \
        tenka_conv_line(sums_w, (p)->w, (p)->pw)
#define CONV_DX_CONSTANTS(p)                                                                                         \
    (p)->kh, (p)->kw, 1, 1, (p)->dh / ((p)->sh / tenka_conv_tap_step((p)->sh, (p)->dh)),                             \
        (p)->dw / ((p)->sw / tenka_conv_tap_step((p)->sw, (p)->dw)),                                                 \
        CONV_FLAGS(-CONV_DX_LEFT(p), (p)->sw == 1 ? (p)->ow : 1, 1, (p)->sw == 1 ? (p)->w : 1),                      \
        (p)->sw == 1 ? tenka_conv_line((p)->w, (p)->ow, CONV_DX_LEFT(p)) : 0, tenka_conv_tap_step((p)->sh, (p)->dh), \
        tenka_conv_tap_step((p)->sw, (p)->dw)
#define CONV_POOL_CONSTANTS(p) \
    CONV_FWD_CONSTANTS(&(p)->conv, (p)->pool_ow), (p)->pool_kh, (p)->pool_kw, (p)->pool_sh, (p)->pool_sw

/* The weights' gradient, shaders/common/conv_dw.glsl. Its terms are the pixels of y, its rows are cut into so many
 * parts: a power of two, from the shape alone. */
uint32_t tenka_conv_dw_parts(const struct tenka_p_conv2d *p);
#define CONV_DW_CONSTANTS(p) \
    (p)->kw, (p)->sw, (p)->dw, tenka_conv_chunk((p)->ow), tenka_conv_dw_flags(p), (int32_t)tenka_conv_dw_parts(p)
/* FLAGS of conv_dw_rows.glsl. */
int32_t tenka_conv_dw_flags(const struct tenka_p_conv2d *p);
/* Columns that are taken at a time, which divide ow if possible. */
int32_t tenka_conv_chunk(int32_t ow);
/* The whole gradient: parts in turn, or the only one staged. */
uint64_t tenka_conv_dw_groups(const struct tenka_variant *v, const struct tenka_p_conv2d *p);
uint64_t tenka_conv_dw_loops(const struct tenka_variant *v, const struct tenka_p_conv2d *p);
uint32_t tenka_conv_dw_shared(const struct tenka_variant *v, const struct tenka_p_conv2d *p);
/* Its parts, v->slices of them in a workgroup. */
uint64_t tenka_conv_parts_groups(const struct tenka_variant *v, const struct tenka_p_conv2d *p);
uint64_t tenka_conv_parts_loops(const struct tenka_variant *v, const struct tenka_p_conv2d *p);
uint32_t tenka_conv_parts_shared(const struct tenka_variant *v, const struct tenka_p_conv2d *p);

#endif
