/* Resampling as Pillow does it: across and down, or down and across, with 8 bits between the passes. Source of the
 * arithmetic: Pillow, src/libImaging/Resample.c; of the cubic: Keys, "Cubic convolution interpolation for digital image
 * processing" (1981), with a = -1/2. */
#include "data/resample.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

/* ---- Filters ---- */

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1 : 0;
}

static double triangle(double x)
{
    return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

/* Pillow's two coefficients are floats. */
static double hamming(double x)
{
    const double a = fabs(x), angle = a * PI;
    if (a == 0)
        return 1;
    return a >= 1 ? 0 : sin(angle) / angle * ((double)0.54f + (double)0.46f * cos(angle));
}

static double cubic(double x)
{
    const double a = fabs(x);
    if (a < 1)
        return (1.5 * a - 2.5) * a * a + 1;
    return a < 2 ? (((a - 5) * a + 8) * a - 4) * -0.5 : 0;
}

static double sinc(double x)
{
    return x == 0 ? 1 : sin(x * PI) / (x * PI);
}

static double lanczos(double x)
{
    return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static const struct {
    double (*at)(double x);
    double reach;
} filters[TENKA_FILTERS] = {
    [TENKA_FILTER_LANCZOS] = {lanczos, 3}, [TENKA_FILTER_BILINEAR] = {triangle, 1}, [TENKA_FILTER_BICUBIC] = {cubic, 2},
    [TENKA_FILTER_BOX] = {box, 0.5},       [TENKA_FILTER_HAMMING] = {hamming, 1},
};

/* ---- Weights ---- */

static void taps_finish(struct tenka_taps *t)
{
    tenka_free(t->first);
    tenka_free(t->length);
    tenka_free(t->weight);
    tenka_free(t->low);
    tenka_free(t->high);
}

void tenka_resampler_finish(struct tenka_resampler *r)
{
    taps_finish(&r->across);
    taps_finish(&r->down);
    tenka_free(r->sums);
    tenka_free(r->between);
    tenka_free(r->padded);
}

/* Makes *memory hold count items; what was there is lost. */
static bool take(void *memory, size_t *room, size_t count, size_t each)
{
    void *old;
    if (count <= *room)
        return true;
    memcpy(&old, memory, sizeof(old));
    tenka_free(old);
    void *const more = tenka_alloc_array(count, each);
    memcpy(memory, &more, sizeof(more));
    *room = more != NULL ? count : 0;
    return more != NULL;
}

static bool taps_take(struct tenka_taps *t, uint32_t count, size_t each)
{
    size_t first = t->pixels, length = t->pixels, low = t->halves, high = t->halves;
    t->count = count;
    t->each = each;
    if (count > SIZE_MAX / each)
        return false;
    const bool taken = take(&t->first, &first, count, sizeof(t->first[0])) &&
                       take(&t->length, &length, count, sizeof(t->length[0]));
    t->pixels = taken ? length : 0; /* of which both have room */
    const bool halved = take(&t->low, &low, count * each, sizeof(t->low[0])) &&
                        take(&t->high, &high, count * each, sizeof(t->high[0]));
    t->halves = halved ? high : 0;
    return taken && halved && take(&t->weight, &t->weights, count * each, sizeof(t->weight[0]));
}

/* What stands for a middle of the old line is the new pixel's middle there. */
static void fill_taps(struct tenka_taps *t, uint32_t i, uint32_t size, double center, double scale,
                      enum tenka_filter filter, double *sums)
{
    const double reach = filters[filter].reach * scale, low = center - reach + 0.5, high = center + reach + 0.5;
    const uint32_t first = low < 0 ? 0 : (uint32_t)low, end = high > size ? size : (uint32_t)high;
    double sum = 0;
    for (uint32_t k = first; k < end; k++) {
        sums[k - first] = filters[filter].at(((double)k - center + 0.5) * (1 / scale));
        sum += sums[k - first];
    }
    int32_t *const weight = t->weight + i * t->each;
    for (uint32_t k = 0; k < t->each; k++) {
        const double share = k >= end - first ? 0 : sum != 0 ? sums[k] / sum : sums[k];
        weight[k] = (int32_t)((share < 0 ? -0.5 : 0.5) + share * (1 << TENKA_RESAMPLE_PLACES));
        t->low[i * t->each + k] = (int16_t)(weight[k] & ((1 << TENKA_RESAMPLE_LOW_PLACES) - 1));
        t->high[i * t->each + k] = (int16_t)(weight[k] >> TENKA_RESAMPLE_LOW_PLACES);
    }
    t->first[i] = first;
    t->length[i] = end - first;
}

/* From begin to end of a line of size pixels to count new ones. */
static bool taps_make(struct tenka_resampler *r, struct tenka_taps *t, uint32_t size, double begin, double end,
                      uint32_t count, enum tenka_filter filter)
{
    const double scale = (end - begin) / count, wide = scale < 1 ? 1 : scale;
    const size_t most = (size_t)ceil(filters[filter].reach * wide) * 2 + 1;
    if (!taps_take(t, count, tenka_align(most, 8)) || !take(&r->sums, &r->sums_room, most, sizeof(r->sums[0])))
        return false;
    for (uint32_t i = 0; i < count; i++)
        fill_taps(t, i, size, begin + (i + 0.5) * scale, wide, filter, r->sums);
    return true;
}

/* ---- Passes ---- */

const struct tenka_resample_lines *tenka_resample_passes(void)
{
#if TENKA_FAST_X86
    const char *const named = getenv("TENKA_CPU");
    const bool plain = named != NULL && (strcmp(named, "plain") == 0 || strcmp(named, "reference") == 0);
    if (!plain && __builtin_cpu_supports("avx2"))
        return &tenka_resample_lines_avx2;
#endif
    return &tenka_resample_lines_plain;
}

/* The rows from first to end of a view, with another width. */
static bool pass_across(struct tenka_resampler *r, const struct tenka_view *from, uint32_t first, uint32_t end,
                        uint8_t *out)
{
    const struct tenka_resample_lines *const with = tenka_resample_passes();
    const size_t padded = (size_t)from->width * from->channels + TENKA_RESAMPLE_SLACK;
    if (!take(&r->padded, &r->padded_room, padded, 1))
        return false;
    for (uint32_t y = first; y < end; y++) {
        with->across(from->pixels + y * from->stride, from->width, from->channels, &r->across, r->padded, out);
        out += (size_t)r->across.count * from->channels;
    }
    return true;
}

/* Row `first` of the view is the first of the picture that the weights are for. */
static void pass_down(const struct tenka_taps *t, const uint8_t *from, size_t stride, uint32_t first, size_t bytes,
                      uint8_t *out)
{
    const struct tenka_resample_lines *const with = tenka_resample_passes();
    for (uint32_t y = 0; y < t->count; y++, out += bytes)
        with->down(from + (t->first[y] - first) * stride, stride, bytes, t->weight + y * t->each, t->length[y], out);
}

static bool is_whole(uint32_t size, double begin, double end, uint32_t count)
{
    return count == size && begin == 0 && end == size;
}

static void copy(const struct tenka_view *from, uint8_t *out)
{
    const size_t bytes = (size_t)from->width * from->channels;
    for (uint32_t y = 0; y < from->height; y++, out += bytes)
        memcpy(out, from->pixels + y * from->stride, bytes);
}

/* As Pillow, where a place is the sum of steps. */
static bool pick_nearest(struct tenka_resampler *r, const struct tenka_view *from, const struct tenka_box *part,
                         uint32_t width, uint32_t height, uint8_t *out)
{
    const double step_x = (part->right - part->left) / width, step_y = (part->bottom - part->top) / height;
    const uint32_t channels = from->channels;
    double x = part->left + step_x * 0.5, y = part->top + step_y * 0.5;
    if (!taps_take(&r->across, width, 1))
        return false;
    for (uint32_t i = 0; i < width; i++, x += step_x)
        r->across.first[i] = (uint32_t)(x < from->width ? x : from->width - 1) * channels;
    for (uint32_t j = 0; j < height; j++, y += step_y) {
        const uint8_t *const row = from->pixels + (uint32_t)(y < from->height ? y : from->height - 1) * from->stride;
        for (uint32_t i = 0; i < width; i++)
            for (uint32_t c = 0; c < channels; c++)
                *out++ = row[r->across.first[i] + c];
    }
    return true;
}

static bool is_tall(const struct tenka_view *from, uint32_t width, uint32_t height)
{
    const int64_t narrower = (int64_t)from->width - width, lower = (int64_t)from->height - height;
    return lower > 2 * (narrower > 0 ? narrower : 0);
}

static bool resample_down_first(struct tenka_resampler *r, const struct tenka_view *from, uint32_t height, uint8_t *out)
{
    const size_t row = (size_t)from->width * from->channels;
    if (!take(&r->between, &r->between_room, height * row, 1))
        return false;
    pass_down(&r->down, from->pixels, from->stride, 0, row, r->between);
    const struct tenka_view lower = {r->between, row, from->width, height, from->channels};
    return pass_across(r, &lower, 0, height, out);
}

static bool resample(struct tenka_resampler *r, const struct tenka_view *from, const struct tenka_box *part,
                     enum tenka_filter filter, enum tenka_resample_order order, uint32_t width, uint32_t height,
                     uint8_t *out)
{
    const bool across = !is_whole(from->width, part->left, part->right, width);
    const bool down = !is_whole(from->height, part->top, part->bottom, height);
    if (across && !taps_make(r, &r->across, from->width, part->left, part->right, width, filter))
        return false;
    if (!down)
        return pass_across(r, from, 0, from->height, out);
    if (!taps_make(r, &r->down, from->height, part->top, part->bottom, height, filter))
        return false;
    const size_t bytes = (size_t)width * from->channels;
    if (!across) {
        pass_down(&r->down, from->pixels, from->stride, 0, bytes, out);
        return true;
    }
    if (order == TENKA_RESAMPLE_TALL_DOWN_FIRST && is_tall(from, width, height))
        return resample_down_first(r, from, height, out);
    const uint32_t first = r->down.first[0], end = r->down.first[height - 1] + r->down.length[height - 1];
    if (!take(&r->between, &r->between_room, (size_t)(end - first) * bytes, 1) ||
        !pass_across(r, from, first, end, r->between))
        return false;
    pass_down(&r->down, r->between, bytes, first, bytes, out);
    return true;
}

tenka_status tenka_resample(struct tenka_resampler *r, struct tenka_error *err, const struct tenka_view *from,
                            const struct tenka_box *part, enum tenka_filter filter, enum tenka_resample_order order,
                            uint32_t width, uint32_t height, uint8_t *out)
{
    bool good = true;
    if (is_whole(from->width, part->left, part->right, width) &&
        is_whole(from->height, part->top, part->bottom, height))
        copy(from, out);
    else if (filter == TENKA_FILTER_NEAREST)
        good = pick_nearest(r, from, part, width, height, out);
    else
        good = resample(r, from, part, filter, order, width, height, out);
    return good ? TENKA_OK : tenka_fail_nomem(err);
}
