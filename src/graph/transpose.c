/* Transposed convolution. */
#include "graph/internal.h"

tenka_tensor tenka_conv_transpose2d(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                    const struct tenka_conv_transpose2d_params *params)
{
    struct tenka_conv_transpose2d_params own = TENKA_CONV_TRANSPOSE2D_DEFAULTS;
    struct tenka_p_conv_transpose2d p;
    struct tenka_error err = {0};
    if (tenka_take_params(&err, "conv_transpose2d", "TENKA_CONV_TRANSPOSE2D_DEFAULTS", &own, params) != TENKA_OK)
        return tenka_trace_fail(x.ctx, err.status, "%s", err.text);
    const uint32_t given[] = {own.stride[0],   own.stride[1],         own.padding[0],
                              own.padding[1],  own.output_padding[0], own.output_padding[1],
                              own.dilation[0], own.dilation[1],       own.groups};
    for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++)
        if (given[i] > INT32_MAX)
            return tenka_trace_fail(x.ctx, TENKA_E_INVALID, "conv_transpose2d: a parameter is larger than 2147483647");
    p = (struct tenka_p_conv_transpose2d){
        .conv = {.sh = (int32_t)own.stride[0],
                 .sw = (int32_t)own.stride[1],
                 .ph = (int32_t)own.padding[0],
                 .pw = (int32_t)own.padding[1],
                 .dh = (int32_t)own.dilation[0],
                 .dw = (int32_t)own.dilation[1],
                 .groups = (int32_t)own.groups},
        .extra_h = (int32_t)own.output_padding[0],
        .extra_w = (int32_t)own.output_padding[1],
    };
    const tenka_tensor y = tenka_trace(x.ctx, TENKA_OP_conv_transpose2d, (const tenka_tensor[]){x, weight}, 2, &p,
                                       sizeof(p), NULL, NULL, NULL);
    return bias.ctx != NULL ? tenka_bias_add(y, bias) : y;
}
