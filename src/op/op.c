#include "op/op.h"
#include "op/conv_tiles.h"
#include "op/rules.h"
#include "op/tiles.h"
#include "op/variant.h"

/* Tables, laid out by hand. */
/* clang-format off */

/* How ops.def calls the operands. */
#define BIT(operand) ((uint64_t)1 << (operand))
#define IN0 BIT(TENKA_IN(0))
#define IN1 BIT(TENKA_IN(1))
#define IN2 BIT(TENKA_IN(2))
#define IN3 BIT(TENKA_IN(3))
#define IN4 BIT(TENKA_IN(4))
#define OUT0 BIT(TENKA_OUT(0))
#define OUT1 BIT(TENKA_OUT(1))
#define OUT2 BIT(TENKA_OUT(2))
#define OUT3 BIT(TENKA_OUT(3))
#define DOUT0 BIT(TENKA_DOUT(0))
#define D0 BIT(TENKA_D(0))
#define D1 BIT(TENKA_D(1))
#define D2 BIT(TENKA_D(2))
#define D3 BIT(TENKA_D(3))
#define P1 BIT(TENKA_P(1))
#define P2 BIT(TENKA_P(2))
enum { INPLACE = TENKA_PASS_INPLACE, PIECES = TENKA_PASS_PIECES, JOBS = TENKA_PASS_JOBS, PART = TENKA_PASS_PART,
       TURNS = TENKA_PASS_TURNS, SPREAD = TENKA_PASS_SPREAD };

/* struct params_<op>: the operator's parameters under its own name. */
#define TENKA_OP(name, body, min_in, max_in, outs, params, ...)                                       \
    typedef struct tenka_p_##params params_##name;                                                    \
    _Static_assert(sizeof(params_##name) <= TENKA_MAX_PARAMS * sizeof(int32_t), "too many params");   \
    _Static_assert((max_in) <= TENKA_MAX_IN && (outs) <= TENKA_MAX_OUT, "too many operands");
#define TENKA_PASS(...)
#include "op/ops.def"

/* struct passes_<op>: a member for each pass, since an operator's passes follow its row; what matters is the size. */
#define TENKA_OP(name, ...) }; struct passes_##name { char none;
#define TENKA_PASS(op, pass, ...) char pass;
struct passes_before_the_first { char none;
#include "op/ops.def"
};

/* FIRST_<op>: the first kernel of an operator's passes, whose numbers follow each other. */
enum {
#define TENKA_OP(name, ...) FIRST_##name, BEFORE_##name = FIRST_##name - 1,
#define TENKA_PASS(op, pass, ...) NUMBER_##op##_##pass,
#include "op/ops.def"
};

#define TENKA_OP(...)
#define TENKA_PASS(op, pass, reads, writes, unit, work, loops, flags)        \
    static uint64_t work_##op##_##pass(const struct tenka_variant *v, const int32_t *params, uint64_t n) \
    {                                                                        \
        const params_##op *p = (const void *)params;                         \
        return (void)v, (void)p, (void)n, (uint64_t)(work);                  \
    }
#include "op/ops.def"

#define TENKA_OP(...)
#define TENKA_PASS(op, pass, reads, writes, unit, work, loops, flags)        \
    static uint64_t loops_##op##_##pass(const struct tenka_variant *v, const int32_t *params) \
    {                                                                        \
        const params_##op *p = (const void *)params;                         \
        return (void)v, (void)p, (uint64_t)(loops);                          \
    }
#include "op/ops.def"

const struct tenka_op_info tenka_ops[TENKA_OP_COUNT] = {
#define TENKA_OP(name, body, min_in, max_in, outs, params, scalars, rule, grad)                   \
    { #name, min_in, max_in, outs, scalars, sizeof(scalars) - 1, tenka_rule_##rule,                \
      (enum tenka_kernel)FIRST_##name, sizeof(struct passes_##name) - 1 },
#define TENKA_PASS(...)
#include "op/ops.def"
};

const struct tenka_pass_info tenka_passes[TENKA_KERNEL_COUNT] = {
#define TENKA_OP(...)
#define TENKA_PASS(op, pass, reads, writes, unit, work, loops, flags)                             \
    { #op "_" #pass, TENKA_OP_##op, reads, writes, TENKA_UNIT_##unit, flags,                      \
      work_##op##_##pass, loops_##op##_##pass },
#include "op/ops.def"
};

#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_FLOPS(op, pass, flops)                                         \
    static uint64_t flops_##op##_##pass(const int32_t *params, uint64_t n)   \
    {                                                                        \
        const params_##op *p = (const void *)params;                         \
        return (void)p, (void)n, (uint64_t)(flops);                          \
    }
#include "op/ops.def"

uint64_t tenka_kernel_flops(enum tenka_kernel kernel, const int32_t *params, uint64_t n)
{
    switch (kernel) {
#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_FLOPS(op, pass, flops) case TENKA_KERNEL_##op##_##pass: return flops_##op##_##pass(params, n);
#include "op/ops.def"
    default: return 0;
    }
}

#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_BYTES(op, pass, bytes)                                         \
    static uint64_t bytes_##op##_##pass(const int32_t *params, uint64_t n)   \
    {                                                                        \
        const params_##op *p = (const void *)params;                         \
        return (void)p, (void)n, (uint64_t)(bytes);                          \
    }
#include "op/ops.def"

uint64_t tenka_kernel_bytes(enum tenka_kernel kernel, const int32_t *params, uint64_t n)
{
    switch (kernel) {
#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_BYTES(op, pass, bytes) case TENKA_KERNEL_##op##_##pass: return bytes_##op##_##pass(params, n);
#include "op/ops.def"
    default: return 0;
    }
}

#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_PARTS(op, parts)                                               \
    static uint32_t parts_##op(const int32_t *params)                        \
    {                                                                        \
        const params_##op *p = (const void *)params;                         \
        return (uint32_t)(parts);                                            \
    }
#include "op/ops.def"

uint32_t tenka_op_parts(enum tenka_op op, const int32_t *params)
{
    switch (op) {
#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_PARTS(op, parts) case TENKA_OP_##op: return parts_##op(params);
#include "op/ops.def"
    default: return 0;
    }
}

enum tenka_kernel tenka_parts_pass(enum tenka_kernel kernel)
{
    for (uint32_t k = 0; k < TENKA_MAX_PARTED; k++)
        if (tenka_mask_has(tenka_passes[kernel].writes, TENKA_D(k)))
            return tenka_op_pass_writing(tenka_passes[kernel].op, TENKA_P(k));
    return TENKA_KERNEL_COUNT;
}

struct tenka_desc tenka_parts_desc(const struct tenka_desc *gradient, uint32_t parts)
{
    struct tenka_desc desc = {.dtype = gradient->dtype};
    const struct tenka_shape *shape = &gradient->shape;
    if (shape->rank == TENKA_MAX_RANK)
        return desc;
    desc.shape.rank = shape->rank + 1;
    desc.shape.dim[0] = parts;
    memcpy(desc.shape.dim + 1, shape->dim, shape->rank * sizeof(*shape->dim));
    return desc;
}

void tenka_call_describe_parts(struct tenka_call *call)
{
    const uint32_t parts = tenka_op_parts(call->op, call->params);
    for (uint32_t k = 0; k < TENKA_MAX_PARTED && k < call->n_in && parts > 0; k++)
        call->parts[k] = tenka_parts_desc(&call->in[k], parts);
}

tenka_status tenka_op_infer(struct tenka_call *call, struct tenka_error *err)
{
    const struct tenka_op_info *op = &tenka_ops[call->op];
    if (call->n_in < op->min_in || call->n_in > op->max_in)
        return tenka_fail(err, TENKA_E_INVALID, "%s: takes %u to %u tensors, but %u are given", op->name, op->min_in,
                          op->max_in, call->n_in);
    for (uint32_t i = 0; i < call->n_in; i++)
        TENKA_TRY(tenka_shape_check(err, op->name, &call->in[i].shape));
    call->n_out = op->n_out;
    return op->rule(call, err);
}

enum tenka_kernel tenka_op_pass_writing(enum tenka_op op, uint32_t operand)
{
    const uint32_t first = (uint32_t)tenka_ops[op].first_kernel;
    for (uint32_t i = first; i < first + tenka_ops[op].n_passes; i++)
        if (tenka_mask_has(tenka_passes[i].writes, operand))
            return (enum tenka_kernel)i;
    return TENKA_KERNEL_COUNT;
}

const struct tenka_desc *tenka_call_operand(const struct tenka_call *call, uint32_t operand)
{
    if (operand >= TENKA_P(0))
        return operand - TENKA_P(0) < call->n_in ? &call->parts[operand - TENKA_P(0)] : NULL;
    if (operand >= TENKA_D(0))
        return operand - TENKA_D(0) < call->n_in ? &call->in[operand - TENKA_D(0)] : NULL;
    if (operand >= TENKA_DOUT(0))
        return operand - TENKA_DOUT(0) < call->n_out ? &call->out[operand - TENKA_DOUT(0)] : NULL;
    if (operand >= TENKA_OUT(0))
        return operand - TENKA_OUT(0) < call->n_out ? &call->out[operand - TENKA_OUT(0)] : NULL;
    return operand < call->n_in ? &call->in[operand] : NULL;
}

/* ---- Activations ---- */

#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_ACTIVATES(op, pass, act, operands)                             \
    static const int32_t *act_##op##_##pass(const int32_t *params)           \
    {                                                                        \
        const params_##op *p = (const void *)params;                         \
        return &(act);                                                       \
    }
#include "op/ops.def"

/* Where a pass has its activation among its parameters; NULL: it has none. */
static const int32_t *act_place(enum tenka_kernel kernel, const int32_t *params)
{
    switch (kernel) {
#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_ACTIVATES(op, pass, act, operands) case TENKA_KERNEL_##op##_##pass: return act_##op##_##pass(params);
#include "op/ops.def"
    default: return NULL;
    }
}

enum tenka_act tenka_kernel_act(enum tenka_kernel kernel, const int32_t *params)
{
    const int32_t *act = act_place(kernel, params);
    return act != NULL ? (enum tenka_act)*act : TENKA_ACT_NONE;
}

void tenka_kernel_set_act(enum tenka_kernel kernel, int32_t *params, enum tenka_act act)
{
    params[act_place(kernel, params) - params] = (int32_t)act;
}

/* The operands that a pass reads for the sake of its activation alone. */
static uint64_t act_reads(enum tenka_kernel kernel)
{
    switch (kernel) {
#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_ACTIVATES(op, pass, act, operands) case TENKA_KERNEL_##op##_##pass: return operands;
#include "op/ops.def"
    default: return 0;
    }
}

uint64_t tenka_kernel_idle_reads(enum tenka_kernel kernel, const int32_t *params)
{
    return tenka_kernel_act(kernel, params) == TENKA_ACT_NONE ? act_reads(kernel) : 0;
}

const char *tenka_act_name(enum tenka_act act)
{
    static const char *const names[TENKA_ACT_COUNT] = {
#define NAME_0(name) [TENKA_ACT_##name] = #name,
#define NAME_1(name)
#define NAME_2(name)
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, back, count, ...) NAME_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    };
    return names[act];
}

enum tenka_act tenka_act_of(enum tenka_kernel kernel)
{
    switch (kernel) {
#define ACT_0(name) case TENKA_KERNEL_##name##_fwd: return TENKA_ACT_##name;
#define ACT_1(name)
#define ACT_2(name)
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, back, count, ...) ACT_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    default: return TENKA_ACT_NONE;
    }
}

enum tenka_act tenka_act_back_of(enum tenka_kernel kernel)
{
    switch (kernel) {
#define BACK_OF_Y_0(name) case TENKA_KERNEL_##name##_dx: return TENKA_ACT_##name;
#define BACK_OF_X_0(name)
#define BACK_OF_X_1(name)
#define BACK_OF_X_2(name)
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, back, count, ...) BACK_##back##_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    default: return TENKA_ACT_NONE;
    }
}
