/* What the parts of `tenka train` share. */
#ifndef TENKA_TOOL_TRAIN_H
#define TENKA_TOOL_TRAIN_H

#include "tenka.h"

/* What stands beside a checkpoint whose weights no loss has judged. */
enum kept {
    KEPT_NONE,   /* nothing: they are judged, or this file system cannot keep it */
    KEPT_BEFORE, /* the checkpoint before, as FILE.last-good */
    KEPT_ALONE   /* nothing, for there was none before */
};

enum { KEPT_SIZE = 4264 }; /* of what keep_restore() says, of a path that a system takes */

struct training {
    struct session session;
    struct tenka_training run;
    struct progress progress;
    struct log log;
    bool evaluating;         /* the checkpoint of the epoch's end is written, and the generator has moved on */
    uint64_t finite;         /* losses of this epoch whose sum was finite when it was last looked at */
    bool written;            /* --checkpoint is a checkpoint of this run */
    uint64_t written_step;   /* steps that it has */
    enum kept kept;
    bool unwritable;         /* --checkpoint can be written nowhere */
    char trouble[4352];      /* why the run stops though it could go on; "": it does not */
};

/* ---- finite.c: losses that are no finite numbers ---- */

/* Of --check-finite, between backward pass and update. Says which layer went bad. */
int finite_check_step(struct training *t, tenka_tensor loss);
/* Of one step. */
int finite_check_loss(struct training *t, double loss);
/* As far as it is known without waiting; also keeps what progress shows. */
int finite_peek(struct training *t);
/* The mean loss of the epoch so far, for which it waits; mean may be NULL. */
int finite_read(struct training *t, double *mean);
/* Before the network is written: the last update comes after the last loss. Waits. */
int finite_check_weights(const struct training *t);
/* After an evaluation. */
int finite_check_test(struct training *t, const struct epoch_result *result);

/* ---- fit.c: batches that do not fit ---- */

/* Says so, with the batch size that fits, before training begins. */
int fit_check(struct training *t);
/* After a call of the library has failed for want of memory. */
int fit_say_failed(struct training *t);

/* ---- fallback.c: a device that fails in the middle ---- */

/* Says how to go on. With --fallback it changes o so that the run goes on on the CPU: EXIT_CODE_AGAIN. */
int fallback_say_failed(struct training *t, struct options *o);

/* ---- keep.c: the last good checkpoint ---- */

/* Whether what an option names is another file than what is kept beside --checkpoint; says so when it is not. */
int keep_check(const char *option, const char *path, const char *checkpoint);
/* After --resume: whether the run goes on in the same file, and what the run before has left to decide. */
void keep_resumed(struct training *t);
/* Before other weights are written to --checkpoint. */
void keep_before(struct training *t);
/* A loss of the weights that are in --checkpoint is finite. */
void keep_judged(struct training *t);
/* Writing them has failed, which may have replaced the file all the same. */
void keep_unwritten(struct training *t);
/* The loss is not finite. What that left goes to out: "; ..." to end a sentence with, or "". */
void keep_restore(struct training *t, char out[KEPT_SIZE]);

/* ---- rescue.c: files that cannot be written ---- */

int rescue_save(struct training *t);
/* Where it can be written nowhere but there is --save, t->trouble says so, and the run is to end with what it has. */
int rescue_checkpoint(struct training *t);

#endif
