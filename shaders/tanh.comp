#version 450
// y = tanh(x), elementwise.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: y in   1: dy in   2: dx = dy (1 - y^2)
// Relative accuracy 1e-6.
#include "common/kernel.glsl"
#include "common/tanh.glsl"

TENKA_NO_PARAMS;

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);

void main()
{
    FOR_EACH(i) {
        const float v = LOAD(x, i);
        STORE(y, i, tanh_of(v));
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, y);
READS(1, dy);
WRITES(2, dx);
void main()
{
    FOR_EACH(i) STORE(dx, i, LOAD(dy, i) * (1.0 - LOAD(y, i) * LOAD(y, i)));
}
#endif
