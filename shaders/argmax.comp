#version 450
// y = index of the first maximum along an axis, or of the first NaN. One invocation a line.
//   TENKA_PASS_fwd  0: x in   1: y out (int)
// Exact.
#include "common/line.glsl"

READS(0, x);
WRITES_AS(int, 1, y);

void main()
{
    FOR_EACH(i) {
        const uint begin = line_begin(i);
        float largest = LOAD(x, begin);
        int best = 0;
        for (int k = 1; k < p.len && !is_nan(largest); k++) {
            const float v = LOAD(x, begin + k * p.inner);
            if (is_nan(v) || v > largest) {
                largest = v;
                best = k;
            }
        }
        y[i] = best;
    }
}
