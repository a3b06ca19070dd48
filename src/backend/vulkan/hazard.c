/* The barrier tracker and, apart from it, the checker of what it decided. */
#include "backend/vulkan/hazard.h"

static bool collides(const struct tenka_vk_tracker *tracker, const struct tenka_vk_access *access)
{
    for (size_t i = 0; i < tracker->count; i++) {
        const struct tenka_vk_access *old = &tracker->pending[i];
        if (old->buffer == access->buffer && (old->write || access->write) && old->begin < access->end &&
            access->begin < old->end)
            return true;
    }
    return false;
}

/* The bytes that a node touches; the submission's input bytes are only read and need no order. */
static size_t list_accesses(const struct tenka_plan *plan, const struct tenka_node *node,
                            struct tenka_vk_access out[TENKA_MAX_READS + TENKA_MAX_OUT])
{
    size_t count = 0;
    for (uint32_t i = 0; i < node->n_in + node->n_out; i++) {
        const bool write = i >= node->n_in;
        const uint32_t index = write ? node->out[i - node->n_in] : node->in[i];
        const struct tenka_operand *operand = index == TENKA_ABSENT ? NULL : &plan->operands[index];
        if (operand && operand->buffer)
            out[count++] = (struct tenka_vk_access){
                .buffer = operand->buffer,
                .begin = operand->offset,
                .end = operand->offset + tenka_align(operand->bytes, 4),
                .write = write,
            };
    }
    return count;
}

tenka_status tenka_vk_tracker_add(struct tenka_vk_tracker *tracker, struct tenka_error *err,
                                  const struct tenka_plan *plan, const struct tenka_node *node, bool *barrier)
{
    struct tenka_vk_access accesses[TENKA_MAX_READS + TENKA_MAX_OUT];
    const size_t count = list_accesses(plan, node, accesses);
    *barrier = false;
    for (size_t i = 0; i < count; i++)
        *barrier = *barrier || collides(tracker, &accesses[i]);
    if (*barrier)
        tracker->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!tenka_grow(&tracker->pending, &tracker->capacity, tracker->count, sizeof *tracker->pending))
            return tenka_fail_nomem(err);
        tracker->pending[tracker->count++] = accesses[i];
    }
    return TENKA_OK;
}

void tenka_vk_tracker_finish(struct tenka_vk_tracker *tracker)
{
    tenka_free(tracker->pending);
    *tracker = (struct tenka_vk_tracker){0};
}

/* ---- The checker: shares no code with the tracker ---- */

static bool overlap(const struct tenka_operand *a, const struct tenka_operand *b)
{
    if (!a->buffer || a->buffer != b->buffer)
        return false;
    return a->offset < b->offset ? b->offset - a->offset < a->bytes : a->offset - b->offset < b->bytes;
}

static bool any_overlap(const struct tenka_plan *plan, const uint32_t *a, uint32_t n_a, const uint32_t *b, uint32_t n_b)
{
    for (uint32_t i = 0; i < n_a; i++)
        for (uint32_t k = 0; k < n_b; k++)
            if (a[i] != TENKA_ABSENT && b[k] != TENKA_ABSENT && overlap(&plan->operands[a[i]], &plan->operands[b[k]]))
                return true;
    return false;
}

/* What kind of order the two need, or NULL. */
static const char *dependency(const struct tenka_plan *plan, const struct tenka_node *a, const struct tenka_node *b)
{
    if (any_overlap(plan, a->out, a->n_out, b->in, b->n_in))
        return "reads what";
    if (any_overlap(plan, a->out, a->n_out, b->out, b->n_out))
        return "overwrites what";
    if (any_overlap(plan, a->in, a->n_in, b->out, b->n_out))
        return "overwrites what is read by";
    return NULL;
}

static tenka_status check_pair(struct tenka_error *err, const struct tenka_plan *plan, const struct tenka_vk_step *a,
                               const struct tenka_vk_step *b, bool barrier)
{
    const struct tenka_node *first = &plan->nodes[a->node], *second = &plan->nodes[b->node];
    const char *kind = dependency(plan, first, second);
    if (!kind)
        return TENKA_OK;
    if (a->node > b->node)
        return tenka_fail(err, TENKA_E_DEVICE,
                          "plan %s: node %u (%s) was recorded after node %u (%s), which depends on it",
                          plan->name ? plan->name : "", b->node, second->label, a->node, first->label);
    if (!barrier)
        return tenka_fail(err, TENKA_E_DEVICE, "plan %s: no barrier though node %u (%s) %s node %u (%s) touches",
                          plan->name ? plan->name : "", b->node, second->label, kind, a->node, first->label);
    return TENKA_OK;
}

static tenka_status check_later(struct tenka_error *err, const struct tenka_plan *plan,
                                const struct tenka_vk_step *steps, size_t n, size_t i)
{
    bool barrier = false;
    for (size_t k = i + 1; k < n; k++) {
        if (steps[k].kind == TENKA_VK_BARRIER)
            barrier = true;
        else
            TENKA_TRY(check_pair(err, plan, &steps[i], &steps[k], barrier));
    }
    return TENKA_OK;
}

/* A node without work has no dispatch. */
static bool has_work(const struct tenka_plan *plan, const struct tenka_node *node)
{
    const struct tenka_operand *first = &plan->operands[node->out[0]];
    return tenka_shape_count(&first->desc.shape) > 0;
}

static tenka_status check_all_there(struct tenka_error *err, const struct tenka_plan *plan,
                                    const struct tenka_vk_step *steps, size_t n)
{
    for (size_t node = 0; node < plan->n_nodes; node++) {
        bool found = !has_work(plan, &plan->nodes[node]);
        for (size_t i = 0; i < n && !found; i++)
            found = steps[i].kind == TENKA_VK_DISPATCH && steps[i].node == node;
        if (!found)
            return tenka_fail(err, TENKA_E_DEVICE, "plan %s: node %zu (%s) was not recorded",
                              plan->name ? plan->name : "", node, plan->nodes[node].label);
    }
    return TENKA_OK;
}

tenka_status tenka_vulkan_check_hazards(struct tenka_error *err, const struct tenka_plan *plan,
                                        const struct tenka_vk_step *steps, size_t n)
{
    if (n == 0 || steps[0].kind != TENKA_VK_BARRIER)
        return tenka_fail(err, TENKA_E_DEVICE, "plan %s does not begin with a barrier", plan->name ? plan->name : "");
    for (size_t i = 0; i < n; i++)
        if (steps[i].kind == TENKA_VK_DISPATCH && steps[i].node >= plan->n_nodes)
            return tenka_fail(err, TENKA_E_DEVICE, "step %zu dispatches node %u of %zu", i, steps[i].node,
                              plan->n_nodes);
    TENKA_TRY(check_all_there(err, plan, steps, n));
    for (size_t i = 0; i < n; i++)
        if (steps[i].kind == TENKA_VK_DISPATCH)
            TENKA_TRY(check_later(err, plan, steps, n, i));
    return TENKA_OK;
}
