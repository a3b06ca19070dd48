/* Checkpoints: a training run in one file, to be continued as if it had never stopped.
 *
 * A checkpoint is a safetensors file with the tensors of the network under their PyTorch names, the optimizer's moments
 * as optimizer.<moment>.<name> (optimizer.exp_avg.fc.weight), and in the metadata tenka.checkpoint (JSON) the counters,
 * the state of the context's generator, the optimizer's options, the loaders' positions and the meter. It is also a
 * saved model: tenka_model_load and tenka_model_open take it. On the f64 backend its tensors are F64.
 *
 * A run that continues from a checkpoint on the same device and driver computes the same numbers bit for bit as the run
 * that wrote it would have. Whatever else a program draws or changes from step to step is its own to repeat. */
#ifndef TENKA_TRAIN_H
#define TENKA_TRAIN_H

#include "tenka/io.h"
#include "tenka/optim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The parts of a run, all of one context and all the caller's. */
struct tenka_training {
    size_t size;                /* sizeof(struct tenka_training) */
    tenka_module *net;
    tenka_optimizer *optimizer; /* every variable of it must be in net's state */
    tenka_loader *train_loader;
    tenka_loader *test_loader;  /* may be NULL */
    tenka_meter *loss;          /* of the epoch so far; may be NULL */
    uint64_t seed;              /* of the run; remembered so that a checkpoint of another run is refused */
    uint64_t epoch, step;       /* finished epochs and steps of the whole run: the program counts them */
};
#define TENKA_TRAINING_DEFAULTS { .size = sizeof(struct tenka_training) }

/* Writes a checkpoint, to be called between steps: to a temporary file in the same folder, brought to the disk, which
 * then replaces path at once. Killed at any moment, a program leaves either the old checkpoint or the new one.
 *   how  how the network wants its input, as in tenka_model_save; may be NULL
 * Errors: E_INVALID (a step is open, a part is missing), E_IO (full disk, permissions), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_checkpoint_save(const struct tenka_training *training,
                                             const struct tenka_preprocessing *how, const char *path);

/* Puts a run that was set up like the one of the checkpoint where that one was: weights, moments, learning rates,
 * loaders, meter, the context's generator, and training's epoch and step. In the middle of an epoch tenka_loader_next
 * goes on with its next batch. All or nothing, unless the device fails or memory runs out while writing to it. Says in
 * the log when the device is another one.
 *   how  must be the same as when saving; NULL: not compared
 * Errors: E_IO, E_FORMAT (no checkpoint, or damaged), E_INVALID (a step is open; another network, optimizer, option,
 * data set, batch size or seed: the sentence has what it is there and here), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_checkpoint_load(struct tenka_training *training, const struct tenka_preprocessing *how,
                                             const char *path);

#ifdef __cplusplus
}
#endif
#endif
