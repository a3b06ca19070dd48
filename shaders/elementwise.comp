#version 450
// The elementwise operators. The build says which one: TENKA_NAME; of one input with TENKA_NUMBERS scalars, whose
// gradient is made of x (TENKA_OF_X), of y (TENKA_OF_Y) or of neither, or of TENKA_TWO inputs with NumPy's broadcasting.
//   one  TENKA_PASS_fwd  x in, y out, slot where there are scalars
//        TENKA_PASS_dx   x or y in, dy in, dx out, slot
//   two  TENKA_PASS_fwd  0: a in   1: b in   2: y out; y has the shape p.dim, and a and b are read at the dot product of
//                        the index with their strides (0 on repeated axes)
#include "common/kernel.glsl"
#include "common/elementwise.glsl"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define VALUE_HERE JOIN(TENKA_NAME, _value)
#define BACK_HERE JOIN(TENKA_NAME, _back)

#ifdef TENKA_TWO
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
        STORE(y, i, VALUE_HERE(LOAD(a, at_a), LOAD(b, at_b)));
    }
}
#else
TENKA_NO_PARAMS;
#if defined TENKA_PASS_fwd
#define OUT_SLOT 1
#define OUT y
READS(0, x);
#elif defined TENKA_OF_X || defined TENKA_OF_Y
#define OUT_SLOT 2
#define OUT dx
READS(0, v);
READS(1, dy);
#else
#define OUT_SLOT 1
#define OUT dx
READS(0, dy);
#define v dy
#endif
#define NAMED(macro, slot, name) macro(slot, name)
NAMED(WRITES, OUT_SLOT, OUT);

#if TENKA_NUMBERS > 0
#if OUT_SLOT == 2
SCALARS(3);
#else
SCALARS(2);
#endif
#define FIRST SCALAR(0)
#else
#define FIRST 0.0
#endif
#if TENKA_NUMBERS > 1
#define SECOND SCALAR(1)
#else
#define SECOND 0.0
#endif

void main()
{
    FOR_EACH(i) {
#ifdef TENKA_PASS_fwd
        STORE(y, i, VALUE_HERE(LOAD(x, i), FIRST, SECOND));
#else
        STORE(dx, i, BACK_HERE(LOAD(v, i), LOAD(dy, i), FIRST, SECOND));
#endif
    }
}
#endif
