/* Steps, plans, variables and gradients, on a device.   test_graph [cpu|cpu-f64|vulkan] */
#include "support.h"

#define N 4

static tenka_variable *new_variable(tenka_ctx *ctx, bool requires_grad, const float data[N])
{
    tenka_variable *var;
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(N), data, requires_grad, &var));
    return var;
}

static tenka_tensor input(tenka_ctx *ctx, const float data[N])
{
    return tenka_input(ctx, TENKA_F32, tenka_shape_of(N), data);
}

static tenka_tensor total(tenka_tensor x)
{
    return tenka_sum(x, TENKA_ALL_AXES, false);
}

static void assert_values(tenka_variable *var, float a, float b, float c, float d)
{
    const float want[N] = {a, b, c, d};
    float have[N];
    must(tenka_variable_ctx(var), tenka_variable_read(var, have, sizeof(have)));
    for (int i = 0; i < N; i++)
        if (fabsf(have[i] - want[i]) > 1e-5f)
            fail_msg("element %d is %g, but should be %g", i, (double)have[i], (double)want[i]);
}

static void assert_tensor(tenka_tensor t, float a, float b, float c, float d)
{
    const float want[N] = {a, b, c, d};
    float have[N];
    must(t.ctx, tenka_read(t, have, sizeof(have)));
    for (int i = 0; i < N; i++)
        if (fabsf(have[i] - want[i]) > 1e-5f)
            fail_msg("element %d is %g, but should be %g", i, (double)have[i], (double)want[i]);
}

static void assert_item(tenka_tensor t, double want)
{
    double have;
    must(t.ctx, tenka_item(t, &have));
    if (fabs(have - want) > 1e-5 * (1 + fabs(want)))
        fail_msg("it is %g, but should be %g", have, want);
}

/* Keeps the gradient of var in a variable and ends the step. */
static tenka_variable *end_with_grad(tenka_ctx *ctx, tenka_variable *var)
{
    tenka_variable *grad = NULL;
    must(ctx, tenka_keep(tenka_grad(var), &grad));
    must(ctx, tenka_step_end(ctx));
    return grad;
}

static uint64_t plans_made(tenka_ctx *ctx)
{
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_ctx_stats(ctx, &stats);
    return stats.plans_made;
}

static void assert_sentence(tenka_ctx *ctx, const char *part)
{
    if (!strstr(tenka_last_error(ctx), part))
        fail_msg("expected \"%s\" in \"%s\"", part, tenka_last_error(ctx));
}

static const float one_to_four[N] = {1, 2, 3, 4}, ones[N] = {1, 1, 1, 1}, signs[N] = {1, -1, 2, -2};

/* ---- Plans ---- */

static void train_step(tenka_ctx *ctx, tenka_variable *w, tenka_optimizer *opt, uint32_t batch)
{
    float x[64];
    for (int i = 0; i < 64; i++)
        x[i] = (float)(i % 5) - 2;
    const tenka_tensor t = tenka_input(ctx, TENKA_F32, tenka_shape_of(batch, N), x);
    tenka_backward(tenka_mean(tenka_mul(tenka_mul(t, tenka_value(w)), tenka_value(w)), TENKA_ALL_AXES, false));
    must(ctx, tenka_optimizer_step(opt));
}

static void test_plans_are_replayed(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *w = new_variable(ctx, true, one_to_four);
    tenka_optimizer *opt;
    must(ctx, tenka_adam_create(ctx, NULL, NULL, &opt));
    must(ctx, tenka_optimizer_add_adam_group(opt, &w, 1, NULL, NULL));
    train_step(ctx, w, opt, 8);
    const uint64_t first = plans_made(ctx);
    for (int i = 0; i < 20; i++) {
        must(ctx, tenka_optimizer_set_lr(opt, 0, 1e-3 / (i + 1)));
        train_step(ctx, w, opt, 8);
    }
    assert_int_equal(plans_made(ctx), first); /* other learning rates are data */
    train_step(ctx, w, opt, 5);
    assert_int_equal(plans_made(ctx), first + 1); /* another batch size is another plan */
    train_step(ctx, w, opt, 8);
    train_step(ctx, w, opt, 5);
    assert_int_equal(plans_made(ctx), first + 1);
    tenka_optimizer_destroy(&opt);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

static void test_replay_uses_new_data(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    for (int i = 0; i < 10; i++) {
        const float x[N] = {(float)i, 0, 1, 2};
        tenka_no_grad_begin(ctx);
        assert_item(total(tenka_scale(input(ctx, x), i + 1)), (i + 1) * (i + 3.0));
        tenka_no_grad_end(ctx);
    }
    assert_int_equal(plans_made(ctx), 1);
    tenka_ctx_destroy(&ctx);
}

/* Many steps in flight, read only at the end. */
static void test_slots_in_flight(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *sum = new_variable(ctx, false, NULL);
    for (int i = 0; i < 50; i++) {
        const float x[N] = {(float)i, 1, 2, (float)-i};
        tenka_assign(sum, tenka_add(tenka_value(sum), input(ctx, x)));
        must(ctx, tenka_step_end(ctx));
    }
    assert_values(sum, 1225, 50, 100, -1225);
    tenka_variable_destroy(&sum);
    tenka_ctx_destroy(&ctx);
}

/* ---- Handles ---- */

/* An operator's second output can be read as the first one. */
static void test_second_output(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    static const float x[8] = {1, 4, 2, 3, 9, 7, 8, 6};
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    params.kernel[0] = params.kernel[1] = params.stride[0] = params.stride[1] = 2;
    for (int round = 0; round < 2; round++) {
        float out[2];
        int32_t at[2];
        tenka_tensor indices;
        const tenka_tensor in = tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 2, 2, 2), x);
        const tenka_tensor y = tenka_max_pool2d_with_indices(in, &params, &indices);
        const tenka_tensor z = round == 0 ? y : tenka_max_unpool2d(y, indices, 2, 2);
        must(ctx, tenka_step_end(ctx));
        assert_int_equal(tenka_read(indices, at, sizeof(at)) == TENKA_OK, round == 0);
        if (round > 0)
            continue;
        must(ctx, tenka_read(z, out, sizeof(out)));
        assert_true(at[0] == 1 && at[1] == 0 && out[0] == 4 && out[1] == 9);
    }
    tenka_ctx_destroy(&ctx);
}

static void test_ended_handles(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    float out[N];
    const tenka_tensor x = input(ctx, ones), y = tenka_scale(x, 2), z = tenka_scale(y, 2);
    must(ctx, tenka_step_end(ctx));
    assert_int_not_equal(tenka_read(y, out, sizeof(out)), TENKA_OK); /* z consumed it */
    assert_sentence(ctx, "tenka_keep");
    assert_tensor(z, 4, 4, 4, 4);
    assert_false(tenka_tensor_valid(z));
    const tenka_tensor bad = tenka_scale(z, 2);
    assert_false(tenka_tensor_valid(bad));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
    must(ctx, tenka_step_end(ctx)); /* reported once */
    assert_item(total(input(ctx, ones)), 4);
    assert_int_not_equal(tenka_read(z, out, sizeof(out)), TENKA_OK);
    tenka_ctx_destroy(&ctx);
}

static void test_first_mistake_is_reported(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const float three[3] = {1, 2, 3};
    const tenka_tensor a = input(ctx, ones), b = tenka_input(ctx, TENKA_F32, tenka_shape_of(3), three);
    const tenka_tensor bad = tenka_add(a, b);
    double item;
    assert_false(tenka_tensor_valid(bad));
    assert_int_equal(tenka_item(total(tenka_matmul(bad, a, false, false)), &item), TENKA_E_SHAPE);
    assert_sentence(ctx, "add");
    assert_sentence(ctx, "[3]");
    assert_item(total(input(ctx, ones)), 4); /* and forgotten */
    tenka_ctx_destroy(&ctx);
}

static void test_keep(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *kept = NULL;
    for (int i = 1; i <= 3; i++) {
        const tenka_tensor y = tenka_scale(input(ctx, one_to_four), i);
        must(ctx, tenka_keep(y, &kept));
        total(y);
        must(ctx, tenka_step_end(ctx));
        assert_values(kept, (float)i, 2 * (float)i, 3 * (float)i, 4 * (float)i);
    }
    assert_int_equal(plans_made(ctx) <= 2, true);
    const tenka_tensor other = total(input(ctx, ones));
    assert_int_equal(tenka_keep(other, &kept), TENKA_E_SHAPE);
    tenka_step_discard(ctx);
    tenka_variable_destroy(&kept);
    tenka_ctx_destroy(&ctx);
}

/* ---- Gradients ---- */

static void test_backward_adds_up(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *w = new_variable(ctx, true, one_to_four);
    const tenka_tensor v = tenka_value(w);
    tenka_backward(total(tenka_mul(v, v)));
    tenka_backward(total(tenka_scale(v, 3)));
    tenka_variable *grad = end_with_grad(ctx, w);
    assert_values(grad, 5, 7, 9, 11);
    tenka_variable_destroy(&grad);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

static void test_gradients_cross_steps(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *w = new_variable(ctx, true, one_to_four), *grad = NULL;
    for (int i = 0; i < 3; i++) {
        tenka_backward(total(tenka_mul(tenka_value(w), input(ctx, signs))));
        must(ctx, tenka_step_end(ctx));
    }
    must(ctx, tenka_keep(tenka_grad(w), &grad));
    must(ctx, tenka_step_end(ctx));
    assert_values(grad, 3, -3, 6, -6);
    tenka_zero_grad(ctx);
    assert_false(tenka_tensor_valid(tenka_grad(w)));
    tenka_backward(total(tenka_value(w)));
    must(ctx, tenka_keep(tenka_grad(w), &grad));
    must(ctx, tenka_step_end(ctx));
    assert_values(grad, 1, 1, 1, 1);
    tenka_variable_destroy(&grad);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

static void test_accumulated_update(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *w = new_variable(ctx, true, one_to_four);
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_optimizer *opt;
    params.lr = 0.5;
    must(ctx, tenka_sgd_create(ctx, NULL, &params, &opt));
    must(ctx, tenka_optimizer_add_sgd_group(opt, &w, 1, &params, NULL));
    for (int update = 0; update < 2; update++) {
        tenka_backward(total(tenka_value(w)));
        must(ctx, tenka_step_end(ctx));
        tenka_backward(total(tenka_value(w)));
        must(ctx, tenka_optimizer_step(opt));
    }
    assert_values(w, -1, 0, 1, 2);
    tenka_optimizer_destroy(&opt);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

static void test_frozen(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *a = new_variable(ctx, true, one_to_four), *b = new_variable(ctx, true, ones), *vars[] = {a, b};
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_optimizer *opt;
    params.lr = 1;
    must(ctx, tenka_sgd_create(ctx, NULL, &params, &opt));
    must(ctx, tenka_optimizer_add_sgd_group(opt, vars, 2, &params, NULL));
    tenka_variable_set_requires_grad(a, false);
    tenka_backward(total(tenka_mul(tenka_value(a), tenka_value(b))));
    assert_false(tenka_tensor_valid(tenka_grad(a)));
    must(ctx, tenka_optimizer_step(opt));
    assert_values(a, 1, 2, 3, 4);
    assert_values(b, 0, -1, -2, -3);
    tenka_variable_set_requires_grad(a, true);
    tenka_backward(total(tenka_mul(tenka_value(a), tenka_value(b))));
    must(ctx, tenka_optimizer_step(opt));
    assert_values(a, 1, 3, 5, 7);
    tenka_optimizer_destroy(&opt);
    tenka_variable_destroy(&a);
    tenka_variable_destroy(&b);
    tenka_ctx_destroy(&ctx);
}

static void test_clip_grad_norm(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *a = new_variable(ctx, true, ones), *b = new_variable(ctx, true, ones), *vars[] = {a, b};
    tenka_variable *ga = NULL, *gb = NULL, *norm = NULL;
    const float three[N] = {3, 0, 0, 0}, four[N] = {0, 0, 4, 0};
    tenka_backward(
        total(tenka_add(tenka_mul(tenka_value(a), input(ctx, three)), tenka_mul(tenka_value(b), input(ctx, four)))));
    must(ctx, tenka_keep(tenka_clip_grad_norm(ctx, vars, 2, 2.5), &norm));
    must(ctx, tenka_keep(tenka_grad(a), &ga));
    must(ctx, tenka_keep(tenka_grad(b), &gb));
    must(ctx, tenka_step_end(ctx));
    float had;
    must(ctx, tenka_variable_read(norm, &had, sizeof(had)));
    assert_true(fabsf(had - 5) < 1e-5f);
    assert_values(ga, 1.5f, 0, 0, 0);
    assert_values(gb, 0, 0, 2, 0);
    tenka_variable **all[] = {&a, &b, &ga, &gb, &norm};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        tenka_variable_destroy(all[i]);
    tenka_ctx_destroy(&ctx);
}

/* ---- Reads in the middle of a step ---- */

static unsigned warnings;

static void count_warnings(void *user, enum tenka_log_level level, const char *text)
{
    (void)user;
    (void)text;
    warnings += level == TENKA_LOG_WARNING;
}

static tenka_ctx *open_counting(const struct target *target)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = target->backend;
    params.device = target->backend == TENKA_BACKEND_VULKAN ? target->index : NULL;
    params.log = count_warnings;
    warnings = 0;
    assert_int_equal(tenka_ctx_create(&params, &ctx), TENKA_OK);
    return ctx;
}

static void test_read_in_mid_step(void **state)
{
    tenka_ctx *ctx = open_counting(*state);
    tenka_variable *w = new_variable(ctx, true, one_to_four);
    for (int i = 0; i < 3; i++) {
        const tenka_tensor v = tenka_value(w), square = tenka_mul(v, v), half = tenka_scale(square, 0.5);
        assert_tensor(half, 0.5f, 2, 4.5f, 8);
        assert_tensor(square, 1, 4, 9, 16);
        const tenka_tensor loss = total(tenka_mul(half, input(ctx, signs)));
        tenka_backward(loss);
        tenka_variable *grad = end_with_grad(ctx, w);
        assert_values(grad, 1, -2, 6, -8);
        assert_item(loss, 0.5 - 2 + 9 - 16);
        tenka_variable_destroy(&grad);
        tenka_zero_grad(ctx);
    }
    assert_int_equal(warnings, 1);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

static void test_no_grad_reads_end_the_step(void **state)
{
    tenka_ctx *ctx = open_counting(*state);
    tenka_variable *w = new_variable(ctx, true, one_to_four);
    tenka_no_grad_begin(ctx);
    tenka_no_grad_begin(ctx);
    const tenka_tensor y = tenka_mul(tenka_value(w), tenka_value(w));
    tenka_no_grad_end(ctx);
    assert_tensor(y, 1, 4, 9, 16);
    assert_item(total(tenka_value(w)), 10);
    tenka_no_grad_end(ctx);
    assert_int_equal(warnings, 0);
    tenka_backward(total(tenka_value(w)));
    tenka_variable *grad = end_with_grad(ctx, w);
    assert_values(grad, 1, 1, 1, 1);
    tenka_variable_destroy(&grad);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

/* ---- Assignment ---- */

static void test_swap(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *a = new_variable(ctx, false, one_to_four), *b = new_variable(ctx, false, signs);
    for (int i = 0; i < 3; i++) {
        const tenka_tensor old_a = tenka_value(a), old_b = tenka_value(b);
        tenka_assign(a, old_b);
        tenka_assign(b, old_a);
        must(ctx, tenka_step_end(ctx));
    }
    assert_values(a, 1, -1, 2, -2);
    assert_values(b, 1, 2, 3, 4);
    tenka_variable_destroy(&a);
    tenka_variable_destroy(&b);
    tenka_ctx_destroy(&ctx);
}

static void test_old_version_after_assign(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *a = new_variable(ctx, false, one_to_four), *sum = NULL;
    for (int i = 0; i < 2; i++) {
        const tenka_tensor old = tenka_value(a);
        tenka_assign(a, tenka_scale(old, 2));
        const tenka_tensor middle = tenka_value(a);
        tenka_assign(a, tenka_add(middle, input(ctx, ones)));
        must(ctx, tenka_keep(tenka_add(tenka_add(old, middle), tenka_value(a)), &sum));
        must(ctx, tenka_step_end(ctx));
        if (i == 0)
            assert_values(sum, 1 + 2 + 3, 2 + 4 + 5, 3 + 6 + 7, 4 + 8 + 9);
    }
    assert_values(a, 7, 11, 15, 19);
    assert_values(sum, 3 + 6 + 7, 5 + 10 + 11, 7 + 14 + 15, 9 + 18 + 19);
    tenka_variable_destroy(&a);
    tenka_variable_destroy(&sum);
    tenka_ctx_destroy(&ctx);
}

static void test_write_while_open(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *a = new_variable(ctx, false, ones);
    const tenka_tensor y = tenka_scale(tenka_value(a), 2);
    (void)y;
    assert_int_equal(tenka_variable_write(a, one_to_four, sizeof(one_to_four)), TENKA_E_INVALID);
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_variable_write(a, one_to_four, sizeof(one_to_four)));
    assert_values(a, 1, 2, 3, 4);
    assert_int_equal(tenka_variable_write(a, one_to_four, 4), TENKA_E_INVALID);
    tenka_variable_destroy(&a);
    tenka_ctx_destroy(&ctx);
}

/* A tensor of the step before that lies in a variable goes with the variable's content. */
static void test_read_after_write(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *a = new_variable(ctx, false, ones);
    float out[N];
    const tenka_tensor view = tenka_reshape(tenka_value(a), tenka_shape_of(N, 1));
    const tenka_tensor y = tenka_scale(tenka_value(a), 2);
    must(ctx, tenka_step_end(ctx));
    assert_tensor(view, 1, 1, 1, 1);
    must(ctx, tenka_variable_write(a, one_to_four, sizeof(one_to_four)));
    assert_int_equal(tenka_read(view, out, sizeof(out)), TENKA_E_INVALID);
    assert_sentence(ctx, "which was written since");
    assert_tensor(y, 2, 2, 2, 2);
    tenka_variable_destroy(&a);
    tenka_ctx_destroy(&ctx);
}

static void test_meter(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_meter *meter;
    double sum, mean;
    uint64_t count;
    must(ctx, tenka_meter_create(ctx, &meter));
    must(ctx, tenka_meter_read(meter, &sum, &mean, &count));
    assert_true(sum == 0 && isnan(mean) && count == 0);
    for (int i = 1; i <= 10; i++) {
        const float x[N] = {(float)i, 0, 0, 0};
        tenka_meter_add(meter, total(input(ctx, x)));
        must(ctx, tenka_step_end(ctx));
    }
    must(ctx, tenka_meter_read(meter, &sum, &mean, &count));
    assert_true(fabs(sum - 55) < 1e-4 && fabs(mean - 5.5) < 1e-5 && count == 10);
    must(ctx, tenka_meter_reset(meter));
    must(ctx, tenka_meter_read(meter, NULL, NULL, &count));
    assert_int_equal(count, 0);
    tenka_meter_destroy(&meter);
    tenka_ctx_destroy(&ctx);
}

/* What a peek tells: the sum of 1, 2, ... count, of a step that has ended. */
static uint64_t peek(tenka_ctx *ctx, tenka_meter *meter, uint64_t most)
{
    double sum, mean;
    uint64_t count;
    must(ctx, tenka_meter_peek(meter, &sum, &mean, &count));
    assert_true(count <= most);
    assert_true(fabs(sum - (double)(count * (count + 1)) / 2) < 1e-3);
    assert_true(count == 0 ? isnan(mean) : fabs(mean - sum / (double)count) < 1e-5);
    return count;
}

/* Without a step in between, what was asked for arrives some time. */
static void peek_until(tenka_ctx *ctx, tenka_meter *meter, uint64_t want)
{
    for (int i = 0; i < 100000000; i++)
        if (peek(ctx, meter, want) == want)
            return;
    fail_msg("the last value never arrives");
}

static void test_meter_peek(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_meter *meter;
    must(ctx, tenka_meter_create(ctx, &meter));
    uint64_t before = peek(ctx, meter, 0);
    for (int i = 1; i <= 100; i++) {
        const float x[N] = {(float)i, 0, 0, 0};
        tenka_meter_add(meter, total(input(ctx, x)));
        assert_true(peek(ctx, meter, (uint64_t)i - 1) >= before); /* the open step does not count */
        must(ctx, tenka_step_end(ctx));
        before = peek(ctx, meter, (uint64_t)i);
    }
    peek_until(ctx, meter, 100);
    must(ctx, tenka_meter_reset(meter)); /* with a value on its way that must not be seen any more */
    for (int i = 0; i < 1000; i++)
        assert_int_equal(peek(ctx, meter, 0), 0);
    tenka_meter_destroy(&meter);
    tenka_ctx_destroy(&ctx);
}

static void test_discard(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *a = new_variable(ctx, false, ones);
    tenka_assign(a, tenka_scale(tenka_value(a), 7));
    tenka_step_discard(ctx);
    assert_values(a, 1, 1, 1, 1);
    tenka_variable_destroy(&a);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans_are_replayed),
        cmocka_unit_test(test_replay_uses_new_data),
        cmocka_unit_test(test_slots_in_flight),
        cmocka_unit_test(test_ended_handles),
        cmocka_unit_test(test_first_mistake_is_reported),
        cmocka_unit_test(test_second_output),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_backward_adds_up),
        cmocka_unit_test(test_gradients_cross_steps),
        cmocka_unit_test(test_accumulated_update),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_clip_grad_norm),
        cmocka_unit_test(test_read_in_mid_step),
        cmocka_unit_test(test_no_grad_reads_end_the_step),
        cmocka_unit_test(test_swap),
        cmocka_unit_test(test_old_version_after_assign),
        cmocka_unit_test(test_write_while_open),
        cmocka_unit_test(test_read_after_write),
        cmocka_unit_test(test_meter),
        cmocka_unit_test(test_meter_peek),
        cmocka_unit_test(test_discard),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
