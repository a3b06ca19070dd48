#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option_table.h"

/* Control characters of any kind are escaped: JSON may be printed on a terminal. */
void log_json_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (size_t length; *text != '\0'; text += length > 0 ? length : 1) {
        length = utf8_length(text);
        if (length == 0)
            fputs("\xEF\xBF\xBD", file);
        else if (*text == '"' || *text == '\\')
            fprintf(file, "\\%c", *text);
        else if (is_control(text))
            fprintf(file, "\\u%04x", (unsigned char)text[length - 1]); /* U+0080 to U+009F are C2 80 to C2 9F */
        else
            fwrite(text, 1, length, file);
    }
    fputc('"', file);
}

/* With so many significant digits; JSON has no NaN and no infinity. */
static void number_value(FILE *file, double value, int digits)
{
    if (isfinite(value))
        fprintf(file, "%.*g", digits, value);
    else
        fputs("null", file);
}

static void string_value(FILE *file, const char *text)
{
    if (text != NULL)
        log_json_string(file, text);
    else
        fputs("null", file);
}

/* ,"key":value */
static void number(FILE *file, const char *key, double value, int digits)
{
    fprintf(file, ",\"%s\":", key);
    number_value(file, value, digits);
}

/* The same of one that is there, which NaN is not. */
static void known_number(FILE *file, const char *key, double value, int digits)
{
    if (!isnan(value))
        number(file, key, value, digits);
}

static void string(FILE *file, const char *key, const char *text)
{
    fprintf(file, ",\"%s\":", key);
    string_value(file, text);
}

static int fail_log(const struct options *options, const char *verb)
{
    return say_failed("cannot %s the log %s: %s", verb, options->log, strerror(errno));
}

/* ---- Lines ---- */

/* A line is made in memory and reaches the file in one piece, so that the log can be followed while it grows, and has
 * whole lines whatever ends the program. NULL: no log is wanted, or no memory. */
static FILE *begin_line(struct log *log)
{
    if (!log->open)
        return NULL;
    FILE *const line = open_memstream(&log->text, &log->length);
    log->error = line == NULL ? ENOMEM : 0;
    return line;
}

/* Returns 0 or the number of an error. */
static int write_all(int file, const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        const ssize_t put = write(file, text + done, length - done);
        if (put < 0 && errno != EINTR)
            return errno;
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

/* A line that does not fit on the disk is taken back. */
static int end_line(struct log *log, FILE *line)
{
    fputs("}\n", line);
    const bool failed = ferror(line) != 0;
    log->error = fclose(line) != 0 || failed ? ENOMEM : write_all(log->file, log->text, log->length);
    if (log->error == 0)
        log->whole += (off_t)log->length;
    else if (ftruncate(log->file, log->whole) == 0)
        lseek(log->file, log->whole, SEEK_SET);
    free(log->text);
    log->text = NULL;
    return log->error == 0 ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

/* ---- Opening ---- */

static int open_file(const struct options *options, int flags, struct log *log)
{
    log->file = open(options->log, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    log->open = log->file >= 0;
    log->digits = options->backend == TENKA_BACKEND_CPU_F64 ? 17 : 9;
    return log->open ? EXIT_CODE_OK : fail_log(options, "write");
}

int log_json_open(const struct options *options, struct log *log)
{
    log->first_epoch = 1;
    return options->log != NULL ? open_file(options, O_TRUNC, log) : EXIT_CODE_OK;
}

/* Stands in the first line of logs that count epochs from 1. No option's text can be mistaken for it: its quotes would
 * have backslashes before them. */
#define FIRST_EPOCH ",\"first_epoch\":1"

/* In the line of a test within an epoch: how many steps the run had taken. */
#define AFTER_STEP "after_step"

/* Whether a line belongs to what was done before the given epoch, as the log counts them, and step. */
static bool is_kept(const char *line, uint64_t epoch, uint64_t step)
{
    uint64_t e, s;
    if (strchr(line, '\n') == NULL)
        return false; /* the program was killed while writing it */
    if (sscanf(line, "{\"epoch\":%" SCNu64 ",\"step\":%" SCNu64 ",", &e, &s) == 2)
        return s < step;
    if (sscanf(line, "{\"epoch\":%" SCNu64 ",\"" AFTER_STEP "\":%" SCNu64 ",", &e, &s) == 2)
        return s < step; /* a checkpoint of that step was written before the test */
    return sscanf(line, "{\"epoch\":%" SCNu64 ",", &e) == 1 && e < epoch;
}

/* Where the first line that is not kept begins. */
static int find_cut(const struct options *options, FILE *file, uint64_t epoch, uint64_t step, struct log *log,
                    off_t *end, bool *begun)
{
    static const char begin[] = "{\"version\":";
    char *line = NULL;
    size_t capacity = 0;
    *end = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) > 0; *end += length) {
        const bool first = *end == 0, whole = line[length - 1] == '\n';
        if (first && strncmp(line, begin, strlen(begin)) != 0 && whole) {
            free(line);
            return say_failed("cannot continue the log %s: it is no log of 'tenka train'", options->log);
        }
        *begun = *begun || (first && whole);
        /* A log of an old version counts from 0, also where it is continued. */
        if (first && whole)
            log->first_epoch = strstr(line, FIRST_EPOCH) != NULL;
        if (first ? !whole : !is_kept(line, epoch + log->first_epoch, step))
            break;
    }
    free(line);
    return ferror(file) ? fail_log(options, "continue") : EXIT_CODE_OK;
}

static int cut_log(const struct options *options, FILE *file, uint64_t epoch, uint64_t step, struct log *log,
                   bool *begun)
{
    off_t end;
    int code = find_cut(options, file, epoch, step, log, &end, begun);
    if (code == EXIT_CODE_OK)
        code = open_file(options, 0, log);
    if (code != EXIT_CODE_OK)
        return code;
    if (ftruncate(log->file, end) != 0 || lseek(log->file, end, SEEK_SET) != end)
        return fail_log(options, "continue");
    log->whole = end;
    return EXIT_CODE_OK;
}

int log_json_reopen(const struct options *options, uint64_t epoch, uint64_t step, struct log *log, bool *begun)
{
    struct stat st;
    *begun = false;
    log->first_epoch = 1;
    if (options->log == NULL)
        return EXIT_CODE_OK;
    if (stat(options->log, &st) == 0 && !S_ISREG(st.st_mode))
        return log_json_open(options, log);
    FILE *const file = fopen(options->log, "r");
    if (file == NULL)
        return errno == ENOENT ? log_json_open(options, log) : fail_log(options, "continue");
    const int code = cut_log(options, file, epoch, step, log, begun);
    fclose(file);
    return code;
}

/* ---- What is written ---- */

/* The driver of the context's device, which is found by its name: tenka_ctx_device_name has it in its line. */
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

/* Those of the list that this option has given. */
static void list_value(FILE *file, const struct option *option, const struct options *o)
{
    const struct text_list *const list = (const void *)((const char *)o + option->at);
    const char *before = "";
    fputc('[', file);
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i].option, option->name) != 0)
            continue;
        fputs(before, file);
        log_json_string(file, list->item[i].text);
        before = ",";
    }
    fputc(']', file);
}

static void every_value(FILE *file, const struct option *option, const struct options *o)
{
    const struct every *const every = (const void *)((const char *)o + option->at);
    fprintf(file, every->steps ? "\"%" PRIu32 "steps\"" : "%" PRIu32, every->number);
}

void log_json_option(FILE *file, const struct option *option, const struct options *o)
{
    char text[32];
    switch (option->kind) {
    case OPTION_FLAG: fputs(option_integer(option, o) != 0 ? "true" : "false", file); break;
    case OPTION_WHOLE: fprintf(file, "%" PRIu64, option_integer(option, o)); break;
    case OPTION_TIME:
    case OPTION_REAL: fputs(say_shortest(text, option_real(option, o)), file); break;
    case OPTION_EVERY: every_value(file, option, o); break;
    case OPTION_LIST: list_value(file, option, o); break;
    case OPTION_WORD: string_value(file, option_word(option, option_integer(option, o))); break;
    default: string_value(file, option_text(option, o)); break; /* a text: rows of other kinds have no key */
    }
}

/* The options that have a key. "data" is the folder that is used, also where --data was not given. */
static void write_options(FILE *file, const struct session *s)
{
    struct options o = *s->options;
    const char *before = "{";
    o.data = s->data_dir;
    fputs(",\"options\":", file);
    for (const struct option *option = option_table; option->name != NULL; option++) {
        if (option->key == NULL)
            continue;
        fprintf(file, "%s\"%s\":", before, option->key);
        log_json_option(file, option, &o);
        before = ",";
    }
    fputc('}', file);
}

int log_json_begin(struct log *log, const struct session *s)
{
    FILE *const file = begin_line(log);
    if (file == NULL)
        return log_json_failed(log) ? EXIT_CODE_FAILED : EXIT_CODE_OK;
    fprintf(file, "{\"version\":\"%s\"" FIRST_EPOCH, TENKA_VERSION);
    string(file, "backend", backend_name(tenka_ctx_backend(s->ctx)));
    string(file, "device", tenka_ctx_device_name(s->ctx));
    write_driver(file, s->ctx);
    fprintf(file, ",\"seed\":%" PRIu64, s->options->seed);
    write_options(file, s);
    return end_line(log, file);
}

int log_json_step(struct log *log, uint32_t epoch, uint64_t step, double loss)
{
    FILE *const file = begin_line(log);
    if (file == NULL)
        return log_json_failed(log) ? EXIT_CODE_FAILED : EXIT_CODE_OK;
    fprintf(file, "{\"epoch\":%u,\"step\":%" PRIu64, epoch + log->first_epoch, step);
    number(file, "loss", loss, log->digits);
    return end_line(log, file);
}

int log_json_epoch(struct log *log, const struct epoch_result *result)
{
    FILE *const file = begin_line(log);
    if (file == NULL)
        return log_json_failed(log) ? EXIT_CODE_FAILED : EXIT_CODE_OK;
    fprintf(file, "{\"epoch\":%u", result->epoch + log->first_epoch);
    if (result->step > 0)
        fprintf(file, ",\"" AFTER_STEP "\":%" PRIu64, result->step);
    number(file, "train_loss", result->train_loss, log->digits);
    number(file, "test_loss", result->test.loss, log->digits);
    number(file, "test_accuracy", result->test.accuracy, log->digits);
    known_number(file, "test_mae", result->test.numbers.mae, log->digits);
    known_number(file, "test_rmse", result->test.numbers.rmse, log->digits);
    known_number(file, "test_r2", result->test.numbers.r2, log->digits);
    known_number(file, "test_psnr", result->test.numbers.psnr, log->digits);
    known_number(file, "test_mean_iou", result->test.mean_iou, log->digits);
    known_number(file, "test_exact", result->test.exact, log->digits);
    known_number(file, "test_f1", result->test.f1, log->digits);
    number(file, "train_seconds", result->train_seconds, 6);
    number(file, "test_seconds", result->test.seconds, 6);
    number(file, "images_per_second", result->images_per_second, 6);
    number(file, "lr", result->lr, 17);
    return end_line(log, file);
}

bool log_json_failed(const struct log *log)
{
    return log->error != 0;
}

int log_json_close(struct log *log, const struct options *options)
{
    if (!log->open)
        return EXIT_CODE_OK;
    log->open = false;
    if (close(log->file) == 0 || log_json_failed(log))
        return EXIT_CODE_OK;
    return fail_log(options, "write");
}
