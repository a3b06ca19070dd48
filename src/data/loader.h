/* What a loader keeps on the device, and where it stands, for checkpoints. */
#ifndef TENKA_DATA_LOADER_H
#define TENKA_DATA_LOADER_H

#include "tenka/data.h"
#include "tenka/tensor.h"

/* Inputs [count, ...], targets [count, ...] and an order of them (I32 [count]); of images, U8 [count, c, ...], each
 * channel's mean and deviation, else NULL. */
struct tenka_batch_source {
    tenka_variable *inputs, *targets, *order, *mean, *std;
};
/* Traces what makes samples order[offset], ... of the source into batch->size inputs, images normalised, and their
 * targets. */
void tenka_load_batch(const struct tenka_batch_source *from, uint32_t offset, struct tenka_batch *batch);

struct tenka_loader_state {
    /* What it loads: these must agree between two loaders for one to continue the other. */
    uint32_t count, batch_size;
    bool shuffle, drop_last;
    double mixup, cutmix; /* alpha; 0: not */
    uint32_t labels;      /* a checksum of the targets */
    bool has_inputs;      /* else it is not known what the inputs are */
    uint32_t inputs;      /* a checksum of them: tenka_dataset_sum */
    /* How far it is. */
    bool running;        /* within an epoch */
    uint32_t index;      /* of the next batch */
    uint64_t order_seed; /* the order of the epoch is torch.randperm's with this seed; 63 bits */
    uint64_t epoch_seed; /* of what is drawn for the samples; 63 bits */
};
/* The transform that its pictures are made by, as text; NULL: there is none. */
const char *tenka_loader_transform(const tenka_loader *loader);
void tenka_loader_get_state(const tenka_loader *loader, struct tenka_loader_state *out);
/* Takes over how far state is; the rest of it must be the loader's own. Errors: as tenka_variable_write. */
tenka_status tenka_loader_set_state(tenka_loader *loader, const struct tenka_loader_state *state);

#endif
