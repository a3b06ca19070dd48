/* Datasets as loaders see them, and as they are made. */
#ifndef TENKA_DATA_DATASET_H
#define TENKA_DATA_DATASET_H

#include "core/core.h"
#include "tenka/data.h"

/* What a dataset has of each sample. */
struct tenka_column {
    enum tenka_dtype dtype;   /* F32: reals as the devices have them that the dataset is for */
    struct tenka_shape shape; /* of a sample */
    size_t bytes;             /* of a sample */
    void *data;               /* of all samples, whole 32-bit words */
};

/* Keeps the columns alive until a tenka_dataset_destroy of its own. */
tenka_dataset *tenka_dataset_hold(const tenka_dataset *dataset);
const struct tenka_column *tenka_dataset_input(const tenka_dataset *dataset);
const struct tenka_column *tenka_dataset_target(const tenka_dataset *dataset);

/* A dataset without data: whoever makes it fills the columns with what tenka_alloc has given, and then names the
 * classes. Errors: E_NOMEM; the dataset is then to be destroyed. */
tenka_status tenka_dataset_make(tenka_ctx *ctx, size_t count, const struct tenka_desc *input,
                                const struct tenka_desc *target, tenka_dataset **out);
struct tenka_column *tenka_dataset_column(tenka_dataset *dataset, bool input);
/* Counts the classes of integer targets. from: whose they are, for sentences. Errors: E_INVALID, E_NOMEM. */
tenka_status tenka_dataset_count_classes(tenka_dataset *dataset, const char *from);
/* Targets of that number belong to no class; must come before they are counted. */
void tenka_dataset_pass_over(tenka_dataset *dataset, int32_t target);

#endif
