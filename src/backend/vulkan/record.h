/* A plan's steps as commands. */
#ifndef TENKA_VULKAN_RECORD_H
#define TENKA_VULKAN_RECORD_H

#include "backend/vulkan/hazard.h"
#include "backend/vulkan/memory.h"
#include "backend/vulkan/profile.h"

struct tenka_vk_recording {
    const struct tenka_plan *plan;
    const struct tenka_vk_step *steps; /* whose variants are chosen */
    size_t n_steps;
    VkDescriptorPool descriptors;           /* with room for the sets of all dispatches */
    const struct tenka_vk_stopwatch *watch; /* NULL: nothing is timed */
    uint32_t slot;                          /* of the stopwatch */
    const struct tenka_vk_buffer *inputs;
    VkCommandBuffer commands;
};

tenka_status tenka_vk_record(struct tenka_vk_device *dev, const struct tenka_vk_recording *rec);

#endif
