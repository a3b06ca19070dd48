#version 450
// Cross-correlation with zero padding, x [n, c, h, w], weight [o, c / groups, kh, kw], y [n, o, oh, ow]:
//   y[b, o, oy, ox] = bias[o] +
//       sum over c, ky, kx of x[b, c, oy sh - ph + ky dh, ox sw - pw + kx dw] weight[o, c, ky, kx]
// and of y the activation p.act.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)   3: y out
//   TENKA_PASS_dx   0: x in (when p.before)  1: weight in   2: dy in    3: dx out, back through p.before
//   TENKA_PASS_dw, TENKA_PASS_parts   0: x in   1: dy in   2: dweight out   3: dbias out (when p.bias)
// fwd and dx in common/conv_tile.glsl, dw in common/conv_dw.glsl.
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/conv2d.glsl"

TENKA_PARAMS(CONV2D_FIELDS);

#ifdef TENKA_PASS_fwd
layout(constant_id = 16) const int ACTIVATION = 0;
READS(0, x);
READS_AS(STORAGE_FOUR, 0, x4);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
WRITES_AS(STORAGE_FOUR, 3, y4);
#include "common/activation.glsl"
#define BASE(o) (p.bias != 0 ? LOAD(bias, o) : 0.0)
#define FINISHED(v, at) activated(v)
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

float finished(float v, int at)
{
    return ACTIVATION != 0 ? activated_back(LOAD(x, at), v) : v;
}

vec4 finished(vec4 v, int at)
{
    return ACTIVATION != 0 ? activated_back(vec4(LOAD(x, at), LOAD(x, at + 1), LOAD(x, at + 2), LOAD(x, at + 3)), v) : v;
}

#define FINISHED finished
#include "common/conv_dx.glsl"
#endif

#ifdef TENKA_PASS_parts
#define IN_PARTS
#define TENKA_PASS_dw
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS_AS(STORAGE_FOUR, 0, x4);
READS(1, dy);
WRITES(2, dweight);
WRITES(3, dbias);

ivec2 pixel_at(int b, int oy, int ox)
{
    return ivec2((b * p.o * p.oh + oy) * p.ow + ox, 0);
}

float gradient(ivec2 pixel, int o)
{
    return LOAD(dy, pixel.x + o * p.oh * p.ow);
}
#include "common/conv_dw.glsl"
#endif
