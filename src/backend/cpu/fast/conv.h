/* Convolution as matrix products over shifted copies of the image, without writing out an im2col matrix.
 *
 * The image is padded with zeros; padded row R meets kernel row r in output row i when R = i sh + r dh. So the padded
 * rows fall into phases R mod sh, and within a phase kernel row r sees a run of neighbouring rows that begins at
 * (r dh) / sh. For each channel c and each kernel column s there is one plane of copies, which has of every row just
 * the values that column s meets, one for each output column j:
 *
 *   S[c][s][phase][t][image][j] = padded x[image][c][(t0 + t) sh + phase][j sw + s dw]
 *
 * where t0 is the first output row of a band. What tap (c, r, s) multiplies in the whole band is then one run of
 * rows * images * ow values in plane (c, s): the row of the im2col matrix, as a pointer.
 * Images that are small stand side by side (a panel), those that are large are cut into bands of rows.
 *
 *   forward         y = w S                          multiply() over the runs, bias at the end
 *   weight gradient dw = dy S^T                      dots() over the same runs
 *   data gradient   dS = w^T dy, then dx = fold(dS)  multiply(), and each dx collects what became of its copies
 *
 * All three are exact in their number of multiplications for every stride, padding and dilation. Where winograd.h
 * serves, a channel has a plane for each point instead of each kernel column, with a value for each tile of a row
 * instead of each output, and there is one matrix product for each point. */
#ifndef TENKA_FAST_CONV_H
#define TENKA_FAST_CONV_H

#include "backend/cpu/fast/tiles.h"
#include "backend/cpu/fast/winograd.h"

typedef struct tenka_p_conv2d conv_params;

enum {
    MAX_KERNEL = 64,         /* larger kernels are left to the reference loops */
    MAX_TAPS = 512,          /* of one block of channels, unless one channel has more: bounds the length of f32 sums */
    PANEL_BYTES = 256 << 10, /* of a panel's copies: they should stay in the second-level cache */
};

/* Where the taps of a kernel row lie in a plane of copies. */
struct taps {
    int phases;              /* those that some kernel row meets */
    int residue[MAX_KERNEL]; /* of a phase: R mod sh */
    int phase[MAX_KERNEL];   /* of kernel row r */
    int shift[MAX_KERNEL];   /* of kernel row r: its first row within the phase */
    int most;                /* the largest shift */
};

/* A panel's planes of copies. */
struct planes {
    int images; /* side by side */
    int rows;   /* of each phase */
    int pitch;  /* elements of a row, of all images */
    int size;   /* elements of a plane */
};

static inline int group_channels(const conv_params *p)
{
    return p->c / p->groups;
}

static inline int group_outputs(const conv_params *p)
{
    return p->o / p->groups;
}

/* How a pass cuts its work. Panels and bands decide nothing but speed in the forward pass; in the weight gradient they
 * decide in which order it is summed, so that they must follow from the shape alone. */
struct layout {
    struct taps taps;
    int points;              /* of winograd.h, or 0 */
    int copies;              /* planes of a channel: kernel columns, or points */
    int columns;             /* of an image's row in a plane: outputs, or tiles */
    int sums;                /* that a channel contributes to one matrix product: kernel rows and columns, or rows */
    int images, panels;      /* images of a panel; some have one fewer */
    int rows, bands;         /* output rows of a band; the last may have fewer; one band when images > 1 */
    int channels, blocks;    /* input channels of a block, within a group; the last may have fewer */
    struct planes planes[2]; /* of a panel that has all images, and of one that lacks one */
};

static inline int first_image(const struct layout *l, const conv_params *p, int panel)
{
    return cut(p->n, l->panels, panel);
}

static inline const struct planes *planes_of(const struct layout *l, const conv_params *p, int panel)
{
    return &l->planes[l->images - (first_image(l, p, panel + 1) - first_image(l, p, panel))];
}

static inline void conv_blocks(struct layout *l, const conv_params *p)
{
    const int most = MAX_TAPS / l->sums;
    l->blocks = div_up(group_channels(p), most > 1 ? most : 1);
    l->channels = div_up(group_channels(p), l->blocks);
    l->blocks = div_up(group_channels(p), l->channels);
}

static inline int block_begin(const struct layout *l, const conv_params *p, int block)
{
    return block * l->channels < group_channels(p) ? block * l->channels : group_channels(p);
}

/* Panels of several images side by side where one image leaves too much of the last vectors unused; an even share for
 * each thread. */
static inline int count_panels(const struct layout *l, const conv_params *p, int threads)
{
    const int pixels = p->oh * l->columns, most = 8 * TILE_VECTORS * LANES / pixels;
    int images = 1;
    while (images < most && images < p->n &&
           (images * pixels < (l->points ? 2 * TILE_VECTORS : 2) * LANES ||
            images * pixels * 10 < div_up(images * pixels, LANES) * LANES * 9))
        images++;
    const int panels = div_up(div_up(p->n, images), threads) * threads;
    return panels < p->n ? panels : p->n;
}

/* to = from, but 0 where mask is <= 0; mask may be NULL. */
static inline void copy_masked(float *to, const float *from, const float *mask, int n)
{
    for (int i = 0; i < n; i += LANES) {
        const int count = n - i < LANES ? n - i : LANES;
        vec v = load_lanes(from + i, 0, count);
        if (mask != NULL)
            v = select(load_lanes(mask + i, 0, count) <= (vec){0}, (vec){0}, v);
        store_lanes(to + i, v, 0, count);
    }
}

/* Whether these kernels serve such a convolution at all. */
bool TENKA_FAST(conv_serves)(const conv_params *p);

void TENKA_FAST(conv_taps)(const conv_params *p, struct taps *taps);

/* Sets taps, points, copies, columns and sums. */
static inline void conv_planes(struct layout *l, const conv_params *p, int points)
{
    TENKA_FAST(conv_taps)(p, &l->taps);
    l->points = points;
    l->copies = points ? points : p->kw;
    l->columns = points ? div_up(p->ow, TILE_OUTPUTS) : p->ow;
    l->sums = points ? p->kh : p->kh * p->kw;
}

/* Parts that a batch of so many items is summed up in, which the shape alone decides.
 *   sums  of one part */
static inline int count_chunks(int items, ptrdiff_t sums)
{
    enum { MOST = 16, PARTIAL_SUMS = 1 << 20 }; /* of all parts together, unless there is one */
    const int fit = (int)(PARTIAL_SUMS / sums), most = fit < MOST ? fit : MOST;
    return items < most ? items : most > 1 ? most : 1;
}

/* Sets images and planes: rows of each phase. */
static inline void conv_panels(struct layout *l, const conv_params *p, int panels, int rows)
{
    l->panels = panels;
    l->images = div_up(p->n, panels);
    for (int i = 0; i < 2; i++) {
        struct planes *s = &l->planes[i];
        *s = (struct planes){.images = l->images - i, .rows = rows, .pitch = (l->images - i) * l->columns};
        s->size = l->taps.phases * rows * s->pitch;
        if (l->points)
            s->size = div_up(s->size, LANES) * LANES;
    }
}

/* Where row t of kernel row r's phase begins in a plane. */
static inline int32_t plane_at(const struct planes *s, const struct taps *taps, int r, int t)
{
    return (taps->phase[r] * s->rows + t) * s->pitch;
}

/* Copies channels of a panel's images, the rows from output row `first` on. Up to a vector more than all planes is
 * written.
 *   x  the first image's first channel; images are p->c * p->h * p->w apart */
void TENKA_FAST(copy_planes)(const conv_params *p, const struct taps *taps, const struct planes *s, int first,
                             const float *x, int channels, float *out);

/* The same as values at points: no more is written than all planes.
 *   at    as winograd_places() leaves it
 *   rows  for one channel's rows: tile_rows() elements */
void TENKA_FAST(copy_tiles)(const conv_params *p, const struct layout *l, const struct planes *s, int first,
                            const float *x, int channels, const int32_t *at, float *rows, float *out);

static inline size_t tile_rows(const struct layout *l, const struct planes *s)
{
    return tenka_align((size_t)s->rows * s->images * winograd_row(l->columns), LANES) + LANES;
}

/* Where each tap (c, r, s) of a block of channels finds its run in the copies; with points, each (c, r) in those of the
 * first point. */
void TENKA_FAST(conv_runs)(const conv_params *p, const struct layout *l, const struct planes *s, int32_t *at);

/* Rows first .. first+rows-1 of the outputs y of a panel: out [o][row][image][column], where o is `next` elements
 * apart. Rows that do not exist become zeros, and so does the rest up to `next`. Up to a vector more than outputs *
 * next is written.
 *   y  the first image's first output; images are p->o * p->oh * p->ow apart */
void TENKA_FAST(copy_outputs)(const conv_params *p, const struct planes *s, int first, int rows, const float *y,
                              int outputs, float *out, ptrdiff_t next);

/* The same of one output in rows of tiles: output_rows() elements, of which the last two vectors mean nothing. */
void TENKA_FAST(copy_output_rows)(const conv_params *p, const struct layout *l, const struct planes *s, int first,
                                  int rows, const float *y, float *out);

static inline size_t output_rows(const struct planes *s, int rows)
{
    return tenka_align((size_t)rows * s->pitch * TILE_OUTPUTS, LANES) + 2 * LANES;
}

/* Max pooling of one output of one image: x holds its rows row .. row+rows-1, `pitch` apart, which whole windows lie
 * in.
 *   y, index  the plane's first window; see conv2d_relu_pool */
void TENKA_FAST(pool_results)(const struct tenka_p_conv2d_pool *p, const float *x, int pitch, int row, int rows,
                              float *y, int32_t *index);

/* As copy_outputs(), but of the gradient that ReLU and pooling send back, in rows of so many columns for each image.
 * Two vectors more may be written. */
void TENKA_FAST(unpool_outputs)(const struct tenka_p_conv2d_pool *p, int images, int columns, int row, int rows,
                                const float *y, const int32_t *index, const float *dy, int outputs, float *out,
                                ptrdiff_t next);

/* dw where pooling followed, from the winners alone; see conv2d_gather.c. Serves those for which it is the fastest
 * way. */
bool TENKA_FAST(gathers)(const struct tenka_p_conv2d_pool *p);
bool TENKA_FAST(conv2d_gathered)(const struct tenka_fast_call *call);
size_t TENKA_FAST(conv2d_gathered_scratch)(const struct tenka_p_conv2d_pool *p, int threads);

/* dx of a convolution without strides, as the convolution of dy with its weights turned round; see conv2d_fwd.c. Serves
 * those for which it is the fastest way. */
bool TENKA_FAST(turns)(const conv_params *p);
bool TENKA_FAST(conv2d_turned)(const struct tenka_fast_call *call);
size_t TENKA_FAST(conv2d_turned_scratch)(const int32_t *params, int threads);

/* Depthwise convolutions; see conv_depthwise.c, and conv_rows.c or, for those of small planes, conv_planes.c and
 * conv_lanes.c. */
bool TENKA_FAST(is_depthwise)(const conv_params *p);
bool TENKA_FAST(conv2d_fwd_depthwise)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dx_depthwise)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dw_depthwise)(const struct tenka_fast_call *call);
size_t TENKA_FAST(conv_depthwise_scratch)(const conv_params *p);
bool TENKA_FAST(conv2d_fwd_rows)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dx_rows)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dw_rows)(const struct tenka_fast_call *call);
size_t TENKA_FAST(conv_rows_scratch)(const conv_params *p);
bool TENKA_HALF(conv2d_fwd_rows)(const struct tenka_fast_call *call);
bool TENKA_HALF(conv2d_dx_rows)(const struct tenka_fast_call *call);
bool TENKA_HALF(conv2d_dw_rows)(const struct tenka_fast_call *call);
size_t TENKA_HALF(conv_rows_scratch)(const conv_params *p);
bool TENKA_FAST(conv_in_planes)(const conv_params *p);
bool TENKA_FAST(conv2d_fwd_planes)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dx_planes)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv_in_lanes)(const conv_params *p);
bool TENKA_FAST(conv2d_fwd_lanes)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dx_lanes)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dw_lanes)(const struct tenka_fast_call *call);
size_t TENKA_FAST(conv_lanes_scratch)(void);

/* Convolutions of small images as plain products of matrices; see conv_lowered.c. Serves those for which it is the
 * fastest way. */
bool TENKA_FAST(lowers)(const conv_params *p, bool of_weights);
bool TENKA_FAST(conv2d_fwd_lowered)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dx_lowered)(const struct tenka_fast_call *call);
bool TENKA_FAST(conv2d_dw_lowered)(const struct tenka_fast_call *call);
size_t TENKA_FAST(conv2d_fwd_lowered_scratch)(const conv_params *p, int threads);
size_t TENKA_FAST(conv2d_dx_lowered_scratch)(const conv_params *p, int threads);
size_t TENKA_FAST(conv2d_dw_lowered_scratch)(const conv_params *p, int threads);

/* The adjoint, for rows [y0, y1) of image b of the panel: dx = sum of the copies' gradients. The planes' rows begin
 * with row `first` of each phase.
 *   dx    the image's first channel; channels are p->h * p->w apart
 *   mask  where <= 0, dx is 0; laid out as dx; NULL: none */
void TENKA_FAST(fold_planes)(const conv_params *p, const struct taps *taps, const struct planes *s, int first, int b,
                             const float *ds, int channels, int y0, int y1, const float *mask, float *dx);

/* The same for all images of a panel, of values at points. Returns whether all is finite.
 *   rows  for one channel's rows: tile_rows() elements */
bool TENKA_FAST(fold_tiles)(const conv_params *p, const struct layout *l, const struct planes *s, int first,
                            const float *ds, int channels, int y0, int y1, const float *mask, float *rows, float *dx);

#endif
