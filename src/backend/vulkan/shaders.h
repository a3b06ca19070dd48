/* The shaders that the build made from shaders/<operator>.comp, one for each pass; the table is generated. */
#ifndef TENKA_VULKAN_SHADERS_H
#define TENKA_VULKAN_SHADERS_H

#include "op/op.h"

struct tenka_shader {
    const uint32_t *code; /* SPIR-V */
    size_t bytes;
};

extern const struct tenka_shader tenka_shaders[TENKA_KERNEL_COUNT];

#endif
