/* Names of tensors that wrappers have changed. */
#ifndef TENKA_IO_WRAPPER_H
#define TENKA_IO_WRAPPER_H

#include "io/model_state.h"

/* Finds the tensors of a network in a file whose names have parts that wrappers put into them: DataParallel's
 * "module.", torch.compile's "_orig_mod." and their like wherever they stand, on either side, and the "model." or
 * "net." of a class around the network where all names of the file begin with it. When all names of either side have
 * found each other, s has its weights, and *out is one of those whose names differ; else *out is NULL.
 * Errors: E_NOMEM. */
tenka_status tenka_wrapper_match(struct tenka_error *err, struct tenka_model_state *s, const struct tenka_weights *file,
                                 const struct tenka_weight **out);

/* A tensor of the file whose name without wrappers and holders is that one; NULL: there is none, or no memory. */
const struct tenka_weight *tenka_wrapper_find(const struct tenka_weights *file, const char *name);
/* Finds what it can: the tensors of either side that have one name without wrappers; the others' weights are NULL. *out
 * is one of those whose names differ, or NULL. Errors: E_NOMEM. */
tenka_status tenka_wrapper_match_some(struct tenka_error *err, struct tenka_model_state *s,
                                      const struct tenka_weights *file, const struct tenka_weight **out);

#endif
