/* C = A' B' for each of batch pairs: C[i, j] = sum over k of A'[i, k] B'[k, j], where A' [m, k] and B' [k, n] may be
 * stored transposed.
 *   fwd  a, b -> c
 * With B as it stands, a tile is BLOCK rows times TILE columns of C; with B transposed, both factors are contiguous
 * along k, and the tile is BLOCK columns of C times TILE running sums along k. */
#include "backend/cpu/index.h"
#include "backend/cpu/tile.h"

typedef struct TENKA_CPU(tile) tile;
typedef struct tenka_p_matmul params;

/* A block of rows from i on and TILE columns from j on; B is stored [k, n]. */
static void tile_plain(const params *p, const tenka_real *a, const tenka_real *b, tenka_real *c, int32_t i, int32_t j)
{
    const int32_t height = min_i32(BLOCK, p->m - i), width = min_i32(TILE, p->n - j);
    const ptrdiff_t next_i = p->trans_a ? 1 : p->k, next_k = p->trans_a ? p->m : 1;
    const tenka_real *ai[BLOCK];
    double total[BLOCK][TILE] = {{0}};
    for (int r = 0; r < BLOCK; r++)
        ai[r] = a + (i + min_i32(r, height - 1)) * next_i;
    for (int32_t first = 0, end; first < p->k; first = end) {
        tile sum = {0};
        end = step_to(first, SHORT_SUM, p->k);
        for (int32_t k = first; k < end; k++) {
            const ptrdiff_t at = k * next_k;
            const tenka_real *bk = b + (ptrdiff_t)k * p->n + j, w[BLOCK] = {ai[0][at], ai[1][at], ai[2][at], ai[3][at]};
            if (width == TILE)
                TENKA_CPU(tile_add)(&sum, w, bk);
            else
                for (int r = 0; r < BLOCK; r++)
                    for (int t = 0; t < width; t++)
                        sum.v[r][t] += w[r] * bk[t];
        }
        TENKA_CPU(tile_flush)(total, &sum);
    }
    for (int r = 0; r < height; r++)
        for (int t = 0; t < width; t++)
            c[(ptrdiff_t)(i + r) * p->n + j + t] = (tenka_real)total[r][t];
}

/* Row i and BLOCK columns from j on; B is stored [n, k], A [m, k]. */
static void tile_dots(const params *p, const tenka_real *a, const tenka_real *b, tenka_real *c, int32_t i, int32_t j)
{
    const int32_t width = min_i32(BLOCK, p->n - j);
    const tenka_real *row = a + (ptrdiff_t)i * p->k, *col[BLOCK];
    double total[BLOCK][TILE] = {{0}};
    for (int r = 0; r < BLOCK; r++)
        col[r] = b + (ptrdiff_t)(j + min_i32(r, width - 1)) * p->k;
    int32_t k = 0;
    while (p->k - k >= TILE) {
        tile sum = {0};
        for (int steps = 0; steps < SHORT_SUM && p->k - k >= TILE; steps++, k += TILE)
            for (int r = 0; r < BLOCK; r++)
                for (int t = 0; t < TILE; t++)
                    sum.v[r][t] += row[k + t] * col[r][k + t];
        TENKA_CPU(tile_flush)(total, &sum);
    }
    for (int r = 0; r < width; r++) {
        double sum = 0;
        for (int32_t rest = k; rest < p->k; rest++)
            sum += (double)row[rest] * col[r][rest];
        for (int t = 0; t < TILE; t++)
            sum += total[r][t];
        c[(ptrdiff_t)i * p->n + j + r] = (tenka_real)sum;
    }
}

/* Both stored transposed: no direction is contiguous in both factors. */
static void row_transposed(const params *p, const tenka_real *a, const tenka_real *b, tenka_real *c, int32_t i)
{
    for (int32_t j = 0; j < p->n; j++) {
        double sum = 0;
        for (int32_t k = 0; k < p->k; k++)
            sum += (double)a[(ptrdiff_t)k * p->m + i] * b[(ptrdiff_t)j * p->k + k];
        c[(ptrdiff_t)i * p->n + j] = (tenka_real)sum;
    }
}

/* Rows i .. i+BLOCK-1 of one product. */
static void rows(const params *p, const tenka_real *a, const tenka_real *b, tenka_real *c, int32_t i)
{
    if (!p->trans_b) {
        for (int32_t j = 0; j < p->n; j = step_to(j, TILE, p->n))
            tile_plain(p, a, b, c, i, j);
        return;
    }
    if (!p->trans_a) {
        /* Columns outside, so that the block's rows meet B's rows while they are in the cache. */
        for (int32_t j = 0; j < p->n; j = step_to(j, BLOCK, p->n))
            for (int32_t r = i; r < step_to(i, BLOCK, p->m); r++)
                tile_dots(p, a, b, c, r, j);
        return;
    }
    for (int32_t r = i; r < step_to(i, BLOCK, p->m); r++)
        row_transposed(p, a, b, c, r);
}

void TENKA_CPU(matmul_fwd)(const struct TENKA_CPU(args) *args)
{
    const params *p = (const void *)args->params;
    const tenka_real *a = args->in[0], *b = args->in[1];
    tenka_real *c = args->out[0];
#pragma omp parallel for collapse(2) if ((int64_t)p->batch * p->m * p->n * p->k > TENKA_CPU_SMALL)
    for (int32_t s = 0; s < p->batch; s++)
        for (int32_t i = 0; i < p->m; i += BLOCK)
            rows(p, a + (ptrdiff_t)s * p->m * p->k, b + (ptrdiff_t)s * p->k * p->n, c + (ptrdiff_t)s * p->m * p->n, i);
}
