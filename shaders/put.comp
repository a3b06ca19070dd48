#version 450
// x at its place in y, of which the rest stays as it is: rows of p.whole elements, of which p.part from p.begin on.
//   TENKA_PASS_fwd  0: x in   1: y out
// Exact.
#include "common/kernel.glsl"

TENKA_PARAMS(int outer; int whole; int begin; int part; int axis; int from; int to;);
READS(0, x);
WRITES(1, y);

void main()
{
    FOR_EACH(i) {
        const uint row = i / uint(p.part), at = i - row * uint(p.part);
        STORE(y, row * uint(p.whole) + uint(p.begin) + at, LOAD(x, i));
    }
}
