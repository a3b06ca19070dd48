/* A product by tiles of C that stay in registers: for each k, a vector row of B is multiplied by each element of a
 * column of A. Blocks of both are packed so that a tile reads them front to back: A by panels [k][GEMM_ROWS], B by
 * panels [k][GEMM_COLUMNS]. An element of C is one sum over each block of BLOCK_K, these added in their order.
 * Source: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008). */
#include "backend/cpu/fast/gemm.h"
#include "backend/cpu/fast/transpose.h"

/* A panel of B lies in the first cache, a block of A in the second, a block of B in the second or third. */
enum { BLOCK_K = 256, BLOCK_M = 10 * GEMM_ROWS, BLOCK_N = 1024 };

/* ---- Packing ---- */

void TENKA_FAST(pack_across)(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t step, ptrdiff_t rows,
                             ptrdiff_t k)
{
    ptrdiff_t t = 0;
    for (; t + LANES <= k; t += LANES) {
        vec line[LANES];
        UNROLL
        for (int i = 0; i < LANES; i++)
            line[i] = i < rows ? load(from + i * step + t) : (vec){0};
        transpose(line);
        UNROLL
        for (int i = 0; i < LANES; i++)
            store(to + (t + i) * to_step, line[i]);
    }
    for (; t < k; t++) {
        float line[LANES] = {0};
        for (ptrdiff_t i = 0; i < rows; i++)
            line[i] = from[i * step + t];
        memcpy(to + t * to_step, line, sizeof(line));
    }
}

/* to[t * width + i] = from[t * step + i] for i < there <= width, 0 for the others, t < k */
static void pack_along(float *to, ptrdiff_t width, const float *from, ptrdiff_t step, ptrdiff_t there, ptrdiff_t k)
{
    if (there == GEMM_COLUMNS && width == GEMM_COLUMNS)
        for (ptrdiff_t t = 0; t < k; t++)
            memcpy(to + t * GEMM_COLUMNS, from + t * step, GEMM_COLUMNS * sizeof(*to));
    else if (there == GEMM_ROWS && width == GEMM_ROWS)
        for (ptrdiff_t t = 0; t < k; t++)
            memcpy(to + t * GEMM_ROWS, from + t * step, GEMM_ROWS * sizeof(*to));
    else
        for (ptrdiff_t t = 0; t < k; t++)
            for (ptrdiff_t i = 0; i < width; i++)
                to[t * width + i] = i < there ? from[t * step + i] : 0;
}

/* Rows i .. i+rows-1 of A, columns t .. t+k-1; a last panel is as narrow as its rows are few. */
static void pack_a(const struct gemm *g, ptrdiff_t i, ptrdiff_t rows, ptrdiff_t t, ptrdiff_t k, float *to)
{
    for (ptrdiff_t end = i + rows; i < end; i += GEMM_ROWS, to += GEMM_ROWS * k) {
        const ptrdiff_t height = least(GEMM_ROWS, end - i);
        if (g->trans_a)
            pack_along(to, height, g->a + t * g->lda + i, g->lda, height, k);
        else
            TENKA_FAST(pack_across)(to, height, g->a + i * g->lda + t, g->lda, height, k);
    }
}

/* Of the columns j .. j+columns-1 of B, rows t .. t+k-1, the panels that are not read in place; a last panel is one
 * vector wide when that is enough. */
static void pack_b(const struct gemm *g, ptrdiff_t j, ptrdiff_t columns, ptrdiff_t t, ptrdiff_t k, bool in_place,
                   float *to)
{
    for (ptrdiff_t end = j + columns; j < end; j += GEMM_COLUMNS, to += GEMM_COLUMNS * k) {
        const ptrdiff_t there = least(GEMM_COLUMNS, end - j), width = round_up(there, LANES);
        if (in_place && there == GEMM_COLUMNS)
            continue;
        if (!g->trans_b) {
            pack_along(to, width, g->b + t * g->ldb + j, g->ldb, there, k);
            continue;
        }
        for (ptrdiff_t w = 0; w < width; w += LANES)
            TENKA_FAST(pack_across)(to + w, width, g->b + (j + w) * g->ldb + t, g->ldb, least(LANES, there - w), k);
    }
}

/* ---- Tiles ---- */

/* c = a b, or c += a b: a [k][rows], b [k][vectors * LANES], the latter's rows ldb apart. */
ALWAYS_INLINE void tile(int rows, int vectors, ptrdiff_t k, const float *a, const float *b, ptrdiff_t ldb, float *c,
                        ptrdiff_t ldc, bool add)
{
    vec sum[GEMM_ROWS][2];
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        sum[i][v] = (vec){0};
    for (ptrdiff_t t = 0; t < k; t++, a += rows, b += ldb) {
        vec line[2];
        UNROLL
        for (int v = 0; v < vectors; v++)
            line[v] = load(b + v * LANES);
        UNROLL
        for (int i = 0; i < rows; i++)
            UNROLL
        for (int v = 0; v < vectors; v++)
            sum[i][v] += a[i] * line[v];
    }
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int v = 0; v < vectors; v++) {
        float *at = c + i * ldc + v * LANES;
        store(at, add ? load(at) + sum[i][v] : sum[i][v]);
    }
}

typedef void tile_function(ptrdiff_t k, const float *a, const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc,
                           bool add);

#define TILE(rows, vectors)                                                                                   \
    static void tile_##rows##x##vectors(ptrdiff_t k, const float *a, const float *b, ptrdiff_t ldb, float *c, \
                                        ptrdiff_t ldc, bool add)                                              \
    {                                                                                                         \
        tile(rows, vectors, k, a, b, ldb, c, ldc, add);                                                       \
    }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
#define ENTRY(rows)                      \
    {                                    \
        tile_##rows##x1, tile_##rows##x2 \
    }

TILES(1)
TILES(2)
TILES(3)
TILES(4)
#ifdef __AVX2__
TILES(5)
TILES(6)
#endif
#ifdef __AVX512F__
TILES(7)
TILES(8) TILES(9) TILES(10) TILES(11) TILES(12)
#endif

    /* By rows and vectors. */
    static tile_function *const tiles[GEMM_ROWS][2] = {
        ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4),
#ifdef __AVX2__
        ENTRY(5), ENTRY(6),
#endif
#ifdef __AVX512F__
        ENTRY(7), ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12),
#endif
};

/* ---- Blocks ---- */

/* A block of A times a block of B. */
struct block {
    ptrdiff_t i, rows, j, columns, t, k;
    const float *a, *b; /* packed */
    bool in_place;      /* full panels of B are read where they are */
};

/* One panel of A times one of B; a is the panel of A. */
static void multiply_panels(const struct gemm *g, const struct block *w, ptrdiff_t i, ptrdiff_t j)
{
    const ptrdiff_t height = least(GEMM_ROWS, w->rows - i), width = least(GEMM_COLUMNS, w->columns - j);
    const bool packed = !w->in_place || width<GEMM_COLUMNS, full = width % LANES == 0, add = w->t> 0;
    const ptrdiff_t vectors = parts_of(width, LANES), ldb = packed ? vectors * LANES : g->ldb;
    const float *b = packed ? w->b + j * w->k : g->b + w->t * g->ldb + w->j + j;
    float *c = g->c + (w->i + i) * g->ldc + w->j + j, sums[GEMM_ROWS * GEMM_COLUMNS];
    tile_function *const run = tiles[height - 1][vectors - 1];
    if (full) {
        run(w->k, w->a + i * w->k, b, ldb, c, g->ldc, add);
    } else {
        run(w->k, w->a + i * w->k, b, ldb, sums, GEMM_COLUMNS, false);
        TENKA_FAST(gemm_put)(sums, GEMM_COLUMNS, c, g->ldc, height, width, add);
    }
    if (w->t + w->k == g->k && (g->finish.bias != NULL || g->finish.relu || g->finish.mask != NULL))
        TENKA_FAST(gemm_finish)(g, w->i + i, w->j + j, height, width);
}

static void multiply_block(const struct gemm *g, const struct block *w)
{
    for (ptrdiff_t j = 0; j < w->columns; j += GEMM_COLUMNS)
        for (ptrdiff_t i = 0; i < w->rows; i += GEMM_ROWS)
            multiply_panels(g, w, i, j);
}

/* Blocks of K are of equal size. */
static ptrdiff_t block_k(const struct gemm *g)
{
    return parts_of(g->k, parts_of(g->k, BLOCK_K));
}

/* The last line of a packed panel of A is written in full. */
static ptrdiff_t packed_a(const struct gemm *g)
{
    return round_up(least(BLOCK_M, round_up(g->m, GEMM_ROWS)) * block_k(g) + LANES, LANES);
}

size_t TENKA_FAST(gemm_tiles_scratch)(const struct gemm *g)
{
    return (size_t)(packed_a(g) + least(BLOCK_N, round_up(g->n, GEMM_COLUMNS)) * block_k(g));
}

void TENKA_FAST(gemm_tiles)(const struct gemm *g, const struct gemm_part *part, float *scratch)
{
    float *a = scratch, *b = scratch + packed_a(g);
    struct block w = {.a = a, .b = b};
    /* A panel of B that only two of A meet is not worth packing. */
    w.in_place = !g->trans_b && part->i_end - part->i <= 2 * GEMM_ROWS;
    for (w.j = part->j; w.j < part->j_end; w.j += w.columns) {
        w.columns = least(BLOCK_N, part->j_end - w.j);
        for (w.t = 0; w.t < g->k; w.t += w.k) {
            w.k = least(block_k(g), g->k - w.t);
            pack_b(g, w.j, w.columns, w.t, w.k, w.in_place, b);
            for (w.i = part->i; w.i < part->i_end; w.i += w.rows) {
                w.rows = least(BLOCK_M, part->i_end - w.i);
                pack_a(g, w.i, w.rows, w.t, w.k, a);
                multiply_block(g, &w);
            }
        }
    }
}
