/* PyTorch's .pt files as torch.save writes them since PyTorch 1.6: a zip archive of stored entries,
 *   <name>/data.pkl     a pickle of the state_dict, whose tensors refer to storages
 *   <name>/data/<key>   a storage's elements, beginning at a multiple of 64 bytes of the file
 *   <name>/byteorder    of newer ones: "little", which is what is meant without it, or "big"
 *   <name>/version      "3"; newer ones also have <name>/.data/serialization_id and more
 * and as it wrote them before: the pickles of a magic number, of a version, of a dict about the machine, of the
 * state_dict and of a list of the storages' keys; then for each of these a count of 8 bytes and its elements, always
 * little-endian.
 * Source: PyTorch, torch/serialization.py and caffe2/serialize/inline_container.cc. */
#ifndef TENKA_IO_PT_H
#define TENKA_IO_PT_H

#include "io/convert.h"
#include "io/pickle.h"
#include "tenka/tensor.h"

struct tenka_pt_tensor {
    const char *name;
    const struct tenka_pickle_tensor *tensor;
    uint64_t place; /* of its storage: an entry of the archive, or bytes from the file's begin */
};

struct tenka_pt_file {
    char *path;
    struct zip *zip;                 /* NULL: a file of before PyTorch 1.6 */
    struct tenka_arena arena;        /* holds the names and tensors */
    char *prefix;                    /* "<name>" */
    struct tenka_pt_tensor *tensors; /* in the order of the state_dict */
    size_t count;
    uint64_t bytes; /* of the whole file */
    bool big_endian;
};

/* Opens the state_dict of a file, or that under "state_dict", "model" and the like of a dict, or the only dict of
 * tensors in a dict, as tenka/io.h has it. Each tensor's storage is there and whole. On failure out is empty. Errors:
 * E_IO, E_FORMAT (with what was found instead), E_NOMEM. */
tenka_status tenka_pt_open(struct tenka_error *err, const char *path, struct tenka_pt_file *out);
void tenka_pt_close(struct tenka_pt_file *file);
/* Copies a tensor's elements in order, whatever its strides, in the file's dtype. Errors: E_IO, E_FORMAT, E_NOMEM. */
tenka_status tenka_pt_read(struct tenka_error *err, const struct tenka_pt_file *file,
                           const struct tenka_pt_tensor *tensor, void *dst);

/* Whether these first bytes of a file are those of a zip archive, a pickle or a tar archive. All are for tenka_pt_open,
 * which says what helps of those that it does not read. */
#define TENKA_PT_MAGIC 262
bool tenka_pt_is_ours(const unsigned char *bytes, size_t count);

/* Writes a state_dict. Equal content gives equal files. Errors: E_INVALID (names beyond what can be read),
 * E_IO, E_NOMEM, and those of get. */
tenka_status tenka_pt_write(struct tenka_error *err, const char *path, const struct tenka_file_tensor *tensors,
                            size_t count, tenka_file_source get, void *user);

#endif
