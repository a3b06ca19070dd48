/* backend.h's captures, by RenderDoc. */
#ifndef TENKA_VULKAN_CAPTURE_H
#define TENKA_VULKAN_CAPTURE_H

#include "backend/backend.h"

tenka_status tenka_vk_capture_check(tenka_device *base);
tenka_status tenka_vk_capture_begin(tenka_device *base);
tenka_status tenka_vk_capture_end(tenka_device *base, const char *path);

#endif
