/* Pools, recording's begin and end, and barriers. */
#include "backend/vulkan/commands.h"

static tenka_status make_pool(struct tenka_vk_device *dev, VkCommandPoolCreateFlags flags, VkCommandPool *pool)
{
    const VkCommandPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = flags,
        .queueFamilyIndex = dev->gpu.family,
    };
    VK_MAKE(dev, *pool, dev->vk.vkCreateCommandPool(dev->handle, &info, NULL, pool));
    dev->base.objects++;
    return TENKA_OK;
}

static tenka_status allocate(struct tenka_vk_device *dev, VkCommandPool pool, uint32_t count, VkCommandBuffer *out)
{
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = count,
    };
    VK_MAKE(dev, *out, dev->vk.vkAllocateCommandBuffers(dev->handle, &info, out));
    dev->base.objects += count;
    return TENKA_OK;
}

tenka_status tenka_vk_commands_open(struct tenka_vk_device *dev)
{
    return make_pool(dev, VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT, &dev->commands);
}

void tenka_vk_commands_finish(struct tenka_vk_device *dev)
{
    if (dev->commands != NULL)
        dev->vk.vkDestroyCommandPool(dev->handle, dev->commands, NULL);
}

tenka_status tenka_vk_commands_make(struct tenka_vk_device *dev, VkCommandBuffer *out)
{
    return allocate(dev, dev->commands, 1, out);
}

void tenka_vk_commands_free(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    if (commands != NULL)
        dev->vk.vkFreeCommandBuffers(dev->handle, dev->commands, 1, &commands);
}

tenka_status tenka_vk_commands_pool(struct tenka_vk_device *dev, uint32_t count, VkCommandPool *pool,
                                    VkCommandBuffer *out)
{
    TENKA_TRY(make_pool(dev, 0, pool));
    return allocate(dev, *pool, count, out);
}

tenka_status tenka_vk_commands_begin(struct tenka_vk_device *dev, VkCommandBuffer commands,
                                     VkCommandBufferUsageFlags flags)
{
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = flags,
    };
    VK_TRY(dev, dev->vk.vkBeginCommandBuffer(commands, &info));
    return TENKA_OK;
}

tenka_status tenka_vk_commands_end(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    VK_TRY(dev, dev->vk.vkEndCommandBuffer(commands));
    return TENKA_OK;
}

void tenka_vk_full_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    const VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                         VK_ACCESS_TRANSFER_WRITE_BIT,
    };
    dev->vk.vkCmdPipelineBarrier(commands, stages, stages, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void tenka_vk_host_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    const VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
    };
    dev->vk.vkCmdPipelineBarrier(commands, stages, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void tenka_vk_shader_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands)
{
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT,
    };
    const VkPipelineStageFlags compute = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    dev->vk.vkCmdPipelineBarrier(commands, compute, compute, 0, 1, &barrier, 0, NULL, 0, NULL);
}
