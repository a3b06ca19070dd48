/* GIF files: the first picture of each. Format: CompuServe, "Graphics Interchange Format, Version 89a". What lies around
 * a picture that is smaller than the file says is transparent, where the picture has a transparent colour, else the
 * first colour, as in Pillow. */
#include "data/image.h"

#define MOST_COLOURS 256u
#define MOST_CODES 4096u
#define WIDEST_CODE 12u

enum { EXTENSION = '!', PICTURE = ',', TRAILER = ';', CONTROL = 0xf9 };
enum { HAS_PALETTE = 0x80, INTERLACED = 0x40, TRANSPARENT = 1 };

struct reader {
    struct tenka_picture *p;
    size_t at;                          /* in the file */
    uint32_t width, height;             /* of all */
    uint32_t left, top, columns, lines; /* of the first picture */
    bool interlaced, transparent, colour;
    uint8_t hole;                     /* the colour that is transparent */
    uint8_t palette[MOST_COLOURS][4]; /* red, green, blue, alpha */
};

static tenka_status fail_cut(const struct reader *r)
{
    return tenka_fail(r->p->err, TENKA_E_FORMAT, "%s: the GIF file is cut off at byte %zu; get it again", r->p->name,
                      r->p->bytes);
}

static tenka_status fail_damaged(const struct reader *r, const char *why)
{
    return tenka_fail(r->p->err, TENKA_E_FORMAT, "%s: the GIF file is damaged (%s)", r->p->name, why);
}

/* The next bytes of the file; NULL: there are fewer. */
static const uint8_t *take(struct reader *r, size_t bytes)
{
    if (bytes > r->p->bytes - r->at)
        return NULL;
    r->at += bytes;
    return r->p->data + r->at - bytes;
}

static uint32_t u16(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8;
}

/* ---- What stands before the pixels ---- */

/* Colours that a palette is too short for are black. */
static tenka_status read_palette(struct reader *r, uint32_t flags)
{
    if ((flags & HAS_PALETTE) == 0)
        return TENKA_OK;
    const uint32_t count = 2u << (flags & 7);
    const uint8_t *const from = take(r, 3 * (size_t)count);
    if (from == NULL)
        return fail_cut(r);
    r->colour = false;
    for (uint32_t i = 0; i < MOST_COLOURS; i++)
        for (uint32_t c = 0; c < 3; c++) {
            r->palette[i][c] = i < count ? from[3 * i + c] : 0;
            r->colour = r->colour || r->palette[i][c] != r->palette[i][0];
        }
    return TENKA_OK;
}

static tenka_status read_screen(struct reader *r)
{
    for (uint32_t i = 0; i < MOST_COLOURS; i++)
        memset(r->palette[i], (int)i, 3);
    const uint8_t *const screen = take(r, 13);
    if (screen == NULL)
        return fail_cut(r);
    r->width = u16(screen + 6);
    r->height = u16(screen + 8);
    return read_palette(r, screen[10]);
}

/* The next of the blocks of up to 255 bytes, in which data come; an empty one ends them. NULL: cut off. */
static const uint8_t *take_block(struct reader *r, uint32_t *length)
{
    const uint8_t *const size = take(r, 1);
    *length = size != NULL ? *size : 0;
    return size != NULL ? take(r, *length) : NULL;
}

static tenka_status read_extension(struct reader *r)
{
    const uint8_t *const label = take(r, 1);
    uint32_t length = 1;
    for (bool first = true; label != NULL && length > 0; first = false) {
        const uint8_t *const block = take_block(r, &length);
        if (block == NULL)
            return fail_cut(r);
        if (!first || *label != CONTROL || length < 4 || (block[0] & TRANSPARENT) == 0)
            continue;
        r->transparent = true;
        r->hole = block[3];
    }
    return label != NULL ? TENKA_OK : fail_cut(r);
}

static tenka_status find_picture(struct reader *r)
{
    for (;;) {
        const uint8_t *const what = take(r, 1);
        if (what == NULL)
            return fail_cut(r);
        if (*what == PICTURE)
            return TENKA_OK;
        if (*what == TRAILER)
            return fail_damaged(r, "there is no picture in it");
        if (*what == EXTENSION)
            TENKA_TRY(read_extension(r));
    }
}

static tenka_status read_place(struct reader *r)
{
    const uint8_t *const place = take(r, 9);
    if (place == NULL)
        return fail_cut(r);
    r->left = u16(place);
    r->top = u16(place + 2);
    r->columns = u16(place + 4);
    r->lines = u16(place + 6);
    r->interlaced = (place[8] & INTERLACED) != 0;
    if (r->columns == 0 || r->lines == 0)
        return fail_damaged(r, "its first picture has no pixels");
    r->width = r->left + r->columns > r->width ? r->left + r->columns : r->width;
    r->height = r->top + r->lines > r->height ? r->top + r->lines : r->height;
    TENKA_TRY(read_palette(r, place[8]));
    for (uint32_t i = 0; i < MOST_COLOURS; i++)
        r->palette[i][3] = r->transparent && i == r->hole ? 0 : 255;
    return TENKA_OK;
}

/* Until the empty one. */
static tenka_status skip_blocks(struct reader *r)
{
    uint32_t length;
    do
        if (take_block(r, &length) == NULL)
            return fail_cut(r);
    while (length > 0);
    return TENKA_OK;
}

/* ---- Pixels: Lempel-Ziv-Welch ---- */

/* A code stands for bytes that were written before: those of the code before it, and the byte behind them. */
struct codes {
    uint32_t start[MOST_CODES], length[MOST_CODES];
    uint32_t count, width; /* of codes; bits of the next one */
    uint32_t bits, have;   /* read, but not used yet, and how many they are */
    const uint8_t *block;
    uint32_t at, block_length;
};

/* *code: MOST_CODES: there is no more. */
static tenka_status next_code(struct reader *r, struct codes *c, uint32_t *code)
{
    *code = MOST_CODES;
    while (c->have < c->width) {
        if (c->at == c->block_length) {
            c->block = take_block(r, &c->block_length);
            c->at = 0;
            if (c->block == NULL)
                return fail_cut(r);
            if (c->block_length == 0)
                return TENKA_OK;
        }
        c->bits |= (uint32_t)c->block[c->at++] << c->have;
        c->have += 8;
    }
    *code = c->bits & ((1u << c->width) - 1);
    c->bits >>= c->width;
    c->have -= c->width;
    return TENKA_OK;
}

/* The code that follows another one says what a new one stands for. */
static void add_code(struct codes *c, uint32_t start, uint32_t length)
{
    if (c->count == MOST_CODES)
        return;
    c->start[c->count] = start;
    c->length[c->count++] = length;
    if (c->count == 1u << c->width && c->width < WIDEST_CODE)
        c->width++;
}

/* Writes the pixels, which are numbers of colours.
 *   literals  codes below stand for themselves; it clears the table, and the one above it ends the picture */
static tenka_status unpack(struct reader *r, struct codes *c, uint32_t literals, uint8_t *out)
{
    const uint32_t pixels = r->columns * r->lines, narrowest = c->width;
    uint32_t written = 0, before = 0, code; /* before: the pixels of the last code; 0: there is none */
    while (written < pixels) {
        TENKA_TRY(next_code(r, c, &code));
        if (code == literals) {
            c->count = literals + 2;
            c->width = narrowest;
            before = 0;
            continue;
        }
        if (code == literals + 1 || code == MOST_CODES)
            return fail_damaged(r, "pixels are missing");
        if (before > 0)
            add_code(c, written - before, before + 1);
        if (code >= c->count)
            return fail_damaged(r, "its pixels are packed in a way that cannot be");
        const uint32_t from = code < literals ? 0 : c->start[code];
        before = code < literals ? 1 : c->length[code];
        before = before < pixels - written ? before : pixels - written;
        for (uint32_t i = 0; i < before; i++, written++)
            out[written] = code < literals ? (uint8_t)code : out[from + i];
    }
    /* What the last block still has is not looked at. */
    return c->block_length == 0 ? TENKA_OK : skip_blocks(r);
}

static tenka_status read_pixels(struct reader *r, uint8_t *out)
{
    const uint8_t *const bits = take(r, 1);
    if (bits == NULL)
        return fail_cut(r);
    if (*bits == 0 || *bits >= WIDEST_CODE)
        return fail_damaged(r, "its codes have a width that cannot be");
    struct codes *const codes = tenka_alloc(sizeof(*codes));
    if (codes == NULL)
        return tenka_fail_nomem(r->p->err);
    const uint32_t literals = 1u << *bits;
    *codes = (struct codes){.count = literals + 2, .width = *bits + 1u};
    const tenka_status status = unpack(r, codes, literals, out);
    tenka_free(codes);
    return status;
}

/* ---- Rows ---- */

/* Which line of the picture the file's number i is. */
static uint32_t line_of(const struct reader *r, uint32_t i)
{
    static const uint32_t begins[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    if (!r->interlaced)
        return i;
    for (size_t pass = 0;; pass++) {
        const uint32_t count = r->lines > begins[pass] ? (r->lines - begins[pass] - 1) / steps[pass] + 1 : 0;
        if (i < count)
            return begins[pass] + i * steps[pass];
        i -= count;
    }
}

static void hand_over(const struct reader *r, const uint8_t *canvas, uint8_t *row)
{
    const uint32_t colours = r->colour ? 3 : 1;
    for (uint32_t y = 0; y < r->height; y++) {
        uint8_t *out = row;
        for (uint32_t x = 0; x < r->width; x++, out += colours + r->transparent) {
            const uint8_t *const colour = r->palette[canvas[(size_t)y * r->width + x]];
            memcpy(out, colour, colours);
            if (r->transparent)
                out[colours] = colour[3];
        }
        tenka_picture_row(r->p, y, row, colours + r->transparent);
    }
}

static tenka_status read_rows(struct reader *r)
{
    const size_t all = (size_t)r->width * r->height, part = (size_t)r->columns * r->lines;
    uint8_t *const canvas = tenka_alloc(all), *const picture = tenka_alloc(part);
    uint8_t *const row = tenka_alloc_array(r->width, 4);
    tenka_status status = tenka_fail_nomem(r->p->err);
    if (canvas == NULL || picture == NULL || row == NULL)
        goto out;
    status = read_pixels(r, picture);
    if (status != TENKA_OK)
        goto out;
    memset(canvas, r->transparent ? r->hole : 0, all);
    for (uint32_t i = 0; i < r->lines; i++)
        memcpy(canvas + ((size_t)r->top + line_of(r, i)) * r->width + r->left, picture + (size_t)i * r->columns,
               r->columns);
    hand_over(r, canvas, row);
out:
    tenka_free(row);
    tenka_free(picture);
    tenka_free(canvas);
    return status;
}

tenka_status tenka_gif_decode(struct tenka_picture *p)
{
    struct reader r = {.p = p};
    TENKA_TRY(read_screen(&r));
    TENKA_TRY(find_picture(&r));
    TENKA_TRY(read_place(&r));
    TENKA_TRY(tenka_picture_begin(p, r.width, r.height, r.colour));
    if (!p->header)
        return read_rows(&r);
    return take(&r, 1) != NULL ? skip_blocks(&r) : fail_cut(&r);
}
