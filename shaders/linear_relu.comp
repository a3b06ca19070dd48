#version 450
// y = max(x weight' + bias, 0) for x [m, k], weight [n, k], y [m, n]; NaN stays NaN.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)   3: y out
// Accuracy as linear.comp.
#include "common/linear.glsl"
#include "common/relu.glsl"

#define EPILOGUE(v) relu(v)
#include "common/linear_fwd.glsl"
