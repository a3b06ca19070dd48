// Gradients of a normalisation's weight and bias, one workgroup a channel: dweight = sum of dy (x - mean) /
// sqrt(variance + eps), dbias = sum of dy. After common/channels.glsl, the operands x, mean, variance, dweight, dbias
// and the slot, and GRADIENT(at), which is dy.
void main()
{
    FOR_EACH_GROUP(c) {
        const float m = LOAD(mean, c);
        float total = 0.0, along = 0.0;
        FOR_SHARE(r, CHANNEL_COUNT) {
            const uint at = channel_at(c, r);
            const float d = GRADIENT(at);
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
