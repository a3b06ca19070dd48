/* The driver's cache of compiled pipelines. */
#ifndef TENKA_VULKAN_CACHE_H
#define TENKA_VULKAN_CACHE_H

#include "backend/vulkan/device.h"

/* What is missing, damaged or of another driver counts as absent; only want of memory fails. */
tenka_status tenka_vk_cache_open(struct tenka_vk_device *dev);
void tenka_vk_cache_finish(struct tenka_vk_device *dev);
/* For making a pipeline, with which it grows, perhaps. */
VkPipelineCache tenka_vk_cache_use(struct tenka_vk_device *dev);
/* Whether nothing was kept for the device and its driver when it was opened: it is its first start, as far as is known. */
bool tenka_vk_cache_is_new(const struct tenka_vk_device *dev);
/* Writes the file if it was used since the last time. */
void tenka_vk_cache_save(struct tenka_vk_device *dev);

#endif
