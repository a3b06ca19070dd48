/* Attention, whose operator knows neither a scale nor masks that are repeated along rows or columns. */
#include "graph/internal.h"

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

tenka_tensor tenka_attention(tenka_tensor q, tenka_tensor k, tenka_tensor v, tenka_tensor mask, double scale,
                             bool causal)
{
    const struct tenka_p_attention params = {.causal = causal};
    const struct tenka_shape rows = tenka_tensor_shape(q), columns = tenka_tensor_shape(k);
    const tenka_tensor scaled = scale != 1 ? tenka_scale(q, scale) : q;
    if (tenka_tensor_valid(mask) && rows.rank >= 2 && columns.rank >= 2)
        mask = whole_mask(mask, rows.dim[rows.rank - 2], columns.dim[columns.rank - 2]);
    return tenka_trace(q.ctx, TENKA_OP_attention, (const tenka_tensor[]){scaled, k, v, mask}, mask.ctx != NULL ? 4 : 3,
                       &params, sizeof(params), NULL, NULL, NULL);
}
