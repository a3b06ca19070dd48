/* The trace event format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "profile.h"

/* Threads of the trace's one process, as Perfetto calls its tracks. */
enum track { TRACK_HOST = 1, TRACK_DEVICE };

struct trace {
    FILE *file;
    double zero; /* seconds: the trace's begin */
};

/* Begin and end are rounded alike, to whole nanoseconds, so that an event stays inside the one that holds it. */
static int64_t nanoseconds(const struct trace *t, double seconds)
{
    return llround(1e9 * (seconds - t->zero));
}

static void write_time(const struct trace *t, const char *key, int64_t ns)
{
    fprintf(t->file, ",\"%s\":%s%" PRId64 ".%03" PRId64, key, ns < 0 ? "-" : "", (ns < 0 ? -ns : ns) / 1000,
            (ns < 0 ? -ns : ns) % 1000);
}

/* An event without its end, so that arguments can follow; times are written in microseconds. */
static void begin_event(const struct trace *t, enum track track, const char *category, const char *name, double begin,
                        double end)
{
    const int64_t at = nanoseconds(t, begin);
    fputs(",\n{\"ph\":\"X\",\"pid\":1", t->file);
    fprintf(t->file, ",\"tid\":%d,\"cat\":\"%s\",\"name\":", track, category);
    log_json_string(t->file, name);
    write_time(t, "ts", at);
    write_time(t, "dur", nanoseconds(t, end) - at);
}

static void write_event(const struct trace *t, enum track track, const char *category, const char *name, double begin,
                        double end)
{
    begin_event(t, track, category, name, begin, end);
    fputc('}', t->file);
}

static void write_names(const struct trace *t, const struct profile *p)
{
    char device[700];
    snprintf(device, sizeof(device), "device, %.600s", tenka_ctx_device_name(p->stepper.session.ctx));
    fputs("\n{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"tenka profile\"}}", t->file);
    fprintf(t->file, ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"host\"}}",
            TRACK_HOST);
    fprintf(t->file,
            ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":", TRACK_DEVICE);
    log_json_string(t->file, device);
    fputs("}}", t->file);
}

/* ---- Tracks ---- */

static void write_host(const struct trace *t, const struct profile_step *step, size_t number)
{
    static const char *const names[] = {
        [TENKA_HOST_TRACE] = "trace",
        [TENKA_HOST_PLAN] = "plan",
        [TENKA_HOST_SUBMIT] = "submit",
        [TENKA_HOST_WAIT] = "wait",
    };
    char name[32];
    snprintf(name, sizeof(name), "step %zu", number);
    write_event(t, TRACK_HOST, "step", name, step->begin, step->end);
    for (size_t i = 0; i < step->n_host && i < MAX_HOST_TIMES; i++)
        write_event(t, TRACK_HOST, "host", names[step->host[i].work], step->host[i].begin, step->host[i].end);
}

static bool same_phase(const struct tenka_dispatch *a, const struct tenka_dispatch *b)
{
    return a->phase == b->phase;
}

static bool same_layer(const struct tenka_dispatch *a, const struct tenka_dispatch *b)
{
    return a->phase == b->phase && strcmp(a->layer, b->layer) == 0;
}

/* The index behind the last of the dispatches that follow the first one and are of the same phase or layer. */
static size_t end_of(const struct profile *p, size_t first,
                     bool (*same)(const struct tenka_dispatch *a, const struct tenka_dispatch *b))
{
    size_t end = first + 1;
    while (end < p->n_dispatches && same(&p->dispatches[first], &p->dispatches[end]))
        end++;
    return end;
}

static void write_groups(const struct trace *t, const struct profile *p, const struct profile_step *step,
                         const char *category,
                         bool (*same)(const struct tenka_dispatch *a, const struct tenka_dispatch *b))
{
    size_t end;
    for (size_t i = 0; i < p->n_dispatches; i = end) {
        const struct tenka_dispatch *d = &p->dispatches[i];
        const char *name = same == same_phase ? tenka_phase_name(d->phase) : d->layer;
        end = end_of(p, i, same);
        if (name[0] != '\0')
            write_event(t, TRACK_DEVICE, category, name, step->dispatches[2 * i], step->dispatches[2 * end - 1]);
    }
}

static void write_dispatch(const struct trace *t, const struct tenka_dispatch *d, const double times[2])
{
    begin_event(t, TRACK_DEVICE, "dispatch", d->kernel, times[0], times[1]);
    fputs(",\"args\":{\"label\":", t->file);
    log_json_string(t->file, d->label);
    fputs(",\"layer\":", t->file);
    log_json_string(t->file, d->layer);
    fputs(",\"phase\":", t->file);
    log_json_string(t->file, tenka_phase_name(d->phase));
    fputs(",\"shapes\":", t->file);
    log_json_string(t->file, d->shapes);
    fprintf(t->file, ",\"flops\":%" PRIu64 ",\"bytes\":%" PRIu64 "}}", d->flops, d->bytes);
}

/* Phases contain layers, and layers dispatches. Perfetto nests events that begin at one time in the order in which they
 * are written. */
static void write_device(const struct trace *t, const struct profile *p, const struct profile_step *step)
{
    write_groups(t, p, step, "phase", same_phase);
    write_groups(t, p, step, "layer", same_layer);
    for (size_t i = 0; i < p->n_dispatches; i++)
        write_dispatch(t, &p->dispatches[i], &step->dispatches[2 * i]);
}

int profile_write_trace(const struct profile *p, const char *path)
{
    struct trace t = {.file = fopen(path, "w"), .zero = p->steps[0].begin};
    if (t.file == NULL)
        return say_failed("cannot write the trace %s: %s", path, strerror(errno));
    fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"clock\":", t.file);
    log_json_string(t.file, tenka_profile_clock(p->stepper.session.ctx));
    fputs("},\"traceEvents\":[", t.file);
    write_names(&t, p);
    for (size_t k = 0; k < p->n_steps; k++) {
        write_host(&t, &p->steps[k], k + 1);
        write_device(&t, p, &p->steps[k]);
    }
    fputs("\n]}\n", t.file);
    const bool wrote = !ferror(t.file);
    if (fclose(t.file) == 0 && wrote)
        return EXIT_CODE_OK;
    return say_failed("cannot write the trace %s: %s", path, strerror(errno));
}
