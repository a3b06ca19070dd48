/* A device: what all files of this folder know of it, its failures and its names. What a file keeps for the device is a
 * struct of its own, behind a pointer here: nobody else looks inside. */
#ifndef TENKA_VULKAN_DEVICE_H
#define TENKA_VULKAN_DEVICE_H

#include "backend/backend.h"
#include "backend/vulkan/select.h"

struct tenka_vk_device {
    struct tenka_device base;
    /* All may read these; device.c sets them. */
    struct tenka_vk_instance *instance;
    struct tenka_vk_gpu gpu;
    VkDevice handle;
    struct VolkDeviceTable vk;
    bool validate, lost;
    char name[600];
    /* Of the file of the same name each: it makes it when the device is opened. */
    struct tenka_vk_queue *queue;
    struct tenka_vk_memory *memory;
    struct tenka_vk_transfer *transfer;
    struct tenka_vk_keep *keep;
    struct tenka_vk_cache *cache;
    struct tenka_vk_workshop *workshop;
    struct tenka_vk_pipelines *pipelines;
    struct tenka_vk_clock *clock;
    struct tenka_vk_tuner *tuner;
    VkCommandPool commands;         /* commands.c */
    struct tenka_vk_buffer *absent; /* bind.c: bound where an optional operand is missing */
    uint32_t pinned;                /* choice.c: the variant that all nodes must run in, or TENKA_ABSENT */
    uint32_t forgotten;             /* steps.c: the barrier that a test has left out, or TENKA_ABSENT */
    bool spread; /* choice.c: kernels for many workgroups are of use though it is a software device */
    bool rests;  /* open.c: see struct tenka_limits */
};

static inline struct tenka_vk_device *tenka_vk_device_of(tenka_device *dev)
{
    return (struct tenka_vk_device *)dev;
}

/* Chooses the GPU that params name and makes its instance and its handle. */
tenka_status tenka_vk_device_open(struct tenka_vk_device *dev, const struct tenka_ctx_params *params);
void tenka_vk_device_finish(struct tenka_vk_device *dev);

/* Writes the sentence of a failed call, "vkCreateBuffer: VK_ERROR_..."; a lost device is remembered. */
tenka_status tenka_vk_fail(struct tenka_vk_device *dev, VkResult result, const char *call);
#define VK_TRY(dev, call)                                \
    do {                                                 \
        const VkResult result_ = (call);                 \
        if (result_ < 0)                                 \
            return tenka_vk_fail((dev), result_, #call); \
    } while (0)
/* For a call that makes an object: what a failed one leaves in place of a handle is undefined, and becomes none. */
#define VK_MAKE(dev, object, call)                       \
    do {                                                 \
        const VkResult result_ = (call);                 \
        if (result_ < 0) {                               \
            (object) = VK_NULL_HANDLE;                   \
            return tenka_vk_fail((dev), result_, #call); \
        }                                                \
    } while (0)

/* From now on nothing is asked of the device. */
void tenka_vk_lose(struct tenka_vk_device *dev);
/* E_DEVICE after a lost device or a complaint of the validation layer. */
tenka_status tenka_vk_health(struct tenka_vk_device *dev);
void tenka_vk_set_name(struct tenka_vk_device *dev, VkObjectType type, uint64_t object, const char *name);

#endif
