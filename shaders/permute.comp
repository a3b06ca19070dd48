#version 450
// y = x with its axes in another order.
//   TENKA_PASS_fwd  0: x in   1: y out
// Exact.
#include "common/strided.glsl"
