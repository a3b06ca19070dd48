/* Buffers: ranges of larger Vulkan buffers, their blocks. */
#ifndef TENKA_VULKAN_MEMORY_H
#define TENKA_VULKAN_MEMORY_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/range.h"

/* A range of a block's Vulkan buffer, whole windows of it. */
struct tenka_vk_buffer {
    struct tenka_buffer base;
    struct tenka_vk_block *block;
    VkBuffer handle; /* the block's */
    VkDeviceSize offset, size;
    char *mapped;                 /* NULL when the host cannot reach it */
    bool cached;                  /* the host reads it fast */
    struct tenka_vk_buffer *next; /* of the block */
};

enum tenka_vk_heap {
    TENKA_VK_DEVICE,  /* device-local */
    TENKA_VK_SLOT,    /* the host writes, the device reads once */
    TENKA_VK_STAGING, /* the host writes and reads */
};

tenka_status tenka_vk_memory_open(struct tenka_vk_device *dev);
void tenka_vk_memory_finish(struct tenka_vk_device *dev); /* all buffers are freed */
/* Content is undefined. Small buffers of one heap and name share a Vulkan buffer, which has that name. */
tenka_status tenka_vk_buffer_make(struct tenka_vk_device *dev, enum tenka_vk_heap heap, size_t bytes, const char *name,
                                  struct tenka_vk_buffer **out);
void tenka_vk_buffer_free(struct tenka_vk_device *dev, struct tenka_vk_buffer **buf);
/* Host and device share their memory: no staging where the host can reach a buffer. */
bool tenka_vk_is_unified(const struct tenka_vk_device *dev);
/* Bytes that one binding may span. */
size_t tenka_vk_max_operand(const struct tenka_vk_device *dev);
struct tenka_vk_range tenka_vk_range_of(const struct tenka_operand *operand);

#endif
