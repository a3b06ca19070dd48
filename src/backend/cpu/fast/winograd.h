/* Convolutions of 3 or 5 columns without strides, with half of the multiplications or 0.45 of them: Winograd's F(4, 3)
 * and F(4, 5) along the rows (S. Winograd, Arithmetic Complexity of Computations, 1980).
 *
 * A tile is four neighbouring outputs of a row. What a row of the kernel contributes to them is a product of
 * polynomials, which is made from its values at points, that is its remainders modulo x - p:
 *
 *   y = A^T ((G w) * (B^T x))     x: the inputs that the tile meets, w: the kernel's row, *: value by value
 *
 * Values are summed over channels and kernel rows before A^T: for each point a matrix product over planes of copies as
 * in conv.h, with one value for each tile. The gradients are the same with everything transposed:
 *
 *   forward         y  = A^T sum (G w) * (B^T x)
 *   data gradient   dx = B sum (G w) * (A dy)
 *   weight gradient dw = G^T sum (A dy) * (B^T x)
 *
 * For 3 columns there are 6 points: 0, 2/3, -2/3, 3/2, -3/2 and infinity. For 5 columns there are 9: 0, s, -s, 1/s and
 * -1/s with s^2 = 1/2; three for the remainder modulo x^2 + 1, r + i x: its r, its i and their sum, of which a product
 * is made as of complex numbers (the three products of Karatsuba); and infinity. They were chosen for small errors, which
 * points further from the unit circle amplify. With sums in parts of POINT_TERMS, errors are about those of plain sums,
 * as a share of the largest values that a tile meets: an input a million times as large as its neighbours costs their
 * results six digits. A value that is not finite spoils its whole tile, which sums do not: where a result is not
 * finite, all is done again without this. */
#ifndef TENKA_FAST_WINOGRAD_H
#define TENKA_FAST_WINOGRAD_H

#include "backend/cpu/fast/kernels.h"

enum {
    TILE_OUTPUTS = 4,
    TILE_INPUTS = 8, /* that are read; the last two are not needed for 3 columns */
    MAX_POINTS = 9,
    POINT_TERMS = 40, /* of a matrix product that are added up at a time */
};

/* Points of a tile, or 0 where the convolution is not done so. */
int TENKA_FAST(winograd_points)(const struct tenka_p_conv2d *p);

/* Elements of a row of inputs of so many tiles. */
static inline int winograd_row(int tiles)
{
    return TILE_OUTPUTS * tiles + TILE_INPUTS - TILE_OUTPUTS;
}

/* at[i]: where tile i begins in rows of inputs, for n tiles and as many more as fill the last vector. */
void TENKA_FAST(winograd_places)(int tiles, int32_t *at, int n);

/* Planes of n values, `next` apart, a multiple of LANES that is not smaller than n; whole vectors are written. Rows of
 * inputs are winograd_row() elements long, those of outputs TILE_OUTPUTS * tiles. */
void TENKA_FAST(winograd_inputs)(int points, const float *rows, const int32_t *at, int n, float *planes,
                                 ptrdiff_t next);
void TENKA_FAST(winograd_outputs_back)(int points, const float *rows, int n, float *planes, ptrdiff_t next);

/* The other way. Both return whether all is finite. outputs() writes whole vectors. */
bool TENKA_FAST(winograd_outputs)(int points, const float *planes, ptrdiff_t next, int n, float bias, bool relu,
                                  float *rows);
bool TENKA_FAST(winograd_inputs_back)(int points, int tiles, const float *planes, ptrdiff_t next, int n, float *rows);

/* A row of the kernel, and of its gradient; its values are `next` apart.
 *   turned  the row is read from its end */
void TENKA_FAST(winograd_weights)(int points, const float *row, bool turned, float *values, ptrdiff_t next);
void TENKA_FAST(winograd_weights_back)(int points, const float *values, ptrdiff_t next, float *row);

#endif
