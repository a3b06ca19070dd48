/* Networks at each limit: what can be made, by text or in C, can be printed, saved in either format and opened again;
 * what is beyond is refused where it is made. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <float.h>
#include <unistd.h>

#define MAX_LAYERS 10000
#define MAX_NESTING 64
#define MAX_NAME 127
#define MAX_PATHS (2 * 1024 * 1024)
#define MAX_CLASSES 1000000
#define MAX_CLASS_BYTES (2 * 1024 * 1024)
#define MAX_DATA_BYTES (64 * 1024)

static char st[64], pt[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(st, "/tmp/tenka-limits-XXXXXX");
    const int descriptor = mkstemp(st);
    snprintf(pt, sizeof(pt), "%s.pt", st);
    return descriptor < 0 || close(descriptor) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(pt);
    return unlink(st);
}

static void must(tenka_ctx *ctx, tenka_status status)
{
    if (status != TENKA_OK)
        fail_msg("%s: %.300s", tenka_status_text(status), tenka_last_error(ctx));
}

/* Saves the network and opens it again, with a text that is the same and, from the .pt, the same weights. */
static void there_and_back(tenka_ctx *ctx, tenka_module *net)
{
    tenka_model *model;
    must(ctx, tenka_model_save(net, NULL, st));
    must(ctx, tenka_model_save(net, NULL, pt));
    must(ctx, tenka_model_open(ctx, st, &model));
    char *const text = tenka_module_text(net), *const again = tenka_module_text(tenka_model_net(model));
    assert_int_equal(strcmp(text, again), 0);
    tenka_text_free(text);
    tenka_text_free(again);
    must(ctx, tenka_model_load(tenka_model_net(model), pt));
    tenka_model_destroy(&model);
}

static tenka_module *make(tenka_ctx *ctx, const char *text)
{
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    return net;
}

static tenka_module *sequential(tenka_ctx *ctx)
{
    tenka_module *net;
    must(ctx, tenka_nn_sequential(ctx, &net));
    return net;
}

static tenka_module *relu(tenka_ctx *ctx)
{
    tenka_module *net;
    must(ctx, tenka_nn_relu(ctx, &net));
    return net;
}

/* count times a text, then another one; to be freed. */
static char *repeat(const char *text, size_t count, const char *end)
{
    const size_t length = strlen(text);
    char *const out = malloc(length * count + strlen(end) + 1);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++)
        memcpy(out + length * i, text, length);
    strcpy(out + length * count, end);
    return out;
}

/* ---- The number of layers ---- */

static void test_layers_by_text(void **state)
{
    (void)state;
    static const char *const layers[] = {"ReLU() ", "BatchNorm2d(1) "};
    tenka_ctx *ctx = cpu(0);
    tenka_module *net;
    for (size_t i = 0; i < 2; i++) {
        char *const most = repeat(layers[i], MAX_LAYERS, ""), *const more = repeat(layers[i], MAX_LAYERS + 1, "");
        net = make(ctx, most);
        there_and_back(ctx, net);
        tenka_module_destroy(&net);
        assert_fails(ctx, tenka_nn_parse(ctx, more, &net), TENKA_E_FORMAT, "there are too many layers");
        free(most);
        free(more);
    }
    net = make(ctx, "Net((0-9999): 10000 x Linear(1, 1))");
    there_and_back(ctx, net);
    tenka_module_destroy(&net);
    assert_fails(ctx, tenka_nn_parse(ctx, "Net((0-10000): 10001 x ReLU())", &net), TENKA_E_FORMAT, "too many layers");
    assert_fails(ctx, tenka_nn_parse(ctx, "Net((0-99): 100 x A((0-99): 100 x ReLU()))", &net), TENKA_E_FORMAT,
                 "too many layers");
    tenka_ctx_destroy(&ctx);
}

static void test_layers_in_c(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = sequential(ctx), *inner = sequential(ctx), *other = sequential(ctx);
    for (size_t i = 0; i < MAX_LAYERS / 2; i++)
        must(ctx, tenka_nn_append(inner, NULL, relu(ctx)));
    must(ctx, tenka_nn_append(net, NULL, inner));
    for (size_t i = 0; i < MAX_LAYERS / 2 - 1; i++)
        must(ctx, tenka_nn_append(other, NULL, relu(ctx)));
    /* One more than there is room for, then just as many. */
    tenka_module *pair = sequential(ctx);
    must(ctx, tenka_nn_append(pair, NULL, other));
    assert_fails(ctx, tenka_nn_append(net, NULL, pair), TENKA_E_INVALID, "a network has at most 10000");
    for (size_t i = 0; i < MAX_LAYERS / 2 - 1; i++)
        must(ctx, tenka_nn_append(inner, NULL, relu(ctx)));
    there_and_back(ctx, net);
    assert_fails(ctx, tenka_nn_append(inner, NULL, relu(ctx)), TENKA_E_INVALID, "a network has at most 10000");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Nesting and text ---- */

static void test_nesting(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    for (size_t empty = 0; empty < 2; empty++) {
        tenka_module *net = empty ? sequential(ctx) : make(ctx, "Linear(2,2)"), *outer;
        for (size_t depth = 1; depth < MAX_NESTING; depth++) {
            outer = sequential(ctx);
            must(ctx, tenka_nn_append(outer, NULL, net));
            net = outer;
        }
        there_and_back(ctx, net);
        outer = sequential(ctx);
        assert_fails(ctx, tenka_nn_append(outer, NULL, net), TENKA_E_INVALID, "nested more than 64 deep");
        tenka_module_destroy(&outer);
    }
    for (size_t depth = MAX_NESTING - 2; depth < MAX_NESTING + 1; depth++) {
        char *const open = repeat("A((a): ", depth, "ReLU()"), *const text = repeat(open, 1, ""),
                    *const close = repeat(")", depth, "");
        char *const whole = malloc(strlen(text) + strlen(close) + 1);
        tenka_module *net;
        assert_non_null(whole);
        snprintf(whole, strlen(text) + strlen(close) + 1, "%s%s", text, close);
        if (depth < MAX_NESTING) {
            net = make(ctx, whole);
            there_and_back(ctx, net);
            tenka_module_destroy(&net);
        } else {
            assert_fails(ctx, tenka_nn_parse(ctx, whole, &net), TENKA_E_FORMAT, "nested");
        }
        free(open);
        free(text);
        free(close);
        free(whole);
    }
    tenka_ctx_destroy(&ctx);
}

/* Deep inside, where each line begins with many spaces. */
static void test_longest_text(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = sequential(ctx), *inner = net;
    for (size_t depth = 1; depth < MAX_NESTING - 1; depth++) {
        tenka_module *const next = sequential(ctx);
        must(ctx, tenka_nn_append(inner, NULL, next));
        inner = next;
    }
    for (size_t i = MAX_NESTING - 2; i < MAX_LAYERS; i++)
        must(ctx, tenka_nn_append(inner, NULL,
                                  make(ctx, "MaxPool2d(kernel_size=(2147483647, 2147483646), stride=(2147483647, 1), "
                                            "padding=(1073741823, 1073741822), dilation=(2147483647, 2147483646))")));
    char *const text = tenka_module_text(net);
    assert_true(strlen(text) > 2 * 1024 * 1024);
    tenka_text_free(text);
    there_and_back(ctx, net);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Names ---- */

static void test_names(void **state)
{
    (void)state;
    char longest[MAX_NAME + 1], longer[MAX_NAME + 2];
    memset(longest, 'n', MAX_NAME);
    longest[MAX_NAME] = '\0';
    snprintf(longer, sizeof(longer), "%sn", longest);
    const char *const good[] = {longest,
                                " ",
                                "a b ",
                                "\"",
                                "\\",
                                "'",
                                ":",
                                "0-2",
                                "3 x ReLU",
                                ",",
                                "/",
                                "None",
                                "module",
                                "optimizer",
                                "__metadata__",
                                "n_averaged",
                                "\xc3\xa9t\xc3\xa9",
                                "\xf0\x9f\x98\x80"};
    const char *const bad[] = {longer, "",   ".",        "a.b",  "(",    ")",    "\n",
                               "\t",   "\r", "\x1b[31m", "\x7f", "\xff", "\xc3", "\xed\xa0\x80"};
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = sequential(ctx);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        must(ctx, tenka_nn_append(net, good[i], make(ctx, "Linear(1,1)")));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(ctx, tenka_nn_append(net, bad[i], relu(ctx)), TENKA_E_INVALID, "1 to 127 bytes of UTF-8 text");
    there_and_back(ctx, net);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* All names together, each with its containers'. Quotes take two bytes in a header. */
static void test_paths(void **state)
{
    (void)state;
    char quotes[MAX_NAME + 1];
    memset(quotes, '"', MAX_NAME);
    quotes[MAX_NAME] = '\0';
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = sequential(ctx), *inner = net;
    size_t paths = 0, path = 0;
    for (size_t depth = 0; depth < 4; depth++) {
        tenka_module *const next = sequential(ctx);
        must(ctx, tenka_nn_append(inner, quotes, next));
        path += MAX_NAME + (depth > 0);
        paths += path;
        inner = next;
    }
    tenka_status status = TENKA_OK;
    size_t count = 0;
    for (; status == TENKA_OK; count++) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", count);
        paths += path + 1 + strlen(name);
        status = tenka_nn_append(inner, NULL, make(ctx, "BatchNorm2d(1)"));
    }
    assert_fails(ctx, status, TENKA_E_INVALID, "more than 2097152 bytes in all");
    assert_true(paths > MAX_PATHS && paths - MAX_PATHS < path + 10);
    there_and_back(ctx, net);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Classes in C ---- */

static void pass_on(void *user, tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                    size_t n_out)
{
    (void)user, (void)module, (void)n_in, (void)n_out;
    out[0] = in[0];
}

/* As many classes as there can be, each of its own and of the longest name, which shows as much as it may, deep inside;
 * each with a parameter, which counts as a layer does. */
static tenka_module *make_classes(tenka_ctx *ctx)
{
    char extra[MAX_NAME + 1], name[MAX_NAME + 1], parameter[24];
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *net = sequential(ctx), *inner = net, *next;
    tenka_variable *var;
    memset(extra, '"', MAX_NAME);
    extra[MAX_NAME] = '\0';
    params.forward = pass_on;
    params.extra = extra;
    for (size_t i = 0; i < MAX_LAYERS / 2; i++) {
        const int digits = snprintf(name, sizeof(name), "C%zu_", i);
        memset(name + digits, 'n', MAX_NAME - (size_t)digits);
        name[MAX_NAME] = '\0';
        must(ctx, tenka_nn_custom(ctx, name, &params, NULL, &next));
        must(ctx, tenka_nn_append(inner, NULL, next));
        snprintf(parameter, sizeof(parameter), "p%zu", i);
        must(ctx, tenka_nn_add_parameter(next, parameter, tenka_shape_of(1), 0, 1, &var));
        inner = i < MAX_NESTING - 3 ? next : inner;
    }
    return net;
}

static void test_classes_in_c(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = make_classes(ctx), *again = make_classes(ctx);
    assert_fails(ctx, tenka_nn_append(net, NULL, relu(ctx)), TENKA_E_INVALID, "a network has at most 10000");
    must(ctx, tenka_model_save(net, NULL, st));
    must(ctx, tenka_model_save(net, NULL, pt));
    must(ctx, tenka_model_load(again, st));
    must(ctx, tenka_model_load(again, pt));
    tenka_module_destroy(&again);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Numbers ---- */

static void test_numbers(void **state)
{
    (void)state;
    static const char *const layers[] = {
        "BatchNorm2d(1, eps=1.7976931348623157e+308, momentum=5e-324)",
        "BatchNorm2d(1, eps=0.1000000000000000055511151231257827021181583404541015625, momentum=1)",
        "BatchNorm2d(1, eps=999999999999999, momentum=0.30000000000000004)",
        "BatchNorm2d(1, eps=1000000000000001, momentum=1.0)",
        "Dropout(1) Dropout(0.99999999999999989) Dropout(2.2250738585072014e-308)",
        "Softmax(-6) Softmax(5) Softmax() LogSoftmax(-1) Flatten(-6, 5) Flatten(5, -6)",
        "MaxPool2d(2147483647, [2147483647, 1], 1073741823, 2147483647)",
        "Conv2d(1, 1, 1, 2147483647, 2147483647, 2147483647) Conv2d(2, 2, 1, [1, 1], [0, 7], groups=2, bias=False)",
    };
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
        tenka_module *net = make(ctx, layers[i]);
        there_and_back(ctx, net);
        tenka_module_destroy(&net);
    }
    tenka_module *net = sequential(ctx), *layer;
    must(ctx, tenka_nn_batch_norm2d(ctx, 1, DBL_MAX, DBL_MIN, &layer));
    must(ctx, tenka_nn_append(net, NULL, layer));
    must(ctx, tenka_nn_dropout(ctx, 1.0 / 3, &layer));
    must(ctx, tenka_nn_append(net, NULL, layer));
    must(ctx, tenka_nn_softmax(ctx, 5, &layer));
    must(ctx, tenka_nn_append(net, NULL, layer));
    there_and_back(ctx, net);
    assert_fails(ctx, tenka_nn_softmax(ctx, 6, &layer), TENKA_E_INVALID, "must be from -6 to 5");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- What stands beside the network ---- */

static void keeps(tenka_ctx *ctx, tenka_module *net, const struct tenka_preprocessing *how)
{
    tenka_model *model;
    must(ctx, tenka_model_save(net, how, st));
    must(ctx, tenka_model_open(ctx, st, &model));
    const struct tenka_preprocessing *const back = tenka_model_preprocessing(model);
    assert_memory_equal(&back->image, &how->image, sizeof(how->image));
    assert_memory_equal(back->mean, how->mean, sizeof(how->mean));
    assert_memory_equal(back->std, how->std, sizeof(how->std));
    assert_int_equal(back->classes, how->class_names != NULL ? how->classes : 0);
    for (uint32_t i = 0; i < back->classes; i++)
        assert_int_equal(strcmp(back->class_names[i], how->class_names[i]), 0);
    assert_int_equal(back->data != NULL, how->data != NULL);
    assert_true(how->data == NULL || strcmp(back->data, how->data) == 0);
    tenka_model_destroy(&model);
}

static void test_images(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = relu(ctx);
    struct tenka_preprocessing how = {.image = tenka_shape_of(16, INT32_MAX, 1)};
    for (size_t i = 0; i < 16; i++) {
        how.mean[i] = i % 2 == 0 ? -DBL_MAX / (double)(i + 1) : 5e-324;
        how.std[i] = i % 2 == 0 ? 5e-324 : DBL_MAX / (double)(i + 2);
    }
    keeps(ctx, net, &how);
    static const uint32_t bad[][3] = {{17, 1, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {1, 1u << 31, 1}, {1, 1, 1u << 31}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        how.image = tenka_shape_of(bad[i][0], bad[i][1], bad[i][2]);
        assert_fails(ctx, tenka_model_save(net, &how, st), TENKA_E_INVALID,
                     "images must have rank 3, 1 to 16 channels");
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_classes(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = relu(ctx);
    const char **const names = malloc((MAX_CLASSES + 1) * sizeof(names[0]));
    char *const name = malloc(MAX_CLASS_BYTES + 2);
    assert_true(names != NULL && name != NULL);
    for (size_t i = 0; i <= MAX_CLASSES; i++)
        names[i] = "\1\"";
    struct tenka_preprocessing how = {.classes = MAX_CLASSES, .class_names = names};
    keeps(ctx, net, &how);
    how.classes = MAX_CLASSES + 1;
    assert_fails(ctx, tenka_model_save(net, &how, st), TENKA_E_INVALID, "the names of 1000001 classes are too many");
    assert_fails(ctx, tenka_model_save_check(net, &how, st), TENKA_E_INVALID,
                 "the names of 1000001 classes are too many");
    memset(name, 1, MAX_CLASS_BYTES + 1);
    name[MAX_CLASS_BYTES] = name[MAX_CLASS_BYTES + 1] = '\0';
    names[0] = name;
    how.classes = 1;
    keeps(ctx, net, &how);
    name[MAX_CLASS_BYTES] = 'a';
    assert_fails(ctx, tenka_model_save(net, &how, st), TENKA_E_INVALID, "the names of 1 classes are too many");
    free(name);
    free(names);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_data(void **state)
{
    (void)state;
    static char text[MAX_DATA_BYTES + 2];
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = relu(ctx);
    const struct tenka_preprocessing how = {.data = text};
    memset(text, 1, MAX_DATA_BYTES);
    keeps(ctx, net, &how);
    text[MAX_DATA_BYTES] = 1;
    assert_fails(ctx, tenka_model_save(net, &how, st), TENKA_E_INVALID, "UTF-8 text of 1 to 65536 bytes");
    assert_fails(ctx, tenka_model_save_check(net, &how, st), TENKA_E_INVALID, "UTF-8 text of 1 to 65536 bytes");
    strcpy(text, "a\xff");
    assert_fails(ctx, tenka_model_save(net, &how, st), TENKA_E_INVALID, "UTF-8 text of 1 to 65536 bytes");
    text[0] = '\0';
    assert_fails(ctx, tenka_model_save(net, &how, st), TENKA_E_INVALID, "UTF-8 text of 1 to 65536 bytes");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_by_text), cmocka_unit_test(test_layers_in_c), cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_longest_text),   cmocka_unit_test(test_names),       cmocka_unit_test(test_paths),
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_images),      cmocka_unit_test(test_classes),
        cmocka_unit_test(test_classes_in_c),   cmocka_unit_test(test_data),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
