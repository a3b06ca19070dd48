/* How long each kernel of a step takes, what the host did meanwhile, and captures for RenderDoc.
 *
 * Between tenka_profile_begin and tenka_profile_end every kernel is timed, which makes steps slower; at other times
 * nothing is, and it costs nothing. */
#ifndef TENKA_PROFILE_H
#define TENKA_PROFILE_H

#include "tenka/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a kernel took. */
struct tenka_kernel_time {
    const char *kernel; /* operator and pass, such as "conv2d_dx"; static */
    char shapes[160];   /* of what it reads and writes: "100x1x28x28 20x1x5x5 20 -> 100x20x24x24", cut to fit */
    double seconds;
    double best;    /* seconds of the shortest run, where there were several (tenka_bench_run) */
    uint64_t flops; /* floating-point operations; 0: so few that moving the data is what takes the time */
    uint64_t bytes; /* of what it reads and writes, each once */
};

/* From now on steps are timed, each kernel alone: one waits for the end of the one before. No step may be open
 * (E_INVALID). Plans are prepared anew when they next run. They nest. On a Vulkan device without timestamps the next
 * step fails with E_UNSUPPORTED. */
TENKA_API tenka_status tenka_profile_begin(tenka_ctx *ctx);
/* The same, but kernels run as they do untimed, side by side where nothing keeps them apart: what is timed is the step
 * as it is, as far as looking at the clock allows. The two do not mix (E_INVALID). */
TENKA_API tenka_status tenka_profile_begin_in_place(tenka_ctx *ctx);
TENKA_API tenka_status tenka_profile_end(tenka_ctx *ctx);

/* The kernels of the step that ran last (of its last part, when it was read in the middle), in the order in which they
 * ran; waits for them.
 *   out, max  the caller's array; at most max entries are written
 *   count     how many there are in all
 * Errors: E_INVALID (no step was timed, or its plan is gone), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_profile_kernels(tenka_ctx *ctx, struct tenka_kernel_time *out, size_t max, size_t *count);

/* ---- The step as a whole ---- */

/* What a launch is for. UPDATE is all that comes after the step's last backward call: gathering gradients, the
 * optimizer, meters. */
enum tenka_phase { TENKA_PHASE_NONE, TENKA_PHASE_FORWARD, TENKA_PHASE_BACKWARD, TENKA_PHASE_UPDATE };
/* "forward"; "" for none. Static. */
TENKA_API const char *tenka_phase_name(enum tenka_phase phase);

/* One launch of a kernel in a step: on a GPU a dispatch. It may run the nodes of several tensors together, such as the
 * updates of all parameters, and a kernel whose tensor is too large to be bound takes several launches. */
struct tenka_dispatch {
    const char *kernel; /* "conv2d_dx"; static */
    char label[96];     /* as debuggers show it: "conv2d_dx 31", "adam_fwd 42 and 7 more" */
    char layer[160];    /* names of the modules whose calls it computes, or whose gradients or parameters:
                              * "base_net.0 + base_net.1" where they were fused; "loader" for the batch; "": of no
                              * module. Cut to fit. Of two modules of one structure and without parameters it may be
                              * the other's. */
    char shapes[160];   /* as in struct tenka_kernel_time */
    enum tenka_phase phase;
    double begin, end;     /* seconds of the host's clock that never jumps (CLOCK_MONOTONIC); in order, and a launch
                              * begins after the end of the one before. Of two that ran side by side the second begins
                              * when the first has ended: its time is what it added. */
    uint64_t flops, bytes; /* as in struct tenka_kernel_time */
};

/* Names the operators that are called from now on, outside of modules, as modules name theirs: for profiles, traces and
 * captures. A program of operators alone is unnamed without. Names are no part of a step's structure.
 *   name     copied; NULL: none
 *   returns  the name before, to go back to; the context owns it */
TENKA_API const char *tenka_profile_layer(tenka_ctx *ctx, const char *name);

/* The launches of the step that ran last; waits for them. Otherwise as tenka_profile_kernels. */
TENKA_API tenka_status tenka_profile_dispatches(tenka_ctx *ctx, struct tenka_dispatch *out, size_t max, size_t *count);

/* How the clock of the device was brought onto that of the host, for a reader: "the device's clock is compared with
 * the host's by VK_EXT_calibrated_timestamps, to within 0.9 us". Of the last tenka_profile_dispatches; the context owns
 * it until the next one. */
TENKA_API const char *tenka_profile_clock(tenka_ctx *ctx);

/* What the thread of the context does for a step. */
enum tenka_host_work {
    TENKA_HOST_TRACE,  /* operators are called and noted; the caller's own work between them is in it */
    TENKA_HOST_PLAN,   /* the plan is found, or made and recorded */
    TENKA_HOST_SUBMIT, /* it is handed to the device; on the CPU this is the computation */
    TENKA_HOST_WAIT,   /* for the device, by tenka_synchronize or a read */
};
struct tenka_host_time {
    enum tenka_host_work work;
    double begin, end; /* as in struct tenka_dispatch */
};

/* What the host did for the step that ran last, in order and without overlaps; steps that are timed alone count. At
 * most 16 entries are kept of a step.
 *   out, max, count  as for tenka_profile_kernels. Errors: none. */
TENKA_API tenka_status tenka_profile_host(tenka_ctx *ctx, struct tenka_host_time *out, size_t max, size_t *count);

/* ---- Captures for RenderDoc ---- */

/* All that runs between the two becomes one capture, which RenderDoc opens: each launch under labels of its phase and
 * its layer, with its buffers, pipeline and shader by name. The process must have been started with RenderDoc's layer
 * (ENABLE_VULKAN_RENDERDOC_CAPTURE=1 in its environment, or `renderdoccmd capture`). begin waits for what ran before,
 * end for what ran since, and then writes the file path, which it replaces. check says beforehand, and does nothing
 * else, whether begin would be E_UNSUPPORTED.
 * Errors: E_INVALID (a step is open; begin and end do not alternate), E_UNSUPPORTED (no RenderDoc, another backend than
 * Vulkan, or a library that was built without RenderDoc's header), E_IO, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_capture_check(tenka_ctx *ctx);
TENKA_API tenka_status tenka_capture_begin(tenka_ctx *ctx);
TENKA_API tenka_status tenka_capture_end(tenka_ctx *ctx, const char *path);

#ifdef __cplusplus
}
#endif
#endif
