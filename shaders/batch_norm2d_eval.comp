#version 450
// y = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c] for x [n, c, plane] and given statistics. Scalars: eps.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in   3: mean in   4: var in   5: y out   6: slot
//   TENKA_PASS_dx   0: weight in   1: var in   2: dy in   3: dx = dy weight / sqrt(var + eps)   4: slot
//   TENKA_PASS_dw   0: x in   1: mean in   2: var in   3: dy in   4: dweight = sum of dy (x - mean) / sqrt(var + eps)
//                   5: slot
//   TENKA_PASS_db   0: dy in   1: dbias = sum of dy   2: slot
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
READS(2, var);
READS(3, dy);
WRITES(4, dweight);
SCALARS(5);

void main()
{
    FOR_EACH_GROUP(c) {
        const float m = LOAD(mean, c);
        float along = 0.0;
        FOR_SHARE(r, CHANNEL_COUNT) {
            const uint at = channel_at(c, r);
            along += LOAD(dy, at) * (LOAD(x, at) - m);
        }
        along = reduce_sum(along) / sqrt(LOAD(var, c) + SCALAR(0));
        if (gl_LocalInvocationID.x == 0u)
            STORE(dweight, c, along);
    }
}
#endif

#ifdef TENKA_PASS_db
#include "common/channel_sum.glsl"
#endif
