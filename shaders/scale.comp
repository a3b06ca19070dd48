#version 450
// y = factor * x, elementwise. Scalars: factor.
//   TENKA_PASS_fwd  0: x in   1: y out   2: slot
// Correctly rounded.
#include "common/kernel.glsl"

TENKA_NO_PARAMS;
READS(0, x);
WRITES(1, y);
SCALARS(2);

void main()
{
    const float factor = SCALAR(0);
    FOR_EACH(i) STORE(y, i, factor * LOAD(x, i));
}
