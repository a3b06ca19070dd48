#version 450
// y = (x / 255 - mean[c]) / std[c], x bytes [n, c, plane]. One invocation for the four bytes of a word.
//   TENKA_PASS_fwd  0: x in (bytes)   1: mean in   2: std in   3: y out
// Accuracy 1e-6 of 1 / std[c].
#include "common/kernel.glsl"

TENKA_PARAMS(int n; int c; int plane;);
READS_AS(uint, 0, x);
READS(1, mean);
READS(2, std);
WRITES(3, y);

void main()
{
    const uint count = p.n * p.c * p.plane;
    FOR_EACH(word) {
        const uint bytes = x[word];
        for (uint i = 4u * word; i < min(4u * word + 4u, count); i++) {
            const uint channel = i / p.plane % p.c;
            const float value = float(unpack_byte(bytes, i)) / 255.0;
            STORE(y, i, (value - LOAD(mean, channel)) / LOAD(std, channel));
        }
    }
}
