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
    FOR_EACH_GROUP(g) {
        float count = 0.0;
        FOR_SHARE(r, p.n) count += a[r] == b[r] ? 1.0 : 0.0;
        count = reduce_sum(count);
        if (gl_LocalInvocationID.x == 0u)
            STORE(y, g, count);
    }
}
