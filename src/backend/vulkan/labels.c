/* Labels around dispatches, which debuggers and profilers of GPUs show as a tree: phase, layer, dispatch. Below a
 * dispatch stands what its bindings are called, since many tensors share a Vulkan buffer. */
#include <stdio.h>

#include "backend/vulkan/vk.h"

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
    if (operand->name)
        return operand->name;
    return operand->buffer ? "a temporary" : "an input";
}

/* "binding 1: base_net.0.weight, 3136 bytes at 512" */
static void insert_binding(struct tenka_vk_device *dev, VkCommandBuffer commands, const struct tenka_plan *plan,
                           const struct tenka_vk_step *step, uint32_t i)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    const uint32_t operand = i < node->n_in ? node->in[i] : node->out[i - node->n_in];
    char text[160];
    struct tenka_vk_range range;
    const VkDebugUtilsLabelEXT label = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT, .pLabelName = text};
    if (!tenka_vk_step_range(plan, step, i, &range))
        snprintf(text, sizeof text, "binding %u: absent", i);
    else
        snprintf(text, sizeof text, "binding %u: %.90s%s, %zu bytes at %zu", i, name_of(&plan->operands[operand]),
                 step->jobs > 1 ? " and others" : "", range.end - range.begin, range.begin);
    dev->instance->insert_label(commands, &label);
}

void tenka_vk_labels_begin(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels,
                           const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    char layer[sizeof labels->layer], text[sizeof node->label + 32];
    if (!dev->instance->debug_utils)
        return;
    tenka_nodes_layer(node, step->jobs, layer, sizeof layer);
    if (node->phase != labels->phase) {
        tenka_vk_labels_close(dev, commands, labels);
        labels->phase = node->phase;
        open_region(dev, commands, tenka_phase_name(labels->phase));
    }
    if (strcmp(layer, labels->layer) != 0) {
        close_layer(dev, commands, labels);
        memcpy(labels->layer, layer, sizeof layer);
        open_region(dev, commands, labels->layer);
    }
    open_region(dev, commands, tenka_nodes_label(node, step->jobs, text, sizeof text));
    for (uint32_t i = 0; i < node->n_in + node->n_out && dev->instance->captured; i++)
        insert_binding(dev, commands, plan, step, i);
}

void tenka_vk_labels_end(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    if (dev->instance->debug_utils)
        dev->instance->end_label(commands);
}
