// A tile of 4 x 4 of C = A B in registers. After common/kernel.glsl.

// Where the four rows of A and the four columns of B of a tile begin, and the way along k. Rows and columns past the
// last are computed again and not stored.
struct Tile {
    ivec4 a, b;
    int a_step, b_step;
};

ivec4 lines(int first, int last, int stride)
{
    return min(first + ivec4(0, 1, 2, 3), ivec4(last)) * stride;
}

// acc: a column for each row of C, so that one value of A scales a vector of B.
#define GEMM_TILE(acc, tile, array_a, array_b, count)                                                       \
    for (int k = 0; k < (count); k++, tile.a += tile.a_step, tile.b += tile.b_step) {                        \
        const vec4 v = vec4(LOAD(array_b, tile.b.x), LOAD(array_b, tile.b.y), LOAD(array_b, tile.b.z),       \
                            LOAD(array_b, tile.b.w));                                                        \
        acc[0] += LOAD(array_a, tile.a.x) * v;                                                               \
        acc[1] += LOAD(array_a, tile.a.y) * v;                                                               \
        acc[2] += LOAD(array_a, tile.a.z) * v;                                                               \
        acc[3] += LOAD(array_a, tile.a.w) * v;                                                               \
    }

#define GEMM_STORE(array_c, row, column, rows, columns, acc)                                      \
    {                                                                                             \
        const int at = (row) * (columns) + (column), room = (columns) - (column);                 \
        STORE_FOUR(array_c, at, room, acc[0]);                                                    \
        if ((row) + 1 < (rows))                                                                   \
            STORE_FOUR(array_c, at + (columns), room, acc[1]);                                    \
        if ((row) + 2 < (rows))                                                                   \
            STORE_FOUR(array_c, at + 2 * (columns), room, acc[2]);                                \
        if ((row) + 3 < (rows))                                                                   \
            STORE_FOUR(array_c, at + 3 * (columns), room, acc[3]);                                \
    }
