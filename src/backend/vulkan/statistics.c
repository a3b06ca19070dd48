/* What a driver's compiler says of a kernel. */
#include "backend/vulkan/choice.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/statistics.h"

static double number(const VkPipelineExecutableStatisticKHR *s)
{
    switch (s->format) {
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: return s->value.b32;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: return (double)s->value.i64;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR: return (double)s->value.u64;
    default: return s->value.f64;
    }
}

static tenka_status read_all(struct tenka_vk_device *dev, VkPipeline pipeline, struct tenka_vk_statistic *out,
                             uint32_t max, uint32_t *count)
{
    VkPipelineExecutableStatisticKHR list[64];
    uint32_t n = sizeof(list) / sizeof(*list);
    const VkPipelineExecutableInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR,
        .pipeline = pipeline,
    };
    for (uint32_t i = 0; i < n; i++)
        list[i] = (VkPipelineExecutableStatisticKHR){.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
    VK_TRY(dev, dev->vk.vkGetPipelineExecutableStatisticsKHR(dev->handle, &info, &n, list));
    for (*count = 0; *count < n && *count < max; ++*count) {
        memcpy(out[*count].name, list[*count].name, sizeof(out->name));
        out[*count].value = number(&list[*count]);
    }
    return TENKA_OK;
}

tenka_status tenka_vulkan_statistics(tenka_device *base, enum tenka_kernel kernel, uint32_t variant,
                                     const int32_t *params, struct tenka_vk_statistic *out, uint32_t max,
                                     uint32_t *count)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    struct tenka_node node = {.kernel = kernel, .stored = TENKA_STORED_f32};
    VkPipeline pipeline;
    *count = 0;
    memcpy(node.params, params, sizeof(node.params));
    if (!dev->gpu.statistics)
        return tenka_fail(base->err, TENKA_E_UNSUPPORTED, "the driver of %s has no statistics of shaders",
                          dev->gpu.info.name);
    TENKA_TRY(tenka_vk_compile(dev, &node, variant, VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR, &pipeline));
    const tenka_status status = read_all(dev, pipeline, out, max, count);
    dev->vk.vkDestroyPipeline(dev->handle, pipeline, NULL);
    return status;
}

bool tenka_vulkan_tries(const tenka_device *dev, enum tenka_kernel kernel, uint32_t variant, const int32_t *params,
                        uint64_t n, bool *preferred)
{
    return tenka_vk_tries((const struct tenka_vk_device *)dev, kernel, variant, params, n, preferred);
}
