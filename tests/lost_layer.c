/* A Vulkan layer that loses the device: submission number TENKA_LOSE_AT of a process fails with VK_ERROR_DEVICE_LOST,
 * and so does everything that asks the device afterwards, as with a driver that has reset its GPU. It also makes the
 * device another one: TENKA_TYPE is its VkPhysicalDeviceType, TENKA_TIMESTAMP_BITS and TENKA_TIMESTAMP_PERIOD what its
 * timestamps are, TENKA_SHARED_MEMORY the bytes that a workgroup shares. Programs are tested as they are installed: the
 * loader puts the layer between them and the driver. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_layer.h>

static PFN_vkGetInstanceProcAddr next_instance;
static PFN_vkGetDeviceProcAddr next_device;
static PFN_vkGetPhysicalDeviceProperties next_properties;
static PFN_vkGetPhysicalDeviceProperties2 next_properties2;
static PFN_vkGetPhysicalDeviceQueueFamilyProperties next_families;
static PFN_vkCreateDevice next_create_device;
static PFN_vkDestroyDevice next_destroy_device;
static PFN_vkQueueSubmit next_submit;
static PFN_vkWaitSemaphores next_wait;
static PFN_vkGetSemaphoreCounterValue next_value;
static PFN_vkDeviceWaitIdle next_wait_idle;
static VkDevice device;        /* the first; others that a program opens beside it are of the same driver */
static _Atomic long n_devices; /* alive */
static _Atomic long submissions;
static bool lost;

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *submits,
                                                   VkFence fence)
{
    const char *at = getenv("TENKA_LOSE_AT");
    if (!lost && at && ++submissions == atol(at)) {
        /* What was submitted before ends, since no driver is told that it is to stop. */
        next_wait_idle(device);
        lost = true;
    }
    return lost ? VK_ERROR_DEVICE_LOST : next_submit(queue, count, submits, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_semaphores(VkDevice dev, const VkSemaphoreWaitInfo *info, uint64_t timeout)
{
    return lost ? VK_ERROR_DEVICE_LOST : next_wait(dev, info, timeout);
}

static VKAPI_ATTR VkResult VKAPI_CALL semaphore_value(VkDevice dev, VkSemaphore semaphore, uint64_t *value)
{
    return lost ? VK_ERROR_DEVICE_LOST : next_value(dev, semaphore, value);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_idle(VkDevice dev)
{
    return lost ? VK_ERROR_DEVICE_LOST : next_wait_idle(dev);
}

/* A number of the environment, or what the driver says. */
static double pretended(const char *variable, double said)
{
    const char *const text = getenv(variable);
    return text ? atof(text) : said;
}

static void pretend(VkPhysicalDeviceProperties *p)
{
    p->deviceType = (VkPhysicalDeviceType)pretended("TENKA_TYPE", p->deviceType);
    p->limits.timestampPeriod = (float)pretended("TENKA_TIMESTAMP_PERIOD", p->limits.timestampPeriod);
    p->limits.maxComputeSharedMemorySize =
        (uint32_t)pretended("TENKA_SHARED_MEMORY", p->limits.maxComputeSharedMemorySize);
}

static VKAPI_ATTR void VKAPI_CALL properties(VkPhysicalDevice gpu, VkPhysicalDeviceProperties *out)
{
    next_properties(gpu, out);
    pretend(out);
}

static VKAPI_ATTR void VKAPI_CALL properties2(VkPhysicalDevice gpu, VkPhysicalDeviceProperties2 *out)
{
    next_properties2(gpu, out);
    pretend(&out->properties);
}

static VKAPI_ATTR void VKAPI_CALL families(VkPhysicalDevice gpu, uint32_t *count, VkQueueFamilyProperties *out)
{
    next_families(gpu, count, out);
    for (uint32_t i = 0; out && i < *count; i++)
        out[i].timestampValidBits = (uint32_t)pretended("TENKA_TIMESTAMP_BITS", out[i].timestampValidBits);
}

/* Asked for later, the loader hands out the beginning of its chain. */
static void find_next(VkInstance instance)
{
#define FIND(function) ((PFN_##function)next_instance(instance, #function))
    next_properties = FIND(vkGetPhysicalDeviceProperties);
    next_properties2 = FIND(vkGetPhysicalDeviceProperties2);
    next_families = FIND(vkGetPhysicalDeviceQueueFamilyProperties);
    next_create_device = FIND(vkCreateDevice);
#undef FIND
}

/* The loader's list of what stands below this layer; each layer takes its link off. */
static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *allocator, VkInstance *out)
{
    VkLayerInstanceCreateInfo *chain = (VkLayerInstanceCreateInfo *)info->pNext;
    while (chain &&
           !(chain->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO && chain->function == VK_LAYER_LINK_INFO))
        chain = (VkLayerInstanceCreateInfo *)chain->pNext;
    if (!chain)
        return VK_ERROR_INITIALIZATION_FAILED;
    next_instance = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
    const PFN_vkCreateInstance create = (PFN_vkCreateInstance)next_instance(NULL, "vkCreateInstance");
    const VkResult result = create(info, allocator, out);
    if (result == VK_SUCCESS)
        find_next(*out);
    return result;
}

static void find_functions(VkDevice dev)
{
#define FIND(function) ((PFN_##function)next_device(dev, #function))
    next_destroy_device = FIND(vkDestroyDevice);
    next_submit = FIND(vkQueueSubmit);
    next_wait = FIND(vkWaitSemaphores);
    next_value = FIND(vkGetSemaphoreCounterValue);
    next_wait_idle = FIND(vkDeviceWaitIdle);
#undef FIND
}

static VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice dev, const VkAllocationCallbacks *allocator)
{
    n_devices--;
    next_destroy_device(dev, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice gpu, const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator, VkDevice *out)
{
    VkLayerDeviceCreateInfo *chain = (VkLayerDeviceCreateInfo *)info->pNext;
    while (chain &&
           !(chain->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO && chain->function == VK_LAYER_LINK_INFO))
        chain = (VkLayerDeviceCreateInfo *)chain->pNext;
    if (!chain)
        return VK_ERROR_INITIALIZATION_FAILED;
    next_device = chain->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
    const VkResult result = next_create_device(gpu, info, allocator, out);
    if (result == VK_SUCCESS && n_devices++ == 0)
        device = *out;
    if (result == VK_SUCCESS)
        find_functions(*out);
    return result;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_function(VkDevice dev, const char *name);
static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL instance_function(VkInstance inst, const char *name);

static PFN_vkVoidFunction own_function(const char *name)
{
    static const struct {
        const char *name;
        PFN_vkVoidFunction function;
    } own[] = {
        {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)instance_function},
        {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)device_function},
        {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
        {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
        {"vkDestroyDevice", (PFN_vkVoidFunction)destroy_device},
        {"vkGetPhysicalDeviceProperties", (PFN_vkVoidFunction)properties},
        {"vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction)properties2},
        {"vkGetPhysicalDeviceQueueFamilyProperties", (PFN_vkVoidFunction)families},
        {"vkQueueSubmit", (PFN_vkVoidFunction)queue_submit},
        {"vkWaitSemaphores", (PFN_vkVoidFunction)wait_semaphores},
        {"vkGetSemaphoreCounterValue", (PFN_vkVoidFunction)semaphore_value},
        {"vkDeviceWaitIdle", (PFN_vkVoidFunction)wait_idle},
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(name, own[i].name) == 0)
            return own[i].function;
    return NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_function(VkDevice dev, const char *name)
{
    const PFN_vkVoidFunction own = own_function(name);
    return own ? own : next_device(dev, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL instance_function(VkInstance inst, const char *name)
{
    const PFN_vkVoidFunction own = own_function(name);
    return own ? own : next_instance ? next_instance(inst, name) : NULL;
}

/* What the loader looks for. */
VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *version)
{
    version->loaderLayerInterfaceVersion = 2;
    version->pfnGetInstanceProcAddr = instance_function;
    version->pfnGetDeviceProcAddr = device_function;
    version->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
