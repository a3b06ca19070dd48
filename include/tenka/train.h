/* Training runs: checkpoints, and where numbers go bad.
 *
 * A checkpoint is a training run in one file, to be continued as if it had never stopped. It is a
 * safetensors file with the tensors of the network under their PyTorch names, the optimizer's moments as
 * optimizer.<moment>.<name> (optimizer.exp_avg.fc.weight), and in the metadata tenka.checkpoint (JSON) the counters,
 * the state of the context's generator, the optimizer's options, the loaders' positions, the meter, and the names of
 * what is frozen. It is also a
 * saved model: tenka_model_load and tenka_model_open take it. Where an average of the weights is kept
 * (tenka_average_create) that model is the average, and the weights that training goes on with are
 * optimizer.value.<name>. On the f64 backend its tensors are F64.
 *
 * A run that continues from a checkpoint on the same device and driver computes the same numbers bit for bit as the run
 * that wrote it would have. Whatever else a program draws or changes from step to step is its own to repeat. */
#ifndef TENKA_TRAIN_H
#define TENKA_TRAIN_H

#include "tenka/io.h"
#include "tenka/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENKA_TRAINING_NOTE 256
/* The parts of a run, all of one context and all the caller's. */
struct tenka_training {
    size_t size; /* sizeof(struct tenka_training) */
    tenka_module *net;
    tenka_optimizer *optimizer; /* every variable of it must be in net's state */
    tenka_schedule *schedule;   /* of that optimizer; may be NULL */
    tenka_average *average;     /* of that optimizer and net; may be NULL */
    tenka_loader *train_loader;
    tenka_loader *test_loader; /* may be NULL */
    tenka_meter *loss;         /* of the epoch so far; may be NULL */
    uint64_t seed;             /* of the run; remembered so that a checkpoint of another run is refused */
    const char *criterion;     /* the loss as text, such as "MSELoss()", UTF-8; compared where both runs have one, or
                                * NULL */
    uint64_t epoch, step;      /* finished epochs and steps of the whole run: the program counts them */
    char note[TENKA_TRAINING_NOTE]; /* text of the program's own that a checkpoint keeps, UTF-8, "": none */
};
#define TENKA_TRAINING_DEFAULTS               \
    {                                         \
        .size = sizeof(struct tenka_training) \
    }

/* Writes a checkpoint, to be called between steps: to a temporary file in the same folder, brought to the disk, which
 * then replaces path at once, or what path leads to as a symbolic link, as in tenka_model_save. Killed at any moment, a
 * program leaves either the old checkpoint or the new one.
 *   how  how the network wants its input, as in tenka_model_save; may be NULL
 * Errors: E_INVALID (a step is open, a part is missing), E_IO (full disk, permissions), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_checkpoint_save(const struct tenka_training *training,
                                             const struct tenka_preprocessing *how, const char *path);
/* Whether it could be written, as tenka_model_save_check looks for a model. */
TENKA_API tenka_status tenka_checkpoint_save_check(const struct tenka_training *training,
                                                   const struct tenka_preprocessing *how, const char *path);

/* Puts a run that was set up like the one of the checkpoint where that one was: weights, moments, learning rates,
 * loaders, meter, the context's generator, and training's epoch and step. In the middle of an epoch tenka_loader_next
 * goes on with its next batch. All or nothing, unless the device fails or memory runs out while writing to it. Says in
 * the log when the device is another one.
 *   how  image, mean and std must be the same as when saving; NULL: not compared
 * The average, too, is put back, and the note becomes the checkpoint's.
 * A data set is another one where it has another number of samples, other targets, or other inputs among 256 of them,
 * evenly chosen: of pictures in files their length and first 32 KiB.
 * Learning rates, those to begin with too (tenka_optimizer_initial_lr), become the checkpoint's: no other is refused.
 * Errors: E_IO, E_FORMAT (no checkpoint, or damaged; tensors of other shapes), E_INVALID (a step is open; another
 * network, class with a forward in C, optimizer, option, schedule, average, loss, frozen tensor, data set, transform of
 * pictures, batch size or seed: the sentence has what it is there and here), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_checkpoint_load(struct tenka_training *training, const struct tenka_preprocessing *how,
                                             const char *path);

/* ---- Numbers that are not finite ---- */

enum tenka_nonfinite_kind {
    TENKA_FINITE,              /* there is none */
    TENKA_NONFINITE_PARAMETER, /* of a layer, or a buffer such as running_var */
    TENKA_NONFINITE_OUTPUT,    /* of a layer whose parameters are finite */
    TENKA_NONFINITE_LOSS,      /* though every layer's output is finite */
    TENKA_NONFINITE_GRADIENT,  /* though the loss is finite */
};

/* Where NaN or infinity first appears. Texts are the module's. */
struct tenka_nonfinite {
    size_t size; /* sizeof(struct tenka_nonfinite), set by the caller */
    enum tenka_nonfinite_kind kind;
    const char *layer;      /* from net, such as "base_net.3"; "" for net itself and for a LOSS */
    const char *class_name; /* "Conv2d"; "" for a LOSS */
    const char *name;       /* "weight", of a PARAMETER and a GRADIENT; else "" */
    uint64_t bad, elements; /* how many of its elements are not finite, and how many there are */
    double loss;
};
#define TENKA_NONFINITE_DEFAULTS               \
    {                                          \
        .size = sizeof(struct tenka_nonfinite) \
    }

/* Checks the step that is open, between tenka_backward and the update, so that the parameters are still those that the
 * step began with: the loss, and the gradients of net's parameters. When one of them is bad it finds the first layer
 * with a number that is not finite, in the order in which the step computes: parameters and output of one layer after
 * the other, then the loss, then gradients from the last layer to the first. Children of a module of tenka_nn_custom
 * are taken in the order of their appending, and what it gave after them. The step stays open, to be updated from or
 * discarded.
 *   net   its layers must have run in this step
 *   loss  F32, one element
 * For debugging: it runs the step so far, waits for it, and keeps the values of all layers, which takes memory and
 * time. Beyond float's range a double of the f64 backend counts as infinite. Errors: E_INVALID, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_check_finite(tenka_module *net, tenka_tensor loss, struct tenka_nonfinite *out);

#ifdef __cplusplus
}
#endif
#endif
