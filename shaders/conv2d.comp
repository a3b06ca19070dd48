#version 450
// Cross-correlation with zero padding, x [n, c, h, w], weight [o, c / groups, kh, kw], y [n, o, oh, ow]:
//   y[b, o, oy, ox] = bias[o] + sum over c, ky, kx of x[b, c, oy sh - ph + ky dh, ox sw - pw + kx dw] weight[o, c, ky, kx]
//   TENKA_PASS_fwd  0: x in        1: weight in   2: bias in (when p.bias)   3: y out
//   TENKA_PASS_dx   0: weight in   1: dy in       2: dx out
//   TENKA_PASS_dw   0: x in        1: dy in       2: dweight out
//   TENKA_PASS_db   0: dy in       1: dbias out
// fwd and dx: an invocation makes 4 channels x 4 neighbouring columns in registers. With stride and dilation 1 its
// window of the input slides, one new value a tap. dw: a workgroup makes 4 output channels x 4 taps.
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/kernel.glsl"
#if defined(TENKA_PASS_dw) || defined(TENKA_PASS_db)
#include "common/reduce.glsl"
#endif

TENKA_PARAMS(int n; int c; int h; int w; int o; int kh; int kw; int oh; int ow; int sh; int sw; int ph; int pw; int dh;
             int dw; int groups; int bias;);

#ifdef TENKA_PASS_fwd
READS(0, x);
READS(1, weight);
READS(2, bias);
WRITES(3, y);

// Element column of the row that begins at row; 0 in the padding. The clamp keeps the address legal.
float padded(int row, int column)
{
    const float value = LOAD(x, row + clamp(column, 0, p.w - 1));
    return column >= 0 && column < p.w ? value : 0.0;
}

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups, taps = p.kh * p.kw;
    FOR_EACH(i) {
        uint rest = i;
        const int ox = 4 * int(digit(rest, (p.ow + 3) / 4));
        const int oy = int(digit(rest, p.oh));
        const int tile = 4 * int(digit(rest, (og + 3) / 4));
        const int group = int(digit(rest, p.groups));
        const int b = int(rest);
        const int last = og - 1 - tile; // channels past it are computed again and not stored
        const ivec4 out_channel = group * og + tile + min(ivec4(0, 1, 2, 3), ivec4(last));
        const int ix = ox * p.sw - p.pw;
        vec4 acc0 = vec4(0.0), acc1 = vec4(0.0), acc2 = vec4(0.0), acc3 = vec4(0.0);
        for (int c = 0; c < cg; c++) {
            for (int ky = 0; ky < p.kh; ky++) {
                const int iy = oy * p.sh - p.ph + ky * p.dh;
                if (iy < 0 || iy >= p.h)
                    continue;
                const int row = ((b * p.c + group * cg + c) * p.h + iy) * p.w;
                const ivec4 filters = out_channel * (cg * taps) + (c * taps + ky * p.kw);
                const bool slides = p.sw == 1 && p.dw == 1;
                vec4 v = vec4(0.0);
                if (slides)
                    v.yzw = vec3(padded(row, ix), padded(row, ix + 1), padded(row, ix + 2));
                for (int kx = 0; kx < p.kw; kx++) {
                    const int from = ix + kx * p.dw;
                    if (slides)
                        v = vec4(v.yzw, padded(row, from + 3));
                    else
                        v = vec4(padded(row, from), padded(row, from + p.sw), padded(row, from + 2 * p.sw),
                                 padded(row, from + 3 * p.sw));
                    acc0 += LOAD(weight, filters.x + kx) * v;
                    acc1 += LOAD(weight, filters.y + kx) * v;
                    acc2 += LOAD(weight, filters.z + kx) * v;
                    acc3 += LOAD(weight, filters.w + kx) * v;
                }
            }
        }
        const mat4 acc = mat4(acc0, acc1, acc2, acc3);
        for (int k = 0; k < 4 && k <= last; k++) {
            const float base = p.bias != 0 ? LOAD(bias, out_channel[k]) : 0.0;
            const int at = ((b * p.o + out_channel[k]) * p.oh + oy) * p.ow + ox;
            for (int j = 0; j < 4 && ox + j < p.ow; j++)
                STORE(y, at + j, acc[k][j] + base);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, weight);
READS(1, dy);
WRITES(2, dx);

// The dy whose window begins t columns to the right of the padding's edge, if there is one; else 0.
float reached(int row, int t)
{
    const int ox = t / p.sw;
    const float value = LOAD(dy, row + clamp(ox, 0, p.ow - 1));
    return t >= 0 && ox * p.sw == t && ox < p.ow ? value : 0.0;
}

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups, taps = p.kh * p.kw;
    FOR_EACH(i) {
        uint rest = i;
        const int ix = 4 * int(digit(rest, (p.w + 3) / 4));
        const int iy = int(digit(rest, p.h));
        const int tile = 4 * int(digit(rest, (cg + 3) / 4));
        const int group = int(digit(rest, p.groups));
        const int b = int(rest);
        const int last = cg - 1 - tile; // channels past it are computed again and not stored
        const ivec4 channel = tile + min(ivec4(0, 1, 2, 3), ivec4(last));
        vec4 acc0 = vec4(0.0), acc1 = vec4(0.0), acc2 = vec4(0.0), acc3 = vec4(0.0);
        for (int o = group * og; o < (group + 1) * og; o++) {
            for (int ky = 0; ky < p.kh; ky++) {
                const int t = iy + p.ph - ky * p.dh;
                const int oy = t / p.sh;
                if (t < 0 || oy * p.sh != t || oy >= p.oh)
                    continue;
                const int row = ((b * p.o + o) * p.oh + oy) * p.ow;
                const ivec4 filters = (o * cg + channel) * taps + ky * p.kw;
                const bool slides = p.sw == 1 && p.dw == 1;
                const int from = ix + p.pw;
                vec4 v = vec4(0.0);
                if (slides)
                    v.xyz = vec3(reached(row, from + 1), reached(row, from + 2), reached(row, from + 3));
                for (int kx = 0; kx < p.kw; kx++) {
                    const int s = from - kx * p.dw;
                    if (slides)
                        v = vec4(reached(row, s), v.xyz);
                    else
                        v = vec4(reached(row, s), reached(row, s + 1), reached(row, s + 2), reached(row, s + 3));
                    acc0 += LOAD(weight, filters.x + kx) * v;
                    acc1 += LOAD(weight, filters.y + kx) * v;
                    acc2 += LOAD(weight, filters.z + kx) * v;
                    acc3 += LOAD(weight, filters.w + kx) * v;
                }
            }
        }
        const mat4 acc = mat4(acc0, acc1, acc2, acc3);
        for (int k = 0; k < 4 && k <= last; k++) {
            const int at = ((b * p.c + group * cg + channel[k]) * p.h + iy) * p.w + ix;
            for (int j = 0; j < 4 && ix + j < p.w; j++)
                STORE(dx, at + j, acc[k][j]);
        }
    }
}
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS(1, dy);
WRITES(2, dweight);

// Where a tap looks: offsets from the window's first row and column, and the first element of its channel's plane.
struct Tap {
    int dy, dx, plane;
};

Tap tap_of(int t, int group, int cg)
{
    uint rest = uint(t);
    const int dx = int(digit(rest, p.kw)) * p.dw;
    const int dy = int(digit(rest, p.kh)) * p.dh;
    return Tap(dy, dx, (group * cg + int(rest)) * p.h * p.w);
}

float padded(int image, ivec2 corner, Tap tap)
{
    const int iy = corner.y + tap.dy, ix = corner.x + tap.dx;
    const bool inside = iy >= 0 && iy < p.h && ix >= 0 && ix < p.w;
    const float value = LOAD(x, image + tap.plane + (inside ? iy * p.w + ix : 0));
    return inside ? value : 0.0;
}

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups, taps = cg * p.kh * p.kw;
    FOR_EACH_GROUP(g) {
        uint rest = g;
        const int t = 4 * int(digit(rest, (taps + 3) / 4));
        const int tile = 4 * int(digit(rest, (og + 3) / 4));
        const int group = int(rest);
        const int last = og - 1 - tile, last_tap = taps - 1 - t;
        const ivec4 out_channel = group * og + tile + min(ivec4(0, 1, 2, 3), ivec4(last));
        const ivec4 out_plane = out_channel * (p.oh * p.ow);
        const Tap tap0 = tap_of(t, group, cg), tap1 = tap_of(t + min(1, last_tap), group, cg);
        const Tap tap2 = tap_of(t + min(2, last_tap), group, cg), tap3 = tap_of(t + min(3, last_tap), group, cg);
        mat4 acc = mat4(0.0); // a column for each output channel, a row for each tap
        FOR_SHARE(r, p.n * p.oh * p.ow) {
            uint place = r;
            const int ox = int(digit(place, p.ow)), oy = int(digit(place, p.oh)), b = int(place);
            const ivec2 corner = ivec2(ox * p.sw - p.pw, oy * p.sh - p.ph);
            const int image = b * p.c * p.h * p.w, at = (b * p.o * p.oh + oy) * p.ow + ox;
            const vec4 v = vec4(padded(image, corner, tap0), padded(image, corner, tap1), padded(image, corner, tap2),
                                padded(image, corner, tap3));
            acc[0] += LOAD(dy, at + out_plane.x) * v;
            acc[1] += LOAD(dy, at + out_plane.y) * v;
            acc[2] += LOAD(dy, at + out_plane.z) * v;
            acc[3] += LOAD(dy, at + out_plane.w) * v;
        }
        for (int k = 0; k < 4; k++) {
            for (int j = 0; j < 4; j++) {
                const float total = reduce_sum(acc[k][j]);
                if (gl_LocalInvocationID.x == 0u && k <= last && j <= last_tap)
                    STORE(dweight, out_channel[k] * taps + t + j, total);
            }
        }
    }
}
#endif

#ifdef TENKA_PASS_db
READS(0, dy);
WRITES(1, dbias);

void main()
{
    const uint plane = p.oh * p.ow;
    FOR_EACH_GROUP(o) {
        float total = 0.0;
        FOR_SHARE(r, p.n * plane) {
            uint b = r;
            const uint at = digit(b, plane);
            total += LOAD(dy, (b * p.o + o) * plane + at);
        }
        total = reduce_sum(total);
        if (gl_LocalInvocationID.x == 0u)
            STORE(dbias, o, total);
    }
}
#endif
