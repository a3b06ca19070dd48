// Gradients of a convolution's weight and bias, in one of the variants of the family conv_dw (src/op/variants.def).
// After the operator's parameters, READS of x and of x4, the same in fours, WRITES of dweight and, unless NO_BIAS, of
// dbias, and
//   float gradient(int b, int o, int oy, int ox)   of the convolution's output
//
// The images' bands of eight rows are cut into parts (CONV_DW_PARTS of src/op/conv_tiles.h: from the shape alone). A
// part is summed up in the order of images, rows and columns, each band by itself, by fused multiply-adds where the
// device has them; the parts are added in their order. No variant changes that.
//
// An invocation makes, for ROWS output channels, a row of taps: TAPS neighbouring columns of the kernel for one input
// channel and row of the kernel. Its neighbours make other rows of taps for the same channels, so that all need the
// same gradient: with EXCHANGE each loads one column of it and they shuffle. With SIDE_BY_SIDE, which is PARTS then,
// the parts are summed up by invocations of one workgroup, else one after the other.
layout(constant_id = 2) const int ROWS = 4;
layout(constant_id = 6) const int EXCHANGE = 0;
layout(constant_id = 7) const int SIDE_BY_SIDE = 0;
// Of the shape, see CONV_DW_CONSTANTS.
layout(constant_id = 8) const int KW = 1;
layout(constant_id = 9) const int STEP = 1;
layout(constant_id = 10) const int REACH = 1;
layout(constant_id = 11) const int CHUNK = 8; // columns that are taken at a time
layout(constant_id = 12) const int FLAGS = 0;
const bool FOURS = (FLAGS & 1) != 0;     // what a chunk sees of x are whole fours, inside of x or outside
const bool ONE_CHUNK = (FLAGS & 2) != 0; // a row is one
const bool REST = (FLAGS & 4) != 0;      // rows are no whole chunks

const int TAPS = KW <= 8 ? KW : 8, TAP_BLOCKS = (KW + TAPS - 1) / TAPS;
const int SPAN = (CHUNK - 1) * STEP + (TAPS - 1) * REACH + 1;
const bool DENSE = SPAN <= CHUNK * TAPS; // columns of x that several taps see are loaded once
const int SEEN = DENSE ? SPAN : CHUNK * TAPS;
#define SEEN_AT(j, t) (DENSE ? (j) * STEP + (t) * REACH : (t) * CHUNK + (j))
#define SEEN_COLUMN(e) (DENSE ? (e) : (e) % CHUNK * STEP + (e) / CHUNK * REACH)
#define FOR(i, count) [[unroll]] for (int i = 0; i < (count); i++)

const int PARTS = 64; // CONV_DW_PARTS
const int BAND = 8;   // rows
const int SLICES = SIDE_BY_SIDE > 0 ? SIDE_BY_SIDE : 1, ROWS_OF_TAPS = int(gl_WorkGroupSize.x) / SLICES;
const int ROW_SUMS = TAPS + 1; // of one channel: the weights', then the bias's
const int SUMS = ROWS * ROW_SUMS;
// Of one channel, [slice][row of taps][ROW_SUMS].
shared float exchange[SIDE_BY_SIDE > 0 ? int(gl_WorkGroupSize.x) * ROW_SUMS : 1];

// The tile of a workgroup: first output channel, and how many there are; the group, and the first row of taps.
int first, channels, group, first_row;
// A row of taps: its input channel, the row of the kernel and the first tap, and whether it exists.
int channel, ky, kx;
bool inside;

float sums[SUMS], part_sums[SUMS]; // of a band, so that sums stay short; of a part
#define SUM(k, t) sums[(k) * ROW_SUMS + (t)]
#define BIAS(k) sums[(k) * ROW_SUMS + TAPS]

int me() { return int(gl_LocalInvocationID.x); }

void find_tile(uint item)
{
    const int rows = p.c / p.groups * p.kh * TAP_BLOCKS;
    channels = p.o / p.groups;
    uint rest = item;
    first_row = int(digit(rest, (rows + ROWS_OF_TAPS - 1) / ROWS_OF_TAPS)) * ROWS_OF_TAPS;
    const int tile = int(digit(rest, (channels + ROWS - 1) / ROWS));
    group = int(rest);
    first = group * channels + tile * ROWS;
    channels = min(ROWS, channels - tile * ROWS);
}

void find_row(int number)
{
    const int cg = p.c / p.groups, rows = cg * p.kh * TAP_BLOCKS;
    inside = first_row + number < rows;
    uint taps = min(first_row + number, rows - 1);
    kx = TAPS * int(digit(taps, TAP_BLOCKS));
    ky = int(digit(taps, p.kh));
    channel = group * cg + int(taps);
}

// Column ox of the gradient of channel first + k; channels past the last repeat it, and are not stored.
float wanted(int b, int k, int oy, int ox)
{
    return gradient(b, first + min(k, channels - 1), oy, ox);
}

float seen_at(int row, bool row_there, int column)
{
    const bool there = row_there && column >= 0 && column < p.w;
    const float value = LOAD(x, there ? row + column : 0);
    return there ? value : 0.0;
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
        FOR(e, SEEN)
            seen[e] = seen_at(row, row_there, ox * STEP - p.pw + kx * REACH + SEEN_COLUMN(e));
}

void add_chunk(int b, int oy, int ox, int row, bool row_there)
{
    const int columns = EXCHANGE > 0 ? 1 : CHUNK;
    float want[ROWS * columns], seen[SEEN];
    FOR(k, ROWS)
        FOR(j, columns)
            want[k * columns + j] = wanted(b, k, oy, ox + (EXCHANGE > 0 ? min(int(gl_SubgroupInvocationID), CHUNK - 1)
                                                                       : j));
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
    float seen[TAPS];
    FOR(t, TAPS)
        seen[t] = seen_at(row, row_there, ox * STEP - p.pw + (kx + t) * REACH);
    FOR(k, ROWS) {
        const float d = wanted(b, k, oy, ox);
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

void add_band(int band, int bands)
{
    const int b = band / bands, end = min((band % bands + 1) * BAND, p.oh);
    int oy = band % bands * BAND;
    FOR(i, SUMS)
        sums[i] = 0.0;
    do
        add_row(b, oy);
    while (++oy < end);
    FOR(i, SUMS)
        part_sums[i] += sums[i];
}

// Parts are as long as each other, or one band longer.
void add_part(int part, int parts, int bands)
{
    const int all = p.n * bands, least = all / parts, longer = all % parts;
    int band = part * least + min(part, longer);
    const int end = band + least + (part < longer ? 1 : 0);
    FOR(i, SUMS)
        part_sums[i] = 0.0;
    do
        add_band(band, bands);
    while (++band < end);
}

void store(int k, int tap, float total)
{
    const int cg = p.c / p.groups, c = channel % cg;
    if (!inside || k >= channels)
        return;
    if (tap < TAPS && kx + tap < p.kw)
        STORE(dweight, (((first + k) * cg + c) * p.kh + ky) * p.kw + kx + tap, total);
#ifndef NO_BIAS
    if (tap == TAPS && p.bias != 0 && c == 0 && ky == 0 && kx == 0)
        STORE(dbias, first + k, total);
#endif
}

// All parts, one after the other.
void run_in_turn(int parts, int bands)
{
    float total[SUMS];
    FOR(i, SUMS)
        total[i] = 0.0;
    find_row(me());
    int part = 0;
    do {
        add_part(part, parts, bands);
        FOR(i, SUMS)
            total[i] += part_sums[i];
    } while (++part < parts);
    FOR(k, ROWS)
        FOR(t, ROW_SUMS)
            store(k, t, total[k * ROW_SUMS + t]);
}

// Each slice sums up a part, or nothing; then an invocation adds the parts of one sum.
void run_side_by_side(int parts, int bands)
{
    const int part = me() / ROWS_OF_TAPS, row = me() % ROWS_OF_TAPS, stride = ROWS_OF_TAPS * ROW_SUMS;
    FOR(i, SUMS)
        part_sums[i] = 0.0;
    find_row(row);
    if (part < parts)
        add_part(part, parts, bands);
    find_row(me() / ROW_SUMS);
    FOR(k, ROWS) {
        barrier(); // the sums of the channel before may still be being read
        FOR(t, ROW_SUMS)
            exchange[me() * ROW_SUMS + t] = part_sums[k * ROW_SUMS + t];
        barrier();
        float total = 0.0;
        FOR(i, SLICES)
            total += exchange[i * stride + min(me(), stride - 1)];
        if (me() < stride)
            store(k, me() % ROW_SUMS, total);
    }
}

void main()
{
    const int bands = (p.oh + BAND - 1) / BAND, parts = min(p.n * bands, PARTS);
    FOR_EACH_GROUP(item) {
        find_tile(item);
        if (SIDE_BY_SIDE > 0)
            run_side_by_side(parts, bands);
        else
            run_in_turn(parts, bands);
    }
}
