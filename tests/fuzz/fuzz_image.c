/* Pictures of every kind: whatever the bytes, a status; what was read can be resized, and read in part. */
#include <string.h>

#include "data/image.h"
#include "fuzz.h"

#define MAX_PIXELS (1u << 18)

static unsigned add_up(const tenka_image *image)
{
    const size_t bytes = (size_t)tenka_image_width(image) * tenka_image_height(image) * tenka_image_channels(image);
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += tenka_image_pixels(image)[i];
    return sum;
}

static void read_as(const uint8_t *data, size_t size, uint32_t channels, enum tenka_image_alpha alpha)
{
    tenka_ctx *const ctx = fuzz_ctx();
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    tenka_image *image, *small;
    params.channels = channels;
    params.alpha = alpha;
    params.max_pixels = MAX_PIXELS;
    const tenka_status status = tenka_image_decode(ctx, "input", data, size, &params, &image);
    fuzz_expect((status == TENKA_OK) == (image != NULL), "a picture exactly when the status is OK");
    fuzz_expect(status == TENKA_OK || tenka_last_error(ctx)[0] != '\0', "a sentence");
    if (image == NULL)
        return;
    fuzz_expect(channels == 0 || tenka_image_channels(image) == channels, "the channels that were asked for");
    fuzz_expect(tenka_image_resize(ctx, image, NULL, 7, 5, &small) == TENKA_OK, "a picture of another size");
    /* Every byte is there to be read. */
    static volatile unsigned sink;
    sink = add_up(image) + add_up(small);
    (void)sink;
    tenka_image_destroy(&small);
    tenka_image_destroy(&image);
}

static int same_rows(const tenka_image *a, const tenka_image *b, const struct tenka_part *part)
{
    const size_t row = (size_t)a->width * a->channels, bytes = (size_t)part->width * a->channels;
    int same = a->width == b->width && a->height == b->height && a->channels == b->channels;
    for (size_t y = part->top; y < part->top + part->height && same; y++) {
        const size_t at = y * row + (size_t)part->left * a->channels;
        same = memcmp(a->pixels + at, b->pixels + at, bytes) == 0;
    }
    return same;
}

/* The middle of a picture, or what the size of the file says. */
static void read_part(const uint8_t *data, size_t size)
{
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    struct tenka_error err;
    tenka_image *whole, *some;
    params.channels = 3;
    params.max_pixels = MAX_PIXELS;
    if (tenka_picture_decode(&err, "input", data, size, &params, &whole) != TENKA_OK)
        return;
    const uint32_t left = (uint32_t)size % whole->width, top = (uint32_t)(size / 3) % whole->height;
    const struct tenka_part part = {left, top, 1 + (whole->width - left - 1) / 2, 1 + (whole->height - top - 1) / 2};
    const tenka_status status = tenka_picture_load_part(&err, fuzz_file("file.jpg", data, size), &params, &part, &some);
    fuzz_expect(status == TENKA_OK, "a part of what can be read");
    fuzz_expect(same_rows(whole, some, &part), "the same pixels in a part");
    tenka_image_destroy(&whole);
    tenka_image_destroy(&some);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_part(data, size);
    read_as(data, size, 1, TENKA_ALPHA_ON_WHITE);
    read_as(data, size, 0, TENKA_ALPHA_IGNORE);
    return 0;
}
