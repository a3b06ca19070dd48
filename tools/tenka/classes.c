/* Names of classes, from a file or as a list. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenka.h"

#define MAX_BYTES (1u << 20)

static char *read_names(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file != NULL ? calloc(1, MAX_BYTES + 2) : NULL;
    const size_t length = text != NULL ? fread(text, 1, MAX_BYTES + 1, file) : 0;
    if (text != NULL && (ferror(file) || length > MAX_BYTES || strlen(text) != length)) {
        say_failed("cannot read the class names in %s: %s", path,
                   ferror(file) ? strerror(errno) : "expected a line of text for each class");
        free(text);
        text = NULL;
    } else if (text == NULL) {
        say_failed("cannot read the class names in %s: %s", path, strerror(errno));
    }
    if (file != NULL)
        fclose(file);
    return text;
}

/* Ends each name in place, at a comma or at the end of a line; blanks around it are no part of it. */
static void split(struct class_names *out, char separator)
{
    const char blanks[] = " \t\r\n", mark[] = "\xEF\xBB\xBF";
    char *at = out->text;
    /* Editors on Windows begin a text with a mark of UTF-8. */
    if (strncmp(at, mark, strlen(mark)) == 0)
        at += strlen(mark);
    while (at != NULL) {
        char *const end = strchr(at, separator), *last = end != NULL ? end : at + strlen(at);
        while (last > at && strchr(blanks, last[-1]) != NULL)
            last--;
        *last = '\0';
        out->names[out->count++] = at + strspn(at, blanks);
        at = end != NULL ? end + 1 : NULL;
    }
    /* The newline at a file's end begins no further name. */
    while (separator == '\n' && out->count > 0 && out->names[out->count - 1][0] == '\0')
        out->count--;
}

static int check(const struct class_names *names, const char *from)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *at = names->names[i];
        if (*at == '\0')
            return say_failed("--classes: the name of class %zu in '%s' is empty", i, from);
        for (size_t length; *at != '\0'; at += length)
            if ((length = utf8_length(at)) == 0)
                return say_failed("--classes: the name of class %zu in '%s' is no UTF-8 text", i, from);
    }
    return names->count > 0 ? EXIT_CODE_OK : say_failed("--classes: there are no names in '%s'", from);
}

int class_names_read(struct class_names *out, const char *from)
{
    struct stat st;
    memset(out, 0, sizeof(*out));
    const bool is_file = stat(from, &st) == 0;
    if (is_file && (out->text = read_names(from)) == NULL)
        return EXIT_CODE_FAILED;
    if (!is_file && strchr(from, ',') == NULL)
        return say_failed("--classes: there is no file '%s', and a list of names has commas, such as cat,dog", from);
    if (!is_file)
        out->text = strdup(from);
    const size_t most = out->text != NULL ? strlen(out->text) + 1 : 0;
    out->names = calloc(most + 1, sizeof(out->names[0]));
    if (out->text == NULL || out->names == NULL)
        return say_failed("out of memory");
    split(out, is_file ? '\n' : ',');
    return check(out, from);
}

void class_names_free(struct class_names *names)
{
    free(names->text);
    free(names->names);
    memset(names, 0, sizeof(*names));
}
