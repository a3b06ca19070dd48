// Lines along an axis that are long or short, SHARED: LINE_SHARED of src/op/tiles.h. A long one is summed in WIDTH lanes
// as in reduce.glsl, by a workgroup or, in a variant for software devices, by one invocation. A short one is one
// invocation's, and summed in one lane, or in a few.
#include "common/line.glsl"

layout(constant_id = 1) const uint SHARERS = 64u; // invocations that a long line has
layout(constant_id = 9) const uint SHARED = 0u;
const uint SUMMERS = SHARED != 0u ? SHARERS : 1u;
#define SUMMER (SUMMERS > 1u ? gl_LocalInvocationID.x : 0u)
#include "common/reduce.glsl"

// Once in a shader: what follows runs for each line, in all invocations that have it.
#define FOR_EACH_LINE(i)                                                                                          \
    const uint i = SUMMERS > 1u ? group_number() : group_number() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;  \
    if (i < uint(p.outer) * p.inner)

// Whether a line has an element r: the last turn goes beyond the end, but where it is of one element.
bool is_inside(uint r)
{
    return TURN == 1u || r < p.len;
}

// Element r of the line that begins there, or the last.
uint line_at(uint begin, uint r)
{
    return begin + (TURN == 1u ? r : min(r, p.len - 1u)) * p.inner;
}

// Adds a term of a sum of both signs to lane k. Of an only lane `lost` is what it has gained too much so far, 0 at
// first. Source: Kahan, 1965.
void line_add(uint k, REDUCED term, inout REDUCED lost)
{
    if (WIDTH > 1u) {
        lane_add(k, term);
    } else {
        precise const REDUCED wanted = term - lost, next = lanes[0] + wanted, gained = next - lanes[0];
        lost = gained - wanted;
        lanes[0] = next;
    }
}

// array[at] = result(r, at) for each element r of the line that begins there. All loads of a turn come first, since a
// compiler must take a store for one into what is loaded. `precise`, so that a compiler rounds alike in all variants.
#define STORE_LINE(array, begin, result)                                        \
    FOR_TURNS(first_, p.len) {                                                  \
        float v_[TURN];                                                         \
        FOR_TURN(r_, k_, first_) {                                              \
            precise const float one_ = result(r_, line_at(begin, r_));          \
            v_[k_] = one_;                                                      \
        }                                                                       \
        FOR_TURN(r_, k_, first_)                                                \
            if (is_inside(r_))                                                  \
                STORE(array, line_at(begin, r_), v_[k_]);                       \
    }
