/* Networks whose text shows forward, as torch.fx prints it: read, printed again, run as PyTorch runs them, saved and
 * opened.
 *   test_traced [cpu|cpu-f64|vulkan] FOLDER   with the files of tools/golden/traced.py */
#define _XOPEN_SOURCE 700 /* strtok_r, mkdtemp */
#include "support.h"

#include <math.h>
#include <unistd.h>

#include "core/core.h"
#include "core/os.h"

#define IMAGES 4
#define CHANNELS 3
#define SIDE 12
#define CLASSES 5
#define STEPS 3
#define OUTPUTS 6

static const char *folder;

/* ---- PyTorch's numbers ---- */

static const uint32_t labels[IMAGES] = {3, 0, 4, 1};

static tenka_tensor images(tenka_ctx *ctx)
{
    float values[IMAGES * CHANNELS * SIDE * SIDE];
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        values[i] = (float)sin(0.3 + 1.7 * (double)i);
    return tenka_input(ctx, TENKA_F32, tenka_shape_of(IMAGES, CHANNELS, SIDE, SIDE), values);
}

static char *read_text(const char *name)
{
    char path[1024];
    struct tenka_error err = {0};
    void *text;
    uint64_t bytes;
    snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
    if (tenka_os_read_file(&err, path, 1 << 20, &text, &bytes) != TENKA_OK)
        fail_msg("%s", err.text);
    return text;
}

/* Parameters of which a text shows the name alone. */
static void load_open(tenka_ctx *ctx, tenka_module *net, const char *name)
{
    char path[1024];
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_optimizer *sgd;
    if (tenka_module_unshaped(net) == NULL)
        return;
    assert_int_equal(tenka_sgd_create(ctx, net, &params, &sgd), TENKA_E_INVALID);
    snprintf(path, sizeof(path), "%s/%s.pt", folder, name);
    must(ctx, tenka_model_load(net, path));
    assert_null(tenka_module_unshaped(net));
}

/* What the program made is PyTorch's text but for its last line, a comment. */
static void check_text(const tenka_module *net, const char *text, const char *name)
{
    char *printed = tenka_module_text(net);
    const size_t length = strlen(printed) - 1; /* the newline behind the last line */
    if (strncmp(printed, text, length) != 0 || strncmp(text + length, "\n    \n# To see more", 19) != 0)
        fail_msg("%s is printed as\n%s", name, printed);
    tenka_text_free(printed);
}

static void check_close(const char *name, const char *what, size_t i, double got, double want, double scale, bool f64)
{
    if (!(fabs(got - want) <= (f64 ? 1e-11 : 1e-4) * scale))
        fail_msg("%s: %s %zu is %.17g, not %.17g", name, what, i, got, want);
}

static void check_outputs(tenka_ctx *ctx, tenka_module *net, const char *name, const double *want, bool f64)
{
    double got[IMAGES * CLASSES];
    tenka_variable *out = NULL;
    tenka_module_train(net, false);
    tenka_no_grad_begin(ctx);
    must(ctx, tenka_keep(tenka_forward(net, images(ctx)), &out));
    must(ctx, tenka_step_end(ctx));
    tenka_no_grad_end(ctx);
    must(ctx, tenka_variable_read_f64(out, got, IMAGES * CLASSES));
    for (size_t i = 0; i < OUTPUTS; i++)
        check_close(name, "output", i, got[i], want[1 + i], want[0], f64);
    tenka_variable_destroy(&out);
    tenka_module_train(net, true);
}

static void check_losses(tenka_ctx *ctx, tenka_module *net, const char *name, const double *want, bool f64)
{
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_optimizer *sgd;
    double loss;
    params.lr = 0.05;
    must(ctx, tenka_sgd_create(ctx, net, &params, &sgd));
    for (size_t i = 0; i < STEPS; i++) {
        const tenka_tensor target = tenka_input(ctx, TENKA_I32, tenka_shape_of(IMAGES), labels);
        const tenka_tensor l = tenka_cross_entropy(tenka_forward(net, images(ctx)), target);
        tenka_backward(l);
        must(ctx, tenka_optimizer_step(sgd));
        must(ctx, tenka_item(l, &loss));
        check_close(name, "loss", i, loss, want[i], want[i], f64);
    }
    tenka_optimizer_destroy(&sgd);
}

/* A text without comments is printed as it is. */
static void check_exported(const tenka_module *net, const char *text, const char *name)
{
    char *printed = tenka_module_text(net);
    for (const char *a = text, *b = printed; *a != '\0' || *b != '\0'; a += *a != '\0', b += *b != '\0') {
        a += strspn(a, " \n");
        b += strspn(b, " \n");
        if (*a != *b)
            fail_msg("%s is printed as\n%s\nwhich differs from\n%.200s", name, printed, a);
    }
    tenka_text_free(printed);
}

/* form: of the text's name, "" of torch.fx's */
static void check_network(tenka_ctx *ctx, const char *name, const char *form, const double *want, bool f64)
{
    char file[80], *text;
    tenka_module *net;
    snprintf(file, sizeof(file), "%s%s", name, form);
    text = read_text(file);
    tenka_manual_seed(ctx, 0);
    must(ctx, tenka_nn_parse(ctx, text, &net));
    if (form[0] == '\0')
        check_text(net, text, file);
    else
        check_exported(net, text, file);
    load_open(ctx, net, name);
    tenka_no_grad_begin(ctx);
    tenka_forward(net, images(ctx));
    must(ctx, tenka_step_end(ctx));
    tenka_no_grad_end(ctx);
    check_outputs(ctx, net, name, want, f64);
    check_losses(ctx, net, name, want + 1 + OUTPUTS, f64);
    tenka_module_destroy(&net);
    tenka_free(text);
}

/* In one context, since a software device compiles for each what three texts of a network need alike. */
static void test_as_pytorch(void **state)
{
    const struct target *const target = *state;
    const bool f64 = target->backend == TENKA_BACKEND_CPU_F64;
    char *lines = read_text("expected"), *rest = NULL;
    tenka_ctx *ctx = open_target(target);
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        double want[1 + OUTPUTS + STEPS];
        char name[40];
        int at = 0;
        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%39s%n", name, &at), 1);
        char *end = line + at;
        for (size_t i = 0; i < 1 + OUTPUTS + STEPS; i++)
            want[i] = strtod(end, &end);
        check_network(ctx, name, "", want, f64);
        if (strcmp(name, "windows") == 0 || strcmp(name, "attention") == 0)
            continue; /* torchvision's functions are not aten's; nor does aten tell heads from images */
        check_network(ctx, name, ".exported", want, f64);
        check_network(ctx, name, ".fixed", want, f64);
    }
    tenka_ctx_destroy(&ctx);
    tenka_free(lines);
}

/* ---- Several results and inputs ---- */

/* A network that returns a dict gives its values in their order, and as many as are asked for. */
static void test_results(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    char *text = read_text("parts");
    tenka_module *net;
    tenka_tensor out[3];
    must(ctx, tenka_nn_parse(ctx, text, &net));
    load_open(ctx, net, "parts");
    assert_int_equal(tenka_module_results(net), 0);
    tenka_forward(net, images(ctx));
    assert_int_equal(tenka_module_results(net), 2);
    tenka_forward_n(net, (tenka_tensor[]){images(ctx)}, 1, out, 2);
    assert_true(tenka_tensor_valid(out[0]) && tenka_tensor_valid(out[1]));
    must(ctx, tenka_step_end(ctx));
    tenka_forward_n(net, (tenka_tensor[]){images(ctx)}, 1, out, 3);
    assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
    assert_non_null(strstr(tenka_last_error(ctx), "its forward returns 2 tensors, not 3"));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    tenka_free(text);
}

static void test_inputs(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const float a[2] = {1, 2}, b[2] = {30, 40};
    float y[2];
    tenka_module *net;
    tenka_tensor out;
    must(ctx,
         tenka_nn_parse(ctx, "Net(\n  (r): ReLU()\n)\ndef forward(self, x, y):\n    return self.r(y - x)\n", &net));
    const tenka_tensor in[] = {tenka_input(ctx, TENKA_F32, tenka_shape_of(2), a),
                               tenka_input(ctx, TENKA_F32, tenka_shape_of(2), b)};
    tenka_forward_n(net, in, 2, &out, 1);
    must(ctx, tenka_read(out, y, sizeof(y)));
    assert_true(y[0] == 29 && y[1] == 38);
    tenka_forward(net, in[0]);
    assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
    assert_non_null(strstr(tenka_last_error(ctx), "takes 2 and gives up to 16 tensors, but was asked for 1 of 1"));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Saving ---- */

/* A file that lacks one of the tensors, or has it twice as wide, leaves the network as it was; one that was saved has
 * what the text does not show. */
static void test_unshaped(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    char *text = read_text("parts"), where[] = "/tmp/tenka-traced-XXXXXX", path[60], checked[1024];
    tenka_module *net, *other;
    tenka_model *model;
    assert_non_null(mkdtemp(where));
    snprintf(path, sizeof(path), "%s/net.safetensors", where);
    must(ctx, tenka_nn_parse(ctx, text, &net));
    must(ctx, tenka_nn_parse(ctx, "Linear(8, 5)", &other));
    must(ctx, tenka_model_save(other, NULL, path));
    assert_int_equal(tenka_model_load(net, path), TENKA_E_FORMAT);
    assert_non_null(strstr(tenka_last_error(ctx), "Missing key(s)"));
    assert_string_equal(tenka_module_unshaped(net), "scale.weight");
    snprintf(checked, sizeof(checked), "%s/parts.pt", folder);
    must(ctx, tenka_model_load(net, checked));
    must(ctx, tenka_model_save(net, NULL, path));
    must(ctx, tenka_model_open(ctx, path, &model));
    assert_null(tenka_module_unshaped(tenka_model_net(model)));
    tenka_model_destroy(&model);
    tenka_module_destroy(&net);
    tenka_module_destroy(&other);
    tenka_ctx_destroy(&ctx);
    remove(path);
    rmdir(where);
    tenka_free(text);
}

/* Another program that opens the file has the same network. */
static void test_saved(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    char *text = read_text("branches"), where[] = "/tmp/tenka-traced-XXXXXX", path[60];
    tenka_module *net;
    tenka_model *model;
    float want[IMAGES * CLASSES], got[IMAGES * CLASSES];
    assert_non_null(mkdtemp(where));
    snprintf(path, sizeof(path), "%s/net.safetensors", where);
    must(ctx, tenka_nn_parse(ctx, text, &net));
    must(ctx, tenka_model_save(net, NULL, path));
    must(ctx, tenka_model_open(ctx, path, &model));
    check_text(tenka_model_net(model), text, "a saved network");
    tenka_no_grad_begin(ctx);
    must(ctx, tenka_read(tenka_forward(net, images(ctx)), want, sizeof(want)));
    must(ctx, tenka_read(tenka_forward(tenka_model_net(model), images(ctx)), got, sizeof(got)));
    tenka_no_grad_end(ctx);
    assert_memory_equal(got, want, sizeof(want));
    tenka_model_destroy(&model);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    remove(path);
    rmdir(where);
    tenka_free(text);
}

/* ---- What PyTorch changes in place ---- */

/* The input of a layer with inplace=True is its output from then on, under each of its names. */
static void test_in_place(void **state)
{
    static const char *const texts[] = {
        "Net(\n  (r): ReLU(inplace=True)\n)\ndef forward(self, x):\n    y = x * 1\n    z = y\n"
        "    r = self.r(y);  y = None\n    return r + z\n",
        "Net(\n  (r): ReLU()\n)\ndef forward(self, x):\n    y = x * 1\n"
        "    r = torch.nn.functional.relu(y, inplace = True)\n    return r + y\n",
    };
    const float x[4] = {-1, 2, -3, 4};
    tenka_ctx *ctx = open_target(*state);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        float y[4];
        tenka_module *net;
        must(ctx, tenka_nn_parse(ctx, texts[i], &net));
        must(ctx, tenka_read(tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(4), x)), y, sizeof(y)));
        for (size_t k = 0; k < 4; k++)
            assert_true(y[k] == (x[k] > 0 ? 2 * x[k] : 0));
        must(ctx, tenka_step_end(ctx));
        tenka_module_destroy(&net);
    }
    tenka_ctx_destroy(&ctx);
}

#define SET "x[slice(None, 2, None)] = 0.5;  setitem = x;  setitem = None\n    "

/* What is written through a view is in the tensor and in its other views; of x {-1, 2, -3, 4}. */
static void test_written(void **state)
{
    static const struct {
        const char *lines;
        float y[4];
    } rows[] = {
        {SET "return x * 1\n", {0.5f, 0.5f, -3, 4}},
        {"v = x.view(2, 2);  w = v[:, 1]\n    v[0] = w;  setitem = v;  setitem = None\n    return x * 1\n",
         {2, 4, -3, 4}},
        {"v = x.view(2, 2);  w = v.transpose(0, 1)\n    v[0, 1] = 7\n    return torch.flatten(w * 1)\n",
         {-1, -3, 7, 4}},
        {"v = x[1::2];  u = v.unsqueeze(0)\n    f = u.fill_(9);  f = None\n    return x * v.sum()\n",
         {-18, 162, -54, 162}},
        {"u = x.unsqueeze_(0)\n    x[(Ellipsis, -1)] = 8\n    return torch.flatten(u * 1)\n", {-1, 2, -3, 8}},
        {"v = x[1:];  u = v.unsqueeze_(1)\n    r = v.relu_();  r = None\n    return x * 1\n", {-1, 2, 0, 4}},
        {"v = x[0::3];  z = v.zero_()\n    y = x[1:];  c = y.clone();  m = y.mul_(2)\n    return x + z.sum() + c.sum()\n",
         {-1, 3, -7, -1}},
        {"s = x.split(1);  a = s[2];  t = a.zero_()\n    return x + s[2]\n", {-1, 2, 0, 4}},
    };
    const float x[4] = {-1, 2, -3, 4};
    tenka_ctx *ctx = open_target(*state);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[400];
        float y[4];
        tenka_module *net;
        snprintf(text, sizeof(text), "Net(\n  (r): ReLU()\n)\n\n\n\ndef forward(self, x):\n    %s", rows[i].lines);
        must(ctx, tenka_nn_parse(ctx, text, &net));
        must(ctx, tenka_read(tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(4), x)), y, sizeof(y)));
        for (size_t k = 0; k < 4; k++)
            if (y[k] != rows[i].y[k])
                fail_msg("%s gives %g at %zu", text, (double)y[k], k);
        must(ctx, tenka_step_end(ctx));
        if (i == 0) {
            char *printed = tenka_module_text(net);
            assert_non_null(strstr(printed, SET "return x * 1"));
            tenka_text_free(printed);
        }
        tenka_module_destroy(&net);
    }
    tenka_ctx_destroy(&ctx);
}

/* Inside of another container the code would not be in the text. */
static void test_nested(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net, *outer;
    must(ctx,
         tenka_nn_parse(ctx, "Net(\n  (fc): Linear(3, 2)\n)\ndef forward(self, x):\n    return self.fc(x)\n", &net));
    assert_false(tenka_module_has_own_forward(net));
    must(ctx, tenka_nn_sequential(ctx, &outer));
    must(ctx, tenka_nn_append(outer, "net", net));
    assert_true(tenka_module_has_own_forward(outer));
    tenka_module_destroy(&outer);
    tenka_ctx_destroy(&ctx);
}

/* A class that has no modules of its own. */
static void test_childless(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    float x = 3, y;
    must(ctx, tenka_nn_parse(ctx, "Twice()\n\n\n\ndef forward(self, x):\n    mul = x * 2;  x = None\n    return mul\n",
                             &net));
    must(ctx, tenka_read(tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(1), &x)), &y, sizeof(y)));
    assert_true(y == 6);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* The largest of three channels of pictures: windows that fit could not be counted in 32 bits. */
static void test_large_planes(void **state)
{
    enum { PLANE = 224 * 224 };
    static float x[3 * PLANE], y[PLANE];
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    for (int i = 0; i < 3 * PLANE; i++)
        x[i] = (float)(i * 7 % 1000);
    must(ctx, tenka_nn_parse(ctx, "Most()\n\n\n\ndef forward(self, x):\n    return torch.amax(x, 1)\n", &net));
    must(ctx,
         tenka_read(tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 3, 224, 224), x)), y, sizeof(y)));
    for (int i = 0; i < PLANE; i++)
        assert_true(y[i] == fmaxf(fmaxf(x[i], x[PLANE + i]), x[2 * PLANE + i]));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Calls ---- */

/* In the order in which they run, nested ones first; none of a network whose text shows no forward. */
static void test_calls(void **state)
{
    static const char text[] = "Net(\n  (fc): Linear(4, 3)\n)\n\n\n\ndef forward(self, x):\n"
                               "    size = x.size(0)\n"
                               "    y = torch.relu(self.fc(x)).chunk(3, 1)\n"
                               "    return self.fc(torch.cat([y[0], x], 1)[:, :4])\n";
    static const struct {
        const char *what;
        uint64_t columns, parameters, multiply_adds;
    } want[] = {{"fc", 3, 15, 24}, {"relu", 3, 0, 0}, {"chunk", 1, 0, 0}};
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net, *plain;
    struct tenka_call_info info[3];
    size_t count;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    must(ctx, tenka_module_calls(net, tenka_shape_of(2, 4), info, 3, &count));
    assert_true(count > 3);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(strstr(info[i].path != NULL ? info[i].path : info[i].function, want[i].what));
        assert_int_equal(info[i].output.dim[1], want[i].columns);
        assert_int_equal(info[i].parameters, want[i].parameters);
        assert_int_equal(info[i].multiply_adds, want[i].multiply_adds);
    }
    assert_int_equal(tenka_module_calls(net, tenka_shape_of(2, 5), info, 3, &count), TENKA_E_SHAPE);
    assert_int_equal(count, 0);
    must(ctx, tenka_nn_parse(ctx, "Linear(4, 3)", &plain));
    must(ctx, tenka_module_calls(plain, tenka_shape_of(2, 4), info, 3, &count));
    assert_int_equal(count, 0);
    tenka_module_destroy(&plain);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Which calls made what each is given: the network's input is 0, parameters are nobody's, and what only looks at sizes or
 * takes one of several tensors is no call. */
static void test_inputs_of_calls(void **state)
{
    static const char text[] =
        "Net(\n  (fc): Linear(4, 4)\n  (drop): Dropout(p=0.5)\n)\n\n\n\ndef forward(self, x):\n"
        "    fc = self.fc(x);  drop = self.drop(fc)\n"
        "    add = drop + x\n"
        "    add_1 = torch.add(fc, torch.nn.functional.linear(add, self.fc.weight, self.fc.bias))\n"
        "    chunk = add_1.chunk(2, 1);  a = chunk[0];  b = chunk[1]\n"
        "    cat = torch.cat([a, x, fc, drop, b], 1)\n"
        "    one = torch.ones(1)\n"
        "    narrow = cat[:, :2];  zero_ = narrow.mul_(3)\n"
        "    return (cat * one, x.contiguous() + fc)\n";
    static const struct {
        const char *what;
        size_t n;
        uint32_t inputs[4];
    } want[] = {{"fc", 1, {0}},   {"drop", 1, {1}},  {"+", 2, {2, 0}},         {"linear", 1, {3}},
                {"+", 2, {1, 4}}, {"chunk", 1, {5}}, {"cat", 4, {6, 0, 1, 2}}, {"ones", 0, {0}},
                {"[]", 1, {7}},   {"*", 1, {9}},     {"_scatter", 2, {7, 10}}, {"*", 2, {11, 8}},
                {"+", 2, {0, 1}}};
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net;
    struct tenka_call_info info[32];
    size_t count;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    must(ctx, tenka_module_calls(net, tenka_shape_of(2, 4), info, 32, &count));
    assert_int_equal(count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < count; i++) {
        assert_non_null(strstr(info[i].path != NULL ? info[i].path : info[i].function, want[i].what));
        assert_int_equal(info[i].n_inputs, want[i].n);
        assert_memory_equal(info[i].inputs, want[i].inputs, want[i].n * sizeof(uint32_t));
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_pytorch), cmocka_unit_test(test_saved),        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_in_place),   cmocka_unit_test(test_nested),       cmocka_unit_test(test_results),
        cmocka_unit_test(test_inputs),     cmocka_unit_test(test_unshaped),     cmocka_unit_test(test_written),
        cmocka_unit_test(test_childless),  cmocka_unit_test(test_large_planes), cmocka_unit_test(test_inputs_of_calls),
    };
    if (argc != 3) {
        fprintf(stderr, "usage: test_traced cpu|cpu-f64|vulkan FOLDER\n");
        return 2;
    }
    folder = argv[2];
    RUN_ON_TARGETS(argc, argv, tests);
}
