#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* One run of the command. */
struct bench {
    const struct options *options;
    struct progress progress;
    double step_seconds;
    uint32_t batches[MAX_BATCH_SIZES];
    size_t n_batches;
    bool begun;      /* the device is named */
    FILE *json;      /* NULL: tables are printed instead. In memory, so that nothing half is ever printed */
    bool listed;     /* JSON: the list at work has an element */
};

static double mebibytes(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

/* ---- JSON: one object ---- */

static void json_number(const struct bench *b, const char *key, double value)
{
    if (isfinite(value))
        fprintf(b->json, ",\"%s\":%.6g", key, value);
    else
        fprintf(b->json, ",\"%s\":null", key);
}

static void json_list_begin(struct bench *b, const char *key)
{
    fprintf(b->json, ",\n\"%s\":[", key);
    b->listed = false;
}

static void json_element_begin(struct bench *b)
{
    fputs(b->listed ? ",\n " : "\n ", b->json);
    b->listed = true;
}

static void json_begin(const struct bench *b, const tenka_ctx *ctx)
{
    fprintf(b->json, "{\"version\":\"%s\",\"backend\":\"%s\",\"device\":", TENKA_VERSION,
            backend_name(tenka_ctx_backend(ctx)));
    log_json_string(b->json, tenka_ctx_device_name(ctx));
    fputs(",\"network\":", b->json);
    log_json_string(b->json, b->options->net != NULL ? b->options->net : "reference");
}

/* Names the device, once. */
static void begin(struct bench *b, const tenka_ctx *ctx)
{
    if (!b->begun && b->json != NULL)
        json_begin(b, ctx);
    else if (!b->begun)
        printf("device   %s\n", tenka_ctx_device_name(ctx));
    b->begun = true;
}

/* ---- Whole steps ---- */

static void print_step(struct bench *b, const struct step_result *r)
{
    const char *mode = r->training ? "training" : "inference";
    const double rate = r->batch / r->seconds;
    char count[32], host[32] = "-";
    if (b->json != NULL) {
        json_element_begin(b);
        fprintf(b->json, "{\"mode\":\"%s\",\"batch_size\":%u,\"steps\":%" PRIu64, mode, r->batch, r->steps);
        json_number(b, "ms", 1e3 * r->seconds);
        json_number(b, "images_per_s", rate);
        json_number(b, "host_us", 1e6 * r->host_seconds);
        fprintf(b->json, ",\"dispatches\":%" PRIu64 ",\"device_bytes\":%" PRIu64 ",\"resident_bytes\":%" PRIu64 "}",
                r->dispatches, r->device_bytes, r->resident_bytes);
        return;
    }
    if (!isnan(r->host_seconds))
        snprintf(host, sizeof(host), "%.1f", 1e6 * r->host_seconds);
    printf("  %-10s %6u %10.3f %12s %11" PRIu64 " %9s %11.1f %13.1f\n", mode, r->batch, 1e3 * r->seconds,
           say_count(count, (uint64_t)(rate + 0.5)), r->dispatches, host, mebibytes(r->device_bytes),
           mebibytes(r->resident_bytes));
}

static int measure_modes(struct bench *b, struct stepper *s)
{
    for (int training = 0; training < 2; training++) {
        struct step_result result;
        int code = stepper_set_training(s, training != 0);
        if (code == EXIT_CODE_OK)
            code = stepper_measure(s, b->step_seconds, &result);
        if (code != EXIT_CODE_OK || interrupt_signal() != 0)
            return code;
        print_step(b, &result);
        fflush(stdout);
    }
    return EXIT_CODE_OK;
}

static void steps_title(struct bench *b)
{
    if (b->json != NULL)
        json_list_begin(b, "steps");
    else
        printf("\nWhole steps: batch selection and forward; when training also loss, backward and Adam\n"
               "  %-10s %6s %10s %12s %11s %9s %11s %13s\n", "mode", "batch", "ms/step", "images/s", "dispatches",
               "host us", "device MiB", "resident MiB");
}

static int measure_steps(struct bench *b)
{
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < b->n_batches && code == EXIT_CODE_OK && interrupt_signal() == 0; i++) {
        struct stepper stepper;
        code = stepper_open(&stepper, b->options, b->batches[i], &b->progress);
        if (code == EXIT_CODE_OK) {
            begin(b, stepper.session.ctx);
            if (i == 0)
                steps_title(b);
            code = measure_modes(b, &stepper);
        }
        stepper_close(&stepper);
    }
    if (b->json != NULL)
        fputs("\n]", b->json);
    return code;
}

/* ---- All of it ---- */

static void settle_options(struct bench *b)
{
    static const uint32_t usual[] = { 32, 100, 1000 };
    const struct options *o = b->options;
    b->step_seconds = (o->seconds > 0 ? o->seconds : 1) * (o->quick ? 0.1 : 1);
    b->n_batches = o->n_batch_sizes;
    memcpy(b->batches, o->batch_sizes, sizeof(b->batches));
    if (b->n_batches == 0) {
        b->n_batches = o->quick ? 1 : 3;
        memcpy(b->batches, o->quick ? usual + 1 : usual, b->n_batches * sizeof(usual[0]));
    }
}

/* text: where the stream's memory is once it is closed */
static int print_json(struct bench *b, char **text, int code)
{
    fputs("\n}\n", b->json);
    if (fclose(b->json) != 0)
        return say_failed("out of memory");
    if (code == EXIT_CODE_OK)
        fputs(*text, stdout);
    return code;
}

int command_bench(const struct options *options)
{
    /* What the library has to tell of a network is no news here, and would be told for each batch size. */
    struct options silent = *options;
    silent.quiet = true;
    struct bench b = { .options = &silent };
    char *text = NULL;
    size_t length = 0;
    interrupt_catch();
    progress_init(&b.progress, options->quiet);
    settle_options(&b);
    if (options->json && (b.json = open_memstream(&text, &length)) == NULL)
        return say_failed("out of memory");
    int code = measure_steps(&b);
    if (interrupt_signal() != 0 && code == EXIT_CODE_OK) {
        say_failed("stopped by a signal; not all was measured");
        code = EXIT_CODE_SIGNAL + interrupt_signal();
    }
    if (b.json != NULL)
        code = print_json(&b, &text, code);
    free(text);
    return code == EXIT_CODE_OK && fflush(stdout) != 0 ? say_failed("cannot write to the standard output") : code;
}
