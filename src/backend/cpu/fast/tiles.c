#include "backend/cpu/fast/tiles.h"

/* ---- multiply: tiles of rows x vectors ---- */

/* One tile: w of its block, x and y at its first column; the last vector has `lanes` columns. */
struct tile {
    const struct product *p;
    const float *w, *x, *bias, *mask;
    float *y;
    int lanes;
};

/* Brings one vector of sums to y + at. */
ALWAYS_INLINE void finish(const struct tile *t, ptrdiff_t at, vec sum, int lanes)
{
    float *y = t->y + at;
    if (t->p->add)
        sum += lanes == LANES ? load(y) : load_lanes(y, 0, lanes);
    if (t->p->relu)
        sum = select(sum < (vec){0}, (vec){0}, sum);
    if (t->mask != NULL)
        sum = select(load_lanes(t->mask + at, 0, lanes) <= (vec){0}, (vec){0}, sum);
    if (lanes == LANES)
        store(y, sum);
    else
        store_lanes(y, sum, 0, lanes);
}

/* sum = terms from w on, up to end */
ALWAYS_INLINE void add_up(vec sum[TILE_ROWS][TILE_VECTORS], const float *w, const float *end, const int32_t *at,
                          const float *x, int rows, int vectors)
{
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[i][v] = (vec){0};
    }
    for (; w < end; w += rows, at++) {
        const float *from = x + *at;
        vec xk[TILE_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            xk[v] = load(from + v * LANES);
        UNROLL
        for (int i = 0; i < rows; i++) {
            const vec wi = splat(w[i]);
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[i][v] += wi * xk[v];
        }
    }
}

ALWAYS_INLINE void tile(const struct tile *t, int rows, int vectors)
{
    vec sum[TILE_ROWS][TILE_VECTORS], total[TILE_ROWS * TILE_VECTORS];
    const int k = t->p->k, terms = t->p->terms > 0 && t->p->terms < k ? t->p->terms : k;
    int done = 0;
    for (; done + terms < k; done += terms) {
        add_up(sum, t->w + done * rows, t->w + (done + terms) * rows, t->p->at + done, t->x, rows, vectors);
        UNROLL
        for (int i = 0; i < rows * vectors; i++)
            total[i] = done == 0 ? sum[i / vectors][i % vectors] : total[i] + sum[i / vectors][i % vectors];
    }
    add_up(sum, t->w + done * rows, t->w + k * rows, t->p->at + done, t->x, rows, vectors);
    UNROLL
    for (int i = 0; i < rows; i++) {
        const vec bias = t->bias != NULL ? splat(t->bias[i]) : (vec){0};
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const vec all = done == 0 ? sum[i][v] : sum[i][v] + total[i * vectors + v];
            finish(t, i * t->p->next_y + v * LANES, all + bias, v == vectors - 1 ? t->lanes : LANES);
        }
    }
}

#define TILE(rows, vectors)                                   \
    static void tile_##rows##_##vectors(const struct tile *t) \
    {                                                         \
        tile(t, rows, vectors);                               \
    }
#define TILE_ALL(X, vectors) X(1, vectors) X(2, vectors) X(3, vectors) X(4, vectors) X(5, vectors) X(6, vectors)
TILE_ALL(TILE, 1)
TILE_ALL(TILE, 2)
#if defined __AVX512F__
TILE_ALL(TILE, 3)
TILE_ALL(TILE, 4)
#endif
#undef TILE

static void (*const tiles[TILE_VECTORS][TILE_ROWS])(const struct tile *t) = {
#define TILE(rows, vectors) tile_##rows##_##vectors,
    {TILE_ALL(TILE, 1)},
    {TILE_ALL(TILE, 2)},
#if defined __AVX512F__
    {TILE_ALL(TILE, 3)},
    {TILE_ALL(TILE, 4)},
#endif
#undef TILE
};

void TENKA_FAST(multiply)(const struct product *p, int first, int end)
{
    const int blocks = row_blocks(p->m), vectors = div_up(p->n, LANES), columns = div_up(vectors, TILE_VECTORS);
    for (int j = 0; j < columns; j++) {
        const int from = cut(vectors, columns, j), to = cut(vectors, columns, j + 1);
        const int lanes = to == vectors ? p->n - (vectors - 1) * LANES : LANES;
        for (int b = first; b < end; b++) {
            const int row = cut(p->m, blocks, b), rows = cut(p->m, blocks, b + 1) - row;
            const ptrdiff_t at = row * p->next_y + from * LANES;
            const struct tile t = {
                .p = p,
                .w = p->w + (ptrdiff_t)row * p->k,
                .x = p->x + from * LANES,
                .bias = p->bias != NULL ? p->bias + row : NULL,
                .mask = p->mask != NULL ? p->mask + at : NULL,
                .y = p->y + at,
                .lanes = lanes,
            };
            tiles[to - from - 1][rows - 1](&t);
        }
    }
}

void TENKA_FAST(pack)(float *out, const float *w, const int32_t *row, const int32_t *step, int m, int k, int block)
{
    const int blocks = row_blocks(m), first = cut(m, blocks, block), rows = cut(m, blocks, block + 1) - first;
    out += (ptrdiff_t)first * k;
    for (int i = 0; i < rows; i++) {
        const float *from = w + row[first + i];
        for (int j = 0; j < k; j++)
            out[j * rows + i] = from[step[j]];
    }
}

/* ---- dots: tiles of rows x columns ---- */

struct dot_tile {
    const struct dot_product *p;
    const float *d;
    const int32_t *at;
    float *z;
};

/* z += the sums of lanes of sum [rows][columns] */
ALWAYS_INLINE void add_sums(const struct dot_tile *t, const vec *sum, int rows, int columns)
{
    float sums[DOT_ROWS * DOT_COLUMNS + LANES];
    UNROLL
    for (int i = 0; i < rows * columns; i += LANES)
        store(sums + i, lane_sums(sum + i, rows * columns - i));
    for (int i = 0; i < rows; i++) {
        float *z = t->z + i * t->p->next_z;
        store_lanes(z, load_lanes(z, 0, columns) + load(sums + i * columns), 0, columns);
    }
}

ALWAYS_INLINE void dot_tile(const struct dot_tile *t, int rows, int columns)
{
    const ptrdiff_t next_d = t->p->next_d;
    const int n = t->p->n, whole = n - n % LANES;
    const float *x[DOT_COLUMNS];
    vec sum[DOT_ROWS * DOT_COLUMNS];
    UNROLL
    for (int k = 0; k < columns; k++) {
        x[k] = t->p->x + t->at[k];
        UNROLL
        for (int i = 0; i < rows; i++)
            sum[i * columns + k] = (vec){0};
    }
    const float *d = t->d;
    for (int p = 0; p < whole; p += LANES) {
        vec di[DOT_ROWS];
        UNROLL
        for (int i = 0; i < rows; i++)
            di[i] = load(d + i * next_d + p);
        UNROLL
        for (int k = 0; k < columns; k++) {
            const vec xk = load(x[k] + p);
            UNROLL
            for (int i = 0; i < rows; i++)
                sum[i * columns + k] += di[i] * xk;
        }
    }
    if (whole < n) {
        UNROLL
        for (int k = 0; k < columns; k++) {
            const vec xk = load_lanes(x[k] + whole, 0, n - whole);
            UNROLL
            for (int i = 0; i < rows; i++)
                sum[i * columns + k] += load(d + i * next_d + whole) * xk;
        }
    }
    add_sums(t, sum, rows, columns);
}

#define TILE(rows, columns)                                           \
    static void dot_tile_##rows##_##columns(const struct dot_tile *t) \
    {                                                                 \
        dot_tile(t, rows, columns);                                   \
    }
#if defined __AVX512F__
#define DOT_ALL(X, rows) X(rows, 1) X(rows, 2) X(rows, 3) X(rows, 4) X(rows, 5)
#else
#define DOT_ALL(X, rows) X(rows, 1) X(rows, 2) X(rows, 3) X(rows, 4)
#endif
DOT_ALL(TILE, 1)
DOT_ALL(TILE, 2)
DOT_ALL(TILE, 3)
#if defined __AVX512F__
DOT_ALL(TILE, 4)
DOT_ALL(TILE, 5)
#endif
#undef TILE

static void (*const dot_tiles[DOT_ROWS][DOT_COLUMNS])(const struct dot_tile *t) = {
#define TILE(rows, columns) dot_tile_##rows##_##columns,
    {DOT_ALL(TILE, 1)}, {DOT_ALL(TILE, 2)}, {DOT_ALL(TILE, 3)},
#if defined __AVX512F__
    {DOT_ALL(TILE, 4)}, {DOT_ALL(TILE, 5)},
#endif
#undef TILE
};

void TENKA_FAST(dots)(const struct dot_product *p)
{
    const int row_tiles = div_up(p->m, DOT_ROWS), column_tiles = div_up(p->k, DOT_COLUMNS);
    for (int r = 0; r < row_tiles; r++) {
        const int i = cut(p->m, row_tiles, r), rows = cut(p->m, row_tiles, r + 1) - i;
        for (int c = 0; c < column_tiles; c++) {
            const int k = cut(p->k, column_tiles, c), columns = cut(p->k, column_tiles, c + 1) - k;
            const struct dot_tile t = {
                .p = p,
                .d = p->d + i * p->next_d,
                .at = p->at + k,
                .z = p->z + i * p->next_z + k,
            };
            dot_tiles[rows - 1][columns - 1](&t);
        }
    }
}
