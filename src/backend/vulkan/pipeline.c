/* Layouts and pipelines, made when a plan first needs them and kept as long as the device. */
#include "backend/vulkan/cache.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/shaders.h"
#include "backend/vulkan/workshop.h"

/* A kernel for one storage type, in one variant and with one set of constants of its shape. */
struct pipeline {
    VkPipeline handle;
    enum tenka_storage_type stored;
    uint32_t variant;
    int32_t shape[TENKA_SHAPE_CONSTANTS];
    struct pipeline *next;
};

struct tenka_vk_pipelines {
    VkDescriptorSetLayout set_layouts[TENKA_VK_BINDINGS + 1]; /* by the number of bindings, as the next */
    VkPipelineLayout layouts[TENKA_VK_BINDINGS + 1];
    struct pipeline *of[TENKA_KERNEL_COUNT];
    size_t count;
};

tenka_status tenka_vk_pipelines_open(struct tenka_vk_device *dev)
{
    dev->pipelines = tenka_alloc(sizeof(*dev->pipelines));
    return dev->pipelines != NULL ? TENKA_OK : tenka_fail_nomem(dev->base.err);
}

/* ---- Layouts ---- */

uint32_t tenka_vk_bindings(enum tenka_kernel kernel)
{
    const struct tenka_pass_info *pass = &tenka_passes[kernel];
    const bool slot = tenka_ops[pass->op].n_scalars > 0 || (pass->flags & TENKA_PASS_JOBS);
    return tenka_mask_count(pass->reads) + tenka_mask_count(pass->writes) + slot;
}

static tenka_status make_set_layout(struct tenka_vk_device *dev, uint32_t count)
{
    VkDescriptorSetLayoutBinding bindings[TENKA_VK_BINDINGS];
    for (uint32_t i = 0; i < count; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        };
    const VkDescriptorSetLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = count,
        .pBindings = bindings,
    };
    VkDescriptorSetLayout *layout = &dev->pipelines->set_layouts[count];
    VK_MAKE(dev, *layout, dev->vk.vkCreateDescriptorSetLayout(dev->handle, &info, NULL, layout));
    dev->base.objects++;
    return TENKA_OK;
}

static tenka_status make_layout(struct tenka_vk_device *dev, uint32_t count)
{
    const VkPushConstantRange push = {
        .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        .size = sizeof(struct tenka_vk_push),
    };
    const VkPipelineLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &dev->pipelines->set_layouts[count],
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &push,
    };
    VkPipelineLayout *layout = &dev->pipelines->layouts[count];
    VK_MAKE(dev, *layout, dev->vk.vkCreatePipelineLayout(dev->handle, &info, NULL, layout));
    dev->base.objects++;
    return TENKA_OK;
}

static tenka_status make_layouts(struct tenka_vk_device *dev, uint32_t bindings)
{
    if (dev->pipelines->set_layouts[bindings] == NULL)
        TENKA_TRY(make_set_layout(dev, bindings));
    return dev->pipelines->layouts[bindings] != NULL ? TENKA_OK : make_layout(dev, bindings);
}

VkDescriptorSetLayout tenka_vk_set_layout(const struct tenka_vk_device *dev, enum tenka_kernel kernel)
{
    return dev->pipelines->set_layouts[tenka_vk_bindings(kernel)];
}

VkPipelineLayout tenka_vk_layout(const struct tenka_vk_device *dev, enum tenka_kernel kernel)
{
    return dev->pipelines->layouts[tenka_vk_bindings(kernel)];
}

/* ---- Pipelines ---- */

static tenka_status make_module(struct tenka_vk_device *dev, const struct tenka_node *node, VkShaderModule *out)
{
    struct tenka_shader shader;
    TENKA_TRY(tenka_vk_code(dev, node, &shader));
    const VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = shader.bytes,
        .pCode = shader.code,
    };
    if (shader.code == NULL)
        return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED, "%s has no shader in this build",
                          tenka_passes[node->kernel].name);
    VK_TRY(dev, dev->vk.vkCreateShaderModule(dev->handle, &info, NULL, out));
    dev->base.objects++;
    return TENKA_OK;
}

/* The specialisation constants of a kernel: those of its variant, and those of its shape. A shader without some of them
 * ignores these. */
static tenka_status make_pipeline(struct tenka_vk_device *dev, const struct tenka_node *node, VkShaderModule module,
                                  VkPipelineCreateFlags flags, uint32_t variant, VkPipeline *out)
{
    const enum tenka_kernel kernel = node->kernel;
    uint32_t count;
    const struct tenka_variant *v = &tenka_variants(kernel, &count)[variant];
    int32_t values[TENKA_VARIANT_CONSTANTS + TENKA_SHAPE_CONSTANTS];
    VkSpecializationMapEntry entries[TENKA_VARIANT_CONSTANTS + TENKA_SHAPE_CONSTANTS];
    memcpy(values, v->constants, sizeof(v->constants));
    tenka_variant_shape(kernel, node->params, values + TENKA_VARIANT_CONSTANTS);
    for (uint32_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        entries[i] = (VkSpecializationMapEntry){
            .constantID = i < TENKA_VARIANT_CONSTANTS ? i : TENKA_SHAPE_CONSTANT + i - TENKA_VARIANT_CONSTANTS,
            .offset = i * (uint32_t)sizeof(*values),
            .size = sizeof(*values),
        };
    const VkSpecializationInfo constants = {
        .mapEntryCount = sizeof(values) / sizeof(*values),
        .pMapEntries = entries,
        .dataSize = sizeof(values),
        .pData = values,
    };
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = flags,
        .stage =
            {
                .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = module,
                .pName = "main",
                .pSpecializationInfo = &constants,
            },
        .layout = tenka_vk_layout(dev, kernel),
    };
    VK_TRY(dev, dev->vk.vkCreateComputePipelines(dev->handle, tenka_vk_cache_use(dev), 1, &info, NULL, out));
    dev->base.objects++;
    tenka_vk_set_name(dev, VK_OBJECT_TYPE_PIPELINE, (uint64_t)*out, tenka_passes[kernel].name);
    return TENKA_OK;
}

/* Of a kernel that the device can run. */
static uint32_t most_bindings(const struct tenka_vk_device *dev)
{
    const VkPhysicalDeviceLimits *l = &dev->gpu.limits;
    const uint32_t set = l->maxDescriptorSetStorageBuffers, stage = l->maxPerStageDescriptorStorageBuffers;
    const uint32_t offered = set < stage ? set : stage;
    return offered < TENKA_VK_BINDINGS ? offered : TENKA_VK_BINDINGS;
}

tenka_status tenka_vk_compile(struct tenka_vk_device *dev, const struct tenka_node *node, uint32_t variant,
                              VkPipelineCreateFlags flags, VkPipeline *out)
{
    const char *name = tenka_passes[node->kernel].name;
    const uint32_t bindings = tenka_vk_bindings(node->kernel);
    VkShaderModule module = VK_NULL_HANDLE;
    if (bindings > most_bindings(dev))
        return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED,
                          "%s binds %u buffers, but on %s a shader binds at most %u: use --backend cpu", name, bindings,
                          dev->gpu.info.name, most_bindings(dev));
    TENKA_TRY(make_layouts(dev, bindings));
    TENKA_TRY(make_module(dev, node, &module));
    tenka_vk_set_name(dev, VK_OBJECT_TYPE_SHADER_MODULE, (uint64_t)module, name);
    const tenka_status status = make_pipeline(dev, node, module, flags, variant, out);
    dev->vk.vkDestroyShaderModule(dev->handle, module, NULL);
    return status;
}

static tenka_status add(struct tenka_vk_device *dev, const struct tenka_node *node, const struct pipeline *wanted,
                        struct pipeline **out)
{
    struct pipeline *p = tenka_alloc(sizeof(*p));
    if (p == NULL)
        return tenka_fail_nomem(dev->base.err);
    *p = *wanted;
    const tenka_status status = tenka_vk_compile(dev, node, p->variant, 0, &p->handle);
    if (status != TENKA_OK) {
        tenka_free(p);
        return status;
    }
    p->next = dev->pipelines->of[node->kernel];
    dev->pipelines->of[node->kernel] = *out = p;
    dev->pipelines->count++;
    return TENKA_OK;
}

static struct pipeline described(const struct tenka_node *node, uint32_t variant)
{
    struct pipeline p = {.stored = node->stored, .variant = variant};
    tenka_variant_shape(node->kernel, node->params, p.shape);
    return p;
}

static bool same(const struct pipeline *a, const struct pipeline *b)
{
    return a->stored == b->stored && a->variant == b->variant && memcmp(a->shape, b->shape, sizeof(a->shape)) == 0;
}

static struct pipeline *find(const struct tenka_vk_device *dev, enum tenka_kernel kernel, const struct pipeline *wanted)
{
    struct pipeline *p = dev->pipelines->of[kernel];
    while (p != NULL && !same(p, wanted))
        p = p->next;
    return p;
}

tenka_status tenka_vk_pipeline(struct tenka_vk_device *dev, const struct tenka_node *node, uint32_t variant,
                               VkPipeline *out)
{
    const struct pipeline wanted = described(node, variant);
    struct pipeline *p = find(dev, node->kernel, &wanted);
    *out = VK_NULL_HANDLE;
    if (p == NULL)
        TENKA_TRY(add(dev, node, &wanted, &p));
    *out = p->handle;
    return TENKA_OK;
}

bool tenka_vk_has_pipeline(const struct tenka_vk_device *dev, const struct tenka_node *node, uint32_t variant)
{
    const struct pipeline wanted = described(node, variant);
    return find(dev, node->kernel, &wanted) != NULL;
}

bool tenka_vk_share_pipeline(const struct tenka_node *a, uint32_t variant_a, const struct tenka_node *b,
                             uint32_t variant_b)
{
    const struct pipeline x = described(a, variant_a), y = described(b, variant_b);
    return a->kernel == b->kernel && same(&x, &y);
}

size_t tenka_vk_pipeline_count(const struct tenka_vk_device *dev)
{
    return dev->pipelines->count;
}

static void free_pipelines(struct tenka_vk_device *dev, enum tenka_kernel kernel)
{
    struct pipeline *p;
    while ((p = dev->pipelines->of[kernel]) != NULL) {
        dev->pipelines->of[kernel] = p->next;
        dev->vk.vkDestroyPipeline(dev->handle, p->handle, NULL);
        tenka_free(p);
    }
}

void tenka_vk_pipelines_finish(struct tenka_vk_device *dev)
{
    struct tenka_vk_pipelines *all = dev->pipelines;
    if (all == NULL)
        return;
    for (int kernel = 0; kernel < TENKA_KERNEL_COUNT; kernel++)
        free_pipelines(dev, (enum tenka_kernel)kernel);
    for (size_t i = 0; i <= TENKA_VK_BINDINGS; i++) {
        if (all->layouts[i] != NULL)
            dev->vk.vkDestroyPipelineLayout(dev->handle, all->layouts[i], NULL);
        if (all->set_layouts[i] != NULL)
            dev->vk.vkDestroyDescriptorSetLayout(dev->handle, all->set_layouts[i], NULL);
    }
    tenka_free(all);
}
