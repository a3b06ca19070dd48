/* Inside of what binds the code of a network's text to the network: names, and what they mean so far. */
#ifndef TENKA_NN_BINDER_H
#define TENKA_NN_BINDER_H

#include "nn/graph.h"

/* A name and what it means: a slot, or an entry of the graph's state. */
struct tenka_bound_name {
    const char *name;
    uint32_t meaning;
    uint32_t before; /* the name with this hash before it */
};

/* A value as PyTorch has it. */
struct tenka_bound_memory {
    uint32_t becomes; /* the slot that a call in place has made of it, or its own */
    uint32_t owner;   /* the slot of the value whose memory it shares, or its own */
    uint32_t sharing; /* of an owner: the newest slot in its memory; of others: the one before; NO_SLOT: none */
    bool state;       /* of an owner: it is a parameter or a buffer */
    bool changed;     /* by a call that worked in place on another value in that memory */
    const tenka_module *giver; /* the layer whose result it is; NULL: none's */
};

#define TENKA_NAME_HASHES 1024
#define TENKA_NO_SLOT UINT32_MAX

struct tenka_binder {
    struct tenka_py_reader r;
    tenka_module *root;
    struct tenka_graph *graph;
    const char *self;
    struct tenka_bound_name *names;
    size_t n_names, capacity;
    struct tenka_bound_memory *memory; /* of each slot */
    size_t memory_capacity;
    uint32_t newest[TENKA_NAME_HASHES];
    const char *counted; /* up to here in the text, there have been so many lines */
    uint32_t lines;
};

/* ---- graph_scope.c ---- */

/* The slot of a name; TENKA_NO_SLOT: there is none. */
uint32_t tenka_bind_slot_of(struct tenka_binder *b, const char *name);
/* The name means the slot's value from now on. */
tenka_status tenka_bind_name_slot(struct tenka_binder *b, const char *name, uint32_t slot);
/* The name means a value that is not yet there. */
tenka_status tenka_bind_add_name(struct tenka_binder *b, const char *name, uint32_t *slot);
/* A call has changed a value in place and given it as another: names of the one become names of the other, and what
 * shares its memory has another content, too. */
void tenka_bind_change(struct tenka_binder *b, uint32_t from, uint32_t to);
/* The value of a slot is a view of that of another. */
void tenka_bind_share(struct tenka_binder *b, uint32_t slot, uint32_t with);

/* Whether an expression is self, a module below it, or what a module has: self.layer1, getattr(self.layer1, "0").bn.
 * Its path is written into buf, "" of self. */
bool tenka_bind_is_path(const struct tenka_binder *b, const struct tenka_py *e, char *buf, size_t bytes);
/* "torch.nn.functional.relu" of attributes of a name that is no value here. */
bool tenka_bind_is_global(struct tenka_binder *b, const struct tenka_py *e, char *buf, size_t bytes);
/* NULL: there is none. */
tenka_module *tenka_bind_module_at(const struct tenka_binder *b, const char *path);
/* The parameter or buffer at a path, which may stay without a variable until a file gives it one. Errors: E_FORMAT
 * (nothing can be there), E_NOMEM. */
tenka_status tenka_bind_state(struct tenka_binder *b, const char *at, const char *path, struct tenka_graph_state **out);

/* ---- graph_bind.c ---- */

tenka_status tenka_bind(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out);

#endif
