#version 450
// y = x, in 32-bit words of any meaning; the last word of a tensor of bytes may hold padding.
//   TENKA_PASS_fwd  0: x in   1: y out
// Exact.
#include "common/kernel.glsl"

TENKA_PARAMS(int words;);
READS_AS(uint, 0, x);
WRITES_AS(uint, 1, y);

void main()
{
    FOR_EACH(i) y[i] = x[i];
}
