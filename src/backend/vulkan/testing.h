/* Windows for tests, and for `tenka verify`: each is of the file that it concerns. Sees nothing of Vulkan. */
#ifndef TENKA_VULKAN_TESTING_H
#define TENKA_VULKAN_TESTING_H

#include "backend/backend.h"

struct tenka_vk_step;

/* program.c: the commands of a program as recorded; the program owns them. */
TENKA_API const struct tenka_vk_step *tenka_vulkan_program_steps(const tenka_program *prog, size_t *n);
/* memory.c: pretends that no binding may span more than bytes, so that small tensors are bound in pieces. */
TENKA_API void tenka_vulkan_limit_operand(tenka_device *dev, size_t bytes);
/* memory.c: copies between host and device go through staging, as on a device with memory of its own. */
TENKA_API void tenka_vulkan_force_staging(tenka_device *dev);
/* steps.c: programs that are prepared from now on lack barrier number index between their dispatches; TENKA_ABSENT:
 * none. */
TENKA_API void tenka_vulkan_forget_barrier(tenka_device *dev, uint32_t index);
/* clock.c: the clocks of device and host are compared as on a driver without VK_EXT_calibrated_timestamps. */
TENKA_API void tenka_vulkan_bracket_clock(tenka_device *dev);
/* choice.c: plans are made from now on as for a device that runs many workgroups, with gradients in parts. */
TENKA_API void tenka_vulkan_spread(tenka_device *dev);
/* open.c: the device is kept busy before it is measured, as a GPU is. */
TENKA_API void tenka_vulkan_let_rest(tenka_device *dev);

#endif
