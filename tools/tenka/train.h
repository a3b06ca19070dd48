/* What the parts of `tenka train` share. */
#ifndef TENKA_TOOL_TRAIN_H
#define TENKA_TOOL_TRAIN_H

#include "answers.h"
#include "watch.h"

/* What stands beside a checkpoint while no loss with its weights is known. */
enum kept {
    KEPT_NONE,   /* nothing: the loss was finite, or this file system cannot keep it */
    KEPT_BEFORE, /* the checkpoint before, as FILE.last-good */
    KEPT_ALONE   /* nothing, for there was none before */
};

enum { KEPT_SIZE = 4264 }; /* of keep_restore's text, with the longest path that a system takes */

/* Of the tests so far, where --best or --patience looks at them. */
struct best {
    enum best_by by;
    double value;   /* NaN: no test has given a number */
    uint32_t epoch; /* of the best test, from 1 */
    uint64_t step;  /* where it was within the epoch; 0: after it */
    uint32_t since; /* tests after it */
    bool now;       /* the last test was the best one */
};

/* Of the epoch's training, without the tests within it. */
struct pace {
    double start, paused; /* seconds: when it began, and how long tests took */
    uint64_t before;      /* images that an earlier process has trained on */
};

struct training {
    struct session session;
    struct tenka_training run;
    struct progress progress;
    struct log log;
    struct answers answers; /* of the test half */
    struct watch watch;
    char criterion[4400]; /* the loss and what else gradients are made of, as a checkpoint says it */
    struct pace pace;
    bool evaluating;       /* the checkpoint before a test is written; the evaluation draws from the generator */
    uint64_t finite;       /* losses of this epoch whose sum was finite when it was last looked at */
    bool written;          /* --checkpoint is a checkpoint of this run */
    uint64_t written_step; /* steps that the run had taken when it was written */
    enum kept kept;
    tenka_variable **trained; /* whose gradients are clipped; NULL: none are */
    size_t n_trained;
    bool averaged;      /* the network has the average of --ema in the place of its weights */
    bool unwritable;    /* --checkpoint can be written nowhere */
    char trouble[4352]; /* why the run stops though it could go on; "": it does not */
    bool late;          /* --max-time is over */
    struct best best;
    bool plateau; /* the schedule looks at tests */
};

/* ---- steps.c: how a step of training is taken ---- */

/* The schedule and what else is made before the first step. Says what is wrong. */
int steps_open(struct training *t);
void steps_close(struct training *t);
/* Whether the batch that was taken last ends the group of --accumulate. */
bool steps_are_whole(const struct training *t);
/* Whether --checkpoint-every asks for a checkpoint now: not within a group, and not behind the last step of an epoch,
 * where there always is one. */
bool steps_want_checkpoint(const struct training *t);
/* Whether the update that was taken last, if there is one, is the first behind a multiple of every steps. */
bool steps_have_passed(const struct training *t, uint64_t every);
/* Computes the loss of a batch and its gradients, and where the group is whole updates. Returns EXIT_CODE_LIBRARY. */
int steps_take(struct training *t, const struct tenka_batch *batch, tenka_tensor *loss);
/* Behind an epoch, or a test within it: the schedule goes on. Return EXIT_CODE_LIBRARY. */
int steps_end_epoch(struct training *t, const struct epoch_result *result);
int steps_end_test(struct training *t, const struct epoch_result *result);

/* ---- train.c ---- */

/* Writes --checkpoint. Says what went wrong. */
int train_checkpoint(struct training *t);
/* What the epoch has given so far; waits for the losses. images: it has trained on so many. Says what went wrong. */
int train_result(struct training *t, uint32_t epoch, uint64_t images, struct epoch_result *out);
/* Says and logs what an epoch, or a test within it, has given, and keeps it for those who watch. Returns
 * EXIT_CODE_LIBRARY. */
int train_tell(struct training *t, const struct epoch_result *result);
/* The epoch's progress, where images are done. */
void train_show(struct training *t, uint32_t epoch, uint64_t images);

/* ---- validation.c: tests while a run trains ---- */

/* After an epoch: tests where --val-every asks for it. Says what went wrong. */
int validation_after(struct training *t, struct epoch_result *result);
/* Between two updates of an epoch, which has trained on so many images: the same. */
int validation_within(struct training *t, uint32_t epoch, uint64_t images);

/* ---- average.c ---- */

/* Gives the network the average of --ema, until the second call; nothing without --ema. Return EXIT_CODE_LIBRARY. */
int average_take(struct training *t);
int average_put_back(struct training *t);

/* ---- best.c ---- */

/* Finds out by what tests are compared. Says what is wrong. */
int best_open(struct training *t);
/* After a checkpoint was loaded: goes on with what it has. Says what is wrong. */
int best_resumed(struct training *t);
/* Whether each answer must be looked at for it. */
bool best_wants_answers(const struct training *t);
/* After a test, while the network is as it was tested: writes --best where it is the best so far. */
int best_take(struct training *t, const struct epoch_result *result);
/* Whether --patience ends the run. */
bool best_is_over(const struct training *t);
/* "accuracy 91.20 % of epoch 7"; "" where nobody looked for it, or no test has given a number. */
void best_tell(const struct training *t, char out[static 96]);
/* At the end: why the run ends early, and what is in --best. */
void best_say(const struct training *t);

/* ---- stopping.c: what stops a run before its end ---- */

/* Whether the run is to stop and save what it has. */
bool stopping_is_due(const struct training *t);
/* Between updates: whether --max-time is over. */
void stopping_look_at_clock(struct training *t);
/* Says why, after how many steps, and how to go on. */
void stopping_say(const struct training *t);
/* The exit status of a run that was stopped. */
int stopping_status(const struct training *t);

/* ---- finite.c: losses that are no finite numbers ---- */

/* For --check-finite, before the update: says which layer's numbers are the first that are not finite. */
int finite_check_step(struct training *t, tenka_tensor loss);
/* Says so where the loss of the step is not finite. */
int finite_check_loss(struct training *t, double loss);
/* The same for the losses of the epoch that are known without waiting; the mean of them goes to t->progress. */
int finite_peek(struct training *t);
/* The same for all losses of the epoch so far, for which it waits; *mean, which may be NULL, is their mean. */
int finite_read(struct training *t, double *mean);
/* Says so where a weight is not finite, before the network is written: the last update came after the last loss. It
 * waits. */
int finite_check_weights(const struct training *t);
/* Says so where the test loss is not finite. */
int finite_check_test(struct training *t, const struct epoch_result *result);
/* After the first epoch: what to do about a loss that is finite, and far too large to be learned away. */
void finite_tell_large(const struct training *t, const struct epoch_result *result);

/* ---- find_lr.c: --find-lr ---- */

/* Leaves out what a run is asked to write and how it goes on. */
void find_lr_settle(struct options *o);
/* Takes the updates of a range test, and prints what they show. Returns EXIT_CODE_LIBRARY. */
int find_lr(struct training *t);

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
/* After --resume: where --checkpoint is the same file, a FILE.last-good of the run before is this run's. */
void keep_resumed(struct training *t);
/* Before other weights are written to --checkpoint. */
void keep_before(struct training *t);
/* A loss of the weights that are in --checkpoint is finite. */
void keep_judged(struct training *t);
/* Writing --checkpoint has failed. FILE.last-good goes where FILE is still the file before. */
void keep_unwritten(struct training *t);
/* The loss is not finite: puts FILE.last-good back. out: what was done, "; ..." to end a sentence with, or "". */
void keep_restore(struct training *t, char out[KEPT_SIZE]);

/* ---- rescue.c: files that cannot be written ---- */

int rescue_save(struct training *t);
/* The same of --best; where it can be written nowhere, t->trouble says so. */
int rescue_best(struct training *t);
/* Where the checkpoint can be written nowhere but there is --save, t->trouble says so: the run is then to stop, and to
 * save its network. */
int rescue_checkpoint(struct training *t);

#endif
