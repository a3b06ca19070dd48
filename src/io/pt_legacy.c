/* .pt files of before PyTorch 1.6: pickles one after the other, then the storages. */
#include <stdlib.h>

#include "core/os.h"
#include "io/pt_file.h"

/* 0x1950a86a20f9469cfc6c, the number that the first pickle holds. */
static const unsigned char magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
#define VERSION 1001

enum { MAGIC, PROTOCOL, MACHINE, OBJECT, KEYS, N_PICKLES };

bool tenka_pt_is_legacy(const unsigned char *bytes, size_t count)
{
    if (count < 2 || bytes[0] != 0x80 || bytes[1] < 2 || bytes[1] > 5)
        return false;
    /* From protocol 4 on a frame may come first, of 9 bytes. */
    const size_t at = count > 2 && bytes[2] == 0x95 ? 11 : 2;
    return count >= at + sizeof(magic) && memcmp(bytes + at, magic, sizeof(magic)) == 0;
}

static tenka_status damaged(struct tenka_error *err, const struct tenka_pt_file *file, const char *what)
{
    return tenka_fail(err, TENKA_E_FORMAT, "%s: a file of before PyTorch 1.6, but %s; the file is damaged or cut off",
                      file->path, what);
}

/* ---- Storages by key ---- */

static int by_key(const void *a, const void *b)
{
    const struct tenka_pickle_storage *const *const x = a, *const *const y = b;
    return strcmp((*x)->key, (*y)->key);
}

/* All storages sorted, allocated. */
static struct tenka_pickle_storage **sort_storages(const struct tenka_pickle *object, size_t *count)
{
    *count = 0;
    for (const struct tenka_pickle_storage *s = object->storages; s != NULL; s = s->next)
        ++*count;
    struct tenka_pickle_storage **const sorted = tenka_alloc_array(*count + 1, sizeof(sorted[0]));
    size_t n = 0;
    for (struct tenka_pickle_storage *s = object->storages; s != NULL && sorted != NULL; s = s->next)
        sorted[n++] = s;
    if (n > 0)
        qsort(sorted, n, sizeof(sorted[0]), by_key);
    return sorted;
}

/* The first of those with that key; count: there is none. */
static size_t find_key(struct tenka_pickle_storage *const *sorted, size_t count, const char *key)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(sorted[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && strcmp(sorted[low]->key, key) == 0 ? low : count;
}

/* ---- The file ---- */

/* The storage that begins at *at with the count of its elements; goes on to the next. */
static tenka_status place_storage(struct tenka_error *err, const struct tenka_pt_file *file, const char *key,
                                  struct tenka_pickle_storage *const *sorted, size_t count, uint64_t *at)
{
    unsigned char number[8];
    uint64_t elements = 0;
    size_t i = find_key(sorted, count, key);
    if (i == count)
        return damaged(err, file, "it holds a storage that nothing refers to");
    const uint32_t each = tenka_file_dtype_bytes(sorted[i]->dtype);
    if (each == 0)
        return damaged(err, file, "it holds a storage of a dtype that is not known");
    if (file->bytes - *at < sizeof(number))
        return damaged(err, file, "it ends before its last storage");
    TENKA_TRY(tenka_os_read_range(err, file->path, *at, number, sizeof(number)));
    *at += sizeof(number);
    for (size_t k = sizeof(number); k-- > 0;)
        elements = elements << 8 | number[k];
    if (elements > (file->bytes - *at) / each)
        return damaged(err, file, "it ends in the middle of a storage");
    for (; i < count && strcmp(sorted[i]->key, key) == 0; i++) {
        if (sorted[i]->count > elements || tenka_file_dtype_bytes(sorted[i]->dtype) != each)
            return damaged(err, file, "a storage is smaller than the tensors that refer to it");
        sorted[i]->place = *at;
    }
    *at += elements * each;
    return TENKA_OK;
}

static tenka_status place_storages(struct tenka_error *err, const struct tenka_pt_file *file,
                                   const struct tenka_pickle_value *keys, struct tenka_pickle_storage *const *sorted,
                                   size_t count, uint64_t at)
{
    if (keys->kind != TENKA_PICKLE_LIST)
        return damaged(err, file, "there is no list of its storages");
    for (size_t i = 0; i < keys->is.items.count; i++) {
        const struct tenka_pickle_value *const key = keys->is.items.values[i];
        if (key->kind != TENKA_PICKLE_STRING)
            return damaged(err, file, "the key of a storage is no text");
        TENKA_TRY(place_storage(err, file, key->is.text, sorted, count, &at));
    }
    /* No elements stand at the file's begin. */
    for (size_t i = 0; i < count; i++)
        if (sorted[i]->place == 0)
            return damaged(err, file, "a storage that a tensor refers to is missing");
    return TENKA_OK;
}

static tenka_status read_pickles(struct tenka_error *err, struct tenka_pt_file *file, const unsigned char *head,
                                 size_t size, struct tenka_pickle *out)
{
    struct tenka_pickle pickles[N_PICKLES];
    size_t at = 0, count;
    for (size_t i = 0; i < N_PICKLES; i++) {
        TENKA_TRY(tenka_pickle_read(err, file->path, &file->arena, head + at, size - at, &pickles[i]));
        at += pickles[i].bytes;
    }
    const struct tenka_pickle_value *const version = pickles[PROTOCOL].top;
    if (version->kind != TENKA_PICKLE_INT || version->is.integer != VERSION)
        return damaged(err, file, "of a version that is not known");
    struct tenka_pickle_storage **const sorted = sort_storages(&pickles[OBJECT], &count);
    if (sorted == NULL)
        return tenka_fail_nomem(err);
    const tenka_status status = place_storages(err, file, pickles[KEYS].top, sorted, count, at);
    tenka_free(sorted);
    *out = pickles[OBJECT];
    return status;
}

tenka_status tenka_pt_legacy_open(struct tenka_error *err, struct tenka_pt_file *file, struct tenka_pickle *out)
{
    const size_t size = file->bytes < TENKA_PICKLE_MAX_BYTES ? (size_t)file->bytes : TENKA_PICKLE_MAX_BYTES;
    unsigned char *const head = tenka_alloc(size);
    if (head == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = tenka_os_read_range(err, file->path, 0, head, size);
    if (status == TENKA_OK)
        status = read_pickles(err, file, head, size, out);
    tenka_free(head);
    return status;
}
