/* The JSON files that Vulkan's loader reads, looked through once it has failed: it says that something is wrong, and
 * to a program not with which of them. Where they lie:
 * https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md */
#include <ctype.h>
#include <dlfcn.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/vulkan/manifests.h"
#include "core/os.h"

#define MAX_PATH 4096
#define MAX_BYTES (1u << 20)

#define MAX_TEXT 800

struct search {
    const char *folder; /* of the files below a place: "icd.d" */
    bool thorough;      /* whether drivers are loaded, too: the loader passes over those that cannot be */
    bool loaded;        /* one could be, and those that could not are no reason */
    char *text;         /* a clause on the first file that is wrong; "": none was found */
    size_t size;
    char passed[MAX_TEXT]; /* one on the first driver that is passed over; "": none was */
};

/* ---- The user's choice of drivers ---- */

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* Whether a file's name is one of those that a variable lists, with commas and asterisks; unset: what is returned. */
static bool is_listed(const char *variable, const char *path, bool unset)
{
    char name[MAX_PATH], glob[MAX_PATH];
    const char *const slash = strrchr(path, '/'), *at = getenv(variable);
    if (at == NULL || at[0] == '\0')
        return unset;
    snprintf(name, sizeof(name), "%s", slash != NULL ? slash + 1 : path);
    lower(name);
    for (size_t length; *at != '\0'; at += length + (at[length] != '\0')) {
        length = strcspn(at, ",");
        snprintf(glob, sizeof(glob), "%.*s", (int)(length < sizeof(glob) ? length : 0), at);
        lower(glob);
        if (fnmatch(glob, name, 0) == 0)
            return true;
    }
    return false;
}

/* Whether the loader would load the driver of a manifest. It reads those of the others as well. */
static bool is_wanted(const struct search *s, const char *path)
{
    return s->thorough && !s->loaded && is_listed("VK_LOADER_DRIVERS_SELECT", path, true) &&
           !is_listed("VK_LOADER_DRIVERS_DISABLE", path, false);
}

/* ---- A file ---- */

static void pass_over(struct search *s, const char *format, const char *path, const char *why)
{
    if (s->passed[0] == '\0')
        snprintf(s->passed, sizeof(s->passed), format, path, why);
}

/* A driver for programs of another size, beside which there is one for this program on many systems. */
static bool is_foreign(const char *why)
{
    return strstr(why, "wrong ELF class") != NULL;
}

/* A path with a slash is relative to the manifest. */
static void check_library(struct search *s, const char *path, const char *library)
{
    char full[2 * MAX_PATH];
    const char *const slash = strrchr(path, '/');
    const bool beside = strchr(library, '/') != NULL && library[0] != '/' && slash != NULL;
    snprintf(full, sizeof(full), "%.*s%s", beside ? (int)(slash - path + 1) : 0, path, library);
    void *const handle = dlopen(full, RTLD_LAZY | RTLD_LOCAL);
    const char *const error = handle == NULL ? dlerror() : NULL, *const why = error != NULL ? error : library;
    s->loaded = handle != NULL;
    if (handle != NULL)
        dlclose(handle);
    else if (!is_foreign(why))
        pass_over(s, "the driver of %s cannot be loaded (%s)", path, why);
}

static void check_driver(struct search *s, const char *path, const json_t *root)
{
    const json_t *const icd = json_object_get(root, "ICD");
    const char *const library = json_string_value(json_object_get(icd, "library_path"));
    const char *const arch = json_string_value(json_object_get(icd, "library_arch"));
    if (arch != NULL && strcmp(arch, sizeof(void *) == 8 ? "64" : "32") != 0)
        return;
    if (library == NULL)
        pass_over(s, "%s names no driver%s", path, "");
    else
        check_library(s, path, library);
}

static void check_json(struct search *s, const char *path, const char *data, uint64_t bytes)
{
    json_error_t error;
    json_t *const root = json_loadb(data, bytes, JSON_DISABLE_EOF_CHECK, &error);
    if (root == NULL)
        snprintf(s->text, s->size, "%s is no JSON (line %d: %s)", path, error.line, error.text);
    else if (is_wanted(s, path))
        check_driver(s, path, root);
    json_decref(root);
}

static void check_file(struct search *s, const char *path)
{
    struct tenka_error err = {0};
    void *data = NULL;
    uint64_t bytes = 0;
    if (tenka_os_read_file(&err, path, MAX_BYTES, &data, &bytes) != TENKA_OK)
        snprintf(s->text, s->size, "%s", err.text);
    else if (bytes > 0)
        check_json(s, path, data, bytes);
    else if (is_wanted(s, path)) /* the loader passes over empty files */
        pass_over(s, "%s is empty%s", path, "");
    tenka_free(data);
}

/* ---- Where they lie ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), part = strlen(end);
    return length >= part && strcmp(text + length - part, end) == 0;
}

struct folder {
    struct search *search;
    const char *path;
};

static tenka_status see_file(void *user, const char *name, bool folder)
{
    const struct folder *const f = user;
    char file[MAX_PATH];
    if (!folder && f->search->text[0] == '\0' && ends_with(name, ".json") &&
        snprintf(file, sizeof(file), "%s/%s", f->path, name) < (int)sizeof(file))
        check_file(f->search, file);
    return TENKA_OK;
}

/* The files of a folder, or a file. Of a folder that is not there nothing is to be said. */
static void check_path(struct search *s, const char *path, bool named)
{
    struct tenka_error err = {0};
    struct folder folder = {s, path};
    if (tenka_os_list(&err, path, see_file, &folder) != TENKA_OK && named)
        check_file(s, path);
}

/* Each path of a list with colons, with `below` behind it; NULL: the files or folders themselves. */
static void check_list(struct search *s, const char *list, const char *below)
{
    char path[MAX_PATH];
    for (const char *at = list; at != NULL && s->text[0] == '\0';) {
        const size_t length = strcspn(at, ":");
        if (length > 0 && length < MAX_PATH &&
            snprintf(path, sizeof(path), below != NULL ? "%.*s/vulkan/%s" : "%.*s", (int)length, at, below) <
                (int)sizeof(path))
            check_path(s, path, below == NULL);
        at = at[length] == ':' ? at + length + 1 : NULL;
    }
}

static void check_places(struct search *s)
{
    static const struct {
        const char *variable, *home, *usual; /* home: the folder's place below the user's */
    } places[] = {
        {"XDG_CONFIG_HOME", "/.config", NULL},
        {"XDG_CONFIG_DIRS", NULL, "/etc/xdg"},
        {NULL, NULL, "/etc"},
        {"XDG_DATA_HOME", "/.local/share", NULL},
        {"XDG_DATA_DIRS", NULL, "/usr/local/share:/usr/share"},
    };
    char below_home[MAX_PATH];
    const char *const home = getenv("HOME");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *list = places[i].variable != NULL ? getenv(places[i].variable) : NULL;
        if (list == NULL && places[i].home != NULL && home != NULL) {
            snprintf(below_home, sizeof(below_home), "%s%s", home, places[i].home);
            list = below_home;
        }
        check_list(s, list != NULL ? list : places[i].usual, s->folder);
    }
}

static void find_drivers(struct search *s)
{
    const char *const only = getenv("VK_DRIVER_FILES"), *const old = getenv("VK_ICD_FILENAMES");
    if (only != NULL || old != NULL) {
        check_list(s, only != NULL ? only : old, NULL);
        return;
    }
    check_list(s, getenv("VK_ADD_DRIVER_FILES"), NULL);
    check_places(s);
}

static void check_drivers(struct search *s)
{
    find_drivers(s);
    if (s->text[0] == '\0' && !s->loaded)
        snprintf(s->text, s->size, "%s", s->passed);
}

/* only: a variable whose folders stand for all others; more: one whose folders are added. */
static void check_layers(struct search *s, const char *only, const char *more)
{
    check_list(s, getenv(more), NULL);
    if (getenv(only) != NULL)
        check_list(s, getenv(only), NULL);
    else
        check_places(s);
}

bool tenka_vk_find_bad_manifest(bool thorough, char *text, size_t size)
{
    struct search drivers = {.folder = "icd.d", .thorough = thorough, .text = text, .size = size};
    struct search implicit = {.folder = "implicit_layer.d", .text = text, .size = size};
    struct search explicit = {.folder = "explicit_layer.d", .text = text, .size = size};
    text[0] = '\0';
    check_drivers(&drivers);
    check_layers(&implicit, "VK_IMPLICIT_LAYER_PATH", "VK_ADD_IMPLICIT_LAYER_PATH");
    check_layers(&explicit, "VK_LAYER_PATH", "VK_ADD_LAYER_PATH");
    return text[0] != '\0';
}
