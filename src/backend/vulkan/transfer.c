/* Copies between host and device: at once where they share their memory, else through one staging buffer and one
 * command buffer. */
#include "backend/vulkan/commands.h"
#include "backend/vulkan/queue.h"
#include "backend/vulkan/transfer.h"

/* Large enough that the cost of a submission is small beside the copy. */
#define STAGING_BYTES ((size_t)8 << 20)

struct tenka_vk_transfer {
    VkCommandBuffer commands;
    uint64_t ticket; /* of their last submission */
    struct tenka_vk_buffer *staging;
};

tenka_status tenka_vk_transfer_open(struct tenka_vk_device *dev)
{
    struct tenka_vk_transfer *t = dev->transfer = tenka_alloc(sizeof(*t));
    if (t == NULL)
        return tenka_fail_nomem(dev->base.err);
    TENKA_TRY(tenka_vk_commands_make(dev, &t->commands));
    return tenka_vk_buffer_make(dev, TENKA_VK_STAGING, STAGING_BYTES, "staging", &t->staging);
}

void tenka_vk_transfer_finish(struct tenka_vk_device *dev)
{
    if (dev->transfer == NULL)
        return;
    tenka_vk_commands_free(dev, dev->transfer->commands);
    tenka_vk_buffer_free(dev, &dev->transfer->staging);
    tenka_free(dev->transfer);
}

/* ---- Staging ---- */

/* Waits until staging and command buffer are free again. */
static tenka_status begin(struct tenka_vk_device *dev)
{
    const struct tenka_vk_transfer *t = dev->transfer;
    TENKA_TRY(tenka_vk_wait(dev, t->ticket));
    TENKA_TRY(tenka_vk_commands_begin(dev, t->commands, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT));
    tenka_vk_full_barrier(dev, t->commands);
    return TENKA_OK;
}

static tenka_status end(struct tenka_vk_device *dev)
{
    struct tenka_vk_transfer *t = dev->transfer;
    tenka_vk_host_barrier(dev, t->commands);
    TENKA_TRY(tenka_vk_commands_end(dev, t->commands));
    return tenka_vk_submit(dev, t->commands, &t->ticket);
}

static bool is_shared(const struct tenka_vk_device *dev, const struct tenka_vk_buffer *buf)
{
    return tenka_vk_is_unified(dev) && buf->mapped != NULL;
}

/* Of a new buffer, which no pending work touches. */
tenka_status tenka_vk_zero(struct tenka_vk_device *dev, struct tenka_vk_buffer *buf)
{
    if (is_shared(dev, buf)) {
        memset(buf->mapped, 0, (size_t)buf->size);
        return TENKA_OK;
    }
    TENKA_TRY(begin(dev));
    dev->vk.vkCmdFillBuffer(dev->transfer->commands, buf->handle, buf->offset, buf->size, 0);
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
    dev->vk.vkCmdCopyBuffer(dev->transfer->commands, from->handle, to->handle, 1, &region);
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
        memcpy(dev->transfer->staging->mapped, src + done, piece);
        copy(dev, dev->transfer->staging, 0, buf, offset + done, piece);
        TENKA_TRY(end(dev));
        done += piece;
    }
    return TENKA_OK;
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
        TENKA_TRY(tenka_vk_wait_for_all(dev));
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
        copy(dev, buf, offset + done, dev->transfer->staging, 0, piece);
        TENKA_TRY(end(dev));
        TENKA_TRY(tenka_vk_wait(dev, dev->transfer->ticket));
        memcpy(dst + done, dev->transfer->staging->mapped, piece);
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
        TENKA_TRY(tenka_vk_wait_for_all(dev));
        memcpy(dst, buf->mapped + offset, bytes);
    } else {
        TENKA_TRY(read_staged(dev, buf, offset, dst, bytes));
    }
    return tenka_vk_health(dev);
}

/* ---- Buffers of the seam ---- */

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
    *out = buf != NULL ? &buf->base : NULL;
    return status;
}

void tenka_vk_buffer_destroy(tenka_device *base, tenka_buffer *buffer)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct tenka_vk_buffer *buf = (struct tenka_vk_buffer *)buffer;
    tenka_vk_settle(dev);
    tenka_vk_buffer_free(dev, &buf);
}
