/* In which variant of its kernel (variants.def) a node runs. */
#include "backend/vulkan/vk.h"

/* Whether the device can run a kernel so. n: elements of its first written operand */
static bool fits(const struct tenka_vk_device *dev, enum tenka_kernel kernel, const int32_t *params, uint64_t n,
                 const struct tenka_variant *v)
{
    const VkPhysicalDeviceLimits *l = &dev->gpu.limits;
    return v->local <= l->maxComputeWorkGroupInvocations && v->local <= l->maxComputeWorkGroupSize[0] &&
           v->exchange <= dev->gpu.subgroup &&
           tenka_variant_shared(kernel, v, params) <= l->maxComputeSharedMemorySize &&
           tenka_variant_loops(kernel, v, params, n) <= TENKA_MAX_LOOPS;
}

static tenka_status no_variant(const struct tenka_vk_device *dev, const struct tenka_node *node)
{
    return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED,
                      "%s: no variant of this kernel fits tensors of this size on %s: use a smaller batch, or "
                      "--backend cpu", node->label, dev->gpu.info.name);
}

tenka_status tenka_vk_choose(struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_node *node,
                             uint32_t *out)
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(node->kernel, &count);
    const uint64_t n = tenka_shape_count(&plan->operands[node->out[0]].desc.shape);
    const bool pinned = dev->pinned != TENKA_ABSENT && count > 1;
    for (uint32_t i = pinned ? dev->pinned : 0; i < count; i++) {
        *out = i;
        if (fits(dev, node->kernel, node->params, n, &variants[i]))
            return TENKA_OK;
        if (pinned)
            break;
    }
    return no_variant(dev, node);
}

bool tenka_vk_fuses(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params, uint64_t n)
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(kernel, &count);
    for (uint32_t i = 0; i < count; i++)
        if (fits((const struct tenka_vk_device *)dev, kernel, params, n, &variants[i]))
            return true;
    return false;
}

void tenka_vk_pin(tenka_device *dev, uint32_t variant)
{
    tenka_vk_device_of(dev)->pinned = variant;
}
