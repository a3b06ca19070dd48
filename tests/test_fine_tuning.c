/* What is frozen costs no backward pass and stays; layers that begin anew; initialisers against PyTorch; weights that
 * fit in part; and checkpoints that say what is frozen.   test_fine_tuning [cpu|cpu-f64|vulkan] INITIALISERS */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <unistd.h>

#include "graph/graph.h"

static const char *golden;

#define TEXT                                                                                             \
    "Net((trunk): Sequential((0): Conv2d(1, 4, 3) (1): BatchNorm2d(4) (2): ReLU() (3): Conv2d(4, 4, 3) " \
    "(4): BatchNorm2d(4) (5): ReLU()) (flat): Flatten() (fc): Linear(16, 3))"

static tenka_module *make(tenka_ctx *ctx, const char *text)
{
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    return net;
}

/* ---- Plans ---- */

static void count_nodes(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    (void)program;
    *(size_t *)user = plan->n_nodes > *(size_t *)user ? plan->n_nodes : *(size_t *)user;
}

static void train_step(tenka_ctx *ctx, tenka_module *net, tenka_optimizer *opt)
{
    static float x[2 * 36];
    static const int32_t classes[2] = {0, 2};
    for (size_t i = 0; i < 72; i++)
        x[i] = (float)(i * i % 17) / 8 - 1;
    const tenka_tensor y = tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 1, 6, 6), x));
    tenka_backward(tenka_cross_entropy(y, tenka_input(ctx, TENKA_I32, tenka_shape_of(2), classes)));
    must(ctx, tenka_optimizer_step(opt));
}

/* Nodes of a training step's plan. */
static size_t nodes_of(const struct target *target, const char *freeze, bool fixed)
{
    tenka_ctx *ctx = open_target(target);
    tenka_module *net = make(ctx, TEXT);
    tenka_optimizer *opt;
    size_t nodes = 0;
    if (freeze != NULL)
        must(ctx, tenka_module_freeze(net, freeze, true, NULL));
    tenka_module_fix_statistics(net, fixed);
    must(ctx, tenka_sgd_create(ctx, net, NULL, &opt));
    train_step(ctx, net, opt);
    tenka_ctx_visit_plans(ctx, count_nodes, &nodes);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    return nodes;
}

/* Forward passes of the trunk, alone and without gradients. */
static size_t nodes_of_inference(const struct target *target)
{
    static const float x[2 * 36];
    tenka_ctx *ctx = open_target(target);
    tenka_module *net = make(ctx, TEXT);
    size_t nodes = 0;
    tenka_module_train(net, false);
    tenka_no_grad_begin(ctx);
    tenka_forward(tenka_module_child(net, "trunk"), tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 1, 6, 6), x));
    must(ctx, tenka_step_end(ctx));
    tenka_no_grad_end(ctx);
    tenka_ctx_visit_plans(ctx, count_nodes, &nodes);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    return nodes;
}

/* Nodes of a training step of the last layer alone, on what a trunk would give. */
static size_t nodes_of_head(const struct target *target)
{
    static const float x[2 * 16];
    static const int32_t classes[2] = {0, 2};
    tenka_ctx *ctx = open_target(target);
    tenka_module *net = make(ctx, "Linear(16, 3)");
    tenka_optimizer *opt;
    size_t nodes = 0;
    must(ctx, tenka_sgd_create(ctx, net, NULL, &opt));
    const tenka_tensor y = tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 16), x));
    tenka_backward(tenka_cross_entropy(y, tenka_input(ctx, TENKA_I32, tenka_shape_of(2), classes)));
    must(ctx, tenka_optimizer_step(opt));
    tenka_ctx_visit_plans(ctx, count_nodes, &nodes);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    return nodes;
}

/* A frozen trunk costs its inference and nothing else. */
static void test_frozen_trunk(void **state)
{
    const struct target *const target = *state;
    const size_t all = nodes_of(target, NULL, false), frozen = nodes_of(target, "trunk", true);
    const size_t first = nodes_of(target, "trunk.0", false), inference = nodes_of_inference(target);
    printf("nodes: %zu of all, %zu without the first layer's update, %zu of a frozen trunk, %zu of its inference\n",
           all, first, frozen, inference);
    assert_int_equal(frozen, inference + nodes_of_head(target));
    assert_true(frozen < first && first < all);
}

/* ---- What stays ---- */

static double sum_of(tenka_ctx *ctx, tenka_module *net, const char *name)
{
    double values[256], sum = 0;
    tenka_variable *const var = tenka_module_find(net, name);
    const struct tenka_shape shape = tenka_variable_shape(var);
    size_t count = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    assert_true(count <= 256);
    must(ctx, tenka_variable_read_f64(var, values, count));
    for (size_t i = 0; i < count; i++)
        sum += values[i] * (double)(i + 1);
    return sum;
}

/* Which entries of the state change within a step. */
static void changes(const struct target *target, const char *const *freeze, size_t n, bool fixed, const char *expected)
{
    tenka_ctx *ctx = open_target(target);
    tenka_module *net = make(ctx, TEXT);
    struct tenka_state_entry entries[32];
    tenka_optimizer *opt;
    char seen[33] = "";
    double before[32];
    const size_t count = tenka_module_state(net, entries, 32);
    for (size_t i = 0; i < n; i++)
        must(ctx, tenka_module_freeze(net, freeze[i] + 1, freeze[i][0] == '-', NULL));
    tenka_module_train(net, true);
    tenka_module_fix_statistics(net, fixed);
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    for (size_t i = 0; i < count; i++)
        before[i] = entries[i].var != NULL ? sum_of(ctx, net, entries[i].name) : (double)*entries[i].number;
    train_step(ctx, net, opt);
    tenka_module_train(net, false);
    tenka_module_train(net, true);
    train_step(ctx, net, opt);
    tenka_module_state(net, entries, 32);
    for (size_t i = 0; i < count; i++) {
        const double now = entries[i].var != NULL ? sum_of(ctx, net, entries[i].name) : (double)*entries[i].number;
        seen[i] = now != before[i] ? '1' : '0';
    }
    assert_string_equal(seen, expected);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* The state: conv weight, bias; norm weight, bias, mean, variance, count; the same again; fc weight, bias. */
static void test_what_stays(void **state)
{
    const struct target *const target = *state;
    changes(target, NULL, 0, true,
            "1111111"
            "1111111"
            "11");
    changes(target, (const char *const[]){"-trunk"}, 1, false,
            "0000111"
            "0000111"
            "11");
    changes(target, (const char *const[]){"-trunk"}, 1, true,
            "0000000"
            "0000000"
            "11");
    changes(target, (const char *const[]){"-*", "+trunk.4", "+fc.b*"}, 3, true,
            "0000000"
            "0011111"
            "01");
    changes(target, (const char *const[]){"-trunk.1", "-*.weight", "+fc"}, 3, true,
            "0100000"
            "0101111"
            "11");
    changes(target, (const char *const[]){"-*1.weight"}, 1, true,
            "1101111"
            "1111111"
            "11");
}

static void test_patterns(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = make(ctx, TEXT);
    size_t count;
    static const struct {
        const char *pattern;
        size_t count;
    } rows[] = {{"*", 16},  {"trunk", 14}, {"trunk.1", 5}, {"trunk.1.weight", 1}, {"*.weight", 5}, {"t*.1.*a*", 4},
                {"fc*", 2}, {"**", 16},    {"*c", 2},      {"*running_*", 4}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        must(ctx, tenka_module_freeze(net, rows[i].pattern, true, &count));
        assert_int_equal(count, rows[i].count);
    }
    must(ctx, tenka_module_freeze(tenka_module_child(net, "trunk"), "1", true, &count));
    assert_int_equal(count, 5);
    static const char *const nothing[] = {"", "trun", "trunk.", "runk", "weight", "trunk.1.weight.x", "fc.weight*x"};
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
        assert_fails(ctx, tenka_module_freeze(net, nothing[i], true, &count), TENKA_E_INVALID,
                     "the network has trunk, flat, fc");
    assert_fails(ctx, tenka_module_freeze(net, NULL, true, NULL), TENKA_E_INVALID, "pattern is NULL");
    tenka_input(ctx, TENKA_F32, tenka_shape_of(1), &(float){1});
    assert_fails(ctx, tenka_module_freeze(net, "fc", true, NULL), TENKA_E_INVALID, "a step is open");
    tenka_step_discard(ctx);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Beginning ---- */

/* A layer that begins anew is the next one that the generator gives. */
static void test_reset(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = make(ctx, TEXT);
    size_t count;
    tenka_optimizer *opt;
    must(ctx, tenka_sgd_create(ctx, net, NULL, &opt));
    train_step(ctx, net, opt);
    const double kept = sum_of(ctx, net, "trunk.0.weight");
    must(ctx, tenka_module_reset(net, "fc", &count));
    assert_int_equal(count, 2);
    must(ctx, tenka_module_reset(net, "trunk.1", &count));
    assert_true(sum_of(ctx, net, "trunk.0.weight") == kept && sum_of(ctx, net, "trunk.1.running_mean") == 0);
    tenka_ctx *again = open_target(*state);
    tenka_module *same = make(again, TEXT), *twin;
    must(again, tenka_nn_linear(again, 16, 3, true, &twin));
    assert_true(sum_of(ctx, net, "fc.weight") == sum_of(again, twin, "weight"));
    assert_true(sum_of(ctx, net, "fc.weight") != sum_of(again, same, "fc.weight"));
    tenka_module_destroy(&twin);
    tenka_module_destroy(&same);
    tenka_ctx_destroy(&again);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Uniform numbers have PyTorch's bits; of normal ones logarithm and cosine round otherwise. */
static void check_drawn(const struct target *target, const char *call, const char *numbers)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    const bool uniform = strstr(call, "normal") == NULL;
    tenka_ctx *ctx;
    float drawn[35 + 12];
    params.backend = target->backend;
    params.device = target->backend == TENKA_BACKEND_VULKAN ? target->index : NULL;
    params.seed = 7;
    must(NULL, tenka_ctx_create(&params, &ctx));
    tenka_module *net = make(ctx, "Linear(5, 7) Linear(3, 4)");
    must(ctx, tenka_module_init(net, NULL, call));
    must(ctx, tenka_variable_read(tenka_module_find(net, "0.weight"), drawn, 35 * sizeof(float)));
    must(ctx, tenka_variable_read(tenka_module_find(net, "1.weight"), drawn + 35, 12 * sizeof(float)));
    for (size_t i = 0; i < 47; i++) {
        char *end;
        const float expected = strtof(numbers, &end);
        assert_true(end != numbers);
        if (fabsf(drawn[i] - expected) > (uniform ? 0 : 4e-7f * fmaxf(1, fabsf(expected))))
            fail_msg("%s: element %zu is %.9g, but PyTorch has %.9g", call, i, (double)drawn[i], (double)expected);
        numbers = end;
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* What an initialiser draws, tenka_randn draws at the same place of the generator. */
static void test_randn(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *drawn[2] = {NULL, NULL};
    float want[47], have[47];
    tenka_manual_seed(ctx, 7);
    tenka_module *net = make(ctx, "Linear(5, 7, bias=False) Linear(3, 4, bias=False)");
    must(ctx, tenka_module_init(net, NULL, "normal_()"));
    must(ctx, tenka_variable_read(tenka_module_find(net, "0.weight"), want, 35 * sizeof(float)));
    must(ctx, tenka_variable_read(tenka_module_find(net, "1.weight"), want + 35, 12 * sizeof(float)));
    tenka_module_destroy(&net);
    tenka_manual_seed(ctx, 7);
    net = make(ctx, "Linear(5, 7, bias=False) Linear(3, 4, bias=False)");
    must(ctx, tenka_keep(tenka_randn(ctx, tenka_shape_of(7, 5)), &drawn[0]));
    must(ctx, tenka_keep(tenka_randn(ctx, tenka_shape_of(12)), &drawn[1]));
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_variable_read(drawn[0], have, 35 * sizeof(float)));
    must(ctx, tenka_variable_read(drawn[1], have + 35, 12 * sizeof(float)));
    assert_memory_equal(have, want, sizeof(want));
    assert_false(tenka_tensor_valid(tenka_randn(ctx, tenka_shape_of(17, 1024, 1024))) &&
                 tenka_ctx_backend(ctx) == TENKA_BACKEND_VULKAN);
    tenka_step_discard(ctx);
    tenka_variable_destroy(&drawn[0]);
    tenka_variable_destroy(&drawn[1]);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_initialisers(void **state)
{
    static char line[4096];
    size_t count = 0;
    FILE *const file = fopen(golden, "r");
    assert_non_null(file);
    for (; fgets(line, sizeof(line), file) != NULL; count++) {
        char *const tab = strchr(line, '\t');
        assert_non_null(tab);
        *tab = '\0';
        check_drawn(*state, line, tab + 1);
    }
    fclose(file);
    assert_int_equal(count, 16);
}

static void test_wrong_initialisers(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = make(ctx, TEXT);
    assert_fails(ctx, tenka_module_init(net, NULL, "kaiming_norml_()"), TENKA_E_FORMAT, "do you mean kaiming_normal_?");
    assert_fails(ctx, tenka_module_init(net, NULL, "orthogonal_()"), TENKA_E_FORMAT,
                 "those that are known: uniform_, normal_");
    assert_fails(ctx, tenka_module_init(net, NULL, "constant_()"), TENKA_E_FORMAT, "the argument val is missing");
    assert_fails(ctx, tenka_module_init(net, NULL, "kaiming_normal_(mode='fan')"), TENKA_E_FORMAT, "fan_in/fan_out");
    assert_fails(ctx, tenka_module_init(net, NULL, "uniform_(2, 1)"), TENKA_E_INVALID, "a is above b");
    assert_fails(ctx, tenka_module_init(net, NULL, "trunc_normal_(std=0)"), TENKA_E_INVALID, "std is 0");
    assert_fails(ctx, tenka_module_init(net, NULL, "normal_(std=-1)"), TENKA_E_FORMAT,
                 "std must be a number of at least 0.0");
    assert_fails(ctx, tenka_module_init(net, "fc", "xavier_normal_()"), TENKA_E_SHAPE, "fc.bias is [3]");
    assert_fails(ctx, tenka_module_init(net, "head", "zeros_()"), TENKA_E_INVALID, "'head' names no part");
    assert_fails(ctx, tenka_module_init(net, "fc", NULL), TENKA_E_INVALID, "text is NULL");
    must(ctx, tenka_module_init(net, "fc.bias", "nn.init.constant_(m.bias, 2)"));
    assert_true(sum_of(ctx, net, "fc.bias") == 2 * (1 + 2 + 3));
    must(ctx, tenka_module_init(net, NULL, "ones_()"));
    assert_true(sum_of(ctx, net, "trunk.1.weight") == 10 && sum_of(ctx, net, "fc.bias") == 12);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Weights in part ---- */

static void expect_report(tenka_ctx *ctx, tenka_module *net, const char *path, const char *expected)
{
    char *report;
    must(ctx, tenka_model_load_partial(net, path, &report));
    assert_string_equal(report, expected);
    tenka_text_free(report);
}

static void test_partial(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    char folder[] = "/tmp/tenka-partial-XXXXXX", path[64], *report;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/net.st", folder);
    tenka_module *from = make(ctx, "Sequential((module): Sequential((a): Linear(2, 3) (bn): BatchNorm2d(2) "
                                   "(fc): Linear(3, 5) (x): Linear(1, 1)))");
    tenka_module *net = make(ctx, "Sequential((a): Linear(2, 3) (bn): BatchNorm2d(2) (fc): Linear(3, 4) "
                                  "(y): Linear(1, 1))");
    must(ctx, tenka_model_save(from, NULL, path));
    const double y = sum_of(ctx, net, "y.weight"), fc = sum_of(ctx, net, "fc.weight");
    expect_report(
        ctx, net, path,
        "6 of 10 tensors are taken; of another shape: fc.weight ([5, 3] there, [4, 3] here), fc.bias ([5] there, "
        "[4] here); not in the file: y.weight, y.bias; not in the network: module.x.weight, module.x.bias");
    assert_true(sum_of(ctx, net, "a.weight") == sum_of(ctx, from, "module.a.weight"));
    assert_true(sum_of(ctx, net, "y.weight") == y && sum_of(ctx, net, "fc.weight") == fc);
    expect_report(ctx, from, path, "10 of 10 tensors are taken");
    tenka_module *other = make(ctx, "Sequential((z): Linear(2, 3))");
    assert_fails(ctx, tenka_model_load_partial(other, path, &report), TENKA_E_FORMAT,
                 "nothing in it fits the network: 0 of 2");
    assert_null(report);
    assert_fails(ctx, tenka_model_load_partial(other, folder, &report), TENKA_E_IO, folder);
    tenka_module_destroy(&other);
    tenka_module_destroy(&net);
    tenka_module_destroy(&from);
    unlink(path);
    rmdir(folder);
    tenka_ctx_destroy(&ctx);
}

/* ---- Checkpoints ---- */

static tenka_status resume(const struct target *target, const char *path, const char *freeze, bool fixed,
                           const char *criterion, const char *expected)
{
    static const uint8_t images[2 * 36];
    static const int32_t labels[2] = {0, 2};
    tenka_ctx *ctx = open_target(target);
    tenka_dataset *data;
    struct tenka_training run = TENKA_TRAINING_DEFAULTS;
    must(ctx, tenka_dataset_create(ctx, images, labels, 2, 1, 6, 6, &data));
    must(ctx, tenka_loader_create(ctx, data, NULL, &run.train_loader));
    run.net = make(ctx, TEXT);
    run.criterion = criterion;
    if (freeze != NULL)
        must(ctx, tenka_module_freeze(run.net, freeze, true, NULL));
    tenka_module_fix_statistics(run.net, fixed);
    must(ctx, tenka_sgd_create(ctx, run.net, NULL, &run.optimizer));
    const tenka_status status = expected != NULL ? tenka_checkpoint_load(&run, NULL, path)
                                                 : tenka_checkpoint_save(&run, NULL, path);
    if (expected != NULL && expected[0] != '\0')
        assert_fails(ctx, status, TENKA_E_INVALID, expected);
    else
        must(ctx, status);
    tenka_optimizer_destroy(&run.optimizer);
    tenka_module_destroy(&run.net);
    tenka_loader_destroy(&run.train_loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
    return status;
}

static void test_checkpoints(void **state)
{
    const struct target *const target = *state;
    char folder[] = "/tmp/tenka-frozen-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/run", folder);
    resume(target, path, "trunk", true, "MSELoss()", NULL);
    resume(target, path, "trunk", true, "MSELoss()", "");
    resume(target, path, "trunk", true, NULL, "");
    resume(target, path, "trunk", true, "L1Loss()", "the loss MSELoss(), this one has L1Loss()");
    resume(target, path, NULL, false, "MSELoss()", "in which trunk.0.weight is frozen, in this one it is not");
    resume(target, path, "*", true, "MSELoss()", "in which fc.weight is not frozen, in this one it is");
    resume(target, path, "trunk", false, "MSELoss()", "in which trunk.1.running_mean is frozen, in this one it is not");
    unlink(path);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen_trunk), cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_patterns),     cmocka_unit_test(test_reset),
        cmocka_unit_test(test_initialisers), cmocka_unit_test(test_wrong_initialisers),
        cmocka_unit_test(test_partial),      cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_randn),
    };
    golden = argc > 2 ? argv[2] : "";
    RUN_ON_TARGETS(argc, argv, tests);
}
