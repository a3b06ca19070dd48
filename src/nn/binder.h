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

enum tenka_bound_kind { TENKA_BOUND_NAME, TENKA_BOUND_VALUE };

/* A tensor as PyTorch has it: a view of another one, or one with a memory of its own. Here each slot keeps its value, and
 * what is written in PyTorch is another slot. */
struct tenka_bound_memory {
    uint32_t becomes[2];           /* what its names mean now, and the slot that has its place in its memory: it, or
                                    * one after it; by tenka_bound_kind */
    uint32_t owner;                /* the first value in its memory */
    uint32_t writes;               /* of an owner: how often something has been written into its memory */
    uint32_t seen;                 /* the writes that its value has seen */
    uint32_t base;                 /* what it is a view of; NO_SLOT: of nothing */
    const struct tenka_code *view; /* the call that makes it of the base; NULL: not known, or it may make a copy */
    uint32_t depth;                /* so many views it is away from the owner */
    bool state;                    /* of an owner: it is a parameter or a buffer */
    const tenka_module *giver;     /* the layer whose result it is; NULL: none's */
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
    uint32_t line; /* the number of that which is bound */
};

/* ---- graph_scope.c ---- */

/* The slot of a name; TENKA_NO_SLOT: there is none. */
uint32_t tenka_bind_slot_of(struct tenka_binder *b, const char *name);
/* The name means the slot's value from now on. */
tenka_status tenka_bind_name_slot(struct tenka_binder *b, const char *name, uint32_t slot);
/* The name means a value that is not yet there. */
tenka_status tenka_bind_add_name(struct tenka_binder *b, const char *name, uint32_t *slot);

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

/* ---- graph_memory.c: what is written in place ---- */

/* A slot without a name. */
tenka_status tenka_bind_add_slot(struct tenka_binder *b, uint32_t *slot);
/* The slot that stands for one now. */
uint32_t tenka_bind_newest(struct tenka_binder *b, uint32_t slot, enum tenka_bound_kind kind);
/* The graph goes on with a line. */
tenka_status tenka_bind_add_line(struct tenka_binder *b, const struct tenka_code *value, const uint32_t *slots,
                                 size_t n);
/* The value of a slot is a view of that of another, made by a call with that one as its first argument; NULL: it shares
 * memory with it in a way that is not known. */
void tenka_bind_share(struct tenka_binder *b, uint32_t slot, uint32_t base, const struct tenka_code *view);
/* What names of one slot mean becomes another view of the same memory, in which nothing is changed. */
void tenka_bind_rename(struct tenka_binder *b, uint32_t from, uint32_t to);
/* The value of the first is replaced in its memory by that of the second: so its names mean this, and lines are added
 * that make new values of all that it is a view of. */
tenka_status tenka_bind_write(struct tenka_binder *b, uint32_t from, uint32_t to);
/* A slot with the value that a slot has now. If something has been written into its memory since, lines are added that
 * make its view again. NO_SLOT: that is not known. */
tenka_status tenka_bind_read(struct tenka_binder *b, uint32_t slot, uint32_t *out);

/* ---- graph_bind.c ---- */

tenka_status tenka_bind_make(struct tenka_binder *b, enum tenka_code_kind kind, size_t n_args, struct tenka_code **out);
tenka_status tenka_bind(struct tenka_binder *b, const struct tenka_py *e, const struct tenka_code **out);

#endif
