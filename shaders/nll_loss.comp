#version 450
// y = -x[i, target[i]], x [n, c] log-probabilities, reduced over i by p.reduction; NaN where the target is no class.
//   TENKA_PASS_fwd  0: x in   1: target in (int)   2: y out
//   TENKA_PASS_dx   0: target in (int)   1: dy in   2: dx = -dy (/ n for the mean) at the targets, 0 elsewhere
// mean, sum: one workgroup, by common/reduce.glsl; none: a workgroup for every 64 rows.
// Each lane adds every WIDTH-th term, then a tree: within n / WIDTH + 10 ulp of the sum of the absolute terms.
#include "common/kernel.glsl"
#include "common/reduce.glsl"

TENKA_PARAMS(int n; int c; int reduction;);
const int MEAN = 0, NONE = 2; // of enum tenka_reduction

#ifdef TENKA_PASS_fwd
READS(0, x);
READS_AS(int, 1, target);
WRITES(2, y);

float loss(uint i)
{
    const int label = target[i];
    const bool counts = label >= 0 && label < p.c;
    const float v = LOAD(x, i * p.c + (counts ? label : 0));
    return counts ? -v : make_nan();
}

void main()
{
    FOR_EACH_GROUP(g) {
        if (p.reduction == NONE) {
            for (uint i = g * 64u + gl_LocalInvocationID.x; i < min(g * 64u + 64u, p.n); i += gl_WorkGroupSize.x)
                STORE(y, i, loss(i));
        } else {
            const uint n = p.n;
            lanes_begin();
            FOR_TERMS(i, k, n) {
                const float v = loss(min(i, n - 1u));
                lane_add(k, i < n ? v : 0.0);
            }
            const float total = lanes_sum();
            if (gl_LocalInvocationID.x == 0u)
                STORE(y, 0, p.reduction == MEAN ? total / float(p.n) : total);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
READS_AS(int, 0, target);
READS(1, dy);
WRITES(2, dx);

void main()
{
    const float share = p.reduction == MEAN ? float(p.n) : 1.0;
    FOR_EACH(i) {
        uint row = i;
        const int label = int(digit(row, p.c));
        const uint at = p.reduction == NONE ? row : 0u;
        STORE(dx, i, target[row] == label ? -LOAD(dy, at) / share : 0.0);
    }
}
#endif
