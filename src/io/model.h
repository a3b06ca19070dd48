/* What a checkpoint shares with a saved model. */
#ifndef TENKA_IO_MODEL_H
#define TENKA_IO_MODEL_H

#include "io/weights.h"
#include "tenka/io.h"

/* A file with this metadata is a checkpoint; its tensors under the prefix are no part of the network's state. */
#define TENKA_CHECKPOINT_KEY "tenka.checkpoint"
#define TENKA_CHECKPOINT_PREFIX "optimizer."

/* What a file says of its network beside text and tensors. */
struct tenka_model_notes {
    struct tenka_preprocessing how;
    json_t *classes; /* holds the names */
    const char **names;
    char *data;
};
/* On failure what was read is still to be finished. Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_model_read_notes(struct tenka_error *err, const struct tenka_weights *file,
                                    struct tenka_model_notes *notes);
void tenka_model_notes_finish(struct tenka_model_notes *notes);
/* A copy of what the file says of the images, to be freed with tenka_free; *out is NULL where it says nothing.
 * Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_model_read_data(struct tenka_error *err, const struct tenka_weights *file, char **out);

/* Whether how can be saved; NULL can. Errors: E_INVALID. */
tenka_status tenka_model_check_how(struct tenka_error *err, const struct tenka_preprocessing *how);
/* The metadata of a saved network: text, preprocessing (how may be NULL), version. The caller owns it.
 * Errors: E_INVALID, E_NOMEM. */
tenka_status tenka_model_metadata(tenka_module *net, const struct tenka_preprocessing *how, json_t **out);

/* Reads the network's tensors from an open file, all or nothing.
 * Errors: as tenka_model_load. */
tenka_status tenka_model_read(tenka_module *net, const struct tenka_weights *file);

#endif
