/* Reading .pt files. */
#include <zip.h>

#include "core/os.h"
#include "io/pt_file.h"

bool tenka_pt_is_ours(const unsigned char *bytes, size_t count)
{
    /* None can begin a safetensors file: as the length of a header they are far beyond its limit. */
    return (count >= 4 && bytes[0] == 'P' && bytes[1] == 'K' && (bytes[2] == 3 || bytes[2] == 5)) ||
           (count >= 8 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && bytes[7] != 0) ||
           tenka_pt_is_legacy(bytes, count);
}

/* ---- Opening ---- */

static tenka_status place(struct tenka_error *err, const struct tenka_pt_file *file, struct tenka_pt_tensor *t)
{
    if (file->zip != NULL)
        return tenka_pt_zip_place(err, file, t);
    t->place = t->tensor->storage->place;
    return TENKA_OK;
}

/* What stands between the tensors, such as a counter of epochs, is none of them. */
static tenka_status list_tensors(struct tenka_error *err, struct tenka_pt_file *file,
                                 const struct tenka_pickle_value *dict)
{
    file->tensors = tenka_alloc_array(dict->is.items.count / 2 + 1, sizeof(file->tensors[0]));
    if (file->tensors == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < dict->is.items.count; i += 2) {
        const struct tenka_pickle_value *const key = dict->is.items.values[i], *const v = dict->is.items.values[i + 1];
        if (v->kind != TENKA_PICKLE_TENSOR)
            continue;
        if (key->kind != TENKA_PICKLE_STRING)
            return tenka_fail(err, TENKA_E_FORMAT, "%s: a key of the state_dict is no text", file->path);
        struct tenka_pt_tensor *const t = &file->tensors[file->count++];
        *t = (struct tenka_pt_tensor){.name = key->is.text, .tensor = v->is.tensor};
        TENKA_TRY(place(err, file, t));
    }
    return TENKA_OK;
}

static tenka_status read_pickle(struct tenka_error *err, struct tenka_pt_file *file, struct tenka_pickle *out)
{
    unsigned char begin[TENKA_PT_MAGIC] = {0};
    TENKA_TRY(tenka_os_file_size(err, file->path, &file->bytes));
    const size_t count = file->bytes < sizeof(begin) ? (size_t)file->bytes : sizeof(begin);
    if (count < 8)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a .pt file, found only %llu bytes", file->path,
                          (unsigned long long)file->bytes);
    TENKA_TRY(tenka_os_read_range(err, file->path, 0, begin, count));
    if (tenka_pt_is_legacy(begin, count))
        return tenka_pt_legacy_open(err, file, out);
    if (begin[0] == 0x80)
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: a bare pickle; expected what torch.save(model.state_dict(), file) writes", file->path);
    return tenka_pt_zip_open(err, file, out);
}

static tenka_status open_file(struct tenka_error *err, struct tenka_pt_file *file)
{
    struct tenka_pickle pickle;
    const struct tenka_pickle_value *dict;
    TENKA_TRY(read_pickle(err, file, &pickle));
    TENKA_TRY(tenka_pt_find_dict(err, file, pickle.top, &dict));
    return list_tensors(err, file, dict);
}

tenka_status tenka_pt_open(struct tenka_error *err, const char *path, struct tenka_pt_file *out)
{
    *out = (struct tenka_pt_file){.path = tenka_strdup(path)};
    const tenka_status status = out->path != NULL ? open_file(err, out) : tenka_fail_nomem(err);
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

static tenka_status read_part(struct tenka_error *err, const struct tenka_pt_file *file,
                              const struct tenka_pt_tensor *t, uint64_t offset, void *dst, uint64_t bytes)
{
    return file->zip != NULL ? tenka_pt_zip_read(err, file, t->place, offset, dst, bytes)
                             : tenka_os_read_range(err, file->path, t->place + offset, dst, bytes);
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
    const tenka_status status = read_part(err, file, t, t->tensor->offset * each, part, span * each);
    if (status == TENKA_OK)
        gather(t->tensor, part, each, dst);
    tenka_free(part);
    return status;
}

/* Turns the bytes of each element around. */
static void swap(unsigned char *elements, uint64_t count, size_t each)
{
    for (uint64_t n = 0; n < count; n++, elements += each) {
        for (size_t i = 0; i < each / 2; i++) {
            const unsigned char byte = elements[i];
            elements[i] = elements[each - 1 - i];
            elements[each - 1 - i] = byte;
        }
    }
}

tenka_status tenka_pt_read(struct tenka_error *err, const struct tenka_pt_file *file,
                           const struct tenka_pt_tensor *tensor, void *dst)
{
    const struct tenka_pickle_tensor *const t = tensor->tensor;
    const size_t each = tenka_file_dtype_bytes(t->dtype);
    const uint64_t count = tenka_shape_count(&t->shape);
    if (count == 0)
        return TENKA_OK;
    if (is_contiguous(t))
        TENKA_TRY(read_part(err, file, tensor, t->offset * each, dst, count * each));
    else
        TENKA_TRY(read_strided(err, file, tensor, each, dst));
    if (file->big_endian)
        swap(dst, count, each);
    return TENKA_OK;
}
