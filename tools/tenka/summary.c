#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

/* What is to be printed of a network. */
struct summary {
    struct session session;
    tenka_optimizer *optimizer;
    tenka_average *average;   /* of --ema; NULL: none */
    struct tenka_shape input; /* of a batch */
    struct tenka_layer_info *layers;
    size_t n_layers;
    struct tenka_call_info *calls; /* of a network whose text shows forward */
    size_t n_calls;
    uint64_t parameters, trainable, buffers;
    struct tenka_memory_estimate memory;
};

/* ---- Finding out ---- */

/* The batch: what --input says, else the images that the saved network was trained on, else those of MNIST. */
static void find_input(struct summary *m)
{
    const struct session *s = &m->session;
    const struct tenka_preprocessing *how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    struct tenka_shape image = s->options->input;
    if (image.rank == 0)
        image = how != NULL && how->image.rank == 3 ? how->image : tenka_shape_of(1, 28, 28);
    m->input.rank = image.rank + 1;
    m->input.dim[0] = s->options->batch_size;
    memcpy(m->input.dim + 1, image.dim, image.rank * sizeof(image.dim[0]));
}

static int list_layers(struct summary *m)
{
    struct session *s = &m->session;
    if (tenka_module_layers(s->net, m->input, NULL, 0, &m->n_layers) != TENKA_OK)
        return batches_say_misfit(s, m->input);
    m->layers = calloc(m->n_layers + 1, sizeof(*m->layers));
    if (m->layers == NULL)
        return say_failed("out of memory");
    if (tenka_module_layers(s->net, m->input, m->layers, m->n_layers, &m->n_layers) != TENKA_OK)
        return say_library_failed(s->ctx);
    for (size_t i = 0; i < m->n_layers; i++) {
        m->parameters += m->layers[i].parameters;
        m->trainable += m->layers[i].trainable;
        m->buffers += m->layers[i].buffers;
    }
    return EXIT_CODE_OK;
}

static int list_calls(struct summary *m)
{
    struct session *s = &m->session;
    if (tenka_module_calls(s->net, m->input, NULL, 0, &m->n_calls) != TENKA_OK)
        return say_library_failed(s->ctx);
    m->calls = calloc(m->n_calls + 1, sizeof(*m->calls));
    if (m->calls == NULL)
        return say_failed("out of memory");
    if (tenka_module_calls(s->net, m->input, m->calls, m->n_calls, &m->n_calls) != TENKA_OK)
        return say_library_failed(s->ctx);
    return session_find_ending(s, m->input);
}

/* Why no training step can be planned; NULL: one can. */
static const char *no_training(const struct summary *m)
{
    if (m->layers[0].output.rank != 2)
        return "the network does not end with one row of class scores for each image";
    return m->trainable == 0 ? "the network has no parameters to train" : NULL;
}

static int estimate(struct summary *m)
{
    struct session *s = &m->session;
    if (no_training(m) != NULL)
        return EXIT_CODE_OK;
    const struct tenka_memory_estimate empty = TENKA_MEMORY_ESTIMATE_DEFAULTS;
    m->memory = empty;
    m->memory.accumulates = s->options->accumulate > 1;
    m->memory.others = s->options->aux_weight > 0;
    tenka_status status = train_optimizer(s, &m->optimizer);
    if (status == TENKA_OK)
        status = train_average(s, m->optimizer, &m->average);
    if (status == TENKA_OK)
        status = tenka_training_memory(s->net, m->optimizer, m->input, session_loss_function(s), &m->memory);
    /* m->memory is also filled for a step that is too large for the device. */
    return status == TENKA_OK ? EXIT_CODE_OK : say_failed("%s", failure_sentence(s->ctx, status));
}

/* ---- For people ---- */

static bool utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Whether another layer of that depth follows below the same parent. */
static bool has_sibling(const struct summary *m, size_t i, uint32_t depth)
{
    for (size_t k = i + 1; k < m->n_layers && m->layers[k].depth >= depth; k++)
        if (m->layers[k].depth == depth)
            return true;
    return false;
}

#define MAX_LABEL 1024

/* "|  |- 0: Conv2d"; returns how many columns it takes. */
static int label(const struct summary *m, size_t i, char out[MAX_LABEL])
{
    static const char *const signs[2][4] = {{"|- ", "`- ", "|  ", "   "}, {"├─ ", "└─ ", "│  ", "   "}};
    const char *const *sign = signs[utf8()];
    const struct tenka_layer_info *layer = &m->layers[i];
    size_t length = 0;
    out[0] = '\0';
    for (uint32_t depth = 1; depth <= layer->depth && length < MAX_LABEL; depth++) {
        const bool more = has_sibling(m, i, depth);
        length += (size_t)snprintf(out + length, MAX_LABEL - length, "%s",
                                   depth == layer->depth ? sign[more ? 0 : 1] : sign[more ? 2 : 3]);
    }
    if (length < MAX_LABEL)
        snprintf(out + length, MAX_LABEL - length, "%.300s%s%.300s", layer->name, layer->depth > 0 ? ": " : "",
                 layer->class_name);
    make_harmless(out);
    int columns = 0;
    for (const char *c = out; *c != '\0'; c++)
        columns += ((unsigned char)*c & 0xC0) != 0x80;
    return columns;
}

static const char *shape_text(const struct tenka_shape *shape, char out[static 96])
{
    size_t length = (size_t)snprintf(out, 96, "[");
    for (uint32_t i = 0; i < shape->rank; i++)
        length += (size_t)snprintf(out + length, 96 - length, "%s%u", i > 0 ? ", " : "", shape->dim[i]);
    snprintf(out + length, 96 - length, "]");
    return out;
}

/* Without spaces at its end. */
static void print_row(const char *name, int columns, int width, const char *shape, const char *parameters,
                      const char *multiply_adds)
{
    printf("%s%*s  ", name, width - columns, "");
    if (multiply_adds[0] != '\0')
        printf("%-20s  %15s  %18s\n", shape, parameters, multiply_adds);
    else if (parameters[0] != '\0')
        printf("%-20s  %15s\n", shape, parameters);
    else
        printf("%s\n", shape);
}

static void print_numbers(const char *name, int columns, int width, const struct tenka_shape *output,
                          uint64_t parameters, uint64_t multiply_adds)
{
    char shape[96], counts[2][32] = {"", ""};
    if (parameters > 0)
        say_count(counts[0], parameters);
    if (multiply_adds > 0)
        say_count(counts[1], multiply_adds);
    print_row(name, columns, width, shape_text(output, shape), counts[0], counts[1]);
}

static void print_layers(const struct summary *m)
{
    char text[MAX_LABEL];
    int width = 24;
    for (size_t i = 0; i < m->n_layers; i++) {
        const int columns = label(m, i, text);
        width = columns > width ? columns : width;
    }
    print_row("Layer", 5, width, "Output shape", "Parameters", "Multiply-adds");
    for (size_t i = 0; i < m->n_layers; i++) {
        const struct tenka_layer_info *layer = &m->layers[i];
        const int columns = label(m, i, text);
        print_numbers(text, columns, width, &layer->output, layer->parameters,
                      layer->container ? 0 : layer->multiply_adds);
    }
}

/* "features.0: Conv2d" or "torch.cat"; returns how many columns it takes. */
static int call_label(const struct tenka_call_info *call, char out[MAX_LABEL])
{
    if (call->path != NULL)
        snprintf(out, MAX_LABEL, "%.600s: %.300s", call->path, call->class_name);
    else
        snprintf(out, MAX_LABEL, "%s", call->function);
    make_harmless(out);
    return (int)text_columns(out);
}

static void print_calls(const struct summary *m)
{
    char text[MAX_LABEL];
    int width = 24;
    for (size_t i = 0; i < m->n_calls; i++) {
        const int columns = call_label(&m->calls[i], text);
        width = columns > width ? columns : width;
    }
    print_row("Call", 4, width, "Output shape", "Parameters", "Multiply-adds");
    for (size_t i = 0; i < m->n_calls; i++) {
        const struct tenka_call_info *call = &m->calls[i];
        const int columns = call_label(call, text);
        print_numbers(text, columns, width, &call->output, call->parameters, call->multiply_adds);
    }
}

static void print_counts(const struct summary *m)
{
    char count[32], shape[96];
    printf("\nInput                 %s\n", shape_text(&m->input, shape));
    printf("Parameters            %s\n", say_count(count, m->parameters));
    printf("  trainable           %s\n", say_count(count, m->trainable));
    printf("  not trainable       %s\n", say_count(count, m->parameters - m->trainable));
    if (m->buffers > 0)
        printf("Running statistics    %s\n", say_count(count, m->buffers));
    printf("Multiply-adds         %s", say_count(count, m->layers[0].multiply_adds));
    if (m->layers[0].multiply_adds % m->input.dim[0] == 0)
        printf(" (%s for each image)", say_count(count, m->layers[0].multiply_adds / m->input.dim[0]));
    puts("");
}

static void print_bytes(const char *what, uint64_t bytes)
{
    char count[32];
    printf("  %-30s %9.2f MiB  %20s bytes\n", what, (double)bytes / (1 << 20), say_count(count, bytes));
}

static void print_memory(const struct summary *m)
{
    const struct options *o = m->session.options;
    const struct tenka_memory_estimate *memory = &m->memory;
    if (no_training(m) != NULL) {
        printf("\nNo training step can be planned: %s.\n", no_training(m));
        return;
    }
    if (memory->total == 0)
        return;
    puts("");
    print_text(stdout, "Device memory of a training step at batch size %u with %s, on %s:\n", o->batch_size,
               tenka_optimizer_class(&o->recipe), tenka_ctx_device_name(m->session.ctx));
    print_bytes("parameters and statistics", memory->parameters);
    print_bytes(o->ema > 0 ? "moments and average" : "the optimizer's moments", memory->optimizer);
    print_bytes("batch, activations, gradients", memory->temporaries);
    if (memory->accumulates)
        print_bytes("gradients of earlier batches", memory->gradients);
    print_bytes("inputs of pending steps", memory->inputs);
    print_bytes("peak", memory->total);
    puts("The data set, which lies on the device too, and what the driver needs for itself are not included.");
}

/* ---- For programs ---- */

static void json_shape(const char *key, const struct tenka_shape *shape)
{
    printf("\"%s\":[", key);
    for (uint32_t i = 0; i < shape->rank; i++)
        printf("%s%u", i > 0 ? "," : "", shape->dim[i]);
    putchar(']');
}

static void json_layer(const struct tenka_layer_info *layer)
{
    fputs("{\"path\":", stdout);
    log_json_string(stdout, layer->path);
    fputs(",\"class\":", stdout);
    log_json_string(stdout, layer->class_name);
    printf(",\"depth\":%u,\"container\":%s,", layer->depth, layer->container ? "true" : "false");
    json_shape("output", &layer->output);
    printf(",\"parameters\":%" PRIu64 ",\"trainable\":%" PRIu64 ",\"buffers\":%" PRIu64 ",\"multiply_adds\":%" PRIu64
           "}",
           layer->parameters, layer->trainable, layer->buffers, layer->multiply_adds);
}

/* A call has a layer's path and class, or a function. */
static void json_call(const struct tenka_call_info *call)
{
    fputs(call->path != NULL ? "{\"path\":" : "{\"function\":", stdout);
    log_json_string(stdout, call->path != NULL ? call->path : call->function);
    if (call->path != NULL) {
        fputs(",\"class\":", stdout);
        log_json_string(stdout, call->class_name);
    }
    putchar(',');
    json_shape("output", &call->output);
    printf(",\"parameters\":%" PRIu64 ",\"multiply_adds\":%" PRIu64 "}", call->parameters, call->multiply_adds);
}

static void print_json(const struct summary *m)
{
    const struct tenka_memory_estimate *memory = &m->memory;
    putchar('{');
    json_shape("input", &m->input);
    fputs(",\"layers\":[", stdout);
    for (size_t i = 0; i < m->n_layers; i++) {
        fputs(i > 0 ? ",\n  " : "\n  ", stdout);
        json_layer(&m->layers[i]);
    }
    fputs("\n],\"calls\":[", stdout);
    for (size_t i = 0; i < m->n_calls; i++) {
        fputs(i > 0 ? ",\n  " : "\n  ", stdout);
        json_call(&m->calls[i]);
    }
    printf("],\"parameters\":%" PRIu64 ",\"trainable\":%" PRIu64 ",\"buffers\":%" PRIu64 ",\"multiply_adds\":%" PRIu64
           ",\"device\":",
           m->parameters, m->trainable, m->buffers, m->layers[0].multiply_adds);
    log_json_string(stdout, tenka_ctx_device_name(m->session.ctx));
    printf(",\"optimizer\":\"%s\",\"memory\":", tenka_optimizer_class(&m->session.options->recipe));
    if (memory->total == 0)
        fputs("null", stdout);
    else
        printf("{\"parameters\":%" PRIu64 ",\"optimizer\":%" PRIu64 ",\"temporaries\":%" PRIu64
               ",\"gradients\":%" PRIu64 ",\"inputs\":%" PRIu64 ",\"total\":%" PRIu64 "}",
               memory->parameters, memory->optimizer, memory->temporaries, memory->gradients, memory->inputs,
               memory->total);
    puts("}");
}

/* ---- All of it ---- */

int command_summary(const struct options *options)
{
    struct summary m = {.n_layers = 0};
    int code = session_open_network(&m.session, options, true);
    if (code == EXIT_CODE_OK) {
        find_input(&m);
        code = list_layers(&m);
    }
    if (code == EXIT_CODE_OK)
        code = list_calls(&m);
    if (code == EXIT_CODE_OK) {
        /* The layers are printed also where a step is too large to be planned. */
        code = estimate(&m);
        if (options->json) {
            print_json(&m);
        } else {
            if (m.n_calls > 0)
                print_calls(&m);
            else
                print_layers(&m);
            print_counts(&m);
            print_memory(&m);
        }
        if (fflush(stdout) != 0)
            code = say_output_failed();
    }
    free(m.layers);
    free(m.calls);
    tenka_average_destroy(&m.average);
    tenka_optimizer_destroy(&m.optimizer);
    session_close(&m.session);
    return code;
}
