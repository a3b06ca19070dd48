#define _POSIX_C_SOURCE 200809L
#include "mock_objects.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

const char *const mock_kind_names[] = {"nothing",
#define X(name) #name,
                                       KINDS(X)
#undef X
};

struct mock_vulkan mock_vulkan = {
    .type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
    .memory = (VkDeviceSize)512 << 20,
    .shared_memory = 32768,
    .timestamp_bits = 64,
    .timestamp_period = 1,
};

struct object *mock_objects;
static uint32_t n_objects, the_gpu;

/* ---- Objects ---- */

void mock_complain(const char *format, ...)
{
    va_list args;
    if (mock_vulkan.complaint[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(mock_vulkan.complaint, sizeof(mock_vulkan.complaint), format, args);
    va_end(args);
}

void *mock_grow(void *old, size_t count, size_t each)
{
    /* In powers of two. */
    void *const grown = (count & (count - 1)) == 0 ? realloc(old, (count ? 2 * count : 1) * each) : old;
    if (!grown)
        abort();
    return grown;
}

uint32_t mock_add(enum kind kind, uint32_t owner)
{
    mock_objects = mock_grow(mock_objects, n_objects, sizeof(*mock_objects));
    mock_objects[n_objects] = (struct object){.kind = kind, .alive = true, .owner = owner};
    mock_vulkan.live++;
    return n_objects++;
}

struct object *mock_look_up(uint64_t handle, enum kind kind, const char *function)
{
    static struct object nothing;
    const uint64_t index = handle - FIRST;
    nothing = (struct object){.kind = NONE};
    if (handle < FIRST || index >= n_objects || mock_objects[index].kind != kind)
        mock_complain("%s: %#llx is no %s", function, (unsigned long long)handle, mock_kind_names[kind]);
    else if (!mock_objects[index].alive)
        mock_complain("%s: %s %#llx is destroyed", function, mock_kind_names[kind], (unsigned long long)handle);
    else
        return &mock_objects[index];
    return &nothing;
}

void mock_forget_commands(struct object *commands)
{
    free(commands->commands);
    free(commands->uses);
    commands->commands = NULL;
    commands->uses = NULL;
    commands->n_commands = commands->n_uses = 0;
}

static void bury(struct object *object)
{
    if (object->kind == MEMORY && object->on_device)
        mock_vulkan.allocated -= object->size;
    if (object->bytes)
        munmap(object->bytes, (size_t)object->size);
    object->bytes = NULL;
    object->alive = false;
    mock_vulkan.live--;
}

static bool goes_with_owner(enum kind kind)
{
    return kind == GPU || kind == QUEUE || kind == COMMANDS || kind == SET;
}

void mock_destroy(uint64_t handle, enum kind kind, const char *function)
{
    if (handle == 0)
        return;
    struct object *object = mock_look_up(handle, kind, function);
    if (object->kind == NONE)
        return;
    const uint32_t index = (uint32_t)(object - mock_objects);
    if (mock_queue_uses(index))
        mock_complain("%s: %s %#llx is in use", function, mock_kind_names[kind], (unsigned long long)handle);
    for (uint32_t i = 0; i < n_objects; i++)
        if (mock_objects[i].alive && mock_objects[i].owner == index && i != index) {
            if (!goes_with_owner(mock_objects[i].kind))
                mock_complain("%s: a %s is left", function, mock_kind_names[mock_objects[i].kind]);
            bury(&mock_objects[i]);
        }
    bury(object);
}

void mock_vulkan_reset(void)
{
    mock_vulkan.complaint[0] = '\0';
    mock_vulkan.caches_filled = 0;
    if (mock_vulkan.live > 0)
        return;
    for (uint32_t i = 0; i < n_objects; i++)
        mock_forget_commands(&mock_objects[i]);
    free(mock_objects);
    mock_objects = NULL;
    n_objects = 0;
    mock_queue_reset();
}

/* ---- The instance and what there is ---- */

MOCK(VkResult, vkEnumerateInstanceVersion)(uint32_t *version)
{
    *version = VK_API_VERSION_1_2;
    return VK_SUCCESS;
}

MOCK(VkResult, vkEnumerateInstanceLayerProperties)(uint32_t *count, VkLayerProperties *out)
{
    if (out && *count > 0 && mock_vulkan.layer)
        snprintf(out->layerName, sizeof(out->layerName), "VK_LAYER_KHRONOS_validation");
    *count = mock_vulkan.layer;
    return VK_SUCCESS;
}

static void list_extension(const char *name, uint32_t *count, VkExtensionProperties *out)
{
    if (out && *count > 0)
        snprintf(out->extensionName, sizeof(out->extensionName), "%s", name);
    *count = 1;
}

MOCK(VkResult, vkEnumerateInstanceExtensionProperties)(const char *layer, uint32_t *count, VkExtensionProperties *out)
{
    (void)layer;
    list_extension(VK_EXT_DEBUG_UTILS_EXTENSION_NAME, count, out);
    return VK_SUCCESS;
}

MOCK(VkResult, vkEnumerateDeviceExtensionProperties)
(VkPhysicalDevice gpu, const char *layer, uint32_t *count, VkExtensionProperties *out)
{
    LOOK_UP(gpu, GPU);
    (void)layer;
    list_extension(VK_KHR_MAINTENANCE_4_EXTENSION_NAME, count, out);
    return VK_SUCCESS;
}

MOCK(VkResult, vkCreateInstance)(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *unused, VkInstance *out)
{
    (void)info;
    (void)unused;
    const uint32_t index = mock_add(INSTANCE, 0);
    mock_objects[index].owner = index;
    the_gpu = mock_add(GPU, index);
    *out = HANDLE(VkInstance, index);
    return VK_SUCCESS;
}

MOCK(void, vkDestroyInstance)(VkInstance instance, const VkAllocationCallbacks *unused)
{
    (void)unused;
    mock_destroy((uint64_t)(uintptr_t)instance, INSTANCE, __func__);
}

MOCK(VkResult, vkEnumeratePhysicalDevices)(VkInstance instance, uint32_t *count, VkPhysicalDevice *out)
{
    LOOK_UP(instance, INSTANCE);
    if (out && *count > 0)
        *out = HANDLE(VkPhysicalDevice, the_gpu);
    *count = 1;
    return VK_SUCCESS;
}

MOCK(void, vkGetPhysicalDeviceProperties)(VkPhysicalDevice gpu, VkPhysicalDeviceProperties *out)
{
    LOOK_UP(gpu, GPU);
    *out = (VkPhysicalDeviceProperties){
        .apiVersion = VK_API_VERSION_1_2,
        .driverVersion = 1,
        .vendorID = 0x1234,
        .deviceID = 0x5678,
        .deviceType = mock_vulkan.integrated ? VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU : mock_vulkan.type,
        .deviceName = "Mock",
        .limits =
            {
                .maxComputeWorkGroupInvocations = 1024,
                .maxComputeWorkGroupSize = {1024, 1024, 64},
                .maxComputeSharedMemorySize = mock_vulkan.shared_memory,
                .maxPerStageDescriptorStorageBuffers = 16,
                .maxDescriptorSetStorageBuffers = 16,
                .maxPushConstantsSize = 128,
                .maxStorageBufferRange = 128 << 20,
                .timestampPeriod = mock_vulkan.timestamp_period,
            },
    };
    memset(out->pipelineCacheUUID, mock_vulkan.cache_uuid, sizeof(out->pipelineCacheUUID));
}

MOCK(void, vkGetPhysicalDeviceProperties2)(VkPhysicalDevice gpu, VkPhysicalDeviceProperties2 *out)
{
    mock_vkGetPhysicalDeviceProperties(gpu, &out->properties);
    for (VkBaseOutStructure *next = out->pNext; next; next = next->pNext) {
        if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES) {
            VkPhysicalDeviceVulkan11Properties *v11 = (void *)next;
            memset(v11->deviceUUID, 0xab, sizeof(v11->deviceUUID));
            v11->subgroupSize = 32;
            v11->subgroupSupportedStages = VK_SHADER_STAGE_COMPUTE_BIT;
            v11->subgroupSupportedOperations = VK_SUBGROUP_FEATURE_SHUFFLE_BIT | VK_SUBGROUP_FEATURE_ARITHMETIC_BIT;
            v11->maxMemoryAllocationSize = (VkDeviceSize)1 << 30;
        } else if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES) {
            VkPhysicalDeviceVulkan12Properties *v12 = (void *)next;
            snprintf(v12->driverName, sizeof(v12->driverName), "mock");
        }
    }
}

MOCK(void, vkGetPhysicalDeviceFeatures2)(VkPhysicalDevice gpu, VkPhysicalDeviceFeatures2 *out)
{
    LOOK_UP(gpu, GPU);
    for (VkBaseOutStructure *next = out->pNext; next; next = next->pNext)
        if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
            ((VkPhysicalDeviceVulkan12Features *)(void *)next)->timelineSemaphore = VK_TRUE;
}

#define HOST_MEMORY (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)

/* One heap that both reach, or one of the device and one of the host. */
MOCK(void, vkGetPhysicalDeviceMemoryProperties)(VkPhysicalDevice gpu, VkPhysicalDeviceMemoryProperties *out)
{
    enum { LOCAL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, CACHED = VK_MEMORY_PROPERTY_HOST_CACHED_BIT };
    LOOK_UP(gpu, GPU);
    *out = (VkPhysicalDeviceMemoryProperties){.memoryHeapCount = 2, .memoryTypeCount = 3};
    out->memoryHeaps[0] = (VkMemoryHeap){mock_vulkan.memory, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
    out->memoryHeaps[1] = (VkMemoryHeap){(VkDeviceSize)1 << 34, 0};
    out->memoryTypes[0] = (VkMemoryType){mock_vulkan.integrated ? LOCAL | HOST_MEMORY | CACHED : LOCAL, 0};
    out->memoryTypes[1] = (VkMemoryType){HOST_MEMORY, 1};
    out->memoryTypes[2] = (VkMemoryType){HOST_MEMORY | CACHED, 1};
}

MOCK(void, vkGetPhysicalDeviceQueueFamilyProperties)
(VkPhysicalDevice gpu, uint32_t *count, VkQueueFamilyProperties *out)
{
    LOOK_UP(gpu, GPU);
    if (out && *count > 0)
        *out = (VkQueueFamilyProperties){
            .queueFlags = VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
            .queueCount = 1,
            .timestampValidBits = mock_vulkan.timestamp_bits,
        };
    *count = 1;
}

MOCK(VkResult, vkCreateDebugUtilsMessengerEXT)
(VkInstance instance, const VkDebugUtilsMessengerCreateInfoEXT *info, const VkAllocationCallbacks *unused,
 VkDebugUtilsMessengerEXT *out)
{
    LOOK_UP(instance, INSTANCE);
    (void)unused;
    mock_vulkan.hear = info->pfnUserCallback;
    mock_vulkan.hear_user = info->pUserData;
    *out = HANDLE(VkDebugUtilsMessengerEXT, mock_add(MESSENGER, INDEX(instance)));
    return VK_SUCCESS;
}

MOCK(void, vkDestroyDebugUtilsMessengerEXT)
(VkInstance instance, VkDebugUtilsMessengerEXT messenger, const VkAllocationCallbacks *unused)
{
    LOOK_UP(instance, INSTANCE);
    (void)unused;
    mock_vulkan.hear = NULL;
    mock_destroy((uint64_t)(uintptr_t)messenger, MESSENGER, __func__);
}

MOCK(VkResult, vkSetDebugUtilsObjectNameEXT)(VkDevice device, const VkDebugUtilsObjectNameInfoEXT *info)
{
    (void)device;
    (void)info;
    return VK_SUCCESS;
}

MOCK(void, vkCmdBeginDebugUtilsLabelEXT)(VkCommandBuffer commands, const VkDebugUtilsLabelEXT *label)
{
    (void)commands;
    (void)label;
}

MOCK(void, vkCmdInsertDebugUtilsLabelEXT)(VkCommandBuffer commands, const VkDebugUtilsLabelEXT *label)
{
    (void)commands;
    (void)label;
}

MOCK(void, vkCmdEndDebugUtilsLabelEXT)(VkCommandBuffer commands)
{
    (void)commands;
}

/* ---- Looking functions up ---- */

/* Of VK_EXT_debug_utils, what a driver without the layer need not have. */
static PFN_vkVoidFunction find_of_layer(const char *name)
{
    FOUND(vkSetDebugUtilsObjectNameEXT)
    FOUND(vkCmdBeginDebugUtilsLabelEXT)
    FOUND(vkCmdInsertDebugUtilsLabelEXT)
    FOUND(vkCmdEndDebugUtilsLabelEXT)
    return NULL;
}

static PFN_vkVoidFunction VKAPI_CALL get_device_function(VkDevice device, const char *name)
{
    (void)device;
    return mock_vulkan_get(VK_NULL_HANDLE, name);
}

static PFN_vkVoidFunction find(const char *name)
{
    FOUND(vkEnumerateInstanceVersion)
    FOUND(vkEnumerateInstanceLayerProperties)
    FOUND(vkEnumerateInstanceExtensionProperties)
    FOUND(vkEnumerateDeviceExtensionProperties)
    FOUND(vkCreateInstance)
    FOUND(vkDestroyInstance)
    FOUND(vkEnumeratePhysicalDevices)
    FOUND(vkGetPhysicalDeviceProperties)
    FOUND(vkGetPhysicalDeviceProperties2)
    FOUND(vkGetPhysicalDeviceFeatures2)
    FOUND(vkGetPhysicalDeviceMemoryProperties)
    FOUND(vkGetPhysicalDeviceQueueFamilyProperties)
    FOUND(vkCreateDebugUtilsMessengerEXT)
    FOUND(vkDestroyDebugUtilsMessengerEXT)
    if (strcmp(name, "vkGetDeviceProcAddr") == 0)
        return (PFN_vkVoidFunction)get_device_function;
    return NULL;
}

PFN_vkVoidFunction VKAPI_CALL mock_vulkan_get(VkInstance instance, const char *name)
{
    PFN_vkVoidFunction found = find(name);
    (void)instance;
    if (!found && mock_vulkan.layer)
        found = find_of_layer(name);
    if (!found)
        found = mock_device_find(name);
    return found ? found : mock_queue_find(name);
}
