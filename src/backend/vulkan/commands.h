/* Command buffers, and the barriers that all record alike. */
#ifndef TENKA_VULKAN_COMMANDS_H
#define TENKA_VULKAN_COMMANDS_H

#include "backend/vulkan/device.h"

/* The device's own pool, for single command buffers. */
tenka_status tenka_vk_commands_open(struct tenka_vk_device *dev);
void tenka_vk_commands_finish(struct tenka_vk_device *dev);
tenka_status tenka_vk_commands_make(struct tenka_vk_device *dev, VkCommandBuffer *out);
void tenka_vk_commands_free(struct tenka_vk_device *dev, VkCommandBuffer commands); /* or none */

/* A pool with so many; the caller destroys it, also when this fails. */
tenka_status tenka_vk_commands_pool(struct tenka_vk_device *dev, uint32_t count, VkCommandPool *pool,
                                    VkCommandBuffer *out);
tenka_status tenka_vk_commands_begin(struct tenka_vk_device *dev, VkCommandBuffer commands,
                                     VkCommandBufferUsageFlags flags);
tenka_status tenka_vk_commands_end(struct tenka_vk_device *dev, VkCommandBuffer commands);

/* Everything before it in the queue happens before everything after it. */
void tenka_vk_full_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands);
/* Of what shaders write and read. */
void tenka_vk_shader_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands);
/* The host sees what was written before it, once it knows that it was done. */
void tenka_vk_host_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands);

#endif
