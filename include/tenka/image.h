/* Pictures from PNG, JPEG, BMP, GIF, WebP and TIFF files, made ready for a network.
 *
 * What comes out is what Pillow gives, on which torchvision stands: Image.open(file).convert("L" or "RGB"), and its
 * Resize for pictures, whose values differ by one level at most. On purpose different:
 *   a photograph that its metadata calls turned is put upright, as ImageOps.exif_transpose does: by the Orientation of
 *     EXIF, else of XMP, wherever they stand in the file (of JPEG files older Pillows, such as 9.4, read EXIF alone);
 *   16-bit grey keeps its upper 8 bits, as 16-bit colour does in both; Pillow clips it to white;
 *   a file that is cut off is an error, also where Pillow would fill the rest.
 * Colour profiles and gamma are not applied. Of an animation the first picture is read.
 *
 * A build without libpng, libjpeg, libwebp or libtiff says so when it meets such a file (E_UNSUPPORTED).
 *
 * From a file to the bytes of one input of a network for 28x28 grey images:
 *
 *     struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
 *     params.channels = 1;
 *     status = tenka_image_load(ctx, "shoe.jpg", &params, &picture);
 *     status = tenka_image_resize(ctx, picture, NULL, 28, 28, &small);
 *     tenka_image_planes(small, bytes);
 *     x = tenka_normalize_bytes(tenka_input(ctx, TENKA_U8, tenka_shape_of(1, 1, 28, 28), bytes), mean, std); */
#ifndef TENKA_IMAGE_H
#define TENKA_IMAGE_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Width x height pixels in rows from the top, each row from the left, the channels of a pixel next to each other:
 * pixel[(y * width + x) * channels + c]. One channel is grey, three are red, green and blue. */
typedef struct tenka_image tenka_image;

/* No picture is wider or higher. */
#define TENKA_IMAGE_MAX_SIDE 65535u
/* Pixels of the largest picture that is read unless max_pixels says another: 134 million, more than cameras make. */
#define TENKA_IMAGE_MAX_PIXELS (1u << 27)

/* What becomes of transparency. */
enum tenka_image_alpha {
    TENKA_ALPHA_IGNORE,   /* the colour that transparent pixels have in the file, often black: as Pillow's convert */
    TENKA_ALPHA_ON_BLACK, /* laid on black */
    TENKA_ALPHA_ON_WHITE,
};

struct tenka_image_params {
    size_t size;
    uint32_t channels; /* 1: grey, by ITU-R 601-2 (0.299 R + 0.587 G + 0.114 B); 3: colour;
                                    * 0: 1 for files without colour, else 3 */
    enum tenka_image_alpha alpha;
    uint32_t max_pixels; /* a larger picture is E_FORMAT; 0: TENKA_IMAGE_MAX_PIXELS */
    bool indices;        /* the numbers that stand in a PNG file of grey or with a palette, and no colours, in one
                          * channel, as masks have classes: the index of a palette; grey of less than 8 bits as it is.
                          * Other files are E_FORMAT */
};
#define TENKA_IMAGE_DEFAULTS                      \
    {                                             \
        .size = sizeof(struct tenka_image_params) \
    }

/* Reads a PNG, JPEG, BMP, GIF, WebP or TIFF file, told apart by its content. PNG: every colour type and depth,
 * palettes, interlaced or not. JPEG: grey, YCbCr, RGB, CMYK and YCCK, sequential or progressive, of 8 bits a sample.
 * BMP: of 1 to 32 bits a pixel, with a palette or masks, not compressed. GIF, WebP and TIFF: the first picture of the
 * file. TIFF: grey, palette, RGB and CMYK of whole numbers of 1 to 16 bits, in strips, tiles or planes, with the
 * compressions that libtiff has; YCbCr as JPEG.
 *   ctx     receives the sentence of a failure
 *   params  NULL: the defaults
 *   out     owned by the caller
 * Errors: E_IO (missing, unreadable); E_FORMAT (no such picture, damaged, cut off, too large); E_UNSUPPORTED
 * (this build reads no such pictures); E_NOMEM; E_INVALID (bad params). */
TENKA_API tenka_status tenka_image_load(tenka_ctx *ctx, const char *path, const struct tenka_image_params *params,
                                        tenka_image **out);
/* The same from memory, which is only read during the call.
 *   name  stands for the picture in sentences */
TENKA_API tenka_status tenka_image_decode(tenka_ctx *ctx, const char *name, const void *data, size_t bytes,
                                          const struct tenka_image_params *params, tenka_image **out);
/* What a file is by its first bytes. */
enum tenka_image_kind {
    TENKA_IMAGE_NONE,     /* no picture, or of a kind that is not known */
    TENKA_IMAGE_FOREIGN,  /* a picture of another kind, such as AVIF or HEIF: reading it is E_FORMAT, with
                           * a sentence that names the kind */
    TENKA_IMAGE_READABLE, /* PNG, JPEG, BMP, GIF, WebP or TIFF */
};
/* Errors: E_IO. */
TENKA_API tenka_status tenka_image_recognize(tenka_ctx *ctx, const char *path, enum tenka_image_kind *out);
/* A picture from pixels in memory, copied. channels: 1 or 3. Errors: E_INVALID, E_NOMEM. */
TENKA_API tenka_status tenka_image_create(tenka_ctx *ctx, const uint8_t *pixels, uint32_t width, uint32_t height,
                                          uint32_t channels, tenka_image **out);
TENKA_API void tenka_image_destroy(tenka_image **image);

/* A part of a picture, in its pixels from the left top corner; edges may lie between pixels. */
struct tenka_image_box {
    double left, top, right, bottom;
};
/* A new picture of width x height: torchvision's Resize((height, width)) of a picture, Pillow's resize with BILINEAR.
 * A triangle filter, which grows where the picture shrinks so that every pixel counts; 8 bits between the two passes.
 *   box  NULL: the whole picture
 *   out  owned by the caller; image stays as it is
 * Errors: E_INVALID (sizes; a box that is empty or reaches out of the picture), E_NOMEM. */
TENKA_API tenka_status tenka_image_resize(tenka_ctx *ctx, const tenka_image *image, const struct tenka_image_box *box,
                                          uint32_t width, uint32_t height, tenka_image **out);
/* Each byte becomes 255 minus it: dark on light is light on dark. */
TENKA_API void tenka_image_invert(tenka_image *image);

TENKA_API uint32_t tenka_image_width(const tenka_image *image);
TENKA_API uint32_t tenka_image_height(const tenka_image *image);
TENKA_API uint32_t tenka_image_channels(const tenka_image *image);
/* The picture's memory. */
TENKA_API const uint8_t *tenka_image_pixels(const tenka_image *image);
/* Writes channels x height x width bytes, channel after channel: what a network's input holds for one image. */
TENKA_API void tenka_image_planes(const tenka_image *image, uint8_t *out);

/* The picture as a PNG file in memory; every build can write one.
 *   data  *bytes of them, to be freed with tenka_image_encoded_free
 * Errors: E_INVALID (an argument is NULL; more than 2 GiB), E_NOMEM. */
TENKA_API tenka_status tenka_image_encode(tenka_ctx *ctx, const tenka_image *image, unsigned char **data,
                                          size_t *bytes);
TENKA_API void tenka_image_encoded_free(unsigned char *data);
/* Writes that to a file, which appears whole or not at all, as tenka_model_save's. Errors: E_IO as well. */
TENKA_API tenka_status tenka_image_save(tenka_ctx *ctx, const tenka_image *image, const char *path);

struct tenka_grid_params {
    size_t size;
    uint32_t columns; /* pictures in a row: torchvision's nrow */
    uint32_t padding; /* black pixels around each */
    double low, high; /* what becomes black and what white; beyond is the same */
};
#define TENKA_GRID_DEFAULTS                                                             \
    {                                                                                   \
        .size = sizeof(struct tenka_grid_params), .columns = 8, .padding = 2, .high = 1 \
    }
/* Pictures that a network has made, side by side in one picture, with the pixels of torchvision's
 * make_grid(pictures, nrow=columns, padding=padding, normalize=True, value_range=(low, high)); a single one is without
 * padding.
 *   pictures  F32 [N, C, H, W] with 1 or 3 channels, which is read: as tenka_read
 *   params    NULL: the defaults
 *   out       owned by the caller; grey of one channel
 * Errors: E_INVALID (params; too wide or high), E_SHAPE, and those of tenka_read. */
TENKA_API tenka_status tenka_image_grid(tenka_tensor pictures, const struct tenka_grid_params *params,
                                        tenka_image **out);
/* Writes that to a PNG file, as torchvision.utils.save_image does, and as tenka_image_save. */
TENKA_API tenka_status tenka_image_save_grid(tenka_tensor pictures, const struct tenka_grid_params *params,
                                             const char *path);

#ifdef __cplusplus
}
#endif
#endif
