/* Datasets of arrays, as they are made of files. */
#ifndef TENKA_DATA_ARRAYS_H
#define TENKA_DATA_ARRAYS_H

#include "data/dataset.h"
#include "data/npy.h"

/* What tenka_dataset_from_arrays makes. Takes over the bytes of the arrays where it can, which are then NULL.
 * Errors: as there; *out is NULL. */
tenka_status tenka_arrays_make(tenka_ctx *ctx, tenka_array *input, tenka_array *target, tenka_dataset **out);

#endif
