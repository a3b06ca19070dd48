#version 450
// y = x, in 32-bit words of any meaning; the last word of a tensor of bytes may hold padding. An item is four words.
//   TENKA_PASS_fwd  0: x in   1: y out
// Exact.
#include "common/kernel.glsl"

TENKA_PARAMS(int words;);
READS_AS(uvec4, 0, x);
WRITES_AS(uvec4, 1, y);

void main()
{
    FOR_EACH(i) {
        const uint room = uint(p.words) - 4u * i;
        STORE_QUAD(y, i, room, x[i]);
    }
}
