#include "op/conv_tiles.h"
#include "op/tiles.h"

static int32_t common_divisor(int32_t a, int32_t b)
{
    while (b != 0) {
        const int32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

int32_t tenka_conv_tap_step(int32_t stride, int32_t dilation)
{
    return stride / common_divisor(stride, dilation);
}

/* Each value is compiled for itself, so long lines share one. */
int32_t tenka_conv_line(int32_t sums_w, int32_t source_w, int32_t left)
{
    const bool small = sums_w <= 16 && source_w <= 32 && left >= 0 && left <= 16;
    return small ? sums_w | source_w << 8 | left << 16 : 0;
}

struct tenka_conv tenka_conv_fwd(const struct tenka_p_conv2d *p)
{
    return (struct tenka_conv){
        .n = p->n,
        .groups = p->groups,
        .source_channels = p->c / p->groups,
        .sum_channels = p->o / p->groups,
        .sums_h = p->oh,
        .sums_w = p->ow,
        .phases = 1,
        .kh = p->kh,
        .kw = p->kw,
        .taps_h = p->kh,
        .taps_w = p->kw,
        .step_h = p->sh,
        .step_w = p->sw,
        .reach_h = p->dh,
        .reach_w = p->dw,
        .pool_h = 1,
        .pool_w = 1,
        .pool_step_h = 1,
        .pool_step_w = 1,
    };
}

struct tenka_conv tenka_conv_pool(const struct tenka_p_conv2d_pool *p)
{
    struct tenka_conv c = tenka_conv_fwd(&p->conv);
    c.sums_h = p->pool_oh;
    c.sums_w = p->pool_ow;
    c.pool_h = p->pool_kh;
    c.pool_w = p->pool_kw;
    c.pool_step_h = p->pool_sh;
    c.pool_step_w = p->pool_sw;
    return c;
}

struct tenka_conv tenka_conv_dx(const struct tenka_p_conv2d *p)
{
    const int32_t tap_h = tenka_conv_tap_step(p->sh, p->dh), tap_w = tenka_conv_tap_step(p->sw, p->dw);
    struct tenka_conv c = tenka_conv_fwd(p);
    c.source_channels = p->o / p->groups;
    c.sum_channels = p->c / p->groups;
    c.sums_h = (int32_t)DIV_UP(p->h, p->sh);
    c.sums_w = (int32_t)DIV_UP(p->w, p->sw);
    c.phases = p->sh * p->sw;
    c.taps_h = (int32_t)DIV_UP(p->kh, tap_h);
    c.taps_w = (int32_t)DIV_UP(p->kw, tap_w);
    c.step_h = c.step_w = 1;
    c.reach_h = p->dh / (p->sh / tap_h);
    c.reach_w = p->dw / (p->sw / tap_w);
    return c;
}

/* One axis of the tiles: sums in one, pixels of a window of maxima that are computed at once, and the length of the
 * source between tiles and in a tile's view. */
struct cut {
    int64_t sums, part, advance, view;
};

static struct cut cut_axis(int64_t size, int64_t pool, int64_t pool_step, bool whole, int64_t step, int64_t reach,
                           int64_t taps)
{
    struct cut c;
    c.part = whole ? pool : 1;
    c.sums = size > c.part ? size / c.part : 1;
    c.advance = c.sums * pool_step * step;
    c.view = ((c.sums - 1) * pool_step + c.part - 1) * step + (taps - 1) * reach + 1;
    return c;
}

/* The tiles of a workgroup along x, y and images; tiles_of_block of the shader. */
struct block {
    struct cut x, y;
    uint64_t tiles_x, tiles_y; /* in all */
    uint64_t nx, ny, nz;
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct block block_of(const struct tenka_variant *v, const struct tenka_conv *c)
{
    const bool whole = (int64_t)c->pool_h * c->pool_w <= 9;
    struct block b = {
        .x = cut_axis(v->columns, c->pool_w, c->pool_step_w, whole, c->step_w, c->reach_w, c->taps_w),
        .y = cut_axis(v->lines, c->pool_h, c->pool_step_h, whole, c->step_h, c->reach_h, c->taps_h),
    };
    b.tiles_x = DIV_UP(c->sums_w, b.x.sums);
    b.tiles_y = DIV_UP(c->sums_h, b.y.sums);
    if (v->exchange > 0) {
        b.nz = smaller(v->lanes, (uint64_t)c->n);
        b.nx = smaller(v->lanes / b.nz, b.tiles_x);
        b.ny = smaller(v->lanes / (b.nz * b.nx), b.tiles_y);
    } else {
        b.nx = smaller(v->lanes, b.tiles_x);
        b.ny = smaller(v->lanes / b.nx, b.tiles_y);
        b.nz = smaller(v->lanes / (b.nx * b.ny), (uint64_t)c->n);
    }
    return b;
}

static uint64_t group_rows(const struct tenka_variant *v)
{
    return (uint64_t)v->rows * (v->local / v->lanes);
}

uint64_t tenka_conv_groups(const struct tenka_variant *v, struct tenka_conv c)
{
    const struct block b = block_of(v, &c);
    return DIV_UP(c.sum_channels, group_rows(v)) * DIV_UP(b.tiles_x, b.nx) * DIV_UP(b.tiles_y, b.ny) *
           (uint64_t)c.phases * DIV_UP(c.n, b.nz) * (uint64_t)c.groups;
}

static uint64_t staged_weights(const struct tenka_variant *v, const struct tenka_conv *c)
{
    return (uint64_t)c->kh * (uint64_t)c->kw * group_rows(v);
}

/* Floats of the source that a workgroup stages of one channel. */
static uint64_t staged_source(const struct block *b)
{
    const uint64_t unit = b->x.advance % 4 == 0 ? 4 : 1;
    const uint64_t w = (b->nx - 1) * (uint64_t)b->x.advance + (uint64_t)b->x.view;
    const uint64_t h = (b->ny - 1) * (uint64_t)b->y.advance + (uint64_t)b->y.view;
    return DIV_UP(w, unit) * unit * h * b->nz;
}

uint32_t tenka_conv_shared(const struct tenka_variant *v, struct tenka_conv c)
{
    const struct block b = block_of(v, &c);
    return v->depth > 0 && staged_weights(v, &c) + staged_source(&b) > v->depth ? UINT32_MAX : v->depth * 4;
}

uint64_t tenka_conv_loops(const struct tenka_variant *v, struct tenka_conv c)
{
    const struct block b = block_of(v, &c);
    const uint64_t weights = staged_weights(v, &c), source = staged_source(&b), channels = (uint64_t)c.source_channels;
    const uint64_t parts = (uint64_t)(c.pool_h / b.y.part) * (uint64_t)(c.pool_w / b.x.part);
    const uint64_t taps = (uint64_t)c.taps_h * (DIV_UP(c.taps_w, 8) + 1) + 1;
    uint64_t loops = channels * taps + 1;
    if (v->depth > 0 && weights + source <= v->depth)
        loops += DIV_UP(channels * weights, v->local) + DIV_UP(channels * source, v->local) + 4 * channels;
    return parts * (loops + 1) + (uint64_t)(c.phases > 1 ? c.kh + c.kw : 0) + 2;
}

/* ---- The weights' gradient ---- */

/* Workgroups that keep large devices busy, and the tiles they make; the fewest terms of a part that are worth a
 * workgroup's begin and end, and the most in a row, since errors grow with them; the most memory for parts, 64 MiB. */
#define ENOUGH_PARTS 256
#define PART_TILE 64
#define SHORTEST_PART 128
#define LONGEST_PART 2048
#define MOST_PART_SUMS (UINT64_C(16) << 20)

uint32_t tenka_conv_dw_parts(const struct tenka_p_conv2d *p)
{
    const uint64_t rows = (uint64_t)p->n * (uint64_t)p->oh, terms = rows * (uint64_t)p->ow;
    const uint64_t taps = (uint64_t)(p->c / p->groups) * (uint64_t)p->kh * (uint64_t)p->kw;
    const uint64_t tiles = (uint64_t)p->groups * DIV_UP(p->o / p->groups, PART_TILE) * DIV_UP(taps, PART_TILE);
    uint64_t parts = 1;
    while (tiles * parts < ENOUGH_PARTS && terms >= 2 * parts * SHORTEST_PART)
        parts *= 2;
    while (parts < TENKA_MOST_PARTS && terms > parts * LONGEST_PART)
        parts *= 2;
    while (parts > 1 && (parts > rows || parts * (uint64_t)p->o * (taps + 1) > MOST_PART_SUMS))
        parts /= 2;
    return (uint32_t)parts;
}

int32_t tenka_conv_chunk(int32_t ow)
{
    for (int32_t chunk = 8; chunk > 3; chunk--)
        if (ow % chunk == 0)
            return chunk;
    return ow < 8 ? ow : 8;
}

int32_t tenka_conv_dw_flags(const struct tenka_p_conv2d *p)
{
    const int32_t chunk = tenka_conv_chunk(p->ow);
    const bool dense = p->sw == 1 && p->dw == 1 && p->kw <= 8;
    const bool fours = dense && p->w % 4 == 0 && p->pw % 4 == 0 && chunk % 4 == 0;
    return fours | (p->ow == chunk) << 1 | (p->ow % chunk != 0) << 2;
}

static uint64_t slices(const struct tenka_variant *v)
{
    return v->slices > 0 ? v->slices : 1;
}

static uint64_t taps_of_row(const struct tenka_p_conv2d *p)
{
    return p->kw <= 8 ? (uint64_t)p->kw : 8;
}

/* Tiles of the gradient, of all groups: of single sums where they are staged, else of channels by rows of taps. */
static uint64_t dw_tiles(const struct tenka_variant *v, const struct tenka_p_conv2d *p)
{
    const uint64_t invocations = v->local / slices(v), lines = (uint64_t)(p->c / p->groups) * (uint64_t)p->kh;
    const uint64_t groups = (uint64_t)p->groups, channels = (uint64_t)(p->o / p->groups);
    if (v->depth == 0)
        return groups * DIV_UP(channels, v->rows) * DIV_UP(lines * DIV_UP(p->kw, taps_of_row(p)), invocations);
    const uint64_t columns = lines * (uint64_t)p->kw + (p->bias != 0);
    return groups * DIV_UP(channels, v->rows * (invocations / v->lanes)) * DIV_UP(columns, v->columns * v->lanes);
}

/* Of one part: it has so many rows of pixels at most. */
static uint64_t part_loops(const struct tenka_variant *v, const struct tenka_p_conv2d *p, uint64_t rows)
{
    const uint64_t ow = (uint64_t)p->ow, chunk = (uint64_t)tenka_conv_chunk(p->ow);
    return v->depth > 0 ? DIV_UP(rows * ow, v->depth) + 1 : rows * (ow / chunk + ow % chunk + 1) + 1;
}

static uint64_t part_rows(const struct tenka_p_conv2d *p)
{
    return DIV_UP((uint64_t)p->n * (uint64_t)p->oh, tenka_conv_dw_parts(p));
}

uint64_t tenka_conv_dw_groups(const struct tenka_variant *v, const struct tenka_p_conv2d *p)
{
    return dw_tiles(v, p);
}

uint64_t tenka_conv_dw_loops(const struct tenka_variant *v, const struct tenka_p_conv2d *p)
{
    return tenka_conv_dw_parts(p) * (part_loops(v, p, part_rows(p)) + 1) + 2;
}

/* Only one part is staged: more of them are for other workgroups. */
uint32_t tenka_conv_dw_shared(const struct tenka_variant *v, const struct tenka_p_conv2d *p)
{
    return v->depth > 0 && tenka_conv_dw_parts(p) > 1 ? UINT32_MAX : tenka_conv_parts_shared(v, p);
}

uint64_t tenka_conv_parts_groups(const struct tenka_variant *v, const struct tenka_p_conv2d *p)
{
    return dw_tiles(v, p) * DIV_UP(tenka_conv_dw_parts(p), slices(v));
}

uint64_t tenka_conv_parts_loops(const struct tenka_variant *v, const struct tenka_p_conv2d *p)
{
    return part_loops(v, p, part_rows(p)) + 2;
}

/* Groups of fewer channels leave most of a tile without work. */
#define NARROWEST_TILE 4

/* Two steps of both operands of each slice, in lines of fours with one to spare: shaders/common/core.glsl. Where a tap
 * lies is kept as a number of two halves. */
uint32_t tenka_conv_parts_shared(const struct tenka_variant *v, const struct tenka_p_conv2d *p)
{
    const int64_t down = (int64_t)(p->kh - 1) * p->dh, right = (int64_t)(p->kw - 1) * p->dw;
    const bool narrow = p->o / p->groups < NARROWEST_TILE;
    if (v->depth > 0 && (narrow || down >= INT16_MAX || right > UINT16_MAX))
        return UINT32_MAX;
    const uint64_t rows = v->rows * (v->local / slices(v) / v->lanes), columns = v->columns * v->lanes;
    return (uint32_t)(2 * slices(v) * v->depth * (rows / 4 + columns / 4 + 2) * 16);
}
