/* Pictures of what a network is given. */
#include <math.h>
#include <stdlib.h>

#include "answers.h"

/* Channels, height and width of a sample; false: it is no picture. */
static bool picture_size(struct tenka_shape shape, uint32_t *channels, uint32_t *height, uint32_t *width)
{
    if (shape.rank != 2 && shape.rank != 3)
        return false;
    const uint32_t *const plane = shape.dim + shape.rank - 2;
    *channels = shape.rank == 3 ? shape.dim[0] : 1;
    *height = plane[0];
    *width = plane[1];
    /* Two numbers in a row are no picture. */
    return (*channels == 1 || *channels == 3) && *height > 3 && *width > 3 && *height <= TENKA_IMAGE_MAX_SIDE &&
           *width <= TENKA_IMAGE_MAX_SIDE;
}

/* How numbers become levels of 0 to 255: level = x * scale + shift, for each channel. */
struct levels {
    double scale[3], shift[3];
};

static struct levels levels_of(const tenka_dataset *data, const float *input, size_t count, uint32_t channels)
{
    struct levels l;
    double least = INFINITY, most = -INFINITY;
    if (tenka_dataset_input_dtype(data) == TENKA_U8) {
        for (uint32_t c = 0; c < channels; c++) {
            double mean, std;
            tenka_dataset_normalization(data, c, &mean, &std);
            l.scale[c] = 255 * std;
            l.shift[c] = 255 * mean;
        }
        return l;
    }
    for (size_t i = 0; i < count; i++) {
        least = fmin(least, (double)input[i]);
        most = fmax(most, (double)input[i]);
    }
    for (uint32_t c = 0; c < channels; c++) {
        l.scale[c] = most > least ? 255 / (most - least) : 0;
        l.shift[c] = most > least ? -least * l.scale[c] : 0;
    }
    return l;
}

static uint8_t level(double value)
{
    return isnan(value) || value < 0 ? 0 : value > 255 ? 255 : (uint8_t)(value + 0.5);
}

tenka_status sample_picture(const struct session *s, const float *input, tenka_image **out)
{
    const tenka_dataset *const data = s->test_data;
    uint32_t channels, height, width;
    *out = NULL;
    if (!picture_size(tenka_dataset_image_shape(data), &channels, &height, &width))
        return TENKA_OK;
    const size_t plane = (size_t)height * width;
    uint8_t *const pixels = malloc(plane * channels);
    if (pixels == NULL)
        return TENKA_E_NOMEM;
    const struct levels l = levels_of(data, input, plane * channels, channels);
    for (size_t i = 0; i < plane; i++)
        for (uint32_t c = 0; c < channels; c++)
            pixels[i * channels + c] = level((double)input[c * plane + i] * l.scale[c] + l.shift[c]);
    const tenka_status status = tenka_image_create(s->ctx, pixels, width, height, channels, out);
    free(pixels);
    return status;
}
