// Channels of x [n, c, plane]: a workgroup takes the n * plane elements of one channel.
#include "common/kernel.glsl"
#define REDUCED vec2
#include "common/reduce.glsl"

TENKA_PARAMS(int n; int c; int plane; int act;);
#define CHANNEL_COUNT uint(p.n * p.plane)
// Where a channel's last element lies.
#define CHANNEL_LAST(channel) uint(((p.n - 1) * p.c + int(channel) + 1) * p.plane - 1)

uint walk_at, walk_column, walk_gap;

// Begins a walk over a channel from its element number `first` on, as FOR_TERMS goes.
void walk_begin(uint channel, uint first)
{
    uint image = first + gl_LocalInvocationID.x;
    walk_column = digit(image, p.plane);
    walk_gap = (p.c - 1) * p.plane;
    walk_at = (image * p.c + channel) * p.plane + walk_column;
}

// Where the invocation's next element lies: each step is as long as the workgroup, and costs no division. Past the last
// one it is any number.
uint walk()
{
    const uint at = walk_at, step = gl_WorkGroupSize.x;
    walk_at += step + step / p.plane * walk_gap;
    walk_column += step % p.plane;
    if (walk_column >= p.plane) {
        walk_column -= p.plane;
        walk_at += walk_gap;
    }
    return at;
}
