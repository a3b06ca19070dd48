/* Writing .pt files. */
#include <stdio.h>
#include <zip.h>

#include "core/os.h"
#include "io/pt.h"

#define ALIGNMENT 64    /* of storages, as in torch.save */
#define LOCAL_HEADER 30 /* bytes of a zip entry's header without name and extra field */
#define FB_EXTRA 0x4246 /* "FB": the extra field that torch.save pads with */
#define PIECE ((size_t)256 * 1024)

struct writer {
    struct tenka_error *err;
    const char *path;
    const struct tenka_file_tensor *tensors;
    size_t count;
    tenka_file_source get;
    void *user;
    zip_t *zip;
    tenka_status status; /* of the first source that failed */
    uint64_t at;         /* where the next entry begins in the file */
    unsigned char *pickle;
    size_t pickle_bytes, pickle_capacity;
    bool no_memory;
};

/* ---- The pickle ---- */

static void add(struct writer *w, const void *bytes, size_t count)
{
    while (!w->no_memory && w->pickle_capacity - w->pickle_bytes < count)
        w->no_memory = !tenka_grow(&w->pickle, &w->pickle_capacity, w->pickle_capacity, 1);
    if (w->no_memory)
        return;
    memcpy(w->pickle + w->pickle_bytes, bytes, count);
    w->pickle_bytes += count;
}

static void add_code(struct writer *w, const char *codes)
{
    add(w, codes, strlen(codes));
}

static void add_little_endian(struct writer *w, uint64_t n, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)(n >> 8 * i);
        add(w, &byte, 1);
    }
}

static void add_text(struct writer *w, const char *text)
{
    add_code(w, "X");
    add_little_endian(w, strlen(text), 4);
    add_code(w, text);
}

static void add_integer(struct writer *w, uint64_t n)
{
    if (n <= INT32_MAX) {
        add_code(w, "J");
        add_little_endian(w, n, 4);
    } else {
        add_code(w, "\x8a\x08");
        add_little_endian(w, n, 8);
    }
}

static void add_tuple(struct writer *w, const uint64_t *numbers, uint32_t count)
{
    add_code(w, "(");
    for (uint32_t i = 0; i < count; i++)
        add_integer(w, numbers[i]);
    add_code(w, "t");
}

/* _rebuild_tensor_v2(persistent id ('storage', class, key, 'cpu', count), 0, size, stride, False, OrderedDict()) */
static void add_tensor(struct writer *w, size_t i)
{
    const struct tenka_file_tensor *const t = &w->tensors[i];
    uint64_t size[TENKA_MAX_RANK], stride[TENKA_MAX_RANK], step = 1;
    char key[24];
    for (uint32_t axis = t->shape.rank; axis-- > 0;) {
        size[axis] = t->shape.dim[axis];
        stride[axis] = step;
        step *= size[axis];
    }
    snprintf(key, sizeof(key), "%zu", i);
    add_code(w, "ctorch._utils\n_rebuild_tensor_v2\n((");
    add_text(w, "storage");
    add_code(w, strcmp(t->dtype, "I64") == 0   ? "ctorch\nLongStorage\n"
                : strcmp(t->dtype, "I32") == 0 ? "ctorch\nIntStorage\n"
                                               : "ctorch\nFloatStorage\n");
    add_text(w, key);
    add_text(w, "cpu");
    add_integer(w, tenka_shape_count(&t->shape));
    add_code(w, "tQ");
    add_integer(w, 0);
    add_tuple(w, size, t->shape.rank);
    add_tuple(w, stride, t->shape.rank);
    add_code(w, "\x89"
                "ccollections\nOrderedDict\n)RtR");
}

static void make_pickle(struct writer *w)
{
    add_code(w, "\x80\x02"
                "ccollections\nOrderedDict\n)R(");
    for (size_t i = 0; i < w->count; i++) {
        add_text(w, w->tensors[i].name);
        add_tensor(w, i);
    }
    add_code(w, "u.");
}

/* ---- A tensor as libzip asks for it: its bytes are there from open to close ---- */

struct source {
    struct writer *writer;
    size_t index;
    uint64_t bytes, at;
    unsigned char *data;
    zip_error_t error;
};

static zip_int64_t fail_source(struct source *s, tenka_status status)
{
    if (s->writer->status == TENKA_OK)
        s->writer->status = status;
    zip_error_set(&s->error, status == TENKA_E_NOMEM ? ZIP_ER_MEMORY : ZIP_ER_READ, 0);
    return -1;
}

static zip_int64_t source_open(struct source *s)
{
    s->at = 0;
    s->data = tenka_alloc((size_t)s->bytes);
    if (s->data == NULL)
        return fail_source(s, tenka_fail_nomem(s->writer->err));
    const tenka_status status = s->bytes > 0 ? s->writer->get(s->writer->user, s->index, s->data, (size_t)s->bytes)
                                             : TENKA_OK;
    return status == TENKA_OK ? 0 : fail_source(s, status);
}

static zip_int64_t source_read(struct source *s, void *dst, uint64_t bytes)
{
    const uint64_t left = s->bytes - s->at, n = bytes < left ? bytes : left;
    if (n > 0)
        memcpy(dst, s->data + s->at, (size_t)n);
    s->at += n;
    return (zip_int64_t)n;
}

static zip_int64_t source_stat(const struct source *s, struct zip_stat *st)
{
    zip_stat_init(st);
    st->size = st->comp_size = s->bytes;
    st->comp_method = ZIP_CM_STORE;
    st->valid = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    return sizeof(*st);
}

static zip_int64_t source_call(void *user, void *data, zip_uint64_t bytes, zip_source_cmd_t command)
{
    struct source *const s = user;
    switch (command) {
    case ZIP_SOURCE_OPEN: return source_open(s);
    case ZIP_SOURCE_READ: return source_read(s, data, bytes);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        tenka_free(s->data);
        s->data = NULL;
        if (command == ZIP_SOURCE_FREE)
            tenka_free(s);
        return 0;
    case ZIP_SOURCE_STAT: return source_stat(s, data);
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&s->error, data, bytes);
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default: zip_error_set(&s->error, ZIP_ER_OPNOTSUPP, 0); return -1;
    }
}

/* ---- The archive ---- */

static tenka_status fail_zip(const struct writer *w, zip_error_t *why)
{
    if (w->status != TENKA_OK)
        return w->status;
    if (zip_error_code_zip(why) == ZIP_ER_MEMORY)
        return tenka_fail_nomem(w->err);
    return tenka_fail(w->err, TENKA_E_IO, "%s: cannot make the zip archive: %s", w->path, zip_error_strerror(why));
}

/* Pads the entry's header so that its data begins at a multiple of ALIGNMENT, and goes on to where the next begins. */
static bool pad(struct writer *w, zip_uint64_t index, const char *name, uint64_t bytes)
{
    static const zip_uint8_t zeros[ALIGNMENT];
    const uint64_t data = w->at + LOCAL_HEADER + strlen(name) + 4; /* 4: the extra field's own header */
    const uint64_t padding = tenka_align(data, ALIGNMENT) - data;
    w->at = data + padding + bytes;
    return zip_file_extra_field_set(w->zip, index, FB_EXTRA, ZIP_EXTRA_FIELD_NEW, zeros, (zip_uint16_t)padding,
                                    ZIP_FL_LOCAL) == 0;
}

/* Takes the source over. */
static tenka_status add_entry(struct writer *w, const char *name, zip_source_t *source, uint64_t bytes)
{
    char path[64];
    snprintf(path, sizeof(path), "archive/%s", name);
    const zip_int64_t index = source != NULL ? zip_file_add(w->zip, path, source, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0) {
        zip_source_free(source);
        return fail_zip(w, zip_get_error(w->zip));
    }
    /* Always the same time, 1980-01-01, so that equal content gives equal files. */
    if (zip_set_file_compression(w->zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(w->zip, (zip_uint64_t)index, 0, 0x0021, 0) != 0 ||
        !pad(w, (zip_uint64_t)index, path, bytes))
        return fail_zip(w, zip_get_error(w->zip));
    return TENKA_OK;
}

static tenka_status add_bytes(struct writer *w, const char *name, const void *bytes, size_t count)
{
    return add_entry(w, name, zip_source_buffer(w->zip, bytes, count, 0), count);
}

static tenka_status add_storage(struct writer *w, size_t i)
{
    char name[40];
    struct source *const s = tenka_alloc(sizeof(*s));
    if (s == NULL)
        return tenka_fail_nomem(w->err);
    *s = (struct source){.writer = w, .index = i, .bytes = tenka_file_tensor_bytes(&w->tensors[i])};
    zip_error_init(&s->error);
    zip_source_t *const source = zip_source_function(w->zip, source_call, s);
    if (source == NULL)
        tenka_free(s);
    snprintf(name, sizeof(name), "data/%zu", i);
    return add_entry(w, name, source, source != NULL ? tenka_file_tensor_bytes(&w->tensors[i]) : 0);
}

static tenka_status fill(struct writer *w)
{
    make_pickle(w);
    if (w->no_memory)
        return tenka_fail_nomem(w->err);
    if (w->pickle_bytes > TENKA_PICKLE_MAX_BYTES)
        return tenka_fail(w->err, TENKA_E_INVALID,
                          "saving: the names of the tensors make a pickle of %zu bytes, more "
                          "than the %u that can be read",
                          w->pickle_bytes, TENKA_PICKLE_MAX_BYTES);
    TENKA_TRY(add_bytes(w, "data.pkl", w->pickle, w->pickle_bytes));
    for (size_t i = 0; i < w->count; i++)
        TENKA_TRY(add_storage(w, i));
    return add_bytes(w, "version", "3\n", 2);
}

/* Copies the finished archive to a file that appears whole or not at all. */
static tenka_status copy(struct writer *w, zip_source_t *archive, struct tenka_file_writer *file, unsigned char *piece)
{
    zip_int64_t got;
    TENKA_TRY(tenka_file_writer_create(file, w->err, w->path));
    while ((got = zip_source_read(archive, piece, PIECE)) > 0)
        TENKA_TRY(tenka_file_writer_write(file, w->err, piece, (uint64_t)got));
    return got == 0 ? tenka_file_writer_commit(file, w->err) : fail_zip(w, zip_source_error(archive));
}

static tenka_status write_out(struct writer *w, zip_source_t *archive)
{
    struct tenka_file_writer file = {0};
    if (zip_source_open(archive) != 0)
        return fail_zip(w, zip_source_error(archive));
    unsigned char *const piece = tenka_alloc(PIECE);
    const tenka_status status = piece != NULL ? copy(w, archive, &file, piece) : tenka_fail_nomem(w->err);
    if (status != TENKA_OK)
        tenka_file_writer_abort(&file);
    tenka_free(piece);
    zip_source_close(archive);
    return status;
}

/* Makes the archive in memory: libzip goes back to write headers, and its own files would not appear at once. */
static tenka_status make_archive(struct writer *w, zip_source_t *archive)
{
    zip_error_t why;
    zip_error_init(&why);
    w->zip = zip_open_from_source(archive, ZIP_CREATE | ZIP_TRUNCATE, &why);
    tenka_status status = w->zip != NULL ? TENKA_OK : fail_zip(w, &why);
    zip_error_fini(&why);
    if (w->zip == NULL)
        return status;
    /* The archive's source is ours still after the zip has gone. */
    zip_source_keep(archive);
    status = fill(w);
    if (status == TENKA_OK && zip_close(w->zip) != 0)
        status = fail_zip(w, zip_get_error(w->zip));
    else if (status == TENKA_OK)
        return TENKA_OK;
    zip_discard(w->zip);
    return status;
}

tenka_status tenka_pt_write(struct tenka_error *err, const char *path, const struct tenka_file_tensor *tensors,
                            size_t count, tenka_file_source get, void *user)
{
    struct writer w = {.err = err, .path = path, .tensors = tensors, .count = count, .get = get, .user = user};
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *const archive = zip_source_buffer_create(NULL, 0, 0, &why);
    tenka_status status = archive != NULL ? make_archive(&w, archive) : fail_zip(&w, &why);
    if (status == TENKA_OK)
        status = write_out(&w, archive);
    if (archive != NULL)
        zip_source_free(archive);
    zip_error_fini(&why);
    tenka_free(w.pickle);
    return status;
}
