// Lines along the middle axis of x [outer, len, inner]: item i is the line (i / inner, i % inner).
#include "common/kernel.glsl"

TENKA_PARAMS(int outer; int len; int inner; int dim;);

// The first element of line i; the next ones follow p.inner apart.
uint line_begin(uint i)
{
    uint outer = i;
    const uint inner = digit(outer, p.inner);
    return outer * p.len * p.inner + inner;
}
#define FOR_LINE(at, i) \
    for (uint at = line_begin(i), at##_end = at + p.len * p.inner; at < at##_end; at += p.inner)

// The larger one, or NaN when there is one; max() may drop it.
float larger(float a, float b)
{
    return is_nan(a) || (!is_nan(b) && a > b) ? a : b;
}

// A line with a NaN, or whose largest element is infinite, has no softmax. Told by bits, since exp(NaN) is undefined.
bool is_finite(float x)
{
    return (floatBitsToUint(x) & 0x7f800000u) != 0x7f800000u;
}
