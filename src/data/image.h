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

/* ITU-R 601-2 in 16 binary places, rounded, as Pillow's convert("L"). */
static inline uint8_t tenka_image_grey(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

/* What a file's metadata says of the way that is up, as EXIF's Orientation does; 0: nothing. */
struct tenka_up {
    bool has_exif; /* itself, and not only ImageMagick's text of it */
    uint32_t exif, xmp;
};

/* Some of a picture's pixels. */
struct tenka_part {
    uint32_t left, top, width, height;
};

/* A file that is being decoded. */
struct tenka_picture {
    struct tenka_error *err;
    const char *name;
    const uint8_t *data;
    size_t bytes;
    struct tenka_image_params params; /* without zeros that stand for defaults, but for channels */
    const struct tenka_part *part;    /* of the upright picture, is wanted alone; NULL: all of it */
    bool header;                      /* alone is read: there is no image, and what the decoder needs not is cut off */
    uint32_t width, height;           /* as in the file; known after tenka_picture_begin, with the colour */
    bool colour;
    tenka_image *image; /* NULL until tenka_picture_begin; whoever made the picture destroys it */
    struct tenka_up up;
};

/* The picture's size is known: checks it and makes the image, unless only the header is read.
 *   colour  whether the file has more than grey
 * Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_picture_begin(struct tenka_picture *p, uint64_t width, uint64_t height, bool colour);
/* Row y arrives with channels samples a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
void tenka_picture_row(struct tenka_picture *p, uint32_t y, const uint8_t *row, uint32_t channels);
/* Of row y so many pixels arrive, from x on. */
void tenka_picture_pixels(struct tenka_picture *p, uint32_t x, uint32_t y, uint32_t width, const uint8_t *row,
                          uint32_t channels);

/* Metadata arrives, which may say how the picture is turned: EXIF data, which begins as a TIFF file does, perhaps
 * behind the mark; the text that ImageMagick makes of it; XMP. Of several of a kind the last one counts; a text of EXIF
 * data only without EXIF data, and XMP only where neither has an Orientation. Errors: E_NOMEM. */
#define TENKA_EXIF_MARK "Exif\0"
#define TENKA_EXIF_MARK_BYTES 6
void tenka_picture_exif(struct tenka_picture *p, const uint8_t *exif, size_t bytes);
tenka_status tenka_picture_profile(struct tenka_picture *p, const uint8_t *text, size_t length);
void tenka_picture_xmp(struct tenka_picture *p, const uint8_t *text, size_t length);
/* What came of it, as in EXIF, from 1 to 8; 1: upright. */
uint32_t tenka_picture_orientation(const struct tenka_picture *p);

/* Decode the whole file into p->image, or its header. Of GIF, WebP and TIFF files the header is read of the whole file
 * too, and what is cut off found. Errors: E_FORMAT, E_NOMEM, E_UNSUPPORTED (not in this build). */
tenka_status tenka_png_decode(struct tenka_picture *p);
tenka_status tenka_jpeg_decode(struct tenka_picture *p);
tenka_status tenka_bmp_decode(struct tenka_picture *p);
tenka_status tenka_gif_decode(struct tenka_picture *p);
tenka_status tenka_webp_decode(struct tenka_picture *p);
tenka_status tenka_tiff_decode(struct tenka_picture *p);
/* Of a PNG file that was decoded the metadata, wherever it stands. Errors: E_NOMEM. */
tenka_status tenka_png_metadata(struct tenka_picture *p);

/* tenka_image_decode, _load and _resize on whatever thread: of checked parameters, and a sentence that is err's. */
tenka_status tenka_picture_decode(struct tenka_error *err, const char *name, const void *data, size_t bytes,
                                  const struct tenka_image_params *params, tenka_image **out);
tenka_status tenka_picture_load(struct tenka_error *err, const char *path, const struct tenka_image_params *params,
                                tenka_image **out);
/* The same where only a part of the upright picture is wanted: beyond it pixels may be missing, and are black, and what
 * is damaged may not be noticed. part: NULL: all of it. */
tenka_status tenka_picture_load_part(struct tenka_error *err, const char *path, const struct tenka_image_params *params,
                                     const struct tenka_part *part, tenka_image **out);
tenka_status tenka_picture_resize(struct tenka_error *err, const tenka_image *image, const struct tenka_image_box *box,
                                  uint32_t width, uint32_t height, tenka_image **out);
/* Fills in what params leaves to the defaults. Errors: E_INVALID. */
tenka_status tenka_picture_check_params(struct tenka_error *err, struct tenka_image_params *params);

/* What a file's header says of its picture, once it is upright. */
struct tenka_picture_facts {
    uint16_t width, height;
    bool colour;
};
/* Looks at a file without decoding it, where its begin and its end are as they should be; else decodes it, so that what
 * is cut off is found. Errors: as tenka_picture_load. */
tenka_status tenka_picture_look(struct tenka_error *err, const char *path, const struct tenka_image_params *params,
                                struct tenka_picture_facts *out);

#endif
