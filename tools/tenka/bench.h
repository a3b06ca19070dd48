/* What the parts of `tenka bench` share; `tenka profile` runs steps in the same way. */
#ifndef TENKA_TOOL_BENCH_H
#define TENKA_TOOL_BENCH_H

#include "tenka.h"

/* ---- bench_steps.c: whole steps ---- */

/* The middle of n values, which it sorts; NaN without any. */
double median(double *values, size_t n);

/* One kind of step at one batch size. */
struct step_result {
    bool training; /* else inference */
    uint32_t batch;
    uint64_t steps;          /* that were timed */
    double seconds, best;    /* of a step: the median, and the shortest */
    double host_seconds;     /* processor time of the calling thread in a step; NaN where it computes the step itself */
    uint64_t dispatches;     /* kernels in a step */
    uint64_t device_bytes;   /* held on the device */
    uint64_t resident_bytes; /* of the process */
};

/* A network with images of no meaning, or those of --data, ready to run steps. */
struct stepper {
    struct session session;
    struct progress *progress;
    struct tenka_shape input; /* of a batch */
    tenka_dataset *data;      /* until the loader has it */
    tenka_loader *loader;
    tenka_optimizer *optimizer;
    bool training;
};

/* Whether the network that is asked for takes batches of all these sizes. Says what is wrong. */
int stepper_check(const struct options *options, const uint32_t *batches, size_t n);
/* Opens a context of its own, so that memory is that of this batch size. Says what went wrong; stepper_close is due in
 * any case. */
int stepper_open(struct stepper *s, const struct options *options, uint32_t batch, struct progress *progress);
void stepper_close(struct stepper *s);
/* One step; does not wait for the device. */
tenka_status stepper_run(struct stepper *s);
/* Before steps are timed, once they have been compiled: brings a GPU to its full clock, within about so many seconds, a
 * second at most. */
tenka_status stepper_warm_up(struct stepper *s, double seconds);
/* Changes to training or inference. Measure inference first: the memory of training stays taken. */
int stepper_set_training(struct stepper *s, bool training);
/* Times steps for so many seconds. An interrupt ends it early. */
int stepper_measure(struct stepper *s, double seconds, struct step_result *out);
/* The kernels of a step, each with the median and the shortest of its times in as many steps as take so many seconds.
 * *out is to be freed. An interrupt ends it early. */
int stepper_profile(struct stepper *s, double seconds, struct tenka_kernel_time **out, size_t *count);

/* ---- bench_report.c: tables, or one JSON object ---- */

struct report {
    const struct options *options;
    FILE *json; /* in memory, so that no half object is ever printed; NULL: tables are printed */
    char *text; /* what is in json, once it is closed */
    size_t length;
    bool begun;                     /* the device is named */
    bool listed;                    /* JSON: the list that is being printed has an element */
    struct tenka_ceilings ceilings; /* zeros: not measured */
};

int report_open(struct report *r, const struct options *options);
/* Names the device, once. */
void report_device(struct report *r, const tenka_ctx *ctx);
void report_ceilings(struct report *r, const struct tenka_ceilings *ceilings);
/* A list of kernels, of cases of an operator, or of steps; end is due after each. */
void report_kernels_begin(struct report *r, const struct step_result *step);
void report_kernel(struct report *r, const struct tenka_kernel_time *k);
void report_cases_begin(struct report *r);
void report_case(struct report *r, const struct tenka_bench_case *c, const struct tenka_kernel_time *k);
void report_case_skipped(struct report *r, const struct tenka_bench_case *c, const char *why);
void report_steps_begin(struct report *r);
void report_step(struct report *r, const struct step_result *step);
void report_end(struct report *r);
/* good: JSON is printed now. */
int report_close(struct report *r, bool good);

#endif
