#version 450
// The gradient of a convolution's input, sent on through the ReLU whose output, the mask, the input is.
//   TENKA_PASS_fwd  0: weight in   1: dy in   2: mask in   3: dx out (0 where mask <= 0)
// Accuracy as conv2d.comp.
#include "common/conv2d.glsl"
#include "common/relu.glsl"

TENKA_PARAMS(CONV2D_FIELDS);
READS(0, weight);
READS(1, dy);
READS_AS(vec4, 1, dy4);
READS(2, mask);
WRITES(3, dx);
WRITES_AS(vec4, 3, dx4);
#define EPILOGUE(v, i) relu_back(LOAD(mask, i), v)
#include "common/conv_dx.glsl"
