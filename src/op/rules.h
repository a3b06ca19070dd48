/* The shape rules that ops.def names, and what they share. A rule checks a call's inputs, whose own shapes are
 * within the limits already, fills the parameters as params.h documents and describes the outputs. */
#ifndef TENKA_OP_RULES_H
#define TENKA_OP_RULES_H

#include "op/op.h"

#define TENKA_OP(name, body, min_in, max_in, outs, params, scalars, rule, grad) \
    tenka_status tenka_rule_##rule(struct tenka_call *call, struct tenka_error *err);
#define TENKA_PASS(...)
#include "op/ops.def"

/* The operator's name, with which every sentence begins. */
const char *tenka_rule_name(const struct tenka_call *call);
/* E_INVALID unless input i has the dtype. */
tenka_status tenka_rule_dtype(const struct tenka_call *call, struct tenka_error *err, uint32_t i,
                              enum tenka_dtype dtype);
/* E_SHAPE unless input i has a rank from lo to hi. */
tenka_status tenka_rule_rank(const struct tenka_call *call, struct tenka_error *err, uint32_t i, uint32_t lo,
                             uint32_t hi);
/* E_INVALID or E_SHAPE unless input i is F32 [count]; what names it, count's meaning is channels. */
tenka_status tenka_rule_vector(const struct tenka_call *call, struct tenka_error *err, uint32_t i, const char *what,
                               uint32_t count);
/* Describes output i; E_SHAPE when it is beyond the limits. */
tenka_status tenka_rule_out(struct tenka_call *call, struct tenka_error *err, uint32_t i, enum tenka_dtype dtype,
                            struct tenka_shape shape);

/* Windows along an axis, of convolution and pooling. */
struct tenka_window {
    const char *axis; /* "height" */
    int64_t in, kernel, stride, padding, dilation;
};
/* Whether kernel, stride, padding and dilation are such as a window may have. Errors: E_INVALID. */
tenka_status tenka_rule_window(const struct tenka_call *call, struct tenka_error *err, const struct tenka_window *w);
/* How many fit; E_INVALID or E_SHAPE when none does, or kernels could not count. */
tenka_status tenka_rule_windows(const struct tenka_call *call, struct tenka_error *err, const struct tenka_window *w,
                                bool ceil_mode, int32_t *out);

/* Product of the sizes of axes from..to-1: within the limits, since the whole shape is. */
int32_t tenka_rule_product(const struct tenka_shape *shape, uint32_t from, uint32_t to);
/* Elements between neighbours along each axis of a contiguous tensor, for axes aligned at the end of six; the
 * leading ones are 0. */
void tenka_rule_strides(const struct tenka_shape *shape, int32_t stride[TENKA_MAX_RANK]);

#endif
