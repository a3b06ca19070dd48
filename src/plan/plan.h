/* Planning: the record of a step goes in, a plan comes out. It has no context and no device: what it must know of the
 * device is handed to it, and whoever has the plan gives its places memory. */
#ifndef TENKA_PLAN_PLAN_H
#define TENKA_PLAN_PLAN_H

#include "op/plan.h"

/* ---- The record: what the user did in a step, before anything is derived from it ---- */

enum tenka_entry_kind {
    TENKA_ENTRY_OP,
    TENKA_ENTRY_VARIABLE, /* a variable's content at the begin of the step, or in[0], which it was assigned in the step;
                           * a leaf for gradients; params[0..1]: its id */
    TENKA_ENTRY_INPUT,    /* host data, in the order of the calls */
    TENKA_ENTRY_ASSIGN,   /* in[0] becomes the content of variable params[0..1] */
    TENKA_ENTRY_BACKWARD, /* gradients of in[0]; outputs: one for each variable it depends on, in value order */
    TENKA_ENTRY_READ,     /* in[0] must be readable after the step */
    TENKA_ENTRY_GIVE,     /* the program was given in[0] as well: readable after the step where nobody consumes it */
    TENKA_ENTRY_FLUSH,    /* everything before was run; the rest of the step follows in another plan */
};

/* The structural part of an entry: two steps with equal entries share a plan. Compared with memcmp, so
 * every byte is set; numbers that are data (scalars, inputs) are kept beside the log. */
struct tenka_entry {
    uint8_t kind, op, n_in, n_out; /* n_out of a BACKWARD: 0, its outputs are counted by first_value */
    uint32_t requires_grad;
    uint32_t in[TENKA_MAX_IN]; /* values */
    int32_t params[TENKA_MAX_PARAMS];
    struct tenka_desc out[TENKA_MAX_OUT];
    uint32_t first_value, n_values;
    uint32_t first_scalar;
};

/* What planning knows of a variable; every variable begins with it. */
struct tenka_variable_head {
    uint64_t id; /* never used again */
    struct tenka_desc desc;
    char *name; /* NULL: it has none */
};

/* A value of the log: output `out` of entry `entry`. */
struct tenka_log_value {
    uint32_t entry, out;
    uint32_t uses;
    bool requires_grad;
    struct tenka_desc desc;
    const char *layer;               /* that made the call, for profilers: no part of the key. NULL: none */
    struct tenka_variable_head *var; /* of a VARIABLE entry: the variable; of a BACKWARD's output: whose gradient it
                                      * is */
};

/* An ASSIGN entry and the variable that it assigns. */
struct tenka_assignment {
    uint32_t entry;
    struct tenka_variable_head *var;
};

enum tenka_place_kind {
    TENKA_PLACE_NONE,
    TENKA_PLACE_ARENA,
    TENKA_PLACE_SPILL,
    TENKA_PLACE_VARIABLE,
    TENKA_PLACE_INPUT
};

/* Where a storage lies. */
struct tenka_place {
    enum tenka_place_kind kind;
    uint32_t block; /* of ARENA and SPILL */
    size_t offset;
    struct tenka_variable_head *var; /* of VARIABLE */
};

/* All of a step, or what there is of it when it flushes. */
struct tenka_record {
    const struct tenka_entry *entries;
    size_t n_entries;
    const struct tenka_log_value *values;
    size_t n_values;
    const struct tenka_assignment *assignments; /* in the order of their entries */
    size_t n_assignments;
    size_t n_scalars;                  /* of all its operators */
    size_t flushed;                    /* entries that were run by flushes */
    const struct tenka_place *spilled; /* of each value that a flush of this step computed; kind NONE: not */
    size_t n_spilled;
};

/* ---- The device ---- */

/* Blocks of device memory that plans lay their values into. */
#define TENKA_MAX_BLOCKS 16

/* What planning must know of the device and of the memory that a step's flushes left. */
struct tenka_plan_target {
    size_t real_bytes;                   /* a device word: 4, or 8 on the f64 CPU device */
    size_t max_buffer;                   /* bytes of the largest buffer */
    size_t spill_size[TENKA_MAX_BLOCKS]; /* of each spill block; 0: it has yet to be made */
    size_t spill_used[TENKA_MAX_BLOCKS];
    /* Whether this kernel is worth more than what it stands for: a fused one than its parts, one that makes parts of
     * sums than the one that makes them whole. */
    bool (*fuses)(const void *device, enum tenka_kernel kernel, const int32_t *params);
    const void *device; /* for fuses */
};

/* ---- The plan ---- */

/* The plan of one step structure, or of a step's part between two flushes. Its operands have offsets, but no buffers:
 * who runs it gives each the buffer of its place. */
struct tenka_step_plan {
    struct tenka_plan plan; /* its arrays are this struct's */
    struct tenka_node *nodes;
    struct tenka_operand *operands;
    struct tenka_place *places; /* of each operand */
    double *constants;          /* scalars that the plan itself brings; after the log's own */
    size_t n_constants;
    size_t n_log_scalars;
    char *scalar_kinds;        /* of each of them: its letter in ops.def */
    size_t input_bytes;        /* of the log's inputs; the scalars follow */
    struct tenka_place *where; /* of each log value: where it can be read after the run */
    struct tenka_desc *descs;  /* of each log value */
    size_t n_where;
    size_t block_bytes[TENKA_MAX_BLOCKS];
    size_t n_blocks;
    size_t spill_bytes[TENKA_MAX_BLOCKS]; /* a flushing plan: what is used of the spill blocks after it */
    size_t spill_size[TENKA_MAX_BLOCKS];  /* what it needs them to have; 0: it needs none */
};

/* Fills *out, which tenka_step_plan_finish frees. After a failure there is nothing to free.
 * Errors: E_NOMEM, also with a sentence about a step that the device's buffers cannot hold. */
tenka_status tenka_plan_step(const struct tenka_record *record, const struct tenka_plan_target *target,
                             struct tenka_error *err, struct tenka_step_plan *out);
void tenka_step_plan_finish(struct tenka_step_plan *plan);

/* ---- Gradients, as the record needs them ---- */

/* Whether gradients flow to that input, or from that output. */
bool tenka_op_differentiable(enum tenka_op op, uint32_t input);
bool tenka_op_output_differentiable(enum tenka_op op, uint32_t output);
/* Marks the values that d value / d variables passes through; mark has n bytes, value < n. */
void tenka_mark_gradient_path(const struct tenka_entry *entries, const struct tenka_log_value *values, uint32_t value,
                              uint8_t *mark);

#endif
