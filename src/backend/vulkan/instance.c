/* The Vulkan loader, and an instance for each device that is opened. */
#define _POSIX_C_SOURCE 200809L

#include "backend/vulkan/instance.h"

#include <string.h>

#include "backend/vulkan/manifests.h"
#include "backend/vulkan/renderdoc.h"
#include "backend/vulkan/result.h"

#define LAYER "VK_LAYER_KHRONOS_validation"

static pthread_once_t loader_once = PTHREAD_ONCE_INIT;
static VkResult loader_result;
static PFN_vkGetInstanceProcAddr substitute;
/* volk fills global variables: one instance at a time. */
static pthread_mutex_t volk_lock = PTHREAD_MUTEX_INITIALIZER;

static void load_loader(void)
{
    if (substitute != NULL)
        volkInitializeCustom(substitute);
    else
        loader_result = volkInitialize();
}

void tenka_vk_load_from(PFN_vkGetInstanceProcAddr get)
{
    substitute = get;
}

#define HINT "(VK_LOADER_DEBUG=error in the environment shows what its loader says)"

/* Loaders call it want of memory, too, when a manifest is no JSON. */
tenka_status tenka_vk_start_failed(struct tenka_error *err, VkResult result)
{
    char bad[800];
    const char *const name = tenka_vk_result_name(result);
    if (substitute == NULL && tenka_vk_find_bad_manifest(!tenka_vk_is_want_of_memory(result), bad, sizeof(bad)))
        return tenka_fail(err, TENKA_E_UNSUPPORTED,
                          "Vulkan could not be started (%s): %s: mend or remove that file, "
                          "or use the cpu backend " HINT,
                          name, bad);
    if (tenka_vk_is_want_of_memory(result))
        return tenka_fail(err, TENKA_E_NOMEM,
                          "out of memory while starting Vulkan (%s), or a driver failed: use the "
                          "cpu backend " HINT,
                          name);
    return tenka_fail(err, TENKA_E_UNSUPPORTED,
                      "no Vulkan driver could be started (%s): install the GPU's driver (Mesa's package is "
                      "mesa-vulkan-drivers), or use the cpu backend " HINT,
                      name);
}

tenka_status tenka_vk_listed(struct tenka_error *err, VkResult result)
{
    return tenka_vk_is_want_of_memory(result) ? tenka_vk_start_failed(err, result) : TENKA_OK;
}

static tenka_status find_layer(struct tenka_error *err, bool *found)
{
    uint32_t count = 0;
    *found = false;
    VkResult result = vkEnumerateInstanceLayerProperties(&count, NULL);
    if (result < 0 || count == 0)
        return tenka_vk_listed(err, result);
    VkLayerProperties *layers = tenka_alloc_array(count, sizeof(*layers));
    if (layers == NULL)
        return tenka_fail_nomem(err);
    result = vkEnumerateInstanceLayerProperties(&count, layers);
    for (uint32_t i = 0; i < count && result >= 0; i++)
        *found = *found || strcmp(layers[i].layerName, LAYER) == 0;
    tenka_free(layers);
    return tenka_vk_listed(err, result);
}

/* Sets *found when the layer (NULL: the loader) offers the extension, and else leaves it. */
static tenka_status find_extension(struct tenka_error *err, const char *layer, const char *name, bool *found)
{
    uint32_t count = 0;
    VkResult result = vkEnumerateInstanceExtensionProperties(layer, &count, NULL);
    if (result < 0 || count == 0)
        return tenka_vk_listed(err, result);
    VkExtensionProperties *list = tenka_alloc_array(count, sizeof(*list));
    if (list == NULL)
        return tenka_fail_nomem(err);
    result = vkEnumerateInstanceExtensionProperties(layer, &count, list);
    for (uint32_t i = 0; i < count && result >= 0; i++)
        *found = *found || strcmp(list[i].extensionName, name) == 0;
    tenka_free(list);
    return tenka_vk_listed(err, result);
}

static tenka_status check_loader(bool validate, struct tenka_error *err)
{
    pthread_once(&loader_once, load_loader);
    if (loader_result != VK_SUCCESS)
        return tenka_fail(err, TENKA_E_UNSUPPORTED,
                          "Vulkan's loader was not found: install libvulkan1 and a driver (Mesa's package is "
                          "mesa-vulkan-drivers), or use the cpu backend");
    uint32_t version = VK_API_VERSION_1_0; /* which has no function that tells it */
    const VkResult result = vkEnumerateInstanceVersion != NULL ? vkEnumerateInstanceVersion(&version) : VK_SUCCESS;
    if (result < 0)
        return tenka_vk_start_failed(err, result);
    if (version < VK_API_VERSION_1_2)
        return tenka_fail(err, TENKA_E_UNSUPPORTED, "Vulkan's loader is older than 1.2: install a newer libvulkan1");
    bool layer = !validate;
    if (validate)
        TENKA_TRY(find_layer(err, &layer));
    if (!layer)
        return tenka_fail(err, TENKA_E_UNSUPPORTED,
                          "the validation layer " LAYER " was not found: install the package vulkan-validationlayers");
    return TENKA_OK;
}

static VkResult create_handle(struct tenka_vk_instance *instance, bool validate, bool features_known)
{
    static const char *const layers[] = {LAYER};
    const VkValidationFeatureEnableEXT enables[] = {VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    const VkValidationFeaturesEXT features = {
        .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
        .enabledValidationFeatureCount = 1,
        .pEnabledValidationFeatures = enables,
    };
    const VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pEngineName = "tenka",
        .apiVersion = VK_API_VERSION_1_2,
    };
    const char *extensions[2];
    uint32_t count = 0;
    if (instance->debug_utils)
        extensions[count++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    if (features_known)
        extensions[count++] = VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME;
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = features_known ? &features : NULL,
        .pApplicationInfo = &app,
        .enabledLayerCount = validate ? 1 : 0,
        .ppEnabledLayerNames = layers,
        .enabledExtensionCount = count,
        .ppEnabledExtensionNames = extensions,
    };
    return vkCreateInstance(&info, NULL, &instance->handle);
}

static void load_functions(struct tenka_vk_instance *instance)
{
    pthread_mutex_lock(&volk_lock);
    volkLoadInstanceOnly(instance->handle);
    instance->destroy = vkDestroyInstance;
    instance->enumerate = vkEnumeratePhysicalDevices;
    instance->extensions = vkEnumerateDeviceExtensionProperties;
    instance->properties = vkGetPhysicalDeviceProperties;
    instance->properties2 = vkGetPhysicalDeviceProperties2;
    instance->features2 = vkGetPhysicalDeviceFeatures2;
    instance->memory = vkGetPhysicalDeviceMemoryProperties;
    instance->families = vkGetPhysicalDeviceQueueFamilyProperties;
    instance->time_domains = vkGetPhysicalDeviceCalibrateableTimeDomainsEXT;
    instance->create_device = vkCreateDevice;
    instance->create_messenger = vkCreateDebugUtilsMessengerEXT;
    instance->destroy_messenger = vkDestroyDebugUtilsMessengerEXT;
    instance->set_name = vkSetDebugUtilsObjectNameEXT;
    instance->begin_label = vkCmdBeginDebugUtilsLabelEXT;
    instance->end_label = vkCmdEndDebugUtilsLabelEXT;
    instance->insert_label = vkCmdInsertDebugUtilsLabelEXT;
    pthread_mutex_unlock(&volk_lock);
    instance->debug_utils = instance->debug_utils && instance->set_name != NULL && instance->begin_label != NULL &&
                            instance->end_label != NULL && instance->insert_label != NULL;
}

void tenka_vk_load_device_table(struct tenka_vk_instance *instance, VkDevice device, struct VolkDeviceTable *table)
{
    pthread_mutex_lock(&volk_lock);
    volkLoadInstanceOnly(instance->handle);
    volkLoadDeviceTable(table, device);
    pthread_mutex_unlock(&volk_lock);
}

/* Without performance warnings and the loader's own chatter: neither is a mistake of ours. */
static tenka_status create_messenger(struct tenka_vk_instance *instance, struct tenka_error *err)
{
    const VkDebugUtilsMessengerCreateInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = tenka_vk_messages_hear,
        .pUserData = &instance->messages,
    };
    if (!instance->debug_utils || instance->create_messenger == NULL || instance->destroy_messenger == NULL)
        return tenka_fail(err, TENKA_E_UNSUPPORTED,
                          "the validation layer lacks VK_EXT_debug_utils and could not report: update the package "
                          "vulkan-validationlayers");
    /* Want of memory is its only failure. */
    if (instance->create_messenger(instance->handle, &info, NULL, &instance->messenger) < 0) {
        instance->messenger = VK_NULL_HANDLE;
        return tenka_fail_nomem(err);
    }
    return TENKA_OK;
}

static tenka_status instance_init(struct tenka_vk_instance *instance, bool validate, struct tenka_error *err)
{
    bool features_known = false;
    TENKA_TRY(find_extension(err, NULL, VK_EXT_DEBUG_UTILS_EXTENSION_NAME, &instance->debug_utils));
    if (validate) {
        TENKA_TRY(find_extension(err, LAYER, VK_EXT_DEBUG_UTILS_EXTENSION_NAME, &instance->debug_utils));
        TENKA_TRY(find_extension(err, LAYER, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME, &features_known));
    }
    const VkResult result = create_handle(instance, validate, features_known);
    if (result < 0) {
        instance->handle = VK_NULL_HANDLE;
        return tenka_vk_start_failed(err, result);
    }
    load_functions(instance);
    instance->captured = tenka_vk_is_captured();
    return validate ? create_messenger(instance, err) : TENKA_OK;
}

tenka_status tenka_vk_instance_create(bool validate, struct tenka_error *err, const struct tenka_log *log,
                                      struct tenka_vk_instance **out)
{
    *out = NULL;
    TENKA_TRY(check_loader(validate, err));
    struct tenka_vk_instance *instance = tenka_alloc(sizeof(*instance));
    if (instance == NULL)
        return tenka_fail_nomem(err);
    tenka_vk_messages_init(&instance->messages, log);
    const tenka_status status = instance_init(instance, validate, err);
    if (status != TENKA_OK)
        tenka_vk_instance_destroy(&instance);
    *out = instance;
    return status;
}

void tenka_vk_instance_destroy(struct tenka_vk_instance **instance)
{
    struct tenka_vk_instance *old = *instance;
    *instance = NULL;
    if (old == NULL)
        return;
    if (old->messenger != NULL)
        old->destroy_messenger(old->handle, old->messenger, NULL);
    if (old->handle != NULL)
        old->destroy(old->handle, NULL);
    tenka_vk_messages_finish(&old->messages);
    tenka_free(old);
}
