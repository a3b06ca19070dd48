// y = activated(x weight' + bias). After common/linear.glsl.
//   0: x in   1: weight in   2: bias in (when p.bias)   3: y out
READS_FOURS(0, x);
READS_FOURS(1, weight);
READS_FOURS(2, bias);
WRITES_FOURS(3, y);

void finish(int i, int j, vec4 v)
{
    if (p.bias != 0)
        v += FOUR(bias, FOURS_N, p.n - 1, j);
    v = activated(v);
    STORE_FOURS(y, FOURS_N, i * p.n + j, p.n - j, v)
}

#define GEMM_TILE tile
#define GEMM_M p.m
#define GEMM_N p.n
#define GEMM_K p.k
#define GEMM_A x
#define GEMM_A_FIRST 0
#define GEMM_A_LAST (p.m * p.k - 1)
#define GEMM_A_LINE p.k
#define GEMM_A_STEP 1
#define GEMM_A_ALONG true
#define GEMM_A_FOURS FOURS_K
#define GEMM_B weight
#define GEMM_B_FIRST 0
#define GEMM_B_LAST (p.n * p.k - 1)
#define GEMM_B_LINE p.k
#define GEMM_B_STEP 1
#define GEMM_B_ALONG true
#define GEMM_B_FOURS FOURS_K
#define GEMM_SPLITS SPLITS
#define GEMM_STORE(i, j, v) finish(i, j, v)
#include "common/gemm.glsl"

void main()
{
    FOR_EACH_GROUP(g) {
        uint row = g;
        const uint column = digit(row, tiles(p.n, TILE_COLUMNS));
        tile(int(row) * TILE_ROWS, int(column) * TILE_COLUMNS);
    }
}
