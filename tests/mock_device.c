/* Devices, memory, descriptors, pipelines and queries of the mock Vulkan. */
#define _DEFAULT_SOURCE
#include "mock_objects.h"

#include <stdio.h>
#include <sys/mman.h>

static uint32_t the_queue;
static uint64_t ticks;

/* ---- The device ---- */

MOCK(VkResult, vkCreateDevice)
(VkPhysicalDevice gpu, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *unused, VkDevice *out)
{
    (void)info;
    (void)unused;
    const uint32_t index = mock_add(DEVICE, LOOK_UP(gpu, GPU)->owner);
    the_queue = mock_add(QUEUE, index);
    *out = HANDLE(VkDevice, index);
    return VK_SUCCESS;
}

MOCK(void, vkGetDeviceQueue)(VkDevice device, uint32_t family, uint32_t number, VkQueue *out)
{
    LOOK_UP(device, DEVICE);
    (void)family;
    (void)number;
    *out = HANDLE(VkQueue, the_queue);
}

/* Objects of a device that need no more than to be there. */
#define SIMPLE(name, kind, Info)                                                                                     \
    MOCK(VkResult, vkCreate##name)(VkDevice device, const Info *info, const VkAllocationCallbacks *a, Vk##name *out) \
    {                                                                                                                \
        LOOK_UP(device, DEVICE);                                                                                     \
        (void)info;                                                                                                  \
        (void)a;                                                                                                     \
        *out = HANDLE(Vk##name, mock_add(kind, INDEX(device)));                                                      \
        return VK_SUCCESS;                                                                                           \
    }
SIMPLE(Semaphore, SEMAPHORE, VkSemaphoreCreateInfo)
SIMPLE(PipelineLayout, LAYOUT, VkPipelineLayoutCreateInfo)
SIMPLE(ShaderModule, MODULE, VkShaderModuleCreateInfo)
#undef SIMPLE

#define DESTROYER(verb, name, Handle, kind)                                                    \
    MOCK(void, vk##verb##name)(VkDevice device, Handle handle, const VkAllocationCallbacks *a) \
    {                                                                                          \
        LOOK_UP(device, DEVICE);                                                               \
        (void)a;                                                                               \
        mock_destroy((uint64_t)(uintptr_t)handle, kind, __func__);                             \
    }
DESTROYER(Destroy, Semaphore, VkSemaphore, SEMAPHORE)
DESTROYER(Destroy, PipelineLayout, VkPipelineLayout, LAYOUT)
DESTROYER(Destroy, DescriptorSetLayout, VkDescriptorSetLayout, SET_LAYOUT)
DESTROYER(Destroy, ShaderModule, VkShaderModule, MODULE)
DESTROYER(Destroy, Pipeline, VkPipeline, PIPELINE)
DESTROYER(Destroy, PipelineCache, VkPipelineCache, CACHE)
DESTROYER(Destroy, DescriptorPool, VkDescriptorPool, DESCRIPTOR_POOL)
DESTROYER(Destroy, CommandPool, VkCommandPool, COMMAND_POOL)
DESTROYER(Destroy, QueryPool, VkQueryPool, QUERIES)
DESTROYER(Destroy, Buffer, VkBuffer, BUFFER)
DESTROYER(Free, Memory, VkDeviceMemory, MEMORY)
#undef DESTROYER

MOCK(void, vkDestroyDevice)(VkDevice device, const VkAllocationCallbacks *unused)
{
    (void)unused;
    if (!mock_queue_is_empty())
        mock_complain("%s: the queue is not empty", __func__);
    mock_destroy((uint64_t)(uintptr_t)device, DEVICE, __func__);
}

MOCK(VkResult, vkSetDebugUtilsObjectNameEXT)(VkDevice device, const VkDebugUtilsObjectNameInfoEXT *info)
{
    LOOK_UP(device, DEVICE);
    LOOK_UP(info->objectHandle, info->objectType == VK_OBJECT_TYPE_BUFFER ? BUFFER : PIPELINE);
    return VK_SUCCESS;
}

/* ---- Memory ---- */

MOCK(VkResult, vkCreateBuffer)
(VkDevice device, const VkBufferCreateInfo *info, const VkAllocationCallbacks *unused, VkBuffer *out)
{
    LOOK_UP(device, DEVICE);
    (void)unused;
    const uint32_t index = mock_add(BUFFER, INDEX(device));
    mock_objects[index].size = info->size;
    *out = HANDLE(VkBuffer, index);
    return VK_SUCCESS;
}

MOCK(void, vkGetBufferMemoryRequirements)(VkDevice device, VkBuffer buffer, VkMemoryRequirements *out)
{
    LOOK_UP(device, DEVICE);
    *out = (VkMemoryRequirements){LOOK_UP(buffer, BUFFER)->size, 256, 7};
}

MOCK(VkResult, vkAllocateMemory)
(VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *unused, VkDeviceMemory *out)
{
    const bool on_device = info->memoryTypeIndex == 0;
    LOOK_UP(device, DEVICE);
    (void)unused;
    if (on_device && info->allocationSize > mock_vulkan.memory - mock_vulkan.allocated)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    /* Pages that nobody touches cost nothing, also under the address sanitizer. */
    void *const bytes =
        mmap(NULL, (size_t)info->allocationSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    const uint32_t index = mock_add(MEMORY, INDEX(device));
    mock_objects[index].size = info->allocationSize;
    mock_objects[index].bytes = bytes;
    mock_objects[index].on_device = on_device;
    mock_vulkan.allocated += on_device ? info->allocationSize : 0;
    *out = HANDLE(VkDeviceMemory, index);
    return VK_SUCCESS;
}

MOCK(VkResult, vkBindBufferMemory)(VkDevice device, VkBuffer buffer, VkDeviceMemory memory, VkDeviceSize offset)
{
    LOOK_UP(device, DEVICE);
    struct object *b = LOOK_UP(buffer, BUFFER);
    if (b->size > LOOK_UP(memory, MEMORY)->size - offset)
        mock_complain("%s: the buffer is larger than its memory", __func__);
    b = LOOK_UP(buffer, BUFFER);
    b->memory = INDEX(memory);
    b->offset = offset;
    return VK_SUCCESS;
}

MOCK(VkResult, vkMapMemory)
(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, VkMemoryMapFlags flags, void **out)
{
    LOOK_UP(device, DEVICE);
    (void)size;
    (void)flags;
    *out = LOOK_UP(memory, MEMORY)->bytes + offset;
    return VK_SUCCESS;
}

/* ---- Descriptors, pipelines, queries ---- */

MOCK(VkResult, vkCreateDescriptorSetLayout)
(VkDevice device, const VkDescriptorSetLayoutCreateInfo *info, const VkAllocationCallbacks *unused,
 VkDescriptorSetLayout *out)
{
    LOOK_UP(device, DEVICE);
    (void)unused;
    const uint32_t index = mock_add(SET_LAYOUT, INDEX(device));
    mock_objects[index].descriptors = info->bindingCount;
    *out = HANDLE(VkDescriptorSetLayout, index);
    return VK_SUCCESS;
}

MOCK(VkResult, vkCreateDescriptorPool)
(VkDevice device, const VkDescriptorPoolCreateInfo *info, const VkAllocationCallbacks *unused, VkDescriptorPool *out)
{
    LOOK_UP(device, DEVICE);
    (void)unused;
    const uint32_t index = mock_add(DESCRIPTOR_POOL, INDEX(device));
    mock_objects[index].sets = info->maxSets;
    mock_objects[index].descriptors = info->pPoolSizes->descriptorCount;
    *out = HANDLE(VkDescriptorPool, index);
    return VK_SUCCESS;
}

MOCK(VkResult, vkAllocateDescriptorSets)(VkDevice device, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *out)
{
    LOOK_UP(device, DEVICE);
    const uint32_t descriptors = LOOK_UP(info->pSetLayouts[0], SET_LAYOUT)->descriptors;
    struct object *pool = LOOK_UP(info->descriptorPool, DESCRIPTOR_POOL);
    if (pool->sets == 0 || pool->descriptors < descriptors) {
        mock_complain("%s: the pool is too small", __func__); /* a driver may give more than was asked for, or not */
        return VK_ERROR_OUT_OF_POOL_MEMORY;
    }
    pool->sets--;
    pool->descriptors -= descriptors;
    const uint32_t index = mock_add(SET, INDEX(info->descriptorPool));
    mock_objects[index].descriptors = descriptors;
    *out = HANDLE(VkDescriptorSet, index);
    return VK_SUCCESS;
}

MOCK(void, vkUpdateDescriptorSets)
(VkDevice device, uint32_t count, const VkWriteDescriptorSet *writes, uint32_t n_copies,
 const VkCopyDescriptorSet *copies)
{
    LOOK_UP(device, DEVICE);
    (void)n_copies;
    (void)copies;
    for (uint32_t i = 0; i < count; i++) {
        struct object *set = LOOK_UP(writes[i].dstSet, SET);
        for (uint32_t k = 0; k < writes[i].descriptorCount && k < BINDINGS; k++) {
            const VkDescriptorBufferInfo *info = &writes[i].pBufferInfo[k];
            const struct object *buffer = LOOK_UP(info->buffer, BUFFER);
            if (info->offset > buffer->size || info->range > buffer->size - info->offset || info->range == 0)
                mock_complain("%s: a binding leaves its buffer", __func__);
            set->bound[k] = INDEX(info->buffer);
        }
    }
}

MOCK(VkResult, vkCreateComputePipelines)
(VkDevice device, VkPipelineCache cache, uint32_t count, const VkComputePipelineCreateInfo *info,
 const VkAllocationCallbacks *unused, VkPipeline *out)
{
    LOOK_UP(device, DEVICE);
    (void)count;
    (void)unused;
    if (cache)
        LOOK_UP(cache, CACHE)->size++;
    LOOK_UP(info->stage.module, MODULE);
    LOOK_UP(info->layout, LAYOUT);
    *out = HANDLE(VkPipeline, mock_add(PIPELINE, INDEX(device)));
    return VK_SUCCESS;
}

/* What the driver keeps: the header that all share, and how many pipelines there were. */
struct kept {
    VkPipelineCacheHeaderVersionOne head;
    uint64_t pipelines;
};

MOCK(VkResult, vkCreatePipelineCache)
(VkDevice device, const VkPipelineCacheCreateInfo *info, const VkAllocationCallbacks *unused, VkPipelineCache *out)
{
    LOOK_UP(device, DEVICE);
    (void)unused;
    const uint32_t index = mock_add(CACHE, INDEX(device));
    if (info->initialDataSize > 0) {
        const struct kept *kept = info->pInitialData;
        if (info->initialDataSize != sizeof(*kept) || kept->head.pipelineCacheUUID[0] != mock_vulkan.cache_uuid)
            mock_complain("%s: the data is of another driver", __func__);
        else
            mock_objects[index].size = kept->pipelines;
        mock_vulkan.caches_filled++;
    }
    *out = HANDLE(VkPipelineCache, index);
    return VK_SUCCESS;
}

MOCK(VkResult, vkGetPipelineCacheData)(VkDevice device, VkPipelineCache cache, size_t *bytes, void *out)
{
    struct kept kept = {
        .head = {sizeof(kept.head), VK_PIPELINE_CACHE_HEADER_VERSION_ONE, 0x1234, 0x5678, {0}},
        .pipelines = LOOK_UP(cache, CACHE)->size,
    };
    LOOK_UP(device, DEVICE);
    memset(kept.head.pipelineCacheUUID, mock_vulkan.cache_uuid, sizeof(kept.head.pipelineCacheUUID));
    if (out && *bytes < sizeof(kept))
        return VK_INCOMPLETE;
    *bytes = sizeof(kept);
    if (out)
        memcpy(out, &kept, sizeof(kept));
    return VK_SUCCESS;
}

MOCK(VkResult, vkCreateQueryPool)
(VkDevice device, const VkQueryPoolCreateInfo *info, const VkAllocationCallbacks *unused, VkQueryPool *out)
{
    LOOK_UP(device, DEVICE);
    (void)unused;
    const uint32_t index = mock_add(QUERIES, INDEX(device));
    mock_objects[index].size = info->queryCount;
    *out = HANDLE(VkQueryPool, index);
    return VK_SUCCESS;
}

MOCK(VkResult, vkGetQueryPoolResults)
(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t count, size_t bytes, void *out, VkDeviceSize stride,
 VkQueryResultFlags flags)
{
    LOOK_UP(device, DEVICE);
    (void)flags;
    if (LOOK_UP(pool, QUERIES)->size < first + count || bytes < count * stride)
        mock_complain("%s: queries %u to %u are not there", __func__, first, first + count);
    /* Dispatches that seem to be long: who runs some until a time has passed is done soon. */
    for (uint32_t i = 0; i < count; i++)
        memcpy((char *)out + i * stride, &(uint64_t){++ticks * 50000000}, sizeof(uint64_t));
    return VK_SUCCESS;
}

PFN_vkVoidFunction mock_device_find(const char *name)
{
    FOUND(vkCreateDevice)
    FOUND(vkGetDeviceQueue)
    FOUND(vkDestroyDevice)
    FOUND(vkSetDebugUtilsObjectNameEXT)
    FOUND(vkCreateBuffer)
    FOUND(vkGetBufferMemoryRequirements)
    FOUND(vkAllocateMemory)
    FOUND(vkBindBufferMemory)
    FOUND(vkMapMemory)
    FOUND(vkCreateDescriptorSetLayout)
    FOUND(vkCreateDescriptorPool)
    FOUND(vkAllocateDescriptorSets)
    FOUND(vkUpdateDescriptorSets)
    FOUND(vkCreateComputePipelines)
    FOUND(vkCreatePipelineCache)
    FOUND(vkGetPipelineCacheData)
    FOUND(vkCreateQueryPool)
    FOUND(vkGetQueryPoolResults)
    FOUND(vkCreateSemaphore)
    FOUND(vkCreatePipelineLayout)
    FOUND(vkCreateShaderModule)
    FOUND(vkDestroySemaphore)
    FOUND(vkDestroyPipelineLayout)
    FOUND(vkDestroyDescriptorSetLayout)
    FOUND(vkDestroyShaderModule)
    FOUND(vkDestroyPipeline)
    FOUND(vkDestroyPipelineCache)
    FOUND(vkDestroyDescriptorPool)
    FOUND(vkDestroyCommandPool)
    FOUND(vkDestroyQueryPool)
    FOUND(vkDestroyBuffer)
    FOUND(vkFreeMemory)
    return NULL;
}
