/* Changes of colours, as Pillow's ImageEnhance, ImageOps and conversions do them; the blur is torchvision's own, of
 * tensors. */
#include <math.h>

#include "data/image.h"
#include "data/transform.h"

#define SHADES 256

static uint8_t byte_of(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* ---- Between two pictures ---- */

/* from + factor (to - from), in float and without rounding, as Image.blend(from, to, factor). */
static uint8_t blend(int from, int to, float factor)
{
    const float value = (float)from + factor * (float)(to - from);
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
}

/* Each byte by a table of its channel, or the first one's for all. */
static tenka_status look_up(struct tenka_pixels *p, uint8_t (*table)[SHADES], uint32_t tables)
{
    const uint32_t channels = p->view.channels;
    uint8_t *pixels;
    TENKA_TRY(tenka_pixels_own(p, &pixels));
    const size_t n = (size_t)p->view.width * p->view.height;
    for (size_t i = 0; i < n; i++, pixels += channels)
        for (uint32_t c = 0; c < channels; c++)
            pixels[c] = table[tables > 1 ? c : 0][pixels[c]];
    return TENKA_OK;
}

/* Blends with one grey for all pixels. */
static tenka_status blend_with(struct tenka_pixels *p, int grey, double factor)
{
    uint8_t table[1][SHADES];
    for (int i = 0; i < SHADES; i++)
        table[0][i] = factor == 1 ? (uint8_t)i : blend(grey, i, (float)factor);
    return look_up(p, table, 1);
}

tenka_status tenka_pixels_adjust_brightness(struct tenka_pixels *p, double factor)
{
    return blend_with(p, 0, factor);
}

static uint8_t grey_of(const uint8_t *pixel, uint32_t channels)
{
    return channels == 3 ? tenka_image_grey(pixel) : pixel[0];
}

tenka_status tenka_pixels_adjust_contrast(struct tenka_pixels *p, double factor)
{
    const struct tenka_view *const v = &p->view;
    uint64_t sum = 0;
    for (uint32_t y = 0; y < v->height; y++)
        for (uint32_t x = 0; x < v->width; x++)
            sum += grey_of(v->pixels + y * v->stride + (size_t)x * v->channels, v->channels);
    return blend_with(p, (int)((double)sum / ((double)v->width * v->height) + 0.5), factor);
}

tenka_status tenka_pixels_adjust_saturation(struct tenka_pixels *p, double factor)
{
    uint8_t *pixel;
    if (p->view.channels == 1)
        return TENKA_OK;
    TENKA_TRY(tenka_pixels_own(p, &pixel));
    for (size_t i = 0, n = (size_t)p->view.width * p->view.height; i < n; i++, pixel += 3) {
        const uint8_t grey = tenka_image_grey(pixel);
        for (int c = 0; c < 3; c++)
            pixel[c] = blend(grey, pixel[c], (float)factor);
    }
    return TENKA_OK;
}

/* ---- Hue ---- */

/* Source of both ways: Pillow, src/libImaging/Convert.c, which follows Python's colorsys. Floats are kept where it
 * keeps them. */
static void to_hsv(const uint8_t *rgb, uint8_t *hsv)
{
    const uint8_t r = rgb[0], g = rgb[1], b = rgb[2];
    const uint8_t most = r > g ? r > b ? r : b : g > b ? g : b, least = r < g ? r < b ? r : b : g < b ? g : b;
    hsv[0] = hsv[1] = 0;
    hsv[2] = most;
    if (least == most)
        return;
    const float width = (float)(most - least), s = width / (float)most;
    const float rc = (float)(most - r) / width, gc = (float)(most - g) / width, bc = (float)(most - b) / width;
    const float sector = r == most ? bc - gc : g == most ? (float)(2.0 + rc - bc) : (float)(4.0 + gc - rc);
    const float h = (float)fmod(sector / 6.0 + 1.0, 1.0);
    hsv[0] = byte_of((int)(h * 255.0));
    hsv[1] = byte_of((int)(s * 255.0));
}

static void to_rgb(const uint8_t *hsv, uint8_t *rgb)
{
    static const uint8_t order[6][3] = {{0, 3, 1}, {2, 0, 1}, {1, 0, 3}, {1, 2, 0}, {3, 1, 0}, {0, 1, 2}};
    const uint8_t h = hsv[0], s = hsv[1], v = hsv[2];
    const int sector = (int)floor((float)h * 6.0 / 255.0);
    const float f = (float)((float)h * 6.0 / 255.0 - (float)sector), fs = (float)((float)s / 255.0);
    const uint8_t value[4] = {v, byte_of((int)round((float)v * (1.0 - fs))),
                              byte_of((int)round((float)v * (1.0 - fs * f))),
                              byte_of((int)round((float)v * (1.0 - fs * (1.0 - f))))};
    for (int c = 0; c < 3; c++)
        rgb[c] = s == 0 ? v : value[order[sector % 6][c]];
}

tenka_status tenka_pixels_adjust_hue(struct tenka_pixels *p, double factor)
{
    const uint8_t shift = (uint8_t)(int)(factor * 255);
    uint8_t *pixel, hsv[3];
    if (p->view.channels == 1)
        return TENKA_OK;
    TENKA_TRY(tenka_pixels_own(p, &pixel));
    for (size_t i = 0, n = (size_t)p->view.width * p->view.height; i < n; i++, pixel += 3) {
        to_hsv(pixel, hsv);
        hsv[0] = (uint8_t)(hsv[0] + shift);
        to_rgb(hsv, pixel);
    }
    return TENKA_OK;
}

/* ---- Sharpness ---- */

/* A weighted sum of nine pixels, whose middle one weighs 5 of 13, from the row below upwards. */
static uint8_t smooth(const uint8_t *at, size_t stride, size_t step)
{
    const float one = 1.0f / 13, five = 5.0f / 13;
    const uint8_t *const below = at + stride, *const above = at - stride;
    float sum = 0.5f;
    sum += (float)below[-(ptrdiff_t)step] * one + (float)below[0] * one + (float)below[step] * one;
    sum += (float)at[-(ptrdiff_t)step] * one + (float)at[0] * five + (float)at[step] * one;
    sum += (float)above[-(ptrdiff_t)step] * one + (float)above[0] * one + (float)above[step] * one;
    return sum <= 0 ? 0 : sum >= 255 ? 255 : (uint8_t)sum;
}

tenka_status tenka_pixels_adjust_sharpness(struct tenka_pixels *p, double factor)
{
    const struct tenka_view v = p->view;
    const size_t row = (size_t)v.width * v.channels;
    uint8_t *out;
    TENKA_TRY(tenka_pixels_other(p, "RandomAdjustSharpness", v.width, v.height, v.channels, &out));
    for (uint32_t y = 0; y < v.height; y++)
        for (size_t i = 0; i < row; i++, out++) {
            const uint8_t *const at = v.pixels + y * v.stride + i;
            const bool edge = y == 0 || y + 1 == v.height || i < v.channels || i + v.channels >= row;
            *out = edge ? *at : blend(smooth(at, v.stride, v.channels), *at, (float)factor);
        }
    tenka_pixels_replace(p, v.width, v.height, v.channels);
    return TENKA_OK;
}

/* ---- Tables ---- */

tenka_status tenka_pixels_invert(struct tenka_pixels *p)
{
    uint8_t table[1][SHADES];
    for (int i = 0; i < SHADES; i++)
        table[0][i] = (uint8_t)(255 - i);
    return look_up(p, table, 1);
}

tenka_status tenka_pixels_posterize(struct tenka_pixels *p, int bits)
{
    uint8_t table[1][SHADES];
    for (int i = 0; i < SHADES; i++)
        table[0][i] = (uint8_t)(i & ~((1 << (8 - bits)) - 1));
    return look_up(p, table, 1);
}

tenka_status tenka_pixels_solarize(struct tenka_pixels *p, double threshold)
{
    uint8_t table[1][SHADES];
    for (int i = 0; i < SHADES; i++)
        table[0][i] = (uint8_t)(i < threshold ? i : 255 - i);
    return look_up(p, table, 1);
}

static void count_shades(const struct tenka_view *v, uint32_t count[3][SHADES])
{
    memset(count, 0, 3 * sizeof(count[0]));
    for (uint32_t y = 0; y < v->height; y++) {
        const uint8_t *pixel = v->pixels + y * v->stride;
        for (uint32_t x = 0; x < v->width; x++, pixel += v->channels)
            for (uint32_t c = 0; c < v->channels; c++)
                count[c][pixel[c]]++;
    }
}

tenka_status tenka_pixels_autocontrast(struct tenka_pixels *p)
{
    uint32_t count[3][SHADES];
    uint8_t table[3][SHADES];
    count_shades(&p->view, count);
    for (uint32_t c = 0; c < p->view.channels; c++) {
        int low = 0, high = SHADES - 1;
        while (low < SHADES - 1 && count[c][low] == 0)
            low++;
        while (high > 0 && count[c][high] == 0)
            high--;
        const double scale = 255.0 / (high - low), offset = -low * scale;
        for (int i = 0; i < SHADES; i++)
            table[c][i] = high <= low ? (uint8_t)i : byte_of((int)(i * scale + offset));
    }
    return look_up(p, table, p->view.channels);
}

/* The table of a channel: shares of the pixels that are darker, in steps of all but the brightest shade's. */
static void equalizing(const uint32_t count[SHADES], uint8_t table[SHADES])
{
    uint64_t sum = 0, before = 0;
    uint32_t shades = 0, last = 0;
    for (int i = 0; i < SHADES; i++) {
        sum += count[i];
        shades += count[i] > 0;
        last = count[i] > 0 ? count[i] : last;
    }
    const uint64_t step = (sum - last) / 255;
    for (int i = 0; i < SHADES; i++) {
        const uint64_t share = step > 0 ? (step / 2 + before) / step : 0;
        table[i] = shades <= 1 || step == 0 ? (uint8_t)i : (uint8_t)(share > 255 ? 255 : share);
        before += count[i];
    }
}

tenka_status tenka_pixels_equalize(struct tenka_pixels *p)
{
    uint32_t count[3][SHADES];
    uint8_t table[3][SHADES];
    count_shades(&p->view, count);
    for (uint32_t c = 0; c < p->view.channels; c++)
        equalizing(count[c], table[c]);
    return look_up(p, table, p->view.channels);
}

/* ---- Grey ---- */

tenka_status tenka_pixels_to_grey(struct tenka_pixels *p, uint32_t channels)
{
    const struct tenka_view from = p->view;
    uint8_t *out;
    TENKA_TRY(tenka_pixels_other(p, "Grayscale", from.width, from.height, channels, &out));
    for (uint32_t y = 0; y < from.height; y++) {
        const uint8_t *pixel = from.pixels + y * from.stride;
        for (uint32_t x = 0; x < from.width; x++, pixel += from.channels, out += channels)
            memset(out, grey_of(pixel, from.channels), channels);
    }
    tenka_pixels_replace(p, from.width, from.height, channels);
    return TENKA_OK;
}

/* ---- Blur ---- */

/* exp(-x^2 / 2 sigma^2) at n places around 0, with a sum of 1. */
static void gaussian(uint32_t n, float sigma, float *out)
{
    float sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float x = ((float)i - (float)(n - 1) / 2) / sigma;
        out[i] = expf(-0.5f * (x * x));
        sum += out[i];
    }
    for (uint32_t i = 0; i < n; i++)
        out[i] /= sum;
}

/* A place beyond n of them, reflected at the first or last. */
static size_t reflect(int64_t at, uint32_t n)
{
    return (size_t)(at < 0 ? -at : at >= n ? 2 * ((int64_t)n - 1) - at : at);
}

struct blur {
    const struct tenka_view *from;
    const float *across, *down;
    uint32_t width, height;      /* of the kernel */
    float *between, *wide, *sum; /* all rows, blurred across; a row with what is reflected; a row */
    uint8_t *out;
};

/* sum += factor from, of n numbers */
static void add(float *sum, const float *from, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += from[i] * factor;
}

static void blur_across(const struct blur *b)
{
    const struct tenka_view *const v = b->from;
    const size_t channels = v->channels, row = v->width * channels;
    for (uint32_t y = 0; y < v->height; y++) {
        float *const out = b->between + y * row;
        for (size_t x = 0; x < (size_t)v->width + b->width - 1; x++)
            for (size_t c = 0; c < channels; c++)
                b->wide[x * channels + c] =
                    v->pixels[y * v->stride + reflect((int64_t)x - b->width / 2, v->width) * channels + c];
        memset(out, 0, row * sizeof(*out));
        for (uint32_t k = 0; k < b->width; k++)
            add(out, b->wide + k * channels, b->across[k], row);
    }
}

static void blur_down(const struct blur *b)
{
    const struct tenka_view *const v = b->from;
    const size_t row = (size_t)v->width * v->channels;
    for (uint32_t y = 0; y < v->height; y++) {
        memset(b->sum, 0, row * sizeof(*b->sum));
        for (uint32_t k = 0; k < b->height; k++)
            add(b->sum, b->between + reflect((int64_t)y + k - b->height / 2, v->height) * row, b->down[k], row);
        for (size_t i = 0; i < row; i++)
            b->out[y * row + i] = byte_of((int)rintf(b->sum[i]));
    }
}

tenka_status tenka_pixels_gaussian_blur(struct tenka_pixels *p, uint32_t width, uint32_t height, double sigma)
{
    const struct tenka_view from = p->view;
    const size_t row = (size_t)from.width * from.channels, wide = ((size_t)from.width + width) * from.channels;
    float *floats;
    struct blur b = {.from = &from, .width = width, .height = height};
    if (width / 2 >= from.width || height / 2 >= from.height)
        return tenka_fail(&p->room->err, TENKA_E_SHAPE,
                          "GaussianBlur: a kernel of %ux%u needs a picture of at least %ux%u pixels, but it has %ux%u",
                          width, height, width / 2 + 1, height / 2 + 1, from.width, from.height);
    const uint64_t numbers = (uint64_t)row * from.height + row + wide + width + height;
    TENKA_TRY(tenka_room_take(p->room, &p->room->scratch, numbers * sizeof(float), &floats));
    TENKA_TRY(tenka_pixels_other(p, "GaussianBlur", from.width, from.height, from.channels, &b.out));
    gaussian(width, (float)sigma, floats);
    gaussian(height, (float)sigma, floats + width);
    b.across = floats;
    b.down = floats + width;
    b.wide = floats + width + height;
    b.sum = b.wide + wide;
    b.between = b.sum + row;
    blur_across(&b);
    blur_down(&b);
    tenka_pixels_replace(p, from.width, from.height, from.channels);
    return TENKA_OK;
}
