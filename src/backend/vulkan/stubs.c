/* Stands for this folder in a build without Vulkan. */
#include "backend/backend.h"
#include "backend/vulkan/testing.h"

tenka_status tenka_vulkan_device_create(const struct tenka_ctx_params *params, struct tenka_error *err,
                                        const struct tenka_log *log, tenka_device **out)
{
    (void)params;
    (void)log;
    *out = NULL;
    return tenka_fail(err, TENKA_E_UNSUPPORTED,
                      "this build has no Vulkan backend: use --backend cpu, or build with TENKA_VULKAN=ON");
}

tenka_status tenka_vulkan_list(struct tenka_error *err, struct tenka_device_info *out, size_t max, size_t *count)
{
    (void)out;
    (void)max;
    *count = 0;
    return tenka_fail(err, TENKA_E_UNSUPPORTED, "this build has no Vulkan backend");
}

void tenka_vulkan_spread(tenka_device *dev)
{
    (void)dev;
}
