#version 450
// y = x weight' + bias for x [m, k], weight [n, k], y [m, n].
//   TENKA_PASS_fwd  0: x in        1: weight in   2: bias in (when p.bias)   3: y out
//   TENKA_PASS_dx   0: weight in   1: dy in       2: dx out = dy weight
//   TENKA_PASS_dw   0: x in        1: dy in       2: dweight out = dy' x     3: dbias out (when p.bias): columns of dy
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/kernel.glsl"
#include "common/gemm.glsl"

TENKA_PARAMS(int m; int n; int k; int bias; int mask;);

#ifdef TENKA_PASS_fwd
#define EPILOGUE(v) (v)
#include "common/linear_fwd.glsl"
#endif

#ifdef TENKA_PASS_dx
READS(0, weight);
READS(1, dy);
WRITES(2, dx);

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int column = 4 * int(digit(rest, (p.k + 3) / 4)), row = 4 * int(rest);
        Tile tile = Tile(lines(row, p.m - 1, p.n), lines(column, p.k - 1, 1), 1, p.k);
        mat4 acc = mat4(0.0);
        GEMM_TILE(acc, tile, dy, weight, p.n);
        GEMM_STORE(dx, row, column, p.m, p.k, acc);
    }
}
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS(1, dy);
WRITES(2, dweight);
WRITES(3, dbias);

void bias_gradient(int column)
{
    const ivec4 at = lines(column, p.n - 1, 1);
    vec4 total = vec4(0.0);
    for (int i = 0; i < p.m; i++) {
        const ivec4 here = at + i * p.n;
        total += vec4(LOAD(dy, here.x), LOAD(dy, here.y), LOAD(dy, here.z), LOAD(dy, here.w));
    }
    STORE_FOUR(dbias, column, p.n - column, total);
}

void main()
{
    const uint tiles = uint((p.n + 3) / 4) * uint((p.k + 3) / 4);
    FOR_EACH(i) {
        if (i >= tiles) {
            bias_gradient(4 * int(i - tiles));
            continue;
        }
        uint rest = i;
        const int column = 4 * int(digit(rest, (p.k + 3) / 4)), row = 4 * int(rest);
        Tile tile = Tile(lines(row, p.n - 1, 1), lines(column, p.k - 1, 1), p.n, p.k);
        mat4 acc = mat4(0.0);
        GEMM_TILE(acc, tile, dy, x, p.m);
        GEMM_STORE(dweight, row, column, p.n, p.k, acc);
    }
}
#endif
