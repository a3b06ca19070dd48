/* Which devices there are, what each lacks, and which one is meant. */
#ifndef TENKA_VULKAN_SELECT_H
#define TENKA_VULKAN_SELECT_H

#include "backend/backend.h"
#include "backend/vulkan/instance.h"

struct tenka_vk_gpu {
    VkPhysicalDevice handle;
    struct tenka_device_info info;
    VkPhysicalDeviceLimits limits;
    VkPhysicalDeviceMemoryProperties memory;
    uint64_t max_allocation, max_buffer;
    uint32_t vendor, device, driver_version, family;
    uint32_t subgroup; /* invocations */
    bool shuffles;     /* between the invocations of a subgroup */
    bool software;
    bool lazy; /* its driver compiles a kernel when it first runs, one after the other, and keeps the code on disk */
    bool statistics;         /* of compiled shaders: VK_KHR_pipeline_executable_properties */
    bool calibrated;         /* its clock can be compared with the host's: VK_EXT_calibrated_timestamps */
    uint32_t timestamp_bits; /* of the family's timestamps, those that count; 0: there are none */
};

/* *out: an allocated array in the order of the devices' indices; E_UNSUPPORTED: there is none. */
tenka_status tenka_vk_gpus(struct tenka_vk_instance *instance, struct tenka_error *err, struct tenka_vk_gpu **out,
                           size_t *count);
/* which: an index, a UUID or part of a name; NULL: the best. */
tenka_status tenka_vk_choose_gpu(const struct tenka_vk_gpu *gpus, size_t count, const char *which,
                                 struct tenka_error *err, struct tenka_vk_gpu *out);

#endif
