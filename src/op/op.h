/* Operators as data: the tables that ops.def expands into, and the shape rules. */
#ifndef TENKA_OP_H
#define TENKA_OP_H

#include "core/core.h"
#include "op/params.h"

#define TENKA_MAX_IN 12
#define TENKA_MAX_OUT 4
#define TENKA_MAX_READS 16
#define TENKA_MAX_SCALARS 12

enum tenka_op {
#define TENKA_OP(name, ...) TENKA_OP_##name,
#define TENKA_PASS(...)
#include "op/ops.def"
    TENKA_OP_COUNT
};

/* A kernel is one pass of one operator. */
enum tenka_kernel {
#define TENKA_OP(...)
#define TENKA_PASS(op, pass, ...) TENKA_KERNEL_##op##_##pass,
#include "op/ops.def"
    TENKA_KERNEL_COUNT
};

/* How the reals of a kernel's operands lie in memory, where a backend has more than one way; what is computed with them
 * is always float. A backend has a kernel once for each. kernel.glsl and cmake/shaders.cmake name them too. */
enum tenka_storage_type {
    TENKA_STORED_f32,
    TENKA_STORED_COUNT,
};

/* Operands of a call and of its passes by number, in the order in which a kernel sees them; in masks, bits. */
#define TENKA_IN(k) ((uint32_t)(k))        /* forward inputs */
#define TENKA_OUT(k) (16 + (uint32_t)(k))  /* forward outputs */
#define TENKA_DOUT(k) (24 + (uint32_t)(k)) /* gradients of outputs */
#define TENKA_D(k) (32 + (uint32_t)(k))    /* gradients of inputs */
#define TENKA_P(k) (48 + (uint32_t)(k))    /* the same in parts: sums that are still to be added up */
#define TENKA_OPERANDS 52
/* Of so many inputs an operator can make gradients in parts. */
#define TENKA_MAX_PARTED 3
#define TENKA_MOST_PARTS 1024

/* Whether a mask has an operand. */
static inline bool tenka_mask_has(uint64_t mask, uint32_t operand)
{
    return (mask >> operand & 1) != 0;
}

/* How many operands a mask has, and how many of them come before one. */
static inline uint32_t tenka_mask_count(uint64_t mask)
{
    uint32_t count = 0;
    for (; mask != 0; mask &= mask - 1)
        count++;
    return count;
}

static inline uint32_t tenka_mask_place(uint64_t mask, uint32_t operand)
{
    return tenka_mask_count(mask & (((uint64_t)1 << operand) - 1));
}

enum tenka_unit { TENKA_UNIT_EACH, TENKA_UNIT_GROUP };
enum tenka_pass_flags {
    TENKA_PASS_INPLACE = 1,
    TENKA_PASS_PIECES = 2,
    TENKA_PASS_JOBS = 4,
    TENKA_PASS_PART = 8,
    TENKA_PASS_TURNS = 16,
    TENKA_PASS_SPREAD = 32,
};

struct tenka_variant; /* op/variant.h */

/* A call of an operator: what the shape rule sees and fills. */
struct tenka_call {
    enum tenka_op op;
    uint32_t n_in;
    struct tenka_desc in[TENKA_MAX_IN]; /* an absent optional input comes last and is not counted */
    int32_t params[TENKA_MAX_PARAMS];   /* the caller's part filled, the rest by the rule */
    uint32_t n_out;
    struct tenka_desc out[TENKA_MAX_OUT];
    struct tenka_desc parts[TENKA_MAX_PARTED]; /* of the gradients of its inputs: tenka_call_describe_parts */
};

struct tenka_op_info {
    const char *name;
    uint32_t min_in, max_in, n_out;
    const char *scalars; /* a letter each, see ops.def */
    uint32_t n_scalars;
    tenka_status (*rule)(struct tenka_call *call, struct tenka_error *err);
    enum tenka_kernel first_kernel; /* of its passes; they follow each other */
    uint32_t n_passes;              /* 0: a view, or made of other operators */
};

struct tenka_pass_info {
    const char *name; /* "conv2d_dx" */
    enum tenka_op op;
    uint64_t reads, writes; /* masks of operands */
    enum tenka_unit unit;
    uint32_t flags;
    /* n: elements of the first written operand */
    uint64_t (*work)(const struct tenka_variant *v, const int32_t *params, uint64_t n);
    uint64_t (*loops)(const struct tenka_variant *v, const int32_t *params);
};

/* Floating-point operations of a pass; 0: so few that moving its operands is what takes the time. */
uint64_t tenka_kernel_flops(enum tenka_kernel kernel, const int32_t *params, uint64_t n);
/* Bytes that a pass moves; 0: all of its operands. */
uint64_t tenka_kernel_bytes(enum tenka_kernel kernel, const int32_t *params, uint64_t n);

/* How many parts the operator's pass for parts makes, from the call's parameters; 0: it has no such pass. */
uint32_t tenka_op_parts(enum tenka_op op, const int32_t *params);
/* The pass that makes in parts what a pass makes whole, or TENKA_KERNEL_COUNT. */
enum tenka_kernel tenka_parts_pass(enum tenka_kernel kernel);
/* Describes the parts of a call that was checked, for who runs passes by themselves; rank 0: it has no pass for them. */
void tenka_call_describe_parts(struct tenka_call *call);
/* The description of a gradient in so many parts; rank 0: a tensor cannot have one axis more. */
struct tenka_desc tenka_parts_desc(const struct tenka_desc *gradient, uint32_t parts);

/* The activation that a pass applies to what it computes, or goes back through. */
enum tenka_act tenka_kernel_act(enum tenka_kernel kernel, const int32_t *params);
/* Makes a pass that can do so do it. */
void tenka_kernel_set_act(enum tenka_kernel kernel, int32_t *params, enum tenka_act act);
/* The operands among its reads that a pass does without: those for an activation that it has not. */
uint64_t tenka_kernel_idle_reads(enum tenka_kernel kernel, const int32_t *params);
/* "relu"; NULL of TENKA_ACT_NONE. */
const char *tenka_act_name(enum tenka_act act);
/* The activation that a kernel is, forward, or whose gradient it makes of the output y alone; TENKA_ACT_NONE: none. */
enum tenka_act tenka_act_of(enum tenka_kernel kernel);
enum tenka_act tenka_act_back_of(enum tenka_kernel kernel);

extern const struct tenka_op_info tenka_ops[TENKA_OP_COUNT];
extern const struct tenka_pass_info tenka_passes[TENKA_KERNEL_COUNT];

/* Checks a call's inputs against its operator, fills params and outputs. Errors: E_SHAPE, E_INVALID. */
tenka_status tenka_op_infer(struct tenka_call *call, struct tenka_error *err);

/* The pass of op that writes an operand, or TENKA_KERNEL_COUNT. */
enum tenka_kernel tenka_op_pass_writing(enum tenka_op op, uint32_t operand);
/* The description of a call's operand; NULL: it is absent. */
const struct tenka_desc *tenka_call_operand(const struct tenka_call *call, uint32_t operand);

#endif
