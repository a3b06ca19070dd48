/* Where a loader stands, for checkpoints. */
#ifndef TENKA_DATA_LOADER_H
#define TENKA_DATA_LOADER_H

#include "tenka/data.h"

struct tenka_loader_state {
    /* What it loads: these must agree between two loaders for one to continue the other. */
    uint32_t count, batch_size;
    bool shuffle, drop_last;
    uint32_t labels;      /* a checksum of the labels */
    /* How far it is. */
    bool running;         /* within an epoch */
    uint32_t index;       /* of the next batch */
    uint64_t order_seed;  /* the order of the epoch is torch.randperm's with this seed; 63 bits */
};
void tenka_loader_get_state(const tenka_loader *loader, struct tenka_loader_state *out);
/* Takes over how far state is; the rest of it must be the loader's own. Errors: as tenka_variable_write. */
tenka_status tenka_loader_set_state(tenka_loader *loader, const struct tenka_loader_state *state);

#endif
