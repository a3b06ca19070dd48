#version 450
// y = (x - m) s weight + bias with mean m, biased variance v and s = 1 / sqrt(v + eps) of each row of x [outer, len];
// src/op/params.h says which weight an element has. Scalars: eps. Sources: Ba, Kiros and Hinton, "Layer normalization"
// (2016); Wu and He, "Group normalization" (2018).
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in   3: y out   4: m out   5: s out   6: slot
//   TENKA_PASS_dx   0: x in   1: weight in   2: m in   3: s in   4: dy in   6: slot, unused
//                   5: dx = s (g - mean of g - xhat mean of g xhat), g = dy weight, xhat = (x - m) s
//   TENKA_PASS_dw   0: x in   1: m in   2: s in   3: dy in   6: slot, unused
//                   4: dweight = sum of dy xhat   5: dbias = sum of dy
// Weight and bias are there when p.weight and p.bias say so. fwd and dx: a line a row; mean and variance are taken from
// distances to a mean that was summed up before, as in batch_norm2d.glsl. dw: a workgroup has a channel, or several
// side by side where each row has all of them.
#define REDUCED vec2
#define LINE_PARAMS int per; int plane; int has_weight; int has_bias; int groups; int axes;
layout(constant_id = 10) const uint PLANAR = 0u; // 1: a plane is one element
layout(constant_id = 11) const uint AFFINE = 0u; // 1: there is a weight; 2: and a bias

#ifndef TENKA_PASS_dw
#include "common/line_shared.glsl"

// The channel of element r in a row whose channels begin there.
uint channel_at(uint first, uint r)
{
    return first + (PLANAR != 0u ? r : r / uint(p.plane));
}

// The first channel of a row, and the element r of the row, or the last.
#define FIRST_CHANNEL(row) (row % uint(p.groups) * uint(p.per))
#define INSIDE(r) (TURN == 1u ? r : min(r, p.len - 1u))
#endif

#ifdef TENKA_PASS_fwd
READS(0, x);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
WRITES(4, mean);
WRITES(5, scale);
SCALARS(6);

// The mean over a row of x - m and, when wanted, of its square.
vec2 row_means(uint begin, float m, bool squared)
{
    const uint count = p.len;
    lanes_begin();
    FOR_TERMS(r, k, count) {
        const float v = LOAD(x, line_at(begin, r)), d = is_inside(r) ? v - m : 0.0;
        precise const float square = squared ? d * d : 0.0;
        lane_add(k, vec2(d, square));
    }
    return lanes_sum() / float(p.len);
}

// Element r of the row whose channels begin at `first`, which is v less the mean, times the row's scale.
float weighted(float v, uint first, uint r)
{
    const uint c = channel_at(first, INSIDE(r));
    precise const float result = v * (AFFINE > 0u ? LOAD(weight, c) : 1.0) + (AFFINE > 1u ? LOAD(bias, c) : 0.0);
    return result;
}
#define RESULT(r, at) weighted((LOAD(x, at) - m) * s, first, r)

void main()
{
    FOR_EACH_LINE(i) {
        const uint begin = line_begin(i), first = FIRST_CHANNEL(i);
        const float guess = row_means(begin, 0.0, false).x;
        const vec2 off = row_means(begin, guess, true);
        // What a sum loses to the size of its terms, their distances from it show. A guess that is infinite stays so.
        precise const float m = is_nan(off.x) ? guess : guess + off.x, around = off.y - off.x * off.x;
        const float s = 1.0 / sqrt(larger(around, 0.0) + SCALAR(0));
        STORE_LINE(y, begin, RESULT)
        if (SUMMER == 0u) {
            STORE(mean, i, m);
            STORE(scale, i, s);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, x);
READS(1, weight);
READS(2, mean);
READS(3, scale);
READS(4, dy);
WRITES(5, dx);

// dy of element r, which lies at `at`, times its weight.
float gradient(uint at, uint first, uint r)
{
    precise const float g = LOAD(dy, at) * (AFFINE > 0u ? LOAD(weight, channel_at(first, INSIDE(r))) : 1.0);
    return g;
}

void main()
{
    const uint count = p.len;
    FOR_EACH_LINE(i) {
        const uint begin = line_begin(i), first = FIRST_CHANNEL(i);
        const float m = LOAD(mean, i), s = LOAD(scale, i);
        vec2 lost = vec2(0.0);
        lanes_begin();
        FOR_TERMS(r, k, count) {
            const uint at = line_at(begin, r);
            const float g = gradient(at, first, r);
            precise const float along = g * (LOAD(x, at) - m);
            line_add(k, is_inside(r) ? vec2(g, along) : vec2(0.0), lost);
        }
        const vec2 sums = (lanes_sum() - lost) / float(p.len);
        precise const float slope = sums.y * s * s;
#define RESULT(r, at) s * (gradient(at, first, r) - sums.x - (LOAD(x, at) - m) * slope)
        STORE_LINE(dx, begin, RESULT)
    }
}
#endif

#ifdef TENKA_PASS_dw
layout(constant_id = 9) const uint SIDES_OF = 1u; // LN_SIDES of src/op/tiles.h
#define SIDES SIDES_OF
#define SIDE (gl_LocalInvocationID.x % SIDES_OF)
#define SUMMERS (gl_WorkGroupSize.x / SIDES_OF)
#define SUMMER (gl_LocalInvocationID.x / SIDES_OF)
#include "common/line.glsl"
#include "common/reduce.glsl"

READS(0, x);
READS(1, mean);
READS(2, scale);
READS(3, dy);
WRITES(4, dweight);
WRITES(5, dbias);

void main()
{
    const uint channels = uint(p.groups * p.per), count = uint(p.outer / p.groups * p.plane);
    FOR_EACH_GROUP(g) {
        const uint wanted = g * SIDES + SIDE, c = min(wanted, channels - 1u), group = c / uint(p.per);
        lanes_begin();
        FOR_TERMS(r, k, count) {
            const uint term = min(r, count - 1u), image = PLANAR != 0u ? term : term / uint(p.plane);
            const uint at = (image * (channels - 1u) + c) * uint(p.plane) + term, row = image * uint(p.groups) + group;
            const float d = LOAD(dy, at);
            precise const float along = d * ((LOAD(x, at) - LOAD(mean, row)) * LOAD(scale, row));
            lane_add(k, r < count ? vec2(d, along) : vec2(0.0));
        }
        const vec2 sums = lanes_sum();
        if (SUMMER == 0u && wanted < channels) {
            STORE(dweight, c, sums.y);
            if (AFFINE > 1u)
                STORE(dbias, c, sums.x);
        }
    }
}
#endif
