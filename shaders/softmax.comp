#version 450
// y = exp(x - max) / sum of exp(x - max) along an axis. One invocation a line.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: y in   1: dy in   2: dx = y (dy - sum of y dy)
// Relative accuracy 1e-5 (3 + 2 |x - max| ulp for exp, and len ulp for the sum).
#include "common/line.glsl"

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);
void main()
{
    FOR_EACH(i) {
        float largest = LOAD(x, line_begin(i)), total = 0.0;
        FOR_LINE(at, i) largest = larger(largest, LOAD(x, at));
        const bool good = is_finite(largest);
        FOR_LINE(at, i) total += exp(LOAD(x, at) - largest);
        FOR_LINE(at, i) STORE(y, at, good ? exp(LOAD(x, at) - largest) / total : make_nan());
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, y);
READS(1, dy);
WRITES(2, dx);
void main()
{
    FOR_EACH(i) {
        float along = 0.0;
        FOR_LINE(at, i) along += LOAD(y, at) * LOAD(dy, at);
        FOR_LINE(at, i) STORE(dx, at, LOAD(y, at) * (LOAD(dy, at) - along));
    }
}
#endif
