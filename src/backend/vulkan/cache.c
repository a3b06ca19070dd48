/* The pipeline cache, which is kept on disk. */
#include "backend/vulkan/cache.h"
#include "backend/vulkan/keep.h"

#define NAME "cache"

struct tenka_vk_cache {
    VkPipelineCache handle;
    bool fresh;    /* there was no file */
    bool grown;    /* since it was last saved, perhaps */
    uint64_t hash; /* of what the file holds */
};

/* Whether the driver's own header in front of data belongs to this device. */
static bool of_device(const struct tenka_vk_device *dev, const unsigned char *data, size_t bytes)
{
    VkPhysicalDeviceProperties properties;
    VkPipelineCacheHeaderVersionOne head;
    if (bytes < sizeof(head))
        return false;
    memcpy(&head, data, sizeof(head));
    dev->instance->properties(dev->gpu.handle, &properties);
    return head.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE && head.vendorID == dev->gpu.vendor &&
           head.deviceID == dev->gpu.device &&
           memcmp(head.pipelineCacheUUID, properties.pipelineCacheUUID, VK_UUID_SIZE) == 0;
}

/* With what the file holds, unless the driver refuses that. */
static tenka_status cache_init(struct tenka_vk_device *dev, const void *data, size_t bytes)
{
    struct tenka_vk_cache *cache = dev->cache;
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
    if (data != NULL && of_device(dev, data, bytes)) {
        cache->hash = tenka_vk_hash(TENKA_VK_HASH, data, bytes);
        info.initialDataSize = bytes;
        info.pInitialData = data;
    }
    VkResult result = dev->vk.vkCreatePipelineCache(dev->handle, &info, NULL, &cache->handle);
    if (result < 0 && info.initialDataSize > 0) {
        info.initialDataSize = 0;
        result = dev->vk.vkCreatePipelineCache(dev->handle, &info, NULL, &cache->handle);
    }
    if (result < 0) {
        cache->handle = VK_NULL_HANDLE;
        return tenka_vk_fail(dev, result, "vkCreatePipelineCache(");
    }
    dev->base.objects++;
    return TENKA_OK;
}

tenka_status tenka_vk_cache_open(struct tenka_vk_device *dev)
{
    size_t bytes;
    dev->cache = tenka_alloc(sizeof(*dev->cache));
    if (dev->cache == NULL)
        return tenka_fail_nomem(dev->base.err);
    void *data = tenka_vk_keep_load(dev, NAME, &bytes);
    dev->cache->fresh = data == NULL;
    const tenka_status status = cache_init(dev, data, bytes);
    tenka_free(data);
    return status;
}

void tenka_vk_cache_finish(struct tenka_vk_device *dev)
{
    if (dev->cache == NULL)
        return;
    if (dev->cache->handle != NULL) {
        tenka_vk_cache_save(dev);
        dev->vk.vkDestroyPipelineCache(dev->handle, dev->cache->handle, NULL);
    }
    tenka_free(dev->cache);
}

VkPipelineCache tenka_vk_cache_use(struct tenka_vk_device *dev)
{
    dev->cache->grown = true;
    return dev->cache->handle;
}

bool tenka_vk_cache_is_new(const struct tenka_vk_device *dev)
{
    return dev->cache->fresh;
}

/* What the driver has to keep, allocated; NULL when that is nothing or memory is short. */
static void *collect(struct tenka_vk_device *dev, size_t *bytes)
{
    *bytes = 0;
    if (dev->vk.vkGetPipelineCacheData(dev->handle, dev->cache->handle, bytes, NULL) < 0 || *bytes == 0)
        return NULL;
    void *data = tenka_alloc(*bytes);
    if (data != NULL && dev->vk.vkGetPipelineCacheData(dev->handle, dev->cache->handle, bytes, data) != VK_SUCCESS) {
        tenka_free(data);
        return NULL;
    }
    return data;
}

void tenka_vk_cache_save(struct tenka_vk_device *dev)
{
    struct tenka_vk_cache *cache = dev->cache;
    size_t bytes;
    /* RenderDoc has drivers forget what they kept; the file would hold this run's pipelines alone. */
    if (!cache->grown || !tenka_vk_keep_saves(dev) || dev->lost || dev->instance->captured)
        return;
    cache->grown = false;
    void *data = collect(dev, &bytes);
    if (data == NULL)
        return;
    const uint64_t hash = tenka_vk_hash(TENKA_VK_HASH, data, bytes);
    if (hash != cache->hash) /* all was there already, as in every start but the first */
        tenka_vk_keep_save(dev, NAME, data, bytes);
    cache->hash = hash;
    tenka_free(data);
}
