// Attention forward: a workgroup goes through the tiles of its rows. What it has of a row is that of a softmax over the
// columns so far, whose largest score is most: where a larger one comes, all of it shrinks.
shared float tile[TILE_ROWS * LINE];

SCORES(score);
vec4 sum[ROWS][FOURS_OF_DV]; // of the worth of each score, times v
float most[ROWS], total[ROWS];

// The scores of the tile that begins at `column`, of the rows that begin at `first`.
void make_scores(int batch, int mask, int first, int column)
{
    ROW_LINES(q_at, batch, first, p.t, p.d);
    COLUMN_LINES(k_at, batch, column, p.s, p.d);
    DOTS(score, q, q_at, p.batch * p.t * p.d, k, k_at, p.batch * p.s * p.d, p.d, FOURS_D)
    FOR_TILE {
        const float value = MASK(score[r][c], mask, first + my_row(r), column + my_column(c));
        // A row with a NaN has no softmax, as one with an infinity.
        score[r][c] = is_nan(value) ? uintBitsToFloat(0x7f800000u) : value;
        tile[my_row(r) * LINE + my_column(c)] = score[r][c];
    }
}

// They become what they are worth, in the tile.
void make_worths()
{
    float largest[ROWS];
    barrier();
    FOR(r, ROWS) largest[r] = most[r];
    for (int i = 0; i < TILE_COLUMNS; i += 8)
        FOR(u, 8) FOR(r, ROWS) largest[r] = max(largest[r], tile[my_row(r) * LINE + i + u]);
    barrier();
    FOR(r, ROWS) {
        const float base = is_finite(largest[r]) ? largest[r] : 0.0;
        precise const float before = most[r] - base;
        const float shrink = exp(before);
        FOR(c, COLUMNS) {
            precise const float apart = score[r][c] - base;
            tile[my_row(r) * LINE + my_column(c)] = exp(apart);
        }
        total[r] *= shrink;
        FOR(i, FOURS_OF_DV) sum[r][i] *= shrink;
        most[r] = largest[r];
    }
    barrier();
}

// Adds columns of the tile, the first of which is line v_line of v.
void add_columns(int v_line, int columns, int part)
{
    for (int c = 0; c < columns; c++) {
        vec4 line[FOURS_OF_DV];
        FOR(i, FOURS_OF_DV)
            line[i] = ANY_FOUR(v, FOURS_DV, p.batch * p.s * p.dv, (v_line + c) * p.dv + part + my_four(i));
        FOR(r, ROWS) {
            const float weight = tile[my_row(r) * LINE + c];
            total[r] += weight;
            FOR(i, FOURS_OF_DV) sum[r][i] = fma(vec4(weight), line[i], sum[r][i]);
        }
    }
    barrier();
}

void store_row(int line, int r, int part)
{
    const bool good = is_finite(most[r]);
    FOR(i, FOURS_OF_DV) {
        const vec4 value = good ? sum[r][i] / total[r] : vec4(make_nan());
        const int column = part + my_four(i);
        if (column < p.dv && my_four(i) < PART)
            STORE_FOURS(y, FOURS_DV, line * p.dv + column, p.dv - column, value);
    }
    if (part == 0 && lane() == 0)
        STORE(lse, line, good ? most[r] + log(total[r]) : make_nan());
}

void main()
{
    FOR_EACH_GROUP(g) {
        uint rest = g;
        const int part = int(digit(rest, (p.dv + PART - 1) / PART)) * PART;
        const int first = int(digit(rest, (p.t + TILE_ROWS - 1) / TILE_ROWS)) * TILE_ROWS, batch = int(rest);
        const int mask = mask_of(batch), end = last_column(first);
        FOR(r, ROWS) {
            most[r] = uintBitsToFloat(0xff800000u);
            total[r] = 0.0;
            FOR(i, FOURS_OF_DV) sum[r][i] = vec4(0.0);
        }
        for (int column = 0; column < end; column += TILE_COLUMNS) {
            make_scores(batch, mask, first, column);
            make_worths();
            add_columns(batch * p.s + column, min(TILE_COLUMNS, p.s - column), part);
        }
        FOR(r, ROWS)
            if (first + my_row(r) < p.t)
                store_row(batch * p.t + first + my_row(r), r, part);
    }
}
