/* Pictures of every kind: whatever the bytes, a status; and what was read can be resized. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_as(data, size, 1, TENKA_ALPHA_ON_WHITE);
    read_as(data, size, 0, TENKA_ALPHA_IGNORE);
    return 0;
}
