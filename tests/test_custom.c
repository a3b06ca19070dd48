/* Modules whose forward is a program's own: what they compute, their state and text, several tensors in and out, and
 * what is refused.   test_custom [cpu|cpu-f64|vulkan] */
#include "custom.h"

#include "core/core.h"

static const float numbers[8] = {1, -2, 3, 0.5f, -1, 4, 0.25f, 2};

static tenka_tensor input(tenka_ctx *ctx)
{
    return tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 4), numbers);
}

/* The step's first mistake is a sentence with that part in it. */
static void assert_mistake(tenka_ctx *ctx, tenka_status expected, const char *part)
{
    const tenka_status status = tenka_step_end(ctx);
    if (strstr(tenka_last_error(ctx), part) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, tenka_last_error(ctx));
    assert_int_equal(status, expected);
}

static void assert_refused(tenka_ctx *ctx, tenka_status status, tenka_status expected, const char *part)
{
    if (status != expected || strstr(tenka_last_error(ctx), part) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, tenka_last_error(ctx));
}

static double number_of(tenka_ctx *ctx, tenka_module *net, const char *name)
{
    double value = NAN;
    must(ctx, tenka_variable_read_f64(tenka_module_find(net, name), &value, 1));
    return value;
}

/* ---- What they compute ---- */

static tenka_tensor by_hand(tenka_module *m, tenka_tensor x)
{
    const tenka_tensor f = tenka_relu(tenka_linear(x, tenka_value(tenka_module_find(m, "body.0.weight")),
                                                   tenka_value(tenka_module_find(m, "body.0.bias"))));
    return tenka_add(x, tenka_mul(f, tenka_value(tenka_module_find(m, "scale"))));
}

/* Two modules of the same weights are trained, one by its forward and one by operators, and stay the same. */
static void test_numbers(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    static const char *const names[] = {"scale", "body.0.weight", "body.0.bias"};
    tenka_module *m[2];
    tenka_optimizer *opt[2];
    int destroyed = 0;
    for (size_t i = 0; i < 2; i++) {
        tenka_manual_seed(ctx, 3);
        must(ctx, make_scaled(ctx, "Scaled", "Linear(4, 4) ReLU()", 1, &destroyed, &m[i]));
        must(ctx, tenka_adam_create(ctx, m[i], NULL, &opt[i]));
    }
    assert_int_equal(tenka_module_parameter_count(m[0]), 21);
    for (int step = 0; step < 5; step++)
        for (size_t i = 0; i < 2; i++) {
            const tenka_tensor y = i == 0 ? tenka_forward(m[i], input(ctx)) : by_hand(m[i], input(ctx));
            tenka_backward(tenka_mean(tenka_mul(y, y), TENKA_ALL_AXES, false));
            must(ctx, tenka_optimizer_step(opt[i]));
        }
    for (size_t k = 0; k < 3; k++) {
        double a[16], b[16];
        const struct tenka_shape shape = tenka_variable_shape(tenka_module_find(m[0], names[k]));
        const size_t n = (size_t)tenka_shape_count(&shape);
        must(ctx, tenka_variable_read_f64(tenka_module_find(m[0], names[k]), a, n));
        must(ctx, tenka_variable_read_f64(tenka_module_find(m[1], names[k]), b, n));
        assert_memory_equal(a, b, n * sizeof(a[0]));
    }
    assert_true(number_of(ctx, m[0], "scale") != 0.5);
    assert_true(number_of(ctx, m[0], "seen") == 243);
    tenka_module_train(m[0], false);
    assert_false(tenka_module_is_training(tenka_module_child(m[0], "body")));
    tenka_forward(m[0], input(ctx));
    must(ctx, tenka_step_end(ctx));
    assert_true(number_of(ctx, m[0], "seen") == 243);
    for (size_t i = 0; i < 2; i++) {
        tenka_optimizer_destroy(&opt[i]);
        tenka_module_destroy(&m[i]);
    }
    assert_int_equal(destroyed, 2);
    tenka_ctx_destroy(&ctx);
}

/* As print(model) shows such classes, and the names of their state wherever they are. */
static void test_nesting(void **state)
{
    static const char text[] = "Sequential(\n"
                               "  (0): Linear(in_features=4, out_features=4, bias=True)\n"
                               "  (1): Identity()\n"
                               "  (2): Outer(\n"
                               "    (a): Scaled(\n"
                               "      begin=0.5\n"
                               "      (body): Sequential(\n"
                               "        (0): Linear(in_features=4, out_features=4, bias=True)\n"
                               "        (1): ReLU()\n"
                               "      )\n"
                               "    )\n"
                               "    (b): Scaled(\n"
                               "      begin=0.5\n"
                               "      (body): Sequential(\n"
                               "        (0): Linear(in_features=4, out_features=4, bias=True)\n"
                               "        (1): ReLU()\n"
                               "      )\n"
                               "    )\n"
                               "  )\n"
                               "  (3): Linear(in_features=4, out_features=2, bias=True)\n"
                               ")";
    static const char *const names[] = {"0.weight",          "0.bias",          "2.a.scale", "2.a.seen",
                                        "2.a.body.0.weight", "2.a.body.0.bias", "2.b.scale", "2.b.seen",
                                        "2.b.body.0.weight", "2.b.body.0.bias", "3.weight",  "3.bias"};
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    struct tenka_state_entry entries[12];
    must(ctx, make_outer(ctx, "Scaled", 1, &net));
    char *const shown = tenka_module_text(net);
    assert_string_equal(shown, text);
    tenka_text_free(shown);
    assert_int_equal(tenka_module_state(net, entries, 12), 12);
    for (size_t i = 0; i < 12; i++) {
        assert_string_equal(entries[i].name, names[i]);
        assert_int_equal(entries[i].parameter, strstr(names[i], "seen") == NULL);
        assert_ptr_equal(tenka_module_find(net, names[i]), entries[i].var);
    }
    tenka_module *const inner = tenka_module_child(tenka_module_child(net, "2"), "b");
    assert_ptr_equal(tenka_module_find(inner, "scale"), entries[6].var);
    assert_null(tenka_module_child(net, "b"));
    /* One that is added where the module is part of a network already. */
    tenka_variable *late;
    must(ctx, tenka_nn_add_parameter(inner, "late", tenka_shape_of(2), -1, 1, &late));
    assert_ptr_equal(tenka_module_find(net, "2.b.late"), late);
    assert_true(tenka_module_has_own_forward(net));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_summary(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_layer_info info[16];
    struct tenka_memory_estimate memory = TENKA_MEMORY_ESTIMATE_DEFAULTS;
    tenka_module *net;
    tenka_optimizer *opt;
    size_t count;
    tenka_sizing_begin(ctx);
    must(ctx, make_outer(ctx, "Scaled", 1, &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    tenka_sizing_end(ctx);
    must(ctx, tenka_module_layers(net, tenka_shape_of(2, 4), info, 16, &count));
    assert_int_equal(count, 13);
    assert_string_equal(info[4].path, "2.a");
    assert_string_equal(info[4].class_name, "Scaled");
    assert_true(info[4].container && info[4].parameters == 1 && info[4].trainable == 1 && info[4].buffers == 1);
    assert_true(info[4].output.rank == 2 && info[4].output.dim[1] == 4);
    must(ctx, tenka_training_memory(net, opt, tenka_shape_of(2, 4), tenka_cross_entropy, &memory));
    assert_true(memory.parameters >= 74 * sizeof(float) && memory.temporaries > 0);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* What begins drawn is what torch.nn.init.uniform_ draws; of what is not drawn nothing is taken from the generator. */
static void test_beginnings(void **state)
{
    /* torch.manual_seed(0); nn.init.uniform_(torch.empty(4), -1, 1) */
    static const float drawn[4] = {-0.007486820220947266f, 0.5364435911178589f, -0.8230451345443726f,
                                   -0.7359390258789062f};
    tenka_ctx *ctx = open_target(*state);
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *m;
    tenka_variable *ones, *uniform, *zeros;
    float values[4];
    params.forward = scaled_forward;
    tenka_manual_seed(ctx, 0);
    must(ctx, tenka_nn_custom(ctx, "C", &params, NULL, &m));
    must(ctx, tenka_nn_add_parameter(m, "ones", tenka_shape_of(2, 2), 1, 1, &ones));
    must(ctx, tenka_nn_add_buffer(m, "zeros", tenka_shape_of(4), 0, &zeros));
    assert_refused(ctx, tenka_nn_add_parameter(m, "uniform", tenka_shape_of(4), 1, -1, &uniform), TENKA_E_INVALID,
                   "cannot begin between 1 and -1");
    must(ctx, tenka_nn_add_parameter(m, "uniform", tenka_shape_of(4), -1, 1, &uniform));
    must(ctx, tenka_variable_read(uniform, values, sizeof(values)));
    assert_memory_equal(values, drawn, sizeof(drawn));
    must(ctx, tenka_variable_read(ones, values, sizeof(values)));
    assert_true(values[0] == 1 && values[3] == 1);
    must(ctx, tenka_variable_read(zeros, values, sizeof(values)));
    assert_true(values[0] == 0 && values[3] == 0);
    assert_true(tenka_variable_requires_grad(ones) && !tenka_variable_requires_grad(zeros));
    tenka_module_destroy(&m);
    tenka_ctx_destroy(&ctx);
}

/* ---- Several tensors ---- */

/* Sum and product of two; of one, which is absent, the other. What it is told to do wrong, it does. */
enum mistake { NONE, UNSET, ITSELF, COMPLAINS, SHAPES };

static void pair_forward(void *user, tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                         size_t n_out)
{
    const enum mistake mistake = *(const enum mistake *)user;
    (void)n_in, (void)n_out;
    if (mistake == ITSELF)
        tenka_forward_n(module, in, n_in, out, n_out);
    if (mistake == COMPLAINS)
        out[0] = out[1] = tenka_module_fail(module, "expected %d axes", 7);
    if (mistake == SHAPES)
        out[0] = out[1] = tenka_matmul(in[0], in[1], false, false);
    if (mistake != NONE && mistake != UNSET)
        return;
    out[0] = in[1].ctx != NULL ? tenka_add(in[0], in[1]) : in[0];
    if (mistake != UNSET)
        out[1] = in[1].ctx != NULL ? tenka_mul(in[0], in[1]) : in[0];
}

static tenka_module *make_pair(tenka_ctx *ctx, enum mistake *mistake, uint32_t inputs)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *m;
    params.forward = pair_forward;
    params.inputs = inputs;
    params.outputs = 2;
    must(ctx, tenka_nn_custom(ctx, "Pair", &params, mistake, &m));
    return m;
}

static void test_several(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    enum mistake mistake = NONE;
    tenka_module *pair = make_pair(ctx, &mistake, 2), *net;
    tenka_tensor out[2];
    float sum[8], product[8];
    must(ctx, tenka_nn_parse(ctx, "ReLU() Identity()", &net));
    tenka_no_grad_begin(ctx);
    tenka_forward_n(net, &(tenka_tensor){.ctx = NULL}, 1, out, 1); /* nobody's absent tensor is no crash */
    tenka_step_discard(ctx);
    const tenka_tensor x = input(ctx);
    tenka_forward_n(net, &x, 1, out, 1);
    tenka_forward_n(pair, (const tenka_tensor[]){x, out[0]}, 2, out, 2);
    must(ctx, tenka_read(out[0], sum, sizeof(sum)));
    must(ctx, tenka_read(out[1], product, sizeof(product)));
    for (size_t i = 0; i < 8; i++) {
        const float positive = numbers[i] > 0 ? numbers[i] : 0;
        assert_true(sum[i] == numbers[i] + positive && product[i] == numbers[i] * positive);
    }
    const tenka_tensor again = input(ctx);
    tenka_forward_n(pair, (const tenka_tensor[]){again, TENKA_NONE}, 2, out, 2);
    must(ctx, tenka_read(out[1], product, sizeof(product)));
    assert_memory_equal(product, numbers, sizeof(numbers));
    tenka_no_grad_end(ctx);
    tenka_module_destroy(&pair);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_wrong_numbers(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    enum mistake mistake = NONE;
    tenka_module *pair = make_pair(ctx, &mistake, 2), *any = make_pair(ctx, &mistake, 0), *net;
    tenka_tensor in[TENKA_MAX_FORWARD + 1], out[TENKA_MAX_FORWARD + 1];
    must(ctx, tenka_nn_parse(ctx, "ReLU() Linear(4, 4)", &net));
    in[0] = in[1] = input(ctx);
    tenka_forward_n(net, in, 2, out, 1);
    assert_mistake(ctx, TENKA_E_INVALID, "layer Sequential: takes 1 and gives 1 tensors, but was asked for 1 of 2");
    in[0] = in[1] = input(ctx);
    tenka_forward_n(tenka_module_child(net, "1"), in, 1, out, 3);
    assert_false(tenka_tensor_valid(out[2]));
    assert_mistake(ctx, TENKA_E_INVALID, "layer 1 (Linear): takes 1 and gives 1 tensors, but was asked for 3 of 1");
    in[0] = input(ctx);
    tenka_forward_n(net, in, 1, in, 1);
    assert_true(tenka_tensor_valid(in[0]));
    tenka_forward(net, TENKA_NONE);
    assert_mistake(ctx, TENKA_E_INVALID, "layer Sequential: its input is missing (TENKA_NONE)");
    tenka_forward(pair, input(ctx));
    assert_mistake(ctx, TENKA_E_INVALID, "layer Pair: takes 2 and gives 2 tensors, but was asked for 1 of 1");
    for (size_t i = 0; i <= TENKA_MAX_FORWARD; i++)
        in[i] = input(ctx);
    tenka_forward_n(any, in, TENKA_MAX_FORWARD, out, 2);
    assert_true(tenka_tensor_valid(out[1]));
    tenka_forward_n(any, in, TENKA_MAX_FORWARD + 1, out, 2);
    assert_mistake(ctx, TENKA_E_INVALID, "layer Pair: takes up to 16 and gives 2 tensors, but was asked for 2 of 17");
    must(ctx, tenka_nn_append(net, "pair", pair));
    tenka_forward(net, input(ctx));
    assert_mistake(ctx, TENKA_E_INVALID, "layer pair (Pair): takes 2 and gives 2");
    tenka_forward_n(net, NULL, 1, out, 1);
    assert_mistake(ctx, TENKA_E_INVALID, "forward: the inputs are NULL");
    in[0] = input(ctx);
    tenka_forward_n(net, in, 1, NULL, 1);
    assert_mistake(ctx, TENKA_E_INVALID, "no place for an output");
    in[0] = input(ctx);
    tenka_forward_n(NULL, in, 1, out, 1);
    assert_mistake(ctx, TENKA_E_INVALID, "forward: there is no module; a child was asked for by a name that none has");
    tenka_add(input(ctx), tenka_value(tenka_module_find(net, "absent")));
    assert_mistake(ctx, TENKA_E_INVALID, "a parameter was asked for by a name that none has");
    tenka_forward_n(NULL, NULL, 0, NULL, 0);
    assert_refused(ctx, tenka_module_check(pair, tenka_shape_of(2, 4), NULL), TENKA_E_INVALID, "asked for 2 of 1");
    tenka_module_destroy(&net);
    tenka_module_destroy(&any);
    tenka_ctx_destroy(&ctx);
}

static void test_bad_forwards(void **state)
{
    static const char *const parts[] = {
        [UNSET] = "layer pair (Pair): its forward has not set all of its 2 outputs",
        [ITSELF] = "layer pair (Pair): its forward runs the module itself",
        [COMPLAINS] = "layer pair (Pair): expected 7 axes",
        [SHAPES] = "layer pair (Pair): ",
    };
    tenka_ctx *ctx = open_target(*state);
    enum mistake mistake = NONE;
    tenka_module *net, *pair = make_pair(ctx, &mistake, 2);
    must(ctx, tenka_nn_sequential(ctx, &net));
    must(ctx, tenka_nn_append(net, "pair", pair));
    for (mistake = UNSET; mistake <= SHAPES; mistake++) {
        tenka_tensor out[2];
        const tenka_tensor x = input(ctx);
        tenka_forward_n(pair, (const tenka_tensor[]){x, x}, 2, out, 2);
        assert_mistake(ctx, mistake < COMPLAINS ? TENKA_E_INVALID : TENKA_E_SHAPE, parts[mistake]);
    }
    /* The first mistake stays: the module is not to blame for what it got. */
    mistake = NONE;
    tenka_tensor out[2];
    const tenka_tensor wrong = tenka_flatten(input(ctx), 9);
    tenka_forward_n(pair, (const tenka_tensor[]){wrong, wrong}, 2, out, 2);
    assert_int_equal(tenka_step_end(ctx), TENKA_E_SHAPE);
    assert_null(strstr(tenka_last_error(ctx), "pair"));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- What is refused ---- */

static void test_making(void **state)
{
    char longer[129];
    memset(longer, 'n', 128);
    longer[128] = '\0';
    const char *const classes[] = {"", "1a", "a b", "a.b", "A(", "\xff", "A\n", "A,B", longer};
    tenka_ctx *ctx = open_target(*state);
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    int destroyed = 0;
    tenka_module *m = NULL, *other;
    params.forward = pair_forward;
    params.destroy = count_destroyed;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        assert_refused(ctx, tenka_nn_custom(ctx, classes[i], &params, &destroyed, &m), TENKA_E_INVALID,
                       "the name of the class must be");
    assert_refused(ctx, tenka_nn_custom(ctx, NULL, &params, &destroyed, &m), TENKA_E_INVALID, "name of the class");
    assert_refused(ctx, tenka_nn_custom(ctx, "Conv2d", &params, &destroyed, &m), TENKA_E_INVALID, "choose another");
    assert_refused(ctx, tenka_nn_custom(ctx, "Sequential", &params, &destroyed, &m), TENKA_E_INVALID, "choose another");
    assert_refused(ctx, tenka_nn_custom(ctx, "A", NULL, &destroyed, &m), TENKA_E_INVALID, "NULL");
    assert_refused(ctx, tenka_nn_custom(ctx, "A", &params, &destroyed, NULL), TENKA_E_INVALID, "NULL");
    assert_int_equal(tenka_nn_custom(NULL, "A", &params, &destroyed, &m), TENKA_E_INVALID);
    params.outputs = TENKA_MAX_FORWARD + 1;
    assert_refused(ctx, tenka_nn_custom(ctx, "A", &params, &destroyed, &m), TENKA_E_INVALID, "17 outputs");
    params.outputs = 1;
    params.extra = "a\nb";
    assert_refused(ctx, tenka_nn_custom(ctx, "A", &params, &destroyed, &m), TENKA_E_INVALID, "shows in print");
    params.extra = longer;
    assert_refused(ctx, tenka_nn_custom(ctx, "A", &params, &destroyed, &m), TENKA_E_INVALID, "shows in print");
    params.extra = NULL;
    params.forward = NULL;
    assert_refused(ctx, tenka_nn_custom(ctx, "A", &params, &destroyed, &m), TENKA_E_INVALID, "no forward");
    params.forward = pair_forward;
    params.size = sizeof(params) + 1;
    assert_refused(ctx, tenka_nn_custom(ctx, "A", &params, &destroyed, &m), TENKA_E_INVALID, "TENKA_CUSTOM_DEFAULTS");
    assert_null(m);
    assert_int_equal(destroyed, 0);
    params.size = sizeof(params);
    must(ctx, tenka_nn_custom(ctx, "\xc3\x89l\xc3\xa9ment_2", &params, &destroyed, &m));
    must(ctx, tenka_nn_custom(ctx, "A", &params, &destroyed, &other));
    must(ctx, tenka_nn_append(m, "a", other));
    assert_refused(ctx, tenka_nn_append(other, "b", m), TENKA_E_INVALID, "part of a container already");
    tenka_module_destroy(&m);
    assert_int_equal(destroyed, 2);
    tenka_ctx_destroy(&ctx);
}

static void test_adding(void **state)
{
    const char *const names[] = {"", "a.b", "(a)", "\n", "\xff"};
    tenka_ctx *ctx = open_target(*state);
    tenka_module *m, *layer;
    tenka_variable *var;
    const struct tenka_shape two = tenka_shape_of(2);
    must(ctx, make_scaled(ctx, "Scaled", "Linear(4, 4)", 1, NULL, &m));
    must(ctx, tenka_nn_relu(ctx, &layer));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_refused(ctx, tenka_nn_add_parameter(m, names[i], two, 0, 0, &var), TENKA_E_INVALID, "1 to 127 bytes");
    assert_refused(ctx, tenka_nn_add_buffer(m, "scale", two, 0, &var), TENKA_E_INVALID, "a parameter or buffer named");
    assert_refused(ctx, tenka_nn_add_parameter(m, "body", two, 0, 0, &var), TENKA_E_INVALID, "already a child");
    assert_refused(ctx, tenka_nn_add_parameter(m, "w", two, 0, INFINITY, &var), TENKA_E_INVALID, "finite");
    assert_refused(ctx, tenka_nn_add_buffer(m, "w", two, NAN, &var), TENKA_E_INVALID, "finite");
    assert_refused(ctx, tenka_nn_add_parameter(m, "w", tenka_shape_of(0), 0, 0, &var), TENKA_E_SHAPE, "w");
    assert_refused(ctx, tenka_nn_add_parameter(m, "w", tenka_shape_of(65536, 65536, 65536), 0, 1, &var), TENKA_E_SHAPE,
                   "w");
    assert_null(var);
    assert_refused(ctx, tenka_nn_add_parameter(m, NULL, two, 0, 0, &var), TENKA_E_INVALID, "NULL");
    assert_refused(ctx, tenka_nn_add_parameter(m, "w", two, 0, 0, NULL), TENKA_E_INVALID, "NULL");
    assert_refused(ctx, tenka_nn_add_parameter(layer, "w", two, 0, 0, &var), TENKA_E_INVALID, "ReLU takes none");
    assert_int_equal(tenka_nn_add_buffer(NULL, "w", two, 0, &var), TENKA_E_INVALID);
    assert_refused(ctx, tenka_nn_append(m, "scale", layer), TENKA_E_INVALID, "already a parameter or buffer");
    assert_int_equal(tenka_module_state(m, NULL, 0), 4);
    tenka_module_destroy(&m);
    tenka_ctx_destroy(&ctx);
}

/* Parameters count as layers do. */
static void test_limits(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *m, *net;
    tenka_variable *var;
    tenka_status status = TENKA_OK;
    size_t count = 0;
    params.forward = pair_forward;
    tenka_sizing_begin(ctx);
    must(ctx, tenka_nn_sequential(ctx, &net));
    must(ctx, tenka_nn_custom(ctx, "C", &params, NULL, &m));
    must(ctx, tenka_nn_append(net, NULL, m));
    for (; status == TENKA_OK; count++) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", count);
        status = tenka_nn_add_parameter(m, name, tenka_shape_of(1), 0, 0, &var);
    }
    assert_refused(ctx, status, TENKA_E_INVALID, "a network has at most 10000");
    assert_int_equal(count, 10000);
    assert_int_equal(tenka_module_state(net, NULL, 0), 9999);
    tenka_sizing_end(ctx);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Numbers that are not finite ---- */

static void test_finite(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    struct tenka_nonfinite bad = TENKA_NONFINITE_DEFAULTS;
    const float infinite = INFINITY, large[4] = {3e38f, 3e38f, 3e38f, 3e38f};
    must(ctx, make_outer(ctx, "Scaled", 1, &net));
    must(ctx, tenka_variable_write(tenka_module_find(net, "2.b.scale"), &infinite, sizeof(infinite)));
    /* The double backend's sum is finite. */
    for (int i = 0; i < (tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64 ? 1 : 2); i++) {
        const tenka_tensor y = tenka_forward(net, input(ctx));
        const tenka_tensor loss = tenka_mean(tenka_mul(y, y), TENKA_ALL_AXES, false);
        tenka_backward(loss);
        must(ctx, tenka_check_finite(net, loss, &bad));
        tenka_step_discard(ctx);
        assert_string_equal(bad.layer, i == 0 ? "2.b" : "2");
        assert_string_equal(bad.class_name, i == 0 ? "Scaled" : "Outer");
        assert_string_equal(bad.name, i == 0 ? "scale" : "");
        assert_int_equal(bad.kind, i == 0 ? TENKA_NONFINITE_PARAMETER : TENKA_NONFINITE_OUTPUT);
        /* Then every number is finite but the sum that Outer itself makes of its children's. */
        const float zero[16] = {0};
        must(ctx, tenka_variable_write(tenka_module_find(net, "2.b.scale"), zero, sizeof(float)));
        must(ctx, tenka_variable_write(tenka_module_find(net, "0.weight"), zero, sizeof(zero)));
        must(ctx, tenka_variable_write(tenka_module_find(net, "0.bias"), large, sizeof(large)));
        must(ctx, tenka_variable_write(tenka_module_find(net, "2.a.scale"), zero, sizeof(float)));
        must(ctx, tenka_variable_write(tenka_module_find(net, "2.a.body.0.weight"), zero, sizeof(zero)));
        must(ctx, tenka_variable_write(tenka_module_find(net, "2.b.body.0.weight"), zero, sizeof(zero)));
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Allocations ---- */

static void test_each_allocation(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = NULL;
    tenka_status status = TENKA_E_NOMEM;
    must(ctx, make_outer(ctx, "Scaled", 1, &net)); /* names that the context keeps */
    tenka_module_destroy(&net);
    const int64_t before = tenka_alloc_live();
    for (uint64_t k = 1; status != TENKA_OK; k++) {
        assert_true(k < 1000);
        tenka_alloc_fail_at(k);
        status = make_outer(ctx, "Scaled", 1, &net);
        tenka_alloc_fail_at(0);
        if (status != TENKA_OK && status != TENKA_E_NOMEM && strstr(tenka_last_error(ctx), "memory") == NULL)
            fail_msg("allocation %u: %s", (unsigned)k, tenka_last_error(ctx));
        if (status != TENKA_OK)
            assert_true(net == NULL && tenka_alloc_live() == before);
    }
    tenka_module_destroy(&net);
    assert_true(tenka_alloc_live() == before);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),      cmocka_unit_test(test_nesting), cmocka_unit_test(test_summary),
        cmocka_unit_test(test_beginnings),   cmocka_unit_test(test_several), cmocka_unit_test(test_wrong_numbers),
        cmocka_unit_test(test_bad_forwards), cmocka_unit_test(test_making),  cmocka_unit_test(test_adding),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_finite),  cmocka_unit_test(test_each_allocation),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
