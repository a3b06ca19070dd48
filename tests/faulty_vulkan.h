/* A layer between Tenka and a Vulkan, real or mock, that makes calls fail. */
#ifndef TENKA_TESTS_FAULTY_VULKAN_H
#define TENKA_TESTS_FAULTY_VULKAN_H

#include <stdbool.h>
#include <stdint.h>

#include <volk.h>

/* Before anything else of Tenka: the mock, or the system's loader; false: there is none. */
bool faulty_vulkan_begin(bool mock);

/* Keeps the drivers loaded to the end of the process: only so can a leak be blamed on the one that has it. */
void faulty_vulkan_hold_drivers(void);

/* What is to go wrong. */
struct vulkan_fault {
    uint64_t at;     /* the call that fails, from 1 on; 0: none */
    uint64_t times;  /* how many calls in a row do */
    VkResult result; /* DEVICE_LOST: only calls that may say so count, and once lost, the device stays lost */
    const char *of;  /* only calls of this function count; NULL: all that return a result */
};
void faulty_vulkan_set(const struct vulkan_fault *fault);
/* All goes well again. */
void faulty_vulkan_stop(void);
/* Calls that counted since then, and the function that failed first; NULL: none did. */
uint64_t faulty_vulkan_calls(void);
const char *faulty_vulkan_failed(void);

#endif
