/* Planes of another size: elements between others, and around them. */
#include <math.h>

#include "graph/internal.h"

/* ---- Between ---- */

static enum tenka_between between_of(const struct tenka_interpolate_params *p)
{
    switch (p->mode) {
    case TENKA_INTERPOLATE_NEAREST: return TENKA_BETWEEN_NEAREST;
    case TENKA_INTERPOLATE_NEAREST_EXACT: return TENKA_BETWEEN_NEAREST_EXACT;
    default: return p->align_corners ? TENKA_BETWEEN_CORNERS : TENKA_BETWEEN_LINEAR;
    }
}

/* How far elements of y lie apart in x. Source: area_pixel_compute_scale and nearest_idx of ATen/native/UpSample.h. */
static double scale_of(const struct tenka_interpolate_params *p, size_t axis, uint32_t in, uint32_t out)
{
    const bool linear = p->mode == TENKA_INTERPOLATE_LINEAR;
    const bool simple = out == in || (p->mode == TENKA_INTERPOLATE_NEAREST && out == 2 * (uint64_t)in);
    if (linear && p->align_corners)
        return out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
    if (!simple && p->scale_factor[axis] > 0 && !p->recompute_scale_factor)
        return 1 / p->scale_factor[axis];
    return (double)in / (double)out;
}

/* The size of y along an axis; 0: none. */
static uint32_t size_of(const struct tenka_interpolate_params *p, size_t axis, uint32_t in)
{
    const double wanted = p->output[axis] != 0 ? p->output[axis] : floor(in * p->scale_factor[axis]);
    return wanted >= 1 && wanted <= INT32_MAX ? (uint32_t)wanted : 0;
}

/* What is wrong with the params; NULL: nothing. */
static const char *mistake_of(const struct tenka_interpolate_params *p, uint32_t rank)
{
    if (rank < 2)
        return "a tensor of one axis has no planes";
    if ((int)p->mode < 0 || p->mode > TENKA_INTERPOLATE_LINEAR)
        return "there is no such mode";
    if (p->align_corners && p->mode != TENKA_INTERPOLATE_LINEAR)
        return "align_corners is for linear interpolation";
    for (size_t axis = 0; axis < 2; axis++)
        if ((p->output[axis] != 0) == (p->scale_factor[axis] != 0) || !(p->scale_factor[axis] >= 0))
            return "each axis needs a size, or a scale_factor above 0, and not both";
    return NULL;
}

tenka_tensor tenka_interpolate(tenka_tensor x, const struct tenka_interpolate_params *params)
{
    struct tenka_interpolate_params own = TENKA_INTERPOLATE_DEFAULTS;
    struct tenka_error err = {0};
    const struct tenka_shape s = tenka_tensor_shape(x);
    double scales[2];
    uint32_t size[2];
    if (!tenka_tensor_valid(x))
        return tenka_relu(x); /* which notes what is wrong with it */
    if (tenka_take_params(&err, "interpolate", "TENKA_INTERPOLATE_DEFAULTS", &own, params) != TENKA_OK)
        return tenka_trace_fail(x.ctx, err.status, "%s", err.text);
    const char *const mistake = mistake_of(&own, s.rank);
    if (mistake != NULL)
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID, "interpolate: %s", mistake);
    for (size_t axis = 0; axis < 2; axis++) {
        const uint32_t in = s.dim[s.rank - 2 + axis];
        size[axis] = size_of(&own, axis, in);
        scales[axis] = scale_of(&own, axis, in, size[axis]);
    }
    const struct tenka_p_interpolate p = {
        .oh = (int32_t)size[0], .ow = (int32_t)size[1], .mode = (int32_t)between_of(&own)};
    return tenka_trace(x.ctx, TENKA_OP_interpolate, &x, 1, &p, sizeof(p), NULL, scales, NULL);
}

/* ---- Around ---- */

tenka_tensor tenka_pad(tenka_tensor x, const int32_t *pad, size_t n, enum tenka_pad_mode mode, double value)
{
    _Static_assert((int)TENKA_PAD_CIRCULAR == (int)TENKA_PADDING_CIRCULAR, "one order of modes");
    struct tenka_p_pad p = {.mode = (int32_t)mode};
    bool any = false;
    if (n % 2 != 0 || n > 2 * TENKA_MAX_RANK || (pad == NULL && n > 0))
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID,
                                "pad: %zu numbers are not two for each of the last axes, of which there are at most %d",
                                n, TENKA_MAX_RANK);
    for (size_t i = 0; i < n; i += 2) {
        p.before[TENKA_MAX_RANK - 1 - i / 2] = pad[i];
        p.after[TENKA_MAX_RANK - 1 - i / 2] = pad[i + 1];
        any = any || pad[i] != 0 || pad[i + 1] != 0;
    }
    return any || !tenka_tensor_valid(x) ? tenka_trace(x.ctx, TENKA_OP_pad, &x, 1, &p, sizeof(p), NULL, &value, NULL)
                                         : x;
}
