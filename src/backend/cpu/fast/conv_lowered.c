/* Convolutions of small images as plain products of matrices (gemm.h): what each tap sees is written out, and that pays
 * where weights are many and places few. With a row for each place of all images, and a line for each tap of each
 * channel:
 *
 *   forward          y = w X                  X [taps][places], y [outputs][places]
 *   data gradient    dX = w^T dy, then dx = what the taps send back
 *   weight gradient  dw = dy X^T
 *
 * A group is a product of its own. */
#include "backend/cpu/fast/conv_views.h"
#include "backend/cpu/fast/gemm.h"

struct plan {
    const conv_params *p;
    int plane;      /* places of an image */
    ptrdiff_t taps; /* of a group: channels, kernel rows and columns */
    ptrdiff_t places, next;
    size_t outputs, product; /* where parts of the scratch memory begin, in floats; before them: X */
};

enum {
    MOST_PLACES = 1024,
    MOST_LOWERED = 1 << 21, /* elements of X */
    FEW_WEIGHTS = 2048,     /* of a group: with fewer, writing X costs too much of what it saves */
};

static struct plan make_plan(const conv_params *p)
{
    struct plan f = {
        .p = p,
        .plane = p->oh * p->ow,
        .taps = (ptrdiff_t)group_channels(p) * p->kh * p->kw,
    };
    f.places = (ptrdiff_t)p->n * f.plane;
    f.next = round_up(f.places, LANES);
    if (f.next % 256 == 0)
        f.next += LANES; /* lines that begin at the same place of a page would push each other out of the cache */
    f.outputs = (size_t)(f.taps * p->groups * f.next);
    f.product = f.outputs + (size_t)(p->o * f.next);
    return f;
}

/* y of all groups as a product; the other two have the same sizes. */
static struct gemm forward(const struct plan *f)
{
    const ptrdiff_t og = group_outputs(f->p);
    return (struct gemm){
        .batch = f->p->groups,
        .m = og,
        .n = f->places,
        .k = f->taps,
        .lda = f->taps,
        .ldb = f->next,
        .ldc = f->next,
        .step_a = og * f->taps,
        .step_b = f->taps * f->next,
        .step_c = og * f->next,
    };
}

static struct gemm data_gradient(const struct plan *f)
{
    const ptrdiff_t og = group_outputs(f->p);
    return (struct gemm){
        .batch = f->p->groups,
        .m = f->taps,
        .n = f->places,
        .k = og,
        .lda = f->taps,
        .ldb = f->next,
        .ldc = f->next,
        .step_a = og * f->taps,
        .step_b = og * f->next,
        .step_c = f->taps * f->next,
        .trans_a = true,
    };
}

static struct gemm weight_gradient(const struct plan *f)
{
    const ptrdiff_t og = group_outputs(f->p);
    return (struct gemm){
        .batch = f->p->groups,
        .m = og,
        .n = f->taps,
        .k = f->places,
        .lda = f->next,
        .ldb = f->next,
        .ldc = f->taps,
        .step_a = og * f->next,
        .step_b = f->taps * f->next,
        .step_c = og * f->taps,
        .trans_b = true,
    };
}

static size_t bytes(const struct plan *f, const struct gemm *g, int threads)
{
    return f->product * sizeof(float) + TENKA_FAST(gemm_scratch)(g, threads);
}

/* ---- Rows ---- */

/* to = what kernel column k sees of a row */
ALWAYS_INLINE void see_row(const conv_params *p, const struct view *v, const struct picks *picks, int k,
                           const float *row, float *to)
{
    if (picks != NULL) {
        store_lanes(to, shuffle_lanes(load_lanes(row, 0, p->w), picks->seen[k]), 0, p->ow);
        return;
    }
    for (int j = 0; j < p->ow; j++)
        to[j] = j >= v->columns.first && j < v->columns.end ? row[j * p->sw + v->right] : 0;
}

static void see_plane(const conv_params *p, const struct view *v, const struct picks *picks, int k, const float *plane,
                      float *to)
{
    if (v->whole) {
        copy_masked(to, plane, NULL, p->oh * p->ow);
        return;
    }
    for (int i = 0; i < p->oh; i++, to += p->ow)
        if (i >= v->rows.first && i < v->rows.end)
            see_row(p, v, picks, k, plane + (ptrdiff_t)(i * p->sh + v->down) * p->w, to);
        else
            memset(to, 0, (size_t)p->ow * sizeof(*to));
}

/* row += what kernel column k sends back */
ALWAYS_INLINE void send_row(const conv_params *p, const struct view *v, const struct picks *picks, int k,
                            const float *from, float *row)
{
    if (picks != NULL) {
        const vec sent = shuffle_lanes(load_lanes(from, 0, p->ow), picks->sent[k]);
        store_lanes(row, load_lanes(row, 0, p->w) + sent, 0, p->w);
        return;
    }
    for (int j = v->columns.first; j < v->columns.end; j++)
        row[j * p->sw + v->right] += from[j];
}

static void send_plane(const conv_params *p, const struct view *v, const struct picks *picks, int k, const float *from,
                       float *plane)
{
    for (int i = v->rows.first; i < v->rows.end; i++)
        send_row(p, v, picks, k, from + i * p->ow, plane + (ptrdiff_t)(i * p->sh + v->down) * p->w);
}

/* ---- Channels ---- */

static inline ptrdiff_t image_at(const conv_params *p, int n, int c)
{
    return ((ptrdiff_t)n * p->c + c) * p->h * p->w;
}

/* The lines of channel c. */
static void see_channel(const struct plan *f, const struct picks *picks, const float *x, int c, float *lines)
{
    const conv_params *p = f->p;
    const int taps = p->kh * p->kw;
    lines += (ptrdiff_t)c * taps * f->next;
    if (picks != NULL && picks->planes) {
        for (int n = 0; n < p->n; n++) {
            const vec plane = load_lanes(x + image_at(p, n, c), 0, p->h * p->w);
            const lane_mask lanes = mask_lanes(0, f->plane);
            for (int t = 0; t < taps; t++)
                store_masked(lines + t * f->next + n * f->plane, shuffle_lanes(plane, picks->seen[t]), lanes);
        }
        return;
    }
    for (int t = 0; t < taps; t++) {
        const struct view v = view_of(p, t);
        for (int n = 0; n < p->n; n++)
            see_plane(p, &v, picks, t % p->kw, x + image_at(p, n, c), lines + t * f->next + n * f->plane);
    }
}

/* dx of channel c of image n, of its lines. */
static void send_image(const struct plan *f, const struct picks *picks, const float *lines, float *dx)
{
    const conv_params *p = f->p;
    const int taps = p->kh * p->kw;
    if (picks != NULL && picks->planes) {
        vec sum = {0};
        for (int t = 0; t < taps; t++)
            sum += shuffle_lanes(load_lanes(lines + t * f->next, 0, f->plane), picks->sent[t]);
        store_lanes(dx, sum, 0, p->h * p->w);
        return;
    }
    memset(dx, 0, (size_t)p->h * p->w * sizeof(*dx));
    for (int t = 0; t < taps; t++) {
        const struct view v = view_of(p, t);
        send_plane(p, &v, picks, t % p->kw, lines + t * f->next, dx);
    }
}

static void send_channel(const struct plan *f, const struct picks *picks, const float *lines, int c, const float *mask,
                         float *dx)
{
    const conv_params *p = f->p;
    const int taps = p->kh * p->kw;
    const bool whole = taps == 1 && view_of(p, 0).whole;
    lines += (ptrdiff_t)c * taps * f->next;
    for (int n = 0; n < p->n; n++) {
        const ptrdiff_t at = image_at(p, n, c);
        const float *from = lines + n * f->plane;
        if (!whole)
            send_image(f, picks, from, dx + at);
        if (whole || mask != NULL)
            copy_masked(dx + at, whole ? from : dx + at, mask != NULL ? mask + at : NULL, p->h * p->w);
    }
}

/* ---- Outputs ---- */

/* Output o of all images one after the other. */
static void gather_output(const struct plan *f, const float *y, int o, float *to)
{
    for (int n = 0; n < f->p->n; n++)
        copy_masked(to + (ptrdiff_t)n * f->plane, y + ((ptrdiff_t)n * f->p->o + o) * f->plane, NULL, f->plane);
}

static void scatter_output(const struct plan *f, const float *from, float bias, int o, float *y)
{
    for (int n = 0; n < f->p->n; n++, from += f->plane) {
        float *to = y + ((ptrdiff_t)n * f->p->o + o) * f->plane;
        for (int i = 0; i < f->plane; i += LANES) {
            const int count = f->plane - i < LANES ? f->plane - i : LANES;
            vec v = load_lanes(from + i, 0, count) + splat(bias);
            if (f->p->act == TENKA_ACT_relu)
                v = select(v < (vec){0}, (vec){0}, v);
            store_lanes(to + i, v, 0, count);
        }
    }
}

static float sum_output(const struct plan *f, const float *dy)
{
    vec sum = {0};
    ptrdiff_t i = 0;
    for (; i + LANES <= f->places; i += LANES)
        sum += load(dy + i);
    return sum_lanes(sum + load_lanes(dy + i, 0, (int)(f->places - i)));
}

/* ---- Images of one place under kernels of one ---- */

static bool is_linear(const conv_params *p)
{
    return p->groups == 1 && (int64_t)p->h * p->w * p->kh * p->kw == 1 && p->ph == 0 && p->pw == 0;
}

static struct tenka_p_linear linear_of(const conv_params *p)
{
    return (struct tenka_p_linear){.m = p->n, .n = p->o, .k = p->c, .act = p->act, .before = p->before};
}

/* The same call as one of linear, whose operands are the same. */
static bool run_linear(bool (*run)(const struct tenka_fast_call *f), const struct tenka_fast_call *call)
{
    const struct tenka_p_linear params = linear_of((const void *)call->call->params);
    struct tenka_cpu_call c = *call->call;
    struct tenka_fast_call f = *call;
    c.params = (const int32_t *)&params;
    f.call = &c;
    return run(&f);
}

/* Forward and for dx, Winograd's products are faster where planes are not small.
 *   of_weights  whether it is for dw */
bool TENKA_FAST(lowers)(const conv_params *p, bool of_weights)
{
    const int64_t places = p->n * (int64_t)p->oh * p->ow, taps = (int64_t)group_channels(p) * p->kh * p->kw;
    if (!TENKA_FAST(conv_serves)(p))
        return false;
    return is_linear(p) || (places <= MOST_PLACES && places * p->groups * taps <= MOST_LOWERED &&
                            taps * group_outputs(p) >= FEW_WEIGHTS &&
                            (of_weights || p->oh * p->ow <= LANES || TENKA_FAST(winograd_points)(p) == 0));
}

/* ---- The kernels ---- */

bool TENKA_FAST(conv2d_fwd_lowered)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    if (is_linear((const void *)c->params))
        return run_linear(TENKA_FAST(linear_fwd), call);
    const struct plan f = make_plan((const void *)c->params);
    const float *bias = c->in[2];
    float *scratch = call->scratch, *y = scratch + f.outputs;
    struct gemm g = forward(&f);
    struct picks picks;
    const struct picks *chosen = choose_picks(f.p, &picks);
#pragma omp parallel for num_threads(call->threads)
    for (int i = 0; i < f.p->c; i++)
        see_channel(&f, chosen, c->in[0], i, scratch);
    g.a = c->in[1];
    g.b = scratch;
    g.c = y;
    TENKA_FAST(gemm)(&g, call->threads, scratch + f.product);
#pragma omp parallel for num_threads(call->threads)
    for (int o = 0; o < f.p->o; o++)
        scatter_output(&f, y + o * f.next, bias != NULL ? bias[o] : 0, o, c->out[0]);
    return true;
}

bool TENKA_FAST(conv2d_dx_lowered)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    if (is_linear((const void *)c->params))
        return run_linear(TENKA_FAST(linear_dx), call);
    const struct plan f = make_plan((const void *)c->params);
    float *scratch = call->scratch, *dy = scratch + f.outputs;
    struct gemm g = data_gradient(&f);
    struct picks picks;
    const struct picks *chosen = choose_picks(f.p, &picks);
#pragma omp parallel for num_threads(call->threads)
    for (int o = 0; o < f.p->o; o++)
        gather_output(&f, c->in[2], o, dy + o * f.next);
    g.a = c->in[1];
    g.b = dy;
    g.c = scratch;
    TENKA_FAST(gemm)(&g, call->threads, scratch + f.product);
#pragma omp parallel for num_threads(call->threads)
    for (int i = 0; i < f.p->c; i++)
        send_channel(&f, chosen, scratch, i, c->in[0], c->out[0]);
    return true;
}

bool TENKA_FAST(conv2d_dw_lowered)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    if (is_linear((const void *)c->params))
        return run_linear(TENKA_FAST(linear_dw), call);
    const struct plan f = make_plan((const void *)c->params);
    float *scratch = call->scratch, *dy = scratch + f.outputs, *db = c->out[1];
    struct gemm g = weight_gradient(&f);
    struct picks picks;
    const struct picks *chosen = choose_picks(f.p, &picks);
#pragma omp parallel num_threads(call->threads)
    {
#pragma omp for
        for (int i = 0; i < f.p->c; i++)
            see_channel(&f, chosen, c->in[0], i, scratch);
#pragma omp for
        for (int o = 0; o < f.p->o; o++) {
            gather_output(&f, c->in[1], o, dy + o * f.next);
            if (db != NULL)
                db[o] = sum_output(&f, dy + o * f.next);
        }
    }
    g.a = dy;
    g.b = scratch;
    g.c = c->out[0];
    TENKA_FAST(gemm)(&g, call->threads, scratch + f.product);
    return true;
}

size_t TENKA_FAST(conv2d_fwd_lowered_scratch)(const conv_params *p, int threads)
{
    const struct tenka_p_linear linear = linear_of(p);
    if (is_linear(p))
        return TENKA_FAST(linear_fwd_scratch)((const int32_t *)&linear, threads);
    const struct plan f = make_plan(p);
    const struct gemm g = forward(&f);
    return bytes(&f, &g, threads);
}

size_t TENKA_FAST(conv2d_dx_lowered_scratch)(const conv_params *p, int threads)
{
    const struct tenka_p_linear linear = linear_of(p);
    if (is_linear(p))
        return TENKA_FAST(linear_dx_scratch)((const int32_t *)&linear, threads);
    const struct plan f = make_plan(p);
    const struct gemm g = data_gradient(&f);
    return bytes(&f, &g, threads);
}

size_t TENKA_FAST(conv2d_dw_lowered_scratch)(const conv_params *p, int threads)
{
    const struct tenka_p_linear linear = linear_of(p);
    if (is_linear(p))
        return TENKA_FAST(linear_dw_scratch)((const int32_t *)&linear, threads);
    const struct plan f = make_plan(p);
    const struct gemm g = weight_gradient(&f);
    return bytes(&f, &g, threads);
}
