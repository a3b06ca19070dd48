/* Copies between host and device through one staging buffer and one command buffer. */
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
    VK_TRY(dev, dev->vk.vkCreateCommandPool(dev->handle, &pool, NULL, &dev->pool));
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
    VK_TRY(dev, dev->vk.vkEndCommandBuffer(dev->transfer));
    return tenka_vk_submit(dev, dev->transfer, &dev->transfer_ticket);
}

tenka_status tenka_vk_zero(struct tenka_vk_device *dev, struct tenka_vk_buffer *buf)
{
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

tenka_status tenka_vk_write(tenka_device *base, tenka_buffer *buffer, size_t offset, const void *src, size_t bytes)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct tenka_vk_buffer *buf = (struct tenka_vk_buffer *)buffer;
    TENKA_TRY(tenka_vk_health(dev));
    for (size_t done = 0; done < bytes;) {
        const size_t piece = piece_of(bytes - done);
        TENKA_TRY(begin(dev));
        memcpy(dev->staging->mapped, (const char *)src + done, piece);
        copy(dev, dev->staging, 0, buf, offset + done, piece);
        TENKA_TRY(end(dev));
        done += piece;
    }
    return tenka_vk_health(dev);
}

static void show_host(struct tenka_vk_device *dev)
{
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
    };
    dev->vk.vkCmdPipelineBarrier(dev->transfer, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                                 &barrier, 0, NULL, 0, NULL);
}

tenka_status tenka_vk_read(tenka_device *base, const tenka_buffer *buffer, size_t offset, void *dst, size_t bytes)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    const struct tenka_vk_buffer *buf = (const struct tenka_vk_buffer *)buffer;
    TENKA_TRY(tenka_vk_health(dev));
    for (size_t done = 0; done < bytes;) {
        const size_t piece = piece_of(bytes - done);
        TENKA_TRY(begin(dev));
        copy(dev, buf, offset + done, dev->staging, 0, piece);
        show_host(dev);
        TENKA_TRY(end(dev));
        TENKA_TRY(tenka_vk_wait(dev, dev->transfer_ticket));
        memcpy((char *)dst + done, dev->staging->mapped, piece);
        done += piece;
    }
    return tenka_vk_health(dev);
}
