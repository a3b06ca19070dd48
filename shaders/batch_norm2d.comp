#version 450
// y = (x - m) s weight[c] + bias[c] with mean m, biased variance v and s = 1 / sqrt(v + eps) of each channel of
// x [n, c, plane], and of y the activation p.act, through which dy comes back. Scalars: eps. Source: Ioffe and Szegedy,
// "Batch normalization" (2015). One workgroup a channel.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in   3: y out   4: m out   5: v out   6: slot
//   TENKA_PASS_dx   0: x in   1: weight in   2: y in (when p.act)   3: m in   4: v in   5: dy in   7: slot
//                   6: dx = weight s (dy - mean of dy - xhat mean of dy xhat), xhat = (x - m) s
//   TENKA_PASS_dw   0: x in   1: y in (when p.act)   2: m in   3: v in   4: dy in   7: slot
//                   5: dweight = sum of dy xhat   6: dbias = sum of dy
// Mean and variance are taken from distances to a mean that was summed up before, so that a large mean costs no
// accuracy beyond x's own, and equal values have a variance of 0. Sums as in sum.comp.
#include "common/channels.glsl"
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
#else
#include "common/batch_norm2d.glsl"
#endif
