/* What a network ends with: which loss goes with it, and whether softmax is applied once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

/* The target that PyTorch's losses take for no class unless they are told another one. */
#define IGNORED (-100)

/* A network's layers in the order in which they run, and of each the line that print(model) has of it. */
struct listing {
    struct tenka_layer_info *layers;
    const char **lines; /* into text */
    size_t count;
    char *text;
    struct tenka_shape input;
};

static void listing_free(struct listing *l)
{
    free(l->layers);
    free(l->lines);
    tenka_text_free(l->text);
}

/* Lines that only close a container are passed over. False: there are not as many as layers. */
static bool find_lines(struct listing *l)
{
    size_t n = 0;
    for (char *line = strtok(l->text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        line += strspn(line, " ");
        if (strcmp(line, ")") != 0 && n++ < l->count)
            l->lines[n - 1] = line;
    }
    return n == l->count;
}

static int list(const struct session *s, struct tenka_shape input, struct listing *l)
{
    *l = (struct listing){.input = input};
    if (tenka_module_layers(s->net, input, NULL, 0, &l->count) != TENKA_OK)
        return say_library_failed(s->ctx);
    l->layers = calloc(l->count, sizeof(l->layers[0]));
    l->lines = calloc(l->count, sizeof(l->lines[0]));
    l->text = tenka_module_text(s->net);
    if (l->layers == NULL || l->lines == NULL || l->text == NULL)
        return say_failed("out of memory");
    if (tenka_module_layers(s->net, input, l->layers, l->count, &l->count) != TENKA_OK)
        return say_library_failed(s->ctx);
    if (!find_lines(l))
        l->count = 0; /* a layer's name has a newline in it: which line belongs to which layer is not known */
    return EXIT_CODE_OK;
}

static bool is(const struct listing *l, size_t i, const char *class_name)
{
    return !l->layers[i].container && strcmp(l->layers[i].class_name, class_name) == 0;
}

/* The last of the first n layers that changes values in a trained network; n: there is none. */
static size_t find_last(const struct listing *l, size_t n)
{
    for (size_t i = n; i-- > 0;)
        if (!l->layers[i].container && !is(l, i, "Identity") && !is(l, i, "Dropout") && !is(l, i, "Flatten"))
            return i;
    return n;
}

/* The axis of a Softmax or LogSoftmax, as PyTorch counts it. */
static int axis_of(const struct listing *l, size_t i)
{
    const int rank = (int)l->layers[i].output.rank;
    const char *const dim = strstr(l->lines[i], "oftmax(dim=");
    if (dim == NULL || strncmp(dim, "oftmax(dim=None", strlen("oftmax(dim=None")) == 0)
        return rank == 0 || rank == 1 || rank == 3 ? 0 : 1;
    const int value = atoi(dim + strlen("oftmax(dim="));
    return value < 0 ? value + rank : value;
}

/* Whether layer i takes softmax over the classes, axis 1: all axes behind it have one element, so that a Flatten leaves
 * one row of classes. */
static bool is_over_classes(const struct listing *l, size_t i)
{
    const struct tenka_shape *const shape = &l->layers[i].output;
    bool flat = axis_of(l, i) == 1;
    for (uint32_t k = 2; k < shape->rank; k++)
        flat = flat && shape->dim[k] == 1;
    return flat;
}

static void fill(const struct listing *l, struct session *s)
{
    const size_t last = find_last(l, l->count);
    s->last = LAST_OTHER;
    s->twice = s->over_others = NULL;
    if (last == l->count || (!is(l, last, "Softmax") && !is(l, last, "LogSoftmax")))
        return;
    const struct tenka_layer_info *const layer = &l->layers[last];
    if (!is_over_classes(l, last)) {
        s->over_others = layer->class_name;
        return;
    }
    s->last = is(l, last, "Softmax") ? LAST_SOFTMAX : LAST_LOG_SOFTMAX;
    const size_t before = find_last(l, last);
    if (s->last == LAST_SOFTMAX)
        s->twice = "cross_entropy, the loss,";
    else if (before < last && is(l, before, "Softmax"))
        s->twice = "LogSoftmax, which follows it,";
}

int session_find_ending(struct session *s, struct tenka_shape input)
{
    struct listing l;
    const int code = list(s, input, &l);
    if (code == EXIT_CODE_OK)
        fill(&l, s);
    listing_free(&l);
    return code;
}

void session_warn_of_ending(const struct session *s, uint32_t outputs)
{
    if (!session_classifies(s))
        return;
    if (s->over_others != NULL)
        say_warning("the network ends with %s over another axis than that of the classes, so that what it gives "
                    "are no probabilities of an image's classes; write %s(dim=1)",
                    s->over_others, s->over_others);
    /* Of one class that is certain, softmax makes e / (e + outputs - 1). */
    const bool nll = strcmp(tenka_loss_name(s->loss), "NLLLoss") == 0;
    if (nll && s->last != LAST_LOG_SOFTMAX)
        say_warning("NLLLoss takes logarithms of probabilities, but the network does not end with LogSoftmax; write "
                    "LogSoftmax(dim=1) at its end, or --loss 'CrossEntropyLoss()'");
    else if (s->twice != NULL)
        say_warning("the network ends with Softmax, and %s applies softmax again: the loss cannot fall below %.2f, and "
                    "training is slow; %s",
                    s->twice, log1p((outputs - 1.0) / exp(1)),
                    s->last == LAST_SOFTMAX ? "leave Softmax out, or write LogSoftmax(dim=1) instead"
                                            : "leave Softmax out");
}

/* ---- The loss ---- */

tenka_tensor session_loss(const struct session *s, const struct tenka_batch *batch, bool training, tenka_tensor *first)
{
    const size_t n = training && s->options->aux_weight > 0 ? tenka_module_results(s->net) : tenka_loss_inputs(s->loss);
    tenka_tensor output[TENKA_MAX_FORWARD];
    tenka_forward_n(s->net, &batch->input, 1, output, n);
    if (first != NULL)
        *first = output[0];
    return tenka_loss_of_n(s->loss, output, n, batch->target);
}

bool session_classifies(const struct session *s)
{
    return tenka_loss_takes_classes(s->loss) && tenka_dataset_target_dtype(session_data(s)) == TENKA_I32;
}

tenka_loss_fn session_loss_function(const struct session *s)
{
    return s->last == LAST_LOG_SOFTMAX ? tenka_nll_loss : tenka_cross_entropy;
}

int session_open_loss(struct session *s)
{
    if (s->options->loss == NULL || tenka_loss_parse(s->ctx, s->options->loss, &s->loss) == TENKA_OK)
        return EXIT_CODE_OK;
    const char *const class_name = loss_class_of(s->options->loss);
    if (class_name != NULL && strcmp(class_name, s->options->loss) != 0) {
        say_failed("--loss takes a loss as torch.nn has it, with its arguments: write '%s()' for '%s'", class_name,
                   s->options->loss);
        return EXIT_CODE_USAGE;
    }
    say_failed("--loss: %s", tenka_last_error(s->ctx));
    return tenka_last_status(s->ctx) == TENKA_E_FORMAT ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

/* Looks whether a target of the data is what the loss ignores, which then is no class. */
static int pass_over(struct session *s, tenka_dataset *data, int32_t ignored)
{
    const int32_t *const labels = data != NULL ? tenka_dataset_labels(data) : NULL;
    bool found = data != NULL && tenka_dataset_target_dtype(data) == TENKA_I32 && labels == NULL; /* masks have any */
    if (labels == NULL && !found)
        return EXIT_CODE_OK;
    const size_t count = tenka_dataset_count(data) * shape_count(tenka_dataset_target_shape(data));
    for (size_t i = 0; i < count && !found; i++)
        found = labels[i] == ignored;
    s->ignores = s->ignores || found;
    return !found || tenka_dataset_ignore(data, ignored) == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

int session_pass_over_ignored(struct session *s)
{
    const int32_t ignored = s->loss != NULL ? tenka_loss_ignore_index(s->loss) : IGNORED;
    if (s->loss != NULL && !tenka_loss_takes_classes(s->loss))
        return EXIT_CODE_OK;
    const int code = pass_over(s, s->train_data, ignored);
    return code == EXIT_CODE_OK ? pass_over(s, s->test_data, ignored) : code;
}

int session_choose_loss(struct session *s, enum tenka_dtype targets)
{
    const char *const text = targets == TENKA_F32          ? targets_loss(s)
                             : s->last == LAST_LOG_SOFTMAX ? "NLLLoss()"
                                                           : "CrossEntropyLoss()";
    if (s->loss == NULL && tenka_loss_parse(s->ctx, text, &s->loss) != TENKA_OK)
        return say_library_failed(s->ctx);
    if (s->ignores)
        tenka_loss_set_ignoring(s->loss, true);
    tenka_loss_set_others(s->loss, s->options->aux_weight);
    return EXIT_CODE_OK;
}
