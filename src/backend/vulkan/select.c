/* Which devices there are, what each lacks, and which one is meant. */
#define _POSIX_C_SOURCE 200809L

#include "backend/vulkan/select.h"

#include <stdio.h>
#include <strings.h>

#include "backend/vulkan/shaders.h"

static const char *kind_name(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return "discrete";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return "integrated";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return "virtual";
    case VK_PHYSICAL_DEVICE_TYPE_CPU: return "software";
    default: return "other";
    }
}

static int kind_rank(const char *kind)
{
    static const char *const best_first[] = {"discrete", "integrated", "virtual", "other", "software"};
    int rank = 0;
    while (strcmp(kind, best_first[rank]) != 0)
        rank++;
    return rank;
}

static void uuid_text(const uint8_t uuid[VK_UUID_SIZE], char out[37])
{
    size_t at = 0;
    for (size_t i = 0; i < VK_UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        snprintf(&out[at], 3, "%02x", uuid[i]);
        at += 2;
    }
}

static tenka_status find_extension(struct tenka_vk_instance *instance, struct tenka_error *err, VkPhysicalDevice handle,
                                   const char *name, bool *found)
{
    uint32_t count = 0;
    *found = false;
    VkResult result = instance->extensions(handle, NULL, &count, NULL);
    if (result < 0 || count == 0)
        return tenka_vk_listed(err, result);
    VkExtensionProperties *list = tenka_alloc_array(count, sizeof(*list));
    if (list == NULL)
        return tenka_fail_nomem(err);
    result = instance->extensions(handle, NULL, &count, list);
    for (uint32_t i = 0; i < count && result >= 0; i++)
        *found = *found || strcmp(list[i].extensionName, name) == 0;
    tenka_free(list);
    return tenka_vk_listed(err, result);
}

static uint32_t first_family(const VkQueueFamilyProperties *families, uint32_t count, VkQueueFlags wanted)
{
    for (uint32_t i = 0; i < count; i++)
        if ((families[i].queueFlags & wanted) == wanted && families[i].queueCount > 0)
            return i;
    return UINT32_MAX;
}

/* The first family with compute; UINT32_MAX: none. While RenderDoc looks on, the first that has graphics as well, if
 * there is one: its replay has been seen to crash on others (https://github.com/baldurk/renderdoc/issues/1711). */
static tenka_status find_family(struct tenka_vk_instance *instance, struct tenka_error *err, struct tenka_vk_gpu *gpu)
{
    uint32_t count = 0;
    gpu->family = UINT32_MAX;
    instance->families(gpu->handle, &count, NULL);
    if (count == 0)
        return TENKA_OK;
    VkQueueFamilyProperties *families = tenka_alloc_array(count, sizeof(*families));
    if (families == NULL)
        return tenka_fail_nomem(err);
    instance->families(gpu->handle, &count, families);
    const VkQueueFlags wanted = VK_QUEUE_COMPUTE_BIT | (instance->captured ? VK_QUEUE_GRAPHICS_BIT : 0);
    gpu->family = first_family(families, count, wanted);
    if (gpu->family == UINT32_MAX)
        gpu->family = first_family(families, count, VK_QUEUE_COMPUTE_BIT);
    if (gpu->family != UINT32_MAX)
        gpu->timestamp_bits = families[gpu->family].timestampValidBits;
    tenka_free(families);
    return TENKA_OK;
}

static bool has_timeline(struct tenka_vk_instance *instance, VkPhysicalDevice handle)
{
    VkPhysicalDeviceVulkan12Features v12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &v12};
    instance->features2(handle, &features);
    return v12.timelineSemaphore;
}

/* Whether the device's clock and the one of tenka_os_now can be asked for their time together. */
static bool has_monotonic(const struct tenka_vk_instance *instance, VkPhysicalDevice handle)
{
    VkTimeDomainEXT domains[16];
    uint32_t count = sizeof(domains) / sizeof(*domains);
    bool device = false, host = false;
    if (instance->time_domains == NULL || instance->time_domains(handle, &count, domains) < 0)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        device = device || domains[i] == VK_TIME_DOMAIN_DEVICE_EXT;
        host = host || domains[i] == VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT;
    }
    return device && host;
}

/* "" or why Tenka cannot use the device. */
static void judge(struct tenka_vk_instance *instance, struct tenka_vk_gpu *gpu, uint32_t version)
{
    char *note = gpu->info.note;
    const size_t size = sizeof(gpu->info.note);
    const VkPhysicalDeviceLimits *l = &gpu->limits;
    if (version < VK_API_VERSION_1_2)
        snprintf(note, size, "its driver offers Vulkan %u.%u and Tenka needs 1.2: update the driver",
                 VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version));
    else if (!has_timeline(instance, gpu->handle))
        snprintf(note, size, "its driver has no timeline semaphores: update the driver");
    else if (!gpu->shuffles)
        snprintf(note, size, "its driver cannot exchange values within subgroups: update the driver");
    else if (gpu->family == UINT32_MAX)
        snprintf(note, size, "it has no queue that computes");
    else if (l->maxComputeWorkGroupInvocations < 64 || l->maxComputeWorkGroupSize[0] < 64)
        snprintf(note, size, "its workgroups hold %u invocations and Tenka needs 64",
                 l->maxComputeWorkGroupInvocations);
    else if (l->maxPerStageDescriptorStorageBuffers < TENKA_VK_BINDINGS_NEEDED ||
             l->maxDescriptorSetStorageBuffers < TENKA_VK_BINDINGS_NEEDED)
        snprintf(note, size, "a shader of it binds %u buffers and Tenka needs %d",
                 l->maxPerStageDescriptorStorageBuffers, TENKA_VK_BINDINGS_NEEDED);
    else if (l->maxPushConstantsSize < sizeof(struct tenka_vk_push))
        snprintf(note, size, "it takes %u bytes of push constants and Tenka needs %zu", l->maxPushConstantsSize,
                 sizeof(struct tenka_vk_push));
    else if (l->maxComputeSharedMemorySize < TENKA_VK_SHARED)
        snprintf(note, size, "its workgroups share %u bytes of memory and Tenka needs %d",
                 l->maxComputeSharedMemorySize, TENKA_VK_SHARED);
    gpu->info.usable = note[0] == '\0';
}

static tenka_status describe_new(struct tenka_vk_instance *instance, struct tenka_error *err, struct tenka_vk_gpu *gpu)
{
    bool has_m4;
    VkPhysicalDeviceMaintenance4PropertiesKHR m4 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES_KHR,
    };
    VkPhysicalDeviceVulkan12Properties v12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES};
    VkPhysicalDeviceVulkan11Properties v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
        .pNext = &v12,
    };
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &v11};
    TENKA_TRY(find_extension(instance, err, gpu->handle, VK_KHR_MAINTENANCE_4_EXTENSION_NAME, &has_m4));
    TENKA_TRY(find_extension(instance, err, gpu->handle, VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME,
                             &gpu->statistics));
    TENKA_TRY(
        find_extension(instance, err, gpu->handle, VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME, &gpu->calibrated));
    gpu->calibrated = gpu->calibrated && has_monotonic(instance, gpu->handle);
    if (has_m4)
        v12.pNext = &m4;
    instance->properties2(gpu->handle, &all);
    uuid_text(v11.deviceUUID, gpu->info.uuid);
    snprintf(gpu->info.driver, sizeof(gpu->info.driver), "%.100s%s%.150s", v12.driverName, v12.driverInfo[0] ? " " : "",
             v12.driverInfo);
    gpu->lazy = v12.driverID == VK_DRIVER_ID_MESA_LLVMPIPE;
    gpu->subgroup = v11.subgroupSize;
    gpu->shuffles = (v11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0 &&
                    (v11.subgroupSupportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT) != 0;
    gpu->max_allocation = v11.maxMemoryAllocationSize;
    gpu->max_buffer = m4.maxBufferSize ? m4.maxBufferSize : gpu->max_allocation;
    if (gpu->max_buffer > gpu->max_allocation)
        gpu->max_buffer = gpu->max_allocation;
    return TENKA_OK;
}

static tenka_status describe(struct tenka_vk_instance *instance, struct tenka_error *err, struct tenka_vk_gpu *gpu)
{
    VkPhysicalDeviceProperties basic;
    instance->properties(gpu->handle, &basic);
    instance->memory(gpu->handle, &gpu->memory);
    TENKA_TRY(find_family(instance, err, gpu));
    gpu->limits = basic.limits;
    if (!(basic.limits.timestampPeriod > 0)) /* what it writes are no times */
        gpu->timestamp_bits = 0;
    gpu->vendor = basic.vendorID;
    gpu->device = basic.deviceID;
    gpu->driver_version = basic.driverVersion;
    snprintf(gpu->info.name, sizeof(gpu->info.name), "%.255s", basic.deviceName);
    snprintf(gpu->info.kind, sizeof(gpu->info.kind), "%s", kind_name(basic.deviceType));
    gpu->software = basic.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    for (uint32_t i = 0; i < gpu->memory.memoryHeapCount; i++) {
        const VkMemoryHeap *heap = &gpu->memory.memoryHeaps[i];
        if ((heap->flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) && heap->size > gpu->info.memory)
            gpu->info.memory = heap->size;
    }
    if (basic.apiVersion >= VK_API_VERSION_1_2)
        TENKA_TRY(describe_new(instance, err, gpu));
    judge(instance, gpu, basic.apiVersion);
    return TENKA_OK;
}

static tenka_status enumerate(struct tenka_vk_instance *instance, struct tenka_error *err, VkPhysicalDevice **out,
                              uint32_t *count)
{
    uint32_t n = 0;
    *out = NULL;
    *count = 0;
    VkResult result = instance->enumerate(instance->handle, &n, NULL);
    if (result < 0)
        return tenka_vk_start_failed(err, result);
    if (n == 0)
        return tenka_fail(err, TENKA_E_UNSUPPORTED,
                          "Vulkan finds no device: install the GPU's driver (Mesa's package is mesa-vulkan-drivers), "
                          "or use the cpu backend");
    VkPhysicalDevice *handles = tenka_alloc_array(n, sizeof(*handles));
    if (handles == NULL)
        return tenka_fail_nomem(err);
    result = instance->enumerate(instance->handle, &n, handles);
    if (result < 0) {
        tenka_free(handles);
        return tenka_vk_start_failed(err, result);
    }
    *out = handles;
    *count = n;
    return TENKA_OK;
}

tenka_status tenka_vk_gpus(struct tenka_vk_instance *instance, struct tenka_error *err, struct tenka_vk_gpu **out,
                           size_t *count)
{
    VkPhysicalDevice *handles;
    uint32_t n;
    *out = NULL;
    *count = 0;
    TENKA_TRY(enumerate(instance, err, &handles, &n));
    struct tenka_vk_gpu *gpus = tenka_alloc_array(n, sizeof(*gpus));
    tenka_status status = gpus != NULL ? TENKA_OK : tenka_fail_nomem(err);
    for (uint32_t i = 0; i < n && status == TENKA_OK; i++) {
        gpus[i].handle = handles[i];
        status = describe(instance, err, &gpus[i]);
    }
    tenka_free(handles);
    if (status != TENKA_OK) {
        tenka_free(gpus);
        return status;
    }
    *out = gpus;
    *count = n;
    return TENKA_OK;
}

static bool contains(const char *text, const char *part)
{
    const size_t length = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0)
            return true;
    return false;
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

/* A text of digits is always an index: "6" must not find the Radeon RX 6800. */
static tenka_status find_by_index(size_t count, const char *which, struct tenka_error *err, size_t *found)
{
    *found = 0;
    for (const char *c = which; *c && *found < count; c++)
        *found = *found * 10 + (size_t)(*c - '0');
    if (*found < count)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID, "there is no Vulkan device %s: `tenka devices` lists 0 to %zu", which,
                      count - 1);
}

static tenka_status find_by_name(const struct tenka_vk_gpu *gpus, size_t count, const char *which,
                                 struct tenka_error *err, size_t *found)
{
    *found = count;
    if (!*which)
        return tenka_fail(err, TENKA_E_INVALID, "the device's name is empty: `tenka devices` lists what can be named");
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(gpus[i].info.uuid, which) == 0) {
            *found = i;
            return TENKA_OK;
        }
        if (!contains(gpus[i].info.name, which))
            continue;
        if (*found < count)
            return tenka_fail(err, TENKA_E_INVALID,
                              "device \"%s\" could be %zu (%s) or %zu (%s): give the number instead", which, *found,
                              gpus[*found].info.name, i, gpus[i].info.name);
        *found = i;
    }
    if (*found == count)
        return tenka_fail(err, TENKA_E_INVALID,
                          "there is no Vulkan device \"%s\" among the %zu found: `tenka devices` lists them", which,
                          count);
    return TENKA_OK;
}

static size_t find_best(const struct tenka_vk_gpu *gpus, size_t count)
{
    size_t best = count;
    for (size_t i = 0; i < count; i++)
        if (gpus[i].info.usable && (best == count || kind_rank(gpus[i].info.kind) < kind_rank(gpus[best].info.kind)))
            best = i;
    return best;
}

tenka_status tenka_vk_choose_gpu(const struct tenka_vk_gpu *gpus, size_t count, const char *which,
                                 struct tenka_error *err, struct tenka_vk_gpu *out)
{
    size_t found;
    if (which == NULL)
        found = find_best(gpus, count);
    else if (is_number(which))
        TENKA_TRY(find_by_index(count, which, err, &found));
    else
        TENKA_TRY(find_by_name(gpus, count, which, err, &found));
    if (found == count)
        return tenka_fail(err, TENKA_E_UNSUPPORTED, "Tenka can use none of the %zu Vulkan devices; the first, %s: %s",
                          count, gpus[0].info.name, gpus[0].info.note);
    if (!gpus[found].info.usable)
        return tenka_fail(err, TENKA_E_UNSUPPORTED, "Tenka cannot use %s: %s", gpus[found].info.name,
                          gpus[found].info.note);
    *out = gpus[found];
    return TENKA_OK;
}

tenka_status tenka_vulkan_list(struct tenka_error *err, struct tenka_device_info *out, size_t max, size_t *count)
{
    const struct tenka_log silence = {0};
    struct tenka_vk_instance *instance;
    struct tenka_vk_gpu *gpus = NULL;
    *count = 0;
    tenka_status status = tenka_vk_instance_create(false, err, &silence, &instance);
    if (status == TENKA_OK)
        status = tenka_vk_gpus(instance, err, &gpus, count);
    for (size_t i = 0; i < *count && i < max; i++)
        out[i] = gpus[i].info;
    tenka_free(gpus);
    tenka_vk_instance_destroy(&instance);
    return status;
}
