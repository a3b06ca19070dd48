/* From a plan to a program: the list of commands, then the variant that each dispatch runs in, and only then the
 * recordings. Measuring variants makes programs, too, whose variants are given: nothing here is done anew inside. */
#include "backend/vulkan/cache.h"
#include "backend/vulkan/choice.h"
#include "backend/vulkan/pipeline.h"
#include "backend/vulkan/prepare.h"
#include "backend/vulkan/program.h"
#include "backend/vulkan/rehearse.h"
#include "backend/vulkan/steps.h"
#include "backend/vulkan/tune.h"

static tenka_status choose(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *steps,
                           size_t n)
{
    TENKA_TRY(tenka_vk_choose(dev, plan, steps, n));
    return tenka_vk_tune(dev, plan, steps, n);
}

tenka_status tenka_vk_prepare(tenka_device *base, const struct tenka_plan *plan, tenka_program **out)
{
    struct tenka_vk_device *dev = tenka_vk_device_of(base);
    const size_t pipelines = tenka_vk_pipeline_count(dev);
    struct tenka_vk_step *steps;
    size_t n;
    *out = NULL;
    TENKA_TRY(tenka_vk_health(dev));
    TENKA_TRY(tenka_vk_steps_make(dev, plan, &steps, &n));
    const tenka_status status = choose(dev, plan, steps, n);
    if (status != TENKA_OK) {
        tenka_free(steps);
        return status;
    }
    tenka_vk_rehearse(dev, plan, steps, n);
    TENKA_TRY(tenka_vk_program_make(dev, plan, steps, n, out));
    if (tenka_vk_pipeline_count(dev) > pipelines)
        tenka_vk_cache_save(dev);
    return TENKA_OK;
}
