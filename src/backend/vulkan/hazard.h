/* Order within a program: the tracker that decides where barriers stand, and an independent checker of its decisions.
 * Sees nothing of Vulkan. */
#ifndef TENKA_VULKAN_HAZARD_H
#define TENKA_VULKAN_HAZARD_H

#include "backend/backend.h"
#include "backend/vulkan/range.h"

enum tenka_vk_step_kind { TENKA_VK_BARRIER, TENKA_VK_DISPATCH };

/* One command of a recorded program. */
struct tenka_vk_step {
    enum tenka_vk_step_kind kind;
    uint32_t node, jobs;             /* a dispatch runs the nodes node .. node + jobs - 1 */
    int32_t piece_first, piece_rows; /* rows of operand 0 that are bound, or that are added; piece_rows 0: all */
    uint32_t variant;                /* of the node's kernel */
    size_t table;                    /* of a kernel with jobs: where its table lies in the slot */
};

/* What a dispatch binds as operand i of its nodes, reads before writes: one range over those of all, which may hold
 * what is of none of them. false: the operand is absent. */
bool tenka_vk_step_range(const struct tenka_plan *plan, const struct tenka_vk_step *step, uint32_t i,
                         struct tenka_vk_range *out);

/* What has been bound since the last barrier. */
struct tenka_vk_access {
    struct tenka_vk_range range;
    bool write;
};
struct tenka_vk_tracker {
    struct tenka_vk_access *pending;
    size_t count, capacity;
};
/* Notes what a dispatch binds; *barrier: whether it must wait for what was noted before, which is then forgotten. What
 * is bound and not only what is touched, since the validation layer cannot tell the two apart. */
tenka_status tenka_vk_tracker_add(struct tenka_vk_tracker *tracker, struct tenka_error *err,
                                  const struct tenka_plan *plan, const struct tenka_vk_step *step, bool *barrier);
void tenka_vk_tracker_finish(struct tenka_vk_tracker *tracker);

/* Compares all pairs of dispatches, knowing nothing of the tracker: two that touch the same bytes, one of them
 * writing, must stand in the plan's order with a barrier between them, as must two that only bind them. The nodes of
 * one dispatch must be independent. The first step must be a barrier, and every node must be dispatched. E_DEVICE with
 * a sentence that names both nodes. */
TENKA_API tenka_status tenka_vulkan_check_hazards(struct tenka_error *err, const struct tenka_plan *plan,
                                                  const struct tenka_vk_step *steps, size_t n);

#endif
