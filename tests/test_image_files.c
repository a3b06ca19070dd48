/* Pictures: every kind of file and resizing against Pillow; files cut off, damaged and too large; memory that runs out.
 * Reads tests/golden/images from the working folder, the source's root. */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "inputs.h"

#include "data/image.h"
#include "graph/graph.h"

#include <math.h>
#include <unistd.h>

#define FOLDER "tests/golden/images/"
#define LINE_BYTES (1 << 17)
/* Levels out of 255: how far rounding may be from Pillow's, and a JPEG decoder from another version. */
#define BOUND 1

static bool is_readable(const char *name)
{
    return strstr(name, ".bmp") != NULL || strstr(name, ".gif") != NULL ||
           (strstr(name, ".png") != NULL    ? TENKA_PNG
            : strstr(name, ".webp") != NULL ? TENKA_WEBP
            : strstr(name, ".tif") != NULL  ? TENKA_TIFF
                                            : TENKA_JPEG);
}

static void *read_whole(const char *name, size_t *bytes)
{
    char path[256];
    snprintf(path, sizeof(path), FOLDER "%s", name);
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *const data = malloc(1 << 20);
    *bytes = fread(data, 1, 1 << 20, file);
    assert_true(*bytes > 0 && *bytes < 1 << 20);
    fclose(file);
    return data;
}

static tenka_image *load(tenka_ctx *ctx, const char *name, uint32_t channels, enum tenka_image_alpha alpha)
{
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    char path[256];
    tenka_image *image;
    params.channels = channels;
    params.alpha = alpha;
    snprintf(path, sizeof(path), FOLDER "%s", name);
    if (tenka_image_load(ctx, path, &params, &image) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return image;
}

/* ---- Against Pillow ---- */

static unsigned hex(const char *digits)
{
    const char text[3] = {digits[0], digits[1], '\0'};
    return (unsigned)strtoul(text, NULL, 16);
}

/* The pixels are those that stand in hexadecimal digits at the line's end. */
static void compare(const char *what, const tenka_image *image, uint32_t width, uint32_t height, const char *digits)
{
    const size_t bytes = (size_t)width * height * tenka_image_channels(image);
    unsigned worst = 0, differ = 0;
    assert_int_equal(tenka_image_width(image), width);
    assert_int_equal(tenka_image_height(image), height);
    assert_int_equal(strspn(digits, "0123456789abcdef"), 2 * bytes);
    for (size_t i = 0; i < bytes; i++) {
        const unsigned a = tenka_image_pixels(image)[i], b = hex(digits + 2 * i), d = a > b ? a - b : b - a;
        worst = d > worst ? d : worst;
        differ += d > 0;
    }
    if (differ > 0)
        printf("    %.40s: %u of %zu bytes differ, by %u at most\n", what, differ, bytes, worst);
    if (worst > BOUND)
        fail_msg("%.60s differs by %u levels", what, worst);
}

static enum tenka_image_alpha alpha_of(const char *text)
{
    return strcmp(text, "white") == 0   ? TENKA_ALPHA_ON_WHITE
           : strcmp(text, "black") == 0 ? TENKA_ALPHA_ON_BLACK
                                        : TENKA_ALPHA_IGNORE;
}

static unsigned check_decode(tenka_ctx *ctx, const char *line)
{
    char name[64], alpha[16];
    unsigned channels, width, height;
    int at = 0;
    if (sscanf(line, "decode %63s %u %15s %u %u %n", name, &channels, alpha, &width, &height, &at) < 5 ||
        !is_readable(name))
        return 0;
    tenka_image *image = load(ctx, name, channels, alpha_of(alpha));
    assert_int_equal(tenka_image_channels(image), channels);
    compare(line, image, width, height, line + at);
    tenka_image_destroy(&image);
    return 1;
}

static unsigned check_resize(tenka_ctx *ctx, const char *line)
{
    char name[64];
    unsigned channels, width, height;
    struct tenka_image_box box;
    int at = 0;
    if (sscanf(line, "resize %63s %u %lf %lf %lf %lf %u %u %n", name, &channels, &box.left, &box.top, &box.right,
               &box.bottom, &width, &height, &at) < 8 ||
        !is_readable(name))
        return 0;
    tenka_image *image = load(ctx, name, channels, TENKA_ALPHA_IGNORE), *resized;
    const bool whole = box.left == 0 && box.top == 0 && box.right == tenka_image_width(image) &&
                       box.bottom == tenka_image_height(image);
    assert_int_equal(tenka_image_resize(ctx, image, whole ? NULL : &box, width, height, &resized), TENKA_OK);
    compare(line, resized, width, height, line + at);
    tenka_image_destroy(&resized);
    tenka_image_destroy(&image);
    return 1;
}

static void check_lines(const char *path, unsigned decodes, unsigned resizes)
{
    tenka_ctx *ctx = cpu(0);
    FILE *const file = fopen(path, "r");
    char *const line = malloc(LINE_BYTES);
    unsigned decoded = 0, resized = 0;
    assert_non_null(file);
    while (fgets(line, LINE_BYTES, file) != NULL) {
        decoded += check_decode(ctx, line);
        resized += check_resize(ctx, line);
    }
    printf("    %u pictures decoded, %u resized\n", decoded, resized);
    assert_int_equal(decoded, decodes);
    assert_int_equal(resized, resizes);
    free(line);
    fclose(file);
    tenka_ctx_destroy(&ctx);
}

static void test_pillow(void **state)
{
    (void)state;
    check_lines(FOLDER "pixels.txt", 22 + (TENKA_PNG ? 124 : 0) + (TENKA_JPEG ? 90 : 0), TENKA_JPEG ? 15 : 0);
}

static void test_pillow_formats(void **state)
{
    (void)state;
    check_lines(FOLDER "formats.txt", 54 + (TENKA_WEBP ? 34 : 0) + (TENKA_TIFF ? 138 : 0), 0);
}

/* EXIF data that stands behind the pixels. */
static void test_late_exif(void **state)
{
    (void)state;
    if (!TENKA_PNG)
        return;
    size_t bytes, begin = 8;
    uint8_t *const data = read_whole("turned6.png", &bytes), *const late = malloc(bytes);
    while (memcmp(data + begin + 4, "eXIf", 4) != 0)
        begin += 12 + data[begin + 3]; /* chunks before it are short */
    const size_t length = 12 + data[begin + 3], after = begin + length, end = bytes - 12;
    assert_true(memcmp(data + after + 4, "IDAT", 4) == 0 && memcmp(data + end + 4, "IEND", 4) == 0);
    memcpy(late, data, begin);
    memcpy(late + begin, data + after, end - after);
    memcpy(late + begin + end - after, data + begin, length);
    memcpy(late + end, data + end, 12);
    tenka_ctx *ctx = cpu(0);
    tenka_image *image, *other;
    assert_int_equal(tenka_image_decode(ctx, "early", data, bytes, NULL, &image), TENKA_OK);
    assert_int_equal(tenka_image_decode(ctx, "late", late, bytes, NULL, &other), TENKA_OK);
    assert_int_equal(tenka_image_width(other), tenka_image_width(image));
    assert_memory_equal(tenka_image_pixels(other), tenka_image_pixels(image),
                        (size_t)tenka_image_width(image) * tenka_image_height(image) * tenka_image_channels(image));
    tenka_image_destroy(&image);
    tenka_image_destroy(&other);
    tenka_ctx_destroy(&ctx);
    free(late);
    free(data);
}

/* Which way is up is one number; of two it is the first, as for Pillow. */
static void test_two_orientations(void **state)
{
    (void)state;
    static const char one[] = "\x01\x12\0\x03\0\0\0\x01";
    if (!TENKA_JPEG)
        return;
    size_t bytes, at = 0;
    uint8_t *const data = read_whole("turned6.jpg", &bytes);
    while (memcmp(data + at, one, 8) != 0)
        assert_true(++at + 8 < bytes);
    tenka_ctx *ctx = cpu(0);
    tenka_image *turned, *image;
    assert_int_equal(tenka_image_decode(ctx, "one", data, bytes, NULL, &turned), TENKA_OK);
    data[at + 7] = 2;
    assert_int_equal(tenka_image_decode(ctx, "two", data, bytes, NULL, &image), TENKA_OK);
    assert_int_equal(tenka_image_width(image), tenka_image_width(turned));
    tenka_image_destroy(&turned);
    tenka_image_destroy(&image);
    tenka_ctx_destroy(&ctx);
    free(data);
}

/* ---- What is asked for ---- */

static void test_params(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    tenka_image *image;
    params.channels = 2;
    assert_fails(ctx, tenka_image_load(ctx, FOLDER "grey8.png", &params, &image), TENKA_E_INVALID, "2 channels");
    assert_null(image);
    params.size = 1;
    assert_fails(ctx, tenka_image_load(ctx, FOLDER "grey8.png", &params, &image), TENKA_E_INVALID, "DEFAULTS");
    assert_fails(ctx, tenka_image_load(ctx, FOLDER "none.png", NULL, &image), TENKA_E_IO, FOLDER "none.png");
    assert_fails(ctx, tenka_image_load(ctx, FOLDER, NULL, &image), TENKA_E_IO, "no regular file");
    if (TENKA_PNG) {
        params = (struct tenka_image_params)TENKA_IMAGE_DEFAULTS;
        params.max_pixels = 19 * 13 - 1;
        assert_fails(ctx, tenka_image_load(ctx, FOLDER "grey8.png", &params, &image), TENKA_E_FORMAT,
                     "19x13 pixels, more than the limit of 246");
        image = load(ctx, "grey4.png", 0, TENKA_ALPHA_IGNORE);
        assert_int_equal(tenka_image_channels(image), 1);
        tenka_image_destroy(&image);
        image = load(ctx, "palette1.png", 0, TENKA_ALPHA_IGNORE);
        assert_int_equal(tenka_image_channels(image), 3);
        tenka_image_destroy(&image);
    } else {
        assert_fails(ctx, tenka_image_load(ctx, FOLDER "grey8.png", NULL, &image), TENKA_E_UNSUPPORTED, "libpng");
    }
    if (!TENKA_JPEG)
        assert_fails(ctx, tenka_image_load(ctx, FOLDER "grey.jpg", NULL, &image), TENKA_E_UNSUPPORTED, "libjpeg");
    if (!TENKA_WEBP)
        assert_fails(ctx, tenka_image_load(ctx, FOLDER "grey.webp", NULL, &image), TENKA_E_UNSUPPORTED, "libwebp");
    if (!TENKA_TIFF)
        assert_fails(ctx, tenka_image_load(ctx, FOLDER "tiff_lzw.tif", NULL, &image), TENKA_E_UNSUPPORTED, "libtiff");
    tenka_ctx_destroy(&ctx);
}

static void test_memory_pictures(void **state)
{
    (void)state;
    static const uint8_t pixels[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t planes[12] = {254, 251, 248, 245, 253, 250, 247, 244, 252, 249, 246, 243};
    tenka_ctx *ctx = cpu(0);
    tenka_image *image, *other;
    uint8_t out[12];
    assert_int_equal(tenka_image_create(ctx, pixels, 2, 2, 3, &image), TENKA_OK);
    assert_memory_equal(tenka_image_pixels(image), pixels, 12);
    tenka_image_invert(image);
    tenka_image_planes(image, out);
    assert_memory_equal(out, planes, 12);
    const struct tenka_image_box boxes[] = {{0, 0, 2.1, 2}, {-1, 0, 2, 2}, {1, 0, 1, 2}, {0, 0, 2, NAN}};
    for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++)
        assert_fails(ctx, tenka_image_resize(ctx, image, &boxes[i], 1, 1, &other), TENKA_E_INVALID,
                     "is no part of 2x2");
    assert_fails(ctx, tenka_image_resize(ctx, image, NULL, 0, 1, &other), TENKA_E_INVALID, "0x1");
    assert_fails(ctx, tenka_image_resize(ctx, image, NULL, 65535, 65535, &other), TENKA_E_INVALID, "65535x65535");
    assert_null(other);
    tenka_image_destroy(&image);
    assert_fails(ctx, tenka_image_create(ctx, pixels, 3, 2, 2, &image), TENKA_E_INVALID, "2 channels");
    assert_fails(ctx, tenka_image_create(ctx, pixels, 0, 2, 1, &image), TENKA_E_INVALID, "0x2");
    tenka_ctx_destroy(&ctx);
}

/* ---- Files from outside ---- */

/* Whatever part of the file is there: a sentence that names it, and no picture. */
static void test_cut_files(void **state)
{
    (void)state;
    static const char *const names[] = {"grey1.png",          "interlaced_rgb8.png",
                                        "palette4_trns.png",  "turned6.png",
                                        "grey.jpg",           "ycc420.jpg",
                                        "progressive.jpg",    "cmyk.jpg",
                                        "bmp8.bmp",           "bmp565.bmp",
                                        "bmp_core.bmp",       "bmp_v5.bmp",
                                        "gif_interlaced.gif", "gif_trns.gif",
                                        "lossy_alpha.webp",   "lossless.webp",
                                        "turned6.webp",       "offset.webp",
                                        "tiff_grey1.tif",     "tiff_rgb16_big.tif",
                                        "tiff_strips.tif",    "tiff_tiles.tif",
                                        "tiff_planes.tif",    "tiff_lzw.tif",
                                        "tiff_jpeg.tif",      "tiff_adobe_deflate.tif"};
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t bytes;
        uint8_t *const data = read_whole(names[i], &bytes);
        /* A picture is whole without what says that no other one follows. */
        bytes -= strstr(names[i], ".gif") != NULL;
        for (size_t cut = 0; cut < bytes && is_readable(names[i]); cut++) {
            tenka_image *image;
            uint8_t *const part = malloc(cut > 0 ? cut : 1); /* so that the sanitizers see a read beyond it */
            memcpy(part, data, cut);
            const tenka_status status = tenka_image_decode(ctx, names[i], part, cut, NULL, &image);
            free(part);
            if (status != TENKA_E_FORMAT)
                fail_msg("%s cut at %zu of %zu bytes: %s", names[i], cut, bytes, tenka_status_text(status));
            assert_fails(ctx, status, TENKA_E_FORMAT, names[i]);
            assert_null(image);
        }
        free(data);
    }
    tenka_ctx_destroy(&ctx);
}

static void assert_refused(tenka_ctx *ctx, const void *data, size_t bytes, const char *part)
{
    tenka_image *image;
    assert_fails(ctx, tenka_image_decode(ctx, "picture", data, bytes, NULL, &image), TENKA_E_FORMAT, part);
    assert_null(image);
}

static void test_other_files(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    enum tenka_image_kind kind;
    assert_refused(ctx, "", 0, "picture: the file is empty");
    assert_refused(ctx, "\x89PNG", 4, "it is no PNG, JPEG, BMP, GIF, WebP or TIFF picture");
    assert_int_equal(tenka_image_recognize(ctx, FOLDER "pixels.txt", &kind), TENKA_OK);
    assert_int_equal(kind, TENKA_IMAGE_NONE);
    assert_int_equal(tenka_image_recognize(ctx, FOLDER "grey.jpg", &kind), TENKA_OK);
    assert_int_equal(kind, TENKA_IMAGE_READABLE);
    assert_fails(ctx, tenka_image_recognize(ctx, FOLDER "none", &kind), TENKA_E_IO, "none");
    if (TENKA_PNG) {
        /* 40,000 x 40,000 pixels of which none is there, and a side beyond all limits. */
        size_t bytes;
        uint8_t *const data = read_whole("grey8.png", &bytes);
        memcpy(data + 16, "\0\0\x9c\x40\0\0\x9c\x40\x08\0\0\0\0\x74\x67\x51\xd9", 17);
        assert_refused(ctx, data, bytes, "40000x40000 pixels, more than the limit");
        memcpy(data + 16, "\0\1\0\0\0\0\0\1\x08\0\0\0\0\x4e\x19\xbc\x04", 17);
        assert_refused(ctx, data, bytes, "65536x1 pixels, but is read up to 65535 a side");
        free(data);
    }
    size_t bytes;
    uint8_t *data = read_whole("gif4.gif", &bytes);
    memcpy(data + 6, "\x40\x9c\x40\x9c", 4);
    assert_refused(ctx, data, bytes, "40000x40000 pixels, more than the limit");
    free(data);
    if (TENKA_TIFF) {
        data = read_whole("tiff_rgb8.tif", &bytes);
        memcpy(data + 18, "\x40\x9c\0\0", 4);
        memcpy(data + 30, "\x40\x9c\0\0", 4);
        assert_refused(ctx, data, bytes, "40000x40000 pixels, more than the limit");
        memcpy(data + 30, "\0\0\1\0", 4);
        assert_refused(ctx, data, bytes, "40000x65536 pixels, but is read up to 65535 a side");
        free(data);
    }
    tenka_ctx_destroy(&ctx);
}

/* What a file is by its first bytes, which are all of it here. */
static enum tenka_image_kind recognize(tenka_ctx *ctx, const void *data, size_t bytes)
{
    char path[] = "/tmp/tenka-image-XXXXXX";
    enum tenka_image_kind kind;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, data, bytes), bytes);
    close(file);
    assert_int_equal(tenka_image_recognize(ctx, path, &kind), TENKA_OK);
    remove(path);
    return kind;
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t bytes;
        const char *data;
    } foreign[] = {
        {"HEIF", 12, "\0\0\0 ftypheic"},
        {"HEIF or AVIF", 12, "\0\0\0 ftypmif1"},
        {"AVIF", 12, "\0\0\0 ftypavif"},
        {"JPEG XL", 12, "\0\0\0\fJXL \r\n\x87\n"},
        {"JPEG XL", 4, "\xff\n\xfa\x1f"},
        {"JPEG 2000", 12, "\0\0\0\fjP  \r\n\x87\n"},
        {"PNM", 8, "P6\n12 9\n"},
        {"PNM", 8, "P5\n# by "},
        {"ICO", 6, "\0\0\1\0\1\0"},
        {"CgBI", 16, "\x89PNG\r\n\x1a\n\0\0\0\4CgBI"},
        {"SVG", 5, "<svg "},
    };
    static const struct {
        size_t bytes;
        const char *data;
    } none[] = {{22, "BMW, Audi and Porsche\n"}, {10, "P1 of page"}, {12, "\0\0\0 ftypisom"}, /* a film */
                {16, "RIFF\0\0\0\0WAVEfmt "},    {5, "%PDF-"},       {8, "\0\5\x16\7\0\2\0\0"}};
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        char part[64];
        snprintf(part, sizeof(part), "picture: it is %s, ", foreign[i].name);
        assert_refused(ctx, foreign[i].data, foreign[i].bytes, part);
        assert_int_equal(recognize(ctx, foreign[i].data, foreign[i].bytes), TENKA_IMAGE_FOREIGN);
        assert_int_equal(recognize(ctx, foreign[i].data, 1), TENKA_IMAGE_NONE);
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(recognize(ctx, none[i].data, none[i].bytes), TENKA_IMAGE_NONE);
    tenka_ctx_destroy(&ctx);
}

/* JPEGs that are whole, but of kinds that libjpeg does not read. */
static void test_other_jpegs(void **state)
{
    (void)state;
    if (!TENKA_JPEG)
        return;
    size_t bytes, at = 0;
    uint8_t *const data = read_whole("grey.jpg", &bytes);
    while (data[at] != 0xff || data[at + 1] != 0xc0)
        assert_true(++at + 10 < bytes);
    tenka_ctx *ctx = cpu(0);
    data[at + 4] = 12;
    assert_refused(ctx, data, bytes, "it is a JPEG of a kind that cannot be read (Unsupported JPEG data precision 12)");
    data[at + 4] = 8;
    data[at + 1] = 0xc3; /* lossless */
    assert_refused(ctx, data, bytes, "it is a JPEG of a kind that cannot be read");
    tenka_ctx_destroy(&ctx);
    free(data);
}

/* Each byte in turn becomes another: nothing but a status, and a sentence. PNG's checksums see to that, but those of
 * metadata are not looked at. */
static void test_changed_files(void **state)
{
    (void)state;
    static const char *const names[] = {"turned6.jpg",        "progressive.jpg",     "turned6.png",
                                        "said_split.jpg",     "said_xmp.jpg",        "said_three.jpg",
                                        "said_text.png",      "said_packed.png",     "said_xmp_packed_late.png",
                                        "gif_interlaced.gif", "gif_offset_trns.gif", "lossy_alpha.webp",
                                        "animated.webp",      "turned6.webp",        "tiff_palette4.tif",
                                        "tiff_strips.tif",    "tiff_tiles.tif",      "tiff_cmyk16.tif",
                                        "tiff_lzw.tif",       "tiff_jpeg.tif",       "tiff_group4.tif",
                                        "tiff_planes.tif",    "tiff_huge.tif"};
    tenka_ctx *ctx = cpu(0);
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    params.max_pixels = 1 << 16;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t bytes;
        uint8_t *const data = read_whole(names[i], &bytes);
        for (size_t at = 0; at < bytes && is_readable(names[i]); at++)
            for (unsigned change = 1; change < 256; change *= 4) {
                tenka_image *image;
                data[at] ^= (uint8_t)change;
                const tenka_status status = tenka_image_decode(ctx, names[i], data, bytes, &params, &image);
                data[at] ^= (uint8_t)change;
                assert_true(status == TENKA_OK || status == TENKA_E_FORMAT);
                assert_true((status == TENKA_OK) == (image != NULL));
                tenka_image_destroy(&image);
            }
        free(data);
    }
    tenka_ctx_destroy(&ctx);
}

/* What header and end say is what decoding says: how large, and of which colour. */
static void test_looks(void **state)
{
    (void)state;
    static const char *const names[] = {"gif_trns.gif",   "gif_grey.gif", "gif_beyond.gif",   "turned6.webp",
                                        "animated.webp",  "lossy.webp",   "tiff_turned6.tif", "tiff_rgb16.tif",
                                        "tiff_tiles.tif", "tiff_huge.tif"};
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
        struct tenka_picture_facts facts;
        char path[256];
        if (!is_readable(names[i]))
            continue;
        params.max_pixels = TENKA_IMAGE_MAX_PIXELS;
        snprintf(path, sizeof(path), FOLDER "%s", names[i]);
        tenka_image *image = load(ctx, names[i], 0, TENKA_ALPHA_IGNORE);
        assert_int_equal(tenka_picture_look(tenka_ctx_error(ctx), path, &params, &facts), TENKA_OK);
        assert_int_equal(facts.width, tenka_image_width(image));
        assert_int_equal(facts.height, tenka_image_height(image));
        assert_int_equal(facts.colour, tenka_image_channels(image) == 3);
        tenka_image_destroy(&image);
    }
    tenka_ctx_destroy(&ctx);
}

struct resizing {
    tenka_ctx *ctx;
    char path[256];
};

static tenka_status load_and_resize(void *user)
{
    const struct resizing *const r = user;
    tenka_image *image, *small = NULL;
    tenka_status status = tenka_image_load(r->ctx, r->path, NULL, &image);
    if (status == TENKA_OK)
        status = tenka_image_resize(r->ctx, image, NULL, 5, 5, &small);
    tenka_image_destroy(&image);
    tenka_image_destroy(&small);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    static const char *const names[] = {
        "interlaced_palette4.png", "turned6.png",  "turned5.jpg",      "progressive.jpg", "said_split.jpg",
        "said_packed.png",         "gif_trns.gif", "lossy_alpha.webp", "tiff_turned6.tif"};
    struct resizing r = {.ctx = cpu(0)};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!is_readable(names[i]))
            continue;
        snprintf(r.path, sizeof(r.path), FOLDER "%s", names[i]);
        const uint64_t failed = fail_each_allocation(r.ctx, load_and_resize, &r);
        printf("    %s: %u allocations failed one by one\n", names[i], (unsigned)failed);
        assert_true(failed > 5);
    }
    tenka_ctx_destroy(&r.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pillow),
        cmocka_unit_test(test_pillow_formats),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_memory_pictures),
        cmocka_unit_test(test_cut_files),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_changed_files),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_late_exif),
        cmocka_unit_test(test_two_orientations),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_other_jpegs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
