/* Labels around dispatches, which debuggers and profilers of GPUs show as a tree: phase, layer, dispatch. Below a
 * dispatch stands what its bindings are called, since many tensors share a Vulkan buffer. */
#include <stdio.h>

#include "backend/vulkan/labels.h"
#include "backend/vulkan/memory.h"

static void open_region(struct tenka_vk_device *dev, VkCommandBuffer commands, const char *name)
{
    const VkDebugUtilsLabelEXT label = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT, .pLabelName = name};
    if (name[0] != '\0')
        dev->instance->begin_label(commands, &label);
}

static void close_region(struct tenka_vk_device *dev, VkCommandBuffer commands, const char *name)
{
    if (name[0] != '\0')
        dev->instance->end_label(commands);
}

static void close_layer(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels)
{
    close_region(dev, commands, labels->layer);
    labels->layer[0] = '\0';
}

void tenka_vk_labels_close(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels)
{
    if (!dev->instance->debug_utils)
        return;
    close_layer(dev, commands, labels);
    close_region(dev, commands, tenka_phase_name(labels->phase));
    labels->phase = TENKA_PHASE_NONE;
}

static const char *name_of(const struct tenka_operand *operand)
{
    if (operand->name != NULL)
        return operand->name;
    return operand->buffer != NULL ? "a temporary" : "an input";
}

/* "binding 1 reads base_net.0.weight (f32 [20, 1, 5, 5], 2000 bytes at 512)" */
static void insert_operand(struct tenka_vk_device *dev, VkCommandBuffer commands, const struct tenka_plan *plan,
                           const struct tenka_node *node, uint32_t i)
{
    const uint32_t index = i < node->n_in ? node->in[i] : node->out[i - node->n_in];
    char text[240], shape[TENKA_SHAPE_TEXT];
    const VkDebugUtilsLabelEXT label = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT, .pLabelName = text};
    if (index == TENKA_ABSENT)
        return;
    const struct tenka_operand *operand = &plan->operands[index];
    const struct tenka_vk_range range = tenka_vk_range_of(operand);
    snprintf(text, sizeof(text), "binding %u %s %.90s (%s %s, %zu bytes at %zu)", i,
             i < node->n_in ? "reads" : "writes", name_of(operand), tenka_dtype_name(operand->desc.dtype),
             tenka_shape_text(&operand->desc.shape, shape), operand->bytes, range.begin);
    dev->instance->insert_label(commands, &label);
}

static void insert_operands(struct tenka_vk_device *dev, VkCommandBuffer commands, const struct tenka_plan *plan,
                            const struct tenka_vk_step *step)
{
    for (uint32_t j = 0; j < step->jobs; j++) {
        const struct tenka_node *node = &plan->nodes[step->node + j];
        for (uint32_t i = 0; i < node->n_in + node->n_out; i++)
            insert_operand(dev, commands, plan, node, i);
    }
}

void tenka_vk_labels_begin(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels,
                           const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    char layer[sizeof(labels->layer)], text[sizeof(node->label) + 32];
    if (!dev->instance->debug_utils)
        return;
    tenka_nodes_layer(node, step->jobs, layer, sizeof(layer));
    if (node->phase != labels->phase) {
        tenka_vk_labels_close(dev, commands, labels);
        labels->phase = node->phase;
        open_region(dev, commands, tenka_phase_name(labels->phase));
    }
    if (strcmp(layer, labels->layer) != 0) {
        close_layer(dev, commands, labels);
        memcpy(labels->layer, layer, sizeof(layer));
        open_region(dev, commands, labels->layer);
    }
    open_region(dev, commands, tenka_nodes_label(node, step->jobs, text, sizeof(text)));
    if (dev->instance->captured)
        insert_operands(dev, commands, plan, step);
}

void tenka_vk_labels_end(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    if (dev->instance->debug_utils)
        dev->instance->end_label(commands);
}
