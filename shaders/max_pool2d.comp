#version 450
// y[c, oy, ox] = largest x[c, oy sh - ph + ky dh, ox sw - pw + kx dw] over the window, padding left out. The first
// maximum wins; NaN wins over all. x: p.nc planes of [h, w].
//   TENKA_PASS_fwd  0: x in   1: y out   2: index out (int: row * w + column of the winner within its plane)
//   TENKA_PASS_dx   0: index in (int)   1: dy in   2: dx out: each element gathers from the windows that it won
// Exact; dx is a sum of as many terms as windows overlap.
#include "common/kernel.glsl"
#define PROLOGUE(v) (v)
#ifdef TENKA_PASS_dx
READS_AS(int, 0, index);
READS(1, dy);
WRITES(2, dx);
#define GRADIENT(at) LOAD(dy, at)
#endif
#include "common/max_pool2d.glsl"
