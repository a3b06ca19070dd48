/* Networks whose forward no text shows: classes of PyTorch, about which the log warns, and code of a program, whose
 * files say so and are refused by those who would run the layers in order. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <unistd.h>

static void must(tenka_ctx *ctx, tenka_status status)
{
    if (status != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
}

static char warning[2048], file[64];

static void keep_warning(void *user, enum tenka_log_level level, const char *text)
{
    (void)user;
    if (level == TENKA_LOG_WARNING)
        snprintf(warning, sizeof(warning), "%s", text);
}

static tenka_ctx *open_ctx(void)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_CPU;
    params.log = keep_warning;
    warning[0] = '\0';
    assert_int_equal(tenka_ctx_create(&params, &ctx), TENKA_OK);
    return ctx;
}

/* What the log says of a text, "" for nothing. */
static const char *warning_of(const char *text)
{
    tenka_ctx *ctx = open_ctx();
    tenka_module *net;
    assert_int_equal(tenka_nn_parse(ctx, text, &net), TENKA_OK);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    return warning;
}

static void test_classes_of_texts(void **state)
{
    (void)state;
    static const char block[] =
        "Net(\n  (conv): Conv2d(1, 8, 3)\n  (block): BasicBlock(\n    (conv1): Conv2d(8, 8, 3)\n"
        "    (bn1): BatchNorm2d(8)\n    (relu): ReLU()\n  )\n)";
    assert_non_null(strstr(warning_of(block), "does in BasicBlock, so"));
    /* Functions stand between these, or it would be one layer. */
    assert_non_null(strstr(warning_of("Net((conv1): Conv2d(1,2,3), (fc): Linear(2,2))"), "does in Net, so"));
    assert_non_null(strstr(warning_of("Net((0): A((0): B((0): ReLU())), (1): A((0): ReLU()))"), "does in A, B, so"));
    assert_non_null(strstr(warning_of("Net((list): ModuleList((0): ReLU()))"), "does in ModuleList, so"));
    assert_non_null(strstr(warning_of("N(A(ReLU()) B(ReLU()) C(ReLU()) D(ReLU()) E(ReLU()) F(ReLU()))"),
                           "does in A, B, C, D, E and more classes, so"));
}

static void test_no_doubt(void **state)
{
    (void)state;
    assert_string_equal(warning_of(tenka_nn_reference_text()), "");
    assert_string_equal(warning_of("Linear(1,1) Linear(1,1)"), "");
    assert_string_equal(warning_of("Net((a): Sequential((0): Linear(1,1), (1): Linear(1,1)))"), "");
    assert_string_equal(warning_of("Net((a): Conv2d(1,2,3), (b): BatchNorm2d(2), (c): ReLU(), (d): Conv2d(2,2,3))"),
                        "");
}

/* ---- A program's code ---- */

/* Sequential((body): Sequential((0): Linear(4, 4))) */
struct net {
    tenka_ctx *ctx;
    tenka_module *root, *body, *layer;
};

static struct net make(void)
{
    struct net n = {.ctx = open_ctx()};
    must(n.ctx, tenka_nn_sequential(n.ctx, &n.root));
    must(n.ctx, tenka_nn_sequential(n.ctx, &n.body));
    must(n.ctx, tenka_nn_append(n.root, "body", n.body));
    must(n.ctx, tenka_nn_linear(n.ctx, 4, 4, true, &n.layer));
    must(n.ctx, tenka_nn_append(n.body, NULL, n.layer));
    return n;
}

static void destroy(struct net *n)
{
    tenka_module_destroy(&n->root);
    tenka_ctx_destroy(&n->ctx);
}

/* A step in which the program runs one module, with a shortcut around it. */
static void run(struct net *n, tenka_module *module)
{
    static const float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const tenka_tensor x = tenka_input(n->ctx, TENKA_F32, tenka_shape_of(2, 4), ones);
    tenka_backward(tenka_mean(tenka_add(x, tenka_forward(module, x)), TENKA_ALL_AXES, false));
    must(n->ctx, tenka_step_end(n->ctx));
}

static void assert_opens(struct net *n, bool opens)
{
    bool has_net;
    tenka_model *model;
    assert_int_equal(tenka_module_has_own_forward(n->root), !opens);
    must(n->ctx, tenka_model_save(n->root, NULL, file));
    must(n->ctx, tenka_model_has_net(n->ctx, file, &has_net));
    assert_int_equal(has_net, opens);
    if (opens)
        must(n->ctx, tenka_model_open(n->ctx, file, &model));
    else
        assert_fails(n->ctx, tenka_model_open(n->ctx, file, &model), TENKA_E_FORMAT,
                     "is code of the program that saved it, which is not in the file; only that program can run it");
    tenka_model_destroy(&model);
}

static void test_containers_that_run(void **state)
{
    (void)state;
    struct net n = make();
    assert_opens(&n, true);
    run(&n, n.root);
    assert_opens(&n, true);
    /* Who looks at what a layer gives, besides, has the same network. */
    run(&n, n.layer);
    run(&n, n.body);
    assert_opens(&n, true);
    destroy(&n);
}

static void test_children_that_a_program_runs(void **state)
{
    (void)state;
    struct net n = make();
    run(&n, n.layer);
    assert_opens(&n, false);
    /* The outermost container does not run by being checked. */
    must(n.ctx, tenka_module_check(n.root, tenka_shape_of(2, 4), NULL));
    assert_opens(&n, false);
    run(&n, n.body);
    assert_opens(&n, false);
    run(&n, n.root);
    assert_opens(&n, true);
    destroy(&n);
}

/* A program that loads its file and saves it again has run nothing. */
static void test_files_of_programs(void **state)
{
    (void)state;
    struct net n = make(), again = make();
    run(&n, n.body);
    assert_opens(&n, false);
    must(again.ctx, tenka_model_load(again.root, file));
    assert_opens(&again, false);
    run(&again, again.root);
    assert_opens(&again, true);
    destroy(&n);
    destroy(&again);
}

static struct tenka_training training_of(struct net *n)
{
    static const uint8_t images[4];
    static const int32_t labels[4];
    struct tenka_training training = TENKA_TRAINING_DEFAULTS;
    tenka_dataset *data;
    training.net = n->root;
    must(n->ctx, tenka_adam_create(n->ctx, n->root, NULL, &training.optimizer));
    must(n->ctx, tenka_dataset_create(n->ctx, images, labels, 4, 1, 1, 1, &data));
    must(n->ctx, tenka_loader_create(n->ctx, data, NULL, &training.train_loader));
    tenka_dataset_destroy(&data);
    return training;
}

static void end_training(struct tenka_training *training)
{
    tenka_optimizer_destroy(&training->optimizer);
    tenka_loader_destroy(&training->train_loader);
}

/* A run that is resumed knows of its forward before it runs it, and a run that goes on can take its own file. */
static void test_checkpoints_of_programs(void **state)
{
    (void)state;
    struct net n = make(), again = make();
    struct tenka_training first = training_of(&n), second = training_of(&again);
    run(&n, n.layer);
    must(n.ctx, tenka_checkpoint_save(&first, NULL, file));
    must(again.ctx, tenka_checkpoint_load(&second, NULL, file));
    must(again.ctx, tenka_checkpoint_load(&second, NULL, file));
    assert_opens(&again, false);
    end_training(&first);
    end_training(&second);
    destroy(&n);
    destroy(&again);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(file, "/tmp/tenka-own-XXXXXX");
    const int descriptor = mkstemp(file);
    return descriptor < 0 || close(descriptor) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_of_texts),
        cmocka_unit_test(test_no_doubt),
        cmocka_unit_test_setup_teardown(test_containers_that_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_children_that_a_program_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files_of_programs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checkpoints_of_programs, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
