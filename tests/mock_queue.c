/* Command buffers and the queue of the mock Vulkan. */
#include "mock_objects.h"

#define MOST_COMMANDS 8

struct submission {
    uint32_t commands[MOST_COMMANDS], n, semaphore;
    uint64_t value;
};

#define MOST_PENDING 64
static struct submission pending[MOST_PENDING];
static size_t n_pending;

bool mock_queue_uses(uint32_t index)
{
    for (size_t i = 0; i < n_pending; i++)
        for (uint32_t c = 0; c < pending[i].n; c++) {
            const struct object *commands = &mock_objects[pending[i].commands[c]];
            if (pending[i].commands[c] == index || commands->owner == index)
                return true;
            for (uint32_t k = 0; k < commands->n_uses; k++)
                if (commands->uses[k] == index || mock_objects[commands->uses[k]].owner == index)
                    return true;
        }
    return false;
}

bool mock_queue_is_empty(void)
{
    return n_pending == 0;
}

void mock_queue_reset(void)
{
    n_pending = 0;
}

/* ---- Command buffers ---- */

MOCK(VkResult, vkCreateCommandPool)
(VkDevice device, const VkCommandPoolCreateInfo *info, const VkAllocationCallbacks *unused, VkCommandPool *out)
{
    LOOK_UP(device, DEVICE);
    (void)unused;
    const uint32_t index = mock_add(COMMAND_POOL, INDEX(device));
    mock_objects[index].resets = info->flags & VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
    *out = HANDLE(VkCommandPool, index);
    return VK_SUCCESS;
}

MOCK(VkResult, vkAllocateCommandBuffers)(VkDevice device, const VkCommandBufferAllocateInfo *info, VkCommandBuffer *out)
{
    LOOK_UP(device, DEVICE);
    LOOK_UP(info->commandPool, COMMAND_POOL);
    for (uint32_t i = 0; i < info->commandBufferCount; i++)
        out[i] = HANDLE(VkCommandBuffer, mock_add(COMMANDS, INDEX(info->commandPool)));
    return VK_SUCCESS;
}

MOCK(void, vkFreeCommandBuffers)(VkDevice device, VkCommandPool pool, uint32_t count, const VkCommandBuffer *handles)
{
    LOOK_UP(device, DEVICE);
    LOOK_UP(pool, COMMAND_POOL);
    for (uint32_t i = 0; i < count; i++)
        mock_destroy((uint64_t)(uintptr_t)handles[i], COMMANDS, __func__);
}

MOCK(VkResult, vkBeginCommandBuffer)(VkCommandBuffer handle, const VkCommandBufferBeginInfo *info)
{
    struct object *commands = LOOK_UP(handle, COMMANDS);
    (void)info;
    if (commands->pending > 0 || commands->state == RECORDING)
        mock_complain("%s: the command buffer is pending, or being recorded", __func__);
    if (commands->state != INITIAL && !mock_objects[commands->owner].resets)
        mock_complain("%s: the command buffer cannot be reset", __func__);
    mock_forget_commands(commands);
    commands->state = RECORDING;
    return VK_SUCCESS;
}

MOCK(VkResult, vkEndCommandBuffer)(VkCommandBuffer handle)
{
    struct object *commands = LOOK_UP(handle, COMMANDS);
    if (commands->state != RECORDING)
        mock_complain("%s: the command buffer is not being recorded", __func__);
    commands->state = EXECUTABLE;
    return VK_SUCCESS;
}

static struct object *recording(VkCommandBuffer handle, const char *function)
{
    struct object *commands = mock_look_up((uint64_t)(uintptr_t)handle, COMMANDS, function);
    if (commands->state != RECORDING)
        mock_complain("%s: the command buffer is not being recorded", function);
    return commands;
}
#define RECORDING_OF(handle) recording(handle, __func__)

static void use(struct object *commands, uint32_t index)
{
    commands->uses = mock_grow(commands->uses, commands->n_uses, sizeof(*commands->uses));
    commands->uses[commands->n_uses++] = index;
}

static void append(struct object *commands, const struct command *command)
{
    commands->commands = mock_grow(commands->commands, commands->n_commands, sizeof(*command));
    commands->commands[commands->n_commands++] = *command;
    use(commands, command->to);
    if (command->from)
        use(commands, command->from);
}

static void check_range(VkBuffer handle, VkDeviceSize offset, VkDeviceSize bytes, const char *function)
{
    const struct object *buffer = mock_look_up((uint64_t)(uintptr_t)handle, BUFFER, function);
    if (offset > buffer->size || bytes > buffer->size - offset)
        mock_complain("%s: the range leaves its buffer", function);
}

MOCK(void, vkCmdCopyBuffer)
(VkCommandBuffer handle, VkBuffer from, VkBuffer to, uint32_t count, const VkBufferCopy *regions)
{
    for (uint32_t i = 0; i < count; i++) {
        check_range(from, regions[i].srcOffset, regions[i].size, __func__);
        check_range(to, regions[i].dstOffset, regions[i].size, __func__);
        append(RECORDING_OF(handle), &(struct command){INDEX(from), INDEX(to), regions[i].srcOffset,
                                                       regions[i].dstOffset, regions[i].size, 0});
    }
}

MOCK(void, vkCmdFillBuffer)(VkCommandBuffer handle, VkBuffer to, VkDeviceSize offset, VkDeviceSize bytes, uint32_t word)
{
    check_range(to, offset, bytes, __func__);
    append(RECORDING_OF(handle), &(struct command){0, INDEX(to), 0, offset, bytes, word});
}

MOCK(void, vkCmdBindPipeline)(VkCommandBuffer handle, VkPipelineBindPoint point, VkPipeline pipeline)
{
    LOOK_UP(pipeline, PIPELINE);
    (void)point;
    use(RECORDING_OF(handle), INDEX(pipeline));
}

MOCK(void, vkCmdBindDescriptorSets)
(VkCommandBuffer handle, VkPipelineBindPoint point, VkPipelineLayout layout, uint32_t first, uint32_t count,
 const VkDescriptorSet *sets, uint32_t n_offsets, const uint32_t *offsets)
{
    LOOK_UP(layout, LAYOUT);
    (void)point;
    (void)first;
    (void)count;
    (void)n_offsets;
    (void)offsets;
    const struct object *set = LOOK_UP(sets[0], SET);
    struct object *commands = RECORDING_OF(handle);
    use(commands, INDEX(sets[0]));
    for (uint32_t k = 0; k < set->descriptors && k < BINDINGS; k++)
        use(commands, set->bound[k]);
}

MOCK(void, vkCmdPushConstants)
(VkCommandBuffer handle, VkPipelineLayout layout, VkShaderStageFlags stages, uint32_t offset, uint32_t bytes,
 const void *values)
{
    RECORDING_OF(handle);
    LOOK_UP(layout, LAYOUT);
    (void)stages;
    (void)offset;
    (void)bytes;
    (void)values;
}

MOCK(void, vkCmdDispatch)(VkCommandBuffer handle, uint32_t x, uint32_t y, uint32_t z)
{
    RECORDING_OF(handle);
    if (x == 0 || x > 65535 || y != 1 || z != 1)
        mock_complain("%s: %u x %u x %u workgroups", __func__, x, y, z);
}

MOCK(void, vkCmdPipelineBarrier)
(VkCommandBuffer handle, VkPipelineStageFlags before, VkPipelineStageFlags after, VkDependencyFlags flags, uint32_t n,
 const VkMemoryBarrier *barriers, uint32_t n_buffers, const VkBufferMemoryBarrier *buffers, uint32_t n_images,
 const VkImageMemoryBarrier *images)
{
    RECORDING_OF(handle);
    (void)before;
    (void)after;
    (void)flags;
    (void)n;
    (void)barriers;
    (void)n_buffers;
    (void)buffers;
    (void)n_images;
    (void)images;
}

MOCK(void, vkCmdResetQueryPool)(VkCommandBuffer handle, VkQueryPool pool, uint32_t first, uint32_t count)
{
    if (LOOK_UP(pool, QUERIES)->size < first + count)
        mock_complain("%s: queries %u to %u are not there", __func__, first, first + count);
    use(RECORDING_OF(handle), INDEX(pool));
}

MOCK(void, vkCmdWriteTimestamp)(VkCommandBuffer handle, VkPipelineStageFlagBits stage, VkQueryPool pool, uint32_t query)
{
    (void)stage;
    if (LOOK_UP(pool, QUERIES)->size <= query)
        mock_complain("%s: query %u is not there", __func__, query);
    use(RECORDING_OF(handle), INDEX(pool));
}

MOCK(void, vkCmdBeginDebugUtilsLabelEXT)(VkCommandBuffer handle, const VkDebugUtilsLabelEXT *label)
{
    RECORDING_OF(handle);
    (void)label;
}

MOCK(void, vkCmdEndDebugUtilsLabelEXT)(VkCommandBuffer handle)
{
    RECORDING_OF(handle);
}

/* ---- The queue ---- */

static char *bytes_of(uint32_t buffer, VkDeviceSize offset)
{
    return mock_objects[mock_objects[buffer].memory].bytes + mock_objects[buffer].offset + offset;
}

static void execute(const struct command *command)
{
    if (command->from)
        memmove(bytes_of(command->to, command->to_offset), bytes_of(command->from, command->from_offset),
                (size_t)command->bytes);
    else
        for (VkDeviceSize at = 0; at + 4 <= command->bytes; at += 4)
            memcpy(bytes_of(command->to, command->to_offset + at), &command->word, 4);
}

static void complete_oldest(void)
{
    const struct submission done = pending[0];
    memmove(pending, pending + 1, --n_pending * sizeof(*pending));
    for (uint32_t c = 0; c < done.n; c++) {
        struct object *commands = &mock_objects[done.commands[c]];
        for (uint32_t i = 0; i < commands->n_commands; i++)
            execute(&commands->commands[i]);
        commands->pending--;
    }
    if (mock_objects[done.semaphore].value >= done.value)
        mock_complain("a timeline went from %llu to %llu", (unsigned long long)mock_objects[done.semaphore].value,
                      (unsigned long long)done.value);
    mock_objects[done.semaphore].value = done.value;
}

static void check_submitted(struct object *commands)
{
    if (commands->state != EXECUTABLE || commands->pending > 0)
        mock_complain("vkQueueSubmit: a command buffer is not recorded, or pending");
    for (uint32_t i = 0; i < commands->n_uses; i++)
        if (!mock_objects[commands->uses[i]].alive)
            mock_complain("vkQueueSubmit: a %s that it uses is destroyed",
                          mock_kind_names[mock_objects[commands->uses[i]].kind]);
    commands->pending++;
}

MOCK(VkResult, vkQueueSubmit)(VkQueue queue, uint32_t count, const VkSubmitInfo *info, VkFence fence)
{
    const VkTimelineSemaphoreSubmitInfo *timeline = info->pNext;
    struct submission *s = &pending[n_pending];
    LOOK_UP(queue, QUEUE);
    (void)fence;
    if (count != 1 || n_pending == MOST_PENDING || info->commandBufferCount > MOST_COMMANDS) {
        mock_complain("%s: more than was expected", __func__);
        return VK_ERROR_DEVICE_LOST;
    }
    *s = (struct submission){.semaphore = INDEX(info->pSignalSemaphores[0])};
    s->value = timeline->pSignalSemaphoreValues[0];
    LOOK_UP(info->pSignalSemaphores[0], SEMAPHORE);
    for (uint32_t i = 0; i < info->commandBufferCount; i++) {
        struct object *commands = LOOK_UP(info->pCommandBuffers[i], COMMANDS);
        if (commands->kind == NONE)
            continue;
        check_submitted(commands);
        s->commands[s->n++] = INDEX(info->pCommandBuffers[i]);
    }
    n_pending++;
    return VK_SUCCESS;
}

/* Asking takes time, too, in which a submission is done. */
MOCK(VkResult, vkGetSemaphoreCounterValue)(VkDevice device, VkSemaphore semaphore, uint64_t *out)
{
    LOOK_UP(device, DEVICE);
    *out = LOOK_UP(semaphore, SEMAPHORE)->value;
    if (n_pending > 0)
        complete_oldest();
    return VK_SUCCESS;
}

MOCK(VkResult, vkWaitSemaphores)(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout)
{
    LOOK_UP(device, DEVICE);
    (void)timeout;
    while (LOOK_UP(info->pSemaphores[0], SEMAPHORE)->value < info->pValues[0]) {
        if (n_pending == 0) {
            mock_complain("%s: nothing will signal %llu", __func__, (unsigned long long)info->pValues[0]);
            return VK_ERROR_DEVICE_LOST;
        }
        complete_oldest();
    }
    return VK_SUCCESS;
}

MOCK(VkResult, vkDeviceWaitIdle)(VkDevice device)
{
    LOOK_UP(device, DEVICE);
    while (n_pending > 0)
        complete_oldest();
    return VK_SUCCESS;
}

PFN_vkVoidFunction mock_queue_find(const char *name)
{
    FOUND(vkCreateCommandPool)
    FOUND(vkAllocateCommandBuffers)
    FOUND(vkFreeCommandBuffers)
    FOUND(vkBeginCommandBuffer)
    FOUND(vkEndCommandBuffer)
    FOUND(vkCmdCopyBuffer)
    FOUND(vkCmdFillBuffer)
    FOUND(vkCmdBindPipeline)
    FOUND(vkCmdBindDescriptorSets)
    FOUND(vkCmdPushConstants)
    FOUND(vkCmdDispatch)
    FOUND(vkCmdPipelineBarrier)
    FOUND(vkCmdResetQueryPool)
    FOUND(vkCmdWriteTimestamp)
    FOUND(vkCmdBeginDebugUtilsLabelEXT)
    FOUND(vkCmdEndDebugUtilsLabelEXT)
    FOUND(vkQueueSubmit)
    FOUND(vkGetSemaphoreCounterValue)
    FOUND(vkWaitSemaphores)
    FOUND(vkDeviceWaitIdle)
    return NULL;
}
