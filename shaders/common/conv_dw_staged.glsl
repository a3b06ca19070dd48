// A tile of the gradient as a product: A is the gradient of the output, channels by pixels; B what the taps see of x,
// pixels by taps, and for the bias a last column of ones.
// Of the columns that an invocation stages: where the tap lies in x, seen from that of the first pixel's first tap, as
// an index, and as rows << 16 | columns.
int tap_at[STAGED_B], tap_place[STAGED_B];
const int ONES = -1; // place of the column for the bias
int first_column;

// The term that an invocation stages: the pixel's image, row and column, whether the part has it; what a step adds.
int pixel_b, pixel_y, pixel_x, terms_left;
int step_b, step_y, step_x;

void split_term(int term, out int b, out int y, out int x)
{
    uint rest = uint(term);
    x = int(digit(rest, uint(p.ow)));
    y = int(digit(rest, uint(p.oh)));
    b = int(rest);
}

void core_next()
{
    terms_left -= DEPTH;
    pixel_x += step_x;
    const int row_more = pixel_x >= p.ow ? 1 : 0;
    pixel_x -= row_more * p.ow;
    pixel_y += step_y + row_more;
    const int image_more = pixel_y >= p.oh ? 1 : 0;
    pixel_y -= image_more * p.oh;
    pixel_b += step_b + image_more;
}

float core_a(int i)
{
    const ivec2 pixel = terms_left > 0 ? pixel_at(pixel_b, pixel_y, pixel_x) : ivec2(0);
    const float d = gradient(pixel, first + min(STAGED_AT(i), channels - 1));
    return terms_left > 0 ? d : 0.0;
}

float core_b(int i)
{
    const int y = pixel_y * p.sh - p.ph, x = pixel_x * STEP - p.pw;
    const int iy = y + (tap_place[i] >> 16), ix = x + (tap_place[i] & 0xffff);
    const bool there = terms_left > 0 && uint(iy) < uint(p.h) && uint(ix) < uint(p.w);
    const float seen = seen_at((pixel_b * p.c + group * (p.c / p.groups)) * p.h * p.w + y * p.w + x + tap_at[i], there);
    return tap_place[i] == ONES ? 1.0 : seen;
}

// Columns past the last repeat it, and are not stored.
void find_columns(int taps)
{
    FOR(i, STAGED_B) {
        const int column = min(first_column + STAGED_AT(i), taps - 1 + (p.bias != 0 ? 1 : 0));
        uint rest = uint(column);
        const int right = int(digit(rest, uint(p.kw))) * REACH, down = int(digit(rest, uint(p.kh))) * p.dh;
        tap_place[i] = column == taps ? ONES : down << 16 | right;
        tap_at[i] = (int(rest) * p.h + down) * p.w + right;
    }
}

void store_tile(int part, int taps, CORE_SUMS(sum))
{
    FOR(r, SUM_ROWS) {
        const int o = first + CORE_ROW(r);
        FOR(c, 4 * FOUR_COLUMNS) {
            const int tap = first_column + CORE_COLUMN(c);
            const float total = sum[r][c / 4][c % 4];
            if (CORE_ROW(r) < channels && tap < taps)
                store_weight(part, o, tap, total);
            if (CORE_ROW(r) < channels && tap == taps && p.bias != 0)
                store_bias(part, o, total);
        }
    }
}

void stage_tile(uint rest)
{
    const int taps = p.c / p.groups * p.kh * p.kw, columns = taps + (p.bias != 0 ? 1 : 0);
    channels = p.o / p.groups;
    first_column = int(digit(rest, uint((columns + TILE_COLUMNS - 1) / TILE_COLUMNS))) * TILE_COLUMNS;
    const int first_row = int(digit(rest, uint((channels + TILE_ROWS - 1) / TILE_ROWS))) * TILE_ROWS;
    group = int(digit(rest, uint(p.groups)));
    first = group * channels + first_row;
    channels -= first_row;
    const int part = int(rest) * SLICES + slice(), longest = (p.n * p.oh + PARTS - 1) / PARTS * p.ow;
    const int begin = first_row_of(min(part, PARTS - 1)) * p.ow;
    terms_left = part < PARTS ? first_row_of(part + 1) * p.ow - begin - core_term() : 0;
    split_term(begin + core_term(), pixel_b, pixel_y, pixel_x);
    split_term(DEPTH, step_b, step_y, step_x);
    find_columns(taps);
    CORE_SUMS(sum);
    FOR(r, SUM_ROWS)
        FOR(c, FOUR_COLUMNS)
            sum[r][c] = vec4(0.0);
    core_add((longest + DEPTH - 1) / DEPTH, sum);
    if (part < PARTS)
        store_tile(part, taps, sum);
}
