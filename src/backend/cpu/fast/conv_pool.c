/* Max pooling of a convolution's results while they are in the cache, and its gradient: windows that neither overlap
 * nor reach into padding (conv2d_relu_pool). Windows two columns wide, two apart, are done a vector at a time. */
#include "backend/cpu/fast/conv.h"
#include "backend/cpu/fast/pool.h"

typedef struct tenka_p_conv2d_pool pool_params;

static bool in_pairs(const pool_params *p)
{
    return p->pool_kw == 2 && p->pool_sw == 2;
}

/* ---- Forward ---- */

/* The windows of one row, whose values begin at x, rows `pitch` apart; first: index of the row's first value. */
static void pool_pairs(const pool_params *p, const float *x, int pitch, int first, float *y, int32_t *index)
{
    const ivec columns = 2 * lane_numbers() + first;
    for (int j = 0; j < p->pool_ow; j += LANES) {
        vec best = {0};
        ivec winner = {0};
        for (int r = 0; r < p->pool_kh; r++) {
            const float *from = x + (ptrdiff_t)r * pitch + 2 * j;
            const vec a = load(from), b = load(from + LANES);
            const ivec at = columns + (r * p->conv.ow + 2 * j);
            if (r == 0) {
                best = even_lanes(a, b);
                winner = at;
            } else {
                challenge(&best, &winner, even_lanes(a, b), at);
            }
            challenge(&best, &winner, odd_lanes(a, b), at + 1);
        }
        const int count = p->pool_ow - j < LANES ? p->pool_ow - j : LANES;
        store_lanes(y + j, best, 0, count);
        store_int_lanes(index + j, winner, 0, count);
    }
}

static void pool_row(const pool_params *p, const float *x, int pitch, int first, float *y, int32_t *index)
{
    for (int j = 0; j < p->pool_ow; j++) {
        int winner = j * p->pool_sw;
        float best = x[winner];
        for (int r = 0; r < p->pool_kh; r++)
            for (int s = 0; s < p->pool_kw; s++) {
                const float value = x[(ptrdiff_t)r * pitch + j * p->pool_sw + s];
                if (value > best || value != value) {
                    best = value;
                    winner = r * p->conv.ow + j * p->pool_sw + s;
                }
            }
        y[j] = best;
        index[j] = first + winner;
    }
}

void TENKA_FAST(pool_results)(const pool_params *p, const float *x, int pitch, int row, int rows, float *y,
                              int32_t *index)
{
    for (int i = row / p->pool_sh; i < p->pool_oh && i * p->pool_sh + p->pool_kh <= row + rows; i++) {
        const float *from = x + (ptrdiff_t)(i * p->pool_sh - row) * pitch;
        const int first = i * p->pool_sh * p->conv.ow;
        if (in_pairs(p))
            pool_pairs(p, from, pitch, first, y + i * p->pool_ow, index + i * p->pool_ow);
        else
            pool_row(p, from, pitch, first, y + i * p->pool_ow, index + i * p->pool_ow);
    }
}

/* ---- Backward ---- */

/* Row r of the windows of one row: dy where a value won and y > 0, else 0. Whole vectors are written. */
static void unpool_pairs(const pool_params *p, const float *y, const int32_t *index, const float *dy, int first,
                         float *out)
{
    const ivec columns = 2 * lane_numbers() + first;
    for (int j = 0; j < p->pool_ow; j += LANES) {
        const int count = p->pool_ow - j < LANES ? p->pool_ow - j : LANES;
        const vec d = load_lanes(dy + j, 0, count), maxima = load_lanes(y + j, 0, count);
        const vec value = select(maxima <= (vec){0}, (vec){0}, d);
        const ivec winner = load_int_lanes(index + j, 0, count), at = columns + 2 * j;
        const vec even = select(winner == at, value, (vec){0}), odd = select(winner == at + 1, value, (vec){0});
        store(out + 2 * j, interleave_low(even, odd));
        store(out + 2 * j + LANES, interleave_high(even, odd));
    }
}

static void unpool_row(const pool_params *p, const float *y, const int32_t *index, const float *dy, int first,
                       float *out)
{
    for (int j = 0; j < p->pool_ow; j++) {
        const int at = index[j] - first; /* of another row: outside */
        if (at >= 0 && at < p->conv.ow)
            out[at] = y[j] <= 0 ? 0 : dy[j];
    }
}

void TENKA_FAST(unpool_outputs)(const pool_params *p, int images, int columns, int row, int rows, const float *y,
                                const int32_t *index, const float *dy, int outputs, float *out, ptrdiff_t next)
{
    const ptrdiff_t plane = (ptrdiff_t)p->pool_oh * p->pool_ow, next_image = p->conv.o * plane;
    for (int o = 0; o < outputs; o++, out += next) {
        memset(out, 0, (size_t)next * sizeof(*out));
        for (int i = row / p->pool_sh; i < p->pool_oh && i * p->pool_sh < row + rows; i++)
            for (int r = 0; r < p->pool_kh; r++)
                for (int b = 0; b < images; b++) {
                    const ptrdiff_t at = b * next_image + o * plane + i * p->pool_ow;
                    const int first = (i * p->pool_sh + r) * p->conv.ow;
                    float *to = out + ((ptrdiff_t)(i * p->pool_sh + r - row) * images + b) * columns;
                    if (in_pairs(p))
                        unpool_pairs(p, y + at, index + at, dy + at, first, to);
                    else
                        unpool_row(p, y + at, index + at, dy + at, first, to);
                }
    }
}
