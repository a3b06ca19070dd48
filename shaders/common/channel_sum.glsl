// dbias[c] = sum of dy over the channel: what every per-channel bias has as its gradient. After common/channels.glsl.
//   0: dy in   1: dbias out
READS(0, dy);
WRITES(1, dbias);

void main()
{
    FOR_EACH_GROUP(c) {
        float total = 0.0;
        FOR_SHARE(r, CHANNEL_COUNT) total += LOAD(dy, channel_at(c, r));
        total = reduce_sum(total);
        if (gl_LocalInvocationID.x == 0u)
            STORE(dbias, c, total);
    }
}
