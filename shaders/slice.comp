#version 450
// A part of x along one axis: rows of p.whole elements, of which p.part from p.begin on.
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: dy in   1: dx out: dy at its place, 0 around it
// Exact.
#include "common/kernel.glsl"

TENKA_PARAMS(int outer; int whole; int begin; int part; int axis; int from; int to;);

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);
void main()
{
    FOR_EACH(i) {
        const uint row = i / uint(p.part), at = i - row * uint(p.part);
        STORE(y, i, LOAD(x, row * uint(p.whole) + uint(p.begin) + at));
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, dy);
WRITES(1, dx);
void main()
{
    FOR_EACH(i) {
        const uint row = i / uint(p.whole), at = i - row * uint(p.whole) - uint(p.begin);
        STORE(dx, i, at < uint(p.part) ? LOAD(dy, row * uint(p.part) + at) : 0.0);
    }
}
#endif
