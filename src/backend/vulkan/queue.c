/* The queue, what is held back from it, and the timeline that tells how far it is. */
#include "backend/vulkan/queue.h"

/* Commands that are held back, at most, before they are handed to the queue together. */
#define HELD TENKA_SLOTS

struct tenka_vk_queue {
    VkQueue handle;
    VkSemaphore timeline;
    uint64_t newest;            /* the ticket of the newest submission: the value that it signals */
    VkCommandBuffer held[HELD]; /* commands for the next one, whose ticket is one more */
    uint32_t n_held;
};

tenka_status tenka_vk_queue_open(struct tenka_vk_device *dev)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    struct tenka_vk_queue *q = dev->queue = tenka_alloc(sizeof(*q));
    if (q == NULL)
        return tenka_fail_nomem(dev->base.err);
    dev->vk.vkGetDeviceQueue(dev->handle, dev->gpu.family, 0, &q->handle);
    VK_MAKE(dev, q->timeline, dev->vk.vkCreateSemaphore(dev->handle, &info, NULL, &q->timeline));
    dev->base.objects++;
    return TENKA_OK;
}

void tenka_vk_queue_finish(struct tenka_vk_device *dev)
{
    if (dev->queue == NULL)
        return;
    if (dev->queue->timeline != NULL)
        dev->vk.vkDestroySemaphore(dev->handle, dev->queue->timeline, NULL);
    tenka_free(dev->queue);
}

/* As one submission, which signals their ticket. Short of memory nothing has happened, and the commands stay held. */
tenka_status tenka_vk_hand_over(struct tenka_vk_device *dev)
{
    struct tenka_vk_queue *q = dev->queue;
    const uint64_t ticket = q->newest + 1;
    const VkTimelineSemaphoreSubmitInfo timeline = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &ticket,
    };
    const VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = &timeline,
        .commandBufferCount = q->n_held,
        .pCommandBuffers = q->held,
        .signalSemaphoreCount = 1,
        .pSignalSemaphores = &q->timeline,
    };
    if (q->n_held == 0)
        return TENKA_OK;
    VK_TRY(dev, dev->vk.vkQueueSubmit(q->handle, 1, &info, VK_NULL_HANDLE));
    q->n_held = 0;
    q->newest = ticket;
    return TENKA_OK;
}

bool tenka_vk_is_held(const struct tenka_vk_device *dev, uint64_t ticket)
{
    return ticket > dev->queue->newest;
}

tenka_status tenka_vk_is_done(struct tenka_vk_device *dev, uint64_t ticket, bool *done)
{
    uint64_t value;
    VK_TRY(dev, dev->vk.vkGetSemaphoreCounterValue(dev->handle, dev->queue->timeline, &value));
    *done = value >= ticket;
    return TENKA_OK;
}

tenka_status tenka_vk_is_idle(struct tenka_vk_device *dev, bool *idle)
{
    const struct tenka_vk_queue *q = dev->queue;
    *idle = false;
    return q->n_held > 0 ? TENKA_OK : tenka_vk_is_done(dev, q->newest, idle);
}

/* While the queue has two submissions to work on, a third would only cost the host time: it is held back until one of
 * them is done or somebody waits, and joined by what comes meanwhile. On failure the commands will not run. */
tenka_status tenka_vk_submit(struct tenka_vk_device *dev, VkCommandBuffer commands, uint64_t *ticket)
{
    struct tenka_vk_queue *q = dev->queue;
    bool hungry = true;
    const uint64_t own = q->newest + 1;
    if (q->newest > 0)
        TENKA_TRY(tenka_vk_is_done(dev, q->newest - 1, &hungry));
    q->held[q->n_held++] = commands;
    if (hungry || q->n_held == HELD) {
        const tenka_status status = tenka_vk_hand_over(dev);
        q->n_held -= status != TENKA_OK; /* those before were accepted, and wait for another occasion */
        TENKA_TRY(status);
    }
    *ticket = own;
    return TENKA_OK;
}

tenka_status tenka_vk_wait(struct tenka_vk_device *dev, uint64_t ticket)
{
    const struct tenka_vk_queue *q = dev->queue;
    bool done;
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &q->timeline,
        .pValues = &ticket,
    };
    TENKA_TRY(tenka_vk_is_done(dev, ticket, &done));
    if (done)
        return TENKA_OK;
    TENKA_TRY(tenka_vk_hand_over(dev));
    VK_TRY(dev, dev->vk.vkWaitSemaphores(dev->handle, &info, UINT64_MAX));
    return TENKA_OK;
}

tenka_status tenka_vk_wait_for_all(struct tenka_vk_device *dev)
{
    const struct tenka_vk_queue *q = dev->queue;
    bool idle;
    TENKA_TRY(tenka_vk_is_idle(dev, &idle));
    return idle ? TENKA_OK : tenka_vk_wait(dev, q->n_held > 0 ? q->newest + 1 : q->newest);
}

/* Until all that was handed over is done; of a lost device nothing more is to be expected. */
static void wait_for_queue(struct tenka_vk_device *dev)
{
    const struct tenka_vk_queue *q = dev->queue;
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &q->timeline,
        .pValues = &q->newest,
    };
    VkResult result = VK_SUCCESS;
    if (q->newest > 0)
        result = dev->vk.vkWaitSemaphores(dev->handle, &info, UINT64_MAX);
    /* Short of memory, say: a second way, because what follows destroys what may be in use. */
    if (result < 0 && result != VK_ERROR_DEVICE_LOST)
        result = dev->vk.vkDeviceWaitIdle(dev->handle);
    if (result == VK_ERROR_DEVICE_LOST)
        tenka_vk_lose(dev);
}

void tenka_vk_settle(struct tenka_vk_device *dev)
{
    const struct tenka_error before = *dev->base.err;
    /* A driver that is short of memory may have more when its queue is empty. */
    if (!dev->lost && tenka_vk_hand_over(dev) != TENKA_OK) {
        wait_for_queue(dev);
        if (!dev->lost && tenka_vk_hand_over(dev) != TENKA_OK)
            tenka_vk_lose(dev); /* tickets of commands were given out that will not run */
    }
    if (dev->lost)
        dev->queue->n_held = 0;
    wait_for_queue(dev);
    *dev->base.err = before;
}
