/* The shaders that the build made from shaders/<operator>.comp, one for each pass and storage type, what they ask of a device and what
 * they are given; the table is generated. Sees nothing of Vulkan. */
#ifndef TENKA_VULKAN_SHADERS_H
#define TENKA_VULKAN_SHADERS_H

#include "op/op.h"

/* Storage buffers of one pass, the scalars included, at most; and those that a device must offer to be used at all. What
 * one offers that has fewer than a pass wants, it does without that pass. */
#define TENKA_VK_BINDINGS 10
#define TENKA_VK_BINDINGS_NEEDED 8

/* Bytes of shared memory: of the last variants of all families, which every device must be able to run, attention's
 * gradient takes the most: two tiles. */
#define TENKA_VK_SHARED 8448

/* Operands are bound in whole quads of 32-bit words, which shaders may load at once. */
#define TENKA_VK_QUAD 16

/* The push constants of every shader, in this order. */
struct tenka_vk_push {
    uint32_t n;       /* independent items of the dispatch; of a kernel with jobs: blocks of them */
    uint32_t scalars; /* index of the node's first scalar word in the last binding; with jobs: of their table */
    int32_t params[TENKA_MAX_PARAMS];
};

struct tenka_shader {
    const uint32_t *code; /* SPIR-V */
    size_t bytes;
};

extern const struct tenka_shader tenka_shaders[TENKA_KERNEL_COUNT][TENKA_STORED_COUNT];

#endif
