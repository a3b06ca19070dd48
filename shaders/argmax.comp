#version 450
// y = index of the first maximum along an axis, or of the first NaN.
//   TENKA_PASS_fwd  0: x in   1: y out (int)
// Exact.
#include "common/line_shared.glsl"

READS(0, x);
WRITES_AS(int, 1, y);
shared uint reduce_place[SUMMERS];

// Whether element r, which is v, comes before the best so far.
bool wins(float v, uint r, float largest, uint best)
{
    const bool none = is_nan(v), none_yet = is_nan(largest);
    if (none || none_yet)
        return none && (!none_yet || r < best);
    return v > largest || (v == largest && r < best);
}

// The best of a line's invocations, for every one of them.
uint reduce_best(float largest, uint best)
{
    if (SUMMERS == 1u)
        return best;
    reduce_partial[SUMMER] = largest;
    reduce_place[SUMMER] = best;
    barrier();
    for (uint width = SUMMERS / 2u; width > 0u; width /= 2u) {
        if (SUMMER < width && wins(reduce_partial[SUMMER + width], reduce_place[SUMMER + width], largest, best)) {
            reduce_partial[SUMMER] = largest = reduce_partial[SUMMER + width];
            reduce_place[SUMMER] = best = reduce_place[SUMMER + width];
        }
        barrier();
    }
    return reduce_place[0];
}

void main()
{
    const uint count = p.len;
    FOR_EACH_LINE(i) {
        const uint begin = line_begin(i);
        float largest = LOAD(x, begin);
        uint best = 0u;
        FOR_TERMS(r, k, count) {
            const float v = LOAD(x, line_at(begin, r));
            if (wins(v, r, largest, best)) {
                largest = v;
                best = r;
            }
        }
        best = reduce_best(largest, best);
        if (SUMMER == 0u)
            y[i] = int(best);
    }
}
