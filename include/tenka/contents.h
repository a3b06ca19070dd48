/* What is in a file of weights: a saved model, a checkpoint, or weights of others. Nothing of it is loaded, and no
 * network is made. */
#ifndef TENKA_CONTENTS_H
#define TENKA_CONTENTS_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_contents tenka_contents;

/* Opens a file of either format that tenka_model_load reads.
 *   ctx  receives the sentence of a failure; NULL: that of tenka_last_error(NULL)
 *   out  owned by the caller
 * Errors: E_IO, E_FORMAT, E_NOMEM. */
TENKA_API tenka_status tenka_contents_open(tenka_ctx *ctx, const char *path, tenka_contents **out);
TENKA_API void tenka_contents_close(tenka_contents **contents);

enum tenka_contents_kind {
    TENKA_CONTENTS_WEIGHTS,    /* tensors alone: a .pt, or a safetensors file of others */
    TENKA_CONTENTS_MODEL,      /* with what tenka_model_save says of the network */
    TENKA_CONTENTS_CHECKPOINT, /* a run that can go on */
};
TENKA_API enum tenka_contents_kind tenka_contents_kind(const tenka_contents *contents);
/* "safetensors" or "PyTorch .pt". Static. */
TENKA_API const char *tenka_contents_format(const tenka_contents *contents);
TENKA_API uint64_t tenka_contents_bytes(const tenka_contents *contents);

struct tenka_contents_tensor {
    const char *name;  /* the file's */
    const char *dtype; /* as safetensors names it: "F32" */
    struct tenka_shape shape;
    bool network; /* it belongs to the network; false: to the optimizer of a checkpoint */
};
TENKA_API size_t tenka_contents_tensors(const tenka_contents *contents);
/* E_INVALID for one that is not there. */
TENKA_API tenka_status tenka_contents_tensor(const tenka_contents *contents, size_t index,
                                             struct tenka_contents_tensor *out);

/* What the file says besides: names and values, in the order of the file. An object in JSON is taken apart,
 * with dots between the names of its levels: "checkpoint.epoch"; its lists stay JSON. The names that Tenka writes have
 * no "tenka." before them; "net" is the network's text, as print(model) has it. */
struct tenka_contents_note {
    const char *name, *value; /* the file's */
};
TENKA_API size_t tenka_contents_notes(const tenka_contents *contents);
TENKA_API tenka_status tenka_contents_note(const tenka_contents *contents, size_t index,
                                           struct tenka_contents_note *out);

#ifdef __cplusplus
}
#endif
#endif
