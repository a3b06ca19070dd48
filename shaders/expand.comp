#version 450
// y = x repeated along axes of size 1, divided by p.divide (the gradient of a mean).
//   TENKA_PASS_fwd  0: x in   1: y out
// Exact when p.divide is 1, else relative accuracy 2.5 ulp.
#include "common/strided.glsl"
