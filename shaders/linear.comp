#version 450
// y = x weight' + bias for x [m, k], weight [n, k], y [m, n].
//   TENKA_PASS_fwd  0: x in        1: weight in   2: bias in (when p.bias)   3: y out
//   TENKA_PASS_dx   0: weight in   1: dy in       2: dx out = dy weight
//   TENKA_PASS_dw   0: x in        1: dy in       2: dweight out = dy' x     3: dbias out (when p.bias): columns of dy
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/linear.glsl"

#ifdef TENKA_PASS_fwd
#define EPILOGUE(v) (v)
#include "common/linear_fwd.glsl"
#endif

#ifdef TENKA_PASS_dx
READS_FOURS(0, weight);
READS_FOURS(1, dy);
WRITES_FOURS(2, dx);
#define FINISH_DX(i, j, v) STORE_FOURS(dx, FOURS_K, (i) * p.k + (j), p.k - (j), v)
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
