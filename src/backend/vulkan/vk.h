/* What the files of the Vulkan backend share. Only this folder sees Vulkan.
 *
 * One device has one queue and one timeline semaphore: submission k, of one or several programs and copies, signals
 * the value k, their ticket. A memory barrier at the beginning of each program and copy orders it after all earlier
 * ones. */
#ifndef TENKA_VULKAN_VK_H
#define TENKA_VULKAN_VK_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <pthread.h>
#include <volk.h>

#include "backend/backend.h"
#include "backend/vulkan/hazard.h"
#include "backend/vulkan/shaders.h"
#include "op/variant.h"

/* Storage buffers of one pass, the scalars included; what every device of use offers. */
#define TENKA_VK_BINDINGS 8

/* Bytes of shared memory: of the last variants of all families, which every device must be able to run, sums over a
 * workgroup take the most. */
#define TENKA_VK_SHARED 512

/* Operands are bound in whole quads of 32-bit words, which shaders may load at once. */
#define TENKA_VK_QUAD 16

/* The push constants of every shader, in this order. */
struct tenka_vk_push {
    uint32_t n;       /* independent items of the dispatch; of a kernel with jobs: blocks of them */
    uint32_t scalars; /* index of the node's first scalar word in the last binding; with jobs: of their table */
    int32_t params[TENKA_MAX_PARAMS];
};

/* ---- instance.c ---- */

struct tenka_vk_instance {
    VkInstance handle;
    const struct tenka_log *log;
    bool debug_utils, captured; /* captured: RenderDoc looks on */
    VkDebugUtilsMessengerEXT messenger;
    pthread_mutex_t lock; /* of the two below: the layer may call from a thread of the driver */
    bool complained;
    char complaint[800];
    /* Kept here and not in volk's globals, which a second instance on another thread overwrites. */
    PFN_vkDestroyInstance destroy;
    PFN_vkEnumeratePhysicalDevices enumerate;
    PFN_vkEnumerateDeviceExtensionProperties extensions;
    PFN_vkGetPhysicalDeviceProperties properties;
    PFN_vkGetPhysicalDeviceProperties2 properties2;
    PFN_vkGetPhysicalDeviceFeatures2 features2;
    PFN_vkGetPhysicalDeviceMemoryProperties memory;
    PFN_vkGetPhysicalDeviceQueueFamilyProperties families;
    PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsEXT time_domains; /* NULL: no device has the extension */
    PFN_vkCreateDevice create_device;
    PFN_vkCreateDebugUtilsMessengerEXT create_messenger;
    PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger;
    PFN_vkSetDebugUtilsObjectNameEXT set_name;
    PFN_vkCmdBeginDebugUtilsLabelEXT begin_label;
    PFN_vkCmdEndDebugUtilsLabelEXT end_label;
    PFN_vkCmdInsertDebugUtilsLabelEXT insert_label;
};

/* E_UNSUPPORTED: no loader, no driver, a loader that is too old, or no layer when validate asks for it. */
tenka_status tenka_vk_instance_create(bool validate, struct tenka_error *err, const struct tenka_log *log,
                                      struct tenka_vk_instance **out);
void tenka_vk_instance_destroy(struct tenka_vk_instance **instance);
/* For tests: all of Vulkan comes from get, not from the system's loader. Before anybody asks for Vulkan. */
void tenka_vk_load_from(PFN_vkGetInstanceProcAddr get);
void tenka_vk_load_device_table(struct tenka_vk_instance *instance, VkDevice device, struct VolkDeviceTable *table);
/* Of a call that asks what there is: failures for want of memory as tenka_vk_start_failed says; any other means that
 * there is nothing. */
tenka_status tenka_vk_listed(struct tenka_error *err, VkResult result);
/* Of a call with which Vulkan starts: E_UNSUPPORTED with the file that its loader cannot read, if there is one; else
 * E_NOMEM where the loader says so, and E_UNSUPPORTED. */
tenka_status tenka_vk_start_failed(struct tenka_error *err, VkResult result);
/* E_DEVICE, once, when the validation layer has complained since the last call. */
tenka_status tenka_vk_complaint(struct tenka_vk_instance *instance, struct tenka_error *err);

/* ---- manifests.c ---- */

/* Whether one of the loader's files is damaged; text then says which one and how, as a clause. thorough: also one of a
 * driver that the loader passes over, such as one whose library is not there. */
bool tenka_vk_find_bad_manifest(bool thorough, char *text, size_t size);

/* ---- select.c ---- */

struct tenka_vk_gpu {
    VkPhysicalDevice handle;
    struct tenka_device_info info;
    VkPhysicalDeviceLimits limits;
    VkPhysicalDeviceMemoryProperties memory;
    uint64_t max_allocation, max_buffer;
    uint32_t vendor, device, driver_version, family;
    uint32_t subgroup; /* invocations */
    bool shuffles;     /* between the invocations of a subgroup */
    bool software;
    bool statistics;   /* of compiled shaders: VK_KHR_pipeline_executable_properties */
    bool calibrated;   /* its clock can be compared with the host's: VK_EXT_calibrated_timestamps */
    uint32_t timestamp_bits; /* of the family's timestamps, those that count; 0: there are none */
};

/* *out: an allocated array in the order of the devices' indices; E_UNSUPPORTED: there is none. */
tenka_status tenka_vk_gpus(struct tenka_vk_instance *instance, struct tenka_error *err, struct tenka_vk_gpu **out,
                           size_t *count);
/* which: an index, a UUID or part of a name; NULL: the best. */
tenka_status tenka_vk_choose_gpu(const struct tenka_vk_gpu *gpus, size_t count, const char *which,
                                 struct tenka_error *err,
                             struct tenka_vk_gpu *out);

/* ---- device.c ---- */

/* Commands that are held back, at most, before they are handed to the queue together. */
#define TENKA_VK_HELD TENKA_SLOTS

/* A moment that the clocks of device and host both have told. */
struct tenka_vk_clock {
    bool known, bracket; /* bracket: without the driver's help, for tests */
    uint64_t ticks;      /* of the device */
    double host, error;  /* seconds of tenka_os_now's clock, and by how much they may be wrong */
    char text[160];
};

/* A range of a block's Vulkan buffer, whole windows of it. */
struct tenka_vk_buffer {
    struct tenka_buffer base;
    struct tenka_vk_block *block;
    VkBuffer handle; /* the block's */
    VkDeviceSize offset, size;
    char *mapped; /* NULL when the host cannot reach it */
    bool cached;  /* the host reads it fast */
    struct tenka_vk_buffer *next; /* of the block */
};

/* A kernel in one variant and with one set of constants of its shape. */
struct tenka_vk_pipeline {
    VkPipeline handle;
    uint32_t variant;
    int32_t shape[TENKA_SHAPE_CONSTANTS];
    struct tenka_vk_pipeline *next;
};

struct tenka_vk_device {
    struct tenka_device base;
    struct tenka_vk_instance *instance;
    struct tenka_vk_gpu gpu;
    VkDevice handle;
    struct VolkDeviceTable vk;
    VkQueue queue;
    VkSemaphore timeline;
    uint64_t newest; /* the ticket of the queue's newest submission: the value that it signals */
    VkCommandBuffer held[TENKA_VK_HELD]; /* commands for the next one, whose ticket is one more */
    uint32_t n_held;
    size_t max_operand;   /* bytes that one binding may span */
    bool validate, lost;
    bool unified;         /* host and device share their memory: no staging where the host can reach a buffer */
    bool rests;           /* see struct tenka_limits */
    char name[600];

    struct tenka_vk_block *blocks;
    VkCommandPool pool;
    VkCommandBuffer transfer;
    uint64_t transfer_ticket;
    struct tenka_vk_buffer *staging;
    struct tenka_vk_buffer *absent; /* bound where an optional operand is missing */

    VkDescriptorSetLayout set_layouts[TENKA_VK_BINDINGS + 1];
    VkPipelineLayout layouts[TENKA_VK_BINDINGS + 1];
    struct tenka_vk_pipeline *pipelines[TENKA_KERNEL_COUNT];
    struct tenka_vk_workshop *workshop; /* NULL: kernels are those of the build */
    bool tune, measuring;         /* variants are measured; that is going on */
    struct tenka_vk_tuned *tuned; /* what was found out: tune.c */
    size_t n_tuned, tuned_capacity;
    bool tuned_grown;             /* since it was last saved */
    uint64_t tune_spent;          /* nanoseconds */
    struct tenka_vk_clock clock;
    uint32_t pinned; /* the variant that all nodes must run in, or TENKA_ABSENT */
    uint32_t forgotten; /* the barrier that a test has left out, or TENKA_ABSENT */
    VkPipelineCache cache;
    char *keep_dir;               /* of files that outlive the process; NULL: none are kept */
    bool cache_grown;             /* since it was last saved, perhaps */
    uint64_t cache_hash;          /* of what the file holds */
};

static inline struct tenka_vk_device *tenka_vk_device_of(tenka_device *dev)
{
    return (struct tenka_vk_device *)dev;
}

/* Writes the sentence of a failed call, "vkCreateBuffer: VK_ERROR_..."; a lost device is remembered. */
tenka_status tenka_vk_fail(struct tenka_vk_device *dev, VkResult result, const char *call);
const char *tenka_vk_result_name(VkResult result); /* "VK_ERROR_DEVICE_LOST" */
#define VK_TRY(dev, call)                                   \
    do {                                                    \
        const VkResult result_ = (call);                    \
        if (result_ < 0)                                    \
            return tenka_vk_fail((dev), result_, #call);    \
    } while (0)
/* For a call that makes an object: what a failed one leaves in place of a handle is undefined, and becomes none. */
#define VK_MAKE(dev, object, call)                          \
    do {                                                    \
        const VkResult result_ = (call);                    \
        if (result_ < 0) {                                  \
            (object) = VK_NULL_HANDLE;                      \
            return tenka_vk_fail((dev), result_, #call);    \
        }                                                   \
    } while (0)

/* E_DEVICE after a lost device or a complaint of the validation layer. */
tenka_status tenka_vk_health(struct tenka_vk_device *dev);
/* Holds commands back while the device has enough to do; whoever waits for a ticket brings them on their way. */
tenka_status tenka_vk_hand_over(struct tenka_vk_device *dev); /* gives held commands to the queue */
tenka_status tenka_vk_submit(struct tenka_vk_device *dev, VkCommandBuffer commands, uint64_t *ticket);
tenka_status tenka_vk_wait(struct tenka_vk_device *dev, uint64_t ticket);
/* Waits for all work before something is destroyed; a failure has nobody to tell and leaves older sentences alone. */
void tenka_vk_settle(struct tenka_vk_device *dev);
void tenka_vk_set_name(struct tenka_vk_device *dev, VkObjectType type, uint64_t object, const char *name);
/* Everything before it in the queue happens before everything after it. */
void tenka_vk_full_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands);
/* The host sees what was written before it, once it knows that it was done. */
void tenka_vk_host_barrier(struct tenka_vk_device *dev, VkCommandBuffer commands);
/* Whether what has that ticket is done, whether all is that was submitted. */
tenka_status tenka_vk_is_done(struct tenka_vk_device *dev, uint64_t ticket, bool *done);
tenka_status tenka_vk_is_idle(struct tenka_vk_device *dev, bool *idle);

/* ---- memory.c ---- */

enum tenka_vk_heap {
    TENKA_VK_DEVICE,  /* device-local */
    TENKA_VK_SLOT,    /* the host writes, the device reads once */
    TENKA_VK_STAGING, /* the host writes and reads */
};

/* Content is undefined. Small buffers of one heap and name share a Vulkan buffer, which has that name. */
tenka_status tenka_vk_buffer_make(struct tenka_vk_device *dev, enum tenka_vk_heap heap, size_t bytes, const char *name,
                                  struct tenka_vk_buffer **out);
void tenka_vk_buffer_free(struct tenka_vk_device *dev, struct tenka_vk_buffer **buf);
tenka_status tenka_vk_buffer_create(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out);
void tenka_vk_buffer_destroy(tenka_device *dev, tenka_buffer *buf);

/* ---- transfer.c ---- */

tenka_status tenka_vk_transfer_init(struct tenka_vk_device *dev);
tenka_status tenka_vk_zero(struct tenka_vk_device *dev, struct tenka_vk_buffer *buf);
tenka_status tenka_vk_write(tenka_device *dev, tenka_buffer *buf, size_t offset, const void *src, size_t bytes);
tenka_status tenka_vk_read(tenka_device *dev, const tenka_buffer *buf, size_t offset, void *dst, size_t bytes);

/* ---- fetch.c ---- */

tenka_status tenka_vk_fetch_create(tenka_device *dev, const tenka_buffer *buf, size_t offset, size_t bytes,
                                   tenka_fetch **out);
void tenka_vk_fetch_destroy(tenka_device *dev, tenka_fetch *fetch);
tenka_status tenka_vk_fetch_ask(tenka_device *dev, tenka_fetch *fetch);
tenka_status tenka_vk_fetch_arrived(tenka_device *dev, tenka_fetch *fetch, bool *arrived);

/* ---- pipeline.c, cache.c ---- */

/* Storage buffers that a kernel binds: reads, writes, and the slot when it has scalars or jobs. */
uint32_t tenka_vk_bindings(enum tenka_kernel kernel);
/* variant: an index into tenka_variants(). */
tenka_status tenka_vk_pipeline(struct tenka_vk_device *dev, enum tenka_kernel kernel, uint32_t variant,
                               const int32_t *params, VkPipeline *out);
/* Makes the handle of a pipeline whose other members are filled. */
tenka_status tenka_vk_compile(struct tenka_vk_device *dev, enum tenka_kernel kernel, VkPipelineCreateFlags flags,
                              struct tenka_vk_pipeline *pipeline);
tenka_status tenka_vk_layouts(struct tenka_vk_device *dev, uint32_t bindings);
void tenka_vk_pipelines_finish(struct tenka_vk_device *dev);

/* What is missing, damaged or of another driver counts as absent; only want of memory fails. */
tenka_status tenka_vk_cache_open(struct tenka_vk_device *dev);
void tenka_vk_cache_save(struct tenka_vk_device *dev);
void tenka_vk_cache_finish(struct tenka_vk_device *dev);

/* ---- workshop.c: kernels from edited sources; workshop_stubs.c in a build that cannot compile them ---- */

/* dir: NULL or "": none. E_INVALID: no such folder; E_UNSUPPORTED: such a build. */
tenka_status tenka_vk_workshop_open(struct tenka_vk_device *dev, const char *dir);
void tenka_vk_workshop_finish(struct tenka_vk_device *dev);
/* The code of a kernel, compiled when it is first asked for; the device's. E_FORMAT with file and line, E_IO. */
tenka_status tenka_vk_code(struct tenka_vk_device *dev, enum tenka_kernel kernel, struct tenka_shader *out);

/* ---- keep.c: files that only save time ---- */

#define TENKA_VK_HASH UINT64_C(14695981039346656037)
/* FNV-1a, going on from hash, which begins as TENKA_VK_HASH. */
uint64_t tenka_vk_hash(uint64_t hash, const void *data, size_t bytes);
/* dir: NULL for the usual folder, "" for none. */
tenka_status tenka_vk_keep_open(struct tenka_vk_device *dev, const char *dir);
void tenka_vk_keep_finish(struct tenka_vk_device *dev);
/* The content of the device's file of that name, allocated; NULL when it is not there or damaged. */
void *tenka_vk_keep_load(struct tenka_vk_device *dev, const char *name, size_t *bytes);
/* Not while there is a workshop: most of its kernels never run again. */
void tenka_vk_keep_save(struct tenka_vk_device *dev, const char *name, const void *data, size_t bytes);

/* ---- tune.c ---- */

void tenka_vk_tune_open(struct tenka_vk_device *dev, enum tenka_tune tune);
/* *variant, which comes as a guess, becomes the fastest of the candidates (bit i: variant i) where that is known or can
 * be measured. Fails for E_DEVICE alone, and for code that does not compile. */
tenka_status tenka_vk_tune(struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_node *node,
                           uint32_t candidates, uint32_t *variant);
void tenka_vk_tune_save(struct tenka_vk_device *dev);
void tenka_vk_tune_finish(struct tenka_vk_device *dev);

/* ---- choice.c ---- */

/* For one dispatch of so many nodes from this on. *out: an index into tenka_variants(). E_UNSUPPORTED: the device can
 * run none of them, or not the pinned one. */
tenka_status tenka_vk_choose(struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_node *node,
                             uint32_t jobs, uint32_t *out);
/* Whether the device would run the variant if it is the fastest; *preferred: and would, unmeasured. */
bool tenka_vk_tries(const struct tenka_vk_device *dev, enum tenka_kernel kernel, uint32_t variant,
                    const int32_t *params, uint64_t n, bool *preferred);
/* Fused kernels save dispatches and memory traffic: whenever one can run. */
bool tenka_vk_fuses(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params);
void tenka_vk_pin(tenka_device *dev, uint32_t variant);

/* ---- profile.c: what the dispatches of a timed plan take ---- */

struct tenka_vk_stopwatch;

/* For TENKA_SLOTS recordings of so many dispatches, at least one. E_UNSUPPORTED on a queue without timestamps. */
tenka_status tenka_vk_stopwatch_create(struct tenka_vk_device *dev, enum tenka_timing timing, uint32_t dispatches,
                                       struct tenka_vk_stopwatch **out);
void tenka_vk_stopwatch_destroy(struct tenka_vk_device *dev, struct tenka_vk_stopwatch **watch);
/* What a recording needs: reset at its begin, start and stop around each dispatch. */
void tenka_vk_stopwatch_reset(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                              VkCommandBuffer commands, uint32_t slot);
void tenka_vk_stopwatch_start(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                              VkCommandBuffer commands, uint32_t slot, uint32_t dispatch);
void tenka_vk_stopwatch_stop(struct tenka_vk_device *dev, const struct tenka_vk_stopwatch *watch,
                             VkCommandBuffer commands, uint32_t slot, uint32_t dispatch);
/* Fetches the times of a finished run of that slot; then each dispatch can be asked for. */
tenka_status tenka_vk_stopwatch_read(struct tenka_vk_device *dev, struct tenka_vk_stopwatch *watch, uint32_t slot);
/* Fills begin and end, which do not overlap those of the dispatches before. */
void tenka_vk_stopwatch_span(const struct tenka_vk_device *dev, struct tenka_vk_stopwatch *watch, uint32_t dispatch,
                             struct tenka_span *out);

/* ---- clock.c ---- */

/* Whether the device's clock and the one of tenka_os_now can be asked for their time together. */
bool tenka_vk_has_monotonic(const struct tenka_vk_instance *instance, VkPhysicalDevice handle);
/* Compares the clocks unless they were a moment ago. The device is idle, and its queue has timestamps. */
tenka_status tenka_vk_clock_compare(struct tenka_vk_device *dev);
/* When that was, on the clock of tenka_os_now. */
double tenka_vk_clock_seconds(const struct tenka_vk_device *dev, uint64_t ticks);
const char *tenka_vk_clock_text(tenka_device *base);

/* ---- capture.c ---- */

/* Whether RenderDoc's layer is loaded, so that captures can be made. */
bool tenka_vk_is_captured(void);
tenka_status tenka_vk_capture_check(tenka_device *base);
tenka_status tenka_vk_capture_begin(tenka_device *base);
tenka_status tenka_vk_capture_end(tenka_device *base, const char *path);

/* ---- labels.c: where debuggers see a recording's dispatches ---- */

/* What is open at the place that is being recorded. */
struct tenka_vk_labels {
    enum tenka_phase phase;
    char layer[160];
};
/* Before a dispatch: opens the regions of its phase and layer unless they are open, then its own; and closes that. */
void tenka_vk_labels_begin(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels,
                           const struct tenka_plan *plan, const struct tenka_vk_step *step);
void tenka_vk_labels_end(struct tenka_vk_device *dev, VkCommandBuffer commands);
/* At the end of a recording. */
void tenka_vk_labels_close(struct tenka_vk_device *dev, VkCommandBuffer commands, struct tenka_vk_labels *labels);

/* ---- jobs.c ---- */

/* Lets a dispatch of one node run those behind it, too, as many as can share it. */
void tenka_vk_jobs_gather(const struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *step);
/* Gives the tables their places behind a slot's input bytes; returns the bytes of a slot. */
size_t tenka_vk_jobs_place(const struct tenka_plan *plan, struct tenka_vk_step *steps, size_t n);
/* What a dispatch with jobs binds of the slot. */
struct tenka_vk_range tenka_vk_jobs_slot_range(const struct tenka_plan *plan, const struct tenka_vk_step *step);
/* Workgroups' worth of items, of all nodes of a dispatch. */
uint32_t tenka_vk_blocks(const struct tenka_plan *plan, const struct tenka_vk_step *step);
/* Writes a dispatch's table, if it has one, into the slot. */
void tenka_vk_jobs_write(const struct tenka_plan *plan, const struct tenka_vk_step *step, char *slot);

/* ---- steps.c, program.c ---- */

/* Independent items of a node: invocations or workgroups. */
uint64_t tenka_vk_work(const struct tenka_plan *plan, const struct tenka_node *node, uint32_t variant);
/* The plan as a list of dispatches with barriers where they are needed; owned by the caller. */
tenka_status tenka_vk_steps_make(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step **out,
                                 size_t *count);

tenka_status tenka_vk_prepare(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out);
void tenka_vk_program_destroy(tenka_device *dev, tenka_program *prog);
size_t tenka_vk_program_dispatches(const tenka_program *prog);
tenka_status tenka_vk_program_spans(tenka_device *dev, tenka_program *prog, struct tenka_span *out);
tenka_status tenka_vk_program_submit(tenka_device *dev, tenka_program *prog, const void *inputs, tenka_ticket *out);

#endif
