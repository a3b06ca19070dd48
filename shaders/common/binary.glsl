// y[i] = COMBINE(a[..], b[..]) with broadcasting: y has the shape p.dim, and a and b are read at the dot product of
// the index with their strides (0 on repeated axes).
//   TENKA_PASS_fwd  0: a in   1: b in   2: y out
#include "common/kernel.glsl"

TENKA_PARAMS(int same; int dim[6]; int sa[6]; int sb[6];);
READS(0, a);
READS(1, b);
WRITES(2, y);

void main()
{
    FOR_EACH(i) {
        uint at_a = i, at_b = i;
        if (p.same == 0) {
            uint rest = i;
            at_a = at_b = 0u;
            // A rest of 0 is index 0 on all axes that remain.
            for (int axis = 5; axis >= 0 && rest > 0u; axis--) {
                const uint index = digit(rest, p.dim[axis]);
                at_a += index * p.sa[axis];
                at_b += index * p.sb[axis];
            }
        }
        STORE(y, i, COMBINE(LOAD(a, at_a), LOAD(b, at_b)));
    }
}
