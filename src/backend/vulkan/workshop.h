/* The code of kernels: the build's, or what workshop.c compiles of sources that somebody edits. workshop_stubs.c stands
 * for it in a build that cannot compile them. */
#ifndef TENKA_VULKAN_WORKSHOP_H
#define TENKA_VULKAN_WORKSHOP_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/shaders.h"

/* dir: NULL or "": none. E_INVALID: no such folder; E_UNSUPPORTED: such a build. */
tenka_status tenka_vk_workshop_open(struct tenka_vk_device *dev, const char *dir);
void tenka_vk_workshop_finish(struct tenka_vk_device *dev);
/* The code of a node's kernel, compiled when it is first asked for; the device's. E_FORMAT with file and line, E_IO. */
tenka_status tenka_vk_code(struct tenka_vk_device *dev, const struct tenka_node *node, struct tenka_shader *out);

#endif
