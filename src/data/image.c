/* Pictures: which kind a file is, what becomes of its rows, and which way is up. */
#include "data/image.h"

#include <stdio.h>

#include "core/os.h"
#include "graph/graph.h"

/* A picture of the largest size takes less than this even without compression. */
#define MAX_FILE_BYTES (UINT64_C(1) << 30)

/* ---- Kinds of files ---- */

/* In a mark '.' stands for any byte and '0' for any digit, so that a text that begins by chance like a picture of few
 * letters is none. */
struct kind {
    const char *name;
    size_t length; /* of the mark */
    const char *mark;
    tenka_status (*decode)(struct tenka_picture *p); /* NULL: known by name alone */
    enum {
        BY_ENDS,  /* that a picture is whole is told by its end, or else by decoding it */
        BY_ALL,   /* its header is looked at with all of the file, which tells that */
        DOCUMENT, /* no picture */
    } way;
};

static const struct kind kinds[] = {
    {"CgBI, the PNG of an iPhone's app", 16, "\x89PNG\r\n\x1a\n....CgBI", NULL, BY_ENDS},
    {"PNG", 8, "\x89PNG\r\n\x1a\n", tenka_png_decode, BY_ENDS},
    {"JPEG", 3, "\xff\xd8\xff", tenka_jpeg_decode, BY_ENDS},
    {"GIF", 4, "GIF8", tenka_gif_decode, BY_ALL},
    {"BMP", 18, "BM....\0\0\0\0.....\0\0\0", tenka_bmp_decode, BY_ENDS},
    {"WebP", 12, "RIFF....WEBP", tenka_webp_decode, BY_ALL},
    {"TIFF", 4, "II*\0", tenka_tiff_decode, BY_ALL},
    {"TIFF", 4, "MM\0*", tenka_tiff_decode, BY_ALL},
    {"TIFF", 4, "II+\0", tenka_tiff_decode, BY_ALL},
    {"TIFF", 4, "MM\0+", tenka_tiff_decode, BY_ALL},
    {"AVIF", 11, "....ftypavi", NULL, BY_ENDS},
    {"HEIF", 10, "....ftyphe", NULL, BY_ENDS},
    {"HEIF or AVIF", 11, "....ftypmif", NULL, BY_ENDS},
    {"HEIF or AVIF", 12, "....ftypmsf1", NULL, BY_ENDS},
    {"CR3", 12, "....ftypcrx ", NULL, BY_ENDS},
    {"JPEG XL", 2, "\xff\n", NULL, BY_ENDS},
    {"JPEG XL", 12, "\0\0\0\fJXL \r\n\x87\n", NULL, BY_ENDS},
    {"JPEG 2000", 12, "\0\0\0\fjP  \r\n\x87\n", NULL, BY_ENDS},
    {"JPEG 2000", 4, "\xffO\xffQ", NULL, BY_ENDS},
    {"PNM", 4, "P0\n0", NULL, BY_ENDS},
    {"PNM", 4, "P0\n#", NULL, BY_ENDS},
    {"ICO", 6, "\0\0\1\0.\0", NULL, BY_ENDS},
    {"PSD", 4, "8BPS", NULL, BY_ENDS},
    {"XCF", 9, "gimp xcf ", NULL, BY_ENDS},
    {"ICNS", 4, "icns", NULL, BY_ENDS},
    {"DDS", 4, "DDS ", NULL, BY_ENDS},
    {"OpenEXR", 4, "v/1\1", NULL, BY_ENDS},
    {"QOI", 4, "qoif", NULL, BY_ENDS},
    {"SVG", 4, "<svg", NULL, BY_ENDS},
    {"PDF", 5, "%PDF-", NULL, DOCUMENT},
};
#define LONGEST_MARK 18

static bool has_mark(const uint8_t *data, size_t bytes, const struct kind *k)
{
    size_t same = 0;
    while (same < k->length && same < bytes &&
           (k->mark[same] == '.' || (uint8_t)k->mark[same] == data[same] ||
            (k->mark[same] == '0' && data[same] >= '0' && data[same] <= '9')))
        same++;
    return same == k->length;
}

static const struct kind *find_kind(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (has_mark(data, bytes, &kinds[i]))
            return &kinds[i];
    return NULL;
}

tenka_status tenka_image_recognize(tenka_ctx *ctx, const char *path, enum tenka_image_kind *out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = TENKA_IMAGE_NONE;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    uint8_t start[LONGEST_MARK];
    uint64_t bytes;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "image: path is NULL");
    TENKA_TRY(tenka_os_file_size(err, path, &bytes));
    bytes = bytes < sizeof(start) ? bytes : sizeof(start);
    TENKA_TRY(tenka_os_read_range(err, path, 0, start, bytes));
    const struct kind *const kind = find_kind(start, (size_t)bytes);
    if (kind != NULL && kind->way != DOCUMENT)
        *out = kind->decode != NULL ? TENKA_IMAGE_READABLE : TENKA_IMAGE_FOREIGN;
    return TENKA_OK;
}

/* ---- Images ---- */

tenka_status tenka_image_make(struct tenka_error *err, uint32_t width, uint32_t height, uint32_t channels,
                              tenka_image **out)
{
    tenka_image *const image = *out = tenka_alloc(sizeof(*image));
    if (image == NULL)
        return tenka_fail_nomem(err);
    *image = (tenka_image){.width = width, .height = height, .channels = channels};
    image->pixels = tenka_alloc_array((size_t)width * height, channels);
    if (image->pixels != NULL)
        return TENKA_OK;
    tenka_image_destroy(out);
    return tenka_fail_nomem(err);
}

void tenka_image_destroy(tenka_image **image)
{
    if (image == NULL || *image == NULL)
        return;
    tenka_free((*image)->pixels);
    tenka_free(*image);
    *image = NULL;
}

tenka_status tenka_image_create(tenka_ctx *ctx, const uint8_t *pixels, uint32_t width, uint32_t height,
                                uint32_t channels, tenka_image **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (pixels == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "image: pixels is NULL");
    if (channels != 1 && channels != 3)
        return tenka_fail(err, TENKA_E_INVALID, "image: %u channels, expected 1 (grey) or 3 (RGB)", channels);
    if (width == 0 || height == 0 || width > TENKA_IMAGE_MAX_SIDE || height > TENKA_IMAGE_MAX_SIDE)
        return tenka_fail(err, TENKA_E_INVALID, "image: %ux%u pixels, expected 1 to %u a side", width, height,
                          TENKA_IMAGE_MAX_SIDE);
    TENKA_TRY(tenka_image_make(err, width, height, channels, out));
    memcpy((*out)->pixels, pixels, (size_t)width * height * channels);
    return TENKA_OK;
}

void tenka_image_invert(tenka_image *image)
{
    const size_t bytes = (size_t)image->width * image->height * image->channels;
    for (size_t i = 0; i < bytes; i++)
        image->pixels[i] = 255 - image->pixels[i];
}

uint32_t tenka_image_width(const tenka_image *image)
{
    return image->width;
}

uint32_t tenka_image_height(const tenka_image *image)
{
    return image->height;
}

uint32_t tenka_image_channels(const tenka_image *image)
{
    return image->channels;
}

const uint8_t *tenka_image_pixels(const tenka_image *image)
{
    return image->pixels;
}

void tenka_image_planes(const tenka_image *image, uint8_t *out)
{
    const size_t count = (size_t)image->width * image->height;
    for (uint32_t c = 0; c < image->channels; c++)
        for (size_t i = 0; i < count; i++)
            *out++ = image->pixels[i * image->channels + c];
}

/* ---- What decoders call ---- */

tenka_status tenka_picture_begin(struct tenka_picture *p, uint64_t width, uint64_t height, bool colour)
{
    if (width == 0 || height == 0 || width > TENKA_IMAGE_MAX_SIDE || height > TENKA_IMAGE_MAX_SIDE)
        return tenka_fail(p->err, TENKA_E_FORMAT, "%s: the picture has %llux%llu pixels, but is read up to %u a side",
                          p->name, (unsigned long long)width, (unsigned long long)height, TENKA_IMAGE_MAX_SIDE);
    if (width * height > p->params.max_pixels)
        return tenka_fail(p->err, TENKA_E_FORMAT,
                          "%s: the picture has %llux%llu pixels, more than the limit of %u; make it smaller first",
                          p->name, (unsigned long long)width, (unsigned long long)height, p->params.max_pixels);
    const uint32_t channels = p->params.channels != 0 ? p->params.channels : colour ? 3 : 1;
    p->width = (uint32_t)width;
    p->height = (uint32_t)height;
    p->colour = colour;
    if (p->header)
        return TENKA_OK;
    return tenka_image_make(p->err, (uint32_t)width, (uint32_t)height, channels, &p->image);
}

void tenka_picture_row(struct tenka_picture *p, uint32_t y, const uint8_t *row, uint32_t channels)
{
    tenka_picture_pixels(p, 0, y, p->image->width, row, channels);
}

void tenka_picture_pixels(struct tenka_picture *p, uint32_t x, uint32_t y, uint32_t width, const uint8_t *row,
                          uint32_t channels)
{
    const tenka_image *const image = p->image;
    const bool blend = channels % 2 == 0 && p->params.alpha != TENKA_ALPHA_IGNORE;
    const uint32_t background = p->params.alpha == TENKA_ALPHA_ON_WHITE ? 255 : 0, colours = channels < 3 ? 1 : 3;
    uint8_t *out = image->pixels + ((size_t)y * image->width + x) * image->channels;
    if (channels == image->channels) { /* 1 or 3: there is no alpha */
        memcpy(out, row, (size_t)width * channels);
        return;
    }
    for (uint32_t i = 0; i < width; i++, row += channels, out += image->channels) {
        uint8_t rgb[3];
        for (uint32_t c = 0; c < 3; c++) {
            const uint8_t value = row[c < colours ? c : 0];
            const uint32_t alpha = blend ? row[channels - 1] : 255;
            rgb[c] = tenka_image_over_255(value * alpha + background * (255 - alpha));
        }
        if (image->channels == 3)
            memcpy(out, rgb, 3);
        else
            out[0] = colours == 1 ? rgb[0] : tenka_image_grey(rgb);
    }
}

/* ---- Which way is up ---- */

/* Replaces the image by one that stands upright. */
static tenka_status turn(struct tenka_picture *p)
{
    const uint32_t o = tenka_picture_orientation(p);
    const bool swap = o >= 5;
    const bool flip_x = o == 2 || o == 3 || o == 7 || o == 8, flip_y = o == 3 || o == 4 || o == 6 || o == 7;
    const tenka_image *const from = p->image;
    const size_t channels = from->channels;
    tenka_image *to;
    if (o == 1)
        return TENKA_OK;
    TENKA_TRY(tenka_image_make(p->err, swap ? from->height : from->width, swap ? from->width : from->height,
                               from->channels, &to));
    uint8_t *out = to->pixels;
    for (uint32_t y = 0; y < to->height; y++)
        for (uint32_t x = 0; x < to->width; x++, out += channels) {
            const uint32_t u = swap ? y : x, v = swap ? x : y;
            const size_t column = flip_x ? from->width - 1 - u : u, line = flip_y ? from->height - 1 - v : v;
            memcpy(out, from->pixels + (line * from->width + column) * channels, channels);
        }
    tenka_image_destroy(&p->image);
    p->image = to;
    return TENKA_OK;
}

/* ---- Reading ---- */

#define KINDS "PNG, JPEG, BMP, GIF, WebP "

tenka_status tenka_picture_check_params(struct tenka_error *err, struct tenka_image_params *p)
{
    if (p->channels != 0 && p->channels != 1 && p->channels != 3)
        return tenka_fail(err, TENKA_E_INVALID, "image: %u channels, expected 1 (grey), 3 (RGB) or 0 (as the file)",
                          p->channels);
    if (p->max_pixels == 0)
        p->max_pixels = TENKA_IMAGE_MAX_PIXELS;
    if (p->indices)
        p->channels = 1;
    return TENKA_OK;
}

static tenka_status decode(struct tenka_picture *p)
{
    const struct kind *const kind = find_kind(p->data, p->bytes);
    if (p->bytes == 0)
        return tenka_fail(p->err, TENKA_E_FORMAT, "%s: the file is empty; get it again", p->name);
    if (kind == NULL)
        return tenka_fail(p->err, TENKA_E_FORMAT, "%s: it is no " KINDS "or TIFF picture", p->name);
    if (kind->decode == NULL)
        return tenka_fail(p->err, TENKA_E_FORMAT,
                          "%s: it is %s, but only " KINDS "and TIFF pictures can be read; convert it first", p->name,
                          kind->name);
    if (p->params.indices && kind->decode != tenka_png_decode)
        return tenka_fail(p->err, TENKA_E_FORMAT,
                          "%s: it is a %s picture, but a mask is a PNG file, of grey or with a palette", p->name,
                          kind->name);
    TENKA_TRY(kind->decode(p));
    return p->header ? TENKA_OK : turn(p);
}

static tenka_status decode_image(struct tenka_picture *p, tenka_image **out)
{
    const tenka_status status = decode(p);
    if (status != TENKA_OK)
        tenka_image_destroy(&p->image);
    *out = p->image;
    return status;
}

tenka_status tenka_picture_decode(struct tenka_error *err, const char *name, const void *data, size_t bytes,
                                  const struct tenka_image_params *params, tenka_image **out)
{
    struct tenka_picture p = {.err = err, .name = name, .data = data, .bytes = bytes, .params = *params};
    return decode_image(&p, out);
}

tenka_status tenka_picture_load_part(struct tenka_error *err, const char *path, const struct tenka_image_params *params,
                                     const struct tenka_part *part, tenka_image **out)
{
    struct tenka_picture p = {.err = err, .name = path, .params = *params, .part = part};
    void *data;
    uint64_t bytes;
    *out = NULL;
    TENKA_TRY(tenka_os_read_file(err, path, MAX_FILE_BYTES, &data, &bytes));
    p.data = data;
    p.bytes = (size_t)bytes;
    const tenka_status status = decode_image(&p, out);
    tenka_free(data);
    return status;
}

tenka_status tenka_picture_load(struct tenka_error *err, const char *path, const struct tenka_image_params *params,
                                tenka_image **out)
{
    return tenka_picture_load_part(err, path, params, NULL, out);
}

tenka_status tenka_image_decode(tenka_ctx *ctx, const char *name, const void *data, size_t bytes,
                                const struct tenka_image_params *params, tenka_image **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_image_params own = TENKA_IMAGE_DEFAULTS;
    if (name == NULL || data == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "image: name or data is NULL");
    TENKA_TRY(tenka_take_params(err, "image", "TENKA_IMAGE_DEFAULTS", &own, params));
    TENKA_TRY(tenka_picture_check_params(err, &own));
    return tenka_picture_decode(err, name, data, bytes, &own, out);
}

tenka_status tenka_image_load(tenka_ctx *ctx, const char *path, const struct tenka_image_params *params,
                              tenka_image **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_image_params own = TENKA_IMAGE_DEFAULTS;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "image: path is NULL");
    TENKA_TRY(tenka_take_params(err, "image", "TENKA_IMAGE_DEFAULTS", &own, params));
    TENKA_TRY(tenka_picture_check_params(err, &own));
    return tenka_picture_load(err, path, &own, out);
}

/* ---- Looking ---- */

/* Headers that are longer are found when all of the file is there. */
#define MAX_HEADER_BYTES (UINT64_C(1) << 16)
#define END_BYTES 12

/* Whether a file ends as its kind does: of other kinds the end tells nothing. */
static bool is_whole(const struct kind *kind, const uint8_t end[END_BYTES])
{
    if (kind->decode == tenka_jpeg_decode)
        return memcmp(end + END_BYTES - 2, "\xff\xd9", 2) == 0;
    return kind->decode == tenka_png_decode && memcmp(end, "\0\0\0\0IEND\xae\x42\x60\x82", END_BYTES) == 0;
}

static void note(const struct tenka_picture *p, struct tenka_picture_facts *out)
{
    const bool swap = tenka_picture_orientation(p) >= 5;
    out->width = (uint16_t)(swap ? p->height : p->width);
    out->height = (uint16_t)(swap ? p->width : p->height);
    out->colour = p->colour;
}

/* What is wrong with a header shows when all of the file is read; but that memory is out is said at once. */
static tenka_status decode_header(struct tenka_picture *p, bool *seen, struct tenka_picture_facts *out)
{
    struct tenka_error *const err = p->err;
    struct tenka_error unheard;
    p->err = &unheard;
    const tenka_status status = decode(p);
    p->err = err;
    *seen = status == TENKA_OK;
    if (*seen)
        note(p, out);
    return status == TENKA_E_NOMEM ? tenka_fail_nomem(err) : TENKA_OK;
}

static tenka_status look_at_all(struct tenka_picture *p, bool *seen, struct tenka_picture_facts *out)
{
    void *data;
    uint64_t bytes;
    TENKA_TRY(tenka_os_read_file(p->err, p->name, MAX_FILE_BYTES, &data, &bytes));
    p->data = data;
    p->bytes = (size_t)bytes;
    const tenka_status status = decode_header(p, seen, out);
    tenka_free(data);
    return status;
}

/* *seen: the header was enough. */
static tenka_status look_at_header(struct tenka_picture *p, uint64_t bytes, bool *seen, struct tenka_picture_facts *out)
{
    uint8_t end[END_BYTES];
    uint8_t *const begin = tenka_alloc(MAX_HEADER_BYTES);
    *seen = false;
    if (begin == NULL)
        return tenka_fail_nomem(p->err);
    p->data = begin;
    p->bytes = (size_t)(bytes < MAX_HEADER_BYTES ? bytes : MAX_HEADER_BYTES);
    tenka_status status = tenka_os_read_range(p->err, p->name, 0, begin, p->bytes);
    if (status == TENKA_OK)
        status = tenka_os_read_range(p->err, p->name, bytes - END_BYTES, end, END_BYTES);
    const struct kind *const kind = status == TENKA_OK ? find_kind(begin, p->bytes) : NULL;
    if (kind != NULL && kind->way == BY_ALL)
        status = look_at_all(p, seen, out);
    else if (kind != NULL && is_whole(kind, end))
        status = decode_header(p, seen, out);
    tenka_free(begin);
    return status;
}

tenka_status tenka_picture_look(struct tenka_error *err, const char *path, const struct tenka_image_params *params,
                                struct tenka_picture_facts *out)
{
    struct tenka_picture p = {.err = err, .name = path, .params = *params, .header = true};
    tenka_image *image;
    uint64_t bytes;
    bool seen = false;
    TENKA_TRY(tenka_os_file_size(err, path, &bytes));
    if (bytes >= END_BYTES)
        TENKA_TRY(look_at_header(&p, bytes, &seen, out));
    if (seen)
        return TENKA_OK;
    struct tenka_image_params own = *params;
    own.channels = params->indices ? 1 : 0;
    TENKA_TRY(tenka_picture_load(err, path, &own, &image));
    *out = (struct tenka_picture_facts){(uint16_t)image->width, (uint16_t)image->height, image->channels == 3};
    tenka_image_destroy(&image);
    return TENKA_OK;
}
