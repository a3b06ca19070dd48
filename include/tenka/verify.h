/* Whether a device computes what it should: its kernels against the CPU's plain loops in double precision, and a
 * training step as a whole. No data and no sources are needed. The context can be used as before afterwards. */
#ifndef TENKA_VERIFY_H
#define TENKA_VERIFY_H

#include "tenka/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One of the things to be checked. First come the operators that have kernels, then what concerns whole steps:
 *   training_step  a step of the reference network (tenka_nn_reference_text) with Adam: loss and updated parameters
 *   repeatability  200 times the same step from the same state: each gives the same bits
 *   order          between the kernels that were recorded for such a step stands a barrier wherever one depends on
 *                  another. Devices that run kernels one after the other hide a missing one. */
struct tenka_verify_check {
    const char *name; /* "conv2d", "repeatability"; static, as is what */
    const char *what; /* what is compared, for people */
    bool op;          /* an operator */
};

/* Check number index; false when there are no more. */
TENKA_API bool tenka_verify_check(size_t index, struct tenka_verify_check *out);

struct tenka_verify_params {
    size_t size;
    bool large;    /* the cases of operators that take seconds, too */
    bool variants; /* also each variant of a kernel that the device can run, at one of the cases: the same bits */
    /* Called before each case with its name, while the result tells of those before; false: no more of them. NULL:
     * nobody asks. */
    bool (*progress)(void *user, const char *what);
    void *user;
};
#define TENKA_VERIFY_DEFAULTS                      \
    {                                              \
        .size = sizeof(struct tenka_verify_params) \
    }

/* What a check showed. */
struct tenka_verify_result {
    size_t size;            /* set by the caller: TENKA_VERIFY_RESULT_DEFAULTS */
    uint32_t cases, failed; /* comparisons, and how many of them went wrong */
    uint32_t skipped;       /* cases that the device says it cannot run */
    double worst;           /* the largest share of its bound that an error took; more than 1: failed; infinite where
                              * bits differ that must not, or NaN stands for a number */
    double seconds;
    char worst_where[128];  /* kernel and case of it; "" without cases */
    char failure[1024];     /* the first failure: kernel, case and what is wrong; "" when there was none */
    char skip_reason[1200]; /* of the first that was skipped; "" when none was */
};
#define TENKA_VERIFY_RESULT_DEFAULTS               \
    {                                              \
        .size = sizeof(struct tenka_verify_result) \
    }

/* Runs a check on the context's device. A wrong result is no error: out tells of it. Other than that nothing of the
 * context changes, its generator included. On the backend cpu-f64, the yardstick itself, gradients are compared with
 * central differences as well.
 *   params  NULL: the defaults
 *   out     what was seen, up to there: also while progress is called, and on failure
 * Errors: E_INVALID (no such check, a step is open, a size is not set), E_NOMEM, E_DEVICE (lost, for instance),
 * E_FORMAT or E_IO (a kernel of the context's shader_dir does not compile), TENKA_END (progress said no). */
TENKA_API tenka_status tenka_verify_run(tenka_ctx *ctx, size_t index, const struct tenka_verify_params *params,
                                        struct tenka_verify_result *out);

/* How many cases a run of the check will have on the context's device: cases and skipped of its result together, but
 * where a skipped one stands for several, as in several variants, or the device turns a variant down. Nothing runs, and
 * it takes no time to speak of.
 * Errors: as tenka_verify_run, but for those of the device. */
TENKA_API tenka_status tenka_verify_count(tenka_ctx *ctx, size_t index, const struct tenka_verify_params *params,
                                          uint32_t *cases);

#ifdef __cplusplus
}
#endif
#endif
