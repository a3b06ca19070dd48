/* IDX files: a big-endian header (magic, one size for each axis) and the elements.
 * Format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits". */
#ifndef TENKA_DATA_IDX_H
#define TENKA_DATA_IDX_H

#include "core/core.h"

struct tenka_idx {
    uint32_t rank;   /* 1: labels, 3: images; 2: labels with more about each image, as QMNIST has them */
    uint32_t dim[3]; /* entries from rank on are 1 */
    uint8_t *bytes;  /* the product of dim in whole 32-bit words, to be freed with tenka_free; four each of rank 2 */
};

/* Reads a file, compressed where its name ends in .gz, which must be of that rank and hold nothing more: unsigned
 * bytes, or for rank 1 also 32-bit integers of rank 2 with 8 columns.
 *   rank  1: labels are wanted, 3: images
 * Errors: E_IO, E_FORMAT, E_NOMEM. */
tenka_status tenka_idx_read(struct tenka_error *err, const char *path, uint32_t rank, struct tenka_idx *out);
/* The class of an image, from labels: the first column where there are more. */
int32_t tenka_idx_label(const struct tenka_idx *labels, size_t image);

/* The files of one half of a data set, allocated; to be freed also on failure. */
struct tenka_idx_files {
    char *images, *labels;
};
/* Finds them by their names, as tenka_dataset_load_idx says. Errors: E_IO, E_INVALID, E_NOMEM. */
tenka_status tenka_idx_find(struct tenka_error *err, const char *dir, bool train, struct tenka_idx_files *out);

#endif
