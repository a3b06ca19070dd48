// y[i] = x[..] / divide: y has the shape p.dim, and x is read at the dot product of the index with p.stride.
//   TENKA_PASS_fwd  0: x in   1: y out
#include "common/kernel.glsl"

TENKA_PARAMS(int dim[6]; int stride[6]; int divide;);
READS(0, x);
WRITES(1, y);

void main()
{
    const float divide = float(p.divide);
    FOR_EACH(i) {
        uint rest = i, at = 0u;
        // A rest of 0 is index 0 on all axes that remain.
        for (int axis = 5; axis >= 0 && rest > 0u; axis--)
            at += digit(rest, p.dim[axis]) * p.stride[axis];
        STORE(y, i, LOAD(x, at) / divide);
    }
}
