/* What is written for people to look at while a run trains: TensorBoard's events (--tensorboard) and the report
 * (--report). Neither is part of the run: where one cannot be written any more that is said once, training goes on, and
 * the command ends with a failure. */
#ifndef TENKA_TOOL_WATCH_H
#define TENKA_TOOL_WATCH_H

#include "history.h"

struct training;

/* Of an update that ended an epoch. */
struct watched_gradient {
    const char *name; /* of what is trained; the network's */
    tenka_variable *values;
};

struct watch {
    tenka_events *events; /* NULL: none are wanted, or they failed */
    struct history history;
    uint64_t stride; /* steps from one whose loss the history has to the next */
    double begun;    /* seconds */
    double lr;       /* with which the step is taken: a schedule may have gone on when its loss is known */
    bool reports;    /* a report is wanted, and has not failed */
    bool failed;
    struct watched_gradient *gradients; /* of the last epoch, for the events */
    size_t n_gradients, gradients_room;
};

/* Before the first step, after a checkpoint was loaded. Says what went wrong. */
int watch_open(struct training *t);
void watch_before_step(struct training *t);
/* Whether the loss of the step that was taken now is to be read, which waits for the device. */
bool watch_wants_loss(const struct training *t);
void watch_step(struct training *t, double loss);
/* After an epoch and its test, or a test within it. Returns EXIT_CODE_LIBRARY where the network cannot be read. */
int watch_epoch(struct training *t, const struct epoch_result *result);
/* Before a checkpoint is written: what belongs to the steps in it must be in the files. */
void watch_save(struct training *t);
/* After the last step, when all of the run is saved: the report as it stays. Returns EXIT_CODE_LIBRARY, or
 * EXIT_CODE_FAILED where something could not be written. */
int watch_finish(struct training *t, bool stopped);
void watch_close(struct training *t);

/* ---- watch_gradients.c ---- */

/* With the gradients of an update traced, before they are clipped: keeps them where the update ends an epoch and there
 * are events. Returns EXIT_CODE_LIBRARY. */
int watch_gradients(struct training *t);
void watch_drop_gradients(struct watch *w);

/* ---- watch_graph.c ---- */

tenka_status events_graph(const struct session *s, tenka_events *events);

/* ---- watch_events.c ---- */

/* What is known before the first step: options and the graph. */
tenka_status events_begin(const struct session *s, tenka_events *events, uint64_t step);
/* Of an epoch, or of a test within one the numbers alone: texts that a resumed run writes anew TensorBoard would have
 * twice. step: the last one of the epoch; where it goes on the next one, so that a run that is resumed before the test
 * begins with it. */
tenka_status events_epoch(struct training *t, uint64_t step, const struct epoch_result *result);

#endif
