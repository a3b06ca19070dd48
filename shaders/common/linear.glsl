// What the kernels of y = x weight' + bias share: x [m, k], weight [n, k], y [m, n].
#include "common/kernel.glsl"

TENKA_PARAMS(int m; int n; int k; int bias; int act; int before;);
layout(constant_id = 8) const bool FOURS_N = false; // n is a multiple of 4
layout(constant_id = 9) const bool FOURS_K = false;
layout(constant_id = 10) const int SPLITS = 1;
layout(constant_id = 11) const int ACTIVATION = 0; // fwd: of y; dx: the one whose output x is
#include "common/activation.glsl"

uint tiles(int lines, int of_tile)
{
    return uint((lines + of_tile - 1) / of_tile);
}
