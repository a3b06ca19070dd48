/* The safetensors format: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes.
 * Format: https://github.com/huggingface/safetensors ("Format"). */
#ifndef TENKA_IO_SAFETENSORS_H
#define TENKA_IO_SAFETENSORS_H

#include <jansson.h>

#include "core/core.h"
#include "core/os.h"
#include "io/convert.h"

/* A tensor in a file. */
struct tenka_st_tensor {
    const char *name;  /* the header's */
    const char *dtype; /* as in the file: "F32", "BF16", ... */
    struct tenka_shape shape;
    uint64_t offset, bytes; /* offset from the file's begin */
};

struct tenka_st_file {
    char *path;
    json_t *header;
    struct tenka_st_tensor *tensors; /* in the order of their bytes */
    size_t count;
    uint64_t bytes; /* of the file */
};

/* Reads and checks a file's header: every tensor lies within the file, without holes or overlaps. On failure out is
 * empty. Errors: E_IO, E_FORMAT, E_NOMEM. */
tenka_status tenka_st_open(struct tenka_error *err, const char *path, struct tenka_st_file *out);
void tenka_st_close(struct tenka_st_file *file);
/* A text of the metadata, the file's, or NULL. */
const char *tenka_st_metadata(const struct tenka_st_file *file, const char *key);
/* Copies a tensor's bytes. Errors: E_IO, E_FORMAT. */
tenka_status tenka_st_read(struct tenka_error *err, const struct tenka_st_file *file,
                           const struct tenka_st_tensor *tensor, void *dst);

/* The compact text of a value, allocated; NULL: no memory. Not by json_dumps, which leaves keys out when its memory
 * cannot grow, and whose text only that function can free which the program may have given to jansson. */
char *tenka_json_text(const json_t *value);
/* Whether a text could not be read for want of memory, and not because it is wrong. */
bool tenka_json_lacks_memory(const json_error_t *why);

/* Writes a file with the tensors in the order given. Their bytes are asked for one tensor after the other.
 *   metadata  an object of strings
 * Errors: E_INVALID (names and metadata beyond the format's limit), E_IO, E_NOMEM, and those of get. */
tenka_status tenka_st_write(struct tenka_error *err, const char *path, json_t *metadata,
                            const struct tenka_file_tensor *tensors, size_t count, tenka_file_source get, void *user);

#endif
