#version 450
// All gradients of y = x weight' + bias in one dispatch: first the tiles of dx, then those of dweight, then dbias.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: dy in   3: mask in (when p.mask)
//                   4: dx = dy weight (0 where mask <= 0)   5: dweight = dy' x   6: dbias (when p.bias): columns of dy
// Accuracy as linear.comp.
#include "common/kernel.glsl"
#include "common/gemm.glsl"
#include "common/relu.glsl"

TENKA_PARAMS(int m; int n; int k; int bias; int mask;);
READS(0, x);
READS(1, weight);
READS(2, dy);
READS(3, mask);
WRITES(4, dx);
WRITES(5, dweight);
WRITES(6, dbias);

void input_gradient(uint i)
{
    const int column = 4 * int(digit(i, (p.k + 3) / 4)), row = 4 * int(i);
    Tile tile = Tile(lines(row, p.m - 1, p.n), lines(column, p.k - 1, 1), 1, p.k);
    mat4 acc = mat4(0.0);
    GEMM_TILE(acc, tile, dy, weight, p.n);
    for (int r = 0; r < 4 && p.mask != 0; r++)
        for (int c = 0; c < 4; c++)
            acc[r][c] = relu_back(LOAD(mask, min(row + r, p.m - 1) * p.k + min(column + c, p.k - 1)), acc[r][c]);
    GEMM_STORE(dx, row, column, p.m, p.k, acc);
}

void weight_gradient(uint i)
{
    const int column = 4 * int(digit(i, (p.k + 3) / 4)), row = 4 * int(i);
    Tile tile = Tile(lines(row, p.n - 1, 1), lines(column, p.k - 1, 1), p.n, p.k);
    mat4 acc = mat4(0.0);
    GEMM_TILE(acc, tile, dy, x, p.m);
    GEMM_STORE(dweight, row, column, p.n, p.k, acc);
}

void bias_gradient(int column)
{
    for (int j = column; j < min(column + 4, p.n); j++) {
        float total = 0.0;
        for (int i = 0; i < p.m; i++)
            total += LOAD(dy, i * p.n + j);
        STORE(dbias, j, total);
    }
}

void main()
{
    const uint width = uint((p.k + 3) / 4), dx_tiles = uint((p.m + 3) / 4) * width;
    const uint dw_tiles = uint((p.n + 3) / 4) * width;
    FOR_EACH(i) {
        if (i < dx_tiles)
            input_gradient(i);
        else if (i < dx_tiles + dw_tiles)
            weight_gradient(i - dx_tiles);
        else
            bias_gradient(4 * int(i - dx_tiles - dw_tiles));
    }
}
