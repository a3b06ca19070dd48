/* dweight and dbias: for each panel of images, or band of rows of one, dot products of the rows of dy with the runs of
 * the panel's copies (conv.h). The batch is cut into chunks, whose sums are kept apart and added in their order at the
 * end. How it is cut follows from the shape alone. Where ReLU and pooling followed the convolution, dy is what they
 * send back: it exists a panel at a time. Of values at points (winograd.h) each point has its own dot products, which
 * become weights after the chunks were added. */
#include "backend/cpu/fast/conv.h"

enum {
    PIXELS = 1024,          /* of a panel, about: the end of a dot product costs as much as a hundred of them */
    COPIES_BYTES = 1 << 20, /* of a panel, at most: that long sums are worth a larger cache */
};

struct plan {
    const conv_params *p;
    const struct tenka_p_conv2d_pool *pool; /* NULL: none */
    struct layout l;
    int products;    /* one, or as many as points */
    int chunks;      /* the items, panels * bands, are cut into so many */
    int parts;       /* output channels are divided among so many units */
    ptrdiff_t plane; /* elements of a row of dy's copy, of one product */
    /* Where parts of the scratch memory begin, in floats; places and rows are of points. */
    size_t places, sums, threads, copies, rows, per_thread;
};

static int weights(const conv_params *p)
{
    return p->o * group_channels(p) * p->kh * p->kw;
}

/* Sums of one product, of one output. */
static int product_sums(const struct plan *f)
{
    return group_channels(f->p) * f->l.sums;
}

/* Sums of a chunk: [output][product][channel][..], then those of the bias. */
static ptrdiff_t chunk_sums(const struct plan *f)
{
    return (ptrdiff_t)f->p->o * f->products * product_sums(f) + f->p->o;
}

/* Panels: a multiple of 4, so that few threads get equal work. Bands: of whole windows, which are `step` rows apart. */
static void cut_batch(struct layout *l, const conv_params *p, int step)
{
    const int64_t copies = (int64_t)l->channels * l->copies * l->taps.phases * l->columns * (int64_t)sizeof(float);
    const int64_t fit = COPIES_BYTES / copies - l->taps.most, pixels = (int64_t)p->oh * l->columns;
    const int rows = pixels > PIXELS ? div_up(PIXELS, l->columns) : p->oh;
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
    const struct planes *s = &l->planes[0];
    const size_t inputs = l->points ? tile_rows(l, s) : 0, outputs = l->points ? output_rows(s, l->rows) : 0;
    f->places = tenka_align(2 * (size_t)l->channels * l->sums, LANES);
    f->sums = f->places + (l->points ? tenka_align((size_t)s->size, LANES) : 0);
    f->threads = tenka_align(f->sums + (size_t)chunk_sums(f) * f->chunks, LANES);
    f->copies = (size_t)(group_outputs(p) * f->products * f->plane) + 2 * LANES;
    f->rows = tenka_align(f->copies + (size_t)l->channels * l->copies * s->size + TILE_VECTORS * LANES, LANES);
    f->per_thread = f->rows + tenka_align(inputs > outputs ? inputs : outputs, LANES);
}

/* f->p and pool are set. */
static bool make_plan(struct plan *f, int threads, int points)
{
    const conv_params *p = f->p;
    struct layout *l = &f->l;
    if (!TENKA_FAST(conv_serves)(p) || (f->pool != NULL && f->pool->pool_sh > p->oh))
        return false;
    conv_planes(l, p, points);
    conv_blocks(l, p);
    f->products = points ? points : 1;
    cut_batch(l, p, f->pool != NULL ? f->pool->pool_sh : 1);
    f->chunks = count_chunks(l->panels * l->bands, chunk_sums(f));
    const int wanted = div_up(threads, f->chunks * l->blocks * p->groups), rows = div_up(group_outputs(p), DOT_ROWS);
    f->parts = wanted < rows ? wanted : rows;
    f->plane = (ptrdiff_t)tenka_align((size_t)l->rows * l->planes[0].pitch, LANES);
    if (f->plane % 256 == 0)
        f->plane += LANES; /* rows that begin at the same place of a page would push each other out of the cache */
    lay_out(f);
    return (int64_t)l->channels * l->copies * l->planes[0].size < 1 << 28;
}

/* 0 also where dot products are so short that their ends cost more than points save. */
static int count_points(const conv_params *p)
{
    enum { FEW_PLACES = 2048 };
    return p->n * (int64_t)p->oh * p->ow < FEW_PLACES ? 0 : TENKA_FAST(winograd_points)(p);
}

/* Enough for the plan with points, and for the one that takes its place. */
static size_t scratch_bytes(struct plan *f, int threads)
{
    size_t most = 0;
    for (int i = 0; i < 1 + (count_points(f->p) != 0); i++)
        if (make_plan(f, threads, i ? count_points(f->p) : 0)) {
            const size_t floats = f->threads + f->per_thread * (size_t)threads;
            most = floats > most ? floats : most;
        }
    return most * sizeof(float);
}

/* What one unit adds up: a chunk, a group, a block of input channels, a part of the output channels. */
struct unit {
    int chunk, group, channel, channels, output, outputs;
    float *dw, *db; /* the chunk's sums, of which the unit has its own part of each product; db: NULL but with the first
                     * block */
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
    const int o = u.group * group_outputs(p) + u.output;
    sums += u.chunk * chunk_sums(f);
    u.dw = sums + (ptrdiff_t)o * f->products * product_sums(f) + u.channel * f->l.sums;
    u.db = block == 0 ? sums + chunk_sums(f) - p->o + o : NULL;
    return u;
}

/* Offsets of the taps in one of the two kinds of panels. */
static int32_t *runs_of(const struct plan *f, float *scratch, const struct planes *s)
{
    return (int32_t *)scratch + (s - f->l.planes) * f->l.channels * f->l.sums;
}

/* What a unit reads of dy, or of what pooling returned: outputs o .. of a panel from image n on, of them rows row .. */
struct source {
    const struct planes *s;
    int n, o, outputs, row, rows;
    const float *y, *dy; /* the first image's first output; y of pooling only */
    const int32_t *index;
};

static struct source source_of(const struct plan *f, const struct tenka_cpu_call *call, const struct unit *u, int item)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    struct source from = {
        .n = first_image(l, p, item / l->bands),
        .s = planes_of(l, p, item / l->bands),
        .row = item % l->bands * l->rows,
        .o = u->group * group_outputs(p) + u->output,
        .outputs = u->outputs,
    };
    from.rows = p->oh - from.row < l->rows ? p->oh - from.row : l->rows;
    const ptrdiff_t plane = f->pool != NULL ? (ptrdiff_t)f->pool->pool_oh * f->pool->pool_ow : (ptrdiff_t)p->oh * p->ow;
    const ptrdiff_t at = ((ptrdiff_t)from.n * p->o + from.o) * plane;
    from.y = (const float *)call->in[1] + at;
    from.dy = f->pool != NULL ? (const float *)call->in[3] + at : from.y;
    from.index = f->pool != NULL ? (const int32_t *)call->in[2] + at : NULL;
    return from;
}

/* db += the sum of n values */
static void add_bias(const float *dy, ptrdiff_t n, float *db)
{
    vec sum = {0};
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum += load(dy + i);
    *db += sum_lanes(sum + load_lanes(dy + i, 0, (int)(n - i)));
}

/* The gradient as it is, or as ReLU and pooling send it back; adds its sums to db unless that is NULL. */
static void copy_dy(const struct plan *f, const struct source *from, float *out, float *db)
{
    if (f->pool != NULL)
        TENKA_FAST(unpool_outputs)
    (f->pool, from->s->images, f->p->ow, from->row, from->rows, from->y, from->index, from->dy, from->outputs, out,
     f->plane);
    else TENKA_FAST(copy_outputs)(f->p, from->s, from->row, from->rows, from->dy, from->outputs, out, f->plane);
    for (int o = 0; db != NULL && o < from->outputs; o++)
        add_bias(out + o * f->plane, f->plane, db + o);
}

/* The same as values at points.
 *   rows  for one output at a time */
static void copy_dy_tiles(const struct plan *f, const struct source *from, float *rows, float *out, float *db)
{
    const struct layout *l = &f->l;
    const ptrdiff_t plane = f->pool != NULL ? (ptrdiff_t)f->pool->pool_oh * f->pool->pool_ow
                                            : (ptrdiff_t)f->p->oh * f->p->ow;
    const int tiles = l->rows * from->s->pitch;
    for (int o = 0; o < from->outputs; o++, out += f->products * f->plane) {
        if (f->pool != NULL)
            TENKA_FAST(unpool_outputs)
        (f->pool, from->s->images, l->columns * TILE_OUTPUTS, from->row, from->rows, from->y + o * plane,
         from->index + o * plane, from->dy + o * plane, 1, rows, (ptrdiff_t)tiles * TILE_OUTPUTS);
        else TENKA_FAST(copy_output_rows)(f->p, l, from->s, from->row, l->rows, from->dy + o * plane, rows);
        TENKA_FAST(winograd_outputs_back)(l->points, rows, tiles, out, f->plane);
        if (db != NULL)
            add_bias(rows, (ptrdiff_t)tiles * TILE_OUTPUTS, db + o);
    }
}

/* Adds one panel, or band of an image. */
static void add_item(const struct plan *f, const struct tenka_cpu_call *call, const struct unit *u, float *scratch,
                     int item)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const struct source from = source_of(f, call, u, item);
    const int c = u->group * group_channels(p) + u->channel;
    const float *x = (const float *)call->in[0] + ((ptrdiff_t)from.n * p->c + c) * p->h * p->w;
    float *own = scratch + f->threads + f->per_thread * (size_t)thread_index();
    if (l->points) {
        TENKA_FAST(copy_tiles)
        (p, l, from.s, from.row, x, u->channels, (const int32_t *)(scratch + f->places), own + f->rows,
         own + f->copies);
        copy_dy_tiles(f, &from, own + f->rows, own, u->db);
    } else {
        TENKA_FAST(copy_planes)(p, &l->taps, from.s, from.row, x, u->channels, own + f->copies);
        copy_dy(f, &from, own, u->db);
    }
    for (int q = 0; q < f->products; q++) {
        const struct dot_product product = {
            .m = u->outputs,
            .k = u->channels * l->sums,
            .n = from.rows * from.s->pitch, /* not the rows below, whose zeros would meet NaN in x */
            .d = own + q * f->plane,
            .next_d = f->products * f->plane,
            .at = runs_of(f, scratch, from.s),
            .x = own + f->copies + (ptrdiff_t)q * from.s->size,
            .z = u->dw + (ptrdiff_t)q * product_sums(f),
            .next_z = (ptrdiff_t)f->products * product_sums(f),
        };
        TENKA_FAST(dots)(&product);
    }
}

static void run_unit(const struct plan *f, const struct tenka_cpu_call *call, float *scratch, int index)
{
    const struct unit u = unit_of(f, scratch + f->sums, index);
    const int items = f->l.panels * f->l.bands;
    for (int i = 0; i < u.outputs * f->products; i++)
        memset(u.dw + (ptrdiff_t)i * product_sums(f), 0, (size_t)(u.channels * f->l.sums) * sizeof(*u.dw));
    if (u.db != NULL)
        memset(u.db, 0, (size_t)u.outputs * sizeof(*u.db));
    for (int item = cut(items, f->chunks, u.chunk); item < cut(items, f->chunks, u.chunk + 1); item++)
        add_item(f, call, &u, scratch, item);
}

/* out[i] = sum over the chunks in their order, for n elements from i on; out may be the first chunk */
static void add_chunks(const struct plan *f, const float *sums, float *out, int n)
{
    for (int i = 0; i < n; i += LANES) {
        const int count = n - i < LANES ? n - i : LANES;
        vec sum = load_lanes(sums + i, 0, count);
        for (int chunk = 1; chunk < f->chunks; chunk++)
            sum += load_lanes(sums + chunk * chunk_sums(f) + i, 0, count);
        store_lanes(out + i, sum, 0, count);
    }
}

/* Adds the chunks of one output, and makes weights of values at points. */
static void finish_output(const struct plan *f, float *sums, float *dw, int o)
{
    const int n = product_sums(f);
    sums += (ptrdiff_t)o * f->products * n;
    dw += (ptrdiff_t)o * group_channels(f->p) * f->p->kh * f->p->kw;
    if (!f->l.points) {
        add_chunks(f, sums, dw, n);
        return;
    }
    add_chunks(f, sums, sums, f->products * n);
    for (int i = 0; i < n; i++)
        TENKA_FAST(winograd_weights_back)(f->l.points, sums + i, n, dw + (ptrdiff_t)i * f->p->kw);
}

static void run_plan(const struct plan *f, const struct tenka_fast_call *call)
{
    float *scratch = call->scratch, *sums = scratch + f->sums, *dw = call->call->out[0], *db = call->call->out[1];
    const int units = f->chunks * f->p->groups * f->l.blocks * f->parts;
    for (int i = 0; i < 2; i++)
        TENKA_FAST(conv_runs)(f->p, &f->l, &f->l.planes[i], runs_of(f, scratch, &f->l.planes[i]));
    if (f->l.points)
        TENKA_FAST(winograd_places)
    (f->l.columns, (int32_t *)(scratch + f->places), f->l.planes[0].rows * f->l.planes[0].pitch);
#pragma omp parallel num_threads(call->threads)
    {
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < units; unit++)
            run_unit(f, call->call, scratch, unit);
#pragma omp for
        for (int o = 0; o < f->p->o; o++)
            finish_output(f, sums, dw, o);
    }
    if (db != NULL)
        add_chunks(f, sums + chunk_sums(f) - f->p->o, db, f->p->o);
}

static bool all_finite(const float *x, int n)
{
    bool finite = true;
    for (int i = 0; i < n; i++)
        finite &= 0 * x[i] == 0;
    return finite;
}

/* The sums of the bias are the same with points and without. */
static bool run(struct plan *f, const struct tenka_fast_call *call)
{
    if (!make_plan(f, call->threads, 0))
        return false;
    if (count_points(f->p) && make_plan(f, call->threads, count_points(f->p))) {
        run_plan(f, call);
        if (all_finite(call->call->out[0], weights(f->p)))
            return true;
        make_plan(f, call->threads, 0);
    }
    run_plan(f, call);
    return true;
}

/* ---- The kernels ---- */

bool TENKA_FAST(conv2d_dw)(const struct tenka_fast_call *call)
{
    struct plan f = {.p = (const void *)call->call->params};
    if (TENKA_FAST(is_depthwise)(f.p))
        return TENKA_FAST(conv2d_dw_depthwise)(call);
    return TENKA_FAST(lowers)(f.p, true) ? TENKA_FAST(conv2d_dw_lowered)(call) : run(&f, call);
}

size_t TENKA_FAST(conv2d_dw_scratch)(const int32_t *params, int threads)
{
    struct plan f = {.p = (const void *)params};
    if (TENKA_FAST(is_depthwise)(f.p))
        return TENKA_FAST(conv_depthwise_scratch)(f.p);
    return TENKA_FAST(lowers)(f.p, true) ? TENKA_FAST(conv2d_dw_lowered_scratch)(f.p, threads)
                                         : scratch_bytes(&f, threads);
}

bool TENKA_FAST(conv2d_relu_pool_dw)(const struct tenka_fast_call *call)
{
    const struct tenka_p_conv2d_pool *p = (const void *)call->call->params;
    struct plan f = {.p = &p->conv, .pool = p};
    return TENKA_FAST(gathers)(p) ? TENKA_FAST(conv2d_gathered)(call) : run(&f, call);
}

size_t TENKA_FAST(conv2d_relu_pool_dw_scratch)(const int32_t *params, int threads)
{
    const struct tenka_p_conv2d_pool *p = (const void *)params;
    struct plan f = {.p = &p->conv, .pool = p};
    return TENKA_FAST(gathers)(p) ? TENKA_FAST(conv2d_gathered_scratch)(p, threads) : scratch_bytes(&f, threads);
}
