/* What Vulkan's functions return. */
#ifndef TENKA_VULKAN_RESULT_H
#define TENKA_VULKAN_RESULT_H

#include <stdbool.h>

#include <volk.h>

const char *tenka_vk_result_name(VkResult result); /* "VK_ERROR_DEVICE_LOST" */
/* Of whatever kind: pools, mappings and the number of allocations are memory to whoever must do with less. */
bool tenka_vk_is_want_of_memory(VkResult result);

#endif
