/* What a dispatch binds: a window of memory for each operand of its nodes, and one of the slot for their scalars. */
#ifndef TENKA_VULKAN_BIND_H
#define TENKA_VULKAN_BIND_H

#include "backend/vulkan/hazard.h"
#include "backend/vulkan/memory.h"

tenka_status tenka_vk_bind_open(struct tenka_vk_device *dev);
void tenka_vk_bind_finish(struct tenka_vk_device *dev);
/* Bytes of a slot's buffer, so that windows onto its first bytes lie in it. */
size_t tenka_vk_bind_slot_bytes(size_t bytes);
/* A pool of exactly the sets and descriptors that so many recordings of the steps need; none where they need none. */
tenka_status tenka_vk_bind_pool(struct tenka_vk_device *dev, const struct tenka_plan *plan,
                                const struct tenka_vk_step *steps, size_t n, uint32_t recordings,
                                VkDescriptorPool *out);
/* The set of a dispatch whose pipeline was asked for. */
tenka_status tenka_vk_bind(struct tenka_vk_device *dev, VkDescriptorPool pool, const struct tenka_plan *plan,
                           const struct tenka_vk_step *step, const struct tenka_vk_buffer *slot, VkDescriptorSet *out);

#endif
