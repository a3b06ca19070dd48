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

// The sum of a column is made of 16 parts, each of every 16th row. A large workgroup has 16 invocations for each
// column, and adds up in shared memory; a small one has one for each. (A barrier anywhere is dear on software devices.)
const int PARTS = 16, BIAS_COLUMNS = INVOCATIONS > PARTS ? INVOCATIONS / PARTS : INVOCATIONS;
shared float bias_parts[INVOCATIONS > PARTS ? INVOCATIONS : 1];

float bias_part(int column, int part)
{
    float total = 0.0;
    for (int i = part; i < p.m; i += PARTS)
        total += LOAD(dy, i * p.n + min(column, p.n - 1));
    return total;
}

void bias_gradient(int first)
{
    const int column = first + me() % BIAS_COLUMNS;
    float total = 0.0;
    if (INVOCATIONS > PARTS) {
        barrier(); // earlier parts may still be being read
        bias_parts[me()] = bias_part(column, me() / BIAS_COLUMNS);
        barrier();
    }
    for (int part = 0; part < PARTS; part++)
        total += INVOCATIONS > PARTS ? bias_parts[part * BIAS_COLUMNS + me() % BIAS_COLUMNS] : bias_part(column, part);
    if (me() < BIAS_COLUMNS && column < p.n)
        STORE(dbias, column, total);
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
