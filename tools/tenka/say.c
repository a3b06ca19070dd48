#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tenka.h"

enum { MAX_TEXT = 16384 };

/* In one write, since the validation layer may speak from another thread. */
static void print(FILE *file, const char *format, va_list arguments)
{
    char text[MAX_TEXT];
    const size_t end = strlen(format);
    const bool line = end > 0 && format[end - 1] == '\n';
    vsnprintf(text, sizeof(text) - 1, format, arguments);
    const size_t length = strlen(text);
    if (line && length > 0 && text[length - 1] == '\n')
        text[length - 1] = '\0';
    make_harmless(text);
    strcat(text, line ? "\n" : "");
    fputs(text, file);
}

void print_text(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(file, format, arguments);
    va_end(arguments);
}

static void say(const char *prefix, const char *text)
{
    progress_clear();
    print_text(stderr, "tenka: %s%s\n", prefix, text);
}

static void say_formatted(const char *prefix, const char *format, va_list arguments)
{
    char text[8192];
    vsnprintf(text, sizeof(text), format, arguments);
    say(prefix, text);
}

int say_failed(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_formatted("", format, arguments);
    va_end(arguments);
    return EXIT_CODE_FAILED;
}

void say_misuse(const char *command, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    print_text(stderr, "tenka %s: %s\n", command, text);
    fprintf(stderr, "Try 'tenka %s --help' or 'tenka %s --usage' for more information.\n", command, command);
    exit(EXIT_CODE_USAGE);
}

int say_library_failed(const tenka_ctx *ctx)
{
    const char *const sentence = tenka_last_error(ctx);
    say("", sentence[0] != '\0' ? sentence : tenka_status_text(tenka_last_status(ctx)));
    return EXIT_CODE_FAILED;
}

const char *failure_sentence(const tenka_ctx *ctx, tenka_status status)
{
    const char *const sentence = tenka_last_error(ctx);
    return tenka_last_status(ctx) == status && sentence[0] != '\0' ? sentence : tenka_status_text(status);
}

int say_output_failed(void)
{
    return interrupt_signal() == SIGPIPE ? EXIT_CODE_SIGNAL + SIGPIPE
                                         : say_failed("cannot write to the standard output");
}

void say_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_formatted("warning: ", format, arguments);
    va_end(arguments);
}

void say_notice(const struct options *options, const char *format, ...)
{
    va_list arguments;
    if (options->quiet)
        return;
    va_start(arguments, format);
    say_formatted("", format, arguments);
    va_end(arguments);
}

void say_library_log(void *user, enum tenka_log_level level, const char *text)
{
    const struct options *options = user;
    if (level == TENKA_LOG_INFO && !options->quiet)
        say("", text);
    else if (level == TENKA_LOG_WARNING)
        say("warning: ", text);
    else if (level == TENKA_LOG_ERROR)
        say("error: ", text);
}

const char *say_count(char buffer[static 32], uint64_t value)
{
    char digits[24];
    const size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer[at++] = ',';
        buffer[at++] = digits[i];
    }
    buffer[at] = '\0';
    return buffer;
}

const char *say_number(char buffer[static 32], const char *format, double value)
{
    /* Callers give a constant as the format. */
    if (isfinite(value))
        snprintf(buffer, 32, format, value);
    else
        strcpy(buffer, "-");
    return buffer;
}

const char *say_shortest(char buffer[static 32], double value)
{
    int digits = 1;
    do
        snprintf(buffer, 32, "%.*g", digits, value);
    while (digits++ < 17 && strtod(buffer, NULL) != value);
    return buffer;
}

const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double thread_seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
