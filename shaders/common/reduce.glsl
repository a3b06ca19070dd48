// Sums over a workgroup whose bits repeat, and are the same in a workgroup of any size: term r belongs to lane
// r % WIDTH, and the lanes are added by a tree of fixed order. An invocation has LANES of the lanes, every
// gl_WorkGroupSize.x-th. Define REDUCED before the include to sum vectors or matrices.
//
//   lanes_begin();
//   FOR_TERMS(r, k, count) {
//       const float v = LOAD(x, min(r, count - 1u));   // no branches, so that many loads are on their way at once
//       lane_add(k, r < count ? v : 0.0);              // a 0 changes no bit of a sum that begins with 0
//   }
//   const float total = lanes_sum();
//
// A term with a product is `precise`: a compiler might contract it in one variant and not in another.
#extension GL_EXT_control_flow_attributes : require
#ifndef REDUCED
#define REDUCED float
#endif
// Invocations that make a sum together, and the number of this one among them.
#ifndef SUMMER
#define SUMMERS gl_WorkGroupSize.x
#define SUMMER gl_LocalInvocationID.x
#endif
// Sums that a workgroup makes side by side, each by SUMMERS of its invocations, and which of them this one works at.
#ifndef SIDES
#define SIDES 1u
#define SIDE 0u
#endif
layout(constant_id = 8) const uint CUT = 64u | 1u << 16; // SUM_CUT of src/op/tiles.h
const uint WIDTH = CUT & 0xffffu;                        // at least a workgroup
const uint LEAST = CUT >> 16;
const uint LANES = WIDTH > SUMMERS ? WIDTH / SUMMERS : 1u;
// Terms that an invocation takes at a time, LANES_TURN of src/op/tiles.h.
const uint TURN = WIDTH > 64u && LANES > 4u ? 2u * LANES : LANES > LEAST ? LANES : LEAST;

REDUCED lanes[LANES];
shared REDUCED reduce_partial[SUMMERS * SIDES];

// The turns of count terms, with an invocation's first term of each; and a turn's terms.
#define FOR_TURNS(first, count) \
    for (uint first = SUMMER; first < (count); first += TURN * SUMMERS)
#define FOR_TURN(r, k, first) [[unroll]] for (uint k = 0u, r = first; k < TURN; k++, r += SUMMERS)
#define FOR_TERMS(r, k, count) FOR_TURNS(first_, count) FOR_TURN(r, k, first_)

void lanes_begin()
{
    [[unroll]] for (uint k = 0u; k < LANES; k++)
        lanes[k] = REDUCED(0.0);
}

void lane_add(uint k, REDUCED term)
{
    lanes[k % LANES] += term;
}

// The same where a compiler does not know k: an index that varies would put the lanes into memory.
void any_lane_add(uint k, REDUCED term)
{
    [[unroll]] for (uint i = 0u; i < LANES; i++)
        lanes[i] += i == k ? term : REDUCED(0.0);
}

// The sum of value over the summers, for every one of them. All invocations must call it.
REDUCED reduce_sum(REDUCED value)
{
    const uint me = SUMMER;
    if (SUMMERS == 1u)
        return value;
    barrier(); // an earlier sum may still be being read
    reduce_partial[me * SIDES + SIDE] = value;
    barrier();
    for (uint width = SUMMERS / 2u; width > 0u; width /= 2u) {
        if (me < width) {
            value += reduce_partial[(me + width) * SIDES + SIDE];
            reduce_partial[me * SIDES + SIDE] = value;
        }
        barrier();
    }
    return reduce_partial[SIDE];
}

// One step of the tree; lanes so far apart are an invocation's own. Loops that compilers can count.
#define ADD_APART(apart)                                        \
    if (LANES > apart)                                          \
        [[unroll]] for (uint k = 0u; k < apart; k++)            \
            lanes[k] += lanes[k + apart]

// The sum of all lanes, as above.
REDUCED lanes_sum()
{
    ADD_APART(32u);
    ADD_APART(16u);
    ADD_APART(8u);
    ADD_APART(4u);
    ADD_APART(2u);
    ADD_APART(1u);
    return reduce_sum(lanes[0]);
}
