/* In which variant of its kernel (variants.def) a dispatch runs, without measuring. */
#ifndef TENKA_VULKAN_CHOICE_H
#define TENKA_VULKAN_CHOICE_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/hazard.h"
#include "op/variant.h"

/* Fills in the variants, indices into tenka_variants(). E_UNSUPPORTED: the device can run none of a kernel's, or not
 * the pinned one. */
tenka_status tenka_vk_choose(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *steps,
                             size_t n);
/* The variants that are worth measuring, a bit each; 0: it is known which. */
uint32_t tenka_vk_candidates(const struct tenka_vk_device *dev, const struct tenka_node *node);
/* Whether the device would run the variant if it is the fastest; *preferred: and would, unmeasured. */
bool tenka_vk_tries(const struct tenka_vk_device *dev, enum tenka_kernel kernel, uint32_t variant,
                    const int32_t *params, uint64_t n, bool *preferred);

/* backend.h's fuses and pin. Fused kernels save dispatches and memory traffic: whenever one can run. */
bool tenka_vk_fuses(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params);
void tenka_vk_pin(tenka_device *dev, uint32_t variant);

#endif
