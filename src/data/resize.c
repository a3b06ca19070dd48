/* Resizing as Pillow's BILINEAR does: two passes, across and then down, of weighted sums in fixed point. Source of the
 * arithmetic: Pillow, src/libImaging/Resample.c. */
#include <math.h>

#include "data/image.h"
#include "graph/graph.h"

/* Weights have so many binary places: a byte times a sum of 1 stays below 2^31. */
#define PLACES 22

/* Which pixels of a line become which new one. */
struct taps {
    uint32_t count; /* of new pixels */
    size_t each;    /* room for the weights of one */
    uint32_t *first, *length;
    int32_t *weight;
};

static void taps_finish(struct taps *t)
{
    tenka_free(t->first);
    tenka_free(t->length);
    tenka_free(t->weight);
}

/* The weights of one new pixel, whose middle lies at center of the old line: a triangle that reaches reach to both
 * sides, cut off at the ends of the line. sums has room for them. */
static void fill_taps(struct taps *t, uint32_t i, uint32_t size, double center, double reach, double *weights)
{
    const double low = center - reach + 0.5, high = center + reach + 0.5;
    const uint32_t first = low < 0 ? 0 : (uint32_t)low, end = high > size ? size : (uint32_t)high;
    double sum = 0;
    for (uint32_t k = first; k < end; k++) {
        const double away = fabs(((double)k - center + 0.5) * (1 / reach));
        weights[k - first] = away < 1 ? 1 - away : 0;
        sum += weights[k - first];
    }
    for (uint32_t k = 0; k < end - first; k++) {
        const double share = sum != 0 ? weights[k] / sum : weights[k];
        t->weight[i * t->each + k] = (int32_t)(0.5 + share * (1 << PLACES));
    }
    t->first[i] = first;
    t->length[i] = end - first;
}

/* From begin to end of a line of size pixels to count new ones. Errors: E_NOMEM. */
static tenka_status taps_init(struct taps *t, struct tenka_error *err, uint32_t size, double begin, double end,
                              uint32_t count)
{
    const double scale = (end - begin) / count, reach = scale < 1 ? 1 : scale;
    *t = (struct taps){.count = count, .each = (size_t)ceil(reach) * 2 + 1};
    t->first = tenka_alloc_array(count, sizeof(t->first[0]));
    t->length = tenka_alloc_array(count, sizeof(t->length[0]));
    t->weight = tenka_alloc_array(count, t->each * sizeof(t->weight[0]));
    double *const weights = tenka_alloc_array(t->each, sizeof(weights[0]));
    const bool good = t->first != NULL && t->length != NULL && t->weight != NULL && weights != NULL;
    for (uint32_t i = 0; i < count && good; i++)
        fill_taps(t, i, size, begin + (i + 0.5) * scale, reach, weights);
    tenka_free(weights);
    if (good)
        return TENKA_OK;
    taps_finish(t);
    return tenka_fail_nomem(err);
}

static uint8_t to_byte(int32_t sum)
{
    const int32_t value = sum >> PLACES;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* One new pixel from old ones that lie step bytes apart. */
static void mix(const uint8_t *from, size_t step, uint32_t channels, const int32_t *weight, uint32_t length,
                uint8_t *to)
{
    for (uint32_t c = 0; c < channels; c++) {
        int32_t sum = 1 << (PLACES - 1);
        for (uint32_t k = 0; k < length; k++)
            sum += from[k * step + c] * weight[k];
        to[c] = to_byte(sum);
    }
}

static void resize_across(const tenka_image *from, const struct taps *t, tenka_image *to)
{
    const uint32_t channels = from->channels;
    uint8_t *out = to->pixels;
    for (uint32_t y = 0; y < to->height; y++) {
        const uint8_t *const row = from->pixels + (size_t)y * from->width * channels;
        for (uint32_t x = 0; x < to->width; x++, out += channels)
            mix(row + (size_t)t->first[x] * channels, channels, channels, t->weight + x * t->each, t->length[x], out);
    }
}

static void resize_down(const tenka_image *from, const struct taps *t, tenka_image *to)
{
    const size_t row = (size_t)from->width * from->channels;
    uint8_t *out = to->pixels;
    for (uint32_t y = 0; y < to->height; y++)
        for (size_t i = 0; i < row; i++, out++)
            mix(from->pixels + t->first[y] * row + i, row, 1, t->weight + y * t->each, t->length[y], out);
}

static bool is_whole(uint32_t size, double begin, double end, uint32_t count)
{
    return count == size && begin == 0 && end == size;
}

/* image across to a new one; where nothing changes *out is NULL. */
static tenka_status pass_across(struct tenka_error *err, const tenka_image *image, const struct tenka_image_box *box,
                                uint32_t width, tenka_image **out)
{
    struct taps taps;
    *out = NULL;
    if (is_whole(image->width, box->left, box->right, width))
        return TENKA_OK;
    TENKA_TRY(taps_init(&taps, err, image->width, box->left, box->right, width));
    const tenka_status status = tenka_image_make(err, width, image->height, image->channels, out);
    if (status == TENKA_OK)
        resize_across(image, &taps, *out);
    taps_finish(&taps);
    return status;
}

static tenka_status pass_down(struct tenka_error *err, const tenka_image *image, const struct tenka_image_box *box,
                              uint32_t height, tenka_image **out)
{
    struct taps taps;
    TENKA_TRY(tenka_image_make(err, image->width, height, image->channels, out));
    if (is_whole(image->height, box->top, box->bottom, height)) {
        memcpy((*out)->pixels, image->pixels, (size_t)image->width * height * image->channels);
        return TENKA_OK;
    }
    const tenka_status status = taps_init(&taps, err, image->height, box->top, box->bottom, height);
    if (status == TENKA_OK) {
        resize_down(image, &taps, *out);
        taps_finish(&taps);
    } else {
        tenka_image_destroy(out);
    }
    return status;
}

static tenka_status check_resize(struct tenka_error *err, const tenka_image *image, const struct tenka_image_box *box,
                                 uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0 || width > TENKA_IMAGE_MAX_SIDE || height > TENKA_IMAGE_MAX_SIDE ||
        (uint64_t)width * height > TENKA_IMAGE_MAX_PIXELS ||
        (uint64_t)width * image->height > TENKA_IMAGE_MAX_PIXELS) /* between the passes */
        return tenka_fail(err, TENKA_E_INVALID,
                          "image: cannot resize to %ux%u pixels: expected 1 to %u a side and at "
                          "most %u in all",
                          width, height, TENKA_IMAGE_MAX_SIDE, TENKA_IMAGE_MAX_PIXELS);
    /* Written so that NaN fails. */
    if (!(box->left >= 0 && box->left < box->right && box->right <= image->width) ||
        !(box->top >= 0 && box->top < box->bottom && box->bottom <= image->height))
        return tenka_fail(err, TENKA_E_INVALID, "image: the box from %g,%g to %g,%g is no part of %ux%u pixels",
                          box->left, box->top, box->right, box->bottom, image->width, image->height);
    return TENKA_OK;
}

tenka_status tenka_picture_resize(struct tenka_error *err, const tenka_image *image, const struct tenka_image_box *box,
                                  uint32_t width, uint32_t height, tenka_image **out)
{
    const struct tenka_image_box whole = {0, 0, image->width, image->height}, part = box != NULL ? *box : whole;
    tenka_image *across;
    *out = NULL;
    TENKA_TRY(check_resize(err, image, &part, width, height));
    TENKA_TRY(pass_across(err, image, &part, width, &across));
    const tenka_status status = pass_down(err, across != NULL ? across : image, &part, height, out);
    tenka_image_destroy(&across);
    return status;
}

tenka_status tenka_image_resize(tenka_ctx *ctx, const tenka_image *image, const struct tenka_image_box *box,
                                uint32_t width, uint32_t height, tenka_image **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (image == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "image: there is no image to resize");
    return tenka_picture_resize(err, image, box, width, height, out);
}
