/* Attention; see backend/cpu/attention.c. The scores of QUERIES queries and a block of keys are a tile that is stored by
 * keys, queries side by side in vectors: what a softmax does over keys then needs no sum over lanes. All products are
 * tiles of it: such a tile is made of k, read in place, and q, packed across; and it is a factor of y, dq, dk and dv as
 * it stands. Source: Dao et al., "FlashAttention" (2022), for sums that shrink where a larger score comes, and for a
 * backward that makes the scores again. */
#include <math.h>

#include "backend/cpu/fast/elementary.h"
#include "backend/cpu/fast/gemm.h"

typedef struct tenka_p_attention params;

/* Keys of a tile: two of them and what meets them stay in the second cache. */
enum { QUERIES = GEMM_COLUMNS, KEYS = 96 };

/* ---- Products ---- */

/* c = a b, or c += a b: rows x k by k x (vectors LANES). Element (i, t) of a lies at i row + t step; rows of b and c lie
 * ldb and ldc apart. */
ALWAYS_INLINE void product(int rows, int vectors, ptrdiff_t k, const float *a, ptrdiff_t row, ptrdiff_t step,
                           const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, bool add)
{
    vec sum[GEMM_ROWS][2];
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        sum[i][v] = add ? load(c + i * ldc + v * LANES) : (vec){0};
    for (ptrdiff_t t = 0; t < k; t++, a += step, b += ldb) {
        vec line[2];
        UNROLL
        for (int v = 0; v < vectors; v++)
            line[v] = load(b + v * LANES);
        UNROLL
        for (int i = 0; i < rows; i++)
            UNROLL
        for (int v = 0; v < vectors; v++)
            sum[i][v] += a[i * row] * line[v];
    }
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        store(c + i * ldc + v * LANES, sum[i][v]);
}

typedef void product_function(ptrdiff_t k, const float *a, ptrdiff_t step, const float *b, ptrdiff_t ldb, float *c,
                              ptrdiff_t ldc, bool add);

/* along: neighbours along t lie side by side, rows `lda` apart; across: the other way round. */
#define PRODUCT(rows, vectors)                                                                                       \
    static void along_##rows##x##vectors(ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,  \
                                         float *c, ptrdiff_t ldc, bool add)                                          \
    {                                                                                                                \
        product(rows, vectors, k, a, lda, 1, b, ldb, c, ldc, add);                                                   \
    }                                                                                                                \
    static void across_##rows##x##vectors(ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb, \
                                          float *c, ptrdiff_t ldc, bool add)                                         \
    {                                                                                                                \
        product(rows, vectors, k, a, 1, lda, b, ldb, c, ldc, add);                                                   \
    }
#define PRODUCTS(rows) PRODUCT(rows, 1) PRODUCT(rows, 2)
#define ENTRY(name, rows)                    \
    {                                        \
        name##_##rows##x1, name##_##rows##x2 \
    }

PRODUCTS(1)
PRODUCTS(2)
PRODUCTS(3)
PRODUCTS(4)
#ifdef __AVX2__
PRODUCTS(5)
PRODUCTS(6)
#endif
#ifdef __AVX512F__
    PRODUCTS(7) PRODUCTS(8) PRODUCTS(9) PRODUCTS(10) PRODUCTS(11) PRODUCTS(12)
#endif

/* By rows and vectors. */
#if defined __AVX512F__
#define ENTRIES(name)                                                                                               \
    ENTRY(name, 1), ENTRY(name, 2), ENTRY(name, 3), ENTRY(name, 4), ENTRY(name, 5), ENTRY(name, 6), ENTRY(name, 7), \
        ENTRY(name, 8), ENTRY(name, 9), ENTRY(name, 10), ENTRY(name, 11), ENTRY(name, 12)
#elif defined __AVX2__
#define ENTRIES(name) ENTRY(name, 1), ENTRY(name, 2), ENTRY(name, 3), ENTRY(name, 4), ENTRY(name, 5), ENTRY(name, 6)
#else
#define ENTRIES(name) ENTRY(name, 1), ENTRY(name, 2), ENTRY(name, 3), ENTRY(name, 4)
#endif
        static product_function *const along[GEMM_ROWS][2] = {ENTRIES(along)},
                                       *const across[GEMM_ROWS][2] = {ENTRIES(across)};

/* A product of any size; columns: a multiple of LANES. */
struct sizes {
    ptrdiff_t rows, columns, k;
};

static void multiply(product_function *const functions[GEMM_ROWS][2], struct sizes n, const float *a, ptrdiff_t lda,
                     const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, bool add)
{
    const ptrdiff_t parts = parts_of(n.rows, GEMM_ROWS), next = functions == along ? lda : 1;
    for (ptrdiff_t j = 0; j < n.columns; j += GEMM_COLUMNS) {
        const ptrdiff_t vectors = least(GEMM_COLUMNS, n.columns - j) / LANES;
        for (ptrdiff_t part = 0; part < parts; part++) {
            const ptrdiff_t i = n.rows * part / parts, rows = n.rows * (part + 1) / parts - i;
            functions[rows - 1][vectors - 1](n.k, a + i * next, lda, b + j, ldb, c + i * ldc + j, ldc, add);
        }
    }
}

/* ---- Matrices in whole vectors ---- */

/* A matrix whose rows can be read in whole vectors. */
struct matrix {
    const float *at;
    ptrdiff_t step; /* from row to row */
};

static ptrdiff_t whole(ptrdiff_t n)
{
    return round_up(n, LANES);
}

/* The matrix [rows, n] at x; where rows are no whole vectors, a copy of it in room, filled up with zeros. */
static struct matrix whole_rows(const float *x, ptrdiff_t rows, ptrdiff_t n, float *room)
{
    const ptrdiff_t step = whole(n);
    if (step == n)
        return (struct matrix){x, n};
    for (ptrdiff_t i = 0; i < rows; i++) {
        memcpy(room + i * step, x + i * n, (size_t)n * sizeof(*room));
        memset(room + i * step + n, 0, (size_t)(step - n) * sizeof(*room));
    }
    return (struct matrix){room, step};
}

/* to[t * QUERIES + i] = from[i * step + t] for the rows i of a block and t < k; other queries are 0. */
static void pack_queries(float *to, const float *from, ptrdiff_t step, ptrdiff_t rows, ptrdiff_t k)
{
    for (ptrdiff_t i = 0; i < QUERIES; i += LANES)
        TENKA_FAST(pack_across)(to + i, QUERIES, from + i * step, step, rows > i ? least(LANES, rows - i) : 0, k);
}

/* ---- Blocks of queries ---- */

/* The matrices of one batch. */
struct head {
    const params *p;
    const float *q, *k, *v, *mask, *y, *lse, *dy;
};

/* Queries first .. first + rows-1, and the scratch memory for them. */
struct queries {
    const struct head *h;
    ptrdiff_t first, rows;
    float *q, *dy; /* packed across */
    float *tile, *slope, *mask;
    const float *all_mask; /* of all keys, packed before; NULL: mask is for those of a tile */
};

/* The matrix of the mask that a batch sees. */
static ptrdiff_t mask_of(const params *p, ptrdiff_t batch)
{
    ptrdiff_t mask = 0;
    for (int i = 3; i >= 0; batch /= p->lead[i], i--)
        mask += batch % p->lead[i] * p->stride[i];
    return mask;
}

static struct head head_of(const struct tenka_fast_call *f, ptrdiff_t batch, bool back)
{
    const params *p = (const void *)f->call->params;
    const void *const *in = f->call->in;
    const ptrdiff_t t = p->t, s = p->s, d = p->d, dv = p->dv;
    struct head h = {.p = p,
                     .q = (const float *)in[0] + batch * t * d,
                     .k = (const float *)in[1] + batch * s * d,
                     .v = (const float *)in[2] + batch * s * dv};
    if (p->masks > 0)
        h.mask = (const float *)in[3] + mask_of(p, batch) * t * s;
    if (back) {
        h.y = (const float *)in[4] + batch * t * dv;
        h.lse = (const float *)in[5] + batch * t;
        h.dy = (const float *)in[6] + batch * t * dv;
    }
    return h;
}

/* The keys that the block sees. */
static ptrdiff_t keys_of(const struct queries *b)
{
    const params *p = b->h->p;
    return p->causal ? least(p->s, b->first + b->rows) : p->s;
}

/* Vectors of queries that the block fills. */
static int vectors_of(const struct queries *b)
{
    return b->rows > LANES ? 2 : 1;
}

static void add_mask(const struct queries *b, ptrdiff_t key, ptrdiff_t keys)
{
    const ptrdiff_t s = b->h->p->s;
    const float *const mask = b->all_mask != NULL ? b->all_mask + key * QUERIES : b->mask;
    if (b->all_mask == NULL)
        pack_queries(b->mask, b->h->mask + b->first * s + key, s, b->rows, keys);
    for (ptrdiff_t i = 0; i < keys * QUERIES; i += LANES)
        store(b->tile + i, load(b->tile + i) + load(mask + i));
}

/* Queries see no key that comes after them. */
static void hide_later(const struct queries *b, ptrdiff_t key, ptrdiff_t keys)
{
    const vec none = splat(-INFINITY);
    for (ptrdiff_t j = 0; j < keys; j++)
        for (int v = 0; v < 2; v++) {
            float *at = b->tile + j * QUERIES + v * LANES;
            const ivec query = lane_numbers() + (int32_t)(b->first + v * LANES);
            store(at, select(query < (int32_t)(key + j), none, load(at)));
        }
}

/* The scores of keys from `key` on. */
static void make_scores(const struct queries *b, ptrdiff_t key, ptrdiff_t keys)
{
    const params *p = b->h->p;
    multiply(along, (struct sizes){keys, vectors_of(b) * LANES, p->d}, b->h->k + key * p->d, p->d, b->q, QUERIES,
             b->tile, QUERIES, false);
    if (b->h->mask != NULL)
        add_mask(b, key, keys);
    if (p->causal && key + keys - 1 > b->first)
        hide_later(b, key, keys);
}

/* ---- Forward ---- */

/* What a block has of each of its queries: of the keys so far, the largest score, the sum of what they are worth, and
 * that times v. */
struct state {
    vec most[2], total[2];
    float *sum; /* [QUERIES, step] */
    ptrdiff_t step;
};

/* Scores become what they are worth, and sums shrink where a score is larger than those before. */
static void make_worths(const struct queries *b, ptrdiff_t keys, struct state *state)
{
    for (int v = 0; v < vectors_of(b); v++) {
        float *const tile = b->tile + v * LANES;
        vec most = state->most[v], total = {0};
        for (ptrdiff_t j = 0; j < keys; j++) {
            const vec score = load(tile + j * QUERIES);
            most = select(score > most, score, most);
        }
        const vec base = select(most == splat(-INFINITY), (vec){0}, most);
        const vec shrink = exponential(state->most[v] - base);
        for (ptrdiff_t j = 0; j < keys; j++) {
            const vec worth = exponential(load(tile + j * QUERIES) - base);
            store(tile + j * QUERIES, worth);
            total += worth;
        }
        state->total[v] = state->total[v] * shrink + total;
        state->most[v] = most;
        float factors[LANES];
        memcpy(factors, &shrink, sizeof(factors));
        for (ptrdiff_t i = 0; i < LANES && v * LANES + i < b->rows; i++)
            for (ptrdiff_t c = 0; c < state->step; c += LANES) {
                float *at = state->sum + (v * LANES + i) * state->step + c;
                store(at, load(at) * splat(factors[i]));
            }
    }
}

/* y and lse of the block. */
static void store_rows(const struct queries *b, const struct state *state, float *y, float *lse)
{
    const ptrdiff_t dv = b->h->p->dv;
    float most[QUERIES], total[QUERIES];
    memcpy(most, state->most, sizeof(most));
    memcpy(total, state->total, sizeof(total));
    for (ptrdiff_t i = 0; i < b->rows; i++) {
        const float *from = state->sum + i * state->step;
        lse[b->first + i] = total[i] > 0 ? most[i] + logf(total[i]) : NAN;
        for (ptrdiff_t c = 0; c < dv; c++)
            y[(b->first + i) * dv + c] = from[c] / total[i];
    }
}

static void forward_block(const struct queries *b, struct matrix v, float *sum, float *y, float *lse)
{
    const params *p = b->h->p;
    const ptrdiff_t end = keys_of(b), blocks = parts_of(end, KEYS);
    struct state state = {.most = {splat(-INFINITY), splat(-INFINITY)}, .sum = sum, .step = whole(p->dv)};
    memset(sum, 0, (size_t)(QUERIES * state.step) * sizeof(*sum));
    pack_queries(b->q, b->h->q + b->first * p->d, p->d, b->rows, p->d);
    for (ptrdiff_t block = 0; block < blocks; block++) {
        const ptrdiff_t key = end * block / blocks, keys = end * (block + 1) / blocks - key;
        make_scores(b, key, keys);
        make_worths(b, keys, &state);
        multiply(across, (struct sizes){b->rows, state.step, keys}, b->tile, QUERIES, v.at + key * v.step, v.step, sum,
                 state.step, true);
    }
    store_rows(b, &state, y, lse);
}

/* ---- Backward ---- */

/* Of the block's rows: lse, and y dy. What is beyond them is worth nothing. */
struct ends {
    vec lse[2], along[2];
};

/* The products of rows of y and dy from `row` on, `count` of them. */
static vec along_of(const struct head *h, ptrdiff_t row, ptrdiff_t count)
{
    const ptrdiff_t n = h->p->dv;
    vec sums[LANES];
    for (ptrdiff_t i = 0; i < LANES; i++)
        sums[i] = (vec){0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const float *y = h->y + (row + i) * n, *dy = h->dy + (row + i) * n;
        ptrdiff_t c = 0;
        for (; c + LANES <= n; c += LANES)
            sums[i] += load(y + c) * load(dy + c);
        if (c < n)
            sums[i] += load_lanes(y + c, 0, (int)(n - c)) * load_lanes(dy + c, 0, (int)(n - c));
    }
    return lane_sums(sums, LANES);
}

static struct ends begin_back(const struct queries *b)
{
    const struct head *h = b->h;
    const ptrdiff_t d = h->p->d, dv = h->p->dv;
    float lse[QUERIES];
    struct ends ends;
    for (ptrdiff_t i = 0; i < QUERIES; i++)
        lse[i] = i < b->rows ? h->lse[b->first + i] : INFINITY;
    memcpy(ends.lse, lse, sizeof(lse));
    for (ptrdiff_t v = 0; v < vectors_of(b); v++)
        ends.along[v] = along_of(h, b->first + v * LANES, least(LANES, b->rows - v * LANES));
    pack_queries(b->q, h->q + b->first * d, d, b->rows, d);
    pack_queries(b->dy, h->dy + b->first * dv, dv, b->rows, dv);
    return ends;
}

/* What the scores of some keys are worth, in the tile, and their gradients. */
static void make_slopes(const struct queries *b, const struct ends *ends, ptrdiff_t key, ptrdiff_t keys)
{
    const ptrdiff_t dv = b->h->p->dv;
    const int vectors = vectors_of(b);
    make_scores(b, key, keys);
    multiply(along, (struct sizes){keys, vectors * LANES, dv}, b->h->v + key * dv, dv, b->dy, QUERIES, b->slope,
             QUERIES, false);
    for (int v = 0; v < vectors; v++)
        for (ptrdiff_t j = 0; j < keys; j++) {
            const ptrdiff_t at = j * QUERIES + v * LANES;
            const vec worth = exponential(load(b->tile + at) - ends->lse[v]);
            store(b->tile + at, worth);
            store(b->slope + at, worth * (load(b->slope + at) - ends->along[v]));
        }
}

/* Gradients of one batch, in rows of whole vectors; dq of one block. */
struct gradients {
    struct matrix k;
    float *dq, *dk, *dv, *q_room, *dy_room;
};

static void backward_block(const struct queries *b, const struct gradients *g)
{
    const struct head *h = b->h;
    const ptrdiff_t d = h->p->d, dv = h->p->dv, wide = whole(d), wide_v = whole(dv);
    const ptrdiff_t end = keys_of(b), blocks = parts_of(end, KEYS);
    const struct ends ends = begin_back(b);
    const struct matrix q = whole_rows(h->q + b->first * d, b->rows, d, g->q_room);
    const struct matrix dy = whole_rows(h->dy + b->first * dv, b->rows, dv, g->dy_room);
    for (ptrdiff_t block = 0; block < blocks; block++) {
        const ptrdiff_t key = end * block / blocks, keys = end * (block + 1) / blocks - key;
        make_slopes(b, &ends, key, keys);
        multiply(along, (struct sizes){keys, wide_v, b->rows}, b->tile, QUERIES, dy.at, dy.step, g->dv + key * wide_v,
                 wide_v, true);
        multiply(along, (struct sizes){keys, wide, b->rows}, b->slope, QUERIES, q.at, q.step, g->dk + key * wide, wide,
                 true);
        multiply(across, (struct sizes){b->rows, wide, keys}, b->slope, QUERIES, g->k.at + key * g->k.step, g->k.step,
                 g->dq, wide, block > 0);
    }
}

/* ---- Passes ---- */

/* Floats that a thread has for: a block of queries; whole rows of queries; whole rows of keys. */
static ptrdiff_t block_room(const params *p)
{
    return ((ptrdiff_t)p->d + p->dv + 3 * KEYS) * QUERIES;
}

static ptrdiff_t query_room(const params *p)
{
    return QUERIES * (whole(p->d) + whole(p->dv));
}

static ptrdiff_t key_room(ptrdiff_t keys, ptrdiff_t n)
{
    return whole(n) == n ? 0 : keys * whole(n);
}

static struct queries new_queries(const struct head *h, ptrdiff_t block, float *room)
{
    const params *p = h->p;
    struct queries b = {.h = h, .first = block * QUERIES};
    b.rows = least(QUERIES, p->t - b.first);
    b.q = room;
    b.dy = b.q + (ptrdiff_t)p->d * QUERIES;
    b.tile = b.dy + (ptrdiff_t)p->dv * QUERIES;
    b.slope = b.tile + KEYS * QUERIES;
    b.mask = b.slope + KEYS * QUERIES;
    return b;
}

static ptrdiff_t forward_room(const params *p)
{
    return block_room(p) + QUERIES * whole(p->dv) + key_room(p->s, p->dv);
}

size_t TENKA_FAST(attention_fwd_scratch)(const int32_t *p, int threads)
{
    return (size_t)(threads * forward_room((const void *)p)) * sizeof(float);
}

bool TENKA_FAST(attention_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    float *const y = f->call->out[0], *const lse = f->call->out[1];
    const ptrdiff_t t = p->t, dv = p->dv, blocks = parts_of(t, QUERIES), each = forward_room(p);
#pragma omp parallel for if (p->batch * blocks > 1)
    for (ptrdiff_t i = 0; i < p->batch * blocks; i++) {
        float *const room = (float *)f->scratch + thread_index() * each, *const sum = room + block_room(p);
        const ptrdiff_t batch = i / blocks;
        const struct head h = head_of(f, batch, false);
        const struct queries b = new_queries(&h, i % blocks, room);
        forward_block(&b, whole_rows(h.v, p->s, dv, sum + QUERIES * whole(dv)), sum, y + batch * t * dv,
                      lse + batch * t);
    }
    return true;
}

static ptrdiff_t backward_room(const params *p)
{
    return block_room(p) + query_room(p) + QUERIES * whole(p->d) + 2 * key_room(p->s, p->d) + key_room(p->s, p->dv);
}

size_t TENKA_FAST(attention_dx_scratch)(const int32_t *p, int threads)
{
    return (size_t)(threads * backward_room((const void *)p)) * sizeof(float);
}

/* Rows of n from rows of whole vectors, unless they are where they belong. */
static void copy_rows(float *to, const float *from, ptrdiff_t rows, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < rows && to != from; i++)
        memcpy(to + i * n, from + i * whole(n), (size_t)n * sizeof(*to));
}

static void backward(const struct head *h, float *room, float *dq, float *dk, float *dv)
{
    const params *p = h->p;
    const ptrdiff_t d = p->d, width = p->dv, keys = p->s;
    struct gradients g = {.q_room = room + block_room(p)};
    float *const k_room = g.q_room + query_room(p) + QUERIES * whole(d);
    g.dy_room = g.q_room + QUERIES * whole(d);
    g.k = whole_rows(h->k, keys, d, k_room);
    g.dk = whole(d) == d ? dk : k_room + key_room(keys, d);
    g.dv = whole(width) == width ? dv : k_room + 2 * key_room(keys, d);
    memset(g.dk, 0, (size_t)(keys * whole(d)) * sizeof(*dk));
    memset(g.dv, 0, (size_t)(keys * whole(width)) * sizeof(*dv));
    for (ptrdiff_t block = 0; block < parts_of(p->t, QUERIES); block++) {
        const struct queries b = new_queries(h, block, room);
        g.dq = whole(d) == d ? dq + b.first * d : g.q_room + query_room(p);
        backward_block(&b, &g);
        copy_rows(dq + b.first * d, g.dq, b.rows, d);
    }
    copy_rows(dk, g.dk, keys, d);
    copy_rows(dv, g.dv, keys, width);
}

bool TENKA_FAST(attention_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    float *const dq = f->call->out[0], *const dk = f->call->out[1], *const dv = f->call->out[2];
    const ptrdiff_t t = p->t, s = p->s, each = backward_room(p);
#pragma omp parallel for if (p->batch > 1)
    for (ptrdiff_t i = 0; i < p->batch; i++) {
        const struct head h = head_of(f, i, true);
        backward(&h, (float *)f->scratch + thread_index() * each, dq + i * t * p->d, dk + i * s * p->d,
                 dv + i * s * p->dv);
    }
    return true;
}

/* ---- The mask's gradient ---- */

/* The batch of number `rest` among those that see a matrix of the mask. */
static ptrdiff_t batch_of(const params *p, ptrdiff_t mask, ptrdiff_t rest)
{
    ptrdiff_t batch = 0, size = 1;
    for (int i = 3; i >= 0; size *= p->lead[i], i--) {
        ptrdiff_t *const left = p->stride[i] > 0 ? &mask : &rest;
        batch += *left % p->lead[i] * size;
        *left /= p->lead[i];
    }
    return batch;
}

/* Adds the gradients of the block's scores to sum [s, QUERIES]. */
static void add_slopes(const struct queries *b, float *sum)
{
    const ptrdiff_t end = keys_of(b), blocks = parts_of(end, KEYS);
    const struct ends ends = begin_back(b);
    for (ptrdiff_t block = 0; block < blocks; block++) {
        const ptrdiff_t key = end * block / blocks, keys = end * (block + 1) / blocks - key;
        make_slopes(b, &ends, key, keys);
        for (ptrdiff_t j = 0; j < keys; j++)
            for (int v = 0; v < vectors_of(b); v++) {
                float *at = sum + (key + j) * QUERIES + v * LANES;
                store(at, load(at) + load(b->slope + j * QUERIES + v * LANES));
            }
    }
}

static ptrdiff_t mask_room(const params *p)
{
    return block_room(p) + 2 * (ptrdiff_t)p->s * QUERIES;
}

size_t TENKA_FAST(attention_dmask_scratch)(const int32_t *p, int threads)
{
    return (size_t)(threads * mask_room((const void *)p)) * sizeof(float);
}

bool TENKA_FAST(attention_dmask)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const ptrdiff_t s = p->s, blocks = parts_of(p->t, QUERIES), each = mask_room(p);
#pragma omp parallel for if (p->masks * blocks > 1)
    for (ptrdiff_t i = 0; i < p->masks * blocks; i++) {
        float *const room = (float *)f->scratch + thread_index() * each, *const sum = room + block_room(p);
        float *const mask = sum + s * QUERIES;
        const ptrdiff_t first = i % blocks * QUERIES, rows = least(QUERIES, p->t - first);
        const ptrdiff_t at = (i / blocks * p->t + first) * s;
        memset(sum, 0, (size_t)(s * QUERIES) * sizeof(*sum));
        pack_queries(mask, (const float *)f->call->in[3] + at, s, rows, s);
        for (ptrdiff_t rest = 0; rest < p->batch / p->masks; rest++) {
            const struct head h = head_of(f, batch_of(p, i / blocks, rest), true);
            struct queries b = new_queries(&h, i % blocks, room);
            b.all_mask = mask;
            add_slopes(&b, sum);
        }
        for (ptrdiff_t row = 0; row < rows; row++)
            for (ptrdiff_t j = 0; j < s; j++)
                ((float *)f->call->out[0])[at + row * s + j] = sum[j * QUERIES + row];
    }
    return true;
}
