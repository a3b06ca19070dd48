/* y = conv2d(x, weight) + bias: for each panel of images, or band of rows of one, the packed weights times the panel's
 * copies (conv.h), or such a product for each point of the panel's tiles (winograd.h). Channels are taken in blocks, so
 * that copies stay in the cache and sums in f32 stay short. ReLU and pooling follow while the results are in the cache.
 *
 * Without strides dx is such a convolution, too: of dy, with the weights turned round and channels and outputs changed
 * places. */
#include "backend/cpu/fast/conv.h"

struct plan {
    const conv_params *p;
    const struct tenka_p_conv2d_pool *pool; /* NULL: none */
    bool relu, turned;                      /* turned: p is not that of the call, but of its gradient */
    const float *x, *w, *bias, *mask;
    float *y;
    int32_t *index; /* of pooling's winners */
    struct layout l;
    int height;    /* rows of the convolution that are needed */
    int products;  /* one, or as many as points */
    int width;     /* columns of an image's row in scratch memory */
    int parts;     /* output channels are divided among so many units, which each make their own copies */
    bool infinite; /* some result is not finite; of points only */
    /* Where parts of the scratch memory begin, in floats; places, values and rows are of points. */
    size_t row, step, places, values, weights, threads, sums, rows, copies, per_thread;
};

/* Bands whose copies, and sums of points, fit the cache; more of them when few images are to keep many threads busy. */
static int count_bands(const conv_params *p, const struct layout *l, int threads)
{
    const int64_t row = (int64_t)l->channels * l->copies * l->taps.phases * l->columns * (int64_t)sizeof(float);
    const int64_t sums = (int64_t)group_outputs(p) * l->points * l->columns * (int64_t)sizeof(float);
    int64_t fit = PANEL_BYTES / row - l->taps.most;
    fit = sums > 0 && 4 * PANEL_BYTES / sums < fit ? 4 * PANEL_BYTES / sums : fit;
    const int wanted = div_up(2 * threads, l->panels * p->groups), largest = div_up(p->oh * l->columns, 8 * LANES);
    int bands = fit < 1 ? p->oh : fit < p->oh ? div_up(p->oh, (int)fit) : 1;
    if (bands < wanted && bands < largest)
        bands = wanted < largest ? wanted : largest;
    return l->images > 1 ? 1 : bands < p->oh ? bands : p->oh;
}

/* Whether results go to scratch memory first: [o][row][image][column]; of points, those of one output at a time. */
static bool buffered(const struct plan *f)
{
    return f->l.images > 1 || f->pool != NULL || f->l.points;
}

static void lay_out(struct plan *f)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const size_t og = (size_t)group_outputs(p), weights = (size_t)f->products * p->o * group_channels(p) * l->sums;
    const size_t results = (size_t)l->rows * l->planes[0].images * f->width;
    f->row = 2 * (size_t)l->channels * l->sums;
    f->step = f->row + og;
    f->places = tenka_align(f->step + (size_t)l->channels * l->sums, LANES);
    f->values = f->places + (l->points ? tenka_align((size_t)l->planes[0].size, LANES) : 0);
    f->weights = f->values + (l->points ? tenka_align(weights, LANES) : 0);
    f->threads = tenka_align(f->weights + weights, LANES);
    f->sums = buffered(f) ? tenka_align((l->points ? 1 : og) * results + 4 * LANES, LANES) : 0;
    f->rows = f->sums + (l->points ? tenka_align((size_t)l->points * og * l->rows * l->planes[0].pitch, LANES) : 0);
    f->copies = f->rows + (l->points ? tenka_align(tile_rows(l, &l->planes[0]), LANES) : 0);
    f->per_thread =
        tenka_align(f->copies + (size_t)l->channels * l->copies * l->planes[0].size + TILE_VECTORS * LANES, LANES);
}

/* f->p, pool and relu are set. */
static bool make_plan(struct plan *f, int threads, int points)
{
    const conv_params *p = f->p;
    struct layout *l = &f->l;
    if (!TENKA_FAST(conv_serves)(p) || (f->pool != NULL && f->pool->pool_sh > p->oh))
        return false;
    conv_planes(l, p, points);
    conv_blocks(l, p);
    f->products = points ? points : 1;
    f->width = points ? l->columns * TILE_OUTPUTS : p->ow;
    conv_panels(l, p, count_panels(l, p, threads), 0);
    l->rows = div_up(p->oh, count_bands(p, l, threads));
    f->height = p->oh;
    if (f->pool != NULL) { /* whole windows */
        f->height = (f->pool->pool_oh - 1) * f->pool->pool_sh + f->pool->pool_kh;
        l->rows = div_up(l->rows, f->pool->pool_sh) * f->pool->pool_sh;
    }
    l->bands = div_up(f->height, l->rows);
    conv_panels(l, p, l->panels, l->rows + l->taps.most);
    const int wanted = div_up(threads, l->panels * l->bands * p->groups), blocks = row_blocks(group_outputs(p));
    f->parts = wanted < blocks ? wanted : blocks;
    lay_out(f);
    return (int64_t)l->channels * l->copies * l->planes[0].size < 1 << 28 && (int64_t)l->rows * p->sh < 1 << 28;
}

/* Enough for the plan with points, and for the one that takes its place. */
static size_t scratch_bytes(struct plan *f, int threads)
{
    const int points = TENKA_FAST(winograd_points)(f->p);
    size_t most = 0;
    for (int i = 0; i < 1 + (points != 0); i++)
        if (make_plan(f, threads, i ? points : 0)) {
            const size_t floats = f->threads + f->per_thread * (size_t)threads;
            most = floats > most ? floats : most;
        }
    return most * sizeof(float);
}

/* Offsets of the taps in one of the two kinds of panels. */
static int32_t *runs_of(const struct plan *f, float *scratch, const struct planes *s)
{
    return (int32_t *)scratch + (s - f->l.planes) * f->l.channels * f->l.sums;
}

/* The packed weights of group g, point q and channel block i begin here. */
static float *packed(const struct plan *f, float *scratch, int g, int q, int i)
{
    const conv_params *p = f->p;
    const ptrdiff_t cg = group_channels(p), og = group_outputs(p);
    return scratch + f->weights + ((g * f->products + q) * og * cg + og * block_begin(&f->l, p, i)) * f->l.sums;
}

/* The weights' values at all points: [output][point][channel][kernel row]. */
static void fill_values(const struct plan *f, float *scratch, int o)
{
    const conv_params *p = f->p;
    const int cg = group_channels(p), og = group_outputs(p), g = o / og;
    const ptrdiff_t next = (ptrdiff_t)cg * p->kh;
    float *values = scratch + f->values + o * f->products * next;
    for (int c = 0; c < cg; c++)
        for (int r = 0; r < p->kh; r++, values++) {
            const ptrdiff_t plane = f->turned ? ((ptrdiff_t)g * cg + c) * og + o % og : (ptrdiff_t)o * cg + c;
            const int from = f->turned ? p->kh - 1 - r : r;
            TENKA_FAST(winograd_weights)(f->l.points, f->w + (plane * p->kh + from) * p->kw, f->turned, values, next);
        }
}

/* Where the weights, or their values, of outputs and of a block's taps lie. */
static void fill_tables(const struct plan *f, float *scratch)
{
    const conv_params *p = f->p;
    const int sums = f->l.sums, og = group_outputs(p);
    const bool turned = f->turned && !f->l.points; /* values are those of the weights as they are needed */
    int32_t *row = (int32_t *)(scratch + f->row), *step = (int32_t *)(scratch + f->step);
    for (int i = 0; i < 2; i++)
        TENKA_FAST(conv_runs)(p, &f->l, &f->l.planes[i], runs_of(f, scratch, &f->l.planes[i]));
    for (int o = 0; o < og; o++)
        row[o] = o * sums * (turned ? 1 : f->products * group_channels(p));
    for (int c = 0; c < f->l.channels; c++)
        for (int k = 0; k < sums; k++)
            *step++ = turned ? (c * og + 1) * sums - 1 - k : c * sums + k;
    if (f->l.points)
        TENKA_FAST(winograd_places)
    (f->l.columns, (int32_t *)(scratch + f->places), f->l.planes[0].rows * f->l.planes[0].pitch);
}

static void pack_unit(const struct plan *f, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const int rows = row_blocks(group_outputs(p)), sums = f->l.sums, b = unit % rows, i = unit / rows % f->l.blocks;
    const int q = unit / rows / f->l.blocks % f->products, g = unit / rows / f->l.blocks / f->products;
    const int begin = block_begin(&f->l, p, i), k = (block_begin(&f->l, p, i + 1) - begin) * sums;
    const ptrdiff_t og = group_outputs(p), cg = group_channels(p);
    const float *w = f->l.points ? scratch + f->values + ((g * og * f->products + q) * cg + begin) * sums
                                 : f->w + (g * og * cg + begin * (f->turned ? og : 1)) * sums;
    TENKA_FAST(pack)
    (packed(f, scratch, g, q, i), w, (const int32_t *)(scratch + f->row), (const int32_t *)(scratch + f->step), (int)og,
     k, b);
}

/* What a unit computes: rows row .. row+rows-1 of a panel from image n on, outputs first .. end-1 over all groups. They
 * are whole blocks of its group's. */
struct range {
    const struct planes *s;
    int n, row, rows, first, end, first_block, end_block;
};

/* Brings the results of a range to where they belong. */
static void scatter(const struct plan *f, const float *result, const struct range *r)
{
    const conv_params *p = f->p;
    for (int o = r->first; o < r->end; o++)
        for (int i = 0; i < r->rows; i++)
            for (int b = 0; b < r->s->images; b++, result += f->width) {
                const ptrdiff_t at = ((((ptrdiff_t)r->n + b) * p->o + o) * p->oh + r->row + i) * p->ow;
                copy_masked(f->y + at, result, f->mask != NULL ? f->mask + at : NULL, p->ow);
            }
}

static void pool(const struct plan *f, const float *result, const struct range *r)
{
    const ptrdiff_t plane = (ptrdiff_t)f->pool->pool_oh * f->pool->pool_ow;
    const int pitch = r->s->images * f->width;
    for (int o = r->first; o < r->end; o++, result += (ptrdiff_t)r->rows * pitch)
        for (int b = 0; b < r->s->images; b++) {
            const ptrdiff_t at = (((ptrdiff_t)r->n + b) * f->p->o + o) * plane;
            TENKA_FAST(pool_results)(f->pool, result + b * f->width, pitch, r->row, r->rows, f->y + at, f->index + at);
        }
}

static void bring(const struct plan *f, const float *result, const struct range *r)
{
    if (f->pool != NULL)
        pool(f, result, r);
    else
        scatter(f, result, r);
}

/* Adds a block of channels to the sums of all points, or begins them with it. */
static void multiply_points(const struct plan *f, struct product product, float *scratch, const struct range *r, int g,
                            int i)
{
    const float *x = product.x;
    float *sums = product.y;
    for (int q = 0; q < f->products; q++) {
        product.w = packed(f, scratch, g, q, i);
        product.x = x + (ptrdiff_t)q * r->s->size;
        product.y = sums + q * group_outputs(f->p) * product.next_y;
        TENKA_FAST(multiply)(&product, r->first_block, r->end_block);
    }
}

/* Makes results of the sums of all points, and brings them where they belong, one output after the other. */
static void finish_points(struct plan *f, const float *sums, ptrdiff_t next, float *result, struct range r)
{
    const int og = group_outputs(f->p), end = r.end;
    bool finite = true;
    for (; r.first < end; r.first++) {
        const float *from = sums + r.first % og * next;
        finite &= TENKA_FAST(winograd_outputs)(f->l.points, from, og * next, (int)next,
                                               f->bias != NULL ? f->bias[r.first] : 0, f->relu, result);
        r.end = r.first + 1;
        bring(f, result, &r);
    }
    if (!finite) {
#pragma omp atomic write
        f->infinite = true;
    }
}

static void run_points(struct plan *f, float *scratch, const struct range *r, const float *x, int g)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    float *own = scratch + f->threads + f->per_thread * (size_t)thread_index();
    const struct product product = {
        .m = group_outputs(p),
        .n = r->rows * r->s->pitch,
        .at = runs_of(f, scratch, r->s),
        .x = own + f->copies,
        .y = own + f->sums,
        .next_y = (ptrdiff_t)r->rows * r->s->pitch,
        .terms = POINT_TERMS,
    };
    for (int i = 0; i < l->blocks; i++) {
        const int begin = block_begin(l, p, i), channels = block_begin(l, p, i + 1) - begin;
        struct product block = product;
        TENKA_FAST(copy_tiles)
        (p, l, r->s, r->row, x + (ptrdiff_t)begin * p->h * p->w, channels, (const int32_t *)(scratch + f->places),
         own + f->rows, own + f->copies);
        block.k = channels * l->sums;
        block.add = i > 0;
        multiply_points(f, block, scratch, r, g, i);
    }
    finish_points(f, product.y, product.next_y, own, *r);
}

static void run_plain(struct plan *f, float *scratch, const struct range *r, const float *x, int g)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow, og = group_outputs(p);
    const ptrdiff_t at = ((ptrdiff_t)r->n * p->o + g * og) * plane + r->row * p->ow;
    float *own = scratch + f->threads + f->per_thread * (size_t)thread_index();
    struct product product = {
        .m = (int)og,
        .n = r->rows * r->s->pitch,
        .at = runs_of(f, scratch, r->s),
        .x = own + f->copies,
        .y = buffered(f) ? own : f->y + at,
        .next_y = buffered(f) ? (ptrdiff_t)r->rows * r->s->pitch : plane,
    };
    for (int i = 0; i < l->blocks; i++) {
        const int begin = block_begin(l, p, i), channels = block_begin(l, p, i + 1) - begin;
        TENKA_FAST(copy_planes)
        (p, &l->taps, r->s, r->row, x + (ptrdiff_t)begin * p->h * p->w, channels, own + f->copies);
        product.k = channels * l->sums;
        product.w = packed(f, scratch, g, 0, i);
        product.bias = i == 0 && f->bias != NULL ? f->bias + g * og : NULL;
        product.add = i > 0;
        product.relu = f->relu && i == l->blocks - 1;
        product.mask = f->mask != NULL && !buffered(f) && i == l->blocks - 1 ? f->mask + at : NULL;
        TENKA_FAST(multiply)(&product, r->first_block, r->end_block);
    }
    if (buffered(f))
        bring(f, own + (r->first - g * og) * product.next_y, r);
}

/* A panel or a band, of one group, and a part of its output channels. */
static void run_unit(struct plan *f, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const int part = unit % f->parts, g = unit / f->parts % p->groups, item = unit / f->parts / p->groups;
    const int panel = item / l->bands, og = group_outputs(p), tiles = row_blocks(og);
    struct range r = {
        .s = planes_of(l, p, panel),
        .n = first_image(l, p, panel),
        .row = item % l->bands * l->rows,
        .first_block = cut(tiles, f->parts, part),
        .end_block = cut(tiles, f->parts, part + 1),
    };
    r.rows = f->height - r.row < l->rows ? f->height - r.row : l->rows;
    r.first = g * og + cut(og, tiles, r.first_block);
    r.end = g * og + cut(og, tiles, r.end_block);
    const float *x = f->x + ((ptrdiff_t)r.n * p->c + g * group_channels(p)) * p->h * p->w;
    if (l->points)
        run_points(f, scratch, &r, x, g);
    else
        run_plain(f, scratch, &r, x, g);
}

static void run_plan(struct plan *f, const struct tenka_fast_call *call)
{
    const conv_params *p = f->p;
    float *scratch = call->scratch;
    const int packs = p->groups * f->products * f->l.blocks * row_blocks(group_outputs(p));
    const int units = f->l.panels * f->l.bands * p->groups * f->parts;
    fill_tables(f, scratch);
#pragma omp parallel num_threads(call->threads)
    {
        if (f->l.points) {
#pragma omp for
            for (int o = 0; o < p->o; o++)
                fill_values(f, scratch, o);
        }
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < packs; unit++)
            pack_unit(f, scratch, unit);
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < units; unit++)
            run_unit(f, scratch, unit);
    }
}

static bool run(struct plan *f, const struct tenka_fast_call *call)
{
    const int points = TENKA_FAST(winograd_points)(f->p);
    if (!make_plan(f, call->threads, 0))
        return false;
    if (points && make_plan(f, call->threads, points)) {
        run_plan(f, call);
        if (!f->infinite)
            return true;
        make_plan(f, call->threads, 0);
    }
    run_plan(f, call);
    return true;
}

/* ---- The kernels ---- */

static bool run_forward(struct plan f, const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    f.x = c->in[0];
    f.w = c->in[1];
    f.bias = c->in[2];
    f.y = c->out[0];
    f.index = c->out[1];
    return run(&f, call);
}

bool TENKA_FAST(conv2d_fwd)(const struct tenka_fast_call *call)
{
    const conv_params *p = (const void *)call->call->params;
    if (TENKA_FAST(is_depthwise)(p))
        return TENKA_FAST(conv2d_fwd_depthwise)(call);
    if (TENKA_FAST(lowers)(p, false))
        return TENKA_FAST(conv2d_fwd_lowered)(call);
    return run_forward((struct plan){.p = p, .relu = p->act == TENKA_ACT_relu}, call);
}

size_t TENKA_FAST(conv2d_fwd_scratch)(const int32_t *params, int threads)
{
    struct plan f = {.p = (const void *)params};
    if (TENKA_FAST(is_depthwise)(f.p))
        return TENKA_FAST(conv_depthwise_scratch)(f.p);
    return TENKA_FAST(lowers)(f.p, false) ? TENKA_FAST(conv2d_fwd_lowered_scratch)(f.p, threads)
                                          : scratch_bytes(&f, threads);
}

bool TENKA_FAST(conv2d_relu_pool_fwd)(const struct tenka_fast_call *call)
{
    const struct tenka_p_conv2d_pool *p = (const void *)call->call->params;
    return run_forward((struct plan){.p = &p->conv, .pool = p, .relu = true}, call);
}

size_t TENKA_FAST(conv2d_relu_pool_fwd_scratch)(const int32_t *params, int threads)
{
    const struct tenka_p_conv2d_pool *p = (const void *)params;
    struct plan f = {.p = &p->conv, .pool = p, .relu = true};
    return scratch_bytes(&f, threads);
}

/* ---- dx ---- */

/* It multiplies the zeros around dy as well, but neither writes the copies' gradients nor folds them. */
bool TENKA_FAST(turns)(const conv_params *p)
{
    const int64_t dx = (int64_t)p->h * p->w, dy = (int64_t)p->oh * p->ow;
    return p->sh == 1 && p->sw == 1 && p->ph <= (p->kh - 1) * (int64_t)p->dh && p->pw <= (p->kw - 1) * (int64_t)p->dw &&
           4 * dx <= 5 * dy;
}

static conv_params turned(const conv_params *p)
{
    conv_params t = *p;
    t.c = p->o;
    t.h = p->oh;
    t.w = p->ow;
    t.o = p->c;
    t.oh = p->h;
    t.ow = p->w;
    t.ph = (p->kh - 1) * p->dh - p->ph;
    t.pw = (p->kw - 1) * p->dw - p->pw;
    return t;
}

bool TENKA_FAST(conv2d_turned)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    const conv_params p = turned((const void *)c->params);
    struct plan f = {.p = &p, .turned = true, .w = c->in[1], .x = c->in[2], .mask = c->in[0], .y = c->out[0]};
    return run(&f, call);
}

size_t TENKA_FAST(conv2d_turned_scratch)(const int32_t *params, int threads)
{
    const conv_params p = turned((const void *)params);
    struct plan f = {.p = &p, .turned = true};
    return scratch_bytes(&f, threads);
}
