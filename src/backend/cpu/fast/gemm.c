/* Chooses between tiles and dots, and divides a product among threads. */
#include "backend/cpu/fast/gemm.h"

/* Below so many multiplications, starting threads costs more than they save. */
#define WORTH_THREADS (1 << 19)
/* To add the lanes of a dot product takes this many times as long as to pack an element. */
#define DOT_COST 8.0

/* What packing takes goes with k (m + n), what adding lanes takes with m n. */
static bool is_dots(const struct gemm *g)
{
    return !g->trans_a && g->trans_b && (double)g->k * (double)(g->m + g->n) > DOT_COST * (double)g->m * (double)g->n;
}

void TENKA_FAST(gemm_put)(const float *sums, ptrdiff_t step, float *c, ptrdiff_t ldc, ptrdiff_t rows, ptrdiff_t width,
                          bool add)
{
    for (ptrdiff_t i = 0; i < rows; i++, sums += step, c += ldc)
        for (ptrdiff_t j = 0; j < width; j++)
            c[j] = add ? c[j] + sums[j] : sums[j];
}

void TENKA_FAST(gemm_finish)(const struct gemm *g, ptrdiff_t i, ptrdiff_t j, ptrdiff_t rows, ptrdiff_t width)
{
    const float *bias = g->finish.bias != NULL ? g->finish.bias + j : NULL;
    for (ptrdiff_t end = i + rows; i < end; i++) {
        float *c = g->c + i * g->ldc + j;
        const float *mask = g->finish.mask != NULL ? g->finish.mask + i * g->ldc + j : NULL;
        for (ptrdiff_t t = 0; bias != NULL && t < width; t++)
            c[t] += bias[t];
        for (ptrdiff_t t = 0; g->finish.relu && t < width; t++)
            c[t] = c[t] < 0 ? 0 : c[t];
        for (ptrdiff_t t = 0; mask != NULL && t < width; t++)
            c[t] = mask[t] <= 0 ? 0 : c[t];
    }
}

/* ---- Threads ---- */

/* How one product is cut into rows x columns parts. */
struct cut {
    ptrdiff_t unit_i, unit_j; /* tiles are not cut */
    ptrdiff_t tiles_i, tiles_j;
    ptrdiff_t rows, columns;
};

/* Of the ways to make about `wanted` parts, the one whose largest part is smallest; then the one that packs least. */
static struct cut cut_of(const struct gemm *g, ptrdiff_t wanted)
{
    struct cut best = {.unit_i = is_dots(g) ? GEMM_DOT_ROWS : GEMM_ROWS,
                       .unit_j = is_dots(g) ? GEMM_DOT_COLUMNS : GEMM_COLUMNS};
    best.tiles_i = parts_of(g->m, best.unit_i);
    best.tiles_j = parts_of(g->n, best.unit_j);
    double least_area = 0, least_edge = 0;
    for (ptrdiff_t rows = 1; rows <= wanted; rows++) {
        const ptrdiff_t columns = wanted / rows;
        const double height = (double)(parts_of(best.tiles_i, rows) * best.unit_i);
        const double width = (double)(parts_of(best.tiles_j, columns) * best.unit_j);
        const double area = height * width, edge = height + width;
        if (rows == 1 || area < least_area || (area == least_area && edge < least_edge)) {
            best.rows = rows;
            best.columns = columns;
            least_area = area;
            least_edge = edge;
        }
    }
    return best;
}

static ptrdiff_t wanted_parts(const struct gemm *g, int threads)
{
    const double work = (double)g->batch * (double)g->m * (double)g->n * (double)g->k;
    return work < WORTH_THREADS ? 1 : parts_of(threads, g->batch);
}

static void run_part(const struct gemm *whole, const struct cut *cut, ptrdiff_t number, float *scratch)
{
    const ptrdiff_t pair = number / (cut->rows * cut->columns), rest = number % (cut->rows * cut->columns);
    const ptrdiff_t row = rest / cut->columns, column = rest % cut->columns;
    const struct gemm_part part = {
        .i = cut->tiles_i * row / cut->rows * cut->unit_i,
        .i_end = least(whole->m, cut->tiles_i * (row + 1) / cut->rows * cut->unit_i),
        .j = cut->tiles_j * column / cut->columns * cut->unit_j,
        .j_end = least(whole->n, cut->tiles_j * (column + 1) / cut->columns * cut->unit_j),
    };
    struct gemm g = *whole;
    g.a += pair * g.step_a;
    g.b += pair * g.step_b;
    g.c += pair * g.step_c;
    if (is_dots(&g))
        TENKA_FAST(gemm_dots)(&g, &part);
    else
        TENKA_FAST(gemm_tiles)(&g, &part, scratch);
}

size_t TENKA_FAST(gemm_scratch)(const struct gemm *g, int threads)
{
    return is_dots(g) ? 0 : (size_t)threads * TENKA_FAST(gemm_tiles_scratch)(g) * sizeof(float);
}

void TENKA_FAST(gemm)(const struct gemm *g, int threads, void *scratch)
{
    const ptrdiff_t wanted = wanted_parts(g, threads);
    const struct cut cut = cut_of(g, wanted);
    const ptrdiff_t parts = g->batch * cut.rows * cut.columns;
    const size_t each = is_dots(g) ? 0 : TENKA_FAST(gemm_tiles_scratch)(g);
#pragma omp parallel for schedule(static) if (parts > 1 && wanted * g->batch > 1)
    for (ptrdiff_t i = 0; i < parts; i++)
        run_part(g, &cut, i, (float *)scratch + (size_t)thread_index() * each);
}
