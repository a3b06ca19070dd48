#include "faulty_vulkan.h"

#include <dlfcn.h>
#include <string.h>

#include "backend/vulkan/instance.h"
#include "mock_vulkan.h"

/* Tables, laid out by hand. */
/* clang-format off */

static PFN_vkGetInstanceProcAddr below_instance;
static PFN_vkGetDeviceProcAddr below_device;
static PFN_vkDeviceWaitIdle wait_idle;
static VkDevice the_device;

static struct vulkan_fault fault;
static uint64_t calls;
static const char *failed;
static bool lost;

/* ---- Deciding ---- */

static bool can_say_lost(const char *function)
{
    static const char *const list[] = {"vkQueueSubmit", "vkWaitSemaphores", "vkGetSemaphoreCounterValue",
                                       "vkDeviceWaitIdle", "vkGetQueryPoolResults"};
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        if (strcmp(function, list[i]) == 0)
            return true;
    return false;
}

/* Nothing of a lost device runs on, which here is only pretended. */
static bool say_lost(const char *function, VkResult *result)
{
    if (!can_say_lost(function))
        return false;
    wait_idle(the_device);
    *result = VK_ERROR_DEVICE_LOST;
    return true;
}

static bool strikes(const char *function, VkResult *result)
{
    if (lost)
        return say_lost(function, result);
    if ((fault.of && strcmp(fault.of, function) != 0) ||
        (fault.result == VK_ERROR_DEVICE_LOST && !can_say_lost(function)))
        return false;
    /* Who cannot even wait has no way left to destroy anything. */
    if (fault.times > 1 && !lost && strcmp(function, "vkDeviceWaitIdle") == 0)
        return false;
    calls++;
    if (fault.at == 0 || calls < fault.at || calls - fault.at >= fault.times)
        return false;
    failed = failed ? failed : function;
    lost = fault.result == VK_ERROR_DEVICE_LOST;
    *result = fault.result;
    return lost ? say_lost(function, result) : true;
}

/* ---- Functions ---- */

/* Those that return a result, and those that make an object: what these leave in place of a handle when they fail is
 * undefined. */
#define PLAIN(X)                                                                                                       \
    X(vkEnumerateInstanceVersion, (uint32_t *v), (v))                                                                  \
    X(vkEnumerateInstanceLayerProperties, (uint32_t *n, VkLayerProperties *o), (n, o))                                 \
    X(vkEnumerateInstanceExtensionProperties, (const char *l, uint32_t *n, VkExtensionProperties *o), (l, n, o))       \
    X(vkEnumerateDeviceExtensionProperties,                                                                            \
      (VkPhysicalDevice g, const char *l, uint32_t *n, VkExtensionProperties *o), (g, l, n, o))                        \
    X(vkEnumeratePhysicalDevices, (VkInstance i, uint32_t *n, VkPhysicalDevice *o), (i, n, o))                         \
    X(vkSetDebugUtilsObjectNameEXT, (VkDevice d, const VkDebugUtilsObjectNameInfoEXT *i), (d, i))                      \
    X(vkBindBufferMemory, (VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize o), (d, b, m, o))                    \
    X(vkMapMemory, (VkDevice d, VkDeviceMemory m, VkDeviceSize o, VkDeviceSize s, VkMemoryMapFlags f, void **p),       \
      (d, m, o, s, f, p))                                                                                              \
    X(vkAllocateCommandBuffers, (VkDevice d, const VkCommandBufferAllocateInfo *i, VkCommandBuffer *o), (d, i, o))     \
    X(vkAllocateDescriptorSets, (VkDevice d, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *o), (d, i, o))     \
    X(vkCreateComputePipelines,                                                                                        \
      (VkDevice d, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i,                                 \
       const VkAllocationCallbacks *a,                                                                                  \
       VkPipeline *o), (d, c, n, i, a, o))                                                                             \
    X(vkGetPipelineCacheData, (VkDevice d, VkPipelineCache c, size_t *n, void *o), (d, c, n, o))                       \
    X(vkGetQueryPoolResults,                                                                                           \
      (VkDevice d, VkQueryPool p, uint32_t f, uint32_t n, size_t b, void *o, VkDeviceSize s, VkQueryResultFlags r),    \
      (d, p, f, n, b, o, s, r))                                                                                        \
    X(vkBeginCommandBuffer, (VkCommandBuffer c, const VkCommandBufferBeginInfo *i), (c, i))                            \
    X(vkQueueSubmit, (VkQueue q, uint32_t n, const VkSubmitInfo *i, VkFence f), (q, n, i, f))                          \
    X(vkGetSemaphoreCounterValue, (VkDevice d, VkSemaphore s, uint64_t *o), (d, s, o))                                 \
    X(vkWaitSemaphores, (VkDevice d, const VkSemaphoreWaitInfo *i, uint64_t t), (d, i, t))                             \
    X(vkDeviceWaitIdle, (VkDevice d), (d))
#define CREATORS(X)                                                                               \
    X(vkCreateDescriptorSetLayout, VkDevice, VkDescriptorSetLayoutCreateInfo, VkDescriptorSetLayout) \
    X(vkCreatePipelineLayout, VkDevice, VkPipelineLayoutCreateInfo, VkPipelineLayout)             \
    X(vkCreateShaderModule, VkDevice, VkShaderModuleCreateInfo, VkShaderModule)                   \
    X(vkCreateDescriptorPool, VkDevice, VkDescriptorPoolCreateInfo, VkDescriptorPool)             \
    X(vkCreatePipelineCache, VkDevice, VkPipelineCacheCreateInfo, VkPipelineCache)                \
    X(vkCreateQueryPool, VkDevice, VkQueryPoolCreateInfo, VkQueryPool)                            \
    X(vkCreateCommandPool, VkDevice, VkCommandPoolCreateInfo, VkCommandPool)                      \
    X(vkCreateSemaphore, VkDevice, VkSemaphoreCreateInfo, VkSemaphore)                            \
    X(vkCreateBuffer, VkDevice, VkBufferCreateInfo, VkBuffer)                                     \
    X(vkAllocateMemory, VkDevice, VkMemoryAllocateInfo, VkDeviceMemory)                           \
    X(vkCreateDevice, VkPhysicalDevice, VkDeviceCreateInfo, VkDevice)                             \
    X(vkCreateDebugUtilsMessengerEXT, VkInstance, VkDebugUtilsMessengerCreateInfoEXT, VkDebugUtilsMessengerEXT)

#define X(name, parameters, arguments)                                           \
    static PFN_##name below_##name;                                              \
    static VKAPI_ATTR VkResult VKAPI_CALL faulty_##name parameters               \
    {                                                                            \
        VkResult result;                                                         \
        return strikes(#name, &result) ? result : below_##name arguments;        \
    }
PLAIN(X)
#undef X

#define RUBBISH ((uintptr_t)0xbadbadb0)
#define X(name, Owner, Info, Handle)                                                          \
    static PFN_##name below_##name;                                                           \
    static VKAPI_ATTR VkResult VKAPI_CALL faulty_##name(Owner o, const Info *i,               \
                                                        const VkAllocationCallbacks *a, Handle *out) \
    {                                                                                         \
        VkResult result;                                                                      \
        if (!strikes(#name, &result))                                                         \
            return below_##name(o, i, a, out);                                                \
        *out = (Handle)RUBBISH;                                                               \
        return result;                                                                        \
    }
CREATORS(X)
#undef X

static PFN_vkCreateInstance below_vkCreateInstance;
static VKAPI_ATTR VkResult VKAPI_CALL faulty_vkCreateInstance(const VkInstanceCreateInfo *i,
                                                              const VkAllocationCallbacks *a, VkInstance *out)
{
    VkResult result;
    if (!strikes("vkCreateInstance", &result))
        return below_vkCreateInstance(i, a, out);
    *out = (VkInstance)RUBBISH;
    return result;
}

/* Whatever it says, recording has ended. */
static PFN_vkEndCommandBuffer below_vkEndCommandBuffer;
static VKAPI_ATTR VkResult VKAPI_CALL faulty_vkEndCommandBuffer(VkCommandBuffer commands)
{
    VkResult result;
    const VkResult ended = below_vkEndCommandBuffer(commands);
    return strikes("vkEndCommandBuffer", &result) ? result : ended;
}

/* ---- Looking them up ---- */

static PFN_vkVoidFunction wrap(const char *name, PFN_vkVoidFunction below)
{
#define X(function, ...)                                 \
    if (below && strcmp(name, #function) == 0) {         \
        below_##function = (PFN_##function)below;        \
        return (PFN_vkVoidFunction)faulty_##function;    \
    }
    PLAIN(X)
    CREATORS(X)
    X(vkCreateInstance)
    X(vkEndCommandBuffer)
#undef X
    return below;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_function(VkDevice device, const char *name)
{
    const PFN_vkVoidFunction below = below_device(device, name);
    the_device = device;
    if (strcmp(name, "vkDeviceWaitIdle") == 0)
        wait_idle = (PFN_vkDeviceWaitIdle)below;
    return wrap(name, below);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_function(VkInstance instance, const char *name)
{
    const PFN_vkVoidFunction below = below_instance(instance, name);
    if (strcmp(name, "vkGetDeviceProcAddr") == 0 && below) {
        below_device = (PFN_vkGetDeviceProcAddr)below;
        return (PFN_vkVoidFunction)get_device_function;
    }
    return wrap(name, below);
}

/* ---- Use ---- */

static PFN_vkGetInstanceProcAddr find_loader(void)
{
    PFN_vkGetInstanceProcAddr found;
    void *const loader = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    void *const get = loader ? dlsym(loader, "vkGetInstanceProcAddr") : NULL;
    memcpy(&found, &get, sizeof(get));
    return found;
}

void faulty_vulkan_hold_drivers(void)
{
    static VkInstance held;
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    const PFN_vkGetInstanceProcAddr get = find_loader();
    const PFN_vkCreateInstance create = get ? (PFN_vkCreateInstance)get(NULL, "vkCreateInstance") : NULL;
    if (!create || create(&info, NULL, &held) != VK_SUCCESS)
        held = VK_NULL_HANDLE;
}

bool faulty_vulkan_begin(bool mock)
{
    below_instance = mock ? mock_vulkan_get : find_loader();
    if (!mock)
        faulty_vulkan_hold_drivers();
    if (below_instance)
        tenka_vk_load_from(get_function);
    return below_instance != NULL;
}

void faulty_vulkan_set(const struct vulkan_fault *wanted)
{
    fault = *wanted;
    calls = 0;
    failed = NULL;
    lost = false;
}

void faulty_vulkan_stop(void)
{
    fault.at = 0;
    lost = false;
}

uint64_t faulty_vulkan_calls(void)
{
    return calls;
}

const char *faulty_vulkan_failed(void)
{
    return failed;
}
