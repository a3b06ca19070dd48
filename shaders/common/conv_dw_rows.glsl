// Rows of taps: an invocation makes, for ROWS output channels, TAPS neighbouring columns of the kernel for one input
// channel and row of the kernel. Its neighbours make other rows of taps for the same channels, so that all need the same
// gradient: with EXCHANGE each loads one column of it and they shuffle.
const bool FOURS = (FLAGS & 1) != 0;     // what a chunk sees of x are whole fours, inside of x or outside
const bool ONE_CHUNK = (FLAGS & 2) != 0; // a row is one
const bool REST = (FLAGS & 4) != 0;      // rows are no whole chunks

const int TAPS = KW <= 8 ? KW : 8, TAP_BLOCKS = (KW + TAPS - 1) / TAPS;
const int SPAN = (CHUNK - 1) * STEP + (TAPS - 1) * REACH + 1;
const bool DENSE = SPAN <= CHUNK * TAPS; // columns of x that several taps see are loaded once
const int SEEN = DENSE ? SPAN : CHUNK * TAPS;
#define SEEN_AT(j, t) (DENSE ? (j) * STEP + (t) * REACH : (t) * CHUNK + (j))
#define SEEN_COLUMN(e) (DENSE ? (e) : (e) % CHUNK * STEP + (e) / CHUNK * REACH)

const int ROW_SUMS = TAPS + 1; // of one channel: the weights', then the bias's
const int SUMS = ROWS * ROW_SUMS;

// A row of taps: its input channel, the row of the kernel and the first tap, and whether it exists.
int channel, ky, kx;
bool inside;

float sums[SUMS]; // of a part
#define SUM(k, t) sums[(k) * ROW_SUMS + (t)]
#define BIAS(k) sums[(k) * ROW_SUMS + TAPS]

// The tile of a workgroup, and an invocation's row of taps in it; rest: what is left of the item.
void find_rows_tile(inout uint rest)
{
    const int cg = p.c / p.groups, rows = cg * p.kh * TAP_BLOCKS;
    const int row = int(digit(rest, (rows + TEAM - 1) / TEAM)) * TEAM + team_member();
    channels = p.o / p.groups;
    const int tile = int(digit(rest, (channels + ROWS - 1) / ROWS));
    group = int(digit(rest, p.groups));
    first = group * channels + tile * ROWS;
    channels = min(ROWS, channels - tile * ROWS);
    inside = row < rows;
    uint taps = min(row, rows - 1);
    kx = TAPS * int(digit(taps, TAP_BLOCKS));
    ky = int(digit(taps, p.kh));
    channel = group * cg + int(taps);
}

// Channels past the last repeat it, and are not stored.
float wanted(ivec2 pixel, int k)
{
    return gradient(pixel, first + min(k, channels - 1));
}

// What a chunk sees of x. Loads never hang on where they are, so that all of a chunk's are on their way at once.
void see_chunk(int ox, int row, bool row_there, out float seen[SEEN])
{
    if (FOURS)
        FOR(e, (SEEN + 3) / 4) {
            const int column = ox - p.pw + 4 * e;
            const bool there = row_there && column >= 0 && column < p.w;
            const vec4 loaded = vec4(x4[there ? (row + column) / 4 : 0]), value = there ? loaded : vec4(0.0);
            FOR(q, min(4, SEEN - 4 * e))
                seen[4 * e + q] = value[q];
        }
    else
        FOR(e, SEEN) {
            const int column = ox * STEP - p.pw + kx * REACH + SEEN_COLUMN(e);
            seen[e] = seen_at(row + column, row_there && column >= 0 && column < p.w);
        }
}

void add_chunk(int b, int oy, int ox, int row, bool row_there)
{
    const int columns = EXCHANGE > 0 ? 1 : CHUNK;
    float want[ROWS * columns], seen[SEEN];
    FOR(j, columns) {
        const ivec2 pixel =
            pixel_at(b, oy, ox + (EXCHANGE > 0 ? min(int(gl_SubgroupInvocationID), CHUNK - 1) : j));
        FOR(k, ROWS)
            want[k * columns + j] = wanted(pixel, k);
    }
    see_chunk(ox, row, row_there, seen);
    FOR(k, ROWS) {
        FOR(j, CHUNK) {
            const float d = EXCHANGE > 0 ? subgroupShuffle(want[k], uint(j)) : want[k * columns + j % columns];
            FOR(t, TAPS)
                SUM(k, t) = fma(d, seen[SEEN_AT(j, t)], SUM(k, t));
            BIAS(k) += d;
        }
    }
}

void add_pixel(int b, int oy, int ox, int row, bool row_there)
{
    const ivec2 pixel = pixel_at(b, oy, ox);
    float seen[TAPS];
    FOR(t, TAPS) {
        const int column = ox * STEP - p.pw + (kx + t) * REACH;
        seen[t] = seen_at(row + column, row_there && column >= 0 && column < p.w);
    }
    FOR(k, ROWS) {
        const float d = wanted(pixel, k);
        FOR(t, TAPS)
            SUM(k, t) = fma(d, seen[t], SUM(k, t));
        BIAS(k) += d;
    }
}

// Loops are left at their end: some devices run a body once more, masked, when they are left at its begin.
void add_row(int b, int oy)
{
    const int iy = oy * p.sh - p.ph + ky * p.dh, row = ((b * p.c + channel) * p.h + iy) * p.w;
    const bool row_there = iy >= 0 && iy < p.h;
    const int whole = p.ow - p.ow % CHUNK;
    int ox = 0;
    do
        add_chunk(b, oy, ox, row, row_there);
    while (!ONE_CHUNK && (ox += CHUNK) < whole);
    if (!REST)
        return;
    ox = whole;
    do
        add_pixel(b, oy, ox, row, row_there);
    while (++ox < p.ow);
}

// A part has one row at least.
void add_part(int part)
{
    const int begin = first_row_of(part), end = first_row_of(part + 1);
    int b = begin / p.oh, oy = begin % p.oh, left = end - begin;
    FOR(i, SUMS)
        sums[i] = 0.0;
    do {
        add_row(b, oy);
        oy++;
        b += oy == p.oh ? 1 : 0;
        oy = oy == p.oh ? 0 : oy;
    } while (--left > 0);
}

void store_rows(int part, float total[SUMS])
{
    const int c = channel % (p.c / p.groups), tap = (c * p.kh + ky) * p.kw + kx;
    FOR(k, ROWS) {
        if (!inside || k >= channels)
            break;
        FOR(t, TAPS)
            if (kx + t < p.kw)
                store_weight(part, first + k, tap + t, total[k * ROW_SUMS + t]);
        if (p.bias != 0 && tap == 0)
            store_bias(part, first + k, total[k * ROW_SUMS + TAPS]);
    }
}

// The slices' parts from a block of them.
void make_one_part(int block)
{
    const int part = block * SLICES + slice();
    if (part >= PARTS)
        return;
    add_part(part);
    store_rows(part, sums);
}

void add_all_parts()
{
    float total[SUMS];
    FOR(i, SUMS)
        total[i] = 0.0;
    int part = 0;
    do {
        add_part(part);
        FOR(i, SUMS)
            total[i] += sums[i];
    } while (++part < PARTS);
    store_rows(0, total);
}
