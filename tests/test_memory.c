/* The estimate of a training step's memory against what a step really holds, and variables without memory. */
#include "support.h"

#define IMAGES 40

static uint64_t held(const tenka_ctx *ctx)
{
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_ctx_stats(ctx, &stats);
    return stats.device_bytes;
}

struct scene {
    const char *net;
    uint32_t channels, side, batch;
    bool sgd;
    double momentum;
    tenka_loss_fn loss;
};

static const struct scene scenes[] = {
    {NULL, 1, 28, 10, false, 0, tenka_nll_loss}, /* the reference network */
    {"Flatten() Linear(75, 7) ReLU() Linear(7, 10)", 3, 5, 1, true, 0, tenka_cross_entropy},
    {"Conv2d(2,6,3,padding='same') BatchNorm2d(6) ReLU() Dropout(0.3) MaxPool2d(2) Flatten() Linear(96,10) "
     "LogSoftmax(1)",
     2, 8, 7, true, 0.9, tenka_nll_loss},
    {"Conv2d(2,6,3,groups=2) BatchNorm2d(6,affine=False) BatchNorm2d(6,track_running_stats=False) Flatten() "
     "Linear(216,10,False) Softmax(1)",
     2, 8, 40, false, 0, tenka_cross_entropy},
};

static tenka_module *make_net(tenka_ctx *ctx, const struct scene *s)
{
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx, s->net ? s->net : tenka_nn_reference_text(), &net));
    return net;
}

static tenka_optimizer *make_optimizer(tenka_ctx *ctx, tenka_module *net, const struct scene *s)
{
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_optimizer *opt;
    params.momentum = s->momentum;
    must(ctx, s->sgd ? tenka_sgd_create(ctx, net, &params, &opt) : tenka_adam_create(ctx, net, NULL, &opt));
    return opt;
}

static struct tenka_memory_estimate estimate(tenka_module *net, tenka_optimizer *opt, const struct scene *s)
{
    struct tenka_memory_estimate out = TENKA_MEMORY_ESTIMATE_DEFAULTS;
    const struct tenka_shape input = tenka_shape_of(s->batch, s->channels, s->side, s->side);
    const tenka_status status = tenka_training_memory(net, opt, input, s->loss, &out);
    /* What a device cannot run is measured all the same. */
    if (status != TENKA_E_UNSUPPORTED || out.total == 0)
        must(tenka_module_ctx(net), status);
    assert_int_equal(out.total, out.parameters + out.optimizer + out.temporaries + out.inputs);
    return out;
}

static struct tenka_memory_estimate estimate_unseen(tenka_ctx *ctx, const struct scene *s)
{
    const uint64_t before = held(ctx);
    tenka_sizing_begin(ctx);
    tenka_module *net = make_net(ctx, s);
    tenka_optimizer *opt = make_optimizer(ctx, net, s);
    tenka_sizing_end(ctx);
    const struct tenka_memory_estimate out = estimate(net, opt, s);
    assert_int_equal(held(ctx), before);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    return out;
}

static tenka_loader *make_loader(tenka_ctx *ctx, const struct scene *s)
{
    static uint8_t images[IMAGES * 28 * 28];
    static int32_t labels[IMAGES];
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_dataset *data;
    tenka_loader *loader;
    for (size_t i = 0; i < IMAGES; i++)
        labels[i] = (int32_t)i % 10;
    for (size_t i = 0; i < sizeof(images); i++)
        images[i] = (uint8_t)(i * i % 251);
    params.batch_size = s->batch;
    must(ctx, tenka_dataset_create(ctx, images, labels, IMAGES, s->channels, s->side, s->side, &data));
    must(ctx, tenka_loader_create(ctx, data, &params, &loader));
    tenka_dataset_destroy(&data);
    return loader;
}

static void train_step(tenka_ctx *ctx, tenka_loader *loader, tenka_module *net, tenka_optimizer *opt,
                       tenka_loss_fn loss)
{
    struct tenka_batch batch;
    tenka_status status = tenka_loader_next(loader, &batch);
    must(ctx, status == TENKA_END ? tenka_loader_next(loader, &batch) : status);
    tenka_backward(loss(tenka_forward(net, batch.input), batch.target));
    must(ctx, tenka_optimizer_step(opt));
}

/* Exact, byte for byte; the slots of pending steps are not part of the context's count. */
static void compare_scene(tenka_ctx *ctx, const struct scene *s)
{
    const struct tenka_memory_estimate unseen = estimate_unseen(ctx, s);
    tenka_loader *loader = make_loader(ctx, s);
    const uint64_t before = held(ctx);
    tenka_module *net = make_net(ctx, s);
    assert_int_equal(held(ctx) - before, unseen.parameters);
    tenka_optimizer *opt = make_optimizer(ctx, net, s);
    assert_int_equal(held(ctx) - before, unseen.parameters + unseen.optimizer);
    const struct tenka_memory_estimate seen = estimate(net, opt, s);
    assert_memory_equal(&seen, &unseen, sizeof(seen));
    assert_int_equal(tenka_optimizer_steps(opt), 0);
    train_step(ctx, loader, net, opt, s->loss);
    train_step(ctx, loader, net, opt, s->loss);
    assert_int_equal(held(ctx) - before, unseen.total - unseen.inputs);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_loader_destroy(&loader);
}

static void test_estimates(void **state)
{
    for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++) {
        tenka_ctx *ctx = open_target(*state); /* the arena of a context never shrinks */
        compare_scene(ctx, &scenes[i]);
        tenka_ctx_destroy(&ctx);
    }
}

/* Of gradients that are added up over batches: the estimate is never less than what is held, and hardly more. */
static void test_accumulated(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const struct scene *const s = &scenes[2];
    tenka_loader *loader = make_loader(ctx, s);
    const uint64_t before = held(ctx);
    tenka_module *net = make_net(ctx, s);
    tenka_optimizer *opt = make_optimizer(ctx, net, s);
    struct tenka_memory_estimate m = TENKA_MEMORY_ESTIMATE_DEFAULTS;
    m.accumulates = true;
    must(ctx, tenka_training_memory(net, opt, tenka_shape_of(s->batch, s->channels, s->side, s->side), s->loss, &m));
    assert_true(m.gradients > 0 && m.accumulates);
    for (int i = 0; i < 4; i++) {
        struct tenka_batch batch;
        must(ctx, tenka_loader_next(loader, &batch));
        tenka_backward(s->loss(tenka_forward(net, batch.input), batch.target));
        must(ctx, i % 2 == 0 ? tenka_step_end(ctx) : tenka_optimizer_step(opt));
        tenka_loader_rewind(loader);
    }
    const uint64_t holds = held(ctx) - before, says = m.total - m.inputs;
    if (holds > says || says - m.gradients >= holds)
        fail_msg("held are %llu bytes, not %llu", (unsigned long long)holds, (unsigned long long)says);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_loader_destroy(&loader);
    tenka_ctx_destroy(&ctx);
}

/* What the network's BatchNorm2d has counted. */
static uint64_t batches_of(tenka_module *net)
{
    struct tenka_state_entry state[16];
    const size_t n = tenka_module_state(net, state, 16);
    for (size_t i = 0; i < n; i++)
        if (state[i].number != NULL)
            return *state[i].number;
    fail_msg("nothing counts");
    return 0;
}

static void train_some(tenka_ctx *ctx, const struct scene *s, bool look, float weights[520])
{
    tenka_manual_seed(ctx, 3);
    tenka_loader *loader = make_loader(ctx, s);
    tenka_module *net = make_net(ctx, s);
    tenka_optimizer *opt = make_optimizer(ctx, net, s);
    for (int i = 0; i < 4; i++) {
        if (look)
            estimate(net, opt, s);
        train_step(ctx, loader, net, opt, s->loss);
    }
    assert_int_equal(batches_of(net), 4);
    must(ctx, tenka_variable_read(tenka_module_find(net, "0.weight"), weights, 108 * sizeof(*weights)));
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_loader_destroy(&loader);
}

/* Looking at a network that is being trained changes nothing: no weight, no random draw, no count. */
static void test_no_effect(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    float looked[520], plain[520];
    train_some(ctx, &scenes[2], true, looked);
    train_some(ctx, &scenes[2], false, plain);
    assert_memory_equal(looked, plain, 108 * sizeof(*plain));
    tenka_ctx_destroy(&ctx);
}

/* More than a small machine has: estimating must take none of it. */
static void test_huge(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    char text[2000] = "Flatten() Linear(784, 10000)";
    for (int i = 0; i < 12; i++)
        strcat(text, " ReLU() Linear(10000, 10000)");
    const struct scene scene = {text, 1, 28, 4, false, 0, tenka_cross_entropy};
    const struct tenka_memory_estimate m = estimate_unseen(ctx, &scene);
    const uint64_t real = ((const struct target *)*state)->backend == TENKA_BACKEND_CPU_F64 ? 8 : 4;
    assert_int_equal(m.parameters, real * (784 * 10000 + 10000 + 12ull * (10000 * 10000 + 10000)));
    assert_int_equal(m.optimizer, 2 * m.parameters);
    assert_true(m.temporaries > m.parameters); /* the gradients at least */
    tenka_ctx_destroy(&ctx);
}

static struct tenka_memory_fit fit(tenka_module *net, tenka_optimizer *opt, const struct scene *s, uint32_t batch)
{
    struct tenka_memory_fit out = TENKA_MEMORY_FIT_DEFAULTS;
    must(tenka_module_ctx(net),
         tenka_memory_fits(net, opt, tenka_shape_of(batch, s->channels, s->side, s->side), s->loss, &out));
    return out;
}

/* What is said to be the largest batch is the largest. */
static void test_fits(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const struct scene *s = &scenes[0];
    tenka_module *net = make_net(ctx, s);
    tenka_optimizer *opt = make_optimizer(ctx, net, s);
    const struct tenka_memory_estimate m = estimate(net, opt, s);
    const struct tenka_memory_fit small = fit(net, opt, s, s->batch), huge = fit(net, opt, s, 2000000);
    assert_true(small.fits);
    assert_int_equal(small.largest, s->batch);
    assert_int_equal(small.needed, m.temporaries + m.inputs);
    assert_true(small.available > small.needed);
    assert_false(huge.fits);
    assert_true(huge.needed > small.needed);
    assert_true(!huge.lacks_memory || huge.needed > huge.available);
    assert_in_range(huge.largest, s->batch, 1999999);
    assert_false(fit(net, opt, s, huge.largest + huge.largest / 8 + 1).fits);
    assert_true(fit(net, opt, s, huge.largest - huge.largest / 8).fits);
    assert_true(fit(net, NULL, s, s->batch).needed < small.needed); /* without gradients */
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void expect(tenka_ctx *ctx, tenka_status status, tenka_status expected, const char *part)
{
    if (status != expected || strstr(tenka_last_error(ctx), part) == NULL)
        fail_msg("status %d instead of %d, expected \"%s\" in \"%s\"", status, expected, part, tenka_last_error(ctx));
}

/* Tensors of more than a GiB are no limit where the device has none. */
static void test_large_tensors(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const struct scene s = {"Conv2d(1,64,3) Flatten() Linear(43264,10)", 1, 28, 20000, false, 0, tenka_cross_entropy};
    if (tenka_ctx_backend(ctx) != TENKA_BACKEND_VULKAN)
        assert_true(estimate_unseen(ctx, &s).temporaries > 4ull * 43264 * s.batch);
    tenka_ctx_destroy(&ctx);
}

/* A limit of the GPU that is no question of memory, whatever the batch: the reason is that of one image. */
static void test_loops(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const struct scene s = {"Flatten() Linear(602112,2)", 3, 448, 5000, true, 0, tenka_cross_entropy};
    struct tenka_memory_estimate m = TENKA_MEMORY_ESTIMATE_DEFAULTS;
    tenka_module *net = make_net(ctx, &s);
    tenka_optimizer *opt = make_optimizer(ctx, net, &s);
    const bool vulkan = tenka_ctx_backend(ctx) == TENKA_BACKEND_VULKAN;
    const struct tenka_memory_fit one = fit(net, opt, &s, 1);
    assert_int_equal(one.fits, !vulkan);
    assert_int_equal(one.network, 4 * (2 * 602112 + 2) * (tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64 ? 2 : 1));
    if (vulkan) {
        const struct tenka_memory_fit many = fit(net, opt, &s, s.batch);
        expect(ctx, TENKA_OK, TENKA_OK, "use smaller tensors (fewer input features), or --backend cpu");
        assert_true(!many.fits && !many.lacks_memory && many.largest == 0);
        assert_int_equal(many.needed, one.needed);
        expect(ctx, tenka_training_memory(net, opt, tenka_shape_of(1, 3, 448, 448), s.loss, &m), TENKA_E_UNSUPPORTED,
               "one invocation would loop");
        assert_true(m.temporaries > 0);
    }
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_without_memory(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const float ones[6] = {1, 1, 1, 1, 1, 1};
    float back[6];
    double wide[6];
    tenka_variable *sized, *real;
    tenka_sizing_begin(ctx);
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(2, 3), ones, true, &sized));
    tenka_sizing_end(ctx);
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(2, 3), ones, true, &real));
    must(ctx, tenka_variable_write(sized, ones, sizeof(ones)));
    must(ctx, tenka_variable_write_f64(sized, (double[6]){0}, 6));
    expect(ctx, tenka_variable_write(sized, ones, 4), TENKA_E_INVALID, "it has 24 bytes, not 4");
    expect(ctx, tenka_variable_read(sized, back, sizeof(back)), TENKA_E_INVALID, "it has no content");
    expect(ctx, tenka_variable_read_f64(sized, wide, 6), TENKA_E_INVALID, "it has no content");
    tenka_backward(tenka_sum(tenka_add(tenka_value(sized), tenka_value(real)), TENKA_ALL_AXES, false));
    expect(ctx, tenka_step_end(ctx), TENKA_E_INVALID, "only checks shapes");
    tenka_assign(sized, tenka_scale(tenka_value(real), 2));
    expect(ctx, tenka_step_end(ctx), TENKA_E_INVALID, "only checks shapes");
    expect(ctx, tenka_keep(tenka_scale(tenka_value(real), 2), &sized), TENKA_OK, "");
    expect(ctx, tenka_step_end(ctx), TENKA_E_INVALID, "only checks shapes");
    must(ctx, tenka_variable_read(real, back, sizeof(back)));
    assert_memory_equal(back, ones, sizeof(ones));
    tenka_variable_destroy(&sized);
    tenka_variable_destroy(&real);
    tenka_ctx_destroy(&ctx);
}

/* The losses of further outputs keep what their heads have computed: 2000 columns for each of 64 rows. */
static void test_further_losses(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_memory_fit first = TENKA_MEMORY_FIT_DEFAULTS, all = first, kept = first;
    const uint8_t images[64 * 4] = {0};
    const int32_t labels[64] = {2};
    tenka_dataset *data;
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_loss *loss;
    must(ctx, tenka_nn_parse(ctx,
                             "Net(\n  (fc): Linear(4, 3)\n  (wide): Linear(4, 2000)\n  (aux): Linear(2000, 3)\n)\n"
                             "def forward(self, x):\n    x = x.flatten(1)\n    y = torch.tanh(self.wide(x))\n"
                             "    return (self.fc(x), self.aux(y))\n",
                             &net));
    must(ctx, tenka_dataset_create(ctx, images, labels, 64, 1, 2, 2, &data));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    must(ctx, tenka_loss_parse(ctx, "CrossEntropyLoss()", &loss));
    must(ctx, tenka_module_check(net, tenka_shape_of(2, 1, 2, 2), NULL));
    must(ctx, tenka_memory_fits_data(net, opt, data, 64, loss, &first));
    struct tenka_memory_estimate one = TENKA_MEMORY_ESTIMATE_DEFAULTS, both = one;
    both.others = true;
    must(ctx, tenka_training_memory(net, opt, tenka_shape_of(64, 1, 2, 2), tenka_cross_entropy, &one));
    must(ctx, tenka_training_memory(net, opt, tenka_shape_of(64, 1, 2, 2), tenka_cross_entropy, &both));
    assert_true(both.total >= one.total + 64 * 2000 * sizeof(float));
    kept.accumulates = true;
    must(ctx, tenka_memory_fits_data(net, opt, data, 64, loss, &kept));
    assert_true(kept.needed == first.needed + one.parameters && kept.accumulates);
    tenka_loss_set_others(loss, 0.3);
    must(ctx, tenka_memory_fits_data(net, opt, data, 64, loss, &all));
    assert_true(all.needed >= first.needed + 64 * 2000 * sizeof(float));
    tenka_loss_destroy(&loss);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static void test_mistakes(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_memory_estimate out = TENKA_MEMORY_ESTIMATE_DEFAULTS, none = {0};
    tenka_module *net;
    tenka_optimizer *opt;
    must(ctx, tenka_nn_parse(ctx, "(head): Linear(4, 3)", &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    const struct tenka_shape good = tenka_shape_of(2, 4);
    expect(ctx, tenka_training_memory(net, opt, good, tenka_cross_entropy, &none), TENKA_E_INVALID, "out.size");
    expect(ctx, tenka_training_memory(net, opt, good, NULL, &out), TENKA_E_INVALID, "loss");
    expect(ctx, tenka_training_memory(net, opt, tenka_shape_of(2), tenka_cross_entropy, &out), TENKA_E_INVALID,
           "two axes");
    expect(ctx, tenka_training_memory(net, opt, tenka_shape_of(2, 5), tenka_cross_entropy, &out), TENKA_E_SHAPE,
           "layer head (Linear)");
    tenka_value(tenka_module_find(net, "head.bias"));
    expect(ctx, tenka_training_memory(net, opt, good, tenka_cross_entropy, &out), TENKA_E_INVALID, "a step is open");
    tenka_step_discard(ctx);
    tenka_variable_set_requires_grad(tenka_module_find(net, "head.weight"), false);
    tenka_variable_set_requires_grad(tenka_module_find(net, "head.bias"), false);
    assert_int_not_equal(tenka_training_memory(net, opt, good, tenka_cross_entropy, &out), TENKA_OK);
    tenka_variable_set_requires_grad(tenka_module_find(net, "head.bias"), true);
    must(ctx, tenka_training_memory(net, opt, good, tenka_cross_entropy, &out));
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accumulated),    cmocka_unit_test(test_estimates),      cmocka_unit_test(test_no_effect),
        cmocka_unit_test(test_huge),           cmocka_unit_test(test_without_memory), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_fits),           cmocka_unit_test(test_large_tensors),  cmocka_unit_test(test_loops),
        cmocka_unit_test(test_further_losses),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
