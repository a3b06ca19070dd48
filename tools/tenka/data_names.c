/* What --data names: a folder, a data set in one, a list of files, or an archive of arrays. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenka.h"

bool data_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool data_is_list(const char *data)
{
    return data != NULL && !data_is_folder(data) && strchr(data, ',') != NULL;
}

bool data_is_npz(const char *data)
{
    return data != NULL && !data_is_folder(data) && strchr(data, ',') == NULL && text_ends_with(data, ".npz");
}

bool path_is_csv(const char *path)
{
    return text_ends_with(path, ".csv") || text_ends_with(path, ".tsv");
}

/* A list of two folders. */
static bool data_is_masks(const char *data)
{
    struct file_list list;
    if (!data_is_list(data))
        return data_is_folder(data) && masks_are_in(data);
    file_list_split(data, &list);
    const bool masks = list.count == 2 && data_is_folder(list.file[0]);
    free(list.text);
    return masks;
}

/* A list of such files, or one file that is text. */
static bool data_is_csv(const char *data)
{
    struct file_list list;
    if (!data_is_list(data))
        return !data_is_folder(data) && !data_is_npz(data) && (path_is_csv(data) || file_is_text(data));
    file_list_split(data, &list);
    const bool csv = list.count > 0 && path_is_csv(list.file[0]);
    free(list.text);
    return csv;
}

bool path_is_npy(const char *path)
{
    return text_ends_with(path, ".npy");
}

bool data_is_npy(const char *data)
{
    struct file_list list;
    if (!data_is_list(data))
        return false;
    file_list_split(data, &list);
    const bool npy = list.count > 0 && (path_is_npy(list.file[0]) || text_ends_with(list.file[0], ".npy.gz"));
    free(list.text);
    return npy;
}

bool folder_has(const char *folder, const char *name, char out[static PATH_TEXT])
{
    return snprintf(out, PATH_TEXT, "%s/%s", folder, name) < PATH_TEXT && data_is_folder(out);
}

bool folder_has_entry(const char *folder, bool (*is)(const char *path, const char *name, bool folder))
{
    DIR *const dir = opendir(folder);
    bool found = false;
    for (const struct dirent *entry; dir != NULL && !found && (entry = readdir(dir)) != NULL;) {
        char path[PATH_TEXT];
        const char *const name = entry->d_name;
        if (name[0] != '.' && snprintf(path, sizeof(path), "%s/%s", folder, name) < PATH_TEXT)
            found = is(path, name, data_is_folder(path));
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

static bool is_idx(const char *path, const char *name, bool folder)
{
    (void)path;
    return !folder && (strstr(name, "idx1-ubyte") != NULL || strstr(name, "idx3-ubyte") != NULL ||
                       strstr(name, "idx2-int") != NULL);
}

/* Of the binary version, or of that for Python, which is then refused. */
static bool is_cifar(const char *path, const char *name, bool folder)
{
    (void)path;
    return !folder && (strncmp(name, "data_batch_", 11) == 0 || strcmp(name, "test_batch.bin") == 0 ||
                       strcmp(name, "train.bin") == 0 || strcmp(name, "test.bin") == 0);
}

static bool is_archive(const char *path)
{
    return text_ends_with(path, ".tar.gz") || text_ends_with(path, ".tgz") || text_ends_with(path, ".tar");
}

static bool is_folder(const char *path, const char *name, bool folder)
{
    (void)path;
    (void)name;
    return folder;
}

static bool is_file_entry(const char *path, const char *name, bool folder)
{
    return !is_folder(path, name, folder);
}

static bool is_picture(const char *path, const char *name, bool folder)
{
    (void)path;
    return !folder && claims_picture(name);
}

static bool has_pictures(const char *path, const char *name, bool folder)
{
    (void)name;
    return folder && folder_has_entry(path, is_picture);
}

/* A class, or a half with classes in it. Further down nobody looks: links may lead in circles. */
static bool has_pictures_below(const char *path, const char *name, bool folder)
{
    return has_pictures(path, name, folder) || (folder && folder_has_entry(path, has_pictures));
}

/* Folders alone are taken for classes, too: whatever is missing in them is then said. */
static bool are_classes(const char *folder)
{
    return !folder_has_entry(folder, is_idx) && folder_has_entry(folder, is_folder) &&
           (!folder_has_entry(folder, is_file_entry) || folder_has_entry(folder, has_pictures_below));
}

enum data_kind data_kind(const char *data)
{
    if (data_is_masks(data))
        return DATA_MASKS;
    if (data_is_folder(data) ? folder_has_entry(data, is_cifar) : !data_is_list(data) && is_archive(data))
        return DATA_CIFAR;
    if (data_is_folder(data))
        return are_classes(data) ? DATA_PICTURES : DATA_IDX;
    if (data_is_npz(data))
        return DATA_NPZ;
    if (data_is_csv(data))
        return DATA_CSV;
    return data_is_npy(data) ? DATA_NPY : data_is_list(data) ? DATA_LIST : DATA_IDX;
}

void file_list_split(const char *data, struct file_list *out)
{
    memset(out, 0, sizeof(*out));
    out->text = strdup(data);
    for (char *at = out->text; at != NULL; out->count++) {
        char *const comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        if (out->count < 4)
            out->file[out->count] = at;
        at = comma != NULL ? comma + 1 : NULL;
    }
}

static int check_list(const char *data)
{
    struct file_list list;
    int code = EXIT_CODE_OK;
    file_list_split(data, &list);
    if (list.text == NULL)
        code = say_failed("out of memory");
    else if (data_kind(data) == DATA_CSV && list.count != 2)
        code = say_failed("--data: '%s' has %zu tables; expected one, or two, train.csv,test.csv", data, list.count);
    else if (list.count != 2 && list.count != 4)
        code = data_is_npy(data)
                   ? say_failed("--data: '%s' has %zu arrays; expected two, x.npy,y.npy, or four, "
                                "x_train.npy,y_train.npy,x_test.npy,y_test.npy",
                                data, list.count)
                   : say_failed("--data: '%s' is no folder, and as a list it has %zu files; expected two, "
                                "images,labels, or four, train-images,train-labels,test-images,test-labels",
                                data, list.count);
    for (size_t i = 0; i < list.count && code == EXIT_CODE_OK; i++) {
        struct stat st;
        if (stat(list.file[i], &st) != 0)
            code = say_failed("--data: there is no file '%s'", list.file[i]);
        else if (data_is_folder(list.file[0]) && !S_ISDIR(st.st_mode))
            code = say_failed("--data: '%s' is no folder of masks for the pictures of %s", list.file[i], list.file[0]);
    }
    free(list.text);
    return code;
}

/* Whether files of a data set of that name lie in its folder: in x/ such as are called emnist-letters-... for
 * x/emnist-letters. */
static bool is_set(const char *data)
{
    const char *const slash = strrchr(data, '/'), *const name = slash != NULL ? slash + 1 : data;
    const size_t length = strlen(name);
    char *const folder = slash == NULL ? strdup(".") : strndup(data, slash == data ? 1 : (size_t)(slash - data));
    DIR *const dir = folder != NULL && length > 0 ? opendir(folder) : NULL;
    bool found = false;
    for (const struct dirent *entry; dir != NULL && !found && (entry = readdir(dir)) != NULL;)
        found = strncmp(entry->d_name, name, length) == 0 && entry->d_name[length] == '-';
    if (dir != NULL)
        closedir(dir);
    free(folder);
    return found;
}

int session_check_data(const char *data)
{
    struct stat st;
    if (data == NULL || data_is_folder(data))
        return EXIT_CODE_OK;
    if (data_is_list(data))
        return check_list(data);
    if (stat(data, &st) == 0 && (data_is_npz(data) || data_kind(data) == DATA_CSV || data_kind(data) == DATA_CIFAR))
        return EXIT_CODE_OK;
    if (stat(data, &st) == 0 && path_is_npy(data))
        return say_failed("--data: %s is one array; name that of the targets too, as in x.npy,y.npy", data);
    if (stat(data, &st) == 0)
        return say_failed("--data: %s is one file; name a folder, or the file of the labels too, as in images,labels",
                          data);
    if (data_is_npz(data) || path_is_csv(data) || is_archive(data))
        return say_failed("--data: there is no file %s", data);
    if (is_set(data))
        return EXIT_CODE_OK;
    return say_failed("--data: there is no folder %s, nor a file; 'tools/fetch-data mnist FOLDER' downloads MNIST",
                      data);
}

/* ---- What a saved file remembers ---- */

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_file_of_data(const char *path)
{
    return is_file(path) && (data_kind(path) == DATA_CSV || data_kind(path) == DATA_CIFAR);
}

/* A file of somebody else may name anything: of a list only files are opened, no pipes and no devices. */
bool data_is_there(const char *data)
{
    struct file_list list;
    if (!data_is_list(data))
        return data_is_folder(data) || (data_is_npz(data) ? is_file(data) : is_file_of_data(data) || is_set(data));
    file_list_split(data, &list);
    bool there = list.count == 2 || list.count == 4;
    for (size_t i = 0; i < list.count && there; i++)
        there = is_file(list.file[i]) || (list.count == 2 && data_is_folder(list.file[i]));
    free(list.text);
    return there;
}

static void put_absolute(FILE *text, const char *here, const char *path)
{
    if (path[0] != '/')
        fprintf(text, "%s/", strcmp(here, "/") != 0 ? here : "");
    while (path[0] != '/' && strncmp(path, "./", 2) == 0)
        path += 2;
    fputs(path, text);
}

static void put_list(FILE *text, const char *here, const char *data)
{
    struct file_list list;
    file_list_split(data, &list);
    for (size_t i = 0; i < list.count && i < 4; i++) {
        fputs(i > 0 ? "," : "", text);
        put_absolute(text, here, list.file[i]);
    }
    free(list.text);
}

static bool is_utf8(const char *text)
{
    while (text[0] != '\0' && utf8_length(text) > 0)
        text += utf8_length(text);
    return text[0] == '\0';
}

bool data_same(const char *a, const char *b)
{
    struct file_list one = {.file = {a}, .count = 1}, other = {.file = {b}, .count = 1};
    if (data_is_list(a))
        file_list_split(a, &one);
    if (data_is_list(b))
        file_list_split(b, &other);
    bool same = one.count == other.count && one.count > 0 && one.count <= 4;
    for (size_t i = 0; i < one.count && same; i++)
        same = same_file(one.file[i], other.file[i]);
    free(one.text);
    free(other.text);
    return same;
}

/* The name must lead back: that of a list in a folder with a comma in its name does not. */
char *data_absolute(const char *data)
{
    char here[4096], *out = NULL;
    size_t size;
    FILE *const text = getcwd(here, sizeof(here)) != NULL ? open_memstream(&out, &size) : NULL;
    if (text == NULL)
        return NULL;
    if (data_is_list(data))
        put_list(text, here, data);
    else
        put_absolute(text, here, data);
    if (fclose(text) == 0 && is_utf8(out) && data_is_there(out))
        return out;
    free(out);
    return NULL;
}
