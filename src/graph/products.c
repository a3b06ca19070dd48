/* Products of matrices of any rank, by those of two matrices or of equally many. */
#include "graph/internal.h"

static tenka_tensor product(tenka_tensor a, tenka_tensor b, bool transpose_a, bool transpose_b)
{
    const struct tenka_p_matmul params = {.trans_a = transpose_a, .trans_b = transpose_b};
    return tenka_trace(a.ctx, TENKA_OP_matmul, (const tenka_tensor[]){a, b}, 2, &params, sizeof(params), NULL, NULL,
                       NULL);
}

/* The axes of two batches, each aligned at the end; false: they differ. */
static bool batch_of(const struct tenka_shape *a, const struct tenka_shape *b, struct tenka_shape *batch)
{
    const uint32_t rank = (a->rank > b->rank ? a->rank : b->rank) - 2;
    *batch = (struct tenka_shape){.rank = rank};
    for (uint32_t i = 0; i < rank; i++) {
        const uint32_t skip_a = rank + 2 - a->rank, skip_b = rank + 2 - b->rank;
        const uint32_t size_a = i < skip_a ? 1 : a->dim[i - skip_a], size_b = i < skip_b ? 1 : b->dim[i - skip_b];
        if (size_a != size_b && size_a != 1 && size_b != 1)
            return false;
        batch->dim[i] = size_a > size_b ? size_a : size_b;
    }
    return true;
}

/* As many matrices as the batch has, along one axis. */
static tenka_tensor one_axis(tenka_tensor x, const struct tenka_shape *batch)
{
    const struct tenka_shape own = tenka_tensor_shape(x);
    struct tenka_shape wide = *batch, flat = {.rank = 3, .dim = {1}};
    for (uint32_t i = 0; i < batch->rank; i++)
        flat.dim[0] *= batch->dim[i];
    for (uint32_t i = 0; i < 2; i++)
        wide.dim[wide.rank++] = flat.dim[1 + i] = own.dim[own.rank - 2 + i];
    return tenka_reshape(tenka_shape_equal(&own, &wide) ? x : tenka_expand(x, wide), flat);
}

static tenka_tensor fail_batch(tenka_tensor a, const struct tenka_shape *sa, const struct tenka_shape *sb)
{
    char text[TENKA_SHAPE_TEXT], other[TENKA_SHAPE_TEXT];
    return tenka_trace_fail(a.ctx, TENKA_E_SHAPE, "matmul: the batches of %s and %s cannot be broadcast",
                            tenka_shape_text(sa, text), tenka_shape_text(sb, other));
}

/* Of matrices, perhaps many. */
static tenka_tensor products(tenka_tensor a, tenka_tensor b, bool transpose_a, bool transpose_b)
{
    const struct tenka_shape sa = tenka_tensor_shape(a), sb = tenka_tensor_shape(b);
    struct tenka_shape batch;
    if (sa.rank == 2 && sb.rank == 2)
        return product(a, b, transpose_a, transpose_b);
    if (!batch_of(&sa, &sb, &batch))
        return fail_batch(a, &sa, &sb);
    tenka_tensor y;
    if (sb.rank == 2 && !transpose_a) { /* all rows at once */
        const uint32_t columns = sa.dim[sa.rank - 1];
        const uint32_t rows = (uint32_t)(tenka_shape_count(&sa) / (columns > 0 ? columns : 1));
        y = product(tenka_reshape(a, tenka_shape_of(rows, columns)), b, false, transpose_b);
    } else {
        y = product(one_axis(a, &batch), one_axis(b, &batch), transpose_a, transpose_b);
    }
    if (!tenka_tensor_valid(y))
        return y;
    batch.dim[batch.rank++] = sa.dim[sa.rank - (transpose_a ? 1 : 2)];
    batch.dim[batch.rank++] = sb.dim[sb.rank - (transpose_b ? 2 : 1)];
    return tenka_reshape(y, batch);
}

/* x without an axis of one element. */
static tenka_tensor without_axis(tenka_tensor x, uint32_t axis)
{
    struct tenka_shape shape = tenka_tensor_shape(x);
    if (!tenka_tensor_valid(x))
        return x;
    shape.rank--;
    for (uint32_t i = axis; i < shape.rank; i++)
        shape.dim[i] = shape.dim[i + 1];
    return tenka_reshape(x, shape);
}

tenka_tensor tenka_matmul(tenka_tensor a, tenka_tensor b, bool transpose_a, bool transpose_b)
{
    const struct tenka_shape sa = tenka_tensor_shape(a), sb = tenka_tensor_shape(b);
    const bool row = sa.rank == 1, column = sb.rank == 1;
    if (!tenka_tensor_valid(a) || !tenka_tensor_valid(b) || sa.rank == 0 || sb.rank == 0)
        return product(a, b, transpose_a, transpose_b);
    tenka_tensor y = products(row ? tenka_reshape(a, tenka_shape_of(1, sa.dim[0])) : a,
                              column ? tenka_reshape(b, tenka_shape_of(sb.dim[0], 1)) : b, transpose_a && !row,
                              transpose_b && !column);
    if (column)
        y = without_axis(y, tenka_tensor_valid(y) ? tenka_tensor_shape(y).rank - 1 : 0);
    return row ? without_axis(y, tenka_tensor_valid(y) ? tenka_tensor_shape(y).rank - (column ? 1 : 2) : 0) : y;
}
