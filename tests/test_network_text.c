/* Networks from text: PyTorch's printed form both ways, its initial weights bit for bit, and bad text. */
#include "inputs.h"

static void assert_prints(const char *text, const char *printed)
{
    tenka_ctx *ctx = cpu(0);
    tenka_module *net;
    assert_int_equal(tenka_nn_parse(ctx, text, &net), TENKA_OK);
    char *const again = tenka_module_text(net);
    assert_string_equal(again, printed);
    tenka_text_free(again);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_printed_form(void **state)
{
    (void)state;
    static const char many[] =
        "Sequential(\n"
        "  (0): Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 1), padding=(1, 2), dilation=(2, 2), groups=2)\n"
        "  (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)\n"
        "  (2): ReLU(inplace=True)\n"
        "  (3): Dropout(p=0.123456789, inplace=False)\n"
        "  (4): MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=1, dilation=1, ceil_mode=True)\n"
        "  (5): Flatten(start_dim=1, end_dim=-1)\n"
        "  (6): Conv2d(3, 3, kernel_size=(1, 1), stride=(1, 1), groups=3, bias=False)\n"
        "  (7): LogSoftmax(dim=-1)\n"
        "  (8): Sequential()\n"
        ")";
    assert_prints(many, many);
    assert_prints(tenka_nn_reference_text(), tenka_nn_reference_text());
}

static void test_short_form(void **state)
{
    (void)state;
    assert_prints("Linear(2,3)", "Linear(in_features=2, out_features=3, bias=True)");
    assert_prints("nn.ReLU(),\n torch.nn.MaxPool2d(2) (last): LogSoftmax()",
                  "Sequential(\n  (0): ReLU()\n  (1): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, "
                  "ceil_mode=False)\n  (last): LogSoftmax(dim=None)\n)");
    assert_prints("Softmax(1) Identity() Dropout(0) Dropout(0.) Dropout(p=1e-0)",
                  "Sequential(\n  (0): Softmax(dim=1)\n  (1): Identity()\n  (2): Dropout(p=0, inplace=False)\n"
                  "  (3): Dropout(p=0.0, inplace=False)\n  (4): Dropout(p=1.0, inplace=False)\n)");
    assert_prints("Conv2d(1, 2, 3, 1, 'same')", "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=same)");
    assert_prints("Conv2d(1, 2, [3, 1], padding=(1, 0,), padding_mode='zeros')",
                  "Conv2d(1, 2, kernel_size=(3, 1), stride=(1, 1), padding=(1, 0))");
    assert_prints("\r\n\tMaxPool2d ( 2,\n3 , ceil_mode = True )\t",
                  "MaxPool2d(kernel_size=2, stride=3, padding=0, dilation=1, ceil_mode=True)");
}

/* PyTorch 2.1 prints equal layers of a ModuleList so; the network is that of the long form. */
static void test_counted_layers(void **state)
{
    (void)state;
    assert_prints("Net(\n  (body): ModuleList(\n    (0-1): 2 x Block(\n      (lin): Linear(in_features=2, "
                  "out_features=2, bias=True)\n    )\n    (2): ReLU()\n  )\n)",
                  "Net(\n  (body): ModuleList(\n    (0): Block(\n      (lin): Linear(in_features=2, out_features=2, "
                  "bias=True)\n    )\n    (1): Block(\n      (lin): Linear(in_features=2, out_features=2, bias=True)\n"
                  "    )\n    (2): ReLU()\n  )\n)");
}

/* The hashes are those of torch.manual_seed(0) and the same modules in PyTorch 1.13. */
static void test_initial_weights(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t hash;
    } expected[] = {
        {"base_net.0.weight", 0x74e6c5bc},  {"base_net.0.bias", 0x9855c177},    {"base_net.3.weight", 0xf7ec6b7a},
        {"base_net.3.bias", 0x09d5e6a1},    {"classfier.0.weight", 0xb38e5180}, {"classfier.0.bias", 0x81678543},
        {"classfier.2.weight", 0xf9098e60}, {"classfier.2.bias", 0xf86bd83d},
    };
    static float data[2560 * 100];
    tenka_ctx *ctx = cpu(0);
    tenka_module *net;
    struct tenka_state_entry entries[8];
    assert_int_equal(tenka_nn_parse(ctx, tenka_nn_reference_text(), &net), TENKA_OK);
    assert_int_equal(tenka_module_state(net, entries, 8), 8);
    for (size_t i = 0; i < 8; i++) {
        const struct tenka_shape shape = tenka_variable_shape(entries[i].var);
        size_t bytes = sizeof(float);
        for (uint32_t axis = 0; axis < shape.rank; axis++)
            bytes *= shape.dim[axis];
        assert_string_equal(entries[i].name, expected[i].name);
        assert_int_equal(tenka_variable_read(entries[i].var, data, bytes), TENKA_OK);
        assert_int_equal(fnv(FNV_BEGIN, data, bytes), expected[i].hash);
    }
    assert_int_equal(tenka_module_parameter_count(net), 277670);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* What is no network, and a part of what is said of it. */
static const char *const bad_texts[][2] = {
    {"", "expected a layer, such as Linear(784, 10), but the text ends"},
    {"ReLU", "expected '(' after the layer's class"},
    {"ReLU()\nFoo(2)", "line 2, column 1: Foo is no known layer; known are Conv2d, Linear"},
    {"Conv2d(1,2)", "kernel_size is missing"},
    {"Conv2d(3,2,3,groups=2)", "must be multiples of groups (2)"},
    {"Conv2d(1,2,3,padding_mode='reflect')", "only padding_mode=zeros is supported"},
    {"Conv2d(1,2,kernel=3)", "line 1, column 12: Conv2d has no argument kernel; its arguments are in_channels"},
    {"Conv2d(1,2,3,in_channels=1)", "is given twice the argument in_channels"},
    {"Linear(2,3,True,4)", "has too many arguments"},
    {"Linear(out_features=3, 2)", "without a name follows one with a name"},
    {"Linear(2.5,3)", "must be a whole number"},
    {"Linear(99999999999,3)", "at most 2147483647"},
    {"Linear(0,3)", "in_features is 0, but must be from 1"},
    {"Linear(60000,60000)", "more than 2147483647 elements"},
    {"Linear(1,2", "expected ',' or ')', but the text ends"},
    {"Linear(1,2))", "expected a layer or the end, found ')'"},
    {"Linear(1,2,bias=maybe)", "expected True or False for bias"},
    {"Softshrink(-1)", "Softshrink: lambd is -1.0, but must be at least 0.0"}, /* PyTorch: lambda must be in range */
    {"Dropout(1.5)", "must be from 0.0 to 1.0"},
    {"MaxPool2d(2,padding=2)", "at most half the kernel"},
    {"MaxPool2d(2,return_indices=True)", "only return_indices=False is supported"},
    {"BatchNorm2d(2,momentum=None)", "momentum=None is not supported"},
    /* all of them, to the last: none may be cut off */
    {"Foo()", "known are Conv2d, Linear, ReLU, Tanh, Sigmoid, "},
    {"Foo()", "MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, Dropout, Identity, BatchNorm2d, Sequential"},
    /* a slip is told from another layer, and the list follows in any case */
    {"Relu()", "line 1, column 1: Relu is no known layer (do you mean ReLU?); known are Conv2d, Linear"},
    {"Leaky_ReLU(0.1)", "Leaky_ReLU is no known layer (do you mean LeakyReLU?); known are Conv2d"},
    {"Con2d(1, 2, 3)", "Con2d is no known layer (do you mean Conv2d?); known are Conv2d"},
    {"LogSoftMx(dim=1)", "LogSoftMx is no known layer (do you mean LogSoftmax?); known are Conv2d"},
    {"LPPool2d(2)", "LPPool2d is no known layer; known are Conv2d"},
    {"Conv1d(1, 2, 3)", "Conv1d is no known layer; known are Conv2d"},
    {"Dropout2d()", "Dropout2d is no known layer; known are Conv2d"},
    {"PReLU()", "PReLU is no known layer; known are Conv2d"},
    {"GLU()", "GLU is no known layer; known are Conv2d"},
    {"GELU(approximate='tan')", "line 1, column 18: expected 'none' or 'tanh' for approximate, found"},
    {"Threshold(0.1)", "value is missing"},
    {"Softplus(1, 2, 3)", "has too many arguments"},
    {"Net(\n  (été): ReLU()\n  (été): Fly()\n)", "line 3, column 10: Fly is no known layer"},
    {"été() Fly", "line 1, column 1: été is no known layer"},
    {"ReLU()\n\xff", "line 2, column 1: expected text in UTF-8"},
    {"Net((a): ReLU(), (b\xc3): ReLU())", "line 1, column 20: expected text in UTF-8"},
    {"ReLU() \xed\xa0\x80", "line 1, column 8: expected text in UTF-8"},
    {"(a.b): ReLU()", "line 1, column 3: expected ')' after the layer's name, found '.'"},
    {"(): ReLU()", "line 1, column 2: expected a layer's name in parentheses"},
    {"Conv2d(1,2,3,padding='full')", "line 1, column 22: expected a number, 'same' or 'valid' for padding"},
    {"Conv2d(1,2,3,padding='same)", "line 1, column 27: expected the closing quote, found ')'"},
    {"Conv2d(1,2,2,padding='same')", "padding='same' is supported only where"},
    {"Conv2d(1,2,3,2,padding='same')", "padding='same' needs a stride of 1"},
    {"Conv2d(1,2,(3))", "expected ',' and a second number, found ')'"},
    {"Conv2d(1,2,[3,3))", "expected ']' after the second number, found ')'"},
    {"Softmax(dim=7)", "dim is 7, but must be from -6 to 5"},
    {"Softmax(dim=0.5)", "dim must be a whole number"},
    {"Net((0-2): 2 x ReLU())", "line 1, column 5: expected as many numbers"},
    {"Net((a): 2 x ReLU())", "line 1, column 5: expected as many numbers"},
    {"Net((0-99999): 100000 x ReLU())", "there are too many layers"},
    {"Identity(2)", "Identity has too many arguments; it has no arguments"},
    {"(a): ReLU() (a): ReLU()", "already a child named \"a\""},
    {"MultiheadAttention((out_proj): NonDynamicallyQuantizableLinear(8, 8))",
     "line 1, column 1: MultiheadAttention: print does not show num_heads and batch_first; before printing say "
     "torch.nn.MultiheadAttention.extra_repr = lambda m: "},
    {"MultiheadAttention(num_heads=2)", "embed_dim or out_proj is missing"},
    {"MultiheadAttention(8, 3)", "embed_dim (8) must be in_features and out_features of out_proj, and a multiple of "
                                 "num_heads (3)"},
    {"MultiheadAttention(num_heads=2 (out_proj): NonDynamicallyQuantizableLinear(8, 6))", "embed_dim (8) must be"},
    {"MultiheadAttention(num_heads=2 (proj): NonDynamicallyQuantizableLinear(8, 8))", "its only child must be out_proj"},
    {"MultiheadAttention(num_heads=2 (out_proj): Linear(8, 8))", "its only child must be out_proj"},
    {"MultiheadAttention(8, 2, add_bias_kv=True)", "only add_bias_kv=False is supported"},
    {"MultiheadAttention(8, 2", "but the text ends"},
};

static void test_bad_text(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
        tenka_module *net = (tenka_module *)&ctx;
        assert_fails(ctx, tenka_nn_parse(ctx, bad_texts[i][0], &net), TENKA_E_FORMAT, bad_texts[i][1]);
        assert_null(net);
    }
    tenka_ctx_destroy(&ctx);
}

static void test_deep_text(void **state)
{
    (void)state;
    static char text[200001];
    tenka_ctx *ctx = cpu(0);
    tenka_module *net;
    for (size_t i = 0; i < sizeof(text) - 1; i += 2)
        memcpy(text + i, "A(", 2);
    assert_fails(ctx, tenka_nn_parse(ctx, text, &net), TENKA_E_FORMAT, "nested too deeply");
    tenka_ctx_destroy(&ctx);
}

static void test_containers(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *outer, *inner, *layer;
    assert_int_equal(tenka_nn_sequential(ctx, &outer), TENKA_OK);
    assert_int_equal(tenka_nn_sequential(ctx, &inner), TENKA_OK);
    assert_int_equal(tenka_nn_linear(ctx, 2, 3, true, &layer), TENKA_OK);
    assert_int_equal(tenka_nn_append(inner, NULL, layer), TENKA_OK);
    assert_int_equal(tenka_nn_append(outer, "head", inner), TENKA_OK);
    assert_non_null(tenka_module_find(outer, "head.0.bias"));
    assert_ptr_equal(tenka_module_find(inner, "0.bias"), tenka_module_find(outer, "head.0.bias"));
    assert_int_equal(tenka_nn_linear(ctx, 0, 3, true, &layer), TENKA_E_INVALID);
    assert_fails(ctx, tenka_nn_append(outer, NULL, layer), TENKA_E_INVALID, "in_features is 0");
    assert_fails(ctx, tenka_nn_append(inner, NULL, outer), TENKA_E_INVALID, "part of a container already");
    assert_int_equal(tenka_nn_relu(ctx, &layer), TENKA_OK);
    assert_fails(ctx, tenka_nn_append(outer, "head", layer), TENKA_E_INVALID, "already a child");
    tenka_module_destroy(&outer);
    tenka_ctx_destroy(&ctx);
}

static void test_check(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net;
    struct tenka_shape out;
    assert_int_equal(tenka_nn_parse(ctx, tenka_nn_reference_text(), &net), TENKA_OK);
    assert_int_equal(tenka_module_check(net, tenka_shape_of(100, 1, 28, 28), &out), TENKA_OK);
    assert_int_equal(out.rank, 2);
    assert_int_equal(out.dim[1], 10);
    assert_fails(ctx, tenka_module_check(net, tenka_shape_of(100, 1, 32, 32), NULL), TENKA_E_SHAPE,
                 "layer classfier.0 (Linear): expected in_features=2560");
    assert_fails(ctx, tenka_module_check(net, tenka_shape_of(100, 3, 28, 28), NULL), TENKA_E_SHAPE,
                 "layer base_net.0 (Conv2d): expected in_channels=1, found 3 channels of 28 x 28");
    tenka_module_destroy(&net);
    assert_int_equal(tenka_nn_parse(ctx, "Conv2d(3, 4, 3) BatchNorm2d(1)", &net), TENKA_OK);
    assert_fails(ctx, tenka_module_check(net, tenka_shape_of(2, 1, 28, 28), NULL), TENKA_E_SHAPE,
                 "layer 0 (Conv2d): expected in_channels=3, found 1 channel of 28 x 28");
    assert_fails(ctx, tenka_module_check(net, tenka_shape_of(2, 3, 28, 28), NULL), TENKA_E_SHAPE,
                 "layer 1 (BatchNorm2d): expected num_features=1, found 4 channels of 26 x 26");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Shapes that a layer cannot take, with its name in the sentence. */
static void test_bad_shapes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"ReLU() Softmax(dim=2)", "layer 1 (Softmax): dim is 2, but the input has 2 axes"},
        {"LogSoftmax(dim=-3)", "layer LogSoftmax: dim is -3, but the input has 2 axes"},
        {"Identity() Flatten(2)", "layer 1 (Flatten): there are no axes from start_dim=2 to end_dim=-1"},
        {"Flatten(1, 0)", "layer Flatten: there are no axes from start_dim=1 to end_dim=0 in an input of 2 axes"},
        {"Net((head): Sequential((out): Linear(5, 2)))", "layer head.out (Linear): expected in_features=5"},
        {"Conv2d(1, 2, 3)", "layer Conv2d: expected an input of 4 axes, found one of shape [3, 6]"},
        {"BatchNorm2d(6, affine=False)", "layer BatchNorm2d: expected an input of 4 axes, found one of shape [3, 6]"},
    };
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tenka_module *net;
        struct tenka_layer_info layers[4];
        size_t count = 7;
        assert_int_equal(tenka_nn_parse(ctx, cases[i][0], &net), TENKA_OK);
        assert_fails(ctx, tenka_module_check(net, tenka_shape_of(3, 6), NULL), TENKA_E_SHAPE, cases[i][1]);
        assert_fails(ctx, tenka_module_layers(net, tenka_shape_of(3, 6), layers, 4, &count), TENKA_E_SHAPE,
                     cases[i][1]);
        assert_int_equal(count, 7);
        tenka_module_destroy(&net);
    }
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printed_form),    cmocka_unit_test(test_short_form),
        cmocka_unit_test(test_initial_weights), cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_deep_text),       cmocka_unit_test(test_containers),
        cmocka_unit_test(test_check),           cmocka_unit_test(test_counted_layers),
        cmocka_unit_test(test_bad_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
