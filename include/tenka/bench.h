/* How fast a device is: what it can do at most, and its kernels on chosen shapes. Measuring takes the time that it is
 * given; the context can be used as before afterwards, but no step may be open (E_INVALID). */
#ifndef TENKA_BENCH_H
#define TENKA_BENCH_H

#include "tenka/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps a GPU busy until it has its full clock, of which one that had nothing to do for a while has a fraction: before
 * steps are timed, and after all that takes the host long, such as the first step. Where the device had its full clock
 * in this context before, that takes a moment. Does nothing on devices that have no such clock: CPUs, software, GPUs
 * that cannot tell the time.
 *   seconds  at most about, from 0 to 60; half of them at least where the full clock is not known
 * Errors: E_INVALID (also within a step), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_bench_warm_up(tenka_ctx *ctx, double seconds);

/* The best of several runs each. */
struct tenka_ceilings {
    size_t size;
    double flops;               /* floating-point operations a second; a multiplication and an addition are two. 0, as
                                 * with bytes: the device's clock is too coarse to tell */
    double bytes;               /* bytes a second that copying a large tensor reads and writes, both counted */
    double dispatch_seconds;    /* of a kernel that does next to nothing and waits for the one before */
    double independent_seconds; /* of such a kernel that need not wait */
    double submit_seconds;      /* submitting such a kernel alone and waiting for it */
};
#define TENKA_CEILINGS_DEFAULTS               \
    {                                         \
        .size = sizeof(struct tenka_ceilings) \
    }

/* Measures the context's device.
 *   seconds  how long about, for each of the five; warming up, of which all of this needs some, comes on top
 *   out      its size must be set (TENKA_CEILINGS_DEFAULTS)
 * Errors: E_NOMEM, E_DEVICE, E_UNSUPPORTED (a device without timestamps). */
TENKA_API tenka_status tenka_bench_ceilings(tenka_ctx *ctx, double seconds, struct tenka_ceilings *out);

/* Tensors and options that an operator is measured with. */
struct tenka_bench_case {
    const char *op;   /* "conv2d"; static, as is what */
    const char *what; /* "3x3, 64 to 64 channels, 16 images of 32x32" */
    bool quick;       /* takes little time and memory, and stands for others */
    bool from_tests;  /* the largest case of the operator's tests: it has no better one */
};

/* Case number index, of all operators that have kernels; false when there are no more. */
TENKA_API bool tenka_bench_case(size_t index, struct tenka_bench_case *out);

/* Runs each kernel of a case, the operator's forward pass and its gradients, alone and over and over; seconds are
 * medians, best the shortest.
 *   seconds  how long about, for each kernel; two runs at least; warming up comes on top
 *   out      as many entries as there are kernels
 *   count    their number
 * Errors: E_INVALID (no such case), E_NOMEM, E_UNSUPPORTED (too large for this device, or a device without timestamps),
 * E_DEVICE. */
#define TENKA_BENCH_MAX_PASSES 8
TENKA_API tenka_status tenka_bench_run(tenka_ctx *ctx, size_t index, double seconds,
                                       struct tenka_kernel_time out[TENKA_BENCH_MAX_PASSES], size_t *count);

#ifdef __cplusplus
}
#endif
#endif
