/* The public operators: argument checks that need their structs, then the trace. */
#include "graph/internal.h"

/* ---- Operators whose whole call is their row in ops.def ---- */

#define BODY_BINARY(name)                                                                                       \
    tenka_tensor tenka_##name(tenka_tensor a, tenka_tensor b)                                                   \
    {                                                                                                           \
        return tenka_trace(a.ctx, TENKA_OP_##name, (const tenka_tensor[]){a, b}, 2, NULL, 0, NULL, NULL, NULL); \
    }
#define BODY_OWN(name)
#define BODY_ELEMENT(name)
#define TENKA_OP(name, body, ...) BODY_##body(name)
#define TENKA_PASS(...)
#include "op/ops.def"
#undef BODY_BINARY
#undef BODY_OWN
#undef BODY_ELEMENT

/* ---- Pointwise ---- */

tenka_tensor tenka_bias_add(tenka_tensor x, tenka_tensor bias)
{
    const struct tenka_shape shape = tenka_tensor_shape(x), b = tenka_tensor_shape(bias);
    char text[TENKA_SHAPE_TEXT], btext[TENKA_SHAPE_TEXT];
    if (!tenka_tensor_valid(x) || !tenka_tensor_valid(bias))
        return tenka_add(x, bias);
    if (shape.rank < 2 || b.rank != 1 || b.dim[0] != shape.dim[1])
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "bias_add: a bias of shape %s does not fit axis 1 of %s",
                                tenka_shape_text(&b, btext), tenka_shape_text(&shape, text));
    struct tenka_shape wide = {.rank = shape.rank - 1, .dim = {b.dim[0]}};
    for (uint32_t i = 1; i < wide.rank; i++)
        wide.dim[i] = 1;
    return tenka_add(x, tenka_reshape(bias, wide));
}

/* Source: torch.nn.functional.dropout, whose mask on the CPU is bernoulli_(1 - p).div_(1 - p): a double is drawn for
 * each element, whatever the dtype, and 1 / (1 - p) is rounded in the tensor's own. */
static void fill_torch_mask(tenka_ctx *ctx, void *mask, size_t count, double p)
{
    const double keep = 1 - p;
    const float scale32 = 1 / (float)keep;
    double drawn[256];
    for (size_t from = 0, n; from < count; from += n) {
        n = count - from < 256 ? count - from : 256;
        tenka_rng_units(&ctx->rng, drawn, n);
        if (ctx->limits.real_bytes == sizeof(float))
            for (size_t i = 0; i < n; i++)
                ((float *)mask)[from + i] = drawn[i] < keep ? scale32 : 0;
        else
            for (size_t i = 0; i < n; i++)
                ((double *)mask)[from + i] = drawn[i] < keep ? 1 / keep : 0;
    }
}

static tenka_tensor torch_dropout(tenka_tensor x, double p)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    void *room;
    if (p == 0)
        return x;
    if (p == 1)
        return tenka_scale(x, 0);
    x.ctx->has_masks = true;
    const tenka_tensor mask = tenka_trace_input_room(x.ctx, TENKA_F32, shape, &room);
    if (tenka_tensor_valid(mask) && room != NULL)
        fill_torch_mask(x.ctx, room, (size_t)tenka_shape_count(&shape), p);
    return tenka_mul(x, mask);
}

tenka_tensor tenka_dropout(tenka_tensor x, double p)
{
    if (x.ctx == NULL || !(p >= 0 && p <= 1))
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID, "dropout: the probability %g is not in 0 .. 1", p);
    if (x.ctx->torch_masks && tenka_tensor_valid(x) && tenka_tensor_dtype(x) == TENKA_F32)
        return torch_dropout(x, p);
    const double low = tenka_rng_u32(&x.ctx->rng), high = tenka_rng_u32(&x.ctx->rng);
    return tenka_trace(x.ctx, TENKA_OP_dropout, &x, 1, NULL, 0, NULL, (const double[]){p, low, high}, NULL);
}

tenka_tensor tenka_normalize_bytes(tenka_tensor x, tenka_tensor mean, tenka_tensor std)
{
    return tenka_trace(x.ctx, TENKA_OP_normalize_bytes, (const tenka_tensor[]){x, mean, std}, 3, NULL, 0, NULL, NULL,
                       NULL);
}

/* ---- Making tensors ---- */

/* Normal numbers as float, of which the f64 device makes doubles. */
static bool fill_normal(tenka_ctx *ctx, void *room, size_t count)
{
    if (ctx->limits.real_bytes == sizeof(float)) {
        tenka_rng_normal(&ctx->rng, room, count, 0, 1);
        return true;
    }
    float *const drawn = tenka_alloc_array(count, sizeof(*drawn));
    if (drawn == NULL)
        return false;
    tenka_rng_normal(&ctx->rng, drawn, count, 0, 1);
    for (size_t i = 0; i < count; i++)
        ((double *)room)[i] = (double)drawn[i];
    tenka_free(drawn);
    return true;
}

tenka_tensor tenka_randn(tenka_ctx *ctx, struct tenka_shape shape)
{
    void *room = NULL;
    if (ctx == NULL)
        return tenka_inert(NULL);
    const tenka_tensor x = tenka_trace_input_room(ctx, TENKA_F32, shape, &room);
    if (tenka_tensor_valid(x) && room != NULL && !fill_normal(ctx, room, (size_t)tenka_shape_count(&shape)))
        return tenka_trace_fail(ctx, TENKA_E_NOMEM, "out of memory for normal numbers");
    return x;
}

tenka_tensor tenka_full(tenka_ctx *ctx, struct tenka_shape shape, double value)
{
    return tenka_trace(ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &shape, &value, NULL);
}

/* ---- Shape and selection ---- */

tenka_tensor tenka_reshape(tenka_tensor x, struct tenka_shape shape)
{
    return tenka_trace(x.ctx, TENKA_OP_reshape, &x, 1, NULL, 0, &shape, NULL, NULL);
}

tenka_tensor tenka_flatten(tenka_tensor x, uint32_t start_dim)
{
    if (!tenka_tensor_valid(x))
        return tenka_reshape(x, (struct tenka_shape){0});
    struct tenka_shape shape = tenka_tensor_shape(x);
    if (start_dim >= shape.rank)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "flatten: there is no axis %u in a tensor of rank %u", start_dim,
                                shape.rank);
    for (uint32_t i = start_dim + 1; i < shape.rank; i++)
        shape.dim[start_dim] *= shape.dim[i];
    return tenka_reshape(x, tenka_shape_make(start_dim + 1, shape.dim));
}

tenka_tensor tenka_slice(tenka_tensor x, uint32_t axis, uint32_t start, uint32_t end)
{
    /* What is beyond every shape is for the rule to refuse. */
    const struct tenka_p_part params = {
        .axis = axis > TENKA_MAX_RANK ? TENKA_MAX_RANK : (int32_t)axis,
        .from = start > INT32_MAX ? -1 : (int32_t)start,
        .to = end > INT32_MAX ? -1 : (int32_t)end,
    };
    return tenka_trace(x.ctx, TENKA_OP_slice, &x, 1, &params, sizeof(params), NULL, NULL, NULL);
}

tenka_tensor tenka_narrow(tenka_tensor x, uint32_t axis, uint32_t start, uint32_t length)
{
    return tenka_slice(x, axis, start, length > UINT32_MAX - start ? UINT32_MAX : start + length);
}

/* The shape of what x become along axis; false: a mistake, which was reported. */
static bool concat_shape(const tenka_tensor *x, size_t n, uint32_t axis, struct tenka_shape *shape)
{
    uint64_t size = 0;
    char text[TENKA_SHAPE_TEXT], first[TENKA_SHAPE_TEXT];
    *shape = tenka_tensor_shape(x[0]);
    for (size_t k = 0; k < n; k++) {
        if (!tenka_trace_input(x[0].ctx, x[k], "concat"))
            return false;
        const struct tenka_shape part = tenka_tensor_shape(x[k]);
        bool fits = part.rank == shape->rank && axis < part.rank;
        for (uint32_t i = 0; fits && i < part.rank; i++)
            fits = i == axis || part.dim[i] == shape->dim[i];
        size += fits ? part.dim[axis] : 0;
        if (fits && size <= INT32_MAX)
            continue;
        tenka_trace_fail(x[0].ctx, TENKA_E_SHAPE, "concat: %s, tensor %zu of %zu, does not fit to %s along axis %u",
                         tenka_shape_text(&part, text), k + 1, n, tenka_shape_text(shape, first), axis);
        return false;
    }
    shape->dim[axis] = (uint32_t)size;
    return true;
}

tenka_tensor tenka_concat(const tenka_tensor *x, size_t n, uint32_t axis)
{
    struct tenka_shape shape;
    if (x == NULL || n == 0)
        return TENKA_NONE;
    if (x[0].ctx == NULL || !concat_shape(x, n, axis, &shape))
        return tenka_inert(x[0].ctx);
    struct tenka_p_part params = {.axis = (int32_t)axis};
    tenka_tensor y = tenka_trace(x[0].ctx, TENKA_OP_blank, NULL, 0, NULL, 0, &shape, NULL, NULL);
    for (size_t k = 0; k < n; k++) {
        y = tenka_trace(y.ctx, TENKA_OP_put, (const tenka_tensor[]){y, x[k]}, 2, &params, sizeof(params), NULL, NULL,
                        NULL);
        params.from += (int32_t)tenka_tensor_shape(x[k]).dim[axis];
    }
    return y;
}

tenka_tensor tenka_permute(tenka_tensor x, const uint32_t *axes)
{
    struct tenka_p_strided params = {.divide = 1};
    const uint32_t rank = tenka_tensor_shape(x).rank;
    for (uint32_t i = 0; i < rank; i++)
        params.dim[i] = axes[i] < rank ? (int32_t)axes[i] : -1;
    return tenka_trace(x.ctx, TENKA_OP_permute, &x, 1, &params, sizeof(params), NULL, NULL, NULL);
}

tenka_tensor tenka_transpose(tenka_tensor x, uint32_t dim0, uint32_t dim1)
{
    uint32_t axes[TENKA_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    const uint32_t rank = tenka_tensor_shape(x).rank;
    if (tenka_tensor_valid(x) && (dim0 >= rank || dim1 >= rank))
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "transpose: there are no axes %u and %u in a tensor of rank %u",
                                dim0, dim1, rank);
    if (dim0 < TENKA_MAX_RANK && dim1 < TENKA_MAX_RANK) {
        axes[dim0] = dim1;
        axes[dim1] = dim0;
    }
    return tenka_permute(x, axes);
}

tenka_tensor tenka_expand(tenka_tensor x, struct tenka_shape shape)
{
    const struct tenka_p_strided params = {.divide = 1};
    return tenka_trace(x.ctx, TENKA_OP_expand, &x, 1, &params, sizeof(params), &shape, NULL, NULL);
}

static tenka_tensor gather(tenka_tensor x, tenka_tensor index, double offset, uint32_t rows)
{
    const struct tenka_p_gather params = {.rows = (int32_t)rows};
    return tenka_trace(x.ctx, TENKA_OP_gather, (const tenka_tensor[]){x, index}, 2, &params, sizeof(params), NULL,
                       &offset, NULL);
}

tenka_tensor tenka_gather(tenka_tensor x, tenka_tensor index)
{
    return gather(x, index, 0, 0);
}

tenka_tensor tenka_gather_range(tenka_tensor x, tenka_tensor index, uint32_t offset, uint32_t rows)
{
    const struct tenka_shape shape = tenka_tensor_shape(index);
    if (tenka_tensor_valid(index) && (rows == 0 || shape.rank != 1 || (uint64_t)offset + rows > shape.dim[0]))
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "gather: rows %u to %llu of an index of %u entries", offset,
                                (unsigned long long)offset + rows, shape.rank == 1 ? shape.dim[0] : 0);
    return gather(x, index, offset, rows);
}

tenka_tensor tenka_one_hot(tenka_tensor x, uint32_t classes)
{
    const struct tenka_p_classes params = {.c = classes > INT32_MAX ? -1 : (int32_t)classes};
    return tenka_trace(x.ctx, TENKA_OP_one_hot, &x, 1, &params, sizeof(params), NULL, NULL, NULL);
}

/* ---- Reductions ---- */

static tenka_tensor sum_or_mean(tenka_tensor x, uint32_t axes, bool keepdim, bool mean)
{
    struct tenka_p_sum params = {.mean = mean, .keepdim = keepdim};
    memcpy(&params.axes, &axes, sizeof(axes));
    return tenka_trace(x.ctx, TENKA_OP_sum, &x, 1, &params, sizeof(params), NULL, NULL, NULL);
}

tenka_tensor tenka_sum(tenka_tensor x, uint32_t axes, bool keepdim)
{
    return sum_or_mean(x, axes, keepdim, false);
}

tenka_tensor tenka_mean(tenka_tensor x, uint32_t axes, bool keepdim)
{
    return sum_or_mean(x, axes, keepdim, true);
}

static tenka_tensor along_axis(enum tenka_op op, tenka_tensor x, uint32_t dim)
{
    const struct tenka_p_axis params = {.dim = dim < TENKA_MAX_RANK ? (int32_t)dim : TENKA_MAX_RANK};
    return tenka_trace(x.ctx, op, &x, 1, &params, sizeof(params), NULL, NULL, NULL);
}

tenka_tensor tenka_argmax(tenka_tensor x, uint32_t dim)
{
    return along_axis(TENKA_OP_argmax, x, dim);
}

tenka_tensor tenka_softmax(tenka_tensor x, uint32_t dim)
{
    return along_axis(TENKA_OP_softmax, x, dim);
}

tenka_tensor tenka_log_softmax(tenka_tensor x, uint32_t dim)
{
    return along_axis(TENKA_OP_log_softmax, x, dim);
}

/* ---- Linear algebra and convolution ---- */

tenka_tensor tenka_linear(tenka_tensor x, tenka_tensor weight, tenka_tensor bias)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    const bool as_rows = shape.rank == 1 || shape.rank > 2;
    tenka_tensor rows = x;
    if (as_rows) {
        uint32_t count = 1;
        for (uint32_t i = 0; i + 1 < shape.rank; i++)
            count *= shape.dim[i];
        rows = tenka_reshape(x, tenka_shape_of(count, shape.dim[shape.rank - 1]));
    }
    const tenka_tensor in[] = {rows, weight, bias};
    const tenka_tensor y = tenka_trace(x.ctx, TENKA_OP_linear, in, bias.ctx != NULL ? 3 : 2, NULL, 0, NULL, NULL, NULL);
    if (!as_rows || !tenka_tensor_valid(y))
        return y;
    shape.dim[shape.rank - 1] = tenka_tensor_shape(y).dim[1];
    return tenka_reshape(y, shape);
}

static bool fits_int(const uint32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] > INT32_MAX)
            return false;
    return true;
}

tenka_tensor tenka_conv2d(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                          const struct tenka_conv2d_params *params)
{
    struct tenka_conv2d_params own = TENKA_CONV2D_DEFAULTS;
    const struct tenka_conv2d_params *const c = &own;
    struct tenka_error err = {0};
    if (tenka_take_params(&err, "conv2d", "TENKA_CONV2D_DEFAULTS", &own, params) != TENKA_OK)
        return tenka_trace_fail(x.ctx, err.status, "%s", err.text);
    if (!fits_int(c->stride, 2) || !fits_int(c->padding, 2) || !fits_int(c->dilation, 2) || !fits_int(&c->groups, 1))
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID, "conv2d: a parameter is larger than 2147483647");
    const struct tenka_p_conv2d p = {
        .sh = (int32_t)c->stride[0],
        .sw = (int32_t)c->stride[1],
        .ph = (int32_t)c->padding[0],
        .pw = (int32_t)c->padding[1],
        .dh = (int32_t)c->dilation[0],
        .dw = (int32_t)c->dilation[1],
        .groups = (int32_t)c->groups,
    };
    const tenka_tensor in[] = {x, weight, bias};
    return tenka_trace(x.ctx, TENKA_OP_conv2d, in, bias.ctx != NULL ? 3 : 2, &p, sizeof(p), NULL, NULL, NULL);
}

/* ---- Losses ---- */

tenka_tensor tenka_nll_loss_reduced(tenka_tensor x, tenka_tensor target, enum tenka_reduction reduction)
{
    const struct tenka_p_nll params = {.reduction = (int32_t)reduction};
    return tenka_trace(x.ctx, TENKA_OP_nll_loss, (const tenka_tensor[]){x, target}, 2, &params, sizeof(params), NULL,
                       NULL, NULL);
}

tenka_tensor tenka_nll_loss(tenka_tensor x, tenka_tensor target)
{
    return tenka_nll_loss_reduced(x, target, TENKA_REDUCTION_MEAN);
}

tenka_tensor tenka_cross_entropy(tenka_tensor x, tenka_tensor target)
{
    return tenka_nll_loss(tenka_log_softmax(x, 1), target);
}

tenka_tensor tenka_mse_loss(tenka_tensor x, tenka_tensor target)
{
    const struct tenka_shape a = tenka_tensor_shape(x), b = tenka_tensor_shape(target);
    char at[TENKA_SHAPE_TEXT], bt[TENKA_SHAPE_TEXT];
    if (tenka_tensor_valid(x) && tenka_tensor_valid(target) && !tenka_shape_equal(&a, &b))
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "mse_loss: the shapes %s and %s differ", tenka_shape_text(&a, at),
                                tenka_shape_text(&b, bt));
    const tenka_tensor d = tenka_sub(x, target);
    return tenka_mean(tenka_mul(d, d), TENKA_ALL_AXES, false);
}
