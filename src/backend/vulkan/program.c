/* Programs: a plan recorded TENKA_SLOTS times, each time with its own input bytes and descriptor sets. */
#include <math.h>
#include <stdio.h>

#include "backend/vulkan/vk.h"
#include "op/tiles.h"

/* A window onto the slot that holds all scalars of one node wherever it begins. */
#define SCALAR_WINDOW (2 * TENKA_OPERAND_ALIGN)

struct slot {
    struct tenka_vk_buffer *inputs;
    VkCommandBuffer commands;
    uint64_t ticket; /* of its last submission */
};

struct tenka_program {
    struct tenka_vk_step *steps;
    size_t n_steps, input_bytes, slot_bytes; /* of a slot: the inputs and the tables of jobs */
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

static tenka_status make_commands(struct tenka_vk_device *dev, struct tenka_program *prog, const char *name)
{
    VkCommandBuffer handles[TENKA_SLOTS];
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = dev->gpu.family,
    };
    VK_MAKE(dev, prog->commands, dev->vk.vkCreateCommandPool(dev->handle, &pool, NULL, &prog->commands));
    dev->base.objects++;
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = prog->commands,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = TENKA_SLOTS,
    };
    VK_TRY(dev, dev->vk.vkAllocateCommandBuffers(dev->handle, &info, handles));
    dev->base.objects += TENKA_SLOTS;
    for (size_t i = 0; i < TENKA_SLOTS; i++) {
        prog->slots[i].commands = handles[i];
        tenka_vk_set_name(dev, VK_OBJECT_TYPE_COMMAND_BUFFER, (uint64_t)(uintptr_t)handles[i], name);
    }
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
    VK_MAKE(dev, prog->descriptors, dev->vk.vkCreateDescriptorPool(dev->handle, &info, NULL, &prog->descriptors));
    dev->base.objects++;
    return TENKA_OK;
}

static tenka_status make_slots(struct tenka_vk_device *dev, struct tenka_program *prog, const struct tenka_plan *plan)
{
    const size_t bytes = tenka_align(prog->slot_bytes, TENKA_OPERAND_ALIGN) + SCALAR_WINDOW;
    for (size_t i = 0; i < TENKA_SLOTS; i++) {
        struct slot *slot = &prog->slots[i];
        TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_SLOT, bytes, "slots", &slot->inputs));
        for (size_t k = 0; k < prog->n_steps; k++)
            tenka_vk_jobs_write(plan, &prog->steps[k], slot->inputs->mapped);
    }
    return TENKA_OK;
}

static VkDescriptorBufferInfo slot_window(const struct slot *slot, size_t begin, size_t end)
{
    return (VkDescriptorBufferInfo){
        .buffer = slot->inputs->handle,
        .offset = slot->inputs->offset + begin,
        .range = end - begin,
    };
}

/* What a binding shows of operand i of a dispatch's nodes, reads before writes. */
static VkDescriptorBufferInfo window(const struct tenka_vk_device *dev, const struct slot *slot,
                                     const struct tenka_plan *plan, const struct tenka_vk_step *step, uint32_t i)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    struct tenka_vk_range range;
    if (!tenka_vk_step_range(plan, step, i, &range))
        return (VkDescriptorBufferInfo){
            .buffer = dev->absent->handle,
            .offset = dev->absent->offset,
            .range = TENKA_OPERAND_ALIGN,
        };
    range.end += range.end == range.begin ? TENKA_VK_QUAD : 0; /* an operand without elements */
    if (!range.memory)
        return slot_window(slot, range.begin, range.end);
    const uint32_t index = i < node->n_in ? node->in[i] : node->out[i - node->n_in];
    return (VkDescriptorBufferInfo){
        .buffer = ((const struct tenka_vk_buffer *)plan->operands[index].buffer)->handle,
        .offset = range.begin,
        .range = range.end - range.begin,
    };
}

static VkDescriptorBufferInfo scalar_window(const struct slot *slot, const struct tenka_plan *plan,
                                            const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    if (tenka_passes[node->kernel].flags & TENKA_PASS_JOBS) {
        const struct tenka_vk_range range = tenka_vk_jobs_slot_range(plan, step);
        return slot_window(slot, range.begin, range.end);
    }
    const size_t begin = node->scalars / TENKA_OPERAND_ALIGN * TENKA_OPERAND_ALIGN;
    return slot_window(slot, begin, begin + SCALAR_WINDOW);
}

static void narrow_to_piece(VkDescriptorBufferInfo *info, const struct tenka_node *node,
                            const struct tenka_vk_step *step)
{
    const struct tenka_p_gather *p = (const struct tenka_p_gather *)node->params;
    const size_t row_bytes = (size_t)p->row * (p->u8 ? 1 : 4);
    info->offset += (size_t)step->piece_first * row_bytes;
    info->range = tenka_align((size_t)step->piece_rows * row_bytes, TENKA_VK_QUAD);
}

/* All bindings of a dispatch, in the order of ops.def. */
static uint32_t list_windows(const struct tenka_vk_device *dev, const struct slot *slot, const struct tenka_plan *plan,
                             const struct tenka_vk_step *step, VkDescriptorBufferInfo out[TENKA_VK_BINDINGS])
{
    const struct tenka_node *node = &plan->nodes[step->node];
    const uint32_t count = tenka_vk_bindings(node->kernel);
    const uint32_t operands = node->n_in + node->n_out;
    for (uint32_t i = 0; i < operands; i++)
        out[i] = window(dev, slot, plan, step, i);
    /* Nobody writes an absent output, but the validation layer cannot know that: it stands on the node's own memory,
     * since a buffer shared by several nodes would look like a hazard. */
    for (uint32_t i = 1; i < node->n_out; i++)
        if (node->out[i] == TENKA_ABSENT)
            out[node->n_in + i] = out[node->n_in];
    if (count > operands)
        out[operands] = scalar_window(slot, plan, step);
    if (step->piece_rows > 0 && (tenka_passes[node->kernel].flags & TENKA_PASS_PIECES) != 0)
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
    if (tenka_passes[node->kernel].flags & TENKA_PASS_JOBS) {
        push.n = tenka_vk_blocks(plan, step);
        push.scalars = (uint32_t)((step->table - tenka_vk_jobs_slot_range(plan, step).begin) / 4);
    }
    if (tenka_passes[node->kernel].flags & (TENKA_PASS_PIECES | TENKA_PASS_TURNS)) {
        struct tenka_p_gather *p = (struct tenka_p_gather *)push.params;
        const bool turns = (tenka_passes[node->kernel].flags & TENKA_PASS_TURNS) != 0;
        p->piece_first = step->piece_first;
        p->piece_rows = step->piece_rows > 0 ? step->piece_rows : turns ? p->rows : p->src_rows;
    }
    return push;
}

/* Workgroups along x and y: as many as there are, and at most one row's worth more. */
static void dispatch(struct tenka_vk_device *dev, VkCommandBuffer commands, uint32_t groups)
{
    const uint32_t rows = (uint32_t)DIV_UP(groups, TENKA_MAX_GROUPS);
    dev->vk.vkCmdDispatch(commands, rows > 1 ? (uint32_t)DIV_UP(groups, rows) : groups, rows, 1);
}

static tenka_status record_dispatch(struct tenka_vk_device *dev, const struct tenka_program *prog,
                                    const struct slot *slot, const struct tenka_plan *plan,
                                    const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    const VkPipelineLayout layout = dev->layouts[tenka_vk_bindings(node->kernel)];
    const struct tenka_vk_push push = push_of(plan, step);
    VkPipeline pipeline;
    VkDescriptorSet set;
    TENKA_TRY(tenka_vk_pipeline(dev, node->kernel, step->variant, node->params, &pipeline));
    TENKA_TRY(make_set(dev, prog, slot, plan, step, &set));
    dev->vk.vkCmdBindPipeline(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    dev->vk.vkCmdBindDescriptorSets(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
    dev->vk.vkCmdPushConstants(slot->commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof push, &push);
    dispatch(dev, slot->commands, tenka_vk_blocks(plan, step));
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

/* A dispatch under its labels, and between two looks at the clock when it is timed. */
static tenka_status record_labelled(struct tenka_vk_device *dev, const struct tenka_program *prog,
                                    const struct slot *slot, const struct tenka_plan *plan,
                                    const struct tenka_vk_step *step, struct tenka_vk_labels *labels, uint32_t dispatch)
{
    const uint32_t number = (uint32_t)(slot - prog->slots);
    tenka_vk_labels_begin(dev, slot->commands, labels, plan, step);
    if (prog->watch)
        tenka_vk_stopwatch_start(dev, prog->watch, slot->commands, number, dispatch);
    TENKA_TRY(record_dispatch(dev, prog, slot, plan, step));
    if (prog->watch)
        tenka_vk_stopwatch_stop(dev, prog->watch, slot->commands, number, dispatch);
    tenka_vk_labels_end(dev, slot->commands);
    return TENKA_OK;
}

/* Does what the list of steps says and nothing else: what the checker sees is what runs. */
static tenka_status record_steps(struct tenka_vk_device *dev, const struct tenka_program *prog, const struct slot *slot,
                                 const struct tenka_plan *plan)
{
    struct tenka_vk_labels labels = {.phase = TENKA_PHASE_NONE};
    uint32_t dispatch = 0;
    for (size_t i = 0; i < prog->n_steps; i++) {
        if (prog->steps[i].kind == TENKA_VK_DISPATCH)
            TENKA_TRY(record_labelled(dev, prog, slot, plan, &prog->steps[i], &labels, dispatch++));
        else if (i == 0)
            tenka_vk_full_barrier(dev, slot->commands);
        else
            record_barrier(dev, slot->commands);
    }
    tenka_vk_labels_close(dev, slot->commands, &labels);
    return TENKA_OK;
}

static tenka_status record(struct tenka_vk_device *dev, const struct tenka_program *prog, const struct slot *slot,
                           const struct tenka_plan *plan)
{
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VK_TRY(dev, dev->vk.vkBeginCommandBuffer(slot->commands, &info));
    if (prog->watch)
        tenka_vk_stopwatch_reset(dev, prog->watch, slot->commands, (uint32_t)(slot - prog->slots));
    TENKA_TRY(record_steps(dev, prog, slot, plan));
    if (dev->unified)
        tenka_vk_host_barrier(dev, slot->commands);
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
    if (!dev->measuring) {
        tenka_vk_cache_save(dev);
        tenka_vk_tune_save(dev);
    }
    return TENKA_OK;
}

static tenka_status program_init(struct tenka_vk_device *dev, struct tenka_program *prog, const struct tenka_plan *plan)
{
    prog->input_bytes = plan->input_bytes;
    prog->n_nodes = plan->n_nodes;
    TENKA_TRY(tenka_vk_steps_make(dev, plan, &prog->steps, &prog->n_steps));
    prog->slot_bytes = tenka_vk_jobs_place(plan, prog->steps, prog->n_steps);
    if (plan->timing != TENKA_TIMING_NONE && tenka_vk_program_dispatches(prog) > 0)
        TENKA_TRY(tenka_vk_stopwatch_create(dev, plan->timing, (uint32_t)tenka_vk_program_dispatches(prog),
                                            &prog->watch));
    TENKA_TRY(make_pipelines(dev, prog, plan));
    TENKA_TRY(make_commands(dev, prog, plan->name));
    TENKA_TRY(make_descriptors(dev, prog, plan));
    TENKA_TRY(make_slots(dev, prog, plan));
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

tenka_status tenka_vk_program_spans(tenka_device *base, tenka_program *prog, struct tenka_span *out)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    const uint32_t last = (prog->next + TENKA_SLOTS - 1) % TENKA_SLOTS;
    uint32_t dispatch = 0;
    if (!prog->watch)
        return TENKA_OK;
    TENKA_TRY(tenka_vk_stopwatch_read(dev, prog->watch, last));
    for (size_t i = 0; i < prog->n_steps; i++) {
        const struct tenka_vk_step *step = &prog->steps[i];
        if (step->kind != TENKA_VK_DISPATCH)
            continue;
        out[dispatch] = (struct tenka_span){.node = step->node, .jobs = step->jobs};
        tenka_vk_stopwatch_span(dev, prog->watch, dispatch, &out[dispatch]);
        dispatch++;
    }
    return tenka_vk_health(dev);
}
