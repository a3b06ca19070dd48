#version 450
// Cross-correlation with zero padding, x [n, c, h, w], weight [o, c / groups, kh, kw], y [n, o, oh, ow]:
//   y[b, o, oy, ox] = bias[o] +
//       sum over c, ky, kx of x[b, c, oy sh - ph + ky dh, ox sw - pw + kx dw] weight[o, c, ky, kx]
//   TENKA_PASS_fwd  0: x in        1: weight in   2: bias in (when p.bias)   3: y out
//   TENKA_PASS_dx   0: weight in   1: dy in       2: dx out
//   TENKA_PASS_dw   0: x in        1: dy in       2: dweight out   3: dbias out (when p.bias)
// fwd and dx in common/conv_tile.glsl. dw: a workgroup makes 8 output channels x 8 taps.
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/conv2d.glsl"
#ifdef TENKA_PASS_dw
#define REDUCED mat4
#include "common/reduce.glsl"
#endif

TENKA_PARAMS(CONV2D_FIELDS);

#ifdef TENKA_PASS_fwd
#define EPILOGUE(v) (v)
#include "common/conv_fwd.glsl"
#endif

#ifdef TENKA_PASS_dx
READS(0, weight);
READS(1, dy);
READS_AS(vec4, 1, dy4);
WRITES(2, dx);
WRITES_AS(vec4, 2, dx4);
#define EPILOGUE(v, i) (v)
#include "common/conv_dx.glsl"
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS(1, dy);
WRITES(2, dweight);
WRITES(3, dbias);

// Where four taps look: offsets from the window's first row and column, and the first element of their channel's plane.
struct Taps {
    ivec4 row, column, plane;
};

Taps taps_from(int first, int last, int group, int cg)
{
    const uvec4 t = uvec4(min(first + ivec4(0, 1, 2, 3), ivec4(last)));
    const uvec4 line = t / uint(p.kw), c = line / uint(p.kh);
    return Taps(ivec4(line - c * p.kh) * p.dh, ivec4(t - line * p.kw) * p.dw, (group * cg + ivec4(c)) * (p.h * p.w));
}

float padded(int image, int iy, int ix, int plane)
{
    const bool inside = iy >= 0 && iy < p.h && ix >= 0 && ix < p.w;
    const float value = LOAD(x, image + plane + (inside ? iy * p.w + ix : 0));
    return inside ? value : 0.0;
}

vec4 seen(int image, ivec2 corner, Taps taps)
{
    const ivec4 iy = corner.y + taps.row, ix = corner.x + taps.column;
    return vec4(padded(image, iy.x, ix.x, taps.plane.x), padded(image, iy.y, ix.y, taps.plane.y),
                padded(image, iy.z, ix.z, taps.plane.z), padded(image, iy.w, ix.w, taps.plane.w));
}

vec4 wanted(ivec4 at)
{
    return vec4(LOAD(dy, at.x), LOAD(dy, at.y), LOAD(dy, at.z), LOAD(dy, at.w));
}

// Stores the workgroup's sum of acc: a column for each output channel from o on, a row for each tap from t on.
void store_sum(mat4 acc, int o, int o_end, int t, int taps)
{
    reduce_sum(acc);
    FOR_SHARE(r, 16u) {
        const int k = int(r / 4u), j = int(r % 4u);
        if (o + k < o_end && t + j < taps)
            STORE(dweight, (o + k) * taps + t + j, reduce_partial[0][k][j]);
    }
}

// The workgroup sums channel o of dy.
void bias_gradient(int o)
{
    const int plane = p.oh * p.ow;
    mat4 total = mat4(0.0);
    FOR_SHARE(r, p.n * plane) {
        uint b = r;
        const int at = int(digit(b, plane));
        total[0][0] += LOAD(dy, (int(b) * p.o + o) * plane + at);
    }
    reduce_sum(total);
    if (gl_LocalInvocationID.x == 0u)
        STORE(dbias, o, reduce_partial[0][0][0]);
}

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups, taps = cg * p.kh * p.kw;
    const uint biases = p.bias != 0 ? p.o : 0;
    FOR_EACH_GROUP(item) {
        if (item >= p.items - biases) {
            bias_gradient(int(item - (p.items - biases)));
            continue;
        }
        uint rest = item;
        const int t = 8 * int(digit(rest, (taps + 7) / 8));
        const int tile = 8 * int(digit(rest, (og + 7) / 8));
        const int group = int(rest), o = group * og + tile, o_end = (group + 1) * og;
        // Channels and taps past the last are computed again and not stored.
        const ivec4 dy0 = min(o + ivec4(0, 1, 2, 3), ivec4(o_end - 1)) * (p.oh * p.ow);
        const ivec4 dy1 = min(o + ivec4(4, 5, 6, 7), ivec4(o_end - 1)) * (p.oh * p.ow);
        const Taps taps0 = taps_from(t, taps - 1, group, cg), taps1 = taps_from(t + 4, taps - 1, group, cg);
        mat4 acc00 = mat4(0.0), acc01 = mat4(0.0), acc10 = mat4(0.0), acc11 = mat4(0.0); // [taps][channels]
        FOR_SHARE(r, p.n * p.oh * p.ow) {
            uint place = r;
            const int ox = int(digit(place, p.ow)), oy = int(digit(place, p.oh)), b = int(place);
            const ivec2 corner = ivec2(ox * p.sw - p.pw, oy * p.sh - p.ph);
            const int image = b * p.c * p.h * p.w, at = (b * p.o * p.oh + oy) * p.ow + ox;
            const vec4 x0 = seen(image, corner, taps0), x1 = seen(image, corner, taps1);
            const vec4 d0 = wanted(at + dy0), d1 = wanted(at + dy1);
            acc00 += outerProduct(x0, d0);
            acc01 += outerProduct(x0, d1);
            acc10 += outerProduct(x1, d0);
            acc11 += outerProduct(x1, d1);
        }
        store_sum(acc00, o, o_end, t, taps);
        store_sum(acc01, o + 4, o_end, t, taps);
        store_sum(acc10, o, o_end, t + 4, taps);
        store_sum(acc11, o + 4, o_end, t + 4, taps);
    }
}
#endif
