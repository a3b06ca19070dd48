#version 450
// y = sqrt(x), elementwise; NaN below 0.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: y in   1: dy in   2: dx = dy / (2 y)
// Relative accuracy 1e-6: Vulkan allows sqrt as 1 / inversesqrt, and division, 2.5 ulp each.
#include "common/kernel.glsl"

TENKA_NO_PARAMS;

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);
void main()
{
    FOR_EACH(i) {
        const float v = LOAD(x, i);
        // GLSL leaves both cases undefined.
        STORE(y, i, is_nan(v) || v < 0.0 ? make_nan() : sqrt(v));
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, y);
READS(1, dy);
WRITES(2, dx);
void main()
{
    FOR_EACH(i) STORE(dx, i, LOAD(dy, i) * 0.5 / LOAD(y, i));
}
#endif
