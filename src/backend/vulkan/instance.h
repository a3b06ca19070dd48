/* Vulkan's loader, and an instance for each device that is opened. */
#ifndef TENKA_VULKAN_INSTANCE_H
#define TENKA_VULKAN_INSTANCE_H

#include "backend/vulkan/messages.h"

struct tenka_vk_instance {
    VkInstance handle;
    bool debug_utils, captured; /* captured: RenderDoc looks on */
    VkDebugUtilsMessengerEXT messenger;
    struct tenka_vk_messages messages;
    /* Kept here and not in volk's globals, which a second instance on another thread overwrites. */
    PFN_vkDestroyInstance destroy;
    PFN_vkEnumeratePhysicalDevices enumerate;
    PFN_vkEnumerateDeviceExtensionProperties extensions;
    PFN_vkGetPhysicalDeviceProperties properties;
    PFN_vkGetPhysicalDeviceProperties2 properties2;
    PFN_vkGetPhysicalDeviceFeatures2 features2;
    PFN_vkGetPhysicalDeviceMemoryProperties memory;
    PFN_vkGetPhysicalDeviceQueueFamilyProperties families;
    PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsEXT time_domains; /* NULL: no device has the extension */
    PFN_vkCreateDevice create_device;
    PFN_vkCreateDebugUtilsMessengerEXT create_messenger;
    PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger;
    PFN_vkSetDebugUtilsObjectNameEXT set_name;
    PFN_vkCmdBeginDebugUtilsLabelEXT begin_label;
    PFN_vkCmdEndDebugUtilsLabelEXT end_label;
    PFN_vkCmdInsertDebugUtilsLabelEXT insert_label;
};

/* E_UNSUPPORTED: no loader, no driver, a loader that is too old, or no layer when validate asks for it. */
tenka_status tenka_vk_instance_create(bool validate, struct tenka_error *err, const struct tenka_log *log,
                                      struct tenka_vk_instance **out);
void tenka_vk_instance_destroy(struct tenka_vk_instance **instance);
/* For tests: all of Vulkan comes from get, not from the system's loader. Before anybody asks for Vulkan. */
void tenka_vk_load_from(PFN_vkGetInstanceProcAddr get);
void tenka_vk_load_device_table(struct tenka_vk_instance *instance, VkDevice device, struct VolkDeviceTable *table);
/* Of a call that asks what there is: failures for want of memory as tenka_vk_start_failed says; any other means that
 * there is nothing. */
tenka_status tenka_vk_listed(struct tenka_error *err, VkResult result);
/* Of a call with which Vulkan starts: E_UNSUPPORTED with the file that its loader cannot read, if there is one; else
 * E_NOMEM where the loader says so, and E_UNSUPPORTED. */
tenka_status tenka_vk_start_failed(struct tenka_error *err, VkResult result);

#endif
