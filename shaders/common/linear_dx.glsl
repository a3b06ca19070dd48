// dx [m, k] = dy weight, as FINISH_DX(i, j, v) stores it. After common/linear.glsl and the arrays dy and weight.
#define GEMM_TILE dx_tile
#define GEMM_M p.m
#define GEMM_N p.k
#define GEMM_K p.n
#define GEMM_A dy
#define GEMM_A_FIRST 0
#define GEMM_A_LAST (p.m * p.n - 1)
#define GEMM_A_LINE p.n
#define GEMM_A_STEP 1
#define GEMM_A_ALONG true
#define GEMM_A_FOURS FOURS_N
#define GEMM_B weight
#define GEMM_B_FIRST 0
#define GEMM_B_LAST (p.n * p.k - 1)
#define GEMM_B_LINE 1
#define GEMM_B_STEP p.k
#define GEMM_B_ALONG false
#define GEMM_B_FOURS FOURS_K
#define GEMM_SPLITS SPLITS
#define GEMM_STORE(i, j, v) FINISH_DX(i, j, v)
#include "common/gemm.glsl"

uint dx_groups()
{
    return tiles(p.m, TILE_ROWS) * tiles(p.k, TILE_COLUMNS);
}

void input_gradient(uint group)
{
    const uint column = digit(group, tiles(p.k, TILE_COLUMNS));
    dx_tile(int(group) * TILE_ROWS, int(column) * TILE_COLUMNS);
}
