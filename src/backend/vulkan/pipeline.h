/* Layouts and pipelines of kernels. */
#ifndef TENKA_VULKAN_PIPELINE_H
#define TENKA_VULKAN_PIPELINE_H

#include "backend/vulkan/device.h"
#include "op/variant.h"

tenka_status tenka_vk_pipelines_open(struct tenka_vk_device *dev);
void tenka_vk_pipelines_finish(struct tenka_vk_device *dev);

/* Storage buffers that a kernel binds: reads, writes, and the slot when it has scalars or jobs. */
uint32_t tenka_vk_bindings(enum tenka_kernel kernel);
/* Of a kernel whose pipeline was asked for. */
VkDescriptorSetLayout tenka_vk_set_layout(const struct tenka_vk_device *dev, enum tenka_kernel kernel);
VkPipelineLayout tenka_vk_layout(const struct tenka_vk_device *dev, enum tenka_kernel kernel);
/* A node's kernel, for its storage type, in a variant (an index into tenka_variants()) and with the constants of its
 * shape; the device keeps it. Of the node nothing else counts. */
tenka_status tenka_vk_pipeline(struct tenka_vk_device *dev, const struct tenka_node *node, uint32_t variant,
                               VkPipeline *out);
/* The same that nobody keeps. */
tenka_status tenka_vk_compile(struct tenka_vk_device *dev, const struct tenka_node *node, uint32_t variant,
                              VkPipelineCreateFlags flags, VkPipeline *out);
/* Whether it is there already. */
bool tenka_vk_has_pipeline(const struct tenka_vk_device *dev, const struct tenka_node *node, uint32_t variant);
/* Whether two nodes have one pipeline. */
bool tenka_vk_share_pipeline(const struct tenka_node *a, uint32_t variant_a, const struct tenka_node *b,
                             uint32_t variant_b);
/* Pipelines that are kept. */
size_t tenka_vk_pipeline_count(const struct tenka_vk_device *dev);

#endif
