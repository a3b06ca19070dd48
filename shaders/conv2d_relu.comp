#version 450
// y = max(conv2d(x, weight, bias), 0); NaN stays NaN.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)   3: y out
// Accuracy as conv2d.comp.
#include "common/conv2d.glsl"
#include "common/relu.glsl"

TENKA_PARAMS(CONV2D_FIELDS);
#define EPILOGUE(v) relu(v)
#include "common/conv_fwd.glsl"
