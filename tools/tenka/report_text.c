#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

void html_text(FILE *file, const char *text)
{
    for (size_t length; *text != '\0'; text += length > 0 ? length : 1) {
        length = utf8_length(text);
        if (length == 0 || (is_control(text) && *text != '\n'))
            fputs("\xEF\xBF\xBD", file);
        else if (*text == '&')
            fputs("&amp;", file);
        else if (*text == '<')
            fputs("&lt;", file);
        else if (*text == '>')
            fputs("&gt;", file);
        else if (*text == '"')
            fputs("&quot;", file);
        else if (*text == '\'')
            fputs("&#39;", file);
        else
            fwrite(text, 1, length, file);
    }
}

void html_format(FILE *file, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    html_text(file, text);
}

static void base64(FILE *file, const unsigned char *data, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        const size_t left = bytes - i;
        const uint32_t three = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                               (left > 2 ? (uint32_t)data[i + 2] : 0);
        fputc(digits[three >> 18], file);
        fputc(digits[three >> 12 & 63], file);
        fputc(left > 1 ? digits[three >> 6 & 63] : '=', file);
        fputc(left > 2 ? digits[three & 63] : '=', file);
    }
}

bool html_picture(FILE *file, tenka_ctx *ctx, const tenka_image *image, uint32_t wanted, const char *about)
{
    const uint32_t width = tenka_image_width(image), height = tenka_image_height(image);
    const uint32_t side = width > height ? width : height, times = side < wanted ? (wanted + side / 2) / side : 1;
    unsigned char *png;
    size_t bytes;
    if (tenka_image_encode(ctx, image, &png, &bytes) != TENKA_OK)
        return false;
    fprintf(file, "<img width=\"%u\" height=\"%u\"%s alt=\"", width * times, height * times,
            times > 1 ? " class=\"pixels\"" : "");
    html_text(file, about);
    fputs("\" src=\"data:image/png;base64,", file);
    base64(file, png, bytes);
    fputs("\">", file);
    tenka_image_encoded_free(png);
    return true;
}
