/* Metadata of PNG files. libpng has found all chunks whole, but knows no EXIF data in texts, nor any that begins with
 * JPEG's mark. Format: https://www.w3.org/TR/png/, 5.3 and 11.3 */
#include <zlib.h>

#include "data/image.h"

/* Of a packed text no more is read; honest ones are far shorter. */
#define MAX_TEXT_BYTES (1u << 20)

struct span {
    const uint8_t *data;
    size_t bytes;
};

/* The last of each kind is what counts. data is NULL where there is none. */
enum kind { EXIF, PROFILE, XMP, KINDS };
struct found {
    struct span text[KINDS];
    bool packed[KINDS];
};
static const char *const keys[KINDS] = {"exif", "Raw profile type exif", "XML:com.adobe.xmp"};

/* ---- Finding ---- */

static uint32_t read_u32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

/* Goes behind the next zero; false: there is none. */
static bool skip_string(struct span *rest)
{
    const uint8_t *const zero = memchr(rest->data, 0, rest->bytes);
    if (zero == NULL)
        return false;
    rest->bytes -= (size_t)(zero - rest->data) + 1;
    rest->data = zero + 1;
    return true;
}

/* A text's kind by its key; KINDS: none of them. */
static enum kind find_kind(const struct span *text)
{
    enum kind kind = EXIF;
    while (kind < KINDS &&
           (text->bytes <= strlen(keys[kind]) || memcmp(text->data, keys[kind], strlen(keys[kind]) + 1) != 0))
        kind++;
    return kind;
}

/* tEXt: key, zero, text. zTXt: key, zero, method, packed text. iTXt: key, zero, whether packed, method, language, zero,
 * translated key, zero, text. */
static void find_text(struct found *f, char type, struct span rest)
{
    const size_t flags = type == 't' ? 0 : type == 'z' ? 1 : 2;
    const enum kind kind = find_kind(&rest);
    /* EXIF data is bytes, which other texts than tEXt cannot hold. */
    if (kind == KINDS || (kind == EXIF && type != 't') || !skip_string(&rest) || rest.bytes < flags)
        return;
    const bool packed = type == 'z' || (type == 'i' && rest.data[0] != 0);
    rest = (struct span){rest.data + flags, rest.bytes - flags};
    if (type == 'i' && (!skip_string(&rest) || !skip_string(&rest)))
        return;
    f->text[kind] = rest;
    f->packed[kind] = packed;
}

static void find_chunk(struct found *f, const uint8_t *type, struct span data)
{
    if (memcmp(type, "eXIf", 4) == 0) {
        f->text[EXIF] = data;
        f->packed[EXIF] = false;
    } else if (memcmp(type, "tEXt", 4) == 0 || memcmp(type, "zTXt", 4) == 0 || memcmp(type, "iTXt", 4) == 0) {
        find_text(f, (char)type[0], data);
    }
}

/* ---- Using ---- */

static tenka_status use(struct tenka_picture *p, enum kind kind, const struct span *text)
{
    if (kind == PROFILE)
        return tenka_picture_profile(p, text->data, text->bytes);
    if (kind == XMP)
        tenka_picture_xmp(p, text->data, text->bytes);
    else
        tenka_picture_exif(p, text->data, text->bytes);
    return TENKA_OK;
}

static tenka_status use_packed(struct tenka_picture *p, enum kind kind, const struct span *packed)
{
    uLongf bytes = MAX_TEXT_BYTES;
    uint8_t *const text = tenka_alloc(bytes);
    if (text == NULL)
        return tenka_fail_nomem(p->err);
    const int result = uncompress(text, &bytes, packed->data, (uLong)packed->bytes);
    tenka_status status = TENKA_OK;
    if (result == Z_MEM_ERROR)
        status = tenka_fail_nomem(p->err);
    else if (result == Z_OK)
        status = use(p, kind, &(struct span){text, bytes});
    tenka_free(text);
    return status;
}

tenka_status tenka_png_metadata(struct tenka_picture *p)
{
    struct found f = {0};
    /* A chunk: the length of its data, its type, the data, a checksum. */
    for (size_t at = 8; p->bytes - at >= 12 && memcmp(p->data + at + 4, "IEND", 4) != 0;) {
        const size_t bytes = read_u32(p->data + at);
        if (bytes > p->bytes - at - 12)
            break;
        find_chunk(&f, p->data + at + 4, (struct span){p->data + at + 8, bytes});
        at += 12 + bytes;
    }
    for (enum kind kind = EXIF; kind < KINDS; kind++)
        if (f.text[kind].data != NULL)
            TENKA_TRY(f.packed[kind] ? use_packed(p, kind, &f.text[kind]) : use(p, kind, &f.text[kind]));
    return TENKA_OK;
}
