/* The device's clock on the host's. */
#ifndef TENKA_VULKAN_CLOCK_H
#define TENKA_VULKAN_CLOCK_H

#include "backend/vulkan/device.h"

tenka_status tenka_vk_clock_open(struct tenka_vk_device *dev);
void tenka_vk_clock_finish(struct tenka_vk_device *dev);
/* Compares the clocks unless they were a moment ago. The device is idle, and its queue has timestamps. */
tenka_status tenka_vk_clock_compare(struct tenka_vk_device *dev);
/* When that was, on the clock of tenka_os_now. */
double tenka_vk_clock_seconds(const struct tenka_vk_device *dev, uint64_t ticks);
const char *tenka_vk_clock_text(tenka_device *base); /* backend.h's clock */

#endif
