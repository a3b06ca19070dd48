/* The pipeline cache on disk: one file for each device and driver version, replaced as a whole. It only saves time, so
 * whatever goes wrong with the file is at most a line in the log. */
#include "backend/vulkan/vk.h"
#include "core/os.h"

/* In front of the driver's data, which drivers do not all check well. */
struct header {
    char magic[8];
    uint64_t bytes, hash;
};
static const char magic[8] = {'t', 'e', 'n', 'k', 'a', 'p', 'c', '1'};
/* More is no cache of ours. */
#define LARGEST ((uint64_t)256 << 20)

static uint64_t fnv1a(const unsigned char *data, size_t bytes)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ data[i]) * 1099511628211u;
    return hash;
}

/* The file's path, or none when the folder's name is empty or unknown. */
static tenka_status choose_path(struct tenka_vk_device *dev, const char *dir)
{
    char *usual = dir ? NULL : tenka_os_cache_dir();
    const char *folder = dir ? dir : usual;
    if (folder && folder[0]) {
        dev->cache_dir = tenka_strdup(folder);
        dev->cache_path = tenka_sprintf("%s/vulkan-%s-%08x.cache", folder, dev->gpu.info.uuid, dev->gpu.driver_version);
        if (!dev->cache_dir || !dev->cache_path) {
            tenka_free(usual);
            return tenka_fail_nomem(dev->base.err);
        }
    }
    tenka_free(usual);
    return TENKA_OK;
}

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

static bool usable(const struct tenka_vk_device *dev, const unsigned char *file, uint64_t bytes)
{
    struct header head;
    if (bytes < sizeof head)
        return false;
    memcpy(&head, file, sizeof head);
    const unsigned char *data = file + sizeof head;
    return memcmp(head.magic, magic, sizeof magic) == 0 && head.bytes == bytes - sizeof head &&
           fnv1a(data, (size_t)head.bytes) == head.hash && of_device(dev, data, (size_t)head.bytes);
}

/* The whole file, allocated, or NULL when there is none of use. */
static unsigned char *load(struct tenka_vk_device *dev, uint64_t *bytes)
{
    struct tenka_error err = {0};
    void *file = NULL;
    if (!dev->cache_path || !tenka_os_exists(dev->cache_path))
        return NULL;
    if (tenka_os_read_file(&err, dev->cache_path, LARGEST, &file, bytes) == TENKA_OK && usable(dev, file, *bytes)) {
        dev->cache_hash = ((const struct header *)file)->hash;
        return file;
    }
    tenka_log(dev->base.log, TENKA_LOG_DEBUG, "the pipeline cache %s is damaged or foreign: it will be made anew",
              dev->cache_path);
    tenka_free(file);
    return NULL;
}

tenka_status tenka_vk_cache_open(struct tenka_vk_device *dev, const char *dir)
{
    uint64_t bytes = 0;
    TENKA_TRY(choose_path(dev, dir));
    unsigned char *file = load(dev, &bytes);
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
    if (file) {
        info.initialDataSize = (size_t)bytes - sizeof(struct header);
        info.pInitialData = file + sizeof(struct header);
    }
    VkResult result = dev->vk.vkCreatePipelineCache(dev->handle, &info, NULL, &dev->cache);
    if (result < 0 && file) {
        info.initialDataSize = 0;
        result = dev->vk.vkCreatePipelineCache(dev->handle, &info, NULL, &dev->cache);
    }
    tenka_free(file);
    if (result < 0)
        return tenka_vk_fail(dev, result, "vkCreatePipelineCache(");
    dev->base.objects++;
    return TENKA_OK;
}

/* The file's content as one allocated block; NULL when the driver has none to give or memory is short. */
static unsigned char *collect(struct tenka_vk_device *dev, size_t *bytes)
{
    size_t payload = 0;
    if (dev->vk.vkGetPipelineCacheData(dev->handle, dev->cache, &payload, NULL) < 0 || payload == 0)
        return NULL;
    unsigned char *file = tenka_alloc(sizeof(struct header) + payload);
    if (!file)
        return NULL;
    unsigned char *data = file + sizeof(struct header);
    if (dev->vk.vkGetPipelineCacheData(dev->handle, dev->cache, &payload, data) != VK_SUCCESS) {
        tenka_free(file);
        return NULL;
    }
    struct header head = {.bytes = payload, .hash = fnv1a(data, payload)};
    memcpy(head.magic, magic, sizeof magic);
    memcpy(file, &head, sizeof head);
    *bytes = sizeof head + payload;
    return file;
}

void tenka_vk_cache_save(struct tenka_vk_device *dev)
{
    struct tenka_error err = {0};
    size_t bytes = 0;
    if (!dev->cache || !dev->cache_path || !dev->cache_grown || dev->lost)
        return;
    dev->cache_grown = false;
    unsigned char *file = collect(dev, &bytes);
    if (!file)
        return;
    const uint64_t hash = ((const struct header *)(void *)file)->hash;
    if (hash == dev->cache_hash) { /* all was there already, as in every start but the first */
        tenka_free(file);
        return;
    }
    dev->cache_hash = hash;
    if (tenka_os_make_dirs(&err, dev->cache_dir) != TENKA_OK ||
        tenka_os_write_file(&err, dev->cache_path, file, bytes) != TENKA_OK) {
        tenka_log(dev->base.log, TENKA_LOG_WARNING, "kernels will be compiled again next time: %s", err.text);
        /* One such line is enough. */
        tenka_free(dev->cache_path);
        dev->cache_path = NULL;
    }
    tenka_free(file);
}

void tenka_vk_cache_finish(struct tenka_vk_device *dev)
{
    if (dev->cache)
        dev->vk.vkDestroyPipelineCache(dev->handle, dev->cache, NULL);
    tenka_free(dev->cache_path);
    tenka_free(dev->cache_dir);
}
