/* Arrays of numbers in NumPy's files: what numpy.save, numpy.savez and numpy.savez_compressed write.
 *
 * A .npy file holds one array, an .npz archive several with names. Their format, versions 1 to 3, is
 * numpy.lib.format's. They are read as data: arrays of Python's objects, which are pickles, are refused. */
#ifndef TENKA_ARRAY_H
#define TENKA_ARRAY_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_array tenka_array;

/* Reads an array of booleans, of integers of 1 to 8 bytes, or of floats of 2, 4 or 8 bytes, in either order of bytes
 * and of axes. A .npy may be compressed by gzip.
 *   ctx   receives the sentence of a failure; NULL: that of tenka_last_error(NULL)
 *   name  NULL: path is a .npy; else path is an .npz, and this is the array's name in it, such as "x_train"
 *   out   owned by the caller; NULL, with OK, where the archive has no array of that name
 * Errors: E_IO, E_FORMAT (neither format, damaged, cut off, another dtype, more than TENKA_MAX_RANK axes, no elements
 * or more than 2,147,483,647), E_NOMEM. */
TENKA_API tenka_status tenka_array_read(tenka_ctx *ctx, const char *path, const char *name, tenka_array **out);
TENKA_API void tenka_array_destroy(tenka_array **array);
/* The names of the arrays in an .npz, the first eight of them, for a sentence: "x, y". To be freed with
 * tenka_text_free. Errors: E_IO, E_FORMAT, E_NOMEM. */
TENKA_API tenka_status tenka_array_names(tenka_ctx *ctx, const char *path, char **out);

TENKA_API struct tenka_shape tenka_array_shape(const tenka_array *array);
/* NumPy's name of its dtype: "float32", "int64", "bool". Static. */
TENKA_API const char *tenka_array_dtype(const tenka_array *array);
/* Whether the elements are integers or booleans. */
TENKA_API bool tenka_array_is_whole(const tenka_array *array);
/* Elements first to first + count - 1 in the order of C, the last axis fastest, rounded to float, or to double. */
TENKA_API void tenka_array_floats(const tenka_array *array, size_t first, size_t count, float *out);
TENKA_API void tenka_array_doubles(const tenka_array *array, size_t first, size_t count, double *out);

/* Writes a .npy file of float32, version 1.0, in the order of C: to a temporary file which then replaces path, as
 * tenka_model_save does.
 *   ctx   receives the sentence of a failure; NULL: that of tenka_last_error(NULL)
 *   data  as many floats as shape has
 * Errors: E_INVALID, E_IO, E_NOMEM. */
TENKA_API tenka_status tenka_array_write(tenka_ctx *ctx, const char *path, struct tenka_shape shape, const float *data);
/* The same of float64. */
TENKA_API tenka_status tenka_array_write_f64(tenka_ctx *ctx, const char *path, struct tenka_shape shape,
                                             const double *data);

#ifdef __cplusplus
}
#endif
#endif
