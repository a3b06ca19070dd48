/* Pictures while they are read: what image.c and the decoders share. */
#ifndef TENKA_DATA_IMAGE_H
#define TENKA_DATA_IMAGE_H

#include "core/core.h"
#include "tenka/image.h"

struct tenka_image {
    uint32_t width, height, channels;
    uint8_t *pixels;
};

/* Zeros. Errors: E_NOMEM. */
tenka_status tenka_image_make(struct tenka_error *err, uint32_t width, uint32_t height, uint32_t channels,
                              tenka_image **out);

/* product / 255, rounded, for products of two bytes; as Pillow computes it. */
static inline uint8_t tenka_image_over_255(uint32_t product)
{
    return (uint8_t)((product + 128 + ((product + 128) >> 8)) >> 8);
}

/* A file that is being decoded. */
struct tenka_picture {
    struct tenka_error *err;
    const char *name;
    const uint8_t *data;
    size_t bytes;
    struct tenka_image_params params; /* without zeros that stand for defaults, but for channels */
    tenka_image *image;               /* NULL until tenka_picture_begin; whoever made the picture destroys it */
    uint32_t orientation;             /* as in EXIF; 1: upright */
};

/* The picture's size is known: checks it and makes the image.
 *   colour  whether the file has more than grey
 * Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_picture_begin(struct tenka_picture *p, uint64_t width, uint64_t height, bool colour);
/* Row y arrives with channels samples a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
void tenka_picture_row(struct tenka_picture *p, uint32_t y, const uint8_t *row, uint32_t channels);
/* EXIF data, which begins as a TIFF file does, may say how the picture is turned. */
void tenka_picture_exif(struct tenka_picture *p, const uint8_t *exif, size_t bytes);

/* Decode the whole file into p->image. Errors: E_FORMAT, E_NOMEM, E_UNSUPPORTED (not in this build). */
tenka_status tenka_png_decode(struct tenka_picture *p);
tenka_status tenka_jpeg_decode(struct tenka_picture *p);

#endif
