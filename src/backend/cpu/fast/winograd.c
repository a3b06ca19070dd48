/* The transforms between tiles and their values at six points; winograd.h says what they are for. */
#include "backend/cpu/fast/winograd.h"

/* The points in their order; the last one is infinity. Squares of the second and the fourth, and their sum. */
static const float points[POINTS - 1] = {0, 2 / 3.0f, -2 / 3.0f, 1.5f, -1.5f};
static const float square_1 = 4 / 9.0f, square_2 = 2.25f, squares = 97 / 36.0f;

int TENKA_FAST(winograd_tile)(const struct tenka_p_conv2d *p)
{
    enum { FEW_TERMS = 16, FEW_OUTPUTS = 8 }; /* that a tile's transforms cost more than they save */
    const int channels = p->c / p->groups, outputs = p->o / p->groups, tile = POINTS + 1 - p->kw;
    if (p->sh != 1 || p->sw != 1 || p->dh != 1 || p->dw != 1 || (p->kw != 3 && p->kw != 5) || p->pw >= p->kw)
        return 0;
    const int64_t width = p->ow, whole = (width + tile - 1) / tile * tile;
    return channels * (int64_t)p->kh < FEW_TERMS || outputs < FEW_OUTPUTS || whole * 4 > width * 5 ? 0 : tile;
}

void TENKA_FAST(winograd_places)(int tile, int tiles, int32_t *at, int n)
{
    for (int i = 0; i < n; i++)
        at[i] = i / tiles * winograd_row(tile, tiles) + i % tiles * tile;
    for (int i = n; i % LANES != 0; i++)
        at[i] = 0;
}

/* ---- Tiles to points ---- */

void TENKA_FAST(winograd_inputs)(const float *rows, const int32_t *at, int n, float *planes, ptrdiff_t next)
{
    for (int i = 0; i < n; i += LANES) {
        vec x[8]; /* the last two are not needed */
        load_eights(x, rows, at + i);
        const vec even = x[4] - square_2 * x[2], odd = points[1] * (x[3] - square_2 * x[1]);
        const vec even_2 = x[4] - square_1 * x[2], odd_2 = points[3] * (x[3] - square_1 * x[1]);
        float *out = planes + i;
        store(out, x[0] - squares * x[2] + x[4]);
        store(out + next, even + odd);
        store(out + 2 * next, even - odd);
        store(out + 3 * next, even_2 + odd_2);
        store(out + 4 * next, even_2 - odd_2);
        store(out + 5 * next, x[1] - squares * x[3] + x[5]);
    }
}

/* The vectors of outputs that LANES tiles have from tile i on, of n. */
ALWAYS_INLINE void load_outputs(vec *y, int tile, const float *rows, int i, int n)
{
    UNROLL
    for (int k = 0; k < tile; k++) {
        const int left = (n - i) * tile - k * LANES;
        const float *at = rows + i * tile + k * LANES;
        y[k] = left >= LANES ? load(at) : load_lanes(at, 0, left > 0 ? left : 0);
    }
}

ALWAYS_INLINE void outputs_back(int tile, const float *rows, int n, float *planes, ptrdiff_t next)
{
    for (int i = 0; i < n; i += LANES) {
        vec y[MAX_TILE] = {{0}};
        load_outputs(y, tile, rows, i, n);
        riffle(y, tile, LANES_LOG2);
        const vec even = y[0] + square_1 * y[2], odd = points[1] * (y[1] + square_1 * y[3]);
        const vec even_2 = y[0] + square_2 * y[2], odd_2 = points[3] * (y[1] + square_2 * y[3]);
        float *out = planes + i;
        store(out, y[0]);
        store(out + next, even + odd);
        store(out + 2 * next, even - odd);
        store(out + 3 * next, even_2 + odd_2);
        store(out + 4 * next, even_2 - odd_2);
        store(out + 5 * next, y[tile - 1]);
    }
}

void TENKA_FAST(winograd_outputs_back)(int tile, const float *rows, int n, float *planes, ptrdiff_t next)
{
    if (tile == 2)
        outputs_back(2, rows, n, planes, next);
    else
        outputs_back(4, rows, n, planes, next);
}

/* ---- Points to tiles ---- */

/* The vector of each plane that begins with tile i, of n. */
ALWAYS_INLINE void load_points(vec v[POINTS], const float *planes, ptrdiff_t next, int i, int n)
{
    UNROLL
    for (int q = 0; q < POINTS; q++)
        v[q] = n - i >= LANES ? load(planes + q * next + i) : load_lanes(planes + q * next + i, 0, n - i);
}

ALWAYS_INLINE bool outputs(int tile, const float *planes, ptrdiff_t next, int n, float bias, bool relu, float *rows)
{
    vec wrong = {0}; /* NaN where a result is not finite */
    for (int i = 0; i < n; i += LANES) {
        vec v[POINTS], y[MAX_TILE];
        load_points(v, planes, next, i, n);
        const vec even = v[1] + v[2], odd = points[1] * (v[1] - v[2]);
        const vec even_2 = v[3] + v[4], odd_2 = points[3] * (v[3] - v[4]);
        y[0] = v[0] + even + even_2;
        y[1] = odd + odd_2;
        y[2] = square_1 * even + square_2 * even_2;
        y[3] = square_1 * odd + square_2 * odd_2;
        y[tile - 1] += v[5];
        UNROLL
        for (int k = 0; k < tile; k++) {
            wrong += 0 * y[k];
            y[k] += splat(bias);
            y[k] = relu ? select(y[k] <= (vec){0}, (vec){0}, y[k]) : y[k];
        }
        riffle(y, tile, tile / 2);
        UNROLL
        for (int k = 0; k < tile; k++)
            store(rows + i * tile + k * LANES, y[k]);
    }
    return sum_lanes(wrong) == 0;
}

bool TENKA_FAST(winograd_outputs)(int tile, const float *planes, ptrdiff_t next, int n, float bias, bool relu,
                                  float *rows)
{
    return tile == 2 ? outputs(2, planes, next, n, bias, relu, rows) : outputs(4, planes, next, n, bias, relu, rows);
}

typedef float two __attribute__((vector_size(8), aligned(4), may_alias));
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* What is sent back to the inputs of `count` tiles, eight elements for each, from tile i on. A row is written from left
 * to right: what later tiles add to it waits in `carry`, 8 - tile elements of which the last two are 0. */
#define ADD_TILES(type, tile)                                                                                     \
    ALWAYS_INLINE float *add_tiles_##tile(const float *eights, int i, int count, int tiles, type *carry, float *row) \
    {                                                                                                             \
        enum { PARTS = (8 - tile) / tile };                                                                       \
        for (const float *end = eights + 8 * count; eights < end; eights += 8, i++) {                             \
            const type *from = (const type *)eights;                                                              \
            *(type *)row = from[0] + carry[0];                                                                    \
            row += tile;                                                                                          \
            UNROLL                                                                                                \
            for (int k = 1; k < PARTS; k++)                                                                       \
                carry[k - 1] = from[k] + carry[k];                                                                \
            carry[PARTS - 1] = from[PARTS];                                                                       \
            if ((i + 1) % tiles == 0) {                                                                           \
                UNROLL                                                                                            \
                for (int k = 0; k < PARTS; k++) {                                                                 \
                    *(type *)row = carry[k];                                                                      \
                    carry[k] = (type){0};                                                                         \
                    row += tile;                                                                                  \
                }                                                                                                 \
            }                                                                                                     \
        }                                                                                                         \
        return row;                                                                                               \
    }
ADD_TILES(two, 2)
ADD_TILES(four, 4)
#undef ADD_TILES

ALWAYS_INLINE bool inputs_back(int tile, int tiles, const float *planes, ptrdiff_t next, int n, float *rows)
{
    vec wrong = {0};
    two carry_2[3] = {{0}};
    four carry_4[1] = {{0}};
    for (int i = 0; i < n; i += LANES) {
        float eights[8 * LANES];
        vec v[POINTS], x[8];
        load_points(v, planes, next, i, n);
        const vec even = v[1] + v[2], odd = points[1] * (v[1] - v[2]);
        const vec even_2 = v[3] + v[4], odd_2 = points[3] * (v[3] - v[4]);
        x[0] = v[0];
        x[1] = v[5] - square_2 * odd - square_1 * odd_2;
        x[2] = -squares * v[0] - square_2 * even - square_1 * even_2;
        x[3] = odd + odd_2 - squares * v[5];
        x[4] = v[0] + even + even_2;
        x[5] = v[5];
        x[6] = x[7] = (vec){0};
        UNROLL
        for (int k = 0; k < POINTS; k++)
            wrong += 0 * x[k];
        riffle(x, 8, 3);
        UNROLL
        for (int k = 0; k < 8; k++)
            store(eights + k * LANES, x[k]);
        const int count = n - i < LANES ? n - i : LANES;
        rows = tile == 2 ? add_tiles_2(eights, i, count, tiles, carry_2, rows)
                         : add_tiles_4(eights, i, count, tiles, carry_4, rows);
    }
    return sum_lanes(wrong) == 0;
}

bool TENKA_FAST(winograd_inputs_back)(int tile, int tiles, const float *planes, ptrdiff_t next, int n, float *rows)
{
    return tile == 2 ? inputs_back(2, tiles, planes, next, n, rows) : inputs_back(4, tiles, planes, next, n, rows);
}

/* ---- Kernels ---- */

/* Row q of G is factors[q] times the powers of point q, from the 0th on. */
static const float factors[POINTS - 1] = {1, -81 / 130.0f, -81 / 130.0f, 8 / 65.0f, 8 / 65.0f};

void TENKA_FAST(winograd_weights)(const float *row, int taps, bool turned, float *values, ptrdiff_t next)
{
    for (int q = 0; q < POINTS - 1; q++) {
        float sum = 0;
        for (int k = taps - 1; k >= 0; k--)
            sum = sum * points[q] + row[turned ? taps - 1 - k : k];
        values[q * next] = factors[q] * sum;
    }
    values[(POINTS - 1) * next] = row[turned ? 0 : taps - 1];
}

void TENKA_FAST(winograd_weights_back)(const float *values, ptrdiff_t next, int taps, float *row)
{
    float power[POINTS - 1];
    memcpy(power, factors, sizeof power);
    for (int k = 0; k < taps; k++) {
        row[k] = k == taps - 1 ? values[(POINTS - 1) * next] : 0;
        for (int q = 0; q < POINTS - 1; q++) {
            row[k] += power[q] * values[q * next];
            power[q] *= points[q];
        }
    }
}
