// Gradients of a normalisation's weight and bias, one workgroup a channel. After common/channels.glsl. Scalars: eps.
//   0: x in   1: mean in   2: variance in   3: dy in   6: slot
//   4: dweight = sum of dy (x - mean) / sqrt(variance + eps)   5: dbias = sum of dy
READS(0, x);
READS(1, mean);
READS(2, variance);
READS(3, dy);
WRITES(4, dweight);
WRITES(5, dbias);
SCALARS(6);

void main()
{
    FOR_EACH_GROUP(c) {
        const float m = LOAD(mean, c);
        float total = 0.0, along = 0.0;
        FOR_SHARE(r, CHANNEL_COUNT) {
            const uint at = channel_at(c, r);
            const float d = LOAD(dy, at);
            total += d;
            along += d * (LOAD(x, at) - m);
        }
        total = reduce_sum(total);
        along = reduce_sum(along) / sqrt(LOAD(variance, c) + SCALAR(0));
        if (gl_LocalInvocationID.x == 0u) {
            STORE(dweight, c, along);
            STORE(dbias, c, total);
        }
    }
}
