/* Kernels compiled on all processors before a program needs them, for drivers that would do it one after the other. */
#ifndef TENKA_VULKAN_REHEARSE_H
#define TENKA_VULKAN_REHEARSE_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/hazard.h"

/* A lazy driver (struct tenka_vk_gpu) compiles on the thread of the queue that first runs a kernel. In a first start,
 * therefore, each kernel of the steps for which there is no pipeline yet is run once without any work, by devices that
 * are opened for that alone, one for each processor. The device itself finds the code on the disk then. What goes wrong
 * only means that it will compile the kernel. */
void tenka_vk_rehearse(struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_vk_step *steps,
                       size_t n);

#endif
