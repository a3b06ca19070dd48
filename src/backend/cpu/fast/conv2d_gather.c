/* dweight and dbias where max pooling followed a convolution of few channels: the gradient is 0 but at the windows'
 * winners, so that each winner's gradient, times what the kernel saw at its place, is added to the kernel's. That takes
 * as many multiplications as there are winners, a quarter of all outputs or fewer, in vectors of which a row of the
 * kernel fills a part. The batch is cut into chunks, whose sums are kept apart and added in their order at the end. */
#include "backend/cpu/fast/conv.h"

typedef struct tenka_p_conv2d_pool pool_params;

/* A row of the kernel lies in PIECES vectors of eight elements together. */
#ifdef __AVX2__
typedef float piece __attribute__((vector_size(32), aligned(4), may_alias));
enum { PIECES = 1 };
#else
typedef vec_unaligned piece;
enum { PIECES = 2 };
#endif

enum {
    EIGHT = 8,
    PIECE = EIGHT / PIECES,
    MOST_ROWS = 8,        /* of a kernel */
    MOST_WEIGHTS = 80,    /* of an output: with more, products of whole planes are faster */
    MOST_WINDOWS = 2048,  /* of an image: as many terms are added up before the images' sums are */
    MOST_BYTES = 1 << 20, /* of an image with its padding, as it is copied */
};

struct plan {
    const pool_params *p;
    conv_params padded; /* for copy_planes(): all rows of an image, as wide as they are read */
    struct planes plane;
    int channels, chunks, parts;
    size_t places, sums, threads, per_thread; /* where parts of the scratch memory begin, in floats */
};

bool TENKA_FAST(gathers)(const pool_params *p)
{
    const conv_params *c = &p->conv;
    const int64_t pixels = (c->h + 2 * (int64_t)c->ph) * (c->w + 2 * (int64_t)c->pw + EIGHT);
    return TENKA_FAST(conv_serves)(c) && c->dw == 1 && c->kw <= EIGHT && c->kh <= MOST_ROWS &&
           (int64_t)p->pool_kh * p->pool_kw >= 4 && (int64_t)p->pool_oh * p->pool_ow <= MOST_WINDOWS &&
           (int64_t)group_channels(c) * c->kh * c->kw <= MOST_WEIGHTS &&
           group_channels(c) * pixels * (int64_t)sizeof(float) <= MOST_BYTES;
}

/* Sums of a chunk: rows of kernels, eight elements each, and the bias. */
static ptrdiff_t chunk_sums(const struct plan *f)
{
    return (ptrdiff_t)f->p->conv.o * (f->channels * f->p->conv.kh * EIGHT + 1);
}

static int windows(const pool_params *p)
{
    return p->pool_oh * p->pool_ow;
}

static struct plan make_plan(const pool_params *p, int threads)
{
    const conv_params *c = &p->conv;
    struct plan f = {.p = p, .padded = *c, .channels = group_channels(c)};
    f.padded.kw = f.padded.sh = f.padded.sw = 1;
    f.padded.ow = c->w + 2 * c->pw + EIGHT;
    f.plane = (struct planes){.images = 1, .rows = c->h + 2 * c->ph, .pitch = f.padded.ow};
    f.plane.size = f.plane.rows * f.plane.pitch;
    f.chunks = count_chunks(c->n, chunk_sums(&f));
    const int wanted = div_up(threads, f.chunks * c->groups), og = group_outputs(c);
    f.parts = wanted < og ? wanted : og;
    f.places = 0;
    f.sums = tenka_align((size_t)c->oh * c->ow, LANES);
    f.threads = tenka_align(f.sums + (size_t)chunk_sums(&f) * f.chunks, LANES);
    f.per_thread = tenka_align((size_t)f.channels * f.plane.size + EIGHT + LANES + 2 * (size_t)windows(p), LANES);
    return f;
}

size_t TENKA_FAST(conv2d_gathered_scratch)(const pool_params *p, int threads)
{
    const struct plan f = make_plan(p, threads);
    return (f.threads + f.per_thread * (size_t)threads) * sizeof(float);
}

/* What the winners of one output of one image send back, and where in the padded image the kernel saw them. */
struct winners {
    const float *d;
    const int32_t *at;
    int count;
};

/* sum += d times what the kernel's rows saw in one channel, from `from` on */
ALWAYS_INLINE void add_winner(piece *sum, float d, const float *from, ptrdiff_t next, int kh)
{
    UNROLL
    for (int i = 0; i < kh * PIECES; i++)
        sum[i] += d * *(const piece *)(from + i / PIECES * next + i % PIECES * PIECE);
}

/* sums [kh][8] += what the winners saw in one channel, x, whose rows of the kernel are `next` apart. Two sums in turns
 * wait less for each other. */
ALWAYS_INLINE void gather(const struct winners *w, const float *x, ptrdiff_t next, int kh, float *sums)
{
    piece sum[2][MOST_ROWS * PIECES];
    UNROLL
    for (int i = 0; i < kh * PIECES; i++)
        sum[0][i] = sum[1][i] = (piece){0};
    int j = 0;
    for (; j + 1 < w->count; j += 2) {
        add_winner(sum[0], w->d[j], x + w->at[j], next, kh);
        add_winner(sum[1], w->d[j + 1], x + w->at[j + 1], next, kh);
    }
    if (j < w->count)
        add_winner(sum[0], w->d[j], x + w->at[j], next, kh);
    UNROLL
    for (int i = 0; i < kh * PIECES; i++)
        *(piece *)(sums + i * PIECE) += sum[0][i] + sum[1][i];
}

static void gather_rows(const struct winners *w, const float *x, ptrdiff_t next, int kh, float *sums)
{
    switch (kh) {
#define ROWS(n) \
    case n: gather(w, x, next, n, sums); break
        ROWS(1);
        ROWS(2);
        ROWS(3);
        ROWS(4);
        ROWS(5);
        ROWS(6);
        ROWS(7);
        ROWS(8);
#undef ROWS
    }
}

/* Fills d and at, and returns the sum of d. */
static float find_winners(const struct plan *f, const struct tenka_cpu_call *call, ptrdiff_t first,
                          const int32_t *places, float *d, int32_t *at)
{
    const float *y = (const float *)call->in[1] + first, *dy = (const float *)call->in[3] + first;
    const int32_t *index = (const int32_t *)call->in[2] + first;
    const int n = windows(f->p);
    vec sum = {0};
    for (int i = 0; i < n; i += LANES) {
        const int count = n - i < LANES ? n - i : LANES;
        const vec value = select(load_lanes(y + i, 0, count) <= (vec){0}, (vec){0}, load_lanes(dy + i, 0, count));
        store(d + i, value);
        sum += value;
    }
    for (int i = 0; i < n; i++)
        at[i] = places[index[i]];
    return sum_lanes(sum);
}

/* A part of a group's outputs, of a chunk of images. */
static void run_unit(const struct plan *f, const struct tenka_cpu_call *call, float *scratch, int unit)
{
    const conv_params *c = &f->p->conv;
    const int part = unit % f->parts, g = unit / f->parts % c->groups, chunk = unit / f->parts / c->groups;
    const int og = group_outputs(c), first = g * og + cut(og, f->parts, part);
    const int end = g * og + cut(og, f->parts, part + 1);
    const int rows = f->channels * c->kh * EIGHT, n = windows(f->p);
    const struct taps one = {.phases = 1};
    float *sums = scratch + f->sums + chunk * chunk_sums(f), *bias = sums + (ptrdiff_t)c->o * rows;
    float *x = scratch + f->threads + f->per_thread * (size_t)thread_index();
    float *d = x + (ptrdiff_t)f->channels * f->plane.size + EIGHT;
    int32_t *at = (int32_t *)(d + n + LANES);
    memset(sums + (ptrdiff_t)first * rows, 0, (size_t)(end - first) * rows * sizeof(*sums));
    memset(bias + first, 0, (size_t)(end - first) * sizeof(*bias));
    for (int image = cut(c->n, f->chunks, chunk); image < cut(c->n, f->chunks, chunk + 1); image++) {
        const ptrdiff_t channel = (ptrdiff_t)image * c->c + g * f->channels;
        TENKA_FAST(copy_planes)
        (&f->padded, &one, &f->plane, 0, (const float *)call->in[0] + channel * c->h * c->w, f->channels, x);
        for (int o = first; o < end; o++) {
            const int32_t *places = (const int32_t *)(scratch + f->places);
            bias[o] += find_winners(f, call, ((ptrdiff_t)image * c->o + o) * n, places, d, at);
            const struct winners w = {.d = d, .at = at, .count = n};
            for (int i = 0; i < f->channels; i++)
                gather_rows(&w, x + (ptrdiff_t)i * f->plane.size, (ptrdiff_t)c->dh * f->plane.pitch, c->kh,
                            sums + (ptrdiff_t)o * rows + (ptrdiff_t)i * c->kh * EIGHT);
        }
    }
}

static float add_chunks(const struct plan *f, const float *sums)
{
    float sum = sums[0];
    for (int chunk = 1; chunk < f->chunks; chunk++)
        sum += sums[chunk * chunk_sums(f)];
    return sum;
}

/* Adds the chunks' sums of one output. */
static void finish(const struct plan *f, const struct tenka_cpu_call *call, const float *sums, int o)
{
    const conv_params *c = &f->p->conv;
    const int rows = f->channels * c->kh;
    float *dw = (float *)call->out[0] + (ptrdiff_t)o * rows * c->kw, *db = call->out[1];
    for (int i = 0; i < rows * c->kw; i++)
        dw[i] = add_chunks(f, sums + ((ptrdiff_t)o * rows + i / c->kw) * EIGHT + i % c->kw);
    if (db != NULL)
        db[o] = add_chunks(f, sums + (ptrdiff_t)c->o * rows * EIGHT + o);
}

bool TENKA_FAST(conv2d_gathered)(const struct tenka_fast_call *call)
{
    const struct plan f = make_plan((const void *)call->call->params, call->threads);
    const conv_params *c = &f.p->conv;
    float *scratch = call->scratch;
    int32_t *places = (int32_t *)(scratch + f.places);
    for (int i = 0; i < c->oh * c->ow; i++)
        places[i] = i / c->ow * c->sh * f.plane.pitch + i % c->ow * c->sw;
#pragma omp parallel num_threads(call->threads)
    {
#pragma omp for schedule(dynamic)
        for (int unit = 0; unit < f.chunks * c->groups * f.parts; unit++)
            run_unit(&f, call->call, scratch, unit);
#pragma omp for
        for (int o = 0; o < c->o; o++)
            finish(&f, call->call, scratch + f.sums, o);
    }
    return true;
}
