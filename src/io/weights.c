#include "io/weights.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct tenka_weight *const *const x = a, *const *const y = b;
    return strcmp((*x)->name, (*y)->name);
}

static tenka_status sort(struct tenka_error *err, struct tenka_weights *w)
{
    char shown[TENKA_PICKLE_SHOWN];
    w->by_name = tenka_alloc_array(w->count + 1, sizeof(w->by_name[0]));
    if (w->by_name == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < w->count; i++)
        w->by_name[i] = &w->tensors[i];
    qsort(w->by_name, w->count, sizeof(w->by_name[0]), compare);
    for (size_t i = 1; i < w->count; i++) {
        if (compare(&w->by_name[i - 1], &w->by_name[i]) == 0)
            return tenka_fail(err, TENKA_E_FORMAT, "%s: there are two tensors named \"%s\"", w->path,
                              tenka_pickle_show(w->by_name[i]->name, shown));
    }
    return TENKA_OK;
}

static tenka_status make_tensors(struct tenka_error *err, struct tenka_weights *w, size_t count)
{
    w->tensors = tenka_alloc_array(count + 1, sizeof(w->tensors[0]));
    if (w->tensors == NULL)
        return tenka_fail_nomem(err);
    w->count = count;
    return TENKA_OK;
}

static tenka_status open_st(struct tenka_error *err, struct tenka_weights *w)
{
    TENKA_TRY(tenka_st_open(err, w->path, &w->st));
    TENKA_TRY(make_tensors(err, w, w->st.count));
    for (size_t i = 0; i < w->count; i++) {
        const struct tenka_st_tensor *const t = &w->st.tensors[i];
        w->tensors[i] = (struct tenka_weight){.name = t->name, .dtype = t->dtype, .shape = t->shape, .st = t};
    }
    return sort(err, w);
}

static tenka_status open_pt(struct tenka_error *err, struct tenka_weights *w)
{
    TENKA_TRY(tenka_pt_open(err, w->path, &w->pt));
    TENKA_TRY(make_tensors(err, w, w->pt.count));
    for (size_t i = 0; i < w->count; i++) {
        const struct tenka_pt_tensor *const t = &w->pt.tensors[i];
        w->tensors[i] =
            (struct tenka_weight){.name = t->name, .dtype = t->tensor->dtype, .shape = t->tensor->shape, .pt = t};
    }
    return sort(err, w);
}

/* What stands in a repository in the place of a large file, until somebody asks for that. */
static tenka_status check_pointer(struct tenka_error *err, const struct tenka_weights *w, const unsigned char *begin,
                                  size_t bytes)
{
    static const struct {
        const char *begin, *tool, *command;
    } pointers[] = {
        {"version https://git-lfs.", "Git LFS", "git lfs pull"},
        {"version https://hawser.", "Git LFS", "git lfs pull"},
        {"/annex/objects/", "git-annex", "git annex get"},
    };
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        const size_t length = strlen(pointers[i].begin);
        if (bytes >= length && memcmp(begin, pointers[i].begin, length) == 0)
            return tenka_fail(err, TENKA_E_FORMAT,
                              "%s: this is a pointer of %s to the weights, not the weights themselves; fetch them in "
                              "its folder with \"%s\"",
                              w->path, pointers[i].tool, pointers[i].command);
    }
    return TENKA_OK;
}

/* Whether bytes are the beginning of a text. Of a safetensors file they would be a length beyond all files. */
static bool is_text(const unsigned char *begin, size_t bytes)
{
    size_t i = 0;
    while (i < 8 && i < bytes && ((begin[i] >= ' ' && begin[i] < 0x7f) || (begin[i] >= '\t' && begin[i] <= '\r')))
        i++;
    return i == 8;
}

static tenka_status open_any(struct tenka_error *err, struct tenka_weights *w)
{
    unsigned char begin[TENKA_PT_MAGIC];
    TENKA_TRY(tenka_os_file_size(err, w->path, &w->bytes));
    const size_t bytes = w->bytes < sizeof(begin) ? (size_t)w->bytes : sizeof(begin);
    if (bytes > 0)
        TENKA_TRY(tenka_os_read_range(err, w->path, 0, begin, bytes));
    TENKA_TRY(check_pointer(err, w, begin, bytes));
    if (tenka_pt_is_ours(begin, bytes))
        return open_pt(err, w);
    if (is_text(begin, bytes))
        return tenka_fail(err, TENKA_E_FORMAT, "%s: this is neither a safetensors nor a .pt file, but text", w->path);
    return open_st(err, w);
}

tenka_status tenka_weights_open(struct tenka_error *err, const char *path, struct tenka_weights *out)
{
    *out = (struct tenka_weights){.path = tenka_strdup(path)};
    const tenka_status status = out->path != NULL ? open_any(err, out) : tenka_fail_nomem(err);
    if (status != TENKA_OK)
        tenka_weights_close(out);
    return status;
}

void tenka_weights_close(struct tenka_weights *weights)
{
    tenka_st_close(&weights->st);
    tenka_pt_close(&weights->pt);
    tenka_free(weights->by_name);
    tenka_free(weights->tensors);
    tenka_free(weights->path);
    *weights = (struct tenka_weights){0};
}

const struct tenka_weight *tenka_weights_find(const struct tenka_weights *weights, const char *name)
{
    const struct tenka_weight key = {.name = name}, *const pointer = &key;
    const struct tenka_weight *const *const found =
        bsearch(&pointer, weights->by_name, weights->count, sizeof(weights->by_name[0]), compare);
    return found != NULL ? *found : NULL;
}

const char *tenka_weights_metadata(const struct tenka_weights *weights, const char *key)
{
    return tenka_st_metadata(&weights->st, key);
}

tenka_status tenka_weights_read_raw(struct tenka_error *err, const struct tenka_weights *weights,
                                    const struct tenka_weight *weight, void *dst)
{
    return weight->st != NULL ? tenka_st_read(err, &weights->st, weight->st, dst)
                              : tenka_pt_read(err, &weights->pt, weight->pt, dst);
}

tenka_status tenka_weights_read(struct tenka_error *err, const struct tenka_weights *weights,
                                const struct tenka_weight *weight, void *dst)
{
    const size_t count = (size_t)tenka_shape_count(&weight->shape);
    if (strcmp(weight->dtype, "F32") == 0 || strcmp(weight->dtype, "I32") == 0)
        return tenka_weights_read_raw(err, weights, weight, dst);
    void *const raw = tenka_alloc_array(count, tenka_file_dtype_bytes(weight->dtype));
    if (raw == NULL)
        return tenka_fail_nomem(err);
    const tenka_status status = tenka_weights_read_raw(err, weights, weight, raw);
    if (status == TENKA_OK && tenka_file_dtype_is_real(weight->dtype))
        tenka_file_to_f32(weight->dtype, raw, count, dst);
    else if (status == TENKA_OK)
        tenka_file_to_i32(weight->dtype, raw, count, dst);
    tenka_free(raw);
    return status;
}

tenka_status tenka_weights_read_count(struct tenka_error *err, const struct tenka_weights *weights,
                                      const struct tenka_weight *weight, int64_t *out)
{
    unsigned char raw[8];
    if (tenka_shape_count(&weight->shape) != 1 || !tenka_file_dtype_is_whole(weight->dtype))
        return TENKA_OK;
    TENKA_TRY(tenka_weights_read_raw(err, weights, weight, raw));
    tenka_file_to_i64(weight->dtype, raw, out);
    return TENKA_OK;
}
