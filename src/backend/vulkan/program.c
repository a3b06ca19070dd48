/* Makes, runs and reads programs. */
#include "backend/vulkan/bind.h"
#include "backend/vulkan/commands.h"
#include "backend/vulkan/jobs.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/program.h"
#include "backend/vulkan/queue.h"
#include "backend/vulkan/record.h"
#include "backend/vulkan/testing.h"

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

tenka_status tenka_vk_check_order(tenka_device *dev, const struct tenka_plan *plan, const tenka_program *prog)
{
    return tenka_vulkan_check_hazards(dev->err, plan, prog->steps, prog->n_steps);
}

/* ---- Making ---- */

static tenka_status make_watch(struct tenka_vk_device *dev, struct tenka_program *prog, const struct tenka_plan *plan)
{
    const uint32_t dispatches = (uint32_t)tenka_vk_program_dispatches(prog);
    if (plan->timing == TENKA_TIMING_NONE || dispatches == 0)
        return TENKA_OK;
    return tenka_vk_stopwatch_create(dev, plan->timing, dispatches, &prog->watch);
}

static tenka_status make_pipelines(struct tenka_vk_device *dev, const struct tenka_program *prog,
                                   const struct tenka_plan *plan)
{
    for (size_t i = 0; i < prog->n_steps; i++) {
        const struct tenka_vk_step *step = &prog->steps[i];
        VkPipeline pipeline;
        if (step->kind == TENKA_VK_DISPATCH)
            TENKA_TRY(tenka_vk_pipeline(dev, &plan->nodes[step->node], step->variant, &pipeline));
    }
    return TENKA_OK;
}

static tenka_status make_commands(struct tenka_vk_device *dev, struct tenka_program *prog, const char *name)
{
    VkCommandBuffer handles[TENKA_SLOTS];
    TENKA_TRY(tenka_vk_commands_pool(dev, TENKA_SLOTS, &prog->commands, handles));
    for (size_t i = 0; i < TENKA_SLOTS; i++) {
        prog->slots[i].commands = handles[i];
        tenka_vk_set_name(dev, VK_OBJECT_TYPE_COMMAND_BUFFER, (uint64_t)(uintptr_t)handles[i], name);
    }
    return TENKA_OK;
}

/* Room for the inputs and the tables of jobs, which are written once. */
static tenka_status make_slots(struct tenka_vk_device *dev, struct tenka_program *prog, const struct tenka_plan *plan)
{
    const size_t bytes = tenka_vk_bind_slot_bytes(tenka_vk_jobs_place(plan, prog->steps, prog->n_steps));
    for (size_t i = 0; i < TENKA_SLOTS; i++) {
        struct slot *slot = &prog->slots[i];
        TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_SLOT, bytes, "slots", &slot->inputs));
        for (size_t k = 0; k < prog->n_steps; k++)
            tenka_vk_jobs_write(plan, &prog->steps[k], slot->inputs->mapped);
    }
    return TENKA_OK;
}

static tenka_status record(struct tenka_vk_device *dev, const struct tenka_program *prog, uint32_t slot,
                           const struct tenka_plan *plan)
{
    const struct tenka_vk_recording recording = {
        .plan = plan,
        .steps = prog->steps,
        .n_steps = prog->n_steps,
        .descriptors = prog->descriptors,
        .watch = prog->watch,
        .slot = slot,
        .inputs = prog->slots[slot].inputs,
        .commands = prog->slots[slot].commands,
    };
    return tenka_vk_record(dev, &recording);
}

static tenka_status program_init(struct tenka_vk_device *dev, struct tenka_program *prog, const struct tenka_plan *plan)
{
    prog->input_bytes = plan->input_bytes;
    TENKA_TRY(make_watch(dev, prog, plan));
    TENKA_TRY(make_pipelines(dev, prog, plan));
    TENKA_TRY(make_commands(dev, prog, plan->name));
    TENKA_TRY(tenka_vk_bind_pool(dev, plan, prog->steps, prog->n_steps, TENKA_SLOTS, &prog->descriptors));
    TENKA_TRY(make_slots(dev, prog, plan));
    for (uint32_t i = 0; i < TENKA_SLOTS; i++)
        TENKA_TRY(record(dev, prog, i, plan));
    return tenka_vk_health(dev);
}

static void program_free(struct tenka_vk_device *dev, struct tenka_program *prog)
{
    if (prog->commands != NULL)
        dev->vk.vkDestroyCommandPool(dev->handle, prog->commands, NULL);
    if (prog->descriptors != NULL)
        dev->vk.vkDestroyDescriptorPool(dev->handle, prog->descriptors, NULL);
    for (size_t i = 0; i < TENKA_SLOTS; i++)
        tenka_vk_buffer_free(dev, &prog->slots[i].inputs);
    tenka_vk_stopwatch_destroy(dev, &prog->watch);
    tenka_free(prog->steps);
    tenka_free(prog);
}

tenka_status tenka_vk_program_make(struct tenka_vk_device *dev, const struct tenka_plan *plan,
                                   struct tenka_vk_step *steps, size_t n, tenka_program **out)
{
    struct tenka_program *prog = *out = tenka_alloc(sizeof(*prog));
    if (prog == NULL) {
        tenka_free(steps);
        return tenka_fail_nomem(dev->base.err);
    }
    prog->steps = steps;
    prog->n_steps = n;
    const tenka_status status = program_init(dev, prog, plan);
    if (status != TENKA_OK) {
        program_free(dev, prog);
        *out = NULL;
    }
    return status;
}

/* ---- Running ---- */

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
    if (prog->watch == NULL)
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
