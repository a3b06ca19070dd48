/* Elements between others; see backend/cpu/interpolate.c. Columns go first, of each row of x once, then rows of what
 * they have become are mixed; gradients of all rows of y that have a row of x are added before their columns are. */
#include <math.h>

#include "backend/cpu/fast/kernels.h"

typedef struct tenka_p_interpolate params;

enum {
    SMALL = 1 << 15,  /* elements below which threads are not worth starting */
    LINES = 3,        /* of floats that a thread has */
    CHAINS = 4,       /* running sums beside each other, as an addition takes some cycles */
    MOST_MEETINGS = 8 /* of an element of x with those of y along a row, where its gradient is made in vectors */
};

/* Of an element of y along an axis: two elements of x, and its share of the second; 0 where they are the same. */
struct between {
    int32_t first, second;
    float share;
};

/* Of an element of x along an axis: those of y that are made of it. */
struct meetings {
    int32_t begin, count;
};

/* What is the same for all planes. */
struct tables {
    struct between *rows, *columns; /* of y */
    int32_t *first, *second;        /* the same of all columns, in vectors */
    float *share;
    struct meetings *of_rows; /* of x; this and what follows for dx alone */
    int32_t *begin, *count;   /* the meetings of all columns of x */
    float *weights;           /* of the meetings, a line for each number */
    int32_t most;             /* of the counts */
    bool near;                /* so few, and so near, that they are taken in vectors */
    float *lines;             /* LINES a thread */
};

static size_t in_vectors(int32_t n)
{
    return ((size_t)n + LANES - 1) / LANES * LANES;
}

static size_t line_width(const params *p)
{
    return in_vectors(p->w > p->ow ? p->w : p->ow) + 2 * LANES + in_vectors(MOST_MEETINGS);
}

/* Cuts the scratch memory, of which the floats that are needed are returned. */
static size_t lay_out(const params *p, float *scratch, int threads, struct tables *out)
{
    const size_t n = in_vectors(p->ow), w = in_vectors(p->w), rows = 3 * in_vectors(p->oh),
                 of_rows = 2 * in_vectors(p->h);
    const size_t lines = rows + 6 * n + of_rows + (2 + MOST_MEETINGS) * w;
    if (scratch != NULL)
        *out = (struct tables){
            .rows = (struct between *)scratch,
            .first = (int32_t *)scratch + rows,
            .second = (int32_t *)scratch + rows + n,
            .share = scratch + rows + 2 * n,
            .columns = (struct between *)(scratch + rows + 3 * n),
            .of_rows = (struct meetings *)(scratch + rows + 6 * n),
            .begin = (int32_t *)scratch + rows + 6 * n + of_rows,
            .count = (int32_t *)scratch + rows + 6 * n + of_rows + w,
            .weights = scratch + rows + 6 * n + of_rows + 2 * w,
            .lines = scratch + lines,
        };
    return lines + LINES * (size_t)threads * line_width(p);
}

size_t TENKA_FAST(interpolate_fwd_scratch)(const int32_t *p, int threads)
{
    return lay_out((const void *)p, NULL, threads, NULL) * sizeof(float);
}

size_t TENKA_FAST(interpolate_dx_scratch)(const int32_t *p, int threads)
{
    return lay_out((const void *)p, NULL, threads, NULL) * sizeof(float);
}

static bool is_linear(const params *p)
{
    return p->mode == TENKA_BETWEEN_LINEAR || p->mode == TENKA_BETWEEN_CORNERS;
}

static float position(const params *p, int32_t i, float scale)
{
    switch (p->mode) {
    case TENKA_BETWEEN_NEAREST_EXACT: return ((float)i + 0.5f) * scale;
    case TENKA_BETWEEN_LINEAR: return fmaxf(((float)i + 0.5f) * scale - 0.5f, 0);
    default: return (float)i * scale;
    }
}

static struct between between(const params *p, int32_t i, int32_t size, float scale)
{
    const float at = position(p, i, scale);
    const int32_t first = at < (float)(size - 1) ? (int32_t)at : size - 1;
    if (!is_linear(p))
        return (struct between){first, first, 0};
    return first + 1 < size ? (struct between){first, first + 1, fminf(at - (float)first, 1)}
                            : (struct between){first, first, 0};
}

static struct tables make_tables(const struct tenka_fast_call *f, const params *p)
{
    const float *scalars = f->call->scalars;
    struct tables t;
    lay_out(p, f->scratch, f->threads, &t);
    for (int32_t i = 0; i < p->oh; i++)
        t.rows[i] = between(p, i, p->h, scalars[0]);
    for (size_t j = 0; j < in_vectors(p->ow); j++) {
        const int32_t place = j < (size_t)p->ow ? (int32_t)j : p->ow - 1;
        const struct between b = between(p, place, p->w, scalars[1]);
        t.columns[j] = b;
        t.first[j] = b.first;
        t.second[j] = b.second;
        t.share[j] = b.share;
    }
    return t;
}

static float *own_line(const params *p, const struct tables *t)
{
    return t->lines + LINES * (size_t)thread_index() * line_width(p);
}

ALWAYS_INLINE int lanes_left(int32_t at, int32_t end)
{
    return end - at < LANES ? end - at : LANES;
}

/* to = from, of which whole vectors may be written. */
ALWAYS_INLINE void copy_line(const float *from, int32_t n, float *to)
{
    int32_t k = 0;
    for (; k + LANES <= n; k += LANES)
        store(to + k, load(from + k));
    if (k < n)
        store(to + k, load_lanes(from + k, 0, n - k));
}

/* ---- Forward ---- */

/* y = above (1 - share) + below share */
static void mix_rows(const float *above, const float *below, float share, int32_t n, float *y)
{
    int32_t j = 0;
    for (; j + LANES <= n; j += LANES)
        store(y + j, load(above + j) * (1 - share) + load(below + j) * share);
    if (j < n)
        store_lanes(y + j, load(above + j) * (1 - share) + load(below + j) * share, 0, n - j);
}

/* The elements of the line at LANES columns from j on, of which `last` is the last. Neighbours of a plane that is made
 * larger lie so near that they are picked from two vectors. */
ALWAYS_INLINE vec take_lanes(const float *line, const int32_t *at, int32_t last)
{
    const int32_t base = at[0];
    if (last - base < 2 * LANES)
        return pick_lanes(line + base, (ivec)load((const float *)at) - base);
    vec v;
    for (int i = 0; i < LANES; i++)
        v[i] = line[at[i]];
    return v;
}

/* The columns of y in a line of x; whole vectors are written. */
static void mix_columns(const struct tables *t, const float *line, int32_t n, float *to)
{
    for (int32_t j = 0; j < n; j += LANES) {
        const vec share = load(t->share + j);
        const vec left = take_lanes(line, t->first + j, t->first[j + LANES - 1]);
        const vec right = take_lanes(line, t->second + j, t->second[j + LANES - 1]);
        store(to + j, left * (1 - share) + right * share);
    }
}

/* The same where elements are not mixed, for `rows` equal rows of y. */
static void take_columns(const struct tables *t, const float *line, int32_t n, int32_t rows, float *y)
{
    for (int32_t j = 0; j < n; j += LANES) {
        const vec v = take_lanes(line, t->first + j, t->first[j + LANES - 1]);
        const lane_mask lanes = mask_lanes(0, lanes_left(j, n));
        for (int32_t i = 0; i < rows; i++)
            store_masked(y + (ptrdiff_t)i * n + j, v, lanes);
    }
}

/* Rows of x whose columns were mixed stay until the next but one takes their place. */
static void linear_plane(const params *p, const struct tables *t, float *line, const float *x, float *y)
{
    float *const mixed[2] = {line + line_width(p), line + 2 * line_width(p)};
    int32_t has[2] = {-1, -1};
    for (int32_t i = 0; i < p->oh; i++, y += p->ow) {
        const struct between b = t->rows[i];
        for (int32_t row = b.first; row <= b.second; row++)
            if (has[row % 2] != row) {
                copy_line(x + (ptrdiff_t)row * p->w, p->w, line);
                mix_columns(t, line, p->ow, mixed[row % 2]);
                has[row % 2] = row;
            }
        mix_rows(mixed[b.first % 2], mixed[b.second % 2], b.share, p->ow, y);
    }
}

static void nearest_plane(const params *p, const struct tables *t, float *line, const float *x, float *y)
{
    int32_t rows;
    for (int32_t i = 0; i < p->oh; i += rows, y += (ptrdiff_t)rows * p->ow) {
        const int32_t row = t->rows[i].first;
        for (rows = 1; i + rows < p->oh && t->rows[i + rows].first == row;)
            rows++;
        copy_line(x + (ptrdiff_t)row * p->w, p->w, line);
        take_columns(t, line, p->ow, rows, y);
    }
}

bool TENKA_FAST(interpolate_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    const struct tables t = make_tables(f, p);
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for if (p->nc * out > SMALL)
    for (int32_t i = 0; i < p->nc; i++) {
        float *line = own_line(p, &t);
        if (is_linear(p))
            linear_plane(p, &t, line, x + i * in, y + i * out);
        else
            nearest_plane(p, &t, line, x + i * in, y + i * out);
    }
    return true;
}

/* ---- Backward ---- */

/* What element k of x is worth to one of y that it meets. */
ALWAYS_INLINE float weight_of(struct between b, int32_t k)
{
    return b.first == k ? 1 - b.share : b.share;
}

/* The meetings of element k of x with `size` of y; those of the element before begin at `begin`. What is worth nothing
 * is left out where it comes first. */
static struct meetings meetings_of(const struct between *all, int32_t size, int32_t k, int32_t begin)
{
    while (begin < size && (all[begin].first < k - 1 || (all[begin].first == k - 1 && all[begin].share == 0)))
        begin++;
    int32_t end = begin;
    while (end < size && all[end].first <= k)
        end++;
    return (struct meetings){begin, end - begin};
}

static void fill_meetings(const params *p, struct tables *t)
{
    int32_t begin = 0;
    for (int32_t k = 0; k < p->h; k++) {
        t->of_rows[k] = meetings_of(t->rows, p->oh, k, begin);
        begin = t->of_rows[k].begin;
    }
    begin = 0;
    t->near = true;
    const ptrdiff_t lanes = (ptrdiff_t)in_vectors(p->w);
    for (int32_t k = 0; k < lanes; k++) {
        const struct meetings m = k < p->w ? meetings_of(t->columns, p->ow, k, begin) : (struct meetings){begin, 0};
        begin = m.begin;
        t->begin[k] = m.begin;
        t->count[k] = m.count;
        t->most = m.count > t->most ? m.count : t->most;
        t->near &= m.count <= MOST_MEETINGS && m.begin - t->begin[k / LANES * LANES] < 2 * LANES;
        for (int32_t i = 0; i < m.count && i < MOST_MEETINGS; i++)
            t->weights[i * lanes + k] = weight_of(t->columns[m.begin + i], k);
    }
}

/* line = the rows of dy that row k of dx meets, each times its weight: `vectors` of them from column j on, of which the
 * last has so many lanes. */
ALWAYS_INLINE void add_vectors(const params *p, const struct tables *t, int32_t k, const float *dy, int vectors,
                               lane_mask lanes, float *line)
{
    const struct meetings m = t->of_rows[k];
    vec sum[CHAINS];
    UNROLL
    for (int v = 0; v < vectors; v++)
        sum[v] = (vec){0};
    dy += (ptrdiff_t)m.begin * p->ow;
    for (int32_t i = m.begin; i < m.begin + m.count; i++, dy += p->ow) {
        const vec weight = splat(weight_of(t->rows[i], k));
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[v] += (v < vectors - 1 ? load(dy + v * LANES) : load_masked(dy + v * LANES, lanes)) * weight;
    }
    UNROLL
    for (int v = 0; v < vectors; v++)
        store(line + v * LANES, sum[v]);
}

static void add_rows(const params *p, const struct tables *t, int32_t k, const float *dy, float *line)
{
    int32_t j = 0;
    for (; j + CHAINS * LANES <= p->ow; j += CHAINS * LANES)
        add_vectors(p, t, k, dy + j, CHAINS, mask_lanes(0, LANES), line + j);
    for (; j + 2 * LANES <= p->ow; j += 2 * LANES)
        add_vectors(p, t, k, dy + j, 2, mask_lanes(0, LANES), line + j);
    if (j + LANES < p->ow)
        add_vectors(p, t, k, dy + j, 2, mask_lanes(0, p->ow - j - LANES), line + j);
    else if (j < p->ow)
        add_vectors(p, t, k, dy + j, 1, mask_lanes(0, p->ow - j), line + j);
}

/* A row of dx from such a line. */
static void add_near_columns(const params *p, const struct tables *t, const float *line, float *dx)
{
    const ptrdiff_t lanes = (ptrdiff_t)in_vectors(p->w);
    for (int32_t k = 0; k < p->w; k += LANES) {
        const int32_t base = t->begin[k];
        const ivec at = (ivec)load((const float *)t->begin + k) - base, count = (ivec)load((const float *)t->count + k);
        vec sum = {0};
        for (int32_t i = 0; i < t->most; i++) {
            const vec part = pick_lanes(line + base + i, at) * load(t->weights + i * lanes + k);
            sum += select(count > i, part, (vec){0});
        }
        store_lanes(dx + k, sum, 0, lanes_left(k, p->w));
    }
}

/* The same where columns of y are many or far from each other. */
static void add_columns(const params *p, const struct tables *t, const float *line, float *restrict dx)
{
    const bool linear = is_linear(p);
    float sum = 0, next = 0;
    int32_t k = 0;
    for (int32_t j = 0; j < p->ow; j++) {
        for (; k < t->first[j]; k++) {
            dx[k] = sum;
            sum = next;
            next = 0;
        }
        sum += linear ? (1 - t->share[j]) * line[j] : line[j];
        if (linear)
            next += t->share[j] * line[j];
    }
    for (; k < p->w; k++) {
        dx[k] = sum;
        sum = next;
        next = 0;
    }
}

bool TENKA_FAST(interpolate_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *dy = f->call->in[0];
    float *dx = f->call->out[0];
    struct tables t = make_tables(f, p);
    fill_meetings(p, &t);
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for if (p->nc * out > SMALL)
    for (int32_t i = 0; i < p->nc; i++) {
        float *line = own_line(p, &t);
        for (int32_t k = 0; k < p->h; k++) {
            add_rows(p, &t, k, dy + i * out, line);
            if (t.near)
                add_near_columns(p, &t, line, dx + i * in + (ptrdiff_t)k * p->w);
            else
                add_columns(p, &t, line, dx + i * in + (ptrdiff_t)k * p->w);
        }
    }
    return true;
}
