#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

/* What is known of a dispatch after all steps. */
struct row {
    const struct tenka_dispatch *what;
    double seconds; /* the median */
    double gap;     /* median of how long the device did nothing before it; NaN for the first */
    double share;   /* of all dispatches and gaps */
};

static const enum tenka_phase phases[] = {TENKA_PHASE_FORWARD, TENKA_PHASE_BACKWARD, TENKA_PHASE_UPDATE};

/* ---- Medians ---- */

static double median_seconds(const struct profile *p, size_t i, double *room)
{
    for (size_t k = 0; k < p->n_steps; k++)
        room[k] = p->steps[k].dispatches[2 * i + 1] - p->steps[k].dispatches[2 * i];
    return median(room, p->n_steps);
}

static double median_gap(const struct profile *p, size_t i, double *room)
{
    if (i == 0)
        return NAN;
    for (size_t k = 0; k < p->n_steps; k++)
        room[k] = p->steps[k].dispatches[2 * i] - p->steps[k].dispatches[2 * i - 1];
    return median(room, p->n_steps);
}

/* From the first dispatch's begin to the last one's end. */
static double median_device(const struct profile *p, double *room)
{
    for (size_t k = 0; k < p->n_steps; k++)
        room[k] = p->steps[k].dispatches[2 * p->n_dispatches - 1] - p->steps[k].dispatches[0];
    return median(room, p->n_steps);
}

static double median_timed(const struct profile *p, double *room)
{
    for (size_t k = 0; k < p->n_steps; k++)
        room[k] = p->steps[k].end - p->steps[k].begin;
    return median(room, p->n_steps);
}

static double phase_seconds(const struct row *rows, size_t n, enum tenka_phase phase)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += rows[i].what->phase == phase ? rows[i].seconds : 0;
    return sum;
}

static double gap_seconds(const struct row *rows, size_t n)
{
    double sum = 0;
    for (size_t i = 1; i < n; i++)
        sum += rows[i].gap;
    return sum;
}

/* Of all dispatches and gaps; never 0, since shares are divided by it. */
static double all_seconds(const struct row *rows, size_t n)
{
    double sum = gap_seconds(rows, n);
    for (size_t i = 0; i < n; i++)
        sum += rows[i].seconds;
    return sum > 0 ? sum : DBL_MIN;
}

/* ---- Tables ---- */

#define MAX_SHAPES 64
#define MAX_LAYER 40

static int layer_width(const struct row *rows, size_t n)
{
    size_t width = strlen("layer");
    for (size_t i = 0; i < n; i++)
        width = strlen(rows[i].what->layer) > width ? strlen(rows[i].what->layer) : width;
    return (int)(width < MAX_LAYER ? width : MAX_LAYER);
}

/* The text, or as much of it as a width takes, with "..." at its end. */
static const char *cut(char out[static 200], const char *text, int width)
{
    const bool whole = strlen(text) <= (size_t)width;
    snprintf(out, 200, "%.*s%s", whole ? width : width - 3, text, whole ? "" : "...");
    return out;
}

/* A share of a whole, or work in a second; NaN where the time was shorter than the device's clock can tell. */
static double per(double amount, double of)
{
    return of > 0 ? amount / of : NAN;
}

static void print_row(const struct row *row, int width)
{
    const struct tenka_dispatch *d = row->what;
    char layer[200], shapes[200], share[32], gap[32], flops[32], bytes[32];
    print_text(stdout, "  %-8s  %-*s  %-26s %10.1f %7s %9s %9s %8s  %s\n", tenka_phase_name(d->phase), width,
               cut(layer, d->layer[0] != '\0' ? d->layer : "-", width), d->label, 1e6 * row->seconds,
               say_number(share, "%.1f %%", 100 * row->share), say_number(gap, "%.1f", 1e6 * row->gap),
               say_number(flops, "%.1f", d->flops > 0 ? per(1e-9 * (double)d->flops, row->seconds) : NAN),
               say_number(bytes, "%.1f", per(1e-9 * (double)d->bytes, row->seconds)),
               cut(shapes, d->shapes, MAX_SHAPES));
}

static void print_rows(const struct row *rows, size_t n)
{
    const int width = layer_width(rows, n);
    printf("\n  %-8s  %-*s  %-26s %10s %7s %9s %9s %8s  %s\n", "phase", width, "layer", "dispatch", "us", "share",
           "gap us", "GFLOP/s", "GB/s", "shapes");
    for (size_t i = 0; i < n; i++)
        print_row(&rows[i], width);
}

static void print_sums(const struct row *rows, size_t n)
{
    const double gaps = gap_seconds(rows, n), all = all_seconds(rows, n);
    char share[32];
    puts("");
    for (size_t k = 0; k < sizeof(phases) / sizeof(phases[0]); k++) {
        const double seconds = phase_seconds(rows, n, phases[k]);
        printf("  %-8s %10.3f ms %7s\n", tenka_phase_name(phases[k]), 1e3 * seconds,
               say_number(share, "%.1f %%", per(100 * seconds, all)));
    }
    printf("  %-8s %10.3f ms %7s  between the dispatches\n", "gaps", 1e3 * gaps,
           say_number(share, "%.1f %%", per(100 * gaps, all)));
}

static void print_steps(const struct profile *p, double device, double timed)
{
    const struct options *o = p->options;
    printf("step     %.3f ms untimed in a loop, %.3f ms untimed and waited for", 1e3 * p->loop_seconds,
           1e3 * p->waited_seconds);
    if (p->not_timed[0] != '\0') {
        printf("; batch %u, medians of %u steps\n         its dispatches are not shown: %s\n", o->batch_size, o->steps,
               p->not_timed);
        return;
    }
    printf(", %.3f ms timed and waited for\n", 1e3 * timed);
    printf("         of which the device takes %.3f ms for %zu dispatches; batch %u, medians of %zu steps\n",
           1e3 * device, p->n_dispatches, o->batch_size, p->n_steps);
    print_text(stdout, "clock    %s\n", tenka_profile_clock(p->stepper.session.ctx));
}

static void print_tables(const struct profile *p, const struct row *rows, double device, double timed)
{
    const struct options *o = p->options;
    session_print_device(p->stepper.session.ctx, o);
    print_steps(p, device, timed);
    if (o->trace != NULL)
        print_text(stdout, "trace    %s: open it in https://ui.perfetto.dev\n", o->trace);
    if (o->capture != NULL)
        print_text(stdout, "capture  %s: open it with qrenderdoc\n", o->capture);
    if (p->n_dispatches == 0)
        return;
    print_rows(rows, p->n_dispatches);
    print_sums(rows, p->n_dispatches);
}

/* ---- JSON ---- */

static void json_number(const char *key, double value)
{
    if (isfinite(value))
        printf(",\"%s\":%.6g", key, value);
    else
        printf(",\"%s\":null", key);
}

static void json_string(const char *key, const char *text)
{
    printf(",\"%s\":", key);
    log_json_string(stdout, text);
}

static void json_row(const struct row *row, bool first)
{
    const struct tenka_dispatch *d = row->what;
    printf("%s\n {\"label\":", first ? "" : ",");
    log_json_string(stdout, d->label);
    json_string("kernel", d->kernel);
    json_string("phase", tenka_phase_name(d->phase));
    json_string("layer", d->layer);
    json_string("shapes", d->shapes);
    json_number("us", 1e6 * row->seconds);
    json_number("share", row->share);
    json_number("gap_us", 1e6 * row->gap);
    printf(",\"flops\":%" PRIu64 ",\"bytes\":%" PRIu64, d->flops, d->bytes);
    json_number("gflops", per(1e-9 * (double)d->flops, row->seconds));
    json_number("gb_per_s", per(1e-9 * (double)d->bytes, row->seconds));
    putchar('}');
}

static void print_json(const struct profile *p, const struct row *rows, double device, double timed)
{
    tenka_ctx *ctx = p->stepper.session.ctx;
    printf("{\"version\":\"%s\",\"backend\":\"%s\"", TENKA_VERSION, backend_name(tenka_ctx_backend(ctx)));
    json_string("device", tenka_ctx_device_name(ctx));
    json_string("network", p->options->net != NULL ? p->options->net : "reference");
    json_string("clock", tenka_profile_clock(ctx));
    if (p->not_timed[0] != '\0')
        json_string("not_timed", p->not_timed);
    printf(",\"batch_size\":%u,\"steps\":%zu", p->options->batch_size, p->n_steps);
    json_number("loop_ms", 1e3 * p->loop_seconds);
    json_number("untimed_ms", 1e3 * p->waited_seconds);
    json_number("timed_ms", 1e3 * timed);
    json_number("device_ms", 1e3 * device);
    json_number("gaps_ms", p->n_dispatches > 0 ? 1e3 * gap_seconds(rows, p->n_dispatches) : NAN);
    for (size_t k = 0; k < sizeof(phases) / sizeof(phases[0]); k++) {
        char key[32];
        snprintf(key, sizeof(key), "%s_ms", tenka_phase_name(phases[k]));
        json_number(key, p->n_dispatches > 0 ? 1e3 * phase_seconds(rows, p->n_dispatches, phases[k]) : NAN);
    }
    fputs(",\n\"dispatches\":[", stdout);
    for (size_t i = 0; i < p->n_dispatches; i++)
        json_row(&rows[i], i == 0);
    puts("\n]}");
}

/* ---- All of it ---- */

static void fill_rows(const struct profile *p, struct row *rows, double *room)
{
    for (size_t i = 0; i < p->n_dispatches; i++) {
        rows[i] = (struct row){.what = &p->dispatches[i], .seconds = median_seconds(p, i, room)};
        rows[i].gap = median_gap(p, i, room);
    }
    const double all = all_seconds(rows, p->n_dispatches);
    for (size_t i = 0; i < p->n_dispatches; i++)
        rows[i].share = per(rows[i].seconds, all);
}

int profile_report(const struct profile *p)
{
    struct row *rows = calloc(p->n_dispatches + 1, sizeof(*rows));
    double *room = calloc(p->n_steps + 1, sizeof(*room));
    int code = EXIT_CODE_OK;
    if (rows == NULL || room == NULL) {
        code = say_failed("out of memory");
    } else {
        const double device = p->n_dispatches > 0 ? median_device(p, room) : NAN, timed = median_timed(p, room);
        fill_rows(p, rows, room);
        if (p->options->json)
            print_json(p, rows, device, timed);
        else
            print_tables(p, rows, device, timed);
        if (fflush(stdout) != 0)
            code = say_output_failed();
    }
    free(rows);
    free(room);
    return code;
}
