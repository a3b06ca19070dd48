/* Jobs: nodes of one kernel, one behind the other and independent of each other, that one dispatch runs. Their
 * operands are bound as one range over all of them. A table behind the slot's input bytes tells the shader where each
 * node's part begins, of the work and of the operands; shaders/common/jobs.glsl reads it:
 *
 *   number of jobs
 *   of each job, in order: first block | elements of its first write | of its first read | word of its first scalar |
 *                          element of each operand (reads, then writes) at which the job's own begins
 *
 * Words of 32 bits. A block is a workgroup's worth of items; jobs begin with a block of their own. */
#include "backend/vulkan/jobs.h"
#include "backend/vulkan/memory.h"
#include "op/variant.h"

#define JOB_WORDS 4

static bool has_jobs(const struct tenka_vk_step *step, const struct tenka_plan *plan)
{
    return step->kind == TENKA_VK_DISPATCH && (tenka_passes[plan->nodes[step->node].kernel].flags & TENKA_PASS_JOBS);
}

static uint32_t operand_count(const struct tenka_node *node)
{
    return node->n_in + node->n_out;
}

static uint32_t operand_of(const struct tenka_node *node, uint32_t i)
{
    return i < node->n_in ? node->in[i] : node->out[i - node->n_in];
}

/* ---- Work ---- */

uint64_t tenka_vk_work(const struct tenka_plan *plan, const struct tenka_node *node, uint32_t variant)
{
    const struct tenka_operand *first = &plan->operands[node->out[0]];
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(node->kernel, &count);
    return tenka_passes[node->kernel].work(&variants[variant], node->params, tenka_shape_count(&first->desc.shape));
}

bool tenka_vk_has_work(const struct tenka_plan *plan, const struct tenka_node *node)
{
    return tenka_vk_work(plan, node, 0) > 0; /* variants divide it differently, but none has something of nothing */
}

/* ---- Which nodes ---- */

static bool same_call(const struct tenka_node *a, const struct tenka_node *b)
{
    if (a->kernel != b->kernel || memcmp(a->params, b->params, sizeof(a->params)) != 0)
        return false;
    for (uint32_t i = 0; i < operand_count(a); i++)
        if ((operand_of(a, i) == TENKA_ABSENT) != (operand_of(b, i) == TENKA_ABSENT))
            return false;
    return true;
}

static bool collide(const struct tenka_plan *plan, const struct tenka_node *a, const struct tenka_node *b)
{
    for (uint32_t i = 0; i < operand_count(a); i++) {
        if (operand_of(a, i) == TENKA_ABSENT)
            continue;
        const struct tenka_vk_range one = tenka_vk_range_of(&plan->operands[operand_of(a, i)]);
        for (uint32_t k = i < a->n_in ? b->n_in : 0; k < operand_count(b); k++) {
            if (operand_of(b, k) == TENKA_ABSENT)
                continue;
            const struct tenka_vk_range other = tenka_vk_range_of(&plan->operands[operand_of(b, k)]);
            if (one.memory == other.memory && one.begin < other.end && other.begin < one.end)
                return true;
        }
    }
    return false;
}

/* Whether each operand can be bound as one range over all jobs. */
static bool bindable(const struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *first = &plan->nodes[step->node], *last = first + step->jobs - 1;
    for (uint32_t i = 0; i < operand_count(first); i++) {
        struct tenka_vk_range range;
        if (!tenka_vk_step_range(plan, step, i, &range))
            continue;
        if (tenka_vk_range_of(&plan->operands[operand_of(last, i)]).memory != range.memory ||
            range.end - range.begin > tenka_vk_max_operand(dev))
            return false;
    }
    return true;
}

/* Whether the node behind a dispatch's last may join it. */
static bool joins(const struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *first = &plan->nodes[step->node], *next = first + step->jobs;
    if (step->node + step->jobs == plan->n_nodes || !same_call(first, next) || !tenka_vk_has_work(plan, next))
        return false;
    for (uint32_t i = 0; i < step->jobs; i++)
        if (collide(plan, first + i, next))
            return false;
    struct tenka_vk_step longer = *step;
    longer.jobs++;
    return bindable(dev, plan, &longer);
}

void tenka_vk_jobs_gather(const struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *step)
{
    while (has_jobs(step, plan) && joins(dev, plan, step))
        step->jobs++;
}

/* ---- The table ---- */

static size_t table_bytes(const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    return (1 + (size_t)step->jobs * (JOB_WORDS + operand_count(&plan->nodes[step->node]))) * sizeof(uint32_t);
}

size_t tenka_vk_jobs_place(const struct tenka_plan *plan, struct tenka_vk_step *steps, size_t n)
{
    size_t end = tenka_align(plan->input_bytes, sizeof(uint32_t));
    for (size_t i = 0; i < n; i++) {
        if (!has_jobs(&steps[i], plan))
            continue;
        steps[i].table = end;
        end += table_bytes(plan, &steps[i]);
    }
    return end;
}

/* From the jobs' first scalar to the table's end. */
struct tenka_vk_range tenka_vk_jobs_slot_range(const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    size_t begin = step->table;
    for (uint32_t j = 0; j < step->jobs && tenka_ops[tenka_passes[node->kernel].op].n_scalars > 0; j++)
        begin = node[j].scalars < begin ? node[j].scalars : begin;
    begin = begin / TENKA_OPERAND_ALIGN * TENKA_OPERAND_ALIGN;
    return (struct tenka_vk_range){NULL, begin, step->table + table_bytes(plan, step)};
}

static uint32_t blocks_of(const struct tenka_plan *plan, const struct tenka_node *node, uint32_t variant)
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(node->kernel, &count);
    const uint64_t work = tenka_vk_work(plan, node, variant);
    const uint32_t size = tenka_passes[node->kernel].unit == TENKA_UNIT_EACH ? variants[variant].local : 1;
    return (uint32_t)(work / size + (work % size > 0));
}

uint32_t tenka_vk_blocks(const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    uint32_t blocks = 0;
    for (uint32_t j = 0; j < step->jobs; j++)
        blocks += blocks_of(plan, &plan->nodes[step->node + j], step->variant);
    return blocks;
}

static uint32_t *write_job(const struct tenka_plan *plan, const struct tenka_vk_step *step,
                           const struct tenka_node *node, uint32_t block, uint32_t *at)
{
    const size_t slot = tenka_vk_jobs_slot_range(plan, step).begin;
    *at++ = block;
    *at++ = (uint32_t)tenka_shape_count(&plan->operands[node->out[0]].desc.shape);
    *at++ = (uint32_t)tenka_shape_count(&plan->operands[node->in[0]].desc.shape);
    *at++ = (uint32_t)((node->scalars - slot) / sizeof(uint32_t));
    for (uint32_t i = 0; i < operand_count(node); i++) {
        struct tenka_vk_range bound;
        const bool there = tenka_vk_step_range(plan, step, i, &bound);
        const size_t begin = there ? tenka_vk_range_of(&plan->operands[operand_of(node, i)]).begin - bound.begin : 0;
        *at++ = (uint32_t)(begin / sizeof(uint32_t));
    }
    return at;
}

void tenka_vk_jobs_write(const struct tenka_plan *plan, const struct tenka_vk_step *step, char *slot)
{
    uint32_t block = 0;
    if (!has_jobs(step, plan))
        return;
    uint32_t *at = (uint32_t *)(void *)(slot + step->table);
    *at++ = step->jobs;
    for (uint32_t j = 0; j < step->jobs; j++) {
        const struct tenka_node *node = &plan->nodes[step->node + j];
        at = write_job(plan, step, node, block, at);
        block += blocks_of(plan, node, step->variant);
    }
}
