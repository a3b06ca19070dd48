/* Fetches: a recorded copy into memory that the host reads when it is done. */
#include "backend/vulkan/commands.h"
#include "backend/vulkan/fetch.h"
#include "backend/vulkan/memory.h"
#include "backend/vulkan/queue.h"

struct fetch {
    struct tenka_fetch base;
    struct tenka_vk_buffer *mailbox;
    VkCommandBuffer commands;
    uint64_t ticket; /* of the last time it was asked for */
};

static tenka_status record(struct tenka_vk_device *dev, const struct fetch *fetch)
{
    const struct tenka_vk_buffer *from = (const struct tenka_vk_buffer *)fetch->base.buffer;
    const VkBufferCopy region = {
        .srcOffset = from->offset + fetch->base.offset,
        .dstOffset = fetch->mailbox->offset,
        .size = fetch->base.bytes,
    };
    TENKA_TRY(tenka_vk_commands_begin(dev, fetch->commands, 0));
    tenka_vk_full_barrier(dev, fetch->commands);
    dev->vk.vkCmdCopyBuffer(fetch->commands, from->handle, fetch->mailbox->handle, 1, &region);
    tenka_vk_host_barrier(dev, fetch->commands);
    return tenka_vk_commands_end(dev, fetch->commands);
}

static tenka_status fetch_init(struct tenka_vk_device *dev, struct fetch *fetch)
{
    TENKA_TRY(tenka_vk_health(dev));
    TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_STAGING, fetch->base.bytes, "fetches", &fetch->mailbox));
    TENKA_TRY(tenka_vk_commands_make(dev, &fetch->commands));
    return record(dev, fetch);
}

tenka_status tenka_vk_fetch_create(tenka_device *base, const tenka_buffer *buf, size_t offset, size_t bytes,
                                   tenka_fetch **out)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct fetch *fetch = tenka_alloc(sizeof(*fetch));
    *out = NULL;
    if (fetch == NULL)
        return tenka_fail_nomem(base->err);
    fetch->base = (struct tenka_fetch){.buffer = buf, .offset = offset, .bytes = bytes};
    const tenka_status status = fetch_init(dev, fetch);
    if (status != TENKA_OK) {
        tenka_vk_fetch_destroy(base, &fetch->base);
        return status;
    }
    *out = &fetch->base;
    return TENKA_OK;
}

void tenka_vk_fetch_destroy(tenka_device *base, tenka_fetch *old)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct fetch *fetch = (struct fetch *)old;
    tenka_vk_settle(dev);
    tenka_vk_commands_free(dev, fetch->commands);
    tenka_vk_buffer_free(dev, &fetch->mailbox);
    tenka_free(fetch);
}

tenka_status tenka_vk_fetch_ask(tenka_device *base, tenka_fetch *asked)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct fetch *fetch = (struct fetch *)asked;
    TENKA_TRY(tenka_vk_health(dev));
    return tenka_vk_submit(dev, fetch->commands, &fetch->ticket);
}

tenka_status tenka_vk_fetch_arrived(tenka_device *base, tenka_fetch *asked, bool *arrived)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct fetch *fetch = (struct fetch *)asked;
    TENKA_TRY(tenka_vk_health(dev));
    TENKA_TRY(tenka_vk_is_done(dev, fetch->ticket, arrived));
    if (!*arrived && tenka_vk_is_held(dev, fetch->ticket))
        return tenka_vk_hand_over(dev); /* nobody else may come and bring it on its way */
    if (*arrived)
        memcpy(fetch->base.copy, fetch->mailbox->mapped, fetch->base.bytes);
    return TENKA_OK;
}
