#version 450
// y = max(batch_norm2d(x), 0), NaN kept; see batch_norm2d.comp. The gradients know the ReLU's mask from y.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in   3: y out   4: m out   5: v out   6: slot
//   TENKA_PASS_dx   0: x in   1: weight in   2: y in   3: m in   4: v in   5: dy in   6: dx out   7: slot
//   TENKA_PASS_dw   0: x in   1: y in   2: m in   3: v in   4: dy in   5: dweight out   6: dbias out   7: slot
#include "common/channels.glsl"
#include "common/relu.glsl"
#define EPILOGUE(v) relu(v)
#define GRADIENT(at) relu_back(LOAD(y, at), LOAD(dy, at))

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
