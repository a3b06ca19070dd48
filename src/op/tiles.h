/* How much work the passes of ops.def state: tiles and loop lengths that kernels and planning agree on. p is the
 * operator's struct of params.h. */
#ifndef TENKA_OP_TILES_H
#define TENKA_OP_TILES_H

#include <stdint.h>

#define DIV_UP(a, b) (((uint64_t)(a) + (b) - 1) / (b))

/* One item computes 4 output channels of one group at 4 neighbouring columns. */
#define CONV_FWD_ITEMS(p) \
    ((uint64_t)(p)->n * (DIV_UP((p)->o / (p)->groups, 4) * (uint64_t)(p)->groups) * (uint64_t)(p)->oh * DIV_UP((p)->ow, 4))
/* The same for input channels. */
#define CONV_DX_ITEMS(p) \
    ((uint64_t)(p)->n * (DIV_UP((p)->c / (p)->groups, 4) * (uint64_t)(p)->groups) * (uint64_t)(p)->h * DIV_UP((p)->w, 4))
/* One workgroup computes 4 output channels of one group at 4 neighbouring weights. */
#define CONV_DW_ITEMS(p) \
    ((uint64_t)(p)->groups * DIV_UP((p)->o / (p)->groups, 4) * \
     DIV_UP((uint64_t)((p)->c / (p)->groups) * (uint64_t)(p)->kh * (uint64_t)(p)->kw, 4))
/* k sweeps of a workgroup of 64 over one channel, and its reduction tree. */
#define BN_LOOPS(p, k) ((uint64_t)(k) * ((uint64_t)(p)->n * (uint64_t)(p)->plane / 64 + 8))

#endif
