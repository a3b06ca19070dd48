/* Rows that whole numbers name, in C: what goes in, what is drawn, what is trained, and batches of a dataset.
 *   test_embedding [cpu|cpu-f64|vulkan] */
#include "support.h"

#define ROWS 3
#define WIDTH 3

static tenka_module *parse(tenka_ctx *ctx, const char *text)
{
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    return net;
}

/* PyTorch's numbers after manual_seed(0), of few and of many; their builds differ in the last bit. */
static void test_initial_rows(void **state)
{
    static const double few[ROWS * WIDTH] = {0x1.8a7eb8p+0, -0x1.2c78ap-2, -0x1.16e292p+1, 0, 0, 0,
                                             0x1.9d06f4p-2, 0x1.ad11cap-1, -0x1.704288p-1};
    static const double many[4] = {0x1.329b16p-1, -0x1.8e1ab6p+0, -0x1.5d8d94p-2, 0x1.da5e9cp+0};
    tenka_ctx *ctx = open_target(*state);
    float values[20];
    tenka_manual_seed(ctx, 0);
    tenka_module *a = parse(ctx, "Embedding(3, 3, padding_idx=-2)"), *b = parse(ctx, "Embedding(5, 4)");
    must(ctx, tenka_variable_read(tenka_module_find(a, "weight"), values, sizeof(few) / 2));
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        assert_true(fabs(values[i] - few[i]) <= fabs(few[i]) * 0x1p-23);
    must(ctx, tenka_variable_read(tenka_module_find(b, "weight"), values, sizeof(values)));
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(values[i] - many[i]) <= fabs(many[i]) * 0x1p-23);
    tenka_module_destroy(&a);
    tenka_module_destroy(&b);
    tenka_ctx_destroy(&ctx);
}

/* An index of any rank, and beside it numbers that forward makes; the network says what it takes. */
static void test_forward(void **state)
{
    static const char text[] = "Net(\n  (words): Embedding(3, 2, padding_idx=0)\n  (places): Embedding(2, 2)\n)\n"
                               "def forward(self, x):\n"
                               "    place = torch.arange(x.size(1))\n"
                               "    y = self.words(x) + self.places(place) * torch.full((2, 1), 2.0)\n"
                               "    return y - torch.ones((1, 2, 2)) + torch.zeros(1)\n";
    static const float words[6] = {7, 8, 1, 2, 3, 4}, places[4] = {10, 20, 30, 40};
    static const int32_t index[4] = {2, 0, 1, 1};
    static const float want[8] = {22, 43, 66, 87, 20, 41, 60, 81};
    float got[8];
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = parse(ctx, text);
    struct tenka_shape output;
    assert_int_equal(tenka_module_input_dtype(net), TENKA_I32);
    must(ctx, tenka_module_check(net, tenka_shape_of(5, 2), &output));
    assert_int_equal(output.rank, 3);
    must(ctx, tenka_variable_write(tenka_module_find(net, "words.weight"), words, sizeof(words)));
    must(ctx, tenka_variable_write(tenka_module_find(net, "places.weight"), places, sizeof(places)));
    tenka_no_grad_begin(ctx);
    const tenka_tensor y = tenka_forward(net, tenka_input(ctx, TENKA_I32, tenka_shape_of(2, 2), index));
    must(ctx, tenka_read(y, got, sizeof(got)));
    tenka_no_grad_end(ctx);
    assert_memory_equal(got, want, sizeof(want));
    tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 2), want));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
    assert_non_null(strstr(tenka_last_error(ctx), "layer words (Embedding): an embedding looks up whole numbers"));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* The padding's row keeps its numbers, which need not be 0, and none of the others. */
static void test_padding(void **state)
{
    static const float start[6] = {1, 2, 3, 4, 5, 6};
    static const int32_t index[4] = {1, 0, 1, 2};
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = parse(ctx, "Embedding(3, 2, padding_idx=1)");
    tenka_variable *weight = tenka_module_find(net, "weight");
    tenka_optimizer *sgd;
    float got[6];
    double sum;
    params.lr = 0.5;
    must(ctx, tenka_variable_write(weight, start, sizeof(start)));
    must(ctx, tenka_sgd_create(ctx, net, &params, &sgd));
    const tenka_tensor loss =
        tenka_sum(tenka_forward(net, tenka_input(ctx, TENKA_I32, tenka_shape_of(4), index)), TENKA_ALL_AXES, false);
    tenka_backward(loss);
    must(ctx, tenka_optimizer_step(sgd));
    must(ctx, tenka_item(loss, &sum));
    assert_true(sum == 28);
    must(ctx, tenka_variable_read(weight, got, sizeof(got)));
    for (size_t i = 0; i < 6; i++)
        assert_true(got[i] == start[i] - (i / 2 == 1 ? 0 : 0.5f));
    tenka_optimizer_destroy(&sgd);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Two tensors of a layer, and two into one, without a text that shows forward. */
static void test_unpool(void **state)
{
    static const float x[4] = {1, 5, 2, 3}, want[4] = {0, 5, 0, 0};
    tenka_ctx *ctx = open_target(*state);
    tenka_module *pool = parse(ctx, "MaxPool2d(2, return_indices=True)"), *unpool = parse(ctx, "MaxUnpool2d(2)");
    tenka_tensor out[2];
    float got[4];
    tenka_no_grad_begin(ctx);
    out[0] = tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 1, 2, 2), x);
    tenka_forward_n(pool, out, 1, out, 2);
    tenka_forward_n(unpool, out, 2, out, 1);
    must(ctx, tenka_read(out[0], got, sizeof(got)));
    tenka_no_grad_end(ctx);
    assert_memory_equal(got, want, sizeof(want));
    tenka_forward(pool, tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 1, 2, 2), x));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
    assert_non_null(strstr(tenka_last_error(ctx), "takes 1 and gives 2 tensors, but was asked for 1 of 1"));
    tenka_module_destroy(&pool);
    tenka_module_destroy(&unpool);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initial_rows),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_unpool),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
