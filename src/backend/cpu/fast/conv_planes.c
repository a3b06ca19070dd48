/* Depthwise convolutions of planes that about fill a vector: a plane is loaded once, and each tap picks its lanes. A
 * few images are taken at a time, so that a tap's lanes and weight serve all of them. Forward and dx; for dw, sums over
 * lanes cost more than conv_lanes.c takes. */
#include "backend/cpu/fast/conv_views.h"

enum { TOGETHER = REGISTERS / 4 }; /* images taken at a time */

bool TENKA_FAST(conv_in_planes)(const conv_params *p)
{
    const int64_t from = (int64_t)p->h * p->w, to = (int64_t)p->oh * p->ow;
    return from <= LANES && to <= LANES && from > LANES / 2 && to > LANES / 2 && p->kh * p->kw <= MOST_PICKS;
}

/* What becomes of one channel: planes of images, all of which lie `next` of their kind apart. */
struct channel {
    const float *x, *mask;
    float *y;
    const float *w;
    ptrdiff_t next_x, next_y;
    int taps, places, results;
    float bias;
    bool relu;
};

/* Sums of `count` images: of what the taps pick. picks: one for each tap. */
ALWAYS_INLINE void pick_images(const struct channel *f, const ivec *picks, int n, int count)
{
    vec x[TOGETHER], sum[TOGETHER];
    UNROLL
    for (int i = 0; i < count; i++) {
        x[i] = load_lanes(f->x + (n + i) * f->next_x, 0, f->places);
        sum[i] = splat(f->bias);
    }
    for (int t = 0; t < f->taps; t++) {
        const ivec at = picks[t];
        UNROLL
        for (int i = 0; i < count; i++)
            sum[i] += shuffle_lanes(x[i], at) * f->w[t];
    }
    UNROLL
    for (int i = 0; i < count; i++) {
        vec v = sum[i];
        if (f->relu)
            v = select(v < (vec){0}, (vec){0}, v);
        if (f->mask != NULL)
            v = select(load_lanes(f->mask + (n + i) * f->next_y, 0, f->results) <= (vec){0}, (vec){0}, v);
        store_lanes(f->y + (n + i) * f->next_y, v, 0, f->results);
    }
}

static void run_channel(const struct channel *f, const ivec *picks, int images)
{
    int n = 0;
    for (; n + TOGETHER <= images; n += TOGETHER)
        pick_images(f, picks, n, TOGETHER);
    for (; n < images; n++)
        pick_images(f, picks, n, 1);
}

bool TENKA_FAST(conv2d_fwd_planes)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    const conv_params *p = (const void *)c->params;
    const int taps = p->kh * p->kw, places = p->h * p->w, results = p->oh * p->ow;
    const float *bias = c->in[2];
    struct picks picks;
    choose_picks(p, &picks);
#pragma omp parallel for num_threads(call->threads)
    for (int i = 0; i < p->c; i++) {
        const struct channel channel = {
            .x = (const float *)c->in[0] + (ptrdiff_t)i * places,
            .y = (float *)c->out[0] + (ptrdiff_t)i * results,
            .w = (const float *)c->in[1] + (ptrdiff_t)i * taps,
            .next_x = (ptrdiff_t)p->c * places,
            .next_y = (ptrdiff_t)p->c * results,
            .taps = taps,
            .places = places,
            .results = results,
            .bias = bias != NULL ? bias[i] : 0,
            .relu = p->act == TENKA_ACT_relu,
        };
        run_channel(&channel, picks.seen, p->n);
    }
    return true;
}

bool TENKA_FAST(conv2d_dx_planes)(const struct tenka_fast_call *call)
{
    const struct tenka_cpu_call *c = call->call;
    const conv_params *p = (const void *)c->params;
    const int taps = p->kh * p->kw, places = p->oh * p->ow, results = p->h * p->w;
    struct picks picks;
    choose_picks(p, &picks);
#pragma omp parallel for num_threads(call->threads)
    for (int i = 0; i < p->c; i++) {
        const struct channel channel = {
            .x = (const float *)c->in[2] + (ptrdiff_t)i * places,
            .mask = c->in[0] != NULL ? (const float *)c->in[0] + (ptrdiff_t)i * results : NULL,
            .y = (float *)c->out[0] + (ptrdiff_t)i * results,
            .w = (const float *)c->in[1] + (ptrdiff_t)i * taps,
            .next_x = (ptrdiff_t)p->c * places,
            .next_y = (ptrdiff_t)p->c * results,
            .taps = taps,
            .places = places,
            .results = results,
        };
        run_channel(&channel, picks.sent, p->n);
    }
    return true;
}
