/* Tensors of files: their element types, and what is to be written. */
#ifndef TENKA_IO_CONVERT_H
#define TENKA_IO_CONVERT_H

#include "core/core.h"

/* Bits of an element of a dtype, named as safetensors names it; 0: unknown. */
uint32_t tenka_file_dtype_bits(const char *dtype);
/* Its bytes; 0: unknown, or less than one. */
uint32_t tenka_file_dtype_bytes(const char *dtype);
/* Whether tenka_file_to_f32 takes it. */
bool tenka_file_dtype_is_real(const char *dtype);
/* Whether tenka_file_to_i64 takes it. */
bool tenka_file_dtype_is_whole(const char *dtype);
/* Converts count little-endian elements of F32, F64, F16 or BF16, rounding to the nearest float. */
void tenka_file_to_f32(const char *dtype, const void *src, size_t count, float *dst);
/* The whole number that an element of an integer dtype holds, in *out; false: no integer dtype. */
bool tenka_file_to_i64(const char *dtype, const void *src, int64_t *out);

/* Converts count elements of an integer dtype; what is beyond 32 bits becomes the nearest number within. */
void tenka_file_to_i32(const char *dtype, const void *src, size_t count, int32_t *dst);

/* A tensor to be written. */
struct tenka_file_tensor {
    const char *name;
    const char *dtype; /* "F32", "F64", "I32" or "I64"; no F64 in a .pt */
    struct tenka_shape shape;
};
uint64_t tenka_file_tensor_bytes(const struct tenka_file_tensor *tensor);
/* Fills dst with tensor i. */
typedef tenka_status (*tenka_file_source)(void *user, size_t i, void *dst, size_t bytes);

#endif
