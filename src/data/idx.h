/* IDX files: a big-endian header (magic, one size for each axis) and the elements.
 * Format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits". */
#ifndef TENKA_DATA_IDX_H
#define TENKA_DATA_IDX_H

#include "core/core.h"

struct tenka_idx {
    uint32_t rank;   /* 1: labels, 3: images */
    uint32_t dim[3]; /* entries from rank on are 1 */
    uint8_t *bytes;  /* the product of dim, in whole 32-bit words, to be freed with tenka_free */
};

/* Reads the file dir/name, or else dir/name.gz, which must hold unsigned bytes of that rank and nothing more.
 * Errors: E_IO, E_FORMAT, E_NOMEM. */
tenka_status tenka_idx_read(struct tenka_error *err, const char *dir, const char *name, uint32_t rank,
                            struct tenka_idx *out);

#endif
