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
    assert_prints("MaxPool1d(2, return_indices=True)",
                  "MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, return_indices=True, ceil_mode=False)");
    assert_prints("MaxPool2d(2, return_indices=False)",
                  "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, return_indices=False, ceil_mode=False)");
    assert_prints("AdaptiveMaxPool2d((2, 3), True)", "AdaptiveMaxPool2d(output_size=(2, 3), return_indices=True)");
    assert_prints("MaxUnpool2d(2, [3, 1])", "MaxUnpool2d(kernel_size=(2, 2), stride=(3, 1), padding=(0, 0))");
    assert_prints("Embedding(10, 3, -1)", "Embedding(10, 3, padding_idx=9)");
    assert_prints("Linear(2,3)", "Linear(in_features=2, out_features=3, bias=True)");
    assert_prints("StochasticDepth(0.2, 'row')", "StochasticDepth(p=0.2, mode=row)");
    assert_prints("StochasticDepth(p=0.5, mode=batch)", "StochasticDepth(p=0.5, mode=batch)");
    assert_prints("LayerNorm2d((8,), eps=1e-6)", "LayerNorm2d((8,), eps=1e-06, elementwise_affine=True)");
    assert_prints("BatchNorm1d(4, 1e-5, None, False, False)",
                  "BatchNorm1d(4, eps=1e-05, momentum=None, affine=False, track_running_stats=False)");
    /* as newer versions of PyTorch print them */
    static const char *const later[] = {
        "LayerNorm((96,), eps=1e-05, elementwise_affine=True, bias=True)",
        "LayerNorm((3, 4), eps=1e-06, elementwise_affine=False, bias=False)",
        "LayerNorm((3, 4), eps=1e-06, elementwise_affine=True, bias=False)",
        "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)",
        "InstanceNorm2d(3, eps=1e-05, momentum=0.2, affine=True, bias=False, track_running_stats=True)",
        "BatchNorm2d(4, eps=1e-05, momentum=None, affine=False, bias=False, track_running_stats=False)",
    };
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        assert_prints(later[i], later[i]);
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

/* What PyTorch 1 prints is kept, and what 2 prints too; new text is 2's. */
static void test_planes(void **state)
{
    static const char pads[] = "Sequential(\n  (0): CircularPad2d((1, 1, 1, 1))\n  (1): CircularPad1d((1, 1))\n"
                               "  (2): CircularPad3d((1, 1, 1, 1, 1, 1))\n  (3): ZeroPad1d((1, 1))\n"
                               "  (4): ZeroPad3d((1, 1, 1, 1, 1, 1))\n)";
    static const char first[] = "Upsample(scale_factor=2.0, mode=nearest)";
    static const char second[] = "Upsample(scale_factor=(2.0, 3.0), mode='bilinear')";
    (void)state;
    assert_prints(first, first);
    assert_prints(second, second);
    assert_prints("Upsample(scale_factor=2)", "Upsample(scale_factor=2.0, mode='nearest')");
    assert_prints("Upsample((5, 6), mode='bilinear', align_corners=True)",
                  "Upsample(size=(5, 6), mode='bilinear', align_corners=True)");
    assert_prints("UpsamplingBilinear2d(size=4)", "UpsamplingBilinear2d(size=4, mode='bilinear')");
    assert_prints(pads, pads);
    assert_prints("CircularPad2d(1) CircularPad1d(1) CircularPad3d(1) ZeroPad1d(1) ZeroPad3d([1, 1, 1, 1, 1, 1])",
                  pads);
    assert_prints("Conv2d(1, 2, 2, padding='same', padding_mode='circular')",
                  "Conv2d(1, 2, kernel_size=(2, 2), stride=(1, 1), padding=same, padding_mode=circular)");
    assert_prints("AvgPool2d(3, 2, 1, True, False, 5)",
                  "AvgPool2d(kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False, "
                  "divisor_override=5)");
    assert_prints("Unflatten(-1, [2, 3])", "Unflatten(dim=-1, unflattened_size=[2, 3])");
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
    {"Conv2d(1,2,3,padding_mode='mirror')", "expected 'zeros', 'reflect', 'replicate' or 'circular' for padding_mode"},
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
    {"Upsample()", "one of size and scale_factor is needed, and not both"},
    {"Upsample(2, 2)", "one of size and scale_factor is needed, and not both"},
    {"Upsample(scale_factor=-1)", "Upsample: scale_factor is -1.0, but must be"},
    {"Upsample(2, mode='bicubic')", "expected 'nearest', 'linear' or 'bilinear' for mode"},
    {"Upsample(2, align_corners=True)", "align_corners is for linear and bilinear"},
    {"ReflectionPad2d((1, 2))", "ReflectionPad2d: padding has 2 numbers, but needs one, or 4"},
    {"AvgPool1d((2, 2))", "AvgPool1d: one axis takes one number, not 2"},
    {"MaxPool1d(2, padding=2)", "MaxPool1d: padding is 2, but must be at most half the kernel of 2"},
    {"PixelShuffle(0)", "upscale_factor is 0, but must be from 1"},
    {"MaxPool2d(2,return_indices=2)", "expected True or False"},
    {"Embedding(4,2,sparse=True)", "Embedding: only sparse=False is supported"},
    {"Embedding(4,2,max_norm=1.0)", "Embedding: only max_norm=None is supported"},
    {"Embedding(4,2,padding_idx=4)", "Embedding: padding_idx is 4, but must be from -4 to 3"},
    {"BatchNorm2d(2,eps=None)", "eps=None is not supported"},
    {"LayerNorm(())", "LayerNorm: normalized_shape has no axis"},
    {"LayerNorm((2,3,4,5,6,7,8))", "these are more numbers than a tensor has axes"},
    {"LayerNorm2d((2,3))", "LayerNorm2d: normalized_shape has 2 axes, but must have one"},
    {"GroupNorm(3,4)", "num_channels (4) must be a multiple of num_groups (3)"},
    {"Conv1d(2,3,(3,3))", "expected ')' after the number, found '3'"},
    {"Conv1d(2,3,2,padding='same')", "dilation * (kernel_size - 1) is even, but it is 1"},
    {"Conv1d(2,3,3,groups=2)", "Conv1d: in_channels (2) and out_channels (3) must be multiples of groups (2)"},
    {"ConvTranspose2d(2,4,3,2,0,2)", "output_padding is 2, but must be less than the stride or the dilation"},
    {"ConvTranspose1d(2,4,3,padding_mode='reflect')", "ConvTranspose1d: only padding_mode=zeros is supported"},
    {"StochasticDepth(0.2)", "StochasticDepth: the argument mode is missing"},
    {"StochasticDepth(0.2,'rows')", "expected 'row' or 'batch' for mode"},
    /* as many as there is room for, none of them cut off */
    {"Foo()", "known are Conv2d, Linear, ReLU, Tanh, Sigmoid, "},
    {"Foo()", "MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, Dropout, "},
    {"Foo()", " more"},
    /* a slip is told from another layer, and the list follows in any case */
    {"Relu()", "line 1, column 1: Relu is no known layer (do you mean ReLU?); known are Conv2d, Linear"},
    {"Leaky_ReLU(0.1)", "Leaky_ReLU is no known layer (do you mean LeakyReLU?); known are Conv2d"},
    {"Con2d(1, 2, 3)", "Con2d is no known layer (do you mean Conv2d?); known are Conv2d"},
    {"LogSoftMx(dim=1)", "LogSoftMx is no known layer (do you mean LogSoftmax?); known are Conv2d"},
    {"LPPool2d(2)", "LPPool2d is no known layer; known are Conv2d"},
    {"Conv9d(1, 2, 3)", "Conv9d is no known layer; known are Conv2d"},
    {"Dropout9d()", "Dropout9d is no known layer; known are Conv2d"},
    {"QReLU()", "QReLU is no known layer; known are Conv2d"},
    {"GLV2()", "GLV2 is no known layer; known are Conv2d"},
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
    {"Conv2d(1,2,2147483647,dilation=3,padding='same')", "padding='same' would pad by 6442450938"},
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
    {"MultiheadAttention(num_heads=2 (proj): NonDynamicallyQuantizableLinear(8, 8))",
     "its only child must be out_proj"},
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
        {"BatchNorm1d(5)", "expected num_features=5 channels in 2 or 3 axes, found an input of [3, 6]"},
        {"InstanceNorm2d(6)", "layer InstanceNorm2d: expected an input of 4 axes, found one of shape [3, 6]"},
        {"LayerNorm((3, 5))", "expected an input whose last axes are [3, 5], found one of shape [3, 6]"},
        {"GroupNorm(1, 5)", "layer GroupNorm: expected num_channels=5 channels, found an input of shape [3, 6]"},
        {"LocalResponseNorm(2)", "layer LocalResponseNorm: local_response_norm: an input of 2 axes"},
        {"Conv1d(1, 2, 3)", "layer Conv1d: expected a signal [N, 1, L], found an input of shape [3, 6]"},
        {"ConvTranspose2d(1, 2, 3)", "layer ConvTranspose2d: expected an input of 4 axes, found one of shape [3, 6]"},
        {"PReLU(5)", "layer PReLU: prelu: a weight of shape [5] fits an input of shape [3, 6] neither"},
        {"GLU(0)", "layer GLU: glu: axis 0 of an input of shape [3, 6] has no two halves"},
        {"GLU(2)", "layer GLU: dim is 2, but the input has 2 axes"},
        {"Dropout2d()", "layer Dropout2d: expected an input of 3 or 4 axes, found 2"},
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

/* BatchNorm without a momentum keeps the mean of all batches. */
static void test_cumulative_average(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net;
    float mean, expected = 0;
    assert_int_equal(tenka_nn_parse(ctx, "BatchNorm1d(1, momentum=None, affine=False)", &net), TENKA_OK);
    for (int batch = 1; batch <= 3; batch++) {
        const float x[] = {(float)batch, (float)(3 * batch * batch)};
        expected += (x[0] + x[1]) / 2;
        tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 1), x));
        assert_int_equal(tenka_step_end(ctx), TENKA_OK);
        assert_int_equal(tenka_variable_read(tenka_module_find(net, "running_mean"), &mean, sizeof(mean)), TENKA_OK);
        assert_float_equal(mean, expected / (float)batch, 1e-6);
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printed_form),
        cmocka_unit_test(test_short_form),
        cmocka_unit_test(test_planes),
        cmocka_unit_test(test_initial_weights),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_deep_text),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_counted_layers),
        cmocka_unit_test(test_bad_shapes),
        cmocka_unit_test(test_cumulative_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
