// The gradients of attention. In tiles for dq and dmask rows are queries, in those for dk and dv they are keys.

SCORES(value);  // what each score is worth
SCORES(change); // and its gradient

// The gradient of a score with that worth; dp: of the worth.
float slope(float worth, float dp, float along)
{
    precise const float apart = dp - along, product = worth * apart;
    return product;
}

// along[r] = y dy of each of some rows. The rows are the inner loop, without one of their own: compilers unroll no loop
// around another, and arrays that are indexed by a loop's variable lie in memory.
#define ALONG(along, lines, rows)                                                                                 \
    {                                                                                                             \
        FOR(r, rows) along[r] = 0.0;                                                                              \
        int i = 0;                                                                                                \
        for (; i + 4 <= p.dv; i += 4)                                                                             \
            FOR(r, rows) FOR(u, 4)                                                                                \
                along[r] = fma(LOAD(y, lines[r] * p.dv + i + u), LOAD(dy, lines[r] * p.dv + i + u), along[r]);    \
        for (; i < p.dv; i++)                                                                                     \
            FOR(r, rows) along[r] = fma(LOAD(y, lines[r] * p.dv + i), LOAD(dy, lines[r] * p.dv + i), along[r]);   \
    }

#define Q_COUNT (p.batch * p.t * p.d)
#define K_COUNT (p.batch * p.s * p.d)
#define V_COUNT (p.batch * p.s * p.dv)
#define DY_COUNT (p.batch * p.t * p.dv)

// The tile of queries from `first` on by keys from `column` on.
void make_by_queries(int batch, int mask, int first, int column)
{
    float along[ROWS];
    ROW_LINES(row, batch, first, p.t, 1);
    ROW_LINES(q_at, batch, first, p.t, p.d);
    ROW_LINES(dy_at, batch, first, p.t, p.dv);
    COLUMN_LINES(k_at, batch, column, p.s, p.d);
    COLUMN_LINES(v_at, batch, column, p.s, p.dv);
    ALONG(along, row, ROWS)
    DOTS(value, q, q_at, Q_COUNT, k, k_at, K_COUNT, p.d, FOURS_D)
    DOTS(change, dy, dy_at, DY_COUNT, v, v_at, V_COUNT, p.dv, FOURS_DV)
    FOR_TILE {
        value[r][c] = worth(MASK(value[r][c], mask, first + my_row(r), column + my_column(c)), LOAD(lse, row[r]));
        change[r][c] = slope(value[r][c], change[r][c], along[r]);
    }
}

#ifdef TENKA_PASS_dx
shared float tile[2][TILE_ROWS * LINE];
vec4 sum[ROWS][FOURS_OF_D], other[ROWS][FOURS_OF_DV];

// The tile of keys from `first` on by queries from `column` on.
void make_by_keys(int batch, int mask, int first, int column)
{
    ROW_LINES(k_at, batch, first, p.s, p.d);
    ROW_LINES(v_at, batch, first, p.s, p.dv);
    float along[COLUMNS];
    COLUMN_LINES(row, batch, column, p.t, 1);
    COLUMN_LINES(q_at, batch, column, p.t, p.d);
    COLUMN_LINES(dy_at, batch, column, p.t, p.dv);
    DOTS(value, k, k_at, K_COUNT, q, q_at, Q_COUNT, p.d, FOURS_D)
    DOTS(change, v, v_at, V_COUNT, dy, dy_at, DY_COUNT, p.dv, FOURS_DV)
    ALONG(along, row, COLUMNS)
    FOR(c, COLUMNS) {
        const float line_lse = LOAD(lse, row[c]);
        FOR(r, ROWS) {
            value[r][c] = worth(MASK(value[r][c], mask, column + my_column(c), first + my_row(r)), line_lse);
            change[r][c] = slope(value[r][c], change[r][c], along[c]);
        }
    }
}

void show_tile()
{
    FOR_TILE {
        tile[0][my_row(r) * LINE + my_column(c)] = change[r][c];
        tile[1][my_row(r) * LINE + my_column(c)] = value[r][c];
    }
    barrier();
}

// sums[r] += column c of a tile, times a line of an array.
#define ADD_LINE(sums, fours_of, which, c, array, fours, count, at)                                                  \
    FOR(i, fours_of) {                                                                                                \
        const vec4 line = ANY_FOUR(array, fours, count, (at) + my_four(i));                                          \
        FOR(r, ROWS) sums[r][i] = fma(vec4(tile[which][my_row(r) * LINE + (c)]), line, sums[r][i]);                  \
    }

#define STORE_SUMS(array, sums, fours_of, fours, lines, n)                                                            \
    FOR(r, ROWS) FOR(i, fours_of) {                                                                                   \
        const int row = first + my_row(r), column = part + my_four(i);                                                \
        if (row < (lines) && column < (n) && my_four(i) < PART)                                                       \
            STORE_FOURS(array, fours, (batch * (lines) + row) * (n) + column, (n) - column, sums[r][i]);              \
    }

void begin()
{
    FOR(r, ROWS) {
        FOR(i, FOURS_OF_D) sum[r][i] = vec4(0.0);
        FOR(i, FOURS_OF_DV) other[r][i] = vec4(0.0);
    }
}

void make_dq(int batch, int first, int part)
{
    const int mask = mask_of(batch), end = last_column(first);
    for (int column = 0; column < end; column += TILE_COLUMNS) {
        make_by_queries(batch, mask, first, column);
        show_tile();
        for (int c = 0; c < min(TILE_COLUMNS, p.s - column); c++)
            ADD_LINE(sum, FOURS_OF_D, 0, c, k, FOURS_D, K_COUNT, (batch * p.s + column + c) * p.d + part)
        barrier();
    }
    STORE_SUMS(dq, sum, FOURS_OF_D, FOURS_D, p.t, p.d)
}

void make_dk_dv(int batch, int first, int part)
{
    const int mask = mask_of(batch);
    for (int column = CAUSAL ? first / 32 * 32 : 0; column < p.t; column += TILE_COLUMNS) {
        make_by_keys(batch, mask, first, column);
        show_tile();
        for (int c = 0; c < min(TILE_COLUMNS, p.t - column); c++) {
            const int line = batch * p.t + column + c;
            ADD_LINE(sum, FOURS_OF_D, 0, c, q, FOURS_D, Q_COUNT, line * p.d + part)
            ADD_LINE(other, FOURS_OF_DV, 1, c, dy, FOURS_DV, DY_COUNT, line * p.dv + part)
        }
        barrier();
    }
    STORE_SUMS(dk, sum, FOURS_OF_D, FOURS_D, p.s, p.d)
    STORE_SUMS(dv, other, FOURS_OF_DV, FOURS_DV, p.s, p.dv)
}

void main()
{
    const uint parts = (p.d + PART - 1) / PART, all_parts = (max(p.d, p.dv) + PART - 1) / PART;
    const uint of_dq = uint(p.batch) * parts * ((p.t + TILE_ROWS - 1) / TILE_ROWS);
    FOR_EACH_GROUP(g) {
        uint rest = g < of_dq ? g : g - of_dq;
        const int part = int(digit(rest, g < of_dq ? parts : all_parts)) * PART;
        const int first = int(digit(rest, ((g < of_dq ? p.t : p.s) + TILE_ROWS - 1) / TILE_ROWS)) * TILE_ROWS;
        begin();
        if (g < of_dq)
            make_dq(int(rest), first, part);
        else
            make_dk_dv(int(rest), first, part);
    }
}
#endif

#ifdef TENKA_PASS_dmask
// The batch of number `rest` among those that see a matrix of the mask.
int batch_of(int mask, uint rest)
{
    const uvec4 lead = uvec4(p.lead0, p.lead1, p.lead2, p.lead3), stride = uvec4(p.stride0, p.stride1, p.stride2, p.stride3);
    uint batch = 0u, size = 1u, left = uint(mask);
    for (int i = 3; i >= 0; i--) {
        const uint at = stride[i] > 0u ? digit(left, lead[i]) : digit(rest, lead[i]);
        batch += at * size;
        size *= lead[i];
    }
    return int(batch);
}

void main()
{
    FOR_EACH_GROUP(g) {
        uint rest = g;
        const int column = int(digit(rest, (p.s + TILE_COLUMNS - 1) / TILE_COLUMNS)) * TILE_COLUMNS;
        const int first = int(digit(rest, (p.t + TILE_ROWS - 1) / TILE_ROWS)) * TILE_ROWS, mask = int(rest);
        SCORES(sum);
        FOR_TILE sum[r][c] = 0.0;
        for (int i = 0; i < p.batch / p.masks; i++) {
            make_by_queries(batch_of(mask, uint(i)), mask, first, column);
            FOR_TILE sum[r][c] += change[r][c];
        }
        FOR_TILE {
            const int row = first + my_row(r), at = column + my_column(c);
            if (row < p.t && at < p.s)
                STORE(dmask, (mask * p.t + row) * p.s + at, sum[r][c]);
        }
    }
}
#endif
