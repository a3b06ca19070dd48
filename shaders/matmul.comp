#version 450
// C = A' B' for each of p.batch products: A' [m, k] stored so, or as [k, m] when p.trans_a; B' [k, n] likewise.
//   TENKA_PASS_fwd  0: a in   1: b in   2: y = C out
// Sums of k terms: the error is within k ulp of the sum of the absolute terms.
#include "common/kernel.glsl"

layout(constant_id = 8) const bool TRANS_A = false;
layout(constant_id = 9) const bool TRANS_B = false;
layout(constant_id = 10) const bool FOURS_A = false;
layout(constant_id = 11) const bool FOURS_B = false;
layout(constant_id = 12) const bool FOURS_C = false;
layout(constant_id = 13) const int SPLITS = 1;

TENKA_PARAMS(int batch; int m; int n; int k; int trans_a; int trans_b;);
READS_FOURS(0, a);
READS_FOURS(1, b);
WRITES_FOURS(2, y);

int product; // the batch's product at work

#define GEMM_TILE tile
#define GEMM_M p.m
#define GEMM_N p.n
#define GEMM_K p.k
#define GEMM_A a
#define GEMM_A_FIRST (product * p.m * p.k)
#define GEMM_A_LAST ((product + 1) * p.m * p.k - 1)
#define GEMM_A_LINE (TRANS_A ? 1 : p.k)
#define GEMM_A_STEP (TRANS_A ? p.m : 1)
#define GEMM_A_ALONG (!TRANS_A)
#define GEMM_A_FOURS FOURS_A
#define GEMM_B b
#define GEMM_B_FIRST (product * p.k * p.n)
#define GEMM_B_LAST ((product + 1) * p.k * p.n - 1)
#define GEMM_B_LINE (TRANS_B ? p.k : 1)
#define GEMM_B_STEP (TRANS_B ? 1 : p.n)
#define GEMM_B_ALONG TRANS_B
#define GEMM_B_FOURS FOURS_B
#define GEMM_SPLITS SPLITS
#define GEMM_STORE(i, j, v) STORE_FOURS(y, FOURS_C, (product * p.m + (i)) * p.n + (j), p.n - (j), v)
#include "common/gemm.glsl"

void main()
{
    FOR_EACH_GROUP(g) {
        uint rest = g;
        const uint column = digit(rest, (p.n + TILE_COLUMNS - 1) / TILE_COLUMNS);
        const uint row = digit(rest, (p.m + TILE_ROWS - 1) / TILE_ROWS);
        product = int(rest);
        tile(int(row) * TILE_ROWS, int(column) * TILE_COLUMNS);
    }
}
