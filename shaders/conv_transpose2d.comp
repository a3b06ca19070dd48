#version 450
// Transposed convolution: what conv2d.comp, of whose parameters and shapes these are, makes of dy is y here.
//   TENKA_PASS_fwd  0: x in, conv2d's dy   1: weight in   2: y out, conv2d's dx
//   TENKA_PASS_dx   0: weight in   1: dy in, conv2d's x   2: dx out, conv2d's y
//   TENKA_PASS_dw, TENKA_PASS_parts   0: x in, conv2d's dy   1: dy in, conv2d's x   2: dweight out
// Accuracy as conv2d.comp.
#include "common/conv2d.glsl"

TENKA_PARAMS(CONV2D_FIELDS int extra_h; int extra_w;);
#define FINISHED(v, at) v

#ifdef TENKA_PASS_fwd
READS(0, dy);
READS_AS(STORAGE_FOUR, 0, dy4);
READS(1, weight);
WRITES(2, dx);
WRITES_AS(STORAGE_FOUR, 2, dx4);
#include "common/conv_dx.glsl"
#endif

#ifdef TENKA_PASS_dx
READS(0, weight);
READS(1, x);
READS_AS(STORAGE_FOUR, 1, x4);
WRITES(2, y);
WRITES_AS(STORAGE_FOUR, 2, y4);
#define BASE(o) 0.0
#include "common/conv_fwd.glsl"
#endif

#ifdef TENKA_PASS_parts
#define IN_PARTS
#define TENKA_PASS_dw
#endif

#ifdef TENKA_PASS_dw
READS(0, dy);
READS(1, x);
READS_AS(STORAGE_FOUR, 1, x4);
WRITES(2, dweight);
#define NO_BIAS

ivec2 pixel_at(int b, int oy, int ox)
{
    return ivec2((b * p.o * p.oh + oy) * p.ow + ox, 0);
}

float gradient(ivec2 pixel, int o)
{
    return LOAD(dy, pixel.x + o * p.oh * p.ow);
}
#include "common/conv_dw.glsl"
#endif
