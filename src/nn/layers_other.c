/* PReLU, whose weight is no product's, and GLU. */
#include <float.h>
#include <math.h>

#include "nn/layer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- PReLU ---- */

enum { PARAMETERS, START };

static const struct tenka_layer_arg prelu_args[] = {
    [PARAMETERS] = {"num_parameters", TENKA_ARG_INT, 0, 1, 1, INT32_MAX, NULL},
    [START] = {"init", TENKA_ARG_FLOAT, TENKA_ARG_UNSEEN, 0.25, -DBL_MAX, DBL_MAX, NULL},
};

static uint64_t prelu_elements(const struct tenka_layer_values *v)
{
    return tenka_arg_u32(v, PARAMETERS, 0);
}

static tenka_status prelu_init(tenka_module *m)
{
    return tenka_layer_add_equal(m, "weight", tenka_shape_of(tenka_arg_u32(&m->values, PARAMETERS, 0)),
                                 (float)m->values.arg[START].value[0], true);
}

static tenka_tensor prelu_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_prelu(x, tenka_layer_value(m, "weight"));
}

const struct tenka_layer_type tenka_layer_prelu = {
    .name = "PReLU",
    .args = prelu_args,
    .n_args = COUNT(prelu_args),
    .elements = prelu_elements,
    .init = prelu_init,
    .forward = prelu_forward,
};

/* ---- GLU ---- */

static const struct tenka_layer_arg glu_args[] = {
    {"dim", TENKA_ARG_INT, 0, -1, -TENKA_MAX_RANK, TENKA_MAX_RANK - 1, NULL},
};

static tenka_tensor glu_forward(tenka_module *m, tenka_tensor x)
{
    const int rank = (int)tenka_tensor_shape(x).rank, dim = (int)m->values.arg[0].value[0];
    const int axis = dim + (dim < 0 ? rank : 0);
    if (tenka_tensor_valid(x) && (axis < 0 || axis >= rank))
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "dim is %d, but the input has %d axes", dim, rank);
    return tenka_glu(x, (uint32_t)axis);
}

const struct tenka_layer_type tenka_layer_glu = {
    .name = "GLU", .args = glu_args, .n_args = COUNT(glu_args), .forward = glu_forward};
