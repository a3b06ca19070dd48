#version 450
// y = max(x, 0), elementwise. NaN stays NaN; the gradient at 0 is 0.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: y in   1: dy in   2: dx = y <= 0 ? 0 : dy
// Exact.
#include "common/kernel.glsl"

TENKA_NO_PARAMS;

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);
void main()
{
    FOR_EACH(i) {
        const float v = LOAD(x, i);
        STORE(y, i, v <= 0.0 && !is_nan(v) ? 0.0 : v);
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
        const float v = LOAD(y, i);
        STORE(dx, i, v <= 0.0 && !is_nan(v) ? 0.0 : LOAD(dy, i));
    }
}
#endif
