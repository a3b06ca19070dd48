#version 450
// Cross-correlation with zero padding, x [n, c, h, w], weight [o, c / groups, kh, kw], y [n, o, oh, ow]:
//   y[b, o, oy, ox] = bias[o] +
//       sum over c, ky, kx of x[b, c, oy sh - ph + ky dh, ox sw - pw + kx dw] weight[o, c, ky, kx]
//   TENKA_PASS_fwd  0: x in        1: weight in   2: bias in (when p.bias)   3: y out
//   TENKA_PASS_dx   0: weight in   1: dy in       2: dx out
//   TENKA_PASS_dw   0: x in        1: dy in       2: dweight out   3: dbias out (when p.bias)
// fwd and dx: an invocation makes 4 channels x 8 neighbouring columns in registers. With stride and dilation 1 its
// window of the input slides, one new value a tap. dw: a workgroup makes 8 output channels x 8 taps.
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/kernel.glsl"
#ifdef TENKA_PASS_dw
#define REDUCED mat4
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

// One tap of four channels.
vec4 tap(ivec4 filters)
{
    return vec4(LOAD(weight, filters.x), LOAD(weight, filters.y), LOAD(weight, filters.z), LOAD(weight, filters.w));
}

// Both add a tile's products: a column of acc for each output channel, a row for each window. corner: column and
// row where the first window begins; plane: the first of the group's planes; filters: first tap of each channel.
// Two whole loop nests, because a software device runs both sides of a branch inside the innermost loop.
void add_sliding(inout mat4 acc0, inout mat4 acc1, ivec2 corner, int plane, ivec4 filters)
{
    for (int c = 0; c < p.c / p.groups; c++) {
        for (int ky = 0; ky < p.kh; ky++, filters += p.kw) {
            const int iy = corner.y + ky * p.dh;
            if (iy < 0 || iy >= p.h)
                continue;
            const int row = ((plane + c) * p.h + iy) * p.w, ix = corner.x;
            vec4 v0 = vec4(0.0, padded(row, ix), padded(row, ix + 1), padded(row, ix + 2));
            vec4 v1 = vec4(padded(row, ix + 3), padded(row, ix + 4), padded(row, ix + 5), padded(row, ix + 6));
            for (int kx = 0; kx < p.kw; kx++) {
                v0 = vec4(v0.yzw, v1.x);
                v1 = vec4(v1.yzw, padded(row, ix + kx + 7));
                const vec4 w = tap(filters + kx);
                acc0 += outerProduct(v0, w);
                acc1 += outerProduct(v1, w);
            }
        }
    }
}

void add_strided(inout mat4 acc0, inout mat4 acc1, ivec2 corner, int plane, ivec4 filters)
{
    for (int c = 0; c < p.c / p.groups; c++) {
        for (int ky = 0; ky < p.kh; ky++, filters += p.kw) {
            const int iy = corner.y + ky * p.dh;
            if (iy < 0 || iy >= p.h)
                continue;
            const int row = ((plane + c) * p.h + iy) * p.w;
            for (int kx = 0; kx < p.kw; kx++) {
                const int near = corner.x + kx * p.dw, far = near + 4 * p.sw;
                const vec4 v0 = vec4(padded(row, near), padded(row, near + p.sw), padded(row, near + 2 * p.sw),
                                     padded(row, near + 3 * p.sw));
                const vec4 v1 = vec4(padded(row, far), padded(row, far + p.sw), padded(row, far + 2 * p.sw),
                                     padded(row, far + 3 * p.sw));
                const vec4 w = tap(filters + kx);
                acc0 += outerProduct(v0, w);
                acc1 += outerProduct(v1, w);
            }
        }
    }
}

void store_channel(int b, int o, int oy, int ox, vec4 v0, vec4 v1)
{
    const float base = p.bias != 0 ? LOAD(bias, o) : 0.0;
    const int at = ((b * p.o + o) * p.oh + oy) * p.ow + ox;
    STORE_FOUR(y, at, p.ow - ox, v0 + base);
    STORE_FOUR(y, at + 4, p.ow - ox - 4, v1 + base);
}

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups;
    FOR_EACH(i) {
        uint rest = i;
        const int ox = 8 * int(digit(rest, (p.ow + 7) / 8));
        const int oy = int(digit(rest, p.oh));
        const int tile = 4 * int(digit(rest, (og + 3) / 4));
        const int group = int(digit(rest, p.groups));
        const int b = int(rest);
        const int last = og - 1 - tile; // channels past it are computed again and not stored
        const ivec4 channel = group * og + tile + min(ivec4(0, 1, 2, 3), ivec4(last));
        const ivec4 filters = channel * (cg * p.kh * p.kw);
        const ivec2 corner = ivec2(ox * p.sw - p.pw, oy * p.sh - p.ph);
        mat4 acc0 = mat4(0.0), acc1 = mat4(0.0); // four columns of y each
        if (p.sw == 1 && p.dw == 1)
            add_sliding(acc0, acc1, corner, b * p.c + group * cg, filters);
        else
            add_strided(acc0, acc1, corner, b * p.c + group * cg, filters);
        store_channel(b, channel.x, oy, ox, acc0[0], acc1[0]);
        if (last > 0)
            store_channel(b, channel.y, oy, ox, acc0[1], acc1[1]);
        if (last > 1)
            store_channel(b, channel.z, oy, ox, acc0[2], acc1[2]);
        if (last > 2)
            store_channel(b, channel.w, oy, ox, acc0[3], acc1[3]);
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, weight);
READS(1, dy);
WRITES(2, dx);

// Element ox of the row of dy that begins at row; 0 beyond its ends. The clamp keeps the address legal.
float padded(int row, int ox)
{
    const float value = LOAD(dy, row + clamp(ox, 0, p.ow - 1));
    return ox >= 0 && ox < p.ow ? value : 0.0;
}

// The dy whose window begins t columns to the right of the padding's edge, if there is one; else 0.
float reached(int row, int t)
{
    const int ox = t / p.sw;
    return ox * p.sw == t ? padded(row, ox) : 0.0;
}

// One tap of four channels.
vec4 tap(ivec4 filters)
{
    return vec4(LOAD(weight, filters.x), LOAD(weight, filters.y), LOAD(weight, filters.z), LOAD(weight, filters.w));
}

// Both add a tile's products: a column of acc for each input channel, a row for each input column. from: distance
// of the tile's first column and its row from the padding's edge; plane: the first of the group's planes of dy;
// filters: first tap of each channel, for the group's first output channel.
// Rows of taps are the outer loop, because finding a tap's row divides.
void add_sliding(inout mat4 acc0, inout mat4 acc1, ivec2 from, int plane, ivec4 filters)
{
    for (int ky = 0; ky < p.kh; ky++, filters += p.kw) {
        const int t = from.y - ky * p.dh, oy = t / p.sh;
        if (t < 0 || oy * p.sh != t || oy >= p.oh)
            continue;
        int row = (plane * p.oh + oy) * p.ow;
        ivec4 first = filters;
        for (int o = 0; o < p.o / p.groups; o++, row += p.oh * p.ow, first += p.c / p.groups * p.kh * p.kw) {
            const int s = from.x;
            vec4 v0 = vec4(padded(row, s + 1), padded(row, s + 2), padded(row, s + 3), padded(row, s + 4));
            vec4 v1 = vec4(padded(row, s + 5), padded(row, s + 6), padded(row, s + 7), 0.0);
            for (int kx = 0; kx < p.kw; kx++) {
                v1 = vec4(v0.w, v1.xyz);
                v0 = vec4(padded(row, s - kx), v0.xyz);
                const vec4 w = tap(first + kx);
                acc0 += outerProduct(v0, w);
                acc1 += outerProduct(v1, w);
            }
        }
    }
}

void add_strided(inout mat4 acc0, inout mat4 acc1, ivec2 from, int plane, ivec4 filters)
{
    for (int ky = 0; ky < p.kh; ky++, filters += p.kw) {
        const int t = from.y - ky * p.dh, oy = t / p.sh;
        if (t < 0 || oy * p.sh != t || oy >= p.oh)
            continue;
        int row = (plane * p.oh + oy) * p.ow;
        ivec4 first = filters;
        for (int o = 0; o < p.o / p.groups; o++, row += p.oh * p.ow, first += p.c / p.groups * p.kh * p.kw) {
            for (int kx = 0; kx < p.kw; kx++) {
                const int s = from.x - kx * p.dw;
                const vec4 v0 = vec4(reached(row, s), reached(row, s + 1), reached(row, s + 2), reached(row, s + 3));
                const vec4 v1 = vec4(reached(row, s + 4), reached(row, s + 5), reached(row, s + 6),
                                     reached(row, s + 7));
                const vec4 w = tap(first + kx);
                acc0 += outerProduct(v0, w);
                acc1 += outerProduct(v1, w);
            }
        }
    }
}

void store_channel(int b, int c, int iy, int ix, vec4 v0, vec4 v1)
{
    const int at = ((b * p.c + c) * p.h + iy) * p.w + ix;
    STORE_FOUR(dx, at, p.w - ix, v0);
    STORE_FOUR(dx, at + 4, p.w - ix - 4, v1);
}

void main()
{
    const int cg = p.c / p.groups, og = p.o / p.groups;
    FOR_EACH(i) {
        uint rest = i;
        const int ix = 8 * int(digit(rest, (p.w + 7) / 8));
        const int iy = int(digit(rest, p.h));
        const int tile = 4 * int(digit(rest, (cg + 3) / 4));
        const int group = int(digit(rest, p.groups));
        const int b = int(rest);
        const int last = cg - 1 - tile; // channels past it are computed again and not stored
        const ivec4 in_group = tile + min(ivec4(0, 1, 2, 3), ivec4(last)), channel = group * cg + in_group;
        const ivec4 filters = (group * og * cg + in_group) * (p.kh * p.kw);
        const ivec2 from = ivec2(ix + p.pw, iy + p.ph);
        mat4 acc0 = mat4(0.0), acc1 = mat4(0.0); // four columns of x each
        if (p.sw == 1 && p.dw == 1)
            add_sliding(acc0, acc1, from, b * p.o + group * og, filters);
        else
            add_strided(acc0, acc1, from, b * p.o + group * og, filters);
        store_channel(b, channel.x, iy, ix, acc0[0], acc1[0]);
        if (last > 0)
            store_channel(b, channel.y, iy, ix, acc0[1], acc1[1]);
        if (last > 1)
            store_channel(b, channel.z, iy, ix, acc0[2], acc1[2]);
        if (last > 2)
            store_channel(b, channel.w, iy, ix, acc0[3], acc1[3]);
    }
}
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
