#version 450
// y = a + b with NumPy's broadcasting.
//   TENKA_PASS_fwd  0: a in   1: b in   2: y out
// Correctly rounded.
#define COMBINE(a, b) ((a) + (b))
#include "common/binary.glsl"
