/* Text that grows, and numbers as Python writes them, whatever the locale. */
#ifndef TENKA_PYTHON_TEXT_H
#define TENKA_PYTHON_TEXT_H

#include "core/core.h"

struct tenka_text {
    char *text; /* NULL as long as nothing was added; freed with tenka_free */
    size_t length, capacity;
    bool failed; /* out of memory: later additions do nothing */
};
void tenka_text_add(struct tenka_text *text, const char *format, ...) TENKA_PRINTF(2, 3);

/* The shortest decimal number that reads back as x, as Python's repr: "1e-05", "0.1", "100.0". */
#define TENKA_NUMBER_TEXT 64
const char *tenka_number_text(double x, char buf[TENKA_NUMBER_TEXT]);

/* Reads a decimal number at text. Returns the characters read; 0 when there is no number. */
size_t tenka_number_read(const char *text, double *out);

/* The length of the UTF-8 character at text; 0 when it is none, 1 for ASCII. */
size_t tenka_utf8_length(const char *text);
bool tenka_is_utf8(const char *text);
/* Whether a text is UTF-8 without control characters. */
bool tenka_is_plain(const char *text);
/* Whether a byte goes on with a UTF-8 character. */
static inline bool tenka_utf8_continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

#endif
