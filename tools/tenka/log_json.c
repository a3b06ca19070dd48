#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenka.h"

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

void log_json_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (size_t length; *text != '\0'; text += length > 0 ? length : 1) {
        length = utf8_length(text);
        if (length == 0)
            fputs("\xEF\xBF\xBD", file);
        else if (*text == '"' || *text == '\\')
            fprintf(file, "\\%c", *text);
        else if (length == 1 && (unsigned char)*text < 0x20)
            fprintf(file, "\\u%04x", (unsigned)*text);
        else
            fwrite(text, 1, length, file);
    }
    fputc('"', file);
}

/* ,"key":value with so many significant digits; JSON has no NaN and no infinity. */
static void number(FILE *file, const char *key, double value, int digits)
{
    if (isfinite(value))
        fprintf(file, ",\"%s\":%.*g", key, digits, value);
    else
        fprintf(file, ",\"%s\":null", key);
}

static void string(FILE *file, const char *key, const char *text)
{
    fprintf(file, ",\"%s\":", key);
    if (text != NULL)
        log_json_string(file, text);
    else
        fputs("null", file);
}

/* Ends a line: it reaches the file whole, so that the log can be followed while it grows. */
static int end_line(FILE *file, const struct options *options)
{
    fputs("}\n", file);
    if (fflush(file) == 0 && !ferror(file))
        return EXIT_CODE_OK;
    return say_failed("cannot write the log %s: %s", options->log, strerror(errno));
}

int log_json_open(const struct options *options, FILE **file)
{
    *file = options->log != NULL ? fopen(options->log, "w") : NULL;
    if (options->log == NULL || *file != NULL)
        return EXIT_CODE_OK;
    return say_failed("cannot write the log %s: %s", options->log, strerror(errno));
}

static int fail_log(const struct options *options, const char *verb)
{
    return say_failed("cannot %s the log %s: %s", verb, options->log, strerror(errno));
}

/* Whether a line belongs to what was done before the given epoch and step. */
static bool is_kept(const char *line, uint64_t epoch, uint64_t step)
{
    uint64_t e, s;
    if (strchr(line, '\n') == NULL)
        return false; /* the program was killed while writing it */
    if (sscanf(line, "{\"epoch\":%" SCNu64 ",\"step\":%" SCNu64 ",", &e, &s) == 2)
        return s < step;
    return sscanf(line, "{\"epoch\":%" SCNu64 ",", &e) == 1 && e < epoch;
}

/* Cuts the log before the first line that is not kept. */
static int cut_log(const struct options *options, FILE *file, uint64_t epoch, uint64_t step, bool *begun)
{
    static const char begin[] = "{\"version\":";
    char *line = NULL;
    size_t capacity = 0;
    off_t end = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) > 0; end += length) {
        const bool first = end == 0, whole = line[length - 1] == '\n';
        if (first && strncmp(line, begin, strlen(begin)) != 0 && whole) {
            free(line);
            return say_failed("cannot continue the log %s: it is no log of 'tenka train'", options->log);
        }
        *begun = *begun || (first && whole);
        if (first ? !whole : !is_kept(line, epoch, step))
            break;
    }
    free(line);
    /* The next write must not come from the old position. */
    if (ferror(file) || fflush(file) != 0 || ftruncate(fileno(file), end) != 0 || fseeko(file, end, SEEK_SET) != 0)
        return fail_log(options, "continue");
    return EXIT_CODE_OK;
}

int log_json_reopen(const struct options *options, uint64_t epoch, uint64_t step, FILE **file, bool *begun)
{
    struct stat st;
    *file = NULL;
    *begun = false;
    if (options->log == NULL)
        return EXIT_CODE_OK;
    if (stat(options->log, &st) == 0 && !S_ISREG(st.st_mode))
        return log_json_open(options, file);
    *file = fopen(options->log, "r+");
    if (*file == NULL)
        return errno == ENOENT ? log_json_open(options, file) : fail_log(options, "continue");
    return cut_log(options, *file, epoch, step, begun);
}

/* The driver of the device that runs: the context's one line has the device's name in it. */
static void write_driver(FILE *file, const tenka_ctx *ctx)
{
    struct tenka_device_info devices[32];
    size_t count = 0;
    const char *name = tenka_ctx_device_name(ctx), *driver = NULL;
    if (tenka_ctx_backend(ctx) == TENKA_BACKEND_VULKAN && tenka_devices(devices, 32, &count) == TENKA_OK)
        for (size_t i = 0; i < count && i < 32 && driver == NULL; i++)
            if (devices[i].name[0] != '\0' && strstr(name, devices[i].name) != NULL)
                driver = devices[i].driver;
    string(file, "driver", driver);
}

static void write_options(FILE *file, const struct session *s)
{
    const struct options *o = s->options;
    fprintf(file, ",\"options\":{\"epochs\":%u,\"batch_size\":%u,\"test_batch_size\":%u", o->epochs, o->batch_size,
            o->test_batch_size);
    string(file, "data", s->data_dir);
    string(file, "net", o->net);
    string(file, "load", o->load);
    string(file, "save", o->save);
    string(file, "optimizer", o->sgd ? "sgd" : "adam");
    number(file, "lr", o->lr, 17);
    number(file, "momentum", o->momentum, 17);
    number(file, "weight_decay", o->weight_decay, 17);
    fprintf(file, ",\"limit\":%u,\"threads\":%d,\"validate\":%s", o->limit, o->threads, o->validate ? "true" : "false");
    string(file, "backend", backend_name(o->backend));
    string(file, "device", o->device);
    fputc('}', file);
}

int log_json_begin(FILE *file, const struct session *s)
{
    if (file == NULL)
        return EXIT_CODE_OK;
    fprintf(file, "{\"version\":\"%s\"", TENKA_VERSION);
    string(file, "backend", backend_name(tenka_ctx_backend(s->ctx)));
    string(file, "device", tenka_ctx_device_name(s->ctx));
    write_driver(file, s->ctx);
    fprintf(file, ",\"seed\":%" PRIu64, s->options->seed);
    write_options(file, s);
    return end_line(file, s->options);
}

int log_json_step(FILE *file, const struct options *options, uint32_t epoch, uint64_t step, double loss)
{
    if (file == NULL)
        return EXIT_CODE_OK;
    fprintf(file, "{\"epoch\":%u,\"step\":%" PRIu64, epoch, step);
    number(file, "loss", loss, 9);
    return end_line(file, options);
}

int log_json_epoch(FILE *file, const struct options *options, const struct epoch_result *result)
{
    if (file == NULL)
        return EXIT_CODE_OK;
    fprintf(file, "{\"epoch\":%u", result->epoch);
    number(file, "train_loss", result->train_loss, 9);
    number(file, "test_loss", result->test.loss, 9);
    number(file, "test_accuracy", result->test.accuracy, 9);
    number(file, "train_seconds", result->train_seconds, 6);
    number(file, "test_seconds", result->test.seconds, 6);
    number(file, "images_per_second", result->images_per_second, 6);
    return end_line(file, options);
}

int log_json_close(FILE **file, const struct options *options)
{
    FILE *open = *file;
    *file = NULL;
    if (open == NULL || fclose(open) == 0)
        return EXIT_CODE_OK;
    return say_failed("cannot write the log %s: %s", options->log, strerror(errno));
}
