/* Kernels that a lazy driver compiles are run once, on as many devices as there are processors. */
#include <stdatomic.h>

#include "backend/vulkan/bind.h"
#include "backend/vulkan/cache.h"
#include "backend/vulkan/commands.h"
#include "backend/vulkan/keep.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/queue.h"
#include "backend/vulkan/rehearse.h"
#include "backend/vulkan/shaders.h"
#include "backend/vulkan/transfer.h"
#include "core/os.h"

/* Each device has the driver's own threads with it, as many as there are processors. */
#define MOST_DEVICES 16
/* A rehearsal that takes longer is told of. */
#define NOTICED ((uint64_t)1000000000)

/* What its devices share. */
struct rehearsal {
    const struct tenka_vk_device *dev;
    const struct tenka_plan *plan;
    const struct tenka_vk_step **parts; /* one dispatch of each kernel */
    size_t n_parts;
    _Atomic size_t next, done;
    uint64_t begin;
};

/* ---- One of the devices ---- */

static tenka_status open_stage(struct tenka_vk_device *dev, const struct tenka_vk_device *like)
{
    const struct tenka_ctx_params params = {.device = like->gpu.info.uuid, .validate = like->validate};
    TENKA_TRY(tenka_vk_device_open(dev, &params));
    TENKA_TRY(tenka_vk_queue_open(dev));
    TENKA_TRY(tenka_vk_commands_open(dev));
    TENKA_TRY(tenka_vk_memory_open(dev));
    TENKA_TRY(tenka_vk_transfer_open(dev));
    TENKA_TRY(tenka_vk_bind_open(dev));
    TENKA_TRY(tenka_vk_pipelines_open(dev));
    TENKA_TRY(tenka_vk_keep_open(dev, "", false));
    return tenka_vk_cache_open(dev);
}

static void close_stage(struct tenka_vk_device *dev)
{
    if (dev->queue != NULL)
        tenka_vk_settle(dev);
    tenka_vk_cache_finish(dev);
    tenka_vk_keep_finish(dev);
    tenka_vk_pipelines_finish(dev);
    tenka_vk_bind_finish(dev);
    tenka_vk_transfer_finish(dev);
    tenka_vk_memory_finish(dev);
    tenka_vk_commands_finish(dev);
    tenka_vk_queue_finish(dev);
    tenka_vk_device_finish(dev);
}

/* ---- One kernel ---- */

/* A set whose bindings all show the memory that stands for absent operands. */
static tenka_status make_set(struct tenka_vk_device *dev, enum tenka_kernel kernel, VkDescriptorPool *pool,
                             VkDescriptorSet *out)
{
    const uint32_t count = tenka_vk_bindings(kernel);
    const VkDescriptorPoolSize size = {.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .descriptorCount = count};
    const VkDescriptorPoolCreateInfo pool_info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = 1,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    const VkDescriptorSetLayout layout = tenka_vk_set_layout(dev, kernel);
    VK_MAKE(dev, *pool, dev->vk.vkCreateDescriptorPool(dev->handle, &pool_info, NULL, pool));
    const VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = *pool,
        .descriptorSetCount = 1,
        .pSetLayouts = &layout,
    };
    VK_TRY(dev, dev->vk.vkAllocateDescriptorSets(dev->handle, &info, out));
    VkDescriptorBufferInfo windows[TENKA_VK_BINDINGS];
    for (uint32_t i = 0; i < count; i++)
        windows[i] = (VkDescriptorBufferInfo){dev->absent->handle, dev->absent->offset, TENKA_OPERAND_ALIGN};
    const VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = *out,
        .descriptorCount = count,
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .pBufferInfo = windows,
    };
    dev->vk.vkUpdateDescriptorSets(dev->handle, 1, &write, 0, NULL);
    return TENKA_OK;
}

/* A dispatch of no workgroups: the driver compiles what it would run. */
static tenka_status run(struct tenka_vk_device *dev, enum tenka_kernel kernel, VkPipeline pipeline, VkDescriptorSet set,
                        VkCommandBuffer commands)
{
    const struct tenka_vk_push push = {0};
    const VkPipelineLayout layout = tenka_vk_layout(dev, kernel);
    uint64_t ticket;
    TENKA_TRY(tenka_vk_commands_begin(dev, commands, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT));
    dev->vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    dev->vk.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
    dev->vk.vkCmdPushConstants(commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
    dev->vk.vkCmdDispatch(commands, 0, 1, 1);
    TENKA_TRY(tenka_vk_commands_end(dev, commands));
    TENKA_TRY(tenka_vk_submit(dev, commands, &ticket));
    return tenka_vk_wait(dev, ticket);
}

/* A kernel's pipeline, run on nothing. */
static tenka_status play(struct tenka_vk_device *dev, const struct tenka_node *node, uint32_t variant)
{
    VkPipeline pipeline;
    VkDescriptorPool pool = VK_NULL_HANDLE;
    VkDescriptorSet set;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    TENKA_TRY(tenka_vk_pipeline(dev, node, variant, &pipeline));
    tenka_status status = make_set(dev, node->kernel, &pool, &set);
    if (status == TENKA_OK)
        status = tenka_vk_commands_make(dev, &commands);
    if (status == TENKA_OK)
        status = run(dev, node->kernel, pipeline, set, commands);
    tenka_vk_settle(dev);
    tenka_vk_commands_free(dev, commands);
    if (pool != VK_NULL_HANDLE)
        dev->vk.vkDestroyDescriptorPool(dev->handle, pool, NULL);
    return status;
}

/* ---- All of them ---- */

/* Only on the thread that waits for the rehearsal. */
static void tell(const struct rehearsal *r)
{
    const struct tenka_log *log = r->dev->base.log;
    const bool noticed = tenka_os_now() - r->begin >= NOTICED;
    if (log->progress != NULL && noticed)
        log->progress(log->progress_user, "compiling kernels", atomic_load(&r->done), r->n_parts);
}

/* On a device that is opened for it, as many parts as nobody else has taken. */
static void play_parts(struct rehearsal *r, bool waits)
{
    struct tenka_error unheard = {0};
    const struct tenka_log silence = {0};
    struct tenka_vk_device stage = {.base = {.err = &unheard, .log = &silence}};
    tenka_status status = open_stage(&stage, r->dev);
    size_t i;
    while (status == TENKA_OK && (i = atomic_fetch_add(&r->next, 1)) < r->n_parts) {
        status = play(&stage, &r->plan->nodes[r->parts[i]->node], r->parts[i]->variant);
        atomic_fetch_add(&r->done, 1);
        if (waits)
            tell(r);
    }
    close_stage(&stage);
}

static void play_beside(tenka_worker *worker, void *user)
{
    (void)worker;
    play_parts(user, false);
}

static void rehearse(struct rehearsal *r)
{
    tenka_worker *workers[MOST_DEVICES];
    struct tenka_error unheard;
    const size_t processors = tenka_os_processors(), most = processors < MOST_DEVICES ? processors : MOST_DEVICES;
    size_t n = 0;
    r->begin = tenka_os_now();
    while (n + 1 < most && n + 1 < r->n_parts &&
           tenka_worker_start(&unheard, 1, play_beside, r, &workers[n]) == TENKA_OK)
        n++;
    play_parts(r, true);
    tenka_say(r->dev->base.log, TENKA_LOG_DEBUG, "%zu kernels are compiled ahead, on %zu devices", r->n_parts, n + 1);
    while (n > 0)
        tenka_worker_join(&workers[--n]);
    atomic_store(&r->done, r->n_parts);
    tell(r);
}

/* ---- What is to be compiled ---- */

static bool is_listed(const struct rehearsal *r, const struct tenka_vk_step *step)
{
    for (size_t i = 0; i < r->n_parts; i++)
        if (tenka_vk_share_pipeline(&r->plan->nodes[r->parts[i]->node], r->parts[i]->variant,
                                    &r->plan->nodes[step->node], step->variant))
            return true;
    return false;
}

static void list_parts(struct rehearsal *r, const struct tenka_vk_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (steps[i].kind == TENKA_VK_DISPATCH &&
            !tenka_vk_has_pipeline(r->dev, &r->plan->nodes[steps[i].node], steps[i].variant) &&
            !is_listed(r, &steps[i]))
            r->parts[r->n_parts++] = &steps[i];
}

/* On one processor, or where nothing is kept, it would only cost time. */
static bool is_worth_it(const struct tenka_vk_device *dev)
{
    return dev->gpu.lazy && dev->workshop == NULL && tenka_vk_keep_saves(dev) && tenka_vk_cache_is_new(dev) &&
           tenka_os_processors() > 1;
}

void tenka_vk_rehearse(struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_vk_step *steps,
                       size_t n)
{
    struct rehearsal r = {.dev = dev, .plan = plan};
    if (!is_worth_it(dev))
        return;
    r.parts = tenka_alloc_array(n + 1, sizeof(*r.parts));
    if (r.parts == NULL)
        return;
    list_parts(&r, steps, n);
    if (r.n_parts > 1)
        rehearse(&r);
    tenka_free(r.parts);
}
