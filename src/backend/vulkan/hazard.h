/* Order within a program: the tracker that decides where barriers stand, an independent checker of its decisions,
 * and the windows through which tests look at both. Sees nothing of Vulkan. */
#ifndef TENKA_VULKAN_HAZARD_H
#define TENKA_VULKAN_HAZARD_H

#include "backend/backend.h"

enum tenka_vk_step_kind { TENKA_VK_BARRIER, TENKA_VK_DISPATCH };

/* One command of a recorded program. */
struct tenka_vk_step {
    enum tenka_vk_step_kind kind;
    uint32_t node, jobs;             /* a dispatch runs the nodes node .. node + jobs - 1 */
    int32_t piece_first, piece_rows; /* rows of operand 0 that are bound, or that are added; piece_rows 0: all */
    uint32_t variant;                /* of the node's kernel */
    size_t table;                    /* of a kernel with jobs: where its table lies in the slot */
};

/* Bytes of device memory; memory NULL: of the slot's input bytes. */
struct tenka_vk_range {
    const void *memory;
    size_t begin, end;
};
struct tenka_vk_range tenka_vk_range_of(const struct tenka_operand *operand); /* memory.c */
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

/* The same of a program that was prepared from plan: backend.h's check_order. */
tenka_status tenka_vk_check_order(tenka_device *dev, const struct tenka_plan *plan, const tenka_program *prog);

/* For tests: the commands of a program as recorded; the program owns them. */
TENKA_API const struct tenka_vk_step *tenka_vulkan_program_steps(const tenka_program *prog, size_t *n);
/* For tests: pretends that no binding may span more than bytes, so that small tensors are bound in pieces. */
TENKA_API void tenka_vulkan_limit_operand(tenka_device *dev, size_t bytes);
/* For tests: programs that are prepared from now on lack barrier number index between their dispatches; TENKA_ABSENT:
 * none. */
TENKA_API void tenka_vulkan_forget_barrier(tenka_device *dev, uint32_t index);
/* For tests: copies between host and device go through staging, as on a device with memory of its own. */
TENKA_API void tenka_vulkan_force_staging(tenka_device *dev);
/* For tests: the clocks of device and host are compared as on a driver without VK_EXT_calibrated_timestamps. */
TENKA_API void tenka_vulkan_bracket_clock(tenka_device *dev);
/* For tests: the device is kept busy before it is measured, as a GPU is. */
TENKA_API void tenka_vulkan_let_rest(tenka_device *dev);

#endif
