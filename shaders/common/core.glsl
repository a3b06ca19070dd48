// One tile of C[m, n] = sum over k of A[m, k] B[k, n], by way of shared memory that has room for two steps of DEPTH
// terms: while those of one are multiplied, the loads of the next are on their way, and one barrier a step does.
// For variants with DEPTH > 0. Included behind the definitions of LANES, ROWS, COLUMNS, DEPTH and SLICES; a slice is a
// part of the workgroup that makes a tile by itself. What is loaded comes from functions of the shader:
//   float core_a(int i), core_b(int i)   term number core_term() of the step, of the row or column that STAGED_AT(i)
//                                        is in the tile
//   void core_next()                     goes on to the next step
// Neighbours load neighbouring terms, so that what lies along k in memory is loaded in lines.
//
// A sum runs in the order of k, by fused multiply-adds where the device has them. An invocation makes ROWS x COLUMNS in
// fours of neighbours; between its fours lie those of the others.
const int TEAM = int(gl_WorkGroupSize.x) / SLICES; // invocations of a slice
const int STEP_TERMS = DEPTH > 0 ? DEPTH : 1, STAGED_LINES = DEPTH > 0 ? TEAM / DEPTH : 1;
const int ROW_LANES = DEPTH > 0 ? TEAM / LANES : 1, FOUR_ROWS = DEPTH > 0 ? ROWS / 4 : 1;
const int FOUR_COLUMNS = DEPTH > 0 ? COLUMNS / 4 : 1, SUM_ROWS = DEPTH > 0 ? ROWS : 4;
const int TILE_ROWS = SUM_ROWS * ROW_LANES, TILE_COLUMNS = 4 * FOUR_COLUMNS * LANES;
const int STAGED_A = DEPTH > 0 ? TILE_ROWS / STAGED_LINES : 1, STAGED_B = DEPTH > 0 ? TILE_COLUMNS / STAGED_LINES : 1;
// In fours; each line has one to spare, so that neighbouring terms of a row fall into different banks.
const int LINE_A = TILE_ROWS / 4 + 1, LINE_B = TILE_COLUMNS / 4 + 1, SIDE = STEP_TERMS * (LINE_A + LINE_B);
shared vec4 stage[DEPTH > 0 ? 2 * SLICES * SIDE : 1];

#define FOR(i, count) [[unroll]] for (int i = 0; i < (count); i++)
#define CORE_SUMS(name) vec4 name[SUM_ROWS][FOUR_COLUMNS]

int me() { return int(gl_LocalInvocationID.x); }
int slice() { return SLICES > 1 ? me() / TEAM : 0; }
int team_member() { return SLICES > 1 ? me() % TEAM : me(); }
int core_term() { return team_member() % STEP_TERMS; }
// The i-th line that an invocation stages.
#define STAGED_AT(i) (team_member() / STEP_TERMS + (i) * STAGED_LINES)
// The r-th row and the c-th column of an invocation, in the tile.
#define CORE_ROW(r) (4 * (team_member() / LANES + (r) / 4 * ROW_LANES) + (r) % 4)
#define CORE_COLUMN(c) (4 * (team_member() % LANES + (c) / 4 * LANES) + (c) % 4)

float core_a(int i);
float core_b(int i);
void core_next();

void core_fetch(out float a[STAGED_A], out float b[STAGED_B])
{
    FOR(i, STAGED_A)
        a[i] = core_a(i);
    FOR(i, STAGED_B)
        b[i] = core_b(i);
}

// side: where it begins in the stage.
void core_put(int side, float a[STAGED_A], float b[STAGED_B])
{
    const int at_a = side + core_term() * LINE_A, at_b = side + STEP_TERMS * LINE_A + core_term() * LINE_B;
    FOR(i, STAGED_A)
        stage[at_a + STAGED_AT(i) / 4][STAGED_AT(i) % 4] = a[i];
    FOR(i, STAGED_B)
        stage[at_b + STAGED_AT(i) / 4][STAGED_AT(i) % 4] = b[i];
}

void core_multiply(int side, inout CORE_SUMS(sum))
{
    const int at_a = side + team_member() / LANES, at_b = side + STEP_TERMS * LINE_A + team_member() % LANES;
    FOR(k, STEP_TERMS) {
        vec4 left[FOUR_ROWS], right[FOUR_COLUMNS];
        FOR(i, FOUR_ROWS)
            left[i] = stage[at_a + k * LINE_A + i * ROW_LANES];
        FOR(i, FOUR_COLUMNS)
            right[i] = stage[at_b + k * LINE_B + i * LANES];
        FOR(r, SUM_ROWS)
            FOR(c, FOUR_COLUMNS)
                sum[r][c] = fma(vec4(left[r / 4][r % 4]), right[c], sum[r][c]);
    }
}

// Adds so many steps, as many as any invocation of the workgroup has; terms past a sum's end are products with 0.
void core_add(int steps, inout CORE_SUMS(sum))
{
    const int first = slice() * 2 * SIDE;
    float a[STAGED_A], b[STAGED_B];
    int side = 0, step = 0;
    core_fetch(a, b);
    core_put(first, a, b);
    barrier();
    do {
        core_next();
        core_fetch(a, b);
        core_multiply(first + side, sum);
        side = SIDE - side;
        core_put(first + side, a, b);
        barrier();
    } while (++step < steps);
}
