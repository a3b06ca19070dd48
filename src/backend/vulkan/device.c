/* A device's instance and handle, and what its failures mean. */
#include <stdio.h>

#include "backend/vulkan/device.h"
#include "backend/vulkan/result.h"

/* ---- Failures ---- */

/* The function's name in the text of a call such as "dev->vk.vkCreateBuffer(dev->handle, ...)". */
static int function_name(const char *call, const char **name)
{
    const size_t end = strcspn(call, "(");
    size_t begin = end;
    while (begin > 0 && call[begin - 1] != '.' && call[begin - 1] != '>')
        begin--;
    *name = call + begin;
    return (int)(end - begin);
}

void tenka_vk_lose(struct tenka_vk_device *dev)
{
    dev->lost = true;
}

tenka_status tenka_vk_fail(struct tenka_vk_device *dev, VkResult result, const char *call)
{
    const char *name;
    const int length = function_name(call, &name);
    if (tenka_vk_is_want_of_memory(result))
        return tenka_fail(dev->base.err, TENKA_E_NOMEM,
                          "%.*s: %s on %s, whose buffers hold %llu of its %llu MiB: use a smaller batch or network",
                          length, name, tenka_vk_result_name(result), dev->gpu.info.name,
                          (unsigned long long)(dev->base.bytes >> 20),
                          (unsigned long long)(dev->gpu.info.memory >> 20));
    if (result == VK_ERROR_DEVICE_LOST) {
        tenka_vk_lose(dev);
        return tenka_fail(dev->base.err, TENKA_E_DEVICE,
                          "%.*s: %s was lost, reset by its driver or removed: open a new context", length, name,
                          dev->gpu.info.name);
    }
    return tenka_fail(dev->base.err, TENKA_E_DEVICE, "%.*s: %s (%d) on %s", length, name, tenka_vk_result_name(result),
                      (int)result, dev->gpu.info.name);
}

tenka_status tenka_vk_health(struct tenka_vk_device *dev)
{
    if (dev->lost)
        return tenka_fail(dev->base.err, TENKA_E_DEVICE, "%s was lost earlier: open a new context", dev->gpu.info.name);
    return dev->validate ? tenka_vk_messages_say(&dev->instance->messages, dev->base.err) : TENKA_OK;
}

void tenka_vk_set_name(struct tenka_vk_device *dev, VkObjectType type, uint64_t object, const char *name)
{
    const VkDebugUtilsObjectNameInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
        .objectType = type,
        .objectHandle = object,
        .pObjectName = name,
    };
    if (dev->instance->debug_utils && name != NULL)
        dev->instance->set_name(dev->handle, &info);
}

/* ---- Opening ---- */

static tenka_status choose_gpu(struct tenka_vk_device *dev, const char *which)
{
    struct tenka_vk_gpu *gpus;
    size_t count;
    TENKA_TRY(tenka_vk_gpus(dev->instance, dev->base.err, &gpus, &count));
    const tenka_status status = tenka_vk_choose_gpu(gpus, count, which, dev->base.err, &dev->gpu);
    tenka_free(gpus);
    TENKA_TRY(status);
    snprintf(dev->name, sizeof(dev->name), "vulkan: %s (%s)", dev->gpu.info.name, dev->gpu.info.driver);
    return TENKA_OK;
}

static tenka_status create_handle(struct tenka_vk_device *dev)
{
    const float priority = 1.0f;
    VkPhysicalDeviceVulkan12Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .timelineSemaphore = VK_TRUE,
    };
    /* Both cost nothing until statistics, or the time, are asked for. */
    const char *extensions[2];
    uint32_t n_extensions = 0;
    if (dev->gpu.statistics)
        extensions[n_extensions++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
    if (dev->gpu.calibrated)
        extensions[n_extensions++] = VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME;
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR statistics = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
        .pNext = &features,
        .pipelineExecutableInfo = VK_TRUE,
    };
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = dev->gpu.family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = dev->gpu.statistics ? (void *)&statistics : &features,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = n_extensions,
        .ppEnabledExtensionNames = extensions,
    };
    const VkResult result = dev->instance->create_device(dev->gpu.handle, &info, NULL, &dev->handle);
    if (result < 0) {
        dev->handle = VK_NULL_HANDLE;
        return tenka_vk_fail(dev, result, "vkCreateDevice(");
    }
    dev->base.objects++;
    tenka_vk_load_device_table(dev->instance, dev->handle, &dev->vk);
    return TENKA_OK;
}

tenka_status tenka_vk_device_open(struct tenka_vk_device *dev, const struct tenka_ctx_params *params)
{
    dev->validate = params->validate;
    TENKA_TRY(tenka_vk_instance_create(params->validate, dev->base.err, dev->base.log, &dev->instance));
    TENKA_TRY(choose_gpu(dev, params->device));
    return create_handle(dev);
}

void tenka_vk_device_finish(struct tenka_vk_device *dev)
{
    if (dev->handle != NULL)
        dev->vk.vkDestroyDevice(dev->handle, NULL);
    tenka_vk_instance_destroy(&dev->instance);
}
