#version 450
// y = max_pool2d(max(x, 0)). An element of x is above 0 where the maxima that it is are: the gradient needs y alone.
//   TENKA_PASS_fwd  0: x in   1: y out   2: index out (int), as max_pool2d's
//   TENKA_PASS_dx   0: y in   1: index in (int)   2: dy in   3: dx out: each dy goes to its winner, unless y <= 0
// Exact; dx is a sum of as many terms as windows overlap.
#include "common/kernel.glsl"
#include "common/relu.glsl"
#define PROLOGUE(v) relu(v)
#ifdef TENKA_PASS_dx
READS(0, y);
READS_AS(int, 1, index);
READS(2, dy);
WRITES(3, dx);
#define GRADIENT(at) relu_back(LOAD(y, at), LOAD(dy, at))
#endif
#include "common/max_pool2d.glsl"
