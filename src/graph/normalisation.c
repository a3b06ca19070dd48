/* Normalisations whose statistics are of each image, or of each row. */
#include "graph/internal.h"

/* The bias for itself, where there is one without a weight. */
static tenka_tensor normalise(tenka_tensor x, tenka_tensor weight, tenka_tensor bias, struct tenka_p_layer_norm params,
                              double eps)
{
    const tenka_tensor in[] = {x, weight, bias};
    const uint32_t n_in = weight.ctx == NULL ? 1 : bias.ctx == NULL ? 2 : 3;
    return tenka_trace(x.ctx, TENKA_OP_layer_norm, in, n_in, &params, sizeof(params), NULL, &eps, NULL);
}

tenka_tensor tenka_layer_norm(tenka_tensor x, uint32_t axes, tenka_tensor weight, tenka_tensor bias, double eps)
{
    if (tenka_tensor_valid(x) && (axes == 0 || axes > tenka_tensor_shape(x).rank))
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "layer_norm: a tensor of %u axes has no last %u",
                                tenka_tensor_shape(x).rank, axes);
    const tenka_tensor y = normalise(x, weight, bias, (struct tenka_p_layer_norm){.axes = (int32_t)axes}, eps);
    return weight.ctx == NULL && bias.ctx != NULL ? tenka_add(y, bias) : y;
}

tenka_tensor tenka_group_norm(tenka_tensor x, uint32_t groups, tenka_tensor weight, tenka_tensor bias, double eps)
{
    if (groups == 0 || groups > INT32_MAX)
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID, "group_norm: %u is no number of groups", groups);
    const tenka_tensor y = normalise(x, weight, bias, (struct tenka_p_layer_norm){.groups = (int32_t)groups}, eps);
    return weight.ctx == NULL && bias.ctx != NULL ? tenka_bias_add(y, bias) : y;
}
