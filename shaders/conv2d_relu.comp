#version 450
// y = max(conv2d(x, weight, bias), 0); NaN stays NaN.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)   3: y out
// Accuracy as conv2d.comp.
#include "common/kernel.glsl"
#include "common/relu.glsl"

TENKA_PARAMS(int n; int c; int h; int w; int o; int kh; int kw; int oh; int ow; int sh; int sw; int ph; int pw; int dh;
             int dw; int groups; int bias;);
READS(0, x);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
#include "common/conv_point.glsl"

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int ox = int(digit(rest, p.ow)), oy = int(digit(rest, p.oh)), o = int(digit(rest, p.o));
        STORE(y, i, relu(conv_point(int(rest), o, oy, ox)));
    }
}
