/* Where arrays lie: files of one, which may be compressed by gzip, and archives of several. */
#include <errno.h>
#include <zip.h>
#include <zlib.h>

#include "core/os.h"
#include "data/npy.h"
#include "graph/graph.h"
#include "python/text.h"

#define MAX_READ (1u << 30) /* what a call of zlib is asked for */
#define MAX_LISTED 8

/* ---- .npy ---- */

static tenka_status read_gz(const struct tenka_npy_source *s, void *dst, size_t bytes, size_t *got)
{
    *got = 0;
    while (*got < bytes) {
        const size_t left = bytes - *got;
        const int n = gzread(s->file, (char *)dst + *got, left < MAX_READ ? (unsigned)left : MAX_READ);
        if (n <= 0)
            break;
        *got += (size_t)n;
    }
    int code;
    gzerror(s->file, &code);
    if (code == Z_OK || code == Z_STREAM_END)
        return TENKA_OK;
    if (code == Z_MEM_ERROR)
        return tenka_fail_nomem(s->err);
    if (code == Z_ERRNO)
        return tenka_fail_io(s->err, "read", s->name, errno);
    return tenka_fail(s->err, TENKA_E_FORMAT, "%s: the gzip data is damaged or cut off; get the file again", s->name);
}

static tenka_status read_file(struct tenka_error *err, const char *path, tenka_array **out)
{
    uint64_t bytes;
    TENKA_TRY(tenka_os_file_size(err, path, &bytes));
    errno = 0;
    const struct tenka_npy_source source = {err, path, gzopen(path, "rb"), read_gz};
    if (source.file == NULL)
        return errno == 0 ? tenka_fail_nomem(err) : tenka_fail_io(err, "open", path, errno);
    const tenka_status status = tenka_npy_read(&source, out);
    gzclose_r(source.file);
    return status;
}

/* ---- .npz ---- */

static tenka_status fail_zip(struct tenka_error *err, const char *name, zip_error_t *why)
{
    const int code = zip_error_code_zip(why);
    const tenka_status status = code == ZIP_ER_MEMORY                        ? TENKA_E_NOMEM
                                : code == ZIP_ER_OPEN || code == ZIP_ER_READ ? TENKA_E_IO
                                                                             : TENKA_E_FORMAT;
    return tenka_fail(err, status,
                      "%s: cannot read it as an archive that numpy.savez has written: %.200s; the file is something "
                      "else, damaged or cut off",
                      name, zip_error_strerror(why));
}

static tenka_status read_entry(const struct tenka_npy_source *s, void *dst, size_t bytes, size_t *got)
{
    *got = 0;
    while (*got < bytes) {
        const zip_int64_t n = zip_fread(s->file, (char *)dst + *got, bytes - *got);
        if (n < 0)
            return fail_zip(s->err, s->name, zip_file_get_error(s->file));
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return TENKA_OK;
}

/* name: as sentences have it */
static tenka_status read_archived(struct tenka_error *err, zip_t *zip, zip_uint64_t index, const char *name,
                                  tenka_array **out)
{
    const struct tenka_npy_source source = {err, name, zip_fopen_index(zip, index, 0), read_entry};
    if (source.file == NULL)
        return fail_zip(err, name, zip_get_error(zip));
    const tenka_status status = tenka_npy_read(&source, out);
    zip_fclose(source.file);
    return status;
}

static tenka_status read_named(struct tenka_error *err, zip_t *zip, const char *path, const char *name,
                               tenka_array **out)
{
    char *const entry = tenka_sprintf("%s.npy", name), *const shown = tenka_sprintf("%s, array %s", path, name);
    tenka_status status = entry != NULL && shown != NULL ? TENKA_OK : tenka_fail_nomem(err);
    if (status == TENKA_OK) {
        const zip_int64_t index = zip_name_locate(zip, entry, ZIP_FL_ENC_RAW);
        status = index >= 0 ? read_archived(err, zip, (zip_uint64_t)index, shown, out) : TENKA_OK;
    }
    tenka_free(entry);
    tenka_free(shown);
    return status;
}

static tenka_status open_archive(struct tenka_error *err, const char *path, zip_t **out)
{
    int code;
    uint64_t bytes;
    TENKA_TRY(tenka_os_file_size(err, path, &bytes));
    *out = zip_open(path, ZIP_RDONLY, &code);
    if (*out != NULL)
        return TENKA_OK;
    zip_error_t why;
    zip_error_init_with_code(&why, code);
    const tenka_status status = fail_zip(err, path, &why);
    zip_error_fini(&why);
    return status;
}

tenka_status tenka_array_names(tenka_ctx *ctx, const char *path, char **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_text text = {0};
    zip_t *zip;
    if (out == NULL || path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "array_names: path or out is NULL");
    *out = NULL;
    TENKA_TRY(open_archive(err, path, &zip));
    const zip_int64_t count = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < count && i < MAX_LISTED; i++) {
        const char *const name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const size_t length = name != NULL ? strlen(name) : 0;
        const bool npy = length > 4 && strcmp(name + length - 4, ".npy") == 0;
        tenka_text_add(&text, "%s%.*s", i > 0 ? ", " : "",
                       (int)(npy           ? length - 4
                             : length < 60 ? length
                                           : 60),
                       name != NULL ? name : "");
    }
    if (count == 0)
        tenka_text_add(&text, "nothing");
    if (count > MAX_LISTED)
        tenka_text_add(&text, " and %lld more", (long long)count - MAX_LISTED);
    zip_discard(zip);
    if (!text.failed) {
        *out = text.text;
        return TENKA_OK;
    }
    tenka_free(text.text);
    return tenka_fail_nomem(err);
}

tenka_status tenka_array_read(tenka_ctx *ctx, const char *path, const char *name, tenka_array **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    zip_t *zip;
    if (out == NULL || path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "array_read: path or out is NULL");
    *out = NULL;
    if (name == NULL)
        return read_file(err, path, out);
    TENKA_TRY(open_archive(err, path, &zip));
    const tenka_status status = read_named(err, zip, path, name, out);
    zip_discard(zip);
    return status;
}

/* ---- Writing ---- */

/* The header's length with what stands before it is a multiple of this. */
#define HEADER_ALIGN 64
#define MAX_HEADER 256

/* Of floats of so many bytes each. Returns its own bytes. */
static size_t make_header(const struct tenka_shape *shape, size_t each, unsigned char out[MAX_HEADER])
{
    char text[MAX_HEADER - 10];
    int length = snprintf(text, sizeof(text), "{'descr': '<f%zu', 'fortran_order': False, 'shape': (", each);
    for (uint32_t i = 0; i < shape->rank; i++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s%u%s", i > 0 ? " " : "", shape->dim[i],
                           i + 1 < shape->rank || shape->rank == 1 ? "," : "");
    length += snprintf(text + length, sizeof(text) - (size_t)length, "), }");
    const size_t bytes = tenka_align(10 + (size_t)length + 1, HEADER_ALIGN);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (unsigned char)((bytes - 10) & 255);
    out[9] = (unsigned char)((bytes - 10) >> 8);
    memset(out + 10, ' ', bytes - 10);
    memcpy(out + 10, text, (size_t)length);
    out[bytes - 1] = '\n';
    return bytes;
}

/* What is written: floats or doubles. */
struct numbers {
    const void *data;
    size_t each; /* bytes of one */
    struct tenka_shape shape;
};

/* In this order of bytes, whatever the machine's. */
static tenka_status write_numbers(struct tenka_file_writer *writer, struct tenka_error *err, const struct numbers *n)
{
    unsigned char piece[4096];
    const uint64_t count = tenka_shape_count(&n->shape);
    for (uint64_t i = 0; i < count;) {
        size_t used = 0;
        for (; i < count && used < sizeof(piece); i++) {
            uint32_t narrow;
            uint64_t bits;
            memcpy(n->each == sizeof(bits) ? (void *)&bits : (void *)&narrow, (const char *)n->data + i * n->each,
                   n->each);
            bits = n->each == sizeof(bits) ? bits : narrow;
            for (unsigned shift = 0; shift < 8 * n->each; shift += 8)
                piece[used++] = (unsigned char)(bits >> shift);
        }
        TENKA_TRY(tenka_file_writer_write(writer, err, piece, used));
    }
    return TENKA_OK;
}

static tenka_status write_all(struct tenka_file_writer *writer, struct tenka_error *err, const char *path,
                              const struct numbers *n)
{
    unsigned char header[MAX_HEADER];
    TENKA_TRY(tenka_file_writer_create(writer, err, path));
    TENKA_TRY(tenka_file_writer_write(writer, err, header, make_header(&n->shape, n->each, header)));
    TENKA_TRY(write_numbers(writer, err, n));
    return tenka_file_writer_commit(writer, err);
}

static tenka_status write_array(tenka_ctx *ctx, const char *path, const struct numbers *n)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_file_writer writer = {0};
    if (path == NULL || n->data == NULL || n->shape.rank > TENKA_MAX_RANK)
        return tenka_fail(err, TENKA_E_INVALID, "array_write: path or data is NULL, or the shape is none");
    const tenka_status status = write_all(&writer, err, path, n);
    tenka_file_writer_abort(&writer);
    if (status == TENKA_OK)
        tenka_file_writer_sweep(path);
    return status;
}

tenka_status tenka_array_write(tenka_ctx *ctx, const char *path, struct tenka_shape shape, const float *data)
{
    return write_array(ctx, path, &(struct numbers){data, sizeof(*data), shape});
}

tenka_status tenka_array_write_f64(tenka_ctx *ctx, const char *path, struct tenka_shape shape, const double *data)
{
    return write_array(ctx, path, &(struct numbers){data, sizeof(*data), shape});
}
