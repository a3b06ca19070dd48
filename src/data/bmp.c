/* BMP files. Format: Microsoft, "Bitmap Storage". Pixels of 16 bits become bytes as in Pillow. */
#include "data/image.h"

#define FILE_HEADER 14u
#define MOST_COLOURS 256u

enum { PLAIN = 0, MASKS = 3, MASKS_ALPHA = 6 };

struct reader {
    struct tenka_picture *p;
    uint32_t width, height;
    bool top_down;
    uint32_t bits, compression, pixels; /* where the rows begin in the file */
    uint32_t mask[3];
    uint8_t palette[MOST_COLOURS][3];
    bool colour;
};

static uint32_t u16(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8;
}

static uint32_t u32(const uint8_t *data)
{
    return u16(data) | u16(data + 2) << 16;
}

static tenka_status fail_cut(const struct reader *r)
{
    return tenka_fail(r->p->err, TENKA_E_FORMAT, "%s: the BMP file is cut off at byte %zu; get it again", r->p->name,
                      r->p->bytes);
}

static tenka_status fail_kind(const struct reader *r, const char *what, uint32_t number)
{
    return tenka_fail(r->p->err, TENKA_E_FORMAT,
                      "%s: it is a BMP of a kind that cannot be read (%s %u); convert it first", r->p->name, what,
                      (unsigned)number);
}

/* ---- Headers ---- */

/* Entries of 3 bytes in the oldest header, else of 4. */
static tenka_status read_palette(struct reader *r, size_t at, uint32_t count, size_t each)
{
    const uint32_t most = 1u << r->bits;
    count = count == 0 || count > most ? most : count;
    if (count * each > r->p->bytes - at)
        return fail_cut(r);
    for (uint32_t i = 0; i < count; i++, at += each)
        for (size_t c = 0; c < 3; c++) {
            r->palette[i][c] = r->p->data[at + 2 - c];
            r->colour = r->colour || r->palette[i][c] != r->palette[i][0];
        }
    return TENKA_OK;
}

/* Where the masks are said behind a header of 40 bytes, or in a longer one, they are at the same place. */
static tenka_status read_masks(struct reader *r)
{
    static const uint32_t usual[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    memcpy(r->mask, usual[r->bits == 32], sizeof(r->mask));
    if (r->compression == PLAIN)
        return TENKA_OK;
    if (r->p->bytes < FILE_HEADER + 52)
        return fail_cut(r);
    for (size_t c = 0; c < 3; c++) {
        r->mask[c] = u32(r->p->data + FILE_HEADER + 40 + 4 * c);
        if (r->mask[c] == 0)
            return fail_kind(r, "mask", r->mask[c]);
    }
    return TENKA_OK;
}

static tenka_status read_info(struct reader *r, uint32_t size)
{
    const uint8_t *const info = r->p->data + FILE_HEADER;
    const int64_t height = (int32_t)u32(info + 8);
    r->width = u32(info + 4);
    r->top_down = height < 0;
    r->height = (uint32_t)(height < 0 ? -height : height);
    r->bits = u16(info + 14);
    r->compression = u32(info + 16);
    const bool masks = r->compression == MASKS || r->compression == MASKS_ALPHA;
    if (r->compression != PLAIN && !(masks && (r->bits == 16 || r->bits == 32)))
        return fail_kind(r, "compression", r->compression);
    if (r->bits == 16 || r->bits == 32)
        return read_masks(r);
    return r->bits <= 8 ? read_palette(r, FILE_HEADER + size, u32(info + 32), 4) : TENKA_OK;
}

static tenka_status read_header(struct reader *r)
{
    const uint8_t *const data = r->p->data;
    if (r->p->bytes < FILE_HEADER + 12)
        return fail_cut(r);
    const uint32_t size = u32(data + FILE_HEADER);
    if (size != 12 && size < 40)
        return fail_kind(r, "header of", size);
    if (size > r->p->bytes - FILE_HEADER)
        return fail_cut(r);
    r->pixels = u32(data + 10);
    r->bits = u16(data + FILE_HEADER + (size == 12 ? 10 : 14));
    if (r->bits != 1 && r->bits != 4 && r->bits != 8 && r->bits != 16 && r->bits != 24 && r->bits != 32)
        return fail_kind(r, "bits", r->bits);
    r->colour = r->bits > 8;
    if (size != 12)
        return read_info(r, size);
    r->width = u16(data + FILE_HEADER + 4);
    r->height = u16(data + FILE_HEADER + 6);
    if (r->bits == 16 || r->bits == 32)
        return fail_kind(r, "bits", r->bits);
    return r->bits <= 8 ? read_palette(r, FILE_HEADER + 12, 0, 3) : TENKA_OK;
}

/* ---- Pixels ---- */

/* The bits of a mask as a byte. */
static uint8_t scale(uint32_t pixel, uint32_t mask)
{
    uint32_t shift = 0;
    while ((mask >> shift & 1) == 0)
        shift++;
    const uint32_t most = mask >> shift;
    return (uint8_t)((uint64_t)((pixel & mask) >> shift) * 255 / most);
}

static void read_pixel(const struct reader *r, const uint8_t *row, uint32_t x, uint8_t out[3])
{
    if (r->bits <= 8) {
        const uint32_t bit = x * r->bits;
        memcpy(out, r->palette[row[bit / 8] >> (8 - r->bits - bit % 8) & ((1u << r->bits) - 1)], 3);
    } else if (r->bits == 24) {
        for (size_t c = 0; c < 3; c++)
            out[c] = row[3 * (size_t)x + 2 - c];
    } else {
        const uint32_t pixel = r->bits == 16 ? u16(row + 2 * (size_t)x) : u32(row + 4 * (size_t)x);
        for (size_t c = 0; c < 3; c++)
            out[c] = scale(pixel, r->mask[c]);
    }
}

static tenka_status read_rows(struct reader *r)
{
    const size_t each = ((size_t)r->width * r->bits + 31) / 32 * 4, channels = r->colour ? 3 : 1;
    if (r->pixels > r->p->bytes || each * r->height > r->p->bytes - r->pixels)
        return fail_cut(r);
    uint8_t *const line = tenka_alloc_array(r->width, channels + 2); /* three bytes are written at each pixel */
    if (line == NULL)
        return tenka_fail_nomem(r->p->err);
    for (uint32_t y = 0; y < r->height; y++) {
        const uint8_t *const row = r->p->data + r->pixels + each * (r->top_down ? y : r->height - 1 - y);
        for (uint32_t x = 0; x < r->width; x++)
            read_pixel(r, row, x, line + channels * x);
        tenka_picture_row(r->p, y, line, (uint32_t)channels);
    }
    tenka_free(line);
    return TENKA_OK;
}

tenka_status tenka_bmp_decode(struct tenka_picture *p)
{
    struct reader r = {.p = p};
    TENKA_TRY(read_header(&r));
    TENKA_TRY(tenka_picture_begin(p, r.width, r.height, r.colour));
    return p->header ? TENKA_OK : read_rows(&r);
}
