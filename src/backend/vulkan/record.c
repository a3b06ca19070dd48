/* Writes dispatches, barriers, labels and looks at the clock into command buffers. */
#include "backend/vulkan/bind.h"
#include "backend/vulkan/commands.h"
#include "backend/vulkan/jobs.h"
#include "backend/vulkan/labels.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/record.h"
#include "backend/vulkan/shaders.h"
#include "op/tiles.h"

static struct tenka_vk_push push_of(const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    struct tenka_vk_push push = {
        .n = (uint32_t)tenka_vk_work(plan, node, step->variant),
        .scalars = (uint32_t)(node->scalars % TENKA_OPERAND_ALIGN / 4),
    };
    memcpy(push.params, node->params, sizeof(push.params));
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

static tenka_status record_dispatch(struct tenka_vk_device *dev, const struct tenka_vk_recording *rec,
                                    const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &rec->plan->nodes[step->node];
    const struct tenka_vk_push push = push_of(rec->plan, step);
    VkPipeline pipeline;
    VkDescriptorSet set;
    TENKA_TRY(tenka_vk_pipeline(dev, node, step->variant, &pipeline));
    TENKA_TRY(tenka_vk_bind(dev, rec->descriptors, rec->plan, step, rec->inputs, &set));
    const VkPipelineLayout layout = tenka_vk_layout(dev, node->kernel);
    dev->vk.vkCmdBindPipeline(rec->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    dev->vk.vkCmdBindDescriptorSets(rec->commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
    dev->vk.vkCmdPushConstants(rec->commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
    dispatch(dev, rec->commands, tenka_vk_blocks(rec->plan, step));
    return TENKA_OK;
}

/* A dispatch under its labels, and between two looks at the clock when it is timed. */
static tenka_status record_labelled(struct tenka_vk_device *dev, const struct tenka_vk_recording *rec,
                                    const struct tenka_vk_step *step, struct tenka_vk_labels *labels, uint32_t number)
{
    tenka_vk_labels_begin(dev, rec->commands, labels, rec->plan, step);
    if (rec->watch != NULL)
        tenka_vk_stopwatch_start(dev, rec->watch, rec->commands, rec->slot, number);
    TENKA_TRY(record_dispatch(dev, rec, step));
    if (rec->watch != NULL)
        tenka_vk_stopwatch_stop(dev, rec->watch, rec->commands, rec->slot, number);
    tenka_vk_labels_end(dev, rec->commands);
    return TENKA_OK;
}

/* Does what the list of steps says and nothing else: what the checker sees is what runs. */
static tenka_status record_steps(struct tenka_vk_device *dev, const struct tenka_vk_recording *rec)
{
    struct tenka_vk_labels labels = {.phase = TENKA_PHASE_NONE};
    uint32_t number = 0;
    for (size_t i = 0; i < rec->n_steps; i++) {
        if (rec->steps[i].kind == TENKA_VK_DISPATCH)
            TENKA_TRY(record_labelled(dev, rec, &rec->steps[i], &labels, number++));
        else if (i == 0)
            tenka_vk_full_barrier(dev, rec->commands);
        else
            tenka_vk_shader_barrier(dev, rec->commands);
    }
    tenka_vk_labels_close(dev, rec->commands, &labels);
    return TENKA_OK;
}

tenka_status tenka_vk_record(struct tenka_vk_device *dev, const struct tenka_vk_recording *rec)
{
    TENKA_TRY(tenka_vk_commands_begin(dev, rec->commands, 0));
    if (rec->watch != NULL)
        tenka_vk_stopwatch_reset(dev, rec->watch, rec->commands, rec->slot);
    TENKA_TRY(record_steps(dev, rec));
    if (tenka_vk_is_unified(dev))
        tenka_vk_host_barrier(dev, rec->commands);
    return tenka_vk_commands_end(dev, rec->commands);
}
