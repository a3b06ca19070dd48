/* What the files of src/plan share: the plan in the making. nodes.c appends to it; the others are stages that make.c
 * calls one after the other, or what a stage is made of. */
#ifndef TENKA_PLAN_PLANNER_H
#define TENKA_PLAN_PLANNER_H

#include "plan/plan.h"

#define TENKA_NONE_ID UINT32_MAX
/* Calls that a fused node is known to come from; of more it forgets the last ones. */
#define TENKA_MAX_OWNERS 6
/* A scalar at such an index of the input is aligned as an operand, whatever the device's reals are. */
#define TENKA_OPERAND_WORDS (TENKA_OPERAND_ALIGN / 4)

/* Memory that one node writes, or several, each a part of it; views share it. */
struct tenka_storage {
    struct tenka_place place; /* ARENA and SPILL: block and offset are set by the layout */
    size_t bytes;
    uint32_t writer;   /* the first node that writes it; NONE: it is a leaf */
    uint32_t last;     /* the last node that reads or writes it; the number of nodes when it is kept */
    bool keep;         /* must survive the plan */
    bool needed;       /* it is kept, or a needed node reads it */
    uint32_t constant; /* of INPUT: it is the plan's constant number constant - 1; 0: it is none */
};

struct tenka_plan_value {
    struct tenka_desc desc;
    uint32_t storage;
    size_t offset; /* bytes, from the storage's begin: a multiple of TENKA_OPERAND_ALIGN */
};

struct tenka_plan_node {
    enum tenka_kernel kernel;
    uint32_t n_in, n_out;
    /* values, or TENKA_NONE_ID, as the kernel sees them; those who mean a certain one ask for it by name */
    uint32_t in[TENKA_MAX_READS], out[TENKA_MAX_OUT];
    int32_t params[TENKA_MAX_PARAMS];
    uint32_t scalar; /* index of its first scalar: of the log, or of the constants */
    bool constant;
    uint32_t entry;                    /* log entry it came from */
    uint32_t owners[TENKA_MAX_OWNERS]; /* forward calls whose layers it works for, in order: log entries */
    uint32_t n_owners;
    enum tenka_phase phase;
};

/* A variable that the plan assigns. */
struct tenka_assigned {
    struct tenka_variable_head *var;
    uint32_t entry;       /* that assigns it for good: no later one does */
    uint32_t last_reader; /* last node that reads the old content; NONE: there is none, or it is not yet known */
    uint32_t storage;     /* of the new content, once it lies in the variable's buffer; else NONE */
};

struct tenka_planner {
    const struct tenka_record *record;
    const struct tenka_plan_target *target;
    struct tenka_error *err;
    bool flush; /* the plan ends in the middle of its step */
    struct tenka_plan_node *nodes;
    size_t n_nodes, nodes_capacity;
    struct tenka_plan_value *values;
    size_t n_values, values_capacity;
    struct tenka_storage *storages;
    size_t n_storages, storages_capacity;
    double *constants;
    size_t n_constants, constants_capacity;
    uint32_t *leaves; /* of expand.c: storages */
    size_t n_leaves, leaves_capacity;
    struct tenka_assigned *assigned; /* by the variables' ids */
    size_t n_assigned;
    uint32_t *map;  /* of each log value: its plan value */
    uint32_t *grad; /* of each log value: the gradient gathered by the backward call at work */
    uint8_t *mark;  /* of each log value: the gradient of the backward call at work passes through it */
    bool *root;     /* of each log value: must be readable afterwards */
    size_t input_bytes;
    uint32_t entry;         /* log entry at work */
    uint32_t owner;         /* forward call for whose layer nodes are added; NONE: for no layer's */
    uint32_t last_backward; /* log entry of the last backward call; NONE: there is none */
    bool failed;            /* out of memory somewhere: values are NONE */
};

/* A scalar of a node: of the log, or a constant of the plan. */
struct tenka_scalar_ref {
    uint32_t index;
    bool constant;
};

/* ---- nodes.c ---- */

/* Bytes of a tensor on the device. */
size_t tenka_planner_bytes(const struct tenka_planner *p, const struct tenka_desc *desc);
uint32_t tenka_planner_storage(struct tenka_planner *p, const struct tenka_storage *storage);
uint32_t tenka_planner_value(struct tenka_planner *p, const struct tenka_desc *desc, uint32_t storage);
uint32_t tenka_planner_new_value(struct tenka_planner *p,
                                 const struct tenka_desc *desc); /* with a storage of its own */
/* Whether a value is all that its storage has. */
bool tenka_planner_is_whole(const struct tenka_planner *p, uint32_t value);
/* Values by the operand that they are, NONE where absent. */
struct tenka_named_values {
    uint32_t value[TENKA_OPERANDS];
};
struct tenka_named_values tenka_named_none(void);
/* Appends a node for a pass, which takes what it reads and writes. */
struct tenka_plan_node *tenka_planner_node(struct tenka_planner *p, enum tenka_kernel kernel,
                                           const struct tenka_named_values *named, const int32_t *params,
                                           struct tenka_scalar_ref scalar);
/* The place of a node's operand, which its pass must have. */
uint32_t *tenka_node_place(struct tenka_plan_node *node, uint32_t operand);
/* The value there. */
uint32_t tenka_node_value(const struct tenka_plan_node *node, uint32_t operand);
/* Appends a call whose outputs are described, as a view or as a node for its forward pass. out receives the values of
 * the outputs; returns out[0], NONE after a failure. */
uint32_t tenka_planner_forward(struct tenka_planner *p, const struct tenka_call *call, const uint32_t *in,
                               struct tenka_scalar_ref scalar, uint32_t out[TENKA_MAX_OUT]);
/* Calls an operator on plan values, as gradient rules do. shape: for reshape, expand, fill; scalars: constants.
 * Returns output 0, NONE after a failure. */
uint32_t tenka_planner_call(struct tenka_planner *p, enum tenka_op op, const uint32_t *in, uint32_t n_in,
                            const void *params, size_t params_bytes, const struct tenka_shape *shape,
                            const double *constant);
struct tenka_scalar_ref tenka_planner_constants(struct tenka_planner *p, const double *values, size_t count);

/* ---- expand.c ---- */

tenka_status tenka_planner_expand(struct tenka_planner *p);

/* ---- autodiff.c ---- */

tenka_status tenka_planner_backward(struct tenka_planner *p, const struct tenka_entry *entry);

/* ---- grad_rules.c: gradients made of other operators ---- */

struct tenka_grad_call {
    struct tenka_planner *p;
    const struct tenka_entry *entry;
    uint32_t in[TENKA_MAX_IN]; /* plan values of the forward call */
    uint32_t dout;             /* gradient of the only output */
};
typedef uint32_t (*tenka_grad_fn)(const struct tenka_grad_call *call, uint32_t input); /* gradient of that input */
uint32_t tenka_grad_add(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_sub(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_mul(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_div(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_maximum(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_minimum(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_pow(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_keep(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_leaky(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_reshape(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_expand(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_permute(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_sum(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_matmul(const struct tenka_grad_call *call, uint32_t input);
uint32_t tenka_grad_put(const struct tenka_grad_call *call, uint32_t input);

/* ---- assign.c: outputs and assignments become copies, or are written in place ---- */

tenka_status tenka_planner_outputs(struct tenka_planner *p);
tenka_status tenka_planner_assigns(struct tenka_planner *p);
tenka_status tenka_planner_list_assigned(struct tenka_planner *p);
/* NULL: the plan does not assign var. */
struct tenka_assigned *tenka_planner_assigned(const struct tenka_planner *p, const struct tenka_variable_head *var);

/* ---- fuse.c ---- */

tenka_status tenka_planner_fuse(struct tenka_planner *p);

/* ---- split.c ---- */

tenka_status tenka_planner_split(struct tenka_planner *p);

/* ---- layout.c: dead nodes, lifetimes, places ---- */

void tenka_planner_drop_dead(struct tenka_planner *p);
tenka_status tenka_planner_layout(struct tenka_planner *p, struct tenka_step_plan *plan);

/* ---- arena.c ---- */

/* Places of the storages of which the layout knows the lifetimes. */
tenka_status tenka_planner_lay_arena(struct tenka_planner *p, struct tenka_step_plan *plan);
/* Fails: no buffer of the device, or not enough of them, has so many bytes. */
tenka_status tenka_planner_too_large(struct tenka_planner *p, size_t bytes);

/* ---- emit.c ---- */

tenka_status tenka_planner_emit(const struct tenka_planner *p, struct tenka_step_plan *plan);

#endif
