// y = activated(conv2d(x, weight, bias)).
//   0: x in   1: weight in   2: bias in (when p.bias)   3: y out
READS(0, x);
READS_AS(STORAGE_FOUR, 0, x4);
READS(1, weight);
READS(2, bias);
WRITES(3, y);
WRITES_AS(STORAGE_FOUR, 3, y4);
#define SOURCE(i) LOAD(x, i)
#define SOURCE4(i) vec4(x4[i])
#define SOURCE_CHANNELS p.c
#define SOURCE_H p.h
#define SOURCE_W p.w
#define SUM_CHANNELS p.o
#define SUM_H p.oh
#define SUM_W p.ow
#include "common/conv_tile.glsl"

#define FINISHED(v, at) activated(v)
void store_row(int k)
{
    const int o = group * (p.o / p.groups) + channel + k;
    const float base = p.bias != 0 ? LOAD(bias, o) : 0.0;
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
