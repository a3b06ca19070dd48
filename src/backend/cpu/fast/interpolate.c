/* Elements between others; see backend/cpu/interpolate.c. Rows go first, as vectors, then the columns of what they have
 * become; gradients of all rows of y that have a row of x are added before their columns are. */
#include <math.h>

#include "backend/cpu/fast/kernels.h"

typedef struct tenka_p_interpolate params;

/* Elements below which threads are not worth starting. */
enum { SMALL = 1 << 15 };

/* Of an element of y along an axis: two elements of x, and its share of the second. */
struct between {
    int32_t first, second;
    float share;
};

/* The same of all columns, and a thread's two lines of floats. */
struct columns {
    int32_t *first, *second;
    float *share, *line, *next;
};

static size_t in_vectors(int32_t n)
{
    return ((size_t)n + LANES - 1) / LANES * LANES;
}

static size_t line_width(const params *p)
{
    return in_vectors(p->w > p->ow ? p->w : p->ow) + 2 * LANES;
}

static size_t scratch_bytes(const params *p, int threads)
{
    return (3 * in_vectors(p->ow) + 2 * (size_t)threads * line_width(p)) * sizeof(float);
}

size_t TENKA_FAST(interpolate_fwd_scratch)(const int32_t *p, int threads)
{
    return scratch_bytes((const void *)p, threads);
}

size_t TENKA_FAST(interpolate_dx_scratch)(const int32_t *p, int threads)
{
    return scratch_bytes((const void *)p, threads);
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
    return (struct between){first, first + 1 < size ? first + 1 : first, fminf(at - (float)first, 1)};
}

static struct columns fill_columns(const struct tenka_fast_call *f, const params *p)
{
    const float *scalars = f->call->scalars;
    const size_t n = in_vectors(p->ow);
    const struct columns c = {.first = f->scratch,
                              .second = (int32_t *)f->scratch + n,
                              .share = (float *)f->scratch + 2 * n,
                              .line = (float *)f->scratch + 3 * n};
    for (size_t j = 0; j < n; j++) {
        const int32_t place = j < (size_t)p->ow ? (int32_t)j : p->ow - 1;
        const struct between b = between(p, place, p->w, scalars[1]);
        c.first[j] = b.first;
        c.second[j] = b.second;
        c.share[j] = b.second != b.first ? b.share : 0;
    }
    return c;
}

static struct columns own_lines(const params *p, struct columns c)
{
    c.line += 2 * (size_t)thread_index() * line_width(p);
    c.next = c.line + line_width(p);
    return c;
}

ALWAYS_INLINE int lanes_left(int32_t at, int32_t end)
{
    return end - at < LANES ? end - at : LANES;
}

/* ---- Forward ---- */

static void mix_rows(const float *above, const float *below, float share, int32_t n, float *line)
{
    for (int32_t k = 0; k < n; k += LANES) {
        const int count = lanes_left(k, n);
        store(line + k, load_lanes(above + k, 0, count) * (1 - share) + load_lanes(below + k, 0, count) * share);
    }
}

/* The elements of the line at LANES columns from j on, of which `last` is the last. Neighbours of a plane that is made
 * larger lie so near that they are picked from two vectors. */
ALWAYS_INLINE vec take_lanes(const float *line, const int32_t *at, int32_t last)
{
    const int32_t base = at[0];
    if (last - base < 2 * LANES)
        return pick_lanes(line + base, load_int_lanes(at, 0, LANES) - base);
    vec v;
    for (int i = 0; i < LANES; i++)
        v[i] = line[at[i]];
    return v;
}

static void mix_columns(const struct columns *c, int32_t n, float *y)
{
    for (int32_t j = 0; j < n; j += LANES) {
        const vec share = load(c->share + j);
        const vec left = take_lanes(c->line, c->first + j, c->first[j + LANES - 1]);
        const vec right = take_lanes(c->line, c->second + j, c->second[j + LANES - 1]);
        store_lanes(y + j, left * (1 - share) + right * share, 0, lanes_left(j, n));
    }
}

static void take_columns(const struct columns *c, int32_t n, float *y)
{
    for (int32_t j = 0; j < n; j += LANES)
        store_lanes(y + j, take_lanes(c->line, c->first + j, c->first[j + LANES - 1]), 0, lanes_left(j, n));
}

static void linear_plane(const params *p, const struct columns *c, float scale, const float *x, float *y)
{
    for (int32_t i = 0; i < p->oh; i++) {
        const struct between b = between(p, i, p->h, scale);
        mix_rows(x + (ptrdiff_t)b.first * p->w, x + (ptrdiff_t)b.second * p->w, b.share, p->w, c->line);
        mix_columns(c, p->ow, y + (ptrdiff_t)i * p->ow);
    }
}

static void nearest_plane(const params *p, const struct columns *c, float scale, const float *x, float *y)
{
    int32_t last = -1;
    for (int32_t i = 0; i < p->oh; i++) {
        const int32_t row = between(p, i, p->h, scale).first;
        float *to = y + (ptrdiff_t)i * p->ow;
        if (row != last)
            memcpy(c->line, x + (ptrdiff_t)row * p->w, (size_t)p->w * sizeof(*c->line));
        take_columns(c, p->ow, to);
        last = row;
    }
}

bool TENKA_FAST(interpolate_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0], *scalars = f->call->scalars;
    float *y = f->call->out[0];
    const struct columns all = fill_columns(f, p);
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for if (p->nc * out > SMALL)
    for (int32_t i = 0; i < p->nc; i++) {
        const struct columns c = own_lines(p, all);
        if (is_linear(p))
            linear_plane(p, &c, scalars[0], x + i * in, y + i * out);
        else
            nearest_plane(p, &c, scalars[0], x + i * in, y + i * out);
    }
    return true;
}

/* ---- Backward ---- */

/* line += share * dy */
static void add_row(const float *dy, float share, int32_t n, float *line)
{
    for (int32_t j = 0; j < n; j += LANES)
        store(line + j, load(line + j) + load_lanes(dy + j, 0, lanes_left(j, n)) * share);
}

/* A row of dx from the line of what its rows of dy have come to. */
static void add_columns(const params *p, const struct columns *c, float *restrict dx)
{
    const bool linear = is_linear(p);
    float sum = 0, next = 0;
    int32_t k = 0;
    for (int32_t j = 0; j < p->ow; j++) {
        for (; k < c->first[j]; k++) {
            dx[k] = sum;
            sum = next;
            next = 0;
        }
        sum += linear ? (1 - c->share[j]) * c->line[j] : c->line[j];
        if (linear)
            next += c->share[j] * c->line[j];
    }
    for (; k < p->w; k++) {
        dx[k] = sum;
        sum = next;
        next = 0;
    }
}

/* The line of row `row` is complete: its row of dx is made, and the next line takes its place. */
static void end_line(const params *p, struct columns *c, float *dx)
{
    float *const line = c->line;
    add_columns(p, c, dx);
    c->line = c->next;
    c->next = line;
    memset(line, 0, line_width(p) * sizeof(*line));
}

static void plane_dx(const params *p, struct columns c, float scale, const float *dy, float *dx)
{
    int32_t row = 0;
    memset(c.line, 0, 2 * line_width(p) * sizeof(*c.line));
    for (int32_t i = 0; i < p->oh; i++) {
        const struct between b = between(p, i, p->h, scale);
        const float *from = dy + (ptrdiff_t)i * p->ow;
        for (; row < b.first; row++)
            end_line(p, &c, dx + (ptrdiff_t)row * p->w);
        add_row(from, b.second == b.first ? 1 : 1 - b.share, p->ow, c.line);
        if (b.second != b.first)
            add_row(from, b.share, p->ow, c.next);
    }
    for (; row < p->h; row++)
        end_line(p, &c, dx + (ptrdiff_t)row * p->w);
}

bool TENKA_FAST(interpolate_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *dy = f->call->in[0], *scalars = f->call->scalars;
    float *dx = f->call->out[0];
    const struct columns all = fill_columns(f, p);
    const ptrdiff_t in = (ptrdiff_t)p->h * p->w, out = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for if (p->nc * out > SMALL)
    for (int32_t i = 0; i < p->nc; i++)
        plane_dx(p, own_lines(p, all), scalars[0], dy + i * out, dx + i * in);
    return true;
}
