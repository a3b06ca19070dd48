/* Programs: a plan recorded TENKA_SLOTS times, each time with its own input bytes and descriptor sets. */
#include <stdio.h>

#include "backend/vulkan/vk.h"

/* A window onto the slot that holds all scalars of one node wherever it begins. */
#define SCALAR_WINDOW (2 * TENKA_OPERAND_ALIGN)

struct slot {
    struct tenka_vk_buffer *inputs;
    VkCommandBuffer commands;
    uint64_t ticket; /* of its last submission */
};

struct tenka_program {
    struct tenka_vk_step *steps;
    size_t n_steps, input_bytes;
    VkCommandPool commands;
    VkDescriptorPool descriptors;
    struct slot slots[TENKA_SLOTS];
    uint32_t next;
    size_t n_nodes;
    struct tenka_vk_stopwatch *watch; /* of a timed plan, else NULL */
};

const struct tenka_vk_step *tenka_vulkan_program_steps(const tenka_program *prog, size_t *n)
{
    *n = prog->n_steps;
    return prog->steps;
}

size_t tenka_vk_program_dispatches(const tenka_program *prog)
{
    size_t count = 0;
    for (size_t i = 0; i < prog->n_steps; i++)
        count += prog->steps[i].kind == TENKA_VK_DISPATCH;
    return count;
}

static tenka_status make_commands(struct tenka_vk_device *dev, struct tenka_program *prog)
{
    VkCommandBuffer handles[TENKA_SLOTS];
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = dev->gpu.family,
    };
    VK_TRY(dev, dev->vk.vkCreateCommandPool(dev->handle, &pool, NULL, &prog->commands));
    dev->base.objects++;
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = prog->commands,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = TENKA_SLOTS,
    };
    VK_TRY(dev, dev->vk.vkAllocateCommandBuffers(dev->handle, &info, handles));
    dev->base.objects += TENKA_SLOTS;
    for (size_t i = 0; i < TENKA_SLOTS; i++)
        prog->slots[i].commands = handles[i];
    return TENKA_OK;
}

/* A pool of exactly the sets and descriptors that the slots need. */
static tenka_status make_descriptors(struct tenka_vk_device *dev, struct tenka_program *prog,
                                     const struct tenka_plan *plan)
{
    uint32_t sets = 0, descriptors = 0;
    for (size_t i = 0; i < prog->n_steps; i++)
        if (prog->steps[i].kind == TENKA_VK_DISPATCH) {
            sets += TENKA_SLOTS;
            descriptors += TENKA_SLOTS * tenka_vk_bindings(plan->nodes[prog->steps[i].node].kernel);
        }
    if (sets == 0)
        return TENKA_OK;
    const VkDescriptorPoolSize size = {
        .type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .descriptorCount = descriptors,
    };
    const VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = sets,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    VK_TRY(dev, dev->vk.vkCreateDescriptorPool(dev->handle, &info, NULL, &prog->descriptors));
    dev->base.objects++;
    return TENKA_OK;
}

static tenka_status make_slots(struct tenka_vk_device *dev, struct tenka_program *prog)
{
    for (size_t i = 0; i < TENKA_SLOTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "slot %zu", i);
        TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_SLOT, tenka_align(prog->input_bytes, TENKA_OPERAND_ALIGN) +
                                       SCALAR_WINDOW, name, &prog->slots[i].inputs));
    }
    return TENKA_OK;
}

/* What a binding shows of an operand. */
static VkDescriptorBufferInfo window(const struct tenka_vk_device *dev, const struct slot *slot,
                                     const struct tenka_plan *plan, uint32_t index)
{
    if (index == TENKA_ABSENT)
        return (VkDescriptorBufferInfo){.buffer = dev->absent->handle, .range = TENKA_OPERAND_ALIGN};
    const struct tenka_operand *operand = &plan->operands[index];
    const struct tenka_vk_buffer *buf = operand->buffer ? (struct tenka_vk_buffer *)operand->buffer : slot->inputs;
    return (VkDescriptorBufferInfo){
        .buffer = buf->handle,
        .offset = operand->offset,
        .range = tenka_align(operand->bytes ? operand->bytes : 1, 4),
    };
}

static void narrow_to_piece(VkDescriptorBufferInfo *info, const struct tenka_node *node,
                            const struct tenka_vk_step *step)
{
    const struct tenka_p_gather *p = (const struct tenka_p_gather *)node->params;
    const size_t row_bytes = (size_t)p->row * (p->u8 ? 1 : 4);
    info->offset += (size_t)step->piece_first * row_bytes;
    info->range = tenka_align((size_t)step->piece_rows * row_bytes, 4);
}

/* All bindings of a dispatch, in the order of ops.def. */
static uint32_t list_windows(const struct tenka_vk_device *dev, const struct slot *slot, const struct tenka_plan *plan,
                             const struct tenka_vk_step *step, VkDescriptorBufferInfo out[TENKA_VK_BINDINGS])
{
    const struct tenka_node *node = &plan->nodes[step->node];
    const bool scalars = tenka_ops[tenka_passes[node->kernel].op].n_scalars > 0;
    const uint32_t count = tenka_vk_bindings(node->kernel);
    const uint32_t reads = count - node->n_out - scalars;
    for (uint32_t i = 0; i < reads; i++)
        out[i] = window(dev, slot, plan, i < node->n_in ? node->in[i] : TENKA_ABSENT);
    /* Nobody writes an absent output, but the validation layer cannot know that: it stands on the node's own memory,
     * since a buffer shared by several nodes would look like a hazard. */
    for (uint32_t i = 0; i < node->n_out; i++)
        out[reads + i] = window(dev, slot, plan, node->out[i] != TENKA_ABSENT ? node->out[i] : node->out[0]);
    if (scalars)
        out[count - 1] = (VkDescriptorBufferInfo){
            .buffer = slot->inputs->handle,
            .offset = node->scalars / TENKA_OPERAND_ALIGN * TENKA_OPERAND_ALIGN,
            .range = SCALAR_WINDOW,
        };
    if (step->piece_rows > 0)
        narrow_to_piece(&out[0], node, step);
    return count;
}

static tenka_status make_set(struct tenka_vk_device *dev, const struct tenka_program *prog, const struct slot *slot,
                             const struct tenka_plan *plan, const struct tenka_vk_step *step, VkDescriptorSet *out)
{
    VkDescriptorBufferInfo windows[TENKA_VK_BINDINGS];
    const uint32_t count = list_windows(dev, slot, plan, step, windows);
    const VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = prog->descriptors,
        .descriptorSetCount = 1,
        .pSetLayouts = &dev->set_layouts[count],
    };
    VK_TRY(dev, dev->vk.vkAllocateDescriptorSets(dev->handle, &info, out));
    dev->base.objects++;
    /* Bindings are numbered in sequence, so that one write with several descriptors runs on into all of them. */
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

static struct tenka_vk_push push_of(const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    struct tenka_vk_push push = {
        .n = (uint32_t)tenka_vk_work(plan, node, step->variant),
        .scalars = (uint32_t)(node->scalars % TENKA_OPERAND_ALIGN / 4),
    };
    memcpy(push.params, node->params, sizeof push.params);
    if (tenka_passes[node->kernel].flags & TENKA_PASS_PIECES) {
        struct tenka_p_gather *p = (struct tenka_p_gather *)push.params;
        p->piece_first = step->piece_first;
        p->piece_rows = step->piece_rows > 0 ? step->piece_rows : p->src_rows;
    }
    return push;
}

static uint32_t group_count(enum tenka_kernel kernel, uint32_t variant, uint32_t n)
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(kernel, &count);
    const uint32_t size = tenka_passes[kernel].unit == TENKA_UNIT_EACH ? variants[variant].local : 1;
    const uint32_t groups = n / size + (n % size > 0);
    return groups < TENKA_MAX_GROUPS ? groups : TENKA_MAX_GROUPS;
}

static tenka_status record_dispatch(struct tenka_vk_device *dev, const struct tenka_program *prog,
                                    const struct slot *slot, const struct tenka_plan *plan,
                                    const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    const VkPipelineLayout layout = dev->layouts[tenka_vk_bindings(node->kernel)];
    const struct tenka_vk_push push = push_of(plan, step);
    const VkDebugUtilsLabelEXT label = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT,
        .pLabelName = node->label,
    };
    VkPipeline pipeline;
    VkDescriptorSet set;
    TENKA_TRY(tenka_vk_pipeline(dev, node->kernel, step->variant, node->params, &pipeline));
    TENKA_TRY(make_set(dev, prog, slot, plan, step, &set));
    if (dev->instance->debug_utils)
        dev->instance->begin_label(slot->commands, &label);
    dev->vk.vkCmdBindPipeline(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    dev->vk.vkCmdBindDescriptorSets(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
    dev->vk.vkCmdPushConstants(slot->commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof push, &push);
    dev->vk.vkCmdDispatch(slot->commands, group_count(node->kernel, step->variant, push.n), 1, 1);
    if (dev->instance->debug_utils)
        dev->instance->end_label(slot->commands);
    return TENKA_OK;
}

static void record_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT,
    };
    const VkPipelineStageFlags compute = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    dev->vk.vkCmdPipelineBarrier(commands, compute, compute, 0, 1, &barrier, 0, NULL, 0, NULL);
}

/* The dispatch between two looks at the clock. */
static tenka_status record_timed(struct tenka_vk_device *dev, const struct tenka_program *prog,
                                 const struct slot *slot, const struct tenka_plan *plan,
                                 const struct tenka_vk_step *step, uint32_t dispatch)
{
    const uint32_t number = (uint32_t)(slot - prog->slots);
    tenka_vk_stopwatch_start(dev, prog->watch, slot->commands, number, dispatch);
    TENKA_TRY(record_dispatch(dev, prog, slot, plan, step));
    tenka_vk_stopwatch_stop(dev, prog->watch, slot->commands, number, dispatch);
    return TENKA_OK;
}

/* Does what the list of steps says and nothing else: what the checker sees is what runs. */
static tenka_status record(struct tenka_vk_device *dev, const struct tenka_program *prog, const struct slot *slot,
                           const struct tenka_plan *plan)
{
    uint32_t dispatch = 0;
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VK_TRY(dev, dev->vk.vkBeginCommandBuffer(slot->commands, &info));
    if (prog->watch)
        tenka_vk_stopwatch_reset(dev, prog->watch, slot->commands, (uint32_t)(slot - prog->slots));
    for (size_t i = 0; i < prog->n_steps; i++) {
        if (prog->steps[i].kind == TENKA_VK_DISPATCH && prog->watch)
            TENKA_TRY(record_timed(dev, prog, slot, plan, &prog->steps[i], dispatch++));
        else if (prog->steps[i].kind == TENKA_VK_DISPATCH)
            TENKA_TRY(record_dispatch(dev, prog, slot, plan, &prog->steps[i]));
        else if (i == 0)
            tenka_vk_full_barrier(dev, slot->commands);
        else
            record_barrier(dev, slot->commands);
    }
    VK_TRY(dev, dev->vk.vkEndCommandBuffer(slot->commands));
    return TENKA_OK;
}

static tenka_status make_pipelines(struct tenka_vk_device *dev, const struct tenka_program *prog,
                                   const struct tenka_plan *plan)
{
    for (size_t i = 0; i < prog->n_steps; i++) {
        const struct tenka_vk_step *step = &prog->steps[i];
        const struct tenka_node *node = &plan->nodes[step->node];
        VkPipeline pipeline;
        if (step->kind == TENKA_VK_DISPATCH)
            TENKA_TRY(tenka_vk_pipeline(dev, node->kernel, step->variant, node->params, &pipeline));
    }
    tenka_vk_cache_save(dev);
    return TENKA_OK;
}

static tenka_status program_init(struct tenka_vk_device *dev, struct tenka_program *prog, const struct tenka_plan *plan)
{
    prog->input_bytes = plan->input_bytes;
    prog->n_nodes = plan->n_nodes;
    TENKA_TRY(tenka_vk_steps_make(dev, plan, &prog->steps, &prog->n_steps));
    if (plan->timed && tenka_vk_program_dispatches(prog) > 0)
        TENKA_TRY(tenka_vk_stopwatch_create(dev, (uint32_t)tenka_vk_program_dispatches(prog), &prog->watch));
    TENKA_TRY(make_pipelines(dev, prog, plan));
    TENKA_TRY(make_commands(dev, prog));
    TENKA_TRY(make_descriptors(dev, prog, plan));
    TENKA_TRY(make_slots(dev, prog));
    for (size_t i = 0; i < TENKA_SLOTS; i++)
        TENKA_TRY(record(dev, prog, &prog->slots[i], plan));
    return tenka_vk_health(dev);
}

static void program_free(struct tenka_vk_device *dev, struct tenka_program *prog)
{
    if (prog->commands)
        dev->vk.vkDestroyCommandPool(dev->handle, prog->commands, NULL);
    if (prog->descriptors)
        dev->vk.vkDestroyDescriptorPool(dev->handle, prog->descriptors, NULL);
    for (size_t i = 0; i < TENKA_SLOTS; i++)
        tenka_vk_buffer_free(dev, &prog->slots[i].inputs);
    tenka_vk_stopwatch_destroy(dev, &prog->watch);
    tenka_free(prog->steps);
    tenka_free(prog);
}

tenka_status tenka_vk_prepare(tenka_device *base, const struct tenka_plan *plan, tenka_program **out)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    *out = NULL;
    TENKA_TRY(tenka_vk_health(dev));
    struct tenka_program *prog = tenka_alloc(sizeof *prog);
    if (!prog)
        return tenka_fail_nomem(base->err);
    const tenka_status status = program_init(dev, prog, plan);
    if (status != TENKA_OK) {
        program_free(dev, prog);
        return status;
    }
    *out = prog;
    return TENKA_OK;
}

void tenka_vk_program_destroy(tenka_device *base, tenka_program *prog)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    tenka_vk_settle(dev);
    program_free(dev, prog);
}

tenka_status tenka_vk_program_submit(tenka_device *base, tenka_program *prog, const void *inputs, tenka_ticket *out)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct slot *slot = &prog->slots[prog->next];
    TENKA_TRY(tenka_vk_health(dev));
    TENKA_TRY(tenka_vk_wait(dev, slot->ticket));
    if (prog->input_bytes > 0)
        memcpy(slot->inputs->mapped, inputs, prog->input_bytes);
    TENKA_TRY(tenka_vk_submit(dev, slot->commands, &slot->ticket));
    prog->next = (prog->next + 1) % TENKA_SLOTS;
    *out = slot->ticket;
    return tenka_vk_health(dev);
}

tenka_status tenka_vk_program_timings(tenka_device *base, tenka_program *prog, double *out)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    const uint32_t last = (prog->next + TENKA_SLOTS - 1) % TENKA_SLOTS;
    uint32_t dispatch = 0;
    memset(out, 0, prog->n_nodes * sizeof *out);
    if (!prog->watch)
        return TENKA_OK;
    TENKA_TRY(tenka_vk_stopwatch_read(dev, prog->watch, last));
    for (size_t i = 0; i < prog->n_steps; i++)
        if (prog->steps[i].kind == TENKA_VK_DISPATCH)
            out[prog->steps[i].node] += tenka_vk_stopwatch_seconds(prog->watch, dispatch++);
    return tenka_vk_health(dev);
}
