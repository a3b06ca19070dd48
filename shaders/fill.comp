#version 450
// y = value in every element. Scalars: value.
//   TENKA_PASS_fwd  0: y out   1: slot
// Exact.
#include "common/kernel.glsl"

TENKA_NO_PARAMS;
WRITES(0, y);
SCALARS(1);

void main()
{
    const float value = SCALAR(0);
    FOR_EACH(i) STORE(y, i, value);
}
