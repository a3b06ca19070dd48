/* The barrier tracker and, apart from it, the checker of what it decided. */
#include "backend/vulkan/hazard.h"

#include "backend/vulkan/memory.h"

static uint32_t operand_of(const struct tenka_node *node, uint32_t i)
{
    return i < node->n_in ? node->in[i] : node->out[i - node->n_in];
}

bool tenka_vk_step_range(const struct tenka_plan *plan, const struct tenka_vk_step *step, uint32_t i,
                         struct tenka_vk_range *out)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    if (operand_of(node, i) == TENKA_ABSENT)
        return false;
    *out = tenka_vk_range_of(&plan->operands[operand_of(node, i)]);
    for (uint32_t j = 1; j < step->jobs; j++) {
        const struct tenka_vk_range range = tenka_vk_range_of(&plan->operands[operand_of(node + j, i)]);
        out->begin = range.begin < out->begin ? range.begin : out->begin;
        out->end = range.end > out->end ? range.end : out->end;
    }
    return true;
}

static bool collides(const struct tenka_vk_tracker *tracker, const struct tenka_vk_access *access)
{
    for (size_t i = 0; i < tracker->count; i++) {
        const struct tenka_vk_access *old = &tracker->pending[i];
        if (old->range.memory == access->range.memory && (old->write || access->write) &&
            old->range.begin < access->range.end && access->range.begin < old->range.end)
            return true;
    }
    return false;
}

/* What a dispatch binds; the submission's input bytes are only read and need no order. */
static size_t list_accesses(const struct tenka_plan *plan, const struct tenka_vk_step *step,
                            struct tenka_vk_access out[TENKA_MAX_READS + TENKA_MAX_OUT])
{
    const struct tenka_node *node = &plan->nodes[step->node];
    size_t count = 0;
    for (uint32_t i = 0; i < node->n_in + node->n_out; i++) {
        struct tenka_vk_access access = {.write = i >= node->n_in};
        if (tenka_vk_step_range(plan, step, i, &access.range) && access.range.memory != NULL)
            out[count++] = access;
    }
    return count;
}

tenka_status tenka_vk_tracker_add(struct tenka_vk_tracker *tracker, struct tenka_error *err,
                                  const struct tenka_plan *plan, const struct tenka_vk_step *step, bool *barrier)
{
    struct tenka_vk_access accesses[TENKA_MAX_READS + TENKA_MAX_OUT];
    const size_t count = list_accesses(plan, step, accesses);
    *barrier = false;
    for (size_t i = 0; i < count; i++)
        *barrier = *barrier || collides(tracker, &accesses[i]);
    if (*barrier)
        tracker->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!tenka_grow(&tracker->pending, &tracker->capacity, tracker->count, sizeof(*tracker->pending)))
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
    if (a->buffer == NULL || a->buffer != b->buffer)
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

static tenka_status check_nodes(struct tenka_error *err, const struct tenka_plan *plan, uint32_t a, uint32_t b,
                                bool barrier)
{
    const struct tenka_node *first = &plan->nodes[a], *second = &plan->nodes[b];
    const char *kind = dependency(plan, first, second);
    if (kind == NULL)
        return TENKA_OK;
    if (a > b)
        return tenka_fail(err, TENKA_E_DEVICE,
                          "plan %s: node %u (%s) was recorded after node %u (%s), which depends on it",
                          plan->name != NULL ? plan->name : "", b, second->label, a, first->label);
    if (!barrier)
        return tenka_fail(err, TENKA_E_DEVICE, "plan %s: no barrier though node %u (%s) %s node %u (%s) touches",
                          plan->name != NULL ? plan->name : "", b, second->label, kind, a, first->label);
    return TENKA_OK;
}

/* The bytes from the first to the last that operand i of a dispatch's nodes has. */
static struct tenka_vk_range hull(const struct tenka_plan *plan, const struct tenka_vk_step *step, bool write,
                                  uint32_t i)
{
    struct tenka_vk_range all = {NULL, SIZE_MAX, 0};
    for (uint32_t node = step->node; node < step->node + step->jobs; node++) {
        const uint32_t index = write ? plan->nodes[node].out[i] : plan->nodes[node].in[i];
        if (index == TENKA_ABSENT)
            continue;
        const struct tenka_vk_range one = tenka_vk_range_of(&plan->operands[index]);
        all.memory = one.memory;
        if (one.begin < all.begin)
            all.begin = one.begin;
        if (one.end > all.end)
            all.end = one.end;
    }
    return all;
}

/* Whether b binds for anything what a binds for writing. */
static bool binds_written(const struct tenka_plan *plan, const struct tenka_vk_step *a, const struct tenka_vk_step *b)
{
    const struct tenka_node *first = &plan->nodes[a->node], *second = &plan->nodes[b->node];
    for (uint32_t i = 0; i < first->n_out; i++)
        for (uint32_t k = 0; k < second->n_in + second->n_out; k++) {
            const bool write = k >= second->n_in;
            const struct tenka_vk_range one = hull(plan, a, true, i);
            const struct tenka_vk_range other = hull(plan, b, write, write ? k - second->n_in : k);
            if (one.memory != NULL && one.memory == other.memory && one.begin < other.end && other.begin < one.end)
                return true;
        }
    return false;
}

static tenka_status check_pair(struct tenka_error *err, const struct tenka_plan *plan, const struct tenka_vk_step *a,
                               const struct tenka_vk_step *b, bool barrier)
{
    for (uint32_t i = 0; i < a->jobs; i++)
        for (uint32_t k = 0; k < b->jobs; k++)
            TENKA_TRY(check_nodes(err, plan, a->node + i, b->node + k, barrier));
    if (!barrier && (binds_written(plan, a, b) || binds_written(plan, b, a)))
        return tenka_fail(err, TENKA_E_DEVICE,
                          "plan %s: no barrier though node %u (%s) binds memory that node %u (%s) binds, too, and one "
                          "of them writes",
                          plan->name != NULL ? plan->name : "", b->node, plan->nodes[b->node].label, a->node,
                          plan->nodes[a->node].label);
    return TENKA_OK;
}

/* The nodes of one dispatch run in no order. */
static tenka_status check_jobs(struct tenka_error *err, const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    for (uint32_t b = step->node + 1; b < step->node + step->jobs; b++)
        for (uint32_t a = step->node; a < b; a++) {
            if (plan->nodes[a].kernel != plan->nodes[b].kernel)
                return tenka_fail(err, TENKA_E_DEVICE, "plan %s: nodes %u (%s) and %u (%s) share a dispatch",
                                  plan->name != NULL ? plan->name : "", a, plan->nodes[a].label, b,
                                  plan->nodes[b].label);
            TENKA_TRY(check_nodes(err, plan, a, b, false));
        }
    return TENKA_OK;
}

static tenka_status check_later(struct tenka_error *err, const struct tenka_plan *plan,
                                const struct tenka_vk_step *steps, size_t n, size_t i)
{
    bool barrier = false;
    TENKA_TRY(check_jobs(err, plan, &steps[i]));
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
            found = steps[i].kind == TENKA_VK_DISPATCH && steps[i].node <= node && node - steps[i].node < steps[i].jobs;
        if (!found)
            return tenka_fail(err, TENKA_E_DEVICE, "plan %s: node %zu (%s) was not recorded",
                              plan->name != NULL ? plan->name : "", node, plan->nodes[node].label);
    }
    return TENKA_OK;
}

tenka_status tenka_vulkan_check_hazards(struct tenka_error *err, const struct tenka_plan *plan,
                                        const struct tenka_vk_step *steps, size_t n)
{
    if (n == 0 || steps[0].kind != TENKA_VK_BARRIER)
        return tenka_fail(err, TENKA_E_DEVICE, "plan %s does not begin with a barrier",
                          plan->name != NULL ? plan->name : "");
    for (size_t i = 0; i < n; i++)
        if (steps[i].kind == TENKA_VK_DISPATCH &&
            (steps[i].node >= plan->n_nodes || steps[i].jobs == 0 || steps[i].jobs > plan->n_nodes - steps[i].node))
            return tenka_fail(err, TENKA_E_DEVICE, "step %zu dispatches %u nodes from node %u of %zu", i, steps[i].jobs,
                              steps[i].node, plan->n_nodes);
    TENKA_TRY(check_all_there(err, plan, steps, n));
    for (size_t i = 0; i < n; i++)
        if (steps[i].kind == TENKA_VK_DISPATCH)
            TENKA_TRY(check_later(err, plan, steps, n, i));
    return TENKA_OK;
}
