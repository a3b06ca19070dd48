#include "data/idx.h"

#include <errno.h>
#include <zlib.h>

#include "core/os.h"

/* Memory is taken in pieces that grow as data arrives: a header may promise any size. Nothing is mapped, and no size
 * that was seen before is believed, so that a file can be cut off by another program while it is read. */
#define FIRST_PIECE (1024 * 1024)

struct reader {
    struct tenka_error *err;
    const char *path;
    gzFile file;
};

static tenka_status fail_read(const struct reader *r)
{
    int code;
    const char *const text = gzerror(r->file, &code);
    if (code == Z_ERRNO)
        return tenka_fail(r->err, TENKA_E_IO, "%s: cannot read: %s", r->path, strerror(errno));
    if (code == Z_MEM_ERROR)
        return tenka_fail_nomem(r->err);
    if (code == Z_BUF_ERROR)
        return tenka_fail(r->err, TENKA_E_FORMAT, "%s: the gzip data is cut off; get the file again", r->path);
    /* zlib puts the path before its text as well. */
    const size_t path = strlen(r->path);
    const bool prefixed = strncmp(text, r->path, path) == 0 && strncmp(text + path, ": ", 2) == 0;
    return tenka_fail(r->err, TENKA_E_FORMAT, "%s: the gzip data is damaged (%s); get the file again", r->path,
                      prefixed ? text + path + 2 : text);
}

/* Reads up to bytes bytes; *got is less only at the file's end. */
static tenka_status read_some(const struct reader *r, void *dst, size_t bytes, size_t *got)
{
    *got = 0;
    while (*got < bytes) {
        const size_t left = bytes - *got;
        const int n = gzread(r->file, (char *)dst + *got, left < FIRST_PIECE ? (unsigned)left : FIRST_PIECE);
        if (n < 0)
            return fail_read(r);
        *got += (size_t)n;
        if (n == 0)
            break;
    }
    int code;
    gzerror(r->file, &code);
    return code == Z_OK || code == Z_STREAM_END ? TENKA_OK : fail_read(r);
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Labels of this magic number are rows of 32-bit integers, the first of which is the class. */
#define INTEGER_ROWS 0x0c02u
#define INTEGER_COLUMNS 8u

static tenka_status read_header(const struct reader *r, uint32_t rank, struct tenka_idx *out, uint64_t *count)
{
    uint8_t header[16];
    size_t got, more = 0, bytes = 4 + 4 * (size_t)rank;
    TENKA_TRY(read_some(r, header, bytes, &got));
    const uint32_t magic = got >= 4 ? big_endian(header) : 0;
    if (rank == 1 && magic == INTEGER_ROWS && got == bytes) {
        out->rank = 2;
        bytes += 4;
        TENKA_TRY(read_some(r, header + got, 4, &more));
        got += more;
    } else if (got >= 4 && magic != (0x0800 | rank)) {
        return tenka_fail(r->err, TENKA_E_FORMAT, "%s: expected the magic number 0x%08x of IDX %s, found 0x%08x",
                          r->path, (unsigned)(0x0800 | rank), rank == 1 ? "labels" : "images", (unsigned)magic);
    }
    if (got < bytes)
        return tenka_fail(r->err, TENKA_E_FORMAT,
                          "%s: expected an IDX header of %zu bytes, found only %zu: the file "
                          "is cut off; get the file again",
                          r->path, bytes, got);
    for (uint32_t i = 0; i < 3; i++)
        out->dim[i] = i < out->rank ? big_endian(header + 4 + 4 * i) : 1;
    if (out->rank == 2 && out->dim[1] != INTEGER_COLUMNS)
        return tenka_fail(r->err, TENKA_E_FORMAT, "%s: expected labels of %u columns, as QMNIST's are, found %u",
                          r->path, INTEGER_COLUMNS, out->dim[1]);
    *count = (uint64_t)out->dim[0] * out->dim[1];
    /* The first product fits into 64 bits, and so does the second when the first is within the limit. */
    if (*count <= TENKA_MAX_ELEMENTS)
        *count *= out->rank == 2 ? sizeof(int32_t) : out->dim[2];
    if (*count == 0 || *count > TENKA_MAX_ELEMENTS)
        return tenka_fail(r->err, TENKA_E_FORMAT,
                          "%s: expected 1 to %u bytes of data, but the header promises %u x %u x %u", r->path,
                          TENKA_MAX_ELEMENTS, out->dim[0], out->dim[1], out->dim[2]);
    return TENKA_OK;
}

static tenka_status read_body(const struct reader *r, uint64_t count, struct tenka_idx *out)
{
    size_t have = 0, room = 0;
    while (have < count) {
        const uint64_t want = room == 0 ? FIRST_PIECE : 2 * (uint64_t)room;
        room = (size_t)(want < count ? want : count);
        uint8_t *const longer = tenka_realloc_array(out->bytes, tenka_align(room, sizeof(uint32_t)), 1);
        if (longer == NULL)
            return tenka_fail_nomem(r->err);
        out->bytes = longer;
        size_t got;
        TENKA_TRY(read_some(r, out->bytes + have, room - have, &got));
        have += got;
        if (have < room)
            return tenka_fail(r->err, TENKA_E_FORMAT,
                              "%s: expected %llu bytes after the header, found only %zu: the file is cut off; get the "
                              "file again",
                              r->path, (unsigned long long)count, have);
    }
    /* Also what makes zlib compare the checksum. */
    uint8_t more;
    size_t got;
    TENKA_TRY(read_some(r, &more, 1, &got));
    if (got != 0)
        return tenka_fail(r->err, TENKA_E_FORMAT, "%s: expected %llu bytes after the header, found more", r->path,
                          (unsigned long long)count);
    return TENKA_OK;
}

/* What ends in .gz and is none. zlib looks at two bytes, and takes a file that has fewer for a plain one. */
static tenka_status fail_plain(const struct reader *r)
{
    uint8_t begin[2];
    size_t got;
    TENKA_TRY(read_some(r, begin, sizeof(begin), &got));
    if (got < sizeof(begin))
        return tenka_fail(r->err, TENKA_E_FORMAT, "%s: the gzip data is cut off; get the file again", r->path);
    return tenka_fail(r->err, TENKA_E_FORMAT,
                      "%s: expected gzip data, found something else; a plain file must not end in .gz", r->path);
}

static bool is_compressed(const char *path)
{
    const size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".gz") == 0;
}

static tenka_status read_file(struct reader *r, uint32_t rank, struct tenka_idx *out)
{
    /* An early look, so that a folder is not taken for an empty file. */
    uint64_t bytes, count;
    TENKA_TRY(tenka_os_file_size(r->err, r->path, &bytes));
    errno = 0;
    r->file = gzopen(r->path, "rb");
    if (r->file == NULL)
        return errno == 0 ? tenka_fail_nomem(r->err)
                          : tenka_fail(r->err, TENKA_E_IO, "%s: cannot open: %s", r->path, strerror(errno));
    if (is_compressed(r->path) && gzdirect(r->file))
        return fail_plain(r);
    TENKA_TRY(read_header(r, rank, out, &count));
    return read_body(r, count, out);
}

tenka_status tenka_idx_read(struct tenka_error *err, const char *path, uint32_t rank, struct tenka_idx *out)
{
    struct reader r = {.err = err, .path = path};
    *out = (struct tenka_idx){.rank = rank};
    const tenka_status status = read_file(&r, rank, out);
    if (r.file != NULL)
        gzclose_r(r.file);
    if (status != TENKA_OK) {
        tenka_free(out->bytes);
        out->bytes = NULL;
    }
    return status;
}

int32_t tenka_idx_label(const struct tenka_idx *labels, size_t image)
{
    if (labels->rank == 1)
        return labels->bytes[image];
    return (int32_t)big_endian(labels->bytes + sizeof(int32_t) * labels->dim[1] * image);
}
