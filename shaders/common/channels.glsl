// Channels of x [n, c, plane]: a workgroup takes the n * plane elements of one channel.
#include "common/kernel.glsl"
#ifndef TENKA_PASS_fwd
#define REDUCED vec2
#endif
#include "common/reduce.glsl"

TENKA_PARAMS(int n; int c; int plane;);

// Where element r of a channel lies.
uint channel_at(uint channel, uint r)
{
    uint image = r;
    const uint at = digit(image, p.plane);
    return (image * p.c + channel) * p.plane + at;
}
#define CHANNEL_COUNT uint(p.n * p.plane)
