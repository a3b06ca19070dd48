/* y = conv2d(x, weight) + bias: for each panel of images, or band of rows of one, the packed weights times the panel's
 * copies (conv.h). Channels are taken in blocks, so that copies stay in the cache and sums in f32 stay short. ReLU and
 * pooling follow while the results are in the cache.
 *
 * Without strides dx is such a convolution, too: of dy, with the weights turned round and channels and outputs changed
 * places. */
#include "backend/cpu/fast/conv.h"

struct plan {
    const conv_params *p;
    const struct tenka_p_conv2d_pool *pool; /* NULL: none */
    bool relu, turned;      /* turned: p is not that of the call, but of its gradient */
    const float *x, *w, *bias, *mask;
    float *y;
    int32_t *index;         /* of pooling's winners */
    struct layout l;
    int height;             /* rows of the convolution that are needed */
    int parts;              /* output channels are divided among so many units, which each make their own copies */
    size_t row, step, weights, threads, copies, per_thread; /* where parts of the scratch memory begin, in floats */
};

/* Bands whose copies fit the cache; more of them when few images are to keep many threads busy. */
static int count_bands(const conv_params *p, const struct layout *l, int threads)
{
    const int64_t row = (int64_t)l->channels * p->kw * l->taps.phases * p->ow * (int64_t)sizeof(float);
    const int64_t fit = PANEL_BYTES / row - l->taps.most;
    const int wanted = div_up(2 * threads, l->panels * p->groups), largest = div_up(p->oh * p->ow, 8 * LANES);
    int bands = fit < 1 ? p->oh : fit < p->oh ? div_up(p->oh, (int)fit) : 1;
    if (bands < wanted && bands < largest)
        bands = wanted < largest ? wanted : largest;
    return l->images > 1 ? 1 : bands < p->oh ? bands : p->oh;
}

/* Whether results go to scratch memory first: [o][row][image][column]. */
static bool buffered(const struct plan *f)
{
    return f->l.images > 1 || f->pool;
}

static void lay_out(struct plan *f)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const size_t taps = (size_t)p->kh * p->kw, og = (size_t)group_outputs(p);
    f->row = 2 * (size_t)l->channels * taps;
    f->step = f->row + og;
    f->weights = tenka_align(f->step + (size_t)l->channels * taps, LANES);
    f->threads = tenka_align(f->weights + (size_t)p->o * group_channels(p) * taps, LANES);
    f->copies = buffered(f) ? tenka_align(og * l->rows * l->planes[0].pitch + 2 * LANES, LANES) : 0;
    f->per_thread =
        tenka_align(f->copies + (size_t)l->channels * p->kw * l->planes[0].size + TILE_VECTORS * LANES, LANES);
}

/* f->p, pool and relu are set. */
static bool make_plan(struct plan *f, int threads)
{
    const conv_params *p = f->p;
    struct layout *l = &f->l;
    if (!TENKA_FAST(conv_serves)(p))
        return false;
    TENKA_FAST(conv_taps)(p, &l->taps);
    conv_blocks(l, p);
    conv_panels(l, p, div_up(p->n, panel_images(p)), 0);
    l->rows = div_up(p->oh, count_bands(p, l, threads));
    f->height = p->oh;
    if (f->pool) { /* whole windows */
        f->height = (f->pool->pool_oh - 1) * f->pool->pool_sh + f->pool->pool_kh;
        l->rows = div_up(l->rows, f->pool->pool_sh) * f->pool->pool_sh;
    }
    l->bands = div_up(f->height, l->rows);
    conv_panels(l, p, l->panels, l->rows + l->taps.most);
    const int wanted = div_up(threads, l->panels * l->bands * p->groups), blocks = row_blocks(group_outputs(p));
    f->parts = wanted < blocks ? wanted : blocks;
    lay_out(f);
    return (int64_t)l->channels * p->kw * l->planes[0].size < 1 << 28 && (int64_t)l->rows * p->sh < 1 << 28;
}

static size_t scratch_bytes(struct plan *f, int threads)
{
    return make_plan(f, threads) ? (f->threads + f->per_thread * (size_t)threads) * sizeof(float) : 0;
}

/* Offsets of the taps in one of the two kinds of panels. */
static int32_t *runs_of(const struct plan *f, float *scratch, const struct planes *s)
{
    return (int32_t *)scratch + (s - f->l.planes) * f->l.channels * f->p->kh * f->p->kw;
}

/* The packed weights of group g and channel block i begin here. */
static float *packed(const struct plan *f, float *scratch, int g, int i)
{
    const conv_params *p = f->p;
    const ptrdiff_t taps = p->kh * p->kw, og = group_outputs(p);
    return scratch + f->weights + (g * og * group_channels(p) + og * block_begin(&f->l, p, i)) * taps;
}

/* Where the weights of outputs and of a block's taps lie. */
static void fill_tables(const struct plan *f, float *scratch)
{
    const conv_params *p = f->p;
    const int taps = p->kh * p->kw;
    int32_t *row = (int32_t *)(scratch + f->row), *step = (int32_t *)(scratch + f->step);
    for (int o = 0; o < group_outputs(p); o++)
        row[o] = o * taps * (f->turned ? 1 : group_channels(p));
    for (int c = 0; c < f->l.channels; c++)
        for (int k = 0; k < taps; k++)
            *step++ = f->turned ? (c * group_outputs(p) + 1) * taps - 1 - k : c * taps + k;
}

static void pack_unit(const struct plan *f, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const int rows = row_blocks(group_outputs(p)), taps = p->kh * p->kw;
    const int b = unit % rows, i = unit / rows % f->l.blocks, g = unit / rows / f->l.blocks;
    const int begin = block_begin(&f->l, p, i), k = (block_begin(&f->l, p, i + 1) - begin) * taps;
    const ptrdiff_t skipped = (ptrdiff_t)begin * (f->turned ? group_outputs(p) : 1);
    const float *w = f->w + ((ptrdiff_t)g * group_outputs(p) * group_channels(p) + skipped) * taps;
    TENKA_FAST(pack)(packed(f, scratch, g, i), w, (const int32_t *)(scratch + f->row),
                     (const int32_t *)(scratch + f->step), group_outputs(p), k, b);
}

/* What a unit computes: rows row .. row+rows-1 of a panel from image n on, outputs first .. end-1 over all groups. */
struct range {
    const struct planes *s;
    int n, row, rows, first, end;
};

static void mask_row(float *y, const float *mask, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = mask[i] <= 0 ? 0 : y[i];
}

/* Brings the results of a range to where they belong. */
static void scatter(const struct plan *f, const float *result, const struct range *r)
{
    const conv_params *p = f->p;
    for (int o = r->first; o < r->end; o++)
        for (int i = 0; i < r->rows; i++)
            for (int b = 0; b < r->s->images; b++, result += p->ow) {
                const ptrdiff_t at = ((((ptrdiff_t)r->n + b) * p->o + o) * p->oh + r->row + i) * p->ow;
                memcpy(f->y + at, result, (size_t)p->ow * sizeof *result);
                if (f->mask)
                    mask_row(f->y + at, f->mask + at, p->ow);
            }
}

static void pool(const struct plan *f, const float *result, const struct range *r)
{
    const conv_params *p = f->p;
    const ptrdiff_t plane = (ptrdiff_t)f->pool->pool_oh * f->pool->pool_ow;
    for (int o = r->first; o < r->end; o++, result += (ptrdiff_t)r->rows * r->s->pitch)
        for (int b = 0; b < r->s->images; b++) {
            const ptrdiff_t at = (((ptrdiff_t)r->n + b) * p->o + o) * plane;
            TENKA_FAST(pool_results)(f->pool, result + b * p->ow, r->s->pitch, r->row, r->rows, f->y + at,
                                     f->index + at);
        }
}

/* A panel or a band, of one group, and a part of its output channels. */
static void run_unit(const struct plan *f, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const int part = unit % f->parts, g = unit / f->parts % p->groups, item = unit / f->parts / p->groups;
    const int panel = item / l->bands, og = group_outputs(p), tiles = row_blocks(og);
    const int first = cut(tiles, f->parts, part), end = cut(tiles, f->parts, part + 1);
    struct range r = {.s = planes_of(l, p, panel), .n = first_image(l, p, panel), .row = item % l->bands * l->rows};
    r.rows = f->height - r.row < l->rows ? f->height - r.row : l->rows;
    r.first = g * og + cut(og, tiles, first);
    r.end = g * og + cut(og, tiles, end);
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow;
    const float *x = f->x + ((ptrdiff_t)r.n * p->c + g * group_channels(p)) * p->h * p->w;
    const ptrdiff_t at = ((ptrdiff_t)r.n * p->o + g * og) * plane + r.row * p->ow;
    float *own = scratch + f->threads + f->per_thread * (size_t)thread_index();
    struct product product = {
        .m = og,
        .n = r.rows * r.s->pitch,
        .at = runs_of(f, scratch, r.s),
        .x = own + f->copies,
        .y = buffered(f) ? own : f->y + at,
        .next_y = buffered(f) ? (ptrdiff_t)r.rows * r.s->pitch : plane,
    };
    for (int i = 0; i < l->blocks; i++) {
        const int begin = block_begin(l, p, i), channels = block_begin(l, p, i + 1) - begin;
        TENKA_FAST(copy_planes)(p, &l->taps, r.s, r.row, x + (ptrdiff_t)begin * p->h * p->w, channels, own + f->copies);
        product.k = channels * p->kh * p->kw;
        product.w = packed(f, scratch, g, i);
        product.bias = i == 0 && f->bias ? f->bias + g * og : NULL;
        product.add = i > 0;
        product.relu = f->relu && i == l->blocks - 1;
        product.mask = f->mask && !buffered(f) && i == l->blocks - 1 ? f->mask + at : NULL;
        TENKA_FAST(multiply)(&product, first, end);
    }
    const float *result = own + (r.first - g * og) * product.next_y;
    if (f->pool)
        pool(f, result, &r);
    else if (l->images > 1)
        scatter(f, result, &r);
}

static bool run(struct plan *f, const struct tenka_fast_call *call)
{
    float *scratch = call->scratch;
    if (!make_plan(f, call->threads))
        return false;
    const conv_params *p = f->p;
    const int packs = p->groups * f->l.blocks * row_blocks(group_outputs(p));
    const int units = f->l.panels * f->l.bands * p->groups * f->parts;
    for (int i = 0; i < 2; i++)
        TENKA_FAST(conv_runs)(p, &f->l, &f->l.planes[i], runs_of(f, scratch, &f->l.planes[i]));
    fill_tables(f, scratch);
#pragma omp parallel num_threads(call->threads)
    {
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < packs; unit++)
            pack_unit(f, scratch, unit);
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < units; unit++)
            run_unit(f, scratch, unit);
    }
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
    return run_forward((struct plan){.p = (const void *)call->call->params}, call);
}

size_t TENKA_FAST(conv2d_fwd_scratch)(const int32_t *params, int threads)
{
    struct plan f = {.p = (const void *)params};
    return scratch_bytes(&f, threads);
}

bool TENKA_FAST(conv2d_relu_fwd)(const struct tenka_fast_call *call)
{
    return run_forward((struct plan){.p = (const void *)call->call->params, .relu = true}, call);
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
    struct plan f = {.p = &p, .turned = true, .w = c->in[0], .x = c->in[1], .mask = c->in[2], .y = c->out[0]};
    return run(&f, call);
}

size_t TENKA_FAST(conv2d_turned_scratch)(const int32_t *params, int threads)
{
    const conv_params p = turned((const void *)params);
    struct plan f = {.p = &p, .turned = true};
    return scratch_bytes(&f, threads);
}
