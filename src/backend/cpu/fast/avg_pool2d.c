/* Means of windows; see backend/cpu/avg_pool2d.c. A row of outputs is made of the sum of its rows of input, which is added
 * up along the row; the gradient goes the same way back. */
#include "backend/cpu/fast/pool.h"
#include "backend/cpu/windows.h"

typedef struct tenka_p_avg_pool2d params;

/* Elements below which threads are not worth starting. */
enum { SMALL = 1 << 15 };

/* What a thread works with: lines of floats, all of them so long that vectors may reach past what they hold. */
struct lines {
    float *inputs;  /* a row of the input, p->pw places of padding before it */
    float *outputs; /* a row of outputs; zeros before and behind it */
    float *shares;  /* what the sum of each window of a row is multiplied by */
};

static size_t in_vectors(size_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

static size_t inputs_width(const params *p)
{
    const size_t row = (size_t)p->w + (size_t)p->pw, outputs = in_vectors((size_t)p->ow);
    const size_t reach = p->adaptive ? 0 : outputs * (size_t)p->sw + (size_t)p->kw;
    return in_vectors(reach > row ? reach : row) + 4 * LANES;
}

static size_t outputs_width(const params *p)
{
    return in_vectors((size_t)p->ow) + inputs_width(p) + 2 * (size_t)p->kw;
}

static size_t thread_width(const params *p)
{
    return inputs_width(p) + outputs_width(p) + in_vectors((size_t)p->ow);
}

static size_t scratch_bytes(const params *p, int threads)
{
    return (size_t)threads * thread_width(p) * sizeof(float);
}

size_t TENKA_FAST(avg_pool2d_fwd_scratch)(const int32_t *p, int threads)
{
    return scratch_bytes((const void *)p, threads);
}

size_t TENKA_FAST(avg_pool2d_dx_scratch)(const int32_t *p, int threads)
{
    return scratch_bytes((const void *)p, threads);
}

static struct lines lines_of(const params *p, void *scratch)
{
    float *inputs = (float *)scratch + (size_t)thread_index() * thread_width(p);
    return (struct lines){inputs, inputs + inputs_width(p) + p->kw, inputs + inputs_width(p) + outputs_width(p)};
}

/* How many rows of the windows in row i count; what a sum is divided by is this times what count_columns gives. */
static float count_rows(const params *p, int32_t i)
{
    return p->divisor != 0 ? (float)p->divisor : (float)tenka_counted(p, tenka_avg_rows(p, i), p->h, p->ph);
}

static float count_columns(const params *p, int32_t j)
{
    return p->divisor != 0 ? 1 : (float)tenka_counted(p, tenka_avg_columns(p, j), p->w, p->pw);
}

static void fill_shares(const params *p, float rows, float *shares)
{
    for (int32_t j = 0; j < p->ow; j++)
        shares[j] = 1 / (rows * count_columns(p, j));
}

ALWAYS_INLINE int lanes_left(int32_t at, int32_t end)
{
    return end - at < LANES ? end - at : LANES;
}

ALWAYS_INLINE vec load_left(const float *p, int count)
{
    return count == LANES ? load(p) : load_lanes(p, 0, count);
}

ALWAYS_INLINE void store_left(float *p, vec v, int count)
{
    if (count == LANES)
        store(p, v);
    else
        store_lanes(p, v, 0, count);
}

/* ---- Forward ---- */

/* sum[0 .. w - 1] = the sum of rows of x */
static void sum_rows(const float *x, int32_t w, struct tenka_places rows, float *sum)
{
    for (int32_t k = 0; k < w; k += LANES) {
        const int count = lanes_left(k, w);
        vec total = load_left(x + rows.from * w + k, count);
        for (ptrdiff_t row = rows.from + 1; row < rows.end; row++)
            total += load_left(x + row * w + k, count);
        store_left(sum + k, total, count);
    }
}

ALWAYS_INLINE void means(const params *p, int kw, ptrdiff_t sw, const struct lines *l, float *y)
{
    for (int32_t j = 0; j < p->ow; j += LANES) {
        const int count = lanes_left(j, p->ow);
        vec sum = load_tap(l->inputs + j * sw, sw, 0);
        for (int s = 1; s < kw; s++)
            sum += load_tap(l->inputs + j * sw, sw, s);
        store_left(y + j, sum * load(l->shares + j), count);
    }
}

static void fitting_means(const params *p, const struct lines *l, float *y)
{
    for (int32_t j = 0; j < p->ow; j++) {
        const struct tenka_places columns = tenka_fitting(j, p->w, p->ow);
        float sum = 0;
        for (ptrdiff_t k = columns.from; k < columns.end; k++)
            sum += l->inputs[k];
        y[j] = sum * l->shares[j];
    }
}

/* The common windows are named so that each becomes a loop of its own. */
static void named_means(const params *p, const struct lines *l, float *y)
{
    if (p->adaptive)
        fitting_means(p, l, y);
    else if (p->kw == 2 && p->sw == 2)
        means(p, 2, 2, l, y);
    else if (p->kw == 3 && p->sw == 2)
        means(p, 3, 2, l, y);
    else if (p->kw == 3 && p->sw == 1)
        means(p, 3, 1, l, y);
    else
        means(p, p->kw, p->sw, l, y);
}

static void plane(const params *p, const float *x, const struct lines *l, float *y)
{
    float last = 0;
    for (int32_t i = 0; i < p->oh; i++) {
        const float rows = count_rows(p, i);
        if (rows != last)
            fill_shares(p, rows, l->shares);
        last = rows;
        sum_rows(x, p->w, tenka_inside(tenka_avg_rows(p, i), p->h), l->inputs + p->pw);
        named_means(p, l, y + (ptrdiff_t)i * p->ow);
    }
}

bool TENKA_FAST(avg_pool2d_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    const ptrdiff_t inputs = (ptrdiff_t)p->h * p->w, outputs = (ptrdiff_t)p->oh * p->ow;
    memset(f->scratch, 0, scratch_bytes(p, f->threads));
#pragma omp parallel for if (p->nc * inputs > SMALL)
    for (int32_t c = 0; c < p->nc; c++) {
        const struct lines l = lines_of(p, f->scratch);
        plane(p, x + c * inputs, &l, y + c * outputs);
    }
    return true;
}

/* ---- Backward ---- */

/* The rows of outputs whose windows have a row of the input. */
static struct tenka_places rows_over(const params *p, int32_t row)
{
    if (p->adaptive)
        return tenka_fitting(row, p->oh, p->h);
    const ptrdiff_t from = (ptrdiff_t)row + p->ph - p->kh + p->sh, end = ((ptrdiff_t)row + p->ph) / p->sh + 1;
    return (struct tenka_places){from > 0 ? from / p->sh : 0, end < p->oh ? end : p->oh};
}

/* What each column of a window gets of the rows of dy, for each window of a row. */
static void sum_gradients(const params *p, const float *dy, struct tenka_places rows, const struct lines *l)
{
    for (int32_t j = 0; j < p->ow; j += LANES) {
        const int count = lanes_left(j, p->ow);
        vec total = {0};
        for (ptrdiff_t i = rows.from; i < rows.end; i++)
            total += load_left(dy + i * p->ow + j, count) * (1 / count_rows(p, (int32_t)i));
        store_left(l->outputs + j, total * load(l->shares + j), count);
    }
}

/* Each sum goes to all columns of its window. */
static void spread(const params *p, const struct lines *l)
{
    memset(l->inputs, 0, inputs_width(p) * sizeof(*l->inputs));
    for (int32_t j = 0; j < p->ow; j++) {
        const struct tenka_places columns = tenka_avg_columns(p, j);
        for (ptrdiff_t k = columns.from + p->pw; k < columns.end + p->pw; k++)
            l->inputs[k] += l->outputs[j];
    }
}

/* The same of windows that begin at each column: column k, counted with the padding, is in those from k - kw + 1 on. */
static void spread_each(const params *p, const struct lines *l)
{
    for (int32_t k = 0; k < p->pw + p->w; k += LANES) {
        vec total = load(l->outputs + k);
        for (int s = 1; s < p->kw; s++)
            total += load(l->outputs + k - s);
        store(l->inputs + k, total);
    }
}

/* The same of windows that begin at each second column: even columns are in those of even taps, odd in those of odd. */
static void spread_second(const params *p, const struct lines *l)
{
    for (int32_t k = 0; 2 * k < p->pw + p->w; k += LANES) {
        vec even = load(l->outputs + k), odd = {0};
        for (int s = 1; s < p->kw; s++)
            *(s % 2 == 0 ? &even : &odd) += load(l->outputs + k - s / 2);
        store(l->inputs + 2 * k, interleave_low(even, odd));
        store(l->inputs + 2 * k + LANES, interleave_high(even, odd));
    }
}

static void make_row(const params *p, const float *dy, struct tenka_places rows, const struct lines *l)
{
    sum_gradients(p, dy, rows, l);
    if (p->adaptive == 0 && p->sw == 1)
        spread_each(p, l);
    else if (p->adaptive == 0 && p->sw == 2)
        spread_second(p, l);
    else
        spread(p, l);
}

static void plane_dx(const params *p, const float *dy, const struct lines *l, float *dx)
{
    struct tenka_places last = {0, 0};
    for (int32_t row = 0; row < p->h; row++) {
        const struct tenka_places rows = rows_over(p, row);
        if (row == 0 || rows.from != last.from || rows.end != last.end)
            make_row(p, dy, rows, l);
        last = rows;
        for (int32_t k = 0; k < p->w; k += LANES)
            store_left(dx + (ptrdiff_t)row * p->w + k, load(l->inputs + p->pw + k), lanes_left(k, p->w));
    }
}

bool TENKA_FAST(avg_pool2d_dx)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    const float *dy = f->call->in[0];
    float *dx = f->call->out[0];
    const ptrdiff_t inputs = (ptrdiff_t)p->h * p->w, outputs = (ptrdiff_t)p->oh * p->ow;
    memset(f->scratch, 0, scratch_bytes(p, f->threads));
#pragma omp parallel for if (p->nc * inputs > SMALL)
    for (int32_t c = 0; c < p->nc; c++) {
        const struct lines l = lines_of(p, f->scratch);
        fill_shares(p, 1, l.shares);
        plane_dx(p, dy + c * outputs, &l, dx + c * inputs);
    }
    return true;
}
