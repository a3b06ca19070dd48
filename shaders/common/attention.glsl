// Tiles of attention: what a workgroup makes in one of the variants of the family attention (src/op/variants.def). The
// matrices of a batch are q [t, d], k [s, d], v [s, dv], and y and dy like v, but of t rows. A tile is TILE_ROWS rows, of
// queries or of keys, by TILE_COLUMNS of the others; an invocation has ROWS of its rows by COLUMNS of its columns. What a
// workgroup makes of its rows is at most PART columns wide. Rows and columns past the last are computed from it.
//
// Sums run in the order of their terms, by fused multiply-adds, and the tiles come in order; no variant changes that.
#include "common/kernel.glsl"
#include "common/numbers.glsl"
#extension GL_EXT_control_flow_attributes : require

layout(constant_id = 1) const int LANES = 8;
layout(constant_id = 2) const int ROWS = 4;
layout(constant_id = 3) const int COLUMNS = 4;
layout(constant_id = 8) const bool FOURS_D = false;  // d is a multiple of 4
layout(constant_id = 9) const bool FOURS_DV = false; // dv is
layout(constant_id = 10) const int FOURS_OF_D = 2;   // of a part of d that an invocation has
layout(constant_id = 11) const int FOURS_OF_DV = 2;  // and of dv
layout(constant_id = 12) const bool MASKED = false;
layout(constant_id = 13) const bool CAUSAL = false;

TENKA_PARAMS(int batch; int t; int s; int d; int dv; int masks; int lead0; int lead1; int lead2; int lead3; int stride0;
             int stride1; int stride2; int stride3; int causal;);

const int ROW_LANES = int(gl_WorkGroupSize.x) / LANES;
const int TILE_ROWS = ROWS * ROW_LANES, TILE_COLUMNS = LANES * COLUMNS; // the latter ATTENTION_TILE of src/op/tiles.h
const int PART = 64;                                                    // ATTENTION_PART
const int LINE = TILE_COLUMNS + 1;                                      // in shared memory

int me() { return int(gl_LocalInvocationID.x); }
int lane() { return me() % LANES; }
// The r-th row and the c-th column of an invocation, in the tile; and where its i-th four begins, in the part.
int my_row(int r) { return me() / LANES * ROWS + r; }
int my_column(int c) { return lane() * COLUMNS + c; }
int my_four(int i) { return 4 * (lane() + i * LANES); }

#define FOR(i, count) [[unroll]] for (int i = 0; i < (count); i++)
#define FOR_TILE FOR(r, ROWS) FOR(c, COLUMNS)
#define SCORES(name) float name[ROWS][COLUMNS]

// The first `room` of four, zeros for the others.
vec4 upto(vec4 v, int room)
{
    return vec4(v.x, room > 1 ? v.y : 0.0, room > 2 ? v.z : 0.0, room > 3 ? v.w : 0.0);
}

// Elements i .. i + 3 of a line of n that begins at `at`, of the array's `count` elements; those past the line's end are 0.
#define LINE_FOUR(array, fours, count, at, i, n) \
    ((fours) ? FOUR(array, true, 0, (at) + (i)) : upto(FOUR(array, false, (count) - 1, (at) + (i)), (n) - (i)))

#define ADD_DOTS(sum, a, a_at, a_count, b, b_at, b_count, i, n, fours)                    \
    {                                                                                     \
        vec4 left[ROWS], right[COLUMNS];                                                  \
        FOR(r, ROWS) left[r] = LINE_FOUR(a, fours, a_count, a_at[r], i, n);               \
        FOR(c, COLUMNS) right[c] = LINE_FOUR(b, fours, b_count, b_at[c], i, n);           \
        FOR_TILE {                                                                        \
            sum[r][c] = fma(left[r].x, right[c].x, sum[r][c]);                            \
            sum[r][c] = fma(left[r].y, right[c].y, sum[r][c]);                            \
            sum[r][c] = fma(left[r].z, right[c].z, sum[r][c]);                            \
            sum[r][c] = fma(left[r].w, right[c].w, sum[r][c]);                            \
        }                                                                                 \
    }
// sum[r][c] = the product of the lines of n elements of array a from a_at[r] on and of array b from b_at[c] on.
#define DOTS(sum, a, a_at, a_count, b, b_at, b_count, n, fours)                           \
    {                                                                                     \
        FOR_TILE sum[r][c] = 0.0;                                                         \
        for (int i_ = 0; i_ < (n); i_ += 4)                                               \
            ADD_DOTS(sum, a, a_at, a_count, b, b_at, b_count, i_, n, fours)               \
    }

// Four neighbours from `at` on, any where they are past the array's `count` elements.
#define ANY_FOUR(array, fours, count, at) FOUR(array, fours, (count) - 1, min(at, (count) - ((fours) ? 4 : 1)))

// Where the lines of n elements begin that belong to an invocation's rows and columns, of a matrix of so many lines.
#define ROW_LINES(name, batch, first, lines, n) \
    int name[ROWS];                             \
    FOR(r, ROWS) name[r] = ((batch) * (lines) + min((first) + my_row(r), (lines) - 1)) * (n)
#define COLUMN_LINES(name, batch, first, lines, n) \
    int name[COLUMNS];                             \
    FOR(c, COLUMNS) name[c] = ((batch) * (lines) + min((first) + my_column(c), (lines) - 1)) * (n)

// Which matrix of the mask a batch sees.
int mask_of(int batch)
{
    uint rest = uint(batch), mask = digit(rest, p.lead3) * p.stride3;
    mask += digit(rest, p.lead2) * p.stride2;
    mask += digit(rest, p.lead1) * p.stride1;
    mask += digit(rest, p.lead0) * p.stride0;
    return int(mask);
}

// A score of row i and column j with its mask, of the matrix number `mask`; minus infinity where it is not to be seen.
#define MASK(value, mask, i, j)                                                                                       \
    ((j) >= p.s || (CAUSAL && (j) > (i)) ? uintBitsToFloat(0xff800000u)                                               \
     : MASKED ? (value) + LOAD(mask_matrix, ((mask) * p.t + min(i, p.t - 1)) * p.s + (j))                             \
              : (value))

// Where the columns end that a tile of rows sees; the same for a tile of any variant.
int last_column(int first_row)
{
    return CAUSAL ? min(p.s, (first_row / 32 + 1) * 32) : p.s;
}

// What a score is worth, of a row with that lse.
float worth(float score, float lse)
{
    precise const float apart = score - lse;
    return is_nan(apart) ? make_nan() : exp(apart);
}
