#version 450
// y = x - max - log(sum of exp(x - max)) along an axis. One invocation a line.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: y in   1: dy in   2: dx = dy - exp(y) sum of dy
// Accuracy 1e-6 absolute plus 1e-6 relative.
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
        const float log_total = log(total);
        FOR_LINE(at, i) STORE(y, at, good ? LOAD(x, at) - largest - log_total : make_nan());
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
        float total = 0.0;
        FOR_LINE(at, i) total += LOAD(dy, at);
        FOR_LINE(at, i) {
            const float v = LOAD(y, at);
            STORE(dx, at, is_nan(v) ? v : LOAD(dy, at) - exp(v) * total);
        }
    }
}
#endif
