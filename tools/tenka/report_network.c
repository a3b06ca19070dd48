/* The network, what its first layer looks for, and how the run can be repeated. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "report.h"

/* ---- Layers ---- */

/* Without the batch. */
static void write_shape(const struct tenka_shape *shape, FILE *file)
{
    for (uint32_t i = 1; i < shape->rank; i++)
        fprintf(file, "%s%u", i > 1 ? " &times; " : "", shape->dim[i]);
}

/* "" for none. */
static void write_count(uint64_t count, FILE *file)
{
    char text[32];
    fprintf(file, "<td class=\"n\">%s</td>", count > 0 ? say_count(text, count) : "");
}

#define BATCH 2u /* that the layers are asked about */

static void write_layer(const struct tenka_layer_info *layer, FILE *file)
{
    fprintf(file, "<tr><td style=\"padding-left:%.1fem\">", 0.6 + 1.2 * layer->depth);
    html_text(file, layer->name);
    fprintf(file, "%s", layer->depth > 0 ? " " : "");
    fputs("<b>", file);
    html_text(file, layer->class_name);
    fputs("</b></td><td>", file);
    write_shape(&layer->output, file);
    fputs("</td>", file);
    write_count(layer->parameters, file);
    write_count(layer->container ? 0 : layer->multiply_adds / BATCH, file);
    fputs("</tr>\n", file);
}

static void write_call(const struct tenka_call_info *call, FILE *file)
{
    fputs("<tr><td>", file);
    html_text(file, call->path != NULL ? call->path : "");
    fprintf(file, "%s<b>", call->path != NULL ? " " : "");
    html_text(file, call->path != NULL ? call->class_name : call->function);
    fputs("</b></td><td>", file);
    write_shape(&call->output, file);
    fputs("</td>", file);
    write_count(call->parameters, file);
    write_count(call->multiply_adds / BATCH, file);
    fputs("</tr>\n", file);
}

static void write_calls(const struct session *s, struct tenka_shape input, size_t count, FILE *file)
{
    struct tenka_call_info *const calls = calloc(count, sizeof(calls[0]));
    if (calls != NULL && tenka_module_calls(s->net, input, calls, count, &count) == TENKA_OK)
        for (size_t i = 0; i < count; i++)
            write_call(&calls[i], file);
    free(calls);
}

static void write_layers(const struct session *s, struct tenka_shape input, FILE *file)
{
    size_t count = 0;
    if (tenka_module_layers(s->net, input, NULL, 0, &count) != TENKA_OK)
        return;
    struct tenka_layer_info *const layers = calloc(count, sizeof(layers[0]));
    if (layers != NULL && tenka_module_layers(s->net, input, layers, count, &count) == TENKA_OK)
        for (size_t i = 0; i < count; i++)
            write_layer(&layers[i], file);
    free(layers);
}

/* ---- Filters of the first convolution ---- */

#define MAX_FILTERS 128
#define FILTER_GAP 1
#define FILTER_COLUMNS 16

/* The first weight that looks at pictures: [filters, 1 or 3, height, width]. */
static tenka_variable *find_filters(const struct session *s)
{
    const size_t count = tenka_module_state(s->net, NULL, 0);
    struct tenka_state_entry *const state = calloc(count + 1, sizeof(state[0]));
    tenka_variable *found = NULL;
    if (state == NULL)
        return NULL;
    tenka_module_state(s->net, state, count);
    for (size_t i = 0; i < count && found == NULL; i++) {
        const struct tenka_shape shape = state[i].var != NULL ? tenka_variable_shape(state[i].var)
                                                              : (struct tenka_shape){0};
        if (!state[i].parameter || shape.rank != 4)
            continue;
        if ((shape.dim[1] != 1 && shape.dim[1] != 3) || shape.dim[2] < 3 || shape.dim[3] < 3)
            break; /* those of later layers look at no pictures */
        found = state[i].var;
    }
    free(state);
    return found;
}

/* Where filters lie beside each other. */
struct filter_sheet {
    uint32_t filters, channels, height, width; /* of each filter */
    uint32_t columns, sheet_width, sheet_height;
};

static struct filter_sheet lay_out(const struct tenka_shape *shape)
{
    struct filter_sheet f = {shape->dim[0], shape->dim[1], shape->dim[2], shape->dim[3], 0, 0, 0};
    f.filters = f.filters < MAX_FILTERS ? f.filters : MAX_FILTERS;
    f.columns = f.filters < FILTER_COLUMNS ? f.filters : FILTER_COLUMNS;
    const uint32_t rows = (f.filters + f.columns - 1) / f.columns;
    f.sheet_width = f.columns * (f.width + FILTER_GAP) - FILTER_GAP;
    f.sheet_height = rows * (f.height + FILTER_GAP) - FILTER_GAP;
    return f;
}

/* Each from its least weight, black, to its largest, white. */
static void draw_filter(const struct filter_sheet *f, uint32_t index, const float *weights, uint8_t *pixels)
{
    const uint32_t plane = f->height * f->width, count = f->channels * plane;
    const uint32_t left = index % f->columns * (f->width + FILTER_GAP);
    const uint32_t top = index / f->columns * (f->height + FILTER_GAP);
    double least = INFINITY, most = -INFINITY;
    for (uint32_t i = 0; i < count; i++) {
        least = fmin(least, (double)weights[i]);
        most = fmax(most, (double)weights[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t c = i / plane, y = i % plane / f->width, x = i % f->width;
        const double part = most > least ? ((double)weights[i] - least) / (most - least) : 0.5;
        pixels[((top + y) * f->sheet_width + left + x) * f->channels + c] = (uint8_t)(255 * part + 0.5);
    }
}

static tenka_image *draw_filters(const struct session *s, tenka_variable *weight)
{
    const struct tenka_shape shape = tenka_variable_shape(weight);
    const struct filter_sheet f = lay_out(&shape);
    const size_t each = (size_t)f.channels * f.height * f.width, count = shape_count(shape);
    float *const weights = calloc(count, sizeof(weights[0]));
    uint8_t *const pixels = malloc((size_t)f.sheet_width * f.sheet_height * f.channels);
    tenka_image *image = NULL;
    if (weights != NULL && pixels != NULL &&
        tenka_variable_read(weight, weights, count * sizeof(weights[0])) == TENKA_OK) {
        memset(pixels, 128, (size_t)f.sheet_width * f.sheet_height * f.channels);
        for (uint32_t i = 0; i < f.filters; i++)
            draw_filter(&f, i, weights + i * each, pixels);
        if (tenka_image_create(s->ctx, pixels, f.sheet_width, f.sheet_height, f.channels, &image) != TENKA_OK)
            image = NULL;
    }
    free(weights);
    free(pixels);
    return image;
}

static void write_filters(const struct session *s, FILE *file)
{
    tenka_variable *const weight = find_filters(s);
    tenka_image *image = weight != NULL ? draw_filters(s, weight) : NULL;
    if (image == NULL)
        return;
    fputs("<section id=\"filters\"><h2>Filters of the first layer</h2><div class=\"filters\">", file);
    html_picture(file, s->ctx, image, 900, "filters of the first convolution");
    fputs("</div></section>\n", file);
    tenka_image_destroy(&image);
}

void report_network(const struct report *r, FILE *file)
{
    const struct tenka_shape input = batch_shape(session_data(r->s), BATCH);
    size_t calls = 0;
    write_filters(r->s, file);
    fputs("<section id=\"network\"><h2>Network</h2><div class=\"wide\"><table><tr><th>Layer</th><th>Output</th>"
          "<th class=\"n\">Parameters</th><th class=\"n\">Multiply-adds</th></tr>\n",
          file);
    if (tenka_module_calls(r->s->net, input, NULL, 0, &calls) == TENKA_OK && calls > 0)
        write_calls(r->s, input, calls, file);
    else
        write_layers(r->s, input, file);
    fputs("</table></div></section>\n", file);
}

/* ---- The run ---- */

/* As a shell takes it. */
static void write_word(const char *word, FILE *file)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-@%";
    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        html_text(file, word);
        return;
    }
    fputs("&#39;", file);
    while (*word != '\0') {
        const size_t length = strcspn(word, "'");
        char *const part = strndup(word, length);
        html_text(file, part != NULL ? part : "");
        free(part);
        word += length;
        if (*word == '\'') {
            html_text(file, "'\\''");
            word++;
        }
    }
    fputs("&#39;", file);
}

static void write_command(const struct options *o, FILE *file)
{
    fputs("<h3>The command that repeats it</h3><pre id=\"command\">", file);
    for (int i = 0; i < o->argc; i++) {
        if (i > 0)
            fputc(' ', file);
        write_word(o->argv[i], file);
    }
    fputs("</pre>\n", file);
}

static void write_options(const struct report *r, FILE *file)
{
    struct options o = *r->s->options;
    o.data = r->s->data_dir;
    fputs("<h3>Options</h3><div class=\"options\">", file);
    for (const struct option *option = option_table; option->name != NULL; option++) {
        char *text = NULL;
        size_t length;
        if (option->key == NULL)
            continue;
        FILE *const value = open_memstream(&text, &length);
        if (value == NULL)
            return;
        log_json_option(value, option, &o);
        if (fclose(value) == 0) {
            fputs("<div><code>", file);
            html_format(file, "--%s", option->name);
            fputs("</code><span>", file);
            html_text(file, text);
            fputs("</span></div>\n", file);
        }
        free(text);
    }
    fputs("</div>\n", file);
}

void report_run(const struct report *r, FILE *file)
{
    fputs("<section id=\"run\"><h2>Run</h2><p>", file);
    html_format(file, "tenka %s on %s", TENKA_VERSION, tenka_ctx_device_name(r->s->ctx));
    fputs("</p>\n", file);
    write_command(r->s->options, file);
    write_options(r, file);
    fputs("</section>\n", file);
}
