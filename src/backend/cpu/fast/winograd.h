/* Convolutions of 3 or 5 columns without strides, with half of the multiplications, or 0.6 of them: Winograd's F(4, 3)
 * and F(2, 5) along the rows (S. Winograd, Arithmetic Complexity of Computations, 1980).
 *
 * A tile is four neighbouring outputs of a row, or two. What a row of the kernel contributes to them is a product of
 * polynomials, which is made from its values at six points:
 *
 *   y = A^T ((G w) * (B^T x))     x: the six inputs that the tile meets, w: the kernel's row, *: value by value
 *
 * The products of values are summed over channels and kernel rows before A^T: for each point a matrix product over
 * planes of copies as in conv.h, of one value for each tile. The gradients are the same with everything transposed:
 *
 *   forward         y  = A^T sum (G w) * (B^T x)
 *   data gradient   dx = B sum (G w) * (A dy)
 *   weight gradient dw = G^T sum (A dy) * (B^T x)
 *
 * The points 0, 2/3, -2/3, 3/2, -3/2 and infinity were chosen for their small errors: with sums in parts of POINT_TERMS
 * they are about those of plain sums, as a share of the largest values in a tile. A value that is not finite spoils its
 * whole tile, which sums do not: where a result is not finite, all is done again without this. */
#ifndef TENKA_FAST_WINOGRAD_H
#define TENKA_FAST_WINOGRAD_H

#include "backend/cpu/fast/kernels.h"

enum {
    POINTS = 6,
    MAX_TILE = 4,
    POINT_TERMS = 40, /* of a matrix product that are added up at a time */
};

/* Outputs of a tile: 4 or 2, or 0 where the convolution is not done so. */
int TENKA_FAST(winograd_tile)(const struct tenka_p_conv2d *p);

/* Elements of a row of inputs of so many tiles: those that they meet, and two that are read with them. */
static inline int winograd_row(int tile, int tiles)
{
    return tile * tiles + 8 - tile;
}

/* at[i]: where tile i begins in rows of inputs, for n tiles and as many more as fill the last vector. */
void TENKA_FAST(winograd_places)(int tile, int tiles, int32_t *at, int n);

/* Planes of n values, `next` apart, a multiple of LANES that is not smaller than n; whole vectors are written. Rows of
 * inputs are winograd_row() elements long, those of outputs tile * tiles. */
void TENKA_FAST(winograd_inputs)(const float *rows, const int32_t *at, int n, float *planes, ptrdiff_t next);
void TENKA_FAST(winograd_outputs_back)(int tile, const float *rows, int n, float *planes, ptrdiff_t next);

/* The other way. Both return whether all is finite. outputs() writes whole vectors. */
bool TENKA_FAST(winograd_outputs)(int tile, const float *planes, ptrdiff_t next, int n, float bias, bool relu,
                                  float *rows);
bool TENKA_FAST(winograd_inputs_back)(int tile, int tiles, const float *planes, ptrdiff_t next, int n, float *rows);

/* A row of the kernel, and of its gradient, `taps` elements; its values are `next` apart.
 *   turned  the row is read from its end */
void TENKA_FAST(winograd_weights)(const float *row, int taps, bool turned, float *values, ptrdiff_t next);
void TENKA_FAST(winograd_weights_back)(const float *values, ptrdiff_t next, int taps, float *row);

#endif
