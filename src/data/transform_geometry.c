/* Crops, borders, flips and sizes. */
#include <math.h>

#include "data/transform.h"

/* ---- Room ---- */

tenka_status tenka_room_take(tenka_transform_room *room, struct tenka_room_buffer *buffer, uint64_t bytes, void *out)
{
    if (bytes > buffer->bytes) {
        tenka_free(buffer->memory);
        buffer->memory = bytes <= SIZE_MAX ? tenka_alloc((size_t)bytes) : NULL;
        buffer->bytes = buffer->memory != NULL ? (size_t)bytes : 0;
        if (buffer->memory == NULL)
            return tenka_fail_nomem(&room->err);
    }
    memcpy(out, &buffer->memory, sizeof(buffer->memory));
    return TENKA_OK;
}

tenka_status tenka_check_extent(struct tenka_error *err, const char *what, uint64_t width, uint64_t height)
{
    if (width > 0 && height > 0 && width <= TENKA_IMAGE_MAX_SIDE && height <= TENKA_IMAGE_MAX_SIDE &&
        width * height <= TENKA_IMAGE_MAX_PIXELS)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_SHAPE,
                      "%s: the picture would have %llux%llu pixels; expected 1 to %u a side and at most %u in all",
                      what, (unsigned long long)width, (unsigned long long)height, TENKA_IMAGE_MAX_SIDE,
                      TENKA_IMAGE_MAX_PIXELS);
}

tenka_status tenka_pixels_other(struct tenka_pixels *p, const char *what, uint64_t width, uint64_t height,
                                uint32_t channels, uint8_t **out)
{
    TENKA_TRY(tenka_check_extent(&p->room->err, what, width, height));
    return tenka_room_take(p->room, &p->room->pixels[p->buffer == 0], width * height * channels, out);
}

void tenka_pixels_replace(struct tenka_pixels *p, uint32_t width, uint32_t height, uint32_t channels)
{
    p->buffer = p->buffer == 0;
    p->view = (struct tenka_view){p->room->pixels[p->buffer].memory, (size_t)width * channels, width, height, channels};
}

tenka_status tenka_pixels_own(struct tenka_pixels *p, uint8_t **out)
{
    const struct tenka_view v = p->view;
    const size_t row = (size_t)v.width * v.channels;
    if (p->buffer < 0 || v.stride != row) {
        TENKA_TRY(tenka_pixels_other(p, "picture", v.width, v.height, v.channels, out));
        for (uint32_t y = 0; y < v.height; y++)
            memcpy(*out + y * row, v.pixels + y * v.stride, row);
        tenka_pixels_replace(p, v.width, v.height, v.channels);
    }
    /* A crop of some rows begins further on in the buffer. */
    *out = (uint8_t *)p->room->pixels[p->buffer].memory +
           (p->view.pixels - (const uint8_t *)p->room->pixels[p->buffer].memory);
    return TENKA_OK;
}

/* ---- Crops ---- */

void tenka_pixels_crop(struct tenka_pixels *p, uint32_t left, uint32_t top, uint32_t width, uint32_t height)
{
    p->view.pixels += top * p->view.stride + (size_t)left * p->view.channels;
    p->view.width = width;
    p->view.height = height;
}

tenka_status tenka_pixels_center_crop(struct tenka_pixels *p, uint32_t height, uint32_t width)
{
    const double fill = p->classes ? TENKA_MASK_NOTHING : 0;
    const uint32_t wide = width > p->view.width ? width - p->view.width : 0;
    const uint32_t high = height > p->view.height ? height - p->view.height : 0;
    if (wide > 0 || high > 0) {
        if (p->stage == TENKA_STAGE_NORMALISED)
            return tenka_fail(
                &p->room->err, TENKA_E_SHAPE,
                "CenterCrop: the picture of %ux%u pixels is smaller than the crop of %ux%u; write it before "
                "Normalize(), because of its padding",
                p->view.width, p->view.height, width, height);
        const struct tenka_border border = {wide / 2, high / 2, (wide + 1) / 2, (high + 1) / 2};
        TENKA_TRY(tenka_pixels_pad(p, "CenterCrop", border, &fill, 0, MODE_CONSTANT));
    }
    tenka_pixels_crop(p, (uint32_t)rint((p->view.width - width) / 2.0), (uint32_t)rint((p->view.height - height) / 2.0),
                      width, height);
    return TENKA_OK;
}

/* ---- Borders ---- */

struct tenka_border tenka_border_of(const double *padding, int count)
{
    const uint32_t first = (uint32_t)padding[0], second = (uint32_t)padding[1];
    if (count == 4)
        return (struct tenka_border){first, second, (uint32_t)padding[2], (uint32_t)padding[3]};
    return count == 2 ? (struct tenka_border){first, second, first, second}
                      : (struct tenka_border){first, first, first, first};
}

/* Which of n pixels stands at a place beyond them. */
static uint32_t place_of(int64_t at, uint32_t n, int mode)
{
    const int64_t period = mode == MODE_SYMMETRIC ? 2 * (int64_t)n : 2 * ((int64_t)n - 1);
    if (at >= 0 && at < n)
        return (uint32_t)at;
    if (mode == MODE_EDGE || n == 1)
        return at < 0 ? 0 : n - 1;
    at %= period;
    at += at < 0 ? period : 0;
    return (uint32_t)(at < n ? at : mode == MODE_SYMMETRIC ? period - 1 - at : period - at);
}

static void fill_row(uint8_t *out, size_t pixels, uint32_t channels, const uint8_t *colour)
{
    for (size_t x = 0; x < pixels; x++, out += channels)
        memcpy(out, colour, channels);
}

/* One row of the larger picture, from the row that stands there. */
static void pad_row(const struct tenka_view *from, const uint8_t *row, const struct tenka_border *border, int mode,
                    const uint8_t *colour, uint8_t *out)
{
    const uint32_t channels = from->channels;
    uint8_t *const right = out + ((size_t)border->left + from->width) * channels;
    memcpy(out + (size_t)border->left * channels, row, (size_t)from->width * channels);
    if (mode == MODE_CONSTANT) {
        fill_row(out, border->left, channels, colour);
        fill_row(right, border->right, channels, colour);
        return;
    }
    for (uint32_t x = 0; x < border->left; x++)
        memcpy(out + (size_t)x * channels,
               row + (size_t)place_of((int64_t)x - border->left, from->width, mode) * channels, channels);
    for (uint32_t x = 0; x < border->right; x++)
        memcpy(right + (size_t)x * channels,
               row + (size_t)place_of((int64_t)from->width + x, from->width, mode) * channels, channels);
}

/* The colour as bytes: of a tensor 1 stands for 255. */
static void colour_of(const struct tenka_pixels *p, const double *fill, int fills, uint8_t out[3])
{
    const double unit = p->stage == TENKA_STAGE_VALUES ? 255 : 1;
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)(fill[fills > 1 ? c : 0] * unit);
}

tenka_status tenka_pixels_pad(struct tenka_pixels *p, const char *what, struct tenka_border border, const double *fill,
                              int fills, int mode)
{
    const struct tenka_view from = p->view;
    const uint64_t width = (uint64_t)border.left + from.width + border.right;
    const uint64_t height = (uint64_t)border.top + from.height + border.bottom;
    uint8_t colour[3] = {0}, *out;
    if (mode == MODE_CONSTANT)
        colour_of(p, fill, fills, colour);
    TENKA_TRY(tenka_pixels_other(p, what, width, height, from.channels, &out));
    const size_t row = (size_t)width * from.channels;
    for (uint32_t y = 0; y < height; y++) {
        const int64_t at = (int64_t)y - border.top;
        const bool inside = at >= 0 && at < from.height;
        if (!inside && mode == MODE_CONSTANT)
            fill_row(out + y * row, (size_t)width, from.channels, colour);
        else
            pad_row(&from, from.pixels + place_of(at, from.height, mode) * from.stride, &border, mode, colour,
                    out + y * row);
    }
    tenka_pixels_replace(p, (uint32_t)width, (uint32_t)height, from.channels);
    return TENKA_OK;
}

/* ---- Flips ---- */

static void flip_row(const uint8_t *from, uint32_t width, uint32_t channels, uint8_t *out)
{
    const uint8_t *at = from + (size_t)width * channels;
    if (channels == 1) {
        for (uint32_t x = 0; x < width; x++)
            out[x] = *--at;
        return;
    }
    for (uint32_t x = 0; x < width; x++, out += 3) {
        at -= 3;
        out[0] = at[0];
        out[1] = at[1];
        out[2] = at[2];
    }
}

tenka_status tenka_pixels_flip_x(struct tenka_pixels *p)
{
    const struct tenka_view from = p->view;
    uint8_t *out;
    TENKA_TRY(tenka_pixels_other(p, "RandomHorizontalFlip", from.width, from.height, from.channels, &out));
    for (uint32_t y = 0; y < from.height; y++)
        flip_row(from.pixels + y * from.stride, from.width, from.channels,
                 out + (size_t)y * from.width * from.channels);
    tenka_pixels_replace(p, from.width, from.height, from.channels);
    return TENKA_OK;
}

tenka_status tenka_pixels_flip_y(struct tenka_pixels *p)
{
    const struct tenka_view from = p->view;
    const size_t row = (size_t)from.width * from.channels;
    uint8_t *out;
    TENKA_TRY(tenka_pixels_other(p, "RandomVerticalFlip", from.width, from.height, from.channels, &out));
    for (uint32_t y = 0; y < from.height; y++)
        memcpy(out + y * row, from.pixels + (from.height - 1 - y) * from.stride, row);
    tenka_pixels_replace(p, from.width, from.height, from.channels);
    return TENKA_OK;
}

/* ---- Sizes ---- */

tenka_status tenka_pixels_resize(struct tenka_pixels *p, const char *what, uint64_t width, uint64_t height, int filter)
{
    const struct tenka_view from = p->view;
    const struct tenka_box whole = {0, 0, from.width, from.height};
    uint8_t *out;
    if (width == from.width && height == from.height)
        return TENKA_OK;
    TENKA_TRY(tenka_pixels_other(p, what, width, height, from.channels, &out));
    TENKA_TRY(tenka_check_extent(&p->room->err, what, width, from.height)); /* between the passes */
    TENKA_TRY(tenka_resample(&p->room->resampler, &p->room->err, &from, &whole, (enum tenka_filter)filter,
                             TENKA_RESAMPLE_TALL_DOWN_FIRST, (uint32_t)width, (uint32_t)height, out));
    tenka_pixels_replace(p, (uint32_t)width, (uint32_t)height, from.channels);
    return TENKA_OK;
}
