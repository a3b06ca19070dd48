/* Copies between host and device: at once where they share their memory, else through one staging buffer and one
 * command buffer. */
#include "backend/vulkan/vk.h"

/* Large enough that the cost of a submission is small beside the copy. */
#define STAGING_BYTES ((size_t)8 << 20)

tenka_status tenka_vk_transfer_init(struct tenka_vk_device *dev)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = dev->gpu.family,
    };
    VK_MAKE(dev, dev->pool, dev->vk.vkCreateCommandPool(dev->handle, &pool, NULL, &dev->pool));
    dev->base.objects++;
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = dev->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    VK_TRY(dev, dev->vk.vkAllocateCommandBuffers(dev->handle, &commands, &dev->transfer));
    dev->base.objects++;
    return tenka_vk_buffer_make(dev, TENKA_VK_STAGING, STAGING_BYTES, "staging", &dev->staging);
}

/* Waits until staging and command buffer are free again. */
static tenka_status begin(struct tenka_vk_device *dev)
{
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    TENKA_TRY(tenka_vk_wait(dev, dev->transfer_ticket));
    VK_TRY(dev, dev->vk.vkBeginCommandBuffer(dev->transfer, &info));
    tenka_vk_full_barrier(dev, dev->transfer);
    return TENKA_OK;
}

static tenka_status end(struct tenka_vk_device *dev)
{
    tenka_vk_host_barrier(dev, dev->transfer);
    VK_TRY(dev, dev->vk.vkEndCommandBuffer(dev->transfer));
    return tenka_vk_submit(dev, dev->transfer, &dev->transfer_ticket);
}

static bool is_shared(const struct tenka_vk_device *dev, const struct tenka_vk_buffer *buf)
{
    return dev->unified && buf->mapped;
}

/* Of a new buffer, which no pending work touches. */
tenka_status tenka_vk_zero(struct tenka_vk_device *dev, struct tenka_vk_buffer *buf)
{
    if (is_shared(dev, buf)) {
        memset(buf->mapped, 0, (size_t)buf->size);
        return TENKA_OK;
    }
    TENKA_TRY(begin(dev));
    dev->vk.vkCmdFillBuffer(dev->transfer, buf->handle, buf->offset, buf->size, 0);
    return end(dev);
}

static void copy(struct tenka_vk_device *dev, const struct tenka_vk_buffer *from, size_t from_offset,
                 const struct tenka_vk_buffer *to, size_t to_offset, size_t bytes)
{
    const VkBufferCopy region = {
        .srcOffset = from->offset + from_offset,
        .dstOffset = to->offset + to_offset,
        .size = bytes,
    };
    dev->vk.vkCmdCopyBuffer(dev->transfer, from->handle, to->handle, 1, &region);
}

static size_t piece_of(size_t left)
{
    return left < STAGING_BYTES ? left : STAGING_BYTES;
}

static tenka_status write_staged(struct tenka_vk_device *dev, const struct tenka_vk_buffer *buf, size_t offset,
                                 const char *src, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        const size_t piece = piece_of(bytes - done);
        TENKA_TRY(begin(dev));
        memcpy(dev->staging->mapped, src + done, piece);
        copy(dev, dev->staging, 0, buf, offset + done, piece);
        TENKA_TRY(end(dev));
        done += piece;
    }
    return TENKA_OK;
}

static tenka_status wait_for_all(struct tenka_vk_device *dev)
{
    bool idle;
    TENKA_TRY(tenka_vk_is_idle(dev, &idle));
    return idle ? TENKA_OK : tenka_vk_wait(dev, dev->n_held > 0 ? dev->newest + 1 : dev->newest);
}

/* While the device works, a copy of moderate size queues up behind that work and nobody waits. */
tenka_status tenka_vk_write(tenka_device *base, tenka_buffer *buffer, size_t offset, const void *src, size_t bytes)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct tenka_vk_buffer *buf = (struct tenka_vk_buffer *)buffer;
    bool direct = is_shared(dev, buf);
    TENKA_TRY(tenka_vk_health(dev));
    if (direct && bytes <= STAGING_BYTES)
        TENKA_TRY(tenka_vk_is_idle(dev, &direct));
    if (direct) {
        TENKA_TRY(wait_for_all(dev));
        memcpy(buf->mapped + offset, src, bytes);
    } else {
        TENKA_TRY(write_staged(dev, buf, offset, src, bytes));
    }
    return tenka_vk_health(dev);
}

static tenka_status read_staged(struct tenka_vk_device *dev, const struct tenka_vk_buffer *buf, size_t offset,
                                char *dst, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        const size_t piece = piece_of(bytes - done);
        TENKA_TRY(begin(dev));
        copy(dev, buf, offset + done, dev->staging, 0, piece);
        TENKA_TRY(end(dev));
        TENKA_TRY(tenka_vk_wait(dev, dev->transfer_ticket));
        memcpy(dst + done, dev->staging->mapped, piece);
        done += piece;
    }
    return TENKA_OK;
}

tenka_status tenka_vk_read(tenka_device *base, const tenka_buffer *buffer, size_t offset, void *dst, size_t bytes)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    const struct tenka_vk_buffer *buf = (const struct tenka_vk_buffer *)buffer;
    TENKA_TRY(tenka_vk_health(dev));
    if (is_shared(dev, buf) && buf->cached) {
        TENKA_TRY(wait_for_all(dev));
        memcpy(dst, buf->mapped + offset, bytes);
    } else {
        TENKA_TRY(read_staged(dev, buf, offset, dst, bytes));
    }
    return tenka_vk_health(dev);
}
