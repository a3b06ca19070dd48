#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* ---- JSON ---- */

static void json_value(const struct report *r, double value)
{
    if (isfinite(value))
        fprintf(r->json, "%.6g", value);
    else
        fputs("null", r->json);
}

static void json_number(const struct report *r, const char *key, double value)
{
    fprintf(r->json, ",\"%s\":", key);
    json_value(r, value);
}

static void json_string(const struct report *r, const char *key, const char *text)
{
    fprintf(r->json, ",\"%s\":", key);
    log_json_string(r->json, text);
}

static void list_begin(struct report *r, const char *key)
{
    fprintf(r->json, ",\n\"%s\":[", key);
    r->listed = false;
}

static void element_begin(struct report *r)
{
    fputs(r->listed ? ",\n " : "\n ", r->json);
    r->listed = true;
}

/* ---- Begin and end ---- */

int report_open(struct report *r, const struct options *options)
{
    *r = (struct report){.options = options};
    if (options->json && (r->json = open_memstream(&r->text, &r->length)) == NULL)
        return say_failed("out of memory");
    return EXIT_CODE_OK;
}

void report_device(struct report *r, const tenka_ctx *ctx)
{
    if (r->begun)
        return;
    r->begun = true;
    if (r->json == NULL) {
        session_print_device(ctx, r->options);
        return;
    }
    fprintf(r->json, "{\"version\":\"%s\",\"backend\":\"%s\"", TENKA_VERSION, backend_name(tenka_ctx_backend(ctx)));
    json_string(r, "device", tenka_ctx_device_name(ctx));
    json_string(r, "network", r->options->net != NULL ? r->options->net : "reference");
}

void report_end(struct report *r)
{
    if (r->json != NULL)
        fputs("\n]", r->json);
    fflush(stdout);
}

int report_close(struct report *r, bool good)
{
    int code = EXIT_CODE_OK;
    if (r->json != NULL) {
        fputs("\n}\n", r->json);
        if (fclose(r->json) != 0)
            code = say_failed("out of memory");
        else if (good)
            fputs(r->text, stdout);
    }
    free(r->text);
    if (code == EXIT_CODE_OK && good && fflush(stdout) != 0)
        code = say_output_failed();
    return code;
}

/* ---- Ceilings ---- */

void report_ceilings(struct report *r, const struct tenka_ceilings *c)
{
    r->ceilings = *c;
    if (r->json != NULL) {
        fputs(",\n\"ceilings\":{\"gflops\":", r->json);
        json_value(r, c->flops > 0 ? 1e-9 * c->flops : NAN);
        json_number(r, "gb_per_s", c->bytes > 0 ? 1e-9 * c->bytes : NAN);
        json_number(r, "dispatch_us", 1e6 * c->dispatch_seconds);
        json_number(r, "independent_dispatch_us", 1e6 * c->independent_seconds);
        json_number(r, "submit_us", 1e6 * c->submit_seconds);
        fputc('}', r->json);
        return;
    }
    char rate[32];
    puts("\nCeilings of this device");
    printf("  arithmetic   %10s GFLOP/s  multiplications and additions in registers\n",
           say_number(rate, "%.1f", c->flops > 0 ? 1e-9 * c->flops : NAN));
    printf("  memory       %10s GB/s     a large copy, what it reads and what it writes\n",
           say_number(rate, "%.1f", c->bytes > 0 ? 1e-9 * c->bytes : NAN));
    printf("  dispatch     %10.2f us       a kernel that does nothing and waits for the one before\n",
           1e6 * c->dispatch_seconds);
    printf("               %10.2f us       one that need not wait\n", 1e6 * c->independent_seconds);
    printf("  submission   %10.2f us       one such kernel, and waiting for it\n", 1e6 * c->submit_seconds);
    fflush(stdout);
}

/* The time that is printed: the median, or with --best the shortest. */
static double kernel_seconds(const struct report *r, const struct tenka_kernel_time *k)
{
    return r->options->best ? k->best : k->seconds;
}

static double step_seconds(const struct report *r, const struct step_result *s)
{
    return r->options->best ? s->best : s->seconds;
}

/* NaN where a kernel was shorter than the device's clock can tell. */
static double per_second(double amount, double seconds)
{
    return seconds > 0 ? amount / seconds : NAN;
}

/* Which ceiling bounds a kernel, and what share of it the kernel reaches; NaN where no ceilings were measured. A share
 * above 1 has a reason: the data came from a cache, of which no ceiling is known, or the kernel needs fewer operations
 * than the plain sums that are counted, as Winograd's does. */
static double share_of(const struct report *r, const struct tenka_kernel_time *k, const char **bound)
{
    const double arithmetic = r->ceilings.flops > 0 ? (double)k->flops / r->ceilings.flops : NAN;
    const double memory = r->ceilings.bytes > 0 ? (double)k->bytes / r->ceilings.bytes : NAN;
    const double share = per_second(arithmetic > memory ? arithmetic : memory, kernel_seconds(r, k));
    *bound = arithmetic > memory ? "arithmetic" : "memory";
    if (share > 1)
        *bound = arithmetic > memory ? "plain sums" : "cache";
    return share > 1 && !(arithmetic > memory) ? NAN : share;
}

/* ---- Kernels ---- */

static void json_kernel(const struct report *r, const struct tenka_kernel_time *k)
{
    const char *bound;
    const double share = share_of(r, k, &bound);
    json_string(r, "shapes", k->shapes);
    json_number(r, "us", 1e6 * k->seconds);
    json_number(r, "best_us", 1e6 * k->best);
    fprintf(r->json, ",\"flops\":%" PRIu64 ",\"bytes\":%" PRIu64, k->flops, k->bytes);
    json_number(r, "gflops", per_second(1e-9 * (double)k->flops, kernel_seconds(r, k)));
    json_number(r, "gb_per_s", per_second(1e-9 * (double)k->bytes, kernel_seconds(r, k)));
    json_number(r, "share", share);
    json_string(r, "bound", bound);
}

/* A table cuts shapes to so many columns; JSON has all of them. */
#define MAX_SHAPES 64

static void print_kernel_title(const char *shapes)
{
    printf("  %-22s %11s %9s %8s %6s %-10s  %s\n", "kernel", "us", "GFLOP/s", "GB/s", "share", "of", shapes);
}

static void print_kernel(const struct report *r, const struct tenka_kernel_time *k, const char *shapes)
{
    const char *bound;
    const double share = share_of(r, k, &bound);
    const double seconds = kernel_seconds(r, k);
    char flops[32], bytes[32], part[32];
    printf("  %-22s %11.1f %9s %8s %6s %-10s  %.*s%s\n", k->kernel, 1e6 * seconds,
           say_number(flops, "%.1f", k->flops > 0 ? per_second(1e-9 * (double)k->flops, seconds) : NAN),
           say_number(bytes, "%.1f", per_second(1e-9 * (double)k->bytes, seconds)),
           say_number(part, "%.0f %%", 100 * share), bound, MAX_SHAPES, shapes,
           strlen(shapes) > MAX_SHAPES ? "..." : "");
    fflush(stdout);
}

void report_kernels_begin(struct report *r, const struct step_result *step)
{
    if (r->json != NULL) {
        fprintf(r->json, ",\n\"kernels_batch_size\":%u", step->batch);
        list_begin(r, "kernels");
        return;
    }
    printf("\nKernels of a training step, batch %u, each alone\n", step->batch);
    print_kernel_title("shapes");
}

void report_kernel(struct report *r, const struct tenka_kernel_time *k)
{
    if (r->json == NULL) {
        print_kernel(r, k, k->shapes);
        return;
    }
    element_begin(r);
    fputs("{\"kernel\":", r->json);
    log_json_string(r->json, k->kernel);
    json_kernel(r, k);
    fputc('}', r->json);
}

void report_cases_begin(struct report *r)
{
    if (r->json != NULL) {
        list_begin(r, "shapes");
        return;
    }
    puts("\nKernels of other shapes");
    print_kernel_title("case");
}

static void json_case_begin(struct report *r, const struct tenka_bench_case *c)
{
    element_begin(r);
    fputs("{\"op\":", r->json);
    log_json_string(r->json, c->op);
    json_string(r, "case", c->what);
}

void report_case(struct report *r, const struct tenka_bench_case *c, const struct tenka_kernel_time *k)
{
    if (r->json == NULL) {
        print_kernel(r, k, c->what);
        return;
    }
    json_case_begin(r, c);
    json_string(r, "kernel", k->kernel);
    json_kernel(r, k);
    fputc('}', r->json);
}

void report_case_skipped(struct report *r, const struct tenka_bench_case *c, const char *why)
{
    if (r->json == NULL) {
        print_text(stdout, "  %-22s not on this device: %s  %s\n", c->op, why, c->what);
        return;
    }
    json_case_begin(r, c);
    json_string(r, "skipped", why);
    fputc('}', r->json);
}

/* ---- Whole steps ---- */

void report_steps_begin(struct report *r)
{
    if (r->json != NULL)
        list_begin(r, "steps");
    else
        printf("\nWhole steps: selecting the batch and forward; when training also loss, backward and Adam\n"
               "  %-10s %6s %10s %12s %11s %9s %11s %13s\n",
               "mode", "batch", "ms/step", "images/s", "dispatches", "host us", "device MiB", "resident MiB");
}

static double mebibytes(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

static void print_step(const struct report *r, const struct step_result *s, const char *mode)
{
    const double seconds = step_seconds(r, s);
    char count[32], host[32] = "-";
    if (!isnan(s->host_seconds))
        snprintf(host, sizeof(host), "%.1f", 1e6 * s->host_seconds);
    printf("  %-10s %6u %10.3f %12s %11" PRIu64 " %9s %11.1f %13.1f\n", mode, s->batch, 1e3 * seconds,
           say_count(count, (uint64_t)(s->batch / seconds + 0.5)), s->dispatches, host, mebibytes(s->device_bytes),
           mebibytes(s->resident_bytes));
    fflush(stdout);
}

void report_step(struct report *r, const struct step_result *s)
{
    const char *mode = s->training ? "training" : "inference";
    if (r->json == NULL) {
        print_step(r, s, mode);
        return;
    }
    element_begin(r);
    fprintf(r->json, "{\"mode\":\"%s\",\"batch_size\":%u,\"steps\":%" PRIu64, mode, s->batch, s->steps);
    json_number(r, "ms", 1e3 * s->seconds);
    json_number(r, "best_ms", 1e3 * s->best);
    json_number(r, "images_per_s", s->batch / step_seconds(r, s));
    json_number(r, "host_us", 1e6 * s->host_seconds);
    fprintf(r->json, ",\"dispatches\":%" PRIu64 ",\"device_bytes\":%" PRIu64 ",\"resident_bytes\":%" PRIu64 "}",
            s->dispatches, s->device_bytes, s->resident_bytes);
}
