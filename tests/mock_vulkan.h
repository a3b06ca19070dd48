/* A Vulkan without a GPU, for tests: objects are counted and watched, memory is the host's, copies are done when their
 * submission is waited for or asked about, and kernels do nothing.
 *
 * It complains of what the specification forbids and drivers may punish: a handle that is none or is destroyed, an
 * object that is destroyed while the queue uses it, a command buffer in the wrong state, a wait that never ends. */
#ifndef TENKA_TESTS_MOCK_VULKAN_H
#define TENKA_TESTS_MOCK_VULKAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <volk.h>

struct mock_vulkan {
    bool integrated;           /* the host reaches all memory; else staging is needed, and variants are measured */
    VkPhysicalDeviceType type; /* where it is not integrated */
    VkDeviceSize memory;       /* bytes of the device's heap */
    uint32_t shared_memory;    /* bytes for a workgroup */
    uint32_t timestamp_bits;   /* that count; 0: there are no timestamps */
    float timestamp_period;    /* nanoseconds of a tick */
    uint8_t cache_uuid;        /* of the driver's pipeline cache */
    bool layer;                /* there is a validation layer, which says nothing by itself */
    /* What has happened. */
    char complaint[200];                       /* the first; "": none */
    size_t live;                               /* objects that were not destroyed */
    VkDeviceSize allocated;                    /* device memory */
    size_t caches_filled;                      /* pipeline caches made with data that was kept */
    PFN_vkDebugUtilsMessengerCallbackEXT hear; /* whom the layer tells, with the next; NULL: nobody */
    void *hear_user;
};
extern struct mock_vulkan mock_vulkan;

PFN_vkVoidFunction VKAPI_CALL mock_vulkan_get(VkInstance instance, const char *name);
/* Forgets destroyed objects and complaints; what lives stays. */
void mock_vulkan_reset(void);

#endif
