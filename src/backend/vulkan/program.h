/* Programs: a plan recorded TENKA_SLOTS times, each time with its own input bytes and descriptor sets. */
#ifndef TENKA_VULKAN_PROGRAM_H
#define TENKA_VULKAN_PROGRAM_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/hazard.h"

/* steps: the plan's, with their variants; the program takes them over, also when this fails. */
tenka_status tenka_vk_program_make(struct tenka_vk_device *dev, const struct tenka_plan *plan,
                                   struct tenka_vk_step *steps, size_t n, tenka_program **out);

/* backend.h's functions for programs. */
void tenka_vk_program_destroy(tenka_device *dev, tenka_program *prog);
size_t tenka_vk_program_dispatches(const tenka_program *prog);
tenka_status tenka_vk_program_submit(tenka_device *dev, tenka_program *prog, const void *inputs, tenka_ticket *out);
tenka_status tenka_vk_program_spans(tenka_device *dev, tenka_program *prog, struct tenka_span *out);
tenka_status tenka_vk_check_order(tenka_device *dev, const struct tenka_plan *plan, const tenka_program *prog);

#endif
