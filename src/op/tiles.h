/* How much work the passes of ops.def state: tiles and loop lengths that kernels and planning agree on. p is the
 * operator's struct of params.h. */
#ifndef TENKA_OP_TILES_H
#define TENKA_OP_TILES_H

#include <stdint.h>

#include "op/variant.h"

#define DIV_UP(a, b) (((uint64_t)(a) + (b)-1) / (b))

/* ---- Products of matrices: shaders/common/gemm.glsl ---- */

#define GEMM_SLICES(v) ((v)->slices > 1 ? (v)->slices : 1)
#define GEMM_ROWS(v) ((v)->rows * ((v)->local / (v)->lanes / GEMM_SLICES(v)))
#define GEMM_COLUMNS(v) ((v)->columns * (v)->lanes)
/* Tiles of [m, n]: a workgroup each. */
#define GEMM_TILES(m, n, v) (DIV_UP(m, GEMM_ROWS(v)) * DIV_UP(n, GEMM_COLUMNS(v)))
/* Of how many parts a sum of k terms is made: where there are too few tiles to keep a GPU busy, 16. */
#define GEMM_SPLITS(tiles, m, n, k) ((k) >= 512 && (tiles)*DIV_UP(m, 32) * DIV_UP(n, 32) <= 64 ? 16u : 1u)
/* Loops over the terms, single or by fours or by DEPTH, in each part; the rest of a part; parts, twice. */
#define GEMM_LOOPS(k, splits) ((uint64_t)(k) / 4 + 32 * (uint64_t)(splits) + 8)
/* Bytes of shared memory for DEPTH lines of both factors, or for the tiles of all slices, or for one four, unused. */
#define GEMM_STAGE(v)                                                              \
    (4 * ((v)->depth > 0       ? (v)->depth * (GEMM_ROWS(v) + GEMM_COLUMNS(v) + 8) \
          : GEMM_SLICES(v) > 1 ? GEMM_SLICES(v) * GEMM_ROWS(v) * GEMM_COLUMNS(v)   \
                               : 4))
/* A variant with slices is for sums of as many parts. */
#define GEMM_SHARED(v, splits) ((v)->slices <= 1 || (v)->slices == (splits) ? GEMM_STAGE(v) : UINT32_MAX)

/* linear's weight gradient: its tiles, then workgroups for the bias: linear_dw.glsl. */
#define LINEAR_DW_GROUPS(p, v) \
    (GEMM_TILES((p)->n, (p)->k, v) + ((p)->bias ? DIV_UP((p)->n, LINEAR_BIAS_COLUMNS(v)) : 0))
#define LINEAR_BIAS_COLUMNS(v) ((v)->local > 16 ? (v)->local / 16 : (v)->local)
#define LINEAR_DW_STAGE(v) (GEMM_STAGE(v) + 4 * (v)->local)
#define LINEAR_DW_SHARED(p, v) (GEMM_SHARED(v, LINEAR_DW_SPLITS(p)) != UINT32_MAX ? LINEAR_DW_STAGE(v) : UINT32_MAX)
#define LINEAR_BACKWARD_SHARED(p, v) \
    (GEMM_SHARED(v, LINEAR_DX_SPLITS(p)) != UINT32_MAX ? LINEAR_DW_STAGE(v) : LINEAR_DW_SHARED(p, v))
#define LINEAR_DW_LOOPS(p) (GEMM_LOOPS((p)->m, 16) + (uint64_t)(p)->m + 32)
#define LINEAR_FWD_SPLITS(p) GEMM_SPLITS(1, (p)->m, (p)->n, (p)->k)
#define LINEAR_DX_SPLITS(p) GEMM_SPLITS(1, (p)->m, (p)->k, (p)->n)
#define LINEAR_DW_SPLITS(p) GEMM_SPLITS(1, (p)->n, (p)->k, (p)->m)

/* Four parts at a time, after the search for the job. */
#define SUM_PARTS_LOOPS (TENKA_MOST_PARTS / 4 + 32)

/* ---- Attention: shaders/common/attention.glsl ---- */

/* A workgroup has some rows, in tiles of so many columns, and of what it makes of them so many columns. */
#define ATTENTION_TILE 32
#define ATTENTION_PART 64
#define ATTENTION_PARTS(n) DIV_UP(n, ATTENTION_PART)
#define ATTENTION_GROUPS(p, v) ((uint64_t)(p)->batch * DIV_UP((p)->t, GEMM_ROWS(v)) * ATTENTION_PARTS((p)->dv))
/* Groups for the gradient of q, then for those of k and v. */
#define ATTENTION_DX_GROUPS(p, v)                                                     \
    ((uint64_t)(p)->batch * (DIV_UP((p)->t, GEMM_ROWS(v)) * ATTENTION_PARTS((p)->d) + \
                             DIV_UP((p)->s, GEMM_ROWS(v)) * ATTENTION_PARTS(ATTENTION_WIDER(p))))
#define ATTENTION_WIDER(p) ((p)->d > (p)->dv ? (p)->d : (p)->dv)
#define ATTENTION_DMASK_GROUPS(p, v) \
    ((uint64_t)(p)->masks * DIV_UP((p)->t, GEMM_ROWS(v)) * DIV_UP((p)->s, ATTENTION_TILE))
/* Both products of a tile, and y dy, by fours. */
#define ATTENTION_DOTS(p) (DIV_UP((p)->d, 4) + 2 * DIV_UP((p)->dv, 4) + 4)
#define ATTENTION_LOOPS(p)                                               \
    (DIV_UP((p)->t > (p)->s ? (p)->t : (p)->s, ATTENTION_TILE) *         \
         (ATTENTION_DOTS(p) + ATTENTION_TILE + ATTENTION_TILE / 8 + 1) + \
     (uint64_t)(p)->dv / 4 + 8)
#define ATTENTION_DMASK_LOOPS(p) ((p)->masks > 0 ? (uint64_t)((p)->batch / (p)->masks) * (ATTENTION_DOTS(p) + 6) : 1)
/* What decides the loops of the shader: whether rows begin at fours, and how many of them an invocation has of a part. */
#define ATTENTION_FOURS(n) ((n) > ATTENTION_TILE ? 2 : 1)
#define ATTENTION_CONSTANTS(p) \
    (p)->d % 4 == 0, (p)->dv % 4 == 0, ATTENTION_FOURS((p)->d), ATTENTION_FOURS((p)->dv), (p)->masks > 0, (p)->causal
/* Bytes for so many tiles, whose rows fall into different banks. */
#define ATTENTION_SHARED(v, tiles) (4 * (tiles)*GEMM_ROWS(v) * (ATTENTION_TILE + 1))
#define ATTENTION_FLOPS(p, terms) (2 * (uint64_t)(p)->batch * (uint64_t)(p)->t * (uint64_t)(p)->s * (uint64_t)(terms))

/* Rows, and columns in each: those of a window, and those of the windows that reach over one element. */
#define POOL_SIDE(p, k, in, out) ((p)->adaptive ? DIV_UP(in, out) + 1 : (uint64_t)(k))
#define POOL_LOOPS(p) (POOL_SIDE(p, (p)->kh, (p)->h, (p)->oh) * (POOL_SIDE(p, (p)->kw, (p)->w, (p)->ow) + 1) + 1)
#define POOL_WINDOWS(p, k, d, s, in, out) \
    ((p)->adaptive ? DIV_UP(out, in) + 1 : DIV_UP((uint64_t)((k)-1) * (uint64_t)(d) + 1, (uint64_t)(s)))
#define POOL_DX_LOOPS(p, dh, dw)                                        \
    (POOL_WINDOWS(p, (p)->kh, dh, (p)->sh, (p)->h, (p)->oh) *           \
         (POOL_WINDOWS(p, (p)->kw, dw, (p)->sw, (p)->w, (p)->ow) + 1) + \
     1)

/* Constants of shaders/common/windows.glsl, which looks at windows, or at the windows over an element, at once where
 * they are at most 9; dh, dw: dilation. */
#define POOL_SMALL(p) (!(p)->adaptive && (uint64_t)(p)->kh * (uint64_t)(p)->kw <= 9)
#define POOL_DX_SMALL(p, dh, dw)                                                         \
    (!(p)->adaptive && POOL_WINDOWS(p, (p)->kh, dh, (p)->sh, (p)->h, (p)->oh) *          \
                               POOL_WINDOWS(p, (p)->kw, dw, (p)->sw, (p)->w, (p)->ow) <= \
                           9)
#define POOL_CONSTANTS(p, dh, dw, small)                                                                            \
    (small) ? (p)->kh : 0, (small) ? (p)->kw : 1, (small) ? (p)->sh : 1, (small) ? (p)->sw : 1, (small) ? (dh) : 1, \
        (small) ? (dw) : 1

/* Of a plane of y that a workgroup has: what it clears, what it claims, what it writes. */
#define UNPOOL_LOOPS(p, v)                                         \
    (2 * DIV_UP((uint64_t)(p)->h * (uint64_t)(p)->w, (v)->local) + \
     DIV_UP((uint64_t)(p)->oh * (uint64_t)(p)->ow, (v)->local))

/* Elements of y that one of x may be in, along an axis, where x has two ends and one before: shaders/interpolate.comp; and
 * the steps of a search for the first. */
#define BETWEEN(out, in) (2 * DIV_UP(out, (in) > 1 ? (in)-1 : 1) + 16)
#define INTERPOLATE_DX_LOOPS(p) (BETWEEN((p)->oh, (p)->h) * (BETWEEN((p)->ow, (p)->w) + 1) + BETWEEN((p)->ow, (p)->w))

/* Elements of y that may be one of x, along one of the last three axes, and along them together. */
#define PAD_COPIES(p, k)                                                                                     \
    ((p)->mode == TENKA_PADDING_REPLICATE                                                                    \
         ? (uint64_t)((p)->before[k] > 0 ? (p)->before[k] : 0) + ((p)->after[k] > 0 ? (p)->after[k] : 0) + 1 \
         : 3)
#define PAD_DX_LOOPS(p) \
    ((p)->mode == TENKA_PADDING_CONSTANT ? 6 : 6 + PAD_COPIES(p, 3) * (PAD_COPIES(p, 4) * (PAD_COPIES(p, 5) + 1) + 1))

/* ---- Sums over a workgroup: shaders/common/reduce.glsl ---- */

/* Lanes of a sum of so many terms. */
#define SUM_WIDTH(terms) ((terms) < 1024 ? 64u : (terms) < 8192 ? 256u : 1024u)
/* Terms that an invocation takes at a time, at least: as many as its registers hold, four of short sums, and one of
 * those so short that more would mostly be past the end. */
#define SUM_LEAST(width, terms, many) ((width) > 64 ? (many) : (uint64_t)(terms) > 2 * (uint64_t)(width) ? 4u : 1u)
/* The first constant of reduce.glsl. */
#define SUM_CUT_OF(width, terms, many) ((int32_t)((width) | SUM_LEAST(width, terms, many) << 16))
#define SUM_CUT(terms) SUM_CUT_OF(SUM_WIDTH(terms), terms, 8u)
/* Terms that it takes at a time, of a sum in so many lanes. */
#define LANES_OF(v, width) ((width) > (v)->lanes ? (width) / (v)->lanes : 1)
#define TURN_OF(lanes, width, least) ((width) > 64 && (lanes) > 4 ? 2 * (lanes) : (lanes) > (least) ? (lanes) : (least))
#define LANES_TURN(v, width, terms) TURN_OF(LANES_OF(v, width), width, SUM_LEAST(width, terms, 8u))
/* Of an invocation: its turns, and the tree. */
#define SUM_LOOPS(v, terms) ((uint64_t)(terms) / (LANES_TURN(v, SUM_WIDTH(terms), terms) * (v)->local) + 12)
/* Bytes for `numbers` sums at a time. A workgroup has no more invocations than there are lanes. */
#define SUM_SHARED(v, terms, numbers) ((v)->local <= SUM_WIDTH(terms) ? 4 * (numbers) * (v)->local : UINT32_MAX)

/* ---- Lines along an axis: shaders/common/line_shared.glsl ---- */

/* Whether a workgroup shares a line, else an invocation has it: long ones, but of neighbouring lines, which a workgroup
 * reads side by side, only very long ones. */
#define LINE_SHARED(p) ((p)->len >= ((p)->inner < 32 ? 128 : 2048))
#define LINE_GROUPS(p, v) \
    DIV_UP((uint64_t)(p)->outer *(uint64_t)(p)->inner, LINE_SHARED(p) && (v)->lanes > 1 ? 1 : (v)->local)
/* Lanes of its sums. */
#define LINE_WIDTH(p) \
    (!LINE_SHARED(p) ? ((p)->len < 128 ? 1u : 8u) : (p)->len < 8192 ? 64u : (p)->len < 65536 ? 256u : 1024u)
#define LINE_CUT(p) SUM_CUT_OF(LINE_WIDTH(p), (p)->len, 8u)
/* An invocation alone has room for 64 lanes. */
#define LINE_FITS(p, v) \
    (!LINE_SHARED(p) ? (v)->local == 64 : (v)->lanes == 1 ? LINE_WIDTH(p) == 64 : (v)->lanes <= LINE_WIDTH(p))
#define LINE_STAGE(p, v, numbers) (LINE_FITS(p, v) ? 4 * (numbers) * (v)->local : UINT32_MAX)
/* k sweeps over a line, and two trees. */
#define LINE_LOOPS(p, v, k) \
    ((k) * (uint64_t)(p)->len / (LINE_SHARED(p) ? LANES_TURN(v, LINE_WIDTH(p), (p)->len) * (v)->lanes : 1) + 24)

/* So many sums of so many terms, each by a workgroup at least: the parts of a sum that keep a large device busy, a power
 * of two. */
static inline uint32_t tenka_sum_parts(uint64_t sums, uint64_t terms)
{
    uint32_t parts = 1;
    while (sums * parts < 256 && terms >= 2 * (uint64_t)parts * 2048)
        parts *= 2;
    return parts;
}

#define BN_TERMS(p) ((uint64_t)(p)->n * (uint64_t)(p)->plane)
/* k sweeps over a channel, in turns. */
#define BN_LOOPS(p, v, k) ((uint64_t)(k)*SUM_LOOPS(v, BN_TERMS(p)))
/* The sums of the gradients are made in parts. */
#define BN_PARTS(p) tenka_sum_parts((uint64_t)(p)->c, BN_TERMS(p))
#define BN_PART_TERMS(p) DIV_UP(BN_TERMS(p), BN_PARTS(p))
#define BN_BACK_LOOPS(p, v, k) (BN_PARTS(p) * ((uint64_t)(k)*SUM_LOOPS(v, BN_PART_TERMS(p)) + 1))

/* ---- Gradients of a row normalisation's weights: shaders/layer_norm.comp ---- */

/* Channels that a workgroup takes side by side, where neighbours in memory are of different channels. */
#define LN_SIDES(p) ((p)->plane == 1 ? 16u : 1u)
#define LN_DW_GROUPS(p) DIV_UP((uint64_t)(p)->groups *(uint64_t)(p)->per, LN_SIDES(p))
#define LN_DW_TERMS(p) ((uint64_t)((p)->outer / (p)->groups) * (uint64_t)(p)->plane)
#define LN_DW_WIDTH(p) ((p)->plane == 1 ? 64u : SUM_WIDTH(LN_DW_TERMS(p)))
/* Four loads a term: those of eight do not fit the registers of every device. */
#define LN_DW_LEAST(p) SUM_LEAST(LN_DW_WIDTH(p), LN_DW_TERMS(p), 4u)
#define LN_DW_CUT(p) SUM_CUT_OF(LN_DW_WIDTH(p), LN_DW_TERMS(p), 4u)
/* Invocations that a channel has, and the terms that they take in a turn. */
#define LN_DW_SUMMERS(p, v) ((v)->local / LN_SIDES(p))
#define LN_DW_LANES(p, v) (LN_DW_WIDTH(p) / LN_DW_SUMMERS(p, v))
#define LN_DW_TURN(p, v) (LN_DW_SUMMERS(p, v) * TURN_OF(LN_DW_LANES(p, v), LN_DW_WIDTH(p), LN_DW_LEAST(p)))
#define LN_DW_FITS(p, v) (LN_DW_SUMMERS(p, v) <= LN_DW_WIDTH(p))
#define LN_DW_LOOPS(p, v) (LN_DW_FITS(p, v) ? LN_DW_TERMS(p) / LN_DW_TURN(p, v) + 12 : 0)
#define LN_DW_SHARED(p, v) (LN_DW_FITS(p, v) ? 8 * (v)->local : UINT32_MAX)

/* ---- gather's gradient: shaders/gather.comp ---- */

/* Rows of the gradient that one dispatch adds, in the order of the index: as many as an invocation may loop over, should
 * all be added to one row of the result. */
#define GATHER_TURN 32768
/* A workgroup has as many columns of some rows of the result as it has invocations. */
#define GATHER_BLOCKS(p, v) DIV_UP((p)->row, (v)->local)
/* Parts into which the rows are divided, row r belonging to part r % parts: a power of two. Each workgroup goes through
 * the whole index, so that there are no more parts than keep a device busy, or than have few enough rows. */
#define GATHER_PARTS(p, v) \
    tenka_power_of_two((p)->src_rows, DIV_UP(4 * (v)->local, GATHER_BLOCKS(p, v)), DIV_UP((p)->src_rows, 16384))
/* The least power of two that is `wanted` or, if that is less, `enough`, but at least `needed`. */
static inline uint64_t tenka_power_of_two(int32_t enough, uint64_t wanted, uint64_t needed)
{
    uint64_t n = 1;
    while ((n < wanted && n < (uint64_t)enough) || n < needed)
        n *= 2;
    return n;
}
/* The rows of a part; 32 places of the index and the words of all others, until a turn is over; and what is found. */
#define GATHER_DX_LOOPS(p, v)                                                                              \
    (DIV_UP((p)->src_rows, GATHER_PARTS(p, v)) + (GATHER_TURN / 32 / (v)->local + 1) * (33 + (v)->local) + \
     ((p)->rows < GATHER_TURN ? (uint64_t)(p)->rows : GATHER_TURN))

/* Unreduced losses: 64 rows a workgroup; else one workgroup for all rows. */
#define NLL_GROUPS(p) ((p)->reduction == TENKA_REDUCTION_NONE ? DIV_UP((p)->n, 64) : 1)
#define NLL_TERMS(p) ((p)->reduction == TENKA_REDUCTION_NONE ? 64 : (p)->n)
/* Losses that the fused kernel computes, in which one invocation has a row and, where they are reduced, one workgroup all
 * of them: few enough that its parts, which use all of a device, would not be faster. */
#define CROSS_ENTROPY_SMALL(p) \
    ((uint64_t)(p)->n * (uint64_t)(p)->c <= 65536 || ((p)->reduction == TENKA_REDUCTION_NONE && (p)->c < 128))
#define CROSS_ENTROPY_STAGE(p, v) (CROSS_ENTROPY_SMALL(p) ? SUM_SHARED(v, NLL_TERMS(p), 1) : UINT32_MAX)
/* Each invocation of a workgroup takes whole rows, by the lane: three sweeps over each, and the tree. */
#define CROSS_ENTROPY_LOOPS(p, v) \
    (((uint64_t)NLL_TERMS(p) / (v)->local + 1) * (3 * DIV_UP((uint64_t)(p)->c, 4) + 2) + 12)

/* Independent sums of one item: enough to hide how long an addition takes. */
#define MULTIPLY_ADD_CHAINS 16

/* Multiplications and additions, each counted; places in the padding count too, as everybody does it. */
#define GEMM_FLOPS(p) (2 * (uint64_t)(p)->m * (uint64_t)(p)->n * (uint64_t)(p)->k)
#define CONV_FLOPS(p)                                                                  \
    (2 * (uint64_t)(p)->n * (uint64_t)(p)->o * (uint64_t)(p)->oh * (uint64_t)(p)->ow * \
     (uint64_t)((p)->c / (p)->groups) * (uint64_t)(p)->kh * (uint64_t)(p)->kw)

#endif
