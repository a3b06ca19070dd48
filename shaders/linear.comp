#version 450
// y = x weight' + bias, and the activation p.act of that, for x [m, k], weight [n, k], y [m, n].
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)    3: y out
//   TENKA_PASS_dx   0: x in (when p.before)  1: weight in   2: dy in     3: dx out = dy weight, back through p.before
//   TENKA_PASS_dw   0: x in   1: dy in       2: dweight out = dy' x      3: dbias out (when p.bias): columns of dy
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/linear.glsl"

#ifdef TENKA_PASS_fwd
#include "common/linear_fwd.glsl"
#endif

#ifdef TENKA_PASS_dx
READS_FOURS(0, x);
READS_FOURS(1, weight);
READS_FOURS(2, dy);
WRITES_FOURS(3, dx);
#include "common/linear_dx.glsl"

void main()
{
    FOR_EACH_GROUP(g) input_gradient(g);
}
#endif

#ifdef TENKA_PASS_dw
READS_FOURS(0, x);
READS_FOURS(1, dy);
WRITES_FOURS(2, dweight);
WRITES(3, dbias);
#define DW_SPLITS SPLITS
#include "common/linear_dw.glsl"

void main()
{
    FOR_EACH_GROUP(g) weight_gradient(g);
}
#endif
