/* Which device a context gets, and the list of those there are. */
#include <stdio.h>

#include "backend/backend.h"

/* ---- The list ---- */

/* Vulkan's devices in an allocated array with room for one more, or NULL. */
static tenka_status list_vulkan(struct tenka_device_info **list, size_t *count)
{
    size_t room = 0;
    *list = NULL;
    *count = 0;
    /* A Vulkan that cannot be asked is as good as none. */
    if (tenka_vulkan_list(NULL, 0, &room) == TENKA_E_NOMEM)
        return TENKA_E_NOMEM;
    struct tenka_device_info *devices = tenka_alloc_array(room + 1, sizeof *devices);
    if (devices == NULL)
        return TENKA_E_NOMEM;
    const tenka_status status = room != 0 ? tenka_vulkan_list(devices, room, count) : TENKA_OK;
    if (status == TENKA_E_NOMEM) {
        tenka_free(devices);
        *count = 0;
        return status;
    }
    /* Devices can appear and vanish between the two calls. */
    *count = status != TENKA_OK ? 0 : *count < room ? *count : room;
    *list = devices;
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

/* The device that AUTO takes; count: the CPU. */
static size_t choose(const struct tenka_device_info *list, size_t count)
{
    const size_t discrete = find_kind(list, count, "discrete");
    return discrete < count ? discrete : find_kind(list, count, "integrated");
}

tenka_status tenka_devices(struct tenka_device_info *out, size_t max, size_t *count)
{
    struct tenka_device_info *list;
    *count = 0;
    TENKA_TRY(list_vulkan(&list, count));
    struct tenka_device_info *cpu = &list[*count];
    *cpu = (struct tenka_device_info){ .name = "CPU", .kind = "cpu", .usable = true };
    /* The CPU stands where choose() points to when it finds nothing. */
    list[choose(list, *count)].chosen = true;
    ++*count;
    for (size_t i = 0; i < *count && i < max; i++)
        out[i] = list[i];
    tenka_free(list);
    return TENKA_OK;
}

/* ---- Opening ---- */

/* Why AUTO took the CPU, for people who expected their GPU. */
static void explain_cpu(const struct tenka_device_info *list, size_t count, char *text, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (!list[i].usable && (strcmp(list[i].kind, "discrete") == 0 || strcmp(list[i].kind, "integrated") == 0)) {
            snprintf(text, size, "%s cannot be used: %s", list[i].name, list[i].note);
            return;
        }
    if (count != 0)
        snprintf(text, size, "no discrete or integrated GPU was found; %s Vulkan device %s is used only with "
                 "--backend vulkan", list[0].kind, list[0].name);
    else
        snprintf(text, size, TENKA_VULKAN ? "no Vulkan device was found" : "this build has no Vulkan backend");
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

static tenka_status open_auto(const struct tenka_ctx_params *params, struct tenka_error *err,
                              const struct tenka_log *log, enum tenka_backend *chosen, tenka_device **out)
{
    struct tenka_device_info *list;
    size_t count;
    char why[1536], index[24]; /* why: a device's name and a sentence of err */
    if (list_vulkan(&list, &count) != TENKA_OK)
        return tenka_fail_nomem(err);
    const size_t best = choose(list, count);
    tenka_status status = TENKA_E_UNSUPPORTED;
    if (best < count) {
        snprintf(index, sizeof index, "%zu", best);
        snprintf(why, sizeof why, "the first %s GPU", list[best].kind);
        status = open_vulkan(params, index, err, log, chosen, out);
        if (status != TENKA_OK)
            snprintf(why, sizeof why, "%s failed: %s", list[best].name, err->text);
    } else {
        explain_cpu(list, count, why, sizeof why);
    }
    tenka_free(list);
    if (status == TENKA_E_NOMEM)
        return status;
    if (status != TENKA_OK && params->shader_dir != NULL) /* on the CPU they would be left out */
        return best < count ? status
                            : tenka_fail(err, TENKA_E_INVALID, "shaders are named, but %s: --backend vulkan takes any "
                                         "Vulkan device", why);
    if (status != TENKA_OK) {
        *err = (struct tenka_error){ 0 };
        status = open_cpu(params, err, log, chosen, out);
    }
    if (status == TENKA_OK)
        tenka_say(log, best < count && *chosen == TENKA_BACKEND_CPU ? TENKA_LOG_WARNING : TENKA_LOG_INFO,
                  "backend: %s (%s)", tenka_device_name(*out), why);
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
    case TENKA_BACKEND_AUTO:    return open_auto(params, err, log, chosen, out);
    case TENKA_BACKEND_VULKAN:  return open_vulkan(params, params->device, err, log, chosen, out);
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
                          "take --backend vulkan", params->shader_dir);
    if (params->threads < 0)
        return tenka_fail(err, TENKA_E_INVALID, "%d threads are asked for", params->threads);
    TENKA_TRY(open_any(params, err, log, chosen, out));
    if (complete((*out)->fns))
        return TENKA_OK;
    /* destroy may be what is missing, so the device is left alone. */
    *out = NULL;
    return tenka_fail(err, TENKA_E_DEVICE, "the backend lacks a mandatory function");
}
