// Sums of a convolution, or of the gradient of its input, in one of the variants of the family conv
// (src/op/variants.def). Included after the operator's parameters, READS of the operands, and the definition of
//   SOURCE(i), SOURCE4(i)      element i, the four elements from 4 i on, of the tensor that windows look at
//   SOURCE_CHANNELS, _H, _W    its sizes
//   SUM_CHANNELS, _H, _W       those of the tensor of sums; with POOLED _H and _W count windows of maxima
//   BACKWARD                   the gradient: windows look at dy, and sums are elements of dx
//   POOLED                     the sums lie where windows of maxima look (fwd alone)
//
// An invocation makes a tile: ROWS channels x TILE_H lines x TILE_W pixels. LANES invocations beside each other make
// the same channels of other pixels: neighbours of the same image first, or, where they exchange, the same place of
// several images. What windows see, and the weights, are
//   read in place            DEPTH = 0, EXCHANGE = 0
//   weights exchanged        EXCHANGE invocations of a subgroup load a channel each, and shuffle
//   staged in shared memory  DEPTH > 0: as many channels at a time as fit into so many floats
//
// Each sum is taken in the order of channels, then rows, then columns of taps (those of the gradient backwards), by
// fused multiply-adds where the device has them: no variant changes a bit.
layout(constant_id = 1) const int LANES = 64;
layout(constant_id = 2) const int ROWS = 4;
layout(constant_id = 3) const int COLUMNS = 8;
layout(constant_id = 4) const int DEPTH = 0;
layout(constant_id = 5) const int LINES = 1;
layout(constant_id = 6) const int EXCHANGE = 0;
// Of the shape, see CONV_CONSTANTS in src/op/tiles.h.
layout(constant_id = 8) const int KH = 1;
layout(constant_id = 9) const int KW = 1;
layout(constant_id = 10) const int STEP_Y = 1; // of the window, from pixel to pixel
layout(constant_id = 11) const int STEP_X = 1;
layout(constant_id = 12) const int REACH_Y = 1; // in the source, from tap to tap
layout(constant_id = 13) const int REACH_X = 1;
layout(constant_id = 14) const int FLAGS = 0;
const int SKEW = FLAGS & 3;                   // of a tile's first column, from a multiple of four
const bool SOURCE_FOURS = (FLAGS & 4) != 0;   // rows of the source are multiples of four
const bool PADDED = (FLAGS & 8) != 0;         // windows reach beyond the source
const int WIDTH_UNIT = 1 << (FLAGS >> 4 & 3); // divides SUM_W
layout(constant_id = 15) const int LINE = 0;
const int LINE_SUMS = LINE & 255, LINE_SOURCE = LINE >> 8 & 255; // SUM_W and SOURCE_W, where they are small, or 0
const int LINE_LEFT = LINE >> 16;                                // columns of padding before the source
#ifdef BACKWARD
layout(constant_id = 16) const int TAP_Y = 1; // taps between two that see the same pixel
layout(constant_id = 17) const int TAP_X = 1;
#else
const int TAP_Y = 1, TAP_X = 1;
#endif
#ifdef POOLED
layout(constant_id = 16) const int POOL_H = 1;
layout(constant_id = 17) const int POOL_W = 1;
layout(constant_id = 18) const int POOL_STEP_Y = 1;
layout(constant_id = 19) const int POOL_STEP_X = 1;
// Small windows of maxima are computed at once, large ones pixel after pixel.
const bool POOL_WHOLE = POOL_H * POOL_W <= 9;
#else
const int POOL_H = 1, POOL_W = 1, POOL_STEP_Y = 1, POOL_STEP_X = 1;
const bool POOL_WHOLE = true;
#endif

const int PART_H = POOL_WHOLE ? POOL_H : 1, PART_W = POOL_WHOLE ? POOL_W : 1;
const int TILE_SUMS_H = LINES > PART_H ? LINES / PART_H : 1, TILE_SUMS_W = COLUMNS > PART_W ? COLUMNS / PART_W : 1;
const int TILE_H = TILE_SUMS_H * PART_H, TILE_W = TILE_SUMS_W * PART_W;
// Pixels from a tile to the next.
const int ADVANCE_Y = TILE_SUMS_H * POOL_STEP_Y, ADVANCE_X = TILE_SUMS_W * POOL_STEP_X;
// Pixels from the tile's first one.
#define PIXEL_Y(i) ((i) / PART_H * POOL_STEP_Y + (i) % PART_H)
#define PIXEL_X(j) ((j) / PART_W * POOL_STEP_X + (j) % PART_W)

const int TAPS_Y = (KH + TAP_Y - 1) / TAP_Y, TAPS_X = (KW + TAP_X - 1) / TAP_X;
// Columns of taps at a time, and what their windows see of a line: each column once, where windows overlap.
const int TAPS = TAPS_X <= 11 ? TAPS_X : 8;
const bool ALL_TAPS = TAPS == TAPS_X && TAP_X == 1; // and none to spare
const int SPAN = PIXEL_X(TILE_W - 1) * STEP_X + (TAPS - 1) * REACH_X + 1;
const bool DENSE = SPAN <= TILE_W * TAPS;
const int SEEN = DENSE ? SPAN : TILE_W * TAPS;
#define SEEN_AT(j, t) (DENSE ? PIXEL_X(j) * STEP_X + (t) * REACH_X : (t) * TILE_W + (j))
#define SEEN_COLUMN(e) (DENSE ? (e) : PIXEL_X((e) % TILE_W) * STEP_X + (e) / TILE_W * REACH_X)
const bool FOURS = SOURCE_FOURS && DENSE && TAPS == TAPS_X && TAP_X == 1 && POOL_WHOLE && ADVANCE_X * STEP_X % 4 == 0;
const int SEEN_FOURS = (SKEW + SPAN + 3) / 4;
const bool RAGGED = WIDTH_UNIT % TILE_SUMS_W != 0;
// A tile is as wide as the sums, and all taps are taken at a time: what lies in the padding is known now, and left out.
const bool WHOLE_LINE = LINE_SUMS > 0 && LINE_SUMS <= TILE_SUMS_W && ALL_TAPS && POOL_WHOLE;
#define IN_SOURCE(column) (!WHOLE_LINE || ((column) >= LINE_LEFT && (column) < LINE_LEFT + LINE_SOURCE))

const int ROW_LANES = int(gl_WorkGroupSize.x) / LANES, GROUP_ROWS = ROWS * ROW_LANES;
const int PARTNERS = EXCHANGE > 0 ? EXCHANGE : 1, SHARES = (ROWS + PARTNERS - 1) / PARTNERS;
const int MAX_SHARES = EXCHANGE > 0 ? SHARES : ROWS;
// What a tile sees of a channel, and whether its lines begin at multiples of four in shared memory.
const int VIEW_H = PIXEL_Y(TILE_H - 1) * STEP_Y + (TAPS_Y - 1) * REACH_Y + 1;
const int VIEW_W = PIXEL_X(TILE_W - 1) * STEP_X + (TAPS_X - 1) * REACH_X + 1;
const int STAGE_UNIT = ADVANCE_X * STEP_X % 4 == 0 ? 4 : 1;
const int STAGED_WEIGHTS = KH * KW * GROUP_ROWS; // of a channel
#ifdef BACKWARD
const bool WEIGHT_BACKWARD = true;
#else
const bool WEIGHT_BACKWARD = false;
#endif

// Where the invocation's tile lies. inside: not one computed again for want of another.
int image, tile_y, tile_x, group, channel;
bool inside;
// The workgroup's first tile, and how many along each axis.
ivec3 block_first, block_tiles; // x, y, image
int first_channel;
// Source row and column that the first tap sees from pixel (0, 0); the last tap counts first backward.
ivec2 origin, first_tap, phase;

float acc[ROWS * TILE_H * TILE_W];
float seen[TILE_H * SEEN];
#define ACC(k, i, j) acc[((k) * TILE_H + (i)) * TILE_W + (j)]

// Stores FINISH(VALUE, where it goes), of j, as the first room sums of a line of the tile, which is at `at`. In fours
// where the lines allow it: then FINISH is given four, outside of loops that glslc unrolls (see activation.glsl).
#define AS_IS(v, at) v
#define STORE_LINE(fours, one, array, at, room, VALUE, FINISH)                                \
    {                                                                                         \
        if (TILE_SUMS_W % 4 == 0 && WIDTH_UNIT % 4 == 0) {                                    \
            [[unroll]] for (int q = 0; q < TILE_SUMS_W; q += 4)                               \
                if (q < (room)) {                                                             \
                    fours v;                                                                  \
                    [[unroll]] for (int f = 0; f < 4; f++) {                                  \
                        const int j = q + f;                                                  \
                        v[f] = VALUE;                                                         \
                    }                                                                         \
                    array##4[uint((at) + q) >> 2] = fours(FINISH(v, (at) + q));               \
                }                                                                             \
        } else {                                                                              \
            [[unroll]] for (int j = 0; j < TILE_SUMS_W; j++)                                  \
                if (j < (room))                                                               \
                    array[(at) + j] = one(FINISH((VALUE), (at) + j));                         \
        }                                                                                     \
    }

int up(int a, int b)
{
    return (a + b - 1) / b;
}

#ifdef BACKWARD
// Pixels whose distance from the padding's edge leaves the same rest are seen by the same taps: a phase. Finds the
// phase's last tap along one axis, -1: none, and where it looks for the phase's first pixel.
void find_taps(int at, int last, int step, int reach, out int tap, out int source)
{
    for (tap = last; tap >= 0; tap--) {
        const int d = at - tap * reach;
        source = d >= 0 ? d / step : -((step - 1 - d) / step);
        if (source * step == d)
            break;
    }
}
#endif

// How many tiles along x, y and images a workgroup makes: CONV_GROUPS in src/op/tiles.h counts with it.
ivec3 tiles_of_block(ivec3 tiles)
{
    ivec3 n;
    if (EXCHANGE > 0) {
        n.z = min(LANES, tiles.z);
        n.x = min(LANES / n.z, tiles.x);
        n.y = min(LANES / (n.z * n.x), tiles.y);
    } else {
        n.x = min(LANES, tiles.x);
        n.y = min(LANES / n.x, tiles.y);
        n.z = min(LANES / (n.x * n.y), tiles.z);
    }
    return n;
}

void find_tile(uint g)
{
    const int me = int(gl_LocalInvocationID.x);
    const int lane = ROW_LANES == 1 ? me : me % LANES, row_lane = ROW_LANES == 1 ? 0 : me / LANES;
    const int group_channels = SUM_CHANNELS / p.groups;
#ifdef BACKWARD
    const ivec2 size = ivec2(up(SUM_W, p.sw), up(SUM_H, p.sh));
#else
    const ivec2 size = ivec2(SUM_W, SUM_H);
#endif
    const ivec3 tiles = ivec3(up(size.x, TILE_SUMS_W), up(size.y, TILE_SUMS_H), p.n);
    block_tiles = tiles_of_block(tiles);
    uint rest = g;
    first_channel = GROUP_ROWS * int(digit(rest, up(group_channels, GROUP_ROWS)));
    block_first.x = block_tiles.x * int(digit(rest, up(tiles.x, block_tiles.x)));
    block_first.y = block_tiles.y * int(digit(rest, up(tiles.y, block_tiles.y)));
#ifdef BACKWARD
    phase.x = int(digit(rest, p.sw));
    phase.y = int(digit(rest, p.sh));
    find_taps(phase.x + p.pw, KW - 1, p.sw, p.dw, first_tap.x, origin.x);
    find_taps(phase.y + p.ph, KH - 1, p.sh, p.dh, first_tap.y, origin.y);
#else
    origin = ivec2(-p.pw, -p.ph);
#endif
    block_first.z = block_tiles.z * int(digit(rest, up(tiles.z, block_tiles.z)));
    group = int(rest);
    ivec3 at;
    if (EXCHANGE > 0)
        at = ivec3(lane / block_tiles.z % block_tiles.x, lane / (block_tiles.z * block_tiles.x), lane % block_tiles.z);
    else
        at = ivec3(lane % block_tiles.x, lane / block_tiles.x % block_tiles.y, lane / (block_tiles.x * block_tiles.y));
    at += block_first;
    channel = first_channel + ROWS * row_lane;
    const ivec3 end = min(tiles, block_first + block_tiles);
    inside = all(lessThan(at, end)) && channel < group_channels;
    at = min(at, end - 1); // of the block: only that is staged
    tile_x = at.x, tile_y = at.y, image = at.z;
}

// What the tile's line i sees of one row of the source, from a column on. Outside is 0; the clamps keep the addresses
// legal.
void look(int i, uint plane, int row, int column)
{
    const uint base = plane + uint(clamp(row, 0, SOURCE_H - 1) * SOURCE_W);
    const bool row_seen = !PADDED || (row >= 0 && row < SOURCE_H);
    if (FOURS) {
        const int first = (column - SKEW) >> 2, fours = SOURCE_W >> 2;
        [[unroll]] for (int q = 0; q < SEEN_FOURS; q++) {
            if (WHOLE_LINE && (4 * q - SKEW + 3 < LINE_LEFT || 4 * q - SKEW >= LINE_LEFT + LINE_SOURCE))
                continue;
            const int at = PADDED || RAGGED ? clamp(first + q, 0, fours - 1) : first + q;
            vec4 v = SOURCE4((base >> 2) + uint(at));
            if (PADDED)
                v = row_seen && first + q == at ? v : vec4(0.0);
            [[unroll]] for (int f = 0; f < 4; f++) {
                const int e = 4 * q + f - SKEW;
                if (e >= 0 && e < SPAN)
                    seen[i * SEEN + e] = v[f];
            }
        }
        return;
    }
    [[unroll]] for (int e = 0; e < SEEN; e++) {
        const int want = column + SEEN_COLUMN(e), at = clamp(want, 0, SOURCE_W - 1);
        const float v = SOURCE(base + uint(at));
        seen[i * SEEN + e] = !PADDED || (row_seen && want == at) ? v : 0.0;
    }
}

// Adds the products of one channel of weights with all that the tile has seen.
void multiply(int k, float w[TAPS])
{
    [[unroll]] for (int i = 0; i < TILE_H; i++)
        [[unroll]] for (int j = 0; j < TILE_W; j++)
            [[unroll]] for (int t = 0; t < TAPS; t++)
                if (IN_SOURCE(PIXEL_X(j) * STEP_X + t * REACH_X))
                    ACC(k, i, j) = fma(seen[i * SEEN + SEEN_AT(j, t)], w[t], ACC(k, i, j));
}

// Place of a tap in its plane of weights; taps to spare take the first one's place.
int tap_at(int ty, int tx)
{
    return WEIGHT_BACKWARD ? (first_tap.y - ty * TAP_Y) * KW +
                                 (ALL_TAPS ? KW - 1 - tx : max(first_tap.x - tx * TAP_X, 0))
                           : ty * KW + (ALL_TAPS ? tx : min(tx, KW - 1));
}

bool is_tap(int tx)
{
    return ALL_TAPS || (WEIGHT_BACKWARD ? first_tap.x - tx * TAP_X >= 0 : tx < KW);
}

// Rows of taps that some line of the workgroup's tiles sees.
ivec2 rows_of_taps(ivec2 part)
{
    const int last = min(block_first.y + block_tiles.y, up(SUM_H, TILE_SUMS_H));
    const int top = (block_first.y * ADVANCE_Y + part.y) * STEP_Y + origin.y;
    const int bottom = ((last - 1) * ADVANCE_Y + PIXEL_Y(TILE_H - 1) + part.y) * STEP_Y + origin.y;
#ifdef BACKWARD
    const int count = first_tap.x < 0 || first_tap.y < 0 ? 0 : first_tap.y / TAP_Y + 1;
#else
    const int count = KH;
#endif
    const int before = bottom >= 0 ? 0 : up(-bottom, REACH_Y);
    const int end = top >= SOURCE_H ? 0 : up(SOURCE_H - top, REACH_Y);
    return ivec2(before, min(end, count));
}

// Adds what a row of taps from tx on contributes; at: places of the weights.
void add_taps(int at[MAX_SHARES], int ty, int tx)
{
    if (EXCHANGE > 0) {
        float share[SHARES * TAPS];
        [[unroll]] for (int l = 0; l < SHARES; l++)
            [[unroll]] for (int t = 0; t < TAPS; t++)
                share[l * TAPS + t] = is_tap(tx + t) ? LOAD(weight, at[l] + tap_at(ty, tx + t)) : 0.0;
        [[unroll]] for (int k = 0; k < ROWS; k++) {
            float w[TAPS];
            [[unroll]] for (int t = 0; t < TAPS; t++)
                w[t] = subgroupShuffle(share[k / PARTNERS * TAPS + t], k % PARTNERS);
            multiply(k, w);
        }
        return;
    }
    [[unroll]] for (int k = 0; k < ROWS; k++) {
        float w[TAPS];
        [[unroll]] for (int t = 0; t < TAPS; t++)
            w[t] = is_tap(tx + t) ? LOAD(weight, at[k] + tap_at(ty, tx + t)) : 0.0;
        multiply(k, w);
    }
}

// Weights [channel][tap][row], then the source [channel][image][line][column].
shared float staged[DEPTH > 0 ? DEPTH : 1];

// What the workgroup's tiles see: columns, lines, images, channels at a time; and where it begins in the source.
struct Stage {
    ivec4 size;
    ivec2 begin;
    int weights; // the group's first
};

Stage stage_of(ivec2 part, int weights)
{
    Stage s;
    const int w = (block_tiles.x - 1) * ADVANCE_X * STEP_X + VIEW_W;
    s.size.x = up(w, STAGE_UNIT) * STAGE_UNIT;
    s.size.y = (block_tiles.y - 1) * ADVANCE_Y * STEP_Y + VIEW_H;
    s.size.z = block_tiles.z;
    s.size.w = DEPTH / (STAGED_WEIGHTS + s.size.x * s.size.y * s.size.z);
    s.begin = (block_first.xy * ivec2(ADVANCE_X, ADVANCE_Y) + part) * ivec2(STEP_X, STEP_Y) + origin;
    s.weights = weights;
    return s;
}

// Elements that an invocation of a stage has on their way at a time. Elements go by number of the invocation; what is
// past the last one is read as the last one, and not stored.
const int AT_ONCE = 4;

// Loads the weights of channels c .. c + count - 1.
void stage_weights(Stage s, int c, int count)
{
    const uint all = gl_WorkGroupSize.x, end = uint(count * STAGED_WEIGHTS), taps = uint(KH * KW);
    const uint source_channels = uint(SOURCE_CHANNELS / p.groups), sum_channels = uint(SUM_CHANNELS / p.groups);
    for (uint begin = gl_LocalInvocationID.x; begin < end; begin += uint(AT_ONCE) * all) {
        float v[AT_ONCE];
        uint to[AT_ONCE];
        [[unroll]] for (int i = 0; i < AT_ONCE; i++) {
            const uint want = begin + uint(i) * all, e = min(want, end - 1u);
            const uint tap = e % taps, row = e / taps % uint(GROUP_ROWS), ch = e / uint(STAGED_WEIGHTS);
            const uint source = uint(c) + ch, sum = min(uint(first_channel) + row, sum_channels - 1u);
            const uint plane = WEIGHT_BACKWARD ? source * sum_channels + sum : sum * source_channels + source;
            const float w = LOAD(weight, uint(s.weights) + plane * taps + tap);
            v[i] = want == e ? w : 0.0; // else a compiler may load where it stores, one at a time
            to[i] = (ch * taps + tap) * uint(GROUP_ROWS) + row;
        }
        [[unroll]] for (int i = 0; i < AT_ONCE; i++)
            if (begin + uint(i) * all < end)
                staged[to[i]] = v[i];
    }
}

// What the workgroup's tiles see at a place: column, line, channel of the stage and image in one.
float seen_by_block(Stage s, int c, ivec3 at)
{
    const int ch = s.size.z == 1 ? at.z : at.z / s.size.z, b = block_first.z + at.z - ch * s.size.z;
    const ivec2 place = s.begin + at.xy, inner = clamp(place, ivec2(0), ivec2(SOURCE_W, SOURCE_H) - 1);
    const int source_channel = group * (SOURCE_CHANNELS / p.groups) + c + ch;
    const int line = (min(b, p.n - 1) * SOURCE_CHANNELS + source_channel) * SOURCE_H + inner.y;
    const float v = SOURCE(uint(line * SOURCE_W + inner.x));
    return b < p.n && place == inner ? v : 0.0;
}

// Loads the source of channels c .. c + count - 1. The digits of an element's number are counted up, since divisions
// cost more than what they would place.
void stage_source(Stage s, int c, int count)
{
    const int me = int(gl_LocalInvocationID.x), all = int(gl_WorkGroupSize.x);
    const int first = s.size.w * STAGED_WEIGHTS, planes = s.size.z * count, total = s.size.x * s.size.y * planes;
    uint rest = uint(all);
    ivec3 step;
    step.x = int(digit(rest, s.size.x));
    step.y = int(digit(rest, s.size.y));
    step.z = int(rest);
    rest = uint(me);
    ivec3 at;
    at.x = int(digit(rest, s.size.x));
    at.y = int(digit(rest, s.size.y));
    at.z = int(rest);
    for (int begin = me; begin < total; begin += AT_ONCE * all) {
        float v[AT_ONCE];
        [[unroll]] for (int i = 0; i < AT_ONCE; i++) {
            v[i] = seen_by_block(s, c, ivec3(at.xy, min(at.z, planes - 1)));
            at += step;
            if (at.x >= s.size.x)
                at += ivec3(-s.size.x, 1, 0);
            if (at.y >= s.size.y)
                at += ivec3(0, -s.size.y, 1);
        }
        [[unroll]] for (int i = 0; i < AT_ONCE; i++)
            if (begin + i * all < total)
                staged[first + begin + i * all] = v[i];
    }
}

// Loads channels c .. c + count - 1.
void stage(Stage s, int c, int count)
{
    barrier(); // an earlier stage may still be being read
    stage_weights(s, c, count);
    stage_source(s, c, count);
    barrier();
}

// Adds what channel ch of the stage contributes by row ty of taps, from tx on.
void add_staged(Stage s, int ch, ivec3 tile, int row_lane, int ty, int tx)
{
    const int plane = s.size.w * STAGED_WEIGHTS + (ch * s.size.z + tile.z) * s.size.x * s.size.y;
    const int at = plane + (tile.y * ADVANCE_Y * STEP_Y + ty * REACH_Y) * s.size.x + tile.x * ADVANCE_X * STEP_X;
    [[unroll]] for (int i = 0; i < TILE_H; i++)
        [[unroll]] for (int e = 0; e < SEEN; e++)
            seen[i * SEEN + e] = staged[at + PIXEL_Y(i) * STEP_Y * s.size.x + tx * REACH_X + SEEN_COLUMN(e)];
    const int weights = ch * STAGED_WEIGHTS + row_lane * ROWS;
    [[unroll]] for (int k = 0; k < ROWS; k++) {
        float w[TAPS];
        [[unroll]] for (int t = 0; t < TAPS; t++)
            w[t] = is_tap(tx + t) ? staged[weights + tap_at(ty, tx + t) * GROUP_ROWS + k] : 0.0;
        multiply(k, w);
    }
}

void sum_staged(ivec2 part, ivec2 rows, int weights)
{
    const int channels = SOURCE_CHANNELS / p.groups;
    const Stage s = stage_of(part, weights);
    const ivec3 tile = ivec3(tile_x, tile_y, image) - block_first;
    const int row_lane = (channel - first_channel) / ROWS;
    for (int c = 0; c < channels; c += s.size.w) {
        const int count = min(s.size.w, channels - c);
        stage(s, c, count);
        for (int ch = 0; ch < count; ch++)
            for (int ty = rows.x; ty < rows.y; ty++)
                for (int tx = 0; tx < TAPS_X; tx += TAPS)
                    add_staged(s, ch, tile, row_lane, ty, tx);
    }
}

void sum_in_place(ivec2 part, ivec2 rows, int weights)
{
    const int source_channels = SOURCE_CHANNELS / p.groups, sum_channels = SUM_CHANNELS / p.groups;
    const int next_source = WEIGHT_BACKWARD ? sum_channels * KH * KW : KH * KW;
    const int next_sum = WEIGHT_BACKWARD ? KH * KW : source_channels * KH * KW;
    const int lane = EXCHANGE > 0 ? int(gl_SubgroupInvocationID) % PARTNERS : 0;
    const int top = (tile_y * ADVANCE_Y + part.y) * STEP_Y + origin.y;
    const int left = (tile_x * ADVANCE_X + part.x) * STEP_X + origin.x;
    uint plane = uint((image * SOURCE_CHANNELS + group * source_channels) * SOURCE_H * SOURCE_W);
    int at[MAX_SHARES]; // channels past the last are computed again and not stored
    [[unroll]] for (int k = 0; k < MAX_SHARES; k++)
        at[k] = weights + min(channel + k * PARTNERS + lane, sum_channels - 1) * next_sum;
    // Loops are left at their end: some devices run a body once more, masked, when they are left at its begin.
    int c = 0;
    do {
        int ty = rows.x;
        if (rows.x < rows.y)
            do {
                int tx = 0;
                do {
                    [[unroll]] for (int i = 0; i < TILE_H; i++)
                        look(i, plane, top + PIXEL_Y(i) * STEP_Y + ty * REACH_Y, left + tx * REACH_X);
                    add_taps(at, ty, tx);
                    tx += TAPS;
                } while (tx < TAPS_X);
            } while (++ty < rows.y);
        plane += uint(SOURCE_H * SOURCE_W);
        [[unroll]] for (int k = 0; k < MAX_SHARES; k++)
            at[k] += next_source;
    } while (++c < source_channels);
}

// Sums of the tile's pixels; part: which pixel of each window of maxima, when they are taken one after the other.
void sum_tile(ivec2 part)
{
    const ivec2 rows = rows_of_taps(part);
    const int weights = group * (SOURCE_CHANNELS / p.groups) * (SUM_CHANNELS / p.groups) * KH * KW;
    [[unroll]] for (int e = 0; e < ROWS * TILE_H * TILE_W; e++)
        acc[e] = 0.0;
    if (DEPTH > 0)
        sum_staged(part, rows, weights);
    else
        sum_in_place(part, rows, weights);
}
