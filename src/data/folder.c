/* Folders of pictures by class, listed as torchvision's ImageFolder lists them. */
#include "data/folder.h"

#include <ctype.h>
#include <stdlib.h>

#include "core/os.h"
#include "python/text.h"

/* Labels are kept as names in saved files, and folders come from outside. */
#define MAX_CLASSES 1000000
/* Folders in folders: each remembers where it is, so that a circle is found. */
#define MAX_DEPTH 100

struct search {
    struct tenka_error *err;
    struct tenka_folder *out;
    size_t capacity, class_capacity;
    int32_t label; /* of the class that is searched; -1: classes are */
    /* The folders from the class's on down to this one. */
    struct tenka_folder_identity above[MAX_DEPTH];
    uint32_t depth;
};

/* A folder that is being listed. */
struct level {
    struct search *search;
    const char *path;
    char **folders; /* in it */
    size_t count, capacity;
};

/* ---- Names ---- */

/* The endings of what may be a picture, be it readable or not: one that cannot be read is to be said. */
static bool is_picture(const char *name)
{
    static const char *const endings[] = {"png",  "apng", "jpg",  "jpeg", "jpe",  "jfif", "gif",
                                          "bmp",  "dib",  "webp", "tif",  "tiff", "heic", "heif",
                                          "avif", "jxl",  "jp2",  "pbm",  "pgm",  "ppm",  "pnm"};
    const char *const dot = strrchr(name, '.');
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && dot != NULL; i++) {
        size_t same = 0;
        while (endings[i][same] != '\0' && tolower((unsigned char)dot[1 + same]) == endings[i][same])
            same++;
        if (endings[i][same] == '\0' && dot[1 + same] == '\0')
            return true;
    }
    return false;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_files(const void *a, const void *b)
{
    const struct tenka_folder_file *const x = a, *const y = b;
    const int order = x->label != y->label ? (x->label > y->label ? 1 : -1) : strcmp(x->folder, y->folder);
    return order != 0 ? order : strcmp(x->name, y->name);
}

/* ---- Listing ---- */

static tenka_status add_text(struct tenka_error *err, char ***list, size_t *capacity, size_t count, const char *text)
{
    char *const copy = tenka_strdup(text);
    if (copy == NULL || !tenka_grow(list, capacity, count, sizeof((*list)[0]))) {
        tenka_free(copy);
        return tenka_fail_nomem(err);
    }
    (*list)[count] = copy;
    return TENKA_OK;
}

static tenka_status add_file(struct search *s, const char *folder, const char *name)
{
    struct tenka_folder *const out = s->out;
    if (!tenka_grow(&out->files, &s->capacity, out->count, sizeof(out->files[0])))
        return tenka_fail_nomem(s->err);
    struct tenka_folder_file *const file = &out->files[out->count];
    *file = (struct tenka_folder_file){tenka_strdup(folder), tenka_strdup(name), s->label};
    out->count++;
    return file->folder != NULL && file->name != NULL ? TENKA_OK : tenka_fail_nomem(s->err);
}

static tenka_status see(void *user, const char *name, bool folder)
{
    struct level *const level = user;
    struct search *const s = level->search;
    if (folder) {
        TENKA_TRY(add_text(s->err, &level->folders, &level->capacity, level->count, name));
        level->count++;
        return TENKA_OK;
    }
    if (s->label >= 0 && is_picture(name))
        return add_file(s, level->path, name);
    s->out->passed_over++;
    return TENKA_OK;
}

/* Lists one folder; the folders in it are sorted. free_level is due in any case. */
static tenka_status list_level(struct level *level)
{
    TENKA_TRY(tenka_os_list(level->search->err, level->path, see, level));
    if (level->count > 1)
        qsort(level->folders, level->count, sizeof(level->folders[0]), compare_texts);
    return TENKA_OK;
}

static void free_level(struct level *level)
{
    for (size_t i = 0; i < level->count; i++)
        tenka_free(level->folders[i]);
    tenka_free(level->folders);
}

/* A link may lead back to a folder above. */
static tenka_status enter(struct search *s, const char *path)
{
    if (s->depth == MAX_DEPTH)
        return tenka_fail(s->err, TENKA_E_INVALID, "%s: the folders in folders are more than %d deep", path, MAX_DEPTH);
    struct tenka_folder_identity *const here = &s->above[s->depth];
    TENKA_TRY(tenka_os_identify(s->err, path, here));
    for (uint32_t i = 0; i < s->depth; i++)
        if (s->above[i].device == here->device && s->above[i].number == here->number)
            return tenka_fail(s->err, TENKA_E_INVALID,
                              "%s: this link leads back to a folder above it, in a circle; remove the link", path);
    s->depth++;
    return TENKA_OK;
}

static tenka_status search_folder(struct search *s, const char *path)
{
    struct level level = {.search = s, .path = path};
    TENKA_TRY(enter(s, path));
    tenka_status status = list_level(&level);
    for (size_t i = 0; i < level.count && status == TENKA_OK; i++) {
        char *const below = tenka_sprintf("%s/%s", path, level.folders[i]);
        status = below != NULL ? search_folder(s, below) : tenka_fail_nomem(s->err);
        tenka_free(below);
    }
    free_level(&level);
    s->depth--;
    return status;
}

static tenka_status add_class(struct search *s, const char *dir, const char *name)
{
    struct tenka_folder *const out = s->out;
    const size_t before = out->count;
    if (!tenka_is_utf8(name))
        return tenka_fail(s->err, TENKA_E_INVALID,
                          "%s/%s: the folder's name is that of a class, but is no UTF-8 text; rename the folder", dir,
                          name);
    if (out->n_classes == MAX_CLASSES)
        return tenka_fail(s->err, TENKA_E_INVALID, "%s: there are more than %d folders of classes", dir, MAX_CLASSES);
    TENKA_TRY(add_text(s->err, &out->classes, &s->class_capacity, out->n_classes, name));
    s->label = (int32_t)out->n_classes++;
    char *const path = tenka_sprintf("%s/%s", dir, name);
    const tenka_status status = path != NULL ? search_folder(s, path) : tenka_fail_nomem(s->err);
    tenka_free(path);
    TENKA_TRY(status);
    if (out->count == before)
        return tenka_fail(s->err, TENKA_E_INVALID,
                          "%s/%s: there is no picture in this folder of a class; put some there, or remove the folder",
                          dir, name);
    return TENKA_OK;
}

tenka_status tenka_folder_list(struct tenka_error *err, const char *dir, struct tenka_folder *out)
{
    struct search s = {.err = err, .out = out, .label = -1};
    struct level top = {.search = &s, .path = dir};
    *out = (struct tenka_folder){.count = 0};
    tenka_status status = list_level(&top);
    if (status == TENKA_OK && top.count == 0)
        status = tenka_fail(err, TENKA_E_INVALID,
                            "%s: there are no folders in it; pictures belong into a folder for each class, as in "
                            "%s/cat/1.jpg",
                            dir, dir);
    for (size_t i = 0; i < top.count && status == TENKA_OK; i++)
        status = add_class(&s, dir, top.folders[i]);
    free_level(&top);
    if (status == TENKA_OK)
        qsort(out->files, out->count, sizeof(out->files[0]), compare_files);
    return status;
}

tenka_status tenka_folder_list_all(struct tenka_error *err, const char *dir, struct tenka_folder *out)
{
    struct search s = {.err = err, .out = out};
    *out = (struct tenka_folder){.count = 0};
    TENKA_TRY(search_folder(&s, dir));
    if (out->count == 0)
        return tenka_fail(err, TENKA_E_INVALID, "%s: there are no pictures in it", dir);
    qsort(out->files, out->count, sizeof(out->files[0]), compare_files);
    return TENKA_OK;
}

void tenka_folder_finish(struct tenka_folder *folder)
{
    for (uint32_t i = 0; i < folder->n_classes; i++)
        tenka_free(folder->classes[i]);
    for (size_t i = 0; i < folder->count; i++) {
        tenka_free(folder->files[i].folder);
        tenka_free(folder->files[i].name);
    }
    tenka_free(folder->classes);
    tenka_free(folder->files);
    *folder = (struct tenka_folder){.count = 0};
}
