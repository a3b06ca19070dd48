/* y = conv2d(x, weight) + bias: for each panel of images, or band of rows of one, the packed weights times the panel's
 * copies (conv.h). Channels are taken in blocks, so that copies stay in the cache and sums in f32 stay short. */
#include "backend/cpu/fast/conv.h"

struct plan {
    const conv_params *p;
    struct layout l;
    int parts;              /* output channels are divided among so many units, which each make their own copies */
    size_t row, weights, threads, result, copies, per_thread; /* where parts of the scratch memory begin, in floats */
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

static void lay_out(struct plan *f)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const size_t taps = (size_t)p->kh * p->kw, og = (size_t)group_outputs(p);
    f->row = (size_t)l->channels * taps;
    f->weights = tenka_align(f->row + og, LANES);
    f->threads = tenka_align(f->weights + (size_t)p->o * group_channels(p) * taps, LANES);
    f->result = tenka_align(TENKA_FAST(conv_padded_size)(p, &l->taps, &l->planes), LANES);
    f->copies = tenka_align(f->result + (l->images > 1 ? og * l->rows * l->planes.pitch : 0), LANES);
    f->per_thread =
        tenka_align(f->copies + (size_t)l->channels * p->kw * l->planes.size + TILE_VECTORS * LANES, LANES);
}

static bool make_plan(struct plan *f, const conv_params *p, int threads)
{
    struct layout *l = &f->l;
    if (!TENKA_FAST(conv_serves)(p))
        return false;
    f->p = p;
    TENKA_FAST(conv_taps)(p, &l->taps);
    conv_blocks(l, p);
    l->images = panel_images(p);
    l->panels = div_up(p->n, l->images);
    l->rows = div_up(p->oh, count_bands(p, l, threads));
    l->bands = div_up(p->oh, l->rows);
    l->planes = conv_planes(p, &l->taps, l->images, l->rows + l->taps.most);
    const int wanted = div_up(threads, l->panels * l->bands * p->groups), blocks = row_blocks(group_outputs(p));
    f->parts = wanted < blocks ? wanted : blocks;
    lay_out(f);
    return (int64_t)l->channels * p->kw * l->planes.size < 1 << 28;
}

size_t TENKA_FAST(conv2d_fwd_scratch)(const int32_t *params, int threads)
{
    struct plan f;
    if (!make_plan(&f, (const void *)params, threads))
        return 0;
    return (f.threads + f.per_thread * (size_t)threads) * sizeof(float);
}

/* The packed weights of group g and channel block i begin here. */
static float *packed(const struct plan *f, float *scratch, int g, int i)
{
    const conv_params *p = f->p;
    const ptrdiff_t taps = p->kh * p->kw, og = group_outputs(p);
    return scratch + f->weights + (g * og * group_channels(p) + og * block_begin(&f->l, p, i)) * taps;
}

static void pack_unit(const struct plan *f, const float *w, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const int rows = row_blocks(group_outputs(p)), taps = p->kh * p->kw;
    const int b = unit % rows, i = unit / rows % f->l.blocks, g = unit / rows / f->l.blocks;
    const int begin = block_begin(&f->l, p, i), k = (block_begin(&f->l, p, i + 1) - begin) * taps;
    w += ((ptrdiff_t)g * group_outputs(p) * group_channels(p) + begin) * taps;
    TENKA_FAST(pack)(packed(f, scratch, g, i), w, (const int32_t *)(scratch + f->row), NULL, group_outputs(p), k, b);
}

/* Outputs o .. end-1 of a panel, [o][row][image][column], to where they belong. */
static void scatter(const struct plan *f, const float *result, int o, int end, int images, float *y)
{
    const conv_params *p = f->p;
    const int pitch = f->l.planes.pitch;
    for (; o < end; o++)
        for (int b = 0; b < images; b++)
            for (int i = 0; i < p->oh; i++)
                memcpy(y + (((ptrdiff_t)b * p->o + o) * p->oh + i) * p->ow,
                       result + ((ptrdiff_t)o * p->oh + i) * pitch + b * p->ow, (size_t)p->ow * sizeof *y);
}

/* A panel or a band, of one group, and a part of its output channels. */
static void run_unit(const struct plan *f, const struct tenka_cpu_call *call, float *scratch, int unit)
{
    const conv_params *p = f->p;
    const struct layout *l = &f->l;
    const int part = unit % f->parts, g = unit / f->parts % p->groups, at = unit / f->parts / p->groups;
    const int n = at / l->bands * l->images, images = p->n - n < l->images ? p->n - n : l->images;
    const int row = at % l->bands * l->rows, rows = p->oh - row < l->rows ? p->oh - row : l->rows;
    const int og = group_outputs(p), tiles = row_blocks(og);
    const int first = cut(tiles, f->parts, part), end = cut(tiles, f->parts, part + 1);
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow;
    const float *x = (const float *)call->in[0] + ((ptrdiff_t)n * p->c + g * group_channels(p)) * p->h * p->w;
    const float *bias = call->in[2];
    float *own = scratch + f->threads + f->per_thread * (size_t)thread_index();
    float *y = (float *)call->out[0] + ((ptrdiff_t)n * p->o + g * og) * plane + row * p->ow;
    struct product product = {
        .m = og,
        .n = rows * l->planes.pitch,
        .at = (const int32_t *)scratch,
        .x = own + f->copies,
        .y = l->images > 1 ? own + f->result : y,
        .next_y = l->images > 1 ? p->oh * l->planes.pitch : plane,
    };
    for (int i = 0; i < l->blocks; i++) {
        const int begin = block_begin(l, p, i), channels = block_begin(l, p, i + 1) - begin;
        TENKA_FAST(copy_planes)(p, &l->taps, &l->planes, row, x + (ptrdiff_t)begin * p->h * p->w, images, channels, own,
                                own + f->copies);
        product.k = channels * p->kh * p->kw;
        product.w = packed(f, scratch, g, i);
        product.bias = i == 0 && bias ? bias + g * og : NULL;
        product.add = i > 0;
        TENKA_FAST(multiply)(&product, first, end);
    }
    if (l->images > 1)
        scatter(f, own + f->result, cut(og, tiles, first), cut(og, tiles, end), images, y);
}

bool TENKA_FAST(conv2d_fwd)(const struct tenka_fast_call *call)
{
    struct plan f;
    float *scratch = call->scratch;
    if (!make_plan(&f, (const void *)call->call->params, call->threads))
        return false;
    const conv_params *p = f.p;
    const int packs = p->groups * f.l.blocks * row_blocks(group_outputs(p));
    const int units = f.l.panels * f.l.bands * p->groups * f.parts;
    int32_t *row = (int32_t *)(scratch + f.row);
    TENKA_FAST(conv_runs)(p, &f.l, (int32_t *)scratch);
    for (int o = 0; o < group_outputs(p); o++)
        row[o] = o * group_channels(p) * p->kh * p->kw;
#pragma omp parallel num_threads(call->threads)
    {
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < packs; unit++)
            pack_unit(&f, call->call->in[1], scratch, unit);
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < units; unit++)
            run_unit(&f, call->call, scratch, unit);
    }
    return true;
}
