#version 450
// y = max_pool2d(max(conv2d(x, weight, bias), 0)) by windows that do not overlap: each invocation computes the
// convolution where its window looks. The first maximum wins; NaN wins over all.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)   3: y out   4: index out (int: row * ow + column)
//   TENKA_PASS_dw   0: x in   1: y in   2: index in (int)   3: dy in   4: dweight out   5: dbias out (when p.bias)
// Accuracy as conv2d.comp.
#include "common/kernel.glsl"
#include "common/relu.glsl"

TENKA_PARAMS(int n; int c; int h; int w; int o; int kh; int kw; int oh; int ow; int sh; int sw; int ph; int pw; int dh;
             int dw; int groups; int bias; int pool_oh;
             int pool_ow; int pool_kh; int pool_kw; int pool_sh; int pool_sw;);

#ifdef TENKA_PASS_fwd
READS(0, x);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
WRITES_AS(int, 4, index);
#include "common/conv_point.glsl"

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int left = int(digit(rest, p.pool_ow)) * p.pool_sw, top = int(digit(rest, p.pool_oh)) * p.pool_sh;
        const int o = int(digit(rest, p.o)), b = int(rest);
        float best = 0.0;
        int winner = -1;
        for (int oy = top; oy < top + p.pool_kh; oy++) {
            for (int ox = left; ox < left + p.pool_kw; ox++) {
                const float value = relu(conv_point(b, o, oy, ox));
                if (is_nan(value) || winner < 0 || (value > best && !is_nan(best))) {
                    best = value;
                    winner = oy * p.ow + ox;
                }
            }
        }
        STORE(y, i, best);
        index[i] = winner;
    }
}
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS(1, y);
READS_AS(int, 2, index);
READS(3, dy);
WRITES(4, dweight);
WRITES(5, dbias);

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups, plane = p.pool_oh * p.pool_ow;
    const uint weights = p.o * cg * p.kh * p.kw;
    FOR_EACH(i) {
        const bool is_bias = i >= weights;
        uint rest = is_bias ? 0u : i;
        const int kx = int(digit(rest, p.kw)), ky = int(digit(rest, p.kh)), c = int(digit(rest, cg));
        const int o = is_bias ? int(i - weights) : int(rest), channel = o / og * cg + c;
        float sum = 0.0;
        for (int k = 0; k < p.n * plane; k++) {
            const int b = k / plane, at = (b * p.o + o) * plane + k - b * plane, winner = index[at];
            const float d = relu_back(LOAD(y, at), LOAD(dy, at));
            const int iy = winner / p.ow * p.sh - p.ph + ky * p.dh, ix = winner % p.ow * p.sw - p.pw + kx * p.dw;
            const bool inside = iy >= 0 && iy < p.h && ix >= 0 && ix < p.w;
            const float seen = LOAD(x, ((b * p.c + channel) * p.h + (inside ? iy : 0)) * p.w + (inside ? ix : 0));
            sum += is_bias ? d : d * (inside ? seen : 0.0);
        }
        if (is_bias)
            STORE(dbias, o, sum);
        else
            STORE(dweight, i, sum);
    }
}
#endif
