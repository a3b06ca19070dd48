// The gradient of a convolution's input. After READS of weight, dy and dy4 (of fours), WRITES of dx and dx4, and
// FINISHED(v, at), what becomes of the sum v, or of four.
#define BACKWARD
#define SOURCE(i) LOAD(dy, i)
#define SOURCE4(i) vec4(dy4[i])
#define SOURCE_CHANNELS p.o
#define SOURCE_H p.oh
#define SOURCE_W p.ow
#define SUM_CHANNELS p.c
#define SUM_H p.h
#define SUM_W p.w
#include "common/conv_tile.glsl"

void store_row(int k)
{
    const int plane = (image * p.c + group * (p.c / p.groups) + channel + k) * p.h;
    [[unroll]] for (int i = 0; i < TILE_H; i++) {
        const int iy = (tile_y * TILE_H + i) * p.sh + phase.y, first = tile_x * TILE_W * p.sw + phase.x;
        const int at = (plane + iy) * p.w + first;
        if (iy >= p.h)
            break;
        if (TAP_X == 1 && p.sw == 1) {
            STORE_LINE(STORAGE_FOUR, STORAGE, dx, at, p.w - first, ACC(k, i, j), FINISHED);
        } else {
            [[unroll]] for (int j = 0; j < TILE_W; j++)
                if (first + j * p.sw < p.w)
                    STORE(dx, at + j * p.sw, FINISHED(ACC(k, i, j), at + j * p.sw));
        }
    }
}

void main()
{
    FOR_EACH_GROUP(g) {
        find_tile(g);
        sum_tile(ivec2(0));
        [[unroll]] for (int k = 0; k < ROWS; k++)
            if (inside && channel + k < p.c / p.groups)
                store_row(k);
    }
}
