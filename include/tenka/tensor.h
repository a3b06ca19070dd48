/* Tensors, variables, operators, gradients and steps.
 *
 * Operators compute nothing at the call: they check their arguments and append to the step's call log. The
 * step ends with tenka_optimizer_step, tenka_step_end or, between tenka_no_grad_begin and _end, with any
 * read; then it runs, as a plan that is made once for each structure and replayed afterwards.
 *
 * What can be read after a step, until the next step's first operator: the tensors that tenka_backward was
 * called on, tensors that no operator consumed (logits, argmax), and variables. To read another tensor, keep
 * it (tenka_keep). A read in the middle of a step with gradients works and costs speed.
 *
 * Tensors are contiguous, row-major (the last axis varies fastest), of rank 0 to 6 and at most
 * 2147483647 elements. */
#ifndef TENKA_TENSOR_H
#define TENKA_TENSOR_H

#include "tenka/context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENKA_MAX_RANK 6

enum tenka_dtype {
    TENKA_F32, /* float; the f64 CPU backend computes in double and converts at the borders */
    TENKA_I32, /* indices, classes */
    TENKA_U8,  /* data: pixels */
};

struct tenka_shape {
    uint32_t rank;                /* 0: a scalar */
    uint32_t dim[TENKA_MAX_RANK]; /* entries from rank on are 0 */
};

TENKA_API struct tenka_shape tenka_shape_make(size_t rank, const uint32_t *dim);
/* tenka_shape_of(100, 784) */
#ifdef __cplusplus
} /* a template is no C */
template <class... Sizes> inline tenka_shape tenka_shape_of(Sizes... sizes)
{
    const uint32_t dim[] = {static_cast<uint32_t>(sizes)..., 0};
    return tenka_shape_make(sizeof...(sizes), dim);
}
extern "C" {
#else
#define tenka_shape_of(...) \
    tenka_shape_make(sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (const uint32_t[]){__VA_ARGS__})
#endif

/* A value of the current step. Copy it freely; nothing is freed. A handle of an ended step is recognised
 * and gives an error, never another tensor's data. */
typedef struct tenka_tensor {
    tenka_ctx *ctx;
    uint32_t slot;
    uint32_t generation;
} tenka_tensor;

/* Storage that lives across steps: parameters, optimizer moments, running statistics, data. */
typedef struct tenka_variable tenka_variable;

/* ---- Making tensors and variables ------------------------------------------------------------------ */

/* A tensor from host memory, copied at the call. F32 data is float whatever the backend.
 * It lies in the step's slot: meant for batches and small tensors, at most 64 MiB together; keep large
 * data in a variable. Not differentiable. */
TENKA_API tenka_tensor tenka_input(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape, const void *data);

/* Numbers from the normal distribution of mean 0 and deviation 1: torch.randn's on the CPU, drawn from the context's
 * generator on the host (but for the rounding of logarithm and cosine, which differs among PyTorch's builds). They travel
 * with the step as inputs do, and on a GPU count towards their limit. Not differentiable. */
TENKA_API tenka_tensor tenka_randn(tenka_ctx *ctx, struct tenka_shape shape);
/* All elements are value, which is data: changing it makes no new plan. torch.full; a number to be broadcast is
 * tenka_full(ctx, tenka_shape_of(1), value). F32. Not differentiable. */
TENKA_API tenka_tensor tenka_full(tenka_ctx *ctx, struct tenka_shape shape, double value);

/* A variable.
 *   data           shape's elements in host memory (F32: float), copied; NULL: zeros
 *   requires_grad  tenka_backward computes its gradient (F32 only)
 *   out            owned by the caller, to be destroyed before the context
 * Errors: E_INVALID, E_SHAPE, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_variable_create(tenka_ctx *ctx, enum tenka_dtype dtype, struct tenka_shape shape,
                                             const void *data, bool requires_grad, tenka_variable **out);
/* Between these two, variables are made with a shape and without memory, and nothing is drawn for them: modules and
 * optimizers made now can be looked at (tenka_module_layers, tenka_training_memory) however large they are, but not
 * run. Writing such a variable checks the sizes and forgets the content; reading it, or running a step that uses it, is
 * E_INVALID. They nest. */
TENKA_API void tenka_sizing_begin(tenka_ctx *ctx);
TENKA_API void tenka_sizing_end(tenka_ctx *ctx);
/* Waits for the work that uses it. Accepts a pointer to NULL. */
TENKA_API void tenka_variable_destroy(tenka_variable **var);

/* Whole-content copies between host memory and the variable, after all submitted work; F32 as float.
 * bytes must be the size of the content. Ends no step: a write while a traced step that uses the variable is
 * open is E_INVALID; a read then runs the step so far. */
TENKA_API tenka_status tenka_variable_write(tenka_variable *var, const void *src, size_t bytes);
TENKA_API tenka_status tenka_variable_read(tenka_variable *var, void *dst, size_t bytes);
/* The same for F32 variables in double: exact on the f64 backend. */
TENKA_API tenka_status tenka_variable_write_f64(tenka_variable *var, const double *src, size_t count);
TENKA_API tenka_status tenka_variable_read_f64(tenka_variable *var, double *dst, size_t count);

TENKA_API struct tenka_shape tenka_variable_shape(const tenka_variable *var);
TENKA_API enum tenka_dtype tenka_variable_dtype(const tenka_variable *var);
/* The context it was made in. */
TENKA_API tenka_ctx *tenka_variable_ctx(const tenka_variable *var);
TENKA_API bool tenka_variable_requires_grad(const tenka_variable *var);
/* Freezes (false) or thaws a variable; the next step then has another structure. F32 only. */
TENKA_API void tenka_variable_set_requires_grad(tenka_variable *var, bool requires_grad);

/* The variable's current content as a tensor of this step. */
TENKA_API tenka_tensor tenka_value(tenka_variable *var);

/* From here on the variable holds value: seen by later tenka_value calls of this step and by later steps.
 * Tensors taken before keep the old content. Same shape and dtype as the variable. Not differentiable. */
TENKA_API void tenka_assign(tenka_variable *var, tenka_tensor value);

/* Copies a tensor into *var, so that it can be read after the step: makes the variable when *var is NULL
 * (the caller owns it), else it must have the tensor's shape and dtype. Errors: as tenka_variable_create. */
TENKA_API tenka_status tenka_keep(tenka_tensor t, tenka_variable **var);

/* Shape and dtype; of an inert tensor the scalar shape and F32. */
TENKA_API struct tenka_shape tenka_tensor_shape(tenka_tensor t);
TENKA_API enum tenka_dtype tenka_tensor_dtype(tenka_tensor t);
/* Whether t is a value of the current step and no mistake. */
TENKA_API bool tenka_tensor_valid(tenka_tensor t);

/* ---- Steps and gradients --------------------------------------------------------------------------- */

/* Adds d loss / d v to the gradient of every variable v with requires_grad that loss depends on.
 *   loss  F32, one element
 * Computes nothing yet. Several calls before one update add up; so do steps that end with
 * tenka_step_end, until tenka_optimizer_step or tenka_zero_grad. */
TENKA_API void tenka_backward(tenka_tensor loss);

/* The same numbers, which no gradient passes: torch's x.detach(). Nothing is copied. Any dtype. */
TENKA_API tenka_tensor tenka_detach(tenka_tensor x);

/* The gradient gathered so far as a tensor of this step; an inert tensor without error when there is none:
 * test it with tenka_tensor_valid. */
TENKA_API tenka_tensor tenka_grad(tenka_variable *var);

/* Discards the gradients gathered so far, as PyTorch's zero_grad. tenka_optimizer_step does it for the
 * variables of its groups. */
TENKA_API void tenka_zero_grad(tenka_ctx *ctx);

/* Scales the gradients of vars so that their common 2-norm is at most max_norm:
 * g *= min(1, max_norm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_.
 * Variables without a gradient are passed over. Returns the norm before clipping, a scalar. */
TENKA_API tenka_tensor tenka_clip_grad_norm(tenka_ctx *ctx, tenka_variable *const *vars, size_t count, double max_norm);
/* Clips each element of the gradients of vars to -limit .. limit, as torch.nn.utils.clip_grad_value_. Errors: E_INVALID
 * (limit below 0). */
TENKA_API void tenka_clip_grad_value(tenka_ctx *ctx, tenka_variable *const *vars, size_t count, double limit);

/* Runs what was traced and begins a new step with the next operator. Does not wait for the device.
 * Errors: the first mistake of the step's operators, E_NOMEM, E_DEVICE, E_UNSUPPORTED. */
TENKA_API tenka_status tenka_step_end(tenka_ctx *ctx);

/* Forgets what was traced since the last step, its mistakes included: nothing of it runs, but for what a read in the
 * middle of the step has run already. */
TENKA_API void tenka_step_discard(tenka_ctx *ctx);

/* Between these two, operators record no gradients and any read ends the step. They nest. */
TENKA_API void tenka_no_grad_begin(tenka_ctx *ctx);
TENKA_API void tenka_no_grad_end(tenka_ctx *ctx);

/* Copies a tensor's content to the host and waits for it; F32 as float.
 *   bytes  the size of the content
 * Errors: E_INVALID (not readable any more; the sentence names tenka_keep), and those of tenka_step_end. */
TENKA_API tenka_status tenka_read(tenka_tensor t, void *dst, size_t bytes);

/* The value of a one-element tensor; exact also on the f64 backend. Errors: as tenka_read. */
TENKA_API tenka_status tenka_item(tenka_tensor t, double *out);

/* A running mean that is kept on the device: adding makes nobody wait. */
typedef struct tenka_meter tenka_meter;
TENKA_API tenka_status tenka_meter_create(tenka_ctx *ctx, tenka_meter **out);
TENKA_API void tenka_meter_destroy(tenka_meter **meter);
/* Adds a one-element F32 tensor, traced as part of the step. */
TENKA_API void tenka_meter_add(tenka_meter *meter, tenka_tensor value);
/* Sum and mean of what was added since the last reset, and how often; waits for the device. Each of the
 * results may be NULL. The mean of nothing is NaN. Errors: as tenka_read. */
TENKA_API tenka_status tenka_meter_read(tenka_meter *meter, double *sum, double *mean, uint64_t *count);
/* The same as far as it is known without waiting: after one of the steps that have ended, count values in all. Each
 * call asks the device for what the next one tells, so that progress can be shown while it works on. Does not see the
 * open step. Errors: E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_meter_peek(tenka_meter *meter, double *sum, double *mean, uint64_t *count);
/* Sets the sum and the count to 0. */
TENKA_API tenka_status tenka_meter_reset(tenka_meter *meter);

/* ---- Operators: pointwise ------------------------------------------------------------------------- */

/* Those that make each element of the elements at its place: tenka/elementwise.h, which this file includes below. */

/* a where condition is not 0 (NaN is not), b elsewhere, all three with NumPy's broadcasting: the sum of
 * tenka_keep_where and tenka_keep_unless. F32. Differentiable in a and b. Errors: E_SHAPE. */
TENKA_API tenka_tensor tenka_where(tenka_tensor condition, tenka_tensor a, tenka_tensor b);
/* x where it is more than 0, else weight x, as torch.nn.functional.prelu. weight: F32 [1], or [C], one for each channel
 * of axis 1. Differentiable in both. */
TENKA_API tenka_tensor tenka_prelu(tenka_tensor x, tenka_tensor weight);
/* The first half of x along an axis times the sigmoid of the second, as torch.nn.functional.glu. Differentiable. */
TENKA_API tenka_tensor tenka_glu(tenka_tensor x, uint32_t dim);
/* Adds bias[c] to channel c of axis 1. x: F32 of rank >= 2; bias: F32 [x.dim[1]]. Differentiable. */
TENKA_API tenka_tensor tenka_bias_add(tenka_tensor x, tenka_tensor bias);
/* Sets each element to 0 with probability p, else to x / (1 - p). p in [0, 1]. The mask is drawn as the context's
 * dropout_mask says (context.h), from its generator at the call:
 *   TORCH   as torch.nn.functional.dropout on the CPU: two 32-bit draws for each element; p = 0 and p = 1 draw nothing
 *   PHILOX  two 32-bit draws, the key; element i depends on key and i alone. Philox4x32-10: Salmon et al., "Parallel
 *           random numbers: as easy as 1, 2, 3" (2011)
 * Differentiable. Errors: E_INVALID (p; TORCH's mask beyond the room for inputs). */
TENKA_API tenka_tensor tenka_dropout(tenka_tensor x, double p);
/* y = (x / 255 - mean[c]) / std[c]: torchvision's ToTensor and Normalize. x: U8 [N, C, ...]; mean, std: F32 [C].
 * Not differentiable. */
TENKA_API tenka_tensor tenka_normalize_bytes(tenka_tensor x, tenka_tensor mean, tenka_tensor std);

/* ---- Operators: shape and selection --------------------------------------------------------------- */

/* The same elements under another shape; nothing is copied. Any dtype. Differentiable. E_SHAPE when the counts
 * differ. */
TENKA_API tenka_tensor tenka_reshape(tenka_tensor x, struct tenka_shape shape);
/* Axes start_dim to the last become one. torch.flatten(x, start_dim). */
TENKA_API tenka_tensor tenka_flatten(tenka_tensor x, uint32_t start_dim);
/* Elements start to end - 1 of one axis, which stays: x[:, start:end] for axis 1. Where they lie in one piece whose
 * begin the device can address (256 bytes), nothing is copied. F32. Differentiable. E_SHAPE when they are none, or
 * beyond. */
TENKA_API tenka_tensor tenka_slice(tenka_tensor x, uint32_t axis, uint32_t start, uint32_t end);
/* The same with a length. torch.narrow(x, axis, start, length). */
TENKA_API tenka_tensor tenka_narrow(tenka_tensor x, uint32_t axis, uint32_t start, uint32_t length);
/* n tensors, one after the other along an axis: any number of at least one, of equal shapes but for that axis.
 * torch.cat(x, axis). F32. Differentiable. E_SHAPE when they do not fit. */
TENKA_API tenka_tensor tenka_concat(const tenka_tensor *x, size_t n, uint32_t axis);
/* Swaps two axes; a copy. F32. Differentiable. */
TENKA_API tenka_tensor tenka_transpose(tenka_tensor x, uint32_t dim0, uint32_t dim1);
/* Axis i of the result is axis axes[i] of x; axes: rank entries, each once. F32. Differentiable. */
TENKA_API tenka_tensor tenka_permute(tenka_tensor x, const uint32_t *axes);
/* Repeats axes of size 1 to reach shape (NumPy's broadcast_to). F32. Differentiable. */
TENKA_API tenka_tensor tenka_expand(tenka_tensor x, struct tenka_shape shape);
/* y[i, ...] = x[index[i], ...]. x: any dtype, rank >= 1; index: I32 [n], each in 0 .. x.dim[0]-1 (others
 * give zeros). Differentiable in x when F32. */
TENKA_API tenka_tensor tenka_gather(tenka_tensor x, tenka_tensor index);
/* y[i, ...] = x[index[offset + i], ...] for i < rows. offset is data, rows is structure.
 * offset + rows <= index.dim[0]. */
TENKA_API tenka_tensor tenka_gather_range(tenka_tensor x, tenka_tensor index, uint32_t offset, uint32_t rows);
/* F32 [N, classes]: 1 in the column that is the class of the row, 0 elsewhere; a row of NaN where x is no class.
 * x: I32 [N]. torch.nn.functional.one_hot(x, classes).float(). Not differentiable. Errors: E_INVALID (no classes). */
TENKA_API tenka_tensor tenka_one_hot(tenka_tensor x, uint32_t classes);

/* ---- Operators: reductions ------------------------------------------------------------------------ */

/* Sum and mean over axes.
 *   axes     a set of bits: 1u << i for axis i; TENKA_ALL_AXES for all
 *   keepdim  reduced axes stay, with size 1
 * F32. Differentiable. */
#define TENKA_ALL_AXES 0xFFFFFFFFu
TENKA_API tenka_tensor tenka_sum(tenka_tensor x, uint32_t axes, bool keepdim);
TENKA_API tenka_tensor tenka_mean(tenka_tensor x, uint32_t axes, bool keepdim);
/* Index of the first maximum along an axis (of the first NaN if there is one); I32, the axis removed. */
TENKA_API tenka_tensor tenka_argmax(tenka_tensor x, uint32_t dim);
/* How many elements of two I32 tensors of one shape are equal; F32 scalar. */
TENKA_API tenka_tensor tenka_equal_count(tenka_tensor a, tenka_tensor b);

/* ---- Operators: linear algebra and convolution ---------------------------------------------------- */

/* C = A' B' with A' = A or its transpose (last two axes). Axes before the last two are a batch of products, which is
 * broadcast as NumPy does it; a vector is a row of A or a column of B, whose axis the result lacks. torch.matmul. F32.
 * Differentiable. Errors: E_SHAPE. */
TENKA_API tenka_tensor tenka_matmul(tenka_tensor a, tenka_tensor b, bool transpose_a, bool transpose_b);
/* y = x W^T + b. x: [..., in]; weight: [out, in]; bias: [out], or an absent tensor (TENKA_NONE). Differentiable. */
TENKA_API tenka_tensor tenka_linear(tenka_tensor x, tenka_tensor weight, tenka_tensor bias);

/* softmax(q k' scale + mask) v over the last two axes, with as many batches in front as q, k and v have in common.
 *   q, k, v  F32 [..., t, d], [..., s, d] and [..., s, dv] of one rank from 2 on
 *   mask     F32, added to the scores: of a shape that broadcasts to [..., t, s]; minus infinity hides a key. Or
 *            TENKA_NONE
 *   causal   row i sees the keys 0 .. i
 *   returns  [..., t, dv]; NaN in the rows that see no key
 * The t x s scores are never in memory, nor are their gradients. Differentiable, in the mask too. Source: Dao et al.,
 * "FlashAttention" (2022). Errors: E_SHAPE. On Vulkan the gradient needs a device whose shaders bind 10 buffers
 * (E_UNSUPPORTED). */
TENKA_API tenka_tensor tenka_attention(tenka_tensor q, tenka_tensor k, tenka_tensor v, tenka_tensor mask, double scale,
                                       bool causal);

/* An absent optional argument. */
#ifdef __cplusplus
#define TENKA_NONE (tenka_tensor{})
#else
#define TENKA_NONE ((tenka_tensor){0})
#endif

struct tenka_conv2d_params {
    size_t size;
    uint32_t stride[2], padding[2], dilation[2]; /* height, width */
    uint32_t groups;
};
#define TENKA_CONV2D_DEFAULTS                                                                         \
    {                                                                                                 \
        .size = sizeof(struct tenka_conv2d_params), .stride = {1, 1}, .dilation = {1, 1}, .groups = 1 \
    }
/* Cross-correlation as torch.nn.functional.conv2d, zero padding.
 *   x       F32 [N, C, H, W]
 *   weight  F32 [O, C / groups, KH, KW]
 *   bias    F32 [O] or TENKA_NONE
 *   params  NULL: the defaults
 *   returns [N, O, OH, OW], OH = (H + 2 padding - dilation (KH - 1) - 1) / stride + 1
 * Differentiable. */
TENKA_API tenka_tensor tenka_conv2d(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                    const struct tenka_conv2d_params *params);

struct tenka_conv_transpose2d_params {
    size_t size;
    uint32_t stride[2], padding[2], output_padding[2], dilation[2]; /* height, width */
    uint32_t groups;
};
#define TENKA_CONV_TRANSPOSE2D_DEFAULTS                                                                         \
    {                                                                                                           \
        .size = sizeof(struct tenka_conv_transpose2d_params), .stride = {1, 1}, .dilation = {1, 1}, .groups = 1 \
    }
/* The gradient of a convolution's input as an operator, as torch.nn.functional.conv_transpose2d.
 *   x       F32 [N, C, H, W]
 *   weight  F32 [C, O / groups, KH, KW]
 *   bias    F32 [O] or TENKA_NONE
 *   params  NULL: the defaults; output_padding: less than the stride or the dilation
 *   returns [N, O, OH, OW], OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1
 * Differentiable. */
TENKA_API tenka_tensor tenka_conv_transpose2d(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                              const struct tenka_conv_transpose2d_params *params);

struct tenka_pool2d_params {
    size_t size;
    uint32_t kernel[2];
    uint32_t stride[2];  /* 0: the kernel's size */
    uint32_t padding[2]; /* at most half the kernel */
    uint32_t dilation[2];
    bool ceil_mode; /* round output sizes up; windows that begin in the right padding are dropped */
};
#define TENKA_POOL2D_DEFAULTS                                            \
    {                                                                    \
        .size = sizeof(struct tenka_pool2d_params), .dilation = { 1, 1 } \
    }
/* Largest element of each window, as torch.nn.functional.max_pool2d: the first maximum wins, NaN wins over all.
 * x: F32 [..., H, W], such as [N, C, H, W]. Differentiable. Errors: E_SHAPE, E_INVALID (params). */
TENKA_API tenka_tensor tenka_max_pool2d(tenka_tensor x, const struct tenka_pool2d_params *params);
/* The same with *indices, I32 of the result's shape: where each element comes from, row * W + column. */
TENKA_API tenka_tensor tenka_max_pool2d_with_indices(tenka_tensor x, const struct tenka_pool2d_params *params,
                                                     tenka_tensor *indices);
/* Largest elements of height x width windows that cover the last two axes of x, F32 [..., H, W]: window i of an axis of
 * n is from floor(i n / size) to ceil((i + 1) n / size), as torch.nn.functional.adaptive_max_pool2d has them; they may
 * overlap. indices: as above, or NULL. Differentiable. Errors: E_SHAPE, E_INVALID (sizes). */
TENKA_API tenka_tensor tenka_adaptive_max_pool2d(tenka_tensor x, uint32_t height, uint32_t width,
                                                 tenka_tensor *indices);

struct tenka_avg_pool2d_params {
    size_t size;
    uint32_t kernel[2];
    uint32_t stride[2];       /* 0: the kernel's size */
    uint32_t padding[2];      /* at most half the kernel */
    bool ceil_mode;           /* round output sizes up; windows that begin in the right padding are dropped */
    bool no_count_of_padding; /* count_include_pad=False: the mean of what is not padding */
    uint32_t divisor;         /* divisor_override: sums are divided by it; 0: by how many elements there are */
};
#define TENKA_AVG_POOL2D_DEFAULTS                      \
    {                                                  \
        .size = sizeof(struct tenka_avg_pool2d_params) \
    }
/* Mean of each window, padded with zeros, as torch.nn.functional.avg_pool2d. x: F32 [..., H, W], such as [N, C, H, W].
 * Differentiable. Errors: E_SHAPE, E_INVALID (params). */
TENKA_API tenka_tensor tenka_avg_pool2d(tenka_tensor x, const struct tenka_avg_pool2d_params *params);

/* Means of height x width windows that cover the last two axes of x, F32 [..., H, W]: window i of an axis of n is
 * from floor(i n / size) to ceil((i + 1) n / size), as torch.nn.functional.adaptive_avg_pool2d has them; they may
 * overlap. Differentiable. Errors: E_SHAPE, E_INVALID (sizes). */
TENKA_API tenka_tensor tenka_adaptive_avg_pool2d(tenka_tensor x, uint32_t height, uint32_t width);

/* The other way: planes of height x width zeros in which x, F32 [..., H, W], stands where its indices say, I32 of its
 * shape as the functions above make them: row * width + column. Of several elements at one place the last counts;
 * indices outside are nobody's. As torch.nn.functional.max_unpool2d. Differentiable in x. Errors: E_SHAPE,
 * E_INVALID. */
TENKA_API tenka_tensor tenka_max_unpool2d(tenka_tensor x, tenka_tensor indices, uint32_t height, uint32_t width);

enum tenka_interpolate_mode {
    TENKA_INTERPOLATE_NEAREST,       /* torch's "nearest" */
    TENKA_INTERPOLATE_NEAREST_EXACT, /* "nearest-exact": by the middles of elements */
    TENKA_INTERPOLATE_LINEAR,        /* "bilinear" */
};
struct tenka_interpolate_params {
    size_t size;
    enum tenka_interpolate_mode mode;
    uint32_t output[2];     /* height, width; 0: by the scale factor */
    double scale_factor[2]; /* of height, width; the result has floor(scale_factor * size) elements; 0: by the size */
    bool recompute_scale_factor; /* the sizes say how far elements lie apart, not the scale factor, as with output */
    bool align_corners;          /* LINEAR: the first and the last elements of both are one */
};
#define TENKA_INTERPOLATE_DEFAULTS                      \
    {                                                   \
        .size = sizeof(struct tenka_interpolate_params) \
    }
/* Planes of another size, as torch.nn.functional.interpolate makes them. x: F32 [..., H, W], such as [N, C, H, W].
 * Differentiable. Errors: E_SHAPE, E_INVALID (params). */
TENKA_API tenka_tensor tenka_interpolate(tenka_tensor x, const struct tenka_interpolate_params *params);

enum tenka_pad_mode { TENKA_PAD_CONSTANT, TENKA_PAD_REFLECT, TENKA_PAD_REPLICATE, TENKA_PAD_CIRCULAR };
/* Elements before and behind those of x along its last axes, as torch.nn.functional.pad puts them there.
 *   pad    n numbers: of the last axis those before and those behind, of the one before it, and so on; below 0: so many
 *          of x are left out
 *   mode   CONSTANT: the value; REFLECT: the neighbours of the end, fewer than the axis has; REPLICATE: the end;
 *          CIRCULAR: those of the other end, no more than the axis has. All but CONSTANT for the last three axes alone.
 * F32. Differentiable. Errors: E_SHAPE, E_INVALID. */
TENKA_API tenka_tensor tenka_pad(tenka_tensor x, const int32_t *pad, size_t n, enum tenka_pad_mode mode, double value);

/* y = (x - m) / sqrt(v + eps) * weight + bias for each channel of x: F32 [N, C, ...], as
 * torch.nn.functional.batch_norm. weight, bias: F32 [C], or TENKA_NONE.
 * Training: m and v (biased) are the batch's own, and running = (1 - momentum) running + momentum new, with
 * the unbiased variance. running_mean, running_var: F32 [C] variables, or NULL.
 * Evaluation: m and v are the running ones. Differentiable in x, weight, bias. */
TENKA_API tenka_tensor tenka_batch_norm2d(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                          tenka_variable *running_mean, tenka_variable *running_var, bool training,
                                          double momentum, double eps);

/* y = (x - m) / sqrt(v + eps) * weight + bias, m and the biased v being of the last `axes` axes of x, as
 * torch.nn.functional.layer_norm. x: F32; axes: from 1 to its rank; weight, bias: F32 of the shape of these axes, or
 * TENKA_NONE. Differentiable in x, weight, bias. */
TENKA_API tenka_tensor tenka_layer_norm(tenka_tensor x, uint32_t axes, tenka_tensor weight, tenka_tensor bias,
                                        double eps);
/* The same, m and v being of `groups` groups of neighbouring channels of each image, as torch.nn.functional.group_norm;
 * with as many groups as channels as its instance_norm. x: F32 [N, C, ...]; groups: divides C; weight, bias: F32 [C],
 * or TENKA_NONE. Differentiable in x, weight, bias. */
TENKA_API tenka_tensor tenka_group_norm(tenka_tensor x, uint32_t groups, tenka_tensor weight, tenka_tensor bias,
                                        double eps);

/* The same, m and v being of each channel of each image, as torch.nn.functional.instance_norm. weight, bias: F32 [C],
 * or TENKA_NONE. Training: m and v are the images' own, and what running_mean and running_var (F32 [C] variables, or
 * both NULL) get of them is the mean over images, as in tenka_batch_norm2d. Evaluation: m and v are the running
 * ones. */
TENKA_API tenka_tensor tenka_instance_norm(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                           tenka_variable *running_mean, tenka_variable *running_var, bool training,
                                           double momentum, double eps);
/* y = x / (k + alpha s)^beta, s being the mean of the squares of `size` neighbouring channels, of which size / 2 come
 * before, and 0 beyond the first and the last: torch.nn.functional.local_response_norm. x: F32 [N, C, ...] of rank 3 at
 * least; size: from 1 to TENKA_MAX_LOCAL_RESPONSE. Differentiable. */
#define TENKA_MAX_LOCAL_RESPONSE 4096
TENKA_API tenka_tensor tenka_local_response_norm(tenka_tensor x, uint32_t size, double alpha, double beta, double k);

/* ---- Operators: losses ---------------------------------------------------------------------------- */

/* exp(x) / sum(exp(x)) along an axis, and its logarithm. F32. Differentiable. */
TENKA_API tenka_tensor tenka_softmax(tenka_tensor x, uint32_t dim);
TENKA_API tenka_tensor tenka_log_softmax(tenka_tensor x, uint32_t dim);

enum tenka_reduction { TENKA_REDUCTION_MEAN, TENKA_REDUCTION_SUM, TENKA_REDUCTION_NONE };
/* -x[i, target[i]], reduced over i. x: F32 [N, C] log-probabilities; target: I32 [N], each in 0 .. C-1 (another
 * one makes the loss NaN). Differentiable in x. */
TENKA_API tenka_tensor tenka_nll_loss_reduced(tenka_tensor x, tenka_tensor target, enum tenka_reduction reduction);
TENKA_API tenka_tensor tenka_nll_loss(tenka_tensor x, tenka_tensor target); /* mean */
/* Mean nll_loss of log_softmax(x, 1): x are logits. */
TENKA_API tenka_tensor tenka_cross_entropy(tenka_tensor x, tenka_tensor target);
/* Mean of (x - target)^2; both F32, of one shape. Differentiable in both. */
TENKA_API tenka_tensor tenka_mse_loss(tenka_tensor x, tenka_tensor target);

#ifdef __cplusplus
}
#endif

#include "tenka/elementwise.h"

#endif
