#version 450
// y = x - max - log(sum of exp(x - max)) along an axis.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: y in   1: dy in   2: dx = dy - exp(y) sum of dy
// Accuracy 1e-6 absolute plus 1e-6 relative.
#include "common/line_shared.glsl"
#include "common/line_largest.glsl"

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);
void main()
{
    const uint count = p.len;
    FOR_EACH_LINE(i) {
        const uint begin = line_begin(i);
        float largest = LOAD(x, begin);
        FOR_TERMS(r, k, count) largest = larger(largest, LOAD(x, line_at(begin, r)));
        largest = reduce_largest(largest);
        const bool good = is_finite(largest);
        lanes_begin();
        FOR_TERMS(r, k, count) {
            const float v = exp(LOAD(x, line_at(begin, r)) - largest);
            lane_add(k, is_inside(r) ? v : 0.0);
        }
        const float log_total = log(lanes_sum());
#define RESULT(r, at) if_good(good, LOAD(x, at) - largest - log_total)
        STORE_LINE(y, begin, RESULT)
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, y);
READS(1, dy);
WRITES(2, dx);

float gradient(float v, float d, float total)
{
    precise const float result = is_nan(v) ? v : d - exp(v) * total;
    return result;
}
#define RESULT(r, at) gradient(LOAD(y, at), LOAD(dy, at), total)

void main()
{
    const uint count = p.len;
    FOR_EACH_LINE(i) {
        const uint begin = line_begin(i);
        float lost = 0.0;
        lanes_begin();
        FOR_TERMS(r, k, count) {
            const float v = LOAD(dy, line_at(begin, r));
            line_add(k, is_inside(r) ? v : 0.0, lost);
        }
        const float total = lanes_sum();
        STORE_LINE(dx, begin, RESULT)
    }
}
#endif
