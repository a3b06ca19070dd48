#version 450
// y = sum over k = 0 .. 15 of v_k, where v_k begins as x + k and becomes v_k * a + b so many times as rounds says; for
// measuring how fast a device computes. Scalars: a, b.
//   TENKA_PASS_fwd  0: x in   1: y out   2: slot
// Accuracy: as that of 2 * rounds operations in sequence.
#include "common/kernel.glsl"

TENKA_PARAMS(int rounds;);
READS(0, x);
WRITES(1, y);
SCALARS(2);

#define ROUND           \
    v0 = v0 * a + b;    \
    v1 = v1 * a + b;    \
    v2 = v2 * a + b;    \
    v3 = v3 * a + b;

void main()
{
    const float a = SCALAR(0), b = SCALAR(1);
    FOR_EACH(i) {
        const float first = LOAD(x, i);
        vec4 v0 = first + vec4(0, 1, 2, 3), v1 = v0 + 4.0, v2 = v0 + 8.0, v3 = v0 + 12.0;
        // Eight rounds at a time: on some devices going round a loop takes as long as one.
        for (int r = 0; r < p.rounds / 8; r++) {
            ROUND ROUND ROUND ROUND
            ROUND ROUND ROUND ROUND
        }
        for (int r = 0; r < p.rounds % 8; r++) {
            ROUND
        }
        const vec4 sum = v0 + v1 + (v2 + v3);
        STORE(y, i, sum.x + sum.y + (sum.z + sum.w));
    }
}
