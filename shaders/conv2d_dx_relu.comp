#version 450
// The gradient of a convolution's input, sent on through the ReLU whose output, the mask, the input is.
//   TENKA_PASS_fwd  0: weight in   1: dy in   2: mask in   3: dx out (0 where mask <= 0)
// Accuracy as conv2d.comp.
#include "common/kernel.glsl"
#include "common/relu.glsl"

TENKA_PARAMS(int n; int c; int h; int w; int o; int kh; int kw; int oh; int ow; int sh; int sw; int ph; int pw; int dh;
             int dw; int groups; int bias;);
READS(0, weight);
READS(1, dy);
READS(2, mask);
WRITES(3, dx);

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups;
    FOR_EACH(i) {
        uint rest = i;
        const int ix = int(digit(rest, p.w)), iy = int(digit(rest, p.h)), c = int(digit(rest, p.c)), b = int(rest);
        const int group = c / cg;
        float sum = 0.0;
        for (int o = group * og; o < group * og + og; o++) {
            for (int ky = 0; ky < p.kh; ky++) {
                const int ty = iy + p.ph - ky * p.dh, oy = ty / p.sh;
                for (int kx = 0; kx < p.kw; kx++) {
                    const int tx = ix + p.pw - kx * p.dw, ox = tx / p.sw;
                    const bool seen = ty >= 0 && oy * p.sh == ty && oy < p.oh && tx >= 0 && ox * p.sw == tx && ox < p.ow;
                    const float d = seen ? LOAD(dy, ((b * p.o + o) * p.oh + oy) * p.ow + ox) : 0.0;
                    sum += d * LOAD(weight, ((o * cg + c - group * cg) * p.kh + ky) * p.kw + kx);
                }
            }
        }
        STORE(dx, i, relu_back(LOAD(mask, i), sum));
    }
}
