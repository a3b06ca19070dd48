#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE /* struct winsize on some systems */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "tenka.h"

bool text_ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

size_t utf8_length(const char *text)
{
    const unsigned char *const c = (const unsigned char *)text;
    const size_t length = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than needed, a half of a pair of UTF-16, or beyond the last character. */
    const bool wrong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
                       (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f);
    return wrong ? 0 : length;
}

bool is_control(const char *text)
{
    const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
    return first < ' ' || first == 0x7F || (first == 0xC2 && second >= 0x80 && second < 0xA0);
}

void make_harmless(char *text)
{
    char *out = text;
    for (const char *at = text; *at != '\0';) {
        const size_t length = utf8_length(at);
        if (length == 0 || is_control(at))
            *out++ = '?';
        else
            for (size_t i = 0; i < length; i++)
                *out++ = at[i];
        at += length > 0 ? length : 1;
    }
    *out = '\0';
}

/* Columns of the character of so many bytes that text begins with. Where the locale does not know it, as many as it can
 * have at most: its bytes. */
static size_t character_columns(const char *text, size_t length)
{
    mbstate_t state = {0};
    wchar_t c;
    if (length == 1 || mbrtowc(&c, text, length, &state) != length)
        return length;
    const int width = wcwidth(c);
    return width >= 0 ? (size_t)width : 1;
}

/* Bytes of the text that fit into so many columns; *taken: columns that they take. */
static size_t fitting(const char *text, size_t columns, size_t *taken)
{
    size_t at = 0;
    *taken = 0;
    while (text[at] != '\0') {
        const size_t known = utf8_length(text + at), length = known > 0 ? known : 1;
        const size_t width = character_columns(text + at, length);
        if (*taken + width > columns)
            break;
        *taken += width;
        at += length;
    }
    return at;
}

size_t text_columns(const char *text)
{
    size_t taken;
    fitting(text, SIZE_MAX, &taken);
    return taken;
}

void text_cut(char *text, size_t columns)
{
    size_t taken;
    text[fitting(text, columns, &taken)] = '\0';
}

bool file_is_text(const char *path)
{
    char begin[9] = "";
    FILE *const file = fopen(path, "rb");
    const size_t length = file != NULL ? fread(begin, 1, sizeof(begin) - 1, file) : 0;
    size_t i = 0;
    if (file != NULL)
        fclose(file);
    while (i < length && (!is_control(begin + i) || strchr("\t\n\r", begin[i]) != NULL) && begin[i] != '\0')
        i++;
    return length > 0 && i == length;
}

char *text_read(const char *path, size_t most)
{
    FILE *file = fopen(path, "rb");
    char *text = file != NULL ? malloc(most + 1) : NULL;
    if (text != NULL) {
        const size_t length = fread(text, 1, most + 1, file);
        if (ferror(file) || length > most) {
            errno = ferror(file) ? errno : EFBIG;
            free(text);
            text = NULL;
        } else {
            text[length] = '\0';
        }
    }
    if (file != NULL)
        fclose(file);
    return text;
}

size_t terminal_columns(int file)
{
    struct winsize size;
    return ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
