#version 450
// Cross-correlation with zero padding, x [n, c, h, w], weight [o, c / groups, kh, kw], y [n, o, oh, ow]:
//   y[b, o, oy, ox] = bias[o] +
//       sum over c, ky, kx of x[b, c, oy sh - ph + ky dh, ox sw - pw + kx dw] weight[o, c, ky, kx]
// and of y the activation p.act.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)   3: y out
//   TENKA_PASS_dx   0: x in (when p.before)  1: weight in   2: dy in    3: dx out, back through p.before
//   TENKA_PASS_dw   0: x in   1: dy in       2: dweight out   3: dbias out (when p.bias)
// fwd and dx in common/conv_tile.glsl, dw in common/conv_dw.glsl.
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/conv2d.glsl"

TENKA_PARAMS(CONV2D_FIELDS);

#ifdef TENKA_PASS_fwd
layout(constant_id = 16) const int ACTIVATION = 0;
#include "common/activation.glsl"
#include "common/conv_fwd.glsl"
#endif

#ifdef TENKA_PASS_dx
layout(constant_id = 18) const int ACTIVATION = 0;
READS(0, x);
READS(1, weight);
READS(2, dy);
READS_AS(STORAGE_FOUR, 2, dy4);
WRITES(3, dx);
WRITES_AS(STORAGE_FOUR, 3, dx4);
#include "common/activation.glsl"
#include "common/conv_dx.glsl"
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS_AS(STORAGE_FOUR, 0, x4);
READS(1, dy);
WRITES(2, dweight);
WRITES(3, dbias);

float gradient(int b, int o, int oy, int ox)
{
    return LOAD(dy, ((b * p.o + o) * p.oh + oy) * p.ow + ox);
}
#include "common/conv_dw.glsl"
#endif
