/* Windows onto memory, and descriptor sets that show them. */
#include "backend/vulkan/bind.h"
#include "backend/vulkan/jobs.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/shaders.h"
#include "backend/vulkan/transfer.h"

/* A window onto the slot that holds all scalars of one node wherever it begins. */
#define SCALAR_WINDOW (2 * TENKA_OPERAND_ALIGN)

/* Not in the device's memory, which is taken in large blocks. */
tenka_status tenka_vk_bind_open(struct tenka_vk_device *dev)
{
    TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_SLOT, TENKA_OPERAND_ALIGN, "absent operand", &dev->absent));
    return tenka_vk_zero(dev, dev->absent);
}

void tenka_vk_bind_finish(struct tenka_vk_device *dev)
{
    tenka_vk_buffer_free(dev, &dev->absent);
}

size_t tenka_vk_bind_slot_bytes(size_t bytes)
{
    return tenka_align(bytes, TENKA_OPERAND_ALIGN) + SCALAR_WINDOW;
}

tenka_status tenka_vk_bind_pool(struct tenka_vk_device *dev, const struct tenka_plan *plan,
                                const struct tenka_vk_step *steps, size_t n, uint32_t recordings, VkDescriptorPool *out)
{
    uint32_t sets = 0, descriptors = 0;
    for (size_t i = 0; i < n; i++)
        if (steps[i].kind == TENKA_VK_DISPATCH) {
            sets += recordings;
            descriptors += recordings * tenka_vk_bindings(plan->nodes[steps[i].node].kernel);
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
    VK_MAKE(dev, *out, dev->vk.vkCreateDescriptorPool(dev->handle, &info, NULL, out));
    dev->base.objects++;
    return TENKA_OK;
}

/* ---- Windows ---- */

static VkDescriptorBufferInfo slot_window(const struct tenka_vk_buffer *slot, size_t begin, size_t end)
{
    return (VkDescriptorBufferInfo){
        .buffer = slot->handle,
        .offset = slot->offset + begin,
        .range = end - begin,
    };
}

/* What a binding shows of operand i of a dispatch's nodes, reads before writes. */
static VkDescriptorBufferInfo window(const struct tenka_vk_device *dev, const struct tenka_vk_buffer *slot,
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
    if (range.memory == NULL)
        return slot_window(slot, range.begin, range.end);
    const uint32_t index = i < node->n_in ? node->in[i] : node->out[i - node->n_in];
    return (VkDescriptorBufferInfo){
        .buffer = ((const struct tenka_vk_buffer *)plan->operands[index].buffer)->handle,
        .offset = range.begin,
        .range = range.end - range.begin,
    };
}

static VkDescriptorBufferInfo scalar_window(const struct tenka_vk_buffer *slot, const struct tenka_plan *plan,
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
static uint32_t list_windows(const struct tenka_vk_device *dev, const struct tenka_vk_buffer *slot,
                             const struct tenka_plan *plan, const struct tenka_vk_step *step,
                             VkDescriptorBufferInfo out[TENKA_VK_BINDINGS])
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

tenka_status tenka_vk_bind(struct tenka_vk_device *dev, VkDescriptorPool pool, const struct tenka_plan *plan,
                           const struct tenka_vk_step *step, const struct tenka_vk_buffer *slot, VkDescriptorSet *out)
{
    const VkDescriptorSetLayout layout = tenka_vk_set_layout(dev, plan->nodes[step->node].kernel);
    VkDescriptorBufferInfo windows[TENKA_VK_BINDINGS];
    const uint32_t count = list_windows(dev, slot, plan, step, windows);
    const VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = pool,
        .descriptorSetCount = 1,
        .pSetLayouts = &layout,
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
