/* Buffers, and the memory blocks that they share: drivers allow few allocations, and each is slow. */
#include "backend/vulkan/vk.h"

#define DEVICE_BLOCK ((VkDeviceSize)64 << 20)
/* Memory that both sides reach may be scarce on discrete GPUs. */
#define HOST_BLOCK ((VkDeviceSize)1 << 20)

struct tenka_vk_memory {
    struct tenka_vk_block *block;
    VkDeviceSize offset, size;
    struct tenka_vk_memory *next; /* in the block, by offset */
};

struct tenka_vk_block {
    VkDeviceMemory handle;
    uint32_t type;
    VkDeviceSize size;
    char *mapped;
    struct tenka_vk_memory *used;
    struct tenka_vk_block *next;
};

static bool find_type(const struct tenka_vk_device *dev, uint32_t allowed, VkMemoryPropertyFlags want, uint32_t *type)
{
    const VkPhysicalDeviceMemoryProperties *memory = &dev->gpu.memory;
    for (uint32_t i = 0; i < memory->memoryTypeCount; i++)
        if ((allowed & (1u << i)) && (memory->memoryTypes[i].propertyFlags & want) == want) {
            *type = i;
            return true;
        }
    return false;
}

static VkDeviceSize align_up(VkDeviceSize value, VkDeviceSize alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

/* First fit: the link after which the new range belongs, and its offset; NULL when the block has no such gap. */
static struct tenka_vk_memory **find_gap(struct tenka_vk_block *block, const VkMemoryRequirements *need,
                                         VkDeviceSize *offset)
{
    VkDeviceSize begin = 0;
    for (struct tenka_vk_memory **link = &block->used;; link = &(*link)->next) {
        const VkDeviceSize end = *link ? (*link)->offset : block->size;
        begin = align_up(begin, need->alignment);
        if (begin <= end && end - begin >= need->size) {
            *offset = begin;
            return link;
        }
        if (!*link)
            return NULL;
        begin = (*link)->offset + (*link)->size;
    }
}

static tenka_status block_create(struct tenka_vk_device *dev, uint32_t type, VkDeviceSize bytes,
                                 struct tenka_vk_block **out)
{
    const bool host = dev->gpu.memory.memoryTypes[type].propertyFlags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    struct tenka_vk_block *block = tenka_alloc(sizeof *block);
    if (!block)
        return tenka_fail_nomem(dev->base.err);
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = bytes,
        .memoryTypeIndex = type,
    };
    block->type = type;
    block->size = bytes;
    VkResult result = dev->vk.vkAllocateMemory(dev->handle, &info, NULL, &block->handle);
    dev->base.objects += result >= 0;
    if (result >= 0 && host) {
        void *mapped = NULL;
        result = dev->vk.vkMapMemory(dev->handle, block->handle, 0, VK_WHOLE_SIZE, 0, &mapped);
        block->mapped = mapped;
        if (result < 0)
            dev->vk.vkFreeMemory(dev->handle, block->handle, NULL);
    }
    if (result < 0) {
        tenka_free(block);
        return tenka_vk_fail(dev, result, "vkAllocateMemory(");
    }
    block->next = dev->blocks;
    dev->blocks = block;
    *out = block;
    return TENKA_OK;
}

/* Of the usual size, or as large as asked; when memory is short, no larger than asked. */
static tenka_status block_for(struct tenka_vk_device *dev, uint32_t type, VkDeviceSize bytes, VkDeviceSize usual,
                              struct tenka_vk_block **out)
{
    VkDeviceSize size = usual > bytes ? usual : bytes;
    if (size > dev->gpu.max_allocation)
        size = bytes;
    tenka_status status = block_create(dev, type, size, out);
    if (status == TENKA_E_NOMEM && size > bytes)
        status = block_create(dev, type, bytes, out);
    return status;
}

static void block_free_if_empty(struct tenka_vk_device *dev, struct tenka_vk_block *block)
{
    if (block->used)
        return;
    struct tenka_vk_block **link = &dev->blocks;
    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
    dev->vk.vkFreeMemory(dev->handle, block->handle, NULL);
    tenka_free(block);
}

static tenka_status memory_take(struct tenka_vk_device *dev, uint32_t type, const VkMemoryRequirements *need,
                                VkDeviceSize usual, struct tenka_vk_memory **out)
{
    VkDeviceSize offset = 0;
    struct tenka_vk_memory **link = NULL;
    struct tenka_vk_block *block = dev->blocks;
    for (; block; block = block->next)
        if (block->type == type && (link = find_gap(block, need, &offset)))
            break;
    if (!link) {
        TENKA_TRY(block_for(dev, type, need->size, usual, &block));
        link = &block->used;
        offset = 0;
    }
    struct tenka_vk_memory *memory = tenka_alloc(sizeof *memory);
    if (!memory) {
        block_free_if_empty(dev, block);
        return tenka_fail_nomem(dev->base.err);
    }
    *memory = (struct tenka_vk_memory){.block = block, .offset = offset, .size = need->size, .next = *link};
    *link = memory;
    *out = memory;
    return TENKA_OK;
}

static void memory_give_back(struct tenka_vk_device *dev, struct tenka_vk_memory *memory)
{
    struct tenka_vk_block *block = memory->block;
    struct tenka_vk_memory **link = &block->used;
    while (*link != memory)
        link = &(*link)->next;
    *link = memory->next;
    tenka_free(memory);
    block_free_if_empty(dev, block);
}

#define HOST (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)

/* Tries the best kind of memory first. */
static tenka_status memory_for(struct tenka_vk_device *dev, enum tenka_vk_heap heap, const VkMemoryRequirements *need,
                               struct tenka_vk_memory **out)
{
    static const VkMemoryPropertyFlags wants[][2] = {
        [TENKA_VK_DEVICE] = {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0},
        [TENKA_VK_SLOT] = {HOST | VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, HOST},
        [TENKA_VK_STAGING] = {HOST | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, HOST},
    };
    const VkDeviceSize usual = heap == TENKA_VK_DEVICE ? DEVICE_BLOCK : HOST_BLOCK;
    tenka_status status = TENKA_OK;
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        uint32_t type;
        if (!find_type(dev, need->memoryTypeBits, wants[heap][i], &type))
            continue;
        found = true;
        status = memory_take(dev, type, need, usual, out);
        /* Short device memory is an error: buffers in the host's memory would make every kernel slow in silence. */
        if (status != TENKA_E_NOMEM || heap == TENKA_VK_DEVICE)
            break;
    }
    if (!found)
        return tenka_fail(dev->base.err, TENKA_E_DEVICE, "%s has no memory that a buffer may use", dev->gpu.info.name);
    return status;
}

static tenka_status buffer_init(struct tenka_vk_device *dev, enum tenka_vk_heap heap, const char *name,
                                struct tenka_vk_buffer *buf)
{
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        /* Whole windows, so that the last operand's range may be rounded up to words. */
        .size = align_up(buf->base.bytes ? buf->base.bytes : 1, TENKA_OPERAND_ALIGN),
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
    };
    if (info.size > dev->gpu.max_buffer)
        return tenka_fail(dev->base.err, TENKA_E_NOMEM, "%s needs %llu bytes and the largest buffer of %s has %llu",
                          name ? name : "a buffer", (unsigned long long)info.size, dev->gpu.info.name,
                          (unsigned long long)dev->gpu.max_buffer);
    VkMemoryRequirements need;
    VK_TRY(dev, dev->vk.vkCreateBuffer(dev->handle, &info, NULL, &buf->handle));
    dev->base.objects++;
    dev->vk.vkGetBufferMemoryRequirements(dev->handle, buf->handle, &need);
    const tenka_status status = memory_for(dev, heap, &need, &buf->memory);
    if (status == TENKA_E_NOMEM)
        return tenka_fail(dev->base.err, TENKA_E_NOMEM,
                          "%s needs %llu bytes and %s has no room for them: its buffers hold %llu of its %llu MiB; use "
                          "a smaller batch or network",
                          name ? name : "a buffer", (unsigned long long)need.size, dev->gpu.info.name,
                          (unsigned long long)(dev->base.bytes >> 20),
                          (unsigned long long)(dev->gpu.info.memory >> 20));
    TENKA_TRY(status);
    const struct tenka_vk_block *block = buf->memory->block;
    VK_TRY(dev, dev->vk.vkBindBufferMemory(dev->handle, buf->handle, block->handle, buf->memory->offset));
    if (block->mapped)
        buf->mapped = block->mapped + buf->memory->offset;
    tenka_vk_set_name(dev, VK_OBJECT_TYPE_BUFFER, (uint64_t)buf->handle, name);
    return TENKA_OK;
}

tenka_status tenka_vk_buffer_make(struct tenka_vk_device *dev, enum tenka_vk_heap heap, size_t bytes, const char *name,
                                  struct tenka_vk_buffer **out)
{
    *out = NULL;
    struct tenka_vk_buffer *buf = tenka_alloc(sizeof *buf);
    if (!buf)
        return tenka_fail_nomem(dev->base.err);
    buf->base.bytes = bytes;
    const tenka_status status = buffer_init(dev, heap, name, buf);
    if (status != TENKA_OK)
        tenka_vk_buffer_free(dev, &buf);
    *out = buf;
    return status;
}

void tenka_vk_buffer_free(struct tenka_vk_device *dev, struct tenka_vk_buffer **buf)
{
    struct tenka_vk_buffer *old = *buf;
    *buf = NULL;
    if (!old)
        return;
    if (old->handle)
        dev->vk.vkDestroyBuffer(dev->handle, old->handle, NULL);
    if (old->memory)
        memory_give_back(dev, old->memory);
    tenka_free(old);
}

tenka_status tenka_vk_buffer_create(tenka_device *base, size_t bytes, const char *name, tenka_buffer **out)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct tenka_vk_buffer *buf = NULL;
    *out = NULL;
    TENKA_TRY(tenka_vk_health(dev));
    TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_DEVICE, bytes, name, &buf));
    const tenka_status status = tenka_vk_zero(dev, buf);
    if (status != TENKA_OK)
        tenka_vk_buffer_free(dev, &buf);
    *out = buf ? &buf->base : NULL;
    return status;
}

void tenka_vk_buffer_destroy(tenka_device *base, tenka_buffer *buffer)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct tenka_vk_buffer *buf = (struct tenka_vk_buffer *)buffer;
    tenka_vk_settle(dev);
    tenka_vk_buffer_free(dev, &buf);
}
