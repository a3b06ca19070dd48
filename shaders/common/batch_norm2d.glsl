// Batch normalisation, one workgroup a channel; after common/channels.glsl and the operands x, weight, mean, variance
// and the slot. y goes out through EPILOGUE; GRADIENT(at) is dy as it is behind that.
#ifdef TENKA_PASS_fwd
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
void main()
{
    const uint count = CHANNEL_COUNT;
    FOR_EACH_GROUP(c) {
        const float m = LOAD(mean, c), s = 1.0 / sqrt(LOAD(variance, c) + SCALAR(0));
        float total = 0.0, along = 0.0;
        FOR_SHARE(r, count) {
            const uint at = channel_at(c, r);
            const float d = GRADIENT(at);
            total += d;
            along += d * (LOAD(x, at) - m);
        }
        total = reduce_sum(total) / float(count);
        along = reduce_sum(along) * s * s / float(count);
        const float gain = LOAD(weight, c) * s;
        FOR_SHARE(r, count) {
            const uint at = channel_at(c, r);
            STORE(dx, at, gain * (GRADIENT(at) - total - (LOAD(x, at) - m) * along));
        }
    }
}
#endif
