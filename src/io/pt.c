/* Reading .pt files. */
#include "io/pt.h"

#include <stdio.h>
#include <zip.h>

#include "core/os.h"

/* How many dicts deep a state_dict is looked for. */
#define MAX_WRAPPING 4

/* What torch.save wrote before version 1.6: a pickle of this number comes first. */
static const unsigned char legacy[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46};

bool tenka_pt_is_ours(const unsigned char *bytes, size_t count)
{
    /* Neither can begin a safetensors file: as the length of a header they are far beyond its limit. */
    return count >= 4 && ((bytes[0] == 'P' && bytes[1] == 'K' && (bytes[2] == 3 || bytes[2] == 5)) ||
                          (bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && count >= 8 && bytes[7] != 0));
}

static tenka_status fail_zip(struct tenka_error *err, const struct tenka_pt_file *file, zip_error_t *why)
{
    const int code = zip_error_code_zip(why);
    const tenka_status status = code == ZIP_ER_MEMORY                            ? TENKA_E_NOMEM
                                : code == ZIP_ER_OPEN || code == ZIP_ER_READ ? TENKA_E_IO
                                                                                 : TENKA_E_FORMAT;
    return tenka_fail(err, status, "%s: cannot read it as a zip archive: %.200s; the file is damaged or cut off",
                      file->path, zip_error_strerror(why));
}

static tenka_status fail_entry(struct tenka_error *err, const struct tenka_pt_file *file, const char *name,
                               const char *what)
{
    char shown[TENKA_PICKLE_SHOWN];
    return tenka_fail(err, TENKA_E_FORMAT, "%s: the entry %s %s", file->path, tenka_pickle_show(name, shown), what);
}

/* ---- Entries ---- */

/* An entry that lies in the file as it is; *bytes is its size. */
static tenka_status check_entry(struct tenka_error *err, const struct tenka_pt_file *file, zip_uint64_t index,
                                uint64_t *bytes)
{
    struct zip_stat st;
    if (zip_stat_index(file->zip, index, 0, &st) != 0)
        return fail_zip(err, file, zip_get_error(file->zip));
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((st.valid & needed) != needed || st.comp_method != ZIP_CM_STORE || st.encryption_method != ZIP_EM_NONE ||
        st.size != st.comp_size)
        return fail_entry(err, file, st.name, "is compressed or encrypted, which torch.save never does");
    /* Otherwise a few bytes could ask for any amount of memory. */
    if (st.size > file->bytes)
        return fail_entry(err, file, st.name, "is larger than the whole file; the file is damaged or cut off");
    *bytes = st.size;
    return TENKA_OK;
}

static tenka_status read_opened(struct tenka_error *err, const struct tenka_pt_file *file, zip_file_t *entry,
                                uint64_t offset, void *dst, uint64_t bytes, bool whole)
{
    unsigned char past;
    uint64_t have = 0;
    if (offset > 0 && (offset > INT64_MAX || zip_fseek(entry, (zip_int64_t)offset, SEEK_SET) != 0))
        return fail_zip(err, file, zip_file_get_error(entry));
    while (have < bytes) {
        const zip_int64_t got = zip_fread(entry, (char *)dst + have, bytes - have);
        if (got < 0)
            return fail_zip(err, file, zip_file_get_error(entry));
        if (got == 0)
            return tenka_fail(err, TENKA_E_FORMAT, "%s: an entry ends early; the file is cut off", file->path);
        have += (uint64_t)got;
    }
    /* The checksum is compared when the end is reached. */
    if (whole && zip_fread(entry, &past, 1) != 0)
        return fail_zip(err, file, zip_file_get_error(entry));
    return TENKA_OK;
}

static tenka_status read_entry(struct tenka_error *err, const struct tenka_pt_file *file, zip_uint64_t index,
                               uint64_t offset, void *dst, uint64_t bytes, bool whole)
{
    zip_file_t *const entry = zip_fopen_index(file->zip, index, 0);
    if (entry == NULL)
        return fail_zip(err, file, zip_get_error(file->zip));
    const tenka_status status = read_opened(err, file, entry, offset, dst, bytes, whole);
    zip_fclose(entry);
    return status;
}

/* The index of <prefix>/name, or -1. */
static tenka_status find_entry(struct tenka_error *err, const struct tenka_pt_file *file, const char *folder,
                               const char *name, zip_int64_t *index)
{
    char *const path = tenka_sprintf("%s/%s%s", file->prefix, folder, name);
    if (path == NULL)
        return tenka_fail_nomem(err);
    *index = zip_name_locate(file->zip, path, ZIP_FL_ENC_RAW);
    tenka_free(path);
    return TENKA_OK;
}

/* ---- The state_dict ---- */

static tenka_status fail_value(struct tenka_error *err, const struct tenka_pt_file *file, const char *key)
{
    char shown[TENKA_PICKLE_SHOWN];
    return tenka_fail(err, TENKA_E_FORMAT,
                      "%s: the value of \"%s\" is no tensor, so this is no state_dict; save model.state_dict(), or a "
                      "dict that has it as \"state_dict\" or \"model\"",
                      file->path, tenka_pickle_show(key, shown));
}

static const struct tenka_pickle_value *unwrap(const struct tenka_pickle_value *top)
{
    static const char *const keys[] = {"state_dict", "model"};
    for (int depth = 0; depth < MAX_WRAPPING && top->kind == TENKA_PICKLE_DICT; depth++) {
        const struct tenka_pickle_value *inner = NULL;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && inner == NULL; i++) {
            inner = tenka_pickle_find(top, keys[i]);
            inner = inner != NULL && inner->kind == TENKA_PICKLE_DICT ? inner : NULL;
        }
        if (inner == NULL)
            break;
        top = inner;
    }
    return top;
}

static tenka_status find_storage(struct tenka_error *err, const struct tenka_pt_file *file, struct tenka_pt_tensor *t)
{
    const struct tenka_pickle_storage *const storage = t->tensor->storage;
    zip_int64_t index;
    uint64_t bytes;
    TENKA_TRY(find_entry(err, file, "data/", storage->key, &index));
    if (index < 0)
        return fail_entry(err, file, storage->key, "of its folder data/ is missing, though a tensor refers to it");
    TENKA_TRY(check_entry(err, file, (zip_uint64_t)index, &bytes));
    if (storage->count > bytes / tenka_file_dtype_bytes(storage->dtype))
        return fail_entry(err, file, storage->key,
                          "of its folder data/ is smaller than the tensors that refer to it; the file is cut off");
    t->entry = (zip_uint64_t)index;
    return TENKA_OK;
}

static tenka_status list_tensors(struct tenka_error *err, struct tenka_pt_file *file,
                                 const struct tenka_pickle_value *dict)
{
    if (dict->kind != TENKA_PICKLE_DICT)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a state_dict, a dict of tensors; found something else",
                          file->path);
    file->tensors = tenka_alloc_array(dict->is.items.count / 2 + 1, sizeof(file->tensors[0]));
    if (file->tensors == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < dict->is.items.count; i += 2) {
        const struct tenka_pickle_value *const key = dict->is.items.values[i], *const v = dict->is.items.values[i + 1];
        if (key->kind != TENKA_PICKLE_STRING)
            return tenka_fail(err, TENKA_E_FORMAT, "%s: a key of the state_dict is no text", file->path);
        if (v->kind != TENKA_PICKLE_TENSOR)
            return fail_value(err, file, key->is.text);
        struct tenka_pt_tensor *const t = &file->tensors[file->count++];
        *t = (struct tenka_pt_tensor){.name = key->is.text, .tensor = v->is.tensor};
        TENKA_TRY(find_storage(err, file, t));
    }
    return TENKA_OK;
}

/* ---- Opening ---- */

/* Finds the only <name>/data.pkl. */
static tenka_status find_pickle(struct tenka_error *err, struct tenka_pt_file *file, zip_uint64_t *index)
{
    const zip_int64_t count = zip_get_num_entries(file->zip, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *const name = zip_get_name(file->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const char *const slash = name != NULL ? strchr(name, '/') : NULL;
        if (slash == NULL || strcmp(slash, "/data.pkl") != 0)
            continue;
        if (file->prefix != NULL)
            return fail_entry(err, file, name, "is not the only data.pkl");
        file->prefix = tenka_strdup(name);
        if (file->prefix == NULL)
            return tenka_fail_nomem(err);
        file->prefix[slash - name] = '\0';
        *index = (zip_uint64_t)i;
    }
    return file->prefix != NULL
               ? TENKA_OK
               : tenka_fail(err, TENKA_E_FORMAT,
                            "%s: a zip archive without data.pkl; expected what torch.save(model.state_dict(), file) "
                            "writes",
                            file->path);
}

static tenka_status check_byte_order(struct tenka_error *err, const struct tenka_pt_file *file)
{
    zip_int64_t index;
    uint64_t bytes;
    char order[8] = "";
    TENKA_TRY(find_entry(err, file, "", "byteorder", &index));
    if (index < 0)
        return TENKA_OK;
    TENKA_TRY(check_entry(err, file, (zip_uint64_t)index, &bytes));
    if (bytes < sizeof(order))
        TENKA_TRY(read_entry(err, file, (zip_uint64_t)index, 0, order, bytes, true));
    return strcmp(order, "little") == 0
               ? TENKA_OK
               : tenka_fail(err, TENKA_E_FORMAT, "%s: its numbers are not little-endian; save it on another machine",
                            file->path);
}

static tenka_status read_pickle(struct tenka_error *err, struct tenka_pt_file *file, zip_uint64_t index)
{
    uint64_t bytes;
    struct tenka_pickle_value *top;
    TENKA_TRY(check_entry(err, file, index, &bytes));
    if (bytes > TENKA_PICKLE_MAX_BYTES)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: its data.pkl has %llu bytes, more than %u", file->path,
                          (unsigned long long)bytes, TENKA_PICKLE_MAX_BYTES);
    unsigned char *const pickle = tenka_alloc((size_t)bytes);
    if (pickle == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = read_entry(err, file, index, 0, pickle, bytes, true);
    if (status == TENKA_OK)
        status = tenka_pickle_read(err, file->path, &file->arena, pickle, (size_t)bytes, &top);
    tenka_free(pickle);
    return status == TENKA_OK ? list_tensors(err, file, unwrap(top)) : status;
}

static tenka_status check_begin(struct tenka_error *err, struct tenka_pt_file *file)
{
    unsigned char begin[sizeof(legacy)];
    TENKA_TRY(tenka_os_file_size(err, file->path, &file->bytes));
    if (file->bytes < sizeof(begin))
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a .pt file, found only %llu bytes", file->path,
                          (unsigned long long)file->bytes);
    TENKA_TRY(tenka_os_read_range(err, file->path, 0, begin, sizeof(begin)));
    if (memcmp(begin, legacy, sizeof(begin)) == 0)
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: this is the file format of PyTorch before 1.6; save it again with a newer one: "
                          "torch.save(torch.load(\"old.pt\", map_location=\"cpu\"), \"new.pt\")",
                          file->path);
    if (begin[0] == 0x80)
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: a bare pickle; expected what torch.save(model.state_dict(), file) writes", file->path);
    return TENKA_OK;
}

static tenka_status open_archive(struct tenka_error *err, struct tenka_pt_file *file)
{
    zip_uint64_t index = 0;
    int code;
    TENKA_TRY(check_begin(err, file));
    file->zip = zip_open(file->path, ZIP_RDONLY, &code);
    if (file->zip == NULL) {
        zip_error_t why;
        zip_error_init_with_code(&why, code);
        const tenka_status status = fail_zip(err, file, &why);
        zip_error_fini(&why);
        return status;
    }
    TENKA_TRY(find_pickle(err, file, &index));
    TENKA_TRY(check_byte_order(err, file));
    return read_pickle(err, file, index);
}

tenka_status tenka_pt_open(struct tenka_error *err, const char *path, struct tenka_pt_file *out)
{
    *out = (struct tenka_pt_file){.path = tenka_strdup(path)};
    const tenka_status status = out->path != NULL ? open_archive(err, out) : tenka_fail_nomem(err);
    if (status != TENKA_OK)
        tenka_pt_close(out);
    return status;
}

void tenka_pt_close(struct tenka_pt_file *file)
{
    if (file->zip != NULL)
        zip_discard(file->zip);
    tenka_arena_finish(&file->arena);
    tenka_free(file->tensors);
    tenka_free(file->prefix);
    tenka_free(file->path);
    *file = (struct tenka_pt_file){0};
}

/* ---- Elements ---- */

/* Whether the elements lie one after the other. */
static bool is_contiguous(const struct tenka_pickle_tensor *t)
{
    uint64_t step = 1;
    for (uint32_t i = t->shape.rank; i-- > 0;) {
        if (t->shape.dim[i] != 1 && t->stride[i] != step)
            return false;
        step *= t->shape.dim[i];
    }
    return true;
}

/* Copies elements from where the strides say, the last axis first; src begins with the first element. */
static void gather(const struct tenka_pickle_tensor *t, const unsigned char *src, size_t each, unsigned char *dst)
{
    uint32_t index[TENKA_MAX_RANK] = {0};
    const uint64_t count = tenka_shape_count(&t->shape);
    for (uint64_t n = 0; n < count; n++) {
        uint64_t at = 0;
        for (uint32_t i = 0; i < t->shape.rank; i++)
            at += index[i] * t->stride[i];
        memcpy(dst + n * each, src + at * each, each);
        for (uint32_t i = t->shape.rank; i-- > 0;) {
            if (++index[i] < t->shape.dim[i])
                break;
            index[i] = 0;
        }
    }
}

static tenka_status read_strided(struct tenka_error *err, const struct tenka_pt_file *file,
                                 const struct tenka_pt_tensor *t, size_t each, void *dst)
{
    uint64_t span = 1;
    for (uint32_t i = 0; i < t->tensor->shape.rank; i++)
        span += (t->tensor->shape.dim[i] - 1) * t->tensor->stride[i];
    unsigned char *const part = tenka_alloc_array((size_t)span, each);
    if (part == NULL)
        return tenka_fail_nomem(err);
    const tenka_status status = read_entry(err, file, t->entry, t->tensor->offset * each, part, span * each, false);
    if (status == TENKA_OK)
        gather(t->tensor, part, each, dst);
    tenka_free(part);
    return status;
}

tenka_status tenka_pt_read(struct tenka_error *err, const struct tenka_pt_file *file,
                           const struct tenka_pt_tensor *tensor, void *dst)
{
    const struct tenka_pickle_tensor *const t = tensor->tensor;
    const size_t each = tenka_file_dtype_bytes(t->storage->dtype);
    const uint64_t count = tenka_shape_count(&t->shape);
    if (count == 0)
        return TENKA_OK;
    if (!is_contiguous(t))
        return read_strided(err, file, tensor, each, dst);
    uint64_t bytes;
    TENKA_TRY(check_entry(err, file, tensor->entry, &bytes));
    return read_entry(err, file, tensor->entry, t->offset * each, dst, count * each,
                      t->offset == 0 && count * each == bytes);
}
