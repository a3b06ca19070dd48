// y = conv2d(x, weight). After READS of x, x4 (of fours) and weight, WRITES of y and y4, and BASE(o), where the sums of
// channel o begin, and FINISHED(v, at), what becomes of the sum v.
#define SOURCE(i) LOAD(x, i)
#define SOURCE4(i) vec4(x4[i])
#define SOURCE_CHANNELS p.c
#define SOURCE_H p.h
#define SOURCE_W p.w
#define SUM_CHANNELS p.o
#define SUM_H p.oh
#define SUM_W p.ow
#include "common/conv_tile.glsl"

void store_row(int k)
{
    const int o = group * (p.o / p.groups) + channel + k;
    const float base = BASE(o);
    [[unroll]] for (int i = 0; i < TILE_H; i++) {
        const int oy = tile_y * TILE_H + i, first = tile_x * TILE_W;
        const int at = ((image * p.o + o) * p.oh + oy) * p.ow + first;
        if (oy < p.oh)
            STORE_LINE(STORAGE_FOUR, STORAGE, y, at, p.ow - first, ACC(k, i, j) + base, FINISHED);
    }
}

void main()
{
    FOR_EACH_GROUP(g) {
        find_tile(g);
        sum_tile(ivec2(0));
        [[unroll]] for (int k = 0; k < ROWS; k++)
            if (inside && channel + k < p.o / p.groups)
                store_row(k);
    }
}
