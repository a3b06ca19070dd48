/* Operators as data: the tables that ops.def expands into, and the shape rules. */
#ifndef TENKA_OP_H
#define TENKA_OP_H

#include "core/core.h"
#include "op/params.h"

#define TENKA_MAX_IN 6
#define TENKA_MAX_OUT 3
#define TENKA_MAX_READS 9
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

/* Operands of a pass, as bits in the order in which a kernel sees them. */
enum tenka_operand_bits {
    TENKA_BIT_IN0 = 0,   /* forward inputs: bits 0 to 5 */
    TENKA_BIT_OUT0 = 8,  /* forward outputs: bits 8 to 10 */
    TENKA_BIT_DOUT = 12, /* gradient of output 0 */
    TENKA_BIT_D0 = 16,   /* gradients of inputs: bits 16 to 21 */
};

enum tenka_unit { TENKA_UNIT_EACH, TENKA_UNIT_GROUP };
enum tenka_pass_flags { TENKA_PASS_INPLACE = 1, TENKA_PASS_PIECES = 2, TENKA_PASS_JOBS = 4 };

struct tenka_variant; /* op/variant.h */

/* A call of an operator: what the shape rule sees and fills. */
struct tenka_call {
    enum tenka_op op;
    uint32_t n_in;
    struct tenka_desc in[TENKA_MAX_IN];   /* an absent optional input comes last and is not counted */
    int32_t params[TENKA_MAX_PARAMS];     /* the caller's part filled, the rest by the rule */
    uint32_t n_out;
    struct tenka_desc out[TENKA_MAX_OUT];
};

struct tenka_op_info {
    const char *name;
    uint32_t min_in, max_in, n_out;
    const char *scalars;                  /* a letter each, see ops.def */
    uint32_t n_scalars;
    tenka_status (*rule)(struct tenka_call *call, struct tenka_error *err);
    enum tenka_kernel first_kernel;       /* of its passes; they follow each other */
    uint32_t n_passes;                    /* 0: a view, or made of other operators */
};

struct tenka_pass_info {
    const char *name;                     /* "conv2d_dx" */
    enum tenka_op op;
    uint32_t reads, writes;               /* bits of tenka_operand_bits */
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

extern const struct tenka_op_info tenka_ops[TENKA_OP_COUNT];
extern const struct tenka_pass_info tenka_passes[TENKA_KERNEL_COUNT];

/* Checks a call's inputs against its operator, fills params and outputs. Errors: E_SHAPE, E_INVALID. */
tenka_status tenka_op_infer(struct tenka_call *call, struct tenka_error *err);

/* The pass of op that writes the operand of that bit (TENKA_BIT_D0 + k), or TENKA_KERNEL_COUNT. */
enum tenka_kernel tenka_op_pass_writing(enum tenka_op op, uint32_t bit);
/* The description of the operand of that bit in a call. */
const struct tenka_desc *tenka_call_operand(const struct tenka_call *call, uint32_t bit);

#endif
