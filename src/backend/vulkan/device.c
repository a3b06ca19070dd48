/* Opening and closing a device, its queue, and what its failures mean. */
#include <stdio.h>

#include "backend/vulkan/vk.h"

const char *tenka_vk_result_name(VkResult result)
{
    switch (result) {
#define NAME(name) case name: return #name;
    NAME(VK_ERROR_OUT_OF_HOST_MEMORY)
    NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY)
    NAME(VK_ERROR_INITIALIZATION_FAILED)
    NAME(VK_ERROR_DEVICE_LOST)
    NAME(VK_ERROR_MEMORY_MAP_FAILED)
    NAME(VK_ERROR_LAYER_NOT_PRESENT)
    NAME(VK_ERROR_EXTENSION_NOT_PRESENT)
    NAME(VK_ERROR_FEATURE_NOT_PRESENT)
    NAME(VK_ERROR_INCOMPATIBLE_DRIVER)
    NAME(VK_ERROR_TOO_MANY_OBJECTS)
    NAME(VK_ERROR_FRAGMENTED_POOL)
    NAME(VK_ERROR_OUT_OF_POOL_MEMORY)
    NAME(VK_ERROR_FRAGMENTATION)
    NAME(VK_ERROR_INVALID_SHADER_NV)
#undef NAME
    default:
        return "an unknown error";
    }
}

/* The function's name in the text of a call such as "dev->vk.vkCreateBuffer(dev->handle, ...)". */
static int function_name(const char *call, const char **name)
{
    const size_t end = strcspn(call, "(");
    size_t begin = end;
    while (begin > 0 && call[begin - 1] != '.' && call[begin - 1] != '>')
        begin--;
    *name = call + begin;
    return (int)(end - begin);
}

/* Of whatever kind: pools, mappings and the number of allocations are memory to whoever must do with less. */
static bool is_want_of_memory(VkResult result)
{
    return result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_OUT_OF_DEVICE_MEMORY ||
           result == VK_ERROR_OUT_OF_POOL_MEMORY || result == VK_ERROR_FRAGMENTED_POOL ||
           result == VK_ERROR_FRAGMENTATION || result == VK_ERROR_TOO_MANY_OBJECTS ||
           result == VK_ERROR_MEMORY_MAP_FAILED;
}

tenka_status tenka_vk_fail(struct tenka_vk_device *dev, VkResult result, const char *call)
{
    const char *name;
    const int length = function_name(call, &name);
    if (is_want_of_memory(result))
        return tenka_fail(dev->base.err, TENKA_E_NOMEM,
                          "%.*s: %s on %s, whose buffers hold %llu of its %llu MiB: use a smaller batch or network",
                          length, name, tenka_vk_result_name(result), dev->gpu.info.name,
                          (unsigned long long)(dev->base.bytes >> 20),
                          (unsigned long long)(dev->gpu.info.memory >> 20));
    if (result == VK_ERROR_DEVICE_LOST) {
        dev->lost = true;
        return tenka_fail(dev->base.err, TENKA_E_DEVICE,
                          "%.*s: %s was lost, reset by its driver or removed: open a new context", length, name,
                          dev->gpu.info.name);
    }
    return tenka_fail(dev->base.err, TENKA_E_DEVICE, "%.*s: %s (%d) on %s", length, name,
                      tenka_vk_result_name(result), (int)result, dev->gpu.info.name);
}

tenka_status tenka_vk_health(struct tenka_vk_device *dev)
{
    if (dev->lost)
        return tenka_fail(dev->base.err, TENKA_E_DEVICE, "%s was lost earlier: open a new context", dev->gpu.info.name);
    return dev->validate ? tenka_vk_complaint(dev->instance, dev->base.err) : TENKA_OK;
}

/* As one submission, which signals their ticket. Short of memory nothing has happened, and the commands stay held. */
tenka_status tenka_vk_hand_over(struct tenka_vk_device *dev)
{
    const uint64_t ticket = dev->newest + 1;
    const VkTimelineSemaphoreSubmitInfo timeline = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &ticket,
    };
    const VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = &timeline,
        .commandBufferCount = dev->n_held,
        .pCommandBuffers = dev->held,
        .signalSemaphoreCount = 1,
        .pSignalSemaphores = &dev->timeline,
    };
    if (dev->n_held == 0)
        return TENKA_OK;
    VK_TRY(dev, dev->vk.vkQueueSubmit(dev->queue, 1, &info, VK_NULL_HANDLE));
    dev->n_held = 0;
    dev->newest = ticket;
    return TENKA_OK;
}

tenka_status tenka_vk_is_done(struct tenka_vk_device *dev, uint64_t ticket, bool *done)
{
    uint64_t value;
    VK_TRY(dev, dev->vk.vkGetSemaphoreCounterValue(dev->handle, dev->timeline, &value));
    *done = value >= ticket;
    return TENKA_OK;
}

tenka_status tenka_vk_is_idle(struct tenka_vk_device *dev, bool *idle)
{
    *idle = false;
    return dev->n_held > 0 ? TENKA_OK : tenka_vk_is_done(dev, dev->newest, idle);
}

/* While the queue has two submissions to work on, a third would only cost the host time: it is held back until one of
 * them is done or somebody waits, and joined by what comes meanwhile. On failure the commands will not run. */
tenka_status tenka_vk_submit(struct tenka_vk_device *dev, VkCommandBuffer commands, uint64_t *ticket)
{
    bool hungry = true;
    const uint64_t own = dev->newest + 1;
    if (dev->newest > 0)
        TENKA_TRY(tenka_vk_is_done(dev, dev->newest - 1, &hungry));
    dev->held[dev->n_held++] = commands;
    if (hungry || dev->n_held == TENKA_VK_HELD) {
        const tenka_status status = tenka_vk_hand_over(dev);
        dev->n_held -= status != TENKA_OK; /* those before were accepted, and wait for another occasion */
        TENKA_TRY(status);
    }
    *ticket = own;
    return TENKA_OK;
}

tenka_status tenka_vk_wait(struct tenka_vk_device *dev, uint64_t ticket)
{
    bool done;
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &dev->timeline,
        .pValues = &ticket,
    };
    TENKA_TRY(tenka_vk_is_done(dev, ticket, &done));
    if (done)
        return TENKA_OK;
    TENKA_TRY(tenka_vk_hand_over(dev));
    VK_TRY(dev, dev->vk.vkWaitSemaphores(dev->handle, &info, UINT64_MAX));
    return TENKA_OK;
}

/* Until all that was handed over is done; of a lost device nothing more is to be expected. */
static void wait_for_queue(struct tenka_vk_device *dev)
{
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &dev->timeline,
        .pValues = &dev->newest,
    };
    VkResult result = VK_SUCCESS;
    if (dev->newest > 0)
        result = dev->vk.vkWaitSemaphores(dev->handle, &info, UINT64_MAX);
    /* Short of memory, say: a second way, because what follows destroys what may be in use. */
    if (result < 0 && result != VK_ERROR_DEVICE_LOST)
        result = dev->vk.vkDeviceWaitIdle(dev->handle);
    dev->lost = dev->lost || result == VK_ERROR_DEVICE_LOST;
}

void tenka_vk_settle(struct tenka_vk_device *dev)
{
    const struct tenka_error before = *dev->base.err;
    /* A driver that is short of memory may have more when its queue is empty. */
    if (!dev->lost && tenka_vk_hand_over(dev) != TENKA_OK) {
        wait_for_queue(dev);
        dev->lost = dev->lost || tenka_vk_hand_over(dev) != TENKA_OK; /* their tickets were given out */
    }
    if (dev->lost)
        dev->n_held = 0;
    wait_for_queue(dev);
    *dev->base.err = before;
}

void tenka_vk_set_name(struct tenka_vk_device *dev, VkObjectType type, uint64_t object, const char *name)
{
    const VkDebugUtilsObjectNameInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
        .objectType = type,
        .objectHandle = object,
        .pObjectName = name,
    };
    if (dev->instance->debug_utils && name)
        dev->instance->set_name(dev->handle, &info);
}

void tenka_vk_full_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    const VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                         VK_ACCESS_TRANSFER_WRITE_BIT,
    };
    dev->vk.vkCmdPipelineBarrier(commands, stages, stages, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void tenka_vk_host_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    const VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
    };
    dev->vk.vkCmdPipelineBarrier(commands, stages, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
}

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
    out->max_operand = dev->max_operand;
    out->bounded_loops = true;
    out->memory = dev->gpu.info.memory;
    out->rests = dev->rests;
}

static const char *name(const tenka_device *base)
{
    return ((const struct tenka_vk_device *)base)->name;
}

void tenka_vulkan_limit_operand(tenka_device *dev, size_t bytes)
{
    tenka_vk_device_of(dev)->max_operand = bytes;
}

void tenka_vulkan_forget_barrier(tenka_device *dev, uint32_t index)
{
    tenka_vk_device_of(dev)->forgotten = index;
}

void tenka_vulkan_force_staging(tenka_device *dev)
{
    tenka_vk_device_of(dev)->unified = false;
}

void tenka_vulkan_let_rest(tenka_device *dev)
{
    tenka_vk_device_of(dev)->rests = true;
}

static void device_finish(struct tenka_vk_device *dev)
{
    tenka_vk_settle(dev);
    tenka_vk_cache_save(dev);
    tenka_vk_cache_finish(dev);
    tenka_vk_tune_finish(dev);
    tenka_vk_workshop_finish(dev);
    tenka_vk_keep_finish(dev);
    tenka_vk_pipelines_finish(dev);
    if (dev->pool)
        dev->vk.vkDestroyCommandPool(dev->handle, dev->pool, NULL);
    tenka_vk_buffer_free(dev, &dev->staging);
    tenka_vk_buffer_free(dev, &dev->absent);
    if (dev->timeline)
        dev->vk.vkDestroySemaphore(dev->handle, dev->timeline, NULL);
    dev->vk.vkDestroyDevice(dev->handle, NULL);
}

static void destroy(tenka_device *base)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    if (dev->handle)
        device_finish(dev);
    tenka_vk_instance_destroy(&dev->instance);
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

static tenka_status create_handle(struct tenka_vk_device *dev)
{
    const float priority = 1.0f;
    VkPhysicalDeviceVulkan12Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .timelineSemaphore = VK_TRUE,
    };
    /* Both cost nothing until statistics, or the time, are asked for. */
    const char *extensions[2];
    uint32_t n_extensions = 0;
    if (dev->gpu.statistics)
        extensions[n_extensions++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
    if (dev->gpu.calibrated)
        extensions[n_extensions++] = VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME;
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR statistics = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
        .pNext = &features,
        .pipelineExecutableInfo = VK_TRUE,
    };
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = dev->gpu.family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = dev->gpu.statistics ? (void *)&statistics : &features,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = n_extensions,
        .ppEnabledExtensionNames = extensions,
    };
    const VkResult result = dev->instance->create_device(dev->gpu.handle, &info, NULL, &dev->handle);
    if (result < 0) {
        dev->handle = VK_NULL_HANDLE;
        return tenka_vk_fail(dev, result, "vkCreateDevice(");
    }
    dev->base.objects++;
    tenka_vk_load_device_table(dev->instance, dev->handle, &dev->vk);
    dev->vk.vkGetDeviceQueue(dev->handle, dev->gpu.family, 0, &dev->queue);
    return TENKA_OK;
}

static tenka_status create_timeline(struct tenka_vk_device *dev)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    VK_MAKE(dev, dev->timeline, dev->vk.vkCreateSemaphore(dev->handle, &info, NULL, &dev->timeline));
    dev->base.objects++;
    return TENKA_OK;
}

static tenka_status choose_gpu(struct tenka_vk_device *dev, const char *which)
{
    struct tenka_vk_gpu *gpus;
    size_t count;
    TENKA_TRY(tenka_vk_gpus(dev->instance, dev->base.err, &gpus, &count));
    const tenka_status status = tenka_vk_choose_gpu(gpus, count, which, dev->base.err, &dev->gpu);
    tenka_free(gpus);
    TENKA_TRY(status);
    snprintf(dev->name, sizeof dev->name, "vulkan: %s (%s)", dev->gpu.info.name, dev->gpu.info.driver);
    dev->unified = strcmp(dev->gpu.info.kind, "integrated") == 0 || strcmp(dev->gpu.info.kind, "software") == 0;
    dev->rests = !dev->gpu.software && dev->gpu.timestamp_bits > 0;
    /* A range is rounded up to whole quads, so the largest one must be whole quads itself. */
    dev->max_operand = dev->gpu.limits.maxStorageBufferRange / TENKA_VK_QUAD * TENKA_VK_QUAD;
    return TENKA_OK;
}

static tenka_status device_init(struct tenka_vk_device *dev, const struct tenka_ctx_params *params)
{
    TENKA_TRY(tenka_vk_instance_create(params->validate, dev->base.err, dev->base.log, &dev->instance));
    TENKA_TRY(choose_gpu(dev, params->device));
    TENKA_TRY(create_handle(dev));
    TENKA_TRY(create_timeline(dev));
    TENKA_TRY(tenka_vk_transfer_init(dev));
    /* Not in the device's memory, which is taken in large blocks. */
    TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_SLOT, TENKA_OPERAND_ALIGN, "absent operand", &dev->absent));
    TENKA_TRY(tenka_vk_zero(dev, dev->absent));
    TENKA_TRY(tenka_vk_workshop_open(dev, params->shader_dir));
    TENKA_TRY(tenka_vk_keep_open(dev, params->cache_dir));
    TENKA_TRY(tenka_vk_cache_open(dev));
    tenka_vk_tune_open(dev, params->tune);
    return tenka_vk_health(dev);
}

tenka_status tenka_vulkan_device_create(const struct tenka_ctx_params *params, struct tenka_error *err,
                                        const struct tenka_log *log, tenka_device **out)
{
    *out = NULL;
    struct tenka_vk_device *dev = tenka_alloc(sizeof *dev);
    if (!dev)
        return tenka_fail_nomem(err);
    dev->base.fns = &fns;
    dev->base.err = err;
    dev->base.log = log;
    dev->validate = params->validate;
    dev->pinned = TENKA_ABSENT;
    dev->forgotten = TENKA_ABSENT;
    const tenka_status status = device_init(dev, params);
    if (status != TENKA_OK) {
        destroy(&dev->base);
        return status;
    }
    *out = &dev->base;
    return TENKA_OK;
}
