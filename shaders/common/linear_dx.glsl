// dx [m, k] = dy weight, which goes back through the activation whose output x is. After common/linear.glsl and the
// arrays x (when there is one), dy, weight and dx.
void finish_dx(int i, int j, vec4 v)
{
    const int at = i * p.k + j;
    if (ACTIVATION != 0)
        v = activated_back(FOUR(x, FOURS_K, p.m * p.k - 1, at), v);
    STORE_FOURS(dx, FOURS_K, at, p.k - j, v)
}

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
#define GEMM_STORE(i, j, v) finish_dx(i, j, v)
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
