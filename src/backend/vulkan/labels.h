/* Where debuggers see a recording's dispatches. */
#ifndef TENKA_VULKAN_LABELS_H
#define TENKA_VULKAN_LABELS_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/hazard.h"

/* What is open at the place that is being recorded. */
struct tenka_vk_labels {
    enum tenka_phase phase;
    char layer[160];
};
/* Before a dispatch: opens the regions of its phase and layer unless they are open, then its own; and closes that. */
void tenka_vk_labels_begin(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels,
                           const struct tenka_plan *plan, const struct tenka_vk_step *step);
void tenka_vk_labels_end(struct tenka_vk_device *dev, VkCommandBuffer commands);
/* At the end of a recording. */
void tenka_vk_labels_close(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels);

#endif
