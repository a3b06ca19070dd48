// What the gradients of a normalisation add up over a channel, dy and dy (x - mean); after common/channels.glsl, the
// operand x and GRADIENT(at), which is dy.
vec2 channel_sums(uint c, float m)
{
    const uint count = CHANNEL_COUNT, last = CHANNEL_LAST(c);
    lanes_begin();
    walk_begin(c);
    FOR_TERMS(r, k, count) {
        const uint at = min(walk(), last);
        const float d = GRADIENT(at);
        precise const float along = d * (LOAD(x, at) - m);
        lane_add(k, r < count ? vec2(d, along) : vec2(0.0));
    }
    return lanes_sum();
}
