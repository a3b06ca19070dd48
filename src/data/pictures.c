/* Pictures in files: looked at before they are needed, decoded when they are, and kept where they fit. */
#include "data/pictures.h"

#include <zlib.h>

#include "core/os.h"

/* Where the system does not say how much memory is free, so much of it is taken for what is kept. */
#define KEEP_UNKNOWN (UINT64_C(1) << 30)
/* It is asked so often: asking takes a good part of the time of a sample. */
#define ASK_NANOSECONDS UINT64_C(20000000)
/* Files are told from others by as much of their begin. */
#define SUM_BYTES 32768u

/* ---- Making ---- */

static void drop_kept(struct tenka_pictures *p, uint32_t index)
{
    void *kept = atomic_exchange(&p->kept[index], NULL);
    tenka_image *image = kept;
    if (p->sampler.repeats)
        tenka_free(kept);
    else
        tenka_image_destroy(&image);
}

static void free_sampler(struct tenka_pictures *p)
{
    if (p->sampler.free != NULL)
        p->sampler.free(p->sampler.user);
    p->sampler = (struct tenka_sampler){.make = NULL};
}

static void free_pictures(void *user)
{
    struct tenka_pictures *const p = user;
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->kept != NULL)
            drop_kept(p, i);
        tenka_free(p->paths[i]);
    }
    free_sampler(p);
    tenka_free(p->kept);
    tenka_free(p->paths);
    tenka_free(p->facts);
    tenka_free(p);
}

static void free_paths(char **paths, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tenka_free(paths[i]);
    tenka_free(paths);
}

tenka_status tenka_pictures_make(struct tenka_error *err, char **paths, uint32_t count,
                                 const struct tenka_image_params *params, uint64_t keep_bytes,
                                 struct tenka_pictures **out)
{
    struct tenka_pictures *const p = *out = tenka_alloc(sizeof(*p));
    if (p == NULL) {
        free_paths(paths, count);
        return tenka_fail_nomem(err);
    }
    p->paths = paths;
    p->count = count;
    p->params = *params;
    p->keep_bytes = keep_bytes;
    atomic_store(&p->free_bytes, tenka_os_free_memory());
    atomic_store(&p->asked, tenka_os_now());
    p->facts = tenka_alloc_array(count, sizeof(p->facts[0]));
    p->kept = tenka_alloc_array(count, sizeof(p->kept[0]));
    if (p->facts != NULL && p->kept != NULL)
        return TENKA_OK;
    free_pictures(p);
    *out = NULL;
    return tenka_fail_nomem(err);
}

void tenka_pictures_filter(struct tenka_pictures *pictures, const bool *bad)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < pictures->count; i++) {
        if (bad[i]) {
            tenka_free(pictures->paths[i]);
            continue;
        }
        pictures->paths[count] = pictures->paths[i];
        pictures->facts[count++] = pictures->facts[i];
    }
    pictures->count = count;
}

void tenka_pictures_sample_by(struct tenka_pictures *pictures, uint32_t channels, const struct tenka_sampler *sampler,
                              size_t bytes)
{
    for (uint32_t i = 0; i < pictures->count; i++)
        drop_kept(pictures, i);
    free_sampler(pictures);
    atomic_store(&pictures->kept_bytes, 0);
    pictures->params.channels = channels;
    pictures->sampler = *sampler;
    pictures->bytes = bytes;
}

/* ---- Reading ---- */

static uint64_t free_memory(struct tenka_pictures *p)
{
    uint64_t asked = atomic_load(&p->asked);
    const uint64_t now = tenka_os_now();
    if (now - asked > ASK_NANOSECONDS && atomic_compare_exchange_strong(&p->asked, &asked, now))
        atomic_store(&p->free_bytes, tenka_os_free_memory());
    return atomic_load(&p->free_bytes);
}

/* Whether so many bytes more may be kept: no more than are left free. */
static bool has_room(struct tenka_pictures *p, uint64_t bytes)
{
    const uint64_t after = atomic_fetch_add(&p->kept_bytes, bytes) + bytes, free = free_memory(p);
    const uint64_t most = p->keep_bytes != 0 ? p->keep_bytes : free != 0 ? free : KEEP_UNKNOWN;
    if (after <= most)
        return true;
    atomic_fetch_sub(&p->kept_bytes, bytes);
    return false;
}

/* Keeps what another thread has not. Returns whether it was taken. */
static bool keep(struct tenka_pictures *p, uint32_t index, void *item, uint64_t bytes)
{
    void *nothing = NULL;
    if (item != NULL && atomic_compare_exchange_strong(&p->kept[index], &nothing, item))
        return true;
    atomic_fetch_sub(&p->kept_bytes, bytes);
    return false;
}

static void keep_sample(struct tenka_pictures *p, uint32_t index, const void *sample)
{
    if (!has_room(p, p->bytes))
        return;
    void *const copy = tenka_alloc(p->bytes);
    if (copy != NULL)
        memcpy(copy, sample, p->bytes);
    if (!keep(p, index, copy, p->bytes))
        tenka_free(copy);
}

/* Of pictures that are kept and used again all is decoded, else what is needed now. */
static tenka_status load_picture(struct tenka_pictures *p, struct tenka_error *err, uint32_t index, uint64_t epoch,
                                 bool whole, tenka_image **out)
{
    const struct tenka_picture_facts *const facts = &p->facts[index];
    struct tenka_part part;
    const bool has_part = !whole && p->sampler.part != NULL &&
                          p->sampler.part(p->sampler.user, index, epoch, facts->width, facts->height, &part);
    TENKA_TRY(tenka_picture_load_part(err, p->paths[index], &p->params, has_part ? &part : NULL, out));
    if (!has_part || ((*out)->width == facts->width && (*out)->height == facts->height))
        return TENKA_OK;
    tenka_image_destroy(out); /* another picture has taken the file's place */
    return tenka_picture_load(err, p->paths[index], &p->params, out);
}

/* Of a picture that is not kept yet. */
static tenka_status make_sample(struct tenka_pictures *p, struct tenka_error *err, uint32_t index, uint64_t epoch,
                                void *dst)
{
    const struct tenka_picture_facts *const facts = &p->facts[index];
    const uint64_t bytes = (uint64_t)facts->width * facts->height * p->params.channels;
    const bool keeps = !p->sampler.repeats && has_room(p, bytes);
    tenka_image *picture;
    tenka_status status = load_picture(p, err, index, epoch, keeps, &picture);
    if (status == TENKA_OK)
        status = p->sampler.make(p->sampler.user, err, picture, index, epoch, dst);
    if (status == TENKA_OK && p->sampler.repeats)
        keep_sample(p, index, dst);
    if (keeps && keep(p, index, status == TENKA_OK ? picture : NULL, bytes))
        picture = NULL;
    tenka_image_destroy(&picture);
    return status;
}

static tenka_status read_sample(void *user, struct tenka_error *err, uint32_t index, uint64_t epoch, void *dst)
{
    struct tenka_pictures *const p = user;
    void *const kept = atomic_load(&p->kept[index]);
    if (kept != NULL && p->sampler.repeats) {
        memcpy(dst, kept, p->bytes);
        return TENKA_OK;
    }
    if (kept != NULL)
        return p->sampler.make(p->sampler.user, err, kept, index, epoch, dst);
    return make_sample(p, err, index, epoch, dst);
}

static const char *name_of(void *user, uint32_t index)
{
    const struct tenka_pictures *const p = user;
    return p->paths[index];
}

/* Of the file, undecoded: how long it is, and how it begins. */
static tenka_status sum_file(void *user, struct tenka_error *err, uint32_t index, uint32_t *sum)
{
    const struct tenka_pictures *const p = user;
    uint8_t begin[SUM_BYTES];
    uint64_t bytes;
    TENKA_TRY(tenka_os_file_size(err, p->paths[index], &bytes));
    const uint64_t part = bytes < sizeof(begin) ? bytes : sizeof(begin);
    TENKA_TRY(tenka_os_read_range(err, p->paths[index], 0, begin, part));
    *sum = (uint32_t)crc32_z(*sum, begin, (size_t)part);
    *sum = (uint32_t)crc32_z(*sum, (const Bytef *)&bytes, sizeof(bytes));
    return TENKA_OK;
}

/* What is kept belongs to samples as they were; nothing was read yet. */
static tenka_status divide(void *user, struct tenka_error *err, const bool *moved, void **rest)
{
    struct tenka_pictures *const p = user, *other;
    uint32_t count = 0, stay = 0, go = 0;
    if (p->sampler.make != NULL)
        return tenka_fail(err, TENKA_E_INVALID,
                          "dataset: what its pictures become is set already; divide it before that");
    for (uint32_t i = 0; i < p->count; i++)
        count += moved[i];
    char **const paths = tenka_alloc_array(count, sizeof(paths[0]));
    if (paths == NULL)
        return tenka_fail_nomem(err);
    TENKA_TRY(tenka_pictures_make(err, paths, count, &p->params, p->keep_bytes, &other));
    for (uint32_t i = 0; i < p->count; i++) {
        struct tenka_pictures *const to = moved[i] ? other : p;
        const uint32_t at = moved[i] ? go++ : stay++;
        to->paths[at] = p->paths[i];
        to->facts[at] = p->facts[i];
    }
    p->count = stay;
    *rest = other;
    return TENKA_OK;
}

struct tenka_reader tenka_pictures_reader(struct tenka_pictures *pictures)
{
    return (struct tenka_reader){pictures, read_sample, name_of, sum_file, divide, free_pictures};
}

static struct tenka_pictures *pictures_of(const struct tenka_column *column)
{
    return column->reader.read == read_sample ? column->reader.user : NULL;
}

struct tenka_pictures *tenka_pictures_of(const tenka_dataset *dataset)
{
    return pictures_of(tenka_dataset_input(dataset));
}

struct tenka_pictures *tenka_masks_of(const tenka_dataset *dataset)
{
    return pictures_of(tenka_dataset_target(dataset));
}

/* ---- The sampler that resizes ---- */

struct size {
    uint32_t height, width;
};

static tenka_status resize(const void *user, struct tenka_error *err, const tenka_image *picture, uint32_t index,
                           uint64_t epoch, void *dst)
{
    const struct size *const size = user;
    tenka_image *resized;
    (void)index;
    (void)epoch;
    if (picture->width == size->width && picture->height == size->height) {
        tenka_image_planes(picture, dst);
        return TENKA_OK;
    }
    TENKA_TRY(tenka_picture_resize(err, picture, NULL, size->width, size->height, &resized));
    tenka_image_planes(resized, dst);
    tenka_image_destroy(&resized);
    return TENKA_OK;
}

tenka_status tenka_sampler_resize(struct tenka_error *err, uint32_t height, uint32_t width, struct tenka_sampler *out)
{
    struct size *const size = tenka_alloc(sizeof(*size));
    if (size == NULL)
        return tenka_fail_nomem(err);
    *size = (struct size){height, width};
    *out = (struct tenka_sampler){.user = size, .make = resize, .free = tenka_free, .repeats = true};
    return TENKA_OK;
}
