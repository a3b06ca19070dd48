#version 450
// y = (x - m) s weight[c] + bias[c] with mean m, biased variance v and s = 1 / sqrt(v + eps) of each channel of
// x [n, c, plane], and of y the activation p.act, through which dy comes back. Scalars: eps. Source: Ioffe and Szegedy,
// "Batch normalization" (2015). One workgroup a channel.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in   3: y out   4: m out   5: v out   6: slot
//   TENKA_PASS_dx   0: x in   1: weight in   2: y in (when p.act)   3: m in   4: v in   5: dy in   7: slot
//                   6: dx = weight s (dy - mean of dy - xhat mean of dy xhat), xhat = (x - m) s
//   TENKA_PASS_dw, TENKA_PASS_parts   0: x in   1: y in (when p.act)   2: m in   3: v in   4: dy in   7: slot
//                   5: dweight = sum of dy xhat   6: dbias = sum of dy
//   TENKA_PASS_apply  as dx, but   6: dweight in   7: dbias in   8: dx   9: slot
// Mean and variance are taken from distances to a mean that was summed up before, so that a large mean costs no
// accuracy beyond x's own, and equal values have a variance of 0. Sums as in sum.comp.
#ifdef TENKA_PASS_apply
#extension GL_EXT_control_flow_attributes : require
#include "common/kernel.glsl"
TENKA_PARAMS(int n; int c; int plane; int act;);
#else
#include "common/channels.glsl"
#endif
layout(constant_id = 9) const int ACTIVATION = 0;
#include "common/activation.glsl"
#define GRADIENT(at) (ACTIVATION != 0 ? activated_back(LOAD(y, at), LOAD(dy, at)) : LOAD(dy, at))

#ifdef TENKA_PASS_fwd
READS(0, x);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
WRITES(4, mean);
WRITES(5, variance);
SCALARS(6);
#endif

#ifdef TENKA_PASS_dx
READS(0, x);
READS(1, weight);
READS(2, y);
READS(3, mean);
READS(4, variance);
READS(5, dy);
WRITES(6, dx);
SCALARS(7);
#endif

#ifdef TENKA_PASS_parts
#define IN_PARTS
#define TENKA_PASS_dw
#endif

#ifdef TENKA_PASS_apply
layout(constant_id = 8) const int ONE_CHANNEL = 0; // four neighbours are of one
layout(constant_id = 10) const int FOURS = 0;
READS_FOURS(0, x);
READS(1, weight);
READS_FOURS(2, y);
READS(3, mean);
READS(4, variance);
READS_FOURS(5, dy);
READS(6, dweight);
READS(7, dbias);
WRITES_FOURS(8, dx);
SCALARS(9);
#include "common/norm_slope.glsl"

// Of one of four neighbours, element number at of all.
float result(uint at, float value, float y, float dy)
{
    const uint c = at / p.plane % p.c;
    const Slope s = slope_of(LOAD(weight, c), LOAD(variance, c), vec2(LOAD(dweight, c), LOAD(dbias, c)));
    precise const float d = ACTIVATION != 0 ? activated_back(y, dy) : dy, off = value - LOAD(mean, c);
    precise const float v = slope_at(s, d, off);
    return v;
}

void main()
{
    FOR_EACH(i) {
        const int all = p.n * p.c * p.plane, at = int(i) * 4, last = all - 1;
        const vec4 value = FOUR(x, FOURS != 0, last, at), back = FOUR(dy, FOURS != 0, last, at);
        const vec4 after = ACTIVATION != 0 ? FOUR(y, FOURS != 0, last, at) : vec4(0.0);
        vec4 v;
        for (int q = 0; q < 4; q++) // unrolled by the driver: see activation.glsl
            v[q] = result(ONE_CHANNEL != 0 ? uint(at) : uint(min(at + q, last)), value[q], after[q], back[q]);
        STORE_FOURS(dx, FOURS != 0, at, all - at, v)
    }
}
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS(1, y);
READS(2, mean);
READS(3, variance);
READS(4, dy);
WRITES(5, dweight);
WRITES(6, dbias);
SCALARS(7);
#include "common/channel_grads.glsl"
#elif !defined(TENKA_PASS_apply)
#include "common/batch_norm2d.glsl"
#endif
