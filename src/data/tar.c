#include "data/tar.h"

#include <errno.h>
#include <zlib.h>

#include "core/os.h"

#define BLOCK 512u
/* Of an extended header or a long name. */
#define MAX_NAME_BYTES (64u * 1024)
/* Memory is taken in pieces that grow as data arrives: a header may promise any size. */
#define FIRST_PIECE (1024u * 1024)

struct tenka_tar {
    struct tenka_error *err;
    char *path;
    gzFile file;
    uint64_t bytes, left; /* of the file that was gone to: all; not read yet, with the rest of its last block */
    uint64_t seen;        /* bytes of the archive */
    uint32_t files;
    char *name, *long_name; /* the latter is said before the header that it is for */
    bool has_long_bytes;
    uint64_t long_bytes;
};

/* ---- Bytes ---- */

static tenka_status fail_cut(const tenka_tar *t)
{
    return tenka_fail(t->err, TENKA_E_FORMAT, "%s: the archive is cut off; get it again", t->path);
}

static tenka_status fail_damaged(const tenka_tar *t, const char *why)
{
    return tenka_fail(t->err, TENKA_E_FORMAT, "%s: this is no whole tar archive (%s); get it again", t->path, why);
}

static tenka_status fail_read(const tenka_tar *t)
{
    int code;
    const char *const text = gzerror(t->file, &code);
    if (code == Z_ERRNO)
        return tenka_fail_io(t->err, "read", t->path, errno);
    if (code == Z_MEM_ERROR)
        return tenka_fail_nomem(t->err);
    return code == Z_BUF_ERROR ? fail_cut(t) : fail_damaged(t, text);
}

/* Up to so many bytes; *got is less only at the end of the file. */
static tenka_status read_some(tenka_tar *t, void *dst, size_t bytes, size_t *got)
{
    int code;
    for (*got = 0; *got < bytes;) {
        const int n = gzread(t->file, (char *)dst + *got, (unsigned)(bytes - *got));
        if (n < 0)
            return fail_read(t);
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    t->seen += *got;
    if (t->seen > TENKA_TAR_MAX_BYTES)
        return tenka_fail(t->err, TENKA_E_FORMAT,
                          "%s: the archive unpacks to more than %llu bytes: it is none of images", t->path,
                          (unsigned long long)TENKA_TAR_MAX_BYTES);
    gzerror(t->file, &code);
    return code == Z_OK || code == Z_STREAM_END ? TENKA_OK : fail_read(t);
}

static tenka_status read_exactly(tenka_tar *t, void *dst, size_t bytes)
{
    size_t got;
    TENKA_TRY(read_some(t, dst, bytes, &got));
    return got == bytes ? TENKA_OK : fail_cut(t);
}

static tenka_status skip(tenka_tar *t, uint64_t bytes)
{
    uint8_t block[16 * BLOCK];
    while (bytes > 0) {
        const size_t piece = (size_t)(bytes < sizeof(block) ? bytes : sizeof(block));
        TENKA_TRY(read_exactly(t, block, piece));
        bytes -= piece;
    }
    return TENKA_OK;
}

/* What is behind the last file; also what makes zlib compare the checksum. */
static tenka_status skip_rest(tenka_tar *t)
{
    uint8_t block[16 * BLOCK];
    size_t got = 1;
    while (got > 0)
        TENKA_TRY(read_some(t, block, sizeof(block), &got));
    return TENKA_OK;
}

static uint64_t padded(uint64_t bytes)
{
    return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

/* ---- Headers ---- */

/* Octal digits, or GNU's bytes where there is no room for them. */
static bool read_number(const uint8_t *field, size_t bytes, uint64_t *out)
{
    size_t i = 0;
    *out = 0;
    if (field[0] == 0x80) {
        for (i = 1; i < bytes; i++) {
            if (*out >> 55 != 0)
                return false;
            *out = *out << 8 | field[i];
        }
        return true;
    }
    while (i < bytes && field[i] == ' ')
        i++;
    for (; i < bytes && field[i] >= '0' && field[i] <= '7'; i++)
        *out = *out << 3 | (uint64_t)(field[i] - '0');
    return i == bytes || field[i] == ' ' || field[i] == '\0';
}

static bool has_checksum(const uint8_t header[BLOCK])
{
    uint64_t said, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : header[i];
    return read_number(header + 148, 8, &said) && said == sum;
}

static bool is_zero(const uint8_t header[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        if (header[i] != 0)
            return false;
    return true;
}

/* An absolute name, or one that goes up. */
static bool leads_out(const char *name)
{
    bool up = name[0] == '/';
    for (const char *part = name; part != NULL && !up; part = strchr(part, '/')) {
        part += part[0] == '/';
        up = strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0');
    }
    return up;
}

static tenka_status set_name(tenka_tar *t, const uint8_t header[BLOCK])
{
    const bool prefixed = memcmp(header + 257, "ustar", 6) == 0 && header[345] != 0;
    tenka_free(t->name);
    t->name = t->long_name;
    t->long_name = NULL;
    if (t->name == NULL)
        t->name = tenka_sprintf("%.155s%s%.100s", prefixed ? (const char *)header + 345 : "", prefixed ? "/" : "",
                                (const char *)header);
    if (t->name == NULL)
        return tenka_fail_nomem(t->err);
    return leads_out(t->name)
               ? tenka_fail(t->err, TENKA_E_FORMAT, "%s: the archive has a file '%.100s', whose name leads out of it",
                            t->path, t->name)
               : TENKA_OK;
}

static tenka_status read_data(tenka_tar *t, void **data)
{
    size_t have = 0;
    char *memory = NULL;
    tenka_status status = TENKA_OK;
    for (size_t room = FIRST_PIECE; status == TENKA_OK && (memory == NULL || have < t->bytes); room *= 2) {
        const size_t want = t->bytes < room ? (size_t)t->bytes : room;
        char *const longer = tenka_realloc_array(memory, want + 1, 1);
        memory = longer != NULL ? longer : memory;
        status = longer != NULL ? read_exactly(t, memory + have, want - have) : tenka_fail_nomem(t->err);
        have = want;
    }
    if (status == TENKA_OK)
        status = skip(t, padded(t->bytes) - t->bytes);
    t->left = 0;
    if (status != TENKA_OK) {
        tenka_free(memory);
        return status;
    }
    memory[have] = '\0';
    *data = memory;
    return TENKA_OK;
}

/* Records of "LENGTH KEY=VALUE\n". */
static tenka_status use_extended(tenka_tar *t, char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        size_t length = 0, i = at;
        while (i < bytes && text[i] >= '0' && text[i] <= '9' && length <= bytes)
            length = 10 * length + (size_t)(text[i++] - '0');
        if (i == at || i >= bytes || text[i] != ' ' || length <= i - at + 1 || length > bytes - at ||
            text[at + length - 1] != '\n')
            return fail_damaged(t, "an extended header");
        text[at + length - 1] = '\0';
        char *const key = text + i + 1;
        if (strncmp(key, "path=", 5) == 0) {
            tenka_free(t->long_name);
            t->long_name = tenka_strdup(key + 5);
            if (t->long_name == NULL)
                return tenka_fail_nomem(t->err);
        } else if (strncmp(key, "size=", 5) == 0) {
            t->has_long_bytes = true;
            t->long_bytes = 0;
            for (const char *c = key + 5; *c >= '0' && *c <= '9' && t->long_bytes <= TENKA_TAR_MAX_BYTES; c++)
                t->long_bytes = 10 * t->long_bytes + (uint64_t)(*c - '0');
        }
        at += length;
    }
    return TENKA_OK;
}

/* What a header says of the next one: 'L', its name; 'x', more. */
static tenka_status read_extension(tenka_tar *t, char type)
{
    void *text = NULL;
    if (t->bytes > MAX_NAME_BYTES)
        return fail_damaged(t, "a name of too many bytes");
    TENKA_TRY(read_data(t, &text));
    if (type == 'L') {
        tenka_free(t->long_name);
        t->long_name = text;
        return TENKA_OK;
    }
    const tenka_status status = use_extended(t, text, (size_t)t->bytes);
    tenka_free(text);
    return status;
}

/* *type: of what comes; 0: the end. */
static tenka_status read_header(tenka_tar *t, char *type)
{
    uint8_t header[BLOCK];
    size_t got;
    TENKA_TRY(read_some(t, header, BLOCK, &got));
    *type = '\0';
    if (got == 0 && t->seen == 0)
        return fail_damaged(t, "it is empty");
    if (got > 0 && got < BLOCK)
        return fail_cut(t);
    if (got == 0 || is_zero(header))
        return skip_rest(t);
    if (!has_checksum(header) || !read_number(header + 124, 12, &t->bytes))
        return fail_damaged(t, "a header");
    *type = header[156] == '\0' || header[156] == '7' ? '0' : (char)header[156];
    if (*type == 'L' || *type == 'x' || *type == 'g')
        return TENKA_OK;
    t->bytes = t->has_long_bytes ? t->long_bytes : t->bytes;
    t->has_long_bytes = false;
    if (t->files++ >= TENKA_TAR_MAX_FILES)
        return tenka_fail(t->err, TENKA_E_FORMAT, "%s: the archive has more than %u files", t->path,
                          TENKA_TAR_MAX_FILES);
    return set_name(t, header);
}

/* ---- Files ---- */

tenka_status tenka_tar_next(tenka_tar *tar, const char **name, uint64_t *bytes)
{
    char type = 'g';
    *name = NULL;
    TENKA_TRY(skip(tar, tar->left));
    tar->left = 0;
    while (type != '0') {
        TENKA_TRY(read_header(tar, &type));
        if (type == '\0')
            return TENKA_OK;
        if (tar->bytes > TENKA_TAR_MAX_BYTES)
            return tenka_fail(tar->err, TENKA_E_FORMAT,
                              "%s: the archive has a file of %llu bytes: it is none of images", tar->path,
                              (unsigned long long)tar->bytes);
        if (type == 'L' || type == 'x')
            TENKA_TRY(read_extension(tar, type));
        else if (type != '0')
            TENKA_TRY(skip(tar, padded(tar->bytes)));
    }
    tar->left = padded(tar->bytes);
    *name = tar->name;
    *bytes = tar->bytes;
    return TENKA_OK;
}

tenka_status tenka_tar_read(tenka_tar *tar, void **data)
{
    *data = NULL;
    return read_data(tar, data);
}

void tenka_tar_close(tenka_tar **tar)
{
    tenka_tar *const t = *tar;
    *tar = NULL;
    if (t == NULL)
        return;
    if (t->file != NULL)
        gzclose_r(t->file);
    tenka_free(t->path);
    tenka_free(t->name);
    tenka_free(t->long_name);
    tenka_free(t);
}

tenka_status tenka_tar_open(struct tenka_error *err, const char *path, tenka_tar **out)
{
    uint64_t bytes;
    *out = NULL;
    /* An early look, so that a folder is not taken for an empty file. */
    TENKA_TRY(tenka_os_file_size(err, path, &bytes));
    tenka_tar *const t = tenka_alloc(sizeof(*t));
    if (t == NULL)
        return tenka_fail_nomem(err);
    t->err = err;
    t->path = tenka_strdup(path);
    errno = 0;
    t->file = t->path != NULL ? gzopen(path, "rb") : NULL;
    if (t->file != NULL) {
        *out = t;
        return TENKA_OK;
    }
    const int number = errno;
    tenka_tar *failed = t;
    tenka_tar_close(&failed);
    return number == 0 ? tenka_fail_nomem(err) : tenka_fail_io(err, "open", path, number);
}
