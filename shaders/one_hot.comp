#version 450
// y[i, k] = 1 where k is x[i], else 0; a row of NaN where x[i] is no class.
//   TENKA_PASS_fwd  0: x in (int [n])   1: y out [n, c]
// Exact.
#include "common/kernel.glsl"

TENKA_PARAMS(int n; int c;);
READS_AS(int, 0, x);
WRITES(1, y);

void main()
{
    FOR_EACH(i) {
        uint row = i;
        const int k = int(digit(row, p.c)), label = x[row];
        STORE(y, i, label < 0 || label >= p.c ? make_nan() : k == label ? 1.0 : 0.0);
    }
}
