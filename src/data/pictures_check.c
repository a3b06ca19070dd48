/* A look at all pictures before any is needed, on all processors. */
#include "core/os.h"
#include "data/pictures.h"

/* Whoever waits is told so often how far it is. */
#define TELL_NANOSECONDS 100000000u
/* So many of those that are left out are named. */
#define MOST_NAMED 20u

/* What is below the flags is shared with the threads, under the worker's lock. */
struct check {
    struct tenka_pictures *pictures;
    bool thorough;
    _Atomic uint64_t *counts; /* NULL: pixels are not counted */
    bool *bad;                /* NULL: the first ends it */
    uint32_t next, done;
    uint32_t busy;            /* threads */
    char **why;               /* of each picture that is bad */
    uint32_t failed;          /* the first picture that ends it; the number of pictures: none does */
    struct tenka_error error; /* of that one */
};

static void count_pixels(const tenka_image *image, _Atomic uint64_t *counts)
{
    uint64_t own[256] = {0};
    const size_t all = (size_t)image->width * image->height;
    for (size_t i = 0; i < all; i++)
        own[image->pixels[i]]++;
    for (int i = 0; i < 256; i++)
        atomic_fetch_add(&counts[i], own[i]);
}

static tenka_status look(const struct check *c, struct tenka_error *err, uint32_t index)
{
    const struct tenka_pictures *const p = c->pictures;
    struct tenka_image_params params = p->params;
    tenka_image *image;
    if (!c->thorough)
        return tenka_picture_look(err, p->paths[index], &params, &p->facts[index]);
    params.channels = params.indices ? 1 : 0;
    TENKA_TRY(tenka_picture_load(err, p->paths[index], &params, &image));
    p->facts[index] =
        (struct tenka_picture_facts){(uint16_t)image->width, (uint16_t)image->height, image->channels == 3};
    if (c->counts != NULL)
        count_pixels(image, c->counts);
    tenka_image_destroy(&image);
    return TENKA_OK;
}

static void note_failure(struct check *c, struct tenka_error *error, uint32_t index)
{
    if (c->bad != NULL && error->status != TENKA_E_NOMEM) {
        c->bad[index] = true;
        c->why[index] = tenka_strdup(error->text);
        if (c->why[index] != NULL)
            return;
        tenka_fail_nomem(error);
    }
    if (index < c->failed) {
        c->failed = index;
        c->error = *error;
    }
}

/* All before one that ends it are looked at, so that it is the first. */
static void check_some(tenka_worker *worker, void *user)
{
    struct check *const c = user;
    tenka_worker_lock(worker);
    c->busy++;
    while (c->next < c->pictures->count && c->next < c->failed) {
        const uint32_t index = c->next++;
        struct tenka_error error = {.status = TENKA_OK};
        tenka_worker_unlock(worker);
        error.status = look(c, &error, index);
        tenka_worker_lock(worker);
        c->done++;
        if (error.status != TENKA_OK)
            note_failure(c, &error, index);
        tenka_worker_wake(worker);
    }
    c->busy--;
    tenka_worker_wake(worker);
    tenka_worker_unlock(worker);
}

static void tell(const struct tenka_log *log, uint32_t done, uint32_t all)
{
    if (log->progress != NULL)
        log->progress(log->progress_user, "looking at the pictures", done, all);
}

static void wait_for_all(struct check *c, tenka_worker *worker, const struct tenka_log *log)
{
    uint64_t told = tenka_os_now();
    tenka_worker_lock(worker);
    while (c->busy > 0 || (c->next < c->pictures->count && c->next < c->failed)) {
        tenka_worker_wait(worker);
        if (tenka_os_now() - told > TELL_NANOSECONDS && c->done < c->pictures->count) {
            told = tenka_os_now();
            tell(log, c->done, c->pictures->count);
        }
    }
    tenka_worker_unlock(worker);
    tell(log, c->pictures->count, c->pictures->count);
}

static void name_bad(const struct check *c, const struct tenka_log *log)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->pictures->count; i++)
        if (c->why[i] != NULL && count++ < MOST_NAMED)
            tenka_say(log, TENKA_LOG_WARNING, "%s; it is left out", c->why[i]);
    if (count > MOST_NAMED)
        tenka_say(log, TENKA_LOG_WARNING, "%u further pictures are left out, for such reasons", count - MOST_NAMED);
}

tenka_status tenka_pictures_check(struct tenka_pictures *pictures, struct tenka_error *err, const struct tenka_log *log,
                                  bool thorough, _Atomic uint64_t *counts, bool *bad)
{
    struct check c = {
        .pictures = pictures, .thorough = thorough, .counts = counts, .bad = bad, .failed = pictures->count};
    tenka_worker *worker;
    c.why = tenka_alloc_array(pictures->count, sizeof(c.why[0]));
    tenka_status status = c.why != NULL ? TENKA_OK : tenka_fail_nomem(err);
    if (status == TENKA_OK)
        status = tenka_worker_start(err, tenka_os_processors(), check_some, &c, &worker);
    if (status == TENKA_OK) {
        wait_for_all(&c, worker, log);
        tenka_worker_join(&worker);
        if (c.error.status == TENKA_OK)
            name_bad(&c, log);
        else
            *err = c.error, status = c.error.status;
    }
    for (uint32_t i = 0; c.why != NULL && i < pictures->count; i++)
        tenka_free(c.why[i]);
    tenka_free(c.why);
    return status;
}
