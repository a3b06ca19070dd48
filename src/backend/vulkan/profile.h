/* What the dispatches of a timed plan take. */
#ifndef TENKA_VULKAN_PROFILE_H
#define TENKA_VULKAN_PROFILE_H

#include "backend/vulkan/device.h"

struct tenka_vk_stopwatch;

/* For TENKA_SLOTS recordings of so many dispatches, at least one. E_UNSUPPORTED on a queue without timestamps. */
tenka_status tenka_vk_stopwatch_create(struct tenka_vk_device *dev, enum tenka_timing timing, uint32_t dispatches,
                                       struct tenka_vk_stopwatch **out);
void tenka_vk_stopwatch_destroy(struct tenka_vk_device *dev, struct tenka_vk_stopwatch **watch);
/* What a recording needs: reset at its begin, start and stop around each dispatch. */
void tenka_vk_stopwatch_reset(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                              VkCommandBuffer commands, uint32_t slot);
void tenka_vk_stopwatch_start(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                              VkCommandBuffer commands, uint32_t slot, uint32_t dispatch);
void tenka_vk_stopwatch_stop(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                             VkCommandBuffer commands, uint32_t slot, uint32_t dispatch);
/* Fetches the times of a finished run of that slot; then each dispatch can be asked for. */
tenka_status tenka_vk_stopwatch_read(struct tenka_vk_device *dev, struct tenka_vk_stopwatch *watch, uint32_t slot);
/* Fills begin and end, which do not overlap those of the dispatches before. */
void tenka_vk_stopwatch_span(const struct tenka_vk_device *dev, struct tenka_vk_stopwatch *watch, uint32_t dispatch,
                             struct tenka_span *out);

#endif
