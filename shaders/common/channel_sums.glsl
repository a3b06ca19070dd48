// What the gradients of a normalisation add up over a channel; after common/channels.glsl, the operand x, the slot and
// GRADIENT(at), which is dy. The sums are made in PARTS, each of neighbouring elements of the channel, which are added in
// order.
layout(constant_id = 10) const uint PARTS = 1u;

// Of a part: sum of dy (x - m) / sqrt(variance + eps), and sum of dy: dweight and dbias.
vec2 part_gradients(uint c, uint part, float m, float variance)
{
    const uint length = (CHANNEL_COUNT + PARTS - 1u) / PARTS, begin = min(part * length, CHANNEL_COUNT);
    const uint count = min(length, CHANNEL_COUNT - begin), last = CHANNEL_LAST(c);
    lanes_begin();
    walk_begin(c, begin);
    FOR_TERMS(r, k, count) {
        const uint at = min(walk(), last);
        const float d = GRADIENT(at);
        precise const float along = d * (LOAD(x, at) - m);
        lane_add(k, r < count ? vec2(along, d) : vec2(0.0));
    }
    const vec2 sums = lanes_sum();
    precise const float dweight = sums.x / sqrt(variance + SCALAR(0));
    return vec2(dweight, sums.y);
}

vec2 channel_gradients(uint c, float m, float variance)
{
    vec2 total = vec2(0.0);
    uint part = 0u;
    do
        total += part_gradients(c, part, m, variance);
    while (++part < PARTS);
    return total;
}
