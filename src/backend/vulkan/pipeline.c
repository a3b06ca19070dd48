/* Layouts and pipelines, made when a plan first needs them and kept as long as the device. */
#include "backend/vulkan/vk.h"

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
    VkDescriptorSetLayout *layout = &dev->set_layouts[count];
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
        .pSetLayouts = &dev->set_layouts[count],
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &push,
    };
    VK_MAKE(dev, dev->layouts[count], dev->vk.vkCreatePipelineLayout(dev->handle, &info, NULL, &dev->layouts[count]));
    dev->base.objects++;
    return TENKA_OK;
}

tenka_status tenka_vk_layouts(struct tenka_vk_device *dev, uint32_t bindings)
{
    if (!dev->set_layouts[bindings])
        TENKA_TRY(make_set_layout(dev, bindings));
    return dev->layouts[bindings] ? TENKA_OK : make_layout(dev, bindings);
}

static tenka_status make_module(struct tenka_vk_device *dev, enum tenka_kernel kernel, VkShaderModule *out)
{
    struct tenka_shader shader;
    TENKA_TRY(tenka_vk_code(dev, kernel, &shader));
    const VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = shader.bytes,
        .pCode = shader.code,
    };
    if (!shader.code)
        return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED, "%s has no shader in this build",
                          tenka_passes[kernel].name);
    VK_TRY(dev, dev->vk.vkCreateShaderModule(dev->handle, &info, NULL, out));
    dev->base.objects++;
    return TENKA_OK;
}

/* The specialisation constants of a kernel: those of its variant, and those of its shape. A shader without some of them
 * ignores these. */
static tenka_status make_pipeline(struct tenka_vk_device *dev, enum tenka_kernel kernel, VkShaderModule module,
                                  VkPipelineCreateFlags flags, struct tenka_vk_pipeline *pipeline)
{
    uint32_t count;
    const struct tenka_variant *v = &tenka_variants(kernel, &count)[pipeline->variant];
    int32_t values[TENKA_VARIANT_CONSTANTS + TENKA_SHAPE_CONSTANTS];
    VkSpecializationMapEntry entries[TENKA_VARIANT_CONSTANTS + TENKA_SHAPE_CONSTANTS];
    memcpy(values, v->constants, sizeof v->constants);
    memcpy(values + TENKA_VARIANT_CONSTANTS, pipeline->shape, sizeof pipeline->shape);
    for (uint32_t i = 0; i < sizeof values / sizeof *values; i++)
        entries[i] = (VkSpecializationMapEntry){
            .constantID = i < TENKA_VARIANT_CONSTANTS ? i : TENKA_SHAPE_CONSTANT + i - TENKA_VARIANT_CONSTANTS,
            .offset = i * (uint32_t)sizeof *values,
            .size = sizeof *values,
        };
    const VkSpecializationInfo constants = {
        .mapEntryCount = sizeof values / sizeof *values,
        .pMapEntries = entries,
        .dataSize = sizeof values,
        .pData = values,
    };
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = flags,
        .stage = {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = VK_SHADER_STAGE_COMPUTE_BIT,
            .module = module,
            .pName = "main",
            .pSpecializationInfo = &constants,
        },
        .layout = dev->layouts[tenka_vk_bindings(kernel)],
    };
    VK_TRY(dev, dev->vk.vkCreateComputePipelines(dev->handle, dev->cache, 1, &info, NULL, &pipeline->handle));
    dev->base.objects++;
    dev->cache_grown = true;
    tenka_vk_set_name(dev, VK_OBJECT_TYPE_PIPELINE, (uint64_t)pipeline->handle, tenka_passes[kernel].name);
    return TENKA_OK;
}

tenka_status tenka_vk_compile(struct tenka_vk_device *dev, enum tenka_kernel kernel, VkPipelineCreateFlags flags,
                              struct tenka_vk_pipeline *pipeline)
{
    const uint32_t bindings = tenka_vk_bindings(kernel);
    VkShaderModule module = VK_NULL_HANDLE;
    if (bindings > TENKA_VK_BINDINGS)
        return tenka_fail(dev->base.err, TENKA_E_UNSUPPORTED, "%s binds %u buffers and a Vulkan pass at most %d",
                          tenka_passes[kernel].name, bindings, TENKA_VK_BINDINGS);
    TENKA_TRY(tenka_vk_layouts(dev, bindings));
    TENKA_TRY(make_module(dev, kernel, &module));
    tenka_vk_set_name(dev, VK_OBJECT_TYPE_SHADER_MODULE, (uint64_t)module, tenka_passes[kernel].name);
    const tenka_status status = make_pipeline(dev, kernel, module, flags, pipeline);
    dev->vk.vkDestroyShaderModule(dev->handle, module, NULL);
    return status;
}

tenka_status tenka_vk_pipeline(struct tenka_vk_device *dev, enum tenka_kernel kernel, uint32_t variant,
                               const int32_t *params, VkPipeline *out)
{
    struct tenka_vk_pipeline wanted = {.variant = variant}, *p;
    *out = VK_NULL_HANDLE;
    tenka_variant_shape(kernel, params, wanted.shape);
    for (p = dev->pipelines[kernel]; p; p = p->next)
        if (p->variant == variant && memcmp(p->shape, wanted.shape, sizeof p->shape) == 0)
            break;
    if (!p) {
        p = tenka_alloc(sizeof *p);
        if (!p)
            return tenka_fail_nomem(dev->base.err);
        *p = wanted;
        p->next = dev->pipelines[kernel];
        const tenka_status status = tenka_vk_compile(dev, kernel, 0, p);
        if (status != TENKA_OK) {
            tenka_free(p);
            return status;
        }
        dev->pipelines[kernel] = p;
    }
    *out = p->handle;
    return TENKA_OK;
}

void tenka_vk_pipelines_finish(struct tenka_vk_device *dev)
{
    for (size_t i = 0; i < TENKA_KERNEL_COUNT; i++)
        while (dev->pipelines[i]) {
            struct tenka_vk_pipeline *p = dev->pipelines[i];
            dev->pipelines[i] = p->next;
            dev->vk.vkDestroyPipeline(dev->handle, p->handle, NULL);
            tenka_free(p);
        }
    for (size_t i = 0; i <= TENKA_VK_BINDINGS; i++) {
        if (dev->layouts[i])
            dev->vk.vkDestroyPipelineLayout(dev->handle, dev->layouts[i], NULL);
        if (dev->set_layouts[i])
            dev->vk.vkDestroyDescriptorSetLayout(dev->handle, dev->set_layouts[i], NULL);
    }
}
