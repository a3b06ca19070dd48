#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenka.h"

#define MAX_NET_BYTES (8u << 20) /* what tenka_nn_parse takes */
#define TOO_LONG "it has more than 8 MiB; it should be a network's text, as print(model) shows it in PyTorch"

/* ---- Network ---- */

/* why: the sentence of the parser. */
static int fail_net_file(struct session *s, const char *net, const char *why)
{
    bool has_net;
    if (tenka_model_has_net(s->ctx, net, &has_net) == TENKA_OK)
        return say_failed("--net: %s is a saved network, which --load takes; --net takes a network's text", net);
    return say_failed("--net: %s: %s", net, why);
}

static int parse_net(struct session *s, const char *net)
{
    struct stat st;
    char why[1024];
    const bool is_file = stat(net, &st) == 0;
    char *text = is_file ? text_read(net, MAX_NET_BYTES) : NULL;
    if (is_file && text == NULL && errno == EFBIG)
        return fail_net_file(s, net, TOO_LONG);
    if (is_file && text == NULL)
        return say_failed("cannot read the network %s: %s", net, strerror(errno));
    const tenka_status status = tenka_nn_parse(s->ctx, is_file ? text : net, &s->net);
    free(text);
    if (status == TENKA_OK)
        return EXIT_CODE_OK;
    /* A text without parentheses is no network, so a file must have been meant. */
    if (!is_file && strchr(net, '(') == NULL)
        return say_failed("--net: there is no file '%s', and as text it is no network (%s)", net,
                          tenka_last_error(s->ctx));
    snprintf(why, sizeof(why), "%s", tenka_last_error(s->ctx));
    return is_file ? fail_net_file(s, net, why) : say_failed("--net: %s", why);
}

const char *session_model_path(const struct session *s)
{
    return s->options->load != NULL ? s->options->load : s->options->resume;
}

static bool is_network_text(const struct session *s, const char *path)
{
    tenka_module *net = NULL;
    char *const text = file_is_text(path) ? text_read(path, MAX_NET_BYTES) : NULL;
    const bool good = text != NULL && tenka_nn_parse(s->ctx, text, &net) == TENKA_OK;
    tenka_module_destroy(&net);
    free(text);
    return good;
}

int session_say_load_failed(const struct session *s, const char *path)
{
    char why[1024];
    if (tenka_last_status(s->ctx) != TENKA_E_FORMAT)
        return say_library_failed(s->ctx);
    snprintf(why, sizeof(why), "%s", tenka_last_error(s->ctx));
    return say_failed("%s%s", why, is_network_text(s, path) ? "; a network's text belongs to --net" : "");
}

static int open_model(struct session *s, const char *path)
{
    bool has_net;
    if (tenka_model_has_net(s->ctx, path, &has_net) != TENKA_OK)
        return session_say_load_failed(s, path);
    const tenka_status status = tenka_model_open(s->ctx, path, &s->model);
    /* E_UNSUPPORTED: classes in C, which --net does not have either. */
    if (status == TENKA_E_UNSUPPORTED || (status != TENKA_OK && has_net))
        return say_library_failed(s->ctx);
    if (status != TENKA_OK)
        return say_failed("%s; name a network for the weights with --net", tenka_last_error(s->ctx));
    s->net = tenka_model_net(s->model);
    return EXIT_CODE_OK;
}

/* Nobody has named one: it is the tutorial's. */
static bool is_usual_net(const struct session *s)
{
    return s->options->net == NULL && session_model_path(s) == NULL;
}

static int open_net(struct session *s)
{
    const struct options *o = s->options;
    const char *const path = session_model_path(s);
    if (path != NULL && o->net == NULL)
        return open_model(s, path);
    int code = parse_net(s, o->net != NULL ? o->net : tenka_nn_reference_text());
    if (code == EXIT_CODE_OK)
        code = recipe_init(s);
    if (code == EXIT_CODE_OK && o->load != NULL)
        code = recipe_load(s);
    if (code == EXIT_CODE_OK && tenka_module_has_own_forward(s->net))
        say_warning("%s was saved by a program whose own code says what the network does with its layers; --net runs "
                    "them in order, which may be another network",
                    o->load);
    return code;
}

static int open_prepared_net(struct session *s)
{
    int code = open_net(s);
    if (code == EXIT_CODE_OK)
        code = recipe_reset(s);
    if (code == EXIT_CODE_OK)
        code = recipe_freeze(s);
    return code == EXIT_CODE_OK ? groups_check(s) : code;
}

/* What to do about a network that does not fit, where nobody has named one. */
static const char *advice(const struct session *s)
{
    return is_usual_net(s) ? "; without --net it is one for grey images of 28x28: name one for these data with --net"
                           : "";
}

/* output: of two samples */
static int check_loss(const struct session *s, struct tenka_shape output)
{
    const tenka_dataset *const data = session_data(s);
    const struct tenka_shape target = tenka_dataset_target_shape(data);
    struct tenka_shape targets = {.rank = target.rank + 1, .dim = {2}};
    if (tenka_loss_takes_classes(s->loss) && tenka_dataset_target_dtype(data) == TENKA_I32 && target.rank == 0 &&
        output.rank != 2)
        return say_failed("the network gives a tensor of rank %u; it must end with one row of class scores for each "
                          "%s",
                          output.rank, session_noun(s));
    memcpy(targets.dim + 1, target.dim, target.rank * sizeof(target.dim[0]));
    if (tenka_loss_check(s->loss, output, tenka_dataset_target_dtype(data), targets) != TENKA_OK)
        return say_failed("the loss does not fit a batch of two: %s%s", tenka_last_error(s->ctx), advice(s));
    return EXIT_CODE_OK;
}

/* Outputs beside the first, as those of auxiliary classifiers. */
static int check_outputs(const struct session *s)
{
    const size_t outputs = tenka_module_results(s->net);
    const double weight = s->options->aux_weight;
    if (s->loss != NULL && tenka_loss_inputs(s->loss) > outputs)
        return say_failed("%s takes %zu outputs of a network, but this one returns %zu; a forward that returns a tuple "
                          "has several",
                          tenka_loss_name(s->loss), tenka_loss_inputs(s->loss), outputs);
    if (weight > 0 && outputs < 2)
        return say_failed("--aux-weight: the network returns one tensor; there is no loss to add");
    if (s->train_data != NULL && weight == 0 && outputs > 1 && (s->loss == NULL || tenka_loss_inputs(s->loss) == 1))
        say_notice(s->options,
                   "the network returns %zu tensors, and the loss is that of the first; --aux-weight 0.3 "
                   "would add a part of those of the others",
                   outputs);
    return EXIT_CODE_OK;
}

static int check_net(struct session *s)
{
    /* Two samples: a whole batch may be too large for the device, and BatchNorm2d cannot train on one. */
    const struct tenka_shape input = batch_shape(session_data(s), 2);
    struct tenka_shape output;
    char text[SAMPLE_TEXT];
    tenka_module_train(s->net, s->train_data != NULL);
    if (tenka_module_check(s->net, input, &output) != TENKA_OK)
        return say_failed("the network does not fit the %ss (%s): %s%s", session_noun(s),
                          sample_text(tenka_dataset_image_shape(session_data(s)), text), tenka_last_error(s->ctx),
                          advice(s));
    int code = check_outputs(s);
    if (code == EXIT_CODE_OK)
        code = session_find_ending(s, input);
    if (code == EXIT_CODE_OK)
        code = session_choose_loss(s, tenka_dataset_target_dtype(session_data(s)));
    if (code == EXIT_CODE_OK)
        code = check_loss(s, output);
    if (code == EXIT_CODE_OK)
        code = mixing_check(s, output);
    if (code == EXIT_CODE_OK)
        code = targets_check(s);
    if (code == EXIT_CODE_OK)
        code = batches_check(s);
    if (code == EXIT_CODE_OK && session_classifies(s))
        code = session_check_classes(s, output.dim[1]);
    if (code == EXIT_CODE_OK)
        code = class_weights_set(s, output.dim[1]);
    if (code == EXIT_CODE_OK)
        session_warn_of_ending(s, output.dim[1]);
    return code;
}

/* ---- News ---- */

void session_print_device(const tenka_ctx *ctx, const struct options *options)
{
    print_text(stdout, "device   %s%s\n", tenka_ctx_device_name(ctx),
               options->backend == TENKA_BACKEND_AUTO ? " ('tenka devices' says why)" : "");
}

static void tell_samples(const struct session *s)
{
    const tenka_dataset *const data = session_data(s);
    char count[32], text[SAMPLE_TEXT];
    if (s->train_data != NULL)
        printf(" %s training%s", say_count(count, tenka_dataset_count(s->train_data)), s->test_data != NULL ? "," : "");
    if (s->test_data != NULL)
        printf(" %s test", say_count(count, tenka_dataset_count(s->test_data)));
    printf(" %ss, %s, ", session_noun(s), sample_text(tenka_dataset_image_shape(data), text));
    if (tenka_dataset_target_dtype(data) == TENKA_F32)
        printf("targets %s\n", sample_text(tenka_dataset_target_shape(data), text));
    else
        printf("%u classes\n", tenka_dataset_classes(data));
}

/* A folder of pictures is made small and grey for it, which nobody may have meant. */
static void tell_usual_net(const struct session *s)
{
    struct tenka_picture_sizes sizes;
    if (is_usual_net(s) && tenka_dataset_picture_sizes(session_data(s), &sizes) == TENKA_OK)
        say_notice(s->options, "without --net the network is a tutorial's for grey images of 28x28; --net names another");
}

static void tell(const struct session *s)
{
    char count[32];
    print_text(stdout, "data     %s:", s->data_dir);
    tell_samples(s);
    if (s->train_data != NULL && s->options->split > 0)
        printf("split    %s of %s is kept from training and tested, chosen by seed %" PRIu64 "\n",
               say_shortest(count, s->options->split),
               tenka_dataset_classes(session_data(s)) > 0 && tenka_dataset_target_shape(session_data(s)).rank == 0
                   ? "each class"
                   : "the samples",
               s->options->seed);
    pictures_tell(s);
    transforms_tell(s);
    mixing_tell(s);
    session_print_device(s->ctx, s->options);
    printf("network  %s parameters; ", say_count(count, tenka_module_parameter_count(s->net)));
    if (s->options->loss != NULL)
        printf("the loss is %s\n", tenka_loss_name(s->loss));
    else if (tenka_dataset_target_dtype(session_data(s)) == TENKA_F32)
        printf("%s, so the loss is %s\n",
               tenka_dataset_target_is_input(session_data(s)) ? "it is to give again what it is given"
                                                              : "the targets are floats",
               tenka_loss_name(s->loss));
    else
        puts(s->last == LAST_LOG_SOFTMAX ? "it ends with LogSoftmax, so the loss is nll_loss"
                                         : "it does not end with LogSoftmax, so the loss is cross_entropy");
    class_weights_tell(s);
    fflush(stdout);
    tell_usual_net(s);
}

/* ---- All of it ---- */

/* The user is the session. */
static void tell_progress(void *user, const char *what, size_t done, size_t all)
{
    struct session *s = user;
    char text[128];
    snprintf(text, sizeof(text), "%s ... %zu of %zu", what, done, all);
    if (done < all)
        progress_say(&s->waiting, text);
    else
        progress_clear();
}

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
    params.progress = tell_progress;
    params.progress_user = s;
    const tenka_status status = tenka_ctx_create(&params, &s->ctx);
    if (status == TENKA_OK)
        return EXIT_CODE_OK;
    say_library_failed(NULL);
    /* A device that is not there is a mistake in the command line. */
    return status == TENKA_E_INVALID ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

int session_open_device(struct session *s, const struct options *options)
{
    memset(s, 0, sizeof(*s));
    s->options = options;
    progress_init(&s->waiting, options->quiet);
    return open_ctx(s);
}

int session_open_network(struct session *s, const struct options *options, bool sizing)
{
    const int code = session_open_device(s, options);
    if (code != EXIT_CODE_OK)
        return code;
    if (sizing)
        tenka_sizing_begin(s->ctx);
    return open_prepared_net(s);
}

/* What the network looks up are whole numbers. */
static int set_input(struct session *s)
{
    tenka_dataset *const halves[] = {s->train_data, s->test_data};
    if (tenka_module_input_dtype(s->net) != TENKA_I32)
        return EXIT_CODE_OK;
    if (!session_has_arrays(s))
        return say_failed("the network looks whole numbers up, as its first layer is an Embedding, but %s has images",
                          s->data_dir);
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
        if (halves[i] != NULL && tenka_dataset_set_input_whole(halves[i]) != TENKA_OK)
            return say_library_failed(s->ctx);
    return EXIT_CODE_OK;
}

int session_open(struct session *s, const struct options *options, bool train)
{
    int code = session_open_device(s, options);
    if (code == EXIT_CODE_OK)
        code = session_open_loss(s);
    if (code == EXIT_CODE_OK)
        code = transforms_read(s);
    if (code == EXIT_CODE_OK)
        code = session_load_data(s, train);
    if (code == EXIT_CODE_OK)
        code = open_prepared_net(s);
    if (code == EXIT_CODE_OK && !train)
        code = targets_set(s);
    if (code == EXIT_CODE_OK && !train)
        code = session_split_tested(s);
    if (code == EXIT_CODE_OK && !train)
        code = masks_name_classes(s);
    if (code == EXIT_CODE_OK)
        code = transforms_settle(s);
    if (code == EXIT_CODE_OK)
        code = s->transform != NULL ? transforms_apply(s)
                                    : pictures_set_size(s, (tenka_dataset *const[2]){s->train_data, s->test_data}, 2);
    if (code == EXIT_CODE_OK)
        code = set_input(s);
    if (code == EXIT_CODE_OK && train)
        session_warn_of_data(s);
    if (code == EXIT_CODE_OK)
        code = session_apply_preprocessing(s);
    if (code == EXIT_CODE_OK && train)
        code = pictures_set_normalization(s);
    if (code == EXIT_CODE_OK)
        code = check_net(s);
    if (code == EXIT_CODE_OK && s->test_data == NULL)
        say_notice(options,
                   "%s has no test half, so that nothing is tested after an epoch; --split 0.2 would keep a part for "
                   "that",
                   s->data_dir);
    if (code == EXIT_CODE_OK && !options->quiet && !options->json)
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
    transforms_close(s);
    tenka_loss_destroy(&s->loss);
    tenka_dataset_destroy(&s->train_data);
    tenka_dataset_destroy(&s->test_data);
    tenka_ctx_destroy(&s->ctx);
    tenka_text_free(s->trained_on);
    free(s->data_path);
    free(s->class_names);
    free(s->class_weights);
    s->trained_on = s->data_path = NULL;
    s->class_names = NULL;
    s->class_weights = NULL;
}

int session_preprocessing(struct session *s, struct tenka_preprocessing *how)
{
    const tenka_dataset *data = session_data(s);
    const uint32_t classes = tenka_dataset_classes(data);
    const char **const names = realloc(s->class_names, (classes + 1) * sizeof(names[0]));
    if (names == NULL)
        return say_failed("out of memory");
    s->class_names = names;
    if (tenka_preprocessing_of(s->ctx, data, how, names, classes) != TENKA_OK)
        return say_library_failed(s->ctx);
    if (transforms_describe(s, how) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    how->data = s->data_path;
    how->loss = s->options->loss;
    how->split = s->options->split;
    how->split_seed = s->options->seed;
    how->split_of = s->split_of;
    return EXIT_CODE_OK;
}

int session_save(struct session *s, const char *path)
{
    struct tenka_preprocessing how;
    const int code = session_preprocessing(s, &how);
    if (code != EXIT_CODE_OK)
        return code;
    return tenka_model_save(s->net, &how, path) == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}
