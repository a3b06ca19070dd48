/* What a checkpoint shares with a saved model. */
#ifndef TENKA_IO_MODEL_H
#define TENKA_IO_MODEL_H

#include "io/weights.h"
#include "tenka/io.h"

/* A file with this metadata is a checkpoint; its tensors under the prefix are no part of the network's state. */
#define TENKA_CHECKPOINT_KEY "tenka.checkpoint"
#define TENKA_CHECKPOINT_PREFIX "optimizer."

/* The network's text; or that of its layers, when a program's code is its forward, and the classes of that code. */
#define TENKA_NET_KEY "tenka.net"
#define TENKA_LAYERS_KEY "tenka.layers"
#define TENKA_CODE_KEY "tenka.code"

/* What a file says of its network beside text and tensors. */
struct tenka_model_notes {
    struct tenka_preprocessing how;
    json_t *classes; /* holds the names */
    const char **names;
    char *data, *table, *transform, *loss;
};
/* On failure what was read is still to be finished. Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_model_read_notes(struct tenka_error *err, const struct tenka_weights *file,
                                    struct tenka_model_notes *notes);
void tenka_model_notes_finish(struct tenka_model_notes *notes);
/* A copy of what the file says of the images, to be freed with tenka_free; *out is NULL where it says nothing.
 * Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_model_read_data(struct tenka_error *err, const struct tenka_weights *file, char **out);
/* The same of what it says of a table's columns. */
tenka_status tenka_model_read_table(struct tenka_error *err, const struct tenka_weights *file, char **out);

/* Whether how can be saved; NULL can. Errors: E_INVALID. */
tenka_status tenka_model_check_how(struct tenka_error *err, const struct tenka_preprocessing *how);
/* The metadata of a saved network: text, preprocessing (how may be NULL), version. The caller owns it.
 * Errors: E_INVALID, E_NOMEM. */
tenka_status tenka_model_metadata(tenka_module *net, const struct tenka_preprocessing *how, json_t **out);

/* Whether a file's text is all of its network. */
bool tenka_model_is_text(const struct tenka_weights *file);
/* Whether net has the classes whose forward the file says to be code; net NULL: it has none. Errors: E_UNSUPPORTED,
 * E_NOMEM. */
tenka_status tenka_model_check_code(tenka_ctx *ctx, tenka_module *net, const struct tenka_weights *file);

/* Compares names, shapes and dtypes of the network's tensors with an open file's. Errors: as tenka_model_load. */
tenka_status tenka_model_match(tenka_module *net, const struct tenka_weights *file);
/* Reads the network's tensors from an open file, all or nothing.
 * Errors: as tenka_model_load. */
tenka_status tenka_model_read(tenka_module *net, const struct tenka_weights *file);

#endif
