#version 450
// y = tanh(x), elementwise.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: y in   1: dy in   2: dx = dy (1 - y^2)
// Relative accuracy 1e-6. GLSL's own tanh may be a quotient of overflowing exponentials, hence this one: of
// exp(-2 |x|), which cannot overflow, and near 0, where 1 - exp(-2 |x|) cancels, the Taylor series to x^7.
#include "common/kernel.glsl"

TENKA_NO_PARAMS;

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);

float tanh_of(float v)
{
    const float s = v * v, e = exp(-2.0 * abs(v));
    const float near = v - v * s * (1.0 / 3.0 - s * (2.0 / 15.0 - s * (17.0 / 315.0)));
    const float far = (1.0 - e) / (1.0 + e);
    return abs(v) < 0.2 ? near : v < 0.0 ? -far : far;
}

void main()
{
    FOR_EACH(i) {
        const float v = LOAD(x, i);
        STORE(y, i, is_nan(v) ? v : tanh_of(v));
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
