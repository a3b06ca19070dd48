/* The JSON files that Vulkan's loader reads, looked through once it has failed: it says that something is wrong, and
 * to a program not with which of them. Where they lie:
 * https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md */
#include <dirent.h>
#include <dlfcn.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/vulkan/vk.h"
#include "core/os.h"

#define MAX_PATH 4096
#define MAX_BYTES (1u << 20)

struct search {
    const char *folder; /* of the files below a place: "icd.d" */
    bool thorough;      /* whether a driver that cannot be loaded is meant, too, which the loader passes over */
    char *text;         /* a clause on the first file that is wrong; "": none was found */
    size_t size;
};

/* ---- A file ---- */

/* A path with a slash is relative to the manifest. */
static void check_library(const struct search *s, const char *path, const char *library)
{
    char full[2 * MAX_PATH];
    const char *const slash = strrchr(path, '/');
    const bool beside = strchr(library, '/') != NULL && library[0] != '/' && slash != NULL;
    snprintf(full, sizeof full, "%.*s%s", beside ? (int)(slash - path + 1) : 0, path, library);
    void *const handle = dlopen(full, RTLD_LAZY | RTLD_LOCAL);
    const char *const why = handle == NULL ? dlerror() : NULL;
    if (handle != NULL)
        dlclose(handle);
    else
        snprintf(s->text, s->size, "the driver of %s cannot be loaded (%s)", path, why != NULL ? why : library);
}

static void check_driver(const struct search *s, const char *path, const json_t *root)
{
    const char *const library = json_string_value(json_object_get(json_object_get(root, "ICD"), "library_path"));
    if (library == NULL)
        snprintf(s->text, s->size, "%s names no driver", path);
    else
        check_library(s, path, library);
}

static void check_json(const struct search *s, const char *path, const char *data, uint64_t bytes)
{
    json_error_t error;
    json_t *const root = json_loadb(data, bytes, JSON_DISABLE_EOF_CHECK, &error);
    if (root == NULL)
        snprintf(s->text, s->size, "%s is no JSON (line %d: %s)", path, error.line, error.text);
    else if (s->thorough)
        check_driver(s, path, root);
    json_decref(root);
}

static void check_file(const struct search *s, const char *path)
{
    struct tenka_error err = {0};
    void *data = NULL;
    uint64_t bytes = 0;
    if (tenka_os_read_file(&err, path, MAX_BYTES, &data, &bytes) != TENKA_OK)
        snprintf(s->text, s->size, "%s", err.text);
    else if (bytes > 0)
        check_json(s, path, data, bytes);
    else if (s->thorough) /* the loader passes over empty files */
        snprintf(s->text, s->size, "%s is empty", path);
    tenka_free(data);
}

/* ---- Where they lie ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), part = strlen(end);
    return length >= part && strcmp(text + length - part, end) == 0;
}

/* The files of a folder, or a file. Of a folder that is not there nothing is to be said. */
static void check_path(const struct search *s, const char *path, bool named)
{
    char file[MAX_PATH];
    DIR *const folder = opendir(path);
    if (folder == NULL && named)
        check_file(s, path);
    for (const struct dirent *entry; folder != NULL && s->text[0] == '\0' && (entry = readdir(folder)) != NULL;)
        if (ends_with(entry->d_name, ".json") &&
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name) < (int)sizeof file)
            check_file(s, file);
    if (folder != NULL)
        closedir(folder);
}

/* Each path of a list with colons, with `below` behind it; NULL: the files or folders themselves. */
static void check_list(const struct search *s, const char *list, const char *below)
{
    char path[MAX_PATH];
    for (const char *at = list; at != NULL && s->text[0] == '\0';) {
        const size_t length = strcspn(at, ":");
        if (length > 0 && length < MAX_PATH &&
            snprintf(path, sizeof path, below != NULL ? "%.*s/vulkan/%s" : "%.*s", (int)length, at, below) <
                (int)sizeof path)
            check_path(s, path, below == NULL);
        at = at[length] == ':' ? at + length + 1 : NULL;
    }
}

static void check_places(const struct search *s)
{
    static const struct {
        const char *variable, *home, *usual; /* home: the folder's place below the user's */
    } places[] = {
        {"XDG_CONFIG_HOME", "/.config", NULL},   {"XDG_CONFIG_DIRS", NULL, "/etc/xdg"}, {NULL, NULL, "/etc"},
        {"XDG_DATA_HOME", "/.local/share", NULL}, {"XDG_DATA_DIRS", NULL, "/usr/local/share:/usr/share"},
    };
    char below_home[MAX_PATH];
    const char *const home = getenv("HOME");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *list = places[i].variable != NULL ? getenv(places[i].variable) : NULL;
        if (list == NULL && places[i].home != NULL && home != NULL) {
            snprintf(below_home, sizeof below_home, "%s%s", home, places[i].home);
            list = below_home;
        }
        check_list(s, list != NULL ? list : places[i].usual, s->folder);
    }
}

static void check_drivers(const struct search *s)
{
    const char *const only = getenv("VK_DRIVER_FILES"), *const old = getenv("VK_ICD_FILENAMES");
    if (only != NULL || old != NULL) {
        check_list(s, only != NULL ? only : old, NULL);
        return;
    }
    check_list(s, getenv("VK_ADD_DRIVER_FILES"), NULL);
    check_places(s);
}

/* only: a variable whose folders stand for all others; more: one whose folders are added. */
static void check_layers(const struct search *s, const char *only, const char *more)
{
    check_list(s, getenv(more), NULL);
    if (getenv(only) != NULL)
        check_list(s, getenv(only), NULL);
    else
        check_places(s);
}

bool tenka_vk_find_bad_manifest(bool thorough, char *text, size_t size)
{
    const struct search drivers = {"icd.d", thorough, text, size};
    const struct search implicit = {"implicit_layer.d", false, text, size};
    const struct search explicit = {"explicit_layer.d", false, text, size};
    text[0] = '\0';
    check_drivers(&drivers);
    check_layers(&implicit, "VK_IMPLICIT_LAYER_PATH", "VK_ADD_IMPLICIT_LAYER_PATH");
    check_layers(&explicit, "VK_LAYER_PATH", "VK_ADD_LAYER_PATH");
    return text[0] != '\0';
}
