/* What the parts of `tenka profile` share. */
#ifndef TENKA_TOOL_PROFILE_H
#define TENKA_TOOL_PROFILE_H

#include "bench.h"

#define MAX_HOST_TIMES 16

/* One timed step, on the host's clock. */
struct profile_step {
    double begin, end; /* from its first call until it has been waited for */
    struct tenka_host_time host[MAX_HOST_TIMES];
    size_t n_host;
    double *dispatches; /* begin and end of each */
};

struct profile {
    const struct options *options;
    struct stepper stepper;
    struct progress progress;
    struct tenka_dispatch *dispatches; /* what each is; their times are those of the last step */
    size_t n_dispatches;
    struct profile_step *steps;
    size_t n_steps;
    double waited_seconds; /* of an untimed step that is waited for, as the timed ones are */
    double loop_seconds;   /* of an untimed step among others, as in training */
    char not_timed[1024];  /* why there are no dispatches and no timed steps; "": there are */
};

/* ---- profile_report.c ---- */

/* Prints tables, or one JSON object. */
int profile_report(const struct profile *p);

/* ---- profile_trace.c ---- */

/* Writes the steps to a file, as events that Perfetto and Chrome show. Says what went wrong. */
int profile_write_trace(const struct profile *p, const char *path);

#endif
