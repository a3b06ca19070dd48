// Gradients of a normalisation's weight and bias, one workgroup a channel, or, with IN_PARTS, one a part of a channel:
// dweight = sum of dy (x - mean) / sqrt(variance + eps), dbias = sum of dy. After common/channels.glsl, the operands x,
// mean, variance, dweight, dbias and the slot, and GRADIENT(at), which is dy.
#include "common/channel_sums.glsl"

void main()
{
    FOR_EACH_GROUP(item) {
        uint part = item;
        const uint c = digit(part, p.c);
#ifdef IN_PARTS
        const vec2 sums = part_gradients(c, part, LOAD(mean, c), LOAD(variance, c));
#else
        const vec2 sums = channel_gradients(c, LOAD(mean, c), LOAD(variance, c));
#endif
        if (gl_LocalInvocationID.x == 0u) {
            STORE(dweight, item, sums.x);
            STORE(dbias, item, sums.y);
        }
    }
}
