#include "io/safetensors.h"

#include <stdlib.h>

#define MAX_HEADER 100000000 /* the format's own limit */
#define METADATA "__metadata__"

char *tenka_json_text(const json_t *value)
{
    const size_t length = value != NULL ? json_dumpb(value, NULL, 0, JSON_COMPACT) : 0;
    char *text = length > 0 ? tenka_alloc(length + 1) : NULL;
    if (text != NULL && json_dumpb(value, text, length, JSON_COMPACT) != length) {
        tenka_free(text);
        text = NULL;
    }
    return text;
}

bool tenka_json_lacks_memory(const json_error_t *why)
{
#if JANSSON_VERSION_HEX >= 0x020b00
    return json_error_code(why) == json_error_out_of_memory;
#else
    (void)why; /* such a version does not tell */
    return false;
#endif
}

/* ---- Reading ---- */

static tenka_status fail_tensor(struct tenka_error *err, const struct tenka_st_file *file, const char *name,
                                const char *what)
{
    return tenka_fail(err, TENKA_E_FORMAT, "%s: tensor \"%.100s\": %s", file->path, name, what);
}

/* A whole number from 0 to most. */
static bool get_u64(const json_t *value, uint64_t most, uint64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return *out <= most;
}

static tenka_status read_shape(struct tenka_error *err, const struct tenka_st_file *file, const json_t *array,
                               struct tenka_st_tensor *t)
{
    if (!json_is_array(array) || json_array_size(array) > TENKA_MAX_RANK)
        return fail_tensor(err, file, t->name, "expected a shape of at most 6 sizes");
    t->shape.rank = (uint32_t)json_array_size(array);
    uint64_t count = 1, dim;
    for (uint32_t i = 0; i < t->shape.rank; i++) {
        if (!get_u64(json_array_get(array, i), UINT32_MAX, &dim))
            return fail_tensor(err, file, t->name, "expected sizes from 0 to 4294967295");
        t->shape.dim[i] = (uint32_t)dim;
        /* Sizes of files end far below. */
        if (dim != 0 && count > (uint64_t)INT64_MAX / dim)
            return fail_tensor(err, file, t->name, "the product of its sizes is too large");
        count *= dim;
    }
    const uint32_t bits = tenka_file_dtype_bits(t->dtype);
    if (bits == 0)
        return fail_tensor(err, file, t->name, "its dtype is none that this version knows");
    if (count > (uint64_t)INT64_MAX / bits)
        return fail_tensor(err, file, t->name, "the product of its sizes is too large");
    if (count * bits % 8 != 0 || count * bits / 8 != t->bytes)
        return fail_tensor(err, file, t->name, "its offsets do not fit its shape and dtype");
    return TENKA_OK;
}

static tenka_status read_tensor(struct tenka_error *err, const struct tenka_st_file *file, uint64_t data,
                                const json_t *value, struct tenka_st_tensor *t)
{
    const json_t *const dtype = json_object_get(value, "dtype"), *const offsets =
                                                                     json_object_get(value, "data_offsets");
    uint64_t begin, end;
    if (!json_is_object(value) || !json_is_string(dtype) || !json_is_array(offsets) || json_array_size(offsets) != 2)
        return fail_tensor(err, file, t->name, "expected dtype, shape and two data_offsets");
    if (!get_u64(json_array_get(offsets, 0), UINT64_MAX, &begin) ||
        !get_u64(json_array_get(offsets, 1), UINT64_MAX, &end) || begin > end)
        return fail_tensor(err, file, t->name, "expected two data_offsets in ascending order");
    if (end > file->bytes - data)
        return fail_tensor(err, file, t->name, "its bytes end after the file's; the file is cut off");
    t->dtype = json_string_value(dtype);
    t->offset = data + begin;
    t->bytes = end - begin;
    return read_shape(err, file, json_object_get(value, "shape"), t);
}

static int by_offset(const void *a, const void *b)
{
    const struct tenka_st_tensor *const x = a, *const y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static tenka_status check_layout(struct tenka_error *err, struct tenka_st_file *file, uint64_t data)
{
    if (file->count > 0)
        qsort(file->tensors, file->count, sizeof(file->tensors[0]), by_offset);
    uint64_t at = data;
    for (size_t i = 0; i < file->count; i++) {
        if (file->tensors[i].offset != at)
            return fail_tensor(err, file, file->tensors[i].name, "its bytes leave a hole, or overlap another tensor's");
        at += file->tensors[i].bytes;
    }
    if (at != file->bytes)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected the file to end after %llu bytes, found %llu", file->path,
                          (unsigned long long)at, (unsigned long long)file->bytes);
    return TENKA_OK;
}

static tenka_status check_metadata(struct tenka_error *err, const struct tenka_st_file *file)
{
    json_t *const metadata = json_object_get(file->header, METADATA);
    const char *key;
    json_t *value;
    if (metadata == NULL || json_is_null(metadata))
        return TENKA_OK;
    bool texts = json_is_object(metadata);
    json_object_foreach(metadata, key, value) texts = texts && json_is_string(value);
    return texts ? TENKA_OK
                 : tenka_fail(err, TENKA_E_FORMAT, "%s: expected __metadata__ to be an object of strings", file->path);
}

static tenka_status read_tensors(struct tenka_error *err, struct tenka_st_file *file, uint64_t data)
{
    const char *key;
    json_t *value;
    if (!json_is_object(file->header))
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a JSON object as header: this is no safetensors file",
                          file->path);
    TENKA_TRY(check_metadata(err, file));
    file->tensors = tenka_alloc_array(json_object_size(file->header) + 1, sizeof(file->tensors[0]));
    if (file->tensors == NULL)
        return tenka_fail_nomem(err);
    json_object_foreach(file->header, key, value)
    {
        if (strcmp(key, METADATA) == 0)
            continue;
        struct tenka_st_tensor *const t = &file->tensors[file->count++];
        t->name = key;
        TENKA_TRY(read_tensor(err, file, data, value, t));
    }
    return check_layout(err, file, data);
}

static tenka_status read_header(struct tenka_error *err, struct tenka_st_file *file)
{
    unsigned char size[8];
    uint64_t bytes = 0;
    TENKA_TRY(tenka_os_file_size(err, file->path, &file->bytes));
    if (file->bytes < 8)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a safetensors or .pt file, found only %llu byte%s",
                          file->path, (unsigned long long)file->bytes, file->bytes == 1 ? "" : "s");
    TENKA_TRY(tenka_os_read_range(err, file->path, 0, size, 8));
    for (int i = 7; i >= 0; i--)
        bytes = bytes << 8 | size[i];
    if (bytes > MAX_HEADER || bytes > file->bytes - 8)
        return tenka_fail(
            err, TENKA_E_FORMAT,
            "%s: this is neither a safetensors nor a .pt file, or it is cut off: its %llu bytes would begin with a "
            "header of %llu",
            file->path, (unsigned long long)file->bytes, (unsigned long long)bytes);
    char *const text = tenka_alloc((size_t)bytes + 1);
    if (text == NULL)
        return tenka_fail_nomem(err);
    json_error_t why = {.text = ""};
    tenka_status status = tenka_os_read_range(err, file->path, 8, text, bytes);
    if (status == TENKA_OK) {
        file->header = json_loadb(text, (size_t)bytes, JSON_REJECT_DUPLICATES, &why);
        if (file->header == NULL && tenka_json_lacks_memory(&why))
            status = tenka_fail_nomem(err);
        else if (file->header == NULL)
            status = tenka_fail(err, TENKA_E_FORMAT,
                                "%s: expected a JSON header: %s at byte %d: this is no safetensors file", file->path,
                                why.text, why.position);
    }
    tenka_free(text);
    return status == TENKA_OK ? read_tensors(err, file, 8 + bytes) : status;
}

tenka_status tenka_st_open(struct tenka_error *err, const char *path, struct tenka_st_file *out)
{
    *out = (struct tenka_st_file){.path = tenka_strdup(path)};
    const tenka_status status = out->path != NULL ? read_header(err, out) : tenka_fail_nomem(err);
    if (status != TENKA_OK)
        tenka_st_close(out);
    return status;
}

void tenka_st_close(struct tenka_st_file *file)
{
    tenka_free(file->path);
    tenka_free(file->tensors);
    json_decref(file->header);
    *file = (struct tenka_st_file){0};
}

const char *tenka_st_metadata(const struct tenka_st_file *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, METADATA), key));
}

tenka_status tenka_st_read(struct tenka_error *err, const struct tenka_st_file *file,
                           const struct tenka_st_tensor *tensor, void *dst)
{
    return tensor->bytes > 0 ? tenka_os_read_range(err, file->path, tensor->offset, dst, tensor->bytes) : TENKA_OK;
}

/* ---- Writing ---- */

static json_t *describe(const struct tenka_file_tensor *tensor, uint64_t begin, uint64_t end)
{
    json_t *sizes = json_array();
    for (uint32_t i = 0; i < tensor->shape.rank; i++)
        if (json_array_append_new(sizes, json_integer(tensor->shape.dim[i])) != 0) {
            json_decref(sizes);
            return NULL;
        }
    /* Takes sizes over, also on failure. */
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor->dtype, "shape", sizes, "data_offsets", (json_int_t)begin,
                     (json_int_t)end);
}

/* The header's text, padded with spaces so that the data begins at a multiple of 8; NULL: no memory. */
static char *make_header(json_t *metadata, const struct tenka_file_tensor *tensors, size_t count, size_t *bytes)
{
    json_t *const header = json_object();
    uint64_t at = 0;
    bool good = json_object_set(header, METADATA, metadata) == 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t end = at + tenka_file_tensor_bytes(&tensors[i]);
        good = good && json_object_set_new(header, tensors[i].name, describe(&tensors[i], at, end)) == 0;
        at = end;
    }
    char *const compact = good ? tenka_json_text(header) : NULL;
    const size_t length = compact != NULL ? strlen(compact) : 0;
    *bytes = tenka_align(length, 8);
    char *const text = length > 0 ? tenka_alloc(*bytes) : NULL;
    if (text != NULL) {
        memset(text, ' ', *bytes);
        memcpy(text, compact, length);
    }
    tenka_free(compact);
    json_decref(header);
    return text;
}

static tenka_status check_header(struct tenka_error *err, size_t bytes)
{
    return bytes <= MAX_HEADER ? TENKA_OK
                               : tenka_fail(err, TENKA_E_INVALID,
                                            "saving: names and metadata make a header of %zu bytes, more than the "
                                            "format's %d",
                                            bytes, MAX_HEADER);
}

static tenka_status write_header(struct tenka_error *err, struct tenka_file_writer *writer, const char *header,
                                 size_t bytes)
{
    unsigned char size[8];
    for (int i = 0; i < 8; i++)
        size[i] = (unsigned char)((uint64_t)bytes >> 8 * i);
    TENKA_TRY(tenka_file_writer_write(writer, err, size, 8));
    return tenka_file_writer_write(writer, err, header, bytes);
}

static tenka_status write_tensors(struct tenka_error *err, struct tenka_file_writer *writer,
                                  const struct tenka_file_tensor *tensors, size_t count, tenka_file_source get,
                                  void *user)
{
    uint64_t most = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t bytes = tenka_file_tensor_bytes(&tensors[i]);
        most = bytes > most ? bytes : most;
    }
    void *const data = tenka_alloc((size_t)most);
    if (data == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = TENKA_OK;
    for (size_t i = 0; i < count && status == TENKA_OK; i++) {
        const size_t bytes = (size_t)tenka_file_tensor_bytes(&tensors[i]);
        status = get(user, i, data, bytes);
        if (status == TENKA_OK)
            status = tenka_file_writer_write(writer, err, data, bytes);
    }
    tenka_free(data);
    return status;
}

tenka_status tenka_st_write(struct tenka_error *err, const char *path, json_t *metadata,
                            const struct tenka_file_tensor *tensors, size_t count, tenka_file_source get, void *user)
{
    size_t bytes;
    char *const header = make_header(metadata, tensors, count, &bytes);
    if (header == NULL)
        return tenka_fail_nomem(err);
    struct tenka_file_writer writer = {0};
    tenka_status status = check_header(err, bytes);
    if (status == TENKA_OK)
        status = tenka_file_writer_create(&writer, err, path);
    if (status == TENKA_OK)
        status = write_header(err, &writer, header, bytes);
    if (status == TENKA_OK)
        status = write_tensors(err, &writer, tensors, count, get, user);
    if (status == TENKA_OK)
        status = tenka_file_writer_commit(&writer, err);
    else
        tenka_file_writer_abort(&writer);
    tenka_free(header);
    return status;
}
