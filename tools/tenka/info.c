/* `tenka info`: what is in a saved file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

static const char *kind_text(const tenka_contents *c)
{
    const enum tenka_contents_kind kind = tenka_contents_kind(c);
    return kind == TENKA_CONTENTS_CHECKPOINT ? "checkpoint" : kind == TENKA_CONTENTS_MODEL ? "model" : "weights";
}

struct counts {
    uint64_t tensors, elements; /* of the network */
    uint64_t moments;           /* elements of the optimizer's */
};

static struct counts count(const tenka_contents *c)
{
    struct counts n = {0};
    struct tenka_contents_tensor tensor;
    for (size_t i = 0; tenka_contents_tensor(c, i, &tensor) == TENKA_OK; i++) {
        const uint64_t elements = shape_count(tensor.shape);
        n.tensors += tensor.network;
        n.elements += tensor.network ? elements : 0;
        n.moments += tensor.network ? 0 : elements;
    }
    return n;
}

static void print_shape(const struct tenka_shape *shape, const char *between)
{
    putchar('[');
    for (uint32_t i = 0; i < shape->rank; i++)
        printf("%s%u", i > 0 ? between : "", shape->dim[i]);
    putchar(']');
}

/* ---- For people ---- */

static bool is_net(const char *name)
{
    return strcmp(name, "net") == 0 || strcmp(name, "layers") == 0;
}

#define RUN "checkpoint."
#define GROUPS RUN "optimizer.groups"

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What only a run that goes on needs; --json has it. */
static bool is_bookkeeping(const struct tenka_contents_note *note)
{
    static const char *const begins[] = {
        RUN "format",
        RUN "generator.",
        RUN "loss.",
        RUN "optimizer.steps",
        RUN "schedule.by_step",
        RUN "schedule.numbers",
        RUN "schedule.total",
        RUN "test_loader.",
        RUN "train_loader.epoch_seed",
        RUN "train_loader.index",
        RUN "train_loader.labels",
        RUN "train_loader.order_seed",
        RUN "train_loader.running",
    };
    bool hidden = strcmp(note->value, "null") == 0;
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        hidden = hidden || has_prefix(note->name, begins[i]);
    return hidden;
}

/* One line, as long as the terminal is wide. */
static void print_line(const char *name, const char *value, size_t width)
{
    const size_t columns = terminal_columns(1), room = columns > width + 12 ? columns - width - 2 : 10;
    char text[1024];
    snprintf(text, sizeof(text), "%s", value);
    make_harmless(text);
    const bool cut = strlen(value) >= sizeof(text) || text_columns(text) > room;
    text_cut(text, cut ? room - 3 : room);
    print_text(stdout, "%-*s  %s%s\n", (int)width, name, text, cut ? "..." : "");
}

/* Of each group of an optimizer the arguments that are not 0: [{"options":{"lr":"0.1", ...}, ...}, ...]. */
static void print_groups(const char *json, size_t width)
{
    static const char options[] = "\"options\":{";
    for (const char *at = strstr(json, options); at != NULL; at = strstr(at, options)) {
        char line[1024], name[32], value[40];
        int used = 0, read = 0;
        line[0] = '\0';
        for (at += strlen(options); sscanf(at, "\"%31[^\"]\":\"%39[^\"]\"%n", name, value, &read) == 2 && read > 0;
             at += read + (at[read] == ','), read = 0)
            if (strcmp(value, "0.0") != 0 && used < (int)sizeof(line) - 80)
                used += snprintf(line + used, sizeof(line) - (size_t)used, "%s%s=%g", used > 0 ? ", " : "", name,
                                 strtod(value, NULL));
        print_line("optimizer.group", line, width);
    }
}

static void print_notes(const tenka_contents *c)
{
    struct tenka_contents_note note;
    const size_t width = strlen("train_loader.batch_size");
    for (size_t i = 0; tenka_contents_note(c, i, &note) == TENKA_OK; i++) {
        const char *const name = note.name + (has_prefix(note.name, RUN) ? strlen(RUN) : 0);
        if (strcmp(note.name, GROUPS) == 0)
            print_groups(note.value, width);
        else if (!is_net(note.name) && !is_bookkeeping(&note))
            print_line(name, note.value, width);
    }
}

static void print_tensors(const tenka_contents *c)
{
    struct tenka_contents_tensor tensor;
    size_t width = 6;
    for (size_t i = 0; tenka_contents_tensor(c, i, &tensor) == TENKA_OK; i++)
        width = strlen(tensor.name) > width && strlen(tensor.name) < 60 ? strlen(tensor.name) : width;
    printf("\n%-*s  %-5s  %s\n", (int)width, "Tensor", "Type", "Shape");
    for (size_t i = 0; tenka_contents_tensor(c, i, &tensor) == TENKA_OK; i++) {
        print_text(stdout, "%-*s  %-5s  ", (int)width, tensor.name, tensor.dtype);
        print_shape(&tensor.shape, ", ");
        putchar('\n');
    }
}

static void print_net(const tenka_contents *c)
{
    struct tenka_contents_note note;
    for (size_t i = 0; tenka_contents_note(c, i, &note) == TENKA_OK; i++) {
        if (!is_net(note.name))
            continue;
        puts("\nNetwork:");
        for (const char *line = note.value; *line != '\0';
             line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
            print_text(stdout, "%.*s\n", (int)strcspn(line, "\n"), line);
    }
}

static void print_lines(const tenka_contents *c, const char *path)
{
    const struct counts n = count(c);
    char bytes[32], elements[32], moments[32];
    print_text(stdout, "%s: %s, a %s%s, %s bytes\n", path, tenka_contents_format(c),
               strcmp(kind_text(c), "weights") == 0 ? "file of " : "", kind_text(c),
               say_count(bytes, tenka_contents_bytes(c)));
    printf("%" PRIu64 " tensor%s of the network with %s numbers", n.tensors, plural(n.tensors),
           say_count(elements, n.elements));
    if (n.moments > 0)
        printf(", and the optimizer's with %s", say_count(moments, n.moments));
    puts(tenka_contents_notes(c) > 0 ? "\n" : "");
    print_notes(c);
    print_tensors(c);
    print_net(c);
}

/* ---- For programs ---- */

static void print_json(const tenka_contents *c, const char *path)
{
    const struct counts n = count(c);
    struct tenka_contents_note note;
    struct tenka_contents_tensor tensor;
    fputs("{\"file\":", stdout);
    log_json_string(stdout, path);
    printf(",\"format\":\"%s\",\"kind\":\"%s\",\"bytes\":%" PRIu64 ",\"numbers\":%" PRIu64 ",\"notes\":{",
           tenka_contents_format(c), kind_text(c), tenka_contents_bytes(c), n.elements);
    for (size_t i = 0; tenka_contents_note(c, i, &note) == TENKA_OK; i++) {
        fputs(i > 0 ? ",\n" : "\n", stdout);
        log_json_string(stdout, note.name);
        putchar(':');
        log_json_string(stdout, note.value);
    }
    fputs("},\"tensors\":[", stdout);
    for (size_t i = 0; tenka_contents_tensor(c, i, &tensor) == TENKA_OK; i++) {
        fputs(i > 0 ? ",\n{\"name\":" : "\n{\"name\":", stdout);
        log_json_string(stdout, tensor.name);
        fputs(",\"dtype\":", stdout);
        log_json_string(stdout, tensor.dtype);
        fputs(",\"shape\":", stdout);
        print_shape(&tensor.shape, ",");
        printf(",\"network\":%s}", tensor.network ? "true" : "false");
    }
    puts("]}");
}

int command_info(const struct options *options)
{
    const char *const path = options->pictures[0];
    tenka_contents *contents;
    if (tenka_contents_open(NULL, path, &contents) != TENKA_OK)
        return say_library_failed(NULL);
    if (options->json)
        print_json(contents, path);
    else
        print_lines(contents, path);
    tenka_contents_close(&contents);
    return EXIT_CODE_OK;
}
