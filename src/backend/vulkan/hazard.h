/* Order within a program: the tracker that decides where barriers stand, an independent checker of its decisions,
 * and the windows through which tests look at both. Sees nothing of Vulkan. */
#ifndef TENKA_VULKAN_HAZARD_H
#define TENKA_VULKAN_HAZARD_H

#include "backend/backend.h"

enum tenka_vk_step_kind { TENKA_VK_BARRIER, TENKA_VK_DISPATCH };

/* One command of a recorded program. */
struct tenka_vk_step {
    enum tenka_vk_step_kind kind;
    uint32_t node;
    int32_t piece_first, piece_rows; /* rows of operand 0 that are bound; piece_rows 0: all */
    uint32_t variant;                /* of the node's kernel */
};

/* What has been read and written since the last barrier. */
struct tenka_vk_access {
    const tenka_buffer *buffer;
    size_t begin, end;
    bool write;
};
struct tenka_vk_tracker {
    struct tenka_vk_access *pending;
    size_t count, capacity;
};
/* Notes what a node touches; *barrier: whether it must wait for what was noted before, which is then forgotten. */
tenka_status tenka_vk_tracker_add(struct tenka_vk_tracker *tracker, struct tenka_error *err,
                                  const struct tenka_plan *plan, const struct tenka_node *node, bool *barrier);
void tenka_vk_tracker_finish(struct tenka_vk_tracker *tracker);

/* Compares all pairs of dispatches, knowing nothing of the tracker: two that touch the same bytes, one of them
 * writing, must stand in the plan's order with a barrier between them. The first step must be a barrier, and every
 * node must be dispatched. E_DEVICE with a sentence that names both nodes. */
TENKA_API tenka_status tenka_vulkan_check_hazards(struct tenka_error *err, const struct tenka_plan *plan,
                                                  const struct tenka_vk_step *steps, size_t n);

/* For tests: the commands of a program as recorded; the program owns them. */
TENKA_API const struct tenka_vk_step *tenka_vulkan_program_steps(const tenka_program *prog, size_t *n);
/* For tests: pretends that no binding may span more than bytes, so that small tensors are bound in pieces. */
TENKA_API void tenka_vulkan_limit_operand(tenka_device *dev, size_t bytes);

#endif
