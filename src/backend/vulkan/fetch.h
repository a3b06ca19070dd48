/* backend.h's fetches. */
#ifndef TENKA_VULKAN_FETCH_H
#define TENKA_VULKAN_FETCH_H

#include "backend/backend.h"

tenka_status tenka_vk_fetch_create(tenka_device *dev, const tenka_buffer *buf, size_t offset, size_t bytes,
                                   tenka_fetch **out);
void tenka_vk_fetch_destroy(tenka_device *dev, tenka_fetch *fetch);
tenka_status tenka_vk_fetch_ask(tenka_device *dev, tenka_fetch *fetch);
tenka_status tenka_vk_fetch_arrived(tenka_device *dev, tenka_fetch *fetch, bool *arrived);

#endif
