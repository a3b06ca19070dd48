/* Depthwise convolutions of planes that are shorter than vectors: LANES channels lie beside each other, as a vector for
 * each place. What meets what is a list, which is the same for all channels, and all three passes run through one:
 *
 *   forward          y[place]  = sum of w[tap] x[place]
 *   data gradient    dx[place] = sum of w[tap] dy[place]
 *   weight gradient  dw[tap]   = sum of dy[place] x[place] */
#include "backend/cpu/fast/conv.h"
#include "backend/cpu/fast/transpose.h"

enum {
    MOST_PLACES = 64, /* of a plane */
    MOST_TAPS = 49,
    NARROW = LANES < 8 ? LANES : 7, /* columns; wider planes are taken by rows */
    IMAGES = 64,                    /* whose sums are added up before they are added to the others' */
};

bool TENKA_FAST(conv_in_lanes)(const conv_params *p)
{
    return p->ow < NARROW && (int64_t)p->h * p->w <= MOST_PLACES && (int64_t)p->oh * p->ow <= MOST_PLACES &&
           p->kh * p->kw <= MOST_TAPS;
}

/* ---- Which products each result is the sum of ---- */

struct meeting {
    uint16_t a, b; /* the factors: vectors of two arrays */
};

struct list {
    int results;
    int begin[MOST_PLACES + 1]; /* of each result's meetings */
    struct meeting meetings[MOST_PLACES * MOST_TAPS];
};

enum pass { FORWARD, DATA, WEIGHTS };

/* The place of x that a tap sees from a place of y, or -1. */
static int place_seen(const conv_params *p, int tap, int place)
{
    const int64_t y = (int64_t)(place / p->ow) * p->sh + (int64_t)(tap / p->kw) * p->dh - p->ph;
    const int64_t x = (int64_t)(place % p->ow) * p->sw + (int64_t)(tap % p->kw) * p->dw - p->pw;
    return y >= 0 && y < p->h && x >= 0 && x < p->w ? (int)(y * p->w + x) : -1;
}

static int results_of(const conv_params *p, enum pass pass)
{
    return pass == FORWARD ? p->oh * p->ow : pass == DATA ? p->h * p->w : p->kh * p->kw;
}

/* The result that tap and place belong to. */
static int result_of(enum pass pass, int tap, int place, int seen)
{
    return pass == FORWARD ? place : pass == DATA ? seen : tap;
}

static void fill_list(const conv_params *p, enum pass pass, struct list *list)
{
    const int taps = p->kh * p->kw, places = p->oh * p->ow;
    int end[MOST_PLACES] = {0}, seen[MOST_TAPS * MOST_PLACES];
    for (int i = 0; i < taps * places; i++) {
        seen[i] = place_seen(p, i / places, i % places);
        if (seen[i] >= 0)
            end[result_of(pass, i / places, i % places, seen[i])]++;
    }
    list->results = results_of(p, pass);
    list->begin[0] = 0;
    for (int i = 0; i < list->results; i++) {
        list->begin[i + 1] = list->begin[i] + end[i];
        end[i] = list->begin[i];
    }
    for (int i = 0; i < taps * places; i++)
        if (seen[i] >= 0)
            list->meetings[end[result_of(pass, i / places, i % places, seen[i])]++] = (struct meeting){
                (uint16_t)(pass == WEIGHTS ? i % places : i / places),
                (uint16_t)(pass == DATA ? i % places : seen[i]),
            };
}

/* y += the sums of the list */
static void run_list(const struct list *list, const vec *a, const vec *b, vec *y)
{
    for (int i = 0; i < list->results; i++) {
        vec sum = y[i];
        for (int k = list->begin[i]; k < list->begin[i + 1]; k++)
            sum += a[list->meetings[k].a] * b[list->meetings[k].b];
        y[i] = sum;
    }
}

/* ---- Channels beside each other ---- */

/* to[i] = element i of each of the channels, which are `count` elements apart; 0 in the lanes of those that lack. */
static void to_lanes(const float *from, int channels, int count, vec *to)
{
    if (count == 4 && channels == LANES) {
        UNROLL
        for (int k = 0; k < 4; k++)
            to[k] = load(from + k * LANES);
        riffle(to, 4, LANES_LOG2);
        return;
    }
    for (int i = 0; i < count; i += LANES, to += LANES) {
        const int there = count - i < LANES ? count - i : LANES;
        vec rows[LANES];
        for (int c = 0; c < LANES; c++)
            rows[c] = c < channels ? load_lanes(from + (ptrdiff_t)c * count + i, 0, there) : (vec){0};
        transpose(rows);
        memcpy(to, rows, (size_t)there * sizeof(*to));
    }
}

/* The other way. */
static void from_lanes(const vec *from, int channels, int count, float *to)
{
    if (count == 4 && channels == LANES) {
        vec rows[4] = {from[0], from[1], from[2], from[3]};
        riffle(rows, 4, 2);
        UNROLL
        for (int k = 0; k < 4; k++)
            store(to + k * LANES, rows[k]);
        return;
    }
    for (int i = 0; i < count; i += LANES, from += LANES) {
        const int there = count - i < LANES ? count - i : LANES;
        vec rows[LANES] = {{0}};
        memcpy(rows, from, (size_t)there * sizeof(*from));
        transpose(rows);
        for (int c = 0; c < channels; c++)
            store_lanes(to + (ptrdiff_t)c * count + i, rows[c], 0, there);
    }
}

/* Channels first .. first+count-1: a block. */
struct block {
    int first, count;
};

static struct block block_of(const conv_params *p, int index)
{
    const int first = index * LANES;
    return (struct block){first, p->c - first < LANES ? p->c - first : LANES};
}

static const float *channel_at(const void *x, const conv_params *p, int n, const struct block *b, int places)
{
    return (const float *)x + ((ptrdiff_t)n * p->c + b->first) * places;
}

/* ---- Passes ---- */

/* The channels of a block, of all images: y of x, or dx of dy. */
static void run_block(const struct tenka_cpu_call *call, const struct list *list, enum pass pass, int index)
{
    const conv_params *p = (const void *)call->params;
    const struct block b = block_of(p, index);
    const int taps = p->kh * p->kw, places = pass == FORWARD ? p->h * p->w : p->oh * p->ow, results = list->results;
    const float *bias = pass == FORWARD ? call->in[2] : NULL, *mask = pass == DATA ? call->in[0] : NULL;
    const void *from = pass == FORWARD ? call->in[0] : call->in[2];
    vec w[MOST_TAPS], x[MOST_PLACES], y[MOST_PLACES];
    to_lanes((const float *)call->in[1] + (ptrdiff_t)b.first * taps, b.count, taps, w);
    const vec added = bias != NULL ? load_lanes(bias + b.first, 0, b.count) : (vec){0};
    for (int n = 0; n < p->n; n++) {
        float *to = (float *)call->out[0] + ((ptrdiff_t)n * p->c + b.first) * results;
        to_lanes(channel_at(from, p, n, &b, places), b.count, places, x);
        for (int i = 0; i < results; i++)
            y[i] = added;
        run_list(list, w, x, y);
        for (int i = 0; pass == FORWARD && p->act == TENKA_ACT_relu && i < results; i++)
            y[i] = select(y[i] < (vec){0}, (vec){0}, y[i]);
        from_lanes(y, b.count, results, to);
        if (mask != NULL)
            copy_masked(to, to, channel_at(mask, p, n, &b, results), b.count * results);
    }
}

/* dw and db of the channels of a block. */
static void run_weights(const struct tenka_cpu_call *call, const struct list *list, int index)
{
    const conv_params *p = (const void *)call->params;
    const struct block b = block_of(p, index);
    const int taps = p->kh * p->kw, places = p->h * p->w, results = p->oh * p->ow;
    vec total[MOST_TAPS + 1], sum[MOST_TAPS + 1], x[MOST_PLACES], dy[MOST_PLACES];
    memset(total, 0, sizeof(total));
    for (int first = 0; first < p->n; first += IMAGES) {
        memset(sum, 0, sizeof(sum));
        for (int n = first; n < p->n && n < first + IMAGES; n++) {
            to_lanes(channel_at(call->in[0], p, n, &b, places), b.count, places, x);
            to_lanes(channel_at(call->in[1], p, n, &b, results), b.count, results, dy);
            run_list(list, dy, x, sum);
            for (int i = 0; i < results; i++)
                sum[taps] += dy[i];
        }
        for (int t = 0; t <= taps; t++)
            total[t] += sum[t];
    }
    from_lanes(total, b.count, taps, (float *)call->out[0] + (ptrdiff_t)b.first * taps);
    if (call->out[1] != NULL)
        store_lanes((float *)call->out[1] + b.first, total[taps], 0, b.count);
}

static bool run(const struct tenka_fast_call *call, enum pass pass)
{
    const conv_params *p = (const void *)call->call->params;
    struct list *list = call->scratch;
    fill_list(p, pass, list);
#pragma omp parallel for num_threads(call->threads)
    for (int i = 0; i < div_up(p->c, LANES); i++)
        if (pass == WEIGHTS)
            run_weights(call->call, list, i);
        else
            run_block(call->call, list, pass, i);
    return true;
}

bool TENKA_FAST(conv2d_fwd_lanes)(const struct tenka_fast_call *call)
{
    return run(call, FORWARD);
}

bool TENKA_FAST(conv2d_dx_lanes)(const struct tenka_fast_call *call)
{
    return run(call, DATA);
}

bool TENKA_FAST(conv2d_dw_lanes)(const struct tenka_fast_call *call)
{
    return run(call, WEIGHTS);
}

size_t TENKA_FAST(conv_lanes_scratch)(void)
{
    return sizeof(struct list);
}
