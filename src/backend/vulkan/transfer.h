/* Buffers of the seam, and copies between host and device. */
#ifndef TENKA_VULKAN_TRANSFER_H
#define TENKA_VULKAN_TRANSFER_H

#include "backend/vulkan/memory.h"

tenka_status tenka_vk_transfer_open(struct tenka_vk_device *dev);
void tenka_vk_transfer_finish(struct tenka_vk_device *dev);
tenka_status tenka_vk_zero(struct tenka_vk_device *dev, struct tenka_vk_buffer *buf);

/* backend.h's buffer_create, buffer_destroy, write and read. */
tenka_status tenka_vk_buffer_create(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out);
void tenka_vk_buffer_destroy(tenka_device *dev, tenka_buffer *buf);
tenka_status tenka_vk_write(tenka_device *dev, tenka_buffer *buf, size_t offset, const void *src, size_t bytes);
tenka_status tenka_vk_read(tenka_device *dev, const tenka_buffer *buf, size_t offset, void *dst, size_t bytes);

#endif
