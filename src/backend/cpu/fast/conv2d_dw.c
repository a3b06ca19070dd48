/* dweight and dbias: for each panel of images, or band of rows of one, dot products of the rows of dy with the runs of
 * the panel's copies (conv.h). The batch is cut into chunks, whose sums are kept apart and added in their order at the
 * end. How it is cut follows from the shape alone. Where ReLU and pooling followed the convolution, dy is what they
 * send back: it exists a panel at a time. */
#include "backend/cpu/fast/conv.h"

enum {
    PIXELS = 1024,          /* of a panel, about: the end of a dot product costs as much as a hundred of them */
    COPIES_BYTES = 1 << 20, /* of a panel, at most: that long sums are worth a larger cache */
    MAX_CHUNKS = 16,
    PARTIAL_SUMS = 1 << 20, /* of all chunks together, unless there is one chunk */
};

struct plan {
    const conv_params *p;
    const struct tenka_p_conv2d_pool *pool; /* NULL: none */
    struct layout l;
    int chunks;       /* the items, panels * bands, are cut into so many */
    int parts;        /* output channels are divided among so many units */
    ptrdiff_t next_d; /* elements of a row of dy's copy */
    size_t sums, threads, copies, per_thread; /* where parts of the scratch memory begin, in floats */
};

static int weights(const conv_params *p)
{
    return p->o * group_channels(p) * p->kh * p->kw;
}

/* Panels: a multiple of 4, so that few threads get equal work. Bands: of whole windows, which are `step` rows apart. */
static void cut_batch(struct layout *l, const conv_params *p, int step)
{
    const int64_t copies = (int64_t)l->channels * p->kw * l->taps.phases * p->ow * (int64_t)sizeof(float);
    const int64_t fit = COPIES_BYTES / copies - l->taps.most, pixels = (int64_t)p->oh * p->ow;
    const int rows = pixels > PIXELS ? div_up(PIXELS, p->ow) : p->oh;
    int panels = p->n;
    l->rows = fit < 1 ? 1 : fit < rows ? (int)fit : rows;
    l->rows = div_up(div_up(p->oh, div_up(p->oh, l->rows)), step) * step;
    l->bands = div_up(p->oh, l->rows);
    if (l->bands == 1) {
        const int64_t images = (PIXELS + pixels / 2) / pixels, most = COPIES_BYTES / (copies * (p->oh + l->taps.most));
        panels = div_up(p->n, images < 1 || most < 1 ? 1 : (int)(images < most ? images : most));
        panels = div_up(panels, 4) * 4 < p->n ? div_up(panels, 4) * 4 : p->n;
    }
    conv_panels(l, p, panels, l->rows + l->taps.most);
}

static void lay_out(struct plan *f)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const size_t all = (size_t)weights(p) + (size_t)p->o;
    f->sums = tenka_align(2 * (size_t)l->channels * p->kh * p->kw, LANES);
    f->threads = tenka_align(f->sums + all * (size_t)f->chunks, LANES);
    f->copies = (size_t)(group_outputs(p) * f->next_d) + 2 * LANES;
    f->per_thread =
        tenka_align(f->copies + (size_t)l->channels * p->kw * l->planes[0].size + TILE_VECTORS * LANES, LANES);
}

/* f->p and pool are set. */
static bool make_plan(struct plan *f, int threads)
{
    const conv_params *p = f->p;
    struct layout *l = &f->l;
    if (!TENKA_FAST(conv_serves)(p))
        return false;
    TENKA_FAST(conv_taps)(p, &l->taps);
    conv_blocks(l, p);
    cut_batch(l, p, f->pool ? f->pool->pool_sh : 1);
    const int items = l->panels * l->bands, most = PARTIAL_SUMS / (weights(p) + p->o);
    f->chunks = items < MAX_CHUNKS ? items : MAX_CHUNKS;
    f->chunks = f->chunks < most ? f->chunks : most > 1 ? most : 1;
    const int wanted = div_up(threads, f->chunks * l->blocks * p->groups), rows = div_up(group_outputs(p), DOT_ROWS);
    f->parts = wanted < rows ? wanted : rows;
    f->next_d = (ptrdiff_t)tenka_align((size_t)l->rows * l->planes[0].pitch, LANES);
    if (f->next_d % 256 == 0)
        f->next_d += LANES; /* rows that begin at the same place of a page would push each other out of the cache */
    lay_out(f);
    return (int64_t)l->channels * p->kw * l->planes[0].size < 1 << 28;
}

static size_t scratch_bytes(struct plan *f, int threads)
{
    return make_plan(f, threads) ? (f->threads + f->per_thread * (size_t)threads) * sizeof(float) : 0;
}

/* What one unit adds up: a chunk, a group, a block of input channels, a part of the output channels. */
struct unit {
    int chunk, group, channel, channels, output, outputs;
    float *dw, *db; /* the chunk's sums, of which the unit has its own part; db only with the first block */
};

static struct unit unit_of(const struct plan *f, float *sums, int index)
{
    const conv_params *p = f->p;
    const int part = index % f->parts, block = index / f->parts % f->l.blocks;
    struct unit u = {
        .group = index / f->parts / f->l.blocks % p->groups,
        .chunk = index / f->parts / f->l.blocks / p->groups,
        .channel = block_begin(&f->l, p, block),
        .output = cut(group_outputs(p), f->parts, part),
    };
    u.channels = block_begin(&f->l, p, block + 1) - u.channel;
    u.outputs = cut(group_outputs(p), f->parts, part + 1) - u.output;
    const int o = u.group * group_outputs(p) + u.output, taps = p->kh * p->kw;
    sums += (ptrdiff_t)u.chunk * (weights(p) + p->o);
    u.dw = sums + ((ptrdiff_t)o * group_channels(p) + u.channel) * taps;
    u.db = block == 0 ? sums + weights(p) + o : NULL;
    return u;
}

/* Offsets of the taps in one of the two kinds of panels. */
static int32_t *runs_of(const struct plan *f, float *scratch, const struct planes *s)
{
    return (int32_t *)scratch + (s - f->l.planes) * f->l.channels * f->p->kh * f->p->kw;
}

/* Outputs o .. of rows row .. of a panel from image n on: dy as it is, or as ReLU and pooling send it back. */
static void copy_dy(const struct plan *f, const struct tenka_cpu_call *call, const struct planes *s, int n, int row,
                    int rows, int o, int outputs, float *d)
{
    const conv_params *p = f->p;
    const ptrdiff_t plane = f->pool ? (ptrdiff_t)f->pool->pool_oh * f->pool->pool_ow : (ptrdiff_t)p->oh * p->ow;
    const ptrdiff_t at = ((ptrdiff_t)n * p->o + o) * plane;
    if (f->pool)
        TENKA_FAST(unpool_outputs)(f->pool, s, row, rows, (const float *)call->in[1] + at,
                                   (const int32_t *)call->in[2] + at, (const float *)call->in[3] + at, outputs, d,
                                   f->next_d);
    else
        TENKA_FAST(copy_outputs)(p, s, row, rows, (const float *)call->in[1] + at, outputs, d, f->next_d);
}

/* Adds one panel, or band of an image. */
static void add_item(const struct plan *f, const struct tenka_cpu_call *call, const struct unit *u, float *scratch,
                     int item)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const int panel = item / l->bands, n = first_image(l, p, panel), row = item % l->bands * l->rows;
    const int rows = p->oh - row < l->rows ? p->oh - row : l->rows;
    const int c = u->group * group_channels(p) + u->channel, o = u->group * group_outputs(p) + u->output;
    const float *x = (const float *)call->in[0] + ((ptrdiff_t)n * p->c + c) * p->h * p->w;
    const struct planes *s = planes_of(l, p, panel);
    float *own = scratch + f->threads + f->per_thread * (size_t)thread_index();
    TENKA_FAST(copy_planes)(p, &l->taps, s, row, x, u->channels, own + f->copies);
    copy_dy(f, call, s, n, row, rows, o, u->outputs, own);
    const struct dot_product product = {
        .m = u->outputs,
        .k = u->channels * p->kh * p->kw,
        .n = rows * s->pitch,
        .d = own,
        .next_d = f->next_d,
        .at = runs_of(f, scratch, s),
        .x = own + f->copies,
        .z = u->dw,
        .next_z = (ptrdiff_t)group_channels(p) * p->kh * p->kw,
    };
    TENKA_FAST(dots)(&product);
    for (int i = 0; u->db && i < u->outputs; i++) {
        vec sum = {0};
        for (ptrdiff_t j = 0; j < f->next_d; j += LANES)
            sum += load(product.d + i * f->next_d + j);
        u->db[i] += sum_lanes(sum);
    }
}

static void run_unit(const struct plan *f, const struct tenka_cpu_call *call, float *scratch, int index)
{
    const conv_params *p = f->p;
    const struct unit u = unit_of(f, scratch + f->sums, index);
    const int items = f->l.panels * f->l.bands, taps = p->kh * p->kw;
    for (int i = 0; i < u.outputs; i++)
        memset(u.dw + (ptrdiff_t)i * group_channels(p) * taps, 0, (size_t)(u.channels * taps) * sizeof *u.dw);
    if (u.db)
        memset(u.db, 0, (size_t)u.outputs * sizeof *u.db);
    for (int item = cut(items, f->chunks, u.chunk); item < cut(items, f->chunks, u.chunk + 1); item++)
        add_item(f, call, &u, scratch, item);
}

/* out[i] = sum over the chunks in their order, for n elements from i on */
static void add_chunks(const struct plan *f, const float *sums, float *out, int n)
{
    const ptrdiff_t next = weights(f->p) + f->p->o;
    for (int i = 0; i < n; i += LANES) {
        const int count = n - i < LANES ? n - i : LANES;
        vec sum = load_lanes(sums + i, 0, count);
        for (int chunk = 1; chunk < f->chunks; chunk++)
            sum += load_lanes(sums + chunk * next + i, 0, count);
        store_lanes(out + i, sum, 0, count);
    }
}

static bool run(struct plan *f, const struct tenka_fast_call *call)
{
    enum { SPAN = 1024 };
    float *scratch = call->scratch, *dw = call->call->out[0], *db = call->call->out[1];
    if (!make_plan(f, call->threads))
        return false;
    const int units = f->chunks * f->p->groups * f->l.blocks * f->parts, n = weights(f->p);
    for (int i = 0; i < 2; i++)
        TENKA_FAST(conv_runs)(f->p, &f->l, &f->l.planes[i], runs_of(f, scratch, &f->l.planes[i]));
#pragma omp parallel num_threads(call->threads)
    {
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < units; unit++)
            run_unit(f, call->call, scratch, unit);
#pragma omp for
        for (int i = 0; i < n; i += SPAN)
            add_chunks(f, scratch + f->sums + i, dw + i, n - i < SPAN ? n - i : SPAN);
    }
    if (db)
        add_chunks(f, scratch + f->sums + n, db, f->p->o);
    return true;
}

/* ---- The kernels ---- */

bool TENKA_FAST(conv2d_dw)(const struct tenka_fast_call *call)
{
    struct plan f = {.p = (const void *)call->call->params};
    return run(&f, call);
}

size_t TENKA_FAST(conv2d_dw_scratch)(const int32_t *params, int threads)
{
    struct plan f = {.p = (const void *)params};
    return scratch_bytes(&f, threads);
}

bool TENKA_FAST(conv2d_relu_pool_dw)(const struct tenka_fast_call *call)
{
    const struct tenka_p_conv2d_pool *p = (const void *)call->call->params;
    struct plan f = {.p = &p->conv, .pool = p};
    return run(&f, call);
}

size_t TENKA_FAST(conv2d_relu_pool_dw_scratch)(const int32_t *params, int threads)
{
    const struct tenka_p_conv2d_pool *p = (const void *)params;
    struct plan f = {.p = &p->conv, .pool = p};
    return scratch_bytes(&f, threads);
}
