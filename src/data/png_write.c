/* Pictures as PNG files, 8 bits a channel. Format: https://www.w3.org/TR/png/ */
#include <zlib.h>

#include "core/os.h"
#include "graph/graph.h"
#include "tenka/image.h"

/* What goes before the pixels and behind them: the signature and IHDR; the frame of IDAT; IEND. */
enum { HEAD = 8 + 12 + 13, FRAME = 12, FOOT = 12 };
enum filter { FILTER_NONE, FILTER_SUB, FILTER_UP, FILTER_COUNT };

static void put_be32(unsigned char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* The bytes of a chunk lie at out + 8 already. Returns where the next one begins. */
static unsigned char *finish_chunk(unsigned char *out, const char *name, size_t bytes)
{
    put_be32(out, (uint32_t)bytes);
    memcpy(out + 4, name, 4);
    put_be32(out + 8 + bytes, (uint32_t)crc32(0, out + 4, (uInt)(4 + bytes)));
    return out + FRAME + bytes;
}

/* Byte i of a row under a filter; above: the row before, NULL of the first. */
static unsigned char filtered(enum filter filter, const uint8_t *row, const uint8_t *above, size_t channels, size_t i)
{
    const uint8_t left = i >= channels ? row[i - channels] : 0, up = above != NULL ? above[i] : 0;
    return (unsigned char)(row[i] - (filter == FILTER_SUB ? left : filter == FILTER_UP ? up : 0));
}

/* The filter whose bytes, taken as signed ones, have the least sum: the specification's advice (12.8). */
static enum filter choose_filter(const uint8_t *row, const uint8_t *above, size_t channels, size_t bytes)
{
    uint64_t least = UINT64_MAX;
    enum filter best = FILTER_NONE;
    for (int filter = FILTER_NONE; filter < FILTER_COUNT; filter++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < bytes; i++) {
            const unsigned char byte = filtered((enum filter)filter, row, above, channels, i);
            sum += byte < 128 ? byte : 256u - byte;
        }
        if (sum < least) {
            least = sum;
            best = (enum filter)filter;
        }
    }
    return best;
}

/* Rows, each with its filter's number before it. */
static void filter_rows(const tenka_image *image, unsigned char *out)
{
    const size_t channels = tenka_image_channels(image), bytes = tenka_image_width(image) * channels;
    const uint8_t *row = tenka_image_pixels(image), *above = NULL;
    for (uint32_t y = 0; y < tenka_image_height(image); y++, above = row, row += bytes) {
        const enum filter filter = choose_filter(row, above, channels, bytes);
        *out++ = (unsigned char)filter;
        for (size_t i = 0; i < bytes; i++)
            *out++ = filtered(filter, row, above, channels, i);
    }
}

/* packed: *bytes of them, compressed. */
static tenka_status put_together(struct tenka_error *err, const tenka_image *image, const unsigned char *packed,
                                 size_t packed_bytes, unsigned char **data, size_t *bytes)
{
    *data = tenka_alloc(HEAD + FRAME + packed_bytes + FOOT);
    if (*data == NULL)
        return tenka_fail_nomem(err);
    unsigned char *at = *data;
    memcpy(at, "\x89PNG\r\n\x1a\n", 8);
    at += 8;
    put_be32(at + 8, tenka_image_width(image));
    put_be32(at + 12, tenka_image_height(image));
    at[16] = 8;                                        /* bits */
    at[17] = tenka_image_channels(image) == 1 ? 0 : 2; /* grey, or colour; the rest of IHDR is 0 */
    at = finish_chunk(at, "IHDR", 13);
    memcpy(at + 8, packed, packed_bytes);
    at = finish_chunk(at, "IDAT", packed_bytes);
    at = finish_chunk(at, "IEND", 0);
    *bytes = (size_t)(at - *data);
    return TENKA_OK;
}

static tenka_status encode(struct tenka_error *err, const tenka_image *image, unsigned char **data, size_t *bytes)
{
    const size_t width = tenka_image_width(image), height = tenka_image_height(image);
    const size_t raw_bytes = (width * tenka_image_channels(image) + 1) * height;
    uLong packed_bytes = compressBound((uLong)raw_bytes);
    if (packed_bytes > 0x7fffffffu)
        return tenka_fail(err, TENKA_E_INVALID, "image_encode: %zu x %zu pixels are too many for one PNG file", width,
                          height);
    unsigned char *const raw = tenka_alloc(raw_bytes), *const packed = tenka_alloc(packed_bytes);
    tenka_status status = raw != NULL && packed != NULL ? TENKA_OK : tenka_fail_nomem(err);
    if (status == TENKA_OK) {
        filter_rows(image, raw);
        if (compress2(packed, &packed_bytes, raw, (uLong)raw_bytes, Z_BEST_COMPRESSION) != Z_OK)
            status = tenka_fail_nomem(err);
    }
    if (status == TENKA_OK)
        status = put_together(err, image, packed, packed_bytes, data, bytes);
    tenka_free(raw);
    tenka_free(packed);
    return status;
}

tenka_status tenka_image_encode(tenka_ctx *ctx, const tenka_image *image, unsigned char **data, size_t *bytes)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (image == NULL || data == NULL || bytes == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "image_encode: an argument is NULL");
    *data = NULL;
    return encode(err, image, data, bytes);
}

void tenka_image_encoded_free(unsigned char *data)
{
    tenka_free(data);
}

tenka_status tenka_image_save(tenka_ctx *ctx, const tenka_image *image, const char *path)
{
    unsigned char *data;
    size_t bytes;
    if (path == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID, "image_save: path is NULL");
    TENKA_TRY(tenka_image_encode(ctx, image, &data, &bytes));
    const tenka_status status = tenka_os_write_file(tenka_ctx_error(ctx), path, data, bytes);
    tenka_free(data);
    if (status == TENKA_OK)
        tenka_file_writer_sweep(path);
    return status;
}
