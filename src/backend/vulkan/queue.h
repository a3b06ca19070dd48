/* The one queue of a device and its timeline semaphore: submission k, of one or several programs and copies, signals
 * the value k, their ticket. A memory barrier at the beginning of each program and copy orders it after all earlier
 * ones. */
#ifndef TENKA_VULKAN_QUEUE_H
#define TENKA_VULKAN_QUEUE_H

#include "backend/vulkan/device.h"

tenka_status tenka_vk_queue_open(struct tenka_vk_device *dev);
void tenka_vk_queue_finish(struct tenka_vk_device *dev);
/* Holds commands back while the device has enough to do; whoever waits for their ticket brings them on their way. */
tenka_status tenka_vk_submit(struct tenka_vk_device *dev, VkCommandBuffer commands, uint64_t *ticket);
tenka_status tenka_vk_hand_over(struct tenka_vk_device *dev); /* gives held commands to the queue */
tenka_status tenka_vk_wait(struct tenka_vk_device *dev, uint64_t ticket);
tenka_status tenka_vk_wait_for_all(struct tenka_vk_device *dev);
/* Waits for all work before something is destroyed; a failure has nobody to tell and leaves older sentences alone. */
void tenka_vk_settle(struct tenka_vk_device *dev);
/* Whether what has that ticket is held back, whether it is done, whether all is that was submitted. */
bool tenka_vk_is_held(const struct tenka_vk_device *dev, uint64_t ticket);
tenka_status tenka_vk_is_done(struct tenka_vk_device *dev, uint64_t ticket, bool *done);
tenka_status tenka_vk_is_idle(struct tenka_vk_device *dev, bool *idle);

#endif
