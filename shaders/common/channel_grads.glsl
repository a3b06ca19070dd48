// Gradients of a normalisation's weight and bias, one workgroup a channel: dweight = sum of dy (x - mean) /
// sqrt(variance + eps), dbias = sum of dy. After common/channels.glsl, the operands x, mean, variance, dweight, dbias
// and the slot, and GRADIENT(at), which is dy.
#include "common/channel_sums.glsl"

void main()
{
    FOR_EACH_GROUP(c) {
        const vec2 sums = channel_sums(c, LOAD(mean, c));
        if (gl_LocalInvocationID.x == 0u) {
            STORE(dweight, c, sums.y / sqrt(LOAD(variance, c) + SCALAR(0)));
            STORE(dbias, c, sums.x);
        }
    }
}
