/* Reading what --data names. */
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

/* A folder's file that is not there can be fetched. */
static int say_no_data(const struct session *s, const char *data)
{
    if (tenka_last_status(s->ctx) != TENKA_E_IO || !data_is_folder(data))
        return say_library_failed(s->ctx);
    return say_failed(
        "%s; a data set is four IDX files, which Debian's package dataset-fashion-mnist has and "
        "tools/fetch-data downloads; those of other names can be listed: --data "
        "train-images,train-labels,test-images,test-labels; or pictures in a folder for each class, as in "
        "%s/cat/1.jpg",
        tenka_last_error(s->ctx), data);
}

/* One of the names that an archive lists, "x_train, y_train, x_val". */
static bool lists(const char *names, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = names; at != NULL; at = strstr(at, ", ") != NULL ? strstr(at, ", ") + 2 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == '\0' || at[length] == ','))
            return true;
    return false;
}

/* Of an archive that has two halves to test with one is taken, which is said. */
static int warn_of_val(const struct session *s, const char *data)
{
    char *names;
    if (tenka_array_names(s->ctx, data, &names) != TENKA_OK)
        return say_library_failed(s->ctx);
    if (lists(names, "x_val"))
        say_warning("%s: tested are x_test and y_test; nobody looks at x_val and y_val", data);
    tenka_text_free(names);
    return EXIT_CODE_OK;
}

/* x_test and y_test, or else x_val and y_val. */
static tenka_status load_npz_half(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    tenka_status status = tenka_dataset_load_npz(s->ctx, data, train ? "train" : "test", out);
    if (status == TENKA_OK && *out == NULL && !train)
        return tenka_dataset_load_npz(s->ctx, data, "val", out);
    return status == TENKA_OK && !train && warn_of_val(s, data) != EXIT_CODE_OK ? tenka_last_status(s->ctx) : status;
}

/* Of an archive; what is only tested may lie in x and y as well. *out is NULL where there is no test half. */
static int load_npz(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    const bool alone = train || s->train_data == NULL;
    char *names = NULL;
    tenka_status status = load_npz_half(s, data, train, out);
    if (status == TENKA_OK && *out == NULL && alone)
        status = tenka_dataset_load_npz(s->ctx, data, NULL, out);
    if (status == TENKA_OK && *out == NULL && alone)
        status = tenka_array_names(s->ctx, data, &names);
    if (status != TENKA_OK)
        return say_library_failed(s->ctx);
    if (names != NULL)
        say_failed("%s: expected arrays that are called x_%s and y_%s, or x and y, found %s", data,
                   train ? "train" : "test", train ? "train" : "test", names);
    tenka_text_free(names);
    return names != NULL ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

static int load_npy(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    struct file_list list;
    file_list_split(data, &list);
    const char *const *const half = list.file + (list.count == 4 && !train ? 2 : 0);
    const bool absent = list.count == 2 && !train && s->train_data != NULL;
    const tenka_status status = absent ? TENKA_OK : tenka_dataset_load_npy(s->ctx, half[0], half[1], out);
    free(list.text);
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

/* Files of two halves, of which the first two are the training half. */
static int load_list(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    struct file_list list;
    file_list_split(data, &list);
    const char *const *const half = list.file + (list.count == 4 && !train ? 2 : 0);
    const tenka_status status = tenka_dataset_load_idx_files(s->ctx, half[0], half[1], out);
    free(list.text);
    return status == TENKA_OK ? EXIT_CODE_OK : say_no_data(s, data);
}

static int load_idx(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    return tenka_dataset_load_idx(s->ctx, data, train, out) == TENKA_OK ? EXIT_CODE_OK : say_no_data(s, data);
}

static int load_cifar(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    return tenka_dataset_load_cifar(s->ctx, data, train, out) == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

int session_load_half(const struct session *s, const char *data, bool train, tenka_dataset **out)
{
    static int (*const loaders[])(const struct session *s, const char *data, bool train, tenka_dataset **out) = {
        [DATA_IDX] = load_idx,     [DATA_LIST] = load_list, [DATA_NPZ] = load_npz,           [DATA_NPY] = load_npy,
        [DATA_CIFAR] = load_cifar, [DATA_CSV] = table_load, [DATA_PICTURES] = pictures_load, [DATA_MASKS] = masks_load,
    };
    return loaders[data_kind(data)](s, data, train, out);
}
