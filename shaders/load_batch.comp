#version 450
// A batch out of a dataset of bytes: image order[offset + i] as (byte / 255 - mean[c]) / std[c], and its label.
// Scalars: offset (u). An index that is no image gives zeros and the label -1.
//   TENKA_PASS_fwd  0: images in (bytes [src_rows, c, plane])   1: labels in (int)   2: order in (int)   3: mean in
//                   4: std in   5: x out   6: target out (int)   7: slot
// Accuracy 1e-6 of 1 / std[c]. One invocation for four neighbouring elements.
#include "common/kernel.glsl"

TENKA_PARAMS(int rows; int c; int plane; int src_rows;);
READS_AS(uint, 0, images);
READS_AS(int, 1, labels);
READS_AS(int, 2, order);
READS(3, mean);
READS(4, std);
WRITES(5, x);
WRITES_AS(int, 6, target);
SCALARS(7);

// The image that row i of the batch is, or -1.
int source(uint i)
{
    const int at = order[SCALAR_U(0) + i];
    return at >= 0 && at < p.src_rows ? at : -1;
}

void main()
{
    const uint row = p.c * p.plane, count = p.rows * row;
    FOR_EACH(word) {
        for (uint i = 4u * word; i < min(4u * word + 4u, count); i++) {
            uint image = i;
            const uint place = digit(image, row), channel = place / p.plane;
            const int from = source(image);
            const uint at = uint(max(from, 0)) * row + place;
            const float value = float(unpack_byte(images[at / 4u], at)) / 255.0;
            STORE(x, i, from >= 0 ? (value - LOAD(mean, channel)) / LOAD(std, channel) : 0.0);
            if (place == 0u)
                target[image] = from >= 0 ? labels[from] : -1;
        }
    }
}
