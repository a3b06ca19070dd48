/* A file of named tensors of either format, told apart by its content. */
#ifndef TENKA_IO_WEIGHTS_H
#define TENKA_IO_WEIGHTS_H

#include "io/convert.h"
#include "io/pt.h"
#include "io/safetensors.h"

struct tenka_weight {
    const char *name;
    const char *dtype; /* as safetensors names it */
    struct tenka_shape shape;
    const struct tenka_st_tensor *st; /* one of these two */
    const struct tenka_pt_tensor *pt;
};

struct tenka_weights {
    char *path;
    uint64_t bytes;               /* of the file */
    struct tenka_weight *tensors; /* in the order of their bytes in a safetensors file, of the state_dict in a .pt */
    size_t count;
    const struct tenka_weight **by_name; /* sorted */
    struct tenka_st_file st;
    struct tenka_pt_file pt;
};

/* No two tensors have the same name. On failure out is empty. Errors: E_IO, E_FORMAT, E_NOMEM. */
tenka_status tenka_weights_open(struct tenka_error *err, const char *path, struct tenka_weights *out);
void tenka_weights_close(struct tenka_weights *weights);
/* NULL: there is no such tensor. */
const struct tenka_weight *tenka_weights_find(const struct tenka_weights *weights, const char *name);
/* A text of the metadata, which .pt files do not have, or NULL. */
const char *tenka_weights_metadata(const struct tenka_weights *weights, const char *key);
/* All elements as floats, or as int32_t of a tensor of whole numbers. The dtype is one that tenka_file_to_f32 or
 * tenka_file_to_i32 takes. Errors: E_IO, E_FORMAT, E_NOMEM. */
tenka_status tenka_weights_read(struct tenka_error *err, const struct tenka_weights *weights,
                                const struct tenka_weight *weight, void *dst);
/* All elements as they are in the file, one after the other. Errors as above. */
tenka_status tenka_weights_read_raw(struct tenka_error *err, const struct tenka_weights *weights,
                                    const struct tenka_weight *weight, void *dst);
/* The only element of a tensor of whole numbers; *out stays as it is when it is none. Errors as above. */
tenka_status tenka_weights_read_count(struct tenka_error *err, const struct tenka_weights *weights,
                                      const struct tenka_weight *weight, int64_t *out);

#endif
