/* Planes of shifted copies, and back; conv.h shows the layout. */
#include "backend/cpu/fast/conv.h"

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int max_int(int a, int b)
{
    return a > b ? a : b;
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

bool TENKA_FAST(conv_serves)(const conv_params *p)
{
    const int64_t most = 1 << 26; /* so that sums and offsets of a few such numbers fit 32 bits */
    const int64_t height = p->h + 2 * (int64_t)p->ph, width = p->w + 2 * (int64_t)p->pw;
    return p->n > 0 && p->kh <= MAX_KERNEL && p->kw <= MAX_KERNEL && p->sh < most && p->sw < most &&
           height * width < most && (int64_t)p->c * p->h * p->w < most && (int64_t)p->o * p->oh * p->ow < most &&
           (int64_t)p->o * group_channels(p) * p->kh * p->kw < most;
}

void TENKA_FAST(conv_taps)(const conv_params *p, struct taps *taps)
{
    taps->phases = taps->most = 0;
    for (int r = 0; r < p->kh; r++) {
        const int64_t at = (int64_t)r * p->dh;
        const int residue = (int)(at % p->sh);
        int phase = 0;
        while (phase < taps->phases && taps->residue[phase] != residue)
            phase++;
        if (phase == taps->phases)
            taps->residue[taps->phases++] = residue;
        taps->phase[r] = phase;
        taps->shift[r] = (int)(at / p->sh);
        taps->most = max_int(taps->most, taps->shift[r]);
    }
}

/* ---- Forward ---- */

/* Lanes of a vector that lie inside a row of x. */
struct inside {
    int from, end;
};

static inline struct inside inside_of(int first, int width)
{
    const int from = min_int(LANES, max_int(0, -first));
    return (struct inside){from, max_int(from, min_int(LANES, width - first))};
}

/* LANES columns of a row, `step` apart; 0 outside. at: the first one. a, b: lanes inside when step is 1, and of a
 * second vector when it is 2. */
ALWAYS_INLINE vec load_columns(const float *at, int step, struct inside a, struct inside b)
{
    const vec low = load_lanes(at, a.from, a.end);
    return step == 1 ? low : even_lanes(low, load_lanes(at + LANES, b.from, b.end));
}

/* The same where all is inside. */
ALWAYS_INLINE vec load_whole(const float *at, int step)
{
    return step == 1 ? load(at) : even_lanes(load(at), load(at + LANES));
}

/* One row of a plane: out[j] = row[first + j * step], step being 1 or 2. Whole vectors are written. */
ALWAYS_INLINE void copy_wide(const float *row, int first, int step, int width, int n, float *out)
{
    for (int j = 0; j < n; j += LANES, first += step * LANES) {
        if (first >= 0 && first + step * LANES <= width)
            store(out + j, load_whole(row + first, step));
        else
            store(out + j, load_columns(row + first, step, inside_of(first, width), inside_of(first + LANES, width)));
    }
}

static void copy_steps(const float *row, int64_t first, int step, int width, int n, float *out)
{
    for (int j = 0; j < n; j++, first += step)
        out[j] = first >= 0 && first < width ? row[first] : 0;
}

/* Where copies come from: neighbouring rows of one phase. */
struct source {
    const float *x; /* the first image's first row */
    ptrdiff_t next_row, next_image;
    int first, width; /* column that the first copy of a row meets; columns of a row */
    int rows, images;
};

/* Rows no longer than a vector. What one row writes too much, the next one overwrites. */
ALWAYS_INLINE void copy_narrow_rows(const struct source *f, int step, int n, float *out)
{
    const struct inside a = inside_of(f->first, f->width), b = inside_of(f->first + LANES, f->width);
    const float *x = f->x + f->first;
    const ptrdiff_t next_row = f->next_row;
    if (f->images == 1)
        for (int row = f->rows; row > 0; row--, x += next_row, out += n)
            store(out, load_columns(x, step, a, b));
    else
        for (int row = 0; row < f->rows; row++, x += next_row)
            for (int i = 0; i < f->images; i++, out += n)
                store(out, load_columns(x + i * f->next_image, step, a, b));
}

static void copy_rows(const struct source *f, int step, int n, float *out)
{
    if (n <= LANES && step == 1)
        copy_narrow_rows(f, 1, n, out);
    else if (n <= LANES && step == 2)
        copy_narrow_rows(f, 2, n, out);
    else
        for (int row = 0; row < f->rows; row++)
            for (int i = 0; i < f->images; i++, out += n) {
                const float *from = f->x + row * f->next_row + i * f->next_image;
                if (step == 1)
                    copy_wide(from, f->first, 1, f->width, n, out);
                else if (step == 2)
                    copy_wide(from, f->first, 2, f->width, n, out);
                else
                    copy_steps(from, f->first, step, f->width, n, out);
            }
}

/* Plane of kernel column k of one channel. */
static void copy_plane(const conv_params *p, const struct taps *taps, const struct planes *s, int first, const float *x,
                       int k, float *out)
{
    struct source source = {
        .next_row = (ptrdiff_t)p->sh * p->w,
        .next_image = (ptrdiff_t)p->c * p->h * p->w,
        .first = k * p->dw - p->pw,
        .width = p->w,
        .images = s->images,
    };
    for (int phase = 0; phase < taps->phases; phase++, out += (ptrdiff_t)s->rows * s->pitch) {
        const int64_t y = (int64_t)first * p->sh + taps->residue[phase] - p->ph; /* row t is y + t sh */
        const int from = y < 0 ? (int)min_i64(s->rows, (-y + p->sh - 1) / p->sh) : 0;
        const int end = y < p->h ? max_int(from, (int)min_i64(s->rows, (p->h - 1 - y) / p->sh + 1)) : from;
        source.x = x + (y + (int64_t)from * p->sh) * p->w;
        source.rows = end - from;
        memset(out, 0, (size_t)from * s->pitch * sizeof(*out));
        copy_rows(&source, p->sw, p->ow, out + (ptrdiff_t)from * s->pitch);
        memset(out + (ptrdiff_t)end * s->pitch, 0, (size_t)(s->rows - end) * s->pitch * sizeof(*out));
    }
}

void TENKA_FAST(copy_planes)(const conv_params *p, const struct taps *taps, const struct planes *s, int first,
                             const float *x, int channels, float *out)
{
    for (int c = 0; c < channels; c++, x += (ptrdiff_t)p->h * p->w)
        for (int k = 0; k < p->kw; k++, out += s->size)
            copy_plane(p, taps, s, first, x, k, out);
}

void TENKA_FAST(copy_tiles)(const conv_params *p, const struct layout *l, const struct planes *s, int first,
                            const float *x, int channels, const int32_t *at, float *rows, float *out)
{
    conv_params wide = *p; /* copies of one kernel column, in rows as long as tiles read */
    wide.kw = 1;
    wide.ow = winograd_row(l->columns);
    const struct planes one = {.images = s->images, .rows = s->rows, .pitch = s->images * wide.ow};
    for (int c = 0; c < channels; c++, x += (ptrdiff_t)p->h * p->w, out += (ptrdiff_t)l->points * s->size) {
        TENKA_FAST(copy_planes)(&wide, &l->taps, &one, first, x, 1, rows);
        TENKA_FAST(winograd_inputs)(l->points, rows, at, s->rows * s->pitch, out, s->size);
    }
}

/* Reads n elements, but writes whole vectors, of which the rest is 0. */
static inline void copy_row(float *to, const float *from, int n)
{
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        store(to + i, load(from + i));
    if (i < n)
        store(to + i, load_lanes(from + i, 0, n - i));
}

void TENKA_FAST(copy_outputs)(const conv_params *p, const struct planes *s, int first, int rows, const float *y,
                              int outputs, float *out, ptrdiff_t next)
{
    const int begin = max_int(0, -first), end = max_int(begin, min_int(rows, p->oh - first));
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow;
    for (int o = 0; o < outputs; o++, y += plane, out += next) {
        const float *from = y + (ptrdiff_t)(first + begin) * p->ow;
        float *to = out + (ptrdiff_t)begin * s->pitch, *last = out + (ptrdiff_t)end * s->pitch;
        memset(out, 0, (size_t)begin * s->pitch * sizeof(*out));
        if (s->images == 1)
            copy_row(to, from, (end - begin) * p->ow);
        else
            for (; to < last; from += p->ow, to += s->pitch)
                for (int b = 0; b < s->images; b++)
                    copy_row(to + b * p->ow, from + b * p->o * plane, p->ow);
        memset(last, 0, (size_t)(out + next - last) * sizeof(*out));
    }
}

void TENKA_FAST(copy_output_rows)(const conv_params *p, const struct layout *l, const struct planes *s, int first,
                                  int rows, const float *y, float *out)
{
    const struct taps one = {.phases = 1};
    const struct planes wide = {.images = s->images, .rows = rows, .pitch = s->pitch * TILE_OUTPUTS};
    const conv_params as_input = {
        .c = p->o,
        .h = p->oh,
        .w = p->ow,
        .kh = 1,
        .kw = 1,
        .sh = 1,
        .sw = 1,
        .dh = 1,
        .dw = 1,
        .ow = l->columns * TILE_OUTPUTS,
    };
    TENKA_FAST(copy_planes)(&as_input, &one, &wide, first, y, 1, out);
}

void TENKA_FAST(conv_runs)(const conv_params *p, const struct layout *l, const struct planes *s, int32_t *at)
{
    for (int c = 0; c < l->channels; c++)
        for (int r = 0; r < p->kh; r++)
            for (int k = 0; k < l->sums / p->kh; k++)
                *at++ = (c * l->copies + k) * s->size + plane_at(s, &l->taps, r, l->taps.shift[r]);
}

/* ---- Backward: sum over kernel columns, and crop ---- */

/* The kernel columns whose taps meet a column of the padded row and those sw, 2 sw .. after it: copy t - shift of each
 * meets column t sw + residue. */
struct columns {
    int count;
    int shift[MAX_KERNEL];
    ptrdiff_t copies[MAX_KERNEL]; /* where its copies begin */
    lane_mask lanes[MAX_KERNEL];  /* inside, of the vector that begins with t = start */
    int start;
};

static void find_columns(const conv_params *p, const struct planes *s, int column, struct columns *out)
{
    const int residue = column % p->sw;
    out->count = 0;
    out->start = column / p->sw;
    for (int k = 0; k < p->kw; k++)
        if (k * p->dw % p->sw == residue) {
            const int shift = k * p->dw / p->sw, j = out->start - shift, from = min_int(LANES, max_int(0, -j));
            out->shift[out->count] = shift;
            out->lanes[out->count] = mask_lanes(from, max_int(from, min_int(LANES, p->ow - j)));
            out->copies[out->count++] = (ptrdiff_t)k * s->size;
        }
}

/* LANES columns from t on: what the taps that meet them send back. row: of the copies of k = 0. */
ALWAYS_INLINE vec sum_columns(const struct columns *columns, const float *row, int ow, int t)
{
    vec sum = {0};
    if (t == columns->start) {
        for (int i = 0; i < columns->count; i++)
            sum += load_masked(row + columns->copies[i] + t - columns->shift[i], columns->lanes[i]);
        return sum;
    }
    for (int i = 0; i < columns->count; i++) {
        const int j = t - columns->shift[i];
        const float *at = row + columns->copies[i] + j;
        if (j >= 0 && j + LANES <= ow)
            sum += load(at);
        else if (j > -LANES && j < ow)
            sum += load_lanes(at, max_int(0, -j), min_int(LANES, ow - j));
    }
    return sum;
}

ALWAYS_INLINE void store_columns(float *row, int x, int width, vec v)
{
    if (width - x >= LANES)
        store(row + x, v);
    else if (x < width)
        store_lanes(row + x, v, 0, width - x);
}

/* One row of dx, cropped from the padded row.
 *   columns  of the residues that the first and the second column of dx have, when sw is at most 2 */
static void fold_row(const conv_params *p, const struct columns columns[2], const float *row, ptrdiff_t next, float *dx)
{
    if (p->sw == 1) {
        for (int x = 0; x < p->w; x += LANES)
            store_columns(dx, x, p->w, sum_columns(&columns[0], row, p->ow, x + p->pw));
    } else if (p->sw == 2) {
        for (int x = 0; x < p->w; x += 2 * LANES) {
            const vec a = sum_columns(&columns[0], row, p->ow, (x + p->pw) / 2);
            const vec b = sum_columns(&columns[1], row, p->ow, (x + p->pw + 1) / 2);
            store_columns(dx, x, p->w, interleave_low(a, b));
            store_columns(dx, x + LANES, p->w, interleave_high(a, b));
        }
    } else {
        memset(dx, 0, (size_t)p->w * sizeof(*dx));
        for (int k = 0; k < p->kw; k++) {
            const int base = k * p->dw - p->pw;
            for (int j = base < 0 ? div_up(-base, p->sw) : 0; j < p->ow && base + j * p->sw < p->w; j++)
                dx[base + j * p->sw] += row[k * next + j];
        }
    }
}

/* The phase that padded rows of this residue belong to, or -1 where no tap reads them. */
static int find_phase(const struct taps *taps, int residue)
{
    for (int phase = 0; phase < taps->phases; phase++)
        if (taps->residue[phase] == residue)
            return phase;
    return -1;
}

void TENKA_FAST(fold_planes)(const conv_params *p, const struct taps *taps, const struct planes *s, int first, int b,
                             const float *ds, int channels, int y0, int y1, const float *mask, float *dx)
{
    struct columns columns[2];
    for (int i = 0; i < 2; i++)
        find_columns(p, s, p->pw + i, &columns[i]);
    for (int y = y0; y < y1; y++) {
        const int row = y + p->ph, phase = find_phase(taps, row % p->sh), t = row / p->sh - first;
        const bool read = phase >= 0 && t >= 0 && t < s->rows;
        const float *from = ds + (read ? (ptrdiff_t)(phase * s->rows + t) * s->pitch + b * p->ow : 0);
        for (int c = 0; c < channels; c++) {
            const ptrdiff_t at = ((ptrdiff_t)c * p->h + y) * p->w;
            const float *copies = from + (ptrdiff_t)c * p->kw * s->size;
            if (!read)
                memset(dx + at, 0, (size_t)p->w * sizeof(*dx));
            else
                fold_row(p, columns, copies, s->size, dx + at);
            if (mask != NULL)
                copy_masked(dx + at, dx + at, mask + at, p->w);
        }
    }
}

/* One channel of one image, of rows that begin with row `first` of the padded image and are `pitch` apart. */
static void crop(const conv_params *p, const struct planes *s, int first, const float *rows, ptrdiff_t pitch, int y0,
                 int y1, const float *mask, float *dx)
{
    for (int y = y0; y < y1; y++) {
        const int t = y + p->ph - first;
        const ptrdiff_t at = (ptrdiff_t)y * p->w;
        if (t >= 0 && t < s->rows)
            copy_masked(dx + at, rows + t * pitch + p->pw, mask != NULL ? mask + at : NULL, p->w);
        else
            memset(dx + at, 0, (size_t)p->w * sizeof(*dx));
    }
}

bool TENKA_FAST(fold_tiles)(const conv_params *p, const struct layout *l, const struct planes *s, int first,
                            const float *ds, int channels, int y0, int y1, const float *mask, float *rows, float *dx)
{
    const int row = winograd_row(l->columns);
    bool finite = true;
    for (int c = 0; c < channels; c++, ds += (ptrdiff_t)l->points * s->size) {
        finite &= TENKA_FAST(winograd_inputs_back)(l->points, l->columns, ds, s->size, s->rows * s->pitch, rows);
        for (int b = 0; b < s->images; b++) {
            const ptrdiff_t at = ((ptrdiff_t)b * p->c + c) * p->h * p->w;
            crop(p, s, first, rows + b * row, (ptrdiff_t)s->images * row, y0, y1, mask != NULL ? mask + at : NULL,
                 dx + at);
        }
    }
    return finite;
}
