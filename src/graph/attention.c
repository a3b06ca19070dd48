/* Attention, whose operator knows neither a scale nor masks that are repeated along rows or columns. */
#include "backend/backend.h"
#include "graph/internal.h"
#include "op/tiles.h"

/* The mask with a number for each score of a batch. */
static tenka_tensor whole_mask(tenka_tensor mask, uint32_t rows, uint32_t columns)
{
    struct tenka_shape shape = tenka_tensor_shape(mask);
    if (shape.rank < 2) {
        shape = shape.rank == 1 ? tenka_shape_of(1, shape.dim[0]) : tenka_shape_of(1, 1);
        mask = tenka_reshape(mask, shape);
    }
    uint32_t *const row = &shape.dim[shape.rank - 2], *const column = &shape.dim[shape.rank - 1];
    const bool repeats = (*row == 1 && rows > 1) || (*column == 1 && columns > 1);
    *row = *row == 1 ? rows : *row;
    *column = *column == 1 ? columns : *column;
    return repeats ? tenka_expand(mask, shape) : mask;
}

/* ---- Masks that many matrices see ---- */

/* The outermost axis of batches along which a mask is repeated; the rank: there is none. */
static uint32_t repeated_axis(const struct tenka_shape *q, const struct tenka_shape *mask)
{
    const uint32_t missing = q->rank - mask->rank;
    for (uint32_t i = 0; i + 2 < q->rank; i++)
        if (q->dim[i] > 1 && (i < missing || mask->dim[i - missing] == 1))
            return i;
    return q->rank;
}

/* The least number of parts of an axis that leave few enough iterations, or all of it. */
static uint32_t parts_of(uint32_t size, uint64_t loops)
{
    uint32_t parts = 2;
    while (parts < size && (size % parts != 0 || loops / parts > TENKA_MAX_LOOPS))
        parts++;
    return parts;
}

static tenka_tensor split_axis(tenka_tensor x, uint32_t axis, uint32_t parts)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    for (uint32_t i = shape.rank++; i > axis + 1; i--)
        shape.dim[i] = shape.dim[i - 1];
    shape.dim[axis + 1] = shape.dim[axis] / parts;
    shape.dim[axis] = parts;
    return tenka_reshape(x, shape);
}

/* The mask, so many times along an axis of q, whose rank it gets. */
static tenka_tensor repeat_mask(tenka_tensor mask, uint32_t rank, uint32_t axis, uint32_t parts)
{
    const struct tenka_shape own = tenka_tensor_shape(mask);
    struct tenka_shape shape = {.rank = rank};
    for (uint32_t i = 0; i < rank; i++)
        shape.dim[i] = i + own.rank < rank ? 1 : own.dim[i + own.rank - rank];
    mask = tenka_reshape(mask, shape);
    shape.dim[axis] = parts;
    return tenka_expand(mask, shape);
}

/* Iterations for the gradient of one matrix of the mask, a sum over all matrices of scores that it is added to; 0 where
 * nobody asks for that gradient, or the operands do not fit each other. */
static uint64_t mask_loops(const tenka_tensor in[4])
{
    struct tenka_call call = {.op = TENKA_OP_attention, .n_in = 4};
    struct tenka_error ignored;
    for (uint32_t i = 0; i < 4; i++) {
        if (!tenka_tensor_valid(in[i]))
            return 0;
        call.in[i] = (struct tenka_desc){tenka_tensor_dtype(in[i]), tenka_tensor_shape(in[i])};
    }
    if (!in[3].ctx->values[in[3].slot].requires_grad || tenka_op_infer(&call, &ignored) != TENKA_OK)
        return 0;
    const struct tenka_p_attention *p = (const void *)call.params;
    return ATTENTION_DMASK_LOOPS(p);
}

/* One invocation makes that sum, whose iterations are bounded: a mask that more matrices see becomes several, for parts
 * of the batches. */
static void part_mask(tenka_tensor in[4])
{
    for (uint64_t loops = mask_loops(in); loops > TENKA_MAX_LOOPS;) {
        const struct tenka_shape q = tenka_tensor_shape(in[0]), mask = tenka_tensor_shape(in[3]);
        const uint32_t axis = repeated_axis(&q, &mask);
        if (axis == q.rank)
            return;
        const uint32_t parts = q.rank < TENKA_MAX_RANK ? parts_of(q.dim[axis], loops) : q.dim[axis];
        const bool split = parts < q.dim[axis];
        if (split && axis + mask.rank >= q.rank) /* it has the axis, of one element */
            in[3] = split_axis(in[3], axis + mask.rank - q.rank, 1);
        for (uint32_t i = 0; i < 3 && split; i++)
            in[i] = split_axis(in[i], axis, parts);
        in[3] = repeat_mask(in[3], q.rank + split, axis, parts);
        loops /= parts;
    }
}

tenka_tensor tenka_attention(tenka_tensor q, tenka_tensor k, tenka_tensor v, tenka_tensor mask, double scale,
                             bool causal)
{
    const struct tenka_p_attention params = {.causal = causal};
    const struct tenka_shape rows = tenka_tensor_shape(q), columns = tenka_tensor_shape(k);
    struct tenka_shape shape = rows;
    if (tenka_tensor_valid(mask) && rows.rank >= 2 && columns.rank >= 2)
        mask = whole_mask(mask, rows.dim[rows.rank - 2], columns.dim[columns.rank - 2]);
    tenka_tensor in[4] = {scale != 1 ? tenka_scale(q, scale) : q, k, v, mask};
    part_mask(in);
    const tenka_tensor y =
        tenka_trace(q.ctx, TENKA_OP_attention, in, mask.ctx != NULL ? 4 : 3, &params, sizeof(params), NULL, NULL, NULL);
    const struct tenka_shape got = tenka_tensor_shape(y);
    if (got.rank == rows.rank || got.rank == 0)
        return y;
    shape.dim[shape.rank - 1] = got.dim[got.rank - 1];
    return tenka_reshape(y, shape);
}
