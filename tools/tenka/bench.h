/* What the parts of `tenka bench` share. */
#ifndef TENKA_TOOL_BENCH_H
#define TENKA_TOOL_BENCH_H

#include "tenka.h"

/* ---- bench_steps.c: whole steps ---- */

/* One kind of step at one batch size. */
struct step_result {
    bool training;         /* else inference */
    uint32_t batch;
    uint64_t steps;        /* that were timed */
    double seconds;        /* of a step, the median */
    double host_seconds;   /* processor time of the calling thread in a step; NaN where it computes the step itself */
    uint64_t dispatches;   /* kernels in a step */
    uint64_t device_bytes; /* held on the device */
    uint64_t resident_bytes; /* of the process */
};

/* A network with images of no meaning, ready to run steps. */
struct stepper {
    struct session session;
    struct progress *progress;
    struct tenka_shape input; /* of a batch */
    tenka_loader *loader;
    tenka_optimizer *optimizer;
    bool training;
};

/* Opens a context of its own, so that memory is that of this batch size. Says what went wrong; stepper_close is due in
 * any case. */
int stepper_open(struct stepper *s, const struct options *options, uint32_t batch, struct progress *progress);
void stepper_close(struct stepper *s);
/* Inference first, since training's memory stays. */
int stepper_set_training(struct stepper *s, bool training);
/* Batch selection, forward and, when training, loss, backward and update. Does not wait for the device. */
tenka_status stepper_run(struct stepper *s);
/* Times steps for so many seconds. An interrupt ends it early. */
int stepper_measure(struct stepper *s, double seconds, struct step_result *out);

/* The middle of n values, which are sorted; NaN without any. */
double median(double *values, size_t n);

#endif
