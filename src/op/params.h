/* The integers that a kernel needs to know about its call: filled by the shape rule (src/op/rules_*.c), part of
 * a plan's key, handed to CPU kernels as a struct and to shaders as push constants in the same order. Only int32_t
 * members, at most TENKA_MAX_PARAMS of them. */
#ifndef TENKA_OP_PARAMS_H
#define TENKA_OP_PARAMS_H

#include <stdint.h>

#define TENKA_MAX_PARAMS 28

struct tenka_p_none {
    int32_t unused;
};

/* Activations that a kernel applies to what it computes, as one of its parameters: the rows of elementwise.def that are
 * layers without numbers. Only fusion and cases set such a parameter; 0 is none. */
enum tenka_act {
    TENKA_ACT_NONE,
#define TENKA_ACT_0(name) TENKA_ACT_##name,
#define TENKA_ACT_1(name)
#define TENKA_ACT_2(name)
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, back, count, ...) TENKA_ACT_##count(name)
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
    TENKA_ACT_COUNT
};

/* x [n, c, h, w], weight [o, c/groups, kh, kw], y [n, o, oh, ow] */
struct tenka_p_conv2d {
    int32_t n, c, h, w, o, kh, kw, oh, ow;
    int32_t sh, sw, ph, pw, dh, dw, groups; /* stride, padding, dilation: given by the caller */
    int32_t bias;                           /* 1: input 2 is there */
    int32_t act;                            /* fwd: y goes through this activation */
    int32_t before;                         /* dx goes back through this activation, whose output x is */
};

/* The convolution whose input's gradient y is: its x is y [n, c, h, w], its y is x [n, o, oh, ow], weight
 * [o, c/groups, kh, kw] is one of both. extra: rows and columns of y beyond what its windows reach, the output_padding */
struct tenka_p_conv_transpose2d {
    struct tenka_p_conv2d conv;
    int32_t extra_h, extra_w; /* given by the caller */
};

/* x: nc planes of [h, w]; y: nc planes of [oh, ow]. adaptive: window i of an axis is from floor(i h / oh) to
 * ceil((i + 1) h / oh), where oh and ow are given by the caller, and what describes a kernel is not used. */
struct tenka_p_pool2d {
    int32_t nc, h, w, oh, ow;
    int32_t kh, kw, sh, sw, ph, pw, dh, dw, ceil_mode, adaptive;
};

/* The same with means. uncounted: places in the padding do not count; divisor: by which sums are divided, where it is
 * not 0. */
struct tenka_p_avg_pool2d {
    int32_t nc, h, w, oh, ow;
    int32_t kh, kw, sh, sw, ph, pw, ceil_mode, adaptive, uncounted, divisor;
};

/* x: nc planes of [oh, ow], as max pooling has made them of [h, w], which the caller gives */
struct tenka_p_unpool2d {
    int32_t nc, h, w, oh, ow;
};

/* Where element i of an axis of y lies in x, whose elements are scale apart: see src/backend/cpu/interpolate.c. */
enum tenka_between {
    TENKA_BETWEEN_NEAREST,       /* floor(i scale) */
    TENKA_BETWEEN_NEAREST_EXACT, /* floor((i + 1/2) scale) */
    TENKA_BETWEEN_LINEAR,        /* (i + 1/2) scale - 1/2, between two elements */
    TENKA_BETWEEN_CORNERS,       /* i scale, between two elements */
    TENKA_BETWEEN_COUNT,
};
/* x: nc planes of [h, w]; y: nc planes of [oh, ow], which the caller gives with mode, an enum tenka_between */
struct tenka_p_interpolate {
    int32_t nc, h, w, oh, ow, mode;
};

/* What stands around x. Source: torch.nn.functional.pad. */
enum tenka_padding {
    TENKA_PADDING_CONSTANT,
    TENKA_PADDING_REFLECT,   /* c b | a b c d | c b */
    TENKA_PADDING_REPLICATE, /* a a | a b c d | d d */
    TENKA_PADDING_CIRCULAR,  /* c d | a b c d | a b */
    TENKA_PADDING_COUNT,
};
/* y has before[k] elements more than x before axis k of six, to whose end those of x are aligned, and after[k] behind it;
 * fewer where that is negative. dim: of x. mode, an enum tenka_padding, before and after are given by the caller. Axes
 * below `first` are as they are; modes but the first are for the last three. */
struct tenka_p_pad {
    int32_t dim[6], before[6], after[6], mode, first;
};

/* A convolution, then max pooling by windows that neither overlap nor reach into padding: y [n, o, pool_oh, pool_ow] */
struct tenka_p_conv2d_pool {
    struct tenka_p_conv2d conv;
    int32_t pool_oh, pool_ow, pool_kh, pool_kw, pool_sh, pool_sw;
};

/* C [batch, m, n] = A' [batch, m, k] B' [batch, k, n]; A is stored [m, k], or [k, m] when trans_a, B likewise */
struct tenka_p_matmul {
    int32_t batch, m, n, k, trans_a, trans_b;
};

/* q [batch, t, d], k [batch, s, d], v [batch, s, dv], y [batch, t, dv]. The batch's axes are lead, aligned at the end; a
 * mask of [masks, t, s] has matrix number k written in the base lead times stride for batch k. */
struct tenka_p_attention {
    int32_t batch, t, s, d, dv, masks; /* masks: 0 where there is none */
    int32_t lead[4], stride[4];
    int32_t causal; /* given by the caller. 1: row i sees columns 0 .. i */
};

/* x [m, k], weight [n, k], y [m, n]; bias: 1 when input 2 is there; act and before as in tenka_p_conv2d */
struct tenka_p_linear {
    int32_t m, n, k, bias, act, before;
};

/* y of shape dim (leading 1s); element i of y reads a and b at the dot product of its index with sa and sb */
struct tenka_p_broadcast {
    int32_t same, dim[6], sa[6], sb[6]; /* same: 1 when a, b and y have one shape */
};

/* y of shape dim (leading 1s) reads x at the dot product of its index with stride; y = x / divide */
struct tenka_p_strided {
    int32_t dim[6], stride[6], divide;
};

/* y[k] = sum over r of x[kept(k) + reduced(r)], / reduce_n when mean. kept(k): k written in the mixed base kdim
 * (last digit fastest) times kstride; reduced(r) likewise. Neighbouring axes of a kind are merged, so three suffice. */
struct tenka_p_sum {
    int32_t keep_n, reduce_n;
    int32_t kdim[3], kstride[3], rdim[3], rstride[3];
    int32_t mean, axes, keepdim; /* given by the caller */
};

/* x [outer, len, inner], along the middle axis dim of the original */
struct tenka_p_axis {
    int32_t outer, len, inner, dim;
};

struct tenka_p_nll {
    int32_t n, c, reduction;
};

/* y [rows, row] from x [src_rows, row]; u8: elements are bytes, packed four to a word in shaders.
 * piece_first, piece_rows: the rows of x that are bound; the Vulkan backend changes them from piece to piece when
 * x is larger than what can be bound at once. For dx the same of the rows of y: those that a dispatch adds. */
struct tenka_p_gather {
    int32_t rows, row, src_rows, u8, piece_first, piece_rows;
};

/* x [rows, c, plane] and its classes from data of src_rows images of bytes */
struct tenka_p_load_batch {
    int32_t rows, c, plane, src_rows;
};

/* x [rows, planes, height, width], of which the last two are x's own */
struct tenka_p_mix {
    int32_t rows, planes, height, width;
};

/* y [n, c] of n numbers of classes; c is given by the caller */
struct tenka_p_classes {
    int32_t n, c;
};

/* x [n, c, plane]; act: y goes through this activation, and gradients come back through it (batch_norm2d) */
struct tenka_p_channels {
    int32_t n, c, plane, act;
};

/* x [outer, len], whose rows are normalised. Rows belong to `groups` groups in turn, and element i of one of group g to
 * channel g * per + i / plane of weight and bias; so len = per * plane. LayerNorm: one group, planes of one element;
 * GroupNorm: outer = images * groups. */
struct tenka_p_layer_norm {
    int32_t outer, len, inner; /* inner: 1, as in tenka_p_axis */
    int32_t per, plane;
    int32_t weight, bias; /* 1: input 1, or 2, is there */
    int32_t groups, axes; /* given by the caller; axes: LayerNorm's, the last ones of x; 0: channels are normalised */
};

/* Elementwise steps over tensors of one shape: v = input 0; then, for each step, v becomes
 *   of a unary operator  its value for v, or (back) the gradient of its input for v, the gradient of its output
 *   of a binary one      its value for v and input arg, or (turned) for input arg and v */
enum tenka_chain_op {
#define TENKA_UNARY(name, ...) TENKA_CHAIN_##name, TENKA_CHAIN_##name##_back,
#define TENKA_ACTIVATION(name, ...) TENKA_CHAIN_##name, TENKA_CHAIN_##name##_back,
#define TENKA_BINARY(name, ...) TENKA_CHAIN_##name, TENKA_CHAIN_##name##_turned,
#include "shaders/common/elementwise.def"
    TENKA_CHAIN_OPS
};
#define TENKA_CHAIN_STEPS 6
#define TENKA_CHAIN_INPUTS 4
struct tenka_p_chain {
    int32_t steps, op[TENKA_CHAIN_STEPS], arg[TENKA_CHAIN_STEPS];
};
/* A step as one number for the shader, which is compiled for its steps; 0: the chain has ended. */
#define TENKA_CHAIN_CODE(p, i) ((i) < (p)->steps ? ((p)->op[i] * TENKA_CHAIN_INPUTS + (p)->arg[i]) + 1 : 0)

/* x [outer, whole] and its part [outer, part] from begin on, made of axis and from .. to - 1, which the caller gives
 * (put: only from) */
struct tenka_p_part {
    int32_t outer, whole, begin, part, axis, from, to;
};

struct tenka_p_words {
    int32_t words;
}; /* copy: 32-bit words (u8 tensors are padded to them) */

struct tenka_p_repeat {
    int32_t rounds;
}; /* 0 or more */

/* An update of a parameter with so many tensors of state; how: what of the formula counts, as its row in updates.def
 * says */
struct tenka_p_update {
    int32_t states, how;
};

#endif
