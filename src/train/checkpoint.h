/* Inside of checkpoints: what one says besides the tensors, as JSON. */
#ifndef TENKA_TRAIN_CHECKPOINT_H
#define TENKA_TRAIN_CHECKPOINT_H

#include "data/loader.h"
#include "graph/graph.h"
#include "io/model.h"
#include "optim/average.h"
#include "optim/schedule.h"
#include "tenka/train.h"

/* A run with the lists of its optimizer. */
struct tenka_run {
    const struct tenka_training *training;
    tenka_ctx *ctx;
    struct tenka_error *err;
    struct tenka_state_entry *state;
    size_t n_state;
    struct tenka_optimizer_slot *slots;
    const char **slot_names; /* state_dict keys, the network's */
    size_t n_slots;
    const struct tenka_average_pair *pairs; /* of the average, where one is kept */
    size_t n_pairs;
};

/* What a checkpoint gives back, apart from tensors. */
struct tenka_checkpoint {
    uint64_t epoch, step;
    struct tenka_rng rng;
    struct tenka_loader_state train_loader, test_loader;
    double loss_sum;
    uint64_t loss_count;
    uint64_t optimizer_steps;
    uint64_t *slot_steps; /* in the order of the run's slots */
    double *slot_products;
    double *lr, *initial_lr; /* of each group */
    double *schedule;        /* its numbers */
    uint64_t averaged;       /* updates that went into the average */
    char note[TENKA_TRAINING_NOTE];
};

/* The text of the metadata, to be freed with free(). Errors: E_NOMEM, E_DEVICE. */
tenka_status tenka_checkpoint_write_state(const struct tenka_run *run, char **text);

/* Reads the text and compares it with the run. out's arrays must be there and stay the caller's.
 * Errors: E_FORMAT, E_INVALID. */
tenka_status tenka_checkpoint_read_state(const struct tenka_run *run, const char *path, const char *text,
                                         struct tenka_checkpoint *out);

/* "PATH: the checkpoint belongs to a run with WHAT THERE, this one has HERE", as E_INVALID. */
tenka_status tenka_checkpoint_differs(struct tenka_error *err, const char *path, const char *what, const char *there,
                                      const char *here);
/* "PATH: the checkpoint belongs to WHAT: line N is "..." there and "..." here", of the first line of two texts that
 * differs. */
tenka_status tenka_checkpoint_other_text(struct tenka_error *err, const char *path, const char *what, const char *there,
                                         const char *here);
/* Whether two counts agree of WHAT, such as "training image". Errors: E_INVALID. */
tenka_status tenka_checkpoint_compare_count(const struct tenka_run *run, const char *path, const char *what,
                                            uint64_t there, uint64_t here);
/* "PATH: the checkpoint is damaged: WHAT", as E_FORMAT. */
tenka_status tenka_checkpoint_damaged(struct tenka_error *err, const char *path, const char *what);

/* ---- checkpoint_loader.c ---- */

/* NULL: no memory; of no loader JSON's null. */
json_t *tenka_checkpoint_write_loader(const tenka_loader *loader);
/* Reads what was written, and compares it with a loader (NULL: with none).
 *   name  "training" or "test"
 * Errors: E_FORMAT, E_INVALID. */
tenka_status tenka_checkpoint_compare_loader(const struct tenka_run *run, const char *path, const char *name,
                                             const json_t *object, const tenka_loader *loader,
                                             struct tenka_loader_state *there);

#endif
