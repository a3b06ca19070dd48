/* Variants of kernels that are the fastest, measured. */
#ifndef TENKA_VULKAN_TUNE_H
#define TENKA_VULKAN_TUNE_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/hazard.h"

tenka_status tenka_vk_tune_open(struct tenka_vk_device *dev, enum tenka_tune tune);
void tenka_vk_tune_finish(struct tenka_vk_device *dev);
/* The steps' variants, which come as guesses, become the fastest where they are known or can be measured. Fails for
 * E_DEVICE alone, and for code that does not compile. */
tenka_status tenka_vk_tune(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *steps,
                           size_t n);

#endif
