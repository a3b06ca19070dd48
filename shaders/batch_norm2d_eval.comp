#version 450
// y = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c] for x [n, c, plane] and given statistics. Scalars: eps.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in   3: mean in   4: var in   5: y out   6: slot
//   TENKA_PASS_dx   0: weight in   1: var in   2: dy in   3: dx = dy weight / sqrt(var + eps)   4: slot
//   TENKA_PASS_dw   0: x in   1: mean in   2: var in   3: dy in   6: slot
//                   4: dweight = sum of dy (x - mean) / sqrt(var + eps)   5: dbias = sum of dy
// Elementwise passes: relative accuracy 1e-6 of the largest term. Sums as in sum.comp.
#include "common/channels.glsl"

#ifdef TENKA_PASS_fwd
READS(0, x);
READS(1, weight);
READS(2, bias);
READS(3, mean);
READS(4, var);
WRITES(5, y);
SCALARS(6);

void main()
{
    FOR_EACH(i) {
        const uint c = i / p.plane % p.c;
        const float gain = LOAD(weight, c) / sqrt(LOAD(var, c) + SCALAR(0));
        STORE(y, i, (LOAD(x, i) - LOAD(mean, c)) * gain + LOAD(bias, c));
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, weight);
READS(1, var);
READS(2, dy);
WRITES(3, dx);
SCALARS(4);

void main()
{
    FOR_EACH(i) {
        const uint c = i / p.plane % p.c;
        STORE(dx, i, LOAD(dy, i) * LOAD(weight, c) / sqrt(LOAD(var, c) + SCALAR(0)));
    }
}
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS(1, mean);
READS(2, variance);
READS(3, dy);
WRITES(4, dweight);
WRITES(5, dbias);
SCALARS(6);
#define GRADIENT(at) LOAD(dy, at)
#include "common/channel_grads.glsl"
#endif
