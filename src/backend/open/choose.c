/* Which device a context gets, and the list of those there are. */
#include <stdio.h>

#include "backend/backend.h"

/* ---- The list ---- */

/* All devices in an allocated array, the CPU last. A Vulkan that cannot be asked, be it for want of memory, is as good
 * as none: the CPU's note then says why. */
static tenka_status list_devices(struct tenka_error *err, struct tenka_device_info **list, size_t *count)
{
    size_t room = 0, found = 0;
    struct tenka_error why = {0};
    tenka_status status = tenka_vulkan_list(&why, NULL, 0, &room);
    struct tenka_device_info *devices = *list = tenka_alloc_array(room + 1, sizeof(*devices));
    *count = 0;
    if (devices == NULL)
        return tenka_fail_nomem(err);
    if (status == TENKA_OK)
        status = tenka_vulkan_list(&why, devices, room, &found);
    /* Devices can appear and vanish between the two calls. */
    found = status != TENKA_OK ? 0 : found < room ? found : room;
    devices[found] = (struct tenka_device_info){.name = "CPU", .kind = "cpu", .usable = true};
    snprintf(devices[found].note, sizeof(devices[found].note), "%s", status != TENKA_OK ? why.text : "");
    *count = found + 1;
    return TENKA_OK;
}

/* The first usable device of a kind from index on, or count. */
static size_t find_kind(const struct tenka_device_info *list, size_t count, const char *kind)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].usable && strcmp(list[i].kind, kind) == 0)
            return i;
    return count;
}

/* The device that AUTO takes; the last is the CPU. */
static size_t choose(const struct tenka_device_info *list, size_t count)
{
    static const char *const best_first[] = {"discrete", "integrated", "cpu"};
    size_t best = count;
    for (size_t i = 0; i < sizeof(best_first) / sizeof(*best_first) && best == count; i++)
        best = find_kind(list, count, best_first[i]);
    return best;
}

tenka_status tenka_device_list(struct tenka_error *err, struct tenka_device_info *out, size_t max, size_t *count)
{
    struct tenka_device_info *list;
    TENKA_TRY(list_devices(err, &list, count));
    list[choose(list, *count)].chosen = true;
    for (size_t i = 0; i < *count && i < max; i++)
        out[i] = list[i];
    tenka_free(list);
    return TENKA_OK;
}

/* ---- Opening ---- */

/* The first Vulkan device that is usable or not, of the kinds that AUTO takes or of others; NULL: there is none. */
static const struct tenka_device_info *find_passed_over(const struct tenka_device_info *list, size_t count, bool usable,
                                                        bool of_its_kinds)
{
    for (size_t i = 0; i + 1 < count; i++) {
        const bool taken = strcmp(list[i].kind, "discrete") == 0 || strcmp(list[i].kind, "integrated") == 0;
        if (list[i].usable == usable && taken == of_its_kinds)
            return &list[i];
    }
    return NULL;
}

/* Why AUTO took the CPU, for people who expected their GPU. */
static void explain_cpu(const struct tenka_device_info *list, size_t count, char *text, size_t size)
{
    const struct tenka_device_info *const broken = find_passed_over(list, count, false, true);
    const struct tenka_device_info *const other = find_passed_over(list, count, true, false);
    const struct tenka_device_info *const neither = find_passed_over(list, count, false, false);
    if (broken != NULL || (other == NULL && neither != NULL))
        snprintf(text, size, "%s cannot be used: %s", (broken != NULL ? broken : neither)->name,
                 (broken != NULL ? broken : neither)->note);
    else if (other != NULL)
        snprintf(text, size,
                 "no discrete or integrated GPU was found; the Vulkan device %s (%s) is used only with "
                 "--backend vulkan",
                 other->name, other->kind);
    else
        snprintf(text, size, "%s", list[count - 1].note);
}

static tenka_status open_cpu(const struct tenka_ctx_params *params, struct tenka_error *err,
                             const struct tenka_log *log, enum tenka_backend *chosen, tenka_device **out)
{
    struct tenka_ctx_params cpu = *params;
    cpu.backend = *chosen = params->backend == TENKA_BACKEND_CPU_F64 ? TENKA_BACKEND_CPU_F64 : TENKA_BACKEND_CPU;
    return tenka_cpu_device_create(&cpu, err, log, out);
}

static tenka_status open_vulkan(const struct tenka_ctx_params *params, const char *device, struct tenka_error *err,
                                const struct tenka_log *log, enum tenka_backend *chosen, tenka_device **out)
{
    struct tenka_ctx_params vulkan = *params;
    vulkan.backend = *chosen = TENKA_BACKEND_VULKAN;
    vulkan.device = device;
    return tenka_vulkan_device_create(&vulkan, err, log, out);
}

/* The device's name is the context's to tell. Nobody asks why a GPU was taken. gpu: there is one. */
static void say_choice(const struct tenka_log *log, bool gpu, bool cpu_taken, const char *why)
{
    const enum tenka_log_level level = !cpu_taken ? TENKA_LOG_DEBUG : gpu ? TENKA_LOG_WARNING : TENKA_LOG_INFO;
    tenka_say(log, level, "backend: %s (%s)", cpu_taken ? "cpu" : "vulkan", why);
}

static tenka_status open_auto(const struct tenka_ctx_params *params, struct tenka_error *err,
                              const struct tenka_log *log, enum tenka_backend *chosen, tenka_device **out)
{
    struct tenka_device_info *list;
    size_t count;
    char why[1536], index[24]; /* why: a device's name and a sentence of err */
    TENKA_TRY(list_devices(err, &list, &count));
    const size_t best = choose(list, count);
    const bool gpu = best + 1 < count;
    tenka_status status = TENKA_E_UNSUPPORTED;
    if (gpu) {
        snprintf(index, sizeof(index), "%zu", best);
        snprintf(why, sizeof(why), "the first %s GPU", list[best].kind);
        status = open_vulkan(params, index, err, log, chosen, out);
        if (status != TENKA_OK)
            snprintf(why, sizeof(why), "%s failed: %s", list[best].name, err->text);
    } else {
        explain_cpu(list, count, why, sizeof(why));
    }
    tenka_free(list);
    if (status == TENKA_E_NOMEM)
        return status;
    if (status != TENKA_OK && params->shader_dir != NULL) /* on the CPU they would be left out */
        return gpu ? status
                   : tenka_fail(err, TENKA_E_INVALID,
                                "the shaders of %s are for Vulkan, but the backend auto takes the CPU here: %s",
                                params->shader_dir, why);
    if (status != TENKA_OK) {
        *err = (struct tenka_error){0};
        status = open_cpu(params, err, log, chosen, out);
    }
    if (status == TENKA_OK)
        say_choice(log, gpu, *chosen == TENKA_BACKEND_CPU, why);
    return status;
}

static bool complete(const struct tenka_backend_fns *f)
{
    return f->destroy != NULL && f->buffer_create != NULL && f->buffer_destroy != NULL && f->write != NULL &&
           f->read != NULL && f->prepare != NULL && f->program_destroy != NULL && f->submit != NULL &&
           f->wait != NULL && f->limits != NULL && f->name != NULL;
}

static tenka_status open_any(const struct tenka_ctx_params *params, struct tenka_error *err,
                             const struct tenka_log *log, enum tenka_backend *chosen, tenka_device **out)
{
    switch (params->backend) {
    case TENKA_BACKEND_AUTO: return open_auto(params, err, log, chosen, out);
    case TENKA_BACKEND_VULKAN: return open_vulkan(params, params->device, err, log, chosen, out);
    case TENKA_BACKEND_CPU:
    case TENKA_BACKEND_CPU_F64: return open_cpu(params, err, log, chosen, out);
    }
    return tenka_fail(err, TENKA_E_INVALID, "backend %d is none of auto, vulkan, cpu and cpu-f64",
                      (int)params->backend);
}

tenka_status tenka_device_open(const struct tenka_ctx_params *params, struct tenka_error *err,
                               const struct tenka_log *log, enum tenka_backend *chosen, tenka_device **out)
{
    *out = NULL;
    *chosen = params->backend;
    if (params->device != NULL && params->backend != TENKA_BACKEND_VULKAN)
        return tenka_fail(err, TENKA_E_INVALID,
                          "the device \"%s\" is named, but only the backend vulkan has devices to "
                          "choose from: add --backend vulkan",
                          params->device);
    if (params->shader_dir != NULL && params->backend != TENKA_BACKEND_VULKAN && params->backend != TENKA_BACKEND_AUTO)
        return tenka_fail(err, TENKA_E_INVALID,
                          "shaders of %s are named, but only the backend vulkan runs shaders: leave out --backend, or "
                          "take --backend vulkan",
                          params->shader_dir);
    if (params->threads < 0)
        return tenka_fail(err, TENKA_E_INVALID, "%d threads are asked for", params->threads);
    TENKA_TRY(open_any(params, err, log, chosen, out));
    if (complete((*out)->fns))
        return TENKA_OK;
    /* destroy may be what is missing, so the device is left alone. */
    *out = NULL;
    return tenka_fail(err, TENKA_E_DEVICE, "the backend lacks a mandatory function");
}
