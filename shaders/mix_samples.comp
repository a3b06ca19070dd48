#version 450
// y[i] = own x[i] + other x[partner[i]] within a rectangle of each plane, x[i] around it; where own is 0, x[partner[i]] is
// copied. Scalars: own, other, left (u), top (u), right (u), bottom (u). A partner that is no sample gives NaN.
//   TENKA_PASS_fwd  0: x in [rows, planes, height, width]   1: partner in (int)   2: y out   3: slot
// The products and their sum are each correctly rounded.
#include "common/kernel.glsl"

TENKA_PARAMS(int rows; int planes; int height; int width;);
READS(0, x);
READS_AS(int, 1, partner);
WRITES(2, y);
SCALARS(3);

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const uint column = digit(rest, p.width), line = digit(rest, p.height), plane = digit(rest, p.planes);
        float value = LOAD(x, i);
        if (column >= SCALAR_U(2) && column < SCALAR_U(4) && line >= SCALAR_U(3) && line < SCALAR_U(5)) {
            const int other = partner[rest];
            const bool there = other >= 0 && other < p.rows;
            const uint at = ((uint(there ? other : 0) * p.planes + plane) * p.height + line) * p.width + column;
            const float with = LOAD(x, at);
            precise const float mixed = with * SCALAR(1) + value * SCALAR(0);
            value = !there ? make_nan() : SCALAR(0) == 0.0 ? with : mixed;
        }
        STORE(y, i, value);
    }
}
