/* How long each kernel of a step takes.
 *
 * Between tenka_profile_begin and tenka_profile_end every kernel runs alone and is timed, which makes steps slower; at
 * other times nothing is, and it costs nothing. */
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
    double best;        /* seconds of the shortest run, where there were several (tenka_bench_run) */
    uint64_t flops;     /* floating-point operations; 0: so few that moving the data is what takes the time */
    uint64_t bytes;     /* of what it reads and writes, each once */
};

/* From now on steps are timed. No step may be open (E_INVALID). Plans are prepared anew when they next run. They nest.
 * On a Vulkan device without timestamps the next step fails with E_UNSUPPORTED. */
TENKA_API tenka_status tenka_profile_begin(tenka_ctx *ctx);
TENKA_API tenka_status tenka_profile_end(tenka_ctx *ctx);

/* The kernels of the step that ran last (of its last part, when it was read in the middle), in the order in which they
 * ran; waits for them.
 *   out, max  the caller's array; at most max entries are written
 *   count     how many there are in all
 * Errors: E_INVALID (no step was timed, or its plan is gone), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_profile_kernels(tenka_ctx *ctx, struct tenka_kernel_time *out, size_t max, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
