/* y[n, o, i, j] = bias[o] + sum over c, r, s of weight[o, c, r, s] x[n, c, i sh - ph + r dh, j sw - pw + s dw],
 * x being 0 outside; c runs over the channels of o's group. Source: Dumoulin and Visin, "A guide to convolution
 * arithmetic for deep learning" (2016).
 *   fwd  x, weight, bias or NULL -> y, of which the activation is taken
 *   dx   x or NULL, weight, dy -> dx: the same sum read from the side of x, back through the activation whose output x is
 *   dw   x, dy -> dweight, dbias or NULL
 *   parts  the same in parts, each of some rows of y
 * Each pass works on tiles: BLOCK channels times TILE neighbouring columns, whose sums stay in registers.
 * What lies outside is read as 0 and multiplied: a weight that is NaN reaches the results at the border, too. */
#include "backend/cpu/conv_parts.h"
#include "backend/cpu/index.h"
#include "backend/cpu/tile.h"

typedef struct TENKA_CPU(tile) tile;
typedef struct tenka_p_conv2d params;

/* out[j] = row[first + j * step], 0 outside 0 .. width-1 */
static inline void load(tenka_real out[TILE], const tenka_real *row, ptrdiff_t first, ptrdiff_t step, ptrdiff_t width)
{
    if (step == 1 && first >= 0 && first + TILE <= width) {
        memcpy(out, row + first, TILE * sizeof(*out));
        return;
    }
    for (int j = 0; j < TILE; j++) {
        const ptrdiff_t i = first + j * step;
        const bool inside = i >= 0 && i < width;
        /* Reading row[0] in vain is cheaper than a jump that no processor can predict. */
        const tenka_real value = row[inside ? i : 0];
        out[j] = inside ? value : 0;
    }
}

/* out[j] = dy_row[(at + j) / stride] where that is a whole number within 0 .. ow-1, else 0 */
static inline void load_back(tenka_real out[TILE], const tenka_real *dy_row, ptrdiff_t at, ptrdiff_t stride,
                             ptrdiff_t ow)
{
    if (stride == 1) {
        load(out, dy_row, at, 1, ow);
        return;
    }
    for (int j = 0; j < TILE; j++) {
        const ptrdiff_t t = at + j;
        out[j] = t >= 0 && t % stride == 0 && t / stride < ow ? dy_row[t / stride] : 0;
    }
}

/* What TILE neighbouring results read, one vector for each tap, and where the tap's weight is: filled once, then
 * multiplied by the weights of all channels. Taps that only meet padding are left out. */
enum { PANEL = 1024 };
struct panel {
    int32_t taps;
    ptrdiff_t weight[PANEL];
    tenka_real in[PANEL][TILE];
};

/* y[b * next + t] = bias[b] (or 0; or the old y when add is set) + the panel times the weights of channel b < count,
 * whose first weight is w[b * next_w]. t < width. The missing channels of a short block repeat the last. */
static void multiply(const struct panel *panel, const tenka_real *w, ptrdiff_t next_w, tenka_real *y, ptrdiff_t next,
                     int32_t count, int32_t width, const tenka_real *bias, bool add)
{
    double total[BLOCK][TILE] = {{0}};
    const tenka_real *wb[BLOCK];
    for (int b = 0; b < BLOCK; b++)
        wb[b] = w + min_i32(b, count - 1) * next_w;
    for (int32_t first = 0; first < panel->taps; first += SHORT_SUM) {
        tile sum = {0};
        for (int32_t k = first; k < min_i32(first + SHORT_SUM, panel->taps); k++) {
            const ptrdiff_t at = panel->weight[k];
            const tenka_real weight[BLOCK] = {wb[0][at], wb[1][at], wb[2][at], wb[3][at]};
            TENKA_CPU(tile_add)(&sum, weight, panel->in[k]);
        }
        TENKA_CPU(tile_flush)(total, &sum);
    }
    for (int b = 0; b < count; b++)
        for (int t = 0; t < width; t++) {
            const double old = add ? y[b * next + t] : bias != NULL ? bias[b] : 0;
            y[b * next + t] = (tenka_real)(total[b][t] + old);
        }
}

/* A tap: channel (within the group, of x forward, of dy backward), row, column. */
struct tap {
    int32_t c, r, s;
};

static inline void next_row(const params *p, struct tap *t)
{
    t->s = 0;
    if (++t->r == p->kh) {
        t->r = 0;
        t->c++;
    }
}

/* Panel of the outputs in row i and columns j.., from the tap *t on, which it moves. x is the image's first channel
 * of the group. */
static void fwd_panel(const params *p, const tenka_real *x, int32_t i, int32_t j, struct tap *t, struct panel *panel)
{
    const int32_t channels = p->c / p->groups;
    panel->taps = 0;
    for (; t->c < channels; next_row(p, t)) {
        const ptrdiff_t y = (ptrdiff_t)i * p->sh - p->ph + (ptrdiff_t)t->r * p->dh;
        if (y < 0 || y >= p->h)
            continue;
        const tenka_real *row = x + ((ptrdiff_t)t->c * p->h + y) * p->w;
        const ptrdiff_t weight = ((ptrdiff_t)t->c * p->kh + t->r) * p->kw;
        for (; t->s < p->kw; t->s++) {
            if (panel->taps == PANEL)
                return;
            load(panel->in[panel->taps], row, (ptrdiff_t)j * p->sw - p->pw + (ptrdiff_t)t->s * p->dw, p->sw, p->w);
            panel->weight[panel->taps++] = weight + t->s;
        }
    }
}

/* One row of outputs: all channels of group g. */
static void fwd_row(const params *p, const tenka_real *x, const tenka_real *w, const tenka_real *bias, tenka_real *y,
                    int32_t g, int32_t i)
{
    const int32_t cg = p->c / p->groups, og = p->o / p->groups, taps = cg * p->kh * p->kw;
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow;
    struct panel panel;
    for (int32_t j = 0; j < p->ow; j = step_to(j, TILE, p->ow)) {
        struct tap t = {0};
        for (bool add = false; t.c < cg; add = true) {
            fwd_panel(p, x, i, j, &t, &panel);
            for (int32_t o = g * og; o < (g + 1) * og; o = step_to(o, BLOCK, (g + 1) * og))
                multiply(&panel, w + (ptrdiff_t)o * taps, taps, y + o * plane + (ptrdiff_t)i * p->ow + j, plane,
                         min_i32(BLOCK, (g + 1) * og - o), min_i32(TILE, p->ow - j), bias != NULL ? bias + o : NULL,
                         add);
        }
    }
}

void TENKA_CPU(conv2d_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *w = a->in[1], *bias = a->in[2];
    tenka_real *y = a->out[0];
    const int32_t cg = p->c / p->groups;
#pragma omp parallel for collapse(3)
    for (int32_t n = 0; n < p->n; n++)
        for (int32_t g = 0; g < p->groups; g++)
            for (int32_t i = 0; i < p->oh; i++)
                fwd_row(p, x + ((ptrdiff_t)n * p->c + g * cg) * p->h * p->w, w, bias,
                        y + (ptrdiff_t)n * p->o * p->oh * p->ow, g, i);
    TENKA_CPU(activate)((enum tenka_act)p->act, y, a->n);
}

/* Panel of the input gradients in row y and columns x.., from the tap *t on. dy is the image's first output channel
 * of the group. */
static void dx_panel(const params *p, const tenka_real *dy, int32_t y, int32_t x, struct tap *t, struct panel *panel)
{
    const int32_t channels = p->o / p->groups;
    const ptrdiff_t next_o = (ptrdiff_t)(p->c / p->groups) * p->kh * p->kw;
    panel->taps = 0;
    for (; t->c < channels; next_row(p, t)) {
        const ptrdiff_t i = (ptrdiff_t)y + p->ph - (ptrdiff_t)t->r * p->dh;
        if (i < 0 || i % p->sh != 0 || i / p->sh >= p->oh)
            continue;
        const tenka_real *row = dy + ((ptrdiff_t)t->c * p->oh + i / p->sh) * p->ow;
        const ptrdiff_t weight = t->c * next_o + (ptrdiff_t)t->r * p->kw;
        for (; t->s < p->kw; t->s++) {
            const ptrdiff_t at = (ptrdiff_t)x + p->pw - (ptrdiff_t)t->s * p->dw;
            if (at + TILE <= 0 || at >= (ptrdiff_t)p->ow * p->sw)
                continue;
            if (panel->taps == PANEL)
                return;
            load_back(panel->in[panel->taps], row, at, p->sw, p->ow);
            panel->weight[panel->taps++] = weight + t->s;
        }
    }
}

/* One row of input gradients: all channels of a group, at which w, dy and dx begin. */
static void dx_row(const params *p, const tenka_real *w, const tenka_real *dy, tenka_real *dx, int32_t y)
{
    const int32_t cg = p->c / p->groups, og = p->o / p->groups, taps = p->kh * p->kw;
    const ptrdiff_t plane = (ptrdiff_t)p->h * p->w;
    struct panel panel;
    for (int32_t x = 0; x < p->w; x = step_to(x, TILE, p->w)) {
        struct tap t = {0};
        for (bool add = false; t.c < og; add = true) {
            dx_panel(p, dy, y, x, &t, &panel);
            for (int32_t c = 0; c < cg; c = step_to(c, BLOCK, cg))
                multiply(&panel, w + (ptrdiff_t)c * taps, taps, dx + c * plane + (ptrdiff_t)y * p->w + x, plane,
                         min_i32(BLOCK, cg - c), min_i32(TILE, p->w - x), NULL, add);
        }
    }
}

void TENKA_CPU(conv2d_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *w = a->in[1], *dy = a->in[2];
    tenka_real *dx = a->out[0];
    const int32_t cg = p->c / p->groups, og = p->o / p->groups;
#pragma omp parallel for collapse(3)
    for (int32_t n = 0; n < p->n; n++)
        for (int32_t g = 0; g < p->groups; g++)
            for (int32_t y = 0; y < p->h; y++)
                dx_row(p, w + (ptrdiff_t)g * og * cg * p->kh * p->kw,
                       dy + ((ptrdiff_t)n * p->o + g * og) * p->oh * p->ow,
                       dx + ((ptrdiff_t)n * p->c + g * cg) * p->h * p->w, y);
    TENKA_CPU(activate_back)((enum tenka_act)p->before, a->in[0], dx, a->n);
}

/* Rows i with 0 <= i stride + offset < height. */
static inline void rows_inside(ptrdiff_t offset, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t rows, ptrdiff_t *begin,
                               ptrdiff_t *end)
{
    *begin = offset < 0 ? (-offset + stride - 1) / stride : 0;
    *end = offset < height ? (height - 1 - offset) / stride + 1 : 0;
    if (*end > rows)
        *end = rows;
}

/* sum[b][t] += dy[b][i][j + t] x[i sh + y0][(j + t) sw + x0] over the rows i of one image: one tap, TILE columns. */
static inline void dw_columns(const params *p, const tenka_real *x, ptrdiff_t y0, ptrdiff_t x0,
                              const tenka_real *const dy[BLOCK], ptrdiff_t j, tile *sum)
{
    const ptrdiff_t first = x0 + j * p->sw;
    const bool inside = p->sw == 1 && j + TILE <= p->ow && first >= 0 && first + TILE <= p->w;
    ptrdiff_t begin, end;
    rows_inside(y0, p->sh, p->h, p->oh, &begin, &end);
    if (inside) {
        tile s = *sum;
        for (ptrdiff_t i = begin; i < end; i++) {
            const tenka_real *in = x + (i * p->sh + y0) * p->w + first;
            for (int b = 0; b < BLOCK; b++)
                for (int t = 0; t < TILE; t++)
                    s.v[b][t] += dy[b][i * p->ow + j + t] * in[t];
        }
        *sum = s;
        return;
    }
    for (ptrdiff_t i = begin; i < end; i++)
        for (int t = 0; t < TILE && j + t < p->ow; t++) {
            const ptrdiff_t column = first + (ptrdiff_t)t * p->sw;
            if (column >= 0 && column < p->w)
                for (int b = 0; b < BLOCK; b++)
                    sum->v[b][t] += dy[b][i * p->ow + j + t] * x[(i * p->sh + y0) * p->w + column];
        }
}

/* One tap (r, s) of input channel c and output channels o .. o+count-1, both counted over all groups. */
static void dw_tap(const params *p, const tenka_real *x, const tenka_real *dy, int32_t c, int32_t o, int32_t count,
                   int32_t r, int32_t s, double out[BLOCK])
{
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow;
    const int32_t images = plane < SHORT_SUM * TILE ? (int32_t)(SHORT_SUM * TILE / plane) : 1;
    double total[BLOCK][TILE] = {{0}};
    tile sum = {0};
    for (int32_t n = 0; n < p->n; n++) {
        const tenka_real *back[BLOCK];
        for (int b = 0; b < BLOCK; b++)
            back[b] = dy + ((ptrdiff_t)n * p->o + o + min_i32(b, count - 1)) * plane;
        for (int32_t j = 0; j < p->ow; j = step_to(j, TILE, p->ow))
            dw_columns(p, x + ((ptrdiff_t)n * p->c + c) * p->h * p->w, (ptrdiff_t)r * p->dh - p->ph,
                       (ptrdiff_t)s * p->dw - p->pw, back, j, &sum);
        if (n % images == images - 1 || n == p->n - 1)
            TENKA_CPU(tile_flush)(total, &sum);
    }
    for (int b = 0; b < BLOCK; b++) {
        out[b] = 0;
        for (int t = 0; t < TILE; t++)
            out[b] += total[b][t];
    }
}

static void bias_gradient(const params *p, const tenka_real *dy, tenka_real *db)
{
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow;
#pragma omp parallel for
    for (int32_t o = 0; o < p->o; o++) {
        double sum = 0;
        for (int32_t n = 0; n < p->n; n++)
            sum += TENKA_CPU(sum_span)(dy + ((ptrdiff_t)n * p->o + o) * plane, plane);
        db[o] = (tenka_real)sum;
    }
}

void TENKA_CPU(conv2d_dw)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *dy = a->in[1];
    tenka_real *dw = a->out[0];
    const int32_t cg = p->c / p->groups, og = p->o / p->groups, blocks = (og + BLOCK - 1) / BLOCK;
    const int32_t taps = p->kh * p->kw;
#pragma omp parallel for collapse(4)
    for (int32_t g = 0; g < p->groups; g++)
        for (int32_t k = 0; k < blocks; k++)
            for (int32_t c = 0; c < cg; c++)
                for (int32_t t = 0; t < taps; t++) {
                    const int32_t o = g * og + k * BLOCK, count = min_i32(BLOCK, og - k * BLOCK);
                    double sum[BLOCK];
                    dw_tap(p, x, dy, g * cg + c, o, count, t / p->kw, t % p->kw, sum);
                    for (int b = 0; b < count; b++)
                        dw[((ptrdiff_t)(o + b) * cg + c) * taps + t] = (tenka_real)sum[b];
                }
    if (a->out[1] != NULL)
        bias_gradient(p, dy, a->out[1]);
}

/* What the gradients of a row send to a tap, or, where `in` is NULL, to the bias. first: the column of x that the tap
 * sees from the first pixel. */
static double row_sum(const params *p, const tenka_real *dy, const tenka_real *in, ptrdiff_t first)
{
    double sum = 0;
    for (int32_t j = 0; j < p->ow; j++) {
        const ptrdiff_t column = first + (ptrdiff_t)j * p->sw;
        if (in == NULL)
            sum += dy[j];
        else if (column >= 0 && column < p->w)
            sum += (double)dy[j] * in[column];
    }
    return sum;
}

/* Of channel o, the parts of a tap of input channel c, or, c being negative, of the bias; a part is `next` elements
 * behind the one before. */
static void tap_parts(const params *p, const tenka_real *x, const tenka_real *dy, int32_t o, int32_t c, int32_t tap,
                      tenka_real *out, ptrdiff_t next)
{
    const uint32_t parts = tenka_conv_dw_parts(p);
    double sum[TENKA_MOST_PARTS] = {0};
    for (int32_t n = 0; n < p->n; n++)
        for (int32_t i = 0; i < p->oh; i++) {
            const ptrdiff_t y = (ptrdiff_t)i * p->sh - p->ph + (ptrdiff_t)(tap / p->kw) * p->dh;
            const tenka_real *in = c < 0 ? NULL : x + (((ptrdiff_t)n * p->c + c) * p->h + y) * p->w;
            if (c < 0 || (y >= 0 && y < p->h))
                sum[tenka_conv_part_of(p, parts, (int64_t)n * p->oh + i)] +=
                    row_sum(p, dy + (((ptrdiff_t)n * p->o + o) * p->oh + i) * p->ow, in,
                            (ptrdiff_t)(tap % p->kw) * p->dw - p->pw);
        }
    for (uint32_t k = 0; k < parts; k++)
        out[k * next] = (tenka_real)sum[k];
}

void TENKA_CPU(conv2d_parts)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    const tenka_real *x = a->in[0], *dy = a->in[1];
    tenka_real *dw = a->out[0], *db = a->out[1];
    const int32_t cg = p->c / p->groups, og = p->o / p->groups, taps = p->kh * p->kw;
    const ptrdiff_t all = (ptrdiff_t)p->o * cg * taps;
#pragma omp parallel for
    for (int32_t o = 0; o < p->o; o++) {
        for (int32_t k = 0; k < cg * taps; k++)
            tap_parts(p, x, dy, o, o / og * cg + k / taps, k % taps, dw + (ptrdiff_t)o * cg * taps + k, all);
        if (db != NULL)
            tap_parts(p, x, dy, o, -1, 0, db + o, p->o);
    }
}
