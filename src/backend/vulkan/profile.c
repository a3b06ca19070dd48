/* Timestamps around the dispatches of a timed plan. Alone, each dispatch waits for the one before: what is measured is
 * the kernel. In place, nothing waits that would not wait untimed: a dispatch's first timestamp is taken when the queue
 * reaches it, behind the barrier that may stand there, and the second when all work up to it is done. Programs of other
 * plans have no stopwatch. */
#include "backend/vulkan/clock.h"
#include "backend/vulkan/commands.h"
#include "backend/vulkan/profile.h"

struct tenka_vk_stopwatch {
    VkQueryPool pool;    /* for each slot and dispatch two: before and after */
    uint32_t dispatches; /* of a recording */
    bool alone;
    double end;      /* of the dispatch that was asked for last */
    uint64_t *ticks; /* room for those of one slot */
};

static tenka_status stopwatch_init(struct tenka_vk_device *dev, struct tenka_vk_stopwatch *watch)
{
    const VkQueryPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryType = VK_QUERY_TYPE_TIMESTAMP,
        .queryCount = TENKA_SLOTS * 2 * watch->dispatches,
    };
    if (dev->gpu.timestamp_bits == 0)
        return tenka_fail(
            dev->base.err, TENKA_E_UNSUPPORTED,
            "%s has no timestamps: it cannot tell the time inside a submission, so that its kernels cannot "
            "be timed one by one",
            dev->gpu.info.name);
    watch->ticks = tenka_alloc_array((size_t)2 * watch->dispatches, sizeof(*watch->ticks));
    if (watch->ticks == NULL)
        return tenka_fail_nomem(dev->base.err);
    VK_MAKE(dev, watch->pool, dev->vk.vkCreateQueryPool(dev->handle, &info, NULL, &watch->pool));
    dev->base.objects++;
    return TENKA_OK;
}

tenka_status tenka_vk_stopwatch_create(struct tenka_vk_device *dev, enum tenka_timing timing, uint32_t dispatches,
                                       struct tenka_vk_stopwatch **out)
{
    *out = NULL;
    struct tenka_vk_stopwatch *watch = tenka_alloc(sizeof(*watch));
    if (watch == NULL)
        return tenka_fail_nomem(dev->base.err);
    watch->dispatches = dispatches;
    watch->alone = timing == TENKA_TIMING_ALONE;
    const tenka_status status = stopwatch_init(dev, watch);
    if (status != TENKA_OK)
        tenka_vk_stopwatch_destroy(dev, &watch);
    *out = watch;
    return status;
}

void tenka_vk_stopwatch_destroy(struct tenka_vk_device *dev, struct tenka_vk_stopwatch **watch)
{
    struct tenka_vk_stopwatch *old = *watch;
    *watch = NULL;
    if (old == NULL)
        return;
    if (old->pool != NULL)
        dev->vk.vkDestroyQueryPool(dev->handle, old->pool, NULL);
    tenka_free(old->ticks);
    tenka_free(old);
}

static uint32_t first_query(const struct tenka_vk_stopwatch *watch, uint32_t slot)
{
    return slot * 2 * watch->dispatches;
}

void tenka_vk_stopwatch_reset(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                              VkCommandBuffer commands, uint32_t slot)
{
    dev->vk.vkCmdResetQueryPool(commands, watch->pool, first_query(watch, slot), 2 * watch->dispatches);
}

static void write_time(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch, VkCommandBuffer commands,
                       VkPipelineStageFlagBits stage, uint32_t query)
{
    dev->vk.vkCmdWriteTimestamp(commands, stage, watch->pool, query);
    /* A software driver has been seen to put timestamps off until it must do what came before. It runs one dispatch
     * after the other anyway. */
    if (watch->alone || dev->gpu.software)
        tenka_vk_full_barrier(dev, commands);
}

void tenka_vk_stopwatch_start(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                              VkCommandBuffer commands, uint32_t slot, uint32_t dispatch)
{
    if (watch->alone)
        tenka_vk_full_barrier(dev, commands);
    write_time(dev, watch, commands,
               watch->alone ? VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT : VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
               first_query(watch, slot) + 2 * dispatch);
}

void tenka_vk_stopwatch_stop(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                             VkCommandBuffer commands, uint32_t slot, uint32_t dispatch)
{
    write_time(dev, watch, commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, first_query(watch, slot) + 2 * dispatch + 1);
}

tenka_status tenka_vk_stopwatch_read(struct tenka_vk_device *dev, struct tenka_vk_stopwatch *watch, uint32_t slot)
{
    const uint32_t count = 2 * watch->dispatches;
    VK_TRY(dev, dev->vk.vkGetQueryPoolResults(dev->handle, watch->pool, first_query(watch, slot), count,
                                              count * sizeof(*watch->ticks), watch->ticks, sizeof(*watch->ticks),
                                              VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    return tenka_vk_clock_compare(dev);
}

void tenka_vk_stopwatch_span(const struct tenka_vk_device *dev, struct tenka_vk_stopwatch *watch, uint32_t dispatch,
                             struct tenka_span *out)
{
    const double begin = tenka_vk_clock_seconds(dev, watch->ticks[2 * dispatch]);
    const double end = tenka_vk_clock_seconds(dev, watch->ticks[2 * dispatch + 1]);
    out->begin = dispatch > 0 && begin < watch->end ? watch->end : begin;
    out->end = watch->end = end < out->begin ? out->begin : end;
}
