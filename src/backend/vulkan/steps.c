/* Turns a plan into the list of commands that each recording repeats: dispatches, in pieces where an operand is larger
 * than a binding, in turns where there is more to add than one may loop over, and the barriers between them. */
#include "backend/vulkan/jobs.h"
#include "backend/vulkan/memory.h"
#include "backend/vulkan/shaders.h"
#include "backend/vulkan/steps.h"
#include "backend/vulkan/testing.h"
#include "op/tiles.h"

struct list {
    struct tenka_vk_step *items;
    size_t count, capacity;
    uint32_t barriers; /* that dispatches needed */
    uint32_t forgotten;
};

static tenka_status append(struct list *list, struct tenka_error *err, struct tenka_vk_step step)
{
    if (!tenka_grow(&list->items, &list->capacity, list->count, sizeof(*list->items)))
        return tenka_fail_nomem(err);
    list->items[list->count++] = step;
    return TENKA_OK;
}

/* Rows of x that one binding holds: as many as fit of those whose next row begins at a window's alignment. */
static int32_t rows_that_fit(const struct tenka_vk_device *dev, size_t row_bytes)
{
    size_t unit = TENKA_OPERAND_ALIGN; /* rows whose bytes are a multiple of the alignment: 256 / gcd(256, row_bytes) */
    while (unit > 1 && row_bytes * (unit / 2) % TENKA_OPERAND_ALIGN == 0)
        unit /= 2;
    const size_t rows = row_bytes ? tenka_vk_max_operand(dev) / row_bytes / unit * unit : 0;
    return rows > INT32_MAX ? INT32_MAX : (int32_t)rows;
}

/* Whether operand 0 is too large for one binding and may be bound in pieces. */
static bool in_pieces(const struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_node *node)
{
    const bool allowed = tenka_passes[node->kernel].flags & TENKA_PASS_PIECES;
    return allowed && node->n_in > 0 && node->in[0] != TENKA_ABSENT &&
           tenka_align(plan->operands[node->in[0]].bytes, TENKA_VK_QUAD) > tenka_vk_max_operand(dev);
}

static tenka_status add_dispatch(struct list *list, struct tenka_vk_tracker *tracker, struct tenka_error *err,
                                 const struct tenka_plan *plan, struct tenka_vk_step step)
{
    bool barrier;
    TENKA_TRY(tenka_vk_tracker_add(tracker, err, plan, &step, &barrier));
    if (barrier && list->barriers++ != list->forgotten)
        TENKA_TRY(append(list, err, (struct tenka_vk_step){.kind = TENKA_VK_BARRIER}));
    return append(list, err, step);
}

/* The rows of a node that is not run by one dispatch, and how many of them one takes; *all 0: it is. */
static tenka_status divide(const struct tenka_vk_device *dev, const struct tenka_plan *plan,
                           const struct tenka_node *node, int32_t *all, int32_t *fit)
{
    const struct tenka_p_gather *p = (const struct tenka_p_gather *)node->params;
    *all = 0;
    if ((tenka_passes[node->kernel].flags & TENKA_PASS_TURNS) != 0) {
        *fit = GATHER_TURN;
        *all = p->rows > *fit ? p->rows : 0;
    } else if (in_pieces(dev, plan, node)) {
        *fit = rows_that_fit(dev, (size_t)p->row * (p->u8 ? 1 : 4));
        *all = p->src_rows;
        if (*fit == 0)
            return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED,
                              "%s: rows of %d elements cannot be bound in pieces of at most %zu bytes that begin at "
                              "multiples of %d, as %s needs them",
                              node->label, p->row, tenka_vk_max_operand(dev), TENKA_OPERAND_ALIGN, dev->gpu.info.name);
    }
    return TENKA_OK;
}

/* Adds the node of that index, with those behind it that the same dispatch can run; *count: how many these are. */
static tenka_status add_nodes(struct tenka_vk_device *dev, struct list *list, struct tenka_vk_tracker *tracker,
                              const struct tenka_plan *plan, uint32_t index, uint32_t *count)
{
    const struct tenka_node *node = &plan->nodes[index];
    struct tenka_vk_step step = {.kind = TENKA_VK_DISPATCH, .node = index, .jobs = 1};
    int32_t all, fit;
    *count = 1;
    if (!tenka_vk_has_work(plan, node))
        return TENKA_OK;
    TENKA_TRY(divide(dev, plan, node, &all, &fit));
    if (all == 0) {
        tenka_vk_jobs_gather(dev, plan, &step);
        *count = step.jobs;
        return add_dispatch(list, tracker, dev->base.err, plan, step);
    }
    for (int32_t first = 0; first < all; first += step.piece_rows) {
        step.piece_first = first;
        step.piece_rows = all - first < fit ? all - first : fit;
        TENKA_TRY(add_dispatch(list, tracker, dev->base.err, plan, step));
    }
    return TENKA_OK;
}

tenka_status tenka_vk_steps_make(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step **out,
                                 size_t *count)
{
    struct list list = {.forgotten = dev->forgotten};
    struct tenka_vk_tracker tracker = {0};
    *out = NULL;
    *count = 0;
    /* Plans share memory: each recording waits for what ran before it. */
    tenka_status status = append(&list, dev->base.err, (struct tenka_vk_step){.kind = TENKA_VK_BARRIER});
    for (uint32_t i = 0, nodes; i < plan->n_nodes && status == TENKA_OK; i += nodes)
        status = add_nodes(dev, &list, &tracker, plan, i, &nodes);
    tenka_vk_tracker_finish(&tracker);
    if (status == TENKA_OK && dev->validate)
        status = tenka_vulkan_check_hazards(dev->base.err, plan, list.items, list.count);
    if (status != TENKA_OK) {
        tenka_free(list.items);
        return status;
    }
    *out = list.items;
    *count = list.count;
    return TENKA_OK;
}

void tenka_vulkan_forget_barrier(tenka_device *dev, uint32_t index)
{
    tenka_vk_device_of(dev)->forgotten = index;
}
