// Gradients of a convolution's weight and bias, in one of the variants of the family conv_dw (src/op/variants.def). After
// the operator's parameters, READS of x and x4 (of fours), WRITES of dweight and dbias, and what load_gradient reads.
//
// A part of the rows of all images is summed up by itself, and the parts are added in their order by conv_parts.glsl;
// CONV_DW_PARTS in src/op/conv_tiles.h says how many there are, from the shape alone. Each sum is taken in the order of
// images, rows and columns, by fused multiply-adds where the device has them: no variant changes a bit.
//
// An invocation makes the weights of ROWS output channels, for COLUMNS rows of taps (input channel and row of the kernel in
// one number) and TAPS columns of taps. It steps over CHUNK neighbouring pixels at a time. LANES invocations beside each
// other make other output channels of the same rows of taps; what those see of x, and the gradient, are
//   read in place            DEPTH = 0, EXCHANGE = 0: lanes go on into the next group
//   x exchanged              EXCHANGE invocations of a subgroup load different places of x, and shuffle
//   staged in shared memory  DEPTH > 0: as many steps at a time as fit into so many floats
layout(constant_id = 1) const int LANES = 64;
layout(constant_id = 2) const int ROWS = 1;
layout(constant_id = 3) const int COLUMNS = 1;
layout(constant_id = 4) const int DEPTH = 0;
layout(constant_id = 6) const int EXCHANGE = 0;
// Of the shape, see CONV_DW_CONSTANTS in src/op/conv_tiles.h.
layout(constant_id = 8) const int KH = 1;
layout(constant_id = 9) const int KW = 1;
layout(constant_id = 10) const int STEP_Y = 1;
layout(constant_id = 11) const int STEP_X = 1;
layout(constant_id = 12) const int REACH_Y = 1;
layout(constant_id = 13) const int REACH_X = 1;
layout(constant_id = 14) const int FLAGS = 0;
layout(constant_id = 15) const int CHUNK = 8;
const int SKEW = FLAGS & 3;                     // of a chunk's first column of x, from a multiple of four
const bool X_FOURS = (FLAGS & 4) != 0;          // chunks begin at multiples of four, less SKEW
const bool PADDED = (FLAGS & 8) != 0;           // windows reach beyond x
const bool GRADIENT_FOURS = (FLAGS & 16) != 0;  // chunks of the gradient are fours
const bool RAGGED = (FLAGS & 32) != 0;          // a line's last chunk begins within the one before it

const int TAPS = KW <= 11 ? KW : 8, TAP_BLOCKS = (KW + TAPS - 1) / TAPS;
const int SPAN = (CHUNK - 1) * STEP_X + (TAPS - 1) * REACH_X + 1;
const bool DENSE = SPAN <= CHUNK * TAPS;
const int SEEN = DENSE ? SPAN : CHUNK * TAPS;
#define SEEN_AT(j, t) (DENSE ? (j) * STEP_X + (t) * REACH_X : (t) * CHUNK + (j))
#define SEEN_COLUMN(e) (DENSE ? (e) : (e) % CHUNK * STEP_X + (e) / CHUNK * REACH_X)
// What a window of a row is loaded in: fours, or single elements.
const bool FOURS = X_FOURS && DENSE && TAP_BLOCKS == 1;
const int UNITS = FOURS ? (SKEW + SPAN + 3) / 4 : SEEN;
const int PARTNERS = EXCHANGE > 0 ? EXCHANGE : 1, SHARES = (COLUMNS * UNITS + PARTNERS - 1) / PARTNERS;
const int LOADS = EXCHANGE > 0 ? SHARES : COLUMNS;
const int COLUMN_LANES = int(gl_WorkGroupSize.x) / LANES;
const bool ONE_GROUP = EXCHANGE > 0 || DEPTH > 0;

float acc[ROWS * COLUMNS * TAPS], bias_acc[ROWS];
float gradient[ROWS * CHUNK], seen[SEEN];
#define ACC(k, i, t) acc[((k) * COLUMNS + (i)) * TAPS + (t)]

// Where the sums belong: the channel of row k is channel + k * apart, while that is less than channels; the first row of
// taps, and the first column.
int group, channel, apart, channels, row, first_tap, rows_of_taps, tile_part;
bool inside, with_bias;
// The step: image, line and column of the chunk, and the column from which its pixels are new.
int image, line, column, fresh;
