/* backend.h's prepare. */
#ifndef TENKA_VULKAN_PREPARE_H
#define TENKA_VULKAN_PREPARE_H

#include "backend/backend.h"

tenka_status tenka_vk_prepare(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out);

#endif
