/* Datasets of pictures with a mask for each: which mask belongs to which picture. */
#include <stdlib.h>

#include "data/folder.h"
#include "data/pictures.h"
#include "data/transform.h"
#include "graph/graph.h"

/* A file of one of the two folders, by what both have: the folder in it and the name without its ending. */
struct named {
    char *stem;
    const struct tenka_folder_file *file;
};

/* The two folders. */
struct pairing {
    tenka_ctx *ctx;
    struct tenka_error *err;
    const char *dir[2]; /* of the pictures, of the masks */
    struct tenka_folder folder[2];
    struct named *mask; /* in the order of their stems; NULL: not made yet */
    char **path[2];     /* of the pairs; NULL: they are taken over */
    size_t count, missing;
    struct tenka_pictures *pictures[2];
    _Atomic uint64_t counts[256]; /* pixels of the masks */
};

/* ---- Pairs ---- */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->stem, ((const struct named *)b)->stem);
}

static char *stem_of(const struct tenka_folder_file *file, const char *dir)
{
    const char *const dot = strrchr(file->name, '.');
    const int length = (int)(dot != NULL ? (size_t)(dot - file->name) : strlen(file->name));
    return tenka_sprintf("%s/%.*s", file->folder + strlen(dir), length, file->name);
}

static tenka_status sort_masks(struct pairing *p)
{
    const struct tenka_folder *const masks = &p->folder[1];
    p->mask = tenka_alloc_array(masks->count, sizeof(p->mask[0]));
    if (p->mask == NULL)
        return tenka_fail_nomem(p->err);
    for (size_t i = 0; i < masks->count; i++) {
        p->mask[i] = (struct named){stem_of(&masks->files[i], p->dir[1]), &masks->files[i]};
        if (p->mask[i].stem == NULL)
            return tenka_fail_nomem(p->err);
    }
    qsort(p->mask, masks->count, sizeof(p->mask[0]), compare);
    return TENKA_OK;
}

static char *path_of(const struct tenka_folder_file *file)
{
    return tenka_sprintf("%s/%s", file->folder, file->name);
}

static tenka_status pair(struct pairing *p, const struct tenka_folder_file *picture, bool skip)
{
    struct named key = {.stem = stem_of(picture, p->dir[0])};
    if (key.stem == NULL)
        return tenka_fail_nomem(p->err);
    const struct named *const mask = bsearch(&key, p->mask, p->folder[1].count, sizeof(p->mask[0]), compare);
    tenka_status status = TENKA_OK;
    if (mask != NULL) {
        p->path[0][p->count] = path_of(picture);
        p->path[1][p->count] = path_of(mask->file);
        const bool good = p->path[0][p->count] != NULL && p->path[1][p->count] != NULL;
        p->count++;
        status = good ? TENKA_OK : tenka_fail_nomem(p->err);
    } else if (skip) {
        p->missing++;
    } else {
        status = tenka_fail(p->err, TENKA_E_INVALID, "%s/%s: it has no mask; expected %s%s.png", picture->folder,
                            picture->name, p->dir[1], key.stem);
    }
    tenka_free(key.stem);
    return status;
}

static tenka_status find_pairs(struct pairing *p, bool skip)
{
    const struct tenka_folder *const pictures = &p->folder[0];
    for (int i = 0; i < 2; i++) {
        p->path[i] = tenka_alloc_array(pictures->count, sizeof(p->path[i][0]));
        if (p->path[i] == NULL)
            return tenka_fail_nomem(p->err);
    }
    TENKA_TRY(sort_masks(p));
    for (size_t i = 0; i < pictures->count; i++)
        TENKA_TRY(pair(p, &pictures->files[i], skip));
    if (p->count == 0)
        return tenka_fail(p->err, TENKA_E_INVALID,
                          "%s: none of its pictures has a mask in %s, which would have its name and end in .png",
                          p->dir[0], p->dir[1]);
    if (p->missing > 0)
        tenka_say(tenka_ctx_log(p->ctx), TENKA_LOG_WARNING, "%s: %zu pictures without a mask in %s are left out",
                  p->dir[0], p->missing, p->dir[1]);
    return TENKA_OK;
}

/* ---- Files ---- */

static tenka_status make_pictures(struct pairing *p, const struct tenka_folder_params *params)
{
    if (p->count > TENKA_MAX_ELEMENTS)
        return tenka_fail(p->err, TENKA_E_INVALID, "%s: there are more than %u pictures", p->dir[0],
                          TENKA_MAX_ELEMENTS);
    for (int i = 0; i < 2; i++) {
        struct tenka_image_params image = TENKA_IMAGE_DEFAULTS;
        char **const paths = p->path[i];
        image.alpha = params->alpha;
        image.max_pixels = params->max_pixels;
        image.indices = i == 1;
        TENKA_TRY(tenka_picture_check_params(p->err, &image));
        p->path[i] = NULL;
        TENKA_TRY(tenka_pictures_make(p->err, paths, (uint32_t)p->count, &image, params->keep_bytes, &p->pictures[i]));
    }
    return TENKA_OK;
}

/* Whether a pair is of one size; those with a file that is bad already are passed over. */
static tenka_status check_sizes(struct pairing *p, bool *bad)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct tenka_picture_facts *const a = &p->pictures[0]->facts[i], *const b = &p->pictures[1]->facts[i];
        if ((bad != NULL && bad[i]) || (a->width == b->width && a->height == b->height))
            continue;
        tenka_fail(p->err, TENKA_E_FORMAT,
                   "%s: it has %ux%u pixels, but its mask %s has %ux%u; they must be of one size",
                   p->pictures[0]->paths[i], a->width, a->height, p->pictures[1]->paths[i], b->width, b->height);
        if (bad == NULL)
            return TENKA_E_FORMAT;
        tenka_say(tenka_ctx_log(p->ctx), TENKA_LOG_WARNING, "%s; it is left out", p->err->text);
        bad[i] = true;
    }
    return TENKA_OK;
}

/* Leaves out what is bad; bad NULL: nothing is. */
static tenka_status filter(struct pairing *p, bool *bad)
{
    for (int i = 0; i < 2 && bad != NULL; i++)
        tenka_pictures_filter(p->pictures[i], bad);
    if (p->pictures[0]->count == 0)
        return tenka_fail(p->err, TENKA_E_INVALID, "%s: none of its pictures can be read with a mask", p->dir[0]);
    if (bad != NULL)
        memset(bad, 0, p->count * sizeof(bad[0]));
    p->count = p->pictures[0]->count;
    return TENKA_OK;
}

/* All masks that stay are decoded once, which tells the classes. */
static tenka_status check_all(struct pairing *p, bool *bad)
{
    const struct tenka_log *const log = tenka_ctx_log(p->ctx);
    TENKA_TRY(tenka_pictures_check(p->pictures[0], p->err, log, bad != NULL, NULL, bad));
    TENKA_TRY(tenka_pictures_check(p->pictures[1], p->err, log, false, NULL, bad));
    TENKA_TRY(check_sizes(p, bad));
    TENKA_TRY(filter(p, bad));
    TENKA_TRY(tenka_pictures_check(p->pictures[1], p->err, log, true, p->counts, bad));
    return filter(p, bad);
}

static tenka_status check(struct pairing *p, const struct tenka_folder_params *params)
{
    bool *const bad = params->skip_bad ? tenka_alloc_array(p->count, sizeof(bad[0])) : NULL;
    if (params->skip_bad && bad == NULL)
        return tenka_fail_nomem(p->err);
    const tenka_status status = check_all(p, bad);
    tenka_free(bad);
    return status;
}

/* ---- The dataset ---- */

static tenka_status make_dataset(struct pairing *p, tenka_dataset **out)
{
    const struct tenka_desc input = {TENKA_U8, tenka_shape_of(3, 0, 0)}, target = {TENKA_I32, tenka_shape_of(0, 0)};
    uint32_t classes = TENKA_MASK_NOTHING;
    TENKA_TRY(tenka_dataset_make(p->ctx, p->pictures[0]->count, &input, &target, out));
    for (int i = 0; i < 2; i++) {
        tenka_dataset_column(*out, i == 0)->reader = tenka_pictures_reader(p->pictures[i]);
        p->pictures[i] = NULL;
    }
    while (classes > 1 && p->counts[classes - 1] == 0)
        classes--;
    tenka_dataset_pass_over(*out, TENKA_MASK_NOTHING);
    return tenka_dataset_name_classes(*out, classes);
}

static void finish(struct pairing *p)
{
    for (size_t i = 0; p->mask != NULL && i < p->folder[1].count; i++)
        tenka_free(p->mask[i].stem);
    tenka_free(p->mask);
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; p->path[k] != NULL && i < p->count; i++)
            tenka_free(p->path[k][i]);
        tenka_free(p->path[k]);
        if (p->pictures[k] != NULL)
            tenka_pictures_reader(p->pictures[k]).free(p->pictures[k]);
        tenka_folder_finish(&p->folder[k]);
    }
}

static tenka_status load(struct pairing *p, const struct tenka_folder_params *params, tenka_dataset **out)
{
    TENKA_TRY(tenka_folder_list_all(p->err, p->dir[0], &p->folder[0]));
    TENKA_TRY(tenka_folder_list_all(p->err, p->dir[1], &p->folder[1]));
    TENKA_TRY(find_pairs(p, params->skip_bad));
    TENKA_TRY(make_pictures(p, params));
    TENKA_TRY(check(p, params));
    return make_dataset(p, out);
}

tenka_status tenka_dataset_load_masks(tenka_ctx *ctx, const char *pictures, const char *masks,
                                      const struct tenka_folder_params *params, tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct pairing p = {.ctx = ctx, .err = tenka_ctx_error(ctx), .dir = {pictures, masks}};
    struct tenka_folder_params own = TENKA_FOLDER_DEFAULTS;
    if (pictures == NULL || masks == NULL)
        return tenka_fail(p.err, TENKA_E_INVALID, "dataset: a folder is NULL");
    TENKA_TRY(tenka_take_params(p.err, "folder", "TENKA_FOLDER_DEFAULTS", &own, params));
    const tenka_status status = load(&p, &own, out);
    finish(&p);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}
