#include "python/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void tenka_text_add(struct tenka_text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    const size_t needed = text->length + (length > 0 ? (size_t)length : 0) + 1;
    if (length < 0)
        text->failed = true;
    if (!text->failed && needed > text->capacity) {
        const size_t capacity = needed > 2 * text->capacity ? needed : 2 * text->capacity;
        char *const longer = tenka_realloc_array(text->text, capacity, 1);
        text->failed = longer == NULL;
        if (longer != NULL) {
            text->text = longer;
            text->capacity = capacity;
        }
    }
    if (!text->failed) {
        vsnprintf(text->text + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

/* Digits and exponent of the shortest d.ddde+xx that reads back as x. The decimal point, which is the locale's, is
 * left out. */
static int shortest(double x, char digits[24])
{
    char form[40];
    for (int precision = 0; precision < 17; precision++) {
        snprintf(form, sizeof(form), "%.*e", precision, x);
        if (strtod(form, NULL) == x)
            break;
    }
    size_t n = 0;
    const char *at = form;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            digits[n++] = *at;
    }
    digits[n] = '\0';
    return atoi(at + 1);
}

const char *tenka_number_text(double x, char buf[TENKA_NUMBER_TEXT])
{
    if (isnan(x) || isinf(x)) {
        snprintf(buf, TENKA_NUMBER_TEXT, "%s", isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
        return buf;
    }
    char digits[24];
    const int exponent = shortest(fabs(x), digits), n = (int)strlen(digits);
    const char *const sign = signbit(x) ? "-" : "";
    /* Python's repr changes to an exponent at the same places. */
    if (exponent < -4 || exponent >= 16)
        snprintf(buf, TENKA_NUMBER_TEXT, "%s%c%s%se%c%02d", sign, digits[0], n > 1 ? "." : "", digits + 1,
                 exponent < 0 ? '-' : '+', abs(exponent));
    else if (exponent < 0)
        snprintf(buf, TENKA_NUMBER_TEXT, "%s0.%.*s%s", sign, -exponent - 1, "000", digits);
    else if (n <= exponent + 1)
        snprintf(buf, TENKA_NUMBER_TEXT, "%s%s%.*s.0", sign, digits, exponent + 1 - n, "000000000000000");
    else
        snprintf(buf, TENKA_NUMBER_TEXT, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
    return buf;
}

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

/* Length of a decimal number; *point is where its decimal point stands, or its length. */
static size_t number_length(const char *text, size_t *point)
{
    size_t at = *text == '-' || *text == '+';
    const size_t whole = digits_at(text + at);
    at += whole;
    *point = at;
    size_t fraction = 0;
    if (text[at] == '.') {
        fraction = digits_at(text + at + 1);
        at += 1 + fraction;
    }
    if (whole + fraction == 0)
        return 0;
    if (text[at] == 'e' || text[at] == 'E') {
        const size_t sign = text[at + 1] == '-' || text[at + 1] == '+';
        const size_t power = digits_at(text + at + 1 + sign);
        at += power > 0 ? 1 + sign + power : 0;
    }
    return at;
}

size_t tenka_number_read(const char *text, double *out)
{
    size_t point;
    const size_t length = number_length(text, &point);
    char local[96], sample[16];
    if (length == 0 || length > 64)
        return 0;
    /* strtod wants the locale's decimal point: what stands in 1?5. */
    snprintf(sample, sizeof(sample), "%.1f", 1.5);
    const size_t point_length = strlen(sample) - 2;
    const bool pointed = text[point] == '.' && point < length;
    snprintf(local, sizeof(local), "%.*s%.*s%.*s", (int)point, text, pointed ? (int)point_length : 0, sample + 1,
             (int)(length - point - pointed), text + point + pointed);
    *out = strtod(local, NULL);
    return length;
}

/* Source: RFC 3629. */
size_t tenka_utf8_length(const char *text)
{
    const unsigned char *const c = (const unsigned char *)text;
    const size_t length = c[0] < 0x80 ? 1 : c[0] < 0xC2 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : c[0] < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if (!tenka_utf8_continues(text[i]))
            return 0;
    /* Not the shortest form, a surrogate, or beyond the last character. */
    if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) || (c[0] == 0xF0 && c[1] < 0x90) ||
        (c[0] == 0xF4 && c[1] > 0x8F))
        return 0;
    return length;
}

bool tenka_is_utf8(const char *text)
{
    while (*text != '\0') {
        const size_t length = tenka_utf8_length(text);
        if (length == 0)
            return false;
        text += length;
    }
    return true;
}

bool tenka_is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return tenka_is_utf8(text);
}
