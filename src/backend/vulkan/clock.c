/* The device's clock on the host's: one moment that both have told, from which timestamps are counted. The driver tells
 * it where it can (VK_EXT_calibrated_timestamps); else a submission does that takes a timestamp between two looks at
 * the host's clock, and the closest of a few counts. */
#include <math.h>
#include <stdio.h>

#include "backend/vulkan/clock.h"
#include "backend/vulkan/commands.h"
#include "backend/vulkan/queue.h"
#include "backend/vulkan/testing.h"
#include "core/os.h"

#define TRIES 8
/* Crystals drift apart by some millionths: after a second the two are compared again. */
#define MAX_AGE 1.0

/* A moment that the clocks of device and host both have told. */
struct tenka_vk_clock {
    bool known, bracket; /* bracket: without the driver's help, for tests */
    uint64_t ticks;      /* of the device */
    double host, error;  /* seconds of tenka_os_now's clock, and by how much they may be wrong */
    char text[160];
};

tenka_status tenka_vk_clock_open(struct tenka_vk_device *dev)
{
    dev->clock = tenka_alloc(sizeof(*dev->clock));
    return dev->clock != NULL ? TENKA_OK : tenka_fail_nomem(dev->base.err);
}

void tenka_vk_clock_finish(struct tenka_vk_device *dev)
{
    tenka_free(dev->clock);
}

static double host_now(void)
{
    return 1e-9 * (double)tenka_os_now();
}

static tenka_status compare_calibrated(struct tenka_vk_device *dev)
{
    const VkCalibratedTimestampInfoEXT infos[] = {
        {.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT, .timeDomain = VK_TIME_DOMAIN_DEVICE_EXT},
        {.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT, .timeDomain = VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT},
    };
    uint64_t stamps[2], deviation = 0;
    VK_TRY(dev, dev->vk.vkGetCalibratedTimestampsEXT(dev->handle, 2, infos, stamps, &deviation));
    dev->clock->ticks = stamps[0];
    dev->clock->host = 1e-9 * (double)stamps[1];
    dev->clock->error = 1e-9 * (double)deviation;
    return TENKA_OK;
}

/* ---- Without the driver's help ---- */

struct probe {
    VkQueryPool pool;
    VkCommandBuffer commands;
};

static tenka_status probe_record(struct tenka_vk_device *dev, struct probe *probe)
{
    TENKA_TRY(tenka_vk_commands_begin(dev, probe->commands, 0));
    tenka_vk_full_barrier(dev, probe->commands);
    dev->vk.vkCmdResetQueryPool(probe->commands, probe->pool, 0, 1);
    dev->vk.vkCmdWriteTimestamp(probe->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, probe->pool, 0);
    tenka_vk_full_barrier(dev, probe->commands);
    return tenka_vk_commands_end(dev, probe->commands);
}

static tenka_status probe_init(struct tenka_vk_device *dev, struct probe *probe)
{
    const VkQueryPoolCreateInfo queries = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_TIMESTAMP, .queryCount = 1};
    VK_MAKE(dev, probe->pool, dev->vk.vkCreateQueryPool(dev->handle, &queries, NULL, &probe->pool));
    dev->base.objects++;
    TENKA_TRY(tenka_vk_commands_make(dev, &probe->commands));
    return probe_record(dev, probe);
}

static void probe_finish(struct tenka_vk_device *dev, struct probe *probe)
{
    tenka_vk_settle(dev);
    tenka_vk_commands_free(dev, probe->commands);
    if (probe->pool != NULL)
        dev->vk.vkDestroyQueryPool(dev->handle, probe->pool, NULL);
}

static tenka_status probe_try(struct tenka_vk_device *dev, const struct probe *probe)
{
    uint64_t ticket, ticks;
    const double before = host_now();
    TENKA_TRY(tenka_vk_submit(dev, probe->commands, &ticket));
    TENKA_TRY(tenka_vk_wait(dev, ticket));
    const double after = host_now(), error = (after - before) / 2;
    VK_TRY(dev, dev->vk.vkGetQueryPoolResults(dev->handle, probe->pool, 0, 1, sizeof(ticks), &ticks, sizeof(ticks),
                                              VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    if (error < dev->clock->error) {
        dev->clock->ticks = ticks;
        dev->clock->host = before + error;
        dev->clock->error = error;
    }
    return TENKA_OK;
}

static tenka_status compare_by_submissions(struct tenka_vk_device *dev)
{
    struct probe probe = {VK_NULL_HANDLE, VK_NULL_HANDLE};
    tenka_status status = probe_init(dev, &probe);
    dev->clock->error = INFINITY;
    for (int i = 0; i < TRIES && status == TENKA_OK; i++)
        status = probe_try(dev, &probe);
    probe_finish(dev, &probe);
    return status;
}

/* ---- For profile.c ---- */

/* Rounded up, as what holds for a bound; drivers whose clock is the host's say 0, which would read like a defect. */
static double microseconds_at_most(double seconds)
{
    return fmax(0.1 * ceil(1e7 * seconds), 0.1);
}

tenka_status tenka_vk_clock_compare(struct tenka_vk_device *dev)
{
    const bool calibrated = dev->gpu.calibrated && !dev->clock->bracket;
    if (dev->clock->known && !calibrated && host_now() - dev->clock->host < MAX_AGE)
        return TENKA_OK;
    TENKA_TRY(calibrated ? compare_calibrated(dev) : compare_by_submissions(dev));
    dev->clock->known = true;
    snprintf(dev->clock->text, sizeof(dev->clock->text),
             "the device's clock is compared with the host's by %s, to within %.1f us",
             calibrated ? "VK_EXT_calibrated_timestamps" : "submissions between two looks at the latter",
             microseconds_at_most(dev->clock->error));
    return TENKA_OK;
}

double tenka_vk_clock_seconds(const struct tenka_vk_device *dev, uint64_t ticks)
{
    const uint32_t bits = dev->gpu.timestamp_bits;
    const uint64_t mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX;
    const uint64_t since = (ticks - dev->clock->ticks) & mask, until = (dev->clock->ticks - ticks) & mask;
    /* The nearer of the two ways round a counter that may have run over. */
    const double count = since <= until ? (double)since : -(double)until;
    return dev->clock->host + 1e-9 * (double)dev->gpu.limits.timestampPeriod * count;
}

const char *tenka_vk_clock_text(tenka_device *base)
{
    const struct tenka_vk_device *dev = tenka_vk_device_of(base);
    return dev->clock->known ? dev->clock->text : "the device's clock was not asked for yet";
}

void tenka_vulkan_bracket_clock(tenka_device *dev)
{
    tenka_vk_device_of(dev)->clock->bracket = true;
    tenka_vk_device_of(dev)->clock->known = false;
}
