#version 450
// y = min(1, max_norm / (x + 1e-6)), elementwise; NaN stays NaN. Scalars: max_norm.
//   TENKA_PASS_fwd  0: x in   1: y out   2: slot
// Relative accuracy 1e-6.
#include "common/kernel.glsl"

TENKA_NO_PARAMS;
READS(0, x);
WRITES(1, y);
SCALARS(2);

void main()
{
    const float max_norm = SCALAR(0);
    FOR_EACH(i) {
        const float v = LOAD(x, i);
        const float coefficient = max_norm / (v + 1e-6);
        STORE(y, i, is_nan(v) ? v : coefficient > 1.0 && !is_nan(coefficient) ? 1.0 : coefficient);
    }
}
