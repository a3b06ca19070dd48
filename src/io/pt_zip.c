/* .pt files that are zip archives: entries and the pickle in them. */
#include <zip.h>

#include "core/os.h"
#include "io/pt_file.h"

static tenka_status fail_zip(struct tenka_error *err, const struct tenka_pt_file *file, zip_error_t *why)
{
    const int code = zip_error_code_zip(why);
    const tenka_status status = code == ZIP_ER_MEMORY                        ? TENKA_E_NOMEM
                                : code == ZIP_ER_OPEN || code == ZIP_ER_READ ? TENKA_E_IO
                                                                             : TENKA_E_FORMAT;
    return tenka_fail(err, status, "%s: cannot read it as a zip archive: %.200s; the file is damaged or cut off",
                      file->path, zip_error_strerror(why));
}

tenka_status tenka_pt_fail_entry(struct tenka_error *err, const struct tenka_pt_file *file, const char *name,
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
        return tenka_pt_fail_entry(err, file, st.name, "is compressed or encrypted, which torch.save never does");
    /* Otherwise a few bytes could ask for any amount of memory. */
    if (st.size > file->bytes)
        return tenka_pt_fail_entry(err, file, st.name, "is larger than the whole file; the file is damaged or cut off");
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

tenka_status tenka_pt_zip_place(struct tenka_error *err, const struct tenka_pt_file *file, struct tenka_pt_tensor *t)
{
    const struct tenka_pickle_storage *const storage = t->tensor->storage;
    zip_int64_t index;
    uint64_t bytes;
    TENKA_TRY(find_entry(err, file, "data/", storage->key, &index));
    if (index < 0)
        return tenka_pt_fail_entry(err, file, storage->key,
                                   "of its folder data/ is missing, though a tensor refers to it");
    TENKA_TRY(check_entry(err, file, (zip_uint64_t)index, &bytes));
    if (storage->count > bytes / tenka_file_dtype_bytes(storage->dtype))
        return tenka_pt_fail_entry(
            err, file, storage->key,
            "of its folder data/ is smaller than the tensors that refer to it; the file is cut off");
    t->place = (uint64_t)index;
    return TENKA_OK;
}

tenka_status tenka_pt_zip_read(struct tenka_error *err, const struct tenka_pt_file *file, uint64_t entry,
                               uint64_t offset, void *dst, uint64_t bytes)
{
    uint64_t whole;
    TENKA_TRY(check_entry(err, file, entry, &whole));
    return read_entry(err, file, entry, offset, dst, bytes, offset == 0 && bytes == whole);
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
            return tenka_pt_fail_entry(err, file, name, "is not the only data.pkl");
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

/* A program of torch.jit.save has a pickle of that name, too. */
static tenka_status check_program(struct tenka_error *err, const struct tenka_pt_file *file)
{
    zip_int64_t index;
    TENKA_TRY(find_entry(err, file, "", "constants.pkl", &index));
    return index < 0 ? TENKA_OK
                     : tenka_fail(err, TENKA_E_FORMAT,
                                  "%s: this is a TorchScript program, not a state_dict; take its weights out with "
                                  "PyTorch: torch.save(torch.jit.load(\"old.pt\", map_location=\"cpu\").state_dict(), "
                                  "\"new.pt\")",
                                  file->path);
}

static tenka_status read_byte_order(struct tenka_error *err, struct tenka_pt_file *file)
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
    file->big_endian = strcmp(order, "big") == 0;
    return file->big_endian || strcmp(order, "little") == 0
               ? TENKA_OK
               : tenka_pt_fail_entry(err, file, "byteorder", "is neither \"little\" nor \"big\"; the file is damaged");
}

static tenka_status read_pickle(struct tenka_error *err, struct tenka_pt_file *file, zip_uint64_t index,
                                struct tenka_pickle *out)
{
    uint64_t bytes;
    TENKA_TRY(check_entry(err, file, index, &bytes));
    if (bytes > TENKA_PICKLE_MAX_BYTES)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: its data.pkl has %llu bytes, more than %u", file->path,
                          (unsigned long long)bytes, TENKA_PICKLE_MAX_BYTES);
    unsigned char *const pickle = tenka_alloc((size_t)bytes);
    if (pickle == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = read_entry(err, file, index, 0, pickle, bytes, true);
    if (status == TENKA_OK)
        status = tenka_pickle_read(err, file->path, &file->arena, pickle, (size_t)bytes, out);
    tenka_free(pickle);
    return status;
}

tenka_status tenka_pt_zip_open(struct tenka_error *err, struct tenka_pt_file *file, struct tenka_pickle *out)
{
    zip_uint64_t index = 0;
    int code;
    file->zip = zip_open(file->path, ZIP_RDONLY, &code);
    if (file->zip == NULL) {
        zip_error_t why;
        zip_error_init_with_code(&why, code);
        const tenka_status status = fail_zip(err, file, &why);
        zip_error_fini(&why);
        return status;
    }
    TENKA_TRY(find_pickle(err, file, &index));
    TENKA_TRY(check_program(err, file));
    TENKA_TRY(read_byte_order(err, file));
    return read_pickle(err, file, index, out);
}
