/* In which variant of its kernel (variants.def) a node runs. */
#include "backend/vulkan/choice.h"
#include "backend/vulkan/testing.h"
#include "op/tiles.h"

/* Whether the device can run a kernel so. */
static bool fits(const struct tenka_vk_device *dev, enum tenka_kernel kernel, const int32_t *params,
                 const struct tenka_variant *v)
{
    const VkPhysicalDeviceLimits *l = &dev->gpu.limits;
    return v->local <= l->maxComputeWorkGroupInvocations && v->local <= l->maxComputeWorkGroupSize[0] &&
           v->exchange <= dev->gpu.subgroup &&
           tenka_variant_shared(kernel, v, params) <= l->maxComputeSharedMemorySize &&
           tenka_variant_loops(kernel, v, params) <= TENKA_MAX_LOOPS;
}

static tenka_status no_variant(const struct tenka_vk_device *dev, const struct tenka_node *node)
{
    return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED,
                      "%s: no variant of this kernel fits tensors of this size on %s: use a smaller batch, or "
                      "--backend cpu",
                      node->label, dev->gpu.info.name);
}

/* A software device runs few workgroups at a time, each as wide as its vectors; a GPU wants many that are wide. */
#define NARROW 16
#define ENOUGH_GROUPS_ON_A_GPU 128
#define ENOUGH_GROUPS_IN_SOFTWARE 4

static bool for_device(const struct tenka_vk_device *dev, const struct tenka_variant *v)
{
    return (v->local <= NARROW) == dev->gpu.software;
}

/* Results in the tiles of a workgroup, to which slices add their parts, or which each makes for itself; 0 where they are
 * the same in all variants. */
static uint64_t tile_size(enum tenka_kernel kernel, const struct tenka_variant *v)
{
    const bool together = v->slices > 0 && (tenka_passes[kernel].flags & TENKA_PASS_SPREAD) == 0;
    const uint64_t invocations = v->local / (together ? v->slices : 1);
    return invocations * v->rows * v->columns * (v->lines > 0 ? v->lines : 1);
}

static uint64_t groups_of(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params, uint64_t n)
{
    const uint64_t work = tenka_passes[kernel].work(v, params, n);
    return tenka_passes[kernel].unit == TENKA_UNIT_EACH ? DIV_UP(work, v->local) : work;
}

/* A good variant for the shape without measuring: of those for this kind of device, which a family lists in the order
 * of their tiles, the first with enough workgroups, or the most, unless the tiles of a later one compute much less past
 * the ends. Where there is none for this kind of device, the family's last: it asks for nothing.
 * TENKA_ABSENT: not even that fits. */
static uint32_t guess(const struct tenka_vk_device *dev, enum tenka_kernel kernel, const int32_t *params, uint64_t n)
{
    const uint64_t enough = dev->gpu.software ? ENOUGH_GROUPS_IN_SOFTWARE : ENOUGH_GROUPS_ON_A_GPU;
    uint32_t count, best = TENKA_ABSENT, last = TENKA_ABSENT;
    uint64_t most = 0, leanest = UINT64_MAX;
    const struct tenka_variant *variants = tenka_variants(kernel, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!fits(dev, kernel, params, &variants[i]))
            continue;
        last = i;
        if (!for_device(dev, &variants[i]))
            continue;
        const uint64_t all = groups_of(kernel, &variants[i], params, n), groups = all < enough ? all : enough;
        const uint64_t size = all * tile_size(kernel, &variants[i]);
        if (groups < most || (groups == most && size >= leanest - leanest / 5))
            continue;
        best = i;
        most = groups;
        leanest = size;
    }
    return best != TENKA_ABSENT ? best : last;
}

static bool is_pinned(const struct tenka_vk_device *dev, uint32_t variants)
{
    return dev->pinned != TENKA_ABSENT && variants > 1;
}

uint32_t tenka_vk_candidates(const struct tenka_vk_device *dev, const struct tenka_node *node)
{
    uint32_t count, bits = 0;
    const struct tenka_variant *variants = tenka_variants(node->kernel, &count);
    if (is_pinned(dev, count) || !tenka_variant_measured(node->kernel))
        return 0;
    for (uint32_t i = 0; i < count; i++)
        if (for_device(dev, &variants[i]) && fits(dev, node->kernel, node->params, &variants[i]))
            bits |= UINT32_C(1) << i;
    return bits;
}

static uint32_t choose(const struct tenka_vk_device *dev, const struct tenka_plan *plan,
                       const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    uint32_t count;
    uint64_t n = 0;
    const struct tenka_variant *variants = tenka_variants(node->kernel, &count);
    if (is_pinned(dev, count)) {
        const bool there = dev->pinned < count && fits(dev, node->kernel, node->params, &variants[dev->pinned]);
        return there ? dev->pinned : TENKA_ABSENT;
    }
    for (uint32_t j = 0; j < step->jobs; j++)
        n += tenka_shape_count(&plan->operands[node[j].out[0]].desc.shape);
    return guess(dev, node->kernel, node->params, n);
}

tenka_status tenka_vk_choose(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *steps,
                             size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (steps[i].kind != TENKA_VK_DISPATCH)
            continue;
        steps[i].variant = choose(dev, plan, &steps[i]);
        if (steps[i].variant == TENKA_ABSENT)
            return no_variant(dev, &plan->nodes[steps[i].node]);
    }
    return TENKA_OK;
}

/* A software device runs few workgroups at a time: more of them are for others. */
static bool has_use(const struct tenka_vk_device *dev, enum tenka_kernel kernel)
{
    return (tenka_passes[kernel].flags & TENKA_PASS_SPREAD) == 0 || !dev->gpu.software || dev->spread;
}

void tenka_vulkan_spread(tenka_device *dev)
{
    tenka_vk_device_of(dev)->spread = true;
}

/* Whether the device can run a kernel, and has a use for it. */
static bool runs(const struct tenka_vk_device *dev, enum tenka_kernel kernel, const int32_t *params)
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(kernel, &count);
    for (uint32_t i = 0; i < count && has_use(dev, kernel); i++)
        if (fits(dev, kernel, params, &variants[i]))
            return true;
    return false;
}

/* What is made in parts anyway may be too long to be made whole. */
bool tenka_vk_fuses(const tenka_device *base, enum tenka_kernel kernel, const int32_t *params)
{
    const struct tenka_vk_device *dev = (const struct tenka_vk_device *)base;
    const enum tenka_kernel parts = tenka_parts_pass(kernel);
    const bool in_parts = parts != TENKA_KERNEL_COUNT && tenka_op_parts(tenka_passes[kernel].op, params) > 1 &&
                          runs(dev, parts, params);
    return in_parts || runs(dev, kernel, params);
}

void tenka_vk_pin(tenka_device *dev, uint32_t variant)
{
    tenka_vk_device_of(dev)->pinned = variant;
}

bool tenka_vk_tries(const struct tenka_vk_device *dev, enum tenka_kernel kernel, uint32_t variant,
                    const int32_t *params, uint64_t n, bool *preferred)
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(kernel, &count);
    *preferred = guess(dev, kernel, params, n) == variant;
    return *preferred || (tenka_variant_measured(kernel) && for_device(dev, &variants[variant]) &&
                          fits(dev, kernel, params, &variants[variant]));
}
