#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenka.h"

#define MAX_NET_BYTES (1u << 20)

/* ---- Data ---- */

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* $XDG_DATA_HOME/tenka/name, or its default under $HOME. */
static void user_data_folder(char *out, size_t size, const char *name)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_DATA_HOME");
    if (xdg != NULL && xdg[0] == '/')
        snprintf(out, size, "%s/tenka/%s", xdg, name);
    else
        snprintf(out, size, "%s/.local/share/tenka/%s", home != NULL ? home : "", name);
}

int session_check_data(const char *data)
{
    if (data == NULL || is_folder(data))
        return EXIT_CODE_OK;
    return say_failed("--data: there is no folder %s; 'tools/fetch-data mnist FOLDER' fills one", data);
}

static int find_data(struct session *s)
{
    static const char *const fixed[] = { "./data/fashion-mnist", "./data/mnist", NULL, NULL,
                                         "/usr/share/datasets/fashion-mnist" };
    static const char *const user[] = { [2] = "fashion-mnist", [3] = "mnist" };
    s->data_dir = s->options->data;
    const int code = session_check_data(s->data_dir);
    if (code != EXIT_CODE_OK)
        return code;
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && s->data_dir == NULL; i++) {
        if (fixed[i] != NULL)
            snprintf(s->folder, sizeof(s->folder), "%s", fixed[i]);
        else
            user_data_folder(s->folder, sizeof(s->folder), user[i]);
        if (is_folder(s->folder))
            s->data_dir = s->folder;
    }
    if (s->data_dir == NULL)
        return say_failed("there are no images: name a folder with --data, install Debian's package "
                          "dataset-fashion-mnist, or run tools/fetch-data fashion-mnist");
    return EXIT_CODE_OK;
}

/* A file that is not there can be fetched. */
int session_say_no_data(const struct session *s)
{
    if (tenka_last_status(s->ctx) != TENKA_E_IO)
        return say_library_failed(s->ctx);
    return say_failed("%s; a data set is four IDX files, which Debian's package dataset-fashion-mnist has and "
                      "tools/fetch-data downloads", tenka_last_error(s->ctx));
}

static int load_data(struct session *s, bool train)
{
    int code = find_data(s);
    if (code != EXIT_CODE_OK)
        return code;
    if (train && tenka_dataset_load_idx(s->ctx, s->data_dir, true, &s->train_data) != TENKA_OK)
        return session_say_no_data(s);
    if (tenka_dataset_load_idx(s->ctx, s->data_dir, false, &s->test_data) != TENKA_OK)
        return session_say_no_data(s);
    if (train && s->options->limit > 0)
        tenka_dataset_truncate(s->train_data, s->options->limit);
    return EXIT_CODE_OK;
}

/* The names of --classes, which are saved with the network. */
static int name_classes(struct session *s)
{
    struct class_names given;
    const uint32_t classes = tenka_dataset_classes(s->train_data);
    if (s->options->classes == NULL)
        return EXIT_CODE_OK;
    int code = class_names_read(&given, s->options->classes);
    if (code == EXIT_CODE_OK && given.count != classes)
        code = say_failed("--classes has %zu names, but the labels of %s have %u classes", given.count, s->data_dir,
                          classes);
    if (code == EXIT_CODE_OK && tenka_dataset_set_class_names(s->train_data, given.names, given.count) != TENKA_OK)
        code = say_library_failed(s->ctx);
    class_names_free(&given);
    return code;
}

/* ---- Network ---- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file != NULL ? malloc(MAX_NET_BYTES + 1) : NULL;
    if (text != NULL) {
        const size_t length = fread(text, 1, MAX_NET_BYTES + 1, file);
        if (ferror(file) || length > MAX_NET_BYTES) {
            errno = ferror(file) ? errno : EFBIG;
            free(text);
            text = NULL;
        } else {
            text[length] = '\0';
        }
    }
    if (file != NULL)
        fclose(file);
    return text;
}

static int parse_net(struct session *s, const char *net)
{
    struct stat st;
    const bool is_file = stat(net, &st) == 0;
    char *text = is_file ? read_file(net) : NULL;
    if (is_file && text == NULL && errno == EFBIG)
        return say_failed("--net: %s has more than %u bytes; it should be a network's text, as print(model) shows it "
                          "in PyTorch", net, MAX_NET_BYTES);
    if (is_file && text == NULL)
        return say_failed("cannot read the network %s: %s", net, strerror(errno));
    const tenka_status status = tenka_nn_parse(s->ctx, is_file ? text : net, &s->net);
    free(text);
    if (status == TENKA_OK)
        return EXIT_CODE_OK;
    /* A text without parentheses was meant as a file's name. */
    if (!is_file && strchr(net, '(') == NULL)
        return say_failed("--net: there is no file '%s', and as text it is no network (%s)", net,
                          tenka_last_error(s->ctx));
    return say_failed("--net: %s%s%s", is_file ? net : "", is_file ? ": " : "", tenka_last_error(s->ctx));
}

/* The file whose network is taken where --net names none: a checkpoint is a saved network too. NULL: there is none. */
static const char *model_path(const struct options *o)
{
    return o->load != NULL ? o->load : o->resume;
}

static int open_net(struct session *s)
{
    const struct options *o = s->options;
    const char *const path = model_path(o);
    if (path != NULL && o->net == NULL) {
        bool has_net;
        if (tenka_model_has_net(s->ctx, path, &has_net) != TENKA_OK)
            return say_library_failed(s->ctx);
        if (!has_net)
            return say_failed("%s has weights but says nothing about their network; name it with --net", path);
        if (tenka_model_open(s->ctx, path, &s->model) != TENKA_OK)
            return say_library_failed(s->ctx);
        s->net = tenka_model_net(s->model);
        return EXIT_CODE_OK;
    }
    const int code = parse_net(s, o->net != NULL ? o->net : tenka_nn_reference_text());
    if (code == EXIT_CODE_OK && o->load != NULL && tenka_model_load(s->net, o->load) != TENKA_OK)
        return say_library_failed(s->ctx);
    return code;
}

/* A saved network wants its images as it was trained with. */
static int apply_preprocessing(struct session *s, tenka_dataset *data)
{
    const struct tenka_preprocessing *how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    if (how == NULL || how->image.rank != 3 || data == NULL)
        return EXIT_CODE_OK;
    const struct tenka_shape image = tenka_dataset_image_shape(data);
    if (memcmp(image.dim, how->image.dim, 3 * sizeof(image.dim[0])) != 0)
        return say_failed("%s was trained on images of %ux%ux%u, but those of %s are %ux%ux%u", model_path(s->options),
                          how->image.dim[0], how->image.dim[1], how->image.dim[2], s->data_dir, image.dim[0],
                          image.dim[1], image.dim[2]);
    for (uint32_t c = 0; c < image.dim[0]; c++)
        if (tenka_dataset_set_normalization(data, c, how->mean[c], how->std[c]) != TENKA_OK)
            return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

/* Whether the last line of print(model)'s text that is a layer is a LogSoftmax. */
static bool ends_with_log_softmax(const char *text)
{
    const char *end = text + strlen(text);
    while (end > text && (isspace((unsigned char)end[-1]) || end[-1] == ')'))
        end--;
    while (end > text && end[-1] != '\n')
        end--;
    return strstr(end, "LogSoftmax(") != NULL;
}

static int check_classes(const struct session *s, const tenka_dataset *data, uint32_t outputs)
{
    if (data == NULL || tenka_dataset_classes(data) <= outputs)
        return EXIT_CODE_OK;
    return say_failed("the labels of %s go up to %u, but the network gives %u outputs: it needs one for each class",
                      s->data_dir, tenka_dataset_classes(data) - 1, outputs);
}

static int check_net(struct session *s)
{
    const struct tenka_shape image = tenka_dataset_image_shape(s->test_data);
    /* A small batch: that it is too large is no fault of the network. BatchNorm2d may need two images to train. */
    const uint32_t rows = s->options->batch_size > 1 ? 2 : 1;
    const struct tenka_shape input = tenka_shape_of(rows, image.dim[0], image.dim[1], image.dim[2]);
    struct tenka_shape output;
    tenka_module_train(s->net, s->train_data != NULL);
    if (tenka_module_check(s->net, input, &output) != TENKA_OK)
        return say_failed("the network does not fit the images (%ux%ux%u): %s", image.dim[0], image.dim[1],
                          image.dim[2], tenka_last_error(s->ctx));
    if (output.rank != 2)
        return say_failed("the network gives a tensor of rank %u; it must end with one row of class scores for each "
                          "image", output.rank);
    const int code = check_classes(s, s->train_data, output.dim[1]);
    return code != EXIT_CODE_OK ? code : check_classes(s, s->test_data, output.dim[1]);
}

/* ---- News ---- */

void session_print_device(const tenka_ctx *ctx, const struct options *options)
{
    printf("device   %s%s\n", tenka_ctx_device_name(ctx),
           options->backend == TENKA_BACKEND_AUTO ? " (chosen by --backend auto; 'tenka devices' says why)" : "");
}

static void tell(const struct session *s)
{
    const struct tenka_shape image = tenka_dataset_image_shape(s->test_data);
    char count[32];
    printf("data     %s:", s->data_dir);
    if (s->train_data != NULL)
        printf(" %s training,", say_count(count, tenka_dataset_count(s->train_data)));
    printf(" %s test images, %ux%ux%u, %u classes\n", say_count(count, tenka_dataset_count(s->test_data)), image.dim[0],
           image.dim[1], image.dim[2], tenka_dataset_classes(s->test_data));
    session_print_device(s->ctx, s->options);
    printf("network  %s parameters; ", say_count(count, tenka_module_parameter_count(s->net)));
    puts(s->log_softmax ? "it ends with LogSoftmax, so the loss is nll_loss"
                        : "it does not end with LogSoftmax, so the loss is cross_entropy");
    fflush(stdout);
}

/* ---- All of it ---- */

static int open_ctx(struct session *s)
{
    const struct options *o = s->options;
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = o->backend;
    params.device = o->device;
    params.seed = o->seed;
    params.threads = o->threads;
    params.dropout_mask = o->dropout_mask;
    params.tune = o->tune;
    params.shader_dir = o->shader_dir;
    params.validate = o->validate;
    params.log = say_library_log;
    params.log_user = (void *)(uintptr_t)o;
    const tenka_status status = tenka_ctx_create(&params, &s->ctx);
    if (status == TENKA_OK)
        return EXIT_CODE_OK;
    say_library_failed(NULL);
    /* A device that is not there is a mistake in the command line. */
    return status == TENKA_E_INVALID ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

static int find_last_layer(struct session *s)
{
    char *text = tenka_module_text(s->net);
    if (text == NULL)
        return say_failed("out of memory");
    s->log_softmax = ends_with_log_softmax(text);
    tenka_text_free(text);
    return EXIT_CODE_OK;
}

int session_open_device(struct session *s, const struct options *options)
{
    memset(s, 0, sizeof(*s));
    s->options = options;
    return open_ctx(s);
}

int session_open_network(struct session *s, const struct options *options, bool sizing)
{
    int code = session_open_device(s, options);
    if (code != EXIT_CODE_OK)
        return code;
    if (sizing)
        tenka_sizing_begin(s->ctx);
    code = open_net(s);
    return code == EXIT_CODE_OK ? find_last_layer(s) : code;
}

int session_open(struct session *s, const struct options *options, bool train)
{
    int code = session_open_device(s, options);
    if (code == EXIT_CODE_OK)
        code = load_data(s, train);
    if (code == EXIT_CODE_OK && train)
        code = name_classes(s);
    if (code == EXIT_CODE_OK)
        code = open_net(s);
    if (code == EXIT_CODE_OK)
        code = find_last_layer(s);
    if (code == EXIT_CODE_OK)
        code = apply_preprocessing(s, s->train_data);
    if (code == EXIT_CODE_OK)
        code = apply_preprocessing(s, s->test_data);
    if (code == EXIT_CODE_OK)
        code = check_net(s);
    if (code == EXIT_CODE_OK && !options->quiet)
        tell(s);
    return code;
}

void session_close(struct session *s)
{
    if (s->model != NULL)
        tenka_model_destroy(&s->model);
    else
        tenka_module_destroy(&s->net);
    s->net = NULL;
    tenka_dataset_destroy(&s->train_data);
    tenka_dataset_destroy(&s->test_data);
    tenka_ctx_destroy(&s->ctx);
}

tenka_tensor session_loss(const struct session *s, tenka_tensor output, tenka_tensor target)
{
    return s->log_softmax ? tenka_nll_loss(output, target) : tenka_cross_entropy(output, target);
}

int session_preprocessing(struct session *s, struct tenka_preprocessing *how, const char *names[MAX_CLASS_NAMES])
{
    const tenka_dataset *data = s->train_data != NULL ? s->train_data : s->test_data;
    if (tenka_preprocessing_of(s->ctx, data, how, names, MAX_CLASS_NAMES) != TENKA_OK)
        return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

int session_save(struct session *s, const char *path)
{
    struct tenka_preprocessing how;
    const char *names[MAX_CLASS_NAMES];
    const int code = session_preprocessing(s, &how, names);
    if (code != EXIT_CODE_OK)
        return code;
    return tenka_model_save(s->net, &how, path) == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}
