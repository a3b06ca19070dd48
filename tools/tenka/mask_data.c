/* Pictures with a mask for each: where both lie, and whether they are what a network can learn from. */
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

/* The folders of one half. */
struct pair {
    char pictures[PATH_TEXT], masks[PATH_TEXT];
};

static bool both_are_in(const char *folder, struct pair *out)
{
    return folder_has(folder, "images", out->pictures) && folder_has(folder, "masks", out->masks);
}

bool masks_are_in(const char *folder)
{
    char half[PATH_TEXT];
    struct pair pair;
    return both_are_in(folder, &pair) || (folder_has(folder, "train", half) && both_are_in(half, &pair)) ||
           (pictures_test_half(folder, true, half) && both_are_in(half, &pair));
}

int masks_join(struct session *s)
{
    const struct options *const o = s->options;
    if (o->masks == NULL)
        return EXIT_CODE_OK;
    if (s->data_dir == NULL || !data_is_folder(s->data_dir))
        return say_failed("--masks has the masks of pictures: name their folder with --data");
    if (!data_is_folder(o->masks))
        return say_failed("--masks: there is no folder %s", o->masks);
    if (strchr(s->data_dir, ',') != NULL || strchr(o->masks, ',') != NULL)
        return say_failed("--masks: a folder with a comma in its name cannot be one of two; rename it");
    const int length = snprintf(s->folder, sizeof(s->folder), "%s,%s", s->data_dir, o->masks);
    s->data_dir = s->folder;
    return length < (int)sizeof(s->folder) ? EXIT_CODE_OK : say_failed("--masks: the folders' names are too long");
}

/* ---- Halves ---- */

/* The folder of a half within another; "": there is none. */
static void find_half(const char *folder, bool train, bool last, char out[static PATH_TEXT])
{
    if (train ? !folder_has(folder, "train", out) : !pictures_test_half(folder, last, out))
        out[0] = '\0';
}

static bool put_path(char out[static PATH_TEXT], const char *folder, const char *name)
{
    return snprintf(out, PATH_TEXT, "%s%s%s", folder, name[0] != '\0' ? "/" : "", name) < PATH_TEXT;
}

/* Of pictures in one folder and masks in another, either with halves in them or without. *there: false, there is no such
 * half. */
static int find_beside(const char *pictures, const char *masks, bool train, bool alone, struct pair *out, bool *there)
{
    char half[PATH_TEXT], any[PATH_TEXT];
    find_half(pictures, train, alone, half);
    const bool halves = folder_has(pictures, "train", any) || pictures_test_half(pictures, true, any);
    *there = halves ? half[0] != '\0' : alone;
    if (!*there)
        return halves && alone
                   ? say_failed("%s: there is no folder %s in it", pictures, train ? "train" : "test or val")
                   : EXIT_CODE_OK;
    const char *const name = halves ? strrchr(half, '/') + 1 : "";
    if (!put_path(out->pictures, pictures, name) || !put_path(out->masks, masks, name))
        return say_failed("%s: the folder's name is too long", pictures);
    return data_is_folder(out->masks)
               ? EXIT_CODE_OK
               : say_failed("%s: there is no folder %s, for the masks of %s", masks, out->masks, out->pictures);
}

/* Of a folder with images and masks, or whose halves have them. */
static int find_within(const char *data, bool train, bool alone, struct pair *out, bool *there)
{
    char half[PATH_TEXT];
    struct pair both;
    if (both_are_in(data, &both))
        return find_beside(both.pictures, both.masks, train, alone, out, there);
    find_half(data, train, alone, half);
    *there = half[0] != '\0';
    if (!*there)
        return alone ? say_failed("%s: there is no folder %s in it", data, train ? "train" : "test or val")
                     : EXIT_CODE_OK;
    return both_are_in(half, out) ? EXIT_CODE_OK : say_failed("%s: expected the folders images and masks in it", half);
}

static int find_pair(const struct session *s, const char *data, bool train, struct pair *out, bool *there)
{
    const bool alone = train || s->train_data == NULL;
    struct file_list list;
    if (!data_is_list(data))
        return find_within(data, train, alone, out, there);
    file_list_split(data, &list);
    const int code = list.text != NULL ? find_beside(list.file[0], list.file[1], train, alone, out, there)
                                       : say_failed("out of memory");
    free(list.text);
    return code;
}

int masks_load(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    struct tenka_folder_params params = TENKA_FOLDER_DEFAULTS;
    struct pair pair;
    bool there;
    params.skip_bad = s->options->skip_bad;
    const int code = find_pair(s, data, train, &pair, &there);
    if (code != EXIT_CODE_OK || !there)
        return code;
    if (tenka_dataset_load_masks(s->ctx, pair.pictures, pair.masks, &params, out) == TENKA_OK)
        return EXIT_CODE_OK;
    return params.skip_bad
               ? say_library_failed(s->ctx)
               : say_failed("%s; --skip-bad leaves pictures out that have no mask, or cannot be read with it",
                            tenka_last_error(s->ctx));
}

/* ---- Classes ---- */

bool session_has_masks(const struct session *s)
{
    const tenka_dataset *const data = session_data(s);
    return tenka_dataset_target_dtype(data) == TENKA_I32 && tenka_dataset_labels(data) == NULL;
}

int masks_check(const struct session *s)
{
    if (!session_has_masks(s) || tenka_dataset_classes(s->train_data) > 1)
        return EXIT_CODE_OK;
    return say_failed("%s: all pixels of the masks are 0, or 255, which counts for nothing: a mask has 0 for the first "
                      "class, 1 for the second, and so on",
                      s->data_dir);
}

int masks_name_classes(const struct session *s)
{
    const struct tenka_preprocessing *const how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    if (!session_has_masks(s) || how == NULL || how->class_names == NULL ||
        how->classes < tenka_dataset_classes(s->test_data))
        return EXIT_CODE_OK;
    return tenka_dataset_set_classes(s->test_data, how->classes) == TENKA_OK &&
                   tenka_dataset_set_class_names(s->test_data, how->class_names, how->classes) == TENKA_OK
               ? EXIT_CODE_OK
               : say_library_failed(s->ctx);
}
