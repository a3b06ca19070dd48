/* The transforms between tiles and their values at points; winograd.h says what they are for. Factors that are free to
 * choose stand with the weights, which are transformed once, so that the others have simple ones. */
#include "backend/cpu/fast/winograd.h"

enum { POINTS_3 = 6, POINTS_5 = 9 };

/* The points beside 0 and infinity come in pairs, p and -p, then q and -q. */
static const float p_3 = 2 / 3.0f, q_3 = 1.5f;
static const float p_5 = 0.707106781f, q_5 = 1.41421356f; /* square roots of 1/2 and 2 */

int TENKA_FAST(winograd_points)(const struct tenka_p_conv2d *p)
{
    /* That the transforms, of tiles or of weights, cost more than they save. */
    enum { FEW_TERMS = 16, FEW_OUTPUTS = 8, FEW_PLACES = 512 };
    const int channels = p->c / p->groups, outputs = p->o / p->groups;
    const int64_t width = p->ow, whole = (width + TILE_OUTPUTS - 1) / TILE_OUTPUTS * TILE_OUTPUTS;
    if (p->sh != 1 || p->sw != 1 || p->dh != 1 || p->dw != 1 || p->pw >= p->kw || whole * 4 > width * 5 ||
        channels * (int64_t)p->kh < FEW_TERMS || outputs < FEW_OUTPUTS || p->n * width * p->oh < FEW_PLACES)
        return 0;
    return p->kw == 3 ? POINTS_3 : p->kw == 5 ? POINTS_5 : 0;
}

void TENKA_FAST(winograd_places)(int tiles, int32_t *at, int n)
{
    for (int i = 0; i < n; i++)
        at[i] = i / tiles * winograd_row(tiles) + i % tiles * TILE_OUTPUTS;
    for (int i = n; i % LANES != 0; i++)
        at[i] = 0;
}

/* ---- Tiles to points ---- */

/* v = B^T x */
ALWAYS_INLINE void inputs_3(const vec x[TILE_INPUTS], vec v[MAX_POINTS])
{
    const vec even = x[4] - 2.25f * x[2], odd = p_3 * (x[3] - 2.25f * x[1]);
    const vec even_2 = x[4] - 4 / 9.0f * x[2], odd_2 = q_3 * (x[3] - 4 / 9.0f * x[1]);
    v[0] = x[0] - 97 / 36.0f * x[2] + x[4];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = even_2 + odd_2;
    v[4] = even_2 - odd_2;
    v[5] = x[1] - 97 / 36.0f * x[3] + x[5];
}

ALWAYS_INLINE void inputs_5(const vec x[TILE_INPUTS], vec v[MAX_POINTS])
{
    const vec even = x[6] - x[4] - 2 * x[2], odd = p_5 * (x[5] - x[3] - 2 * x[1]);
    const vec even_2 = x[6] + 0.5f * (x[4] - x[2]), odd_2 = q_5 * (x[5] + 0.5f * (x[3] - x[1]));
    const vec real = x[6] - 2.5f * x[4] + x[2], imaginary = x[5] - 2.5f * x[3] + x[1];
    v[0] = x[0] - 1.5f * (x[2] + x[4]) + x[6];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = even_2 + odd_2;
    v[4] = even_2 - odd_2;
    v[5] = real + imaginary;
    v[6] = real - imaginary;
    v[7] = imaginary;
    v[8] = x[1] - 1.5f * (x[3] + x[5]) + x[7];
}

ALWAYS_INLINE void inputs(int points, const float *rows, const int32_t *at, int n, float *planes, ptrdiff_t next)
{
    for (int i = 0; i < n; i += LANES) {
        vec x[TILE_INPUTS], v[MAX_POINTS];
        load_eights(x, rows, at + i);
        if (points == POINTS_3)
            inputs_3(x, v);
        else
            inputs_5(x, v);
        UNROLL
        for (int q = 0; q < points; q++)
            store(planes + q * next + i, v[q]);
    }
}

void TENKA_FAST(winograd_inputs)(int points, const float *rows, const int32_t *at, int n, float *planes, ptrdiff_t next)
{
    if (points == POINTS_3)
        inputs(POINTS_3, rows, at, n, planes, next);
    else
        inputs(POINTS_5, rows, at, n, planes, next);
}

/* v = A y */
ALWAYS_INLINE void outputs_back_3(const vec y[TILE_OUTPUTS], vec v[MAX_POINTS])
{
    const vec even = y[0] + 4 / 9.0f * y[2], odd = p_3 * (y[1] + 4 / 9.0f * y[3]);
    const vec even_2 = y[0] + 2.25f * y[2], odd_2 = q_3 * (y[1] + 2.25f * y[3]);
    v[0] = y[0];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = even_2 + odd_2;
    v[4] = even_2 - odd_2;
    v[5] = y[3];
}

ALWAYS_INLINE void outputs_back_5(const vec y[TILE_OUTPUTS], vec v[MAX_POINTS])
{
    const vec even = y[0] + 0.5f * y[2], odd = p_5 * (y[1] + 0.5f * y[3]);
    const vec even_2 = y[0] + 2 * y[2], odd_2 = q_5 * (y[1] + 2 * y[3]);
    v[0] = y[0];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = even_2 + odd_2;
    v[4] = even_2 - odd_2;
    v[5] = y[0] - y[2];
    v[6] = y[1] - y[3];
    v[7] = v[5] + v[6];
    v[8] = y[3];
}

/* The vectors of outputs that LANES tiles have from tile i on, of n. */
ALWAYS_INLINE void load_outputs(vec y[TILE_OUTPUTS], const float *rows, int i, int n)
{
    UNROLL
    for (int k = 0; k < TILE_OUTPUTS; k++) {
        const int left = (n - i) * TILE_OUTPUTS - k * LANES;
        const float *at = rows + i * TILE_OUTPUTS + k * LANES;
        y[k] = left >= LANES ? load(at) : load_lanes(at, 0, left > 0 ? left : 0);
    }
}

ALWAYS_INLINE void outputs_back(int points, const float *rows, int n, float *planes, ptrdiff_t next)
{
    for (int i = 0; i < n; i += LANES) {
        vec y[TILE_OUTPUTS], v[MAX_POINTS];
        load_outputs(y, rows, i, n);
        riffle(y, TILE_OUTPUTS, LANES_LOG2);
        if (points == POINTS_3)
            outputs_back_3(y, v);
        else
            outputs_back_5(y, v);
        UNROLL
        for (int q = 0; q < points; q++)
            store(planes + q * next + i, v[q]);
    }
}

void TENKA_FAST(winograd_outputs_back)(int points, const float *rows, int n, float *planes, ptrdiff_t next)
{
    if (points == POINTS_3)
        outputs_back(POINTS_3, rows, n, planes, next);
    else
        outputs_back(POINTS_5, rows, n, planes, next);
}

/* ---- Points to tiles ---- */

/* The vector of each plane that begins with tile i, of n. */
ALWAYS_INLINE void load_points(vec v[MAX_POINTS], int points, const float *planes, ptrdiff_t next, int i, int n)
{
    UNROLL
    for (int q = 0; q < points; q++)
        v[q] = n - i >= LANES ? load(planes + q * next + i) : load_lanes(planes + q * next + i, 0, n - i);
}

/* y = A^T v */
ALWAYS_INLINE void outputs_3(const vec v[MAX_POINTS], vec y[TILE_OUTPUTS])
{
    const vec even = v[1] + v[2], odd = p_3 * (v[1] - v[2]), even_2 = v[3] + v[4], odd_2 = q_3 * (v[3] - v[4]);
    y[0] = v[0] + even + even_2;
    y[1] = odd + odd_2;
    y[2] = 4 / 9.0f * even + 2.25f * even_2;
    y[3] = 4 / 9.0f * odd + 2.25f * odd_2 + v[5];
}

ALWAYS_INLINE void outputs_5(const vec v[MAX_POINTS], vec y[TILE_OUTPUTS])
{
    const vec even = v[1] + v[2], odd = p_5 * (v[1] - v[2]), even_2 = v[3] + v[4], odd_2 = q_5 * (v[3] - v[4]);
    const vec real = v[5] + v[7], imaginary = v[6] + v[7];
    y[0] = v[0] + even + even_2 + real;
    y[1] = odd + odd_2 + imaginary;
    y[2] = 0.5f * even + 2 * even_2 - real;
    y[3] = 0.5f * odd + 2 * odd_2 - imaginary + v[8];
}

ALWAYS_INLINE bool outputs(int points, const float *planes, ptrdiff_t next, int n, float bias, bool relu, float *rows)
{
    vec wrong = {0}; /* NaN where a result is not finite */
    for (int i = 0; i < n; i += LANES) {
        vec v[MAX_POINTS], y[TILE_OUTPUTS];
        load_points(v, points, planes, next, i, n);
        if (points == POINTS_3)
            outputs_3(v, y);
        else
            outputs_5(v, y);
        UNROLL
        for (int k = 0; k < TILE_OUTPUTS; k++) {
            wrong += 0 * y[k];
            y[k] += splat(bias);
            y[k] = relu ? select(y[k] < (vec){0}, (vec){0}, y[k]) : y[k];
        }
        riffle(y, TILE_OUTPUTS, 2);
        UNROLL
        for (int k = 0; k < TILE_OUTPUTS; k++)
            store(rows + i * TILE_OUTPUTS + k * LANES, y[k]);
    }
    return sum_lanes(wrong) == 0;
}

bool TENKA_FAST(winograd_outputs)(int points, const float *planes, ptrdiff_t next, int n, float bias, bool relu,
                                  float *rows)
{
    return points == POINTS_3 ? outputs(POINTS_3, planes, next, n, bias, relu, rows)
                              : outputs(POINTS_5, planes, next, n, bias, relu, rows);
}

/* x = B v */
ALWAYS_INLINE void inputs_back_3(const vec v[MAX_POINTS], vec x[TILE_INPUTS])
{
    const vec even = v[1] + v[2], odd = p_3 * (v[1] - v[2]), even_2 = v[3] + v[4], odd_2 = q_3 * (v[3] - v[4]);
    x[0] = v[0];
    x[1] = v[5] - 2.25f * odd - 4 / 9.0f * odd_2;
    x[2] = -97 / 36.0f * v[0] - 2.25f * even - 4 / 9.0f * even_2;
    x[3] = odd + odd_2 - 97 / 36.0f * v[5];
    x[4] = v[0] + even + even_2;
    x[5] = v[5];
    x[6] = x[7] = (vec){0};
}

ALWAYS_INLINE void inputs_back_5(const vec v[MAX_POINTS], vec x[TILE_INPUTS])
{
    const vec even = v[1] + v[2], odd = p_5 * (v[1] - v[2]), even_2 = v[3] + v[4], odd_2 = q_5 * (v[3] - v[4]);
    const vec real = v[5] + v[6], imaginary = v[5] - v[6] + v[7];
    x[0] = v[0];
    x[1] = v[8] - 2 * odd - 0.5f * odd_2 + imaginary;
    x[2] = -1.5f * v[0] - 2 * even - 0.5f * even_2 + real;
    x[3] = -1.5f * v[8] - odd + 0.5f * odd_2 - 2.5f * imaginary;
    x[4] = -1.5f * v[0] - even + 0.5f * even_2 - 2.5f * real;
    x[5] = -1.5f * v[8] + odd + odd_2 + imaginary;
    x[6] = v[0] + even + even_2 + real;
    x[7] = v[8];
}

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* What is sent back to the inputs of `count` tiles, from tile i on. A row is written from left to right: the second
 * half of a tile's inputs, which is also the first half of the next one's, waits in `carry`. */
static inline float *add_tiles(const float *tiles, int i, int count, int tiles_of_row, four *carry, float *row)
{
    for (const float *end = tiles + TILE_INPUTS * count; tiles < end; tiles += TILE_INPUTS, row += TILE_OUTPUTS) {
        *(four *)row = *(const four *)tiles + *carry;
        *carry = *(const four *)(tiles + TILE_OUTPUTS);
        if (++i % tiles_of_row == 0) {
            row += TILE_OUTPUTS;
            *(four *)row = *carry;
            *carry = (four){0};
        }
    }
    return row;
}

ALWAYS_INLINE bool inputs_back(int points, int tiles, const float *planes, ptrdiff_t next, int n, float *rows)
{
    vec wrong = {0};
    four carry = {0};
    for (int i = 0; i < n; i += LANES) {
        float all[TILE_INPUTS * LANES];
        vec v[MAX_POINTS], x[TILE_INPUTS];
        load_points(v, points, planes, next, i, n);
        if (points == POINTS_3)
            inputs_back_3(v, x);
        else
            inputs_back_5(v, x);
        UNROLL
        for (int k = 0; k < TILE_INPUTS; k++)
            wrong += 0 * x[k];
        riffle(x, TILE_INPUTS, 3);
        UNROLL
        for (int k = 0; k < TILE_INPUTS; k++)
            store(all + k * LANES, x[k]);
        rows = add_tiles(all, i, n - i < LANES ? n - i : LANES, tiles, &carry, rows);
    }
    return sum_lanes(wrong) == 0;
}

bool TENKA_FAST(winograd_inputs_back)(int points, int tiles, const float *planes, ptrdiff_t next, int n, float *rows)
{
    return points == POINTS_3 ? inputs_back(POINTS_3, tiles, planes, next, n, rows)
                              : inputs_back(POINTS_5, tiles, planes, next, n, rows);
}

/* ---- Kernels ---- */

void TENKA_FAST(winograd_weights)(int points, const float *row, bool turned, float *values, ptrdiff_t next)
{
    const int taps = points == POINTS_3 ? 3 : 5;
    float w[5], *v = values;
    for (int k = 0; k < taps; k++)
        w[k] = row[turned ? taps - 1 - k : k];
    if (points == POINTS_3) {
        const float even = w[0] + 4 / 9.0f * w[2], even_2 = w[0] + 2.25f * w[2];
        v[0] = w[0];
        v[next] = -81 / 130.0f * (even + p_3 * w[1]);
        v[2 * next] = -81 / 130.0f * (even - p_3 * w[1]);
        v[3 * next] = 8 / 65.0f * (even_2 + q_3 * w[1]);
        v[4 * next] = 8 / 65.0f * (even_2 - q_3 * w[1]);
        v[5 * next] = w[2];
    } else {
        const float even = w[0] + 0.5f * w[2] + 0.25f * w[4], odd = p_5 * (w[1] + 0.5f * w[3]);
        const float even_2 = w[0] + 2 * w[2] + 4 * w[4], odd_2 = q_5 * (w[1] + 2 * w[3]);
        const float real = w[0] - w[2] + w[4], imaginary = w[1] - w[3];
        v[0] = w[0];
        v[next] = -4 / 9.0f * (even + odd);
        v[2 * next] = -4 / 9.0f * (even - odd);
        v[3 * next] = 1 / 18.0f * (even_2 + odd_2);
        v[4 * next] = 1 / 18.0f * (even_2 - odd_2);
        v[5 * next] = -2 / 9.0f * real;
        v[6 * next] = 2 / 9.0f * imaginary;
        v[7 * next] = 2 / 9.0f * (real + imaginary);
        v[8 * next] = w[4];
    }
}

void TENKA_FAST(winograd_weights_back)(int points, const float *values, ptrdiff_t next, float *row)
{
    const float *v = values;
    if (points == POINTS_3) {
        const float even = -81 / 130.0f * (v[next] + v[2 * next]), odd = -81 / 130.0f * (v[next] - v[2 * next]);
        const float even_2 = 8 / 65.0f * (v[3 * next] + v[4 * next]), odd_2 = 8 / 65.0f * (v[3 * next] - v[4 * next]);
        row[0] = v[0] + even + even_2;
        row[1] = p_3 * odd + q_3 * odd_2;
        row[2] = 4 / 9.0f * even + 2.25f * even_2 + v[5 * next];
    } else {
        const float even = -4 / 9.0f * (v[next] + v[2 * next]), odd = -4 / 9.0f * p_5 * (v[next] - v[2 * next]);
        const float even_2 = 1 / 18.0f * (v[3 * next] + v[4 * next]);
        const float odd_2 = 1 / 18.0f * q_5 * (v[3 * next] - v[4 * next]);
        const float real = 2 / 9.0f * (v[7 * next] - v[5 * next]), imaginary = 2 / 9.0f * (v[7 * next] + v[6 * next]);
        row[0] = v[0] + even + even_2 + real;
        row[1] = odd + odd_2 + imaginary;
        row[2] = 0.5f * even + 2 * even_2 - real;
        row[3] = 0.5f * odd + 2 * odd_2 - imaginary;
        row[4] = 0.25f * even + 4 * even_2 + real + v[8 * next];
    }
}
