/* Opening and closing a device, and the functions by which backend.c calls it. */
#include "backend/vulkan/bind.h"
#include "backend/vulkan/cache.h"
#include "backend/vulkan/capture.h"
#include "backend/vulkan/choice.h"
#include "backend/vulkan/clock.h"
#include "backend/vulkan/commands.h"
#include "backend/vulkan/fetch.h"
#include "backend/vulkan/keep.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/prepare.h"
#include "backend/vulkan/program.h"
#include "backend/vulkan/queue.h"
#include "backend/vulkan/testing.h"
#include "backend/vulkan/transfer.h"
#include "backend/vulkan/tune.h"
#include "backend/vulkan/workshop.h"

static tenka_status wait_ticket(tenka_device *base, tenka_ticket ticket)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    TENKA_TRY(tenka_vk_health(dev));
    TENKA_TRY(tenka_vk_wait(dev, ticket));
    return tenka_vk_health(dev);
}

static void limits(const tenka_device *base, struct tenka_limits *out)
{
    const struct tenka_vk_device *dev = (const struct tenka_vk_device *)base;
    out->real_bytes = sizeof(float);
    out->max_buffer = (size_t)dev->gpu.max_buffer / TENKA_OPERAND_ALIGN * TENKA_OPERAND_ALIGN;
    out->max_operand = tenka_vk_max_operand(dev);
    out->bounded_loops = true;
    out->memory = dev->gpu.info.memory;
    out->rests = dev->rests;
}

static const char *name(const tenka_device *base)
{
    return ((const struct tenka_vk_device *)base)->name;
}

void tenka_vulkan_let_rest(tenka_device *dev)
{
    tenka_vk_device_of(dev)->rests = true;
}

/* Of a device that was opened in full or in part; the files in the reverse of their order in device_init. */
static void destroy(tenka_device *base)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    if (dev->queue != NULL)
        tenka_vk_settle(dev);
    tenka_vk_tune_finish(dev);
    tenka_vk_clock_finish(dev);
    tenka_vk_cache_finish(dev);
    tenka_vk_keep_finish(dev);
    tenka_vk_pipelines_finish(dev);
    tenka_vk_workshop_finish(dev);
    tenka_vk_bind_finish(dev);
    tenka_vk_transfer_finish(dev);
    tenka_vk_memory_finish(dev);
    tenka_vk_commands_finish(dev);
    tenka_vk_queue_finish(dev);
    tenka_vk_device_finish(dev);
    tenka_free(dev);
}

static const struct tenka_backend_fns fns = {
    .destroy = destroy,
    .buffer_create = tenka_vk_buffer_create,
    .buffer_destroy = tenka_vk_buffer_destroy,
    .write = tenka_vk_write,
    .read = tenka_vk_read,
    .prepare = tenka_vk_prepare,
    .program_destroy = tenka_vk_program_destroy,
    .submit = tenka_vk_program_submit,
    .dispatches = tenka_vk_program_dispatches,
    .wait = wait_ticket,
    .limits = limits,
    .name = name,
    .fetch_create = tenka_vk_fetch_create,
    .fetch_destroy = tenka_vk_fetch_destroy,
    .fetch_ask = tenka_vk_fetch_ask,
    .fetch_arrived = tenka_vk_fetch_arrived,
    .spans = tenka_vk_program_spans,
    .clock = tenka_vk_clock_text,
    .capture_check = tenka_vk_capture_check,
    .capture_begin = tenka_vk_capture_begin,
    .capture_end = tenka_vk_capture_end,
    .fuses = tenka_vk_fuses,
    .pin = tenka_vk_pin,
    .check_order = tenka_vk_check_order,
};

static tenka_status device_init(struct tenka_vk_device *dev, const struct tenka_ctx_params *params)
{
    const bool edited = params->shader_dir != NULL && params->shader_dir[0]; /* most of these kernels never run again */
    TENKA_TRY(tenka_vk_device_open(dev, params));
    TENKA_TRY(tenka_vk_queue_open(dev));
    TENKA_TRY(tenka_vk_commands_open(dev));
    TENKA_TRY(tenka_vk_memory_open(dev));
    TENKA_TRY(tenka_vk_transfer_open(dev));
    TENKA_TRY(tenka_vk_bind_open(dev));
    TENKA_TRY(tenka_vk_workshop_open(dev, params->shader_dir));
    TENKA_TRY(tenka_vk_pipelines_open(dev));
    TENKA_TRY(tenka_vk_keep_open(dev, params->cache_dir, edited));
    TENKA_TRY(tenka_vk_cache_open(dev));
    TENKA_TRY(tenka_vk_clock_open(dev));
    TENKA_TRY(tenka_vk_tune_open(dev, params->tune));
    tenka_vk_pin(&dev->base, TENKA_ABSENT);
    tenka_vulkan_forget_barrier(&dev->base, TENKA_ABSENT);
    dev->rests = !dev->gpu.software && dev->gpu.timestamp_bits > 0;
    return tenka_vk_health(dev);
}

tenka_status tenka_vulkan_device_create(const struct tenka_ctx_params *params, struct tenka_error *err,
                                        const struct tenka_log *log, tenka_device **out)
{
    *out = NULL;
    struct tenka_vk_device *dev = tenka_alloc(sizeof(*dev));
    if (dev == NULL)
        return tenka_fail_nomem(err);
    dev->base.fns = &fns;
    dev->base.err = err;
    dev->base.log = log;
    const tenka_status status = device_init(dev, params);
    if (status != TENKA_OK) {
        destroy(&dev->base);
        return status;
    }
    *out = &dev->base;
    return TENKA_OK;
}
