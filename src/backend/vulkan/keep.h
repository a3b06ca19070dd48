/* Files that only save time. */
#ifndef TENKA_VULKAN_KEEP_H
#define TENKA_VULKAN_KEEP_H

#include "backend/vulkan/device.h"

#define TENKA_VK_HASH UINT64_C(14695981039346656037)
/* FNV-1a, going on from hash, which begins as TENKA_VK_HASH. */
uint64_t tenka_vk_hash(uint64_t hash, const void *data, size_t bytes);

/* dir: NULL for the usual folder, "" for none. frozen: files are read alone. */
tenka_status tenka_vk_keep_open(struct tenka_vk_device *dev, const char *dir, bool frozen);
void tenka_vk_keep_finish(struct tenka_vk_device *dev);
/* The content of the device's file of that name, allocated; NULL when it is not there or damaged. */
void *tenka_vk_keep_load(struct tenka_vk_device *dev, const char *name, size_t *bytes);
bool tenka_vk_keep_saves(const struct tenka_vk_device *dev);
void tenka_vk_keep_save(struct tenka_vk_device *dev, const char *name, const void *data, size_t bytes);

#endif
