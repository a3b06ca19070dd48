/* Files of networks with classes whose forward is C: loaded by who has the class, refused with its name by who has not;
 * runs that go on from a checkpoint bit for bit, or not at all; hostile metadata.   test_custom_files
 * [cpu|cpu-f64|vulkan] */
#define _POSIX_C_SOURCE 200809L
#include "custom.h"

#include <jansson.h>
#include <unistd.h>

#include "core/core.h"

#define STATE 16

static char file[64], pt[80];

static int set_up(void **state)
{
    (void)state;
    strcpy(file, "/tmp/tenka-custom-XXXXXX");
    const int descriptor = mkstemp(file);
    snprintf(pt, sizeof(pt), "%s.pt", file);
    return descriptor < 0 || close(descriptor) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(pt);
    return unlink(file);
}

static void assert_refused(tenka_ctx *ctx, tenka_status status, tenka_status expected, const char *part)
{
    if (status != expected || strstr(tenka_last_error(ctx), part) == NULL)
        fail_msg("%s: expected \"%s\" in \"%s\"", tenka_status_text(status), part, tenka_last_error(ctx));
}

/* All elements of a network's variables. */
struct weights {
    double value[256];
    size_t count;
};

static struct weights weights_of(tenka_module *net)
{
    struct tenka_state_entry state[STATE];
    struct weights w = {.count = 0};
    const size_t n = tenka_module_state(net, state, STATE);
    assert_true(n <= STATE);
    for (size_t i = 0; i < n; i++) {
        const struct tenka_shape shape = tenka_variable_shape(state[i].var);
        const size_t count = (size_t)tenka_shape_count(&shape);
        assert_true(w.count + count <= sizeof(w.value) / sizeof(w.value[0]));
        must(tenka_module_ctx(net), tenka_variable_read_f64(state[i].var, w.value + w.count, count));
        w.count += count;
    }
    return w;
}

static bool equal(const struct weights *a, const struct weights *b)
{
    return a->count == b->count && memcmp(a->value, b->value, a->count * sizeof(a->value[0])) == 0;
}

static tenka_module *make(tenka_ctx *ctx, uint64_t seed)
{
    tenka_module *net;
    tenka_manual_seed(ctx, seed);
    must(ctx, make_outer(ctx, "Scaled", 1, &net));
    return net;
}

/* The network that its text is to who does not know the classes. */
static tenka_module *make_of_text(tenka_ctx *ctx, tenka_module *net)
{
    static const char with[] = "begin=0.5\n", *at;
    tenka_module *other;
    char *const text = tenka_module_text(net);
    while ((at = strstr(text, with)) != NULL)
        memset(text + (at - text), ' ', strlen(with));
    must(ctx, tenka_nn_parse(ctx, text, &other));
    tenka_text_free(text);
    return other;
}

/* ---- Models ---- */

static void test_there_and_back(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = make(ctx, 1), *twin = make(ctx, 2);
    const struct weights before = weights_of(net);
    struct weights now = weights_of(twin);
    assert_false(equal(&before, &now));
    must(ctx, tenka_model_save(net, NULL, file));
    must(ctx, tenka_model_save(net, NULL, pt));
    must(ctx, tenka_model_load(twin, file));
    now = weights_of(twin);
    /* Files have floats, and so had the weights as they were drawn. */
    assert_true(equal(&before, &now));
    tenka_module_destroy(&twin);
    twin = make(ctx, 3);
    must(ctx, tenka_model_load(twin, pt));
    now = weights_of(twin);
    assert_true(equal(&before, &now));
    tenka_module_destroy(&twin);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_without_the_code(void **state)
{
    static const char sentence[] = "the forward of Outer is code of the program that saved the file";
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = make(ctx, 1), *other = make_of_text(ctx, net), *renamed, *plain;
    tenka_model *model;
    bool has_net = true;
    must(ctx, tenka_model_save(net, NULL, file));
    must(ctx, tenka_model_has_net(ctx, file, &has_net));
    assert_false(has_net);
    assert_refused(ctx, tenka_model_open(ctx, file, &model), TENKA_E_UNSUPPORTED, sentence);
    assert_null(model);
    assert_refused(ctx, tenka_model_load(other, file), TENKA_E_UNSUPPORTED, sentence);
    must(ctx, make_outer(ctx, "Scalee", 1, &renamed));
    const struct weights before = weights_of(renamed);
    assert_refused(ctx, tenka_model_load(renamed, file), TENKA_E_UNSUPPORTED, "the forward of Scaled is code");
    const struct weights after = weights_of(renamed);
    assert_true(equal(&before, &after));
    /* What has no such class is a plain file still. */
    must(ctx, tenka_nn_parse(ctx, "Linear(2, 2)", &plain));
    must(ctx, tenka_model_save(plain, NULL, file));
    must(ctx, tenka_model_open(ctx, file, &model));
    tenka_model_destroy(&model);
    tenka_module_destroy(&plain);
    tenka_module_destroy(&renamed);
    tenka_module_destroy(&other);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Metadata that somebody has written ---- */

/* Writes the file again with some texts of its metadata, pairs of key and value up to NULL, set; "": taken away. */
static void rewrite(const char *const *pairs)
{
    static char old[1 << 16];
    FILE *in = fopen(file, "rb");
    assert_non_null(in);
    const size_t bytes = fread(old, 1, sizeof(old), in);
    fclose(in);
    const size_t header = (size_t)(unsigned char)old[0] | (size_t)(unsigned char)old[1] << 8;
    assert_true(bytes < sizeof(old) && 8 + header < bytes);
    json_t *const root = json_loadb(old + 8, header, 0, NULL), *const metadata = json_object_get(root, "__metadata__");
    assert_non_null(metadata);
    for (; *pairs != NULL; pairs += 2)
        if (pairs[1][0] == '\0')
            json_object_del(metadata, pairs[0]);
        else
            json_object_set_new(metadata, pairs[0], json_string(pairs[1]));
    char *const text = json_dumps(root, JSON_COMPACT);
    assert_non_null(text);
    const uint64_t length = strlen(text);
    FILE *const out = fopen(file, "wb");
    assert_non_null(out);
    for (int i = 0; i < 8; i++)
        fputc((int)(length >> 8 * i & 0xFF), out);
    fwrite(text, 1, length, out);
    fwrite(old + 8 + header, 1, bytes - 8 - header, out);
    assert_int_equal(fclose(out), 0);
    free(text);
    json_decref(root);
}

static void test_hostile(void **state)
{
    static char huge[4 << 20];
    memset(huge, 'A', sizeof(huge) - 1);
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = make(ctx, 1), *twin = make(ctx, 2);
    const struct {
        const char *code, *part; /* NULL: it is loaded */
    } cases[] = {
        {"Outer,Scaled", NULL},
        {"Scaled,Outer,Scaled,Scaled", NULL},
        {"Scaled", NULL},
        {",", "the forward of a class is code"},
        {"Outer,", "the forward of a class is code"},
        {"Outer,,Scaled", "the forward of a class is code"},
        {"Scale", "the forward of Scale is code"},
        {"Scaled2,Outer", "the forward of Scaled2 is code"},
        {"Outer,Scaled Outer", "the forward of Scaled Outer is code"},
        {"Outer(\n  (a): Scaled()\n)", "the forward of Outer(?  (a): Scaled()?) is code"},
        {"\033[31mred", "the forward of ?[31mred is code"},
        {"%s%n", "the forward of %s%n is code"},
        {huge, "the forward of AAAAAAAA"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        must(ctx, tenka_model_save(net, NULL, file));
        rewrite((const char *const[]){"tenka.code", cases[i].code, NULL});
        const struct weights before = weights_of(twin);
        const tenka_status status = tenka_model_load(twin, file);
        const struct weights after = weights_of(twin);
        if (cases[i].part == NULL) {
            must(ctx, status);
            continue;
        }
        assert_refused(ctx, status, TENKA_E_UNSUPPORTED, cases[i].part);
        assert_true(equal(&before, &after));
    }
    tenka_module_destroy(&twin);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* A file that says both: that its text is all of the network, and that it is not. */
static void test_contradictions(void **state)
{
    static const char *const texts[][5] = {
        {"tenka.net", "Linear(2, 2)", "tenka.code", "ResBlock", NULL},
        {"tenka.net", "Net((0): ResBlock((0): Linear(2, 2)))", "tenka.code", "ResBlock", NULL},
        {"tenka.net", "", "tenka.code", "ResBlock", NULL},
        {"tenka.layers", "Linear(2, 2)", "tenka.code", "ResBlock", NULL},
        {"tenka.layers", "Linear(2, 2)", "", "", NULL},
    };
    tenka_ctx *ctx = open_target(*state);
    tenka_module *plain;
    tenka_model *model;
    bool has_net;
    must(ctx, tenka_nn_parse(ctx, "Linear(2, 2)", &plain));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        must(ctx, tenka_model_save(plain, NULL, file));
        rewrite(texts[i]);
        has_net = true;
        must(ctx, tenka_model_has_net(ctx, file, &has_net));
        assert_false(has_net);
        if (texts[i][3][0] != '\0')
            assert_refused(ctx, tenka_model_open(ctx, file, &model), TENKA_E_UNSUPPORTED, "of ResBlock is code");
        else
            assert_refused(ctx, tenka_model_open(ctx, file, &model), TENKA_E_FORMAT, "code of the program that saved");
    }
    tenka_module_destroy(&plain);
    tenka_ctx_destroy(&ctx);
}

/* ---- Checkpoints ---- */

struct run {
    tenka_ctx *ctx;
    struct tenka_training t;
};

/* Takes the network over. */
static struct run begin(tenka_ctx *ctx, tenka_module *net)
{
    static const uint8_t images[20] = {9, 200, 3, 77, 255, 1, 0, 128, 64, 32, 16, 8, 4, 2, 1, 99, 98, 97, 250, 5};
    static const int32_t labels[5] = {0, 1, 1, 0, 1};
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    struct run r = {.ctx = ctx, .t = TENKA_TRAINING_DEFAULTS};
    tenka_dataset *data;
    params.batch_size = 2;
    params.shuffle = true;
    r.t.net = net;
    must(ctx, tenka_dataset_create(ctx, images, labels, 5, 1, 2, 2, &data));
    must(ctx, tenka_loader_create(ctx, data, &params, &r.t.train_loader));
    must(ctx, tenka_adam_create(ctx, net, NULL, &r.t.optimizer));
    tenka_dataset_destroy(&data);
    return r;
}

static void end(struct run *r)
{
    tenka_optimizer_destroy(&r->t.optimizer);
    tenka_loader_destroy(&r->t.train_loader);
    tenka_module_destroy(&r->t.net);
}

static void train(struct run *r, int steps)
{
    for (int i = 0; i < steps; i++) {
        struct tenka_batch batch;
        tenka_status status = tenka_loader_next(r->t.train_loader, &batch);
        if (status == TENKA_END)
            status = tenka_loader_next(r->t.train_loader, &batch);
        must(r->ctx, status);
        const tenka_tensor y = tenka_forward(r->t.net, tenka_flatten(batch.input, 1));
        tenka_backward(tenka_cross_entropy(y, batch.target));
        must(r->ctx, tenka_optimizer_step(r->t.optimizer));
        r->t.step++;
    }
}

static void test_same_bits(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    for (int at = 0; at < 5; at += 2) {
        struct run whole = begin(ctx, make(ctx, 1));
        train(&whole, at);
        must(ctx, tenka_checkpoint_save(&whole.t, NULL, file));
        train(&whole, 5);
        const struct weights expected = weights_of(whole.t.net);
        end(&whole);
        struct run again = begin(ctx, make(ctx, 9));
        must(ctx, tenka_checkpoint_load(&again.t, NULL, file));
        assert_int_equal(again.t.step, at);
        train(&again, 5);
        const struct weights got = weights_of(again.t.net);
        assert_true(equal(&expected, &got));
        end(&again);
    }
    tenka_ctx_destroy(&ctx);
}

static void assert_not_resumed(tenka_ctx *ctx, tenka_module *net, tenka_status expected, const char *part)
{
    struct run r = begin(ctx, net);
    const struct weights before = weights_of(net);
    assert_refused(ctx, tenka_checkpoint_load(&r.t, NULL, file), expected, part);
    const struct weights after = weights_of(net);
    assert_true(equal(&before, &after) && r.t.step == 0 && tenka_optimizer_steps(r.t.optimizer) == 0);
    end(&r);
}

static void test_other_classes(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct run r = begin(ctx, make(ctx, 1));
    tenka_module *other;
    train(&r, 3);
    must(ctx, tenka_checkpoint_save(&r.t, NULL, file));
    must(ctx, make_outer(ctx, "Scalee", 1, &other));
    assert_not_resumed(ctx, other, TENKA_E_INVALID, "line 5 is \"(a): Scaled(\" there and \"(a): Scalee(\" here");
    must(ctx, make_outer(ctx, "Scaled", 4, &other));
    assert_not_resumed(ctx, other, TENKA_E_FORMAT,
                       "size mismatch for 2.a.scale: copying a param with shape torch.Size([1]) from checkpoint, the "
                       "shape in current model is torch.Size([4])");
    must(ctx, make_outer(ctx, "Scaled", 1, &other));
    tenka_variable *var;
    must(ctx, tenka_nn_add_parameter(tenka_module_child(other, "2"), "more", tenka_shape_of(1), 0, 0, &var));
    assert_not_resumed(ctx, other, TENKA_E_INVALID, "does not train 2.more");
    must(ctx, make_outer(ctx, "Scaled", 1, &other));
    must(ctx, tenka_nn_add_buffer(tenka_module_child(other, "2"), "more", tenka_shape_of(1), 0, &var));
    assert_not_resumed(ctx, other, TENKA_E_FORMAT, "Missing key(s) in state_dict: \"2.more\"");
    tenka_model *model;
    assert_refused(ctx, tenka_model_open(ctx, file, &model), TENKA_E_UNSUPPORTED, "the forward of Outer is code");
    end(&r);
    tenka_ctx_destroy(&ctx);
}

static void add_one(void *user, tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                    size_t n_out)
{
    (void)user, (void)n_in, (void)n_out;
    out[0] = tenka_add(in[0], tenka_forward(tenka_module_child(module, "0"), in[0]));
}

/* Two networks of one text, of which one has the class in C, are not each other's run. */
static void test_same_text(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *net[2], *layer;
    params.forward = add_one;
    for (int first = 0; first < 2; first++) {
        must(ctx, tenka_nn_custom(ctx, "Shortcut", &params, NULL, &net[0]));
        must(ctx, tenka_nn_linear(ctx, 4, 4, true, &layer));
        must(ctx, tenka_nn_append(net[0], NULL, layer));
        must(ctx, tenka_nn_parse(ctx, "Shortcut((0): Linear(4, 4))", &net[1]));
        struct run r = begin(ctx, net[first]);
        must(ctx, tenka_checkpoint_save(&r.t, NULL, file));
        assert_not_resumed(ctx, net[1 - first], TENKA_E_INVALID,
                           first == 0 ? "code as the forward of Shortcut, this one has nothing"
                                      : "code as the forward of nothing, this one has Shortcut");
        end(&r);
    }
    tenka_ctx_destroy(&ctx);
}

static void test_each_allocation(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct run r = begin(ctx, make(ctx, 1));
    train(&r, 1);
    must(ctx, tenka_checkpoint_save(&r.t, NULL, file));
    must(ctx, tenka_checkpoint_load(&r.t, NULL, file));
    const struct weights before = weights_of(r.t.net);
    for (int what = 0; what < 4; what++) {
        tenka_status status = TENKA_E_NOMEM;
        for (uint64_t k = 1; status != TENKA_OK; k++) {
            assert_true(k < 1000);
            tenka_alloc_fail_at(k);
            status = what == 0   ? tenka_checkpoint_save(&r.t, NULL, file)
                     : what == 1 ? tenka_checkpoint_load(&r.t, NULL, file)
                     : what == 2 ? tenka_model_save(r.t.net, NULL, file)
                                 : tenka_model_load(r.t.net, file);
            tenka_alloc_fail_at(0);
            if (status != TENKA_OK && status != TENKA_E_NOMEM)
                fail_msg("%d, allocation %u: %s", what, (unsigned)k, tenka_last_error(ctx));
        }
    }
    const struct weights after = weights_of(r.t.net);
    assert_true(equal(&before, &after) || tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64);
    end(&r);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_the_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_contradictions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_classes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_allocation, set_up, tear_down),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
