/* Elements between others; see backend/cpu/interpolate.c. A vector of columns of y goes down a plane: the columns of a
 * row of x are mixed once, and stay in registers, or in lines where rows are long, while rows of y lie between it and the
 * next. Gradients go down in the same way, into lines, one for each row of x, whose columns are added afterwards. Planes
 * that become twice as large go another way (interpolate_double.c). */
#include <math.h>

#include "backend/cpu/fast/interpolate.h"

typedef struct tenka_p_interpolate params;

enum {
    SMALL = 1 << 15,  /* elements below which threads are not worth starting */
    LINES = 16,       /* rows of x that a thread makes at a time */
    CHAINS = 4,       /* vectors beside each other that go down together */
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

/* Cuts the scratch memory, of which the floats before the lines are returned. */
static size_t lay_out(const params *p, float *scratch, struct tables *out)
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
    return lines;
}

size_t TENKA_FAST(interpolate_fwd_scratch)(const int32_t *params_, int threads)
{
    const params *p = (const void *)params_;
    return (lay_out(p, NULL, NULL) + (size_t)threads * LINES * line_width(p)) * sizeof(float);
}

size_t TENKA_FAST(interpolate_dx_scratch)(const int32_t *p, int threads)
{
    return TENKA_FAST(interpolate_fwd_scratch)(p, threads);
}

static bool is_linear(const params *p)
{
    return p->mode == TENKA_BETWEEN_LINEAR || p->mode == TENKA_BETWEEN_CORNERS;
}

/* Whether all columns of y go down together. */
static bool is_short(const params *p)
{
    return p->ow <= CHAINS * LANES;
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
    lay_out(p, f->scratch, &t);
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

ALWAYS_INLINE int lanes_left(int32_t at, int32_t end)
{
    return end - at < 0 ? 0 : end - at < LANES ? end - at : LANES;
}

/* ---- Forward ---- */

/* What LANES columns of y, from j on, are made of: elements of a row of x, which are picked from two vectors where they
 * lie so near. */
struct columns {
    bool near;
    int32_t base;
    lane_mask a, b; /* of the two vectors, what lies inside the row */
    ivec first, second;
    vec share;
};

ALWAYS_INLINE struct columns columns_at(const params *p, const struct tables *t, int32_t j)
{
    struct columns c = {
        .base = t->first[j],
        .near = t->second[j + LANES - 1] - t->first[j] < 2 * LANES,
        .share = load(t->share + j),
    };
    c.a = mask_lanes(0, lanes_left(c.base, p->w));
    c.b = mask_lanes(0, lanes_left(c.base + LANES, p->w));
    c.first = (ivec)load((const float *)t->first + j) - c.base;
    c.second = (ivec)load((const float *)t->second + j) - c.base;
    return c;
}

ALWAYS_INLINE vec gather(const float *from, ivec at)
{
    vec v;
    for (int i = 0; i < LANES; i++)
        v[i] = from[at[i]];
    return v;
}

/* The columns of y in a row of x. */
ALWAYS_INLINE vec mix_columns(const struct columns *c, const float *row, bool near, bool linear)
{
    vec left, right = {0};
    row += c->base;
    if (near) {
        const vec a = load_masked(row, c->a), b = load_masked(row + LANES, c->b);
        left = pick_both(a, b, c->first);
        right = linear ? pick_both(a, b, c->second) : right;
    } else {
        left = gather(row, c->first);
        right = linear ? gather(row, c->second) : right;
    }
    return linear ? left * (1 - c->share) + right * c->share : left;
}

/* So many lanes of rows i .. end-1 of y, where y begins with the first of the columns. */
ALWAYS_INLINE void go_down(const params *p, const struct between *rows, const struct columns *columns, const float *x,
                           int32_t i, int32_t end, lane_mask lanes, bool near, bool linear, float *y)
{
    const struct columns c = *columns; /* which no store changes */
    const ptrdiff_t w = p->w, ow = p->ow;
    vec above = {0}, below = {0};
    int32_t first = -1, second = -1;
    for (y += i * ow; i < end; i++, y += ow) {
        const struct between b = rows[i];
        if (b.first != first || b.second != second) {
            above = b.first == second ? below : mix_columns(&c, x + b.first * w, near, linear);
            below = b.second == b.first ? above : mix_columns(&c, x + b.second * w, near, linear);
            first = b.first;
            second = b.second;
        }
        store_masked(y, linear ? above * (1 - b.share) + below * b.share : above, lanes);
    }
}

/* The same of all columns. */
ALWAYS_INLINE void make_rows(const params *p, const struct tables *t, const float *x, int32_t i, int32_t end,
                             bool linear, float *y)
{
    for (int32_t j = 0; j < p->ow; j += LANES) {
        const struct columns columns = columns_at(p, t, j);
        const lane_mask lanes = mask_lanes(0, lanes_left(j, p->ow));
        if (columns.near)
            go_down(p, t->rows, &columns, x, i, end, lanes, true, linear, y + j);
        else
            go_down(p, t->rows, &columns, x, i, end, lanes, false, linear, y + j);
    }
}

/* ---- Long rows, which are written one after the other: pieces of several of them would come slowly to memory. A row of
 * x is copied to where whole vectors can be read. ---- */

/* to = from, of which whole vectors may be written. */
ALWAYS_INLINE void copy_line(const float *from, int32_t n, float *to)
{
    int32_t k = 0;
    for (; k + LANES <= n; k += LANES)
        store(to + k, load(from + k));
    if (k < n)
        store(to + k, load_lanes(from + k, 0, n - k));
}

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
static void mix_line(const struct tables *t, const float *line, int32_t n, float *to)
{
    for (int32_t j = 0; j < n; j += LANES) {
        const vec share = load(t->share + j);
        const vec left = take_lanes(line, t->first + j, t->first[j + LANES - 1]);
        const vec right = take_lanes(line, t->second + j, t->second[j + LANES - 1]);
        store(to + j, left * (1 - share) + right * share);
    }
}

/* The same where elements are not mixed, for `rows` equal rows of y. */
static void take_line(const struct tables *t, const float *line, int32_t n, int32_t rows, float *y)
{
    for (int32_t j = 0; j < n; j += LANES) {
        const vec v = take_lanes(line, t->first + j, t->first[j + LANES - 1]);
        const lane_mask lanes = mask_lanes(0, lanes_left(j, n));
        for (int32_t i = 0; i < rows; i++)
            store_masked(y + (ptrdiff_t)i * n + j, v, lanes);
    }
}

/* Rows of x whose columns were mixed stay until the next but one takes their place. */
static void make_linear(const params *p, const struct tables *t, float *line, const float *x, float *y)
{
    float *const mixed[2] = {line + line_width(p), line + 2 * line_width(p)};
    int32_t has[2] = {-1, -1};
    for (int32_t i = 0; i < p->oh; i++, y += p->ow) {
        const struct between b = t->rows[i];
        for (int32_t row = b.first; row <= b.second; row++)
            if (has[row % 2] != row) {
                copy_line(x + (ptrdiff_t)row * p->w, p->w, line);
                mix_line(t, line, p->ow, mixed[row % 2]);
                has[row % 2] = row;
            }
        mix_rows(mixed[b.first % 2], mixed[b.second % 2], b.share, p->ow, y);
    }
}

static void make_nearest(const params *p, const struct tables *t, float *line, const float *x, float *y)
{
    int32_t rows;
    for (int32_t i = 0; i < p->oh; i += rows, y += (ptrdiff_t)rows * p->ow) {
        const int32_t row = t->rows[i].first;
        for (rows = 1; i + rows < p->oh && t->rows[i + rows].first == row;)
            rows++;
        copy_line(x + (ptrdiff_t)row * p->w, p->w, line);
        take_line(t, line, p->ow, rows, y);
    }
}

/* ---- Planes ---- */

static float *own_lines(const params *p, const struct tables *t)
{
    return t->lines + LINES * (size_t)thread_index() * line_width(p);
}

static void make_plane(const params *p, const struct tables *t, const float *x, float *y)
{
    if (is_linear(p) && is_short(p))
        make_rows(p, t, x, 0, p->oh, true, y);
    else if (is_linear(p))
        make_linear(p, t, own_lines(p, t), x, y);
    else if (is_short(p))
        make_rows(p, t, x, 0, p->oh, false, y);
    else
        make_nearest(p, t, own_lines(p, t), x, y);
}

bool TENKA_FAST(interpolate_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    if (TENKA_FAST(doubles)(p, f->call->scalars)) {
        TENKA_FAST(double_fwd)(p, x, y);
        return true;
    }
    const struct tables t = make_tables(f, p);
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for if (p->nc * out > SMALL)
    for (int32_t i = 0; i < p->nc; i++)
        make_plane(p, &t, x + i * in, y + i * out);
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

/* Lines of rows k .. end-1 of dx, to[0] being that of row k: `vectors` from where dy and to begin, of which the last has
 * so many lanes. Each row of dy is read once: it belongs to the line that is being summed, and to the next. */
ALWAYS_INLINE void sum_down(const params *p, const struct tables *t, int32_t k, int32_t end, const float *dy,
                            int vectors, lane_mask lanes, bool linear, float *to)
{
    const ptrdiff_t width = (ptrdiff_t)line_width(p);
    vec sum[CHAINS], next[CHAINS];
    UNROLL
    for (int v = 0; v < vectors; v++)
        sum[v] = next[v] = (vec){0};
    int32_t i = t->of_rows[k].begin;
    for (; i < p->oh && t->rows[i].first < k; i++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[v] +=
                load_masked(dy + i * (ptrdiff_t)p->ow + v * LANES, v < vectors - 1 ? mask_lanes(0, LANES) : lanes) *
                t->rows[i].share;
    }
    for (; k < end; k++, to += width) {
        for (; i < p->oh && t->rows[i].first == k; i++) {
            const float share = t->rows[i].share;
            UNROLL
            for (int v = 0; v < vectors; v++) {
                const float *from = dy + i * (ptrdiff_t)p->ow + v * LANES;
                const vec d = v < vectors - 1 ? load(from) : load_masked(from, lanes);
                sum[v] += linear ? d * (1 - share) : d;
                if (linear && share != 0)
                    next[v] += d * share;
            }
        }
        UNROLL
        for (int v = 0; v < vectors; v++) {
            store(to + v * LANES, sum[v]);
            sum[v] = next[v];
            next[v] = (vec){0};
        }
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

ALWAYS_INLINE void sum_lines(const params *p, const struct tables *t, int32_t k, int32_t end, const float *dy,
                             bool linear, float *to)
{
    int32_t j = 0;
    for (; p->ow - j > 3 * LANES; j += CHAINS * LANES)
        sum_down(p, t, k, end, dy + j, CHAINS, mask_lanes(0, lanes_left(j + 3 * LANES, p->ow)), linear, to + j);
    if (p->ow - j > 2 * LANES)
        sum_down(p, t, k, end, dy + j, 3, mask_lanes(0, lanes_left(j + 2 * LANES, p->ow)), linear, to + j);
    else if (p->ow - j > LANES)
        sum_down(p, t, k, end, dy + j, 2, mask_lanes(0, lanes_left(j + LANES, p->ow)), linear, to + j);
    else if (p->ow > j)
        sum_down(p, t, k, end, dy + j, 1, mask_lanes(0, lanes_left(j, p->ow)), linear, to + j);
}

static void add_line(const params *p, const struct tables *t, const float *line, float *dx)
{
    if (t->near)
        add_near_columns(p, t, line, dx);
    else
        add_columns(p, t, line, dx);
}

static void plane_gradient(const params *p, const struct tables *t, const float *dy, float *lines, float *dx)
{
    for (int32_t k = 0; k < p->h; k += LINES) {
        const int32_t end = p->h - k < LINES ? p->h : k + LINES;
        if (is_linear(p))
            sum_lines(p, t, k, end, dy, true, lines);
        else
            sum_lines(p, t, k, end, dy, false, lines);
        for (int32_t i = k; i < end; i++)
            add_line(p, t, lines + (size_t)(i - k) * line_width(p), dx + (ptrdiff_t)i * p->w);
    }
}

/* The same where rows of dy are long: those of each row of x are read one after the other. */
static void long_gradient(const params *p, const struct tables *t, const float *dy, float *line, float *dx)
{
    for (int32_t k = 0; k < p->h; k++) {
        add_rows(p, t, k, dy, line);
        add_line(p, t, line, dx + (ptrdiff_t)k * p->w);
    }
}

bool TENKA_FAST(interpolate_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *dy = f->call->in[0];
    float *dx = f->call->out[0];
    if (TENKA_FAST(doubles)(p, f->call->scalars)) {
        TENKA_FAST(double_dx)(p, dy, dx);
        return true;
    }
    struct tables t = make_tables(f, p);
    fill_meetings(p, &t);
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for if (p->nc * out > SMALL)
    for (int32_t i = 0; i < p->nc; i++)
        if (is_short(p))
            plane_gradient(p, &t, dy + i * out, own_lines(p, &t), dx + i * in);
        else
            long_gradient(p, &t, dy + i * out, own_lines(p, &t), dx + i * in);
    return true;
}
