/* dx of conv2d: the gradients of the copies (conv.h) as products of the transposed weights with dy, folded into dx. A
 * panel of images, or a band of rows of one, is done in one of two ways:
 *
 *   gather   the rows of the copies of channel c and kernel column s are sums over outputs o and kernel rows r of
 *            w[o][c][r][s] dy[o], shifted by r's shift: one product for each phase, with rows of zeros around dy
 *   scatter  for each kernel row r, sums over o alone, added to the copies where r's taps lie
 *
 * Scattering multiplies no zeros, but reads and writes the copies once for each kernel row; which one is cheaper follows
 * from the shape. */
#include "backend/cpu/fast/conv.h"

struct plan {
    const conv_params *p;
    struct taps taps;
    struct planes planes;  /* gradients of the copies; first: their first row in each phase, in the first band */
    bool scatter;
    int first;
    int images, panels;    /* of a panel; the last one may have fewer images */
    int bands;             /* of planes.rows rows in each phase */
    int channels, blocks;  /* input channels of a block; a unit takes one block of one group */
    int outputs, output_blocks; /* summed over at a time */
    int sets;              /* of kernel rows: a set is one product */
    int dy_rows, dy_size;  /* of an output's plane of dy: rows from which products read, elements */
    size_t row, step, weights, threads, result, per_thread; /* where parts of the scratch memory begin, in floats */
};

/* Kernel rows of a set: a phase's, or a single one. */
static bool in_set(const struct plan *f, int set, int r)
{
    return f->scatter ? r == set : f->taps.phase[r] == set;
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
static bool scatters(const conv_params *p, const struct taps *taps)
{
    int first;
    const int64_t rows = rows_of_dx(p, &first), og = group_outputs(p);
    const int64_t copies = (int64_t)p->kw * taps->phases * (p->oh + taps->most) * p->ow * (int64_t)sizeof(float);
    return copies < PANEL_BYTES && p->kh * (int64_t)p->oh * (og + 6) < p->kh * rows * og + 2 * rows * taps->phases;
}

static int64_t row_bytes(const struct plan *f)
{
    return (int64_t)f->p->kw * f->taps.phases * f->images * f->p->ow * (int64_t)sizeof(float);
}

/* Bands and blocks of channels whose copies fit the cache; more of them when few images are to keep many threads busy. */
static void cut_work(struct plan *f, int threads)
{
    const conv_params *p = f->p;
    const int all = rows_of_dx(p, &f->first);
    int rows = all;
    if (f->scatter) {
        f->first = 0;
        rows = p->oh + f->taps.most;
    } else if (f->images == 1) {
        const int64_t fit = PANEL_BYTES / (row_bytes(f) * 8);
        const int enough = div_up(8 * LANES, p->ow), wanted = div_up(2 * threads, f->panels * p->groups);
        rows = fit < enough ? enough : fit < all ? (int)fit : all;
        if (div_up(all, rows) < wanted)
            rows = div_up(all, wanted) < enough ? enough : div_up(all, wanted);
        rows = rows < all ? rows : all;
    }
    f->bands = f->scatter ? 1 : div_up(all, rows);
    rows = f->scatter ? rows : div_up(all, f->bands);
    const int64_t fit = PANEL_BYTES / (row_bytes(f) * rows), cg = group_channels(p);
    const int wanted = div_up(threads, f->panels * f->bands * p->groups);
    f->blocks = fit < 1 ? (int)cg : fit < cg ? div_up((int)cg, (int)fit) : 1;
    f->blocks = f->blocks < wanted ? wanted : f->blocks;
    f->channels = div_up((int)cg, f->blocks);
    f->blocks = div_up((int)cg, f->channels);
    f->planes = conv_planes(p, &f->taps, f->images, rows);
    f->dy_rows = f->scatter ? p->oh : rows + f->taps.most;
    f->dy_size = f->dy_rows * f->planes.pitch;
}

static void lay_out(struct plan *f)
{
    const conv_params *p = f->p;
    const size_t slack = TILE_VECTORS * LANES;
    f->row = (size_t)f->outputs * p->kh;                 /* of x: offsets into dy */
    f->step = f->row + (size_t)f->channels * p->kw;
    f->weights = tenka_align(f->step + f->row, LANES);
    f->threads = tenka_align(f->weights + (size_t)p->o * group_channels(p) * p->kh * p->kw, LANES);
    f->result = tenka_align((size_t)group_outputs(p) * f->dy_size + slack, LANES);
    f->per_thread = tenka_align(f->result + LANES + (size_t)f->channels * p->kw * f->planes.size + LANES, LANES);
}

static bool make_plan(struct plan *f, const conv_params *p, int threads)
{
    if (!TENKA_FAST(conv_serves)(p))
        return false;
    f->p = p;
    TENKA_FAST(conv_taps)(p, &f->taps);
    f->scatter = scatters(p, &f->taps);
    f->sets = f->scatter ? p->kh : f->taps.phases;
    f->images = panel_images(p);
    f->panels = div_up(p->n, f->images);
    cut_work(f, threads);
    const int most = MAX_TAPS / (f->scatter ? 1 : p->kh);
    f->output_blocks = div_up(group_outputs(p), most > 1 ? most : 1);
    f->outputs = div_up(group_outputs(p), f->output_blocks);
    f->output_blocks = div_up(group_outputs(p), f->outputs);
    lay_out(f);
    return (int64_t)f->channels * p->kw * f->planes.size < 1 << 28 &&
           (int64_t)group_outputs(p) * f->dy_rows * f->planes.pitch < 1 << 28;
}

size_t TENKA_FAST(conv2d_dx_scratch)(const int32_t *params, int threads)
{
    struct plan f;
    if (!make_plan(&f, (const void *)params, threads))
        return 0;
    return (f.threads + f.per_thread * (size_t)threads) * sizeof(float);
}

/* One product: a group, a block of outputs to sum over, a block of channels, a set of kernel rows. */
struct piece {
    int group, output, outputs, channel, channels, set, taps;
    ptrdiff_t weights;     /* where its packed weights begin */
    ptrdiff_t table;       /* where its offsets begin: those of a full block, of which it uses the first */
};

static struct piece piece_of(const struct plan *f, int group, int output_block, int block, int set)
{
    const conv_params *p = f->p;
    const int og = group_outputs(p), cg = group_channels(p);
    struct piece s = {.group = group, .output = output_block * f->outputs, .channel = block * f->channels, .set = set};
    int before = 0;
    for (int i = 0; i < set; i++)
        before += set_size(f, i);
    s.taps = set_size(f, set);
    s.outputs = og - s.output < f->outputs ? og - s.output : f->outputs;
    s.channels = cg - s.channel < f->channels ? cg - s.channel : f->channels;
    s.table = (ptrdiff_t)before * f->outputs;
    s.weights = (((ptrdiff_t)group * og + s.output) * cg * p->kh + (ptrdiff_t)s.channel * s.outputs * p->kh +
                 (ptrdiff_t)before * s.channels * s.outputs) * p->kw;
    return s;
}

/* Offsets of a block's terms in dy and in the weights, and of its results in the weights. */
static void fill_tables(const struct plan *f, float *scratch)
{
    const conv_params *p = f->p;
    int32_t *at = (int32_t *)scratch, *step = (int32_t *)(scratch + f->step), *row = (int32_t *)(scratch + f->row);
    for (int set = 0; set < f->sets; set++)
        for (int o = 0; o < f->outputs; o++)
            for (int r = 0; r < p->kh; r++)
                if (in_set(f, set, r)) {
                    const int up = f->scatter ? 0 : f->taps.most - f->taps.shift[r];
                    *at++ = o * f->dy_size + up * f->planes.pitch;
                    *step++ = (o * group_channels(p) * p->kh + r) * p->kw;
                }
    for (int c = 0; c < f->channels; c++)
        for (int k = 0; k < p->kw; k++)
            *row++ = c * p->kh * p->kw + k;
}

static void pack_unit(const struct plan *f, const float *w, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const int set = unit % f->sets, block = unit / f->sets % f->blocks;
    const int output_block = unit / f->sets / f->blocks % f->output_blocks;
    const struct piece s = piece_of(f, unit / f->sets / f->blocks / f->output_blocks, output_block, block, set);
    const int m = s.channels * p->kw;
    w += (((ptrdiff_t)s.group * group_outputs(p) + s.output) * group_channels(p) + s.channel) * p->kh * p->kw;
    for (int b = 0; b < row_blocks(m); b++)
        TENKA_FAST(pack)(scratch + f->weights + s.weights, w, (const int32_t *)(scratch + f->row),
                         (const int32_t *)(scratch + f->step) + s.table, m, s.outputs * s.taps, b);
}

/* Adds one product to the copies' gradients, or begins them with it. */
static void multiply_piece(const struct plan *f, const struct piece *s, const float *scratch, const float *dy, float *ds)
{
    const conv_params *p = f->p;
    const int rows = f->scatter ? p->oh : f->planes.rows, m = s->channels * p->kw;
    const int at = f->scatter ? plane_at(&f->planes, &f->taps, s->set, f->taps.shift[s->set])
                              : s->set * f->planes.rows * f->planes.pitch;
    const struct product product = {
        .m = m,
        .n = rows * f->planes.pitch,
        .k = s->outputs * s->taps,
        .w = scratch + f->weights + s->weights,
        .at = (const int32_t *)scratch + s->table,
        .x = dy + (ptrdiff_t)s->output * f->dy_size,
        .y = ds + at,
        .next_y = f->planes.size,
        .add = f->scatter || s->output > 0,
    };
    TENKA_FAST(multiply)(&product, 0, row_blocks(m));
}

/* A panel or a band, of one group, and one block of its channels. */
static void run_unit(const struct plan *f, const struct tenka_cpu_call *call, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const float *mask = call->in[2];
    const int block = unit % f->blocks, g = unit / f->blocks % p->groups, item = unit / f->blocks / p->groups;
    const int n = item / f->bands * f->images, images = p->n - n < f->images ? p->n - n : f->images;
    const int first = f->first + item % f->bands * f->planes.rows;
    float *dy = scratch + f->threads + f->per_thread * (size_t)thread_index(), *ds = dy + f->result;
    const float *from = (const float *)call->in[1] + ((ptrdiff_t)n * p->o + g * group_outputs(p)) * p->oh * p->ow;
    TENKA_FAST(copy_outputs)(p, &f->planes, f->scatter ? 0 : first - f->taps.most, f->dy_rows, from, images,
                             group_outputs(p), dy, f->dy_size);
    struct piece s = piece_of(f, g, 0, block, 0);
    if (f->scatter)
        memset(ds, 0, (size_t)(s.channels * p->kw) * f->planes.size * sizeof *ds);
    for (int i = 0; i < f->output_blocks; i++)
        for (int set = 0; set < f->sets; set++) {
            s = piece_of(f, g, i, block, set);
            multiply_piece(f, &s, scratch, dy, ds);
        }
    const int64_t y0 = (int64_t)first * p->sh - p->ph, end = y0 + (int64_t)f->planes.rows * p->sh;
    const int y1 = item % f->bands == f->bands - 1 || end > p->h ? p->h : (int)end; /* rows that no window reads, too */
    for (int b = 0; b < images; b++) {
        const ptrdiff_t at = (((ptrdiff_t)n + b) * p->c + g * group_channels(p) + s.channel) * p->h * p->w;
        TENKA_FAST(fold_planes)(p, &f->taps, &f->planes, first, b, ds, s.channels, y0 < 0 ? 0 : (int)y0,
                                y1, mask ? mask + at : NULL, (float *)call->out[0] + at);
    }
}

bool TENKA_FAST(conv2d_dx)(const struct tenka_fast_call *call)
{
    struct plan f;
    float *scratch = call->scratch;
    if (!make_plan(&f, (const void *)call->call->params, call->threads))
        return false;
    const int packs = f.p->groups * f.output_blocks * f.blocks * f.sets;
    const int units = f.panels * f.bands * f.p->groups * f.blocks;
    fill_tables(&f, scratch);
#pragma omp parallel num_threads(call->threads)
    {
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < packs; unit++)
            pack_unit(&f, call->call->in[0], scratch, unit);
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < units; unit++)
            run_unit(&f, call->call, scratch, unit);
    }
    return true;
}
