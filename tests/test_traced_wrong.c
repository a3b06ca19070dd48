/* What is said of networks whose text shows a forward that is wrong, when it is read or when it runs.
 *   test_traced_wrong [cpu|cpu-f64|vulkan] */
#include "support.h"

#include "nn/module.h"

/* ---- Wrong code ---- */

#define NET "Net(\n  (fc): Linear(3, 2)\n)\n"
#define CODE(lines) NET "def forward(self, x):\n" lines
#define POOL(end, lines)                                                    \
    "Net(\n  (pool): MaxPool2d(2, 1" end "\n  (un): MaxUnpool2d(2, 1)\n)\n" \
    "def forward(self, x):\n" lines "    return y\n"

static const struct {
    const char *text, *sentence;
} wrong[] = {
    {CODE("    return y\n"), "line 5, column 12: no line before gives y a value"},
    {CODE("    return self.fc2(x)\n"), "line 5, column 12: the network has no layer fc2"},
    {CODE("    return self.fc(x, x)\n"), "layer fc takes one tensor"},
    {CODE("    v = x.reshape(-1)\n    r = torch.relu(v, inplace = True)\n    return x + r\n"),
     "line 7, column 12: a line before changes the memory of x in place, by another name"},
    {CODE("    v = x.view(-1)\n    r = x.flatten()\n    s = v.relu_()\n    return x + r\n"),
     "line 8, column 16: a line before changes the memory of r in place, by another name"},
    {CODE("    i = x.size(0)\n    v = x[i]\n    s = v.fill_(1)\n    return x\n"),
     "line 8, column 12: a line before changes the memory of x in place"},
    {CODE("    v, w = x.chunk(2)\n    s = v.zero_()\n    return w\n"), "changes the memory of w in place"},
    {CODE("    operator.setitem(x, 0, 1.0)\n    return x\n"), "works in place is followed only in a line of its own"},
    {CODE("    self.fc.weight[0] = 1.0\n    return x\n"), "this changes a parameter or a buffer"},
    {"Net(\n  (a): Block(\n    (0): ReLU()\n  )\n)\ndef forward(self, x):\n    return self.a(x)\n",
     "the text does not show what forward does in a, a Block"},
    {CODE("    y = self.fc(x)\n"), "expected 'return', but the text ends"},
    {CODE("    y = self.fc(x\n    return y\n"), "line 6, column 5: expected ',' or ')', found 'return'"},
    {CODE("    y = = x\n"), "line 5, column 9: expected a value, found '='"},
    {CODE("    y = 'a\n"), "the string does not end"},
    {CODE("    y = 'a\\n'\n"), "strings with \\ are not read"},
    {CODE("    y = 3x\n"), "a name begins in a number"},
    {CODE("    y = 99999999999999999999\n"), "this number is too large"},
    {CODE("    y[0] = x\n    return x\n"), "line 5, column 5: no line before gives y a value"},
    {CODE("    z = x[0] = x\n    return x\n"), "line 5, column 9: only names can be assigned to"},
    {CODE("    y: T = z = x\n    return x\n"), "a name with an annotation is assigned alone"},
    {CODE("    y: T\n    return x\n"), "expected '=' behind the annotation, but the line ends"},
    {CODE("    y, z[0] = x\n    return x\n"), "only names can be assigned to"},
    {CODE("    y = z = x\n    return x\n"), "only None is assigned to several names at once"},
    {CODE("    y = torch.flaten(x, 1)\n    return y\n"), "line 5, column 9: Tenka has no function torch.flaten"},
    {CODE("    y = torch.nn.functional.flatten(x)\n    return y\n"), "do you mean torch.flatten?"},
    {CODE("    y = x.frobnicate()\n    return y\n"), "Tenka has no method frobnicate"},
    {CODE("    y = torch.flatten(x, start=1)\n    return y\n"), "flatten has no argument start"},
    {CODE("    y = torch.flatten(x, 1, start_dim=1)\n    return y\n"), "has two values for start_dim"},
    {CODE("    y = torch.flatten(x, 1, 2, 3)\n    return y\n"), "torch.flatten takes 3 arguments"},
    {CODE("    y = torch.flatten()\n    return y\n"), "the argument input is missing"},
    {CODE("    y = torch.flatten(start_dim=1, x)\n    return y\n"), "an argument without a name comes after"},
    {CODE("    w = self.fc.weight\n    y = w.add_(1)\n    return self.fc(x)\n"),
     "this changes a parameter or a buffer"},
    {CODE("    w = self.fc.weight\n    v = w.view(6)\n    y = v.relu_()\n    return self.fc(x)\n"),
     "this changes a parameter or a buffer"},
    {CODE("    y = self.fc.wieght\n    return y\n"), "the network has no parameter or buffer fc.wieght"},
    {CODE("    y = x if x else x\n    return y\n"), "expected the line's end, found 'if'"},
    {CODE("    y = x[]\n    return y\n"), "expected an index, found ']'"},
    {CODE("    y = slice()\n    return y\n"), "slice takes one to three numbers"},
    {CODE("    y = x[[0, 1]]\n    return y\n"), "a list is no index here"},
    {CODE("    x.relu_()\n    return x\n"), "works in place is followed only in a line of its own"},
    {CODE("    y = x.view(-1).relu_()\n    return x\n"), "works in place is followed only in a line of its own"},
    {CODE("    y = x.relu_() + 1\n    return x\n"), "works in place is followed only in a line of its own"},
    {CODE("    return x.relu_() + x\n"), "works in place is followed only in a line of its own"},
    {CODE("    y = torch.nn.functional.dropout(x, 0.5, False)\n    r = torch.relu_(y)\n    return x + r\n"),
     "a line before changes the memory of x in place, by another name"},
    {"Net(\n  (a): Identity()\n)\ndef forward(self, x):\n    y = self.a(x)\n    r = y.relu_()\n    return x + r\n",
     "a line before changes the memory of x in place, by another name"},
    {CODE("    return x\nz"), "expected the end of the text, found 'z'"},
    {POOL(")", "    y = self.pool(x)\n    z = y[0]\n"),
     "line 7, column 9: print does not show whether layer pool (MaxPool2d) gives indices too, or this is an image of its "
     "batch: write return_indices=True, or False, into its parentheses"},
    {POOL(")", "    y = self.pool(x)[-1]\n"), "write return_indices=True, or False"},
    {POOL(", return_indices=True)", "    y = self.pool(x, 1)\n"), "layer pool takes one tensor"},
    {POOL(")", "    y = self.un(x)\n"), "the argument indices is missing"},
    {NET "def forward(x):\n    return x\n", "forward takes 0 tensors; networks of 1 to 16 are run"},
    {NET "def forward():\n    return x\n", "forward has no parameter self"},
    {NET "def forward(self, x)\n    return x\n", "expected ':', but the line ends"},
    {NET "def forward(self, x\n    return x\n", "expected ',' or ')', found 'return'"},
};

static void test_wrong_code(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        tenka_module *net;
        assert_int_equal(tenka_nn_parse(ctx, wrong[i].text, &net), TENKA_E_FORMAT);
        assert_null(net);
        if (strstr(tenka_last_error(ctx), wrong[i].sentence) == NULL)
            fail_msg("%s\nsays: %s\nbut should say: %s", wrong[i].text, tenka_last_error(ctx), wrong[i].sentence);
    }
    tenka_ctx_destroy(&ctx);
}

/* ---- Wrong programs of torch.export ---- */

#define HEAD "ExportedProgram:\n    class GraphModule(torch.nn.Module):\n        def forward(self, "
#define PARAMETERS "p_fc_weight: \"f32[2, 3]\", p_fc_bias: \"f32[2]\", x: \"f32[4, 3]\""
#define RUN "            y: \"f32[4, 2]\" = torch.ops.aten.linear.default(x, p_fc_weight, p_fc_bias)\n"
#define BODY "):\n" RUN "            return (y,)\n\nGraph signature:\n    # inputs\n"
#define TABLE \
    "    p_fc_weight: PARAMETER target='fc.weight'\n    p_fc_bias: PARAMETER target='fc.bias'\n    x: USER_INPUT\n"
#define RESULTS "    # outputs\n    y: USER_OUTPUT\n"
#define RANGES "Range constraints: {}\n"
#define PROGRAM HEAD PARAMETERS BODY TABLE RESULTS RANGES

static const struct {
    const char *text, *sentence;
} wrong_programs[] = {
    {"ExportedProgram:\n    def forward(self):\n", "line 2, column 5: expected class, found 'def'"},
    {HEAD PARAMETERS "):\n            return (x,)\n", "expected Graph, but the text ends"},
    {HEAD PARAMETERS BODY TABLE, "expected a name of the graph signature, but the text ends"},
    {HEAD PARAMETERS BODY "ExportGraphSignature(input_specs=[])\n", "this table is of a PyTorch before 2.6"},
    {HEAD PARAMETERS BODY "    p_fc_weight = 3\n", "expected ':', found '='"},
    {HEAD PARAMETERS BODY "    p_fc_weight: 7\n", "expected a kind, such as PARAMETER, found '7'"},
    {HEAD PARAMETERS BODY "    p_fc_weight: PARAMETER goal='fc.weight'\n", "expected target='...' or persistent=True"},
    {HEAD PARAMETERS BODY TABLE TABLE RESULTS RANGES, "the graph signature has p_fc_bias twice"},
    {HEAD PARAMETERS ", z: \"f32[1]\"" BODY TABLE RESULTS RANGES, "the graph signature does not say what z is"},
    {HEAD "p_fc_weight, " PARAMETERS BODY TABLE RESULTS RANGES, "forward does not show the type of p_fc_weight"},
    {HEAD PARAMETERS ", c: \"f32[1]\"" BODY TABLE "    c: CONSTANT_TENSOR target='c'\n" RESULTS RANGES,
     "the text does not show the numbers of c, a CONSTANT_TENSOR"},
    {HEAD PARAMETERS ", b: \"f32[1]\"" BODY TABLE "    b: BUFFER target='b' persistent=False\n" RESULTS RANGES,
     "no file has the numbers of b; make it a buffer with persistent=True"},
    {HEAD PARAMETERS ", b: \"f32[1]\"" BODY TABLE "    b: BUFFER\n" RESULTS RANGES, "b has no target or no type"},
    {HEAD PARAMETERS ", b: \"f32[1\"" BODY TABLE "    b: BUFFER target='b'\n" RESULTS RANGES,
     "the type of b is none of a tensor"},
    {HEAD PARAMETERS ", b: \"f32[1]\"" BODY TABLE "    b: BUFFER target='fc.scale'\n" RESULTS RANGES,
     "fc.scale is made by a call of Linear, which has no scale"},
    {HEAD "p_fc_weight: \"f32[6]\", p_fc_bias: \"f32[2]\", x: \"f32[4, 3]\"" BODY TABLE RESULTS RANGES,
     "p_fc_weight is the weight of a layer, but not of its type"},
    {HEAD "p_fc_bias: \"f32[2]\", x: \"f32[4, 3]\"" BODY TABLE RESULTS RANGES,
     "p_fc_weight is the weight of a layer, but not of its type"},
    {HEAD "p_fc_weight: \"f32[2, 0]\", p_fc_bias: \"f32[2]\", x: \"f32[4, 3]\"" BODY TABLE RESULTS RANGES,
     "fc.weight: network text, line 1, column 1: Linear: in_features is 0, but must be from 1"},
    {HEAD "p_fc_weight: \"f32[2, 3]\", p_fc_bias: \"f32[3]\", x: \"f32[4, 3]\"" BODY TABLE RESULTS RANGES,
     "fc.bias has another shape in the Linear that a call makes"},
    {HEAD PARAMETERS ", b: \"f32[1]\", c: \"f32[1]\"" BODY TABLE
                     "    b: BUFFER target='m.w'\n    c: BUFFER target='m.w'\n" RESULTS RANGES,
     "there is already a parameter or buffer named \"w\""},
    {HEAD PARAMETERS ", b: \"f32[1]\"" BODY TABLE "    b: BUFFER target=''\n" RESULTS RANGES, "a name must have 1 to"},
    {PROGRAM "more\n", "expected the end of the text, found 'more'"},
};

static void test_wrong_programs(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx, PROGRAM, &net));
    tenka_module_destroy(&net);
    for (size_t i = 0; i < sizeof(wrong_programs) / sizeof(*wrong_programs); i++) {
        assert_int_equal(tenka_nn_parse(ctx, wrong_programs[i].text, &net), TENKA_E_FORMAT);
        assert_null(net);
        if (strstr(tenka_last_error(ctx), wrong_programs[i].sentence) == NULL)
            fail_msg("%s\nsays: %s\nbut should say: %s", wrong_programs[i].text, tenka_last_error(ctx),
                     wrong_programs[i].sentence);
    }
    tenka_ctx_destroy(&ctx);
}

/* What only shows when it runs. */
static const struct {
    const char *text, *sentence;
} failing[] = {
    {CODE("    y = x.view(7, -1)\n    return self.fc(y)\n"), "line 5 of the network's text: view: the new shape"},
    {CODE("    y = torch.nn.functional.adaptive_avg_pool2d(x, [])\n    return y\n"), "an empty list says nothing here"},
    {CODE("    y = torch.nn.functional.adaptive_avg_pool2d(x, 2000000000)\n    return y\n"),
     "windows of an axis of 2 are more than kernels can count"},
    {CODE("    y = torch.nn.functional.dropout(x, None)\n    return y\n"), "dropout: a probability is expected"},
    {CODE("    y = x + self.token\n    return y\n"),
     "line 5 of the network's text: the text does not show the shape of token; load a state_dict"},
    {CODE("    y = x[9]\n    return y\n"), "line 5 of the network's text: an index is beyond axis 0"},
    {CODE("    y = x.size(7)\n    return y\n"), "dim is no axis of a tensor with 2"},
    {CODE("    y = x.size(0)\n    return y\n"), "forward returns what is no tensor"},
    {CODE("    y = self.fc(3)\n    return y\n"), "layer fc is given what is no tensor"},
    {CODE("    y = torch.cat([x, 3], 1)\n    return y\n"), "cat: item 1 is no tensor"},
    {CODE("    y, z = x.chunk(3, 1)\n    return y\n"), "2 names are given 3 values"},
    {CODE("    y = (x > 0) + (x < 5)\n    return y\n"), "True and False are no numbers that are added"},
    {CODE("    m = (x > 0).view(1, 2, 3)\n    q = x.view(1, 2, 3)\n"
          "    y = torch.nn.functional.scaled_dot_product_attention(q, q, q, m[:, :, 0:2])\n    return y\n"),
     "attn_mask must be numbers that are added"},
    {CODE("    y = torch.cat([x, x], 1)\n    return self.fc(y)\n"), "layer fc (Linear)"},
    {POOL(", return_indices=True)", "    y = torch.relu(self.pool(x))\n"), "argument 1 is no tensor"},
    {POOL(", return_indices=False)", "    y = self.pool(x)[0]\n    y = torch.relu(1)\n"), "line 7 of the network"},
    {POOL(")", "    y = self.un(x, x)\n"), "layer un (MaxUnpool2d): max_unpool2d"},
    {CODE("    y = x.mean(0, dtype=torch.float64)\n    return y\n"),
     "dtype is float64; only torch.float32 is known here"},
    {CODE("    v = x[0]\n    y = v.add_(x)\n    return x\n"),
     "line 6 of the network's text: a call in place gives what is no tensor of the same shape"},
    {CODE("    x[torch.arange(2)] = 1.0\n    return x\n"),
     "line 5 of the network's text: tensors are indexed by whole"},
    {CODE("    x[0] = None\n    return x\n"), "line 5 of the network's text: what is written is neither a tensor nor"},
    {CODE("    n = x.norm(1)\n    return x\n"), "norm: only that of squares"},
    {CODE("    y = torch.zeros(2, 3)\n    return y\n"), "several sizes are written in parentheses of their own"},
    {CODE("    y = x.var(0, correction=None, unbiased=1)\n    return y\n"), "unbiased is True or False"},
    {CODE("    y = torch.arange(3, 0)\n    return y\n"), "arange: there are no such numbers, or too many"},
    {CODE("    y = torch.nn.functional.embedding(x, self.fc.weight)\n    return y\n"),
     "an embedding looks up whole numbers, but its input is of type f32: give it an I32 tensor"},
    {CODE("    y = torch.embedding(self.fc.weight, torch.arange(2), 7)\n    return y\n"),
     "embedding: padding_idx is no row of the table"},
};

static void test_failing_code(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const float x[6] = {0};
    for (size_t i = 0; i < sizeof(failing) / sizeof(*failing); i++) {
        tenka_module *net;
        must(ctx, tenka_nn_parse(ctx, failing[i].text, &net));
        tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 3), x));
        assert_int_not_equal(tenka_step_end(ctx), TENKA_OK);
        if (strstr(tenka_last_error(ctx), failing[i].sentence) == NULL)
            fail_msg("%s\nsays: %s\nbut should say: %s", failing[i].text, tenka_last_error(ctx), failing[i].sentence);
        tenka_module_destroy(&net);
    }
    tenka_ctx_destroy(&ctx);
}

/* Brackets in brackets, and operators in a row, end in a sentence and not in the stack's end. */
static void test_deep_code(void **state)
{
    static const char *const pieces[] = {"(", "[", "-", "x[", "x+", "x**", "f("};
    tenka_ctx *ctx = open_target(*state);
    static char text[300000];
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        tenka_module *net;
        char *end = text + sprintf(text, "%s", CODE("    y = "));
        for (int k = 0; k < 50000; k++)
            end += sprintf(end, "%s", pieces[i]);
        assert_int_equal(tenka_nn_parse(ctx, text, &net), TENKA_E_FORMAT);
        assert_non_null(strstr(tenka_last_error(ctx), "nested too deeply"));
    }
    tenka_ctx_destroy(&ctx);
}

/* A row of attributes in parentheses, and that in a row: each row is short, and the tree is high. */
static void test_high_code(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    static char text[300000];
    tenka_module *net;
    char *end = text + sprintf(text, "%s%*s", CODE("    y = "), 90, "");
    memset(end - 90, '(', 90);
    end += sprintf(end, "x");
    for (int k = 0; k < 90; k++) {
        *end++ = ')';
        for (int i = 0; i < 190; i++)
            end += sprintf(end, ".shape");
    }
    sprintf(end, "\n    return x\n");
    assert_int_equal(tenka_nn_parse(ctx, text, &net), TENKA_E_FORMAT);
    assert_non_null(strstr(tenka_last_error(ctx), "nested too deeply"));
    tenka_ctx_destroy(&ctx);
}

/* ---- Programs of torch.export ---- */

#define EXPORTED(parameters, code, result, table)                                                      \
    "ExportedProgram:\n    class GraphModule(torch.nn.Module):\n        def forward(self, " parameters \
    "x: \"f32[s0, 2]\"):\n            " code "\n            return (" result                           \
    ",)\n\nGraph signature:\n    # inputs\n" table "\nRange constraints: {}\n"
#define OUTPUT "    x: USER_INPUT\n    y: USER_OUTPUT\n"

static const struct {
    const char *text, *sentence;
} programs[] = {
    {EXPORTED("", "y = torch.ops.aten.relu.default(x)", "x, y",
              "    x: USER_INPUT\n    x: BUFFER_MUTATION target='c'\n    y: USER_OUTPUT\n"),
     "x is a BUFFER_MUTATION"},
    {EXPORTED("b_a: \"i64[]\", b_b: \"i64[]\", ", "y = torch.ops.aten.relu.default(x)", "y",
              "    b_a: BUFFER target='a'\n    b_b: BUFFER target='b'\n" OUTPUT),
     "b is a second whole number of its module"},
};

static void test_refused_programs(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
        tenka_module *net;
        assert_int_equal(tenka_nn_parse(ctx, programs[i].text, &net), TENKA_E_FORMAT);
        if (strstr(tenka_last_error(ctx), programs[i].sentence) == NULL)
            fail_msg("%s\nsays: %s", programs[i].text, tenka_last_error(ctx));
    }
    tenka_ctx_destroy(&ctx);
}

/* y of x = {1, -1} for a program without parameters. */
static void assert_gives(tenka_ctx *ctx, const char *text, float first, float second)
{
    const float x[2] = {1, -1};
    float y[2];
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    tenka_module_train(net, false);
    must(ctx, tenka_read(tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 2), x)), y, sizeof(y)));
    must(ctx, tenka_step_end(ctx));
    assert_true(fabsf(y[0] - first) < 1e-5f && fabsf(y[1] - second) < 1e-5f);
    tenka_module_destroy(&net);
}

/* SELU as PyTorch takes it apart, and a draw, which in evaluation is what it is on average. */
static void test_aten(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    assert_gives(ctx, EXPORTED("", "y = torch.ops.aten.elu.default(x, 2.0, 3.0)", "y", OUTPUT), 3, 6 * (expf(-1) - 1));
    assert_gives(ctx, EXPORTED("", "y = torch.ops.aten.bernoulli.p(x, 0.25)", "y", OUTPUT), 0.25f, 0.25f);
    tenka_ctx_destroy(&ctx);
}

/* A call of the weights of m is a layer only where no target lies below m, whatever else begins with an m. */
static void test_owners(void **state)
{
    static const char program[] = HEAD
        "p_w: \"f32[2, 3]\", p_b: \"f32[2]\", p_o: \"f32[1]\", x: \"f32[4, 3]\"):\n"
        "            y: \"f32[4, 2]\" = torch.ops.aten.linear.default(x, p_w, p_b)\n            return (y,)\n\n"
        "Graph signature:\n    p_w: PARAMETER target='m.weight'\n    p_b: PARAMETER target='m.bias'\n"
        "    p_o: PARAMETER target='m%sw'\n    x: USER_INPUT\n    y: USER_OUTPUT\n" RANGES;
    static const struct {
        const char *between, *class_name;
    } rows[] = {{".n.", "Module"}, {"-n.", "Linear"}, {"!.", "Linear"}, {"n.n.", "Linear"}};
    tenka_ctx *ctx = open_target(*state);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[1000];
        tenka_module *net;
        snprintf(text, sizeof(text), program, rows[i].between);
        must(ctx, tenka_nn_parse(ctx, text, &net));
        assert_string_equal(tenka_module_class(tenka_module_child(net, "m")), rows[i].class_name);
        tenka_module_destroy(&net);
    }
    tenka_ctx_destroy(&ctx);
}

/* ---- Sizes that count images ---- */

/* Of an example of 2 images: which of 4 and 6 counts them, the text does not say. */
static void test_batch(void **state)
{
    static const float x[3 * 12];
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    must(ctx, tenka_nn_parse(
                  ctx,
                  HEAD "x: \"f32[2, 12]\"):\n            y = torch.ops.aten.view.default(x, [4, 6])\n"
                       "            return (y,)\n\nGraph signature:\n    x: USER_INPUT\n    y: USER_OUTPUT\n" RANGES,
                  &net));
    assert_true(tenka_tensor_valid(tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 12), x))));
    must(ctx, tenka_step_end(ctx));
    tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(3, 12), x));
    assert_int_not_equal(tenka_step_end(ctx), TENKA_OK);
    assert_non_null(strstr(tenka_last_error(ctx), "dynamic_shapes"));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* A convolution whose padding has a name is padded. */
static void test_keywords(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx,
                             HEAD "p_w: \"f32[5, 3, 3, 3]\", p_b: \"f32[5]\", x: \"f32[s0, 3, 4, 4]\"):\n"
                                  "            y = torch.ops.aten.conv2d.default(x, p_w, p_b, padding = [1, 1])\n"
                                  "            return (y,)\n\nGraph signature:\n    p_w: PARAMETER target='c.weight'\n"
                                  "    p_b: PARAMETER target='c.bias'\n    x: USER_INPUT\n    y: USER_OUTPUT\n" RANGES,
                             &net));
    struct tenka_shape out;
    must(ctx, tenka_module_check(net, tenka_shape_of(2, 3, 4, 4), &out));
    assert_int_equal(out.dim[2], 4);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_code),   cmocka_unit_test(test_wrong_programs),
        cmocka_unit_test(test_failing_code), cmocka_unit_test(test_deep_code),
        cmocka_unit_test(test_high_code),    cmocka_unit_test(test_refused_programs),
        cmocka_unit_test(test_aten),         cmocka_unit_test(test_batch),
        cmocka_unit_test(test_keywords),     cmocka_unit_test(test_owners),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
