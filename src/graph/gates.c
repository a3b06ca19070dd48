/* Activations that take a weight, or half of their input. */
#include "graph/internal.h"

tenka_tensor tenka_prelu(tenka_tensor x, tenka_tensor weight)
{
    const struct tenka_shape shape = tenka_tensor_shape(x), w = tenka_tensor_shape(weight);
    char text[TENKA_SHAPE_TEXT], w_text[TENKA_SHAPE_TEXT];
    const uint32_t channels = shape.rank > 1 ? shape.dim[1] : 1;
    if (!tenka_tensor_valid(x) || !tenka_tensor_valid(weight))
        return tenka_mul(x, weight);
    if (w.rank > 1 || (w.rank == 1 && w.dim[0] != 1 && w.dim[0] != channels))
        return tenka_trace_fail(
            x.ctx, TENKA_E_SHAPE,
            "prelu: a weight of shape %s fits an input of shape %s neither as one number nor as one "
            "for each channel",
            tenka_shape_text(&w, w_text), tenka_shape_text(&shape, text));
    struct tenka_shape wide = {.rank = 1, .dim = {1}};
    if (w.rank == 1 && w.dim[0] > 1) {
        wide = (struct tenka_shape){.rank = shape.rank - 1, .dim = {channels, 1, 1, 1, 1}};
        wide = tenka_shape_make(wide.rank, wide.dim);
    }
    return tenka_leaky(x, tenka_reshape(weight, wide));
}

tenka_tensor tenka_glu(tenka_tensor x, uint32_t dim)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    char text[TENKA_SHAPE_TEXT];
    if (!tenka_tensor_valid(x))
        return x;
    if (dim >= shape.rank || shape.dim[dim] % 2 != 0)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "glu: axis %u of an input of shape %s has no two halves", dim,
                                tenka_shape_text(&shape, text));
    const uint32_t half = shape.dim[dim] / 2;
    return tenka_mul(tenka_slice(x, dim, 0, half), tenka_sigmoid(tenka_slice(x, dim, half, 2 * half)));
}
