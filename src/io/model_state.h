/* A network's state as arrays: what is saved, and what a file is loaded into. */
#ifndef TENKA_IO_MODEL_STATE_H
#define TENKA_IO_MODEL_STATE_H

#include "graph/graph.h"
#include "io/weights.h"
#include "nn/module.h"

/* A variable, or else a number of the host, which is an I64 without axes in a file. */
struct tenka_state_item {
    tenka_variable *var;
    uint64_t *number;
    const struct tenka_weight *weight; /* of the file that is loaded; NULL: it has none of that name */
};

struct tenka_model_state {
    struct tenka_state_item *items;
    struct tenka_file_tensor *tensors; /* what the items are in a file */
    size_t count;
};

/* On failure s is empty. Errors: E_NOMEM. */
tenka_status tenka_model_state_init(struct tenka_model_state *s, tenka_module *net);
void tenka_model_state_finish(struct tenka_model_state *s);

/* What an entry is in a file; dtype: of variables of real numbers. */
struct tenka_file_tensor tenka_model_state_tensor(const struct tenka_state_entry *entry, const char *dtype);

#endif
