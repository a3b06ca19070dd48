/* TIFF files, through libtiff; of several pictures the first. Format: TIFF 6.0. Pixels become bytes as in Pillow: of 16
 * bits the upper 8, inks as its CMYK, colours that were multiplied by their alpha are divided again. */
#include <stdio.h>
#include <tiffio.h>

#include "data/image.h"

/* A picture comes in blocks, strips or tiles. Those at the edges may be larger than the picture, but not much. */
#define MAX_SPARE_PIXELS (UINT64_C(1) << 22)
#define MAX_SAMPLES 6u
#define MAX_SINGLE_ALLOC (INT64_C(1) << 31)

struct reader {
    struct tenka_picture *p;
    TIFF *tiff;
    uint64_t at; /* in the file, or beyond */
    bool cut;
    char why[160];
    uint32_t width, height, block_width, block_height;
    uint16_t photometric, bits, samples, colours; /* colours: samples of a pixel that are no alpha */
    bool tiled, planes;                           /* planes: each sample has blocks of its own */
    bool alpha, multiplied;
    bool colour;
    uint16_t *palette[3];
    uint8_t *block, *lines, *row; /* of the file; samples of all blocks beside each other as bytes; one to hand over */
};

static tenka_status fail_file(const struct reader *r)
{
    if (r->cut)
        return tenka_fail(r->p->err, TENKA_E_FORMAT, "%s: the TIFF file is cut off at byte %zu; get it again",
                          r->p->name, r->p->bytes);
    return tenka_fail(r->p->err, TENKA_E_FORMAT, "%s: the TIFF file is damaged (%s)", r->p->name,
                      r->why[0] != '\0' ? r->why : "it makes no sense");
}

static tenka_status fail_kind(const struct reader *r, const char *what, unsigned number)
{
    return tenka_fail(r->p->err, TENKA_E_FORMAT,
                      "%s: it is a TIFF of a kind that cannot be read (%s %u); convert it first", r->p->name, what,
                      number);
}

/* ---- What libtiff calls ---- */

static tmsize_t on_read(thandle_t handle, void *out, tmsize_t bytes)
{
    struct reader *const r = handle;
    const uint64_t left = r->at < r->p->bytes ? r->p->bytes - r->at : 0;
    const uint64_t got = (uint64_t)bytes < left ? (uint64_t)bytes : left;
    r->cut = r->cut || got < (uint64_t)bytes;
    memcpy(out, r->p->data + (got > 0 ? r->at : 0), (size_t)got);
    r->at += got;
    return (tmsize_t)got;
}

static tmsize_t on_write(thandle_t handle, void *data, tmsize_t bytes)
{
    (void)handle;
    (void)data;
    (void)bytes;
    return 0;
}

static toff_t on_seek(thandle_t handle, toff_t to, int whence)
{
    struct reader *const r = handle;
    r->at = to + (whence == SEEK_CUR ? r->at : whence == SEEK_END ? r->p->bytes : 0);
    return r->at;
}

static int on_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t on_size(thandle_t handle)
{
    const struct reader *const r = handle;
    return r->p->bytes;
}

/* Of several errors the first is the cause. */
static int on_error(TIFF *tiff, void *reader, const char *module, const char *format, va_list arguments)
{
    struct reader *const r = reader;
    (void)tiff;
    (void)module;
    if (r->why[0] == '\0')
        vsnprintf(r->why, sizeof(r->why), format, arguments);
    return 1;
}

static int on_warning(TIFF *tiff, void *reader, const char *module, const char *format, va_list arguments)
{
    (void)tiff;
    (void)reader;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

/* ---- The header ---- */

static tenka_status open_file(struct reader *r)
{
    TIFFOpenOptions *const options = TIFFOpenOptionsAlloc();
    if (options == NULL)
        return tenka_fail_nomem(r->p->err);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, MAX_SINGLE_ALLOC);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, r);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, r);
    r->tiff =
        TIFFClientOpenExt(r->p->name, "rm", r, on_read, on_write, on_seek, on_close, on_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return r->tiff != NULL ? TENKA_OK : fail_file(r);
}

static uint16_t u16_tag(const struct reader *r, uint32_t tag)
{
    uint16_t value = 0;
    return TIFFGetFieldDefaulted(r->tiff, tag, &value) ? value : 0;
}

/* JPEG's colours are asked for as red, green and blue. */
static tenka_status check_compression(struct reader *r)
{
    const uint16_t compression = u16_tag(r, TIFFTAG_COMPRESSION);
    if (compression == COMPRESSION_OJPEG || !TIFFIsCODECConfigured(compression))
        return fail_kind(r, "compression", compression);
    if (r->photometric != PHOTOMETRIC_YCBCR || r->samples == 1)
        return TENKA_OK;
    if (compression != COMPRESSION_JPEG || r->planes)
        return fail_kind(r, "YCbCr with compression", compression);
    TIFFSetField(r->tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    return TENKA_OK;
}

/* Of a pixel: how many samples say its colour. 0: of a kind that is not known. */
static uint16_t count_colours(const struct reader *r)
{
    switch (r->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_PALETTE: return 1;
    case PHOTOMETRIC_RGB: return 3;
    case PHOTOMETRIC_SEPARATED: return 4;
    case PHOTOMETRIC_YCBCR: return r->samples == 1 ? 1 : 3;
    default: return 0;
    }
}

static tenka_status check_samples(struct reader *r)
{
    const uint16_t format = u16_tag(r, TIFFTAG_SAMPLEFORMAT), most = r->photometric == PHOTOMETRIC_PALETTE ? 8 : 16;
    r->colours = count_colours(r);
    if (r->colours == 0)
        return fail_kind(r, "photometric", r->photometric);
    if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID)
        return fail_kind(r, "sample format", format);
    if (r->samples < r->colours || r->samples > MAX_SAMPLES)
        return fail_kind(r, "samples", r->samples);
    if (r->bits > most || (r->bits != 8 && r->bits != 16 && (r->samples > 1 || r->bits == 0 || 8 % r->bits != 0)))
        return fail_kind(r, "bits", r->bits);
    return TENKA_OK;
}

/* A fourth sample that nothing is said of is alpha. */
static void take_alpha(struct reader *r)
{
    uint16_t count = 0, *types = NULL;
    if (r->samples == r->colours)
        return;
    if (!TIFFGetField(r->tiff, TIFFTAG_EXTRASAMPLES, &count, &types) || count == 0) {
        r->alpha = r->photometric == PHOTOMETRIC_RGB;
        return;
    }
    r->alpha = types[0] != EXTRASAMPLE_UNSPECIFIED;
    r->multiplied = types[0] == EXTRASAMPLE_ASSOCALPHA;
}

static tenka_status take_palette(struct reader *r)
{
    r->colour = r->colours > 1;
    if (r->photometric != PHOTOMETRIC_PALETTE)
        return TENKA_OK;
    if (!TIFFGetField(r->tiff, TIFFTAG_COLORMAP, &r->palette[0], &r->palette[1], &r->palette[2]))
        return fail_file(r);
    for (size_t i = 0; i < (size_t)1 << r->bits; i++)
        for (size_t c = 1; c < 3; c++)
            r->colour = r->colour || r->palette[c][i] >> 8 != r->palette[0][i] >> 8;
    return TENKA_OK;
}

static tenka_status take_blocks(struct reader *r)
{
    r->tiled = TIFFIsTiled(r->tiff) != 0;
    r->block_width = r->width;
    TIFFGetFieldDefaulted(r->tiff, r->tiled ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &r->block_height);
    if (r->tiled)
        TIFFGetField(r->tiff, TIFFTAG_TILEWIDTH, &r->block_width);
    else if (r->block_height > r->height)
        r->block_height = r->height;
    if (r->block_width == 0 || r->block_height == 0)
        return fail_file(r);
    if (r->block_width > INT32_MAX || r->block_height > INT32_MAX ||
        (uint64_t)r->block_width * r->block_height > (uint64_t)r->width * r->height + MAX_SPARE_PIXELS)
        return tenka_fail(r->p->err, TENKA_E_FORMAT, "%s: the TIFF file has tiles of %ux%u pixels, more than its %ux%u",
                          r->p->name, r->block_width, r->block_height, r->width, r->height);
    return TENKA_OK;
}

static void take_orientation(struct reader *r)
{
    uint32_t length;
    void *text;
    uint16_t orientation;
    if (TIFFGetField(r->tiff, TIFFTAG_ORIENTATION, &orientation)) {
        r->p->up.has_exif = true;
        r->p->up.exif = orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
    if (TIFFGetField(r->tiff, TIFFTAG_XMLPACKET, &length, &text))
        tenka_picture_xmp(r->p, text, length);
}

static tenka_status read_header(struct reader *r)
{
    TENKA_TRY(open_file(r));
    if (!TIFFGetField(r->tiff, TIFFTAG_IMAGEWIDTH, &r->width) ||
        !TIFFGetField(r->tiff, TIFFTAG_IMAGELENGTH, &r->height))
        return fail_file(r);
    r->photometric = u16_tag(r, TIFFTAG_PHOTOMETRIC);
    r->bits = u16_tag(r, TIFFTAG_BITSPERSAMPLE);
    r->samples = u16_tag(r, TIFFTAG_SAMPLESPERPIXEL);
    r->planes = r->samples > 1 && u16_tag(r, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
    TENKA_TRY(check_samples(r));
    TENKA_TRY(check_compression(r));
    take_alpha(r);
    TENKA_TRY(take_palette(r));
    TENKA_TRY(tenka_picture_begin(r->p, r->width, r->height, r->colour));
    take_orientation(r);
    return take_blocks(r);
}

/* Whether all that the header promises lies in the file. */
static tenka_status check_whole(struct reader *r)
{
    const uint32_t blocks = r->tiled ? TIFFNumberOfTiles(r->tiff) : TIFFNumberOfStrips(r->tiff);
    for (uint32_t i = 0; i < blocks; i++) {
        const uint64_t begin = TIFFGetStrileOffset(r->tiff, i), bytes = TIFFGetStrileByteCount(r->tiff, i);
        if (begin == 0 || bytes == 0 || begin > r->p->bytes || bytes > r->p->bytes - begin) {
            r->cut = true;
            return fail_file(r);
        }
    }
    return TENKA_OK;
}

/* ---- Pixels ---- */

/* One row of a block as bytes, one each `step`. */
static void spread(const struct reader *r, const uint8_t *from, uint32_t count, uint32_t step, uint8_t *out)
{
    const uint32_t most = (1u << r->bits) - 1;
    for (uint32_t i = 0; i < count; i++, out += step) {
        const uint32_t bit = i * r->bits % 8;
        uint16_t wide;
        if (r->bits == 16) {
            memcpy(&wide, from + 2 * (size_t)i, sizeof(wide));
            *out = (uint8_t)(wide >> 8);
        } else if (r->bits == 8) {
            *out = from[i];
        } else {
            const uint32_t value = from[(size_t)i * r->bits / 8] >> (8 - r->bits - bit) & most;
            *out = (uint8_t)(r->photometric == PHOTOMETRIC_PALETTE ? value : value * 255 / most);
        }
    }
}

/* The block whose left top corner is at (x, y), of one plane or of all samples, to its place in the lines. */
static tenka_status read_block(struct reader *r, uint32_t x, uint32_t y, uint16_t plane)
{
    const uint32_t each = r->planes ? 1 : r->samples; /* samples of a pixel of the block */
    const uint32_t columns = r->block_width < r->width - x ? r->block_width : r->width - x;
    const uint32_t lines = r->block_height < r->height - y ? r->block_height : r->height - y;
    const size_t stride = (size_t)(r->tiled ? TIFFTileRowSize(r->tiff) : TIFFScanlineSize(r->tiff));
    const tmsize_t got = r->tiled ? TIFFReadTile(r->tiff, r->block, x, y, 0, plane)
                                  : TIFFReadEncodedStrip(r->tiff, TIFFComputeStrip(r->tiff, y, plane), r->block, -1);
    if (got < 0 || (size_t)got < stride * lines || stride < ((size_t)columns * each * r->bits + 7) / 8)
        return fail_file(r);
    for (uint32_t i = 0; i < lines; i++) {
        uint8_t *const out = r->lines + ((size_t)i * r->width + x) * r->samples + plane;
        spread(r, r->block + i * stride, columns * each, r->planes ? r->samples : 1, out);
    }
    return TENKA_OK;
}

/* As Pillow divides. */
static void unmultiply(uint8_t *pixel, uint32_t colours)
{
    const uint32_t alpha = pixel[colours];
    for (uint32_t c = 0; c < colours; c++) {
        const uint32_t value = alpha == 0 ? 0 : pixel[c] * 255u / alpha;
        pixel[c] = (uint8_t)(value < 255 ? value : 255);
    }
}

/* The colour of one pixel; returns how many samples were written. */
static uint32_t take_colour(const struct reader *r, const uint8_t *from, uint8_t *out)
{
    switch (r->photometric) {
    case PHOTOMETRIC_MINISWHITE: out[0] = 255 - from[0]; return 1;
    case PHOTOMETRIC_PALETTE:
        for (size_t c = 0; c < 3; c++)
            out[c] = (uint8_t)(r->palette[c][from[0]] >> 8);
        return r->colour ? 3 : 1;
    case PHOTOMETRIC_SEPARATED:
        for (size_t c = 0; c < 3; c++)
            out[c] = (uint8_t)(255 - from[3] - tenka_image_over_255(from[c] * (255u - from[3])));
        return 3;
    default: memcpy(out, from, r->colours); return r->colours;
    }
}

static void hand_over(const struct reader *r, uint32_t y, const uint8_t *line)
{
    uint8_t *out = r->row;
    uint32_t channels = 0;
    for (uint32_t x = 0; x < r->width; x++, line += r->samples, out += channels) {
        channels = take_colour(r, line, out);
        if (!r->alpha)
            continue;
        out[channels] = line[r->colours];
        if (r->multiplied)
            unmultiply(out, channels);
        channels++;
    }
    tenka_picture_row(r->p, y, r->row, channels);
}

static tenka_status read_band(struct reader *r, uint32_t y)
{
    const uint16_t planes = r->planes ? r->samples : 1;
    for (uint16_t plane = 0; plane < planes; plane++)
        for (uint64_t x = 0; x < r->width; x += r->block_width)
            TENKA_TRY(read_block(r, (uint32_t)x, y, plane));
    for (uint32_t i = 0; i < r->block_height && i < r->height - y; i++)
        hand_over(r, y + i, r->lines + (size_t)i * r->width * r->samples);
    return TENKA_OK;
}

static tenka_status read_rows(struct reader *r)
{
    const uint32_t lines = r->block_height < r->height ? r->block_height : r->height;
    const tmsize_t bytes = r->tiled ? TIFFTileSize(r->tiff) : TIFFStripSize(r->tiff);
    if (bytes <= 0 || bytes > MAX_SINGLE_ALLOC)
        return fail_file(r);
    r->block = tenka_alloc((size_t)bytes);
    r->lines = tenka_alloc_array((size_t)lines * r->width, r->samples);
    r->row = tenka_alloc_array(r->width, MAX_SAMPLES);
    if (r->block == NULL || r->lines == NULL || r->row == NULL)
        return tenka_fail_nomem(r->p->err);
    for (uint64_t y = 0; y < r->height; y += r->block_height)
        TENKA_TRY(read_band(r, (uint32_t)y));
    return TENKA_OK;
}

tenka_status tenka_tiff_decode(struct tenka_picture *p)
{
    struct reader r = {.p = p};
    tenka_status status = read_header(&r);
    if (status == TENKA_OK)
        status = p->header ? check_whole(&r) : read_rows(&r);
    if (r.tiff != NULL)
        TIFFClose(r.tiff);
    tenka_free(r.block);
    tenka_free(r.lines);
    tenka_free(r.row);
    return status;
}
