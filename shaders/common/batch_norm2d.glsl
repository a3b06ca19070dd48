// Batch normalisation, one workgroup a channel; after common/channels.glsl and the operands x, weight, mean, variance
// and the slot. y goes out through EPILOGUE; GRADIENT(at) is dy as it is behind that.
#ifdef TENKA_PASS_fwd
float square(float v)
{
    return v * v;
}

void main()
{
    const uint count = CHANNEL_COUNT;
    FOR_EACH_GROUP(c) {
        SUM_TERMS(total, r, count, LOAD(x, channel_at(c, r)));
        const float m = total / float(count);
        SUM_TERMS(squares, r, count, square(LOAD(x, channel_at(c, r)) - m));
        const float v = squares / float(count), s = 1.0 / sqrt(v + SCALAR(0));
        const float gain = s * LOAD(weight, c), base = LOAD(bias, c);
        FOR_SHARE(r, count) {
            const uint at = channel_at(c, r);
            STORE(y, at, EPILOGUE((LOAD(x, at) - m) * gain + base));
        }
        if (gl_LocalInvocationID.x == 0u) {
            STORE(mean, c, m);
            STORE(variance, c, v);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
#include "common/channel_sums.glsl"
void main()
{
    const uint count = CHANNEL_COUNT;
    FOR_EACH_GROUP(c) {
        const float m = LOAD(mean, c), s = 1.0 / sqrt(LOAD(variance, c) + SCALAR(0));
        SUM_TERMS(sums, r, count, gradient_terms(channel_at(c, r), m));
        const float total = sums.x / float(count), along = sums.y * s * s / float(count);
        const float gain = LOAD(weight, c) * s;
        FOR_SHARE(r, count) {
            const uint at = channel_at(c, r);
            STORE(dx, at, gain * (GRADIENT(at) - total - (LOAD(x, at) - m) * along));
        }
    }
}
#endif
