/* dx of conv2d where turning the weights round does not pay (conv2d_fwd.c): the gradients of the copies (conv.h) as
 * products of the transposed weights with dy, folded into dx. A panel of images, or a band of rows of one, is done in
 * one of two ways:
 *
 *   gather   the rows of the copies of channel c and kernel column s are sums over outputs o and kernel rows r of
 *            w[o][c][r][s] dy[o], shifted by r's shift: one product for each phase, with rows of zeros around dy
 *   scatter  for each kernel row r, sums over o alone, added to the copies where r's taps lie
 *
 * Scattering multiplies no zeros, but reads and writes the copies once for each kernel row; which one is cheaper
 * follows from the shape. Of values at points (winograd.h) each point has its own product, which sums over the rows of
 * that point's dy. */
#include "backend/cpu/fast/conv.h"

struct plan {
    const conv_params *p;
    struct layout l; /* planes: of the gradients of the copies; rows: of each phase, in a band */
    bool scatter;
    int first;                  /* the planes' first row in each phase, in the first band */
    int outputs, output_blocks; /* summed over at a time */
    int sets;                   /* of kernel rows: a set is one product */
    int products;               /* of a set: one, or as many as points */
    int per_channel;            /* rows of a product that belong to one channel: kernel columns, or one */
    int dy_rows;                /* of the copy of dy */
    ptrdiff_t dy_size[2];       /* of a plane of that copy, for both kinds of panels */
    bool infinite;              /* some result is not finite; of points only */
    /* Where parts of the scratch memory begin, in floats; values and rows are of points. */
    size_t row, step, values, weights, threads, copies, rows, per_thread;
};

/* Kernel rows of a set: a phase's, or a single one. */
static bool in_set(const struct plan *f, int set, int r)
{
    return f->scatter ? r == set : f->l.taps.phase[r] == set;
}

static int set_size(const struct plan *f, int set)
{
    int count = 0;
    for (int r = 0; r < f->p->kh; r++)
        count += in_set(f, set, r);
    return count;
}

/* Rows of each phase that dx consists of: from first on. */
static int rows_of_dx(const conv_params *p, int *first)
{
    *first = p->ph / p->sh;
    return (p->h - 1 + p->ph) / p->sh + 1 - *first;
}

/* Costs as multiplications: a read and a write of a copy count as 6. */
static bool scatters(const conv_params *p, const struct layout *l)
{
    int first;
    const struct taps *taps = &l->taps;
    const int64_t rows = rows_of_dx(p, &first), og = group_outputs(p);
    const int64_t copies =
        (int64_t)l->copies * taps->phases * (p->oh + taps->most) * l->columns * (int64_t)sizeof(float);
    return copies < PANEL_BYTES && p->kh * (int64_t)p->oh * (og + 6) < p->kh * rows * og + 2 * rows * taps->phases;
}

/* Rows of each phase in a band: so that the copies of some channels fit the cache, but of no fewer pixels than fill a
 * few tiles; fewer when few images are to keep many threads busy. */
static int band_rows(const struct plan *f, int64_t row_bytes, int all, int units, int threads)
{
    const int enough = div_up(8 * LANES, f->l.columns), wanted = div_up(all, div_up(2 * threads, units));
    const int64_t fit = PANEL_BYTES / (row_bytes * 8);
    int64_t rows = fit < wanted ? fit : wanted;
    rows = rows < enough ? enough : rows;
    return f->l.images > 1 || rows > all ? all : (int)rows;
}

static void cut_work(struct plan *f, int threads)
{
    const conv_params *p = f->p;
    struct layout *l = &f->l;
    const int all = rows_of_dx(p, &f->first), cg = group_channels(p);
    conv_panels(l, p, count_panels(l, p, threads), 0);
    const int64_t row_bytes = (int64_t)l->copies * l->taps.phases * l->planes[0].pitch * (int64_t)sizeof(float);
    l->bands = 1;
    l->rows = p->oh + l->taps.most;
    if (f->scatter) {
        f->first = 0;
    } else {
        l->bands = div_up(all, band_rows(f, row_bytes, all, l->panels * p->groups, threads));
        l->rows = div_up(all, l->bands);
    }
    conv_panels(l, p, l->panels, l->rows);
    f->dy_rows = f->scatter ? p->oh : l->rows + l->taps.most;
    for (int i = 0; i < 2; i++) {
        const int size = f->dy_rows * l->planes[i].pitch;
        f->dy_size[i] = l->points ? (ptrdiff_t)tenka_align((size_t)size, LANES) : size;
    }
    const int64_t fit = PANEL_BYTES / (row_bytes * l->rows);
    const int wanted = div_up(threads, l->panels * l->bands * p->groups);
    l->blocks = fit < 1 ? cg : fit < cg ? div_up(cg, (int)fit) : 1;
    l->blocks = l->blocks < wanted ? wanted : l->blocks;
    l->channels = div_up(cg, l->blocks);
    l->blocks = div_up(cg, l->channels);
}

static void lay_out(struct plan *f)
{
    const conv_params *p = f->p;
    const size_t slack = TILE_VECTORS * LANES, og = (size_t)group_outputs(p);
    const struct layout *l = &f->l;
    const size_t weights = (size_t)f->products * p->o * group_channels(p) * p->kh * f->per_channel;
    const size_t rows = l->points ? tile_rows(l, &l->planes[0]) : 0;
    const size_t dy = l->points ? output_rows(&l->planes[0], f->dy_rows) : 0;
    f->step = 2 * (size_t)f->outputs * p->kh; /* before it: offsets in dy, for both kinds of panels */
    f->row = f->step + (size_t)f->outputs * p->kh;
    f->values = tenka_align(f->row + (size_t)l->channels * f->per_channel, LANES);
    f->weights = f->values + (l->points ? tenka_align(weights, LANES) : 0);
    f->threads = tenka_align(f->weights + weights, LANES);
    f->copies = tenka_align(og * f->products * (size_t)f->dy_size[0] + slack, LANES) + LANES;
    f->rows = tenka_align(f->copies + (size_t)l->channels * l->copies * l->planes[0].size + LANES, LANES);
    f->per_thread = f->rows + (l->points ? tenka_align(rows > dy ? rows : dy, LANES) : 0);
}

static bool make_plan(struct plan *f, const conv_params *p, int threads, int points)
{
    if (!TENKA_FAST(conv_serves)(p))
        return false;
    *f = (struct plan){.p = p};
    conv_planes(&f->l, p, points);
    f->products = points ? points : 1;
    f->per_channel = f->l.copies / f->products;
    f->scatter = scatters(p, &f->l);
    f->sets = f->scatter ? p->kh : f->l.taps.phases;
    cut_work(f, threads);
    const int most = MAX_TAPS / (f->scatter ? 1 : p->kh);
    f->output_blocks = div_up(group_outputs(p), most > 1 ? most : 1);
    f->outputs = div_up(group_outputs(p), f->output_blocks);
    f->output_blocks = div_up(group_outputs(p), f->outputs);
    lay_out(f);
    return (int64_t)f->l.channels * f->l.copies * f->l.planes[0].size < 1 << 28 &&
           (int64_t)group_outputs(p) * f->products * f->dy_rows * f->l.planes[0].pitch < 1 << 28;
}

/* Enough for the plan with points, and for the one that takes its place. */
size_t TENKA_FAST(conv2d_dx_scratch)(const int32_t *params, int threads)
{
    struct plan f;
    size_t most = 0;
    if (TENKA_FAST(is_depthwise)((const void *)params))
        return TENKA_FAST(conv_depthwise_scratch)((const void *)params);
    if (TENKA_FAST(lowers)((const void *)params, false))
        return TENKA_FAST(conv2d_dx_lowered_scratch)((const void *)params, threads);
    if (TENKA_FAST(turns)((const void *)params))
        return TENKA_FAST(conv2d_turned_scratch)(params, threads);
    const int points = TENKA_FAST(winograd_points)((const void *)params);
    for (int i = 0; i < 1 + (points != 0); i++)
        if (make_plan(&f, (const void *)params, threads, i ? points : 0)) {
            const size_t floats = f.threads + f.per_thread * (size_t)threads;
            most = floats > most ? floats : most;
        }
    return most * sizeof(float);
}

/* One product: a group, a block of outputs to sum over, a block of channels, a set of kernel rows. */
struct piece {
    int group, output, outputs, channel, channels, set, taps;
    ptrdiff_t weights; /* where its packed weights begin */
    ptrdiff_t table;   /* where its offsets begin: those of a full block, of which it uses the first */
};

static struct piece piece_of(const struct plan *f, int group, int output_block, int block, int set)
{
    const conv_params *p = f->p;
    const int og = group_outputs(p), cg = group_channels(p);
    struct piece s = {
        .group = group,
        .output = output_block * f->outputs,
        .channel = block * f->l.channels,
        .set = set,
    };
    int before = 0;
    for (int i = 0; i < set; i++)
        before += set_size(f, i);
    s.taps = set_size(f, set);
    s.outputs = og - s.output < f->outputs ? og - s.output : f->outputs;
    s.channels = cg - s.channel < f->l.channels ? cg - s.channel : f->l.channels;
    s.table = (ptrdiff_t)before * f->outputs;
    s.weights = (((ptrdiff_t)group * og + s.output) * cg * p->kh + (ptrdiff_t)s.channel * s.outputs * p->kh +
                 (ptrdiff_t)before * s.channels * s.outputs) *
                f->per_channel;
    return s;
}

/* Offsets of a block's terms in dy, in one of the two kinds of panels. */
static int32_t *runs_of(const struct plan *f, float *scratch, const struct planes *s)
{
    return (int32_t *)scratch + (s - f->l.planes) * f->outputs * f->p->kh;
}

/* Offsets of a block's terms in dy and in the weights, and of its results in the weights. */
static void fill_tables(const struct plan *f, float *scratch)
{
    const conv_params *p = f->p;
    const struct planes *s = f->l.planes;
    int32_t *at = runs_of(f, scratch, &s[0]), *at_fewer = runs_of(f, scratch, &s[1]);
    int32_t *step = (int32_t *)(scratch + f->step), *row = (int32_t *)(scratch + f->row);
    for (int set = 0; set < f->sets; set++)
        for (int o = 0; o < f->outputs; o++)
            for (int r = 0; r < p->kh; r++)
                if (in_set(f, set, r)) {
                    const int up = f->scatter ? 0 : f->l.taps.most - f->l.taps.shift[r];
                    *at++ = (int32_t)(o * f->products * f->dy_size[0]) + up * s[0].pitch;
                    *at_fewer++ = (int32_t)(o * f->products * f->dy_size[1]) + up * s[1].pitch;
                    *step++ = (o * f->products * group_channels(p) * p->kh + r) * f->per_channel;
                }
    for (int c = 0; c < f->l.channels; c++)
        for (int k = 0; k < f->per_channel; k++)
            *row++ = c * p->kh * f->per_channel + k;
}

/* Elements of all weights of one product. */
static ptrdiff_t weights(const struct plan *f)
{
    return (ptrdiff_t)f->p->o * group_channels(f->p) * f->p->kh * f->per_channel;
}

/* The weights' values at all points: [output][point][channel][kernel row]. */
static void fill_values(const struct plan *f, const float *w, float *scratch, int o)
{
    const ptrdiff_t rows = (ptrdiff_t)group_channels(f->p) * f->p->kh;
    float *values = scratch + f->values + o * f->products * rows;
    w += o * rows * f->p->kw;
    for (int i = 0; i < rows; i++)
        TENKA_FAST(winograd_weights)(f->l.points, w + (ptrdiff_t)i * f->p->kw, false, values + i, rows);
}

static void pack_unit(const struct plan *f, const float *w, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const int q = unit % f->products, set = unit / f->products % f->sets;
    const int block = unit / f->products / f->sets % f->l.blocks, rest = unit / f->products / f->sets / f->l.blocks;
    const struct piece s = piece_of(f, rest / f->output_blocks, rest % f->output_blocks, block, set);
    const int m = s.channels * f->per_channel;
    const ptrdiff_t plane = ((ptrdiff_t)s.group * group_outputs(p) + s.output) * f->products + q;
    const float *from =
        (f->l.points ? scratch + f->values : w) + (plane * group_channels(p) + s.channel) * p->kh * f->per_channel;
    for (int b = 0; b < row_blocks(m); b++)
        TENKA_FAST(pack)
    (scratch + f->weights + q * weights(f) + s.weights, from, (const int32_t *)(scratch + f->row),
     (const int32_t *)(scratch + f->step) + s.table, m, s.outputs * s.taps, b);
}

/* Adds product q of a piece to the copies' gradients, or begins them with it. */
static void multiply_piece(const struct plan *f, const struct piece *i, int q, const struct planes *s, float *scratch,
                           const float *dy, float *ds)
{
    const int rows = f->scatter ? f->p->oh : s->rows, m = i->channels * f->per_channel;
    const int at = f->scatter ? plane_at(s, &f->l.taps, i->set, f->l.taps.shift[i->set]) : i->set * s->rows * s->pitch;
    const struct product product = {
        .m = m,
        .n = rows * s->pitch,
        .k = i->outputs * i->taps,
        .terms = f->l.points ? POINT_TERMS : 0,
        .w = scratch + f->weights + q * weights(f) + i->weights,
        .at = runs_of(f, scratch, s) + i->table,
        .x = dy + ((ptrdiff_t)i->output * f->products + q) * f->dy_size[s - f->l.planes],
        .y = ds + (ptrdiff_t)q * s->size + at,
        .next_y = (ptrdiff_t)f->products * s->size,
        .add = f->scatter || i->output > 0,
    };
    TENKA_FAST(multiply)(&product, 0, row_blocks(m));
}

/* Copies the rows of dy, of all outputs of a group, that a unit needs, from row `first` on. */
static void copy_dy(const struct plan *f, const float *dy, const struct planes *s, int n, int g, int first, float *own)
{
    const conv_params *p = f->p;
    const int og = group_outputs(p), from = f->scatter ? 0 : first - f->l.taps.most;
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow, next = f->dy_size[s - f->l.planes];
    dy += ((ptrdiff_t)n * p->o + g * og) * plane;
    if (!f->l.points)
        TENKA_FAST(copy_outputs)(p, s, from, f->dy_rows, dy, og, own, next);
    else
        for (int o = 0; o < og; o++) {
            float *rows = own + f->rows;
            TENKA_FAST(copy_output_rows)(p, &f->l, s, from, f->dy_rows, dy + o * plane, rows);
            TENKA_FAST(winograd_outputs_back)
            (f->l.points, rows, f->dy_rows * s->pitch, own + o * f->products * next, next);
        }
}

/* Makes dx of the copies' gradients: channels from c on, rows y0 .. y1-1. */
static void fold(struct plan *f, const struct tenka_cpu_call *call, const struct planes *s, int n, int c, int channels,
                 int first, int y0, int y1, float *own)
{
    const conv_params *p = f->p;
    const ptrdiff_t at = ((ptrdiff_t)n * p->c + c) * p->h * p->w, next = (ptrdiff_t)p->c * p->h * p->w;
    const float *mask = call->in[0] != NULL ? (const float *)call->in[0] + at : NULL;
    float *dx = (float *)call->out[0] + at;
    if (!f->l.points)
        for (int b = 0; b < s->images; b++)
            TENKA_FAST(fold_planes)
    (p, &f->l.taps, s, first, b, own + f->copies, channels, y0, y1, mask != NULL ? mask + b * next : NULL,
     dx + b * next);
    else if (!TENKA_FAST(fold_tiles)(p, &f->l, s, first, own + f->copies, channels, y0, y1, mask, own + f->rows, dx))
    {
#pragma omp atomic write
        f->infinite = true;
    }
}

/* A panel or a band, of one group, and one block of its channels. */
static void run_unit(struct plan *f, const struct tenka_cpu_call *call, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const int block = unit % l->blocks, g = unit / l->blocks % p->groups, item = unit / l->blocks / p->groups;
    const int panel = item / l->bands, band = item % l->bands, n = first_image(l, p, panel);
    const int first = f->first + band * l->rows;
    const struct planes *s = planes_of(l, p, panel);
    float *own = scratch + f->threads + f->per_thread * (size_t)thread_index(), *ds = own + f->copies;
    copy_dy(f, call->in[2], s, n, g, first, own);
    struct piece piece = piece_of(f, g, 0, block, 0);
    if (f->scatter)
        memset(ds, 0, (size_t)(piece.channels * l->copies) * s->size * sizeof(*ds));
    for (int i = 0; i < f->output_blocks; i++)
        for (int q = 0; q < f->products; q++)
            for (int set = 0; set < f->sets; set++) {
                piece = piece_of(f, g, i, block, set);
                multiply_piece(f, &piece, q, s, scratch, own, ds);
            }
    const int64_t y0 = (int64_t)first * p->sh - p->ph, end = y0 + (int64_t)l->rows * p->sh;
    const int y1 = band == l->bands - 1 || end > p->h ? p->h : (int)end; /* rows that no window reads, too */
    fold(f, call, s, n, g * group_channels(p) + piece.channel, piece.channels, first, y0 < 0 ? 0 : (int)y0, y1, own);
}

static void run_plan(struct plan *f, const struct tenka_fast_call *call)
{
    const conv_params *p = f->p;
    float *scratch = call->scratch;
    const int packs = p->groups * f->output_blocks * f->l.blocks * f->sets * f->products;
    const int units = f->l.panels * f->l.bands * p->groups * f->l.blocks;
    fill_tables(f, scratch);
#pragma omp parallel num_threads(call->threads)
    {
        if (f->l.points) {
#pragma omp for
            for (int o = 0; o < p->o; o++)
                fill_values(f, call->call->in[1], scratch, o);
        }
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < packs; unit++)
            pack_unit(f, call->call->in[1], scratch, unit);
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < units; unit++)
            run_unit(f, call->call, scratch, unit);
    }
}

bool TENKA_FAST(conv2d_dx)(const struct tenka_fast_call *call)
{
    const conv_params *p = (const void *)call->call->params;
    struct plan f;
    if (TENKA_FAST(is_depthwise)(p))
        return TENKA_FAST(conv2d_dx_depthwise)(call);
    if (TENKA_FAST(lowers)(p, false))
        return TENKA_FAST(conv2d_dx_lowered)(call);
    if (TENKA_FAST(turns)(p))
        return TENKA_FAST(conv2d_turned)(call);
    if (!make_plan(&f, p, call->threads, 0))
        return false;
    const int points = TENKA_FAST(winograd_points)(p);
    if (points && make_plan(&f, p, call->threads, points)) {
        run_plan(&f, call);
        if (!f.infinite)
            return true;
        make_plan(&f, p, call->threads, 0);
    }
    run_plan(&f, call);
    return true;
}
