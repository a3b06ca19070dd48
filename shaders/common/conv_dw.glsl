// Gradients of a convolution's weight and bias, in one of the variants of the families conv_dw and conv_parts
// (src/op/variants.def). After the operator's parameters, READS of x and of x4, the same in fours, WRITES of dweight and,
// unless NO_BIAS, of dbias, and
//   ivec2 pixel_at(int b, int oy, int ox)   what it takes to load the gradients of a pixel of the convolution's output
//   float gradient(ivec2 pixel, int o)      one of them; any of a pixel outside
// With IN_PARTS, dweight and dbias are in parts.
//
// Terms are the pixels of the output, in the order of images, rows and columns. Their rows are cut into PARTS, of which
// the first may have one row more (tenka_conv_dw_parts, src/op/conv_tiles.c: from the shape alone). A part is summed up
// in order, by fused multiply-adds where the device has them, and the parts are added in order. No variant changes that.
//
// Staged, a workgroup makes a tile of output channels by taps as a product of matrices (conv_dw_staged.glsl); else an
// invocation makes rows of taps (conv_dw_rows.glsl).
layout(constant_id = 1) const int LANES = 8;
layout(constant_id = 2) const int ROWS = 4;
layout(constant_id = 3) const int COLUMNS = 1;
layout(constant_id = 4) const int DEPTH = 0;
layout(constant_id = 6) const int EXCHANGE = 0;
layout(constant_id = 7) const int SIDE_BY_SIDE = 0; // parts, each with invocations of its own
// Of the shape, see CONV_DW_CONSTANTS.
layout(constant_id = 8) const int KW = 1;
layout(constant_id = 9) const int STEP = 1;
layout(constant_id = 10) const int REACH = 1;
layout(constant_id = 11) const int CHUNK = 8; // columns that are taken at a time
layout(constant_id = 12) const int FLAGS = 0;
layout(constant_id = 13) const int PARTS = 1;

const int SLICES = SIDE_BY_SIDE > 0 ? SIDE_BY_SIDE : 1;
#include "common/core.glsl"

int first, channels, group; // of a tile: first output channel, and how many there are

// The first row of pixels of a part, of all images' rows; the next one's is where it ends.
int first_row_of(int part)
{
    const int all = p.n * p.oh;
    return part * (all / PARTS) + min(part, all % PARTS);
}

void store_weight(int part, int o, int tap, float total)
{
    const int taps = p.c / p.groups * p.kh * p.kw;
    STORE(dweight, (part * p.o + o) * taps + tap, total);
}

void store_bias(int part, int o, float total)
{
#ifndef NO_BIAS
    STORE(dbias, part * p.o + o, total);
#endif
}

float seen_at(int at, bool there)
{
    const float value = LOAD(x, there ? at : 0);
    return there ? value : 0.0;
}

#include "common/conv_dw_rows.glsl"
#include "common/conv_dw_staged.glsl"

void main()
{
    FOR_EACH_GROUP(item) {
        uint rest = item;
        if (DEPTH > 0) {
            stage_tile(rest);
        } else {
            find_rows_tile(rest);
#ifdef IN_PARTS
            make_one_part(int(rest));
#else
            add_all_parts();
#endif
        }
    }
}
