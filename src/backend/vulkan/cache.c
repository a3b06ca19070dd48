/* The pipeline cache, which is kept on disk. */
#include "backend/vulkan/vk.h"

#define NAME "cache"

/* Whether the driver's own header in front of data belongs to this device. */
static bool of_device(const struct tenka_vk_device *dev, const unsigned char *data, size_t bytes)
{
    VkPhysicalDeviceProperties properties;
    VkPipelineCacheHeaderVersionOne head;
    if (bytes < sizeof head)
        return false;
    memcpy(&head, data, sizeof head);
    dev->instance->properties(dev->gpu.handle, &properties);
    return head.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE && head.vendorID == dev->gpu.vendor &&
           head.deviceID == dev->gpu.device &&
           memcmp(head.pipelineCacheUUID, properties.pipelineCacheUUID, VK_UUID_SIZE) == 0;
}

tenka_status tenka_vk_cache_open(struct tenka_vk_device *dev)
{
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
    size_t bytes;
    void *data = tenka_vk_keep_load(dev, NAME, &bytes);
    if (data && of_device(dev, data, bytes)) {
        dev->cache_hash = tenka_vk_hash(TENKA_VK_HASH, data, bytes);
        info.initialDataSize = bytes;
        info.pInitialData = data;
    }
    VkResult result = dev->vk.vkCreatePipelineCache(dev->handle, &info, NULL, &dev->cache);
    if (result < 0 && info.initialDataSize > 0) {
        info.initialDataSize = 0;
        result = dev->vk.vkCreatePipelineCache(dev->handle, &info, NULL, &dev->cache);
    }
    tenka_free(data);
    if (result < 0) {
        dev->cache = VK_NULL_HANDLE;
        return tenka_vk_fail(dev, result, "vkCreatePipelineCache(");
    }
    dev->base.objects++;
    return TENKA_OK;
}

/* What the driver has to keep, allocated; NULL when that is nothing or memory is short. */
static void *collect(struct tenka_vk_device *dev, size_t *bytes)
{
    *bytes = 0;
    if (dev->vk.vkGetPipelineCacheData(dev->handle, dev->cache, bytes, NULL) < 0 || *bytes == 0)
        return NULL;
    void *data = tenka_alloc(*bytes);
    if (data && dev->vk.vkGetPipelineCacheData(dev->handle, dev->cache, bytes, data) != VK_SUCCESS) {
        tenka_free(data);
        return NULL;
    }
    return data;
}

void tenka_vk_cache_save(struct tenka_vk_device *dev)
{
    size_t bytes;
    /* RenderDoc has drivers forget what they kept; the file would hold this run's pipelines alone. */
    if (!dev->cache || !dev->keep_dir || !dev->cache_grown || dev->lost || dev->instance->captured)
        return;
    dev->cache_grown = false;
    void *data = collect(dev, &bytes);
    if (!data)
        return;
    const uint64_t hash = tenka_vk_hash(TENKA_VK_HASH, data, bytes);
    if (hash != dev->cache_hash) /* all was there already, as in every start but the first */
        tenka_vk_keep_save(dev, NAME, data, bytes);
    dev->cache_hash = hash;
    tenka_free(data);
}

void tenka_vk_cache_finish(struct tenka_vk_device *dev)
{
    if (dev->cache)
        dev->vk.vkDestroyPipelineCache(dev->handle, dev->cache, NULL);
}
