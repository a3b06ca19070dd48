/* The pictures that a command line names: files, and folders with all that is in them. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "tenka.h"

/* A search through folders is shown after QUIET_SECONDS, and then again each REDRAW_SECONDS. */
#define QUIET_SECONDS 1.0
#define REDRAW_SECONDS 0.2

static int out_of_memory(void)
{
    return say_failed("out of memory");
}

/* The list takes path over, and frees it. */
static int add(struct pictures *p, char *path)
{
    if (path == NULL || !room_take(&p->paths, &p->capacity, p->count + 1, sizeof(p->paths[0]))) {
        free(path);
        return out_of_memory();
    }
    p->paths[p->count++] = path;
    return EXIT_CODE_OK;
}

static int add_folder(struct pictures *p, tenka_ctx *ctx, const char *folder);

static char *join(const char *folder, const char *name)
{
    const size_t length = strlen(folder), bytes = length + strlen(name) + 2;
    char *const path = malloc(bytes);
    if (path != NULL)
        snprintf(path, bytes, "%s%s%s", folder, length > 0 && folder[length - 1] == '/' ? "" : "/", name);
    return path;
}

/* Shows how far the search is: a large tree takes minutes. */
static void tell_walk(struct pictures *p, const char *folder)
{
    char text[512], files[32], found[32];
    const double now = seconds_now();
    p->seen++;
    if (now < p->tell_at)
        return;
    p->tell_at = now + REDRAW_SECONDS;
    snprintf(text, sizeof(text), "looking for pictures: %s among %s files, now in %s", say_count(found, p->count),
             say_count(files, p->seen), folder);
    progress_say(p->progress, text);
}

bool claims_picture(const char *name)
{
    static const char *const endings[] = {"png",  "apng", "jpg",  "jpeg", "jpe",  "jfif", "mpo",  "gif", "bmp", "dib",
                                          "webp", "tif",  "tiff", "heic", "heif", "hif",  "avif", "jxl", "jp2", "j2k",
                                          "jpx",  "pbm",  "pgm",  "ppm",  "pnm",  "pam",  "ico",  "cur", "psd", "xcf",
                                          "svg",  "svgz", "tga",  "pcx",  "dds",  "exr",  "qoi"};
    const char *const dot = strrchr(name, '.');
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && dot != NULL; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

/* Whether an entry of a folder is to be read as a picture. A file that cannot be opened is: reading
 * it then says why. */
static bool is_picture(tenka_ctx *ctx, const char *path, const char *name, bool regular)
{
    enum tenka_image_kind kind;
    return claims_picture(name) ||
           (regular && (tenka_image_recognize(ctx, path, &kind) != TENKA_OK || kind != TENKA_IMAGE_NONE));
}

static int add_entry(struct pictures *p, tenka_ctx *ctx, const char *folder, const char *name)
{
    struct stat st;
    char *const path = join(folder, name);
    if (path == NULL)
        return out_of_memory();
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        const int code = add_folder(p, ctx, path);
        free(path);
        return code;
    }
    const bool there = stat(path, &st) == 0;
    tell_walk(p, folder);
    /* Links to files count as files; links to folders are passed over, since they could lead in a circle. */
    const bool link_to_folder = there && S_ISDIR(st.st_mode);
    if (!link_to_folder && is_picture(ctx, path, name, there && S_ISREG(st.st_mode)))
        return add(p, path);
    p->skipped += !link_to_folder;
    free(path);
    return EXIT_CODE_OK;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int add_folder(struct pictures *p, tenka_ctx *ctx, const char *folder)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, is_visible, alphasort);
    int code = EXIT_CODE_OK;
    if (count < 0) {
        /* No reason to stop: the other folders and files are still read. */
        say_failed("cannot read the folder %s: %s", folder, strerror(errno));
        p->failed++;
        return EXIT_CODE_OK;
    }
    for (int i = 0; i < count; i++) {
        if (code == EXIT_CODE_OK && interrupt_signal() == 0)
            code = add_entry(p, ctx, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return code;
}

static int add_named_folder(struct pictures *p, tenka_ctx *ctx, const char *folder)
{
    const size_t count = p->count;
    const uint64_t failed = p->failed;
    const int code = add_folder(p, ctx, folder);
    if (code == EXIT_CODE_OK && interrupt_signal() == 0 && p->count == count && p->failed == failed) {
        say_failed("%s: there is no PNG, JPEG, BMP, GIF, WebP or TIFF picture in this folder", folder);
        p->failed++;
    }
    return code;
}

static int say_stopped(const struct pictures *p)
{
    char files[32];
    say_failed("stopped by a signal while looking for pictures, after %s file%s; none was shown to the network",
               say_count(files, p->seen), plural(p->seen));
    return EXIT_CODE_SIGNAL + interrupt_signal();
}

int pictures_find(struct pictures *p, tenka_ctx *ctx, char *const *names, size_t count, struct progress *progress)
{
    int code = EXIT_CODE_OK;
    memset(p, 0, sizeof(*p));
    p->progress = progress;
    p->tell_at = seconds_now() + QUIET_SECONDS;
    for (size_t i = 0; i < count && code == EXIT_CODE_OK && interrupt_signal() == 0; i++) {
        struct stat st;
        const bool folder = stat(names[i], &st) == 0 && S_ISDIR(st.st_mode);
        code = folder ? add_named_folder(p, ctx, names[i]) : add(p, strdup(names[i]));
    }
    progress_clear();
    return code == EXIT_CODE_OK && interrupt_signal() != 0 ? say_stopped(p) : code;
}

void pictures_free(struct pictures *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->paths[i]);
    free(p->paths);
    memset(p, 0, sizeof(*p));
}
