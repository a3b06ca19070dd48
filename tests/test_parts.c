/* Gradients in parts, as devices with many workgroups make them: a step means the same, bit for bit, in one dispatch
 * more; and what is added up waits until somebody reads it.
 *   test_parts [vulkan] */
#include "support.h"

#include "backend/vulkan/testing.h"
#include "graph/graph.h"

#define STEPS 3
#define BATCH 24
#define PIXELS (28 * 28)
#define MOST 4096

static const char net_text[] = "BatchNorm2d(1) BatchNorm2d(1)\n"
                               "Conv2d(1, 12, kernel_size=(5, 5)) ReLU() MaxPool2d(kernel_size=2)\n"
                               "Conv2d(12, 7, kernel_size=(3, 3), padding=(1, 1), bias=False) Tanh()\n"
                               "Conv2d(7, 7, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=7)\n"
                               "ConvTranspose2d(7, 3, kernel_size=(2, 2), stride=(2, 2))\n"
                               "Flatten() Linear(432, 10)";

struct trained {
    double loss[STEPS];
    float weights[MOST];
    size_t n_weights, parts, sums; /* parts, sums: kernels of the last step, and their dispatches */
};

static void make_data(float *x, int32_t *y)
{
    for (size_t i = 0; i < (size_t)BATCH * PIXELS; i++)
        x[i] = (float)(i * 37 % 101) / 50 - 1;
    for (int32_t i = 0; i < BATCH; i++)
        y[i] = i * 3 % 10;
}

static tenka_tensor loss_of(tenka_ctx *ctx, tenka_module *net)
{
    static float x[BATCH * PIXELS];
    static int32_t y[BATCH];
    make_data(x, y);
    const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(BATCH, 1, 28, 28), x);
    return tenka_cross_entropy(tenka_forward(net, input), tenka_input(ctx, TENKA_I32, tenka_shape_of(BATCH), y));
}

static void read_weights(tenka_ctx *ctx, tenka_module *net, struct trained *out)
{
    static const char *const names[] = {"0.weight", "0.bias",   "1.weight", "1.bias", "2.weight",
                                        "2.bias",   "5.weight", "7.weight", "7.bias", "8.weight"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        tenka_variable *const v = tenka_module_find(net, names[i]);
        const struct tenka_shape shape = tenka_variable_shape(v);
        const size_t count = (size_t)tenka_shape_count(&shape);
        assert_true(out->n_weights + count <= MOST);
        must(ctx, tenka_variable_read(v, out->weights + out->n_weights, count * sizeof(float)));
        out->n_weights += count;
    }
}

static void count_dispatches(tenka_ctx *ctx, struct trained *out)
{
    static struct tenka_dispatch list[256];
    size_t n;
    must(ctx, tenka_profile_dispatches(ctx, list, 256, &n));
    for (size_t i = 0; i < n && i < 256; i++) {
        const bool sum = strcmp(list[i].kernel, "sum_parts_fwd") == 0;
        out->sums += sum;
        out->parts += !sum && strstr(list[i].kernel, "_parts") != NULL;
    }
}

static struct trained train(const struct target *target, bool spread)
{
    struct trained out = {{0}, {0}, 0, 0, 0};
    tenka_ctx *ctx = open_target(target);
    tenka_module *net;
    tenka_optimizer *opt;
    if (spread)
        tenka_vulkan_spread(tenka_ctx_device(ctx));
    tenka_manual_seed(ctx, 7);
    must(ctx, tenka_nn_parse(ctx, net_text, &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    for (int i = 0; i < STEPS; i++) {
        if (i == STEPS - 1)
            must(ctx, tenka_profile_begin_in_place(ctx));
        const tenka_tensor loss = loss_of(ctx, net);
        tenka_backward(loss);
        must(ctx, tenka_optimizer_step(opt));
        must(ctx, tenka_item(loss, &out.loss[i]));
    }
    count_dispatches(ctx, &out);
    read_weights(ctx, net, &out);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    return out;
}

static void test_same_bits(void **state)
{
    const struct trained whole = train(*state, false), parts = train(*state, true);
    assert_true(whole.n_weights > 1000);
    assert_int_equal(whole.parts + whole.sums, 0);
    assert_int_equal(parts.parts, 6);
    assert_int_equal(parts.sums, 2); /* before what a normalisation sends back, and before the update */
    assert_memory_equal(parts.loss, whole.loss, sizeof(whole.loss));
    assert_memory_equal(parts.weights, whole.weights, whole.n_weights * sizeof(*whole.weights));
}

/* A gradient that is read by the rest of its step is whole by then. */
static void test_read_at_once(void **state)
{
    double sum[2];
    for (int spread = 0; spread < 2; spread++) {
        tenka_ctx *ctx = open_target(*state);
        tenka_module *net;
        if (spread)
            tenka_vulkan_spread(tenka_ctx_device(ctx));
        tenka_manual_seed(ctx, 7);
        must(ctx, tenka_nn_parse(ctx, net_text, &net));
        tenka_backward(loss_of(ctx, net));
        const tenka_tensor first = tenka_grad(tenka_module_find(net, "2.weight"));
        const tenka_tensor both =
            tenka_add(tenka_sum(tenka_mul(first, first), TENKA_ALL_AXES, false),
                      tenka_sum(tenka_grad(tenka_module_find(net, "5.weight")), TENKA_ALL_AXES, false));
        must(ctx, tenka_step_end(ctx));
        must(ctx, tenka_item(both, &sum[spread]));
        tenka_module_destroy(&net);
        tenka_ctx_destroy(&ctx);
    }
    assert_true(sum[0] != 0);
    assert_memory_equal(&sum[0], &sum[1], sizeof(*sum));
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits), cmocka_unit_test(test_read_at_once)};
    char *vulkan[] = {argv[0], "vulkan"};
    RUN_ON_TARGETS(argc > 1 ? argc : 2, argc > 1 ? argv : vulkan, tests);
}
