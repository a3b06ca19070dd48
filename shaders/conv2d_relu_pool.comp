#version 450
// y = max_pool2d(max(conv2d(x, weight, bias), 0)) by windows that do not overlap: the convolution is computed where
// they look, and not stored. The first maximum wins; NaN wins over all.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: bias in (when p.bias)   3: y out   4: index out (int: row * ow +
//                   column)
//   TENKA_PASS_dw, TENKA_PASS_parts   0: x in   1: y in   2: index in (int)   3: dy in   4: dweight out
//                   5: dbias out (when p.bias)
// Accuracy as conv2d.comp.
#include "common/conv2d.glsl"
#include "common/relu.glsl"

TENKA_PARAMS(CONV2D_FIELDS int pool_oh; int pool_ow; int pool_kh; int pool_kw; int pool_sh; int pool_sw;);

#ifdef TENKA_PASS_fwd
READS(0, x);
READS_AS(STORAGE_FOUR, 0, x4);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
WRITES_AS(STORAGE_FOUR, 3, y4);
WRITES_AS(int, 4, index);
WRITES_AS(ivec4, 4, index4);
#define POOLED
#define SOURCE(i) LOAD(x, i)
#define SOURCE4(i) vec4(x4[i])
#define SOURCE_CHANNELS p.c
#define SOURCE_H p.h
#define SOURCE_W p.w
#define SUM_CHANNELS p.o
#define SUM_H p.pool_oh
#define SUM_W p.pool_ow
#include "common/conv_tile.glsl"

// Of each window: the maximum so far and its place in the convolution.
float best[ROWS * TILE_SUMS_H * TILE_SUMS_W];
int winner[ROWS * TILE_SUMS_H * TILE_SUMS_W];
#define WINDOW(k, i, j) (((k) * TILE_SUMS_H + (i)) * TILE_SUMS_W + (j))

// Compares the pixels of a window's part; all windows are in the same part.
void compare(int k, int i, int j, ivec2 part, float base)
{
    const int w = WINDOW(k, i, j);
    const int oy = (tile_y * TILE_SUMS_H + i) * POOL_STEP_Y + part.y;
    const int ox = (tile_x * TILE_SUMS_W + j) * POOL_STEP_X + part.x;
    [[unroll]] for (int a = 0; a < PART_H; a++)
        [[unroll]] for (int b = 0; b < PART_W; b++) {
            const float value = relu(ACC(k, i * PART_H + a, j * PART_W + b) + base);
            if (winner[w] < 0 || is_nan(value) || (value > best[w] && !is_nan(best[w]))) {
                best[w] = value;
                winner[w] = (oy + a) * p.ow + ox + b;
            }
        }
}

void compare_all(ivec2 part)
{
    const int channels = p.o / p.groups;
    [[unroll]] for (int k = 0; k < ROWS; k++) {
        const float base = p.bias != 0 ? LOAD(bias, group * channels + min(channel + k, channels - 1)) : 0.0;
        [[unroll]] for (int i = 0; i < TILE_SUMS_H; i++)
            [[unroll]] for (int j = 0; j < TILE_SUMS_W; j++)
                compare(k, i, j, part, base);
    }
}

void store_row(int k)
{
    const int plane = (image * p.o + group * (p.o / p.groups) + channel + k) * p.pool_oh, first = tile_x * TILE_SUMS_W;
    [[unroll]] for (int i = 0; i < TILE_SUMS_H; i++) {
        const int row = tile_y * TILE_SUMS_H + i, at = (plane + row) * p.pool_ow + first;
        if (row < p.pool_oh) {
            STORE_LINE(STORAGE_FOUR, STORAGE, y, at, p.pool_ow - first, best[WINDOW(k, i, j)], AS_IS);
            STORE_LINE(ivec4, int, index, at, p.pool_ow - first, winner[WINDOW(k, i, j)], AS_IS);
        }
    }
}

void main()
{
    FOR_EACH_GROUP(g) {
        find_tile(g);
        [[unroll]] for (int w = 0; w < ROWS * TILE_SUMS_H * TILE_SUMS_W; w++)
            winner[w] = -1;
        ivec2 part = ivec2(0);
        do {
            part.x = 0;
            do {
                sum_tile(part);
                compare_all(part);
                part.x += PART_W;
            } while (part.x < POOL_W);
            part.y += PART_H;
        } while (part.y < POOL_H);
        [[unroll]] for (int k = 0; k < ROWS; k++)
            if (inside && channel + k < p.o / p.groups)
                store_row(k);
    }
}
#endif

#ifdef TENKA_PASS_parts
#define IN_PARTS
#define TENKA_PASS_dw
#endif

#ifdef TENKA_PASS_dw
READS(0, x);
READS_AS(STORAGE_FOUR, 0, x4);
READS(1, y);
READS_AS(int, 2, index);
READS(3, dy);
WRITES(4, dweight);
WRITES(5, dbias);

// What the window of maxima that a pixel lies in sends it, if it is the winner; windows may leave gaps, and a rest. Its
// pixels look at the nearest window and win nothing: no load hangs on another, so that many are on their way at once.
// A pixel is the window of channel 0 and the index of a winner there.
ivec2 pixel_at(int b, int oy, int ox)
{
    const uint column = uint(ox) / uint(p.pool_sw), line = uint(oy) / uint(p.pool_sh);
    const uint last_column = uint(p.pool_ow - 1), last_line = uint(p.pool_oh - 1);
    const uint plane = uint(b * p.o) * uint(p.pool_oh);
    const uint at = (plane + min(line, last_line)) * uint(p.pool_ow) + min(column, last_column);
    const int beyond = int(column > last_column) | int(line > last_line);
    return ivec2(at, oy * p.ow + ox | -beyond); // no winner is -1
}

float gradient(ivec2 pixel, int o)
{
    const int at = pixel.x + o * p.pool_oh * p.pool_ow, winner = index[at];
    const float d = relu_back(LOAD(y, at), LOAD(dy, at));
    return winner == pixel.y ? d : 0.0;
}
#include "common/conv_dw.glsl"
#endif
