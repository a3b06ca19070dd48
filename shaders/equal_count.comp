#version 450
// y = how many of p.n elements of a and b are equal. One workgroup.
//   TENKA_PASS_fwd  0: a in (int)   1: b in (int)   2: y out
// Exact up to 2^24.
#include "common/kernel.glsl"
#include "common/reduce.glsl"

TENKA_PARAMS(int n; int c; int plane;);
READS_AS(int, 0, a);
READS_AS(int, 1, b);
WRITES(2, y);

void main()
{
    const uint n = p.n;
    FOR_EACH_GROUP(g) {
        lanes_begin();
        FOR_TERMS(r, k, n) {
            const uint at = min(r, n - 1u);
            const bool equal = a[at] == b[at];
            lane_add(k, equal && r < n ? 1.0 : 0.0);
        }
        const float count = lanes_sum();
        if (gl_LocalInvocationID.x == 0u)
            STORE(y, g, count);
    }
}
