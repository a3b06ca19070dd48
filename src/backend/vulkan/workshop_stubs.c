/* Stands for workshop.c in a build without shaderc. */
#include "backend/vulkan/workshop.h"

tenka_status tenka_vk_workshop_open(struct tenka_vk_device *dev, const char *dir)
{
    if (!dir || !dir[0])
        return TENKA_OK;
    return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED,
                      "this build cannot compile the shaders of %s: install libshaderc-dev and a C++ compiler, and "
                      "build Tenka anew",
                      dir);
}

void tenka_vk_workshop_finish(struct tenka_vk_device *dev)
{
    (void)dev;
}

tenka_status tenka_vk_code(struct tenka_vk_device *dev, const struct tenka_node *node, struct tenka_shader *out)
{
    (void)dev;
    *out = tenka_shaders[node->kernel][node->stored];
    return TENKA_OK;
}
