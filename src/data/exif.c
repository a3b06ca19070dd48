/* Which way is up: what a file's metadata says of it, read as Pillow reads it. Formats: TIFF 6.0, section 2; EXIF 2.3,
 * 4.6.4, tag Orientation; XMP Specification, part 2, 3.2 (the namespace tiff). */
#include "data/image.h"

#define TAG_ORIENTATION 0x0112
#define UNSAID 0 /* other numbers than those of EXIF, from 1 to 8, are upright */
#define UPRIGHT 1

struct tiff {
    const uint8_t *data;
    size_t bytes;
    bool big_endian;
};

/* Of TIFF's types, from 0 on: the bytes of one value; 0: no such type. */
static const uint8_t type_bytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};
enum type { BYTE = 1, ASCII = 2, RATIONAL = 5, UNDEFINED = 7, SIGNED_RATIONAL = 10, FLOAT = 11, DOUBLE = 12 };

static uint64_t number(const struct tiff *t, size_t at, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | t->data[t->big_endian ? at + i : at + width - 1 - i];
    return value;
}

/* Negative ones become large, which is as good: neither turns a picture. */
static double real_number(const struct tiff *t, size_t at, uint64_t type)
{
    const uint64_t bits = number(t, at, type_bytes[type]);
    double as_double;
    float as_float;
    if (type == RATIONAL || type == SIGNED_RATIONAL)
        return (double)number(t, at, 4) / (double)number(t, at + 4, 4);
    if (type == DOUBLE) {
        memcpy(&as_double, &bits, sizeof(as_double));
        return as_double;
    }
    if (type == FLOAT) {
        const uint32_t half = (uint32_t)bits;
        memcpy(&as_float, &half, sizeof(as_float));
        return as_float;
    }
    return (double)bits;
}

/* The first value of the type at a place. */
static uint32_t orientation_at(const struct tiff *t, size_t at, uint64_t type)
{
    /* To Pillow these are texts. */
    if (type == BYTE || type == ASCII || type == UNDEFINED)
        return UPRIGHT;
    const double value = real_number(t, at, type);
    for (uint32_t o = 1; o <= 8; o++)
        if (value == o)
            return o;
    return UPRIGHT;
}

/* One entry: tag, type, count, and the values, or where they lie when they take more than 4 bytes. As with Pillow,
 * values beyond the end of the data end the directory, and an entry that is larger than what the ones before it have
 * left of the data is passed over.
 *   left  bytes of the data
 * Returns whether the next entry counts. */
static bool read_entry(const struct tiff *t, size_t at, uint64_t *left, uint32_t *orientation)
{
    const uint64_t type = number(t, at + 2, 2), each = type < sizeof(type_bytes) ? type_bytes[type] : 0;
    const uint64_t bytes = number(t, at + 4, 4) * each, place = bytes > 4 ? number(t, at + 8, 4) : at + 8;
    if (bytes > 4 && bytes > *left) {
        *left = 0;
        return true;
    }
    if (place > t->bytes || bytes > t->bytes - place)
        return false;
    *left -= bytes > 4 ? bytes : 0;
    if (bytes > 0 && number(t, at, 2) == TAG_ORIENTATION)
        *orientation = orientation_at(t, (size_t)place, type);
    return *orientation == UNSAID;
}

static bool begins(const uint8_t *data, size_t bytes, const char *mark, size_t length)
{
    return bytes >= length && memcmp(data, mark, length) == 0;
}

static bool begins_as_tiff(const uint8_t *data, size_t bytes)
{
    /* The last two are wrong, but some programs write them. */
    return bytes >= 8 && (begins(data, bytes, "II*\0", 4) || begins(data, bytes, "MM\0*", 4) ||
                          begins(data, bytes, "II\0*", 4) || begins(data, bytes, "MM*\0", 4));
}

static uint32_t find_orientation(const uint8_t *exif, size_t bytes)
{
    while (begins(exif, bytes, TENKA_EXIF_MARK, TENKA_EXIF_MARK_BYTES)) {
        exif += TENKA_EXIF_MARK_BYTES;
        bytes -= TENKA_EXIF_MARK_BYTES;
    }
    if (bytes == 0)
        return UNSAID;
    if (!begins_as_tiff(exif, bytes))
        return UPRIGHT;
    const struct tiff t = {exif, bytes, exif[0] == 'M'};
    size_t at = (size_t)number(&t, 4, 4);
    if (at > bytes || bytes - at < 2)
        return UNSAID;
    uint64_t entries = number(&t, at, 2), left = bytes;
    uint32_t orientation = UNSAID;
    for (at += 2; entries > 0 && bytes - at >= 12 && read_entry(&t, at, &left, &orientation); at += 12)
        entries--;
    return orientation;
}

void tenka_picture_exif(struct tenka_picture *p, const uint8_t *exif, size_t bytes)
{
    p->up.exif = find_orientation(exif, bytes);
    p->up.has_exif = true;
}

/* ---- EXIF data in hexadecimal digits, as ImageMagick writes it into PNG files ---- */

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The number of bytes; what is neither digit nor white space ends them. */
static size_t read_digits(const uint8_t *text, size_t length, uint8_t *out)
{
    size_t digits = 0;
    for (size_t i = 0; i < length; i++) {
        const int digit = hex_digit(text[i]);
        if (digit < 0 && memchr(" \t\r\n\v\f", text[i], 6) == NULL)
            break;
        if (digit < 0)
            continue;
        out[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : out[digits / 2] | digit);
        digits++;
    }
    return digits / 2;
}

tenka_status tenka_picture_profile(struct tenka_picture *p, const uint8_t *text, size_t length)
{
    if (p->up.has_exif)
        return TENKA_OK;
    /* An empty line, the profile's name and its length. */
    for (int line = 0; line < 3; line++) {
        const uint8_t *const end = length > 0 ? memchr(text, '\n', length) : NULL;
        const size_t skip = end != NULL ? (size_t)(end - text) + 1 : length;
        text += skip;
        length -= skip;
    }
    uint8_t *const bytes = tenka_alloc(length / 2 + 1);
    if (bytes == NULL)
        return tenka_fail_nomem(p->err);
    p->up.exif = find_orientation(bytes, read_digits(text, length, bytes));
    tenka_free(bytes);
    return TENKA_OK;
}

/* ---- XMP ---- */

void tenka_picture_xmp(struct tenka_picture *p, const uint8_t *text, size_t length)
{
    static const char name[] = "tiff:Orientation";
    const size_t n = sizeof(name) - 1;
    p->up.xmp = UNSAID;
    for (size_t i = 0; length - i > n + 1 && p->up.xmp == UNSAID; i++) {
        const uint8_t *const rest = text + i + n;
        const size_t left = length - i - n;
        if (memcmp(text + i, name, n) != 0)
            continue;
        /* An attribute or an element. */
        const uint8_t *const digit = rest[0] == '>'                            ? rest + 1
                                     : left > 2 && memcmp(rest, "=\"", 2) == 0 ? rest + 2
                                                                               : NULL;
        if (digit != NULL && *digit >= '0' && *digit <= '9')
            p->up.xmp = *digit >= '1' && *digit <= '8' ? *digit - '0' : UPRIGHT;
    }
}

uint32_t tenka_picture_orientation(const struct tenka_picture *p)
{
    return p->up.exif != UNSAID ? p->up.exif : p->up.xmp != UNSAID ? p->up.xmp : UPRIGHT;
}
