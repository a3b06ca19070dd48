/* For developers of kernels: what a driver's compiler made of each. Sees nothing of Vulkan. */
#ifndef TENKA_VULKAN_STATISTICS_H
#define TENKA_VULKAN_STATISTICS_H

#include "backend/backend.h"

/* Such as "VGPRs": names and meaning are the driver's. */
struct tenka_vk_statistic {
    char name[256];
    double value;
};

/* Compiles a kernel for its own sake. E_UNSUPPORTED: the driver tells nothing. */
TENKA_API tenka_status tenka_vulkan_statistics(tenka_device *dev, enum tenka_kernel kernel, uint32_t variant,
                                               const int32_t *params, struct tenka_vk_statistic *out, uint32_t max,
                                               uint32_t *count);
/* Whether the device would run the variant if it is the fastest; *preferred: and would, unmeasured.
 *   n  elements of the first written operand */
TENKA_API bool tenka_vulkan_tries(const tenka_device *dev, enum tenka_kernel kernel, uint32_t variant,
                                  const int32_t *params, uint64_t n, bool *preferred);

#endif
