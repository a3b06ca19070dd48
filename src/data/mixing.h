/* What a loader does with the samples of a batch when it mixes them. */
#ifndef TENKA_DATA_MIXING_H
#define TENKA_DATA_MIXING_H

#include "data/dataset.h"

struct tenka_mixing {
    double mixup, cutmix;   /* alpha; 0: not */
    uint32_t classes;       /* of the shares that targets become; 0: they are numbers already */
    uint32_t width, height; /* of a sample, for cutmix */
};

/* What the parameters of a loader say of mixing a dataset. Errors: E_INVALID, with the reason why it cannot be mixed. */
tenka_status tenka_mixing_of(tenka_ctx *ctx, const tenka_dataset *dataset, const struct tenka_loader_params *params,
                             struct tenka_mixing *out);
/* Traces what mixes a loaded batch, where mixing says so, by what is drawn for its index.
 *   epoch  a number of the epoch's own */
tenka_status tenka_mix_batch(tenka_ctx *ctx, const struct tenka_mixing *mixing, uint64_t epoch,
                             struct tenka_batch *batch);

#endif
