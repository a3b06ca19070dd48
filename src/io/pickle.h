/* Pickles as torch.save writes them, read as data: an interpreter of the opcodes of protocols 2 to 5. It knows the
 * names that dicts and tensors are made with; what any other name would make becomes an opaque value that is carried
 * and never looked into. Nothing in a pickle is ever run.
 * Format: Python's Lib/pickletools.py; torch/_utils.py for the names. */
#ifndef TENKA_IO_PICKLE_H
#define TENKA_IO_PICKLE_H

#include "core/core.h"

/* More than tenka_pt_write makes of any network within the limits of nn/layer.h. */
#define TENKA_PICKLE_MAX_BYTES (32u * 1024 * 1024)

enum tenka_pickle_kind {
    TENKA_PICKLE_NONE, /* zero, so that an empty value is None */
    TENKA_PICKLE_BOOL,
    TENKA_PICKLE_INT,
    TENKA_PICKLE_FLOAT,
    TENKA_PICKLE_STRING,
    TENKA_PICKLE_TUPLE,
    TENKA_PICKLE_LIST,
    TENKA_PICKLE_DICT,
    TENKA_PICKLE_NAME, /* a class or function */
    TENKA_PICKLE_STORAGE,
    TENKA_PICKLE_TENSOR,
    TENKA_PICKLE_OPAQUE, /* anything else */
};

/* The bytes behind tensors. */
struct tenka_pickle_storage {
    const struct tenka_pickle_value *type; /* a NAME, such as torch.FloatStorage */
    const char *dtype;                     /* as safetensors calls it: "F32", "BF16", ...; "" when it is not known */
    const char *key;
    uint64_t count; /* elements */
    uint64_t begin; /* of them: where the view of it begins that is meant */
    uint64_t place; /* for the reader of the file that the pickle is in */
    struct tenka_pickle_storage *next;
};

struct tenka_pickle_tensor {
    const struct tenka_pickle_storage *storage;
    const char *dtype; /* of the tensor's elements, of a size that is known */
    uint64_t offset;   /* in elements, as are the strides */
    struct tenka_shape shape;
    uint64_t stride[TENKA_MAX_RANK];
};

struct tenka_pickle_value {
    enum tenka_pickle_kind kind;
    /* What a DICT has been given, known without a walk through it: any number of others may hold the same dict. */
    struct tenka_pickle_has {
        bool tensor, other;       /* among its values */
        bool parameters, modules; /* among its keys: "_parameters" and "_modules" */
    } has;
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
        struct tenka_pickle_opaque {
            const char *what; /* "a set"; NULL: what maker makes */
            const struct tenka_pickle_name *maker;
            const struct tenka_pickle_value *state; /* the attributes that it was given, or NULL */
        } opaque;
    } is;
};

struct tenka_pickle {
    struct tenka_pickle_value *top;
    size_t bytes;                          /* up to its end */
    struct tenka_pickle_storage *storages; /* all that it refers to; a key may be there several times */
};

/* Reads the pickle that bytes begin with. Every tensor lies within its storage's count.
 *   arena  holds the values
 *   where  names the file in sentences
 * Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_pickle_read(struct tenka_error *err, const char *where, struct tenka_arena *arena,
                               const unsigned char *bytes, size_t size, struct tenka_pickle *out);

/* The value of a DICT's last entry of that key, or NULL. */
const struct tenka_pickle_value *tenka_pickle_find(const struct tenka_pickle_value *dict, const char *key);

/* Whether v is a torch.nn.Module that was pickled as a whole. */
bool tenka_pickle_is_module(const struct tenka_pickle_value *v);
/* The class or function that v is, or that would have made it, as "module.name" into buf; false: there is none. */
#define TENKA_PICKLE_MAKER 200
bool tenka_pickle_maker(const struct tenka_pickle_value *v, char buf[TENKA_PICKLE_MAKER]);
/* "a list", for a sentence. */
const char *tenka_pickle_kind_text(const struct tenka_pickle_value *v);

/* text with everything but printable ASCII replaced, cut to fit, for a sentence. Returns buf. */
#define TENKA_PICKLE_SHOWN 80
const char *tenka_pickle_show(const char *text, char buf[TENKA_PICKLE_SHOWN]);

#endif
