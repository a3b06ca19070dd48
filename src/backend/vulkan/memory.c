/* Buffers are ranges of larger Vulkan buffers, their blocks: drivers allow few allocations, each is slow, and one
 * binding can show several buffers of a block, as a dispatch needs that has several nodes' work. */
#include <stdio.h>

#include "backend/vulkan/memory.h"
#include "backend/vulkan/shaders.h"
#include "backend/vulkan/testing.h"

#define DEVICE_BLOCK ((VkDeviceSize)64 << 20)
/* Memory that both sides reach may be scarce on discrete GPUs. */
#define HOST_BLOCK ((VkDeviceSize)1 << 20)

/* One allocation with a Vulkan buffer over all of it, for buffers of one kind and name. */
struct tenka_vk_block {
    VkDeviceMemory memory;
    VkBuffer handle;
    enum tenka_vk_heap heap;
    char name[24];
    VkDeviceSize size;
    char *mapped;
    bool cached;                  /* for the host: it reads fast */
    struct tenka_vk_buffer *used; /* by offset */
    struct tenka_vk_block *next;
};

struct tenka_vk_memory {
    struct tenka_vk_block *blocks;
    bool unified;
    size_t max_operand;
};

tenka_status tenka_vk_memory_open(struct tenka_vk_device *dev)
{
    struct tenka_vk_memory *memory = dev->memory = tenka_alloc(sizeof(*memory));
    if (memory == NULL)
        return tenka_fail_nomem(dev->base.err);
    memory->unified = strcmp(dev->gpu.info.kind, "integrated") == 0 || strcmp(dev->gpu.info.kind, "software") == 0;
    /* A range is rounded up to whole quads, so the largest one must be whole quads itself. */
    memory->max_operand = dev->gpu.limits.maxStorageBufferRange / TENKA_VK_QUAD * TENKA_VK_QUAD;
    return TENKA_OK;
}

void tenka_vk_memory_finish(struct tenka_vk_device *dev)
{
    tenka_free(dev->memory);
}

bool tenka_vk_is_unified(const struct tenka_vk_device *dev)
{
    return dev->memory->unified;
}

void tenka_vulkan_force_staging(tenka_device *dev)
{
    tenka_vk_device_of(dev)->memory->unified = false;
}

size_t tenka_vk_max_operand(const struct tenka_vk_device *dev)
{
    return dev->memory->max_operand;
}

void tenka_vulkan_limit_operand(tenka_device *dev, size_t bytes)
{
    tenka_vk_device_of(dev)->memory->max_operand = bytes;
}

/* ---- Blocks ---- */

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
static struct tenka_vk_buffer **find_gap(struct tenka_vk_block *block, VkDeviceSize bytes, VkDeviceSize *offset)
{
    VkDeviceSize begin = 0;
    for (struct tenka_vk_buffer **link = &block->used;; link = &(*link)->next) {
        const VkDeviceSize end = *link != NULL ? (*link)->offset : block->size;
        if (begin <= end && end - begin >= bytes) {
            *offset = begin;
            return link;
        }
        if (*link == NULL)
            return NULL;
        begin = (*link)->offset + (*link)->size;
    }
}

#define HOST (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)

static tenka_status allocate(struct tenka_vk_device *dev, const VkMemoryRequirements *need, uint32_t type,
                             struct tenka_vk_block *block)
{
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = need->size,
        .memoryTypeIndex = type,
    };
    VK_MAKE(dev, block->memory, dev->vk.vkAllocateMemory(dev->handle, &info, NULL, &block->memory));
    dev->base.objects++;
    VK_TRY(dev, dev->vk.vkBindBufferMemory(dev->handle, block->handle, block->memory, 0));
    const VkMemoryPropertyFlags flags = dev->gpu.memory.memoryTypes[type].propertyFlags;
    block->cached = flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    if ((flags & HOST) == HOST) {
        void *mapped = NULL;
        VK_TRY(dev, dev->vk.vkMapMemory(dev->handle, block->memory, 0, VK_WHOLE_SIZE, 0, &mapped));
        block->mapped = mapped;
    }
    return TENKA_OK;
}

/* What each heap is made of, the best first, to the 0 that ends a row. */
static const VkMemoryPropertyFlags *wishes(const struct tenka_vk_device *dev, enum tenka_vk_heap heap)
{
    enum { LOCAL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, CACHED = VK_MEMORY_PROPERTY_HOST_CACHED_BIT };
    /* Not CACHED, which may cost the device its own caches; drivers list the faster type first. */
    static const VkMemoryPropertyFlags unified[] = {LOCAL | HOST, LOCAL, 0};
    static const VkMemoryPropertyFlags rows[][3] = {
        [TENKA_VK_DEVICE] = {LOCAL},
        [TENKA_VK_SLOT] = {HOST | LOCAL, HOST},
        [TENKA_VK_STAGING] = {HOST | CACHED, HOST},
    };
    return dev->memory->unified && heap == TENKA_VK_DEVICE ? unified : rows[heap];
}

/* Short device memory is an error: buffers in the host's memory would make every kernel slow in silence. A device
 * without any memory of its own takes what there is. */
static tenka_status find_memory(struct tenka_vk_device *dev, struct tenka_vk_block *block)
{
    VkMemoryRequirements need;
    tenka_status status = TENKA_OK;
    bool found = false;
    uint32_t type;
    dev->vk.vkGetBufferMemoryRequirements(dev->handle, block->handle, &need);
    for (const VkMemoryPropertyFlags *wish = wishes(dev, block->heap); *wish; wish++) {
        if (!find_type(dev, need.memoryTypeBits, *wish, &type))
            continue;
        found = true;
        status = allocate(dev, &need, type, block);
        if (status != TENKA_E_NOMEM || block->memory != NULL)
            return status;
    }
    if (found)
        return status;
    if (block->heap == TENKA_VK_DEVICE && find_type(dev, need.memoryTypeBits, 0, &type))
        return allocate(dev, &need, type, block);
    return tenka_fail(dev->base.err, TENKA_E_DEVICE, "%s has no memory that a buffer may use", dev->gpu.info.name);
}

static tenka_status block_init(struct tenka_vk_device *dev, struct tenka_vk_block *block)
{
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = block->size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
    };
    VK_MAKE(dev, block->handle, dev->vk.vkCreateBuffer(dev->handle, &info, NULL, &block->handle));
    dev->base.objects++;
    TENKA_TRY(find_memory(dev, block));
    tenka_vk_set_name(dev, VK_OBJECT_TYPE_BUFFER, (uint64_t)block->handle, block->name);
    return TENKA_OK;
}

static void block_free(struct tenka_vk_device *dev, struct tenka_vk_block *block)
{
    if (block->handle != NULL)
        dev->vk.vkDestroyBuffer(dev->handle, block->handle, NULL);
    if (block->memory != NULL)
        dev->vk.vkFreeMemory(dev->handle, block->memory, NULL);
    tenka_free(block);
}

static tenka_status block_create(struct tenka_vk_device *dev, enum tenka_vk_heap heap, const char *name,
                                 VkDeviceSize bytes, struct tenka_vk_block **out)
{
    struct tenka_vk_block *block = tenka_alloc(sizeof(*block));
    if (block == NULL)
        return tenka_fail_nomem(dev->base.err);
    block->heap = heap;
    block->size = bytes;
    snprintf(block->name, sizeof(block->name), "%s", name);
    const tenka_status status = block_init(dev, block);
    if (status != TENKA_OK) {
        block_free(dev, block);
        return status;
    }
    block->next = dev->memory->blocks;
    dev->memory->blocks = block;
    *out = block;
    return TENKA_OK;
}

static void block_free_if_empty(struct tenka_vk_device *dev, struct tenka_vk_block *block)
{
    if (block->used != NULL)
        return;
    struct tenka_vk_block **link = &dev->memory->blocks;
    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
    block_free(dev, block);
}

/* Room for a small buffer and many like it, or for a large one alone; when memory is short, for this one alone. */
static tenka_status block_for(struct tenka_vk_device *dev, enum tenka_vk_heap heap, const char *name,
                              VkDeviceSize bytes, struct tenka_vk_block **out)
{
    VkDeviceSize size = heap == TENKA_VK_DEVICE ? DEVICE_BLOCK : HOST_BLOCK;
    if (bytes > size / 4 || size > dev->gpu.max_buffer)
        size = bytes;
    tenka_status status = block_create(dev, heap, name, size, out);
    if (status == TENKA_E_NOMEM && size > bytes)
        status = block_create(dev, heap, name, bytes, out);
    return status;
}

static tenka_status take_range(struct tenka_vk_device *dev, enum tenka_vk_heap heap, const char *name,
                               struct tenka_vk_buffer *buf)
{
    struct tenka_vk_buffer **link = NULL;
    struct tenka_vk_block *block = dev->memory->blocks;
    for (; block != NULL; block = block->next)
        if (block->heap == heap && strncmp(block->name, name, sizeof(block->name) - 1) == 0 &&
            (link = find_gap(block, buf->size, &buf->offset)) != NULL)
            break;
    if (link == NULL) {
        TENKA_TRY(block_for(dev, heap, name, buf->size, &block));
        link = &block->used;
        buf->offset = 0;
    }
    buf->next = *link;
    *link = buf;
    buf->block = block;
    buf->handle = block->handle;
    buf->mapped = block->mapped != NULL ? block->mapped + buf->offset : NULL;
    buf->cached = block->cached;
    return TENKA_OK;
}

static void give_range_back(struct tenka_vk_device *dev, struct tenka_vk_buffer *buf)
{
    struct tenka_vk_buffer **link = &buf->block->used;
    while (*link != buf)
        link = &(*link)->next;
    *link = buf->next;
    block_free_if_empty(dev, buf->block);
}

/* ---- Buffers ---- */

static tenka_status buffer_init(struct tenka_vk_device *dev, enum tenka_vk_heap heap, const char *name,
                                struct tenka_vk_buffer *buf)
{
    /* Whole windows, so that the last operand's range may be rounded up to words. */
    buf->size = align_up(buf->base.bytes ? buf->base.bytes : 1, TENKA_OPERAND_ALIGN);
    if (buf->size > dev->gpu.max_buffer)
        return tenka_fail(dev->base.err, TENKA_E_NOMEM, "%s needs %llu bytes and the largest buffer of %s has %llu",
                          name, (unsigned long long)buf->size, dev->gpu.info.name,
                          (unsigned long long)dev->gpu.max_buffer);
    const tenka_status status = take_range(dev, heap, name, buf);
    if (status == TENKA_E_NOMEM)
        return tenka_fail(dev->base.err, TENKA_E_NOMEM,
                          "%s needs %llu bytes and %s has no room for them: its buffers hold %llu of its %llu MiB; use "
                          "a smaller batch or network",
                          name, (unsigned long long)buf->size, dev->gpu.info.name,
                          (unsigned long long)(dev->base.bytes >> 20),
                          (unsigned long long)(dev->gpu.info.memory >> 20));
    return status;
}

tenka_status tenka_vk_buffer_make(struct tenka_vk_device *dev, enum tenka_vk_heap heap, size_t bytes, const char *name,
                                  struct tenka_vk_buffer **out)
{
    *out = NULL;
    struct tenka_vk_buffer *buf = tenka_alloc(sizeof(*buf));
    if (buf == NULL)
        return tenka_fail_nomem(dev->base.err);
    buf->base.bytes = bytes;
    const tenka_status status = buffer_init(dev, heap, name != NULL && name[0] ? name : "a buffer", buf);
    if (status != TENKA_OK)
        tenka_vk_buffer_free(dev, &buf);
    *out = buf;
    return status;
}

void tenka_vk_buffer_free(struct tenka_vk_device *dev, struct tenka_vk_buffer **buf)
{
    struct tenka_vk_buffer *old = *buf;
    *buf = NULL;
    if (old == NULL)
        return;
    if (old->block != NULL)
        give_range_back(dev, old);
    tenka_free(old);
}

struct tenka_vk_range tenka_vk_range_of(const struct tenka_operand *operand)
{
    const struct tenka_vk_buffer *buf = (const struct tenka_vk_buffer *)operand->buffer;
    const size_t begin = (buf != NULL ? (size_t)buf->offset : 0) + operand->offset;
    return (struct tenka_vk_range){buf != NULL ? buf->block : NULL, begin,
                                   begin + tenka_align(operand->bytes, TENKA_VK_QUAD)};
}
