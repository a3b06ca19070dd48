#version 450
// C = A' B' for each of p.batch products: A' [m, k] stored so, or as [k, m] when p.trans_a; B' [k, n] likewise.
//   TENKA_PASS_fwd  0: a in   1: b in   2: c out
// An invocation makes a tile of 4 x 4 in registers; neighbours take neighbouring columns.
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/kernel.glsl"

TENKA_PARAMS(int batch; int m; int n; int k; int trans_a; int trans_b;);
READS(0, a);
READS(1, b);
WRITES(2, c);

void main()
{
    const int a_row = p.trans_a != 0 ? 1 : p.k, a_step = p.trans_a != 0 ? p.m : 1;
    const int b_column = p.trans_b != 0 ? p.k : 1, b_step = p.trans_b != 0 ? 1 : p.n;
    FOR_EACH(i) {
        uint rest = i;
        const int column = 4 * int(digit(rest, (p.n + 3) / 4));
        const int row = 4 * int(digit(rest, (p.m + 3) / 4));
        const int batch = int(rest);
        const int last_row = p.m - 1 - row, last_column = p.n - 1 - column;
        // Rows and columns past the last are computed again and not stored.
        ivec4 at_a = batch * p.m * p.k + (row + min(ivec4(0, 1, 2, 3), ivec4(last_row))) * a_row;
        ivec4 at_b = batch * p.k * p.n + (column + min(ivec4(0, 1, 2, 3), ivec4(last_column))) * b_column;
        mat4 acc = mat4(0.0); // a column for each row of C, so that one value of A scales a vector of B
        for (int k = 0; k < p.k; k++) {
            const vec4 v = vec4(LOAD(b, at_b.x), LOAD(b, at_b.y), LOAD(b, at_b.z), LOAD(b, at_b.w));
            acc[0] += LOAD(a, at_a.x) * v;
            acc[1] += LOAD(a, at_a.y) * v;
            acc[2] += LOAD(a, at_a.z) * v;
            acc[3] += LOAD(a, at_a.w) * v;
            at_a += a_step;
            at_b += b_step;
        }
        const int at = (batch * p.m + row) * p.n + column, room = last_column + 1;
        STORE_FOUR(c, at, room, acc[0]);
        if (last_row > 0)
            STORE_FOUR(c, at + p.n, room, acc[1]);
        if (last_row > 1)
            STORE_FOUR(c, at + 2 * p.n, room, acc[2]);
        if (last_row > 2)
            STORE_FOUR(c, at + 3 * p.n, room, acc[3]);
    }
}
