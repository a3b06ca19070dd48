/* After the first step of a structure nothing is allocated and no device object is made.
 *   test_steady [cpu|cpu-f64|vulkan] */
#include "support.h"

#define BATCH 10
#define CLASSES 3
#define FEATURES 36

struct training {
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_meter *meter;
};

static const char net_text[] = "Conv2d(1,4,3) BatchNorm2d(4) ReLU() MaxPool2d(2) Dropout(0.25) Flatten() Linear(16,3) "
                               "LogSoftmax(dim=1)";

static void begin(struct training *t, const struct target *target)
{
    t->ctx = open_target(target);
    must(t->ctx, tenka_nn_parse(t->ctx, net_text, &t->net));
    must(t->ctx, tenka_adam_create(t->ctx, t->net, NULL, &t->opt));
    must(t->ctx, tenka_meter_create(t->ctx, &t->meter));
}

static void end(struct training *t)
{
    tenka_meter_destroy(&t->meter);
    tenka_optimizer_destroy(&t->opt);
    tenka_module_destroy(&t->net);
    tenka_ctx_destroy(&t->ctx);
}

static tenka_tensor step(struct training *t, int index, uint32_t batch)
{
    float x[BATCH * FEATURES];
    int32_t y[BATCH];
    for (int i = 0; i < BATCH * FEATURES; i++)
        x[i] = (float)((i * 7 + index * 13) % 29) / 29;
    for (int i = 0; i < BATCH; i++)
        y[i] = (i + index) % CLASSES;
    const tenka_tensor input = tenka_input(t->ctx, TENKA_F32, tenka_shape_of(batch, 1, 6, 6), x);
    const tenka_tensor target = tenka_input(t->ctx, TENKA_I32, tenka_shape_of(batch), y);
    const tenka_tensor loss = tenka_nll_loss(tenka_forward(t->net, input), target);
    tenka_backward(loss);
    tenka_meter_add(t->meter, loss);
    must(t->ctx, tenka_optimizer_set_lr(t->opt, 0, 1e-3 / (1 + index)));
    must(t->ctx, tenka_optimizer_step(t->opt));
    return loss;
}

static struct tenka_ctx_stats stats_of(tenka_ctx *ctx)
{
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_ctx_stats(ctx, &stats);
    return stats;
}

static void assert_steady(const struct tenka_ctx_stats *before, const struct tenka_ctx_stats *after)
{
    assert_int_equal(after->plans_made - before->plans_made, 0);
    assert_int_equal(after->device_objects - before->device_objects, 0);
    assert_int_equal(after->host_allocations - before->host_allocations, 0);
    assert_int_equal(after->device_bytes, before->device_bytes);
}

/* Steps 2 to 100: the first step of Adam and the first with a meter are of the same structure. */
static void test_training(void **state)
{
    struct training t;
    begin(&t, *state);
    step(&t, 0, BATCH);
    must(t.ctx, tenka_meter_peek(t.meter, NULL, NULL, NULL));
    const struct tenka_ctx_stats before = stats_of(t.ctx);
    for (int i = 1; i < 100; i++) {
        step(&t, i, BATCH);
        must(t.ctx, tenka_meter_peek(t.meter, NULL, NULL, NULL));
    }
    const struct tenka_ctx_stats after = stats_of(t.ctx);
    assert_int_equal(after.steps - before.steps, 99);
    assert_steady(&before, &after);
    double mean;
    must(t.ctx, tenka_meter_read(t.meter, NULL, &mean, NULL));
    assert_true(isfinite(mean));
    end(&t);
}

/* Two structures in turn, with the loss read after each step. */
static void test_two_structures(void **state)
{
    struct training t;
    double loss;
    begin(&t, *state);
    for (int i = 0; i < 4; i++)
        must(t.ctx, tenka_item(step(&t, i, i % 2 ? BATCH : BATCH / 2), &loss));
    const struct tenka_ctx_stats before = stats_of(t.ctx);
    for (int i = 0; i < 40; i++)
        must(t.ctx, tenka_item(step(&t, i, i % 2 ? BATCH : BATCH / 2), &loss));
    const struct tenka_ctx_stats after = stats_of(t.ctx);
    assert_steady(&before, &after);
    end(&t);
}

/* A run repeats bit for bit on one device, dropout included. */
static void test_repeats(void **state)
{
    double loss[2][10];
    for (int run = 0; run < 2; run++) {
        struct training t;
        begin(&t, *state);
        for (int i = 0; i < 10; i++)
            must(t.ctx, tenka_item(step(&t, i, BATCH), &loss[run][i]));
        end(&t);
    }
    for (int i = 0; i < 10; i++)
        assert_true(loss[0][i] == loss[1][i]);
}

/* Ten steps give the losses of the 64-bit CPU backend when the same one draws the masks of dropout. */
static void same_losses_as_f64(const struct target *target, enum tenka_dropout_mask mask)
{
    const struct target f64 = {.backend = TENKA_BACKEND_CPU_F64, .label = "cpu-f64", .dropout_mask = mask};
    struct target device = *target;
    struct training a, b;
    double have, want;
    device.dropout_mask = mask;
    begin(&a, &device);
    begin(&b, &f64);
    for (int i = 0; i < 10; i++) {
        must(a.ctx, tenka_item(step(&a, i, BATCH), &have));
        must(b.ctx, tenka_item(step(&b, i, BATCH), &want));
        if (fabs(have - want) > 1e-5)
            fail_msg("step %d: loss %.9g, but %.9g in double", i, have, want);
    }
    end(&a);
    end(&b);
}

static void test_same_losses_as_f64(void **state)
{
    same_losses_as_f64(*state, TENKA_DROPOUT_PHILOX);
    same_losses_as_f64(*state, TENKA_DROPOUT_TORCH);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_two_structures),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_same_losses_as_f64),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
