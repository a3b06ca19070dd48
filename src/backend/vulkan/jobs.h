/* What nodes have to do, and which of them share a dispatch. */
#ifndef TENKA_VULKAN_JOBS_H
#define TENKA_VULKAN_JOBS_H

#include "backend/vulkan/device.h"
#include "backend/vulkan/hazard.h"

/* Independent items of a node: invocations or workgroups. */
uint64_t tenka_vk_work(const struct tenka_plan *plan, const struct tenka_node *node, uint32_t variant);
/* Whether there are any, in whatever variant. */
bool tenka_vk_has_work(const struct tenka_plan *plan, const struct tenka_node *node);
/* Lets a dispatch of one node run those behind it, too, as many as can share it. */
void tenka_vk_jobs_gather(const struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *step);

/* Of a dispatch whose variant is chosen: workgroups' worth of items, of all its nodes. */
uint32_t tenka_vk_blocks(const struct tenka_plan *plan, const struct tenka_vk_step *step);
/* Gives the tables their places behind a slot's input bytes; returns the bytes of a slot. */
size_t tenka_vk_jobs_place(const struct tenka_plan *plan, struct tenka_vk_step *steps, size_t n);
/* What a dispatch with jobs binds of the slot. */
struct tenka_vk_range tenka_vk_jobs_slot_range(const struct tenka_plan *plan, const struct tenka_vk_step *step);
/* Writes a dispatch's table, if it has one, into the slot. */
void tenka_vk_jobs_write(const struct tenka_plan *plan, const struct tenka_vk_step *step, char *slot);

#endif
