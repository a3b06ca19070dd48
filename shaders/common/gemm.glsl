// One tile of C[i, j] = sum over k of A[i, k] B[k, j]: what a workgroup makes in one of the variants of the family gemm
// (src/op/variants.def). Included once for each product of a shader, after definitions of
//   GEMM_TILE             the name of the function, void GEMM_TILE(int first_row, int first_column)
//   GEMM_M, _N, _K        sizes
//   GEMM_A                name of the array that holds A, see READS_FOURS
//   GEMM_A_FIRST, _LAST   indices of A's first element and of its last
//   GEMM_A_LINE, _STEP    distance in memory of neighbours along i, and along k: one of them is 1
//   GEMM_A_ALONG          constant: it is that along k
//   GEMM_A_FOURS          constant: the other distance and GEMM_A_FIRST are multiples of 4, so that fours can be loaded
//   GEMM_B...             the same of B, with j for i
//   GEMM_SPLITS           constant: of how many parts a sum is made; fewer than SLICES leave slices without work
//   GEMM_STORE(i, j, v)   stores v as four neighbours of row i from column j on, but for those past the last column
// which it undefines. Arrays must not be called left, right, sum, part, total or stage.
//
// A sum runs in the order of k, by fused multiply-adds where the device has them; with several parts, each is such a
// sum, and they are added in order. No variant changes that. An invocation makes ROWS x COLUMNS in fours of neighbours;
// between its fours lie those of the others. Rows and columns past the last are computed from others and not stored.
#ifndef GEMM_VARIANT
#define GEMM_VARIANT
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require

layout(constant_id = 1) const int LANES = 8;
layout(constant_id = 2) const int ROWS = 4;
layout(constant_id = 3) const int COLUMNS = 4;
layout(constant_id = 4) const int DEPTH = 0;
layout(constant_id = 6) const int EXCHANGE = 0;
layout(constant_id = 7) const int SIDE_BY_SIDE = 0;

const int INVOCATIONS = int(gl_WorkGroupSize.x), SLICES = SIDE_BY_SIDE > 0 ? SIDE_BY_SIDE : 1;
const int ROW_LANES = INVOCATIONS / LANES / SLICES;
const int FOUR_ROWS = ROWS / 4, FOUR_COLUMNS = COLUMNS / 4;
const int TILE_ROWS = ROWS * ROW_LANES, TILE_COLUMNS = COLUMNS * LANES;

// Shared memory, in fours: DEPTH lines of A, then of B, each with one four to spare, so that what is stored across
// lines falls into different banks; or the tiles of all slices.
const int FOUR_DEPTH = DEPTH > 0 ? DEPTH / 4 : 1, LINE_A = TILE_ROWS / 4 + 1, LINE_B = TILE_COLUMNS / 4 + 1;
const int STAGE_B = DEPTH * LINE_A, SLICE = TILE_ROWS * TILE_COLUMNS / 4;
shared vec4 stage[DEPTH > 0 ? DEPTH * (LINE_A + LINE_B) : SLICES > 1 ? SLICES * SLICE : 1];
// Fours that an invocation stages at a time.
const int STAGED_A = DEPTH > 0 ? DEPTH * TILE_ROWS / 4 / INVOCATIONS : 1;
const int STAGED_B = DEPTH > 0 ? DEPTH * TILE_COLUMNS / 4 / INVOCATIONS : 1;

// With EXCHANGE, that many invocations of a subgroup load different ones of the values that all need, and hand them
// over. (A shuffle by a constant is next to free on software devices; subgroupBroadcast is not.)
const int GIVERS = EXCHANGE > 0 ? EXCHANGE : 1;
#define GIVEN(list, i, q) (EXCHANGE > 0 ? subgroupShuffle(list[(i) / GIVERS][q], uint((i) % GIVERS)) : list[i][q])

// Component q of the c-th four fours.
#define ACROSS(list, c, q) vec4(list[4 * (c)][q], list[4 * (c) + 1][q], list[4 * (c) + 2][q], list[4 * (c) + 3][q])

// What an invocation makes.
#define SUMS(name) vec4 name[ROWS][FOUR_COLUMNS]
int me() { return int(gl_LocalInvocationID.x); }
int giver() { return EXCHANGE > 0 ? int(gl_SubgroupInvocationID) % GIVERS : 0; }
int slice() { return SLICES > 1 ? me() / (INVOCATIONS / SLICES) : 0; }
int row_lane() { return me() / LANES % ROW_LANES; }
int column_lane() { return me() % LANES; }
// The r-th row and the c-th column of an invocation, in the tile.
#define MY_ROW(r) (4 * (row_lane() + (r) / 4 * ROW_LANES) + (r) % 4)
#define MY_COLUMN(c) (4 * (column_lane() + (c) / 4 * LANES) + (c) % 4)

#define FOR(i, count) [[unroll]] for (int i = 0; i < (count); i++)
#define FOR_TILE FOR(r, ROWS) FOR(c, FOUR_COLUMNS)
#define ADD_PRODUCTS(sum, a, b)                      \
    FOR(r, ROWS) {                                   \
        const vec4 a_ = vec4(a);                     \
        FOR(c, FOUR_COLUMNS)                         \
            sum[r][c] = fma(a_, b, sum[r][c]);       \
    }
#define ADD_STAGED(sum, k)                                                       \
    {                                                                            \
        vec4 left[FOUR_ROWS], right[FOUR_COLUMNS];                               \
        FOR(i, FOUR_ROWS)                                                        \
            left[i] = stage[(k) * LINE_A + row_lane() + i * ROW_LANES];          \
        FOR(i, FOUR_COLUMNS)                                                     \
            right[i] = stage[STAGE_B + (k) * LINE_B + column_lane() + i * LANES]; \
        ADD_PRODUCTS(sum, left[r / 4][r % 4], right[c])                          \
    }

// Line and step of the v-th four of a block of `lines` lines and DEPTH steps.
#define STAGED_LINE(along, v, lines) ((along) ? (v) / FOUR_DEPTH : (v) % ((lines) / 4) * 4)
#define STAGED_STEP(along, v, lines) ((along) ? (v) % FOUR_DEPTH * 4 : (v) / ((lines) / 4))
void put(bool along, int at, int line, int r, int k, vec4 v)
{
    if (along)
        FOR(q, 4)
            stage[at + (k + q) * line + r / 4][r % 4] = v[q];
    else
        stage[at + k * line + r / 4] = v;
}

#define A_AT(i, k) (GEMM_A_FIRST + min(i, GEMM_M - 1) * GEMM_A_LINE + (k) * GEMM_A_STEP)
#define B_AT(j, k) (GEMM_B_FIRST + min(j, GEMM_N - 1) * GEMM_B_LINE + (k) * GEMM_B_STEP)
#define A_FOUR(at) FOUR(GEMM_A, GEMM_A_FOURS, GEMM_A_LAST, at)
#define B_FOUR(at) FOUR(GEMM_B, GEMM_B_FOURS, GEMM_B_LAST, at)
// What tells that a sum's terms are whole fours, without a constant for it.
#define GEMM_WHOLE_FOURS (GEMM_A_ALONG && GEMM_A_FOURS || GEMM_B_ALONG && GEMM_B_FOURS)
#define GEMM_PASTE(a, b) a##b
#define GEMM_NAME(a, b) GEMM_PASTE(a, b)
#endif

// Adds the terms begin .. end-1.
void GEMM_NAME(GEMM_TILE, _sum)(int first_row, int first_column, int begin, int end, inout SUMS(sum))
{
    // Of each four that an invocation loads, where it lies for k = 0. Along k there is one for each row; else there are
    // those of all rows for one k, then for the next.
    int at_a[ROWS / GIVERS], at_b[COLUMNS], k = begin;
    FOR(i, ROWS / GIVERS) {
        const int v = i * GIVERS + giver();
        at_a[i] = GEMM_A_ALONG ? A_AT(first_row + MY_ROW(v), 0)
                               : A_AT(first_row + MY_ROW(v % FOUR_ROWS * 4), v / FOUR_ROWS);
    }
    FOR(i, COLUMNS)
        at_b[i] = GEMM_B_ALONG ? B_AT(first_column + MY_COLUMN(i), 0)
                               : B_AT(first_column + MY_COLUMN(i % FOUR_COLUMNS * 4), i / FOUR_COLUMNS);
    // Left at its end: some devices run a body once more, masked, when a loop is left at its begin.
    if (k < end - 3)
        do {
            vec4 left[ROWS / GIVERS], right[COLUMNS];
            FOR(i, ROWS / GIVERS)
                left[i] = A_FOUR(at_a[i] + k * GEMM_A_STEP);
            FOR(i, COLUMNS)
                right[i] = B_FOUR(at_b[i] + k * GEMM_B_STEP);
            FOR(q, 4)
                ADD_PRODUCTS(sum, (GEMM_A_ALONG ? GIVEN(left, r, q) : GIVEN(left, q * FOUR_ROWS + r / 4, r % 4)),
                             (GEMM_B_ALONG ? ACROSS(right, c, q) : right[q * FOUR_COLUMNS + c]))
        } while ((k += 4) < end - 3);
    if (GEMM_WHOLE_FOURS)
        return;
    for (; k < end; k++) {
        vec4 left[FOUR_ROWS], right[FOUR_COLUMNS];
        FOR(r, ROWS)
            left[r / 4][r % 4] = LOAD(GEMM_A, A_AT(first_row + MY_ROW(r), k));
        FOR(c, COLUMNS)
            right[c / 4][c % 4] = LOAD(GEMM_B, B_AT(first_column + MY_COLUMN(c), k));
        ADD_PRODUCTS(sum, left[r / 4][r % 4], right[c])
    }
}

// The same by way of shared memory: while staged fours are multiplied, the next ones are on their way.
void GEMM_NAME(GEMM_TILE, _staged)(int first_row, int first_column, int begin, int end, inout SUMS(sum))
{
    vec4 left[STAGED_A], right[STAGED_B];
    for (int k = begin - DEPTH; k < end; k += DEPTH) {
        FOR(i, STAGED_A) {
            const int v = i * INVOCATIONS + me();
            left[i] = A_FOUR(A_AT(first_row + STAGED_LINE(GEMM_A_ALONG, v, TILE_ROWS),
                               min(k + DEPTH + STAGED_STEP(GEMM_A_ALONG, v, TILE_ROWS), GEMM_K - 1)));
        }
        FOR(i, STAGED_B) {
            const int v = i * INVOCATIONS + me();
            right[i] = B_FOUR(B_AT(first_column + STAGED_LINE(GEMM_B_ALONG, v, TILE_COLUMNS),
                               min(k + DEPTH + STAGED_STEP(GEMM_B_ALONG, v, TILE_COLUMNS), GEMM_K - 1)));
        }
        if (k >= begin && k + DEPTH <= end)
            FOR(q, DEPTH)
                ADD_STAGED(sum, q)
        else if (k >= begin)
            for (int q = 0; q < end - k; q++)
                ADD_STAGED(sum, q)
        barrier();
        FOR(i, STAGED_A) {
            const int v = i * INVOCATIONS + me();
            put(GEMM_A_ALONG, 0, LINE_A, STAGED_LINE(GEMM_A_ALONG, v, TILE_ROWS),
                STAGED_STEP(GEMM_A_ALONG, v, TILE_ROWS), left[i]);
        }
        FOR(i, STAGED_B) {
            const int v = i * INVOCATIONS + me();
            put(GEMM_B_ALONG, STAGE_B, LINE_B, STAGED_LINE(GEMM_B_ALONG, v, TILE_COLUMNS),
                STAGED_STEP(GEMM_B_ALONG, v, TILE_COLUMNS), right[i]);
        }
        barrier();
    }
}

void GEMM_TILE(int first_row, int first_column)
{
    SUMS(sum);
    SUMS(part);
    FOR_TILE
        sum[r][c] = vec4(0.0);
    if (GEMM_SPLITS == 1 && SLICES == 1) {
        if (DEPTH > 0)
            GEMM_NAME(GEMM_TILE, _staged)(first_row, first_column, 0, GEMM_K, sum);
        else
            GEMM_NAME(GEMM_TILE, _sum)(first_row, first_column, 0, GEMM_K, sum);
    } else {
        const int length = (GEMM_K + 8 * GEMM_SPLITS - 1) / (8 * GEMM_SPLITS) * 8;
        for (int first = 0; first < GEMM_SPLITS; first += SLICES) {
            const int begin = (first + slice()) * length, end = min(begin + length, GEMM_K);
            FOR_TILE
                part[r][c] = vec4(0.0);
            if (DEPTH > 0)
                GEMM_NAME(GEMM_TILE, _staged)(first_row, first_column, begin, end, part);
            else
                GEMM_NAME(GEMM_TILE, _sum)(first_row, first_column, begin, end, part);
            FOR_TILE
                sum[r][c] += part[r][c];
        }
    }
    if (SLICES == 1) {
        FOR(r, ROWS) {
            const int i = first_row + MY_ROW(r);
            FOR(c, FOUR_COLUMNS) {
                const int j = first_column + MY_COLUMN(4 * c);
                if (i < GEMM_M && j < GEMM_N)
                    GEMM_STORE(i, j, sum[r][c]);
            }
        }
        return;
    }
    barrier();
    FOR_TILE
        stage[slice() * SLICE + MY_ROW(r) * (TILE_COLUMNS / 4) + MY_COLUMN(4 * c) / 4] = sum[r][c];
    barrier();
    for (int at = me(); at < SLICE; at += INVOCATIONS) {
        const int i = first_row + at / (TILE_COLUMNS / 4), j = first_column + at % (TILE_COLUMNS / 4) * 4;
        vec4 total = vec4(0.0);
        for (int s = 0; s < SLICES; s++)
            total += stage[s * SLICE + at];
        if (i < GEMM_M && j < GEMM_N)
            GEMM_STORE(i, j, total);
    }
}
#undef GEMM_TILE
#undef GEMM_M
#undef GEMM_N
#undef GEMM_K
#undef GEMM_A
#undef GEMM_A_FIRST
#undef GEMM_A_LAST
#undef GEMM_A_LINE
#undef GEMM_A_STEP
#undef GEMM_A_ALONG
#undef GEMM_A_FOURS
#undef GEMM_B
#undef GEMM_B_FIRST
#undef GEMM_B_LAST
#undef GEMM_B_LINE
#undef GEMM_B_STEP
#undef GEMM_B_ALONG
#undef GEMM_B_FOURS
#undef GEMM_SPLITS
#undef GEMM_STORE
