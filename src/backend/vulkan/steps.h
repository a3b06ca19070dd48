/* A plan as a list of commands. */
#ifndef TENKA_VULKAN_STEPS_H
#define TENKA_VULKAN_STEPS_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/hazard.h"

/* Dispatches, whose variants are to be chosen, with barriers where they are needed; owned by the caller. */
tenka_status tenka_vk_steps_make(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step **out,
                                 size_t *count);

#endif
