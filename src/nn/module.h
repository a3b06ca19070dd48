/* What the rooms above nn use of modules beyond the public headers. */
#ifndef TENKA_NN_MODULE_H
#define TENKA_NN_MODULE_H

#include "core/core.h"
#include "python/text.h"
#include "tenka/nn.h"

/* The name that print(model) shows. */
const char *tenka_module_class(const tenka_module *module);

/* As tenka_nn_parse. E_FORMAT as well when the variables would have more than max_elements elements in all. */
tenka_status tenka_nn_parse_limited(tenka_ctx *ctx, const char *text, uint64_t max_elements, tenka_module **out);

/* As tenka_forward, for a step that will not run: no layer counts it. */
void tenka_forward_unseen(tenka_module *module, tenka_tensor x, tenka_tensor *out, size_t n_out);

/* Remembers that a program runs the module's children, as a file says that was saved there. */
void tenka_module_set_own_forward(tenka_module *module);

/* A parameter or a buffer of which a network's text shows the name alone, such as self.class_token, as a file has it. */
struct tenka_open_state {
    struct tenka_shape shape;
    bool whole; /* of whole numbers */
};
/* Whether there is one of that path. */
typedef bool tenka_open_finder(void *user, const char *path, struct tenka_open_state *out);
/* Asks find for each of them that has no shape yet, and makes the variables, of zeros, that it finds. On failure the
 * network is as before. Errors: E_INVALID, E_SHAPE, E_NOMEM, E_DEVICE. */
tenka_status tenka_module_give_open(tenka_module *net, tenka_open_finder *find, void *user);
/* Keeps what was given since the last call, or takes it back. */
void tenka_module_settle_open(tenka_module *net, bool keep);

/* What a module has of its own, for who looks through a step's numbers. */
struct tenka_module_part {
    const char *path; /* from the module that was asked; "" for that one itself */
    const char *class_name;
    size_t n_state;             /* entries of tenka_module_state, which follow those of the part before */
    const tenka_tensor *result; /* of the last forward, where no child has given it */
    size_t n_result;
};
/* The module and everything in it in the order in which it runs; a custom module with children has a part before and
 * one after them. Writes at most max and returns how many there are. */
size_t tenka_module_parts(const tenka_module *module, struct tenka_module_part *out, size_t max);

/* The names of the classes of tenka_nn_custom in a module, sorted, each once. *out is to be freed with tenka_free, the
 * names are the module's. Errors: E_NOMEM. */
tenka_status tenka_module_custom_classes(const tenka_module *module, const char ***out, size_t *count);

#endif
