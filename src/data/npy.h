/* NumPy's arrays: a header in Python's words (dtype, order of axes, shape), and the elements.
 * Format: numpy.lib.format, versions 1.0, 2.0 and 3.0. */
#ifndef TENKA_DATA_NPY_H
#define TENKA_DATA_NPY_H

#include "core/core.h"
#include "tenka/array.h"

enum tenka_npy_type {
    TENKA_NPY_BOOL,
    TENKA_NPY_I8,
    TENKA_NPY_I16,
    TENKA_NPY_I32,
    TENKA_NPY_I64,
    TENKA_NPY_U8,
    TENKA_NPY_U16,
    TENKA_NPY_U32,
    TENKA_NPY_U64,
    TENKA_NPY_F16,
    TENKA_NPY_F32,
    TENKA_NPY_F64,
};

struct tenka_array {
    char *name; /* for sentences: "x.npy", or "data.npz, array x_train" */
    enum tenka_npy_type type;
    struct tenka_shape shape;
    size_t count;
    unsigned char *bytes; /* of all elements in the order of C, each in this machine's order of bytes */
};

/* Where the bytes of a .npy come from. */
struct tenka_npy_source {
    struct tenka_error *err;
    const char *name; /* for sentences */
    void *file;
    /* Up to bytes bytes; *got is less only at the end. */
    tenka_status (*read)(const struct tenka_npy_source *source, void *dst, size_t bytes, size_t *got);
};
/* Errors: those of the source, E_FORMAT, E_NOMEM. */
tenka_status tenka_npy_read(const struct tenka_npy_source *source, tenka_array **out);

/* Bytes of all elements. */
size_t tenka_npy_bytes(const tenka_array *array);
/* Element i as a whole number; those of unsigned 64-bit integers that are too large are INT64_MAX. Of an array that
 * tenka_array_is_whole. */
int64_t tenka_npy_whole(const tenka_array *array, size_t i);

#endif
