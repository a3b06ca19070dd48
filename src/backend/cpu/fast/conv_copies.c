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

size_t TENKA_FAST(conv_padded_size)(const conv_params *p, const struct taps *taps, const struct planes *s)
{
    return (size_t)s->images * taps->phases * s->rows * padded_width(p) + 3 * LANES;
}

/* ---- Forward: pad, then copy once for each kernel column ---- */

/* Reads n elements, but writes whole vectors, of which the rest is 0. */
static inline void copy_row(float *to, const float *from, int n)
{
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        store(to + i, load(from + i));
    if (i < n)
        store(to + i, load_lanes(from + i, 0, n - i));
}

/* One channel: padded [image][phase][row][padded_width]. The margins are zero already. */
static void pad_channel(const conv_params *p, const struct taps *taps, const struct planes *s, int first,
                        const float *x, int images, float *padded)
{
    const int width = padded_width(p), count = max_int(0, min_int(p->w, width - p->pw));
    const ptrdiff_t next_image = (ptrdiff_t)p->c * p->h * p->w;
    for (int b = 0; b < images; b++)
        for (int phase = 0; phase < taps->phases; phase++)
            for (int t = 0; t < s->rows; t++, padded += width) {
                const int64_t y = (int64_t)(first + t) * p->sh + taps->residue[phase] - p->ph;
                if (y >= 0 && y < p->h)
                    copy_row(padded + p->pw, x + b * next_image + y * p->w, count);
                else
                    memset(padded, 0, (size_t)width * sizeof *padded);
            }
}

/* One plane: out[row][b][j] = padded[b][row][j * sw]. Whole vectors are read and written: what a row writes too much, the
 * next one overwrites. */
static void copy_plane(const conv_params *p, const struct planes *s, int rows, const float *padded, float *out)
{
    const int n = p->ow, width = padded_width(p);
    const ptrdiff_t next_image = (ptrdiff_t)rows * width;
    for (int row = 0; row < rows; row++, padded += width)
        for (int b = 0; b < s->images; b++, out += n) {
            const float *from = padded + b * next_image;
            if (p->sw == 1)
                for (int j = 0; j < n; j += LANES)
                    store(out + j, load(from + j));
            else if (p->sw == 2)
                for (int j = 0; j < n; j += LANES)
                    store(out + j, even_lanes(load(from + 2 * j), load(from + 2 * j + LANES)));
            else
                for (int j = 0; j < n; j++)
                    out[j] = from[(ptrdiff_t)j * p->sw];
        }
}

void TENKA_FAST(copy_planes)(const conv_params *p, const struct taps *taps, const struct planes *s, int first,
                             const float *x, int images, int channels, float *padded, float *out)
{
    const int rows = taps->phases * s->rows;
    memset(padded, 0, TENKA_FAST(conv_padded_size)(p, taps, s) * sizeof *padded);
    for (int c = 0; c < channels; c++) {
        pad_channel(p, taps, s, first, x + (ptrdiff_t)c * p->h * p->w, images, padded);
        for (int k = 0; k < p->kw; k++, out += s->size)
            copy_plane(p, s, rows, padded + k * p->dw, out);
    }
}

void TENKA_FAST(copy_outputs)(const conv_params *p, const struct planes *s, int first, int rows, const float *y,
                              int images, int outputs, float *out, ptrdiff_t next)
{
    const int begin = max_int(0, -first), end = max_int(begin, min_int(rows, p->oh - first));
    const ptrdiff_t plane = (ptrdiff_t)p->oh * p->ow;
    for (int o = 0; o < outputs; o++, y += plane, out += next) {
        const float *from = y + (ptrdiff_t)(first + begin) * p->ow;
        float *to = out + (ptrdiff_t)begin * s->pitch, *last = out + (ptrdiff_t)end * s->pitch;
        memset(out, 0, (size_t)(images < s->images ? end : begin) * s->pitch * sizeof *out);
        if (s->images == 1)
            copy_row(to, from, (end - begin) * p->ow);
        else
            for (; to < last; from += p->ow, to += s->pitch)
                for (int b = 0; b < images; b++)
                    copy_row(to + b * p->ow, from + b * p->o * plane, p->ow);
        memset(last, 0, (size_t)(out + next - last) * sizeof *out);
    }
}

void TENKA_FAST(conv_runs)(const conv_params *p, const struct layout *l, int32_t *at)
{
    for (int c = 0; c < l->channels; c++)
        for (int r = 0; r < p->kh; r++)
            for (int k = 0; k < p->kw; k++)
                *at++ = (c * p->kw + k) * l->planes.size + plane_at(&l->planes, &l->taps, r, l->taps.shift[r]);
}

/* ---- Backward: sum over kernel columns, and crop ---- */

/* dx[x] = sum over k of copies[k * next][x + pw - k dw], where that is 0 .. ow-1: stride 1 */
static void fold_row(const conv_params *p, const float *copies, ptrdiff_t next, float *dx)
{
    for (int x = 0; x < p->w; x += LANES) {
        vec sum = {0};
        for (int k = 0; k < p->kw; k++) {
            const int j = x + p->pw - k * p->dw, from = max_int(0, -j), end = min_int(LANES, p->ow - j);
            const float *at = copies + k * next + j;
            if (from == 0 && end == LANES)
                sum += load(at);
            else if (from < end)
                sum += load_lanes(at, from, end);
        }
        if (p->w - x >= LANES)
            store(dx + x, sum);
        else
            store_lanes(dx + x, sum, 0, p->w - x);
    }
}

/* The same for any stride: copies[k * next][j] goes to x = j sw + k dw - pw. */
static void fold_row_strided(const conv_params *p, const float *copies, ptrdiff_t next, float *dx)
{
    memset(dx, 0, (size_t)p->w * sizeof *dx);
    for (int k = 0; k < p->kw; k++) {
        const int base = k * p->dw - p->pw, from = base < 0 ? div_up(-base, p->sw) : 0;
        for (int j = from; j < p->ow && base + j * p->sw < p->w; j++)
            dx[base + j * p->sw] += copies[k * next + j];
    }
}

static void mask_row(float *dx, const float *mask, int n)
{
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        store(dx + i, select(load(mask + i) <= (vec){0}, (vec){0}, load(dx + i)));
    for (; i < n; i++)
        dx[i] = mask[i] <= 0 ? 0 : dx[i];
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
    for (int y = y0; y < y1; y++) {
        const int row = y + p->ph, phase = find_phase(taps, row % p->sh), t = row / p->sh - first;
        const bool read = phase >= 0 && t >= 0 && t < s->rows;
        const float *from = ds + (read ? (ptrdiff_t)(phase * s->rows + t) * s->pitch + b * p->ow : 0);
        for (int c = 0; c < channels; c++) {
            const ptrdiff_t at = ((ptrdiff_t)c * p->h + y) * p->w;
            const float *copies = from + (ptrdiff_t)c * p->kw * s->size;
            if (!read)
                memset(dx + at, 0, (size_t)p->w * sizeof *dx);
            else if (p->sw == 1)
                fold_row(p, copies, s->size, dx + at);
            else
                fold_row_strided(p, copies, s->size, dx + at);
            if (mask)
                mask_row(dx + at, mask + at, p->w);
        }
    }
}
