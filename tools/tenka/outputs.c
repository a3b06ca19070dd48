/* Looks before a command begins at the files that it is to write. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenka.h"

/* Called before the work begins, so that nobody learns of a wrong path after hours of training. */
int check_save_path(const char *option, const char *path)
{
    if (path == NULL)
        return EXIT_CODE_OK;
    if (path[0] == '\0')
        return say_failed("%s needs the name of a file", option);
    return tenka_save_check(NULL, path) == TENKA_OK ? EXIT_CODE_OK : say_library_failed(NULL);
}

bool promises_other_format(const char *path)
{
    static const char *const known[] = {".safetensors", ".st", ".pt", ".pth"};
    const char *const slash = strrchr(path, '/'), *const name = slash != NULL ? slash + 1 : path;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (text_ends_with(name, known[i]))
            return false;
    return name[0] != '\0' && strchr(name + 1, '.') != NULL;
}

void tell_lost_in(const struct options *o, const char *option, const char *path, bool table, bool pictures, bool split)
{
    if (path == NULL || !(text_ends_with(path, ".pt") || text_ends_with(path, ".pth")) || !(table || pictures || split))
        return;
    say_notice(o,
               "%s %s: a .pt holds weights alone, and not %s%s%s, which 'tenka test' and 'tenka predict' need; a name "
               "that ends in .safetensors keeps them",
               option, path,
               table      ? "the columns of the table"
               : pictures ? "size, normalisation and classes of the pictures"
                          : "",
               split && (table || pictures) ? " or " : "", split ? "what was kept for testing" : "");
}

bool same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Whether both paths name one file that does not exist yet: their names are equal, and so are their folders. Cuts the
 * paths off behind the folder. */
static bool same_place(char *a, char *b)
{
    char *const one = strrchr(a, '/'), *const other = strrchr(b, '/');
    if (strcmp(one != NULL ? one + 1 : a, other != NULL ? other + 1 : b) != 0)
        return false;
    if (one != NULL)
        one[1] = '\0';
    if (other != NULL)
        other[1] = '\0';
    return same_file(one != NULL ? a : ".", other != NULL ? b : ".");
}

/* Symbolic links are followed, also to a file that does not exist yet. */
static bool is_same_output(const char *a, const char *b)
{
    char *const one = tenka_save_name(a, NULL), *const other = tenka_save_name(b, NULL);
    const bool same = one != NULL && other != NULL && (same_file(one, other) || same_place(one, other));
    tenka_text_free(one);
    tenka_text_free(other);
    return same;
}

/* The files of --data, which are divided by commas. */
static int check_data(const char *option, const char *path, const char *data)
{
    char part[4096];
    for (const char *at = data; at != NULL && *at != '\0'; at += *at == ',') {
        const size_t length = strcspn(at, ",");
        snprintf(part, sizeof(part), "%.*s", (int)(length < sizeof(part) ? length : sizeof(part) - 1), at);
        const int code = check_other_file(option, path, "--data", part);
        if (code != EXIT_CODE_OK)
            return code;
        at += length;
    }
    return EXIT_CODE_OK;
}

int check_not_input(const struct options *o, const char *option, const char *path)
{
    const char *const inputs[][2] = {{"--net", o->net},
                                     {"--classes", o->classes},
                                     {"--transform", o->transform},
                                     {"--eval-transform", o->eval_transform}};
    int code = path != NULL ? check_data(option, path, o->data) : EXIT_CODE_OK;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]) && code == EXIT_CODE_OK; i++)
        code = check_other_file(option, path, inputs[i][0], inputs[i][1]);
    return code;
}

int check_other_file(const char *option, const char *path, const char *other_option, const char *other)
{
    if (path == NULL || other == NULL || !is_same_output(path, other))
        return EXIT_CODE_OK;
    return say_failed("%s %s and %s %s are one file: give each a file of its own", option, path, other_option, other);
}
