#version 450
// y = (x - m) s weight[c] + bias[c] with mean m, biased variance v and s = 1 / sqrt(v + eps) of each channel of
// x [n, c, plane]. Scalars: eps. Source: Ioffe and Szegedy, "Batch normalization" (2015). One workgroup a channel.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in   3: y out   4: m out   5: v out   6: slot
//   TENKA_PASS_dx   0: x in   1: weight in   2: m in   3: v in   4: dy in   6: slot
//                   5: dx = weight s (dy - mean of dy - xhat mean of dy xhat), xhat = (x - m) s
//   TENKA_PASS_dw   0: x in   1: m in   2: v in   3: dy in   6: slot
//                   4: dweight = sum of dy xhat   5: dbias = sum of dy
// The variance is taken around the mean, so a large mean costs no accuracy beyond x's own. Sums as in sum.comp.
#include "common/channels.glsl"

#ifdef TENKA_PASS_fwd
READS(0, x);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
WRITES(4, mean);
WRITES(5, variance);
SCALARS(6);

void main()
{
    const uint count = CHANNEL_COUNT;
    FOR_EACH_GROUP(c) {
        float total = 0.0, squares = 0.0;
        FOR_SHARE(r, count) total += LOAD(x, channel_at(c, r));
        const float m = reduce_sum(total) / float(count);
        FOR_SHARE(r, count) {
            const float d = LOAD(x, channel_at(c, r)) - m;
            squares += d * d;
        }
        const float v = reduce_sum(squares) / float(count), s = 1.0 / sqrt(v + SCALAR(0));
        const float gain = s * LOAD(weight, c), base = LOAD(bias, c);
        FOR_SHARE(r, count) {
            const uint at = channel_at(c, r);
            STORE(y, at, (LOAD(x, at) - m) * gain + base);
        }
        if (gl_LocalInvocationID.x == 0u) {
            STORE(mean, c, m);
            STORE(variance, c, v);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, x);
READS(1, weight);
READS(2, mean);
READS(3, variance);
READS(4, dy);
WRITES(5, dx);
SCALARS(6);

void main()
{
    const uint count = CHANNEL_COUNT;
    FOR_EACH_GROUP(c) {
        const float m = LOAD(mean, c), s = 1.0 / sqrt(LOAD(variance, c) + SCALAR(0));
        float total = 0.0, along = 0.0;
        FOR_SHARE(r, count) {
            const uint at = channel_at(c, r);
            const float d = LOAD(dy, at);
            total += d;
            along += d * (LOAD(x, at) - m);
        }
        total = reduce_sum(total) / float(count);
        along = reduce_sum(along) * s * s / float(count);
        const float gain = LOAD(weight, c) * s;
        FOR_SHARE(r, count) {
            const uint at = channel_at(c, r);
            STORE(dx, at, gain * (LOAD(dy, at) - total - (LOAD(x, at) - m) * along));
        }
    }
}
#endif

#ifdef TENKA_PASS_dw
#include "common/channel_grads.glsl"
#endif
