// dweight [n, k] = dy' x, and dbias [n] = columns of dy (when p.bias). After common/linear.glsl, the arrays x, dy,
// dweight and dbias, and DW_SPLITS.
#define GEMM_TILE dw_tile
#define GEMM_M p.n
#define GEMM_N p.k
#define GEMM_K p.m
#define GEMM_A dy
#define GEMM_A_FIRST 0
#define GEMM_A_LAST (p.m * p.n - 1)
#define GEMM_A_LINE 1
#define GEMM_A_STEP p.n
#define GEMM_A_ALONG false
#define GEMM_A_FOURS FOURS_N
#define GEMM_B x
#define GEMM_B_FIRST 0
#define GEMM_B_LAST (p.m * p.k - 1)
#define GEMM_B_LINE 1
#define GEMM_B_STEP p.k
#define GEMM_B_ALONG false
#define GEMM_B_FOURS FOURS_K
#define GEMM_SPLITS DW_SPLITS
#define GEMM_STORE(i, j, v) STORE_FOURS(dweight, FOURS_K, (i) * p.k + (j), p.k - (j), v)
#include "common/gemm.glsl"

// The sum of a column is made of 16 parts, each of every 16th row. A workgroup takes as many columns as it has
// invocations for; a small one has several parts for each invocation.
const int PARTS = 16, BIAS_COLUMNS = INVOCATIONS > PARTS ? INVOCATIONS / PARTS : 1;
shared float bias_parts[PARTS * BIAS_COLUMNS];

void bias_gradient(int first)
{
    const int mine = me() % BIAS_COLUMNS, column = min(first + mine, p.n - 1);
    barrier(); // earlier parts may still be being read
    for (int part = me() / BIAS_COLUMNS; part < PARTS; part += INVOCATIONS / BIAS_COLUMNS) {
        float total = 0.0;
        for (int i = part; i < p.m; i += PARTS)
            total += LOAD(dy, i * p.n + column);
        bias_parts[part * BIAS_COLUMNS + mine] = total;
    }
    barrier();
    if (me() < BIAS_COLUMNS && first + me() < p.n) {
        float total = 0.0;
        for (int part = 0; part < PARTS; part++)
            total += bias_parts[part * BIAS_COLUMNS + me()];
        STORE(dbias, first + me(), total);
    }
}

void weight_gradient(uint group)
{
    const uint weight_groups = tiles(p.n, TILE_ROWS) * tiles(p.k, TILE_COLUMNS);
    if (group >= weight_groups) {
        bias_gradient(int(group - weight_groups) * BIAS_COLUMNS);
    } else {
        const uint column = digit(group, tiles(p.k, TILE_COLUMNS));
        dw_tile(int(group) * TILE_ROWS, int(column) * TILE_COLUMNS);
    }
}
