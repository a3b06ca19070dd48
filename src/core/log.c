#include <stdio.h>

#include "core/core.h"

void tenka_say(const struct tenka_log *log, enum tenka_log_level level, const char *format, ...)
{
    if (log == NULL || log->fn == NULL)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length >= 0)
        log->fn(log->user, level, text);
}
