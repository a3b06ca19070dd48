// Sums over a workgroup whose bits repeat, and are the same in a workgroup of any size: term r belongs to lane
// r % WIDTH, and the lanes are added by a tree of fixed order. An invocation has LANES of them, every
// gl_WorkGroupSize.x-th.
// Define REDUCED before the include to sum vectors or matrices.
#extension GL_EXT_control_flow_attributes : require
#ifndef REDUCED
#define REDUCED float
#endif
layout(constant_id = 8) const int WIDTH = 64; // SUM_WIDTH of src/op/tiles.h; at least a workgroup
const int LANES = WIDTH > int(gl_WorkGroupSize.x) ? WIDTH / int(gl_WorkGroupSize.x) : 1;
const int MOST_LANES = 16; // 1024 lanes in a workgroup of 64
shared REDUCED reduce_partial[gl_WorkGroupSize.x];

// The sum of value over the workgroup, for every invocation. All invocations must call it.
REDUCED reduce_sum(REDUCED value)
{
    const uint me = gl_LocalInvocationID.x;
    barrier(); // an earlier sum may still be being read
    reduce_partial[me] = value;
    barrier();
    for (uint width = gl_WorkGroupSize.x / 2u; width > 0u; width /= 2u) {
        if (me < width)
            reduce_partial[me] += reduce_partial[me + width];
        barrier();
    }
    return reduce_partial[0];
}

// One step of the tree; lanes so far apart are an invocation's own. Loops that compilers can count.
#define ADD_APART(apart)                                        \
    if (LANES > apart)                                          \
        [[unroll]] for (int k = 0; k < apart; k++)              \
            lanes[k] += lanes[k + apart]

REDUCED reduce_lanes(REDUCED lanes[MOST_LANES])
{
    ADD_APART(8);
    ADD_APART(4);
    ADD_APART(2);
    ADD_APART(1);
    return reduce_sum(lanes[0]);
}

// Declares result, the sum of term over r = 0 .. count - 1, for every invocation; all invocations must come here.
// Precise, because a compiler might contract a product in one variant and not in another.
#define SUM_TERMS(result, r, count, term)                                                       \
    precise REDUCED result##_lanes[MOST_LANES];                                                      \
    [[unroll]] for (int lane = 0; lane < LANES; lane++)                                         \
        result##_lanes[lane] = REDUCED(0.0);                                                    \
    for (uint base = gl_LocalInvocationID.x; base < (count); base += uint(WIDTH))               \
        [[unroll]] for (int lane = 0; lane < LANES; lane++) {                                   \
            const uint r = base + uint(lane) * gl_WorkGroupSize.x;                              \
            if (r < (count))                                                                    \
                result##_lanes[lane] += term;                                                   \
        }                                                                                       \
    const REDUCED result = reduce_lanes(result##_lanes)
