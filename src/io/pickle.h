/* Pickles as torch.save writes them for a state_dict, read as data: an interpreter of just the opcodes and names that
 * such a file needs. Whatever else a pickle asks for is refused by its name; nothing in it is ever run.
 * Format: Python's Lib/pickletools.py (protocol 2); torch/_utils.py for the names. */
#ifndef TENKA_IO_PICKLE_H
#define TENKA_IO_PICKLE_H

#include "core/core.h"

#define TENKA_PICKLE_MAX_BYTES (16u * 1024 * 1024)

enum tenka_pickle_kind {
    TENKA_PICKLE_NONE, /* zero, so that an empty value is None */
    TENKA_PICKLE_BOOL,
    TENKA_PICKLE_INT,
    TENKA_PICKLE_FLOAT,
    TENKA_PICKLE_STRING,
    TENKA_PICKLE_TUPLE,
    TENKA_PICKLE_LIST,
    TENKA_PICKLE_DICT,
    TENKA_PICKLE_NAME,    /* a class or function of the allowed ones */
    TENKA_PICKLE_STORAGE,
    TENKA_PICKLE_TENSOR,
};

/* The bytes behind tensors: an entry of the archive. */
struct tenka_pickle_storage {
    const char *dtype; /* as safetensors calls it: "F32", "BF16", ... */
    const char *key;   /* the entry is data/<key> */
    uint64_t count;    /* elements */
};

struct tenka_pickle_tensor {
    const struct tenka_pickle_storage *storage;
    uint64_t offset;                 /* in elements, as are the strides */
    struct tenka_shape shape;
    uint64_t stride[TENKA_MAX_RANK];
};

struct tenka_pickle_value {
    enum tenka_pickle_kind kind;
    union {
        int64_t integer; /* BOOL, INT */
        const char *text;
        struct tenka_pickle_items {
            struct tenka_pickle_value **values; /* of a DICT: keys and values in turn */
            size_t count, capacity;
        } items; /* TUPLE, LIST, DICT */
        const struct tenka_pickle_name *name;
        const struct tenka_pickle_storage *storage;
        const struct tenka_pickle_tensor *tensor;
    } is;
};

/* Reads a pickle. Every tensor lies within its storage's count.
 *   arena  holds the values
 *   where  names the file in sentences
 * Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_pickle_read(struct tenka_error *err, const char *where, struct tenka_arena *arena,
                               const unsigned char *bytes, size_t size, struct tenka_pickle_value **out);

/* The value of a DICT's last entry of that key, or NULL. */
const struct tenka_pickle_value *tenka_pickle_find(const struct tenka_pickle_value *dict, const char *key);

/* text with everything but printable ASCII replaced, cut to fit, for a sentence. Returns buf. */
#define TENKA_PICKLE_SHOWN 80
const char *tenka_pickle_show(const char *text, char buf[TENKA_PICKLE_SHOWN]);

#endif
