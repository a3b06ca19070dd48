/* Bytes that a dispatch touches. Sees nothing of Vulkan. */
#ifndef TENKA_VULKAN_RANGE_H
#define TENKA_VULKAN_RANGE_H

#include <stddef.h>

/* Bytes of device memory; memory NULL: of the slot's input bytes. */
struct tenka_vk_range {
    const void *memory;
    size_t begin, end;
};

#endif
